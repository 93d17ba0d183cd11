"""Words for who is in a shot, what it does and where it is; the two streams share colours and grammar alone.

What learns from captions of `train` and is scored on those of `eval` meets no noun, verb, garment, place or sentence
that it was taught. Captions of people's own shots are in the words of `train`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from kinoeye.language.captions import DATADOP, MotionWords

Stream = Literal["train", "eval"]
Words = Mapping[str, tuple[str, ...]]
"""What is said -> ways to say it."""

NOUNS: Mapping[Stream, Words] = {
    "train": {
        "robot": ("robot", "blocky robot"),
        "box": ("box", "cube"),
        "sphere": ("ball", "sphere"),
        "cylinder": ("cylinder", "pillar"),
        "cone": ("cone",),
        "capsule": ("capsule",),
        "pyramid": ("pyramid",),
    },
    "eval": {
        "robot": ("android", "droid"),
        "box": ("crate", "block"),
        "sphere": ("orb", "globe"),
        "cylinder": ("column", "barrel"),
        "cone": ("traffic marker", "pointed hat"),
        "capsule": ("pill", "rounded post"),
        "pyramid": ("obelisk tip", "four-sided spire"),
    },
}
"""Solids and robots."""
PATTERNS: Mapping[Stream, Words] = {
    "train": {"plain": ("",), "stripes": ("striped ",), "checker": ("checkered ",)},
    "eval": {"plain": ("",), "stripes": ("banded ",), "checker": ("chequerboard ",)},
}
LIVING: Mapping[Stream, Words] = {
    "train": {
        "person": ("person", "grown-up person"),
        "dog": ("dog with four slim legs and a tail", "short-haired dog with a long tail"),
        "car": ("passenger car with dark windows", "car with four black wheels and dark windows"),
    },
    "eval": {
        "person": ("pedestrian", "human figure"),
        "dog": ("hound on slender legs", "puppy of a smooth-coated breed"),
        "car": ("automobile on four tyres", "sedan behind tinted glass"),
    },
}
"""Bodies with joints."""
STATURES: Mapping[Stream, Words] = {
    "train": {"tall": ("tall ",), "short": ("short ",), "": ("",)},
    "eval": {"tall": ("lanky ", "long-legged "), "short": ("small ", "petite "), "": ("",)},
}
GARMENTS: Mapping[Stream, Words] = {
    "train": {
        "t-shirt": ("t-shirt",),
        "sweater": ("sweater",),
        "vest": ("vest",),
        "trousers": ("trousers",),
        "shorts": ("shorts",),
        "shoes": ("shoes",),
    },
    "eval": {
        "t-shirt": ("tee",),
        "sweater": ("pullover", "jumper"),
        "vest": ("tank top",),
        "trousers": ("slacks", "pants"),
        "shorts": ("bermudas",),
        "shoes": ("sneakers", "boots"),
    },
}
DRESSED: Mapping[Stream, tuple[str, ...]] = {
    "train": (
        "{who} with {hair} hair, wearing {top}, {bottom} and {shoes}",
        "{who} in {top} and {bottom}, with {hair} hair and {shoes}",
    ),
    "eval": (
        "{hair}-haired {who} dressed in {top} over {bottom}, on {shoes}",
        "{who} clad in {bottom} below {top}, whose locks are {hair}, on {shoes}",
    ),
}
"""A person's looks, to stand behind an article."""
PLACES: Mapping[Stream, Words] = {
    "train": {
        "desert": ("a sandy desert", "the desert at noon"),
        "meadow": ("a green meadow", "a meadow on a clear day"),
        "snow": ("a snowy field", "fresh snow"),
        "beach": ("a bright beach", "a sandy beach"),
        "night street": ("a street at night", "a dark street"),
        "studio": ("a photo studio", "a plain grey studio"),
        "forest clearing": ("a forest clearing", "a clearing in the forest"),
        "sunset plain": ("a plain at sunset", "a wide plain at sunset"),
        "overcast plaza": ("a paved plaza under clouds", "an overcast plaza"),
        "checkerboard hall": ("a hall with a checkerboard floor", "a checkerboard hall"),
        "foggy moor": ("a foggy moor", "a moor in the fog"),
        "warehouse": ("a warehouse", "a warehouse with a striped floor"),
    },
    "eval": {
        "desert": ("hot dunes", "an arid sea of dunes"),
        "meadow": ("lush grassland", "a grassy pasture"),
        "snow": ("a white winter landscape", "an arctic expanse"),
        "beach": ("the seashore", "a turquoise coast"),
        "night street": ("a lamplit road after dark", "the city past midnight"),
        "studio": ("an empty grey backdrop", "a seamless paper set"),
        "forest clearing": ("a mossy glade", "a gap in shady woods"),
        "sunset plain": ("a savanna at dusk", "flat land in the golden hour"),
        "overcast plaza": ("a stone square beneath a dull sky", "a town square on a grey day"),
        "checkerboard hall": ("a room tiled like a chessboard", "a chessboard interior"),
        "foggy moor": ("a misty heath", "heathland lost in mist"),
        "warehouse": ("a hangar with yellow bands", "an industrial depot"),
    },
}
GAITS: Mapping[Stream, Words] = {
    "train": {
        "walk": ("walks",),
        "run": ("runs",),
        "trot": ("trots",),
        "drive": ("drives",),
        "slide": ("slides",),
    },
    "eval": {
        "walk": ("strolls", "marches"),
        "run": ("sprints", "dashes"),
        "trot": ("scampers",),
        "drive": ("cruises",),
        "slide": ("glides",),
    },
}
COURSES: Mapping[Stream, Words] = {
    "train": {
        "rest": ("stands still", "stands in its place"),
        "parked": ("is parked", "stands still"),
        "lie": ("rests on the ground", "stands still"),
        "turn": ("turns on the spot to the {side}",),
        "straight": ("{goes} straight ahead", "{goes} ahead"),
        "bend": ("{goes} in a bend to the {side}", "{goes} and turns to the {side}"),
        "back": ("{goes} and turns around to the {side}", "{goes} in a half circle to the {side}"),
        "circle": ("{goes} in a circle to the {side}",),
        "winding": ("{goes} to and fro", "{goes} from side to side"),
        "backwards": ("{goes} backwards",),
        "sideways": ("steps sideways to its {side}",),
        "hop": ("hops", "jumps along"),
    },
    "eval": {
        "rest": ("stays put", "remains motionless"),
        "parked": ("waits with its engine off",),
        "lie": ("stays where it is", "remains motionless"),
        "turn": ("pivots in place towards its {side}",),
        "straight": ("{goes} directly onwards", "{goes} along a line"),
        "bend": ("{goes} along an arc, {side} about", "{goes} and veers {side}"),
        "back": ("{goes} off and doubles back by the {side}",),
        "circle": ("{goes} round a ring, {side} about",),
        "winding": ("{goes} along a crooked trail",),
        "backwards": ("{goes} in reverse",),
        "sideways": ("sidles {side}",),
        "hop": ("bounces", "leaps about"),
    },
}
"""What somebody's way is like; {goes} is its gait, {side} is left or right as it sees them."""
RECORDED: Mapping[Stream, Words] = {
    "train": {"stir": ("moves in its place",)},
    "eval": {"stir": ("stirs without going anywhere",)},
}
"""What somebody is seen to do whose motion was recorded, and who stays where it is."""
CUES: Mapping[Stream, Words] = {
    "train": {
        "wave": ("waves",),
        "point": ("points at something",),
        "nod": ("nods",),
        "look_around": ("looks around",),
        "bow": ("bows",),
        "sit": ("sits down",),
        "pick_up": ("picks something up",),
        "jump": ("jumps up",),
        "dance": ("dances",),
    },
    "eval": {
        "wave": ("greets with a raised hand",),
        "point": ("stretches out a pointing arm",),
        "nod": ("bobs the head in agreement",),
        "look_around": ("glances about",),
        "bow": ("takes a deep bow",),
        "sit": ("takes a seat",),
        "pick_up": ("stoops and lifts something",),
        "jump": ("makes a leap in the air",),
        "dance": ("performs dance steps",),
    },
}
CAMERA: Mapping[Stream, MotionWords] = {
    "train": DATADOP,
    "eval": MotionWords(
        begins="Our viewpoint",
        static="keeps still",
        moves="journeys",
        finite={"yaw": "swings", "pitch": "tips", "roll": "banks"},
        participle={"yaw": "swinging", "pitch": "tipping", "roll": "banking"},
        then=("next", "and in the end"),
    ),
}
LIGHTS: Mapping[Stream, Words] = {
    "train": {
        "dark": ("in the dark", "at night"),
        "fog": ("in thick fog", "in fog"),
        "low": ("in the light of a low sun", "with the sun near the horizon"),
        "soft": ("in soft, even light", "under a grey sky"),
        "dim": ("in the shade", "in dim light"),
        "bright": ("in bright light", "under a bright sky"),
    },
    "eval": {
        "dark": ("after nightfall", "lit by little but lamps"),
        "fog": ("wrapped in haze", "where one cannot see far"),
        "low": ("at the golden hour", "with long shadows"),
        "soft": ("beneath a veil of clouds", "almost without shadows"),
        "dim": ("where little sun comes in", "in half-light"),
        "bright": ("in full daylight", "sunlit"),
    },
}

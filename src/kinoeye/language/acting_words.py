"""What actors do, in words: the names of their actions, and the phrases that mean them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ALIVE = ("person", "robot", "dog")


@dataclass(frozen=True)
class Act:
    """One kind of thing that an actor can do."""

    kind: str
    """way: a path of its own; relation: a path with regard to another; cue: a motion of the body; face; wait."""
    told: str
    """A clause that says it: {go} is walks, runs or flies, {side} a direction, {other} another actor."""
    shapes: tuple[str, ...] | None = None
    """Who can do it; None is everybody."""


ACTS: Mapping[str, Act] = {
    "straight": Act("way", "{go}{side}"),
    "circle": Act("way", "{go} in a circle{side}"),
    "half circle": Act("way", "{go} in a half circle{side}"),
    "figure eight": Act("way", "{go} in a figure eight"),
    "spiral in": Act("way", "{go} in a spiral inwards"),
    "spiral out": Act("way", "{go} in a spiral outwards"),
    "zigzag": Act("way", "{go} in a zigzag"),
    "slalom": Act("way", "{go} in a slalom"),
    "S-bend": Act("way", "{go} along an S"),
    "square": Act("way", "{go} in a square{side}"),
    "triangle": Act("way", "{go} in a triangle"),
    "to and fro": Act("way", "{go} to and fro"),
    "there and back": Act("way", "{go} there and back"),
    "stop and go": Act("way", "stops and goes"),
    "U-turn": Act("way", "makes a U-turn{side}"),
    "corner": Act("way", "turns{side}"),
    "sidestep": Act("way", "steps sideways{side}"),
    "about face": Act("way", "turns around", (*_ALIVE, "box", "sphere", "cylinder", "cone", "capsule", "pyramid")),
    "spin": Act("way", "spins on the spot{side}", (*_ALIVE, "box", "sphere", "cylinder", "cone", "capsule", "pyramid")),
    "hop": Act("way", "hops", (*_ALIVE, "box", "sphere", "cylinder", "cone", "capsule", "pyramid")),
    "fly": Act("way", "flies in waves"),
    "take off": Act("way", "takes off"),
    "land": Act("way", "lands"),
    "follow": Act("relation", "follows {other}"),
    "approach": Act("relation", "{go} up to {other}"),
    "leave": Act("relation", "{go} away from {other}"),
    "retreat": Act("relation", "retreats from {other}"),
    "orbit": Act("relation", "{go} in a circle around {other}{side}"),
    "cross in front": Act("relation", "crosses in front of {other}"),
    "cross behind": Act("relation", "crosses behind {other}"),
    "beside": Act("relation", "{go} beside {other}"),
    "wave": Act("cue", "waves", ("person",)),
    "point": Act("cue", "points", ("person",)),
    "nod": Act("cue", "nods", ("person",)),
    "look_around": Act("cue", "looks around", ("person",)),
    "bow": Act("cue", "bows", ("person",)),
    "sit": Act("cue", "sits down", ("person", "dog")),
    "pick_up": Act("cue", "picks something up", ("person",)),
    "jump": Act("cue", "jumps", ("person",)),
    "dance": Act("cue", "dances", ("person",)),
    "face": Act("face", "faces {other}", (*_ALIVE, "box", "sphere", "cylinder", "cone", "capsule", "pyramid")),
    "wait": Act("wait", "waits"),
}
"""Name of an action -> what it is; cues have the names of the motions of bodies."""


def told(act: Act, *, go: str = "goes", side: str | None = None, other: str = "another") -> str:
    """A clause that says an action: "goes in a circle to the left"."""
    return act.told.format(go=go, side=f" to the {side}" if side else "", other=other)


CAMERA = "camera"
"""What an action is about when it is about the camera."""

GOING: Mapping[str, str] = {
    "walk": "walk stroll march wander stride step move go pace trot drive roll travel head come glide slide crawl",
    "run": "run sprint jog race dash rush hurry charge speed gallop",
    "fly": "fly float soar hover",
}
"""Pace -> verbs of going."""

ACTING: tuple[tuple[str, str], ...] = (
    ("orbit", "[circle orbit encircle](?: around| round)? <other><side>"),
    ("orbit", "<go> (?:<in> <a>circles? )?(?:around|round) <other><side>"),
    ("circle", "<go> (?:around |round )?<in> <a>circles?<side>"),
    ("circle", "<do> <a>circles?<side>"),
    ("half circle", "<go> <in> <a>(?:arc|half circle|semicircle|curve)s?<side>"),
    ("half circle", "<do> <a>(?:arc|half circle|semicircle|curve)s?<side>"),
    ("figure eight", "(?:<go> <in>|<do>) <a>figure (?:of )?(?:eight|8)s?"),
    ("spiral out", "(?:<go> <in>|<do>) <a>(?:spiral outwards|outward spiral)"),
    ("spiral in", "(?:<go> <in>|<do>) <a>(?:spiral inwards|inward spiral|spiral)"),
    ("spiral out", "[spiral] outwards?"),
    ("spiral in", "[spiral] inwards?"),
    ("zigzag", "(?:<go> <in>|<do>) <a>zig ?zags?"),
    ("zigzag", "[zigzag]"),
    ("slalom", "(?:<go> (?:<in>|through)|<do>) <a>slalom"),
    ("S-bend", "(?:<go> <in>|<do>) <a>s(?: bend| curve| shape)?"),
    ("square", "(?:<go> <in>|<do>) <a>square<side>"),
    ("triangle", "(?:<go> <in>|<do>) <a>triangle"),
    ("to and fro", "<go> (?:back and forth|to and fro|backwards and forwards|up and down)"),
    ("there and back", "<go> (?:there and back|forth and back)"),
    ("stop and go", "[stop] and (?:goes|go|going)(?: on)?"),
    ("U-turn", "<do> <a>u turn<side>"),
    ("corner", "[turn]<turned>"),
    ("about face", "[turn] (?:around|round|back)"),
    ("spin", "[spin rotate twirl pirouette](?: around| round)?(?: in place| on the spot| on its axis)?<side>"),
    ("spin", "[turn] (?:in place|on the spot)<side>"),
    ("sidestep", "<go> sideways<side>"),
    ("sidestep", "[sidestep]<side>"),
    ("hop", "[hop](?: up and down| in place| on the spot)?"),
    ("jump", "[jump leap](?: up| in the air| into the air| on the spot| in place)?"),
    ("take off", "(?:take|takes|taking) off"),
    ("take off", "<fly> (?:away|off)"),
    ("land", "[land]"),
    ("fly", "<fly>(?: in waves| around)?"),
    ("cross in front", "(?:<go>|[cross pass cut])(?: across| past)? (?:right )?in front of <other>"),
    ("cross in front", "(?:<go> past|[pass]) <other>"),
    ("cross behind", "(?:<go>|[cross pass])(?: across| past)? (?:right )?behind <other>(?= |$)"),
    ("follow", "[follow trail chase pursue shadow] <other>"),
    ("follow", "<go> after <other>"),
    ("beside", "<go> (?:<near>|with) <other>"),
    ("beside", "<go><turned>(?: ,)? (?:<near>|with) <other>"),
    ("beside", "[accompany] <other>"),
    ("approach", "[approach] <other>"),
    ("approach", "<go> (?:over |up |back )?(?:to|towards?) <other>"),
    ("retreat", "(?:[retreat withdraw back]|backs?)(?: away| off)? from <other>"),
    ("leave", "<go> away from <other>"),
    ("leave", "(?:leave|leaves|leaving) <other>"),
    ("face", "(?:[face watch]|[look](?: back)? at|[turn](?: back)? (?:to|towards?|to face)) <at>"),
    ("wave", "[wave](?: hello| goodbye| back| <hand>)*(?: (?:at|to) <at>)?"),
    ("point", "[point](?: (?:at|to|towards?) <at>)?"),
    ("nod", "[nod](?: (?:at|to) <at>)?"),
    ("look_around", "[look] (?:around|about)"),
    ("bow", "[bow](?: down)?(?: (?:to|before) <at>)?"),
    ("sit", "[sit](?: down)? (?:right )?<near> <other>"),
    ("sit", "[sit](?: down)?"),
    ("pick_up", "[pick] up(?: something| <thing>)?"),
    ("pick_up", "[pick] (?:something|it) up"),
    ("dance", "[dance]"),
    ("wait", "[stand wait stay rest remain](?: still| there| standing)? (?:right )?<near> <other>"),
    ("wait", "[stand wait pause stop stay rest remain](?: still| there| standing)? <time>"),
    ("straight", "<go>(?: on)?(?:<turned>| straight ahead| straight| ahead| forwards?)? <time>"),
    ("straight", "[drive](?: on| off| away)?(?:<turned>| straight ahead| straight| ahead| forwards?)?"),
)
"""(action, how it is said): [verbs] in all their forms, <go> a verb of going, <other> another actor, <at> one or the
camera; the first that fits counts."""

ACTING_THEN: tuple[tuple[str, str], ...] = (
    ("wait", "(?:[wait pause stop]|comes to a (?:stop|halt|rest)|[stand](?: still)?)"),
    ("straight", "<go>(?: on| off| away)?(?:<turned>| straight ahead| straight| ahead| forwards?)?"),
)
"""Such phrases that count only after something else that the same actor did."""

SCALES: Mapping[str, float] = {
    "big": 1.5, "large": 1.5, "wide": 1.5, "huge": 2.0, "great": 1.5, "small": 0.7, "little": 0.7, "tight": 0.7,
    "tiny": 0.6, "narrow": 0.7,
}  # fmt: skip
"""Adjective of a way -> how much larger than usual it is."""

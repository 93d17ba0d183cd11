"""The words of the shot grammar, as tables: verbs, directions, manners, connectives, actors and places."""

from __future__ import annotations

from dataclasses import dataclass

VOWELS = "aeiou"


@dataclass(frozen=True)
class Verb:
    """What a camera verb or noun means before its direction is known."""

    frame: str
    """move, dolly, truck, pedestal, yaw, pitch, roll, turn, orbit, zoom, dolly_zoom, hold, handheld, look, follow,
    or actor for what only actors do."""
    default: str | None = None
    """Direction when the clause names none."""
    speed: float = 1.0
    behaviour: str = ""
    """What the verb makes an actor do: walk, run or stand; empty when actors cannot do it."""


VERBS: dict[Verb, str] = {
    Verb("move", None, behaviour="walk"): "move go shift slide proceed head",
    Verb("move", "forward", behaviour="walk"): "glide travel fly float cruise sail swoop soar",
    Verb("move", "forward", speed=2.0, behaviour="run"): "rush race dash",
    Verb("move", "forward", speed=0.65, behaviour="walk"): "drift creep inch",
    Verb("follow", None): "track follow trail chase",
    Verb("dolly", "forward"): "dolly push advance approach",
    Verb("dolly", "backward"): "pull retreat withdraw recede",
    Verb("truck", "right"): "truck crab",
    Verb("pedestal", "up"): "pedestal ped crane boom jib rise ascend climb lift raise elevate",
    Verb("pedestal", "down"): "descend lower sink drop",
    Verb("yaw", "right"): "pan yaw sweep",
    Verb("yaw", "right", speed=4.0): "whip",
    Verb("pitch", "up"): "tilt pitch",
    Verb("roll", "right", behaviour="walk"): "roll bank",
    Verb("turn", "right"): "swing rotate turn swivel pivot spin twist",
    Verb("look", None): "look face aim point",
    Verb("orbit", "right"): "orbit arc circle revolve encircle loop",
    Verb("spiral", "right"): "spiral corkscrew",
    Verb("zoom", "in"): "zoom",
    Verb("handheld"): "shake wobble jitter tremble",
    Verb("hold", behaviour="stand"): "hold remain stay stop rest pause freeze wait linger settle stabilise stabilize "
    "halt",
    Verb("actor", behaviour="stand"): "stand sit",
    Verb("actor", behaviour="walk"): "walk stroll march wander",
    Verb("actor", behaviour="run"): "run sprint jog",
}

PHRASE_VERBS: dict[Verb, tuple[str, ...]] = {
    Verb("yaw", "right", speed=4.0): ("whip pan", "swish pan"),
    Verb("roll", "right"): ("dutch tilt", "dutch roll", "barrel roll"),
    Verb("zoom", "in", speed=4.0): ("crash zoom", "snap zoom"),
    Verb("dolly_zoom", "in"): ("dolly zoom", "zolly", "vertigo zoom", "trombone zoom", "push pull"),
}
"""Verbs of two words; the last one is inflected."""

NOUNS: dict[Verb, tuple[str, ...]] = {
    Verb("move", None): ("movement", "motion", "translation"),
    Verb("follow", None): ("tracking shot",),
    Verb("dolly_zoom", "in"): ("vertigo effect", "vertigo shot", "vertigo", "hitchcock zoom", "hitchcock effect"),
    Verb("turn", "right"): ("rotation",),
    Verb("roll", "right"): ("dutch angle",),
    Verb("look"): ("point the camera", "points the camera", "pointing the camera", "aim the camera",
                   "aims the camera", "aiming the camera"),
    Verb("orbit", "right"): ("revolution", "arc shot", "orbit shot"),
    Verb("pedestal", "up"): ("ascent",),
    Verb("pedestal", "down"): ("descent",),
    Verb("dolly", "forward"): (
        "pushin", "get closer", "gets closer", "getting closer", "come closer", "comes closer", "coming closer",
    ),
    Verb("dolly", "backward"): (
        "pullback", "pullout", "back up", "backs up", "backing up", "back off", "backs off", "backing off",
        "back away", "backs away", "backing away",
    ),
    Verb("hold", behaviour="stand"): (
        "static", "still", "stationary", "motionless", "immobile", "unmoving", "locked off", "locked down",
        "static shot", "static position", "still position", "fixed position", "fixed shot", "fixed", "tripod shot",
        "stands still", "comes to a stop", "coming to a stop", "come to a stop", "came to a stop",
        "comes to a halt", "coming to a halt", "come to a halt", "comes to rest", "coming to rest", "come to rest",
        "comes to a rest", "standstill", "does not move", "doesn't move", "do not move", "don't move",
        "without moving", "not moving", "no camera movement", "no movement", "no motion", "never moves",
        "locked", "holds position", "in place",
    ),
}  # fmt: skip
"""Nouns and adjectives that name a move."""

DIRECTIONS: dict[str, tuple[str, ...]] = {
    "left": ("left", "leftward", "leftwards", "to the left", "towards the left", "toward the left", "to its left",
             "from right to left", "right to left", "from the right to the left", "camera left",
             "screen left", "to camera left",
             "to screen left", "to the left side", "left hand side"),
    "right": ("right", "rightward", "rightwards", "to the right", "towards the right", "toward the right",
              "to its right", "from left to right", "left to right", "from the left to the right",
              "camera right", "screen right",
              "to camera right", "to screen right", "to the right side", "right hand side"),
    "up": ("up", "upward", "upwards", "skyward", "skywards", "higher", "from bottom to top",
           "bottom to top", "from down to up"),
    "down": ("down", "downward", "downwards", "from top to bottom", "top to bottom", "from up to down"),
    "forward": ("forward", "forwards", "ahead", "onward", "onwards", "straight ahead", "straight forward",
                "down the corridor", "down the road", "down the path", "down the aisle", "down the hallway"),
    "backward": ("backward", "backwards", "back", "rearward", "rearwards", "in reverse", "reverse",
                 "away from the camera"),
    "in": ("in", "inward", "inwards", "closer", "nearer", "close"),
    "out": ("out", "outward", "outwards", "away", "further away", "farther away", "further out", "wider"),
    "clockwise": ("clockwise",),
    "counterclockwise": ("counterclockwise", "counter clockwise", "anticlockwise", "anti clockwise"),
}  # fmt: skip

_TURN_MEANINGS = {
    "left": ("yaw", "left"), "right": ("yaw", "right"), "up": ("pitch", "up"), "down": ("pitch", "down"),
    "clockwise": ("roll", "right"), "counterclockwise": ("roll", "left"),
}  # fmt: skip
_MOVE_MEANINGS = {
    "left": ("truck", "left"), "right": ("truck", "right"), "up": ("pedestal", "up"), "down": ("pedestal", "down"),
    "forward": ("dolly", "forward"), "in": ("dolly", "forward"), "backward": ("dolly", "backward"),
    "out": ("dolly", "backward"),
}  # fmt: skip

MEANINGS: dict[str, dict[str, tuple[str, str]]] = {
    "move": _MOVE_MEANINGS,
    "dolly": _MOVE_MEANINGS,
    "truck": _MOVE_MEANINGS,
    "pedestal": _MOVE_MEANINGS,
    "follow": _MOVE_MEANINGS,
    "yaw": _TURN_MEANINGS | {"clockwise": ("yaw", "right"), "counterclockwise": ("yaw", "left")},
    "turn": _TURN_MEANINGS,
    "look": _TURN_MEANINGS,
    "pitch": _TURN_MEANINGS | {
        "left": ("roll", "left"), "right": ("roll", "right"), "forward": ("pitch", "down"),
        "backward": ("pitch", "up"),
    },
    "roll": {
        "left": ("roll", "left"), "right": ("roll", "right"), "clockwise": ("roll", "right"),
        "counterclockwise": ("roll", "left"), "forward": ("dolly", "forward"), "backward": ("dolly", "backward"),
    },
    "orbit": {
        "left": ("orbit", "left"), "right": ("orbit", "right"), "up": ("orbit", "up"), "down": ("orbit", "down"),
        "clockwise": ("orbit", "left"), "counterclockwise": ("orbit", "right"),
    },
    "spiral": {
        "left": ("orbit", "left"), "right": ("orbit", "right"), "up": ("pedestal", "up"),
        "down": ("pedestal", "down"), "clockwise": ("orbit", "left"), "counterclockwise": ("orbit", "right"),
    },
    "zoom": {"in": ("zoom", "in"), "out": ("zoom", "out"), "forward": ("zoom", "in"), "backward": ("zoom", "out")},
    "dolly_zoom": {
        "in": ("dolly_zoom", "in"), "out": ("dolly_zoom", "out"), "forward": ("dolly_zoom", "in"),
        "backward": ("dolly_zoom", "out"),
    },
    "hold": {},
    "handheld": {},
}  # fmt: skip
"""Verb frame -> direction word -> (kind, direction) of the action."""

SLOWLY, QUICKLY = 0.65, 2.0
SPEEDS: dict[float, tuple[str, ...]] = {
    0.4: ("very slowly", "very slow", "extremely slowly", "really slowly", "imperceptibly"),
    SLOWLY: ("slowly", "slow", "gradually", "gradual", "gently", "gentle", "leisurely", "softly", "subtly", "calmly",
             "at a slow pace", "in slow motion"),
    QUICKLY: ("quickly", "quick", "fast", "rapidly", "rapid", "swiftly", "swift", "briskly", "brisk", "speedily",
              "hastily", "at a fast pace", "double speed", "at double speed"),
    3.0: ("very quickly", "very fast", "extremely fast", "really fast", "at high speed"),
    4.0: ("whip fast", "whipping"),
}  # fmt: skip
"""Factor on the default speed -> adverbs; the first one is how a plan is described."""

SLIGHT = ("slightly", "slight", "a little", "a bit", "a little bit", "a touch", "a tad", "barely", "just a little",
          "a tiny bit", "somewhat")  # fmt: skip

EASING_WORDS: dict[str, tuple[str, ...]] = {
    "ease_in": ("easing in", "ease in", "eases in", "accelerating", "speeding up", "picking up speed",
                "gathering speed", "speed up", "speeds up", "accelerates", "accelerate", "starting slowly"),
    "ease_out": ("easing out", "ease out", "eases out", "decelerating", "slowing down", "slowing to a stop",
                 "losing speed", "slow down", "slows down", "decelerates",
                 "decelerate"),
    "ease_in_out": ("smoothly", "smooth", "easing in and out", "ease in and out", "with easing", "fluidly", "fluid",
                    "gracefully", "graceful", "seamlessly"),
    "linear": ("linearly", "linear", "at constant speed", "at a constant speed", "at a constant pace",
               "at a steady pace", "at a steady speed", "steadily", "steady", "uniformly", "abruptly", "suddenly",
               "sharply", "evenly"),
}  # fmt: skip

SHAKE: dict[float, tuple[str, ...]] = {
    1.0: ("handheld", "hand held", "handheld camera shake", "camera shake"),
    2.0: ("shaky", "shakily", "shaky cam", "very handheld"),
}

CONNECTIVES: dict[str, tuple[str, ...]] = {
    "then": ("then", "and then", "next", "afterwards", "afterward", "finally", "and finally", "lastly", "eventually",
             "subsequently", "followed by", "follows with", "followed with", "after that", "after which",
             "before finally", "and next", "later", "thereafter", "followed immediately by"),
    "before": ("before",),
    "after": ("after",),
    "until": ("until", "till"),
    "while": ("while", "whilst", "as", "at the same time as", "all the while", "all while", "when"),
    "together": ("simultaneously", "at the same time", "concurrently", "at once", "meanwhile", "together",
                 "in parallel"),
    "with": ("with", "combined with", "together with", "along with", "plus", "coupled with"),
    "into": ("into",),
    "and": ("and", "&", "but"),
}  # fmt: skip

PREPOSITIONS: dict[str, tuple[str, ...]] = {
    "around": ("around", "round", "about", "all around"),
    "toward": ("toward", "towards", "closer to", "nearer to", "up close to", "in on", "in to", "in toward",
               "in towards"),
    "away": ("away from", "back from", "out from"),
    "at": ("at", "on", "onto", "to face", "to look at", "alongside"),
    "through": ("past", "along", "over", "through", "under", "between"),
    "across": ("across",),
    "seen": ("from behind", "from above", "from below", "from beneath", "from the side", "from the front",
             "from the back", "from afar"),
    "by": ("above", "behind", "beside", "near", "by", "below", "beneath", "from", "off", "beyond"),
}  # fmt: skip
"""Relation -> prepositions; where a thing is seen from is reported."""  # fmt: skip
ONWARD = {"through": "forward", "across": "right"}
"""Direction of a move that only has such a preposition."""

ASPECTS = "begin start open continue keep ease"
"""Verbs that only carry another one ("begins by moving", "continues to yaw")."""
NEXT_ASPECTS = "conclude finish end return transition"
"""Such verbs that also begin the next move of a sentence."""

CAMERA = ("camera", "cam", "shot", "lens", "viewpoint", "view", "drone", "operator", "we", "us", "cameraman")
PRONOUNS = ("it", "him", "her", "them", "itself", "they", "he", "she")
SUBJECTS = ("subject", "object", "target", "scene", "center", "centre", "point", "middle")
"""Nouns that stand for whatever the shot is about."""

FUNCTION_WORDS = frozenset(
    "a additional again all also am amount an angle another approximately are axis be been being both by can "
    "centered centred cinematic clip come comes coming complete completely completes completing continued "
    "continuous continuously could d diagonally did direction directions directly distance do does doing done "
    "duration entire entirely exactly execute executes executing film first firstly footage for fourth frame "
    "framed framing full fully give gives had has have having here his holding i in initially is its just keeping "
    "lasting let like ll m make makes making may might more must my need new now of on once one our out pace per "
    "perform performed performing performs please position radius rate re roughly s second secondly sequence "
    "shall should simply single so speed still straight take takes taking that the their there these third this "
    "those time times to total us use uses using ve very video want was way were which while who whole will "
    "within would you your".split()
)
"""Words with no effect of their own, which are not reported."""

FUNCTION_PHRASES = ("where it is", "carry on", "carries on", "carrying on",
                    "goes on", "going on", "as well",
                    "in front", "in front of", "right in front of", "right behind", "next to", "right next to",
                    "in order", "in frame", "in view", "in focus", "in shot", "of course",
                    "at first", "at last", "at the end", "at the start", "for a moment", "for a while",
                    "a moment", "at a distance", "from a distance", "with a radius", "in the air", "there is",
                    "there are", "in a straight line")  # fmt: skip

FRAMING = ("close up", "closeup", "extreme close up", "wide shot", "medium shot", "long shot", "wide angle",
           "low angle", "high angle", "eye level", "ground level", "bird's eye view", "birds eye view",
           "bird s eye view", "establishing shot")  # fmt: skip
"""Words of framing, which no move obeys: they are reported."""

NEGATIONS = ("don't", "doesn't", "not", "never", "without", "no", "cannot", "can't", "won't", "shouldn't", "isn't")
"""What is denied is no move; the clause is reported whole."""

FILLER_VERBS = (
    "reveal show highlight capture emphasise emphasize focus offer allow create provide draw bring showcase display "
    "convey feature present maintain expose uncover explore examine observe absorb appreciate suggest "
    "evoke underscore accentuate illustrate depict guide lead include introduce enter exit see "
    "discover"
)
"""Verbs of what the picture means; their clause has no camera move and is reported whole."""

NOT_PARTICIPLES = frozenset(
    "during morning evening building ceiling thing something nothing everything anything king ring string spring "
    "wing clearing painting lighting sling being bring sing surrounding interesting stunning amazing sweeping "
    "dazzling establishing opening closing".split()
)

LOOKALIKES = (
    "int ext chose imperceptible slay whiz "
    "accent ace add aid ail air ant any arch arise ark art ascents assent awry backed bake balk ban band bang "
    "banker bark bask bat bet blank bloom boo book boon boor boot bosom bout brick brink brisks broom buck bud bug "
    "bum bun bunk bus bust buts butt buy cab cane case cease chafe chasm chaste cheep climber clime clone close "
    "closet clove clover crag cram crank crass crate crave craze creed creek creepy crepe crest crib crises cruiser "
    "crypt dally dawn decent descents dish doily doll don downs downy draft drip droop droppings dross drown dully "
    "facet facts fade fake fame farce fare fasts fate fats faze feast fellow files fined fired fist fixes flat flaw "
    "flea fled flee flex flier fliest fling flips flits flout flow flu flues follower followings foxed freeing "
    "freezer frieze frozen fry gentile gentle gentler gentry glade glider goad gobs god gong good gore hale hall "
    "halo halter halve hart haste hat header headings heady heal heap hear heard heat heave heed hell helm help "
    "herd hilt hither holder hole holy hood info innards itch jab jig jittery job lacked lager laser late latex "
    "lather latter law laxer layer lent lest licked life lilt liner linker lint list lit liter lock locker locket "
    "loft longer lop loser lover lucked lull mode mole mope motions movements mover movie mow neared neat neater "
    "nest net newt niches opt oust outs pain paint pal pall pane pang pansy pant par pars parse pas pass pat patch "
    "paw pawn pay pea peg pen pend pet pill pilot pin pinch pints pitcher plan plug plum pluses pod pointer poll "
    "print proceedings pulley pulp pulse pun pusher pushy quack quirk rabid racer rack racy rage raid rail rain "
    "raisin rake rapids rare rash rate rave raze recreate regain rent reset resolution resolve retain revere "
    "reverie reverse revolt revolver ride rife rights rile rinse ripe risen riser risk rite robe rode roles roller "
    "rope roses rosy rot rote rouse rusts sack said sake sane sang sapling sawing say scar scoop sear seep setting "
    "settler sewing shade shaft shaken shame shape share shark shave sheep shifty shin shirt shop shun sick side "
    "sift silk sill sine sinus skill skin slake sleep slept slew slice slid slime sling slink slob slog slop slot "
    "smile snail snake snare snide snoop soak soap soil solar sop sour sow span spank spar spies spill spinal spine "
    "spiral spiralled spit spud spur spurn stab stag stake stale stall standstills stank state stationery stave "
    "steep step stills sting stink stomp stopper stows stray stun subtle suing sun sunk sway sweat sweeper "
    "sweepings sweet swig swill swine swoon swung tack tail teen tell than tile till tint title toll torn trace "
    "tract trailer train trait translations traveler traveller trawl treble trial trill truce trunk tuck tune turf "
    "turner twister untie waft waif wail waist waiter waive want wart waste watt welt wept west wet whale whet whew "
    "while whim whine whir widen width wilder wiper wiser wish witch withdrawn wobbly wont wren writ yak yam yap "
    "yawn yew zoo"
)
"""English words that no slip made, though one letter parts them from a word above; their inflected forms count."""

NOUN_LOOKALIKES = frozenset(
    "bail bald bay beech bell bells bench bill bills bleach bloc boa board bob body bone bones boo bop bot bow boxed "
    "boxer boys breach bull bulls buoy buy cab cane canes cap caps card cards care cares carp cart carts cast cat cats "
    "char chili chill cleaning coat coats code codes cod coke cole come con cope core cores cost costs cove crater "
    "create cub cubs cue cues cur cure cut cute dance dancers danger desk dessert dig digs disk doc dock docs doe doll "
    "don dot dots duck ducks dug dusky dust fig fields fiend fields filed flog fox frog gill gin glob glove gloves "
    "grill hail halo halt hanger health hearth heat hell hill hills hull humane mad mag main mane many map maps mast "
    "mat mats max mean meet melt mend menu met midst mint mints miss moan moist mom moo mood moon moons moose more "
    "most musty must oar orc ore ores org pearson pal pile piles pizza poison pole poll poppy prison rabbit roots "
    "score sew share shoe shoes shove show snob sow store stow subset tub tuba tune tunes wander winner wither wood "
    "word words woken woven".split()
)
"""English words that are no slips of a noun of actors or places, though one letter parts them."""

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"),
    "green": ("green", "emerald"),
    "blue": ("blue", "navy"),
    "yellow": ("yellow", "golden", "gold"),
    "orange": ("orange",),
    "purple": ("purple", "violet"),
    "pink": ("pink",),
    "cyan": ("cyan", "turquoise", "teal"),
    "magenta": ("magenta",),
    "brown": ("brown",),
    "black": ("black",),
    "white": ("white",),
    "grey": ("grey", "gray", "silver"),
}

SIZES: dict[str, tuple[str, ...]] = {
    "tiny": ("tiny", "miniature"),
    "small": ("small", "little"),
    "large": ("large", "big"),
    "huge": ("huge", "giant", "enormous", "massive", "gigantic"),
    "tall": ("tall", "high"),
    "short": ("short", "squat"),
    "wide": ("wide", "broad", "fat"),
    "narrow": ("narrow", "thin", "slim"),
}

SHAPES: dict[str, tuple[str, ...]] = {
    "robot": ("robot", "robots", "android", "androids", "droid"),
    "person": ("person", "persons", "people", "man", "men", "woman", "women", "boy", "girl", "child", "human",
               "humans", "pedestrian", "dancer", "actor", "actress", "character"),
    "box": ("box", "boxes", "cube", "cubes", "crate", "crates", "block", "blocks"),
    "sphere": ("sphere", "spheres", "ball", "balls", "orb", "orbs", "globe"),
    "cylinder": ("cylinder", "cylinders", "pillar", "pillars", "column", "columns", "tube"),
    "cone": ("cone", "cones"),
    "capsule": ("capsule", "capsules", "pill"),
    "pyramid": ("pyramid", "pyramids"),
}  # fmt: skip
"""Solids, robots and people: what the captions speak of that shipped directors were trained on."""

CREATURES: dict[str, tuple[str, ...]] = {
    "dog": ("dog", "dogs", "puppy", "puppies", "hound", "hounds"),
    "car": ("car", "cars", "automobile", "automobiles"),
}
"""Further bodies with joints that a shot can cast."""

GARMENTS = frozenset(
    "shirt blouse top sweater jumper pullover hoodie cardigan jacket coat tshirt tee polo vest trousers pants jeans "
    "slacks leggings joggers shorts skirt dress suit uniform tracksuit overalls jumpsuit robe outfit clothes clothing "
    "shoes boots sneakers trainers socks gloves hat cap beanie helmet hood hair skin eyes".split()
)
"""What a body can be seen to wear or have."""
PLAIN_GARMENTS = frozenset("jeans suit shorts dress skirt tshirt tee polo vest".split())
"""Those that can be shown without a colour that is said."""
CLOTH_COLOURS = frozenset(
    "red green blue yellow orange purple pink cyan magenta brown black white grey gray navy denim teal turquoise "
    "maroon beige khaki cream gold golden silver violet blonde blond brunette ginger "
    "dark deep light pale bright".split()
)
"""Colours and shades of clothes and hair."""
SHADES = ("dark", "deep", "light", "pale", "bright")

PLACES: dict[str, tuple[str, ...]] = {
    "desert": ("desert", "deserts", "dunes", "sand dunes"),
    "meadow": ("meadow", "meadows", "grassland", "field", "grassy field", "green field"),
    "snow": ("snow", "snowy field", "snowy landscape", "snowfield", "snowy", "tundra", "arctic", "winter"),
    "beach": ("beach", "seaside", "shore", "seashore", "coast"),
    "night street": ("night street", "street at night", "city street at night", "at night", "nighttime", "night",
                     "street", "city street", "dark street", "city at night"),
    "studio": ("studio", "photo studio", "white studio"),
    "forest clearing": ("forest clearing", "clearing", "forest", "woods", "woodland"),
    "sunset plain": ("sunset plain", "sunset", "dusk", "golden hour", "plain at sunset", "savanna", "savannah"),
    "overcast plaza": ("overcast plaza", "plaza", "town square", "city square", "overcast", "piazza"),
    "checkerboard hall": ("checkerboard hall", "checkerboard floor", "checkered floor", "chequered floor",
                          "checkerboard", "chessboard", "chessboard floor", "hall"),
    "foggy moor": ("foggy moor", "moor", "fog", "foggy", "mist", "misty", "heath", "misty moor"),
    "warehouse": ("warehouse", "hangar", "factory hall"),
}  # fmt: skip
"""Environment -> words that name it."""
ON_PLACES = ("meadow", "beach", "night street", "sunset plain", "overcast plaza", "foggy moor")
"""Environments that a shot is on; it is in the others."""

_IRREGULAR = {
    "hold": "held", "go": "went", "fly": "flew", "rise": "rose", "sink": "sank", "draw": "drew", "bring": "brought",
    "give": "gave", "show": "showed", "stand": "stood", "sit": "sat", "run": "ran", "spin": "spun", "creep": "crept",
    "begin": "began", "keep": "kept", "let": "let", "set": "set", "freeze": "froze", "withdraw": "withdrew",
    "lead": "led", "see": "saw", "make": "made", "sweep": "swept",
}  # fmt: skip
_DOUBLING = frozenset("pan stop drop spin jib crab whip set sit run begin jog let hop nod trot step sidestep".split())


def inflect(verb: str) -> dict[str, str]:
    """The forms of an English verb: form (base, s, ing or ed) by word.

    Example:
        >>> sorted(inflect("pan"))
        ['pan', 'panned', 'panning', 'pans']
    """
    consonant_y = verb.endswith("y") and verb[-2] not in VOWELS
    third = (
        verb[:-1] + "ies" if consonant_y else verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")
    )
    stems = [verb]
    if verb in _DOUBLING:
        stems = [verb + verb[-1]]
    elif verb.endswith("e") and not verb.endswith("ee"):
        stems = [verb[:-1]]
    elif verb in ("travel", "pedestal", "swivel", "pivot", "level", "focus", "reveal"):
        stems = [verb, verb + verb[-1]]
    forms = {verb: "base", third: "s"}
    for stem in stems:
        forms[stem + "ing"] = "ing"
        forms[(stem[:-1] + "i" if consonant_y else stem) + "ed"] = "ed"
    if verb in _IRREGULAR:
        forms.setdefault(_IRREGULAR[verb], "ed")
    return forms

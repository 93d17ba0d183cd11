"""Wordings of the eval stream: verbs, openings, sentence patterns, fillers and subjects that training never shows.

The verbs stand beside the direction phrases of `directions`, all of which training knows; the patterns are new, the
words of order and of simultaneity in them (then, after, while, at the same time) are not.
"""

from __future__ import annotations

from kinoeye.systems.gendop.wording.directions import Key
from kinoeye.systems.gendop.wording.phrases import Phrases

_VERBS = {
    "travel": "scoot sidle coast nudge edge skate meander amble saunter waft skim hover veer hop trundle slink squeeze "
    "wade journey venture plough bounce jog traverse canter hustle gallop lumber prowl",
    "turn": "steer slew flick throw jerk cock train pry fling guide snap toss wrench redirect reorient",
    "round": "skirt weave skate coast waltz trundle meander gyrate swirl skim scoot",
    "lens": "crank dial squeeze ratchet nudge drive cinch slam thumb ramp",
    "rest": "nestle hang perch idle persist hover dwell bide abide loiter",
    "aim": "rivet glue anchor pin cast moor steer level",
    "follow": "jog hustle tag shadow amble skate coast trot scurry drive",
}  # fmt: skip

_NOUNS_LEFT = {
    "truck": ("a scoot to the {side}", "a nudge {side}", "a sidle to the {side}", "a veer to the {side}"),
    "yaw": ("a flick of its gaze to the {side}", "a jerk of the view to the {side}", "a slew of its lens {side}"),
    "orbit": ("a waltz around {subject} to the {side}", "a skirt {side} around {subject}",
              "a swirl in an arc to the {side} around {subject}"),
}  # fmt: skip
_NOUNS: dict[Key, tuple[str, ...]] = {
    **{
        (kind, side): tuple(phrase.replace("{side}", side) for phrase in phrases)
        for kind, phrases in _NOUNS_LEFT.items()
        for side in ("left", "right")
    },
    ("roll", "left"): ("a wrench counterclockwise", "a jerk onto its left side"),
    ("roll", "right"): ("a wrench clockwise", "a jerk onto its right side"),
    ("pitch", "up"): ("a flick of its gaze upward", "a jerk of the lens up", "a cock of its head up"),
    ("pitch", "down"): ("a flick of its gaze downward", "a jerk of the lens down", "a cock of its head down"),
    ("pedestal", "up"): ("a hop straight up", "a nudge upward", "a waft up into the air"),
    ("pedestal", "down"): ("a hop straight down", "a nudge downward", "a waft down to the ground"),
    ("dolly", "forward"): ("a nudge forward", "a scoot toward {subject}", "a saunter straight ahead"),
    ("dolly", "backward"): ("a nudge backward", "a scoot away from {subject}", "a saunter in reverse"),
    ("orbit", "up"): ("a skim up and over {subject} in an arc", "a swirl in an upward orbit around {subject}"),
    ("orbit", "down"): ("a skim down in an arc around {subject}", "a swirl in a downward orbit around {subject}"),
    ("zoom", "in"): ("a crank of the lens in", "a squeeze to a tighter lens"),
    ("zoom", "out"): ("a crank of the lens out", "a ratchet to a wider lens"),
    ("dolly_zoom", "in"): ("a slam into a dolly zoom in", "a ramp into a vertigo effect inward"),
    ("dolly_zoom", "out"): ("a slam into a dolly zoom out", "a ramp into a vertigo effect outward"),
    ("hold", ""): ("an idle without moving", "a dwell in a static position", "a hover in place"),
    ("look_at", ""): ("a rivet of its gaze on {subject}", "a cast of its lens at {subject}"),
    ("follow", ""): ("a jog along with {subject}", "a trot in step with {subject}"),
}  # fmt: skip

EVAL = Phrases(
    verbs={family: tuple(words.split()) for family, words in _VERBS.items()},
    idioms={},
    nouns=_NOUNS,
    openings=("the rig", "the gimbal", "our eye", "the steadicam", "the viewer", "the cinematographer", "the picture",
              "the quadcopter", "our vantage point", "the lensman", "the filmmaker", "the crane operator"),
    lead_ins=("", "", "", "on action, ", "for this take, ", "during the opening beat, ", "at the outset, ",
              "picture this: ", "close on {subject} as ", "deep within the {place}, ", "per the storyboard, ",
              "when the slate claps, ", "take seven: ", "as dawn breaks over the {place}, "),
    imperative_lead_ins=("", "", "kindly ", "right, ", "here's the plan: ", "on my cue, ", "cue one: ",
                         "the director says to ", "you ought to ", "go ahead and ", "remember to ", "try to "),
    nominal_lead_ins=("", "deliver ", "treat us to ", "the storyboard calls for ", "i'm after ", "cue ", "unleash "),
    begin_by=(
        "kicks things off by {G}", "first starts with {N}", "at the start begins {G}", "opens up with {N}",
    ),
    then=(
        ". when that is over, {S} {F} next", ", followed at once by {N}", " and only afterwards {F}", ", next up {G}",
        ". immediately after that, it {F}", ", then straight into {N}", ". after this comes {N}",
        ", then, without a break, {F}", ". the move after that: {N}", ", and later on {F}",
        ". as a next step, {S} {F}",
    ),
    finally_=(
        ", and last of all {F}", ". the very last thing: {N}", ", and then at the very end {F}",
        ". it finally ends in {N}", ", and lastly, to close, {F}",
    ),
    then_imperative=(
        ". when that is over, {B}", ", next up {B}", ". after this, {B} next", ". immediately after that, {B}",
        ", then, without a break, {B}", ", followed at once by {N}", " and only afterwards {B}",
    ),
    finally_imperative=(
        ", and last of all {B}", ". the very last thing: {B}", ", and then at the very end {B}",
        ", to end finally with {N}",
    ),
    inverted=(
        "it is only after {G1} that {S} {F2}", "before it ever {F2}, {S} {F1}", "{N1}, after which comes {N2}",
        "{N2} follows after {N1}", "right after {G1}, {S} {F2}", "{N1} and next {N2}",
    ),
    numbered=("beat {i}: {B}. ", "cue {i}: {N}. ", "[{i}] {B}. "),
    listed=(
        "; then {N}", ". {N}", " / {N}", " / {N}",
    ),
    joins=(
        " while at the very same time {G}", ", {G} all the while", " and, simultaneously with that, {F}",
        ", at the same time also {G}", " as it is also {G}", " together with {N} at once", ", simultaneously {G} too",
        " with, at the same time, {N}",
    ),
    joins_imperative=(
        " while at the very same time {G}", ", {G} all the while", ", at the same time also {B}",
        " together with {N} at once", " with, at the same time, {N}",
    ),
    fillers=(", bathing {thing} in light", " so {thing} comes alive", ", our attention drawn by {thing}",
             " as though hunting {thing}", ", {thing} glinting nearby", " whilst {person} {does}",
             ", lending {thing} gravity", " beneath {thing}", " amid the {place}", ", teasing {thing}",
             ", framing {thing} against the {place}", ", making {thing} loom", " beyond {thing}"),
    in_place=(" rooted to the spot", " from one fixed vantage", " without budging"),
    centred=(", {thing} forever dead centre", ", never losing {thing}", " with {thing} pinned mid-frame"),
    going_on=("presses on {G}", "gets on with {G}", "makes sure to {B}"),
    hedges=("say ", "a good ", "just over "),
    during=("over", "for", "spread over", "filling"),
    sentences=("in this place {person} {does}.", "rain drums on {thing}.", "the {place} hums.",
    "dusk settles upon the {place}.",
               "{thing} glimmers.", "shot on celluloid.", "{actor} waits in the {place}."),
    things=("the chandelier", "a telescope", "the rusted engine", "the wedding cake", "a chessboard set",
            "the lighthouse", "the violin", "a stack of letters", "the aquarium", "the typewriter", "her silhouette",
            "the carousel", "a globe of glass", "the cathedral spire", "an anvil", "the vineyard",
            "the satellite dish",
            "the tapestry"),
    people=("the detective", "a violinist", "the twins", "the chef", "an astronaut", "the bride", "a fisherman",
            "the nurse", "the acrobat", "the wizard", "the librarian"),
    doings=("laughs", "shivers", "kneels", "unfolds a map", "strikes a match", "whistles", "limps leftward",
            "whirls about", "sobs", "salutes", "ties a knot", "staggers rightward", "tumbles forward"),
    places=("greenhouse", "harbour", "monastery", "canyon", "ballroom", "subway", "orchard", "observatory", "attic",
            "shipyard", "bazaar"),
    slow=("unhurriedly", "slowly", "at a snail's pace", "languidly"),
    fast=("hurriedly", "quickly", "at a clip", "in a flash"),
    slow_adjectives=("unhurried", "slow", "languid"),
    fast_adjectives=("hurried", "quick", "brisk"),
    slight=("slightly", "a smidge", "a hair", "modestly"),
    still=("not a thing stirs", "the world stands frozen", "an instant of calm"),
    shaky=("jittery handheld",),
    shakes=("handheld", "with handheld jitters", "with a documentary handheld look"),
)  # fmt: skip

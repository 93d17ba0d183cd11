"""Direction phrases that both streams of captions share: what follows a verb and says where a motion goes.

A held-out verb beside one of these is what the eval stream asks about: "the rig scoots to the left" trucks, "the rig
slews its gaze to the left" yaws. `{subject}` stands for a noun phrase; `{subject?}` marks phrases that need one.
"""

from __future__ import annotations

Key = tuple[str, str]
"""Kind and direction of an action."""


def _sided(kind: str, left: tuple[str, ...]) -> dict[Key, tuple[str, ...]]:
    """Phrases of the left and, by exchange of the two words, of the right."""
    return {
        (kind, "left"): left,
        (kind, "right"): tuple(phrase.replace("left", "right") for phrase in left),
    }


PATHS: dict[Key, tuple[str, ...]] = {
    **_sided("truck", (
        "left", "to the left", "leftward", "leftwards", "to its left", "towards the left", "sideways to the left",
        "toward the left side", "laterally left", "sideways left", "off to the left", "over to the left",
        "camera left", "from right to left", "across to the left", "to the left hand side",
    )),
    ("truck", "right"): (
        "right", "to the right", "rightward", "rightwards", "to its right", "towards the right",
        "sideways to the right", "toward the right side", "laterally right", "sideways right", "off to the right",
        "over to the right", "camera right", "from left to right", "across to the right", "to the right hand side",
    ),
    ("pedestal", "up"): ("up", "upward", "upwards", "straight up", "vertically up", "up into the air", "higher"),
    ("pedestal", "down"): ("down", "downward", "downwards", "straight down", "vertically down", "down to the ground",
                           "lower"),
    ("dolly", "forward"): ("forward", "forwards", "ahead", "straight ahead", "onward", "in", "inward", "closer",
                           "toward {subject}", "towards {subject}", "closer to {subject}", "up to {subject}",
                           "in on {subject}", "nearer to {subject}", "straight forward", "in closer"),
    ("dolly", "backward"): ("backward", "backwards", "back", "away", "in reverse", "rearward", "out", "outward",
                            "away from {subject}", "back from {subject}", "straight back", "farther away",
                            "back and away from {subject}", "further out"),
}  # fmt: skip
"""Where a camera travels."""

_AIMS_LEFT = (
    "its gaze to the left", "its gaze left", "the view to the left", "its lens to the left", "its lens left",
    "its line of sight to the left", "in place to the left", "on its axis to the left", "on the spot to the left",
    "its head to the left", "its eye to the left", "around to look left", "around on its axis to the left",
    "its heading to the left", "to face left", "to look left", "its view leftward", "its gaze leftward",
    "about its vertical axis to the left",
)  # fmt: skip
AIMS: dict[Key, tuple[str, ...]] = {
    **_sided("yaw", _AIMS_LEFT),
    ("pitch", "up"): ("its gaze upward", "its gaze up", "the lens up", "its nose up", "its line of sight upward",
                      "the view up", "its eye upward", "its view skyward", "its head up", "to look up",
                      "its gaze toward the ceiling", "its lens to the sky", "its aim upwards", "the lens upward"),
    ("pitch", "down"): ("its gaze downward", "its gaze down", "the lens down", "its nose down",
                        "its line of sight downward", "the view down", "its eye downward", "its view groundward",
                        "its head down", "to look down", "its gaze toward the floor", "its lens to the ground",
                        "its aim downwards", "the lens downward"),
    ("roll", "left"): ("counter-clockwise", "anti-clockwise", "over counter-clockwise", "counterclockwise",
     "anticlockwise", "about the lens axis to the left", "onto its left side",
                       "about its optical axis counterclockwise",
                       "into a dutch angle to the left"),
    ("roll", "right"): ("over clockwise", "clockwise", "about the lens axis to the right", "onto its right side",
                        "about its optical axis clockwise", "into a dutch angle to the right"),
}  # fmt: skip
"""What a camera that turns does with its aim."""

ROUND: dict[Key, tuple[str, ...]] = {
    **_sided("orbit", (
        "around {subject} to the left", "left around {subject}", "in an arc to the left around {subject}",
        "in a circle to the left around {subject}", "along a curve around {subject} to the left",
        "leftward around {subject}", "in an arc to the left", "in a circle to the left",
        "along a circular path around {subject} to the left", "round {subject} to the left",
        "in an arc around {subject} from right to left",
    )),
    ("orbit", "right"): (
        "around {subject} to the right", "right around {subject}", "in an arc to the right around {subject}",
        "in a circle to the right around {subject}", "along a curve around {subject} to the right",
        "rightward around {subject}", "in an arc to the right", "in a circle to the right",
        "along a circular path around {subject} to the right", "round {subject} to the right",
        "in an arc around {subject} from left to right", "counterclockwise around {subject}",
        "counter-clockwise around {subject}", "counter-clockwise round {subject}, as seen from above",
        "anti-clockwise about {subject}", "in a counterclockwise arc around {subject}",
    ),
    ("orbit", "up"): ("in an arc up over {subject}", "up and over {subject} in an arc",
                      "along an upward arc over {subject}", "in an upward orbit around {subject}"),
    ("orbit", "down"): ("in an arc down around {subject}", "along a downward arc around {subject}",
                        "in a downward orbit around {subject}", "down in an arc around {subject}"),
}  # fmt: skip
ROUND["orbit", "left"] += (
    "clockwise around {subject} as seen from above",
    "clockwise around {subject}",
    "in a clockwise arc around {subject}",
)

LENSES: dict[Key, tuple[str, ...]] = {
    ("zoom", "in"): ("the lens in", "the zoom in", "the lens in on {subject}", "the focal length longer",
                     "to a longer focal length", "to a tighter lens", "the zoom ring in"),
    ("zoom", "out"): ("the lens out", "the zoom out", "the focal length shorter", "to a shorter focal length",
                      "to a wider lens", "the zoom ring out", "the lens out to a wider view"),
    ("dolly_zoom", "in"): ("into a dolly zoom in", "a dolly zoom in on {subject}", "into a vertigo effect inward",
                           "a forward dolly zoom"),
    ("dolly_zoom", "out"): ("into a dolly zoom out", "a dolly zoom out from {subject}",
                            "into a vertigo effect outward", "a backward dolly zoom"),
}  # fmt: skip
"""What happens to the lens."""

RESTS: dict[Key, tuple[str, ...]] = {
    ("hold", ""): ("still", "static", "in place", "motionless", "its position", "the frame", "stationary",
                   "completely still", "without moving", "in a static position", "fixed in place", "at rest"),
}  # fmt: skip
SUBJECTS_HELD: dict[Key, tuple[str, ...]] = {
    ("look_at", ""): ("its aim on {subject}", "its gaze on {subject}", "its lens at {subject}",
                      "its attention onto {subject}", "to face {subject}"),
    ("follow", ""): ("along with {subject}", "after {subject}", "alongside {subject} as it moves",
                     "in step with {subject}", "right behind {subject} as it moves"),
}  # fmt: skip

PHRASES: dict[Key, tuple[str, ...]] = {**PATHS, **AIMS, **ROUND, **LENSES, **RESTS, **SUBJECTS_HELD}
"""Direction phrases by action; every one of them occurs in training."""

FAMILY = {
    **dict.fromkeys(("truck", "pedestal", "dolly"), "travel"),
    **dict.fromkeys(("yaw", "pitch", "roll"), "turn"),
    "orbit": "round", "zoom": "lens", "dolly_zoom": "lens", "hold": "rest", "look_at": "aim", "follow": "follow",
}  # fmt: skip
"""Kind of action -> the family of verbs that stand before its direction phrases."""

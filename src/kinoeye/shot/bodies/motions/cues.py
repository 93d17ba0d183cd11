"""A timeline of what a figure does besides going its way, laid over the gait."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies.body import Float64
from kinoeye.shot.bodies.motions import gestures
from kinoeye.shot.bodies.motions.figure import Figure, Pose
from kinoeye.shot.bodies.motions.gestures import Gesture

MOTIONS: Mapping[str, Callable[..., Gesture]] = {
    "wave": gestures.wave,
    "point": gestures.point,
    "nod": gestures.nod,
    "look_around": gestures.look_around,
    "bow": gestures.bow,
    "sit": gestures.sit,
    "pick_up": gestures.pick_up,
    "jump": gestures.jump,
    "dance": gestures.dance,
}
"""What a figure can be cued to do; the keyword arguments of each are the parameters that a cue may give."""


@dataclass(frozen=True, kw_only=True)
class Cue:
    """One motion on the timeline.

    Wave, point, nod and look_around go with walking too; the others are for a body that stands.

    Raises:
        InputError: there is no such motion, or it takes no such parameter or value.

    Example:
        >>> Cue(start_s=2.0, name="wave", parameters={"side": "left"}).name
        'wave'
    """

    start_s: float
    name: str
    parameters: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in MOTIONS:
            near = get_close_matches(self.name, MOTIONS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise InputError(f"there is no motion {self.name!r}{hint}; the motions: {', '.join(MOTIONS)}")
        if not math.isfinite(self.start_s):
            raise InputError(f"the cue {self.name!r} starts at {self.start_s}; give a time in seconds")
        known = parameters_of(self.name)
        for key, value in self.parameters.items():
            if key not in known:
                raise InputError(f"the motion {self.name!r} has no parameter {key!r}; it has {', '.join(known)}")
            if key == "side":
                if value not in ("left", "right"):
                    raise InputError(f"the side of {self.name!r} is 'left' or 'right'; given {value!r}")
            elif isinstance(value, str) or not math.isfinite(value):
                raise InputError(f"{key!r} of {self.name!r} is a number; given {value!r}")
            elif key in ("duration_s", "bpm", "height_m") and value <= 0:
                raise InputError(f"{key!r} of {self.name!r} is greater than 0; given {value!r}")


def parameters_of(name: str) -> dict[str, float | str]:
    """The parameters of a motion and what they are unless given."""
    signature = inspect.signature(MOTIONS[name])
    return {key: given.default for key, given in signature.parameters.items() if given.kind is given.KEYWORD_ONLY}


def play(figure: Figure, pose: Pose, times_s: Float64, cues: Sequence[Cue]) -> Pose:
    """A pose with cues laid over it, in the order of their starts."""
    pose = dict(pose)
    for cue in sorted(cues, key=lambda cue: cue.start_s):
        gesture = MOTIONS[cue.name](figure, times_s - cue.start_s, **cue.parameters)
        for name, target in gesture.toward.items():
            pose[name] = pose[name] + gesture.weight * (target - pose[name])
        for name, more in gesture.plus.items():
            pose[name] = pose[name] + more
        for name, place in gesture.held.items():
            pose[name] = pose[name] + (gesture.weight > 0) * (place - pose[name])
    return pose

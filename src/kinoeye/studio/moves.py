"""What the moves of a plan did in a shot: when, in which words and colours, how far and how much they turned."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry import Trajectory
from kinoeye.language.motion.timing import schedule
from kinoeye.language.plan import KINDS, Action, Plan

FAMILIES = {
    "travel": (59, 130, 246),
    "turn": (139, 92, 246),
    "orbit": (20, 163, 154),
    "lens": (217, 132, 6),
    "subject": (101, 163, 13),
    "shake": (192, 38, 211),
    "hold": (138, 148, 166),
}
"""Family of camera moves -> sRGB bytes that are readable on light and dark pages."""

_FAMILY_OF_KIND = {
    "truck": "travel",
    "pedestal": "travel",
    "dolly": "travel",
    "yaw": "turn",
    "pitch": "turn",
    "roll": "turn",
    "orbit": "orbit",
    "zoom": "lens",
    "dolly_zoom": "lens",
    "look_at": "subject",
    "follow": "subject",
    "handheld": "shake",
    "hold": "hold",
}


@dataclass(frozen=True)
class MoveSpan:
    """One move of a plan as the camera made it."""

    actions: tuple[Action, ...]
    start_s: float
    end_s: float
    travel: float
    """Length of the path in the camera's unit."""
    turn_rad: float
    """Angle turned along the path."""

    @property
    def families(self) -> tuple[str, ...]:
        """The family of each action."""
        return tuple(_FAMILY_OF_KIND[action.kind] for action in self.actions)


def move_spans(plan: Plan, camera: Trajectory) -> tuple[MoveSpan, ...]:
    """When the camera made each move of the plan, and how far each one took it."""
    count = len(camera)
    fps = (count - 1) / camera.track.duration_s if count > 1 else None
    bounds = schedule(plan, num_frames=count, fps=fps).bounds_s + float(camera.times_s[0])
    steps_m, steps_rad = path_steps(camera)
    middles = step_times(camera)
    spans = []
    for move, start, end in zip(plan.moves, bounds, bounds[1:], strict=False):
        inside = (middles > start) & (middles < end)
        spans.append(MoveSpan(move.actions, float(start), float(end), steps_m[inside].sum(), steps_rad[inside].sum()))
    return tuple(spans)


def path_steps(camera: Trajectory) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance (in the camera's unit) and angle (radians) from each pose to the next, [n - 1] each."""
    pose = camera.T_world_cam
    distances = pose.translation.diff(dim=0).norm(dim=-1)
    angles = (pose[:-1].rotation.inverse() @ pose[1:].rotation).angle()
    return distances.double().numpy(), angles.double().numpy()


def step_times(camera: Trajectory) -> NDArray[np.float64]:
    """Times half way between poses, [n - 1]."""
    times = camera.times_s.double().numpy()
    return 0.5 * (times[1:] + times[:-1])


def action_words(action: Action) -> str:
    """An action in words, with what the text stated: "orbit right 90° around red robot".

    Example:
        >>> action_words(Action("yaw", "left", amount=math.pi / 6))
        'yaw left 30°'
    """
    words = [action.kind.replace("_", " ").replace("dolly zoom", "dolly-zoom"), action.direction]
    if action.amount is not None:
        words.append(quantity(action.amount, KINDS[action.kind].unit))
    if action.rate is not None:
        words.append(f"at {quantity(action.rate, KINDS[action.kind].unit)}/s")
    if action.target is not None:
        words += ["around" if action.kind == "orbit" else "on", action.target]
    if action.distance is not None:
        words.append(f"from {quantity(action.distance, 'm')}")
    return " ".join(filter(None, words))


def quantity(value: float, unit: str) -> str:
    """A number with its unit as screens show it: radians in degrees, ratios as factors, "arbitrary" in "units".

    Example:
        >>> quantity(1.5, "m"), quantity(math.pi, "rad"), quantity(2.0, "ratio")
        ('1.5 m', '180°', '2×')
    """
    value = math.degrees(value) if unit == "rad" else value
    value = 0.0 if abs(value) < 5e-4 else value  # what rounding left of nothing
    if unit == "rad":
        return f"{value:.3g}°"
    if unit == "ratio":
        return f"{value:.3g}×"
    return f"{value:.3g} {'units' if unit == 'arbitrary' else unit}"

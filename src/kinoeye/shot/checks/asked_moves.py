"""What the text of a shot asks of its camera, and whether a change of the path still does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.language.explain import describe_move
from kinoeye.language.plan import Plan
from kinoeye.shot.checks.finding import Finding
from kinoeye.shot.checks.horizon import roll_deg
from kinoeye.shot.checks.limits import Limits
from kinoeye.shot.checks.shot_arrays import ShotArrays, plan_of
from kinoeye.shot.shot import Shot

KEPT = 0.7
"""Share of a move, at least, that must be left of it."""
LONGER = 1.1
"""A shot may last so many times as long before its stated pace is lost."""
_LIMIT_OF = {"occlusion": "visible"}
_SHAKE_S = 0.5
_STILL = 1e-12


def comes_first(finding: Finding) -> bool:
    """Whether a check comes before what the text asks for.

    A camera cannot go through things, and a rig or a limit that somebody chose is a demand as the text is, and a later
    one. Limits that nobody chose come after the text.
    """
    name = _LIMIT_OF.get(finding.code, finding.code.replace("-", "_"))
    return finding.code in ("clearance", "rig") or finding.limit != getattr(Limits(), name, finding.limit)


def undone(before: Shot, after: Shot) -> tuple[str, ...]:
    """The moves of a shot's prompt that are no longer made by another camera, in the prompt's order and our words.

    A move's course is compared by its rates: what the new rates share with the old ones must be `KEPT` of these.

    Args:
        before: the shot as its text asks for it.
        after: the same with another camera path.
    """
    plan = plan_of(before)
    if plan is None:
        return ()
    courses = {COURSES[action.kind] for move in plan.moves for action in move.actions if action.kind in COURSES}
    lost = {course for course in courses if _kept(course(before), course(after)) < KEPT}
    words = [
        repr(describe_move(replace(move, actions=(action,))))
        for move in plan.moves
        for action in move.actions
        if COURSES.get(action.kind) in lost
    ]
    if _slower(before, after):
        words += _paces(plan)
    return tuple(dict.fromkeys(words))


def _paces(plan: Plan) -> list[str]:
    """The paces that a plan states, in our words: of moves, or else of the whole shot."""
    stated = [
        f"the pace of {describe_move(move)!r}"
        for move in plan.moves
        if move.duration_s is not None or move.speed > 1 or any(action.rate is not None for action in move.actions)
    ]
    return stated or ([] if plan.duration_s is None else [f"a length of {plan.duration_s:g} s"])


def _slower(before: Shot, after: Shot) -> bool:
    return after.camera.track.duration_s > LONGER * before.camera.track.duration_s


def _kept(old: Float64, new: Float64) -> float:
    """Share of the rates of a course [n, k] that another one [m, k] holds, at equal shares of their times."""
    at = np.linspace(0, len(new) - 1, len(old))
    resampled = np.stack([np.interp(at, np.arange(len(new)), column) for column in new.T], axis=1)
    old_rate, new_rate = np.diff(old, axis=0), np.diff(resampled, axis=0)
    power = float((old_rate**2).sum())
    return float((old_rate * new_rate).sum()) / power if power > _STILL else 1.0


def _heading(shot: Shot) -> Float64:
    forward = ShotArrays.of(shot).R_world_cam[:, :, 2]
    return np.unwrap(np.arctan2(forward[:, 1], forward[:, 0]))[:, None]


def _elevation(shot: Shot) -> Float64:
    forward = ShotArrays.of(shot).R_world_cam[:, :, 2]
    return np.arctan2(forward[:, 2], np.hypot(forward[:, 0], forward[:, 1]))[:, None]


def _lean(shot: Shot) -> Float64:
    return np.nan_to_num(roll_deg(ShotArrays.of(shot).R_world_cam))[:, None]


def _place(shot: Shot) -> Float64:
    return ShotArrays.of(shot).eye


def _height(shot: Shot) -> Float64:
    return ShotArrays.of(shot).eye[:, 2:]


def _lens(shot: Shot) -> Float64:
    return np.log(ShotArrays.of(shot).fx_fy_cx_cy[:, :1])


def _shake(shot: Shot) -> Float64:
    """The path without what is slower than half a second."""
    arrays = ShotArrays.of(shot)
    half = int(np.searchsorted(arrays.times_s, arrays.times_s[0] + _SHAKE_S / 2))
    padded = np.pad(arrays.eye, ((half, half), (0, 0)), mode="reflect", reflect_type="odd")
    window = np.full(2 * half + 1, 1 / (2 * half + 1))
    return arrays.eye - np.stack([np.convolve(column, window, "valid") for column in padded.T], axis=1)


COURSES: Mapping[str, Callable[[Shot], Float64]] = {
    "yaw": _heading,
    "pitch": _elevation,
    "roll": _lean,
    "truck": _place,
    "dolly": _place,
    "orbit": _place,
    "follow": _place,
    "pedestal": _height,
    "zoom": _lens,
    "dolly_zoom": _lens,
    "handheld": _shake,
}
"""Kind of action -> the course [n, k] of the camera that it shows in; the others leave the camera free."""

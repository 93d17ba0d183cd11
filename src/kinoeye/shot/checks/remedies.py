"""What mends a violated check, one function a remedy: Shot -> Shot and what was done, or why it cannot be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from kinoeye.geometry.convention import Float64, homogeneous, rotvec_to_matrix
from kinoeye.geometry.interpolation import cubic
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.smoothing import smooth
from kinoeye.geometry.track import Trajectory
from kinoeye.language.motion.screw import turn_towards
from kinoeye.shot.checks.clearance import nearest_between
from kinoeye.shot.checks.easing import eased, spread
from kinoeye.shot.checks.finding import NO_VERTICAL, Finding
from kinoeye.shot.checks.framing import height_on_screen, share_in_frame
from kinoeye.shot.checks.horizon import roll_deg
from kinoeye.shot.checks.retiming import slowed
from kinoeye.shot.checks.runner import Checker
from kinoeye.shot.checks.shot_arrays import ShotArrays, Subject, in_camera
from kinoeye.shot.checks.surroundings import Surroundings
from kinoeye.shot.shot import Shot

MARGIN = 0.02
"""Share of a limit by which a remedy goes beyond it."""
FARTHEST_M = 3.0
"""A remedy that would move the camera farther is another shot."""
SLOWEST = 4.0
"""The same for one that would make it so many times longer."""
MOST_ZOOM = 4.0
SHORTEST = 0.4
"""Share of its path that a shot must keep to be the same shot."""
SMOOTHING = ((0.01, 0.5), (0.03, 1.5), (0.1, 5.0), (0.3, 15.0))
"""Tolerances in metres and degrees that smoothing tries."""
_ROUNDS = 40
_PROBE_M = 1e-4
_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Changed:
    """A shot after a remedy."""

    shot: Shot
    how: str


Remedy = Callable[[Shot, Finding, Checker], Changed | str]
"""Mends a finding of a shot; a string says why it cannot."""


def keep_clear(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Push a camera away from what it brushes past; one that runs into something stops before it, if that can be."""
    ways = (push_away, stop_short) if finding.worst > 0 else (stop_short, push_away)
    first = ways[0](shot, finding, checker)
    if isinstance(first, Changed):
        return first
    second = ways[1](shot, finding, checker)
    return second if isinstance(second, Changed) else f"{first}; {second}"


def push_away(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Move the camera away from what it comes too near to, most where it is nearest, and less before and after."""
    arrays = ShotArrays.of(shot, checker.subjects)
    surroundings = checker.surroundings_of(shot)
    assert surroundings is not None
    start, target = arrays.eye, finding.limit * (1 + MARGIN)
    for _ in range(_ROUNDS):
        distance, what = surroundings.distances(arrays.times_s, arrays.eye)
        between, _ = nearest_between(arrays, surroundings, distance, what, target)
        low = distance.copy()
        low[:-1], low[1:] = np.minimum(low[:-1], between), np.minimum(low[1:], between)
        lacking = np.maximum(target - low, 0.0)
        if lacking.max() < MARGIN / 2 * finding.limit:
            moved = float(np.linalg.norm(arrays.eye - start, axis=1).max())
            return Changed(_with_poses(shot, arrays.T_world_cam), f"pushed away by up to {moved:.2f} m")
        push = lacking[:, None] * _way_out(arrays, surroundings, distance)
        poses = arrays.T_world_cam.copy()
        poses[:, :, 3] += spread(push, lacking > 0, arrays.times_s)
        if np.linalg.norm(poses[:, :, 3] - start, axis=1).max() > FARTHEST_M:
            return f"it would have to move more than {FARTHEST_M:g} m"
        arrays = replace(arrays, T_world_cam=poses)
    return "there is no room around the path"


def stop_short(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Take the same time for the part of the path before the camera first comes too near."""
    times = shot.camera.times_s
    free = max(finding.frames[0][0] - 1, 0) / max(len(times) - 1, 1)
    if free < SHORTEST:
        return "the camera is too near from early on"
    only_this, share = replace(checker, only=("clearance",)), free
    while share >= SHORTEST:
        track = replace(cubic(shot.camera.track, times[0] + share * (times - times[0])), times_s=times)
        candidate = shot.with_camera(replace(shot.camera, track=track))
        found = only_this(candidate).find("clearance")
        if found is not None and found.holds:
            return Changed(candidate, f"stopped short, after {100 * share:.0f} % of the path")
        share -= 0.05
    return "stopping short would leave too little of the path"


def level(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Lean the horizon less, by the same share in every frame."""
    arrays = ShotArrays.of(shot, checker.subjects)
    angle = roll_deg(arrays.R_world_cam)
    known = np.flatnonzero(np.isfinite(angle))
    lean = np.interp(np.arange(len(arrays)), known, np.unwrap(angle[known], period=360))
    share = 1 - finding.limit / (1 + MARGIN) / np.abs(lean).max()
    poses = arrays.T_world_cam.copy()
    poses[:, :, :3] = poses[:, :, :3] @ rotvec_to_matrix(np.radians(-share * lean)[:, None] * np.array([0.0, 0.0, 1.0]))
    return Changed(_with_poses(shot, poses), f"the horizon levelled by up to {share * np.abs(lean).max():.1f} degrees")


def aim(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Turn towards the subject as far as needed, and zoom out where turning is not enough."""
    arrays = ShotArrays.of(shot, (finding.about,))
    subject, wanted = arrays.subjects[0], min(finding.limit * (1 + MARGIN), 1.0)
    if arrays.up != "z":
        return NO_VERTICAL
    for firmness in (1.0, 1.15, 1.4):
        shares = np.linspace(0.0, 1.0, 21)
        inside = np.stack([share_in_frame(*_aimed(arrays, subject, np.full(len(arrays), a))) for a in shares])
        reached = inside >= wanted
        needed = np.where(reached.any(axis=0), shares[reached.argmax(axis=0)], 1.0)
        turned, _ = _aimed(arrays, subject, np.minimum(eased(firmness * needed, arrays.times_s), 1.0))
        if (share_in_frame(turned, _seen(turned, subject)) >= finding.limit).all():
            return Changed(_with_poses(shot, turned.T_world_cam), f"turned towards the {subject.name}")
    zoom = _zoom_for_share(turned, subject, wanted)
    if zoom is None:
        return "it is not in view even from straight on with a wide lens; move the camera or the actor"
    changed = _with_zoom(_with_poses(shot, turned.T_world_cam), zoom)
    return Changed(changed, f"turned towards the {subject.name} and zoomed out to {zoom.min():.2f} of the focal length")


def zoom(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Lengthen or shorten the lens where a subject is too small or too large."""
    arrays = ShotArrays.of(shot, (finding.about,))
    height = height_on_screen(arrays, arrays.subjects[0])
    grows = finding.sense == "at least"
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.nan_to_num(finding.limit * (1 + MARGIN * (1 if grows else -1)) / height, nan=1.0)
    needed = np.maximum(np.log(factor), 0.0) if grows else np.maximum(-np.log(factor), 0.0)
    if needed.max() > np.log(MOST_ZOOM):
        return f"the lens would have to change by more than {MOST_ZOOM:g} times; move the camera"
    factor = np.exp((1 if grows else -1) * eased(needed, arrays.times_s))
    most = factor.max() if grows else factor.min()
    return Changed(_with_zoom(shot, factor), f"zoomed {'in' if grows else 'out'} to {most:.2f} of the focal length")


def step_aside(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Raise the camera or step aside where a subject is hidden, keeping it where it is on the screen."""
    arrays = ShotArrays.of(shot, (finding.about,))
    if arrays.up != "z":
        return NO_VERTICAL
    hidden = np.zeros(len(arrays))
    for first, last in finding.frames:
        hidden[first : last + 1] = 1.0
    share = eased(hidden, arrays.times_s)
    right = arrays.R_world_cam[:, :, 0]
    only_this = replace(checker, only=("occlusion", "clearance", "in-frame"), subjects=(finding.about,))
    for metres in (0.25, 0.5, 1.0, 1.5, 2.0):
        for words, way in (("up", _UP), ("left", -right), ("right", right)):
            moved = _orbited(arrays, arrays.subjects[0], metres * share[:, None] * way)
            candidate = _with_poses(shot, moved)
            report = only_this(candidate)
            mended = report.find("occlusion", finding.about)
            if mended is not None and mended.holds and report.holds:
                return Changed(candidate, f"moved {words} by up to {metres:g} m to see past what hides it")
    return "no place within two metres sees past what hides it; move the actor or what stands before it"


def slow_down(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Make the whole shot slower, camera and actors alike, so that the picture stays; a jolt is smoothed first."""
    order = {"speed": 1, "angular-rate": 1, "acceleration": 2, "angular-acceleration": 2, "jerk": 3}[finding.code]
    times_slower = (finding.worst / finding.limit) ** (1 / order) * (1 + MARGIN)
    if order > 1:
        smoothed = iron_out(shot, finding, checker)
        if isinstance(smoothed, Changed):
            return smoothed
    only_this = replace(checker, only=(finding.code,))
    for _ in range(6):
        if times_slower > SLOWEST:
            return f"it would have to last more than {SLOWEST:g} times as long"
        slower = slowed(shot, times_slower)
        found = only_this(slower).find(finding.code)
        if found is None or found.holds:
            old, new = shot.camera.track.duration_s, slower.camera.track.duration_s
            return Changed(slower, f"slowed down: {new:.2f} s instead of {old:.2f} s, camera and actors alike")
        times_slower *= max(1 + MARGIN, (found.worst / found.limit) ** (1 / order))
    return "slowing down does not help"


def iron_out(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Smooth the path as little as mends the finding."""
    only_this, angular = replace(checker, only=(finding.code,)), finding.code.startswith("angular")
    for metres, degrees in SMOOTHING:
        track = smooth(
            shot.camera.track,
            tolerance=0.0 if angular else metres,
            tolerance_rad=np.radians(degrees) if angular else 0.0,
        )
        candidate = shot.with_camera(replace(shot.camera, track=track))
        found = only_this(candidate).find(*finding.key)
        if found is None or found.holds:
            within = f"{degrees:g} degrees" if angular else f"{metres:g} m"
            return Changed(candidate, f"smoothed within {within}")
    return f"smoothing within {SMOOTHING[-1][0]:g} m or {SMOOTHING[-1][1]:g} degrees is not enough"


def flatten(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """What a rig's property allows: one height for a dolly, a smooth hand; other properties need another rig."""
    if finding.about == "shake":
        return iron_out(shot, finding, checker)
    if finding.about != "height":
        return "this move needs another rig"
    arrays = ShotArrays.of(shot, checker.subjects)
    heights = arrays.eye[:, 2]
    middle = (heights.max() + heights.min()) / 2
    share = finding.limit * (1 - MARGIN) / np.ptp(heights)
    poses = arrays.T_world_cam.copy()
    poses[:, 2, 3] = middle + share * (heights - middle)
    moved = float(np.abs(poses[:, 2, 3] - heights).max())
    if moved > FARTHEST_M / 2:
        return f"its height would have to change by {moved:.2f} m; this move needs another rig"
    return Changed(_with_poses(shot, poses), f"kept at one height; the path moves by up to {moved:.2f} m")


def keep(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """The line of action is a matter of the whole path."""
    return "only another path stays on one side of the line; cut, or start on the other side"


def leave(shot: Shot, finding: Finding, checker: Checker) -> Changed | str:
    """Composition is a matter of taste."""
    return "it is a hint, and left to taste"


REMEDIES: Mapping[str, Remedy] = {
    "clearance": keep_clear,
    "rig": flatten,
    "roll": level,
    "occlusion": step_aside,
    "in-frame": aim,
    "size-min": zoom,
    "size-max": zoom,
    "line": keep,
    "jerk": slow_down,
    "acceleration": slow_down,
    "angular-acceleration": slow_down,
    "speed": slow_down,
    "angular-rate": slow_down,
    "thirds": leave,
}
"""Name of a check -> its remedy, in the order in which checks are mended: places, then views, then timing."""


def _with_poses(shot: Shot, T_world_cam: Float64) -> Shot:
    pose = SE3.from_matrix(torch.from_numpy(homogeneous(T_world_cam)))
    return shot.with_camera(replace(shot.camera, track=replace(shot.camera.track, T_world_body=pose)))


def _with_zoom(shot: Shot, factor: Float64) -> Shot:
    camera = shot.camera
    scale = torch.from_numpy(np.stack([factor, factor, np.ones_like(factor), np.ones_like(factor)], axis=1))
    return shot.with_camera(Trajectory(camera.track, Intrinsics(camera.intrinsics.fx_fy_cx_cy * scale, camera.size_wh)))


def _way_out(arrays: ShotArrays, surroundings: Surroundings, distance: Float64) -> Float64:
    """Unit directions [n, 3] in which the distance grows; out of a solid, towards the nearest free place."""
    steps = _PROBE_M * np.concatenate([np.eye(3), -np.eye(3)])
    around = [surroundings.distances(arrays.times_s, arrays.eye + step)[0] for step in steps]
    gradient = np.stack(around[:3], axis=1) - np.stack(around[3:], axis=1)
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    way = gradient / np.maximum(length, 1e-12)
    lost = np.flatnonzero((distance <= 0) | (length[:, 0] < 1e-9))
    for radius in (0.1, 0.25, 0.5, 1.0, 2.0):
        if len(lost) == 0:
            break
        sides = np.array([(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (0, 1) if x or y or z], float)
        sides /= np.linalg.norm(sides, axis=1, keepdims=True)
        found = np.stack(
            [surroundings.distances(arrays.times_s[lost], arrays.eye[lost] + radius * s)[0] for s in sides]
        )
        free = found.max(axis=0) > 0
        way[lost[free]] = sides[found.argmax(axis=0)[free]]
        lost = lost[~free]
    return way


def _aimed(arrays: ShotArrays, subject: Subject, share: Float64) -> tuple[ShotArrays, Subject]:
    """The camera turned by a share [n] of the way to look straight at a subject, and the subject as it sees it."""
    poses = turn_towards(homogeneous(arrays.T_world_cam), subject.centre, _UP, share)[:, :3]
    turned = replace(arrays, T_world_cam=poses)
    return turned, _seen(turned, subject)


def _seen(arrays: ShotArrays, subject: Subject) -> Subject:
    """The same subject in the axes of a camera that has moved."""
    return replace(subject, corners_cam=in_camera(subject.corners, arrays.T_world_cam))


def _orbited(arrays: ShotArrays, subject: Subject, offset: Float64) -> Float64:
    """Poses [n, 3, 4] moved by offsets [n, 3] and turned so that the subject stays where it is on the screen."""
    poses = homogeneous(arrays.T_world_cam)
    before = turn_towards(poses, subject.centre, _UP, np.ones(len(poses)))[:, :3, :3]
    poses[:, :3, 3] += offset
    after = turn_towards(poses, subject.centre, _UP, np.ones(len(poses)))[:, :3, :3]
    poses[:, :3, :3] = after @ np.swapaxes(before, 1, 2) @ arrays.R_world_cam
    return poses[:, :3]


def _zoom_for_share(arrays: ShotArrays, subject: Subject, wanted: float) -> Float64 | None:
    """Smooth factors [n] of the focal length with which enough of a subject is in the frame; None where none helps."""
    factors = np.geomspace(1.0, 1 / MOST_ZOOM, 25)
    inside = []
    for factor in factors:
        wide = replace(arrays, fx_fy_cx_cy=arrays.fx_fy_cx_cy * np.array([factor, factor, 1.0, 1.0]))
        inside.append(share_in_frame(wide, _seen(wide, subject)))
    reached = np.stack(inside) >= wanted
    if not reached.any(axis=0).all():
        return None
    return np.exp(-eased(-np.log(factors[reached.argmax(axis=0)]) * 1.1, arrays.times_s))

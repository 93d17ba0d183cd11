"""Three lines of keys, two angles in degrees and a share of the distance, that film models interpolate to an orbit.

ViewCrafter and TrajectoryCrafter read the same three lines and film different paths: `phi_theta_r` and `theta_phi_r`
say which. Both recommend to move towards what is filmed, which is a negative r to the one and a positive r to the
other: that tells all of their own files apart, and nothing else does. Both place the keys evenly over the film,
interpolate up to three of them on straight lines, and more with a cubic smoothing spline (SciPy's UnivariateSpline
with its default smoothing, the number of keys) whose ends are set back to the first and last key; they read no fourth
line, where Kinoeye says what the keys alone cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text, write_text
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.rows import columns_of
from kinoeye.formats.paths.smoothing_spline import smoothing_spline
from kinoeye.geometry.convention import Float64, rotvec_to_matrix

PHI_THETA, THETA_PHI = "phi theta", "theta phi"
MAX_KEYS = 500
"""ViewCrafter allows 25; a smoothing spline through thousands takes long."""
MAX_KEY = 1e5
"""Largest degree or share of the distance that is read."""
MAX_ANGLE_DEG = 0.1
"""Paths that keys describe to within this angle and `MAX_SHARE` of the distance are written."""
MAX_SHARE = 2e-3
MAX_ELEVATION_DEG = 85.0
STRAIGHT_KEYS = 3
"""So many keys are interpolated on straight lines."""
_POSE_COLUMNS = (7, 8, 9, 12, 16, 17, 19)
"""Rows of so many numbers each are poses, the last of which may break off; keys begin with 0 on every line."""
_MARK = re.compile(r"# kinoeye: one key a frame, lines (phi theta|theta phi) r(?:, elevation (-?[\d.e+-]+) deg)?")


@dataclass(frozen=True)
class OrbitKeys:
    """The lines of a file."""

    lines: tuple[Float64, Float64, Float64]
    """Degrees, degrees, and share of the first distance, as written."""
    order: str | None
    """`PHI_THETA` or `THETA_PHI` where a fourth line says so; then each line has one key a frame."""
    elevation_deg: float = 0.0
    """How far the first camera looks down from the plane of the orbit; only a fourth line says it."""


def sniff_keys(head: FileHead) -> str | None:
    """The order that a fourth line names, or the likelier one of three lines of keys; None for anything else."""
    lines = head.text.rstrip().split("\n")
    if not 3 <= len(lines) <= 4:
        return None
    counts = [columns_of(line) for line in lines[:3]]
    mark = _MARK.fullmatch(lines[3].strip()) if len(lines) == 4 else None
    if min(counts) < 1 or (len(lines) == 4 and mark is None):
        return None
    if mark is not None:
        return mark.group(1)
    rows = [[float(word) for word in line.replace(",", " ").split()] for line in lines[:3]]
    are_poses = counts[0] in _POSE_COLUMNS and counts[0] == counts[1] >= counts[2] and any(row[0] for row in rows)
    if min(counts) < 2 or are_poses:
        return None
    return THETA_PHI if min(rows[2]) >= 0 < max(rows[2]) else PHI_THETA


def read_keys(path: Path, order: str) -> OrbitKeys:
    """The keys of a file whose lines are taken in an order.

    Raises:
        InputError: it has other lines than three of two or more finite numbers, or a fourth that names another order.
    """
    lines = read_text(path).rstrip().split("\n")
    if not 3 <= len(lines) <= 4:
        raise InputError(f"{path} has {len(lines)} lines; three lines of keys (two angles and a distance) are needed")
    mark = _MARK.fullmatch(lines[3].strip()) if len(lines) == 4 else None
    if len(lines) == 4 and mark is None:
        raise InputError(f"{path} line 4 is {lines[3][:40]!r}; three lines of keys are needed and no more")
    keys = tuple(_keys_of(line, f"{path} line {number}") for number, line in enumerate(lines[:3], start=1))
    if mark is None:
        return OrbitKeys((keys[0], keys[1], keys[2]), None)
    if len({len(line) for line in keys}) > 1:
        raise InputError(f"{path} has {' and '.join(str(len(line)) for line in keys)} keys; one a frame is needed")
    if mark.group(1) != order:
        raise InputError(
            f"{path} says that its lines are {mark.group(1)} r; --from {mark.group(1).replace(' ', '-')}-r"
        )
    return OrbitKeys((keys[0], keys[1], keys[2]), order, _elevation(mark.group(2), path))


def frame_values(keys: OrbitKeys, frames: int) -> tuple[Float64, Float64, Float64]:
    """Each line's value at every frame: as written where it has one key a frame, else as the models interpolate."""
    if keys.order is not None:
        return keys.lines
    first, second, third = (interpolated(line, frames) for line in keys.lines)
    return first, second, third


def interpolated(keys: Float64, frames: int) -> Float64:
    """The values [frames] that ViewCrafter and TrajectoryCrafter make of two or more keys."""
    at, places = np.linspace(0, 1, frames), np.linspace(0, 1, len(keys))
    if len(keys) <= STRAIGHT_KEYS:
        return np.interp(at, places, keys)
    values = smoothing_spline(places, keys, at)
    values[[0, -1]] = keys[[0, -1]]
    return values


def write_keys(path: Path, lines: Sequence[Float64], order: str, elevation_deg: float = 0.0) -> None:
    """Write one key a frame on each line, and the fourth line that says so."""
    elevation = f", elevation {elevation_deg!r} deg" if elevation_deg else ""
    mark = f"# kinoeye: one key a frame, lines {order} r{elevation}"
    rows = [" ".join(repr(float(value)) for value in line) for line in lines]
    write_text(path, "\n".join([*rows, mark]) + "\n")


def smoothing_warnings(lines: Sequence[Float64], frames: int, model: str) -> list[str]:
    """How the model's film differs from one key a frame: in length, and by the smoothing of its spline."""
    count = len(lines[0])
    found = [] if count == frames else [f"{model} films {frames} frames; the keys of {count} are written"]
    missed = [float(abs(interpolated(line, count) - line).max()) for line in lines]
    if max(missed[:2]) > MAX_ANGLE_DEG or missed[2] > MAX_SHARE:
        found.append(
            f"{model} smooths keys: its film departs from them by up to {max(missed[:2]):.2g} degrees "
            f"and {missed[2]:.2g} of the distance"
        )
    return found


def relative_to_first(poses: Float64, frames: int) -> Float64:
    """Camera-to-world poses [n, 3, 4] in the frame of the first camera, for a model that films so many frames.

    Raises:
        InputError: there is one frame, or more than `MAX_KEYS`.
    """
    if not 2 <= len(poses) <= MAX_KEYS:
        raise InputError(
            f"2 to {MAX_KEYS} keys can be written and the path has {len(poses)} frames; "
            f"`kinoeye edit IN resample:{frames} -o OUT` makes them as many as the model films"
        )
    first = poses[0]
    relative = first[:, :3].T @ poses
    relative[:, :, 3] -= first[:, :3].T @ first[:, 3]
    return relative


def assumed_distance(centres: Float64) -> tuple[float, list[str]]:
    """Of what is looked at, where the camera never turns: twice its travel; and the warning that says so."""
    travel = float(np.linalg.norm(centres, axis=1).max())
    distance = 2 * travel if travel > 0 else 1.0
    return distance, [f"the camera never turns, so what it looks at is taken to be {distance:.4g} ahead of the first"]


def turn(axis: int, degrees: Float64) -> Float64:
    """Rotations [n, 3, 3] about the x (0) or y (1) axis."""
    return rotvec_to_matrix(np.radians(np.asarray(degrees, np.float64))[:, None] * np.eye(3)[axis])


def departure(poses: Float64, wanted: Float64) -> tuple[float, float]:
    """The largest angle in degrees and the largest distance between poses [n, 3, 4]."""
    chord = np.linalg.norm(poses[:, :, :3] - wanted[:, :, :3], axis=(1, 2)) / np.sqrt(8)
    angle = np.degrees(2 * np.arcsin(np.clip(chord, 0, 1)))
    return float(angle.max()), float(np.linalg.norm(poses[:, :, 3] - wanted[:, :, 3], axis=1).max())


def is_described(angle_deg: float, share: float) -> bool:
    """Whether keys that miss a path by so much describe it."""
    return angle_deg <= MAX_ANGLE_DEG and share <= MAX_SHARE


def departure_warnings(angle_deg: float, share: float) -> list[str]:
    """A warning where keys describe a path almost."""
    if angle_deg > 1e-4 or share > 1e-6:
        return [f"the keys describe the path to within {angle_deg:.2g} degrees and {share:.2g} of the distance"]
    return []


def not_described(departs: tuple[float, float], model: str, kind: str, aiming: str | None) -> InputError:
    """What to say of a path that keys miss by an angle in degrees and a share of the distance.

    Args:
        departs: the angle and the share.
        model: who reads the keys.
        kind: the paths that its keys describe.
        aiming: an edit that makes the path such a one.
    """
    way_out = f"`kinoeye edit IN {aiming} -o OUT` makes it one" if aiming else "write another format, such as re10k"
    return InputError(
        f"{model}'s keys describe {kind}; the nearest of them misses this path by {departs[0]:.3g} degrees and "
        f"{departs[1]:.3g} of the distance; {way_out}"
    )


def aiming_edit(table: PathTable, distance: float, departs: Callable[[Float64], tuple[float, float]]) -> str | None:
    """The edit that aims every camera at what is so far ahead of the first one, if keys describe the path then.

    Args:
        table: the path.
        distance: in its unit; nothing is ahead where it is not positive.
        departs: by how much keys miss camera-to-world poses [n, 3, 4].
    """
    import torch

    from kinoeye.shot.edits.aiming import look_at

    if not 0 < distance < np.inf:
        return None
    first = table.T_world_cam[0]
    words = [f"{x:.6g}" for x in first[:, 3] + distance * first[:, 2]]
    aimed = look_at(table.to_track(fps=DEFAULT_FPS), torch.tensor([float(word) for word in words], dtype=torch.float64))
    try:
        found = departs(aimed.T_world_body.as_matrix()[:, :3].numpy())
    except InputError:
        return None
    return f"look-at:{','.join(words)}" if is_described(*found) else None


def _keys_of(line: str, where: str) -> Float64:
    words = line.replace(",", " ").split()
    if len(words) > MAX_KEYS:
        raise InputError(f"{where} has {len(words):,} keys; at most {MAX_KEYS:,} are read")
    try:
        keys = np.array([float(word) for word in words])
    except ValueError as error:
        raise InputError(f"{where} holds something else than numbers") from error
    if len(keys) < 2:
        raise InputError(f"{where} has {len(keys)} keys; two or more are needed, a first and a last one")
    if not (abs(keys) <= MAX_KEY).all():
        raise InputError(f"{where} has a key that is not between {-MAX_KEY:g} and {MAX_KEY:g}")
    return keys


def _elevation(word: str | None, path: Path) -> float:
    try:
        degrees = float(word or 0)
    except ValueError:
        degrees = np.inf
    if abs(degrees) > MAX_ELEVATION_DEG:
        raise InputError(
            f"{path} line 4 has the elevation {word}; -{MAX_ELEVATION_DEG:g} to {MAX_ELEVATION_DEG:g} is read"
        )
    return degrees

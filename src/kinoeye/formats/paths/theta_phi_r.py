"""TrajectoryCrafter camera keys: lines of theta (up), phi (right) and r (forward).

With OpenCV axes and the distance to what the first camera looks at as the unit, a camera is turned by
R = Rx(-theta) Ry(-phi) and stands at (0, 0, 1 + r) - R (0, 0, 1): at one distance from a point that slides along the
first camera's axis. TrajectoryCrafter takes the distance from the depth at the centre of its first picture (times
`--radius_scale`, at most 5), and films 49 frames. Source: github.com/TrajectoryCrafter/TrajectoryCrafter,
docs/config_help.md, demo.py (get_poses) and models/utils.py, whose poses are used as world-to-camera.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import orbit_keys
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENCV, Float64

NAME = "theta-phi-r"
TITLE = "TrajectoryCrafter camera keys: lines of theta, phi, r"
FILE_NAMES = ("theta_phi_r.txt", "*.theta-phi-r.txt", "*.theta_phi_r.txt", "*trajectorycrafter.txt")
DEFAULT_NAME = "theta_phi_r.txt"
CONVENTION = OPENCV
HOLDS = frozenset[str]()
NEEDS = frozenset[str]()
ORDER = orbit_keys.THETA_PHI
FRAMES = 49
MODEL = "TrajectoryCrafter"
KIND = (
    "a camera that keeps its distance from a point straight ahead of the first camera, which may slide to or fro, and "
    "turns about that camera's x and y axes"
)


def sniff(head: FileHead) -> bool:
    """Three lines of keys whose r rises above zero and never goes below, or a fourth that names this order."""
    return orbit_keys.sniff_keys(head) == ORDER


def read(path: Path) -> PathTable:
    """Read the path relative to the camera of zero keys, as TrajectoryCrafter films it."""
    keys = orbit_keys.read_keys(path, ORDER)
    notes = ["the unit of length is the distance to what the first camera looks at"]
    if keys.order is None:
        notes += [
            f"{max(map(len, keys.lines))} keys are interpolated to {FRAMES} frames as TrajectoryCrafter does",
            "ViewCrafter's files (phi, theta, r) look like this and mean another path: --from phi-theta-r",
        ]
    return PathTable(
        matrices=_orbit(*orbit_keys.frame_values(keys, FRAMES)),
        convention=CONVENTION,
        format=NAME,
        notes=tuple(notes),
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write one key a frame.

    Raises:
        InputError: the path is none that such keys describe, or too long.
    """
    lines, departs, warnings = _fit(table.matrices)
    if not orbit_keys.is_described(*departs):
        aiming = orbit_keys.aiming_edit(table, _circled(table.matrices), lambda poses: _fit(poses)[1])
        raise orbit_keys.not_described(departs, MODEL, KIND, aiming)
    warnings += orbit_keys.departure_warnings(*departs)
    warnings += orbit_keys.smoothing_warnings(lines, FRAMES, MODEL)
    orbit_keys.write_keys(path, lines, ORDER)
    return warnings


def _orbit(theta: Float64, phi: Float64, r: Float64) -> Float64:
    """Camera-to-world poses [n, 3, 4] relative to the camera of zero keys; angles in degrees, distance 1."""
    turned = orbit_keys.turn(0, -theta) @ orbit_keys.turn(1, -phi)
    centre = (1 + r)[:, None] * np.eye(3)[2] - turned[:, :, 2]
    return np.concatenate([turned, centre[:, :, None]], -1)


def _fit(poses: Float64) -> tuple[list[Float64], tuple[float, float], list[str]]:
    """The keys nearest to camera-to-world poses, by how much they miss, and what had to be assumed.

    Raises:
        InputError: as `_distance`.
    """
    poses = orbit_keys.relative_to_first(poses, FRAMES)
    distance, warnings = _distance(poses)
    poses[:, :, 3] /= distance
    theta = np.unwrap(np.arctan2(-poses[:, 2, 1], poses[:, 1, 1]))
    phi = np.unwrap(np.arctan2(-poses[:, 0, 2], poses[:, 0, 0]))
    lines = [np.degrees(theta), np.degrees(phi), poses[:, 2, 3] - 1 + poses[:, 2, 2]]
    return lines, orbit_keys.departure(_orbit(*lines), poses), warnings


def _circled(poses: Float64) -> float:
    """How far ahead of the first camera the point lies from which all cameras are about as far as the first."""
    centres = orbit_keys.relative_to_first(poses, FRAMES)[:, :, 3]
    ahead = centres[:, 2]
    return float(((centres**2).sum(1) * ahead).sum() / max(2 * (ahead**2).sum(), 1e-300))


def _distance(poses: Float64) -> tuple[float, list[str]]:
    """The distance that turns keep, by how far the cameras move sideways as they turn, and what had to be assumed.

    Raises:
        InputError: they turn without moving, or move the other way.
    """
    sideways, turned = poses[:, :2, 3], poses[:, :2, 2]
    square = float((turned * turned).sum())
    if square < 1e-12 * len(poses):
        return orbit_keys.assumed_distance(poses[:, :, 3])
    distance = -float((sideways * turned).sum()) / square
    if distance <= 1e-6 * max(1e-12, float(abs(poses[:, :, 3]).max())):
        what = (
            "turns in its place" if abs(poses[:, :, 3]).max() < 1e-9 else "looks at no point ahead of it all the time"
        )
        raise InputError(f"{MODEL}'s keys describe {KIND}; this one {what}; write another format, such as re10k")
    return distance, []

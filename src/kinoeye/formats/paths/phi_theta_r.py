"""ViewCrafter camera keys: lines of phi (right), theta (down) and r (away) about what the first camera looks at.

With OpenCV axes, that distance as the unit and the first picture looking down by e, a camera is turned by
Ry(-phi) Rx(theta) Rx(-e) and stands at Ry(-phi) Rx(theta) (0, -sin e, -(1 + r) cos e) from what it looks at.
ViewCrafter takes the distance from the depth at the centre of its picture (times `--center_scale`), e from
`--elevation`, and films 25 frames. Source: github.com/Drexubery/ViewCrafter, docs/render_help.md and
utils/pvd_utils.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import orbit_keys
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.geometry.convention import OPENCV, Float64

NAME = "phi-theta-r"
TITLE = "ViewCrafter camera keys: lines of phi, theta, r"
FILE_NAMES = ("phi_theta_r.txt", "*.phi-theta-r.txt", "*.phi_theta_r.txt", "*viewcrafter.txt")
DEFAULT_NAME = "phi_theta_r.txt"
CONVENTION = OPENCV
HOLDS = frozenset[str]()
NEEDS = frozenset[str]()
ORDER = orbit_keys.PHI_THETA
FRAMES = 25
MODEL = "ViewCrafter"
KIND = "an upright camera that circles one point and always looks at it"
_Lines = tuple[Float64, Float64, Float64]
_Fit = tuple[_Lines, float, tuple[float, float]]
"""Keys, the elevation of the first camera, and by how many degrees and which share of the distance they miss."""


def sniff(head: FileHead) -> bool:
    """Three lines of keys whose r goes below zero or stays there, or a fourth that names this order."""
    return orbit_keys.sniff_keys(head) == ORDER


def read(path: Path) -> PathTable:
    """Read the path relative to the camera of zero keys, as ViewCrafter films it from a level picture."""
    keys = orbit_keys.read_keys(path, ORDER)
    phi, theta, r = orbit_keys.frame_values(keys, FRAMES)
    notes = ["the unit of length is the distance to what the first camera looks at"]
    if keys.order is None:
        notes += [
            f"{max(map(len, keys.lines))} keys are interpolated to {FRAMES} frames as ViewCrafter does, from a level "
            "picture (--elevation 0)",
            "TrajectoryCrafter's files (theta, phi, r) look like this and mean another path: --from theta-phi-r",
        ]
    return PathTable(
        matrices=_orbit(phi, theta, r, keys.elevation_deg),
        convention=CONVENTION,
        format=NAME,
        notes=tuple(notes),
    )


def write(table: PathTable, path: Path) -> list[str]:
    """Write one key a frame.

    Raises:
        InputError: the path is no orbit about one point that the camera looks at, or too long.
    """
    (lines, elevation, departs), warnings = _nearest(table.matrices)
    if not orbit_keys.is_described(*departs):
        ahead = _distance(orbit_keys.relative_to_first(table.matrices, FRAMES))[0]
        aiming = orbit_keys.aiming_edit(table, ahead, lambda poses: _nearest(poses)[0][2])
        raise orbit_keys.not_described(departs, MODEL, KIND, aiming)
    warnings += orbit_keys.departure_warnings(*departs)
    warnings += orbit_keys.smoothing_warnings(lines, FRAMES, MODEL)
    if elevation:
        warnings.append(f"the first camera looks down by {elevation:.3g} degrees: give ViewCrafter that --elevation")
    orbit_keys.write_keys(path, lines, ORDER, elevation)
    return warnings


def _orbit(phi: Float64, theta: Float64, r: Float64, elevation_deg: float) -> Float64:
    """Camera-to-world poses [n, 3, 4] relative to the camera of zero keys; angles in degrees, distance 1."""
    anchor = orbit_keys.turn(0, np.array([-elevation_deg]))[0]
    turned = orbit_keys.turn(1, -phi) @ orbit_keys.turn(0, theta)
    place = -anchor[:, 2] - r[:, None] * np.cos(np.radians(elevation_deg)) * np.eye(3)[2]
    centre = (turned @ place[:, :, None])[:, :, 0] @ anchor + np.eye(3)[2]
    return np.concatenate([anchor.T @ turned @ anchor, centre[:, :, None]], -1)


def _nearest(poses: Float64) -> tuple[_Fit, list[str]]:
    """The keys nearest to camera-to-world poses, and what had to be assumed.

    Raises:
        InputError: as `_distance`.
    """
    poses = orbit_keys.relative_to_first(poses, FRAMES)
    distance, warnings = _distance(poses)
    poses[:, :, 3] /= distance
    fits = [_fit(poses, elevation) for elevation in (0.0, _elevation_deg(poses))]
    return min(fits, key=lambda fit: max(fit[2])), warnings


def _fit(poses: Float64, elevation_deg: float) -> _Fit:
    """The keys nearest to poses of distance 1, for an elevation of the first camera, and by how much they miss."""
    anchor = orbit_keys.turn(0, np.array([-elevation_deg]))[0]
    turned = anchor @ poses[:, :, :3] @ anchor.T
    phi = np.unwrap(np.arctan2(turned[:, 2, 0], turned[:, 0, 0]))
    theta = np.unwrap(np.arctan2(-turned[:, 1, 2], turned[:, 1, 1]))
    place = np.swapaxes(turned, 1, 2) @ (anchor @ (poses[:, :, 3] - np.eye(3)[2]).T).T[:, :, None]
    r = -(place[:, 2, 0] + anchor[2, 2]) / np.cos(np.radians(elevation_deg))
    lines = (np.degrees(phi), np.degrees(theta), r)
    return lines, elevation_deg, orbit_keys.departure(_orbit(*lines, elevation_deg), poses)


def _elevation_deg(poses: Float64) -> float:
    """How far the first camera looks down, if the vertical is what all cameras' x axes are square to."""
    x_axes = poses[:, :, 0]
    down = np.linalg.svd(x_axes)[2][2]
    down = down if down[1] >= 0 else -down
    elevation = float(np.degrees(np.arctan2(down[2], down[1])))
    return elevation if abs(elevation) <= orbit_keys.MAX_ELEVATION_DEG else 0.0


def _distance(poses: Float64) -> tuple[float, list[str]]:
    """From the first camera to the point where the cameras' axes meet, and what had to be assumed.

    Raises:
        InputError: they meet at the first camera or behind it.
    """
    centres, view = poses[:, :, 3], poses[:, :, 2]
    across = np.eye(3) - view[:, :, None] * view[:, None, :]
    normal = across.sum(0)
    if np.linalg.eigvalsh(normal)[0] < 1e-8 * len(poses):
        return orbit_keys.assumed_distance(centres)
    meeting = np.linalg.solve(normal, (across @ centres[:, :, None]).sum(0))[:, 0]
    distance = float(meeting[2])
    if distance <= 1e-6 * max(1e-12, float(abs(centres).max())):
        what = "turns in its place" if abs(centres).max() < 1e-9 else "looks at no point ahead of it all the time"
        raise InputError(f"ViewCrafter's keys describe {KIND}; this one {what}; write another format, such as re10k")
    return distance, []

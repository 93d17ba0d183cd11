"""Hints from motion: poses stored in the other direction, and OpenGL axes mixed up with OpenCV axes.

Both faults leave every matrix a proper rotation, so only what cameras usually do tells them: real camera centres
move more smoothly than the centres of the inverted poses, cameras that turn travel forward more often than backward,
and hold their heads up. Thresholds were set on 55 real paths: docs/formats.md states what they find.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.geometry.convention import Float64, invert, matrix_to_rotvec

if TYPE_CHECKING:
    from kinoeye.formats.diagnosis import Diagnosis
    from kinoeye.formats.path_table import PathTable

ROUGHER = 1.3
"""How much rougher than its inverse a path must be to be suspected; clean real paths reach 1.06."""
ROUGHER_BACKWARD = 1.03
"""The same for a path that also travels backward where its inverse travels forward."""
BACKWARD = -0.35
"""Mean cosine between travel and view; clean real paths that turn stay above -0.13."""
MIN_TURN = np.radians(5.0)
"""Total rotation under which travelling backward says nothing: it may be a straight pull-out."""
UPSIDE_DOWN = 0.7
"""Cosine between the camera's mean up and the opposite of a usual up, -y or +z, of an unnamed world."""


@dataclass(frozen=True)
class _Motion:
    """Statistics of one reading of a path."""

    length: float
    """Of the path of the centres."""
    roughness: float
    """Sum of second differences of the centres over the length."""
    forward: float
    """Mean cosine between travel and viewing direction, weighted by length."""
    turn: float
    """Total rotation in radians."""


def motion_hints(table: PathTable) -> Iterator[Diagnosis]:
    """Findings "direction" and "axes" of a table whose matrices are sound."""
    from kinoeye.formats.diagnosis import Diagnosis

    frames = tuple(range(len(table)))
    poses = table.T_world_cam
    if len(frames) < 4:
        return
    written, inverted = _motion(poses), _motion(invert(poses))
    rougher = _rougher(written, inverted, poses)
    if written.length > 0 and _is_inverse(written, inverted, rougher):
        stored, other = ("world-to-camera", "camera-to-world")
        if table.convention.direction == "cam_to_world":
            stored, other = other, stored
        text = f"the motion is more likely if the poses are {other}, not {stored} as {table.format} has them"
        yield Diagnosis("direction", "hint", frames, text)
    evidence = _axes_evidence(table, poses, written)
    if evidence:
        text = f"{evidence}: OpenGL and OpenCV camera axes may be mixed up"
        yield Diagnosis("axes", "hint", frames, text)


def _motion(poses: Float64) -> _Motion:
    steps = np.diff(poses[:, :, 3], axis=0)
    length = float(np.linalg.norm(steps, axis=1).sum())
    bends = float(np.linalg.norm(np.diff(steps, axis=0), axis=1).sum())
    view = 0.5 * (poses[:-1, :, 2] + poses[1:, :, 2])
    turns = matrix_to_rotvec(np.swapaxes(poses[:-1, :, :3], 1, 2) @ poses[1:, :, :3])
    safe = max(length, 1e-300)
    return _Motion(length, bends / safe, float((steps * view).sum()) / safe, float(np.linalg.norm(turns, axis=1).sum()))


def _rougher(written: _Motion, inverted: _Motion, poses: Float64) -> float:
    """How much rougher the written path is than its inverse; 1 where nothing can be said.

    The geometric mean of the ratio of bends per length and the ratio of bends: the first alone mistakes a noisy but
    slow path, the second an orbit about the world's origin, whose inverse stands still.
    """
    extent = max(abs(poses[:, :, 3]).max(), abs(invert(poses)[:, :, 3]).max())
    if min(written.length, inverted.length) <= 1e-2 * extent:
        return 1.0
    tiny = 1e-9  # perfectly straight paths have no bends
    per_length = (written.roughness + tiny) / (inverted.roughness + tiny)
    bends = per_length * written.length / inverted.length
    if min(per_length, bends) < 1 < max(per_length, bends) and abs(per_length - 1) < 0.15:
        return 1.0  # two circles of different radius are equally plausible
    return per_length * float(np.sqrt(bends))


def _is_inverse(written: _Motion, inverted: _Motion, rougher: float) -> bool:
    if rougher > ROUGHER:
        return True
    turns_back = written.forward < BACKWARD and inverted.forward > -BACKWARD and written.turn > MIN_TURN
    return turns_back and rougher > ROUGHER_BACKWARD


def _axes_evidence(table: PathTable, poses: Float64, motion: _Motion) -> str:
    """Why the camera's y and z axes look negated, or an empty string."""
    up = -poses[:, :, 1].mean(0)
    if table.convention.world_axes is not None:
        return "the camera is upside down from first to last" if poses[:, 2, 1].min() > 0.3 else ""
    if table.convention.camera_axes == "RDF" and np.allclose(poses[0, :, :3], np.diag([1.0, -1.0, -1.0]), atol=1e-6):
        return "the first camera is the identity with y and z negated"
    upside_down = max(up[1], -up[2]) > UPSIDE_DOWN * float(np.linalg.norm(up)) > 0.5 * UPSIDE_DOWN
    if upside_down and motion.forward < BACKWARD:
        return "the camera is upside down and travels backward"
    if upside_down and _looks_away(poses):
        return "the camera is upside down and looks away from what it circles"
    if motion.forward < -0.8 and motion.turn > np.radians(60):
        return "the camera travels backward through its turns"
    return ""


def _looks_away(poses: Float64) -> bool:
    """Whether viewing axes of many directions meet behind the cameras."""
    centres, view = poses[:, :, 3], poses[:, :, 2]
    across = np.eye(3) - view[:, :, None] * view[:, None, :]
    normal = across.sum(0)
    if np.linalg.eigvalsh(normal)[0] < 0.05 * len(poses):
        return False
    meeting = np.linalg.solve(normal, (across @ centres[:, :, None]).sum(0))[:, 0]
    ahead = ((meeting - centres) * view).sum(1) / np.maximum(np.linalg.norm(meeting - centres, axis=1), 1e-12)
    return bool(ahead.mean() < -0.7)

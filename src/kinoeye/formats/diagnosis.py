"""What is wrong or suspicious in a camera path as written: faults of matrices, times and intrinsics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from kinoeye.geometry.convention import Float64

if TYPE_CHECKING:
    from kinoeye.formats.path_table import PathTable

Severity = Literal["error", "warning", "hint"]

TOLERANCE = 1e-3
"""Deviation of singular values from 1 that counts as rounding: files with four decimals reach 2e-4."""
DEGENERATE = 1e-6
"""Ratio of the smallest to the largest singular value under which a block has no rotation in it."""
TELEPORT = 30.0
"""A step of this many times the median step is a jump."""


@dataclass(frozen=True)
class Diagnosis:
    """One finding about a camera path."""

    code: str
    """Also the name of its repair, where there is one."""
    severity: Severity
    """"error" cannot be used as it is, "warning" is probably wrong, "hint" may be meant."""
    frames: tuple[int, ...]
    """Indices of the frames concerned."""
    message: str


def diagnose(table: PathTable) -> list[Diagnosis]:
    """Every finding about a table, errors first."""
    if len(table) == 0:
        return [Diagnosis("empty", "error", (), "there are no poses")]
    findings = [*table.findings, *_blocks(table), *_intrinsics(table), *_times(table)]
    if not any(finding.severity == "error" for finding in findings):
        from kinoeye.formats.motion_hints import motion_hints
        from kinoeye.formats.plausibility import implausible_motion

        findings += [*_motion(table), *implausible_motion(table), *motion_hints(table)]
    order = {"error": 0, "warning": 1, "hint": 2}
    return sorted(findings, key=lambda finding: order[finding.severity])


def finite_frames(table: PathTable) -> np.ndarray:
    """[n] bool: every number of the frame's pose, intrinsics and time is finite."""
    columns = [table.matrices, table.intrinsics, table.times_s]
    finite = [np.isfinite(c).reshape(len(table), -1).all(1) for c in columns if c is not None]
    return np.logical_and.reduce(finite)


def singular_values(matrices: Float64) -> Float64:
    """[n, 3] singular values, largest first, of the 3x3 blocks; NaN where a block is not finite."""
    blocks = matrices[:, :, :3]
    finite = np.isfinite(blocks).all((1, 2))
    values = np.full((len(blocks), 3), np.nan)
    values[finite] = np.linalg.svd(blocks[finite], compute_uv=False)
    return values


def degenerate_frames(matrices: Float64) -> np.ndarray:
    """[n] bool: the 3x3 block is finite but of lower rank, so that no repair can know the rotation."""
    values = singular_values(matrices)
    with np.errstate(invalid="ignore"):
        return values[:, 2] <= DEGENERATE * values[:, 0]


def reflected_frames(matrices: Float64) -> np.ndarray:
    """[n] bool: the 3x3 block has a negative determinant."""
    values = singular_values(matrices)
    usable = ~(np.isnan(values[:, 0]) | degenerate_frames(matrices))
    reflected = np.zeros(len(matrices), bool)
    reflected[usable] = np.linalg.det(matrices[usable, :, :3] / values[usable, :1, None]) < 0
    return reflected


def nearest_rotation(blocks: Float64) -> Float64:
    """The orthogonal matrices [n, 3, 3] nearest in the Frobenius norm, of the same handedness (polar factor)."""
    U, _, Vh = np.linalg.svd(blocks)
    return U @ Vh


def describe_frames(frames: np.ndarray, count: int) -> str:
    """Such as "frame 3", "frames 0-4 and 7", or "all 49 frames"."""
    if len(frames) == count:
        return f"all {count} frames" if count > 1 else "the only frame"
    runs = np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1)
    words = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    if len(words) > 4:
        words = [*words[:3], f"{len(words) - 3} more runs"]
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"{'frame' if len(frames) == 1 else 'frames'} {joined}"


def finding(code: str, severity: Severity, mask: np.ndarray, message: str) -> Iterator[Diagnosis]:
    """One finding about the frames of a mask [n], or none; "{frames}" in the message names them."""
    frames = np.flatnonzero(mask)
    if len(frames):
        text = message.format(frames=describe_frames(frames, len(mask)))
        yield Diagnosis(code, severity, tuple(int(i) for i in frames), text)


def _blocks(table: PathTable) -> Iterator[Diagnosis]:
    """Findings about the numbers and the 3x3 blocks of the poses."""
    yield from finding("nan", "error", ~finite_frames(table), "NaN or infinity in {frames}")
    matrices = table.matrices
    degenerate = degenerate_frames(matrices)
    yield from finding("degenerate", "error", degenerate, "{frames}: the rotation block has no inverse")
    reflected = reflected_frames(matrices)
    choice = "; --repair reflection mirrors the world, reflection-camera the camera" if reflected.all() else ""
    yield from finding(
        "reflection", "error", reflected, f"{{frames}}: a reflection, not a rotation (determinant -1){choice}"
    )
    values = singular_values(matrices)
    usable = ~(np.isnan(values[:, 0]) | degenerate)
    with np.errstate(invalid="ignore", divide="ignore"):
        sheared = usable & (values[:, 0] / values[:, 2] - 1 > 2 * TOLERANCE)
    yield from finding(
        "not-orthogonal", "error", sheared, "{frames}: the rotation block is not orthogonal (sheared or stretched)"
    )
    scale = values.mean(1)
    scaled = usable & ~sheared & (abs(scale - 1) > TOLERANCE)
    if scaled.any():
        low, high = scale[scaled].min(), scale[scaled].max()
        size = f"{low:.4g}" if high - low < 1e-3 * high else f"{low:.4g} to {high:.4g}"
        cause = " (a quaternion that is not of unit length)" if table.convention.quaternion_order else ""
        yield from finding("scaled", "error", scaled, f"{{frames}}: the rotation block is scaled by {size}{cause}")


def _intrinsics(table: PathTable) -> Iterator[Diagnosis]:
    K = table.intrinsics
    if K is not None:
        with np.errstate(invalid="ignore"):
            wrong = (K[:, 0, 0] <= 0) | (K[:, 1, 1] <= 0)
            skewed = abs(K[:, 0, 1]) > 1e-6 * abs(K[:, 0, 0])
        yield from finding("focal", "error", wrong, "{frames}: a focal length is not positive")
        from kinoeye.formats.plausibility import implausible_intrinsics

        yield from implausible_intrinsics(table)
        yield from finding("skew", "warning", skewed & ~wrong, "{frames}: pixel skew, which pinhole cameras here lose")
    if table.lens != "perspective":
        text = f"the lens is {table.lens}: a pinhole with these intrinsics fits only the centre of the image"
        yield Diagnosis("lens", "warning", tuple(range(len(table))), text)


def _times(table: PathTable) -> Iterator[Diagnosis]:
    times = table.times_s
    if times is None or len(times) < 2:
        return
    before = np.fmax.accumulate(times)[:-1]
    with np.errstate(invalid="ignore"):
        duplicate = np.concatenate([[False], np.diff(times) == 0])
        backward = np.concatenate([[False], times[1:] < before])
    yield from finding("duplicate-times", "error", duplicate, "{frames}: the same time as the frame before")
    yield from finding("backward-times", "error", backward, "{frames}: earlier than a frame before")


def _motion(table: PathTable) -> Iterator[Diagnosis]:
    """Findings about the motion of a path whose matrices are sound."""
    if len(table) == 1:
        yield Diagnosis("one-frame", "hint", (0,), "one camera only: there is no motion")
        return
    poses = table.T_world_cam
    steps = np.linalg.norm(np.diff(poses[:, :, 3], axis=0), axis=1)
    if steps.max() <= 1e-9 * max(1.0, abs(poses[:, :, 3]).max()):
        turning = abs(poses[:, :, :3] - poses[:1, :, :3]).max() > 1e-6
        text = "the camera turns but never leaves its place" if turning else "the camera never moves"
        yield Diagnosis("static", "hint", tuple(range(len(table))), text)
        return
    typical = np.median(steps[steps > 0])
    jumps = np.concatenate([[False], steps > TELEPORT * typical]) if len(steps) >= 10 else np.zeros(len(table), bool)
    yield from finding("teleport", "warning", jumps, f"{{frames}}: a step over {TELEPORT:g} times the median step")

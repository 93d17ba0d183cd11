"""Values that are possible but hardly meant: units, normalised calibrations, orders of quaternions, noise at rest.

No single number proves any of these, so each is a hint or a warning with the evidence in its message; thresholds
were set on real paths: docs/formats.md states what they find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.geometry.convention import Float64, matrix_to_wxyz, wxyz_to_matrix

if TYPE_CHECKING:
    from kinoeye.formats.diagnosis import Diagnosis
    from kinoeye.formats.path_table import PathTable

FAST_M_PER_S = 60.0
"""A median speed above this, 216 km/h, is rather a path in centimetres; cars of KITTI drive 15 m/s."""
LONG_STEP_M = 2.0
"""The same for the median step of a path without times; KITTI's cars make 0.8 m."""
SHORT_PATH_M = 0.1
"""A path written in centimetres that is shorter in all is rather one in metres; presets of ReCamMaster make 2 m."""
JITTER = 1.5
"""Spread of the centres over the size of the steps below which a path only trembles; white noise has 0.7."""
LONG_FOCAL = 30.0
"""A focal length of so many image widths (2 degrees of view) is rather one in pixels that is read as normalised."""
SHORT_FOCAL = 0.02
"""A focal length of so few image widths (175 degrees of view) is rather a normalised one that is read in pixels."""
NARROW_DEG, WIDE_DEG = 1.0, 170.0
"""Horizontal views outside these belong to telescopes, or to a calibration that failed."""
COHERENT, INCOHERENT = 0.9, 0.5
"""Mean cosine between travel and view with the quaternions in the other order, and as they are, to suspect it."""


def implausible_intrinsics(table: PathTable) -> Iterator[Diagnosis]:
    """Findings "normalised-intrinsics", "pixel-intrinsics", "field-of-view" and "principal-point"."""
    from kinoeye.formats.diagnosis import finding

    if table.intrinsics is None:
        return
    width, height = table.size_wh or (None, None)
    fx, cx, cy = (table.intrinsics[:, i, j] for i, j in ((0, 0), (0, 2), (1, 2)))
    with np.errstate(invalid="ignore"):
        if width == height == 1:
            pixels = (fx > LONG_FOCAL) & (cx > 2)
            text = (
                "{frames}: a focal length of " + f"{np.nanmax(fx, initial=0):.4g} image widths: pixels, not fractions?"
            )
            yield from finding("pixel-intrinsics", "error", pixels, text)
            outside = ~pixels & ((cx < 0) | (cx > 1) | (cy < 0) | (cy > 1))
        else:
            most = SHORT_FOCAL * width if width else 10.0
            fractions = (fx > 0) & (fx < most) & (cx <= 2)
            text = (
                "{frames}: a focal length of " + f"{np.nanmin(fx, initial=np.inf):.4g} pixels: a fraction of the width?"
            )
            yield from finding("normalised-intrinsics", "error", fractions, text)
            if width is None or height is None:
                return
            outside = ~fractions & ((cx < 0) | (cx > width) | (cy < 0) | (cy > height))
    view = np.zeros(len(table)) if table.fov_deg is None else table.fov_deg[:, 0]
    with np.errstate(invalid="ignore"):
        odd = (fx > 0) & ((view < NARROW_DEG) | (view > WIDE_DEG)) & (table.lens == "perspective")
    span = f"{np.nanmin(view[odd], initial=360):.4g} to {np.nanmax(view[odd], initial=0):.4g}"
    text = f"{{frames}}: a view of {span} degrees: did the calibration fail?"
    yield from finding("field-of-view", "warning", odd, text)
    yield from finding("principal-point", "warning", outside, "{frames}: the principal point lies outside the image")


def implausible_motion(table: PathTable) -> Iterator[Diagnosis]:
    """Findings "centimetres", "metres", "quaternion-order", "left-handed", "first-pose" and "static" within noise."""
    from kinoeye.formats.diagnosis import Diagnosis, finding

    poses = table.T_world_cam
    every = np.ones(len(table), bool)
    yield from finding("centimetres", "hint", every & bool(_too_fast(table, poses)), _too_fast(table, poses))
    yield from finding("metres", "hint", every & bool(_too_short(table, poses)), _too_short(table, poses))
    order = _order_evidence(table, poses)
    yield from finding("quaternion-order", "hint", every & bool(order), order)
    if table.convention.handedness == "left":
        text = f"the world {table.convention.world_axes} of {table.format} is left-handed; reading turns it to ours"
        yield Diagnosis("left-handed", "hint", (), text)
    if table.up is None and abs(poses[0] - np.eye(4)[:3]).max() > 1e-4 * max(1.0, abs(poses[0, :, 3]).max()):
        text = "the first pose is not the identity; models that read relative poses take it as their world"
        yield Diagnosis("first-pose", "hint", (0,), text)
    if _trembles(poses):
        text = "the camera never leaves its place: its steps are as large as its whole spread, which is noise"
        yield Diagnosis("static", "hint", tuple(range(len(table))), text)


def reordered(table: PathTable) -> Float64:
    """Matrices [n, 3, 4] with the quaternions of the file taken in the other order (wxyz for xyzw or the reverse)."""
    shift = 1 if table.convention.quaternion_order == "wxyz" else -1
    wxyz = np.roll(matrix_to_wxyz(table.matrices[:, :, :3]), shift, axis=-1)
    return np.concatenate([wxyz_to_matrix(wxyz), table.matrices[:, :, 3:]], -1)


def _too_fast(table: PathTable, poses: Float64) -> str:
    """Why the metres look like centimetres, or an empty string."""
    steps = _steps(poses)
    if table.unit != "m" or len(steps) < 2:
        return ""
    if table.times_s is None:
        step = float(np.median(steps))
        return f"a median step of {step:.4g} m: centimetres for metres?" if step > LONG_STEP_M else ""
    speed = float(np.median(steps / np.diff(table.times_s)))
    return f"a median speed of {speed:.4g} m/s: centimetres for metres?" if speed > FAST_M_PER_S else ""


def _too_short(table: PathTable, poses: Float64) -> str:
    length = float(_steps(poses).sum())
    if table.convention.metres_per_unit != 0.01 or not 1e-6 < length < SHORT_PATH_M:
        return ""
    return f"a path of {100 * length:.3g} cm in all: metres for centimetres?"


def _order_evidence(table: PathTable, poses: Float64) -> str:
    """Why the quaternions look stored in the other order, or an empty string."""
    if table.convention.quaternion_order is None or len(table) < 4:
        return ""
    from dataclasses import replace

    stored = "wxyz" if table.convention.quaternion_order == "xyzw" else "xyzw"
    other = replace(table, matrices=reordered(table)).T_world_cam
    identity = np.eye(3)
    was_identity, is_identity = (np.allclose(p[0, :, :3], identity, atol=1e-6) for p in (poses, other))
    turns = abs(poses[:, :, :3] - poses[:1, :, :3]).max() > 0.02
    if is_identity and not was_identity:
        return f"only in the order {stored} is the first camera the identity"
    if turns and abs(_forward(poses)) < INCOHERENT and _forward(other) > COHERENT:
        return f"in the order {stored} the camera looks where it travels"
    return ""


def _forward(poses: Float64) -> float:
    """Mean cosine between travel and view, weighted by length."""
    steps = np.diff(poses[:, :, 3], axis=0)
    view = 0.5 * (poses[:-1, :, 2] + poses[1:, :, 2])
    return float((steps * view).sum() / max(float(np.linalg.norm(steps, axis=1).sum()), 1e-300))


def _trembles(poses: Float64) -> bool:
    """Whether centres scatter about one place without a course, and the view hardly turns."""
    if len(poses) < 12:
        return False
    steps = _steps(poses)
    spread = np.linalg.norm(poses[:, :, 3] - poses[:, :, 3].mean(0), axis=1)
    rests = steps.max() <= 1e-9 * max(1.0, float(abs(poses[:, :, 3]).max()))
    turned = abs(poses[:, :, :3] - poses[:1, :, :3]).max() > 0.1
    return bool(not rests and not turned and np.sqrt((spread**2).mean()) < JITTER * np.sqrt((steps**2).mean()))


def _steps(poses: Float64) -> Float64:
    return np.linalg.norm(np.diff(poses[:, :, 3], axis=0), axis=1)

"""How much of a subject something else hides."""

from __future__ import annotations

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.shot.checks.finding import Finding, Measured, judge
from kinoeye.shot.checks.limits import Limits
from kinoeye.shot.checks.shot_arrays import NEAR_M, ShotArrays, Subject, screen_box
from kinoeye.shot.checks.surroundings import Int64, RayCaster

RAYS, CLOSE_RAYS = 384, 4096
"""Rays a frame over the rectangle around a subject, and where the share they find is near the limit or the least."""
CLOSE = 0.06
"""How near that is."""
_SAME_SURFACE = 1e-6


def occlusion(arrays: ShotArrays, subject: Subject, caster: RayCaster, limits: Limits) -> Finding | None:
    """Whether enough of a subject's outline is free of what stands before it, in or out of the frame."""
    visible = visible_share(arrays, subject, caster, RAYS)
    if np.isnan(visible).all():
        return None
    with np.errstate(invalid="ignore"):
        close = np.abs(visible - limits.visible) < CLOSE
        close |= visible < min(np.nanmin(visible) + CLOSE / 2, 1.0)
    close = np.flatnonzero(close)
    visible[close] = visible_share(arrays, subject, caster, CLOSE_RAYS, close)
    return judge(
        "occlusion",
        Measured.by_frame(visible),
        limit=limits.visible,
        sense="at least",
        unit="share",
        severity="error",
        about=subject.name,
        says=f"{{worst}} of the {subject.name} is free of what stands in front of it",
    )


def visible_share(
    arrays: ShotArrays, subject: Subject, caster: RayCaster, rays: int, frames: Int64 | None = None
) -> Float64:
    """Share of a subject's outline on the screen that is visible [f]: its pixels over its pixels alone.

    NaN where the subject is not whole in front of the camera.

    Args:
        arrays: the shot.
        subject: one of its subjects.
        caster: what hides what.
        rays: how many rays a frame; the share is known to about one over their square root, and better.
        frames: indices of frames; all when None.
    """
    frames = np.arange(len(arrays)) if frames is None else frames
    low, high = screen_box(subject.corners_cam[frames], arrays.fx_fy_cx_cy[frames])
    whole = (subject.corners_cam[frames, :, 2] >= NEAR_M).all(axis=1)
    share = np.full(len(frames), np.nan)
    if not whole.any():
        return share
    frames, low, high = frames[whole], low[whole], high[whole]
    xy = low[:, None] + _even_points(rays) * (high - low)[:, None]
    K = arrays.fx_fy_cx_cy[frames, None]
    in_camera = np.concatenate([(xy - K[..., 2:]) / K[..., :2], np.ones((*xy.shape[:2], 1))], axis=2)
    directions = in_camera @ np.swapaxes(arrays.R_world_cam[frames], 1, 2)
    times, eye = arrays.times_s[frames], arrays.eye[frames]
    alone, _ = caster.first_hits(times, eye, directions, only=subject.name)
    first, _ = caster.first_hits(times, eye, directions)
    outline = np.isfinite(alone)
    seen = outline & (first >= alone * (1 - _SAME_SURFACE))
    with np.errstate(invalid="ignore"):
        share[whole] = seen.sum(axis=1) / np.where(outline.any(axis=1), outline.sum(axis=1), np.nan)
    return share


def _even_points(count: int) -> Float64:
    """Points [count, 2] that cover the unit square more evenly than random ones: the R2 sequence (Roberts 2018)."""
    plastic = 1.32471795724474602596
    return (0.5 + np.arange(1, count + 1)[:, None] / np.array([plastic, plastic**2])) % 1.0

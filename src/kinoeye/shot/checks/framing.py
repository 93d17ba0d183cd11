"""Where a subject is on the screen, and how large: whole in the frame, in a band of sizes, near a line of thirds."""

from __future__ import annotations

import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.shot.checks.finding import Finding, Measured, Sense, judge
from kinoeye.shot.checks.limits import Limits
from kinoeye.shot.checks.shot_arrays import NEAR_M, ShotArrays, Subject, screen_box


def in_frame(arrays: ShotArrays, subject: Subject, limits: Limits) -> Finding | None:
    """Whether enough of a subject is inside the frame."""
    return judge(
        "in-frame",
        Measured.by_frame(share_in_frame(arrays, subject)),
        limit=limits.in_frame,
        sense="at least",
        unit="share",
        severity="error",
        about=subject.name,
        says=f"the {subject.name} has {{worst}} of itself in the frame",
    )


def share_in_frame(arrays: ShotArrays, subject: Subject) -> Float64:
    """Share [n] of the rectangle around a subject's box that lies inside the frame; 0 behind the camera."""
    low, high = screen_box(subject.corners_cam, arrays.fx_fy_cx_cy)
    inside = np.clip(high, 0, arrays.size_wh) - np.clip(low, 0, arrays.size_wh)
    return np.nan_to_num(inside.prod(axis=1) / (high - low).prod(axis=1), nan=0.0)


def size(arrays: ShotArrays, subject: Subject, limits: Limits) -> list[Finding | None]:
    """Whether a subject's height on the screen stays within a band, wherever any of it is on the screen."""
    measured = Measured.by_frame(height_on_screen(arrays, subject))
    says = f"the {subject.name} is {{worst}} of the frame's height where it is"
    bands: tuple[tuple[str, float, Sense, str], ...] = (
        ("size-min", limits.size_min, "at least", "smallest"),
        ("size-max", limits.size_max, "at most", "largest"),
    )
    return [
        judge(
            code,
            measured,
            limit=limit,
            sense=sense,
            unit="share",
            severity="warning",
            about=subject.name,
            says=f"{says} {words}",
        )
        for code, limit, sense, words in bands
    ]


def height_on_screen(arrays: ShotArrays, subject: Subject) -> Float64:
    """Height [n] of a subject's box as a share of the frame's, cut off or not.

    NaN where the rectangle around it is outside the frame, since what nobody sees has no size there, and where it is
    not whole in front of the camera.
    """
    low, high = screen_box(subject.corners_cam, arrays.fx_fy_cx_cy)
    whole = (subject.corners_cam[..., 2] >= NEAR_M).all(axis=1)
    on_screen = ((high > 0) & (low < np.array(arrays.size_wh))).all(axis=1)
    return np.where(whole & on_screen, (high - low)[:, 1] / arrays.size_wh[1], np.nan)


def thirds(arrays: ShotArrays, subject: Subject, limits: Limits) -> Finding | None:
    """Whether the middle of a subject is near one of the four lines that cut the frame in thirds."""
    return judge(
        "thirds",
        Measured.by_frame(distance_to_thirds(arrays, subject)),
        limit=limits.thirds,
        sense="at most",
        unit="share",
        severity="hint",
        about=subject.name,
        says=f"the middle of the {subject.name} is {{worst}} of the frame away from the nearest line of thirds",
    )


def distance_to_thirds(arrays: ShotArrays, subject: Subject) -> Float64:
    """Distance [n] of a subject's middle to the nearest line of thirds, as a share of the frame; NaN out of it."""
    in_camera = subject.corners_cam.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        K = arrays.fx_fy_cx_cy
        place = (in_camera[:, :2] / in_camera[:, 2:] * K[:, :2] + K[:, 2:]) / arrays.size_wh
        seen = (in_camera[:, 2] > NEAR_M) & (place >= 0).all(axis=1) & (place <= 1).all(axis=1)
    lines = np.array([1 / 3, 2 / 3])
    nearest = np.abs(place[:, :, None] - lines).min(axis=(1, 2))
    return np.where(seen, nearest, np.nan)

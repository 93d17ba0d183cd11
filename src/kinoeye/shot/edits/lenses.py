"""Edits of the lens: dolly zoom, zoom, another image shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.shot.edits.aiming import Subject, subject_points
from kinoeye.shot.edits.motion import P, camera_of, image_words, with_intrinsics

NARROWEST_DEG, WIDEST_DEG = 1.0, 170.0
"""Fields of view that a lens may have."""


def dolly_zoom(path: P, subject: Subject | float) -> P:
    """The camera with its focal length following its distance, so that a subject keeps the size it has at first.

    A pinhole shows a size S at depth z as f S / z; so f is multiplied by z / z of the first pose, the depth of the
    subject along the optical axis (the effect of "Vertigo", 1958).

    Args:
        path: a camera or shot; its positions and rotations stay.
        subject: a point, an actor or its name, or how far ahead of the first camera the subject is.

    Raises:
        InputError: the path has no intrinsics, the subject is beside or behind the camera, or the field of view would
            leave 1 to 170 degrees.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in two metres"))
        >>> wider = dolly_zoom(camera, (0, 0, 4)).intrinsics.fx_fy_cx_cy / camera.intrinsics.fx_fy_cx_cy
        >>> wider[-1, 0].round(decimals=6)
        tensor(0.5000, dtype=torch.float64)
    """
    camera = camera_of(path, needed_for="a dolly zoom")
    if isinstance(subject, int | float):
        ahead = torch.tensor([0.0, 0.0, float(subject)], dtype=torch.float64)
        points = camera.T_world_cam[0] @ ahead
    else:
        points = subject_points(path, subject)
    depth = (camera.T_world_cam.inverse() @ points)[:, 2]
    behind = (depth <= 0).nonzero()[:, 0].tolist()
    if behind:
        raise InputError(
            f"the subject is not before the camera in frame {behind[0]} ({len(behind)} frames in all); "
            "look-at turns the camera to it"
        )
    return with_intrinsics(path, _checked(_zoomed(camera, depth / depth[0]), "a dolly zoom").intrinsics.fx_fy_cx_cy)


def zoom(path: P, factor: float | Sequence[float]) -> P:
    """The camera with its focal lengths multiplied: above 1 is closer.

    Args:
        path: a camera or shot.
        factor: one number, or the first and the last of a zoom at an even pace (even in the focal length's logarithm).

    Raises:
        InputError: the path has no intrinsics, a factor is not positive, or the field of view would leave 1 to 170
            degrees.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in"))
        >>> closer = zoom(camera, (1, 2)).intrinsics.fx_fy_cx_cy / camera.intrinsics.fx_fy_cx_cy
        >>> closer[-1, 0].round(decimals=6)
        tensor(2., dtype=torch.float64)
    """
    camera = camera_of(path, needed_for="a zoom")
    first, last = (factor, factor) if isinstance(factor, int | float) else (factor[0], factor[-1])
    if not (0 < first < math.inf and 0 < last < math.inf):
        raise InputError(f"a zoom by {first:g} to {last:g} is out of range; give numbers above 0")
    factors = first * (last / first) ** _shares(camera.track)
    return with_intrinsics(path, _checked(_zoomed(camera, factors), "the zoom").intrinsics.fx_fy_cx_cy)


def zoom_to(path: P, fov_deg: float | Sequence[float]) -> P:
    """The camera with a horizontal field of view in degrees, or one that goes from the first to the last number.

    Pixels keep their shape and the principal point its place.

    Raises:
        InputError: the path has no intrinsics, or a field of view would leave 1 to 170 degrees.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in"))
        >>> zoom_to(camera, 40).intrinsics.fov()[0, 0].rad2deg().round(decimals=6)
        tensor(40., dtype=torch.float64)
    """
    camera = camera_of(path, needed_for="a field of view")
    first, last = (fov_deg, fov_deg) if isinstance(fov_deg, int | float) else (fov_deg[0], fov_deg[-1])
    for angle in (first, last):
        if not NARROWEST_DEG <= angle <= WIDEST_DEG:
            raise InputError(_out_of_range("the zoom", angle))
    width = camera.size_wh[0]
    wide, narrow = (width / (2 * math.tan(math.radians(angle) / 2)) for angle in (first, last))
    focal = wide * (narrow / wide) ** _shares(camera.track)
    fx = camera.intrinsics.fx_fy_cx_cy[:, 0]
    return with_intrinsics(path, _checked(_zoomed(camera, focal / fx), "the zoom").intrinsics.fx_fy_cx_cy)


def fit(path: P, size_wh: tuple[int, int]) -> P:
    """The camera for an image of another size and shape: what is too much is cropped at both sides, the rest scaled.

    Raises:
        InputError: the path has no intrinsics, or the size is not positive.

    Example:
        >>> from kinoeye import language
        >>> camera = language.compile(language.parse("push in"))
        >>> fit(camera, (832, 480)).size_wh
        (832, 480)
    """
    if min(size_wh) < 1:
        raise InputError(f"an image of {size_wh[0]}x{size_wh[1]} has no pixels; give WIDTHxHEIGHT")
    camera = camera_of(path, needed_for="an image size")
    if camera.size_wh == (1, 1):
        raise InputError("the intrinsics are normalised, so that the shape of the image is not known; give its size")
    width, height = camera.size_wh
    factor = max(size_wh[0] / width, size_wh[1] / height)
    margin = camera.intrinsics.fx_fy_cx_cy.new_tensor(
        [0.0, 0.0, (width * factor - size_wh[0]) / 2, (height * factor - size_wh[1]) / 2]
    )
    return with_intrinsics(path, camera.intrinsics.fx_fy_cx_cy * factor - margin, size_wh)


def _shares(track: Track) -> Tensor:
    """Share [n] of the time that has passed at each pose."""
    return (track.times_s - track.times_s[0]).double() / (track.duration_s or 1.0)


def _zoomed(camera: Trajectory, factors: Tensor) -> Trajectory:
    """The camera with focal lengths multiplied by factors [n]."""
    fx, fy, cx, cy = camera.intrinsics.fx_fy_cx_cy.unbind(-1)
    return with_intrinsics(camera, torch.stack([fx * factors, fy * factors, cx, cy], dim=-1))


def _checked(camera: Trajectory, what: str) -> Trajectory:
    """The camera, held to fields of view that a lens can have."""
    degrees = torch.rad2deg(camera.intrinsics.fov())
    wrong = ((degrees < NARROWEST_DEG) | (degrees > WIDEST_DEG)).any(-1).nonzero()[:, 0]
    if len(wrong):
        frame = int(wrong[0])
        angle = degrees[frame].max() if degrees[frame].max() > WIDEST_DEG else degrees[frame].min()
        raise InputError(_out_of_range(what, float(angle)) + f" (frame {frame}, {image_words(camera.size_wh)})")
    return camera


def _out_of_range(what: str, angle: float) -> str:
    return (
        f"{what} would need a field of view of {angle:.4g} degrees; "
        f"{NARROWEST_DEG:g} to {WIDEST_DEG:g} degrees are possible"
    )

"""Cameras from frames with depth: point tracks or dense tracking to begin with, then dense alignment of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.footage.take import Take
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.track import Unit
from kinoeye.perception.estimate import Estimate, camera_from_matrices, pixel_intrinsics
from kinoeye.perception.keyframes import LOST, MIN_POINTS, Pyramid, select_points, track_keyframes
from kinoeye.perception.photometric_bundle import Bundle, bundle
from kinoeye.perception.point_tracks import track_points
from kinoeye.perception.pyramid import CHANNELS, Level, pyramid
from kinoeye.perception.structure_from_motion import Structure, reconstruct_with_depth

MAX_PYRAMID_BYTES = 1024**3
"""Films whose pyramids would take more memory are aligned without their finest levels."""
IGNORED = "depth and corners of ignored pixels (moving actors) were not used"
_EDGE_LOG_DEPTH = 0.2
"""A corner whose neighbours' log depths differ by more lies on an outline, and its depth is anyone's guess."""


@dataclass(frozen=True, kw_only=True)
class PhotometricEstimator:
    """Frames are warped onto keyframes by their depth until intensities agree, all poses and depths at once.

    It begins with point tracks placed by their depth or, where there are too few, with dense coarse-to-fine tracking
    (Kerl, Sturm and Cremers 2013). Residuals are t-distributed, so that a moving actor of modest size is outvoted.
    The path has the unit of the depth.

    Example:
        >>> from kinoeye.render import render
        >>> from kinoeye.render.worlds import world
        >>> take = render(world("train", 1, num_frames=3), size_wh=(64, 64))
        >>> estimate = PhotometricEstimator(intrinsics=take.cameras["truth"].intrinsics)(take)
        >>> estimate.source, len(estimate.camera)
        ('estimated:photometric', 3)
    """

    intrinsics: Intrinsics
    """The known lens: one, or one a frame, for any image size."""
    depth_sigma: float = 0.05
    """Expected relative error of the depth, a standard deviation; it sets how far depth may be corrected."""
    unit: Unit = "m"
    """Unit of the depth, and so of the path."""
    ignore: NDArray[np.bool_] | None = None
    """[n, h, w] pixels that say nothing about the camera, such as those of moving actors, where they are known."""

    name = "photometric"
    provides = frozenset({"camera"})
    needs = frozenset({"rgb", "depth"})

    def __call__(self, take: Take, *, seed: int = 0) -> Estimate | Failure:
        """Estimate the camera of a take with depth; nothing is random, so that `seed` changes nothing."""
        if "depth" not in take.layers:
            return Failure("the take has no depth; estimate from features instead")
        intrinsics = pixel_intrinsics(self.intrinsics, take)
        rgb, depth = take.rgb.values, take.layers["depth"].values
        if self.ignore is not None:
            depth = np.where(self.ignore, np.float32(np.nan), depth)
        left_out = _levels_left_out(depth.shape)
        frames = [pyramid(rgb[i], depth[i], intrinsics[i], levels=5 + left_out)[left_out:] for i in range(len(take))]
        finest = [frame[0] for frame in frames]
        points = len(select_points(finest[0]).xyz)
        if len(take) > 1 and points < MIN_POINTS:
            return Failure(f"only {points} textured points with depth; at least {MIN_POINTS} are needed", "frame 0")
        start = self._from_points(rgb, finest, intrinsics)
        if isinstance(start, Failure):
            start = _from_keyframes(frames)
        if isinstance(start, Failure):
            return start
        return self._result(take, bundle(finest, start, depth_sigma=self.depth_sigma), intrinsics)

    def _from_points(self, rgb: NDArray[np.uint8], frames: list[Level], intrinsics: Float64) -> Float64 | Failure:
        """Poses [n, 4, 4] from point tracks with depth."""
        pixels = track_points(rgb, ignore=self.ignore)
        xy = (pixels - intrinsics[:, None, 2:]) / intrinsics[:, None, :2]
        shrunk = frames[0].shape[1] / rgb.shape[2]
        log_depth = np.stack([_log_depth_at(frame, shrunk * at) for frame, at in zip(frames, pixels, strict=True)])
        found = reconstruct_with_depth(xy, intrinsics[:, :2], log_depth, depth_sigma=self.depth_sigma)
        return found.T_world_cam if isinstance(found, Structure) else found

    def _result(self, take: Take, found: Bundle, intrinsics: Float64) -> Estimate | Failure:
        confidence = np.clip(found.support, 0.0, 1.0) if len(take) > 1 else np.ones(1)
        worst = int(confidence.argmin())
        if confidence[worst] < LOST:
            return Failure(f"{100 * confidence[worst]:.0f} % of the frame agrees with the others", f"frame {worst}")
        return Estimate(
            source=f"estimated:{self.name}",
            camera=camera_from_matrices(found.T_world_cam, intrinsics, take, unit=self.unit),
            confidence=confidence,
            notes=(f"depth: {take.layers['depth'].source}",) + (() if self.ignore is None else (IGNORED,)),
        )


def _levels_left_out(shape: tuple[int, ...]) -> int:
    """How many of the finest levels of frames [n, h, w] do not fit into memory."""
    count, height, width = shape
    bytes_a_pixel = 4 * len(CHANNELS) * 4 / 3  # all coarser levels together add a third
    left_out = 0
    while count * (height >> left_out) * (width >> left_out) * bytes_a_pixel > MAX_PYRAMID_BYTES:
        left_out += 1
    return left_out


def _from_keyframes(frames: Sequence[Pyramid]) -> Float64 | Failure:
    """Poses [n, 4, 4] from dense tracking."""
    tracked = track_keyframes(frames)
    if tracked.lost is None:
        return tracked.T_world_cam
    support = 100 * tracked.support[tracked.lost]
    return Failure(f"tracking was lost: the frame explains {support:.0f} % of its keyframe", f"frame {tracked.lost}")


def _log_depth_at(frame: Level, pixels: Float64) -> Float64:
    """Log depth [t] at image coordinates [t, 2]; NaN outside, where it is unknown, and at outlines."""
    log_depth = frame.image[..., 3]
    filled = np.nan_to_num(log_depth, nan=1e3)  # the sky is far from everything
    window = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(filled, window) - cv2.erode(filled, window)
    found = np.full(len(pixels), np.nan)
    seen = np.flatnonzero(~np.isnan(pixels[:, 0]))
    x, y = np.floor(pixels[seen]).astype(int).T
    height, width = frame.shape
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    found[seen] = np.where(spread[y, x] < _EDGE_LOG_DEPTH, log_depth[y, x], np.nan)
    return found

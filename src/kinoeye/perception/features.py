"""Cameras from frames alone, by features, essential matrix, triangulation and bundle adjustment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.footage.take import Take
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.perception.estimate import Estimate, camera_from_matrices, pixel_intrinsics
from kinoeye.perception.point_tracks import track_points
from kinoeye.perception.structure_from_motion import reconstruct


@dataclass(frozen=True, kw_only=True)
class FeatureEstimator:
    """Structure from motion with a known lens: corners are followed, and cameras and points adjusted to them.

    The unit of the path is arbitrary: the points in the first frame have the median depth 1. A camera that turns
    without moving has zero translations and a note that says so.

    Example:
        >>> from kinoeye.render import render
        >>> from kinoeye.render.worlds import world
        >>> take = render(world("train", 1, num_frames=12), size_wh=(128, 128))
        >>> estimate = FeatureEstimator(intrinsics=take.cameras["truth"].intrinsics)(take)
        >>> estimate.camera.track.unit
        'arbitrary'
    """

    intrinsics: Intrinsics
    """The known lens: one, or one a frame, for any image size."""
    ignore: NDArray[np.bool_] | None = None
    """[n, h, w] pixels that say nothing about the camera, such as those of moving actors, where they are known."""

    name = "features"
    provides = frozenset({"camera"})
    needs = frozenset({"rgb"})

    def __call__(self, take: Take, *, seed: int = 0) -> Estimate | Failure:
        """Estimate the camera of a take from its frames; `seed` is RANSAC's."""
        intrinsics = pixel_intrinsics(self.intrinsics, take)
        pixels = track_points(take.rgb.values, ignore=self.ignore)
        on_plane = (pixels - intrinsics[:, None, 2:]) / intrinsics[:, None, :2]
        if len(take) == 1:
            return Failure("one frame has no motion; at least two are needed")
        found = reconstruct(on_plane, intrinsics[:, :2], seed=seed)
        if isinstance(found, Failure):
            return found
        notes = [f"{found.inliers.mean():.0f} points a frame", "unit: the median depth of the first frame's points"]
        if found.rotation_only:
            notes.append("too little parallax to see translation: it is set to zero")
        return Estimate(
            source=f"estimated:{self.name}",
            camera=camera_from_matrices(found.T_world_cam, intrinsics, take, unit="arbitrary"),
            confidence=np.clip(found.inliers / np.maximum(found.visible, 1), 0.0, 1.0),
            notes=tuple(notes),
        )

"""Cameras from frames with depth, by dense photometric alignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinoeye.base.failure import Failure
from kinoeye.footage.take import Take
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.track import Unit
from kinoeye.perception.estimate import Estimate, camera_from_matrices, pixel_intrinsics
from kinoeye.perception.keyframes import MIN_POINTS, Tracked, select_points, track_keyframes
from kinoeye.perception.photometric_bundle import bundle
from kinoeye.perception.pyramid import pyramid


@dataclass(frozen=True, kw_only=True)
class PhotometricEstimator:
    """Dense visual odometry: frames are warped onto keyframes by their depth until intensities agree.

    Tracking is coarse-to-fine with t-distributed residuals (Kerl, Sturm and Cremers 2013), so that a moving actor of
    modest size is outvoted; then poses and a smooth correction of the depth are adjusted together. The unit of the
    path is that of the depth.

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

    name = "photometric"
    provides = frozenset({"camera"})
    needs = frozenset({"rgb", "depth"})

    def __call__(self, take: Take, *, seed: int = 0) -> Estimate | Failure:
        """Estimate the camera of a take with depth; nothing is random, so that `seed` changes nothing."""
        if "depth" not in take.layers:
            return Failure("the take has no depth; estimate from features instead")
        intrinsics = pixel_intrinsics(self.intrinsics, take)
        rgb, depth = take.rgb.values, take.layers["depth"].values
        frames = [pyramid(rgb[i], depth[i], intrinsics[i]) for i in range(len(take))]
        count = len(select_points(frames[0][0]).xyz)
        if len(take) > 1 and count < MIN_POINTS:
            return Failure(f"only {count} textured points with depth; at least {MIN_POINTS} are needed", "frame 0")
        tracked = track_keyframes(frames)
        if tracked.lost is not None:
            return Failure(_lost(tracked), f"frame {tracked.lost}")
        poses = bundle(frames, tracked.T_world_cam, tracked.keyframes, depth_sigma=self.depth_sigma)
        source = take.layers["depth"].source
        return Estimate(
            source=f"estimated:{self.name}",
            camera=camera_from_matrices(poses, intrinsics, take, unit=self.unit),
            confidence=np.clip(tracked.support, 0.0, 1.0),
            notes=(f"depth: {source}", f"{len(tracked.keyframes)} keyframes"),
        )


def _lost(tracked: Tracked) -> str:
    assert tracked.lost is not None
    support = tracked.support[tracked.lost]
    return f"tracking was lost: the frame explains {100 * support:.0f} % of its keyframe"

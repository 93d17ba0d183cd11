"""Did it obey? Re-estimate the camera from the film and score it under named protocols.

An estimator sees frames (and depth, if it needs it) and intrinsics, never the true poses. It returns an estimate
with a confidence a frame, or a failure with a reason: both are values.
"""

from __future__ import annotations

from kinoeye.base.failure import Failure
from kinoeye.evaluation import score_poses
from kinoeye.perception import PhotometricEstimator
from kinoeye.render import render
from kinoeye.render.worlds import world

shot = world("eval", seed=3, static=True, size_wh=(256, 256), num_frames=16)
take = render(shot, layers=("rgb", "depth"))

estimate = PhotometricEstimator(intrinsics=shot.camera.intrinsics)(take)
assert not isinstance(estimate, Failure), estimate.reason

score = score_poses(shot.camera.track, estimate.camera.track, align="first")
for name, metric in score.metrics.items():
    print(f"{name:>28}: rmse {metric.statistics.rmse:.4f} {metric.unit}")

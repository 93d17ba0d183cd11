"""3DTrajMaster's errors equal the official evaluation's stored outputs: 77 poses, body rotations and positions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from kinoeye.evaluation import PoseScore, score_poses
from kinoeye.geometry import SE3, SO3, Track

STORED = load_file(Path(__file__).with_name("trajmaster_pose_metrics.safetensors"))
FRAMES = torch.arange(77, dtype=torch.float64)
MEAN_M, MEAN_RAD = 3.990020, 2.305308


@pytest.fixture(scope="module")
def score() -> PoseScore:
    """The stored reference poses against the stored body poses, read as the official evaluation reads them."""
    true = Track(SE3.from_matrix(torch.from_numpy(STORED["gt_pose_77"])), FRAMES)
    rotation = SO3.exp(torch.from_numpy(STORED["smpl_global_orient_axis_angle"])).as_matrix()
    # The body's y points down and its x the other way there: y is negated, and the first two columns.
    body = SO3.from_matrix(rotation * torch.tensor([-1.0, -1.0, 1.0], dtype=torch.float64))
    origin = torch.from_numpy(STORED["smpl_transl"]) * torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    return score_poses(true, Track(SE3.from_parts(body, origin), FRAMES), align="se3")


def test_every_frame_equals_the_official_evaluation(score):
    assert score.metrics["trajmaster_transerr"].values == pytest.approx(STORED["per_frame_transl_err"], rel=1e-6)
    radians = np.array(score.metrics["trajmaster_roterr_rad"].values)
    assert radians == pytest.approx(STORED["per_frame_rot_err_rad"], rel=1e-6)
    assert np.deg2rad(score.metrics["trajmaster_roterr_deg"].values) == pytest.approx(radians)


def test_the_published_numbers_are_means_in_metres_radians_and_degrees(score):
    assert score.numbers["trajmaster_transerr"] == pytest.approx(MEAN_M, abs=1e-6)
    assert score.numbers["trajmaster_roterr_rad"] == pytest.approx(MEAN_RAD, abs=1e-6)
    assert score.numbers["trajmaster_roterr_deg"] == pytest.approx(np.rad2deg(MEAN_RAD), abs=1e-4)
    assert score.metrics["trajmaster_transerr"].unit == "m"

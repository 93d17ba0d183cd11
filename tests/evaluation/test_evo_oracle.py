"""Our statistics equal those that an independent tool computed from the same real files."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from roma import special_procrustes

from kinoeye.evaluation import associate_by_time, score_poses
from kinoeye.geometry import SE3, SO3, Track

TUM = "tum/freiburg1_xyz-{}.txt"
PAIRS = {
    "fr1_xyz_rgbdslam": (TUM.format("groundtruth"), TUM.format("rgbdslam")),
    "fr1_xyz_drift": (TUM.format("groundtruth"), TUM.format("rgbdslam_drift")),
    "fr1_xyz_orb_mono_kf": (TUM.format("groundtruth"), TUM.format("ORB_kf_mono")),
    "kitti00_orb": ("kitti/KITTI_00_gt.txt", "kitti/KITTI_00_ORB.txt"),
    "euroc_V102": ("euroc/V102_groundtruth.csv", "euroc/V102.txt"),
}
PROTOCOL_OF = {
    "ape_trans_m": "ate_translation",
    "ape_rot_deg": "ape_rotation_deg",
    "rpe1_trans_m": "rpe_translation",
    "rpe1_rot_deg": "rpe_rotation_deg",
}


def rows(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter="," if path.suffix == ".csv" else None, comments="#")


def read_track(path: Path) -> Track:
    """TUM rows (t xyz xyzw), EuRoC rows (ns xyz wxyz ...) or KITTI rows (3x4 matrices without times)."""
    table = torch.from_numpy(rows(path))
    if path.parent.name == "kitti":
        times = torch.from_numpy(rows(path.parent / "KITTI_00_gt_times.txt"))
        matrices = table.reshape(-1, 3, 4)
        # The file has seven digits; relative angles of 0.002 degrees need the nearest rotation, not any near one.
        rotation = SO3.from_matrix(special_procrustes(matrices[:, :, :3]))
        return Track(SE3.from_parts(rotation, matrices[:, :, 3]), times)
    if path.suffix == ".csv":
        return Track(SE3.from_parts(SO3(table[:, 4:8]).normalize(), table[:, 1:4]), table[:, 0] / 1e9)
    times = table[:, 0].clone()
    # The EuRoC estimate writes four times twice with different poses; a track needs them apart, by less than matters.
    times[1:][times.diff() == 0] += 1e-6
    return Track(SE3.from_parts(SO3(table[:, [7, 4, 5, 6]]).normalize(), table[:, 1:4]), times)


def test_statistics_equal_the_oracle_on_every_real_pair(real_data: Path):
    oracle = json.loads((real_data / "oracles" / "evo_metrics.json").read_text())
    assert {name.split("|")[0] for name in oracle} == set(PAIRS)
    for name, expected in oracle.items():
        reference, estimate = (read_track(real_data / file) for file in PAIRS[name.split("|")[0]])
        align = {(False, False): "none", (True, False): "se3", (True, True): "sim3"}[
            expected["align"], expected["scale"]
        ]
        by = "index" if "kitti" in name else "time"
        score = score_poses(reference, estimate, align=align, by=by, protocols=PROTOCOL_OF.values())
        assert score.pairs == expected["n_pairs"], name
        assert score.scale == pytest.approx(expected.get("align_scale", 1.0), rel=1e-6), name
        assert score.reference_path_length == pytest.approx(expected["ref_path_length_m"], rel=1e-6), name
        for theirs, ours in PROTOCOL_OF.items():
            values = asdict(score.metrics[ours].statistics)
            # The absolute part is for KITTI's minima: its matrices are rotations to seven digits only.
            assert values == pytest.approx(expected[theirs], rel=1e-6, abs=2e-8), (name, ours)


def test_real_clocks_pair_every_pose_within_the_bound(real_data: Path):
    reference, estimate = (read_track(real_data / file) for file in PAIRS["fr1_xyz_orb_mono_kf"])
    paired, ours = associate_by_time(reference, estimate)
    assert len(paired) == len(ours) == 32
    distances = (reference.times_s[None] - ours.times_s[:, None]).abs().min(dim=1).values
    assert float(distances.max()) <= 0.02

"""All of evo's pose relations, statistics and deltas, on a path of formulas: evo 1.38.1's numbers are stored."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from kinoeye.evaluation import Settings, score_poses
from kinoeye.geometry import SE3, SO3, Track

STORED = json.loads(Path(__file__).with_name("evo_relations.json").read_text())
ABSOLUTE = {
    "full_transformation": "ape_full_transformation",
    "translation_part": "ate_translation",
    "rotation_part": "ape_rotation_part",
    "rotation_angle_rad": "ape_rotation_rad",
    "rotation_angle_deg": "ape_rotation_deg",
    "point_distance": "ate_translation",
}
RELATIVE = {
    "full_transformation": "rpe_full_transformation",
    "translation_part": "rpe_translation",
    "rotation_part": "rpe_rotation_part",
    "rotation_angle_rad": "rpe_rotation_rad",
    "rotation_angle_deg": "rpe_rotation_deg",
    "point_distance": "rpe_point_distance",
    "point_distance_error_ratio": "rpe_point_distance_percent",
}
DELTAS = {
    "1f": Settings(),
    "5f": Settings(delta=5, all_pairs=False),
    "5f all": Settings(delta=5),
    "1m": Settings(delta=1, delta_unit="length", all_pairs=False),
    "1m all": Settings(delta=1, delta_unit="length"),
}


def path(*, turn: float, scale: float, wobble: float) -> Track:
    k = torch.arange(40, dtype=torch.float64)
    rotvec = torch.stack([0.3 * torch.sin(0.17 * k + turn), 0.5 * torch.cos(0.11 * k), 0.02 * k + turn], -1)
    smooth = torch.stack([0.1 * k, torch.sin(0.2 * k), 0.3 * torch.cos(0.13 * k)], -1)
    rough = torch.stack([torch.sin(1.7 * k), torch.cos(2.3 * k), torch.sin(2.9 * k + 1)], -1)
    return Track(SE3.from_parts(SO3.exp(rotvec), scale * smooth + wobble * rough), k)


REFERENCE, ESTIMATE = path(turn=0.0, scale=1.0, wobble=0.0), path(turn=0.05, scale=0.7, wobble=0.02)


@pytest.mark.parametrize("align", ["none", "se3", "sim3"])
def test_absolute_pose_errors_equal_evo_under_every_relation(align):
    score = score_poses(REFERENCE, ESTIMATE, align=align, protocols=set(ABSOLUTE.values()))
    for relation, protocol in ABSOLUTE.items():
        found = asdict(score.metrics[protocol].statistics)
        assert found == pytest.approx(STORED[align][f"ape {relation}"], rel=1e-6), relation


@pytest.mark.parametrize("align", ["none", "se3", "sim3"])
@pytest.mark.parametrize("delta", DELTAS)
def test_relative_pose_errors_equal_evo_under_every_relation_and_delta(align, delta):
    score = score_poses(REFERENCE, ESTIMATE, align=align, settings=DELTAS[delta], protocols=set(RELATIVE.values()))
    for relation, protocol in RELATIVE.items():
        expected = dict(STORED[align][f"rpe {delta} {relation}"])
        metric = score.metrics[protocol]
        assert len(metric.values) == expected.pop("count"), relation
        assert asdict(metric.statistics) == pytest.approx(expected, rel=1e-6, abs=1e-12), relation


def test_the_relations_and_deltas_are_all_that_the_oracle_knows():
    names = {f"ape {relation}" for relation in ABSOLUTE}
    names |= {f"rpe {delta} {relation}" for delta in DELTAS for relation in RELATIVE}
    assert all(set(stored) == names for stored in STORED.values())

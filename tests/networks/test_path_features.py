"""Nine numbers a frame: what they mean, and that they lead back to the path."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import OPENCV, OPENGL, convert, homogeneous, rotvec_to_matrix
from kinoeye.networks.path_features import PathFeatures
from kinoeye.networks.sinusoids import sinusoids

WAYS = {"gendop": PathFeatures.gendop(), "et": PathFeatures.et(), "metric": PathFeatures.metric(60)}


def random_path(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rotvecs = np.cumsum(rng.normal(0, 0.05, (count, 3)), axis=0) + rng.normal(size=3)
    centres = np.cumsum(rng.normal(0, 0.05, (count, 3)), axis=0) + rng.normal(size=3)
    return homogeneous(np.concatenate([rotvec_to_matrix(rotvecs), centres[..., None]], axis=-1))


@given(st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from(sorted(WAYS)))
def test_features_lead_back_to_the_path(count, seed, way):
    features, path = WAYS[way], random_path(count, seed)
    expected = np.linalg.inv(path[:1]) @ path if features.relative else path
    assert np.abs(features.decode(features.encode(path)) - expected).max() < 1e-4


def test_gendops_features_are_opengl_columns_and_steps_relative_to_the_first_pose():
    path = random_path(5, 1)
    gl = homogeneous(convert(path, OPENCV, OPENGL))
    relative = np.linalg.inv(gl[0]) @ gl
    features = PathFeatures.gendop().encode(path).numpy()
    assert np.allclose(features[:, :3], relative[:, :3, 0], atol=1e-6)
    assert np.allclose(features[:, 3:6], relative[:, :3, 1], atol=1e-6)
    assert np.allclose(features[1:, 6:], np.diff(relative[:, :3, 3], axis=0), atol=1e-6)
    assert np.allclose(features[0], [1, 0, 0, 0, 1, 0, 0, 0, 0], atol=1e-6)


def test_forward_is_minus_z_for_gendop_and_plus_z_for_et():
    path = np.tile(np.eye(4), (3, 1, 1))
    path[:, 2, 3] = [0, 1, 2]
    assert PathFeatures.gendop().encode(path)[1, 6:].tolist() == [0, 0, -1]
    et = PathFeatures.et().encode(path)
    assert et[1, 8].item() == pytest.approx((1 - 4.13e-4) / 0.03139, rel=1e-5)
    assert et[0, 6].item() == pytest.approx(-0.0020 / 1.1343, rel=1e-5)


def test_relative_features_do_not_know_where_the_world_is_and_ets_do():
    path, placed = random_path(7, 2), random_path(1, 3)[0]
    gendop, et = PathFeatures.gendop(), PathFeatures.et()
    assert torch.allclose(gendop.encode(path), gendop.encode(placed @ path), atol=1e-5)
    assert not torch.allclose(et.encode(path), et.encode(placed @ path), atol=1e-1)


def test_decoding_makes_rotations_of_any_features():
    poses = PathFeatures.gendop().decode(torch.randn(20, 9, generator=torch.Generator().manual_seed(0)))
    R = poses[:, :3, :3]
    assert np.allclose(R @ np.swapaxes(R, 1, 2), np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(R), 1)


def test_batches_are_padded_with_zeros():
    features, valid = PathFeatures.gendop().batch([random_path(3, 4), random_path(120, 5)])
    assert features.shape == (2, 120, 9)
    assert valid.sum(1).tolist() == [3, 120]
    assert features[0, 3:].abs().max() == 0


@pytest.mark.parametrize("path", [np.zeros((0, 4, 4)), np.tile(np.eye(4), (121, 1, 1)), np.full((2, 4, 4), np.nan)])
def test_paths_that_cannot_be_encoded_are_refused_in_one_line(path):
    with pytest.raises(InputError):
        PathFeatures.gendop().encode(path)


def test_sinusoids_interleave_sine_and_cosine():
    waves = sinusoids(7, 6)
    rates = 10000.0 ** (-np.array([0, 2, 4]) / 6)
    assert np.allclose(waves[:, 0::2], np.sin(np.arange(7)[:, None] * rates), atol=1e-6)
    assert np.allclose(waves[:, 1::2], np.cos(np.arange(7)[:, None] * rates), atol=1e-6)
    with pytest.raises(ValueError, match="odd"):
        sinusoids(3, 5)

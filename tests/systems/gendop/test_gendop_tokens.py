"""The codec: upstream's tokens and decoded poses under its quirks, and a faithful round trip without them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gendop_fixtures import tensors
from safetensors.numpy import load_file

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import OPENCV, OPENGL, convert, matrix_to_rotvec, rotvec_to_matrix
from kinoeye.language import compile_path, motion_tags, parse
from kinoeye.systems.gendop import Codec, Quirks
from kinoeye.systems.gendop.tokens import OFFSET, resample

OFFICIAL, MENDED, NONE = (Codec(quirks=q) for q in (Quirks.official(), Quirks.mended(), Quirks.none()))
TAGGED = load_file(Path(__file__).parents[2] / "language" / "fixtures" / "tags.safetensors")
PATHS = [TAGGED[f"case{i}.poses"] for i in (1, 2, 3)] + list(TAGGED["synth.poses"])
TAGS = [TAGGED[f"case{i}.tags"] for i in (1, 2, 3)] + list(TAGGED["synth.tags"])


def synthetic(index: int) -> dict[str, np.ndarray]:
    given = tensors("synthetic_trajectories")
    return {key.split(".")[1]: value.numpy() for key, value in given.items() if key.startswith(f"s{index}.")}


def still(n: int = 120) -> np.ndarray:
    return np.tile(np.eye(4), (n, 1, 1))


@pytest.mark.parametrize("index", range(6))
def test_official_tokens_and_decoded_poses_are_reproduced(index: int):
    shot = synthetic(index)
    w, h, f = map(float, shot["whf"])
    key = OFFICIAL.key_poses(shot["poses"], (w, h), (f, f))
    assert np.array_equal(key.T_first_cam.reshape(30, 12), shot["cameras"][:, :12])
    assert np.allclose(key.focal * 512, shot["cameras"][:, 12:14], rtol=1e-6)
    ids = OFFICIAL.encode(shot["poses"], (w, h), (f, f))
    assert np.array_equal(ids, shot["ids"])
    assert_decodes_as(ids, shot)


@pytest.mark.parametrize("case", ["case1", "case2", "case3"])
def test_real_tokens_decode_as_upstream_decodes_them(case: str):
    given = tensors("real_trajectories")
    shot = {key.split(".")[1]: value.numpy() for key, value in given.items() if key.startswith(case)}
    assert_decodes_as(shot["ids"], shot)


def assert_decodes_as(ids: np.ndarray, shot: dict[str, np.ndarray]) -> None:
    read = OFFICIAL.dequantise((ids - OFFSET).reshape(30, 10))
    assert np.allclose(read.T_first_cam.reshape(30, 12), shot["decoded_cameras"][:, :12], atol=1e-6)
    assert np.allclose(read.focal * 512, shot["decoded_cameras"][:, 12:14], rtol=1e-6)
    assert np.allclose(read.scale, shot["decoded_scale_natural_exp"], rtol=1e-6)
    path = OFFICIAL.decode(ids)
    assert np.allclose(path.T_first_cam.reshape(120, 12), shot["resampled120"], atol=1e-6)
    assert path.size_wh == (512, 512)


@pytest.mark.parametrize("case", ["case1", "case2"])
def test_real_paths_have_the_tokens_that_upstream_gives_them(case: str, real_data: Path):
    data = json.loads((real_data / "gendop" / f"{case}_transforms_cleaning.json").read_text())
    poses = np.array([frame["transform_matrix"] for frame in data["frames"]])
    ids = OFFICIAL.encode(poses, (data["w"], data["h"]), (data["fl_x"], data["fl_y"]))
    assert np.array_equal(ids, tensors("real_trajectories")[f"{case}.ids"].numpy())


def agreement(codec: Codec, *, smooth: bool = True) -> np.ndarray:
    codec = replace(codec, quirks=replace(codec.quirks, orthogonality_rejection=False))  # these poses are 32-bit
    found = []
    for path, tags in zip(PATHS, TAGS, strict=True):
        read = codec.decode(codec.encode(path, (512, 288), (400, 400)), smooth=smooth)
        found.append((motion_tags(convert(read.T_first_cam, OPENGL, OPENCV)) == tags).mean())
    return np.array(found)


def test_motion_tags_survive_the_round_trip():
    assert agreement(NONE).mean() >= 0.94
    assert agreement(MENDED).mean() >= 0.94
    assert agreement(OFFICIAL).mean() == pytest.approx(0.866, abs=5e-4)


def test_smoothing_within_half_a_bin_removes_flicker():
    assert agreement(NONE).mean() > agreement(NONE, smooth=False).mean() + 0.01


@pytest.mark.parametrize("codec", [MENDED, NONE])
def test_a_camera_rests_between_its_moves(codec: Codec):
    path = compile_path(parse("dolly in 3 metres, then hold, then pan left 50 degrees, then hold"), num_frames=120)
    tags = motion_tags(path.T_world_cam)
    read = codec.decode(codec.encode(convert(path.T_world_cam, OPENCV, OPENGL), (512, 512), (400, 400)))
    poses = convert(read.T_first_cam, OPENGL, OPENCV)
    assert (motion_tags(poses) == tags).mean() > 0.93
    assert (motion_tags(poses) == 0).sum() > 40


@pytest.mark.parametrize("codec", [MENDED, NONE])
@pytest.mark.parametrize("noise", [0.0, 1e-6, -1e-6, 1e-9])
def test_static_shots_stay_static(codec: Codec, noise: float):
    rng = np.random.default_rng(0)
    path = still()
    path[:, :3, 3] += noise * np.abs(rng.normal(size=(120, 3)))
    read = codec.decode(codec.encode(path, (512, 288), (400, 400)))
    assert np.abs(read.T_first_cam[:, :, 3]).max() < 1e-4
    assert (motion_tags(convert(read.T_first_cam, OPENGL, OPENCV)) == 0).all()


def test_upstream_scales_the_noise_of_a_static_shot_up():
    path = still()
    path[:, :3, 3] += 1e-6 * np.random.default_rng(0).normal(size=(120, 3))
    assert len(np.unique(OFFICIAL.encode(path, (512, 288), (400, 400)).reshape(30, 10)[:, 4:7])) > 5
    assert len(np.unique(NONE.encode(path, (512, 288), (400, 400)).reshape(30, 10)[:, 4:7])) == 1


def turning_path(n: int = 60) -> np.ndarray:
    share = np.linspace(0, 1, n)
    path = still(n)
    path[:, :3, :3] = rotvec_to_matrix(share[:, None] * np.array([0.1, 0.9, -0.2]))
    path[:, :3, 3] = share[:, None] * np.array([0.4, 0.1, -1.3])
    return path


def errors(codec: Codec, path: np.ndarray, **how) -> tuple[float, float]:
    read = codec.decode(codec.encode(path, (512, 288), (400, 400)), frames=len(path), **how).T_first_cam
    turn = matrix_to_rotvec(np.swapaxes(path[:, :3, :3], 1, 2) @ read[:, :, :3])
    return float(np.linalg.norm(turn, axis=1).max()), float(np.abs(path[:, :3, 3] - read[:, :, 3]).max())


@pytest.mark.parametrize(("codec", "radians", "units"), [(NONE, 0.02, 0.02), (MENDED, 0.03, 0.04)])
def test_a_path_comes_back_with_its_scale_end_and_length(codec: Codec, radians: float, units: float):
    rotation, translation = errors(codec, turning_path())
    assert rotation < radians
    assert translation < units


def test_upstream_loses_the_scale_twice():
    read = OFFICIAL.decode(OFFICIAL.encode(turning_path(120), (512, 288), (400, 400)))
    reach = np.linalg.norm(turning_path(120)[116, :3, 3])
    assert read.scale == pytest.approx(np.exp(np.log10(reach)), rel=0.02)
    assert np.linalg.norm(read.T_first_cam[-1, :, 3]) < 1 < reach


@pytest.mark.parametrize("field", ["natural_exp_scale", "lower_edge", "unit_scale", "missing_end_pose", "square_image"])
def test_each_quirk_of_decoding_changes_what_is_decoded(field: str):
    ids = MENDED.encode(turning_path(), (512, 288), (400, 400))
    plain = MENDED.decode(ids)
    odd = Codec(quirks=replace(Quirks.mended(), **{field: True})).decode(ids)
    same = np.array_equal(plain.T_first_cam, odd.T_first_cam) and plain.size_wh == odd.size_wh
    assert not same


def test_the_first_pose_is_the_identity_whatever_its_tokens_say():
    ids = NONE.encode(turning_path(), (512, 288), (400, 400))
    ids[1] += 20
    odd = Codec(quirks=replace(Quirks.none(), free_start=True))
    assert np.allclose(NONE.decode(ids, smooth=False).T_first_cam[0], np.eye(4)[:3])
    assert not np.allclose(odd.decode(ids, smooth=False).T_first_cam[0], np.eye(4)[:3])


def test_a_decoded_rotation_that_is_not_orthogonal_becomes_the_identity(monkeypatch: pytest.MonkeyPatch):
    def skewed(R: np.ndarray, t: np.ndarray, places: np.ndarray) -> np.ndarray:
        poses = resample(R, t, places)
        poses[7, :, :3] *= 1.0001
        return poses

    monkeypatch.setattr("kinoeye.systems.gendop.tokens.resample", skewed)
    ids = MENDED.encode(turning_path(), (512, 288), (400, 400))
    odd = Codec(quirks=replace(Quirks.mended(), identity_substitution=True))
    assert np.array_equal(odd.decode(ids).T_first_cam[7, :, :3], np.eye(3))
    assert not np.array_equal(odd.decode(ids).T_first_cam[8, :, :3], np.eye(3))
    assert not np.array_equal(MENDED.decode(ids).T_first_cam[7, :, :3], np.eye(3))


def test_a_rotation_that_is_not_orthogonal_is_rejected_or_projected():
    path = turning_path(120)
    path[8, :3, :3] *= 1.001
    with pytest.raises(InputError, match="not orthogonal"):
        OFFICIAL.encode(path, (512, 288), (400, 400))
    assert np.array_equal(
        NONE.encode(path, (512, 288), (400, 400)), NONE.encode(turning_path(120), (512, 288), (400, 400))
    )
    path[8, :3, :3] *= 1.1
    with pytest.raises(InputError, match="no rotation"):
        NONE.encode(path, (512, 288), (400, 400))


def test_quaternions_near_half_a_turn():
    path = still()
    path[4:, :3, :3] = rotvec_to_matrix(np.array([0.0, np.radians(179.9), 0.0])).astype(np.float32)
    quirk = Codec(quirks=replace(Quirks.none(), trace_quaternion=True))
    key = quirk.key_poses(path, (512, 288), (400, 400))
    assert abs(quirk.quantise(key)[-1, 2] - 256) >= 1
    assert NONE.quantise(NONE.key_poses(path, (512, 288), (400, 400)))[-1, 2] == 256


def test_the_aspect_ratio_comes_back():
    ids = NONE.encode(turning_path(), (512, 288), (640, 640))
    assert NONE.decode(ids).size_wh == pytest.approx((512, 288), abs=8)
    exact = NONE.decode(ids, aspect=512 / 288)
    assert exact.size_wh == (512, 288)
    assert exact.focal_px[0] == pytest.approx(640, rel=0.02)
    tall = NONE.decode(NONE.encode(turning_path(), (288, 512), (300, 300)), aspect=288 / 512)
    assert tall.size_wh == (288, 512)


@pytest.mark.parametrize(
    ("ids", "message"),
    [(np.full(299, 130), "299 tokens"), (np.full(300, 2), "token 2"), (np.full(300, 260), "token 260")],
)
def test_tokens_that_are_no_path_are_refused(ids: np.ndarray, message: str):
    with pytest.raises(InputError, match=message):
        NONE.decode(ids)


def test_any_values_decode_to_rotations():
    path = NONE.decode(np.full(300, OFFSET + 128))  # a quaternion of zeros
    assert np.allclose(path.T_first_cam[:, :, :3], np.eye(3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.__setitem__((3, 0, 3), np.nan), "not numbers"),
        (lambda p: p[:, :3, 3].__imul__(1e4), "units from its start"),
    ],
)
def test_paths_that_tokens_cannot_hold_are_refused(change, message: str):
    path = turning_path()
    change(path)
    with pytest.raises(InputError, match=message):
        NONE.encode(path, (512, 288), (400, 400))
    with pytest.raises(InputError, match="focal"):
        NONE.encode(turning_path(), (512, 288), (6000, 6000))

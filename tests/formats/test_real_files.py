"""Every real file loads as what it is, or is refused with the right words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path
from kinoeye.formats.paths import READERS
from kinoeye.formats.paths.file_head import file_head

REAL = {
    "re10k_txt/*.txt": "re10k", "cami2v_txt/*.txt": "cami2v", "wan_fun_camera_txt/*.txt": "wan-fun",
    "motionctrl_json/*.json": "motionctrl", "ac3d_json/*.json": "ac3d", "recammaster_json/*.json": "recammaster",
    "motion360/*Hemi12*.json": "motion360", "phi_theta_r_txt/viewcrafter*.txt": "phi-theta-r",
    "phi_theta_r_txt/trajcrafter*.txt": "theta-phi-r", "tum/*.txt": "tum",
    "euroc/V102.txt": "tum", "gendop/*transforms*.json": "datadop", "gendop/vis_case1.json": "datadop",
    "gendop": "datadop", "nerfstudio_transforms/fox*.json": "transforms",
    "nerfstudio_transforms/lego*.json": "blender-synthetic", "nerfstudio_camera_path/*.json": "camera-path",
    "llff/*.npy": "llff", "gs_cameras_json/*.json": "3dgs", "kubric/*.npz": "kubric",
    "colmap_txt": "colmap", "gen3r/*cameras.json": "gen3r", "usd/*": "usd",
}  # fmt: skip


@pytest.mark.parametrize("pattern", REAL)
def test_real_files_load_as_what_they_are(real_data: Path, pattern: str):
    files = sorted(real_data.glob(pattern))
    assert files
    for file in files:
        assert read_path(file).format == REAL[pattern], file


def test_real_colmap_model_equals_pycolmap(real_data: Path):
    oracle = json.loads((real_data / "colmap_txt" / "oracle_poses.json").read_text())
    table = read_path(real_data / "colmap_txt")
    assert set(table.names) == set(oracle)
    for i, name in enumerate(table.names):
        np.testing.assert_allclose(table.matrices[i], oracle[name]["cam_from_world"], atol=1e-6)
        np.testing.assert_allclose(table.T_world_cam[i, :, 3], oracle[name]["center"], atol=1e-6)
    assert table.distortion["k1"][0] == 0.0048082285955497739


def test_real_facts(real_data: Path):
    datadop = read_path(real_data / "gendop" / "case1_transforms_cleaning.json")
    assert (len(datadop), datadop.ids[:2], datadop.size_wh) == (120, (1, 2), (512, 208))
    fox = read_path(real_data / "nerfstudio_transforms" / "fox_transforms.json")
    assert set(fox.distortion) == {"k1", "k2", "p1", "p2"}
    assert fox.names[0] == "images/0001.jpg"
    bedroom = read_path(real_data / "gen3r" / "bedroom_cameras.json")
    assert len(bedroom) == 49
    assert bedroom.T_world_cam[-1, 2, 3] > 0.5  # the film moves forward, which only world-to-camera gives
    re10k = read_path(real_data / "re10k_txt" / "0bf152ef84195293.txt")
    assert re10k.times_s is not None
    assert re10k.times_s[0] == 158.692025


def test_at_most_one_format_claims_a_real_file(real_data: Path):
    for file in (file for file in real_data.rglob("*") if file.is_file()):
        head = file_head(file)
        claims = [name for name, reader in READERS.items() if reader.sniff(head)]
        assert len(claims) <= 1, (file, claims)


KINDS = {
    "gen3r/*.png": "PNG picture and holds no cameras", "opensfm/*.jpg": "JPEG picture and holds no cameras",
    "video/*.mp4": "video and holds no cameras", "gendop/*_depth.npy": "depth maps .* and holds no cameras",
    "et_segments/*.npy": "labels .* and holds no cameras", "gendop/*_caption.json": "caption .* and holds no cameras",
    "gendop/text_motion_cases.txt": "words .* and holds no cameras", "gen3r/*prompts.txt": "and holds no cameras",
    "motion360/location_data*.json": "360-Motion's locations .* and holds no cameras",
    "motion360/test_sets.json": "3DTrajMaster's prompts .* and holds no cameras",
    "rgbd_known_cameras/depths.npy": "depth maps .* and holds no cameras",
}  # fmt: skip


@pytest.mark.parametrize("pattern", KINDS)
def test_real_files_without_cameras_are_recognised(real_data: Path, pattern: str):
    files = sorted(real_data.glob(pattern))
    assert files
    for file in files:
        with pytest.raises(InputError, match=KINDS[pattern]):
            read_path(file)


def test_every_other_real_file_is_refused_in_one_line(real_data: Path):
    read, refused = 0, 0
    for file in (file for file in real_data.rglob("*") if file.is_file()):
        message = ""
        try:
            read_path(file)
            read += 1
        except InputError as error:
            refused += 1
            message = str(error)
        assert "\n" not in message
        assert not message or message.endswith(f"readable formats: {', '.join(READERS)}"), message
    assert read >= 70
    assert refused >= 40

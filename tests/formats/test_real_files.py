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
    "motion360/*Hemi12*.json": "motion360", "motion360/location_data*.json": "motion360",
    "phi_theta_r_txt/viewcrafter*.txt": "phi-theta-r",
    "phi_theta_r_txt/trajcrafter*.txt": "theta-phi-r", "tum/*.txt": "tum", "euroc/V102.txt": "tum",
    "euroc/*.csv": "euroc", "kitti/KITTI_00_gt.txt": "kitti", "kitti/KITTI_00_ORB.txt": "kitti",
    "tartanair/*.txt": "tartanair", "misc_pose_lists/VO*.txt": "pose-list", "misc_pose_lists/pose3*.txt": "g2o",
    "gendop/*transforms*.json": "datadop", "gendop/vis_case1.json": "datadop", "gendop": "datadop",
    "nerfstudio_transforms/fox*.json": "transforms", "nerfstudio_transforms/lego*.json": "blender-synthetic",
    "nerfstudio_camera_path/*.json": "camera-path", "llff/*.npy": "llff", "gs_cameras_json/*.json": "3dgs",
    "kubric/*.npz": "kubric", "gen3r/*cameras.json": "gen3r", "usd/*": "usd", "colmap_txt": "colmap",
    "colmap_txt/images.txt": "colmap", "colmap_txt/cameras.txt": "colmap", "colmap_bin": "colmap-bin",
    "colmap_bin/images.bin": "colmap-bin", "colmap_bin/cameras.bin": "colmap-bin",
    "colmap_bin_two_view": "colmap-bin", "colmap_bin_two_view/images.bin": "colmap-bin",
    "colmap_bin_two_view/cameras.bin": "colmap-bin", "bundler/*.out": "bundler", "bal/*.txt": "bal",
    "opensfm/*reconstruction.json": "opensfm",
}  # fmt: skip
"""Pattern -> the format that its files are of."""
KINDS = {
    "**/*.png": "PNG picture and holds no cameras", "**/*.jpg": "JPEG picture and holds no cameras",
    "video/*.mp4": "video and holds no cameras", "gendop/*_depth.npy": "depth maps .* and holds no cameras",
    "et_segments/*.npy": "labels .* and holds no cameras", "gendop/*_caption.json": "caption .* and holds no cameras",
    "gendop/text_motion_cases.txt": "words .* and holds no cameras", "gen3r/*prompts.txt": "and holds no cameras",
    "rgbd_known_cameras/[cd]*s.npy": "depth maps .* and holds no cameras", "bundler/list.txt": "holds no cameras",
    "rgbd_known_cameras/poses.npy": "does not say its convention; .*--from numpy:",
    "rgbd_known_cameras/intrinsics.npy": "does not say its convention; .*--from numpy:",
    "recammaster_json/*.npz": "does not say its convention; .*--from numpy:",
    "motion360/test_sets.json": "holds no cameras",
    "colmap_txt/points3D.txt": "holds no cameras", "colmap_*/points3D.bin": "holds no cameras",
    "kitti/*_times.txt": "holds no cameras", "opensfm/ground_control_points.json": "holds no cameras",
    "colmap_txt/oracle_poses.json": "a layout that Kinoeye does not know",
    "oracles/*.json": "a layout that Kinoeye does not know", "PROVENANCE.md": "holds no cameras",
}  # fmt: skip
"""Pattern -> the words with which its files are refused."""


def test_every_real_file_is_in_one_of_the_tables(real_data: Path):
    listed = [file for pattern in (*REAL, *KINDS) for file in real_data.glob(pattern) if file.is_file()]
    assert sorted(listed) == sorted(file for file in real_data.rglob("*") if file.is_file())


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


@pytest.mark.parametrize("pattern", KINDS)
def test_real_files_without_cameras_are_recognised(real_data: Path, pattern: str):
    files = sorted(real_data.glob(pattern))
    assert files
    for file in files:
        with pytest.raises(InputError, match=KINDS[pattern]):
            read_path(file)


def test_real_files_are_refused_in_one_line(real_data: Path):
    for pattern in KINDS:
        for file in real_data.glob(pattern):
            with pytest.raises(InputError) as error:
                read_path(file)
            assert "\n" not in str(error.value)
            assert str(error.value).startswith(str(file))

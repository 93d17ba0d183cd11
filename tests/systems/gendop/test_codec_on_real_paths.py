"""Real camera paths survive as moves: what our director writes can say what cameras do outside of our own worlds."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.formats.paths import read_path
from kinoeye.language import motion_tags, recognise
from kinoeye.language.compiler import compile_path
from kinoeye.language.plan import Plan

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "real"
FILES = ("ac3d_json/*.json", "gendop/*transforms*.json", "gendop/vis_case1.json", "gen3r/*cameras.json",
         "kubric/*.npz", "nerfstudio_camera_path/*.json", "wan_fun_camera_txt/*.txt", "gs_cameras_json/*.json",
         "nerfstudio_transforms/fox*.json")  # fmt: skip
FRAMES, FPS, EXTENT_M = 120, 30.0, 2.0


def real_paths():
    for pattern in FILES:
        for file in sorted(REAL.glob(pattern)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # files without times or units
                try:
                    track = read_path(file).to_trajectory().track
                except InputError:
                    continue  # refused for a reason that other tests hold
            if not 20 <= len(track) <= 2000:
                continue
            times = torch.linspace(float(track.times_s[0]), float(track.times_s[-1]), FRAMES, dtype=torch.float64)
            poses = track.at(times).T_world_body.as_matrix().numpy()
            poses = np.linalg.inv(poses[0]) @ poses
            extent = np.linalg.norm(poses[:, :3, 3], axis=1).max()
            if extent > 1e-6:
                poses[:, :3, 3] *= EXTENT_M / extent
            yield file.name, poses


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real files is not here")
def test_tags_of_real_paths_survive_the_way_through_moves():
    agreement = {}
    for name, poses in real_paths():
        moves = recognise(poses, np.ones(FRAMES), fps=FPS)
        again = compile_path(Plan(moves), num_frames=FRAMES, fps=FPS).T_world_cam
        agreement[name] = float((motion_tags(poses) == motion_tags(again)).mean())
    assert len(agreement) >= 12
    assert np.mean(list(agreement.values())) >= 0.95, agreement
    assert min(agreement.values()) >= 0.8, agreement

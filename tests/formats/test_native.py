"""Kinoeye's own files: cameras, shots and takes, alone and in folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from path_tables import path

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path, read_paths, write_path
from kinoeye.geometry.record import CameraArrays, camera_to_json


def take(folder: Path, sources: dict[str, float]) -> Path:
    """A take's record whose cameras stand still at some height."""
    cameras = {}
    for source, height in sources.items():
        poses = np.tile(np.eye(4)[:3], (3, 1, 1))
        poses[:, 2, 3] = height
        times = np.arange(3) / 24
        cameras[source] = camera_to_json(CameraArrays(poses, times, np.array([[9.0, 9, 5, 4]] * 3), (10, 8), "m", "z"))
    (folder / "take.json").write_text(json.dumps({"record": "Take", "version": 1, "cameras": cameras}))
    return folder


def test_each_camera_of_a_take_is_read_by_its_source(tmp_path: Path):
    folder = take(tmp_path, {"truth": 1.0, "estimated:opencv": 2.0})
    assert list(read_paths(folder)) == ["truth", "estimated:opencv"]
    for place in (folder, folder / "take.json"):
        assert read_path(place).matrices[0, 2, 3] == 1
        assert read_path(f"{place}#estimated:opencv").matrices[0, 2, 3] == 2
    assert "read from take.json" in read_path(folder).notes
    assert any("camera truth of 2 was read" in note for note in read_path(folder).notes)
    with pytest.raises(InputError, match="no camera 'guess'; its cameras: truth, estimated:opencv"):
        read_path(f"{folder}#guess")


def test_a_take_without_cameras_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="a take without cameras"):
        read_path(take(tmp_path, {}))


def test_a_folder_says_which_of_its_files_was_read(tmp_path: Path):
    write_path(path(), tmp_path / "camera.json")
    assert read_path(tmp_path).notes == ("read from camera.json",)
    assert read_path(tmp_path / "camera.json").notes == ()


def test_the_vertical_of_the_world_is_kept(tmp_path: Path):
    relative = path()
    write_path(relative, tmp_path / "a.json")
    assert read_path(tmp_path / "a.json").up is None
    write_path(relative.with_world("FLU"), tmp_path / "b.json")
    assert read_path(tmp_path / "b.json").up == "z"
    assert json.loads((tmp_path / "a.json").read_text())["up"] is None
    assert "up" not in json.loads((tmp_path / "b.json").read_text())

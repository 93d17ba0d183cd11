"""Camera words of film models give what their models are given: equal to shipped files, fixtures and the pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path
from kinoeye.formats.paths.presets import PRESETS
from kinoeye.geometry.convention import homogeneous

ALL = [f"{model}:{word}" for model, presets in PRESETS.items() for word in presets.words]
SHEARED = {f"diffsynth:{word}" for word in PRESETS["diffsynth"].words if word not in ("In", "Out")}


@pytest.mark.parametrize("text", ALL)
def test_every_word_is_a_path_that_starts_at_the_identity(text: str):
    table = read_path(text)
    errors = {row.code for row in table.diagnose() if row.severity == "error"}
    assert errors == ({"not-orthogonal"} if text in SHEARED else set())
    np.testing.assert_allclose(table.T_world_cam[0], np.eye(4)[:3], atol=1e-12)
    moves = abs(table.T_world_cam - table.T_world_cam[0]).max() > 0.01
    zooms = table.intrinsics is not None and np.ptp(table.intrinsics[:, 0, 0]) > 0.01
    assert (moves or zooms) == (text not in ("wan:static", "gen3r:free", "sanawm:none-16"))


def test_words_are_found_however_they_are_spelt():
    a, b, c = (read_path(f"recammaster:{word}") for word in ("9", "Arc Left", "arc_left"))
    np.testing.assert_array_equal(a.matrices, b.matrices)
    np.testing.assert_array_equal(a.matrices, c.matrices)
    with pytest.raises(InputError, match=r"wan has no camera word 'sideways'; it has: pan-left"):
        read_path("wan:sideways")
    for bad in ("w", "w-", "w-0", "x-3", "w-3,,", "w-999999,w-999999", ""):
        with pytest.raises(InputError, match="KEYS-FRAMES"):
            read_path(f"sanawm:{bad}")


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("wan:static").write_text("0 0 0 0 0 0 0 1\n1 0 0 1 0 0 0 1\n")
    assert read_path("wan:static").format == "tum"


def test_arcs_keep_their_subject_ahead():
    for word, distance in (("recammaster:arc-left", 4.0), ("recammaster:translate-up", 4.0), ("seva:orbit", 10.0)):
        poses = read_path(word).T_world_cam
        target = np.array([0.0, 0.0, distance]) - poses[:, :, 3]
        seen = np.einsum("nij,ni->nj", poses[:, :, :3], target)
        np.testing.assert_allclose(seen[:, :2], 0, atol=1e-9)


def test_directions_by_name():
    sides = {
        "wan:pan-left": (0, -1), "wan:pan-up": (1, -1), "wan:zoom-in": (2, 1), "recammaster:translate-up": (1, -1),
        "recammaster:arc-left": (0, -1), "recammaster:zoom-out": (2, -1), "seva:move-right": (0, 1),
        "seva:move-down": (1, 1), "gen3r:zoom_out": (2, -1), "sanawm:d-10": (0, 1), "sanawm:s-10": (2, -1),
    }  # fmt: skip
    for text, (axis, sign) in sides.items():
        assert np.sign(read_path(text).T_world_cam[-1, axis, 3]) == sign, text
    turns = {"recammaster:1": (0, 1), "recammaster:tilt-up": (1, -1), "gen3r:arc_right": (0, 1), "sanawm:l-10": (0, 1),
             "gen3r:translate_up": (1, -1), "sanawm:i-10": (1, -1)}  # fmt: skip
    for text, (axis, sign) in turns.items():
        assert np.sign(read_path(text).T_world_cam[-1, axis, 2]) == sign, text


def test_wan_words_equal_the_shipped_files(real_data: Path):
    files = sorted((real_data / "wan_fun_camera_txt").glob("*.txt"))
    assert len(files) == 6
    for file in files:
        shipped, ours = read_path(file), read_path(f"wan:{file.stem}")
        np.testing.assert_allclose(ours.matrices, shipped.matrices, atol=1e-12, err_msg=file.stem)
        np.testing.assert_allclose(ours.intrinsics, shipped.intrinsics)


def test_recammaster_words_equal_the_shipped_file(real_data: Path):
    shipped = np.load(real_data / "recammaster_json" / "oracle_relative_c2w_opencv_m.npz")
    assert len(shipped.files) == 10
    for i, name in enumerate(shipped.files):
        ours = homogeneous(read_path(f"recammaster:{i + 1}").T_world_cam)
        np.testing.assert_allclose(ours, shipped[name], atol=1e-3, err_msg=name)  # the file has millimetres


def test_gen3r_words_equal_its_own(real_data: Path):
    load_file = pytest.importorskip("safetensors.numpy").load_file
    fixture = load_file(real_data.parents[1] / "parity" / "gen3r" / "geometry" / "io.safetensors")
    for word in PRESETS["gen3r"].words:
        ours = homogeneous(read_path(f"gen3r:{word}").T_world_cam)
        ours[:, :3, 3] *= 2.5  # the scene scale of the fixture
        np.testing.assert_allclose(ours, fixture[f"preset_{word}"], atol=1e-6, err_msg=word)


@pytest.mark.parametrize("action", ["w-80,jw-40,w-40", "i-90,w-3", "none-3,as-2,kd-5,li-4", "ws-3"])
def test_sanawm_strings_equal_the_pipeline_of_diffusers(action: str):
    cam_utils = pytest.importorskip("diffusers.pipelines.sana_wm.cam_utils")
    expected = cam_utils.action_string_to_c2w(action)
    np.testing.assert_allclose(homogeneous(read_path(f"sanawm:{action}").T_world_cam), expected, atol=2e-6)

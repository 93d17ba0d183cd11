"""Camera files of video models: what each says, against the models' own formulas and the motion that names promise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from path_tables import orbit, path

from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable, read_path, write_path
from kinoeye.formats.paths import READERS, format_for_output
from kinoeye.formats.paths.file_head import file_head
from kinoeye.formats.paths.registry import read_paths
from kinoeye.geometry.convention import homogeneous

ROW = "{} 0.5 0.9 0.5 0.5 0 0 1 0 0 {} 0 1 0 0 0 0 1 0"
VIDEO_MODELS = (
    "re10k_txt cami2v_txt wan_fun_camera_txt motionctrl_json ac3d_json recammaster_json motion360 phi_theta_r_txt"
)


def relative(table: PathTable) -> np.ndarray:
    """[n, 4, 4] poses relative to the first."""
    poses = homogeneous(table.T_world_cam)
    return np.linalg.inv(poses[0]) @ poses


def claims(file: Path) -> list[str]:
    """The formats that recognise a file."""
    return [name for name, reader in READERS.items() if reader.sniff(file_head(file))]


def codes(table: PathTable) -> set[str]:
    """The codes of its diagnosis."""
    return {row.code for row in table.diagnose()}


def rows(stamps: list[int]) -> str:
    """Nineteen numbers a line, moving right."""
    return "\n".join(ROW.format(stamp, -0.1 * i) for i, stamp in enumerate(stamps)) + "\n"


def test_real_files_are_read_written_and_read_again(real_data: Path, tmp_path: Path):
    read = 0
    for file in sorted(file for folder in VIDEO_MODELS.split() for file in (real_data / folder).iterdir()):
        if claims(file) == []:
            continue
        for name, table in read_paths(file).items():
            if any(row.severity == "error" for row in table.diagnose()):
                continue
            target = tmp_path / file.name / (name or "camera") / READERS[table.format].DEFAULT_NAME
            write_path(table, target, format=table.format)
            again = read_path(target)
            assert claims(target) == [again.format] == [table.format]
            np.testing.assert_allclose(again.T_world_cam, table.T_world_cam, rtol=0, atol=1e-9)
            assert again.size_wh == table.size_wh
            if table.intrinsics is not None:
                np.testing.assert_array_equal(again.intrinsics, table.intrinsics)
            read += 1
    assert read == 5 + 2 + 6 + 19 + 1 + 10 + 3 + 12 + 5 + 2


def test_rows_of_19_are_told_by_header_and_stamps(tmp_path: Path):
    file = tmp_path / "a.txt"
    for text, name in {
        "https://www.youtube.com/watch?v=x\n" + rows([0, 40_000]): "re10k",
        rows([0, 40_000]): "re10k",
        "\n" + rows([0, 1, 2]): "re10k",
        "anything\n" + rows([0, 0]): "re10k",
        "\n" + rows([0, 0]): "wan-fun",
        "https://xxx\n" + rows([0, 40_000]): "cami2v",
        "\n" + rows([114514, 114514]): "cami2v",
    }.items():
        file.write_text(text)
        assert claims(file) == [name], text
        assert (read_path(file).times_s is None) == ("40000" not in text)


@pytest.mark.parametrize("name", ["re10k", "wan-fun", "cami2v"])
def test_rows_that_break_off_are_a_finding(name: str, tmp_path: Path):
    file = tmp_path / READERS[name].DEFAULT_NAME
    write_path(path().frames(range(5)), file, format=name)
    file.write_text(file.read_text()[:-40])
    table = read_path(file)
    assert (table.format, len(table), len(table.findings)) == (name, 4, 1)


def test_wan_fun_writes_what_its_loader_reads_and_other_formats_write_their_own(tmp_path: Path):
    table = path().frames(range(9))
    assert "Wan-Fun films 81 frames; 9 cameras are written" in write_path(table, tmp_path / "wan_fun.txt")
    lines = (tmp_path / "wan_fun.txt").read_text().split("\n")
    assert (lines[0], lines[1].split()[0], len(lines)) == ("", "0", 11)
    write_path(table, tmp_path / "cami2v.txt")
    lines = (tmp_path / "cami2v.txt").read_text().split("\n")
    assert (lines[0], lines[1].split()[0]) == ("https://xxx", "114514")
    assert read_path(tmp_path / "cami2v.txt").times_s is None


@pytest.mark.parametrize("size_wh", [(1280, 720), (832, 480), (560, 560), (1920, 800)])
def test_wan_fun_focal_lengths_are_those_that_its_loader_restores(size_wh: tuple[int, int], tmp_path: Path):
    table = path().with_size(size_wh).with_fov(70).frames(range(81))
    warnings = write_path(table, tmp_path / "wan_fun.txt")
    assert any("16:9 image" in warning for warning in warnings) == (size_wh != (1280, 720))
    fx, fy, cx, cy = map(float, (tmp_path / "wan_fun.txt").read_text().split("\n")[1].split()[1:5])
    width, height = size_wh
    if width / height < 16 / 9:  # the loader scales one focal length so that a 16:9 image covers the film
        fx *= height * 16 / 9 / width
    else:
        fy *= width / (16 / 9) / height
    assert table.intrinsics is not None
    wanted = table.intrinsics[0]
    np.testing.assert_allclose(
        [fx * width, fy * height, cx * width, cy * height], [wanted[0, 0], wanted[1, 1], wanted[0, 2], wanted[1, 2]]
    )


def test_cami2v_presets_are_reflections_but_for_two(real_data: Path):
    reflected = {file.stem for file in (real_data / "cami2v_txt").iterdir() if "reflection" in codes(read_path(file))}
    assert len(reflected) == 6
    assert reflected.isdisjoint({"pan_left", "zoom_in"})
    for name in reflected:
        table = read_path(real_data / "cami2v_txt" / f"{name}.txt")
        (finding,) = (row for row in table.diagnose() if row.code == "reflection")
        assert len(finding.frames) == len(table)


def test_motionctrl_moves_are_what_file_names_say(real_data: Path):
    travel = {
        name: read_path(real_data / "motionctrl_json" / f"test_camera_{name}.json").T_world_cam[-1, :, 3]
        for name in ("I_1.0x", "O_1.0x", "L", "R", "U", "D")
    }
    axes = {name: (int(abs(where).argmax()), bool(where.sum() > 0)) for name, where in travel.items()}
    right, down, forward = 0, 1, 2
    assert axes == {
        "I_1.0x": (forward, True), "O_1.0x": (forward, False), "L": (right, False), "R": (right, True),
        "U": (down, False), "D": (down, True),
    }  # fmt: skip


def test_motionctrl_spin_turns_the_camera_anticlockwise_and_so_the_picture_clockwise(real_data: Path):
    table = read_path(real_data / "motionctrl_json" / "test_camera_SPIN-ACW-60.json")
    x_axis = table.T_world_cam[-1, :, 0]  # of the camera, in the first picture, whose y points down
    assert np.degrees(np.arctan2(-x_axis[1], x_axis[0])) == pytest.approx(60 * 15 / 16)


def test_motionctrl_equals_the_film_of_realestate10k_relative_to_its_first_frame(real_data: Path):
    """Of the same film, both data sets have the motion forward: neither is inverted."""
    for file in (real_data / "motionctrl_json").glob("test_camera_????????????????.json"):
        table = read_path(file)
        assert "direction" not in codes(table)
        np.testing.assert_allclose(homogeneous(table.matrices[0]), np.eye(4), atol=1e-5)


def test_motionctrl_says_what_it_does_not_do(tmp_path: Path):
    table = replace(path(), matrices=path().matrices @ np.diag([-1.0, -1, 1, 1]))
    text = " ".join(write_path(table, tmp_path / "a.motionctrl.json"))
    assert "the first camera is turned in its world" in text
    assert f"MotionCtrl reads 16 cameras; {len(table)} are written" in text


def test_ac3d_metres_are_where_the_file_says_that_it_was_rescaled(real_data: Path, tmp_path: Path):
    (file,) = (real_data / "ac3d_json").iterdir()
    table = read_path(file)
    assert (table.unit, table.size_wh, len(table)) == ("arbitrary", (1024, 576), 189)
    data = json.loads(file.read_text())
    rescaled = np.array(data["w2c"])
    rescaled[:, :, 3] *= 0.6794518259351598
    metric = {**data, "w2c": rescaled.tolist(), "scale_var": 0.32, "metric_scale": 0.6794518259351598}
    (tmp_path / "a.json").write_text(json.dumps(metric))
    again = read_path(tmp_path / "a.json")
    assert again.unit == "m"
    np.testing.assert_allclose(again.T_world_cam[:, :, 3], 0.6794518259351598 * table.T_world_cam[:, :, 3])
    write_path(again, tmp_path / "camera_info.json")
    assert json.loads((tmp_path / "camera_info.json").read_text())["metric_scale"] == 1.0
    np.testing.assert_allclose(read_path(tmp_path / "camera_info.json").matrices, again.matrices, atol=1e-12)


@pytest.mark.parametrize("side", ["576", "true", "null", "0", "-3", "1e9", "[576]"])
def test_ac3d_sizes_are_whole_pixels(side: str, tmp_path: Path):
    pose = json.dumps([np.eye(4)[:3].tolist()])
    (tmp_path / "a.json").write_text(
        f'{{"imH": {side}, "imW": 1024, "intrinsics": [[[9,0,5],[0,9,5],[0,0,1]]], "w2c": {pose}}}'
    )
    if side == "576":
        assert read_path(tmp_path / "a.json").size_wh == (1024, 576)
    else:
        with pytest.raises(InputError, match=r"imH is .* a number of pixels is needed"):
            read_path(tmp_path / "a.json")


def test_recammaster_equals_its_own_recipe(real_data: Path):
    cameras = read_paths(real_data / "recammaster_json" / "recammaster_camera_extrinsics.json")
    oracle = np.load(real_data / "recammaster_json" / "oracle_relative_c2w_opencv_m.npz")
    assert set(cameras) == set(oracle.files) == {f"cam{i:02d}" for i in range(1, 11)}
    for name, table in cameras.items():
        assert (table.unit, table.up, len(table)) == ("m", "z", 81)
        np.testing.assert_allclose(relative(table), oracle[name], rtol=0, atol=1e-6)
        assert not any(row.severity == "error" for row in table.diagnose())


def test_recammaster_cameras_are_chosen_by_name(real_data: Path):
    file = real_data / "recammaster_json" / "recammaster_camera_extrinsics.json"
    np.testing.assert_array_equal(read_path(f"{file}#cam07").matrices, read_paths(file)["cam07"].matrices)
    with pytest.raises(InputError, match=r"has no camera 'cam11'; its cameras: cam01, cam02"):
        read_path(f"{file}#cam11")
    assert "camera cam01 of 10 was read" in read_path(file).notes[-1]


def test_unreal_strings_have_the_axes_and_centimetres_of_unreal(tmp_path: Path):
    """The rows are where the camera's forward, right and up point, and its place."""
    table = path().frames([20])
    write_path(replace(table, convention=table.convention.with_world("FLU")), tmp_path / "a.recammaster.json")
    text = json.loads((tmp_path / "a.recammaster.json").read_text())["frame0"]["cam01"]
    numbers = np.array([float(word) for word in text.replace("[", " ").replace("]", " ").split()]).reshape(4, 4)
    camera = table.matrices[0]
    place = np.diag([100.0, -100.0, 100.0]) @ camera[:3, 3]  # our y is left, Unreal's right
    np.testing.assert_allclose(numbers[3], [*place, 1], atol=1e-9)
    np.testing.assert_allclose(numbers[0, :3], np.diag([1, -1, 1]) @ camera[:3, 2], atol=1e-12)
    np.testing.assert_allclose(numbers[1, :3], np.diag([1, -1, 1]) @ camera[:3, 0], atol=1e-12)
    np.testing.assert_allclose(numbers[2, :3], np.diag([1, -1, 1]) @ -camera[:3, 1], atol=1e-12)


def test_poses_of_left_handed_worlds_are_no_reflections_elsewhere(real_data: Path, tmp_path: Path):
    table = read_paths(real_data / "recammaster_json" / "recammaster_camera_extrinsics.json")["cam09"]
    table = table.with_size((1280, 1280)).with_fov(53)
    for name in ("re10k", "tum", "colmap", "motionctrl", "transforms"):
        write_path(table, tmp_path / READERS[name].DEFAULT_NAME, format=name)
        again = read_path(tmp_path / READERS[name].DEFAULT_NAME)
        assert "reflection" not in codes(again)
        np.testing.assert_allclose(relative(again), relative(table), atol=1e-4)  # rounded rotations, 36 m off


def test_motion360_entities_and_cameras(real_data: Path):
    folder = real_data / "motion360"
    entities = read_paths(folder / "D_loc1_61_t3n13_003d_Hemi12_1.json")
    assert list(entities) == ["entity0", "entity1", "entity2"]
    first = entities["entity0"]
    assert (len(first), first.unit) == (99, "m")
    assert "entity number 113 of CharacterInfo.json" in first.notes
    assert any("looks where the entity faces" in note for note in first.notes)
    travel = first.T_world_cam[-1, :, 3] - first.T_world_cam[0, :, 3]
    assert travel @ first.T_world_cam[0, :, 2] == pytest.approx(np.linalg.norm(travel), rel=1e-3)  # it walks ahead
    cameras = read_paths(folder / "Hemi12_transforms.json")
    assert list(cameras) == [f"C_{i:02d}_35mm" for i in range(1, 13)]
    for table in cameras.values():
        pose = table.T_world_cam[0]
        assert np.linalg.norm(pose[:, 3]) == pytest.approx(8.0)
        level = -pose[:2, 3] / 8
        assert level @ pose[:2, 2] == pytest.approx(0.99563, abs=1e-4)  # it looks at the middle,
        assert np.degrees(np.arcsin(-pose[2, 2])) == pytest.approx(5.3558, abs=1e-3)  # and down
        assert codes(table) >= {"one-frame"}


def test_motion360_writes_an_entity_file(tmp_path: Path):
    warnings = write_path(orbit(99), tmp_path / "a.motion360.json")
    data = json.loads((tmp_path / "a.motion360.json").read_text())
    assert list(data) == [str(i) for i in range(99)]
    assert [set(entity) for entity in data["0"]] == [{"index", "matrix"}]
    assert not any("99" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("recammaster", '{"frame0": {"cam01": "[1 0 0 0] [0 1 0 0]"}}', "four rows of four numbers"),
        ("recammaster", '{"frame0": {"cam01": "[1 0 0 3] [0 1 0 4] [0 0 1 5] [0 0 0 1]"}}', "0 0 0 1 is needed"),
        ("recammaster", '{"frame0": {"cam01": "[1 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1]"}, "frame1": {}}', "lacks the"),
        ("recammaster", '{"frame0": {"cam01": "[]"}, "scene": {}}', "has the key 'scene'"),
        ("recammaster", "[]", "no object"),
        ("motion360", '{"0": [{"index": 1, "matrix": "[1 0 0 0]"}]}', "frame 0 entity 0"),
        ("motion360", '{"0": [], "1": []}', "0 entities"),
        ("motion360", '{"a": "[1 2]"}', "four rows"),
        ("ac3d", '{"imH": 5, "imW": 7}', "lacks intrinsics, w2c"),
        ("motionctrl", "[[1, 2, 3]]", "12 is needed"),
        ("phi-theta-r", "0 1\n0 1\n", "2 lines"),
        ("phi-theta-r", "0 1\n0 nan\n0 0\n", "line 2 has a key"),
        ("phi-theta-r", "0 1\n0\n0 0\n", "line 2 has 1 keys; two or more"),
        ("phi-theta-r", "0 1\n0 x\n0 0\n", "line 2 holds something else"),
        ("phi-theta-r", "0 1\n0 1\n0 0\n0 0\n", "line 4"),
        ("phi-theta-r", "0 1\n0 1\n0 0\n# kinoeye: one key a frame, lines theta phi r\n", "--from theta-phi-r"),
        (
            "phi-theta-r",
            "0 1\n0 1\n0 0\n# kinoeye: one key a frame, lines phi theta r, elevation 1e9 deg\n",
            "elevation",
        ),
    ],
)
def test_broken_files_are_refused_in_one_line(name: str, text: str, words: str, tmp_path: Path):
    (tmp_path / "file").write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_path(tmp_path / "file", format=name)
    assert "\n" not in str(caught.value)


def test_output_names_choose_the_formats():
    names = {
        "a.wan-fun.txt": "wan-fun", "wan_fun.txt": "wan-fun", "a.cami2v.txt": "cami2v", "a.re10k.txt": "re10k",
        "camera_extrinsics.json": "recammaster", "018f.camera_info.json": "ac3d", "test_camera_x.json": "motionctrl",
        "D_loc1_61_t3n13_003d_Hemi12_1.json": "motion360", "phi_theta_r.txt": "phi-theta-r",
        "viewcrafter.txt": "phi-theta-r", "trajectorycrafter.txt": "theta-phi-r",
    }  # fmt: skip
    assert {name: format_for_output(name) for name in names} == names


def test_places_of_360_motion_are_poses_in_the_world_of_its_entities(tmp_path: Path):
    still = {"position": [0, 0, 0], "rotation": [0, 0, 0]}
    places = [
        {"name": name, "Height": "H10", "coordinates": {"CameraRig_Rail": still, "CameraTarget": target}}
        for name, target in (("loc1", still), ("loc2", {"position": [100, 200, 30], "rotation": [0.0, 0, 0]}))
    ]
    file = tmp_path / "location_data.json"
    file.write_text(json.dumps(places))
    table = read_path(f"{file}#loc2")
    np.testing.assert_allclose(table.T_world_cam[0, :, 3], [1, -2, 0.3])  # Unreal's y points right, ours left
    places[1]["coordinates"]["CameraTarget"]["rotation"] = [0, 0, 90]
    file.write_text(json.dumps(places))
    with pytest.raises(InputError, match="a turned place"):
        read_path(file)

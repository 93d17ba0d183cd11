"""Every planted fault is found in the right frames and repaired; clean paths, real ones too, raise no alarm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from path_tables import path

from kinoeye.base.errors import InputError
from kinoeye.formats import PathTable, read_path, read_paths
from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.formats.plausibility import reordered
from kinoeye.formats.repair import REPAIRS
from kinoeye.geometry.convention import KINOEYE, OPENCV, OPENCV_W2C, OPENGL, convert, invert, rotvec_to_matrix

Matrices = np.ndarray
SOME = [3, 4, 7]
FLIP = np.diag([1.0, -1.0, -1.0, 1.0])


def changed(table: PathTable, change: Callable[[Matrices], None]) -> PathTable:
    matrices = table.matrices.copy()
    change(matrices)
    return replace(table, matrices=matrices)


def errors(table: PathTable) -> dict[str, tuple[int, ...]]:
    return {row.code: row.frames for row in table.diagnose() if row.severity == "error"}


def hints(table: PathTable) -> set[str]:
    return {row.code for row in table.diagnose()} - {"static", "one-frame", "first-pose", "left-handed", "mixed-sizes"}


def scale(matrices: Matrices) -> None:
    matrices[SOME, :, :3] *= 1 / 844


def mirror(matrices: Matrices) -> None:
    matrices[SOME, :, 0] *= -1


def shear(matrices: Matrices) -> None:
    matrices[SOME, :, 0] += 0.05 * matrices[SOME, :, 1]


def stretch(matrices: Matrices) -> None:
    matrices[SOME, :, 2] *= 1.02


def blank(matrices: Matrices) -> None:
    matrices[SOME, :, :3] = 0


def lose(matrices: Matrices) -> None:
    matrices[SOME, 1, 3] = np.nan


def overflow(matrices: Matrices) -> None:
    matrices[SOME, 0, 0] = np.inf


PLANTED = [
    (scale, "scaled"), (mirror, "reflection"), (shear, "not-orthogonal"), (stretch, "not-orthogonal"),
    (blank, "degenerate"), (lose, "nan"), (overflow, "nan"),
]  # fmt: skip


@pytest.mark.parametrize(("plant", "code"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
@pytest.mark.parametrize("convention", [OPENCV, OPENCV_W2C, OPENGL], ids=["opencv", "w2c", "opengl"])
def test_a_planted_fault_is_found_and_repaired(plant: Callable, code: str, convention):
    clean = path().in_convention(convention)
    faulty = changed(clean, plant)
    assert errors(clean) == {}
    assert errors(faulty) == {code: tuple(SOME)}
    with pytest.raises(InputError, match=f"--repair {code}"):
        faulty.to_trajectory()
    mended = faulty.repair(code)
    assert errors(mended) == {}
    assert len(mended.notes) == 1
    if len(mended) == len(clean):
        np.testing.assert_allclose(mended.matrices[:, :, :3], clean.matrices[:, :, :3], atol=0.03)
        if plant in (scale, mirror):
            np.testing.assert_allclose(mended.matrices[:, :, :3], clean.matrices[:, :, :3], atol=1e-12)
    else:
        kept = [i for i in range(len(clean)) if i not in SOME]
        np.testing.assert_array_equal(mended.matrices, clean.matrices[kept])
    mended.to_trajectory()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_mirrored_camera_axis_of_single_frames_is_told_from_the_neighbours(axis: int):
    clean = path()

    def mirror_axis(matrices: Matrices) -> None:
        matrices[10:, :, axis] *= -1

    np.testing.assert_allclose(changed(clean, mirror_axis).repair("reflection").matrices, clean.matrices, atol=1e-12)


def test_a_world_of_the_wrong_hand_keeps_its_relative_motion():
    clean = path()
    faulty = replace(clean, matrices=np.diag([1.0, -1.0, 1.0]) @ clean.matrices)
    assert errors(faulty) == {"reflection": tuple(range(len(clean)))}
    mended = faulty.repair("reflection")
    mended.require_sound()
    relative = [np.linalg.inv(m[0, :, :3]) @ (m[:, :, 3:] - m[0, :, 3:]) for m in (clean.matrices, mended.matrices)]
    np.testing.assert_allclose(relative[0], relative[1], atol=1e-12)
    turned = [np.linalg.inv(m[0, :, :3]) @ m[:, :, :3] for m in (clean.matrices, mended.matrices)]
    np.testing.assert_allclose(turned[0], turned[1], atol=1e-12)


def test_a_mirrored_camera_keeps_its_place_and_view():
    clean = path()
    faulty = replace(clean, matrices=clean.matrices * np.array([-1.0, 1.0, 1.0, 1.0]))
    np.testing.assert_allclose(faulty.repair("reflection-camera").matrices, clean.matrices, atol=1e-12)


def test_faults_come_together_and_are_repaired_one_by_one():
    faulty = changed(changed(changed(path(), scale), mirror), lambda m: m[5, 0].fill(np.nan))
    assert errors(faulty) == {"scaled": tuple(SOME), "reflection": tuple(SOME), "nan": (5,)}
    with pytest.raises(InputError, match="drop them first with --repair nan"):
        faulty.repair("scaled")
    mended = faulty.repair("nan").repair("scaled").repair("reflection")
    assert errors(mended) == {}
    assert len(mended.notes) == 3


def test_times():
    clean = path()
    assert clean.times_s is not None
    times = clean.times_s.copy()
    times[[4, 5]] = times[3]
    duplicate = replace(clean, times_s=times)
    assert errors(duplicate) == {"duplicate-times": (4, 5)}
    assert len(duplicate.repair("duplicate-times")) == len(clean) - 2
    times = clean.times_s.copy()
    times[[2, 6]] = times[[6, 2]]
    backward = replace(clean, times_s=times)
    assert errors(backward) == {"backward-times": (3, 4, 5, 6)}
    mended = backward.repair("backward-times")
    np.testing.assert_array_equal(mended.times_s, clean.times_s)
    np.testing.assert_array_equal(mended.matrices[2], clean.matrices[6])
    times = clean.times_s.copy()
    times[1] = np.nan
    assert errors(replace(clean, times_s=times)) == {"nan": (1,)}


def test_intrinsics():
    clean = path()
    assert clean.intrinsics is not None
    K = clean.intrinsics.copy()
    K[2, 0, 0] = -1
    assert errors(replace(clean, intrinsics=K)) == {"focal": (2,)}
    assert errors(replace(clean, intrinsics=K).repair("focal")) == {}
    K = clean.intrinsics.copy()
    K[2, 0, 1] = 3
    assert [row.code for row in replace(clean, intrinsics=K).diagnose() if row.severity == "warning"] == ["skew"]


def test_quaternions_that_are_not_of_unit_length(tmp_path: Path):
    file = tmp_path / "a.tum"
    file.write_text("0 0 0 0 0 0 0 1\n1 0 0 1 0 0 0.6 0.9\n2 0 0 2 0 0 0 0\n")
    table = read_path(file)
    assert errors(table) == {"scaled": (1,), "degenerate": (2,)}
    assert "quaternion" in next(row.message for row in table.diagnose() if row.code == "scaled")
    mended = table.repair("degenerate").repair("scaled")
    np.testing.assert_allclose(mended.matrices[1, :, 3], [0, 0, 1])
    assert errors(mended) == {}


def test_few_frames_and_no_motion():
    one = path().frames([0])
    assert [(row.code, row.severity) for row in one.diagnose()] == [("one-frame", "hint")]
    assert [row.code for row in path("hold").diagnose()] == ["static"]
    empty = path().frames([])
    assert errors(empty) == {"empty": ()}
    with pytest.raises(InputError, match="no poses"):
        empty.to_track()
    with pytest.raises(InputError, match="no camera would be left"):
        changed(one, lambda m: m.fill(np.nan)).repair("nan")


def test_a_jump_is_a_warning():
    jumped = changed(path("push in two metres"), lambda m: m[20:, :, 3].__iadd__(50.0))
    assert [(row.code, row.frames) for row in jumped.diagnose()] == [("teleport", (20,))]


INAPPLICABLE = {"quaternion-order": "no quaternions", "pixel-intrinsics": "not normalised"}
CHANGES_ALWAYS = {"centimetres", "metres", "normalised-intrinsics"}
"""They take numbers for something else, whatever the numbers are."""


def test_repairs_are_known_by_name():
    with pytest.raises(InputError, match="no repair 'magic'; repairs: nan, degenerate"):
        path().repair("magic")
    for code in REPAIRS:
        if code in INAPPLICABLE:
            with pytest.raises(InputError, match=INAPPLICABLE[code]):
                path().repair(code)
            continue
        if code in CHANGES_ALWAYS:
            continue
        sound = path().repair(code)
        assert len(sound.notes) == 1
        assert len(sound) == len(path())
        if code not in ("direction", "axes"):
            assert sound.diagnose() == path().diagnose()
            np.testing.assert_allclose(sound.matrices, path().matrices, atol=1e-12)


def test_a_path_in_centimetres_that_says_metres():
    clean = replace(path("push in two metres"), convention=KINOEYE)
    planted = changed(clean, lambda m: m[:, :, 3].__imul__(100))
    assert hints(clean) == set()
    assert hints(planted) == {"centimetres"}
    assert hints(replace(planted, times_s=None)) == {"centimetres"}
    np.testing.assert_allclose(planted.repair("centimetres").T_world_cam, clean.T_world_cam, atol=1e-12)
    assert hints(replace(planted, convention=OPENCV)) == set()  # a file without a unit cannot be in the wrong one


def test_a_path_in_metres_that_says_centimetres():
    unreal = replace(KINOEYE, camera_axes="FRU", world_axes="FRU", metres_per_unit=0.01)
    clean = path("push in two metres")
    clean = replace(clean, convention=KINOEYE).in_convention(unreal)
    planted = changed(clean, lambda m: m[:, :, 3].__imul__(0.01))
    assert hints(clean) == set()
    assert hints(planted) == {"metres"}
    assert "left-handed" in {row.code for row in clean.diagnose()}
    np.testing.assert_allclose(planted.repair("metres").T_world_cam, clean.T_world_cam, atol=1e-12)


def test_intrinsics_in_pixels_and_in_fractions():
    clean = path().with_size((640, 480))
    assert clean.intrinsics is not None
    fractions = replace(clean, intrinsics=clean.with_size((1, 1)).intrinsics)
    assert set(errors(fractions)) == {"normalised-intrinsics"}
    np.testing.assert_allclose(fractions.repair("normalised-intrinsics").intrinsics, clean.intrinsics)
    assert set(errors(replace(fractions, size_wh=None))) == {"normalised-intrinsics"}
    pixels = replace(clean, size_wh=(1, 1))
    assert set(errors(pixels)) == {"pixel-intrinsics"}
    mended = pixels.repair("pixel-intrinsics")
    assert errors(mended) == {}
    np.testing.assert_allclose(mended.intrinsics, clean.with_size((1, 1)).intrinsics)
    assert any("640x480" in note for note in mended.notes)


@pytest.mark.parametrize("size_wh", [(640, 480), (1, 1)])
def test_a_principal_point_outside_the_image(size_wh: tuple[int, int]):
    clean = path().with_size(size_wh)
    assert clean.intrinsics is not None
    K = clean.intrinsics.copy()
    K[3, 0, 2] = -0.2 * size_wh[0]
    K[5, 1, 2] = 1.1 * size_wh[1]
    planted = replace(clean, intrinsics=K)
    found = [(row.code, row.severity, row.frames) for row in planted.diagnose()]
    assert ("principal-point", "warning", (3, 5)) in found
    np.testing.assert_allclose(planted.repair("principal-point").intrinsics, clean.intrinsics)


@pytest.mark.parametrize(("order", "other"), [("wxyz", "xyzw"), ("xyzw", "wxyz")])
def test_quaternions_in_the_other_order(order: str, other: str):
    clean = path("push in two metres while panning left")
    clean = replace(clean, convention=replace(clean.convention, quaternion_order=order))
    planted = replace(clean, matrices=reordered(replace(clean, convention=replace(OPENCV, quaternion_order=other))))
    assert hints(clean) == set()
    assert "quaternion-order" in hints(planted)
    np.testing.assert_allclose(planted.repair("quaternion-order").matrices, clean.matrices, atol=1e-12)


def test_quaternions_of_a_file_in_the_other_order(tmp_path: Path):
    file = tmp_path / "a.tum"
    rows = [f"{i} 0 0 {i * i} {w} 0 {y} 0" for i, (w, y) in enumerate([(1, 0), (0.8, 0.6), (0.6, 0.8), (0, 1)])]
    file.write_text("\n".join(rows))  # qw qx qy qz in the columns of qx qy qz qw
    table = read_path(file)
    assert "quaternion-order" in hints(table)
    np.testing.assert_allclose(table.repair("quaternion-order").T_world_cam[1, :, 2], [0.96, 0, 0.28], atol=1e-12)


@pytest.mark.parametrize("focal", [4.0, 90_000.0])
def test_a_view_that_no_camera_has(focal: float):
    clean = path().with_size((640, 480))
    assert clean.intrinsics is not None
    K = clean.intrinsics.copy()
    K[7, [0, 1], [0, 1]] = focal
    found = [(row.code, row.severity, row.frames) for row in replace(clean, intrinsics=K).diagnose()]
    assert ("field-of-view", "warning", (7,)) in found
    assert "field-of-view" not in {row.code for row in clean.diagnose()}


def test_the_first_pose():
    relative = path("push in two metres while panning left")
    assert "first-pose" not in {row.code for row in relative.diagnose()}
    turn = rotvec_to_matrix([0.3, -0.2, 0.5])
    for convention in (OPENCV, OPENGL, OPENCV_W2C):
        moved = changed(relative, lambda m: m.__setitem__(slice(None), turn @ m)).in_convention(convention)
        assert "first-pose" in {row.code for row in moved.diagnose()}
        mended = moved.repair("first-pose")
        np.testing.assert_allclose(mended.T_world_cam, relative.T_world_cam, atol=1e-12)
        assert mended.convention.direction == convention.direction
    named = replace(relative, convention=KINOEYE)
    assert "first-pose" not in {row.code for row in named.diagnose()}


def test_a_camera_at_rest_that_trembles():
    rng = np.random.default_rng(0)
    rest = path("hold")
    trembling = changed(rest, lambda m: m[:, :, 3].__iadd__(rng.normal(size=(len(rest), 3)) * 1e-3))
    assert [(row.code, "noise" in row.message) for row in trembling.diagnose() if row.code == "static"] == [
        ("static", True)
    ]
    drifting = changed(trembling, lambda m: m[:, 2, 3].__iadd__(np.linspace(0, 0.1, len(rest))))
    assert "static" not in {row.code for row in drifting.diagnose()}


def test_what_only_the_reader_saw_is_accepted_by_its_code():
    found = Diagnosis("truncated", "error", (3,), "line 4 breaks off; the frames before it are kept")
    table = replace(path(), findings=(found,))
    assert table.diagnose()[0] == found
    with pytest.raises(InputError, match="--repair truncated"):
        table.require_sound()
    mended = table.repair("truncated")
    mended.require_sound()
    assert "line 4 breaks off" in mended.notes[-1]
    assert "nothing was changed" in path().repair("truncated").notes[-1]


def shaky(seed: int = 0) -> PathTable:
    """A walk forward along a bend with the tremble of a hand, in a world that the file does not name (y down)."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, 60)
    heading = np.radians(50) * t
    shake = np.cumsum(rng.normal(size=(60, 3)), 0) * np.radians(0.15)
    rotation = rotvec_to_matrix(np.stack([0 * t, heading, 0 * t], -1)) @ rotvec_to_matrix(shake)
    view = np.stack([np.sin(heading), 0 * t, np.cos(heading)], -1)
    centre = np.cumsum(view, 0) / 20 + rng.normal(size=(60, 3)) * 1e-3 + np.array([0.5, 0.1, 1.0])
    return PathTable(matrices=np.concatenate([rotation, centre[:, :, None]], -1), convention=OPENCV)


@pytest.mark.parametrize("seed", range(8))
def test_hints_of_a_walk(seed: int):
    clean = shaky(seed)
    assert hints(clean) == set()
    inverted = replace(clean, matrices=invert(clean.matrices))
    assert "direction" in hints(inverted)
    assert hints(inverted.repair("direction")) == set()
    flipped = replace(clean, matrices=clean.matrices @ FLIP)
    assert hints(flipped) == {"axes"}
    assert hints(flipped.repair("axes")) == set()


def test_few_false_hints_on_films_of_our_own():
    rng = np.random.default_rng(0)
    moves = ["push in two metres", "pull out", "truck left", "crane up", "pan left 40 degrees", "tilt down",
             "roll left", "orbit right 45 degrees", "handheld push in", "dolly zoom in", "hold"]  # fmt: skip
    links = rng.choice([", then ", " while "], size=60)
    sentences = [link.join(rng.choice(moves, size=2, replace=False)) for link in links]
    alarmed = [sentence for sentence in sentences if hints(path(sentence))]
    assert len(alarmed) <= 3, alarmed  # pulling out while orbiting is one


def test_upside_down_in_a_world_with_a_known_up():
    level = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])  # looks along +x, +z is up
    table = path("truck right two metres")
    table = replace(table, matrices=level @ table.matrices, convention=KINOEYE)
    assert hints(table) == set()
    assert hints(table.repair("axes")) == {"axes"}


def test_cami2v_reflections(real_data: Path):
    reflected = {"look_down", "look_right", "orbit_left", "orbit_up", "pan_up", "rotate_clockwise"}
    for file in (real_data / "cami2v_txt").glob("*.txt"):
        table = read_path(file)
        expected = {"reflection": tuple(range(len(table)))} if file.stem in reflected else {}
        assert errors(table) == expected, file
        if expected:
            assert errors(table.repair("reflection")) == {}
    # "look right" turns right once repaired: the viewing axis moves towards the camera's first x axis.
    poses = read_path(real_data / "cami2v_txt" / "look_right.txt").repair("reflection").T_world_cam
    assert poses[-1, :, 2] @ poses[0, :, 0] > 0.9


@pytest.fixture(scope="session")
def clean_real_tables(real_data: Path) -> dict[str, PathTable]:
    """Every camera of every real file, faults of the shipped files repaired."""
    models = [real_data / name for name in ("colmap_txt", "colmap_bin", "colmap_bin_two_view")]
    parts = ("images.txt", "cameras.txt", "images.bin", "cameras.bin")
    files = [file for file in sorted(real_data.rglob("*")) if file.is_file() and file.name not in parts]
    tables = {}
    for file in [*files, *models]:
        try:
            cameras = read_paths(file)
        except InputError:  # tests/formats/test_real_files.py holds which files may be refused
            continue
        for name, table in cameras.items():
            for code in errors(table):
                table = table.repair(code)
            tables[f"{file.relative_to(real_data)}#{name}"] = table
    return tables


def test_only_known_real_files_have_errors(real_data: Path):
    assert set(errors(read_path(real_data / "euroc" / "V102.txt"))) == {"duplicate-times"}
    for pattern in ("re10k_txt/*", "wan_fun_camera_txt/*", "tum/*", "gendop/*transforms*.json", "gen3r/*cameras.json"):
        for file in real_data.glob(pattern):
            assert errors(read_path(file)) == {}, file


def in_quaternions(table: PathTable, order: str, stored: str) -> PathTable:
    """The path as a format with quaternions of an order reads a file that stores them in another."""
    as_read = replace(table, convention=replace(table.convention, quaternion_order=order))
    if order == stored:
        return as_read
    return replace(
        as_read, matrices=reordered(replace(table, convention=replace(table.convention, quaternion_order=stored)))
    )


def test_hints_on_real_paths(clean_real_tables: dict[str, PathTable]):
    """No false hint on 103 real cameras; of the planted faults, as many are found as docs/formats.md states."""
    found = {name: hints(table) for name, table in clean_real_tables.items()}
    assert len(found) == 103
    assert {name: codes for name, codes in found.items() if codes} == {
        # Nine centimetres in all, in a file that does not state its unit: USD's default is a hundredth of a metre.
        "usd/cameraMoving.usda#/World/main_cam": {"metres"},
        "colmap_bin_two_view#": {"field-of-view"},  # a solve that failed: a focal length of 5 pixels
    }
    paths = [table for table in clean_real_tables.values() if len(table) >= 4]
    assert len(paths) == 80
    assert sum("direction" in hints(table.repair("direction")) for table in paths) >= 38
    assert sum("axes" in hints(table.repair("axes")) for table in paths) >= 73
    for order, other in (("wxyz", "xyzw"), ("xyzw", "wxyz")):
        assert not any("quaternion-order" in hints(in_quaternions(table, order, order)) for table in paths)
        assert sum("quaternion-order" in hints(in_quaternions(table, order, other)) for table in paths) >= 41


@pytest.mark.parametrize("code", ["scaled", "reflection", "not-orthogonal", "nan"])
def test_faults_planted_in_real_paths(clean_real_tables: dict[str, PathTable], code: str):
    plant = {found: plant for plant, found in PLANTED}[code]
    for name, table in clean_real_tables.items():
        if len(table) > max(SOME):
            faulty = changed(table, plant if code != "scaled" else scale)
            assert errors(faulty).get(code) == tuple(SOME), name
            assert errors(faulty.repair(code)) == {}, name


def test_conversion_keeps_the_fault():
    faulty = changed(path(), mirror)
    assert errors(replace(faulty, matrices=convert(faulty.matrices, OPENCV, OPENGL), convention=OPENGL)) == errors(
        faulty
    )

"""Every planted fault of a DataDoP folder is found where it is, and a sound folder has none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kinoeye.base.errors import InputError
from kinoeye.datasets import check_datadop
from kinoeye.datasets.datadop_layout import FILES, is_shot_name, least_tokens, shot_file


def first_shot(folder: Path) -> str:
    return (folder / "train_valid.txt").read_text().splitlines()[0]


def file_of(folder: Path, kind: str) -> Path:
    return shot_file(folder, "train", first_shot(folder), kind)


def edit_json(kind: str, change: Callable[[dict], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = file_of(folder, kind)
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return spoil


def edit_depth(change: Callable[[np.ndarray], np.ndarray | None]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = file_of(folder, "depth")
        depth = np.load(path)
        changed = change(depth)
        np.save(path, depth if changed is None else changed)

    return spoil


def edit_rows(kind: str, change: Callable[[list[str]], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = file_of(folder, kind)
        lines = path.read_text().splitlines()
        change(lines)
        path.write_text("\n".join(lines))

    return spoil


def edit_pose(frame: int, row: int, column: int, value: float) -> Callable[[Path], None]:
    def change(data: dict) -> None:
        data["frames"][frame]["transform_matrix"][row][column] = value

    return edit_json("transforms", change)


def mirror(data: dict) -> None:
    for frame in data["frames"][3:8]:
        for row in frame["transform_matrix"][:3]:
            row[0] = -row[0]


def stand(data: dict) -> None:
    for frame in data["frames"]:
        frame["transform_matrix"] = np.eye(4).tolist()


def write(kind: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: file_of(folder, kind).write_bytes(content) and None


def cut(kind: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = file_of(folder, kind)
        path.write_bytes(path.read_bytes()[:-2000])

    return spoil


def nan_at(depth: np.ndarray) -> None:
    depth[5:7, 3] = np.nan


def inf_at(depth: np.ndarray) -> None:
    depth[0, 0] = np.inf


def zero_at(depth: np.ndarray) -> None:
    depth[0, :4] = 0


FAULTS = [
    ("missing-file", "depth", lambda folder: file_of(folder, "depth").unlink()),
    ("missing-file", "caption", lambda folder: file_of(folder, "caption").unlink()),
    ("unreadable", "caption", write("caption", b"{")),
    ("not-captions", "caption", write("caption", b"[1]")),
    ("missing-caption", "caption", edit_json("caption", lambda data: data.pop("Movement"))),
    ("missing-caption", "caption", edit_json("caption", lambda data: data.pop("Concise Interaction"))),
    ("empty-caption", "caption", edit_json("caption", lambda data: data.update(Movement="  "))),
    ("not-captions", "caption", edit_json("caption", lambda data: data.update(Movement=3))),
    ("long-caption", "caption", edit_json("caption", lambda data: data.update(Movement="left " * 76))),
    ("long-caption", "caption", edit_json("caption", lambda data: data.update({"Detailed Interaction": "left " * 76}))),
    ("unreadable", "rgb", write("rgb", b"not a picture")),
    ("unreadable", "rgb", cut("rgb")),
    ("not-colour", "rgb", lambda folder: Image.new("L", (512, 288)).save(file_of(folder, "rgb"))),
    ("width", "rgb", lambda folder: Image.new("RGB", (300, 288)).save(file_of(folder, "rgb"))),
    ("nan-depth", "depth", edit_depth(nan_at)),
    ("infinite-depth", "depth", edit_depth(inf_at)),
    ("depth-behind", "depth", edit_depth(zero_at)),
    ("flat-depth", "depth", edit_depth(np.ones_like)),
    ("dtype", "depth", edit_depth(lambda depth: depth.astype(np.float64))),
    ("shape", "depth", edit_depth(lambda depth: depth[None])),
    ("unreadable", "depth", write("depth", b"\x93NUMPY\x01\x00")),
    ("unreadable", "depth", cut("depth")),
    ("unreadable", "intrinsics", edit_rows("intrinsics", lambda rows: rows.insert(2, "1 2 3"))),
    ("calibration", "intrinsics", edit_rows("intrinsics", lambda rows: rows.insert(2, "-9 0 1 0 9 1 0 0 1"))),
    ("not-finite", "intrinsics", edit_rows("intrinsics", lambda rows: rows.insert(2, "nan 0 1 0 9 1 0 0 1"))),
    ("unreadable", "traj", edit_rows("traj", lambda rows: rows.clear())),
    ("unreadable", "traj", edit_rows("traj", lambda rows: rows.insert(2, "1 2 3 4 5 6 7 eight"))),
    ("quaternion", "traj", edit_rows("traj", lambda rows: rows.append("500 0 0 0 2 0 0 0"))),
    ("order", "traj", edit_rows("traj", lambda rows: rows.reverse())),
    ("not-transforms", "transforms", write("transforms", b'{"frames": 3}')),
    ("frame-count", "transforms", edit_json("transforms", lambda data: data["frames"].pop())),
    ("camera", "transforms", edit_json("transforms", lambda data: data.pop("fl_x"))),
    ("camera", "transforms", edit_json("transforms", lambda data: data.update(fl_y=-1))),
    ("matrix", "transforms", edit_json("transforms", lambda data: data["frames"][4].pop("transform_matrix"))),
    ("numbers", "transforms", edit_json("transforms", lambda data: data["frames"][4].update(monst3r_im_id=9))),
    ("not-finite", "transforms", edit_pose(7, 1, 3, float("nan"))),
    ("last-row", "transforms", edit_pose(7, 3, 0, 0.5)),
    ("not-orthogonal", "transforms", edit_pose(7, 0, 0, 0.5)),
    ("reflection", "transforms", edit_json("transforms", mirror)),
    ("static", "transforms", edit_json("transforms", stand)),
]


@pytest.mark.parametrize(("code", "kind", "spoil"), FAULTS, ids=[f"{code} of {kind}" for code, kind, _ in FAULTS])
def test_a_planted_fault_is_found_in_its_file_and_no_other(
    code: str, kind: str, spoil: Callable[[Path], None], copied_set: Path
):
    before = {path: path.read_bytes() for path in copied_set.rglob("*") if path.is_file()}
    spoil(copied_set)
    spoilt = {path: path.read_bytes() for path in copied_set.rglob("*") if path.is_file()}
    report = check_datadop(copied_set)
    found = {(fault.code, fault.file) for fault in report.faults}
    assert (code, str(file_of(copied_set, kind).relative_to(copied_set))) in found
    shot = f"train/{first_shot(copied_set)}"
    assert all(fault.item == shot for fault in report.faults)
    assert {path: path.read_bytes() for path in copied_set.rglob("*") if path.is_file()} == spoilt
    assert len(before) >= len(spoilt)


def test_a_sound_set_has_no_fault(made_set: Path):
    report = check_datadop(made_set)
    assert report.faults == ()
    assert report.shots == {"train": 2, "test": 1}


def test_sizes_that_differ_are_told(copied_set: Path):
    edit_depth(lambda depth: depth[::2, ::2])(copied_set)
    (fault,) = check_datadop(copied_set).faults
    assert fault.code == "sizes"
    assert fault.message.endswith("rgb 512x288, depth 256x144, transforms 512x288")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("1_a/shot_0001", "missing-shot"),
        ("../../etc/passwd", "bad-entry"),
        ("1_a", "bad-entry"),
        ("/etc/x", "bad-entry"),
    ],
)
def test_entries_of_lists_without_a_shot(line: str, code: str, copied_set: Path):
    with (copied_set / "train_valid.txt").open("a") as file:
        file.write(f"{line}\n")
    report = check_datadop(copied_set)
    assert code in {fault.code for fault in report.faults if fault.severity == "error"}
    assert not report.holds


def test_lists_are_held_against_each_other_and_the_folders(copied_set: Path):
    train, test = copied_set / "train_valid.txt", copied_set / "test_valid.txt"
    first, second = train.read_text().split()
    train.write_text(f"{first}\n{first}\n")
    test.write_text(test.read_text() + f"{first}\n")
    found = {fault.code: fault for fault in check_datadop(copied_set).faults}
    assert {"repeated-entry", "in-both-splits", "unlisted", "missing-shot"} <= found.keys()
    assert second in found["unlisted"].message


def test_a_folder_without_lists_or_shots(tmp_path: Path):
    assert [fault.code for fault in check_datadop(tmp_path).faults] == ["no-lists", "missing"]
    (tmp_path / "train_valid.txt").write_text("\n")
    assert check_datadop(tmp_path).faults[0].code == "empty"
    with pytest.raises(InputError, match="is no folder"):
        check_datadop(tmp_path / "nowhere")


def test_changed_files_do_not_have_their_checksums(made_set: Path, tmp_path: Path):
    folder = tmp_path / "set"
    shutil.copytree(made_set, folder)
    (folder / "README.md").write_text("another card")
    (folder / "provenance.json").unlink()
    found = {(fault.code, fault.message.split()[0]) for fault in check_datadop(folder).faults}
    assert found == {("changed-file", "README.md"), ("missing-file", "provenance.json")}


def test_metadata_is_held_against_the_lists(copied_set: Path):
    path = copied_set / "metadata.csv"
    rows = path.read_text().splitlines()
    path.write_text("\n".join(rows[:-1]))
    assert [fault.code for fault in check_datadop(copied_set).faults] == ["incomplete"]
    path.write_text("\n".join(["a,b", *rows[1:]]))
    assert [fault.code for fault in check_datadop(copied_set).faults] == ["columns"]


def test_released_shots_have_the_faults_that_they_have(real_data: Path, tmp_path: Path):
    for case in ("case1", "case2"):
        for kind in ("caption", "depth", "transforms"):
            target = shot_file(tmp_path, "train", f"1_real/{case}", kind)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(real_data / "gendop" / f"{case}{FILES[kind]}", target)
    (tmp_path / "train_valid.txt").write_text("1_real/case1\n1_real/case2\n")
    faults = check_datadop(tmp_path).faults
    assert {fault.code for fault in faults if fault.severity == "error"} == {"missing-file"}
    assert {fault.file[-7:] for fault in faults if fault.code == "missing-file"} == {
        "rgb.png",
        "csics.txt"[-7:],
        "raj.txt",
    }
    assert {fault.code for fault in faults if fault.severity == "warning"} <= {"missing", "long-caption"}


@given(st.text())
def test_names_of_shots_never_lead_out_of_the_folder(name: str):
    if is_shot_name(name):
        assert len(Path(name).parts) == 2
        assert not set(Path(name).parts) & {"..", ".", "/"}


def test_tokens_are_counted_as_clip_splits_words():
    assert least_tokens("") == 2
    assert least_tokens("The camera's 12 moves, don't") == 2 + len("The camera 's 1 2 moves , don 't".split())

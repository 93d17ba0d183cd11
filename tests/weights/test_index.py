"""`weights.json`: what it refuses, and what ships."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.safetensors_header import read_safetensors_header
from kinoeye.weights import CurvePoint, Entry, FileRecord, StoredRow, WeightsIndex, resolve
from kinoeye.weights.index import BUDGET_BYTES, ROOT, SHARED, VERSION, folder_sha256

FLOATS_OF_16_BITS = {"F16", "BF16"}
FLOATS = {"F64", "F32", *FLOATS_OF_16_BITS}


def entry(name: str = "tiny", system: str = "gendop", size: int = 100, **more) -> Entry:
    return Entry(
        system=system,
        name=name,
        files={"model.safetensors": FileRecord(sha256="a" * 64, bytes=size)},
        command=("train", system, "--preset", "tiny"),
        seeds={"seed": 0},
        data="captions of the train stream",
        hours=0.5,
        cpu_seconds=1800.0,
        learning_curve=(CurvePoint(step=10, cpu_seconds=1.5, metrics={"loss": 2.0}),),
        metrics={"exact_program": 0.9},
        evaluation=("eval", system),
        **more,
    )


def row(name: str = "official_architecture") -> StoredRow:
    return StoredRow(
        system="gendop",
        name=name,
        command=("train", "gendop"),
        seeds={"seed": 0},
        sha256="b" * 64,
        cpu_seconds=1800.0,
        metrics={"tag_f1": 0.4},
        evaluation=("eval", "gendop"),
        worlds_sha256="c" * 64,
    )


def test_an_index_reads_as_it_was_written(tmp_path: Path):
    index = WeightsIndex().with_entry(entry()).with_entry(entry("clatr", SHARED)).with_stored(row())
    index.write(tmp_path)
    assert WeightsIndex.read(tmp_path) == index
    assert json.loads((tmp_path / "weights.json").read_text())["version"] == VERSION
    assert index.stored_rows("gendop") == (row(),)
    assert index.stored_rows("amg") == ()


def test_adding_a_name_again_replaces_it():
    index = WeightsIndex().with_entry(entry(size=1)).with_entry(entry(size=2)).with_stored(row()).with_stored(row())
    assert index.entries == (entry(size=2),)
    assert index.stored == (row(),)


def test_a_system_over_its_budget_is_refused():
    half = BUDGET_BYTES // 2
    index = WeightsIndex().with_entry(entry("a", size=half)).with_entry(entry("b", size=half))
    index = index.with_entry(entry("c", "amg", size=half))  # another system has its own budget
    with pytest.raises(InputError, match="gendop would take"):
        index.with_entry(entry("d", size=1 + BUDGET_BYTES - 2 * half))
    with pytest.raises(InputError, match="shared would take"):
        index.with_entry(entry("clatr", SHARED, size=BUDGET_BYTES + 1))


def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(InputError, match="twice"):
        WeightsIndex(entries=(entry(), entry()))


@pytest.mark.parametrize("name", ["../tiny", "a/b", "", ".hidden"])
def test_names_that_leave_the_folder_are_refused(name: str):
    with pytest.raises(InputError, match="plain file name"):
        entry(name)
    with pytest.raises(InputError, match="plain file name"):
        replace(entry(), files={name: FileRecord(sha256="", bytes=0)})


def test_a_shared_part_that_others_were_trained_on_cannot_change():
    clatr = entry("clatr", SHARED)
    index = WeightsIndex().with_entry(clatr).with_entry(entry(depends_on={"clatr": clatr.sha256}))
    changed = replace(clatr, files={"model.safetensors": FileRecord(sha256="c" * 64, bytes=100)})
    with pytest.raises(InputError, match="gendop tiny was trained on the shared checkpoint 'clatr'"):
        index.with_entry(changed)
    with pytest.raises(InputError, match=r"which weights\.json lacks"):
        WeightsIndex().with_entry(entry(depends_on={"clatr": clatr.sha256}))


def test_the_checksum_of_a_folder_sees_names_and_contents():
    sums = {"config.json": "1", "model.safetensors": "2"}
    assert folder_sha256(sums) == folder_sha256(dict(reversed(sums.items())))
    assert folder_sha256(sums) != folder_sha256({"config.json": "2", "model.safetensors": "1"})


def test_unknown_keys_and_versions_are_named(tmp_path: Path):
    WeightsIndex().write(tmp_path)
    file = tmp_path / "weights.json"
    data = json.loads(file.read_text())
    file.write_text(json.dumps({**data, "version": VERSION + 1}))
    with pytest.raises(InputError, match=f"reads version {VERSION}"):
        WeightsIndex.read(tmp_path)
    file.write_text(json.dumps({**data, "entires": []}))
    with pytest.raises(InputError, match="did you mean 'entries'"):
        WeightsIndex.read(tmp_path)


def test_what_ships_is_whole_in_16_bits_and_nothing_else_lies_there():
    index = WeightsIndex.read()  # the budgets are held when it is read
    for shipped in index.entries:
        folder = resolve(shipped.name, system=shipped.system)
        assert {path.name for path in folder.path.iterdir()} == set(shipped.files)
        assert shipped.metrics
        assert shipped.learning_curve
        for file in folder.path.glob("*.safetensors"):
            dtypes = {head.dtype for head in read_safetensors_header(file).values()}
            assert dtypes & FLOATS <= FLOATS_OF_16_BITS
    listed = {ROOT / shipped.system / shipped.name for shipped in index.entries}
    assert {path.parent for path in ROOT.rglob("*.safetensors")} <= listed

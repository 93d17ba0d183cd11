"""A name or folder becomes a folder of weights that is whole, or one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kinoeye.base.errors import InputError
from kinoeye.base.run_record import RunRecord
from kinoeye.formats.containers.safetensors_header import read_safetensors_header
from kinoeye.weights import CurvePoint, Entry, WeightsIndex, resolve
from kinoeye.weights.index import SHARED
from kinoeye.weights.verified_folder import file_records


def fill(folder: Path, seed: int = 0) -> Path:
    folder.mkdir(parents=True)
    tensors = {"weight": torch.randn(4, 6, generator=torch.Generator().manual_seed(seed)), "bias": torch.zeros(4)}
    save_file({name: tensor.half() for name, tensor in tensors.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    return folder


def publish(root: Path, name: str = "tiny", system: str = "gendop", **more) -> Entry:
    folder = fill(root / system / name)
    entry = Entry(
        system=system,
        name=name,
        files=file_records(folder),
        command=("train", system),
        seeds={"seed": 0},
        data="nothing",
        hours=0.0,
        cpu_seconds=0.0,
        learning_curve=(CurvePoint(step=1, cpu_seconds=0.0, metrics={"loss": 1.0}),),
        metrics={"loss": 1.0},
        evaluation=(),
        **more,
    )
    index = WeightsIndex.read(root) if (root / "weights.json").exists() else WeightsIndex()
    index.with_entry(entry).write(root)
    return entry


def test_a_name_resolves_to_what_ships(tmp_path: Path):
    entry = publish(tmp_path)
    folder = resolve("tiny", system="gendop", root=tmp_path)
    assert folder.path == tmp_path / "gendop" / "tiny"
    assert Path(folder) == folder.path
    assert folder.entry == entry
    assert folder.sha256 == entry.sha256


def test_a_copy_of_what_ships_has_the_same_checksum(tmp_path: Path):
    entry = publish(tmp_path / "root")
    own = fill(tmp_path / "own")
    (own / "run.json").unlink(missing_ok=True)
    folder = resolve(own, system="gendop", root=tmp_path / "root")
    assert folder.entry is None
    assert folder.sha256 == entry.sha256


def test_a_changed_byte_is_one_line(tmp_path: Path):
    publish(tmp_path)
    file = tmp_path / "gendop" / "tiny" / "model.safetensors"
    resolve("tiny", system="gendop", root=tmp_path)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match=r"does not have the sha256 that weights\.json says") as caught:
        resolve("tiny", system="gendop", root=tmp_path)
    assert "\n" not in str(caught.value)


def test_a_cut_or_missing_file_is_one_line(tmp_path: Path):
    publish(tmp_path)
    file = tmp_path / "gendop" / "tiny" / "model.safetensors"
    os.truncate(file, 40)
    with pytest.raises(InputError, match="has 40 bytes instead of"):
        resolve("tiny", system="gendop", root=tmp_path)
    file.unlink()
    with pytest.raises(InputError, match="is missing"):
        resolve("tiny", system="gendop", root=tmp_path)


def test_bytes_are_read_once_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    publish(tmp_path)
    resolve("tiny", system="gendop", root=tmp_path)
    opened: list[str] = []
    opening = Path.open

    def watched(self: Path, *args, **kwargs):
        opened.append(self.name)
        return opening(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", watched)
    resolve("tiny", system="gendop", root=tmp_path)
    assert "model.safetensors" not in opened


def test_own_folders_are_held_to_be_whole(tmp_path: Path):
    WeightsIndex().write(tmp_path)
    own = fill(tmp_path / "own")
    assert resolve(own, system="gendop", root=tmp_path).path == own
    file = own / "model.safetensors"
    size = file.stat().st_size
    os.truncate(file, size - 3)
    with pytest.raises(InputError, match=f"has {size - 3} bytes where its head promises {size}"):
        resolve(own, system="gendop", root=tmp_path)
    os.truncate(file, 5)
    with pytest.raises(InputError, match="cut off after 5 bytes"):
        resolve(own, system="gendop", root=tmp_path)
    file.write_bytes((20).to_bytes(8, "little") + b"not json at all, no!")
    with pytest.raises(InputError, match="damaged head"):
        resolve(own, system="gendop", root=tmp_path)
    file.unlink()
    with pytest.raises(InputError, match=r"holds no \.safetensors"):
        resolve(own, system="gendop", root=tmp_path)


def test_unknown_names_and_files_say_what_is_needed(tmp_path: Path):
    publish(tmp_path)
    with pytest.raises(InputError, match="gendop has no checkpoint 'tinny'; known: tiny"):
        resolve("tinny", system="gendop", root=tmp_path)
    with pytest.raises(InputError, match="amg has no checkpoint 'tiny'; known: none"):
        resolve("tiny", system="amg", root=tmp_path)
    file = tmp_path / "epoch99.ckpt"
    file.write_bytes(b"x")
    with pytest.raises(InputError, match="kinoeye weights import"):
        resolve(file, system="gendop", root=tmp_path)


def test_an_own_folder_refuses_another_shared_part(tmp_path: Path):
    shared = publish(tmp_path, "clatr", SHARED)
    own = fill(tmp_path / "own", seed=1)
    RunRecord(argv=("train", "gendop"), weights_sha256={"clatr": shared.sha256}).write(own)
    resolve(own, system="gendop", root=tmp_path)
    RunRecord(argv=("train", "gendop"), weights_sha256={"clatr": "0" * 64}).write(own)
    with pytest.raises(InputError, match="was trained on the shared checkpoint 'clatr' with sha256 000000000000"):
        resolve(own, system="gendop", root=tmp_path)


def test_the_model_of_a_training_run_refuses_another_shared_part(tmp_path: Path):
    publish(tmp_path, "clatr", SHARED)
    model = fill(tmp_path / "run" / "model", seed=1)
    RunRecord(argv=("train", "gendop"), weights_sha256={"clatr": "0" * 64}).write(tmp_path / "run")
    with pytest.raises(InputError, match="was trained on the shared checkpoint 'clatr' with sha256 000000000000"):
        resolve(model, system="gendop", root=tmp_path)


def test_heads_tell_types_and_shapes(tmp_path: Path):
    heads = read_safetensors_header(fill(tmp_path / "own") / "model.safetensors")
    assert {key: (head.dtype, head.shape, head.bytes) for key, head in heads.items()} == {
        "weight": ("F16", (4, 6), 48),
        "bias": ("F16", (4,), 8),
    }

"""Named tensors: what is not there is said in one line, and a file is written whole or not at all."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.networks import TensorFile, open_tensors, write_tensors


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Inside the block no file of this process grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_tensor_that_is_not_there_is_a_users_mistake_and_a_missing_key():
    tensors = TensorFile.of({"a": torch.zeros(2, 3), "b": torch.zeros(4)}, "some.ckpt")
    with pytest.raises(InputError) as raised:
        tensors["c"]
    assert str(raised.value) == "some.ckpt lacks c; give the whole checkpoint"
    assert tensors.get("c") is None
    assert "c" not in tensors
    assert tensors.matrix_shape("a") == (2, 3)
    with pytest.raises(InputError, match=r"b of some.ckpt has shape \[4\]"):
        tensors.matrix_shape("b")


def test_whether_a_tensor_is_there_is_told_without_reading_it():
    tensors = TensorFile("file", {"a": (2,)}, lambda *_: pytest.fail("nothing is read"))
    assert "a" in tensors


def test_a_file_is_written_whole_or_the_old_one_stays(tmp_path: Path):
    path = tmp_path / "new" / "model.safetensors"
    write_tensors(path, {"a": torch.ones(3)})
    with full_disk(1_000), pytest.raises(InputError, match="cannot be written"):
        write_tensors(path, {"a": torch.zeros(10_000)})
    assert open_tensors(path)["a"].tolist() == [1, 1, 1]
    assert [file.name for file in path.parent.iterdir()] == [path.name]

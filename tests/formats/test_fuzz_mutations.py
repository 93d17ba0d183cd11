"""Thousands of damaged files of every format: each is read or refused in one line, in bounded time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import mutations
import pytest

from kinoeye.formats import read_path
from kinoeye.formats.paths import READERS
from kinoeye.formats.paths.file_head import file_head

COUNT = int(os.environ.get("KINOEYE_FUZZ_FILES", "2000"))
SHARDS = 2
SEED = 20260730


@pytest.mark.parametrize("shard", range(SHARDS))
def test_mutated_files_are_read_or_refused(shard: int):
    """A fault is reproduced by `python tests/formats/mutations.py SEED NUMBER NUMBER+1`."""
    start, stop = shard * COUNT // SHARDS, (shard + 1) * COUNT // SHARDS
    done = subprocess.run(
        [sys.executable, mutations.__file__, str(SEED), str(start), str(stop)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == []


def test_every_format_that_can_be_read_has_a_sample_that_reads(tmp_path: Path):
    assert {name for name, _ in mutations.samples()} == set(READERS)
    for number, (name, files) in enumerate(mutations.samples()):
        folder = tmp_path / str(number)
        for key, data in files.items():
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / key).write_bytes(data)
        place = folder / Path(next(iter(files))).parts[0]
        assert len(read_path(place, format=name)) > 1
        claims = {other for other, reader in READERS.items() if reader.sniff(file_head(place))}
        assert claims <= {name}, "two formats claim a file"


def test_a_number_always_gives_the_same_files():
    first = [mutations.mutated_files(3, number) for number in range(60)]
    assert first == [mutations.mutated_files(3, number) for number in range(60)]
    valid = [mutations.samples()[number % len(mutations.samples())] for number in range(60)]
    assert sum(mutated != original for mutated, original in zip(first, valid, strict=True)) > 50


def test_what_the_worker_looks_for_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "a.tum"
    file.write_text("0 0 0 0 0 0 0 1\n1 0 0 0 0 0 0 1\n")
    assert mutations.fault_of(file, None) is None
    file.write_text("nothing")
    assert mutations.fault_of(file, "tum") is None

    def slow(*_: object) -> None:
        until = time.process_time() + 10
        while time.process_time() < until:
            pass

    def wrong(*_: object) -> None:
        raise KeyError("frames")

    def greedy(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(mutations, "MAX_CPU_S", 0.05)
    for plant, words in ((slow, "over 0.05 s"), (wrong, "KeyError"), (greedy, "over 500")):
        monkeypatch.setattr(READERS["tum"], "read", plant)
        assert words in str(mutations.fault_of(file, "tum"))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not say how much memory is in use")
def test_memory_is_bounded():
    script = "import mutations, numpy as np; mutations.limit_memory(); np.ones(40_000_000); np.ones(80_000_000)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(mutations.__file__).parent
    )
    assert "MemoryError" in done.stderr

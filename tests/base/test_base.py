from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from kinoeye.base.errors import CheckFailedError, InputError, MissingExtraError
from kinoeye.base.optional import require
from kinoeye.base.progress import quiet, track
from kinoeye.base.run_record import RunRecord


def test_a_missing_library_names_the_extra():
    with pytest.raises(MissingExtraError, match=r'pip install "kinoeye\[studio\]"'):
        require("a_library_that_nobody_wrote.part", extra="studio")
    assert require("json", extra="studio").dumps([1]) == "[1]"


def test_a_library_that_is_there_but_broken_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "half_installed.py").write_text("import a_need_that_is_absent\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError) as caught:
        require("half_installed", extra="studio")
    assert not isinstance(caught.value, MissingExtraError)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_shows_on_a_terminal_and_is_silent_elsewhere(monkeypatch: pytest.MonkeyPatch):
    for stream, silent in ((Terminal(), False), (Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with quiet(silent):
            assert list(track([1, 2, 3], "counting")) == [1, 2, 3]
        assert bool(stream.getvalue()) == (stream.isatty() and not silent)


def test_run_records_survive_a_folder(tmp_path: Path):
    record = RunRecord(argv=("shoot", "a b"), seeds={"seed": 1}, versions=RunRecord.installed_versions())
    record.write(tmp_path)
    assert RunRecord.read(tmp_path) == record
    assert {"kinoeye", "torch", "python"} <= set(record.versions)
    with pytest.raises(InputError, match="does not exist"):
        RunRecord.read(tmp_path / "nowhere")


def test_errors_are_one_line_of_bounded_length_whatever_they_quote():
    for error in (InputError, CheckFailedError):
        text = str(error("a key\n named " + "x" * 1_000_000 + "\tis not known"))
        assert "\n" not in text
        assert len(text) < 2000
        assert text.startswith("a key named xxx")
        assert text.endswith("is not known")

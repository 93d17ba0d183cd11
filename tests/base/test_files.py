from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file, atomic_folder, read_json, read_text, write_json, write_text


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_atomic_file_takes_its_name_only_when_the_block_ends_well(tmp_path: Path):
    with pytest.raises(RuntimeError), atomic_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert listing(tmp_path) == []
    write_text(tmp_path / "new" / "a.txt", "whole")
    assert (tmp_path / "new" / "a.txt").read_text() == "whole"
    assert listing(tmp_path / "new") == ["a.txt"]


def test_an_interrupted_write_keeps_the_old_file(tmp_path: Path):
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(KeyboardInterrupt), atomic_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        raise KeyboardInterrupt
    assert (tmp_path / "a.txt").read_text() == "old"
    assert listing(tmp_path) == ["a.txt"]


def test_written_files_have_the_permissions_of_the_users_mask(tmp_path: Path):
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "x")
        with atomic_folder(tmp_path / "d", marker="m"):
            pass
    finally:
        os.umask(old)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o750


def test_an_atomic_folder_replaces_only_what_kinoeye_made(tmp_path: Path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="not made by Kinoeye"), atomic_folder(theirs, marker="run.json"):
        pass
    assert (theirs / "thesis.tex").exists()

    ours = tmp_path / "ours"
    for text in ("first", "second"):
        with atomic_folder(ours, marker="run.json") as temporary:
            (temporary / "run.json").write_text(text)
    assert (ours / "run.json").read_text() == "second"
    assert listing(tmp_path) == ["ours", "theirs"]


def test_a_failing_block_leaves_the_old_folder_whole(tmp_path: Path):
    with atomic_folder(tmp_path / "d", marker="run.json") as temporary:
        (temporary / "run.json").write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "d", marker="run.json") as temporary:
        (temporary / "run.json").write_text("new")
        raise KeyboardInterrupt
    assert (tmp_path / "d" / "run.json").read_text() == "old"
    assert listing(tmp_path) == ["d"]


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path):
    # A limit on the size of files makes the kernel refuse the write as a full disk does.
    code = (
        "import resource, signal, sys\n"
        "from kinoeye.base.files import write_text\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_text(sys.argv[1], 'x' * 5000)\n"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.txt")], capture_output=True, text=True)
    assert run.returncode != 0
    assert "cannot be written" in run.stderr.splitlines()[-1]
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        (b"\xff\xfe\xfd\x00x", "UTF-16 text; save it as UTF-8"),
        (b"\x00\xff\x01", "not a text file"),
        ('{"name": "M\xfcnchen"}'.encode("latin-1"), "is 8-bit .* text; save it as UTF-8"),
        (b'{"a": [1, 2', "truncated"),
        (b"[" * 100_000, "truncated"),
    ],
)
def test_unreadable_json_is_one_line(tmp_path: Path, content: bytes | None, message: str):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_json(path)
    assert "\n" not in str(caught.value)


def test_reading_is_bounded_and_refuses_folders(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x" * 100)
    with pytest.raises(InputError, match="at most 99"):
        read_text(tmp_path / "a", max_bytes=99)
    with pytest.raises(InputError, match="folder"):
        read_text(tmp_path)


def test_devices_are_not_replaced():
    with pytest.raises(InputError, match="device"):
        write_text("/dev/null", "x")
    assert Path("/dev/null").is_char_device()


def test_json_refuses_nan_because_json_has_none(tmp_path: Path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert listing(tmp_path) == []

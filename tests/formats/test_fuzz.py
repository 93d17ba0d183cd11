"""Files from strangers: whatever the bytes, a path is read or refused with InputError, never anything else."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from path_tables import held_by, path

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path, write_path
from kinoeye.formats.paths import READERS, WRITERS

JSON_FORMATS = [
    "kinoeye", "transforms", "gen3r", "blender-synthetic", "datadop", "camera-path", "3dgs", "motionctrl", "ac3d",
    "recammaster", "motion360",
]  # fmt: skip
BOTH_WAYS = [name for name in WRITERS if name in READERS]


def survives(file: Path, name: str | None = None) -> None:
    """Read, diagnose, and use what is sound; only InputError may come out, in one line."""
    message = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # sums of numbers near the largest float
        try:
            table = read_path(file, format=name)
            table.diagnose()
            table.checked_matrices()
        except InputError as error:
            message = str(error)
    assert "\n" not in message


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """The names and bytes of a format's files: those of its folder, or one alone."""

    @cache
    def sample(name: str) -> dict[str, bytes]:
        place = tmp_path_factory.mktemp("sample") / WRITERS[name].DEFAULT_NAME
        write_path(held_by([name], path().with_size((560, 560)).frames(range(4))), place, format=name)
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        return {str(file.relative_to(place.parent)): file.read_bytes() for file in files if file.is_file()}

    return sample


def largest(files: dict[str, bytes]) -> bytes:
    """The bytes of a format's main file."""
    return max(files.values(), key=len)


def place(files: dict[str, bytes], data: bytes, folder: Path) -> Path:
    """Files of a format in a folder, its largest with other bytes; the path to read."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data if content == largest(files) else content)
    return folder / Path(next(iter(files))).parts[0]


@pytest.mark.parametrize("name", [None, *READERS])
@given(data=st.binary(max_size=400))
def test_random_bytes(name: str | None, data: bytes, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("fuzz") / "file"
    file.write_bytes(data)
    survives(file, name)


@pytest.mark.parametrize("name", [None, "re10k", "wan-fun", "cami2v", "phi-theta-r", "theta-phi-r", "tum"])
@given(data=st.text("0123456789 .-+enaif#,\n\t_", max_size=600))
def test_random_numbers(name: str | None, data: str, tmp_path_factory: pytest.TempPathFactory):
    file = tmp_path_factory.mktemp("fuzz") / "file.txt"
    file.write_text(data)
    survives(file, name)


@pytest.mark.parametrize("name", BOTH_WAYS)
@given(data=st.data())
def test_truncated_and_edited_files(name: str, data: st.DataObject, samples: Callable, tmp_path_factory):
    text = bytearray(largest(samples(name)))
    del text[data.draw(st.integers(0, len(text))) :]
    for at, byte in data.draw(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4)):
        if at < len(text):
            text[at] = byte
    file = place(samples(name), bytes(text), tmp_path_factory.mktemp("fuzz"))
    survives(file)
    survives(file, name)


odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=3),
    st.lists(st.integers(0, 3), max_size=3), st.builds(lambda: [[1, 2], [3]]), st.builds(dict), st.builds(list),
)  # fmt: skip


@pytest.mark.parametrize("name", JSON_FORMATS)
@given(data=st.data())
def test_json_with_odd_values(name: str, data: st.DataObject, samples: Callable, tmp_path_factory):
    document = json.loads(largest(samples(name)))
    for _ in range(data.draw(st.integers(1, 2))):
        node = document
        while isinstance(node, (dict, list)) and node:
            keys = sorted(node) if isinstance(node, dict) else range(len(node))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(node[key], (dict, list)) or data.draw(st.booleans()):
                node[key] = data.draw(odd)
                break
            node = node[key]
    file = tmp_path_factory.mktemp("fuzz") / "file.json"
    file.write_text(json.dumps(document))
    survives(file, name)
    survives(file)


def test_numbers_of_thousands_of_digits(tmp_path: Path):
    for name, text in {"transforms": '{"frames": [' + "9" * 6000 + "]}", "kinoeye": "9" * 6000}.items():
        (tmp_path / "a.json").write_text(text)
        survives(tmp_path / "a.json", name)


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_truncated_real_files(real_data: Path, tmp_path: Path, fraction: float):
    for file in (file for file in real_data.rglob("*") if file.is_file()):
        data = file.read_bytes()
        (tmp_path / file.name).write_bytes(data[: int(len(data) * fraction)])
        survives(tmp_path / file.name)

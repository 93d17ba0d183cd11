"""docs/formats.md has a row for every format, camera word, model, finding and repair, and none too many."""

from __future__ import annotations

import re
from pathlib import Path

from kinoeye.formats.paths import READERS, WRITERS
from kinoeye.formats.paths.presets import PRESETS
from kinoeye.formats.repair import REPAIRS
from kinoeye.shot.targets import TARGETS

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_format_has_a_row_that_says_what_can_be_done_with_it():
    stated = {name: row[1] for row in rows("Every format") for name in re.findall(r"`([^`]+)`", row[0])}
    actual = {name: "r" * (name in READERS) + "w" * (name in WRITERS) for name in {**READERS, **WRITERS}}
    assert stated == actual


def test_every_model_with_camera_words_is_listed():
    words = re.findall(r"`(\w+):", "".join(row[0] for row in rows("Camera words of film models")))
    assert set(words) == set(PRESETS)


def test_requirements_of_models_are_those_of_the_code():
    table = {row[0].strip("`"): row[1:] for row in rows("What film models want")}
    assert set(table) == set(TARGETS)
    for name, (file, frames, size, fps, _) in table.items():
        target = TARGETS[name]
        assert f"`{target.format}`" in file
        assert frames.startswith("any" if target.stride == 1 else str(target.frames))
        assert target.size_wh is None or size == "x".join(map(str, target.size_wh))
        assert fps == ("-" if target.fps is None else f"{target.fps:g}")


def test_every_repair_is_listed():
    listed = set(re.findall(r"`([a-z-]+)`", section("What the diagnosis finds")))
    assert set(REPAIRS) <= listed


def test_the_number_of_formats_in_the_readme():
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert f"reads {len(READERS)} camera formats" in readme
    assert f"writes {len(WRITERS)}" in " ".join(readme.split())

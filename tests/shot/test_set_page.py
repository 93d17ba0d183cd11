"""The page of the set says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinoeye.shot.bodies import load_body
from kinoeye.shot.bodies.creatures import car, dog
from kinoeye.shot.bodies.motions import MOTIONS
from kinoeye.shot.templates import TEMPLATES

PAGE = (Path(__file__).parents[2] / "docs" / "set.md").read_text()


@pytest.mark.parametrize("body", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_its_python_runs(body: str):
    exec(compile(body, "set.md", "exec"), {})


def test_its_counts_are_those_of_the_bodies_and_templates():
    for body in (load_body("adult"), dog(), car()):
        assert f"| `{body.name}` | {len(body.faces):,} | {len(body.skeleton)} |" in PAGE
    assert f"| {', '.join(MOTIONS)} |" in PAGE
    one, two, three = (sum(len(template.paths()) == count for template in TEMPLATES) for count in (1, 2, 3))
    assert f"holds {one}, {two} and {three} named ways" in PAGE

"""The page of what one can type says what becomes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinoeye.language import describe, parse

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "shot-language.md").read_text()
ACTING = PAGE.partition("## Actors who act")[2].partition("## Who reads it")[0]
UNDERSTOOD = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", ACTING, re.MULTILINE)
REFUSED = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", ACTING, re.MULTILINE)


def test_there_are_examples():
    assert len(UNDERSTOOD) >= 6
    assert len(REFUSED) >= 3


@pytest.mark.parametrize(("typed", "said"), UNDERSTOOD)
def test_what_is_typed_is_understood_as_the_page_says(typed: str, said: str):
    plan = parse(typed, camera_required=False)
    assert plan.unused == ()
    assert describe(plan) == f"{said} The camera remains static."


@pytest.mark.parametrize(("typed", "word", "reason"), REFUSED)
def test_what_cannot_be_shown_is_refused_as_the_page_says(typed: str, word: str, reason: str):
    (words,) = parse(typed, camera_required=False).unused
    assert words.text == word
    assert (words.note or "").startswith(reason)

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import kinoeye.language as language

MODULES = [info.name for info in pkgutil.walk_packages(language.__path__, "kinoeye.language.")]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_hold(module):
    names = {name: getattr(language, name) for name in language.__all__} | {"np": np}
    assert doctest.testmod(importlib.import_module(module), extraglobs=names).failed == 0


def test_public_names_are_what_they_say():
    assert callable(language.compile)
    assert callable(language.parse)
    assert language.parse.__module__ == "kinoeye.language.grammar"


GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "shot-language.md"
_WORDS_ALONE = ("slightly", "slowly", "very quickly", "at half speed", "smoothly", "easing in", "easing out",
                "at constant speed", "then", "before", "followed by", "finally", "while", "as", "with", "and",
                "A tall red robot walks left.", "Two green spheres stand in the desert.")  # fmt: skip


def test_every_phrase_of_the_guide_is_understood_whole():
    phrases = [phrase for phrase in re.findall(r"`([^`]+)`", GUIDE.read_text()) if phrase not in _WORDS_ALONE]
    assert len(phrases) > 50
    for phrase in phrases:
        assert not language.parse(phrase).unused, phrase

from __future__ import annotations

import doctest
import importlib
import pkgutil

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

"""The examples in docstrings show what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import kinoeye

MODULES = [info.name for info in pkgutil.walk_packages(kinoeye.__path__, "kinoeye.") if not info.ispkg]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 20

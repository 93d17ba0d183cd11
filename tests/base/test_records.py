from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.base.errors import InputError
from kinoeye.base.records import check_keys, from_json, read_record, to_json, write_record


@dataclass(frozen=True)
class Inner:
    value: float
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Outer:
    name: str
    parts: tuple[Inner, ...] = ()
    pair: tuple[int, float] = (1, 2.0)
    note: str | None = None
    table: dict[str, int] = field(default_factory=dict)


inners = st.builds(Inner, st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["a", "b"]))
outers = st.builds(
    Outer,
    st.text(),
    st.lists(inners, max_size=3).map(tuple),
    st.tuples(st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    st.none() | st.text(),
    st.dictionaries(st.text(), st.integers(), max_size=3),
)


@given(outers)
def test_records_survive_json(record: Outer):
    data = json.loads(json.dumps(write_record(record, version=3)))
    assert read_record(Outer, data, version=3, where="file") == record


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "x", "prats": []}, "did you mean 'parts'"),
        ({}, "lacks 'name'"),
        ({"name": 3}, "file.name is a number; str is needed"),
        ({"name": "x", "parts": [{"value": 1.0, "kind": "c"}]}, r"file.parts\[0\].kind is 'c'; allowed: 'a', 'b'"),
        ({"name": "x", "pair": [1]}, "has 1 items; 2 are needed"),
        ({"name": "x", "parts": {}}, "is an object; a list is needed"),
        ({"name": "x", "table": []}, "is a list; an object is needed"),
        ([], "is a list; an object is needed"),
    ],
)
def test_a_damaged_record_says_where_and_what(data: object, message: str):
    with pytest.raises(InputError, match=message):
        from_json(Outer, data, where="file")


def test_another_record_or_version_is_refused():
    with pytest.raises(InputError, match="a Inner; a Outer is needed"):
        read_record(Outer, write_record(Inner(1.0), version=1), version=1, where="file")
    with pytest.raises(InputError, match="version 2; this Kinoeye reads version 1"):
        read_record(Outer, write_record(Outer("x"), version=2), version=1, where="file")


def test_nan_is_null_and_infinity_is_refused():
    assert to_json(Inner(math.nan))["value"] is None
    assert math.isnan(from_json(Inner, {"value": None}).value)
    with pytest.raises(TypeError, match="infinity"):
        to_json(math.inf)
    assert to_json(np.array([[1.0, np.nan]])) == [[1.0, None]]


def test_unknown_keys_list_the_known_ones_when_none_is_near():
    with pytest.raises(InputError, match="known: left, right"):
        check_keys({"zzz": 1}, ["left", "right"], where="file")

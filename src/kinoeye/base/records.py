"""Versioned records: frozen dataclasses that read from and write to JSON.

A record's JSON holds `"record"` (its name) and `"version"`; arrays are nested lists, NaN is null, and an unknown
key is an error that names the nearest known one.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean

T = TypeVar("T")


_BEGINNING = re.compile(r'\s*\{\s*"record"\s*:\s*"(\w+)"')


def record_name(text: str) -> str | None:
    """The name of the record that the beginning of a JSON text is of; None for any other text.

    Example:
        >>> record_name('{"record": "Shot", "version": 1, "pro')
        'Shot'
    """
    found = _BEGINNING.match(text)
    return found.group(1) if found else None


def to_json(value: Any) -> Any:
    """Plain JSON data of dataclasses, mappings, sequences, arrays and scalars; NaN becomes null.

    Raises:
        TypeError: a value has no JSON form, or is infinite.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return to_json(value.tolist())
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, float):
        if math.isinf(value):
            raise TypeError("infinity has no JSON form")
        return None if math.isnan(value) else value
    if value is None or isinstance(value, (str, int, bool)):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def from_json(kind: type[T], data: Any, *, where: str = "") -> T:
    """The inverse of `to_json` for a dataclass or an annotation built of them.

    Args:
        kind: a dataclass, or an annotation of scalars, tuples, mappings, Literals, unions and dataclasses.
        data: parsed JSON.
        where: what to call the place in an error.

    Raises:
        InputError: a key is unknown (the nearest is named) or missing, or a value has another type.
    """
    return typing.cast(T, _read(kind, data, where or getattr(kind, "__name__", str(kind))))


def write_record(value: Any, *, version: int) -> dict[str, Any]:
    """JSON data of a dataclass under its record name and version."""
    return {"record": type(value).__name__, "version": version, **to_json(value)}


def read_record(kind: type[T], data: Any, *, version: int, where: str) -> T:
    """The dataclass in JSON data that `write_record` made.

    Raises:
        InputError: it is another record, a newer version, or as `from_json`.
    """
    check_record(kind.__name__, data, version=version, where=where)
    return from_json(kind, {key: item for key, item in data.items() if key not in ("record", "version")}, where=where)


def check_record(name: str, data: Any, *, version: int, where: str) -> None:
    """Hold that JSON data is the named record in a version that this program reads.

    Raises:
        InputError: it is not.
    """
    found = data.get("record") if isinstance(data, dict) else None
    if found != name:
        raise InputError(f"{where} holds {f'a {found}' if found else 'no Kinoeye record'}; a {name} is needed")
    if data.get("version") != version:
        raise InputError(f"{where} is {name} version {data.get('version')}; this Kinoeye reads version {version}")


def check_keys(given: Mapping[str, Any], known: typing.Iterable[str], *, where: str) -> None:
    """Hold that a mapping has no unknown keys.

    Raises:
        InputError: it has one; the nearest known key is named.
    """
    names = list(known)
    for key in given:
        if key not in names:
            raise InputError(f"{where} has the unknown key {key!r}; {did_you_mean(key, names)}")


def check_object(data: Any, keys: typing.Sequence[str], *, where: str) -> None:
    """Hold that JSON data is an object with exactly these keys.

    Raises:
        InputError: it is something else, or a key is unknown or missing.
    """
    if not isinstance(data, dict):
        raise InputError(f"{where} is {_kind_of(data)}; an object with {', '.join(keys)} is needed")
    check_keys(data, keys, where=where)
    missing = [key for key in keys if key not in data]
    if missing:
        raise InputError(f"{where} lacks {', '.join(map(repr, missing))}")


def _read(kind: Any, data: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(typing.cast(type, kind), data, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        if data not in arguments:
            raise InputError(f"{where} is {data!r}; allowed: {', '.join(map(repr, arguments))}")
        return data
    if origin in (typing.Union, types.UnionType):
        return _read_union(arguments, data, where)
    if origin is tuple:
        return _read_tuple(arguments, data, where)
    if origin in (dict, Mapping) or origin is getattr(typing, "Mapping", None):
        if not isinstance(data, dict):
            raise InputError(f"{where} is {_kind_of(data)}; an object is needed")
        return {key: _read(arguments[1], item, f"{where}.{key}") for key, item in data.items()}
    return _read_scalar(kind, data, where)


def _read_dataclass(kind: type, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise InputError(f"{where} is {_kind_of(data)}; an object is needed")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    check_keys(data, fields, where=where)
    hints = typing.get_type_hints(kind)
    missing = [
        name
        for name, field in fields.items()
        if name not in data and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise InputError(f"{where} lacks {', '.join(map(repr, missing))}")
    return kind(**{name: _read(hints[name], item, f"{where}.{name}") for name, item in data.items()})


def _read_union(arguments: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None and type(None) in arguments:
        return None
    choices = [argument for argument in arguments if argument is not type(None)]
    problems: list[InputError] = []
    for choice in choices:
        try:
            return _read(choice, data, where)
        except InputError as error:
            problems.append(error)
    raise problems[0]


def _read_tuple(arguments: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise InputError(f"{where} is {_kind_of(data)}; a list is needed")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_read(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(data))
    if len(data) != len(arguments):
        raise InputError(f"{where} has {len(data)} items; {len(arguments)} are needed")
    return tuple(
        _read(argument, item, f"{where}[{index}]")
        for index, (argument, item) in enumerate(zip(arguments, data, strict=True))
    )


def _read_scalar(kind: Any, data: Any, where: str) -> Any:
    if kind is float and data is None:
        return math.nan
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        return float(data)
    if kind in (int, str, bool) and type(data) is kind:
        return data
    if kind is Any:
        return data
    raise InputError(f"{where} is {_kind_of(data)}; {getattr(kind, '__name__', kind)} is needed")


def _kind_of(data: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false"}
    return "null" if data is None else names.get(type(data), type(data).__name__)

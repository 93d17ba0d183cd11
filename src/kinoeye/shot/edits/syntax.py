"""How an edit is written in one word: NAME, or NAME:ARGUMENT,ARGUMENT with values, KEY=VALUE and plain choices.

Edits of what a shot shows take words as they are, commas and all, after the name of an actor where one is meant:
`background:a beach, at dusk` and `motion:NAME=walks in a circle, then waves`.

A value of several numbers goes on over the numbers after it: `look-at:1,2,0.5` and `retime:at=1,3,durations=2,1,2`.
Nothing in it needs quotes in a shell. This module loads neither torch nor scipy, so that a mistake is told at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kinoeye.base.errors import InputError
from kinoeye.base.names import nearest_name

Kind = Literal["number", "count", "whole", "numbers", "choice", "flag", "word", "size", "subject"]
Value = float | int | str | bool | tuple[float, ...] | tuple[int, int]
_WANTED: Mapping[Kind, str] = {
    "number": "a number",
    "count": "a whole number from 1",
    "whole": "a whole number",
    "numbers": "numbers",
    "word": "a name",
    "size": "WIDTHxHEIGHT",
    "subject": "a point X,Y,Z or a name",
}


@dataclass(frozen=True)
class Parameter:
    """One argument of an edit."""

    name: str
    """As it is typed."""
    kind: Kind
    unit: str = ""
    """What may follow a number: "s", "deg"."""
    choices: tuple[str, ...] = ()
    bare: bool = False
    """Whether its value may stand without `name=`; choices and flags always may."""
    required: bool = False

    @property
    def is_list(self) -> bool:
        """Whether a value may be several numbers."""
        return self.kind in ("numbers", "subject")

    def accepts(self, word: str) -> bool:
        """Whether a word could be its value, or begin it."""
        numeric = number(word, self.unit) is not None
        if self.kind in ("choice", "flag"):
            return word in (self.choices or (self.name,))
        if self.kind == "word":
            return not numeric
        if self.kind == "size":
            return image_size(word) is not None
        if self.kind in ("count", "whole"):
            return re.fullmatch(r"-?\d+", word) is not None
        return numeric or self.kind == "subject"


@dataclass(frozen=True)
class Operator:
    """An edit that can be written in a word."""

    name: str
    form: str
    """How it is written, for help and messages."""
    summary: str
    parameters: tuple[Parameter, ...] = ()
    keeps_frames: bool = True
    """Whether each pose still belongs to the image it belonged to."""
    told: str = ""
    """What its words say, for messages, if it takes words: "a place"; such an edit is of shots alone."""
    of_actor: bool = False
    """Whether `NAME=` may stand before its words."""


@dataclass(frozen=True)
class Operation:
    """An edit as somebody asked for it."""

    operator: Operator
    text: str
    """As it was written."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Name of the parameter, with underscores, -> value; what was not given is left out."""

    @property
    def name(self) -> str:
        """Name of the operator."""
        return self.operator.name


def number(word: str, unit: str = "") -> float | None:
    """The finite number of a word, with or without its unit after it; None when it is not one."""
    found = re.fullmatch(rf"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:{unit})?", word)
    value = float(found[1]) if found else math.nan
    return value if math.isfinite(value) else None


def image_size(word: str) -> tuple[int, int] | None:
    """(width, height) of "WxH", or None."""
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", word.lower())
    return (int(found[1]), int(found[2])) if found else None


def parse_arguments(operator: Operator, text: str, arguments: str) -> Operation:
    """The operation of an operator and what stands after its colon.

    Raises:
        InputError: an argument is not known, not of its kind, given twice, or missing.
    """
    if operator.told:
        return _spoken(operator, text, arguments)
    words: dict[str, list[str]] = {}
    open_list: Parameter | None = None
    for word in (word.strip() for word in arguments.split(",") if word.strip()):
        key, equals, value = word.partition("=")
        named = _named(operator, key) if equals else None
        if named is None and open_list is not None and number(word, open_list.unit) is not None:
            words[open_list.name].append(word)
            continue
        parameter = named or _bare(operator, word, words)
        if parameter.name in words:
            raise InputError(f"{operator.name} was given {parameter.name} twice in {text!r}")
        words[parameter.name] = [value.strip() if named else word]
        # A name is whole; only numbers go on.
        open_list = (
            parameter if parameter.is_list and number(words[parameter.name][0], parameter.unit) is not None else None
        )
    for parameter in operator.parameters:
        if parameter.required and parameter.name not in words:
            raise InputError(f"{operator.name} needs {parameter.name}: {operator.form}")
    known = {parameter.name: parameter for parameter in operator.parameters}
    given = {name.replace("-", "_"): _value(operator, known[name], values) for name, values in words.items()}
    return Operation(operator, text, given)


def _spoken(operator: Operator, text: str, arguments: str) -> Operation:
    """The operation of an operator that takes words; what may follow them has a key."""
    given: dict[str, Any] = {}
    *before, last = arguments.split(",")
    key, equals, value = last.partition("=")
    for parameter in operator.parameters:
        if before and equals and key.strip() == parameter.name:
            given[parameter.name] = _value(operator, parameter, [value.strip()])
            arguments = ",".join(before)
    name, equals, words = arguments.partition("=")
    if operator.of_actor and equals:
        given["actor"], arguments = name.strip(), words
        if not given["actor"]:
            raise InputError(f"{operator.name} has no name before its '='; write {operator.form}")
    if not arguments.strip():
        raise InputError(f"{operator.name} needs {operator.told}: {operator.form}")
    return Operation(operator, text, {**given, "words": " ".join(arguments.split())})


def nearest(word: str, known: Iterable[str]) -> str:
    """Such as "; did you mean 'smooth'?", or nothing."""
    near = nearest_name(word, known)
    return f"; did you mean {near!r}?" if near else ""


def _named(operator: Operator, key: str) -> Parameter:
    for parameter in operator.parameters:
        if parameter.name == key.strip():
            return parameter
    names = [parameter.name for parameter in operator.parameters if parameter.kind != "flag"]
    hint = nearest(key.strip(), names) or f"; write {operator.form}"
    raise InputError(f"{operator.name} has no argument {key.strip()!r}{hint}")


def _bare(operator: Operator, word: str, taken: Mapping[str, Any]) -> Parameter:
    """The parameter that a word without a key is the value of: a choice or flag, or the next that accepts it."""
    chosen = [p for p in operator.parameters if p.kind in ("choice", "flag") and p.accepts(word)]
    following = [p for p in operator.parameters if p.bare and p.name not in taken and p.accepts(word)]
    if chosen or following:
        return (chosen or following)[0]
    choices = [c for p in operator.parameters if p.kind in ("choice", "flag") for c in p.choices or (p.name,)]
    hint = nearest(word, choices + [p.name for p in operator.parameters])
    waiting = [p for p in operator.parameters if p.bare and p.name not in taken]
    if waiting and not hint:
        return waiting[0]  # reading its value says what is needed
    raise InputError(f"{operator.name} has no argument {word!r}{hint or f'; write {operator.form}'}")


def _value(operator: Operator, parameter: Parameter, words: list[str]) -> Value:
    """The value of a parameter's words."""
    word, kind = words[0], parameter.kind
    numbers = [number(w, parameter.unit) for w in words]
    value: Value | None = None
    if kind == "number":
        value = numbers[0]
    elif kind in ("count", "whole"):
        value = int(word) if parameter.accepts(word) and (kind == "whole" or int(word) > 0) else None
    elif kind == "numbers" or (kind == "subject" and numbers[0] is not None):
        value = None if None in numbers else tuple(n for n in numbers if n is not None)
    elif kind == "size":
        value = image_size(word)
    elif kind == "flag":
        value = True
    elif kind == "choice":
        if word not in parameter.choices:
            allowed = ", ".join(parameter.choices)
            raise InputError(f"{operator.name}: {parameter.name} is {word!r}; one of {allowed} is needed")
        value = word
    else:
        value = word or None
    if value is None:
        unit = f" in {parameter.unit}" if parameter.unit else ""
        raise InputError(f"{operator.name}: {parameter.name} is {word!r}; {_WANTED[kind]}{unit} is needed")
    return value

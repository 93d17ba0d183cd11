"""Numbers and quantities in words or digits: "two and a half metres", "45°", "a quarter turn", "3 s", "2 m/s"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kinoeye.language.text.tokens import Token

SMALL = {
    word: float(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
TENS = {
    word: 10.0 * (value + 2)
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())
}
FRACTIONS = {"half": 1 / 2, "quarter": 1 / 4, "third": 1 / 3, "quarters": 1 / 4, "thirds": 1 / 3, "eighth": 1 / 8}
VULGAR = {"½": 1 / 2, "¼": 1 / 4, "¾": 3 / 4, "⅓": 1 / 3, "⅔": 2 / 3}
MULTIPLES = {"once": 1.0, "twice": 2.0, "thrice": 3.0}
WHOLE = ("full", "complete", "whole", "entire")

UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("m", 1.0)),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeter", "centimeters"), ("m", 0.01)),
    **dict.fromkeys(("mm", "millimetre", "millimetres", "millimeter", "millimeters"), ("m", 0.001)),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), ("m", 1000.0)),
    **dict.fromkeys(("ft", "foot", "feet"), ("m", 0.3048)),
    **dict.fromkeys(("inch", "inches"), ("m", 0.0254)),
    **dict.fromkeys(("yard", "yards", "yd"), ("m", 0.9144)),
    **dict.fromkeys(("step", "steps", "pace", "paces"), ("m", 0.75)),
    **dict.fromkeys(("deg", "degs", "degree", "degrees", "°"), ("rad", math.pi / 180)),
    **dict.fromkeys(("rad", "rads", "radian", "radians"), ("rad", 1.0)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("s", 1.0)),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), ("s", 0.001)),
    **dict.fromkeys(("minute", "minutes", "min"), ("s", 60.0)),
    **dict.fromkeys(("x", "times", "×"), ("ratio", 1.0)),
    **dict.fromkeys(("%", "percent"), ("percent", 0.01)),
    **dict.fromkeys(("fps",), ("fps", 1.0)),
    **dict.fromkeys(("mps",), ("m/s", 1.0)),
    **dict.fromkeys(("kph", "kmh"), ("m/s", 1 / 3.6)),
    **dict.fromkeys(("frame", "frames"), ("frames", 1.0)),
}
"""Word -> (dimension, size in metres, radians or seconds)."""

TURNS = ("turn", "turns", "circle", "circles", "rotation", "rotations", "revolution", "revolutions", "lap", "laps")
TURN_VERBS = ("orbit", "orbits", "spin", "spins", "loop", "loops", "arc", "arcs", "pan", "roll", "rolls")
"""Nouns that a fraction of a turn may precede and that name the move as well."""
QUANTITY_WORDS = frozenset((*SMALL, *TENS, *FRACTIONS, *MULTIPLES, *WHOLE, *UNITS, *TURNS, *TURN_VERBS)) | {
    "couple", "few", "halfway", "hour", "hundred", "hundreds", "midway", "minus", "of", "point", "way",
}  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """A number with its dimension: m, rad, s, m/s, rad/s, ratio, percent, speed, fps, frames, or number when bare."""

    value: float
    unit: str


def match_quantity(tokens: Sequence[Token], at: int) -> tuple[Quantity, int] | None:
    """The quantity that starts at a token, and the index after it; None when there is none."""
    turn = _match_turn(tokens, at)
    if turn:
        return turn
    number = match_number(tokens, at)
    if number is None:
        return None
    value, after = number
    if _text(tokens, after) == "speed":
        return Quantity(value, "speed"), after + 1
    unit = UNITS.get(_text(tokens, after))
    if unit is None:
        counted = _text(tokens, at) in ("a", "an") or tokens[at].text in ("one", *FRACTIONS, *MULTIPLES)
        return None if counted else (Quantity(value, "number"), after)
    dimension, size = unit
    value, after = _and_a_half(tokens, after + 1, value)
    if dimension == "m":
        return _match_rate(tokens, *_and_smaller_unit(tokens, after, value * size, size))
    quantity = Quantity(value * size, dimension)
    return _match_rate(tokens, after, quantity)


def match_number(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    """The number that starts at a token, in digits or words, and the index after it."""
    word = _text(tokens, at)
    if not word:
        return None
    if tokens[at].kind == "number":
        return _match_digits(tokens, at)
    if word in ("a", "an"):
        following = _text(tokens, at + 1)
        if following in ("couple", "few"):
            after = at + (3 if _text(tokens, at + 2) == "of" else 2)
            return (2.0 if following == "couple" else 3.0), after
        if following in FRACTIONS or following == "hundred":
            return match_number(tokens, at + 1)
        return (1.0, at + 1) if following in UNITS and following not in ("x", "times") else None
    if word in FRACTIONS:
        after = at + 1
        after += _text(tokens, after) == "of"
        after += _text(tokens, after) in ("a", "an")
        return FRACTIONS[word], after
    return _match_words(tokens, at)


def _match_digits(tokens: Sequence[Token], at: int) -> tuple[float, int]:
    text = tokens[at].text
    thousands = text.count(",") > 1 or (len(text) > 4 and text[-4] == ",")
    value = VULGAR[text] if text in VULGAR else float(text.replace(",", "" if thousands else "."))
    after = at + 1
    follows = tokens[after].text if after < len(tokens) else ""
    if follows == "/" and after + 1 < len(tokens) and tokens[after + 1].kind == "number":
        below = _match_digits(tokens, after + 1)
        return (value / below[0], below[1]) if below[0] else (value, after)
    if follows in VULGAR:
        return value + VULGAR[follows], after + 1
    return _and_a_half(tokens, after, value)


def _match_words(tokens: Sequence[Token], at: int) -> tuple[float, int] | None:
    word = _text(tokens, at)
    if word in TENS:
        value, after = TENS[word], at + 1
        ones = SMALL.get(_text(tokens, after), 0.0)
        if 1 <= ones <= 9:
            value, after = value + ones, after + 1
    elif word in SMALL or word == "hundred":
        value, after = SMALL.get(word, 1.0), at + (word != "hundred")
    else:
        return None
    if _text(tokens, after) in ("hundred", "hundreds"):
        value, after = value * 100, after + 1
        skip = after + (_text(tokens, after) == "and")
        rest = _match_words(tokens, skip)
        if rest and rest[0] < 100:
            value, after = value + rest[0], rest[1]
    if _text(tokens, after) == "point" and _text(tokens, after + 1) in SMALL:
        return value + SMALL[_text(tokens, after + 1)] / 10, after + 2
    if _text(tokens, after) in ("quarters", "thirds"):
        return value * FRACTIONS[_text(tokens, after)], after + 1
    return _and_a_half(tokens, after, value)


def _and_a_half(tokens: Sequence[Token], after: int, value: float) -> tuple[float, int]:
    words = [_text(tokens, after + k) for k in range(3)]
    if words[:2] == ["and", "a"] and words[2] in ("half", "quarter", "third"):
        return value + FRACTIONS[words[2]], after + 3
    return value, after


def _and_smaller_unit(tokens: Sequence[Token], after: int, metres: float, size: float) -> tuple[int, Quantity]:
    """Add the centimetres of "1 m 20 cm", or the inches of "5 feet and 3 inches"."""
    skip = after + (_text(tokens, after) == "and")
    number = match_number(tokens, skip)
    smaller = UNITS.get(_text(tokens, number[1]), ("", 0.0)) if number else ("", 0.0)
    if number and smaller[0] == "m" and smaller[1] < 0.1 <= size:
        return number[1] + 1, Quantity(metres + number[0] * smaller[1], "m")
    return after, Quantity(metres, "m")


def _match_rate(tokens: Sequence[Token], after: int, quantity: Quantity) -> tuple[Quantity, int]:
    """Read "per second" after a quantity, and what "times speed" and "frames per second" mean."""
    words = [_text(tokens, after + k) for k in range(3)]
    length = 2 if words[0] in ("per", "a", "each", "every") else 1
    per = words[1] if length == 2 else (words[1] if words[0] == "/" else "")
    length = 2
    if per in ("second", "sec", "s") and quantity.unit in ("m", "rad", "frames"):
        unit = "fps" if quantity.unit == "frames" else f"{quantity.unit}/s"
        return Quantity(quantity.value, unit), after + length
    if per in ("hour", "h") and quantity.unit == "m":
        return Quantity(quantity.value / 3600, "m/s"), after + length
    if quantity.unit == "ratio":
        skip = 1 if words[0] in ("the", "normal", "default") else 0
        if words[skip] == "speed":
            return Quantity(quantity.value, "speed"), after + skip + 1
    return quantity, after


def _match_turn(tokens: Sequence[Token], at: int) -> tuple[Quantity, int] | None:
    """Parts of a turn: "a quarter turn", "halfway around", "full circle", "three quarters of the way", "twice"."""
    words = [_text(tokens, at + k) for k in range(8)]
    if words[0] in ("halfway", "midway"):
        return Quantity(math.pi, "rad"), at + 1
    if words[:2] == ["half", "way"]:
        return Quantity(math.pi, "rad"), at + 2
    if words[:3] == ["all", "the", "way"] and words[3] in ("around", "round"):
        return Quantity(2 * math.pi, "rad"), at + 3
    if words[0] in MULTIPLES and words[1] in ("around", "round", "about"):
        return Quantity(2 * math.pi * MULTIPLES[words[0]], "rad"), at + 1
    skip = 1 if words[0] in ("a", "an", "one") and words[1] in WHOLE else 0
    if words[skip] in WHOLE:
        return _turn_noun(tokens, at + skip + 1, 1.0)
    number = match_number(tokens, at)
    if number is None:
        return None
    value, after = number
    if [_text(tokens, after + k) for k in range(3)] == ["of", "the", "way"]:
        return Quantity(2 * math.pi * value, "rad"), after + 3
    if _text(tokens, after) == "of" and _text(tokens, after + 1) == "a":
        after += 2
    elif words[0] in FRACTIONS or (words[0] in ("a", "an") and words[1] in FRACTIONS):
        after += _text(tokens, after) == "the" and _text(tokens, after + 1) == "way"
        if _text(tokens, after) == "way":
            return Quantity(2 * math.pi * value, "rad"), after + 1
    after += _text(tokens, after) in WHOLE
    return _turn_noun(tokens, after, value) if value <= 20 else None


def _turn_noun(tokens: Sequence[Token], at: int, value: float) -> tuple[Quantity, int] | None:
    after = at + (_text(tokens, at) in ("360", "circular"))
    after += after > at and UNITS.get(_text(tokens, after), ("",))[0] == "rad"
    word = _text(tokens, after)
    if word in TURNS or word in TURN_VERBS:
        # The noun stays: it may be the verb of its clause ("a half orbit left").
        return Quantity(2 * math.pi * value, "rad"), after
    return (Quantity(2 * math.pi, "rad"), after) if after > at else None


def _text(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) else ""

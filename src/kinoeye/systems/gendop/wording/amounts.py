"""Amounts, speeds and times in words and digits, as people write them."""

from __future__ import annotations

import math
from random import Random

from kinoeye.language.plan import KINDS, Action

_SMALL = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
          "seventeen eighteen nineteen").split()  # fmt: skip
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_TURNS = {math.pi / 2: ("a quarter turn", "a quarter of the way around", "90 degrees", "a quarter circle"),
          math.pi: ("half a turn", "halfway around", "180 degrees", "half a circle", "half the way around"),
          2 * math.pi: ("a full circle", "all the way around", "360 degrees", "a full turn",
          "a complete circle")}  # fmt: skip


_PARTS = (
    (2 * math.pi / 3, "a third of a turn"), (2 * math.pi / 3, "a third of a circle"),
    (math.pi / 4, "an eighth of a turn"),
    (3 * math.pi / 2, "three quarters of a turn"), (4 * math.pi / 3, "two thirds of a turn"),
    (math.pi / 2, "a quarter of a turn"), (math.pi, "half a turn"), (2 * math.pi, "a whole turn"),
)  # fmt: skip


def in_words(number: int) -> str:
    """A whole number under 400 in words.

    Example:
        >>> in_words(145)
        'one hundred and forty five'
    """
    if number >= 100:
        rest = f" and {in_words(number % 100)}" if number % 100 else ""
        return f"{_SMALL[number // 100]} hundred{rest}"
    if number < 20:
        return _SMALL[number]
    return _TENS[number // 10] + (f" {_SMALL[number % 10]}" if number % 10 else "")


def draw_amount(kind: str, rng: Random) -> tuple[float, str] | None:
    """An amount that suits a kind of action, in its own unit, and its words; None for kinds without amounts."""
    unit = KINDS[kind].unit
    if kind in ("hold", "handheld") or unit == "":
        return None
    if unit == "ratio":
        return _ratio(rng)
    if unit == "rad":
        return _angle(kind, rng)
    return _length(rng)


def draw_rate(action: Action, rng: Random) -> tuple[float, str] | None:
    """A speed in the action's own unit per second, and its words; None where speeds are not stated."""
    unit = KINDS[action.kind].unit
    if unit == "m":
        metres = rng.choice((0.2, 0.5, 1.0, 1.5, 2.0))
        return metres, f"at {metres:g} {rng.choice(('m/s', 'metres per second', 'meters per second'))}"
    if unit == "rad":
        degrees = rng.choice((5, 10, 15, 20, 30, 45))
        return math.radians(degrees), f"at {degrees} degrees per second"
    return None


def draw_duration(rng: Random) -> tuple[float, str]:
    """Seconds and their words, without a preposition."""
    if rng.random() < 0.3:
        whole = rng.randint(1, 9)
        return whole + 0.5, rng.choice((f"{whole}.5 seconds", f"{in_words(whole)} and a half seconds"))
    whole = rng.randint(1, 12)
    plural = "s" if whole > 1 else ""
    words = rng.choice((f"{whole} second{plural}", f"{in_words(whole)} second{plural}", f"{whole} s", f"{whole}s"))
    return float(whole), words


def _length(rng: Random) -> tuple[float, str]:
    metres = rng.choice(("m", "metre", "meter", "metre", "meter"))
    draw = rng.random()
    if draw < 0.35:
        whole = rng.randint(1, 8)
        number = rng.choice((str(whole), in_words(whole)))
        if metres == "m":
            return float(whole), rng.choice((f"{whole} m", f"{whole}m"))
        return float(whole), f"{number} {metres}{'s' if whole > 1 else ''}"
    if draw < 0.6:
        tenths = rng.randint(2, 49)
        value = tenths / 10
        return value, f"{value:g} m" if metres == "m" else f"{value:g} {metres}s"
    if draw < 0.7:
        return 0.5, rng.choice(("half a metre", "half a meter"))
    if draw < 0.78:
        whole = rng.randint(1, 4)
        return whole + 0.5, f"{in_words(whole)} and a half {rng.choice(('metres', 'meters'))}"
    if draw < 0.86:
        centimetres = 10 * rng.randint(2, 15)
        return centimetres / 100, rng.choice((f"{centimetres} cm", f"{centimetres} centimetres"))
    if draw < 0.95:
        feet = rng.randint(1, 12)
        return feet * 0.3048, f"{rng.choice((str(feet), in_words(feet)))} {'feet' if feet > 1 else 'foot'}"
    return rng.choice(((2.0, "a couple of metres"), (2.0, "a couple of meters"), (1.5, "a metre and a half"),
                       (1.0, "one metre"), (1.0, "a metre"), (0.25, "a quarter of a metre"),
                       (1.5, "two steps")))  # fmt: skip


def _angle(kind: str, rng: Random) -> tuple[float, str]:
    if kind in ("orbit", "yaw") and rng.random() < 0.35:
        value = rng.choice(tuple(_TURNS)) if kind == "orbit" else math.pi / rng.choice((1, 2))
        words = [text for text in _TURNS[value] if kind == "orbit" or ("around" not in text and "circle" not in text)]
        return value, rng.choice(words)
    if kind != "pitch" and rng.random() < 0.1:
        return rng.choice(_PARTS)
    degrees = rng.choice((rng.randint(5, 120), 5 * rng.randint(2, 24), 15 * rng.randint(1, 8)))
    number = rng.choice((str(degrees), str(degrees), in_words(degrees)))
    words = f"{number} degrees" if number != str(degrees) else rng.choice((f"{degrees} degrees", f"{degrees}°"))
    return math.radians(degrees), words


def _ratio(rng: Random) -> tuple[float, str]:
    value = rng.choice((1.5, 2.0, 2.5, 3.0, 4.0))
    if value == int(value):
        return value, rng.choice((f"{int(value)}x", f"{in_words(int(value))} times", f"{int(value)} times"))
    return value, f"{value:g}x"

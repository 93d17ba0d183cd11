"""Option types and printing that several commands share."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kinoeye.language import Plan
    from kinoeye.shot.checks import CheckReport

MAX_SIDE = 8192
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "foot": 0.3048, "arbitrary": None}
"""Word -> metres."""
WORLDS = {"x": "UFL", "y": "FUR", "z": "FLU", "x-down": "DFR", "y-down": "RDF", "z-down": "FRD"}
"""Axis that points up, or down -> where the axes of such a right-handed world point; its horizontal is free."""


def add_film_options(parser: argparse.ArgumentParser, *, size: str | None = "512x288") -> None:
    """Declare the options of anything that is filmed: seed, size, rate and length."""
    parser.add_argument("--seed", type=non_negative, default=0, metavar="N", help="of the world (default 0)")
    default = f" (default {size})" if size else ""
    parser.add_argument("--size", type=image_size, default=size, metavar="WxH", help=f"pixels of the film{default}")
    parser.add_argument("--fps", type=positive, metavar="F", help="frames per second (default: the sentence's, or 24)")
    parser.add_argument("--frames", type=count, metavar="N", help="number of frames; wins over durations")
    parser.add_argument("--duration", type=positive, metavar="S", help="seconds (default: what the moves need)")


def given_path(text: str) -> Path:
    """A path that is not the empty text, which would be the current folder.

    Raises:
        argparse.ArgumentTypeError: it is empty.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty file name was given")
    return Path(text)


def image_size(text: str) -> tuple[int, int]:
    """The (width, height) of "WxH".

    Raises:
        argparse.ArgumentTypeError: it is not two positive numbers within bounds.
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()) or not all(0 < int(side) <= MAX_SIDE for side in (width, height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT with sides of 1 to {MAX_SIDE}, such as 512x288")
    return int(width), int(height)


def positive(text: str) -> float:
    """A finite number above zero.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def count(text: str) -> int:
    """A whole number from 1.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def non_negative(text: str) -> int:
    """A whole number from 0.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def print_json(data: Any) -> None:
    """Print one JSON object on standard output, NaN as null."""
    from kinoeye.base.records import to_json

    print(json.dumps(to_json(data), ensure_ascii=False))


def say(args: argparse.Namespace, message: str) -> None:
    """Print a note on standard error unless --quiet was given."""
    if not args.quiet:
        print(message, file=sys.stderr)


def say_unused(args: argparse.Namespace, plan: Plan) -> None:
    """Note each word of a sentence that was read as another one or had no effect, and where it stands."""
    for word in plan.read_as:
        say(args, f"read {word.text!r} at character {word.start} as {word.word!r}")
    for words in plan.unused:
        hint = (
            f" (did you mean {words.suggestion!r}?)" if words.suggestion else f" ({words.note})" if words.note else ""
        )
        say(args, f"not used: {words.text!r} at character {words.start}{hint}")


def say_violations(args: argparse.Namespace, checks: CheckReport) -> None:
    """Note each check of a shot that fails, hints left out, and in which frames."""
    for finding in checks.violations:
        if finding.severity != "hint":
            say(args, f"{finding.severity}: {finding.code}, {finding.where}: {finding.message}")

"""Option types and printing that several commands share."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.base.errors import InputError

if TYPE_CHECKING:
    from kinoeye.formats import PathTable
    from kinoeye.language import Plan
    from kinoeye.shot import Environment, Shot
    from kinoeye.shot.checks import CheckReport

MAX_SIDE = 8192
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254, "foot": 0.3048, "arbitrary": None}
"""Word -> metres."""
WORLDS = {"x": "UFL", "y": "FUR", "z": "FLU", "x-down": "DFR", "y-down": "RDF", "z-down": "FRD"}
"""Axis that points up, or down -> where the axes of such a right-handed world point; its horizontal is free."""


FILM_SIZE_WH = (512, 288)
"""Pixels of what is filmed, unless it is said or a model says."""


def add_film_options(parser: argparse.ArgumentParser, *, size: str | None = "x".join(map(str, FILM_SIZE_WH))) -> None:
    """Declare the options of anything that is filmed: seed, size, rate and length."""
    parser.add_argument("--seed", type=non_negative, default=0, metavar="N", help="of the world (default 0)")
    default = f" (default {size})" if size else ""
    parser.add_argument("--size", type=image_size, default=size, metavar="WxH", help=f"pixels of the film{default}")
    parser.add_argument("--fps", type=positive, metavar="F", help="frames per second (default: the sentence's, or 24)")
    parser.add_argument("--frames", type=count, metavar="N", help="number of frames; wins over durations")
    parser.add_argument("--duration", type=positive, metavar="S", help="seconds (default: what the moves need)")


def add_backdrop_options(parser: argparse.ArgumentParser) -> None:
    """Declare the picture in which something is staged."""
    parser.add_argument("--backdrop", type=given_path, metavar="FILE", help="a picture all around as the place, which "
                        "wins over a place in TEXT: equirectangular PNG, JPEG, WebP or Radiance HDR")  # fmt: skip
    parser.add_argument("--backdrop-turn", type=degrees, metavar="DEG", help="turn it counter-clockwise from above; "
                        "at 0 the first camera looks at its middle (default 0)")  # fmt: skip


def read_backdrop(args: argparse.Namespace) -> Environment | None:
    """The environment of `add_backdrop_options`, or None if no picture was given.

    Raises:
        InputError: it cannot be read, is no panorama, or only a turn was given.
    """
    if args.backdrop is None:
        if args.backdrop_turn is not None:
            raise InputError("--backdrop-turn turns the picture of --backdrop, and none was given; give it too")
        return None
    from kinoeye.render.panorama import surroundings

    return surroundings(args.backdrop, turn_deg=args.backdrop_turn or 0.0)


def say_staging(args: argparse.Namespace, plan: Plan, shot: Shot) -> None:
    """Note what staging could not do: who is not well in view, a place that gives way to a backdrop, unused words."""
    from kinoeye.shot.staging_notes import staging_notes

    for note in staging_notes(shot):
        say(args, note)
    if args.backdrop is not None and plan.place is not None:
        say(args, f"not used: {plan.place.text!r} at character {plan.place.start} (the backdrop is the place)")
    say_unused(args, plan)


def add_camera_options(parser: argparse.ArgumentParser, *, unit_alone: bool = False) -> None:
    """Declare what may be said of a camera file: its format, repairs, and what it does not say itself.

    Args:
        parser: of a command that reads a camera file.
        unit_alone: whether the vertical, the image size, the lens and the rate do not concern the command.
    """
    group = parser.add_argument_group("what a camera file does not say")
    group.add_argument("--from", dest="source", metavar="FORMAT", help="its format, if it cannot be told")
    group.add_argument(
        "--repair", action="append", default=[], metavar="CODE", help="mend a fault that `inspect` names; repeatable"
    )
    group.add_argument(
        "--unit", type=unit, metavar="UNIT", help="of its numbers: m, cm, mm, inch, foot, so many metres, or arbitrary"
    )
    if not unit_alone:
        group.add_argument("--up", choices=WORLDS, help="which axis of its world is vertical")
        group.add_argument("--size", type=image_size, metavar="WxH", help="image size; intrinsics are scaled to it")
        group.add_argument(
            "--fov-deg", type=positive, metavar="DEG", help="horizontal angle of view; replaces the lens"
        )
        group.add_argument("--fps", type=positive, metavar="F", help="frames per second; replaces the times")
    else:
        parser.set_defaults(up=None, size=None, fov_deg=None, fps=None)


def told_of_camera(args: argparse.Namespace) -> list[str]:
    """The words of `add_camera_options` that were given, as they can be given again."""
    values = {
        "--from": args.source,
        "--unit": args.unit and args.unit.word,
        "--up": args.up,
        "--size": args.size and "{}x{}".format(*args.size),
        "--fov-deg": args.fov_deg and repr(args.fov_deg),
        "--fps": args.fps and repr(args.fps),
    }
    given = [*(("--repair", code) for code in args.repair), *values.items()]
    return [word for option, value in given if value is not None for word in (option, value)]


def refuse_told_of_camera(args: argparse.Namespace) -> None:
    """Hold that nothing of `add_camera_options` was given.

    Raises:
        InputError: something was.
    """
    given = [word for word in told_of_camera(args) if word.startswith("--")]
    if given:
        raise InputError(f"{' and '.join(dict.fromkeys(given))} cannot be given: a shot says that itself")


def as_told(args: argparse.Namespace, table: PathTable, *, assumed_size_wh: tuple[int, int] | None = None) -> PathTable:
    """A table with what `add_camera_options` were given; notes say what changed.

    Args:
        args: of a command with these options.
        table: what was read.
        assumed_size_wh: of an image whose field of view was given and whose size is not known.

    Raises:
        InputError: there is no such repair, or a field of view has no image.
    """
    for codes in args.repair:
        for code in codes.split(","):
            table = table.repair(code.strip())
    if args.unit is not None:
        table = table.with_unit(args.unit.metres)
    if args.up is not None:
        table = table.with_world(WORLDS[args.up])
    if args.size is not None:
        table = table.with_size(args.size)
    if args.fov_deg is not None:
        table = replace(table, size_wh=table.size_wh or assumed_size_wh).with_fov(args.fov_deg)
    if args.fps is not None:
        table = table.with_fps(args.fps)
    return table


def require_camera(path: Path) -> None:
    """Hold that a path holds a camera, as far as its beginning tells and before anything heavy is loaded.

    Raises:
        InputError: it does not exist, is empty, or no format recognises it.
    """
    from kinoeye.formats.paths import READERS, read_paths
    from kinoeye.formats.paths.file_head import file_head
    from kinoeye.formats.paths.presets import is_preset, read_preset

    if not path.exists():
        if is_preset(str(path)):
            read_preset(str(path))
            return
        base, mark, _ = str(path).rpartition("#")
        path = Path(base) if mark and base else path
    head = file_head(path)
    if not any(reader.sniff(head) for reader in READERS.values()):
        read_paths(path)  # says what it is instead


def require_shot(path: Path) -> None:
    """Hold that a path can be a shot, before anything heavy is loaded.

    Raises:
        InputError: it does not exist, is damaged, or is another file.
    """
    from kinoeye.base.files import read_json
    from kinoeye.base.records import check_record
    from kinoeye.shot.record_head import VERSION, is_shot

    if not is_shot(path):
        if path.is_file() and path.suffix.lower() != ".json":
            raise InputError(f"{path} is no shot; give a shot.json, or a folder that holds one")
        path = path / "shot.json" if path.is_dir() else path
        check_record("Shot", read_json(path), version=VERSION, where=str(path))


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
    value = _number(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def degrees(text: str) -> float:
    """A finite angle in degrees.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    value = _number(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no angle in degrees")
    return value


def _number(text: str) -> float:
    """A number, or NaN for words."""
    try:
        return float(text)
    except ValueError:
        return math.nan


@dataclass(frozen=True)
class GivenUnit:
    """A unit of length as it was given."""

    word: str
    metres: float | None
    """None for an unknown scale."""


def unit(text: str) -> GivenUnit:
    """A unit by its name, or by its length in metres.

    Raises:
        argparse.ArgumentTypeError: it is neither.
    """
    if text in UNITS:
        return GivenUnit(text, UNITS[text])
    try:
        return GivenUnit(text, positive(text))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no unit; give one of {', '.join(UNITS)}, or a number of metres above 0"
        ) from None


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

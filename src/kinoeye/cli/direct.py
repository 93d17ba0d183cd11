"""A sentence becomes a camera path.

Example:
  kinoeye direct "Truck left two metres while panning right, then hold." -o camera.json
  kinoeye direct "The camera moves forward while yawing left." --model models/text_motion -o camera.json
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.cli.direct_model import add_model_options, direct_with_model, given_model_options, resolve_text
from kinoeye.cli.options import add_film_options, count, print_json, say, say_unused

if TYPE_CHECKING:
    from kinoeye.language import Directed, Plan
    from kinoeye.systems.gendop.directors import Kind

GRAMMAR = "grammar"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("caption", nargs="?", metavar="TEXT", help="camera moves in words")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="camera file to write (format by name or --to)")
    parser.add_argument("--to", metavar="FORMAT", help="format of the file, see `kinoeye convert --help`")
    parser.add_argument("--model", metavar="NAME", help="who directs: grammar, tiny, or the folder or checkpoint of a "
                        "model (default grammar)")  # fmt: skip
    parser.add_argument("-n", "--count", type=count, default=1, metavar="N", help="candidates; FILE becomes FILE_2 ...")
    parser.add_argument("--explain", action="store_true", help="print the moves that were understood")
    add_film_options(parser)
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.base.errors import InputError

    args.model = args.model or args.resume or GRAMMAR
    if args.resume is not None and args.model != args.resume:
        raise InputError(f"--model {args.model} and --resume {args.resume} name two models; give one")
    if args.model == GRAMMAR:
        kind: Kind = "grammar"
    else:
        from kinoeye.systems.gendop.directors import kind_of

        kind = kind_of(args.model)
    if kind == "official":
        return direct_with_model(args)
    given = given_model_options(args)
    if given:
        raise InputError(
            f"{' and '.join(given)} cannot be given: {args.model} is no GenDoP checkpoint; name one with --model"
        )
    return _direct(args, resolve_text(args), learned=kind == "segments")


def _direct(args: argparse.Namespace, text: str, *, learned: bool) -> int:
    """Direct by the grammar, or by the director that ships."""
    from kinoeye import language
    from kinoeye.base.errors import InputError
    from kinoeye.base.records import to_json

    if args.out is None and not args.explain and not args.json:
        raise InputError("nothing to do: give -o FILE to write the path, or --explain to see the moves")
    if learned:
        directed = _directed(args, text)
        plan = directed[0].plan
        written = write_candidates(args, directed) if args.out is not None else []
    else:
        plan = language.parse(text)
        written = write_candidates(args, _directed(args, plan)) if args.out is not None else []
    understood = language.describe(plan)
    if args.json:
        print_json({"written": written, "understood": understood, "plan": to_json(plan)})
        return 0
    if args.explain:
        print(understood)
    say_unused(args, plan)
    say_written(args, written)
    return 0


def _directed(args: argparse.Namespace, plan_or_text: Plan | str) -> list[Directed]:
    """The candidates; actors stand where `kinoeye shoot` would put them, for "follow", "look at" and "around"."""
    from kinoeye import language
    from kinoeye.base.errors import InputError
    from kinoeye.shot.staging import anchors_from_first_camera, stage
    from kinoeye.systems.gendop.directors import director

    options: dict[str, Any] = {"num_frames": args.frames, "fps": args.fps, "size_wh": args.size}
    if isinstance(plan_or_text, str):
        if args.duration is not None:
            raise InputError("--duration cannot be given to a learned director; give --frames, or say it in the text")
        try:
            plan = language.parse(plan_or_text)
        except InputError:  # the grammar reads less than the model does
            return director(args.model, **options)(plan_or_text, n=args.count, seed=args.seed)
    else:
        plan = plan_or_text if args.duration is None else replace(plan_or_text, duration_s=args.duration)
        plan_or_text = plan
    anchors = anchors_from_first_camera(stage(plan, seed=args.seed, **options)) if plan.actors else {}
    return director(args.model, **options)(plan_or_text, anchors=anchors, n=args.count, seed=args.seed)


def write_candidates(args: argparse.Namespace, directed: list[Directed]) -> list[dict[str, Any]]:
    """Write the candidates; the files, their frames and what their format could not hold."""
    from kinoeye.formats.paths import write_path

    written = []
    for index, candidate in enumerate(directed):
        file = args.out if index == 0 else args.out.with_name(f"{args.out.stem}_{index + 1}{args.out.suffix}")
        notes = write_path(candidate.path, file, format=args.to)
        written.append({"file": str(file), "frames": len(candidate.path), "notes": notes})
    return written


def say_written(args: argparse.Namespace, written: list[dict[str, Any]]) -> None:
    """Print the files, and note what their format could not hold."""
    for entry in written:
        for note in entry["notes"]:
            say(args, f"{entry['file']}: {note}")
        print(entry["file"])

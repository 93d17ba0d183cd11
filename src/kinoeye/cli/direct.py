"""A sentence becomes a camera path.

Example:
  kinoeye direct "Truck left two metres while panning right, then hold." -o camera.json
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.cli.options import add_film_options, count, print_json, say, say_unused

if TYPE_CHECKING:
    from kinoeye.language import Plan

MODELS = ("grammar",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("text", metavar="TEXT", help="camera moves in words")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="camera file to write (format by name or --to)")
    parser.add_argument("--to", metavar="FORMAT", help="format of the file, see `kinoeye convert --help`")
    parser.add_argument("--model", choices=MODELS, default="grammar", help="who directs (default grammar)")
    parser.add_argument("-n", "--count", type=count, default=1, metavar="N", help="candidates; FILE becomes FILE_2 ...")
    parser.add_argument("--explain", action="store_true", help="print the moves that were understood")
    add_film_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye import language
    from kinoeye.base.errors import InputError
    from kinoeye.base.records import to_json

    if args.out is None and not args.explain and not args.json:
        raise InputError("nothing to do: give -o FILE to write the path, or --explain to see the moves")
    plan = language.parse(args.text)
    written = _write(args, plan) if args.out is not None else []
    understood = language.describe(plan)
    if args.json:
        print_json({"written": written, "understood": understood, "plan": to_json(plan)})
        return 0
    if args.explain:
        print(understood)
    say_unused(args, plan)
    for entry in written:
        for note in entry["notes"]:
            say(args, f"{entry['file']}: {note}")
        print(entry["file"])
    return 0


def _write(args: argparse.Namespace, plan: Plan) -> list[dict[str, Any]]:
    """Write the candidates; the files, their frames and what their format could not hold."""
    from kinoeye.formats.paths import write_path
    from kinoeye.language import GrammarDirector
    from kinoeye.shot.staging import anchors_from_first_camera, stage

    if args.duration is not None:
        plan = replace(plan, duration_s=args.duration)
    options = {"num_frames": args.frames, "fps": args.fps, "size_wh": args.size}
    director = GrammarDirector(**options)
    # "Follow", "look at" and "around" mean somebody: the actors stand where `kinoeye shoot` would put them.
    anchors = anchors_from_first_camera(stage(plan, seed=args.seed, **options)) if plan.actors else {}
    written = []
    for index, directed in enumerate(director(plan, anchors=anchors, n=args.count, seed=args.seed)):
        file = args.out if index == 0 else args.out.with_name(f"{args.out.stem}_{index + 1}{args.out.suffix}")
        notes = write_path(directed.path, file, format=args.to)
        written.append({"file": str(file), "frames": len(directed.path), "notes": notes})
    return written

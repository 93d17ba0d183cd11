"""A sentence becomes a camera path.

Example:
  kinoeye direct "Truck left two metres while panning right, then hold." -o camera.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.cli.options import add_film_options, print_json, say

MODELS = ("grammar",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("text", metavar="TEXT", help="camera moves in words")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="camera file to write (format by name or --to)")
    parser.add_argument("--to", metavar="FORMAT", help="format of the file, see `kinoeye convert --help`")
    parser.add_argument("--model", choices=MODELS, default="grammar", help="who directs (default grammar)")
    parser.add_argument("--explain", action="store_true", help="print the moves that were understood")
    add_film_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.base.errors import InputError
    from kinoeye.base.records import to_json
    from kinoeye.language.explain import describe
    from kinoeye.language.grammar import parse

    if args.out is None and not args.explain and not args.json:
        raise InputError("nothing to do: give -o FILE to write the path, or --explain to see the moves")
    plan = parse(args.text)
    notes: list[str] = []
    frames = None
    if args.out is not None:
        from kinoeye.formats.paths import write_path
        from kinoeye.language.compiler import compile

        camera = compile(
            plan, num_frames=args.frames, fps=args.fps, duration_s=args.duration, size_wh=args.size, seed=args.seed
        )
        frames = len(camera)
        notes = write_path(camera, args.out, format=args.to)
    if args.json:
        out = None if args.out is None else str(args.out)
        plan_json = to_json(plan)
        print_json({"out": out, "frames": frames, "understood": describe(plan), "plan": plan_json, "notes": notes})
        return 0
    if args.explain:
        print(describe(plan))
    for words in plan.unused:
        hint = f" (did you mean {words.suggestion!r}?)" if words.suggestion else ""
        say(args, f"not used: {words.text!r} at character {words.start}{hint}")
    for note in notes:
        say(args, f"note: {note}")
    return 0

"""Any readable camera file to any writable format, or to exactly what a film model wants.

The output's format is taken from --for, from --to, or from its name: camera.json, transforms.json, cameras.json
(Gen3R), NAME.re10k.txt, NAME.tum.txt, or a folder named colmap. What a format cannot hold is said on standard error.
IN may also be FILE#NAME, one of several cameras, or MODEL:WORD, a camera word of a film model.

Examples:
  kinoeye convert transforms.json colmap
  kinoeye convert recammaster:arc-left cam.json
  kinoeye convert cam.json path.txt --for wan-fun
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kinoeye.base.errors import InputError
from kinoeye.cli.options import UNITS, WORLDS, given_path, image_size, positive, print_json, say
from kinoeye.shot.targets import TARGETS, Target, mismatches, target_named

if TYPE_CHECKING:
    from kinoeye.formats.path_table import PathTable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("input", type=given_path, metavar="IN", help="a camera file or folder, FILE#NAME or MODEL:WORD")
    parser.add_argument("output", type=Path, metavar="OUT", help="the file or folder to write")
    parser.add_argument("--from", dest="source", metavar="FORMAT", help="format of IN, if it cannot be told")
    parser.add_argument("--to", dest="target", metavar="FORMAT", help="format of OUT, if its name does not say it")
    parser.add_argument(
        "--for",
        dest="model",
        metavar="MODEL",
        help="write what a film model wants, or say what has to be mended first: " + ", ".join(TARGETS),
    )
    parser.add_argument(
        "--repair",
        action="append",
        default=[],
        metavar="CODE",
        help="mend a fault that `inspect` names; may be repeated",
    )
    parser.add_argument("--unit", choices=UNITS, help="what one unit of IN's numbers is, if IN does not say it")
    parser.add_argument("--up", choices=WORLDS, help="which axis of IN's world is vertical, if IN does not say it")
    parser.add_argument("--size", type=image_size, metavar="WxH", help="scale the intrinsics to this image size")
    parser.add_argument(
        "--fov-deg", type=positive, metavar="DEG", help="replace the intrinsics by this horizontal angle"
    )
    parser.add_argument("--fps", type=positive, metavar="F", help="replace the times by this frame rate")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.formats.paths import format_for_output, read_path, write_path

    model = None if args.model is None else target_named(args.model)
    if model is not None and args.target not in (None, model.format):
        raise InputError(f"{model.title} reads {model.format} files; leave out --to {args.target}")
    target = format_for_output(args.output, args.target if model is None else model.format)
    table = read_path(args.input, format=args.source)
    source, read_notes = table.format, len(table.notes)
    for codes in args.repair:
        for code in codes.split(","):
            table = table.repair(code.strip())
    if args.unit is not None:
        table = table.with_unit(UNITS[args.unit])
    if args.up is not None:
        table = table.with_world(WORLDS[args.up])
    if args.size is not None:
        table = table.with_size(args.size)
    if args.fov_deg is not None:
        table = table.with_fov(args.fov_deg)
    if args.fps is not None:
        table = table.with_fps(args.fps)
    if model is not None:
        table = _fitted(table, model, args.input)
    notes = list(table.notes)
    changes, warnings = notes[read_notes:], write_path(table, args.output, format=target)
    for message in [*notes, *warnings]:
        say(args, f"{args.output}: {message}")
    if args.json:
        keys = {"input": str(args.input), "output": str(args.output), "from": source, "to": target}
        print_json({**keys, "frames": len(table), "notes": notes, "changes": changes, "warnings": warnings})
    else:
        print(args.output)
    return 0


def _fitted(table: PathTable, model: Target, source: Path) -> PathTable:
    """The table with the image size of a model that it otherwise fits.

    Raises:
        InputError: the path is not what the model wants; the message names the edits that mend it.
    """
    found = mismatches(model, frames=len(table), fps=table.fps, size_wh=table.size_wh, unit=table.unit)
    if found:
        problems = "; ".join(mismatch.message for mismatch in found)
        edits = " ".join(mismatch.fix for mismatch in found)
        raise InputError(f"{problems}; mend it with: kinoeye edit {source} {edits} -o EDITED, and convert that")
    if model.size_wh is not None and table.intrinsics is not None:
        table = table.with_size(model.size_wh)
    return table.noted(f"{model.title}: {model.note}") if model.note else table

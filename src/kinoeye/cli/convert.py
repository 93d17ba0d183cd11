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
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from kinoeye.base.errors import InputError
from kinoeye.cli.options import add_camera_options, as_told, given_path, print_json, say, told_of_camera
from kinoeye.formats.paths import READERS, WRITERS, native
from kinoeye.shot.targets import TARGETS, Mismatch, Target, mismatches, target_named

if TYPE_CHECKING:
    from kinoeye.formats.path_table import PathTable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.epilog = _format_list()
    parser.add_argument("input", type=given_path, metavar="IN", help="a camera file or folder, FILE#NAME or MODEL:WORD")
    parser.add_argument("output", type=given_path, metavar="OUT", help="the file or folder to write")
    parser.add_argument("--to", dest="target", metavar="FORMAT", help="format of OUT, if its name does not say it")
    parser.add_argument(
        "--for",
        dest="model",
        metavar="MODEL",
        help="write what a film model wants, or say what has to be mended first: " + ", ".join(TARGETS),
    )
    add_camera_options(parser)


def _format_list() -> str:
    """Every format on a line, after whether it is read and written."""
    forms = {**READERS, **WRITERS}
    width = max(map(len, forms))
    lines = [
        f"  {'r' if name in READERS else ' '}{'w' if name in WRITERS else ' '} {name:<{width}}  {form.TITLE}"
        for name, form in forms.items()
    ]
    return "formats (r is read, w is written; docs/formats.md says more):\n" + "\n".join(lines)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.formats.paths import format_for_output, read_path, write_path

    model = None if args.model is None else target_named(args.model)
    if model is not None and args.target not in (None, model.format):
        raise InputError(f"{model.title} reads {model.format} files; leave out --to {args.target}")
    target = format_for_output(args.output, args.target if model is None else model.format)
    table = read_path(args.input, format=args.source)
    source, read_notes = table.format, len(table.notes)
    table = as_told(args, table)
    if model is not None:
        table = _fitted(table, model, args)
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


def _fitted(table: PathTable, model: Target, args: argparse.Namespace) -> PathTable:
    """The table with the image size of a model that it otherwise fits.

    Raises:
        InputError: the path is not what the model wants; the message names the commands that mend it.
    """
    found = mismatches(model, frames=len(table), fps=table.fps, size_wh=table.size_wh, unit=table.unit)
    if found:
        problems = "; ".join(mismatch.message for mismatch in found)
        raise InputError(f"{problems}; mend it with: {_mending(found, table, model, args)}")
    if model.size_wh is not None and table.intrinsics is not None:
        table = table.with_size(model.size_wh)
    return table.noted(f"{model.title}: {model.note}") if model.note else table


def _mending(found: list[Mismatch], table: PathTable, model: Target, args: argparse.Namespace) -> str:
    """The two commands that write the file for a model after all."""
    edits = list(dict.fromkeys(mismatch.fix for mismatch in found))
    if table.times_s is None and model.fps is not None and f"resample:{model.name}" not in edits:
        edits.insert(0, f"resample:{model.name}")  # else the edited file would be given a rate that is not the model's
    stem = re.sub(r"[^\w.-]+", "-", Path(args.input.name).stem).strip("-.") or "camera"
    edited = args.output.with_name(f"{stem}-{model.name}.json")
    to = [] if table.format == native.NAME else ["--to", native.NAME]
    edit = ["kinoeye", "edit", str(args.input), *told_of_camera(args), *edits, "-o", str(edited), *to]
    convert = ["kinoeye", "convert", str(edited), str(args.output), "--for", model.name]
    return f"{shlex.join(edit)} && {shlex.join(convert)}"

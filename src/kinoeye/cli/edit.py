"""Edits of a camera path, one after another: pace, smoothness, place, aim, lens, length; or of a shot.

FILE is any readable camera file, or a shot.json, whose actors stay. The output has the format of FILE unless its
name or --to says another one. Edits are words, done from left to right; the last five are of shots alone and take
plain words, which a shell wants in quotes:

"""

from __future__ import annotations

import argparse
import fnmatch
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinoeye.cli.options import (
    add_camera_options,
    as_told,
    given_path,
    print_json,
    refuse_told_of_camera,
    require_camera,
    say,
    told_of_camera,
)
from kinoeye.shot.edits.operators import operator_help, parse_edit

if TYPE_CHECKING:
    from kinoeye.formats.path_table import PathTable
    from kinoeye.shot.edits.motion import Motion
    from kinoeye.shot.edits.syntax import Operation

EXAMPLES = """
examples:
  kinoeye edit cam.json smooth:0.02 retime:constant-speed resample:49 -o out.json
  kinoeye edit shot.json look-at:red-robot dolly-zoom:red-robot -o shot2.json
  kinoeye edit a.tum stitch:b.tum,blend=1 -o ab.tum
  kinoeye edit shot.json background:"a beach at dusk" motion:"walks in a circle, then waves" -o new.json
  kinoeye edit shot.json camera:"orbit left around the dog" motion:woman=walk.bvh actor:dog="a robot" -o new.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.description = f"{parser.description}{operator_help()}"
    parser.epilog = EXAMPLES
    parser.add_argument("file", type=given_path, metavar="FILE", help="a camera file or folder, FILE#NAME or shot.json")
    parser.add_argument("edits", nargs="+", metavar="OP", help="an edit, as above")
    parser.add_argument(
        "-o", "--out", type=given_path, required=True, metavar="OUT", help="the file or folder to write"
    )
    parser.add_argument("--to", dest="target", metavar="FORMAT", help="format of OUT, if it is to be another one")
    add_camera_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    operations = [parse_edit(text) for text in args.edits]  # a slip of the pen is told before anything is read
    from kinoeye.formats.paths.streaming import is_streamed

    told = set(told_of_camera(args)[::2]) - {"--from"}
    if _is_plain_resampling(operations) and args.target is None and not told and is_streamed(args.file, args.source):
        return _resample_as_stream(args, operations[0])
    from kinoeye.formats.paths import read_path
    from kinoeye.shot.record_head import is_shot
    from kinoeye.studio.edit_sources import edit_files, is_file

    table = read_path(args.file, format=args.source)
    target = _output_format(args, table)
    if is_shot(args.file):
        refuse_told_of_camera(args)
    else:
        table = as_told(args, table)
    for operation in operations:
        if "file" in operation.given:
            require_camera(Path(operation.given["file"]))
        if operation.operator.told:
            is_file(operation.given["words"])  # a name of a file that is not there is told before anything loads
    from kinoeye.formats.edited import editable
    from kinoeye.shot.edits.applying import edit
    from kinoeye.shot.edits.motion import track_of
    from kinoeye.shot.shot import Shot

    if is_shot(args.file):
        path, notes = Shot.load(args.file), []
    else:
        path, notes = editable(table)
    edited = edit(path, *operations, sources=edit_files())
    warnings = _write(args.out, edited.path, table, target, operations)
    notes = [*table.notes, *notes]
    for message in [*notes, *edited.notes, *edited.caveats, *warnings]:
        say(args, f"{args.out}: {message}")
    if args.json:
        facts = {"input": str(args.file), "output": str(args.out), "from": table.format, "to": target}
        edits = [{"edit": o.text, "changed": note} for o, note in zip(operations, edited.notes, strict=True)]
        counts = {"frames_before": len(table), "frames": len(track_of(edited.path))}
        print_json({**facts, **counts, "edits": edits, "notes": [*notes, *edited.caveats], "warnings": warnings})
    else:
        print(args.out)
    return 0


def _is_plain_resampling(operations: Sequence[Operation]) -> bool:
    """Whether all that is asked for can be done to a file of any length."""
    return (
        len(operations) == 1 and operations[0].name == "resample" and not {"model", "curve"} & set(operations[0].given)
    )


def _resample_as_stream(args: argparse.Namespace, operation: Operation) -> int:
    from kinoeye.formats.paths.stream_resampling import resample_file

    warnings = resample_file(args.file, args.out, format=args.source, **operation.given)
    change = "resample: read and written a part at a time, since the file is long"
    for message in [change, *warnings]:
        say(args, f"{args.out}: {message}")
    if args.json:
        edits = [{"edit": operation.text, "changed": change}]
        print_json({"input": str(args.file), "output": str(args.out), "edits": edits, "warnings": warnings})
    else:
        print(args.out)
    return 0


def _output_format(args: argparse.Namespace, table: PathTable) -> str:
    """The format of --to; that of the input, unless the output's name stands for another one."""
    from kinoeye.formats.paths import WRITERS, format_for_output

    if args.target is not None or table.format not in WRITERS:
        return format_for_output(args.out, args.target)
    ending = ".json" if table.format == "kinoeye" else Path(str(args.file).partition("#")[0]).suffix
    named = [
        pattern
        for writer in WRITERS.values()
        for pattern in writer.FILE_NAMES
        if pattern != f"*{ending}" and fnmatch.fnmatch(args.out.name.lower(), pattern)
    ]
    return format_for_output(args.out) if named or args.out.suffix != ending else table.format


def _write(out: Path, path: Motion, table: PathTable, target: str, operations: Sequence[Operation]) -> list[str]:
    """Write the edited path; what was lost is said in words."""
    from kinoeye.formats.edited import with_edited
    from kinoeye.formats.paths import write_path
    from kinoeye.shot.shot import Shot

    lost = []
    if isinstance(path, Shot):
        if target == "kinoeye":
            path.save(out)
            return []
        lost.append(f"{target} holds the camera alone: the actors and the place of the shot are left out")
        path = path.camera
    edited, dropped = with_edited(
        table,
        path,
        keeps_frames=all(operation.operator.keeps_frames for operation in operations),
        factor=math.prod(o.given["factor"] for o in operations if o.name == "scale"),
    )
    return [*lost, *dropped, *write_path(edited, out, format=target)]

"""Any readable camera file to any writable format.

The output's format is taken from --to, or from its name: camera.json, transforms.json, cameras.json (Gen3R),
NAME.re10k.txt, NAME.tum.txt, or a folder named colmap. What a format cannot hold is said on standard error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.cli.options import image_size, positive, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("input", type=Path, metavar="IN", help="a camera file, or a folder such as a COLMAP model")
    parser.add_argument("output", type=Path, metavar="OUT", help="the file or folder to write")
    parser.add_argument("--from", dest="source", metavar="FORMAT", help="format of IN, if it cannot be told")
    parser.add_argument("--to", dest="target", metavar="FORMAT", help="format of OUT, if its name does not say it")
    parser.add_argument(
        "--repair",
        action="append",
        default=[],
        metavar="CODE",
        help="mend a fault that `inspect` names; may be repeated",
    )
    parser.add_argument("--size", type=image_size, metavar="WxH", help="scale the intrinsics to this image size")
    parser.add_argument(
        "--fov-deg", type=positive, metavar="DEG", help="replace the intrinsics by this horizontal angle"
    )
    parser.add_argument("--fps", type=positive, metavar="F", help="replace the times by this frame rate")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.formats.paths import format_for_output, read_path, write_path

    target = format_for_output(args.output, args.target)
    table = read_path(args.input, format=args.source)
    source, read_notes = table.format, len(table.notes)
    for codes in args.repair:
        for code in codes.split(","):
            table = table.repair(code.strip())
    if args.size is not None:
        table = table.with_size(args.size)
    if args.fov_deg is not None:
        table = table.with_fov(args.fov_deg)
    if args.fps is not None:
        table = table.with_fps(args.fps)
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

"""The words of a camera path: motion tags, segments and a caption.

Tags follow the DataDoP definition: 27 translation by 7 rotation classes, thresholds on speeds at a nominal 30 fps.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.cli.options import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="any readable camera file")
    parser.add_argument("--from", dest="format", metavar="FORMAT", help="its format, if it cannot be told")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.formats.paths import read_path
    from kinoeye.language.captions import caption
    from kinoeye.language.tags import motion_tags, segments, tag_name

    table = read_path(args.file, format=args.format)
    found = segments(motion_tags(table.checked_matrices()))
    rows = [{"start": start, "end": end, "class": tag, "name": tag_name(tag)} for start, end, tag in found]
    if args.json:
        print_json({"file": str(args.file), "frames": len(table), "segments": rows, "caption": caption(found)})
        return 0
    for row in rows:
        print(f"{row['start']:>5} - {row['end']:<5} {row['name']}")
    print(caption(found))
    return 0

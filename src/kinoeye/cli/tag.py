"""The words of a camera path, or of a file of E.T.'s motion labels: tags, segments and a caption.

Tags follow the DataDoP definition: 27 translation by 7 rotation classes, thresholds on speeds at a nominal 30 fps.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.cli.options import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="any readable camera file, or E.T. labels (.npy)")
    parser.add_argument("--from", dest="format", metavar="FORMAT", help="its format, if it cannot be told")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.formats import are_segments, read_path, read_segments
    from kinoeye.language.captions import caption
    from kinoeye.language.tags import motion_tags, segments, tag_name

    if args.format is None and are_segments(args.file):
        tags = read_segments(args.file)
    else:
        tags = motion_tags(read_path(args.file, format=args.format).checked_matrices())
    found = segments(tags)
    rows = [{"start": start, "end": end, "class": tag, "name": tag_name(tag)} for start, end, tag in found]
    if args.json:
        print_json({"file": str(args.file), "frames": len(tags) + 1, "segments": rows, "caption": caption(found)})
        return 0
    for row in rows:
        print(f"{row['start']:>5} - {row['end']:<5} {row['name']}")
    print(caption(found))
    return 0

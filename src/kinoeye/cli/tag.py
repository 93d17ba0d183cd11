"""The words of a camera path, a whole shot, or a file of E.T.'s motion labels: tags, segments, captions.

Tags follow the DataDoP definition: 27 translation by 7 rotation classes, thresholds on speeds in
metres at a nominal 30 fps, whatever the rate of the file. A shot is described in the style of
each system too: entities and location (3DTrajMaster), who does what (AMG), the place and its light.

Example:
  kinoeye tag transforms.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.cli.options import add_camera_options, as_told, given_path, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("file", type=given_path, metavar="FILE", help="a camera file, a shot, or E.T. labels (.npy)")
    add_camera_options(parser, unit_alone=True)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.formats import are_segments, read_path, read_segments
    from kinoeye.language.captions import caption
    from kinoeye.language.tags import NOMINAL_FPS, motion_tags, segments, tag_name
    from kinoeye.shot.record_head import is_shot

    unit = None
    if args.source is None and are_segments(args.file):
        tags = read_segments(args.file)
    else:
        table = as_told(args, read_path(args.file, format=args.source))
        tags, unit = motion_tags(table.checked_matrices()), table.unit
        taken = "" if unit == "m" else ", one unit of the file taken as a metre (--unit)"
        say(args, f"{args.file}: speeds are those at {NOMINAL_FPS:g} frames per second{taken}")
    found = segments(tags)
    described = _described(args.file) if is_shot(args.file) else {}
    rows = [{"start": start, "end": end, "class": tag, "name": tag_name(tag)} for start, end, tag in found]
    if args.json:
        facts = {"file": str(args.file), "frames": len(tags) + 1, "segments": rows, "caption": caption(found)}
        print_json({**facts, "captions": described, "unit": unit, "fps_nominal": NOMINAL_FPS})
        return 0
    for row in rows:
        print(f"{row['start']:>5} - {row['end']:<5} {row['name']}")
    print(caption(found))
    for style, words in described.items():
        if style != "motion":
            print(f"{style + ':':<13}{'; '.join(words) if isinstance(words, list) else words}")
    return 0


def _described(shot: Path) -> dict[str, str | list[str]]:
    """The captions of a shot by their style."""
    from kinoeye.base.records import to_json
    from kinoeye.shot import Shot
    from kinoeye.shot.captions import captions_of

    return to_json(captions_of(Shot.load(shot)))

"""A camera, shot or take as one interactive page.

The page is one HTML file that opens without a server or a network. It holds what the file holds: the path in 3-D
with speed and rotation, the actors of a shot, the film and layers of a take, and what the checks say: of a camera
alone its motion, its horizon and which rigs can make the move.

Example:
  kinoeye view transforms.json -o camera.html
  kinoeye view out/take -o take.html
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.cli.options import print_json, require_camera, say, say_violations


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "path", type=Path, metavar="FILE-or-DIR", help="a camera file of any format, shot.json, a take, or a shoot"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="HTML", help="the page to write")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    if not (args.path.is_dir() and any((args.path / name).is_file() for name in ("take.json", "shot.json"))):
        require_camera(args.path)
    from kinoeye.base.records import to_json
    from kinoeye.studio import write_report
    from kinoeye.studio.viewable import report_for

    report = report_for(args.path)
    write_report(report, args.out)
    if args.json:
        actors = [actor.name for actor in report.shot.actors]
        checks = None if report.checks is None else {"holds": report.checks.holds, **to_json(report.checks)}
        print_json(
            {
                "out": str(args.out),
                "frames": len(report.shot.camera),
                "actors": actors,
                "checks": checks,
                "notes": report.notes,
            }
        )
        return 0
    for note in report.notes:
        say(args, note)
    if report.checks is not None:
        say_violations(args, report.checks)
    print(args.out)
    return 0

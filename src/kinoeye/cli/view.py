"""A camera, shot or take as an interactive page, a still picture, or a scene for 3-D tools.

The suffix of OUT says which. A .html page opens without a server or a network and holds what the file holds: the path
in 3-D with speed and rotation, the actors of a shot, the film and layers of a take, and what the checks say: of a
camera alone its motion, its horizon and which rigs can make the move. A .png shows each path on a panel, several files
side by side. A .glb (for Blender and every glTF viewer) or a .usda (USD) is the animated scene: of a shot its camera,
its actors with skeletons and joints, the ground and props; of a camera alone the camera, in a .glb with its path drawn.

With --reference each file is a prediction that is shown beside the reference, moved as `kinoeye score` does by default
(equal first poses, and a fitted scale where only one of the paths has metres), and scored.

Examples:
  kinoeye view transforms.json -o camera.html
  kinoeye view out/take -o take.html
  kinoeye view predicted.json --reference truth.json -o both.glb
  kinoeye view out/shot.json -o scene.usda
  kinoeye view predicted/*_transforms_pred.json -o paths.png
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.base.errors import InputError
from kinoeye.cli.options import print_json, require_camera, say, say_violations

if TYPE_CHECKING:
    from kinoeye.studio import Report

PAGE, PICTURE = ".html", ".png"
SCENES = (".glb", ".usda")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "path",
        type=Path,
        nargs="+",
        metavar="FILE-or-DIR",
        help="a camera file of any format, shot.json, a take, or a shoot; several for a .png",
    )
    parser.add_argument("--reference", type=Path, metavar="FILE-or-DIR", help="what each of them is compared with")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="OUT", help="the .html, .png, .glb or .usda file to write"
    )


def run(args: argparse.Namespace) -> int:
    """Run it."""
    kind = args.out.suffix.lower()
    if kind not in (PAGE, PICTURE, *SCENES):
        allowed = f"{PAGE}, {PICTURE}, {SCENES[0]} or {SCENES[1]}"
        raise InputError(f"{args.out} does not say what to make; its name must end in {allowed}")
    if len(args.path) > 1 and kind != PICTURE:
        raise InputError(f"{len(args.path)} files do not fit into one {kind}; give one, or a {PICTURE} for all of them")
    for path in (*args.path, *filter(None, [args.reference])):
        if not (path.is_dir() and any((path / name).is_file() for name in ("take.json", "shot.json"))):
            require_camera(path)
    from kinoeye.studio.viewable import report_for

    reports = [report_for(path, reference=args.reference) for path in args.path]
    lost = _write(reports, args.out, kind)
    if args.json:
        told = [_told(report) for report in reports]
        print_json({"out": str(args.out), **(told[0] if len(told) == 1 else {"paths": told}), "lost": lost})
        return 0
    for path, report in zip(args.path, reports, strict=True):
        for note in _notes(report):
            is_clear = len(reports) == 1 or note.startswith(f"{path.name}: ")
            say(args, note if is_clear else f"{path.name}: {note}")
        if report.checks is not None and kind == PAGE:
            say_violations(args, report.checks)
    for note in lost:
        say(args, note)
    print(args.out)
    return 0


def _write(reports: list[Report], out: Path, kind: str) -> list[str]:
    """Write the file; what it could not hold."""
    if kind == PICTURE:
        from kinoeye.studio.picture import write_picture

        write_picture(reports, out)
    elif kind in SCENES:
        from kinoeye.studio.scene_files import write_scene

        return write_scene(reports[0], out)
    else:
        from kinoeye.studio.report import write_report

        write_report(reports[0], out)
    return []


def _told(report: Report) -> dict[str, Any]:
    """What --json says of one path."""
    from kinoeye.base.records import to_json

    return {
        "frames": len(report.shot.camera),
        "actors": [actor.name for actor in report.shot.actors],
        "checks": None if report.checks is None else {"holds": report.checks.holds, **to_json(report.checks)},
        "score": None if report.score is None else report.score.numbers,
        "notes": _notes(report),
    }


def _notes(report: Report) -> list[str]:
    return [*report.notes, *report.estimate_notes, *filter(None, [report.failure])]

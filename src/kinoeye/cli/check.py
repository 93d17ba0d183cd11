"""Whether a shot can be filmed as planned: clearance, framing, occlusion, motion, horizon, rig.

SHOT is shot.json, a folder with one, or any readable camera file; a camera file has no actors and no surroundings, so
give it a depth map of its first frame or points if it should keep clear of something.

  clearance    the camera keeps away from actors, props, ground, depth or points, also between frames
  in-frame     enough of each subject is in the frame
  occlusion    enough of each subject is visible
  size         each subject's height, where it is on the screen, is within a band of the frame's (--shot-size names one)
  thirds       a hint: the subject is near a line of thirds
  line         the camera stays on one side of the line of action (180-degree rule)
  speed, acceleration, jerk, angular-rate, angular-acceleration
  roll         the horizon is level
  rig          --rig tripod, dolly, crane, handheld or drone can make the move

Exit code 0 when no error is found (warnings and hints do not fail a shot), 1 when one is, 2 on bad input.

Example:
  kinoeye check out/demo/shot.json --rig dolly --limit clearance=0.5
  kinoeye check out/demo/shot.json --fix -o out/demo/mended.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.base.errors import InputError
from kinoeye.cli.options import WORLDS, add_camera_options, as_told, given_path, print_json, refuse_told_of_camera, say

if TYPE_CHECKING:
    from kinoeye.shot import Shot
    from kinoeye.shot.checks import Checker, CheckReport, Finding, Limits, Mended, Surroundings

MAX_DEPTH_VALUES = 64_000_000
MAX_ASPECT_DIFFERENCE = 0.05
"""Between a depth map and the camera's image: more than rounding, cropping or padding to whole blocks makes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("shot", type=given_path, metavar="SHOT", help="shot.json, its folder, or any camera file")
    parser.add_argument("-o", "--out", type=given_path, metavar="OUT", help="where --fix writes the mended shot")
    parser.add_argument(
        "--fix", action="store_true",
        help="change the path until the checks hold; needs -o; moves that the shot's text asks for stay,\n"
        "unless --rig, --limit or a collision comes before them, and a change that breaks as bad a check is undone",
    )  # fmt: skip
    parser.add_argument("--rig", metavar="RIG", help="tripod, dolly, crane, handheld or drone: hold the move to it")
    parser.add_argument(
        "--subject", action="append", default=[], metavar="NAME",
        help="an actor that the shot is about; may be repeated (default: those that the prompt's moves name, or all)",
    )  # fmt: skip
    parser.add_argument("--only", metavar="A,B", default="", help="make only these checks")
    parser.add_argument("--skip", metavar="A,B", default="", help="leave these checks out")
    parser.add_argument(
        "--limit", action="append", default=[], metavar="NAME=VALUE",
        help="clearance, in-frame, visible, size-min, size-max, thirds, line, speed, acceleration, jerk,\n"
        "angular-rate, angular-acceleration or roll; metres, seconds, degrees, shares of 1; may be repeated",
    )  # fmt: skip
    parser.add_argument("--shot-size", metavar="NAME", help='such as "medium shot" or "close up": the band of sizes')
    parser.add_argument("--depth", type=given_path, metavar="NPY", help="depth map [h, w] of the first frame, metres")
    parser.add_argument(
        "--points", type=given_path, metavar="CLOUD", help="a binary .ply cloud or the folder of a COLMAP model"
    )
    add_camera_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.shot.checks import Checker

    if args.fix != (args.out is not None):
        raise InputError("--fix and -o OUT belong together: a mended shot never overwrites its original unasked")
    checker = Checker(
        limits=_limits(args),
        rig=args.rig,
        subjects=tuple(args.subject),
        only=_names(args.only),
        skip=_names(args.skip),
    )
    _require_surroundings(args)
    given = _given(args)
    checker = replace(checker, surroundings=_surroundings(args, given), timed=given.timed)
    mended = _mended(given.shot, checker) if args.fix else None
    report = checker(given.shot) if mended is None else mended.after
    if not report.findings:
        reasons = "; ".join(dict.fromkeys(skipped.reason for skipped in report.skipped))
        raise InputError(f"nothing could be checked (--unit, --fps, --up, --points tell what is missing): {reasons}")
    notes = given.notes
    if mended is not None:
        notes = (*notes, *given.write(mended.shot, args.out))
    if args.json:
        print_json(_facts(args, checker, report, mended, notes))
    else:
        for note in notes:
            say(args, f"{args.shot}: {note}")
        _print(report, mended, args.out)
    return int(not report.holds)


def _mended(shot: Shot, checker: Checker) -> Mended:
    from kinoeye.shot.checks import mend

    return mend(shot, checker)


@dataclass(frozen=True)
class _Given:
    """What the command was given: a shot, how it is written back, and what is known of it."""

    shot: Shot
    write: Callable[[Shot, Path], list[str]]
    """Writes a mended shot in the form of the original; returns what was lost."""
    is_shot: bool
    timed: bool = True
    notes: tuple[str, ...] = ()


def _given(args: argparse.Namespace) -> _Given:
    from kinoeye.shot.record_head import is_shot

    if is_shot(args.shot):
        refuse_told_of_camera(args)
        from kinoeye.shot import Shot

        return _Given(Shot.load(args.shot), _write_shot, is_shot=True)
    return _of_camera_file(args)


def _write_shot(shot: Shot, out: Path) -> list[str]:
    shot.save(out)
    return []


def _of_camera_file(args: argparse.Namespace) -> _Given:
    from kinoeye.formats import read_path, write_path
    from kinoeye.formats.edited import ASSUMED_SIZE_WH, filmable, with_edited
    from kinoeye.formats.paths import format_for_output

    if args.out is not None:
        format_for_output(args.out)  # says at once when the name does not tell
    table = read_path(args.shot, format=args.source)
    read_notes = table.notes
    table = as_told(args, table, assumed_size_wh=ASSUMED_SIZE_WH)
    if args.depth is not None and (table.intrinsics is None or table.size_wh is None):
        raise InputError(f"a depth map needs intrinsics, and {args.shot} has none; give --size and --fov-deg")
    from kinoeye.shot import Shot

    camera, _ = filmable(table)  # what is assumed of a lens matters to no check without actors

    def write(shot: Shot, out: Path) -> list[str]:
        has_lens = table.intrinsics is not None and not table.is_centred_nowhere
        path = shot.camera if has_lens else shot.camera.track
        edited, lost = with_edited(table, path, keeps_frames=len(path) == len(table))
        return [*lost, *write_path(edited, out)]

    return _Given(Shot(camera=camera), write, is_shot=False, timed=table.times_s is not None, notes=read_notes)


def _limits(args: argparse.Namespace) -> Limits:
    from kinoeye.shot.checks import Limits

    limits = Limits.for_rig(args.rig)
    if args.shot_size is not None:
        limits = limits.with_shot_size(args.shot_size)
    values = {}
    for text in args.limit:
        name, _, number = text.partition("=")
        try:
            values[name.strip()] = float(number)
        except ValueError:
            raise InputError(f"--limit {text!r} is not NAME=VALUE with a number, such as clearance=0.5") from None
    return limits.with_values(values)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _require_surroundings(args: argparse.Namespace) -> None:
    """Hold that the files of surroundings are there before anything heavy is loaded."""
    from kinoeye.formats.paths.file_head import file_head

    if args.depth is not None and args.points is not None:
        raise InputError("--depth and --points cannot both be given; choose one")
    for path in (args.depth, args.points):
        if path is not None:
            file_head(path)


def _surroundings(args: argparse.Namespace, given: _Given) -> Callable[[Shot], Surroundings] | Surroundings | None:
    """Depth or points where they are given; else the solids of a shot."""
    from kinoeye.shot.checks import PointCloud

    try:
        if args.depth is not None:
            depth = _depth(args.depth)
            (height, width), (wide, high) = depth.shape, given.shot.camera.size_wh
            if abs(width * high / (height * wide) - 1) > MAX_ASPECT_DIFFERENCE:
                raise InputError(f"{args.depth} is {width}x{height}, another shape than the camera's {wide}x{high}")
            return PointCloud.from_depth(depth, given.shot.camera, name=args.depth.name)
        if args.points is not None:
            return PointCloud(_in_our_world(_points(args.points), args), args.points.name)
    except ValueError as error:
        raise error if isinstance(error, InputError) else InputError(f"{args.depth or args.points}: {error}") from error
    if not given.is_shot:
        return None
    from kinoeye.render import ShotSolids

    return ShotSolids


def _in_our_world(points: Any, args: argparse.Namespace) -> Any:
    """Points [n, 3] of the path's own file, turned and scaled as --up and --unit do with the path."""
    from kinoeye.geometry.convention import KINOEYE, axes_matrix

    scaled = points * ((args.unit and args.unit.metres) or 1.0)
    if args.up is None or KINOEYE.world_axes is None:
        return scaled
    return scaled @ (axes_matrix(KINOEYE.world_axes).T @ axes_matrix(WORLDS[args.up])).T


def _depth(path: Path) -> Any:
    import numpy as np

    from kinoeye.formats.containers.arrays import read_npy

    values = read_npy(path)
    depth = values[0] if values.ndim == 3 and len(values) else values
    if depth.ndim != 2 or depth.size == 0 or depth.size > MAX_DEPTH_VALUES or depth.dtype.kind not in "fiu":
        raise InputError(f"{path} holds {values.dtype} {values.shape}; a depth map is numbers [height, width]")
    return np.asarray(depth, np.float64)


def _points(path: Path) -> Any:
    from kinoeye.formats import read_ply
    from kinoeye.formats.containers.colmap import read_colmap

    return read_ply(path)[0] if path.suffix.lower() == ".ply" else read_colmap(path).points.xyz


def _facts(
    args: argparse.Namespace, checker: Checker, report: CheckReport, mended: Mended | None, notes: tuple[str, ...]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "shot": str(args.shot),
        "holds": report.holds,
        "findings": [_row(finding) for finding in report.findings],
        "skipped": [asdict(row) for row in report.skipped],
        "rigs": {rig: asdict(verdict) for rig, verdict in report.rigs.items()},
        "limits": asdict(checker.bounds),
        "notes": list(notes),
    }
    if mended is not None:
        facts["fix"] = {
            "out": str(args.out),
            "steps": [asdict(step) for step in mended.steps],
            "moved": mended.moved_m,
            "turned_deg": mended.turned_deg,
            "longer_s": mended.longer_s,
            "checks": [
                {
                    "code": row.code,
                    "about": row.about,
                    "change": row.change,
                    "before": row.before and _row(row.before),
                    "after": row.after and _row(row.after),
                }
                for row in mended.comparisons
            ],
            "worsened": [{"code": row.code, "about": row.about} for row in mended.worsened],
        }
    return facts


def _row(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "frames": [list(stretch) for stretch in finding.frames]}


def _print(report: CheckReport, mended: Mended | None, out: Path | None) -> None:
    if mended is not None:
        _print_mending(mended)
    for finding in report.violations:
        print(f"{finding.severity:<8} {finding.code:<21} {finding.where:<22} {finding.message}")
    held = [finding for finding in report.findings if finding.holds]
    for finding in held:
        print(f"{'holds':<8} {finding.code:<21} {'':<22} {finding.message}")
    for code, reasons in _by_code(report).items():
        print(f"{'skipped':<8} {code:<21} {'':<22} {reasons}")
    for rig, verdict in report.rigs.items():
        word = {True: "can", False: "cannot", None: "may"}[verdict.can]
        print(f"{'rig':<8} {rig:<21} {word:<22} {'; '.join(verdict.why)}".rstrip())
    if out is not None:
        print(out)


def _by_code(report: CheckReport) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for row in report.skipped:
        found.setdefault(row.code, []).append(row.reason)
    return {code: "; ".join(dict.fromkeys(reasons)) for code, reasons in found.items()}


def _print_mending(mended: Mended) -> None:
    for step in mended.steps:
        about = f" of {step.about}" if step.about else ""
        print(f"{'mended' if step.done else 'cannot':<8} {step.code}{about}: {step.how}")
    print(
        f"{'path':<8} poses move by up to {mended.moved_m:.3g} m and turn by up to {mended.turned_deg:.3g} degrees; "
        f"the shot lasts {mended.longer_s:+.2f} s"
    )
    for row in mended.worsened:
        was = row.before.message if row.before else "could not be measured"
        print(f"{'worse':<8} {row.code}: it was: {was}; it is: {row.after.message if row.after else 'not measured'}")

"""How far an estimated camera is from a reference, under named protocols.

Two camera files are compared with --reference and --estimate. A take is compared with the camera of a shot: by the
camera that was estimated for it, or, if it holds none, by one that is estimated now (with its depth if it has any).

Examples:
  kinoeye score --reference truth.txt --estimate slam.txt --align se3
  kinoeye score out/take --shot out/demo/shot.json -o score.json
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.base.errors import CheckFailedError, InputError
from kinoeye.cli.options import count, non_negative, positive, print_json, say

if TYPE_CHECKING:
    from kinoeye.evaluation import PoseScore
    from kinoeye.geometry import Track

SHOWN = ("rmse", "mean", "median", "max")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("take", type=Path, nargs="?", metavar="TAKE", help="a take, to compare with --shot")
    parser.add_argument("--shot", type=Path, metavar="SHOT", help="the shot that the take was asked for")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="the camera file taken as true")
    parser.add_argument("--estimate", type=Path, metavar="FILE", help="the camera file to judge")
    parser.add_argument(
        "--align",
        choices=("none", "first", "se3", "sim3", "scale"),
        help="bring the estimate into the reference's world: leave it; make the first poses equal; fit a rigid or\n"
        "similar transform to all positions; equal first poses and a fitted scale\n"
        "(default: first, or scale where one of the paths has no metric scale)",
    )
    parser.add_argument(
        "--by",
        choices=("time", "index"),
        help="pair poses by nearest time or by index (default: time if both have it)",
    )
    parser.add_argument("--max-difference", type=positive, metavar="S", help="seconds between paired poses (0.02)")
    parser.add_argument("--delta", type=count, default=1, metavar="N", help="frames of a relative error (default 1)")
    parser.add_argument("--seed", type=non_negative, default=0, metavar="N", help="of the estimator (default 0)")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="write the score, with every pose's errors")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.evaluation import Settings, score_poses
    from kinoeye.evaluation.association import MAX_DIFFERENCE_S

    reference, estimate, notes, by = _from_take(args) if args.take else _from_files(args)
    score = score_poses(
        reference,
        estimate,
        align=args.align,
        by=args.by or by,
        max_difference_s=args.max_difference or MAX_DIFFERENCE_S,
        settings=Settings(delta=args.delta),
    )
    score = replace(score, notes=(*notes, *score.notes))
    if args.out is not None:
        score.save(args.out)
    if args.json:
        print_json(summary(score))
    else:
        _print(score)
        if args.out is not None:
            say(args, f"written: {args.out}")
    return 0


def summary(score: PoseScore) -> dict[str, Any]:
    """A score without the errors of single poses."""
    from kinoeye.base.records import to_json

    data = to_json(score)
    del data["times_s"]
    data["metrics"] = {
        name: {"unit": metric["unit"], **metric["statistics"]} for name, metric in data["metrics"].items()
    }
    return data


def _from_files(args: argparse.Namespace) -> tuple[Track, Track, tuple[str, ...], Any]:
    from kinoeye.formats.paths import read_path

    if args.reference is None or args.estimate is None or args.shot is not None:
        raise InputError("give --reference FILE and --estimate FILE, or a TAKE and --shot SHOT")
    tables = read_path(args.reference), read_path(args.estimate)
    timed = all(table.times_s is not None for table in tables)
    # Without times in both files the rate is only a label for the index; any will do.
    tracks = [table.to_track(fps=None if table.times_s is not None else 1.0) for table in tables]
    return tracks[0], tracks[1], (), "time" if timed else "index"


def _from_take(args: argparse.Namespace) -> tuple[Track, Track, tuple[str, ...], Any]:
    import torch

    from kinoeye.base.failure import Failure
    from kinoeye.footage import Take
    from kinoeye.perception import estimate_camera
    from kinoeye.shot import Shot

    if args.shot is None or args.reference is not None or args.estimate is not None:
        raise InputError("a TAKE is compared with --shot SHOT, and with nothing else")
    take, shot = Take.open(args.take), Shot.load(args.shot)
    asked = shot.camera.at(torch.from_numpy(take.times_s))
    sources = [source for source in take.cameras if source.startswith("estimated:")]
    if sources:
        return asked.track, take.cameras[sources[-1]].track, (f"camera: {sources[-1]}",), "index"
    say(args, "the take holds no estimated camera; estimating one")
    found = estimate_camera(take, intrinsics=asked.intrinsics, seed=args.seed)
    if isinstance(found, Failure):
        raise CheckFailedError(f"the camera of {args.take} cannot be estimated: {found}")
    return asked.track, found.camera.track, (f"camera: {found.source}", *found.notes), "index"


def _print(score: PoseScore) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("protocol", "unit", box=box.SIMPLE_HEAD)
    for statistic in SHOWN:
        table.add_column(statistic, justify="right")
    for column in table.columns:
        column.no_wrap = True
    for name, metric in score.metrics.items():
        values = (getattr(metric.statistics, statistic) for statistic in SHOWN)
        table.add_row(name, metric.unit, *(f"{value:.6g}" for value in values))
    console = Console(width=max(100, Console().width))  # a pipe has no width, and a cut table no use
    console.print(table)
    length = f"{score.reference_path_length:.6g} {score.unit}"
    console.print(
        f"{score.pairs} pairs by {score.by}, alignment {score.align}, scale {score.scale:.6g}, path {length}",
        highlight=False,
    )
    for note in score.notes:
        console.print(f"note: {note}", highlight=False, markup=False)

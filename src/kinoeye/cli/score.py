"""How far an estimated camera is from a reference, under every published protocol by name.

Two camera files (also FILE#NAME or MODEL:WORD) are compared with --reference and --estimate; folders of them, or lists,
give a row for each pair and means with confidence intervals. A take is compared with the camera of a shot: by the
camera that was estimated for it, or, if it holds none, by one that is estimated now. What fails counts as the worst
value and is never left out; docs/protocols.md says what each protocol measures.

Examples:
  kinoeye score --reference truth.txt --estimate slam.txt --align se3
  kinoeye score --reference truths/ --estimate estimates/ -o scores.json
  kinoeye score out/take --shot out/demo/shot.json --estimator pycolmap -o score.json
  kinoeye score --compare ours.json theirs.json
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.base.errors import CheckFailedError, InputError
from kinoeye.cli.options import count, non_negative, positive, print_json, require_camera, require_shot, say
from kinoeye.cli.score_tables import comparison_json, print_comparison, print_score, score_json

if TYPE_CHECKING:
    from kinoeye.base.failure import Failure
    from kinoeye.evaluation import PoseScore, ScoreTable, Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("take", type=Path, nargs="*", metavar="TAKE", help="a take, to compare with --shot")
    parser.add_argument(
        "--shot",
        type=Path,
        action="append",
        metavar="SHOT",
        help="the shot that the take was asked for; with several takes one for all, or one --shot each",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="camera files taken as true, or a folder",
    )
    parser.add_argument(
        "--estimate", type=Path, nargs="+", metavar="PATH", help="camera files to judge, or a folder (matched by stem)"
    )
    parser.add_argument("--compare", type=Path, nargs="+", metavar="JSON", help="saved scores, side by side")
    parser.add_argument(
        "--align",
        choices=("none", "first", "se3", "sim3", "scale"),
        help="bring the estimate into the reference's world, for the protocols that leave it open: leave it; make the\n"
        "first poses equal; fit a rigid or similar transform to all positions; equal first poses and a fitted scale\n"
        "(default: first, or scale where one of the paths has no metric scale)",
    )
    parser.add_argument(
        "--by",
        choices=("time", "index"),
        help="pair poses by nearest time or by index (default: time if both have it)",
    )
    parser.add_argument("--max-difference", type=positive, metavar="S", help="seconds between paired poses (0.02)")
    parser.add_argument(
        "--missing",
        choices=("fail", "skip"),
        help="whether a pose of the reference without an estimate is a failure (default: yes, unless the reference is\n"
        "sampled more densely than the estimate)",
    )
    parser.add_argument("--protocol", action="append", metavar="NAME", help="only this protocol; may be repeated")
    parser.add_argument("--delta", type=positive, default=1, metavar="N", help="span of a relative error (default 1)")
    parser.add_argument(
        "--delta-unit",
        choices=("frames", "length"),
        default="frames",
        help="what --delta counts: frames, or length travelled in the reference's unit (default frames)",
    )
    parser.add_argument(
        "--estimator",
        metavar="NAME",
        help="estimate the camera of a take anew: kinoeye, pycolmap, or file:PATH for poses that another tool found\n"
        "(default: the estimate that the take holds, else kinoeye)",
    )
    parser.add_argument(
        "--seed", type=non_negative, default=0, metavar="N", help="of estimator and intervals (default 0)"
    )
    parser.add_argument(
        "--resamples", type=count, metavar="N", help="of the 95 %% intervals' bootstrap (default 10000)"
    )
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="write the score, with every pose's errors")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    if args.compare:
        return _compare(args)
    result = _score_takes(args) if args.take else _score_files(args)
    if args.out is not None:
        result.save(args.out)
    if args.json:
        print_json(score_json(result))
        return 0
    print_score(result)
    if args.out is not None:
        say(args, f"written: {args.out}")
    return 0


def _compare(args: argparse.Namespace) -> int:
    if args.take or args.reference or args.estimate or args.shot:
        raise InputError("--compare reads saved scores, and nothing else")
    if len(args.compare) < 2:
        raise InputError("--compare needs at least two saved scores")
    names = _names(args.compare)
    for path in args.compare:
        if not path.is_file():
            raise InputError(f"{path} does not exist, or is no file; `kinoeye score ... -o FILE` saves a score")
    from kinoeye.evaluation import compare, differences, load_score

    scores = {name: load_score(path) for name, path in zip(names, args.compare, strict=True)}
    values, notes = compare(scores), differences(scores)
    if args.json:
        print_json(comparison_json(names, values, notes))
    else:
        print_comparison(names, values, notes)
    return 0


def _score_files(args: argparse.Namespace) -> PoseScore | ScoreTable:
    references, estimates = args.reference, args.estimate
    if not references or not estimates or args.shot:
        raise InputError("give --reference FILE and --estimate FILE, or a TAKE and --shot SHOT")
    if args.estimator:
        raise InputError("--estimator estimates the camera of a TAKE; camera files hold theirs already")
    if len(references) != len(estimates):
        raise InputError(f"{len(references)} references and {len(estimates)} estimates cannot be paired one to one")
    _require_protocols(args)
    needed = references if any(path.is_dir() for path in references) or len(estimates) > 1 else references + estimates
    for path in needed:  # of many estimates, some may be missing
        if not path.is_dir():
            require_camera(path)
    from kinoeye.evaluation import match_folders, score_files, score_many
    from kinoeye.evaluation.file_scores import is_folder_of_paths

    folders = [is_folder_of_paths(path) for path in (*references, *estimates)]
    notes: tuple[str, ...] = ()
    if len(references) == 1 and not any(folders):
        return score_files(references[0], estimates[0], **_options(args), by=args.by)
    if len(references) == 1 and all(folders):
        files, notes = match_folders(references[0], estimates[0])
    elif not any(folders):
        files = dict(zip(_names(estimates), zip(references, estimates, strict=True), strict=True))
    else:
        raise InputError("folders of camera files are given as one --reference FOLDER and one --estimate FOLDER")
    return score_many(files, **_options(args), by=args.by, notes=notes, **_intervals(args))


def _score_takes(args: argparse.Namespace) -> PoseScore | ScoreTable:
    if not args.shot or args.reference or args.estimate:
        raise InputError("a TAKE is compared with --shot SHOT, and with nothing else")
    if len(args.shot) not in (1, len(args.take)):
        raise InputError(f"{len(args.shot)} shots for {len(args.take)} takes; give one for all, or one each")
    _require_protocols(args)
    for take in args.take:
        if not take.is_dir():
            raise InputError(f"{take} is not a take: there is no such folder")
    for shot in args.shot:
        require_shot(shot)
    from kinoeye.base.failure import Failure
    from kinoeye.evaluation import tabulate

    shots = args.shot * len(args.take) if len(args.shot) == 1 else args.shot
    if len(args.take) == 1:
        score, _ = _score_take(args, args.take[0], shots[0])
        if isinstance(score, Failure):
            raise CheckFailedError(f"the camera of {args.take[0]} cannot be estimated: {score}")
        return score
    names = _names(args.take)
    scored = [_score_take(args, take, shot) for take, shot in zip(args.take, shots, strict=True)]
    return tabulate(
        {name: score for name, (score, _) in zip(names, scored, strict=True)},
        asked={name: asked for name, (_, asked) in zip(names, scored, strict=True)},
        protocols=tuple(args.protocol) if args.protocol else None,
        **_intervals(args),
    )


def _score_take(args: argparse.Namespace, path: Path, shot_path: Path) -> tuple[PoseScore | Failure, int]:
    """The score of one take, or why there is none, and the number of its frames."""
    import torch

    from kinoeye.base.failure import Failure
    from kinoeye.evaluation import score_poses
    from kinoeye.footage import Take
    from kinoeye.perception import estimator
    from kinoeye.shot import Shot

    take, shot = Take.open(path), Shot.load(shot_path)
    asked = shot.camera.at(torch.from_numpy(take.times_s))
    stored = [source for source in take.cameras if source.startswith("estimated:")]
    if stored and args.estimator is None:
        track = take.cameras[stored[-1]].track
        notes = (f"camera: {stored[-1]}, as stored in the take",)
    else:
        say(args, f"{path}: estimating its camera")
        found = estimator(args.estimator or "kinoeye", intrinsics=asked.intrinsics)(take, seed=args.seed)
        if isinstance(found, Failure):
            return found, len(take)
        track, notes = found.camera.track, (f"camera: {found.source}", *found.notes)
    try:
        score = score_poses(asked.track, track, by=args.by or "time", **{"missing": "fail", **_options(args)})
    except InputError as error:
        if len(args.take) == 1:
            raise
        return Failure(str(error)), len(take)
    return replace(score, notes=(*notes, *score.notes)), len(take)


def _require_protocols(args: argparse.Namespace) -> None:
    """Hold that the protocols exist and can be computed with --delta, before anything heavy is loaded."""
    from kinoeye.evaluation.pose_protocols import chosen_protocols

    chosen_protocols(args.protocol)
    _settings(args)


def _settings(args: argparse.Namespace) -> Settings:
    from kinoeye.evaluation import Settings

    try:
        return Settings(delta=args.delta, delta_unit=args.delta_unit)
    except ValueError as error:
        raise InputError(str(error)) from error


def _options(args: argparse.Namespace) -> dict[str, Any]:
    from kinoeye.evaluation.association import MAX_DIFFERENCE_S

    options = {
        "align": args.align,
        "max_difference_s": args.max_difference or MAX_DIFFERENCE_S,
        "settings": _settings(args),
        "protocols": args.protocol,
    }
    return {**options, "missing": args.missing} if args.missing else options


def _intervals(args: argparse.Namespace) -> dict[str, Any]:
    return {"seed": args.seed, **({"resamples": args.resamples} if args.resamples else {})}


def _names(paths: list[Path]) -> list[str]:
    """The stem of each path where these differ, else the whole path."""
    stems = [path.stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise InputError("a path is given twice")
    return names

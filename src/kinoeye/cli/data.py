"""Data sets of captioned camera paths, motions and takes: made of worlds or videos, and checked.

  make datadop      from our own worlds (--world-seed, --count), or from VIDEOS, in DataDoP's layout
  make motion360    from our own worlds, in the layout of 360-Motion, which 3DTrajMaster is trained on
  make takes        from our own worlds, films with every layer of truth, in folders or (--shards) in tar files
  check FOLDER      every fault of a folder; nothing in it is changed

`kinoeye data make KIND --help` and `kinoeye data check --help` show only what concerns them.

Example:
  kinoeye data make datadop --world-seed 7 --count 20 -o out/paths
  kinoeye data check out/paths --as datadop
  kinoeye data make takes --world-seed 7 --count 100 --size 128x128 --shards -o out/takes
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kinoeye.base.arguments import given_options
from kinoeye.base.errors import InputError
from kinoeye.cli.options import count, given_path, image_size, non_negative, positive, print_json, say

if TYPE_CHECKING:
    from kinoeye.base.executor import PoolName
    from kinoeye.base.jobs import Report
    from kinoeye.base.llm import LanguageModel
    from kinoeye.datasets import SetReport

_SHOWN_FAULTS = 40
POOLS: Mapping[str, PoolName] = {"local": "processes", "ray": "ray"}
"""Executor -> its workers."""
_SHARD_MB = 500
_OF_TAKES = ("layers", "frames", "shards")
_OF_WORLDS = ("world_seed", "count", "size")
_OF_VIDEOS = ("shot_seconds", "whole", "estimator", "fov_deg", "llm", "llm_cache", "llm_replay", "directorial", "seed")
"""Options that say nothing about worlds; each is None or False where it was not given."""
_OF_MAKE = ("out", "workers", "executor", "rest", *_OF_WORLDS, *_OF_TAKES, *_OF_VIDEOS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("verb", choices=("make", "check"), metavar="VERB", help="make or check")
    parser.add_argument("rest", nargs="*", type=given_path, metavar="WORD", help="make: KIND [VIDEO...]; check: FOLDER")
    parser.add_argument("--as", dest="kind", choices=tuple(KINDS), help="check: the layout that the folder should have")
    parser.add_argument("-o", "--out", type=given_path, metavar="DIR", help="make: the folder to make")
    parser.add_argument("--workers", type=count, default=1, metavar="N", help="make: processes (default 1)")
    parser.add_argument(
        "--executor", choices=tuple(POOLS), default="local",
        help="make: workers are processes here, or of a Ray cluster (RAY_ADDRESS, or one for this run)",
    )  # fmt: skip
    worlds = parser.add_argument_group("of our own worlds")
    worlds.add_argument("--world-seed", type=non_negative, metavar="S", help="of the worlds")
    worlds.add_argument("--count", type=count, metavar="N", help="how many shots, scenes or takes")
    worlds.add_argument(
        "--size", type=image_size, action="append", metavar="WxH",
        help="motion360: of its videos, such as 720x480 (default) or 672x384, repeatable; takes: default 256x256",
    )  # fmt: skip
    worlds.add_argument("--layers", metavar="A,B", help="takes: beside rgb (default depth,instance)")
    worlds.add_argument("--frames", type=count, metavar="N", help="takes: of each film, 12 a second (default 25)")
    worlds.add_argument(
        "--shards", type=count, nargs="?", const=_SHARD_MB, metavar="MB",
        help=f"takes: in tar files of at most so many MB (default {_SHARD_MB}), with an index",
    )  # fmt: skip
    videos = parser.add_argument_group("of videos")
    videos.add_argument(
        "--shot-seconds", type=_two_lengths, metavar="A,B", help="lengths that are kept (default 10,20)"
    )
    videos.add_argument("--whole", action="store_true", help="each video is one shot; no cuts are looked for")
    videos.add_argument("--estimator", metavar="NAME", help="of cameras: kinoeye (default) or pycolmap")
    videos.add_argument("--fov-deg", type=positive, metavar="DEG", help="horizontal angle of view (default 50)")
    videos.add_argument("--llm", action="store_true", help="a language model classes shots and words their motion")
    videos.add_argument("--directorial", action="store_true", help="it also writes what the camera shows")
    videos.add_argument("--llm-cache", type=given_path, metavar="DIR", help="keep its answers here, and use them again")
    videos.add_argument("--llm-replay", action="store_true", help="only use answers that are kept; ask nothing")
    videos.add_argument("--seed", type=non_negative, metavar="N", help="of the estimator and the split (default 0)")


def narrow_help(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Let the help tell of the verb and the kind of set alone that a command line begins with, if it does."""
    if words[:1] == ["check"]:
        _narrow(parser, "check FOLDER", hidden=_OF_MAKE)
    elif words[:1] == ["make"] and words[1:2] and words[1] in KINDS:
        _narrow(parser, f"make {words[1]}", hidden=("kind", *KINDS[words[1]].without))


def _narrow(parser: argparse.ArgumentParser, words: str, *, hidden: tuple[str, ...]) -> None:
    """Let a parser's help tell of one verb, such as "make takes", and of nothing that belongs to others."""
    lines = [line.split(maxsplit=2) for line in (parser.description or "").splitlines()]
    about = next(line[2] for line in lines if line[:2] == words.split())
    parser.prog, parser.description = f"{parser.prog} {words}", f"{about[0].upper()}{about[1:]}."
    others = {"make", "check", *KINDS} - set(words.split())
    for action in parser._actions:  # argparse lists them nowhere else
        if action.dest in (*hidden, "verb") or (action.dest == "rest" and "VIDEOS" not in about):
            action.help = argparse.SUPPRESS
        elif action.dest == "rest":
            action.metavar, action.help = "VIDEO", "a file with shots"
        elif action.help:
            told = [part.partition(": ") for part in action.help.split("; ")]
            action.help = "; ".join(
                text if name in words.split() else f"{name}{colon}{text}"
                for name, colon, text in told
                if name not in others
            )


def run(args: argparse.Namespace) -> int:
    """Run it."""
    return _check(args) if args.verb == "check" else _make(args)


def _check(args: argparse.Namespace) -> int:
    if len(args.rest) != 1 or args.kind is None:
        raise InputError(f"say what to check and as what: kinoeye data check FOLDER --as {' or '.join(KINDS)}")
    report = KINDS[args.kind].check(args.rest[0])
    errors = sum(fault.severity == "error" for fault in report.faults)
    if args.json:
        print_json({"folder": str(args.rest[0]), "kind": args.kind, "holds": report.holds, "shots": report.shots,
                    "errors": errors, "warnings": len(report.faults) - errors, "faults": report.faults})  # fmt: skip
        return 0 if report.holds else 1
    for fault in report.faults[:_SHOWN_FAULTS]:
        print(f"{fault.severity}: {fault.file or fault.item or args.rest[0]}: {fault.code}: {fault.message}")
    if len(report.faults) > _SHOWN_FAULTS:
        print(f"... and {len(report.faults) - _SHOWN_FAULTS} more (--json lists all)")
    counts = KINDS[args.kind].counted(report.shots)
    say(args, f"{counts}; {errors} errors, {len(report.faults) - errors} warnings")
    return 0 if report.holds else 1


def _make(args: argparse.Namespace) -> int:
    if not args.rest or str(args.rest[0]) not in KINDS:
        raise InputError(f"say which kind of set to make: kinoeye data make {' or '.join(KINDS)}")
    if args.out is None:
        raise InputError("say where the set should go: -o DIR")
    reports = KINDS[str(args.rest[0])].make(args, args.rest[1:])
    if args.json:
        stages = {
            stage: {**report.counts(), "failures": {name: str(failure) for name, failure in report.failed.items()}}
            for stage, report in reports.items()
        }
        print_json({"out": str(args.out), "stages": stages})
        return 0
    for stage, report in reports.items():
        for name, failure in report.failed.items():
            say(args, f"left out: {name}: {failure}")
        counts = report.counts()
        say(args, f"{stage}: {', '.join(f'{number} {what}' for what, number in counts.items())}")
    say(args, f"{args.out}.work keeps what is finished, for a run that adds to it; it may be deleted")
    print(args.out)
    return 0


def _check_datadop(folder: Path) -> SetReport:
    from kinoeye.datasets import check_datadop

    return check_datadop(folder)


def _check_motion360(folder: Path) -> SetReport:
    from kinoeye.datasets import check_motion360

    return check_motion360(folder)


def _make_datadop(args: argparse.Namespace, videos: list[Path]) -> dict[str, Report]:
    _refuse(args, ("size",), "frames of DataDoP are 512 pixels wide")
    _refuse(args, _OF_TAKES, "DataDoP says what a shot has")
    if videos:
        return _make_of_videos(args, videos)
    if args.world_seed is None or args.count is None:
        raise InputError("say which worlds to film, --world-seed S --count N, or give videos")
    _refuse(args, _OF_VIDEOS, "a set of our own worlds has none of it")
    from kinoeye.datasets import WorldPlan, datadop_from_worlds

    pool = POOLS[args.executor]
    plan = WorldPlan(world_seed=args.world_seed, count=args.count, workers=args.workers, pool=pool)
    return {"worlds": datadop_from_worlds(plan, args.out, argv=args.argv)}


def _make_motion360(args: argparse.Namespace, videos: list[Path]) -> dict[str, Report]:
    if videos:
        raise InputError(f"{videos[0]} cannot be given: 360-Motion has exact motions, which videos do not tell")
    if args.world_seed is None or args.count is None:
        raise InputError("say which worlds to film: --world-seed S --count N")
    _refuse(args, _OF_VIDEOS, "a set of our own worlds has none of it")
    _refuse(args, _OF_TAKES, "360-Motion says what a scene has")
    from kinoeye.datasets import Motion360Plan, Resolution, motion360_from_worlds

    given = {} if args.size is None else {"resolutions": tuple(Resolution(size) for size in args.size)}
    pool = POOLS[args.executor]
    plan = Motion360Plan(world_seed=args.world_seed, count=args.count, workers=args.workers, pool=pool, **given)
    return motion360_from_worlds(plan, args.out, argv=args.argv)


def _make_takes(args: argparse.Namespace, videos: list[Path]) -> dict[str, Report]:
    if videos:
        raise InputError(f"{videos[0]} cannot be given: takes are filmed in our own worlds")
    if args.world_seed is None or args.count is None:
        raise InputError("say which worlds to film: --world-seed S --count N")
    _refuse(args, _OF_VIDEOS, "a set of our own worlds has none of it")
    if args.size is not None and len(args.size) > 1:
        raise InputError("--size is given more than once; takes of a set have one size")
    from kinoeye.datasets import TakesPlan, takes_from_worlds

    given = {
        "layers": None if args.layers is None else tuple(args.layers.split(",")),
        "size_wh": None if args.size is None else args.size[0],
        "num_frames": args.frames,
        "shard_mb": args.shards,
    }
    given = {name: value for name, value in given.items() if value is not None}
    pool = POOLS[args.executor]
    plan = TakesPlan(world_seed=args.world_seed, count=args.count, workers=args.workers, pool=pool, **given)
    return takes_from_worlds(plan, args.out, argv=args.argv)


def _make_of_videos(args: argparse.Namespace, videos: list[Path]) -> dict[str, Report]:
    _refuse(args, ("world_seed", "count"), "a set of videos has no worlds")
    from kinoeye.datasets import VideoPlan, datadop_from_videos

    given = {
        name: getattr(args, name) for name in ("shot_seconds", "estimator", "fov_deg", "seed")
        if getattr(args, name) is not None
    }  # fmt: skip
    plan = VideoPlan(
        whole=args.whole,
        model=_model(args),
        directorial=args.directorial,
        workers=args.workers,
        pool=POOLS[args.executor],
        **given,
    )
    return datadop_from_videos(videos, plan, args.out, argv=args.argv)


def _model(args: argparse.Namespace) -> LanguageModel | None:
    if not args.llm:
        _refuse(args, ("llm_cache", "llm_replay"), "no language model is used without --llm")
        return None
    from kinoeye.base.llm import LanguageModel

    return LanguageModel.from_environment(cache=args.llm_cache, mode="replay" if args.llm_replay else "cache")


def _refuse(args: argparse.Namespace, names: tuple[str, ...], reason: str) -> None:
    given = given_options(args, names)
    if given:
        raise InputError(f"{' and '.join(given)} cannot be given: {reason}")


def _two_lengths(text: str) -> tuple[float, float]:
    """The seconds of "A,B".

    Raises:
        argparse.ArgumentTypeError: it is not two numbers above 0.
    """
    first, comma, second = text.partition(",")
    if not comma:
        raise argparse.ArgumentTypeError(f"{text!r} is not two lengths in seconds, such as 4,20")
    return positive(first), positive(second)


def _check_takes(folder: Path) -> SetReport:
    from kinoeye.datasets import check_takes

    return check_takes(folder)


def _shots_of_splits(shots: dict[str, int]) -> str:
    return " and ".join(f"{number} {split}" for split, number in shots.items()) + " shots"


def _scenes_of_sizes(scenes: dict[str, int]) -> str:
    return " and ".join(f"{number} scenes in {size}" for size, number in scenes.items()) or "no scenes"


def _takes(takes: dict[str, int]) -> str:
    return f"{takes['takes']} takes"


@dataclass(frozen=True)
class _Kind:
    """What can be done with a kind of set."""

    make: Callable[[argparse.Namespace, list[Path]], dict[str, Report]]
    """Arguments and videos -> stage -> what became of its items."""
    check: Callable[[Path], SetReport]
    counted: Callable[[dict[str, int]], str]
    """What a report counts, in words."""
    without: tuple[str, ...]
    """Options that cannot be given for it."""


KINDS = {
    "datadop": _Kind(_make_datadop, _check_datadop, _shots_of_splits, ("size", *_OF_TAKES)),
    "motion360": _Kind(_make_motion360, _check_motion360, _scenes_of_sizes, (*_OF_VIDEOS, *_OF_TAKES)),
    "takes": _Kind(_make_takes, _check_takes, _takes, _OF_VIDEOS),
}

"""How good a model of a system is, beside its baselines: on fresh worlds, or on your own files.

A system is scored on captions and worlds of the eval stream, any seed of which is as good as another: gendop directs
cameras, amg makes films of rendered actors. --pred and --gt score your own files against references of the same names:
for gendop camera paths against camera paths, for amg films (videos, folders of pictures, what `kinoeye film` wrote)
against what was filmed (shots or guide passes, and true films if there are any). What fails counts as the worst and is
never left out; docs/protocols.md and docs/systems/amg.md say what each metric measures.

Examples:
  kinoeye eval gendop --model grammar --count 200
  kinoeye eval gendop --model runs/mine --bench synthetic --world-seed 7 --count 2000 -o scores.json
  kinoeye eval amg --model tiny --count 24
  kinoeye eval amg --pred films --gt shots
  kinoeye eval gendop --pred out/test --gt DataDoP/test --clatr epoch99_motion.ckpt --clip clip-vit-base-patch32/
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from kinoeye.base.arguments import given_options
from kinoeye.base.errors import InputError
from kinoeye.cli.options import count, given_path, non_negative, print_json, say

if TYPE_CHECKING:
    from kinoeye.evaluation.clatr_encoder import ClatrEncoder
    from kinoeye.evaluation.harness import EvalReport

SYSTEMS = ("gendop", "amg")
DEFAULT_COUNT = 200
_OF_WORLDS, _OF_FOLDERS = (
    ("model", "bench", "world_seed", "count"),
    ("pred", "gt", "text_key", "quirks"),
)
_OF_PATHS = ("bench", "clatr", "clip")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("system", choices=SYSTEMS, metavar="SYSTEM", help=f"what is scored: {', '.join(SYSTEMS)}")
    fresh = parser.add_argument_group("on fresh worlds")
    fresh.add_argument("--model", metavar="NAME-or-DIR", help="gendop: grammar, a checkpoint that ships, or a folder;\n"
                       "amg: tiny, a folder, or paste, which learned nothing")  # fmt: skip
    fresh.add_argument("--bench", metavar="NAME-or-FILE", help="captions: synthetic (default), synthetic-long, hand, "
                       "described,\nor your own in a .json file")  # fmt: skip
    fresh.add_argument("--world-seed", type=non_negative, metavar="S", help="of captions and worlds (default 0)")
    fresh.add_argument("--count", type=count, metavar="N", help=f"how many (default {DEFAULT_COUNT})")
    own = parser.add_argument_group("on your own files")
    own.add_argument("--pred", type=given_path, metavar="DIR", help="folder of camera files or films to judge")
    own.add_argument(
        "--gt",
        type=given_path,
        metavar="DIR",
        help="folder of those taken as true, of the same\nnames; for amg of shots or guides",
    )
    own.add_argument("--text-key", "--text_key", metavar="KEY", help="caption that paths follow (default Movement)")
    own.add_argument("--quirks", choices=("none", "official"), help="official: as published, faults included")
    parser.add_argument("--clatr", type=given_path, metavar="FILE-or-DIR", help="CLaTr for its scores: an official "
                        "checkpoint,\nor what `kinoeye train clatr` wrote (default: the one that ships)")  # fmt: skip
    parser.add_argument("--clip", type=given_path, metavar="DIR", help="CLIP that an official one read captions with")
    parser.add_argument(
        "--baselines",
        choices=("all", "none"),
        default="all",
        help="what else is scored on the same items (default all)",
    )
    parser.add_argument(
        "--seed", type=non_negative, default=0, metavar="N", help="of the model and the intervals (default 0)"
    )
    parser.add_argument("-o", "--out", type=given_path, metavar="FILE", help="write all, with intervals: .json or .csv")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    if args.out is not None and args.out.suffix not in (".json", ".csv"):
        raise InputError(f"{args.out} is neither .json nor .csv; give one of these endings")
    report = _score_folders(args) if args.pred is not None or args.gt is not None else _score_model(args)
    if args.out is not None:
        report.save(args.out)
    if args.json:
        print_json(report.summary())
        return 0
    from kinoeye.cli.eval_tables import print_report

    print_report(report)
    if args.out is not None:
        say(args, f"written: {args.out}")
    return 0


def _score_folders(args: argparse.Namespace) -> EvalReport:
    _refuse(args, _OF_WORLDS, "--pred and --gt score files that are there")
    if args.pred is None or args.gt is None:
        raise InputError("--pred DIR and --gt DIR belong together; give both")
    if args.system == "amg":
        _refuse(args, (*_OF_PATHS, "text_key", "quirks"), "amg makes films")
        from kinoeye.evaluation.film_evaluation import evaluate_films

        return evaluate_films(args.pred, args.gt, seed=args.seed, baselines=args.baselines)
    from kinoeye.evaluation.clatr_scores import Quirks
    from kinoeye.evaluation.folder_evaluation import CAPTION_KEYS, evaluate_folders

    key = args.text_key or CAPTION_KEYS[0]
    if key not in CAPTION_KEYS:
        raise InputError(f"--text-key {key!r} is no caption of DataDoP; captions: {', '.join(CAPTION_KEYS)}")
    quirks = Quirks.official() if args.quirks == "official" else Quirks.none()
    encoder = _clatr(args)
    return evaluate_folders(
        args.pred, args.gt, encoder=encoder, caption_key=key, quirks=quirks, seed=args.seed, baselines=args.baselines
    )


def _score_model(args: argparse.Namespace) -> EvalReport:
    if args.model is None:
        raise InputError("nothing to score: give --model NAME-or-DIR, or --pred DIR and --gt DIR")
    _refuse(args, _OF_FOLDERS, "--model is scored on fresh worlds")
    return _score_filmer(args) if args.system == "amg" else _score_director(args)


def _score_filmer(args: argparse.Namespace) -> EvalReport:
    _refuse(args, _OF_PATHS, "amg makes films")
    from kinoeye.evaluation.amg import contender, evaluate_amg

    return evaluate_amg(
        contender(args.model),
        world_seed=args.world_seed or 0,
        count=args.count or DEFAULT_COUNT,
        seed=args.seed,
        baselines=args.baselines,
    )


def _score_director(args: argparse.Namespace) -> EvalReport:
    from kinoeye.evaluation.caption_benches import caption_bench
    from kinoeye.evaluation.gendop import contender, evaluate

    encoder = _clatr(args)
    if encoder is not None and not encoder.reads_captions:
        raise InputError(f"{args.clatr} came without what reads captions; give its --clip DIR too")
    return evaluate(
        contender(args.model),
        caption_bench(args.bench or "synthetic"),
        world_seed=args.world_seed or 0,
        count=args.count or DEFAULT_COUNT,
        encoder=encoder,
        seed=args.seed,
        baselines=args.baselines,
    )


def _clatr(args: argparse.Namespace) -> ClatrEncoder | None:
    """The CLaTr that was given, or the one that ships."""
    if args.clip is not None and args.clatr is None:
        raise InputError("--clip reads captions for a CLaTr; give --clatr FILE too")
    from kinoeye.evaluation.clatr_encoder import load_clatr_encoder, shipped_clatr_encoder

    return shipped_clatr_encoder() if args.clatr is None else load_clatr_encoder(args.clatr, clip=args.clip)


def _refuse(args: argparse.Namespace, names: tuple[str, ...], why: str) -> None:
    given = given_options(args, names)
    if given:
        raise InputError(f"{why}; {' and '.join(given)} cannot be given with that")

"""A sentence becomes a camera path.

Example:
  kinoeye direct "Truck left two metres while panning right, then hold." -o camera.json
  kinoeye direct "The camera moves forward while yawing left." --model models/text_motion -o camera.json
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinoeye.cli.direct_candidates import (
    add_pose_options,
    explanation_table,
    given_poses,
    scores_json,
    scores_table,
)
from kinoeye.cli.direct_model import (
    add_model_options,
    direct_with_model,
    given_frame,
    given_model_options,
    resolve_text,
)
from kinoeye.cli.options import FILM_SIZE_WH, add_film_options, count, positive, print_json, say, say_unused

if TYPE_CHECKING:
    from kinoeye.language import Directed, Plan
    from kinoeye.systems.gendop.directors import Kind
    from kinoeye.systems.gendop.explanation import Explanation
    from kinoeye.systems.gendop.ranking import Candidate

GRAMMAR = "grammar"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("caption", nargs="?", metavar="TEXT", help="camera moves in words")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="camera file to write (format by name or --to)")
    parser.add_argument("--to", metavar="FORMAT", help="format of the file, see `kinoeye convert --help`")
    parser.add_argument("--model", metavar="NAME", help="who directs: grammar, tiny, or the folder or checkpoint of a "
                        "model (default grammar)")  # fmt: skip
    parser.add_argument("-n", "--count", type=count, default=1, metavar="N", help="candidates, the best first; FILE "
                        "becomes FILE_2 ...")  # fmt: skip
    parser.add_argument("--guidance", type=positive, metavar="W", help="how far a director of words goes the caption's "
                        "way; 1 is as it learned (default 1)")  # fmt: skip
    parser.add_argument("--explain", action="store_true", help="print the moves that were understood, and why")
    add_pose_options(parser)
    add_film_options(parser, size=None)
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.base.errors import InputError

    args.model = args.model or args.resume or GRAMMAR
    if args.resume is not None and args.model != args.resume:
        raise InputError(f"--model {args.model} and --resume {args.resume} name two models; give one")
    if args.model == GRAMMAR:
        kind: Kind = "grammar"
    else:
        from kinoeye.systems.gendop.directors import kind_of

        kind = kind_of(args.model)
    if args.guidance is not None and kind != "segments":
        raise InputError(f"--guidance cannot be given: {args.model} was not trained without captions; --model tiny was")
    if kind == "official":
        return direct_with_model(args)
    if kind == "diffusion":
        raise InputError(f"{args.model} is a DIRECTOR, which `kinoeye eval gendop` scores; give {GRAMMAR}, tiny, or a "
                         "GenDoP checkpoint")  # fmt: skip
    given = given_model_options(args, looks=kind == "segments")
    if given:
        raise InputError(
            f"{' and '.join(given)} cannot be given: {args.model} is no GenDoP checkpoint; name one with --model"
        )
    return _direct(args, resolve_text(args), learned=kind == "segments")


def _direct(args: argparse.Namespace, text: str, *, learned: bool) -> int:
    """Direct by the grammar, or by the director that ships."""
    from kinoeye import language
    from kinoeye.base.errors import InputError
    from kinoeye.base.records import to_json

    if args.out is None and not args.explain and not args.json:
        raise InputError("nothing to do: give -o FILE to write the path, or --explain to see the moves")
    plan = None if learned else language.parse(text)
    needed = learned or args.out is not None or args.count > 1 or args.end_pose is not None or args.keyframe
    candidates, explanation = _candidates(args, text if plan is None else plan) if needed else ([], None)
    plan = plan or candidates[0].plan
    written = write_candidates(args, candidates) if args.out is not None else []
    understood = language.describe(plan)
    if args.json:
        found = {"written": written, "understood": understood, "plan": to_json(plan)}
        print_json({**found, "candidates": scores_json(candidates), "explanation": explanation})
        return 0
    if args.explain:
        print(understood)
        if explanation is not None:
            print(explanation_table(explanation))
        if candidates:
            print(scores_table(candidates))
    say_unused(args, plan)
    say_written(args, written)
    return 0


def _candidates(args: argparse.Namespace, plan_or_text: Plan | str) -> tuple[list[Candidate], Explanation | None]:
    """The candidates, and how the best one was read where a model read it.

    Actors stand where they are seen in the first frame or, without one, where `kinoeye shoot` would put them.
    """
    from kinoeye.shot.staging import stage
    from kinoeye.systems.gendop.directors import director
    from kinoeye.systems.gendop.explanation import explain
    from kinoeye.systems.gendop.ranking import best_candidates
    from kinoeye.systems.gendop.segment_director import SegmentDirector

    constraints = given_poses(args)
    options: dict[str, Any] = {
        "num_frames": args.frames, "fps": args.fps, "duration_s": args.duration, "size_wh": args.size or FILM_SIZE_WH,
    }  # fmt: skip
    if args.guidance is not None:
        options["guidance"] = args.guidance
    who = director(args.model, **options)
    plan = plan_or_text
    if isinstance(plan, str):
        assert isinstance(who, SegmentDirector)
        plan = who.plans(plan)[0]
    frame = given_frame(args)
    shot = stage(plan, seed=args.seed, **options) if plan.actors and frame is None else None
    candidates = best_candidates(
        who, plan_or_text, n=args.count, seed=args.seed, shot=shot, frame=frame, constraints=constraints
    )
    program = candidates[0].program
    if program is None or not isinstance(who, SegmentDirector):
        return candidates, None
    return candidates, explain(who.model, program)


def write_candidates(args: argparse.Namespace, directed: Sequence[Directed]) -> list[dict[str, Any]]:
    """Write the candidates; the files, their frames and what their format could not hold."""
    from kinoeye.formats.paths import write_path

    written = []
    for index, candidate in enumerate(directed):
        file = args.out if index == 0 else args.out.with_name(f"{args.out.stem}_{index + 1}{args.out.suffix}")
        notes = write_path(candidate.path, file, format=args.to)
        written.append({"file": str(file), "frames": len(candidate.path), "notes": notes})
    return written


def say_written(args: argparse.Namespace, written: list[dict[str, Any]]) -> None:
    """Print the files, and note what their format could not hold."""
    for entry in written:
        for note in entry["notes"]:
            say(args, f"{entry['file']}: {note}")
        print(entry["file"])

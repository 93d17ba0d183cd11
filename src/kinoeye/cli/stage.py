"""A sentence puts actors and a place into a shot.

Example:
  kinoeye stage "A red robot walks left, a tall blue cone stands still. Push in slowly." -o shot.json
  kinoeye stage "A tall woman in red walks in a circle, then waves; a grey dog follows her." -o walk.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.cli.options import (
    add_backdrop_options,
    add_film_options,
    print_json,
    read_backdrop,
    say,
    say_staging,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("text", metavar="TEXT", help="actors, a place, camera moves")
    parser.add_argument("shot", nargs="?", type=Path, metavar="SHOT", help="a shot to add to; its camera stays")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="SHOT", help="the .json file to write, or a folder that exists"
    )
    add_film_options(parser)
    add_backdrop_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.language.grammar import parse
    from kinoeye.shot.record_head import shot_file

    out = shot_file(args.out)
    from kinoeye.shot import Shot, stage

    plan = parse(args.text, camera_required=False)
    backdrop = read_backdrop(args)
    into = None if args.shot is None else Shot.load(args.shot)
    shot = stage(
        plan,
        seed=args.seed,
        into=into,
        size_wh=args.size,
        fps=args.fps,
        num_frames=args.frames,
        duration_s=args.duration,
        environment=backdrop,
    )
    shot.save(out)
    if args.json:
        names = [actor.name for actor in shot.actors]
        print_json({"out": str(out), "actors": names, "environment": shot.environment.name})
        return 0
    if into is not None and any(not move.is_hold for move in plan.moves):
        say(args, "not used: the camera moves; the shot's camera stays as it is")
    if into is not None and shot.environment != into.environment:
        say(args, f"the place changes from {into.environment.name} to {shot.environment.name}")
    for actor in shot.actors:
        x, y, _ = actor.track.T_world_body.translation[0].tolist()
        say(args, f"{actor.name}: {actor.prompt!r} at ({x:.2f}, {y:.2f}) m")
    say_staging(args, plan, shot)
    print(out)
    return 0

"""The whole loop: a sentence becomes a scene, a film, a score and a report.

Example:
  kinoeye shoot "Push in slowly, then orbit left around the blue cone." -o out/cone
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.cli.film import SYSTEMS
from kinoeye.cli.options import (
    add_backdrop_options,
    add_film_options,
    print_json,
    read_backdrop,
    say,
    say_staging,
    say_violations,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("text", metavar="TEXT", help="camera moves in words, with actors and a place if wanted")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--director", default="auto", metavar="NAME", help="who reads TEXT: grammar, tiny, the folder "
                        "of a trained director, or auto: the grammar if it uses every word (default auto)")  # fmt: skip
    add_film_options(parser)
    add_backdrop_options(parser)
    parser.add_argument("--system", choices=("auto", *SYSTEMS, "none"), default="auto", help="the video model that "
                        "films the actors, as film.mp4; auto: amg if it can, or a line that says why not "
                        "(default auto)")  # fmt: skip
    parser.add_argument("--model", metavar="M", help="of that system: tiny, or the folder of one that was trained "
                        "(default tiny)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Run it."""
    if args.model is not None and args.system == "none":
        raise InputError(f"--model {args.model} films, and --system none is that nothing does; leave one of them out")
    from kinoeye.base.records import to_json
    from kinoeye.language.explain import describe
    from kinoeye.studio.filming import AUTO_FILM, FilmOptions
    from kinoeye.studio.score_section import headline_scores
    from kinoeye.studio.shooting import shoot

    film = {"auto": AUTO_FILM, "none": None}.get(args.system)
    if args.system in SYSTEMS or args.model is not None:
        film = FilmOptions(model=args.model or "tiny", seed=args.seed)
    made = shoot(
        args.text,
        args.out,
        director=args.director,
        seed=args.seed,
        size_wh=args.size,
        fps=args.fps,
        num_frames=args.frames,
        duration_s=args.duration,
        backdrop=read_backdrop(args),
        film=film,
        argv=tuple(args.argv),
    )
    rows = headline_scores(made.score)
    if args.json:
        print_json(
            {
                "out": str(args.out),
                "understood": describe(made.plan),
                "director": {"name": made.reading.director, "reason": made.reading.reason},
                "read_as": to_json(made.plan.read_as),
                "unused": to_json(made.plan.unused),
                "frames": len(made.guide),
                "checks": {"holds": made.checks.holds, **to_json(made.checks)},
                "actors": [actor.name for actor in made.shot.actors],
                "scores": {row.name: {"value": row.value, "unit": row.unit} for row in rows},
                "failure": made.failure,
                "film": None if made.filming is None else "film.mp4",
                "unfilmed": made.unfilmed,
                "cpu_seconds": dict(made.cpu_seconds),
                "notes": list(made.notes),
            }
        )
        return 0
    say(args, f"understood: {describe(made.plan)}")
    if made.reading.weights_sha256:
        say(args, f"directed by {made.reading.director}: {made.reading.reason}")
    say_staging(args, made.plan, made.shot)
    say_violations(args, made.checks)
    for row in rows:
        value = "not defined: the camera does not travel" if math.isnan(row.value) else f"{row.value:.3g} {row.unit}"
        say(args, f"{row.name}: {value}")
    if made.filming is not None:
        for note in made.filming.notes:
            say(args, note)
        say(args, f"filmed: {args.out / 'film.mp4'}")
    if made.unfilmed is not None:
        say(args, f"no film.mp4: {made.unfilmed}")
    if made.failure:
        say(args, f"the camera could not be re-estimated: {made.failure}")
    print(args.out / "report.html")
    return 0

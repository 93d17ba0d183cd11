"""The actors of a shot become a film by a video model: in another place, seen by another camera.

AMG films avatars on black: what they do and how the camera moves is exactly the shot's; the place and its light are
what the caption says. Edits are those of `kinoeye edit`, written NAME=VALUE. The folder holds film.mp4, avatars.mp4
that the model was shown, comparison.mp4 with both (and what was there before the edits), and the film as a take.

With a settings file of the published code in the place of SHOT, the released weights make the films that it asks for,
under the names that it gives them.

Examples:
  kinoeye film out/demo/shot.json --edit background="a foggy moor" -o out/moor
  kinoeye film out/demo/shot.json --edit camera="orbit left" --edit motion=wave -o out/waves
  kinoeye film configs/change_background.yaml --root path/to/amg -o out/published
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.base.arguments import given_options
from kinoeye.base.errors import InputError
from kinoeye.cli.options import count, given_path, image_size, non_negative, positive, print_json, require_shot, say

SYSTEMS = ("amg",)
_SETTINGS = (".yaml", ".yml")
_OPTIONS = ("model", "caption", "fps", "steps", "avatar_scale", "caption_scale")
_OF_SHOTS = ("model", "edit", "size", "fps", "steps", "avatar_scale", "caption_scale")
_OF_SETTINGS = ("root", "text_encoder", "limit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("shot", type=given_path, metavar="SHOT", help="shot.json, a folder that holds one, or a "
                        "settings file of the published code")  # fmt: skip
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--system", choices=SYSTEMS, default="amg", help="who films (default amg)")
    parser.add_argument("--model", metavar="M", help="tiny, or the folder of one that was trained (default tiny)")
    parser.add_argument("--edit", action="append", metavar="NAME=VALUE", help="background=, camera=, motion=, actor=, "
                        "add-actor=, or another edit of kinoeye edit; may be given several times")  # fmt: skip
    parser.add_argument("--caption", metavar="TEXT", help="what is filmed (default: who does what where)")
    film = parser.add_argument_group("the film")
    film.add_argument("--seed", type=non_negative, metavar="N", help="of the noise (default 0, or the settings')")
    film.add_argument("--size", type=image_size, metavar="WxH", help="default: the shot's shape at the model's size")
    film.add_argument("--fps", type=positive, metavar="F", help="frames per second (default: the model's)")
    film.add_argument("--steps", type=count, metavar="N", help="of the sampler (default: the model's)")
    film.add_argument("--avatar-scale", type=positive, metavar="S", help="how far to go towards the avatars "
                      "(default 1)")  # fmt: skip
    film.add_argument("--caption-scale", type=positive, metavar="S", help="how far to go towards the caption "
                      "(default 1)")  # fmt: skip
    film.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda, cuda:N, mps (default auto)")
    published = parser.add_argument_group("with the released weights")
    published.add_argument("--root", type=given_path, metavar="DIR", help="what paths of the settings are relative to "
                           "(default: the folder of the settings file)")  # fmt: skip
    published.add_argument("--text-encoder", type=given_path, metavar="DIR", help="of Stable Diffusion 2.1 "
                           "(default: what the settings name)")  # fmt: skip
    published.add_argument("--limit", type=count, metavar="N", help="make this many films and no more")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    published = args.shot.suffix.lower() in _SETTINGS
    other = _OF_SHOTS if published else _OF_SETTINGS
    refused = given_options(args, other)
    if refused and published:
        raise InputError(f"{refused[0]} is for shots; {args.shot} says all of the films that it asks for")
    if refused:
        raise InputError(
            f"{refused[0]} is for settings of the published code, which end on .yaml; {args.shot} does not"
        )
    return _film_published(args) if published else _film_shot(args)


def _film_shot(args: argparse.Namespace) -> int:
    from kinoeye.shot.edits.operators import parse_edit

    operations = [parse_edit(text) for text in args.edit or []]  # a slip of the pen is told before anything is read
    require_shot(args.shot)
    from kinoeye.base.files import atomic_folder
    from kinoeye.base.run_record import RUN_FILE, RunRecord
    from kinoeye.footage.store import write_take
    from kinoeye.shot import Shot
    from kinoeye.shot.edits.applying import edit
    from kinoeye.studio.edit_sources import edit_files
    from kinoeye.studio.filming import FilmOptions, film_shot, write_filming

    before = Shot.load(args.shot)
    edited = edit(before, *operations, sources=edit_files())
    given = {name: getattr(args, name) for name in (*_OPTIONS, "seed", "device") if getattr(args, name) is not None}
    options = FilmOptions(**given, size_wh=args.size)
    with atomic_folder(args.out, marker=RUN_FILE) as folder:
        filming = film_shot(edited.path, options)
        write_take(filming.film, folder)
        filming.shot.save(folder / "shot.json")
        pictures = write_filming(filming, folder, before=before if operations else None)
        RunRecord(
            argv=tuple(args.argv),
            seeds={"seed": options.seed},
            weights_sha256={f"amg/{options.model}": filming.weights_sha256},
            versions=RunRecord.installed_versions(),
        ).write(folder)
    film, notes = filming.film, [*edited.notes, *edited.caveats, *filming.notes]
    if args.json:
        print_json({
            "out": str(args.out), "frames": len(film), "size_wh": film.size_wh, "fps": film.fps,
            "caption": film.captions[0], "places": dict(filming.places), "pictures": pictures, "notes": notes,
        })  # fmt: skip
        return 0
    place, share = next(iter(filming.places.items()))
    for line in (*notes, f"caption: {film.captions[0]}", f"read as: {place} ({share:.0%})"):
        say(args, line)
    say(args, f"{len(film)} frames of {film.size_wh[0]}x{film.size_wh[1]} at {film.fps:g} per second; to look at: "
              f"{', '.join(pictures)}")  # fmt: skip
    print(args.out / pictures[0])
    return 0


def _film_published(args: argparse.Namespace) -> int:
    from kinoeye.systems.amg.applications import run_application

    films = run_application(
        args.shot, args.root or args.shot.parent, args.out, text_encoder=args.text_encoder, caption=args.caption,
        seed=args.seed, limit=args.limit, device=args.device,
    )  # fmt: skip
    if args.json:
        print_json({"out": str(args.out), "films": [str(film) for film in films]})
        return 0
    for film in films:
        print(film)
    return 0

"""The options of `kinoeye train amg --preset seed`, and the recipe that they ask for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinoeye.base.arguments import given_options
from kinoeye.base.errors import InputError
from kinoeye.systems.amg.base_checkpoint import base_config
from kinoeye.systems.amg.clips import FILM_FPS
from kinoeye.systems.amg.official_recipe import Encoders, OfficialRecipe
from kinoeye.systems.amg.published_settings import Training, read_published_settings
from kinoeye.systems.amg.quirks import Quirks
from kinoeye.systems.amg.renderings import FILM_ROWS
from kinoeye.systems.amg.training_clips import ClipSource, Cropping, FilmedClips, RenderedClips
from kinoeye.systems.amg.training_settings import TrainingSettings

_FOLDERS = ("film", "avatars", "captions")
_FILES = ("init", "autoencoder", "text_encoder", "empty")
_PRESET = ("published", "config", "root")
_PICTURES = ("fps", "size", "rows", "worlds", "cache")
_NUMBERS = ("lora_rank", "caption_dropout", "avatar_dropout", "min_snr", "ema_decay", "clip_norm", "hold_out")
_OFF = ("min_snr", "ema_decay", "clip_norm")
"""Numbers that are off at 0."""
_NAMES = (*_FOLDERS, *_FILES, *_PRESET, *_PICTURES, *_NUMBERS)


def add_official_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    files = parser.add_argument_group("the released architecture (--preset seed): files")
    files.add_argument("--init", type=Path, metavar="FILE", help="text-to-video model of ModelScope, or one of AMG")
    files.add_argument("--film", type=Path, metavar="DIR", help="frames of a film: film_005240.jpg, or latents .pth")
    files.add_argument("--avatars", type=Path, metavar="DIR", help="the same frames of its avatars on black")
    files.add_argument("--captions", type=Path, metavar="DIR", help=".txt, or features .pth, named by the middle frame "
                       "of clips")  # fmt: skip
    files.add_argument("--worlds", type=int, metavar="N", help="train on so many worlds of --pairs instead of a film")
    files.add_argument("--autoencoder", type=Path, metavar="FILE", help="of Stable Diffusion 2.1, for pictures")
    files.add_argument("--text-encoder", type=Path, metavar="DIR", help="of Stable Diffusion 2.x, for words")
    files.add_argument("--empty", type=Path, metavar="FILE", help="features of the empty caption, for want of that")
    files.add_argument("--cache", type=Path, metavar="DIR", help="where latents of pictures and features of words are "
                       "kept (default: latents beside the run)")  # fmt: skip
    files.add_argument("--fps", type=float, metavar="F", help=f"of the film (default {FILM_FPS})")
    files.add_argument("--size", type=int, metavar="N", help="side of the square in pixels (default 256)")
    files.add_argument("--rows", type=int, metavar="N", help="central rows of a picture that count (default all; "
                       f"--published: {FILM_ROWS})")  # fmt: skip
    numbers = parser.add_argument_group("the released architecture: numbers")
    numbers.add_argument("--published", action="store_true", help="those of the released training, with its defects")
    numbers.add_argument("--config", type=Path, metavar="FILE", help="those and the files of upstream's train.yaml")
    numbers.add_argument("--root", type=Path, metavar="DIR", help="of paths in that (default: here)")
    ours = TrainingSettings()
    numbers.add_argument("--lora-rank", type=int, metavar="N", help=f"of the adapters (default {ours.lora_rank})")
    for name, what in (
        ("caption_dropout", "share of clips without caption"),
        ("avatar_dropout", "share of clips with neither avatars nor caption"),
        ("min_snr", "ratio above which timesteps count less; 0: all alike"),
        ("ema_decay", "of the average of weights; 0: none"),
        ("clip_norm", "of gradients; 0: no clipping"),
    ):
        option = f"--{name.replace('_', '-')}"
        numbers.add_argument(option, type=float, metavar="X", help=f"{what} (default {getattr(ours, name):g})")
    numbers.add_argument("--hold-out", type=int, metavar="N", help="first clips, which validation looks at (default "
                         f"{ours.held_out}; --published: {TrainingSettings.published().held_out})")  # fmt: skip


def given_names(args: argparse.Namespace) -> list[str]:
    """Which of the options were given, as they are written."""
    return given_options(args, _NAMES)


def official_recipe(args: argparse.Namespace) -> OfficialRecipe:
    """The recipe that options ask for.

    Raises:
        InputError: options contradict each other, a file is missing or another model's, or there are no clips.
    """
    training = _training(args)
    settings = _settings(args, training)
    files = _files(args, training)
    if files["init"] is None:
        raise InputError("no model to begin with was given; name ModelScope's with --init FILE: nothing is downloaded")
    if training is not None:
        config = base_config(files["init"], lora_rank=settings.lora_rank, quirks=settings.quirks)
        training.UNet.require_same(config, checkpoint=files["init"])
    side = 256 if args.size is None else args.size
    published = args.published or training is not None
    rows = FILM_ROWS if args.rows is None and published else args.rows
    for name, value in (("--size", side), ("--rows", rows), ("--worlds", args.worlds)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}; at least 1 is needed")
    beside = Path("latents") if args.out is None else args.out.parent / "latents"
    return OfficialRecipe(
        init=files["init"],
        source=_source(args, files, (side, side)),
        encoders=Encoders(args.cache or beside, files["autoencoder"], files["text_encoder"], files["empty"],
                          args.device),
        cropping=Cropping(size_wh=(side, side), rows=rows), settings=settings, seed=args.seed,
    )  # fmt: skip


def _training(args: argparse.Namespace) -> Training | None:
    if args.config is None:
        if args.root is not None:
            raise InputError("--root is what paths in a --config are relative to; give that too")
        return None
    if args.published:
        raise InputError(f"--published and {args.config} both say how to train; give one")
    found = read_published_settings(args.config, quirks=Quirks.official())
    if not isinstance(found, Training):
        raise InputError(f"{args.config} is of an application; give upstream's train.yaml")
    return found


def _settings(args: argparse.Namespace, training: Training | None) -> TrainingSettings:
    """Those of a preset, with what was given in their place."""
    if training is not None:
        base = TrainingSettings.of(training)
    else:
        base = TrainingSettings.published() if args.published else TrainingSettings()
    given: dict[str, Any] = {name: getattr(args, name) for name in _NUMBERS if getattr(args, name) is not None}
    changes = {name: None if name in _OFF and value == 0 else value for name, value in given.items()}
    if "hold_out" in changes:
        changes["held_out"] = changes.pop("hold_out")
    return replace(base, **changes)


def _files(args: argparse.Namespace, training: Training | None) -> dict[str, Path | None]:
    """What was given, else what a train.yaml names."""
    named: dict[str, str | None] = {}
    if training is not None:
        folders = training.vid_dataset
        named = {
            "init": training.Pretrain.resume_checkpoint, "film": folders.images_feature_dir,
            "avatars": folders.gh_images_feature_dir, "captions": folders.captions_y_dir, "empty": folders.zero_y_path,
        }  # fmt: skip
    root = args.root or Path()
    found: dict[str, Path | None] = {}
    for name in (*_FOLDERS, *_FILES):
        given, ours = getattr(args, name), named.get(name)
        found[name] = given if given is not None or ours is None else root / ours
    return found


def _source(args: argparse.Namespace, files: dict[str, Path | None], size_wh: tuple[int, int]) -> ClipSource:
    if args.worlds is not None:
        if args.pairs is None:
            raise InputError(
                "no folder for rendered worlds was given; name one with --pairs, such as --pairs runs/pairs"
            )
        if any(files[name] for name in _FOLDERS):
            raise InputError("--worlds is instead of a film; leave --film, --avatars and --captions out")
        return RenderedClips(folder=str(args.pairs), count=args.worlds, size_wh=size_wh)
    missing = [f"--{name} DIR" for name in _FOLDERS if files[name] is None]
    if missing:
        raise InputError(f"{' and '.join(missing)} is not given; a film, its avatars and captions are trained on, or "
                         "--worlds N of --pairs DIR")  # fmt: skip
    fps = FILM_FPS if args.fps is None else args.fps
    return FilmedClips(film=str(files["film"]), avatars=str(files["avatars"]), captions=str(files["captions"]), fps=fps)

"""Training of AMG as `kinoeye train amg` asks for it."""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.networks.recipe import Recipe
from kinoeye.systems.amg.film_recipe import AvatarFilmRecipe


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `kinoeye train amg`."""
    data = parser.add_argument_group("what it learns from")
    data.add_argument("--pairs", type=Path, metavar="DIR", help="tiny: where rendered worlds are kept; they are "
                      "rendered when they are first needed")  # fmt: skip


def recipe_from_args(args: argparse.Namespace) -> Recipe:
    """The recipe of a preset.

    Raises:
        InputError: no folder for rendered worlds was given, or there is no such preset.
    """
    if args.preset != "tiny":
        raise InputError(f"no AMG is trained with --preset {args.preset}; leave it out for the small film model")
    if args.pairs is None:
        raise InputError("no folder for rendered worlds was given; name one with --pairs, such as --pairs runs/pairs")
    return AvatarFilmRecipe(folder=args.pairs, seed=args.seed)

"""Training of AMG as `kinoeye train amg` asks for it: our small film model, or the released architecture."""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.networks.recipe import Recipe
from kinoeye.systems.amg.film_recipe import AvatarFilmRecipe
from kinoeye.systems.amg.official_options import add_official_arguments, given_names, official_recipe


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `kinoeye train amg`."""
    data = parser.add_argument_group("what it learns from")
    data.add_argument("--pairs", type=Path, metavar="DIR", help="where rendered worlds are kept; they are rendered "
                      "when they are first needed")  # fmt: skip
    add_official_arguments(parser)


def recipe_from_args(args: argparse.Namespace) -> Recipe:
    """The recipe of a preset.

    Raises:
        InputError: options contradict each other, or data is missing.
    """
    if args.preset == "seed":
        return official_recipe(args)
    given = given_names(args)
    if given:
        raise InputError(f"{' and '.join(given)} belong to the released architecture: give --preset seed too")
    if args.pairs is None:
        raise InputError("no folder for rendered worlds was given; name one with --pairs, such as --pairs runs/pairs")
    return AvatarFilmRecipe(folder=args.pairs, seed=args.seed)

"""A system for tests of `kinoeye train`, and the command line with it when this file is run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
from toy import ToyRecipe, phase

from kinoeye.cli import train


def add_train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--noise", type=float, default=0.0, help="how noisy the targets are")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds a batch")
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)


def recipe_from_args(args: argparse.Namespace) -> ToyRecipe:
    if args.workspace is not None:
        args.out = args.out or args.workspace / "toy"
    steps = {"tiny": 6, "seed": 9}[args.preset]
    plain = phase(steps=steps, ema_decay=0.9)
    return ToyRecipe(phases=(plain, phase("more", steps=4)), dropout=0.0, noise=args.noise, delay_s=args.delay)


def register() -> None:
    room = ModuleType("kinoeye.systems.toy.recipe")
    room.__dict__.update(add_train_arguments=add_train_arguments, recipe_from_args=recipe_from_args)
    sys.modules[room.__name__] = room
    train.SYSTEMS["toy"] = "a line with a bend"


if __name__ == "__main__":
    from kinoeye.cli.main import main

    register()
    raise SystemExit(main())

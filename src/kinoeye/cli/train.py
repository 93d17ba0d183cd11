"""A system is trained: phases, averages, checkpoints that a killed run goes on from, several processes.

Example:
  kinoeye train gendop --preset tiny -o runs/director --steps 1000
  kinoeye train gendop --preset tiny -o runs/director --steps 1000 --resume
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Protocol, cast

from kinoeye.base.errors import InputError, KinoeyeError
from kinoeye.cli.main import Parser
from kinoeye.cli.options import count, given_path, non_negative, positive, print_json, say

if TYPE_CHECKING:
    from kinoeye.networks import Recipe

SYSTEMS = {
    "gendop": "captions and first frames become camera paths",
    "clatr": "one space for captions and camera paths, in which they are scored",
    "amg": "avatars on black and a caption become a film",
    "frames": "a first frame with depth says where subjects are and how far moves may go",
}
"""System -> what it learns; the `recipe` module of the room with its name is a `TrainableRoom`."""
PARTS = {
    "clatr": "kinoeye.systems.gendop.clatr_recipe",
    "frames": "kinoeye.systems.gendop.frame_recipe",
}
"""System that is no room of its own -> the module that is its `TrainableRoom`."""


class TrainableRoom(Protocol):
    """What the `recipe` module of a system declares for this command."""

    def add_train_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options that only this system has; upstream's spellings as hidden aliases."""
        ...

    def recipe_from_args(self, args: argparse.Namespace) -> Recipe:
        """The recipe of `args.preset` ("tiny" or "seed") with the room's own options and `args.seed`.

        Where the room's options name the output folder in another way, it fills in `args.out`.

        Raises:
            InputError: options contradict each other, or data is missing.
        """
        ...


class _RoomParser(Parser):
    """The parser of one system, which asks the room for its options when it is used."""

    system = ""

    def parse_known_args(self, *args: Any, **keywords: Any) -> Any:
        """Declare the room's options first."""
        _room(self.system).add_train_arguments(self)
        return super().parse_known_args(*args, **keywords)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    systems = parser.add_subparsers(
        dest="system", metavar="SYSTEM", required=True, parser_class=_RoomParser, help="what is trained:"
    )
    for system, summary in SYSTEMS.items():
        room = systems.add_parser(system, help=summary, description=f"Training of {system}: {summary}.")
        room.system = system
        _add_options(room)


def _add_options(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("the run")
    run.add_argument("-o", "--out", type=given_path, metavar="RUN", help="its folder, such as runs/director")
    run.add_argument("--resume", action="store_true", help="go on with the run that the folder holds")
    run.add_argument("--seed", type=non_negative, default=0, metavar="N", help="of all randomness (default 0)")
    recipe = parser.add_argument_group("the recipe")
    recipe.add_argument("--preset", choices=("tiny", "seed"), default="tiny",
                        help="tiny: the model that ships; seed: the published architecture (default tiny)")  # fmt: skip
    recipe.add_argument("--steps", type=_counts, default=(), metavar="N[,N]", help="of all phases, or of each")
    recipe.add_argument("--batch-size", type=count, metavar="N", help="items a step, of all processes together")
    recipe.add_argument("--accumulation", type=count, metavar="N", help="batches that make up a step")
    recipe.add_argument("--lr", type=positive, metavar="LR", help="highest learning rate")
    machine = parser.add_argument_group("the machine")
    machine.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda, cuda:N, mps (default auto)")
    machine.add_argument("--dtype", choices=("fp32", "bf16"), help="bf16 is autocast (default: the recipe's)")
    machine.add_argument("--threads", type=count, metavar="N", help="threads of each process (default: torch's)")
    machine.add_argument("--processes", type=count, default=1, metavar="N", help="on this machine (default 1)")
    machine.add_argument("--parallel", choices=("ddp", "fsdp"), default="ddp",
                         help="whether processes replicate the model or shard it (default ddp)")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.training.launch import is_launched, launch

    if is_launched():
        return _run_as_one_of_several(args)
    recipe = _recipe(args)
    if args.processes > 1:
        shown = [option for option, given in (("--json", args.json), ("--quiet", args.quiet)) if given]
        return launch([sys.executable, "-m", "kinoeye", *args.argv, *shown], args.processes)
    return _fit(args, recipe)


def _run_as_one_of_several(args: argparse.Namespace) -> int:
    if os.environ["RANK"] == "0":
        return _fit(args, _recipe(args))
    from kinoeye.base.progress import quiet

    try:
        with quiet():
            return _fit(args, _recipe(args), silent=True)
    except KinoeyeError as error:  # the first process says it
        return error.exit_code


def _recipe(args: argparse.Namespace) -> Recipe:
    recipe = _room(args.system).recipe_from_args(args)
    if args.out is None:
        raise InputError("no output folder was given; name one with -o, such as -o runs/first")
    return recipe


def _fit(args: argparse.Namespace, recipe: Recipe, *, silent: bool = False) -> int:
    import torch

    from kinoeye.networks.recipe import Validating
    from kinoeye.training import adjusted_phases, fit

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    phases = adjusted_phases(
        recipe.phases, steps=args.steps, batch_size=args.batch_size, accumulation=args.accumulation,
        lr=args.lr, precision=args.dtype,
    )  # fmt: skip
    fitted = fit(
        recipe, args.out, seed=args.seed, device=args.device, phases=phases, resume=args.resume,
        validate=recipe.validate if isinstance(recipe, Validating) else None, parallel=args.parallel, argv=args.argv,
    )  # fmt: skip
    if silent:
        return 0
    if args.json:
        print_json({
            "out": str(args.out), "model": str(fitted.model), "steps": fitted.steps, "losses": fitted.losses,
            "validation": fitted.validation, "cpu_seconds": fitted.cpu_s,
        })  # fmt: skip
        return 0
    losses = ", ".join(f"{name} {value:.4g}" for name, value in fitted.losses.items())
    say(args, f"{fitted.steps} steps in {fitted.cpu_s:.0f} CPU-seconds, at the end {losses}")
    print(fitted.model)
    return 0


def _room(system: str) -> TrainableRoom:
    return cast(TrainableRoom, importlib.import_module(PARTS.get(system, f"kinoeye.systems.{system}.recipe")))


def _counts(text: str) -> tuple[int, ...]:
    return tuple(count(part) for part in text.split(","))

"""Runs the command that made an output folder again.

The folder's run.json holds the command line. Relative paths in it are taken from the folder that you are in, as
they were the first time; the result replaces the folder unless --out names another one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.run_record import RunRecord


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder with a run.json")
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="write here instead of over DIR")


def run(args: argparse.Namespace) -> int:
    """Run it."""
    from kinoeye.cli.main import main

    argv = list(RunRecord.read(args.folder).argv)
    if not argv or argv[0] == "rerun":
        raise InputError(f"{args.folder}/run.json holds no command that can be run again")
    if args.json and "--json" not in argv:
        argv.append("--json")
    return main(with_output(argv, args.out or args.folder))


def with_output(argv: list[str], out: Path) -> list[str]:
    """A command line whose -o / --out is `out`."""
    for index, word in enumerate(argv):
        if word in ("-o", "--out") and index + 1 < len(argv):
            return [*argv[: index + 1], str(out), *argv[index + 2 :]]
        if word.startswith("--out="):
            return [*argv[:index], f"--out={out}", *argv[index + 1 :]]
    return [*argv, "-o", str(out)]

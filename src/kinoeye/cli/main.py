"""The entry point: finds the command's module, parses its options, and turns foreseen errors into one line."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

from kinoeye import __version__
from kinoeye.base.errors import KinoeyeError
from kinoeye.base.names import did_you_mean
from kinoeye.base.progress import quiet

COMMANDS = {
    "shoot": "The whole loop: a sentence becomes a scene, a film, a score and a report.",
    "direct": "A sentence becomes a camera path.",
    "film": "The actors of a shot become a film by a video model: in another place, seen by another camera.",
    "stage": "A sentence puts actors and a place into a shot.",
    "inspect": "What a camera file holds, and what is wrong with it.",
    "convert": "Any readable camera file to any writable format, or to exactly what a film model wants.",
    "edit": "Edits of a camera path, one after another: pace, smoothness, place, aim, lens, length; or of a shot.",
    "tag": "The words of a camera path, a whole shot, or a file of E.T.'s motion labels: tags, segments, captions.",
    "check": "Whether a shot can be filmed as planned: clearance, framing, occlusion, motion, horizon, rig.",
    "render": "A shot becomes frames with every layer of truth.",
    "score": "How far an estimated camera is from a reference, under every published protocol by name.",
    "view": "A camera, shot or take as an interactive page, a still picture, or a scene for 3-D tools.",
    "train": "A system is trained: phases, averages, checkpoints that a killed run goes on from, several processes.",
    "eval": "How good a model of a system is, beside its baselines: on fresh worlds, or on your own files.",
    "weights": "Checkpoints: what ships, what a file is, whether official ones would work, and how one is added.",
    "data": "Data sets of captioned camera paths, motions and takes: made of worlds or videos, and checked.",
    "rerun": "Runs the command that made an output folder again.",
}
"""Command -> the first line of its module's docstring; listed here so that `--help` imports no command."""

EXIT_INPUT = 2


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and exit with 2."""
        self.exit(EXIT_INPUT, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (default: this process's) and return its exit code: 0 done, 1 a bar missed, 2 bad input."""
    if argv is None:
        argv = sys.argv[1:]
        signal.signal(signal.SIGTERM, _terminate)  # a killed command cleans up as an interrupted one does
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin beside busy cores cost five times more
    try:
        return _run(list(argv))
    except SystemExit as exit_:  # argparse's help, version and errors
        return exit_.code if isinstance(exit_.code, int) else EXIT_INPUT
    except KinoeyeError as error:
        print(f"kinoeye: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("kinoeye: interrupted; nothing half-written was left behind", file=sys.stderr)
        return EXIT_INPUT
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def command_parser(name: str, command: ModuleType) -> Parser:
    """The parser of one command with the options that all commands share."""
    parser = Parser(prog=f"kinoeye {name}", description=command.__doc__, formatter_class=argparse.RawTextHelpFormatter)
    command.add_arguments(parser)
    _add_shared_options(parser, default=False)
    for action in parser._actions:  # argparse names its own sub-commands nowhere else
        if isinstance(action, argparse._SubParsersAction):
            for verb in action.choices.values():
                _add_shared_options(verb, default=argparse.SUPPRESS)  # what stands before the verb holds
    return parser


def _add_shared_options(parser: argparse.ArgumentParser, *, default: Any) -> None:
    shared = parser.add_argument_group("shared options")
    json_help = "print one JSON object on standard output, nothing else"
    shared.add_argument("--json", action="store_true", default=default, help=json_help)
    shared.add_argument("-q", "--quiet", action="store_true", default=default, help="no progress bars and no notes")


def _run(argv: list[str]) -> int:
    top = Parser(prog="kinoeye", usage="kinoeye COMMAND [options]", add_help=True, epilog=_command_list(),
                 description="Directs, films and reads 3D-aware video.",
                 formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    top.add_argument("--version", action="version", version=f"kinoeye {__version__}")
    if not argv or argv[0].startswith("-"):
        top.parse_args(argv)
        top.print_help()
        return 0 if not argv else EXIT_INPUT
    name, rest = argv[0], argv[1:]
    if name not in COMMANDS:
        top.error(f"unknown command {name!r}; {did_you_mean(name, COMMANDS, 'commands')}")
    command = importlib.import_module(f"kinoeye.cli.{name}")
    parser = command_parser(name, command)
    if {"-h", "--help"} & set(rest) and hasattr(command, "narrow_help"):
        command.narrow_help(parser, rest)
    args = parser.parse_args(rest)
    # What is printed is not part of what is made, so a rerun chooses it anew.
    args.argv = [name, *(word for word in rest if word not in ("--json", "-q", "--quiet"))]
    with quiet(args.quiet or args.json):
        return command.run(args)


def _command_list() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "commands:\n" + "\n".join(lines) + "\n\n`kinoeye COMMAND --help` shows a command's options."


def _terminate(*_: object) -> NoReturn:
    raise KeyboardInterrupt

"""The benches of `kinoeye eval gendop`, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Literal

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.base.records import check_object
from kinoeye.evaluation.caption_bench import CaptionBench, CaptionItem, DescribedPlans
from kinoeye.language.compiler import compile_path
from kinoeye.language.grammar import parse
from kinoeye.language.plan import Plan

Stream = Literal["train", "eval"]
_HAND = Path(str(files("kinoeye.systems.gendop.wording"))) / "hand_captions.json"
"""200 captions written for given programs, without a look at any template of `wording`."""
_SEEDS = 2**20
"""Captions of one seed; those of two seeds never overlap."""


@dataclass(frozen=True)
class WordedPrograms:
    """Random programs in wordings that training never shows, and training's own to look up."""

    name: str
    moves: tuple[int, ...]
    """Numbers of moves that programs have, as often among each other as in training."""

    def items(self, seed: int, count: int) -> list[CaptionItem]:
        """So many captions of the eval stream; those whose programs have no path are passed over."""
        return list(islice((item for item in self._draw("eval", seed) if _has_path(item.plan)), count))

    def training_items(self, seed: int, count: int) -> list[CaptionItem]:
        """So many captions of the train stream."""
        return list(islice(self._draw("train", seed), count))

    def _draw(self, stream: Stream, seed: int) -> Iterator[CaptionItem]:
        from kinoeye.systems.gendop.wording.programs import COUNTS
        from kinoeye.systems.gendop.wording.sentences import captioned_program

        rng = Random(f"moves {stream} {seed}")
        for index in range(_SEEDS):
            moves = rng.choices(self.moves, weights=[COUNTS[n] for n in self.moves])[0]
            made = captioned_program(stream, seed * _SEEDS + index, count=moves)
            yield CaptionItem(made.caption, made.plan, {"stream": stream})


@dataclass(frozen=True)
class CaptionFile:
    """Captions that somebody wrote, each with its program in words that the grammar reads.

    A JSON list of `{"caption": "let us drift in and look to the left", "program": "push in, then pan left"}`. They do
    not depend on the seed.

    Raises:
        InputError: the file is missing, damaged or empty, or a program cannot be read or has no path.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self._items:
            raise InputError(f"{self.path} holds no captions; give at least one")

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.name

    def items(self, seed: int, count: int) -> list[CaptionItem]:
        """The first so many."""
        return self._items[:count]

    def training_items(self, seed: int, count: int) -> Sequence[CaptionItem]:
        """Those that directors are trained on, as nobody trains on these."""
        return caption_bench("synthetic").training_items(seed, count)

    @cached_property
    def _items(self) -> list[CaptionItem]:
        data = read_json(self.path)
        if not isinstance(data, list):
            raise InputError(f'{self.path} is no list of captions; give [{{"caption": ..., "program": ...}}, ...]')
        return [self._item(entry, f"caption {number} of {self.path}") for number, entry in enumerate(data, start=1)]

    def _item(self, entry: Any, where: str) -> CaptionItem:
        check_object(entry, ("caption", "program"), where=where)
        caption, program = entry["caption"], entry["program"]
        if not isinstance(caption, str) or not isinstance(program, str):
            raise InputError(f"{where} is no text; caption and program are words")
        try:
            plan = parse(program)
            compile_path(plan)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        if plan.unused:
            raise InputError(f"{where}: {plan.unused[0].text!r} of its program has no meaning; use the grammar's words")
        return CaptionItem(caption, plan, {"program": program})


def _has_path(plan: Plan) -> bool:
    """Whether a plan can be filmed: five zooms in a row leave the range of lenses."""
    try:
        compile_path(plan)
    except InputError:
        return False
    return True


BENCHES: Mapping[str, Callable[[], CaptionBench]] = {
    "synthetic": lambda: WordedPrograms("wordings-v0", (1, 2, 3, 4)),
    "synthetic-long": lambda: WordedPrograms("wordings-long-v0", (5, 6)),
    "hand": lambda: CaptionFile(_HAND),
    "described": DescribedPlans,
}
"""Name -> what makes it: held-out wordings of 1 to 4 moves, and of 5 and 6; captions written by hand for given
programs; the grammar's own words."""


def caption_bench(name: str) -> CaptionBench:
    """The bench of a name, or of a JSON file of captions.

    Raises:
        InputError: there is none, or as `CaptionFile`.
    """
    if name in BENCHES:
        return BENCHES[name]()
    if Path(name).suffix != ".json":
        raise InputError(f"there is no bench {name!r}; benches: {', '.join(BENCHES)}, or a .json file of captions")
    return CaptionFile(Path(name))

"""The benches of `kinoeye eval gendop`, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Literal

from kinoeye.base.errors import InputError
from kinoeye.evaluation.caption_bench import CaptionBench, CaptionItem, DescribedPlans
from kinoeye.language.compiler import compile_path
from kinoeye.language.plan import Plan

Stream = Literal["train", "eval"]
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
    "described": DescribedPlans,
}
"""Name -> what makes it: held-out wordings of 1 to 4 moves, and of 5 and 6, and the grammar's own words."""


def caption_bench(name: str) -> CaptionBench:
    """The bench of a name.

    Raises:
        InputError: there is none.
    """
    if name not in BENCHES:
        raise InputError(f"there is no bench {name!r}; benches: {', '.join(BENCHES)}")
    return BENCHES[name]()

"""Captions with the programs that they are true of, and the baseline that only looks their words up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.evaluation.harness import sha256_of
from kinoeye.evaluation.program_metrics import exact_program
from kinoeye.language.explain import describe
from kinoeye.language.grammar import parse
from kinoeye.language.plan import Plan
from kinoeye.language.sampling import random_plan

_PROBES = 256


class CaptionItem(NamedTuple):
    """A caption, what it asks for, and what is known of its making."""

    caption: str
    plan: Plan
    facts: Mapping[str, str]
    """Such as the template it was made by."""


class CaptionBench(Protocol):
    """A named source of captions; the items of two streams share no wording that the bench calls held out."""

    @property
    def name(self) -> str:
        """Name and version: a bench of other items has another name."""
        ...

    def items(self, seed: int, count: int) -> Sequence[CaptionItem]:
        """Items to score on, the same for the same seed; all there are where there are fewer."""
        ...

    def training_items(self, seed: int, count: int) -> Sequence[CaptionItem]:
        """Items of the kind that directors are trained on."""
        ...


class DescribedPlans:
    """Random plans in the words of `language.describe`, which the grammar reads back: what holds the harness to 1."""

    name = "described-v0"

    def items(self, seed: int, count: int) -> list[CaptionItem]:
        """So many plans of 1 to 4 moves."""
        return list(self._draw([1, seed], count))

    def training_items(self, seed: int, count: int) -> list[CaptionItem]:
        """Others of the same kind."""
        return list(self._draw([0, seed], count))

    def _draw(self, seed: list[int], count: int) -> Iterator[CaptionItem]:
        rng = np.random.default_rng(seed)
        for _ in range(count):
            plan = random_plan(rng, amounts=True)
            yield CaptionItem(describe(plan), plan, {"moves": str(len(plan.moves))})


def bench_sha256(bench: CaptionBench) -> str:
    """Checksum of a bench: of its name and its first items."""
    probes = [(item.caption, _meaning(item.plan)) for item in bench.items(0, _PROBES)]
    return sha256_of([bench.name, probes])


def _meaning(plan: Plan) -> dict[str, Any]:
    """The parts of a plan by which it equals another."""
    told = plan.without_text()
    return {each.name: getattr(told, each.name) for each in fields(told) if each.compare}


def is_hard(item: CaptionItem) -> bool:
    """Whether the grammar rejects a caption or reads another program in it."""
    return _is_misread(item.caption, item.plan)


@lru_cache(maxsize=2**14)  # every row of a table asks it of the same captions
def _is_misread(caption: str, plan: Plan) -> bool:
    try:
        return not exact_program(plan, parse(caption))
    except InputError:
        return True


class NearestCaption:
    """The plan of the training caption whose words are most like those of a caption.

    Captions are vectors of the counts of their words and pairs of words, each times the logarithm of how rare it is
    (TF-IDF, Salton and Buckley 1988), compared by cosine.
    """

    def __init__(self, items: Sequence[CaptionItem]) -> None:
        if not items:
            raise InputError("there is no training caption to look up; give at least one")
        self._plans = [item.plan for item in items]
        counts = [_ngrams(item.caption) for item in items]
        seen = Counter(ngram for each in counts for ngram in each)
        self._column = {ngram: index for index, ngram in enumerate(sorted(seen))}
        self._rarity = np.log((1 + len(items)) / (1 + np.array([seen[ngram] for ngram in self._column]))) + 1
        found: dict[int, list[tuple[int, float]]] = {}
        for row, each in enumerate(counts):
            for column, weight in self._vector(each).items():
                found.setdefault(column, []).append((row, weight))
        self._entries = {
            column: (np.array([row for row, _ in entries]), np.array([weight for _, weight in entries]))
            for column, entries in found.items()
        }

    def __call__(self, caption: str) -> Plan:
        """The plan of the nearest caption; of the first among equals."""
        likeness = np.zeros(len(self._plans))
        for column, weight in self._vector(_ngrams(caption)).items():
            rows, others = self._entries[column]
            likeness[rows] += weight * others
        return self._plans[int(np.argmax(likeness))]

    def _vector(self, counts: Counter[str]) -> dict[int, float]:
        known = {self._column[n]: k * self._rarity[self._column[n]] for n, k in counts.items() if n in self._column}
        length = float(np.sqrt(sum(weight**2 for weight in known.values()))) or 1.0
        return {column: weight / length for column, weight in known.items()}


def _ngrams(caption: str) -> Counter[str]:
    words = re.findall(r"[\w°]+", caption.lower())
    return Counter([*words, *(f"{a} {b}" for a, b in pairwise(words))])

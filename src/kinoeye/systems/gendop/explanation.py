"""What a segment director wrote for a caption, how sure it was, what it pointed at, and what the grammar reads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from kinoeye.base.errors import InputError
from kinoeye.language.explain import describe_move
from kinoeye.language.grammar import parse
from kinoeye.language.plan import Move, Plan
from kinoeye.systems.gendop.caption_words import CaptionWords, Span, read_words
from kinoeye.systems.gendop.program_tokens import END_MOVE, START, allowed_next, to_plan, token_ids
from kinoeye.systems.gendop.segment_director import Program
from kinoeye.systems.gendop.segments import SegmentModel

Meaning = Literal["amount", "rate", "distance", "target", "duration", ""]


@dataclass(frozen=True)
class Pointer:
    """Words of a caption that a program points at, and what for."""

    meaning: Meaning
    """Field of the action or move that the words give; empty where they can give it none and are left out."""
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class ExplainedMove:
    """One move of a program."""

    words: str
    """The move in the words of the grammar."""
    tokens: tuple[str, ...]
    probability: float
    """Of its tokens, given those before them."""
    pointers: tuple[Pointer, ...]
    grammar: str | None
    """The grammar's reading of the move, in the same words; None where it is the same or there is none."""


@dataclass(frozen=True)
class Explanation:
    """A program move by move."""

    moves: tuple[ExplainedMove, ...]
    more_of_grammar: tuple[str, ...]
    """Moves that the grammar reads after the program's last one."""
    refusal: str | None
    """Why the grammar reads nothing."""

    @property
    def agrees(self) -> bool:
        """Whether the grammar reads the same moves."""
        return self.refusal is None and not self.more_of_grammar and all(move.grammar is None for move in self.moves)


def explain(model: SegmentModel, program: Program) -> Explanation:
    """A program that a model wrote, move by move; its plan's text is the caption.

    Raises:
        InputError: the caption is not one that the model can read.
    """
    caption = program.plan.text
    words = read_words(caption)
    scores = token_log_probabilities(model, words, program.tokens)
    plan = to_plan(program.tokens, words, text=caption)
    read: Sequence[Move] = ()
    refusal = None
    try:
        read = parse(caption).moves
    except InputError as error:
        refusal = str(error)
    moves = []
    runs = list(_runs(program.tokens))
    for index, ((first, end), move) in enumerate(zip(runs, plan.moves if plan else (), strict=True)):
        other = read[index] if index < len(read) else None
        moves.append(
            ExplainedMove(
                words=describe_move(move),
                tokens=program.tokens[first:end],
                probability=math.exp(sum(scores[first:end])),
                pointers=tuple(_pointers(program.tokens[first:end], words, caption)),
                grammar=None if refusal or other == move else "no move" if other is None else describe_move(other),
            )
        )
    more = tuple(describe_move(move) for move in read[len(runs) :])
    return Explanation(tuple(moves), more, refusal)


@torch.no_grad()
def token_log_probabilities(model: SegmentModel, words: CaptionWords, tokens: Sequence[str]) -> list[float]:
    """Log-probability of each token of a program among those that could follow, as `SegmentModel.write` has it."""
    device = model.head.weight.device
    captions = model.encoder.vocabulary.encode([words.inputs]).to(device)
    logits = model(captions, torch.tensor([token_ids([START, *tokens[:-1]])], device=device))[0].float().cpu()
    scores = []
    for at, token in enumerate(tokens):
        allowed = allowed_next([START, *tokens[:at]], words)
        scores.append(float(logits[at, token_ids(allowed)].log_softmax(dim=0)[allowed.index(token)]))
    return scores


def _runs(tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First token of each whole move, and one past its last."""
    first = 0
    for at, token in enumerate(tokens):
        if token == END_MOVE:
            yield first, at + 1
            first = at + 1


def _pointers(tokens: Sequence[str], words: CaptionWords, caption: str) -> Iterator[Pointer]:
    """What one move points at."""
    for at, token in enumerate(tokens):
        span = _span(token, words)
        if span is not None:
            before, after = (to_plan([*tokens[:end], END_MOVE], words) for end in (at, at + 1))
            yield Pointer(_changed(before, after), caption[span.start : span.end], span.start, span.end)


def _span(token: str, words: CaptionWords) -> Span | None:
    spans = {"q": words.quantity_spans, "a": words.actor_spans}.get(token[1:2])
    number = token[2:-1]
    return spans[int(number) - 1] if spans and number.isdigit() and int(number) <= len(spans) else None


def _changed(before: Plan | None, after: Plan | None) -> Meaning:
    """Which field of a move a token filled."""
    if before is None or after is None:
        return ""
    old, new = before.moves[0], after.moves[0]
    if old.duration_s != new.duration_s:
        return "duration"
    names: tuple[Meaning, ...] = ("amount", "rate", "distance", "target")
    for a, b in zip(old.actions, new.actions, strict=True):
        for name in names:
            if getattr(a, name) != getattr(b, name):
                return name
    return ""

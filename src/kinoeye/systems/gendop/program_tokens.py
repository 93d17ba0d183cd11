"""Programs as tokens: what the segment director writes, and the Plan that it means for a caption."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinoeye.language.lexicon import QUICKLY, SLOWLY
from kinoeye.language.plan import EASINGS, KINDS, MAX_DURATION_S, Action, Move, Plan
from kinoeye.language.reading.draft import to_amount, to_rate
from kinoeye.systems.gendop.caption_words import MAX_ACTORS, MAX_QUANTITIES, CaptionWords

PAD, START, END, END_MOVE, DISTANCE, SLIGHT = "<pad>", "<start>", "<end>", "<end move>", "<distance>", "<slight>"
SPEEDS = {"<very slow>": 0.4, "<slow>": SLOWLY, "<fast>": QUICKLY, "<very fast>": 3.0}
ACTIONS = tuple(f"{kind} {direction}".strip() for kind, entry in KINDS.items() for direction in entry.directions)
_QUANTITIES = tuple(f"<q{index + 1}>" for index in range(MAX_QUANTITIES))
_ACTORS = tuple(f"<a{index + 1}>" for index in range(MAX_ACTORS))
TOKENS = (
    PAD, START, END, END_MOVE, *ACTIONS, *_QUANTITIES, *_ACTORS, DISTANCE, SLIGHT, *SPEEDS,
    *(f"<{easing}>" for easing in EASINGS),
)  # fmt: skip
"""The vocabulary. A move is its actions, each followed by what it points at, then its manner, then `<end move>`.

A quantity after an action is its amount, its speed or, in seconds, the duration of its move, as its unit says;
after `<distance>` it is how far away the subject is.
"""
MAX_TOKENS = 96
_NUMBERS = {token: index for index, token in enumerate(TOKENS)}


def token_ids(tokens: Sequence[str]) -> list[int]:
    """Numbers of tokens in the vocabulary."""
    return [_NUMBERS[token] for token in tokens]


def to_plan(tokens: Sequence[str], words: CaptionWords, *, text: str = "") -> Plan | None:
    """The plan that tokens mean for a caption; None when they hold no move.

    What cannot be is left out rather than guessed: a quantity of the wrong dimension, an action twice in a move, or
    the opposite of one that the move has.
    """
    moves: list[Move] = []
    draft = _Draft(words)
    for token in tokens:
        if token in (END, PAD):
            break
        if token == END_MOVE:
            moves += draft.build()
            draft = _Draft(words)
        else:
            draft.take(token)
    if not moves:
        return None
    return Plan(tuple(moves), actors=words.cast, text=text)


def allowed_next(tokens: Sequence[str], words: CaptionWords) -> list[str]:
    """Which tokens may follow: no empty move, actions in the order of `KINDS`, pointers at what the caption has.

    A program may end before its first move: such a caption says nothing of a camera.
    """
    move = list(tokens[len(tokens) - tokens[::-1].index(END_MOVE) :]) if END_MOVE in tokens else list(tokens)
    move = [token for token in move if token != START]
    pointers = [*_QUANTITIES[: len(words.quantities)], *_ACTORS[: len(words.actors)]]
    if move and move[-1] == DISTANCE:
        return list(_QUANTITIES[: len(words.quantities)]) or [END_MOVE]
    if not move:
        return [*ACTIONS, END]
    manner = [token for token in move if token in SPEEDS or token == SLIGHT or token.strip("<>") in EASINGS]
    if manner:
        return [END_MOVE, SLIGHT, *SPEEDS, *(f"<{easing}>" for easing in EASINGS)]
    kinds = list(KINDS)
    last = max(kinds.index(token.split()[0]) for token in move if token in ACTIONS)
    later = [action for action in ACTIONS if kinds.index(action.split()[0]) > last]
    return [
        *later, *pointers, *([DISTANCE] if words.quantities else []), END_MOVE, SLIGHT, *SPEEDS,
        *(f"<{easing}>" for easing in EASINGS),
    ]  # fmt: skip


@dataclass
class _Draft:
    """A move while its tokens are read."""

    words: CaptionWords

    def __post_init__(self) -> None:
        self.actions: list[Action] = []
        self.duration_s: float | None = None
        self.speed, self.slight = 1.0, False
        self.easing: str | None = None
        self._distance_next = False

    def take(self, token: str) -> None:
        if token in ACTIONS:
            kind, _, direction = token.partition(" ")
            if all(action.kind != kind for action in self.actions):
                self.actions.append(Action(kind, direction))
        elif token in _QUANTITIES:
            self._quantity(_QUANTITIES.index(token))
        elif token in _ACTORS and self.actions and _ACTORS.index(token) < len(self.words.actors):
            self._change(target=self.words.actors[_ACTORS.index(token)])
        elif token in SPEEDS:
            self.speed = SPEEDS[token]
        elif token == SLIGHT:
            self.slight = True
        elif token.strip("<>") in EASINGS:
            self.easing = token.strip("<>")
        self._distance_next = token == DISTANCE

    def build(self) -> list[Move]:
        if not self.actions:
            return []
        moving = [action for action in self.actions if action.kind != "hold"]
        actions = tuple(moving or self.actions)
        still = not moving
        return [Move(actions, self.duration_s, 1.0 if still else self.speed, self.slight and not still, self.easing)]

    def _quantity(self, index: int) -> None:
        if index >= len(self.words.quantities) or not self.actions:
            return
        quantity, action = self.words.quantities[index], self.actions[-1]
        if quantity.unit == "s":
            if 0 < quantity.value <= MAX_DURATION_S:
                self.duration_s = quantity.value
        elif self._distance_next:
            if quantity.unit == "m" and 0 < quantity.value < 1e6:
                self._change(distance=quantity.value)
        elif (rate := to_rate(action.kind, quantity)) is not None and math.isfinite(rate):
            self._change(rate=rate)
        elif (amount := to_amount(action.kind, quantity)) is not None and 0 < amount < 1e6:
            self._change(amount=amount)

    def _change(self, **changes: float | str) -> None:
        self.actions[-1] = replace(self.actions[-1], **changes)  # type: ignore[arg-type]

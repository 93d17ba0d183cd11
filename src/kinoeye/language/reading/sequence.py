"""The moves read so far, and where the next one goes."""

from __future__ import annotations

from dataclasses import replace

from kinoeye.base.errors import InputError
from kinoeye.language.plan import Action
from kinoeye.language.reading.draft import DraftMove, VerbPhrase, to_amount
from kinoeye.language.text.items import Item
from kinoeye.language.text.quantities import Quantity


class Sequence:
    """Moves in the order in which they happen, which "before" and "after" may change."""

    def __init__(self) -> None:
        self.moves: list[DraftMove] = []
        self.current: int | None = None
        """The move that "while" joins."""
        self.insert_at: int | None = None
        """Where the next move goes; None is the end."""

    def attach(self, phrase: VerbPhrase, actions: list[Action]) -> list[Item]:
        """Start a new move with actions or join them to the current one; returns what the move could not take."""
        current = self.moves[self.current] if self.current is not None else None
        if current is None or not self._joins(current, phrase, actions):
            current = self._insert(DraftMove(actions))
        elif current.is_hold or any(action.kind != "hold" for action in actions):
            current.add(actions)
        return current.take_manner(phrase)

    def take_amount(self, quantity: Quantity) -> bool:
        """Give an amount to the one action of the latest move that it fits and that has none yet."""
        if self.current is None:
            return False
        actions = self.moves[self.current].actions
        amounts = [to_amount(action.kind, quantity) if action.amount is None else None for action in actions]
        fitting = [index for index, amount in enumerate(amounts) if amount is not None]
        if len(fitting) != 1:
            return False
        actions[fitting[0]] = replace(actions[fitting[0]], amount=amounts[fitting[0]])
        return True

    def refuse_contradiction(self, phrase: VerbPhrase, moves: list[list[Action]]) -> None:
        """Raise InputError when actions that are to happen at the same time go opposite ways."""
        joined = self.moves[self.current].actions if self.current is not None and phrase.join != "then" else []
        first: dict[str, Action] = {}
        for action in [*joined, *(action for move in moves for action in move)]:
            other = first.setdefault(action.kind, action)
            if other.direction != action.direction:
                ways = f"{action.kind.replace('_', ' ')} {other.direction} and {action.direction}"
                raise InputError(f"the camera cannot {ways} at the same time; write 'then' between them")

    def shake(self, strength: float) -> None:
        """Hold the camera by hand throughout."""
        if not self.moves:
            self._insert(DraftMove([Action("hold")]))
        for move in self.moves:
            move.shake = move.shake or strength

    def _joins(self, current: DraftMove, phrase: VerbPhrase, actions: list[Action]) -> bool:
        holds = all(action.kind == "hold" for action in actions)
        if holds and current.is_hold:
            return not (phrase.duration_s and current.duration_s)
        if phrase.join == "and" and (holds or current.is_hold):
            return False
        return phrase.join != "then" and not current.conflicts(actions)

    def _insert(self, move: DraftMove) -> DraftMove:
        self.current = len(self.moves) if self.insert_at is None else self.insert_at
        self.moves.insert(self.current, move)
        if self.insert_at is not None:
            self.insert_at += 1
        return move

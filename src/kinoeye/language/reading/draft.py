"""Moves as they are being read: verb phrases that collect directions and quantities, and the actions they become."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from kinoeye.language.lexicon import MEANINGS, Verb
from kinoeye.language.plan import KINDS, Action, Move
from kinoeye.language.text.items import Item
from kinoeye.language.text.quantities import Quantity


@dataclass
class Heading:
    """One direction of a verb phrase with what was said about its size and speed."""

    word: str | None
    item: Item | None
    amount: Item | None = None
    rate: Item | None = None

    def take(self, quantity: Item) -> bool:
        """Keep a quantity if its slot is free."""
        slot = "rate" if quantity.value.unit in ("m/s", "rad/s") else "amount"
        if getattr(self, slot) is not None:
            return False
        setattr(self, slot, quantity)
        return True


@dataclass
class VerbPhrase:
    """A camera verb with everything around it, until its clause ends."""

    verb: Item
    join: str
    """How it joins what came before: then, and, while."""
    headings: list[Heading] = field(default_factory=list)
    loose: list[Item] = field(default_factory=list)
    """Quantities that came before the first direction."""
    around: bool = False
    fallback: str | None = None
    """Direction that a preposition implies ("through the forest") when the clause names none."""
    target: str | None = None
    has_object: bool = False
    """Whether a noun said what the phrase is about, even one that names no actor."""
    distance: float | None = None
    duration_s: float | None = None
    speed: float | None = None
    easing: str | None = None
    slight: bool = False
    shake: float | None = None
    together: bool = False
    """Whether the text insists that this happens at the same time as what it joins."""
    said: dict[str, Item] = field(default_factory=dict)
    """Where the duration, speed, easing and shake were said."""

    @property
    def meaning(self) -> Verb:
        """What the verb says."""
        return self.verb.value

    @property
    def full_speed(self) -> float | None:
        """The stated speed and the speed of the verb itself; of two that agree, the stronger one."""
        said, own = self.speed, self.meaning.speed
        if said is None or own == 1.0:
            return said if own == 1.0 else own
        if (said > 1.0) == (own > 1.0):
            return max(said, own) if own > 1.0 else min(said, own)
        return said * own

    @property
    def frame(self) -> str:
        """The frame of the verb; moving or turning around something is an orbit."""
        orbits = self.around and self.meaning.frame in ("move", "dolly", "truck", "turn", "follow", "pedestal")
        return "orbit" if orbits else self.meaning.frame

    def moves(self) -> tuple[list[list[Action]], list[Item]]:
        """The actions of the phrase, and the items that it could not use.

        One list of actions that happen together; directions that contradict each other ("left, then right") come
        one after the other.
        """
        opposed = [self._kind(heading) for heading in self.headings]
        if len({kind[0] for kind in opposed if kind}) < len({*opposed} - {None}):
            parts = [replace(self, headings=[heading]).moves() for heading in self.headings]
            return [move for moves, _ in parts for move in moves], [item for _, items in parts for item in items]
        actions, unused = self._actions()
        return [actions] if actions else [], unused

    def _actions(self) -> tuple[list[Action], list[Item]]:
        unused: list[Item] = []
        if self.frame in ("hold", "handheld"):
            unused = [h.item for h in self.headings if h.item] + [q for q in self.loose if q.value.unit != "number"]
            return [Action("hold") if self.frame == "hold" else Action("handheld")], unused
        if self.has_object and not self.headings and self.frame in ("look", "follow"):
            return [Action("follow" if self.frame == "follow" else "look_at", target=self.target)], self.loose
        if self.target and not self.headings and self.frame in ("turn", "yaw", "pitch"):
            return [Action("look_at", target=self.target)], self.loose
        headings = self.headings or [Heading(None, None)]
        unused += [item for item in self.loose if not headings[-1].take(item)]
        actions: list[Action] = []
        for group in _amount_groups(headings):
            actions += self._group_actions(group, unused)
        if self.frame == "spiral" and actions and not any(action.kind == "orbit" for action in actions):
            actions.insert(0, Action("orbit", "right", target=self.target, distance=self.distance))
        # "Out 3 metres, backward": one motion under two names; the first says how far.
        actions = [a for i, a in enumerate(actions) if a.kind not in {other.kind for other in actions[:i]}]
        return actions, unused if actions else [self.verb, *unused]

    def _group_actions(self, group: list[Heading], unused: list[Item]) -> list[Action]:
        """Actions of directions that share one amount: a length said of a diagonal is the length of the diagonal."""
        kinds = [(heading, self._kind(heading)) for heading in group]
        unused += [heading.item for heading, kind in kinds if kind is None and heading.item]
        known = list(dict.fromkeys(kind for _, kind in kinds if kind is not None))
        said, said_rate = group[-1].amount, group[-1].rate
        share = math.sqrt(len(known))
        actions = []
        for kind, direction in known:
            amount = to_amount(kind, said.value if said else None)
            action = Action(
                kind,
                direction,
                amount=amount / share if amount else None,
                rate=to_rate(kind, said_rate.value if said_rate else None),
                target=self.target if kind in ("orbit", "dolly", "dolly_zoom") else None,
                distance=self.distance if kind in ("orbit", "dolly_zoom") else None,
            )
            actions.append(action)
        if said and not any(action.amount for action in actions):
            unused.append(said)
        if said_rate and not any(action.rate for action in actions):
            unused.append(said_rate)
        return actions

    def _kind(self, heading: Heading) -> tuple[str, str] | None:
        meanings = MEANINGS[self.frame]
        word = heading.word or self.meaning.default or self.fallback
        if heading.word is None and self.frame == "orbit" and word not in meanings:
            word = "right"
        return meanings.get(word) if word else None


def _amount_groups(headings: list[Heading]) -> list[list[Heading]]:
    """Split directions after each stated amount; what follows the last amount is a group of its own."""
    groups: list[list[Heading]] = [[]]
    for heading in headings:
        groups[-1].append(heading)
        if heading.amount or heading.rate:
            groups.append([])
    return [group for group in groups if group]


def to_amount(kind: str, quantity: Quantity | None) -> float | None:
    """The amount of an action in its own unit, or None when the quantity does not fit it."""
    if quantity is None or quantity.value <= 0:
        return None
    unit = KINDS[kind].unit
    if quantity.unit == unit and unit != "ratio":
        return quantity.value
    if quantity.unit == "number":
        return {"rad": math.radians(quantity.value), "m": quantity.value, "ratio": quantity.value}.get(unit)
    if unit == "ratio" and quantity.unit in ("ratio", "percent"):
        # "Zoom in 50%" is half as much again, "500%" is five times the size.
        more = quantity.unit == "percent" and quantity.value <= 1.0
        value = 1.0 + quantity.value if more else quantity.value
        return value if value >= 1.0 else 1.0 / value
    return None


def to_rate(kind: str, quantity: Quantity | None) -> float | None:
    """The speed of an action in its own unit per second, or None when the quantity does not fit it."""
    if quantity is None or quantity.value <= 0 or quantity.unit != f"{KINDS[kind].unit}/s":
        return None
    return quantity.value


@dataclass
class DraftMove:
    """A move that further phrases may still join."""

    actions: list[Action]
    duration_s: float | None = None
    speed: float | None = None
    easing: str | None = None
    slight: bool = False
    shake: float | None = None

    @property
    def is_hold(self) -> bool:
        """Whether nothing moves yet."""
        return all(action.kind == "hold" for action in self.actions)

    def take_manner(self, phrase: VerbPhrase) -> list[Item]:
        """Take how a phrase is done; what was said differently before stays, and the items that lost come back."""
        lost = []
        for name in ("duration_s", "speed", "easing", "shake"):
            value, own = getattr(phrase, name), getattr(self, name)
            if own is None:
                setattr(self, name, phrase.full_speed if name == "speed" else value)
            elif value is not None and value != own and name in phrase.said:
                lost.append(phrase.said[name])
        self.slight = self.slight or phrase.slight
        return lost

    def conflicts(self, actions: list[Action]) -> bool:
        """Whether an action goes the other way than one that is already there."""
        taken = {action.kind: action.direction for action in self.actions}
        return any(taken.get(action.kind, action.direction) != action.direction for action in actions)

    def add(self, actions: list[Action]) -> None:
        """Join actions; a hold gives way to a motion, and an action that is there already keeps its first form."""
        kept = [action for action in self.actions if action.kind != "hold"] if actions else self.actions
        kinds = {action.kind for action in kept}
        self.actions = kept + [action for action in actions if action.kind not in kinds]

    def build(self) -> Move:
        """The finished move."""
        actions = list(self.actions)
        if self.shake is not None and not any(action.kind == "handheld" for action in actions):
            actions = [action for action in actions if action.kind != "hold"]
            actions.append(Action("handheld", amount=None if self.shake == 1.0 else self.shake))
        actions.sort(key=lambda action: action.kind == "handheld")
        return Move(tuple(actions), self.duration_s, self.speed or 1.0, self.slight, self.easing)

"""From a Plan back to words: what `--explain` prints, and what `parse` reads back to the same plan."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from kinoeye.language.acting_words import ACTS, SCALES, told
from kinoeye.language.lexicon import EASING_WORDS, ON_PLACES, SHAKE, SPEEDS, VOWELS, inflect
from kinoeye.language.plan import KINDS, Action, ActorAction, ActorMention, Move, Plan

_VERBS: dict[str, tuple[str, str]] = {
    "hold": ("remains static", "remaining static"),
    "truck": ("moves", "moving"),
    "pedestal": ("moves", "moving"),
    "dolly": ("moves", "moving"),
    "yaw": ("yaws", "yawing"),
    "pitch": ("pitches", "pitching"),
    "roll": ("rolls", "rolling"),
    "orbit": ("orbits", "orbiting"),
    "zoom": ("zooms", "zooming"),
    "dolly_zoom": ("dolly zooms", "dolly zooming"),
    "look_at": ("looks", "looking"),
    "follow": ("follows", "following"),
    "handheld": ("shakes", "shaking"),
}
_TARGET_PREPOSITIONS = {"orbit": "around ", "dolly": "towards ", "dolly_zoom": "on ", "look_at": "at ", "follow": ""}
_UNIT_WORDS = {"m": "metre", "rad": "degree"}
_BEHAVIOURS = {"stand": "stands still", "walk": "walks", "run": "runs"}
_PACES = {"walk": "walks", "run": "runs", "fly": "flies"}
_TRANSLATIONS = ("truck", "pedestal", "dolly")


def describe(plan: Plan) -> str:
    """The plan as sentences that `parse` reads back to it, to six digits and words without use aside.

    Example:
        >>> from kinoeye.language import parse
        >>> describe(parse("push in, then pan left 45°"))
        'The camera moves forward, then yaws left 45 degrees.'
    """
    sentences = []
    if plan.duration_s is not None:
        sentences.append(f"A {_number(plan.duration_s)} second shot")
    if plan.fps is not None:
        sentences.append(f"At {_number(plan.fps)} fps")
    if plan.place is not None:
        environment = plan.place.environment
        sentences.append(f"{'On' if environment in ON_PLACES else 'In'} the {environment}")
    sentences += _actors(plan.actors)
    sentences.append("The camera " + ", then ".join(describe_move(move) for move in plan.moves))
    return ". ".join(sentences) + "."


def describe_move(move: Move) -> str:
    """The words of one move, starting with its verb."""
    shakes = [action for action in move.actions if action.kind == "handheld"]
    actions = [action for action in move.actions if action.kind != "handheld"]
    if not actions and shakes[0].amount is None:
        actions, shakes = shakes, []
    actions = actions or [Action("hold")]
    plain = [a for a in actions if a.kind in _TRANSLATIONS and not (a.amount or a.rate or a.target)]
    parts: list[str] = []
    if len(plain) > 1 and actions[: len(plain)] == plain:
        parts.append("moves " + " and ".join(a.direction for a in plain))
        actions = actions[len(plain) :]
    for action in actions:
        parts.append(_action(action, finite=not parts))
    manners = [_shake(action) for action in shakes] + _manners(move)
    return ", ".join([" while ".join(parts), *manners])


def _action(action: Action, *, finite: bool) -> str:
    words = [_VERBS[action.kind][0 if finite else 1]]
    if action.direction:
        words.append(action.direction)
    if action.amount is not None:
        words.append(_amount(action))
    if action.rate is not None:
        words.append(f"at {_counted(_shown(action, action.rate), _UNIT_WORDS[_unit(action)])} per second")
    if action.target is not None or action.kind in ("look_at", "follow"):
        words.append(f"{_TARGET_PREPOSITIONS[action.kind]}the {action.target or 'subject'}")
    if action.distance is not None:
        words.append(f"at a distance of {_counted(action.distance, 'metre')}")
    return " ".join(words)


def _amount(action: Action) -> str:
    assert action.amount is not None
    if _unit(action) == "ratio":
        return f"{_number(action.amount)} times"
    return _counted(_shown(action, action.amount), _UNIT_WORDS[_unit(action)])


def _unit(action: Action) -> str:
    return KINDS[action.kind].unit


def _shown(action: Action, value: float) -> float:
    return math.degrees(value) if _unit(action) == "rad" else value


def _manners(move: Move) -> list[str]:
    words = []
    if move.speed != 1.0:
        words.append(SPEEDS[move.speed][0] if move.speed in SPEEDS else f"at {_number(move.speed)} times speed")
    if move.slight:
        words.append("slightly")
    if move.easing is not None:
        words.append(EASING_WORDS[move.easing][0])
    if move.duration_s is not None:
        words.append(f"over {_counted(move.duration_s, 'second')}")
    return words


def _shake(action: Action) -> str:
    return SHAKE.get(action.amount or 1.0, SHAKE[1.0])[0]


def _actors(cast: Sequence[ActorMention]) -> list[str]:
    """A sentence for each actor, or for those who act when the one before is done: "..., then a dog sits down"."""
    sentences: list[str] = []
    for before, actor in zip([None, *cast], cast, strict=False):
        if _is_told(actor, cast):
            continue
        words = _actor(actor, cast)
        if before is not None and actor.actions and actor.actions[0].after == (before.name, len(before.actions)):
            sentences[-1] += f", then {words[0].lower()}{words[1:]}"
        else:
            sentences.append(words)
    return sentences


def _actor(actor: ActorMention, cast: Sequence[ActorMention]) -> str:
    looks, before = _looks(actor), cast[: cast.index(actor)]
    known = any(action.other == actor.name for other in before for action in other.actions)
    article = "The" if known else "Another" if _is_another(actor, before) else "An" if looks[0] in VOWELS else "A"
    if not actor.actions:
        does = " ".join(filter(None, (_BEHAVIOURS[actor.behaviour], actor.direction)))
    else:
        parts = [_acting(actor, action, cast) for action in actor.actions]
        does = parts[0] + "".join(
            f" while {_participle(words)}" if action.together else f", then {words}"
            for action, words in zip(actor.actions[1:], parts[1:], strict=True)
        )
    return f"{article} {looks} {does}"


def _is_another(actor: ActorMention, before: Sequence[ActorMention]) -> bool:
    """Whether somebody who was told of before looks the same."""
    return any(_looks(other) == _looks(actor) for other in before)


def _is_told(actor: ActorMention, cast: Sequence[ActorMention]) -> bool:
    """Whether all of an actor was said by what somebody alike does with it, and "the" would mean that one."""
    before = cast[: cast.index(actor)]
    known = any(action.other == actor.name for other in before for action in other.actions)
    idle = not actor.actions and actor.behaviour == "stand" and actor.direction is None
    return known and idle and _is_another(actor, before)


def _looks(actor: ActorMention) -> str:
    worn = f"wearing {actor.clothes}" if actor.clothes else ""
    return " ".join(filter(None, (actor.size, actor.colour, actor.shape, worn)))


def _participle(clause: str) -> str:
    """The clause with its verbs in their -ing form: "stopping and going"."""
    verb, *rest = clause.split(" ")
    if rest[:1] == ["and"]:
        return f"{_ing(verb)} and {_participle(' '.join(rest[1:]))}"
    return " ".join([_ing(verb), *rest])


def _ing(verb: str) -> str:
    """The -ing form of a verb in its third person.

    Example:
        >>> _ing("flies"), _ing("stops"), _ing("makes")
        ('flying', 'stopping', 'making')
    """
    base = verb[:-3] + "y" if verb.endswith("ies") else verb[:-2] if verb.endswith(("oes", "sses")) else verb[:-1]
    return next(word for word, form in inflect(base).items() if form == "ing")


def _acting(actor: ActorMention, action: ActorAction, cast: Sequence[ActorMention]) -> str:
    side = action.side
    other = next((_looks(each) for each in cast if each.name == action.other), action.other)
    later = [each for each in cast[cast.index(actor) + 1 :] if each.name == action.other]
    the = "another" if any(_is_another(each, cast[: cast.index(actor) + 1]) for each in later) else "the"
    if action.name == "straight" and action is actor.actions[0] and not action.duration_s:
        side = side or actor.direction
        words = f"{_PACES[action.pace]} {side}" if side else _PACES[action.pace]
    else:
        words = told(ACTS[action.name], go=_PACES[action.pace], side=side, other=f"{the} {other}")
        if action.other and action.name in ("sit", "wait"):
            words += f" beside {the} {other}"
        elif action.other and ACTS[action.name].kind == "cue":
            words += f" {'to' if action.name == 'bow' else 'at'} {the} {other}"
    scale = next((word for word, factor in SCALES.items() if factor == action.scale), None)
    words = re.sub(r"\b(a) ", rf"\1 {scale} ", words, count=1) if scale else words
    speed = [SPEEDS[action.speed][0]] if action.speed in SPEEDS else []
    lasting = [f"for {_counted(action.duration_s, 'second')}"] if action.duration_s else []
    return " ".join([words, *speed, *lasting])


def _counted(value: float, unit: str) -> str:
    """The number and its unit, such as "1 metre" or "2 metres"."""
    number = _number(value)
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"


def _number(value: float) -> str:
    """Six significant digits, without an exponent."""
    return np.format_float_positional(value, precision=6, fractional=False, trim="-")

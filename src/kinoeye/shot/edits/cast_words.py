"""Whom words mean among the actors of a shot, and plans of words that speak of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinoeye.base.errors import InputError
from kinoeye.base.names import nearest_name
from kinoeye.language.grammar import parse
from kinoeye.language.plan import Action, ActorAction, ActorMention, Plan
from kinoeye.language.prose import with_article, without_article
from kinoeye.shot.shot import Actor, Shot, SkinnedAvatar

_NUMBER = re.compile(r" \d+$")


def actor_meant(shot: Shot, words: str | None, *, edit: str) -> Actor:
    """The actor of a name, or of words that stand in the prompt of one alone; the only one where nothing is said.

    Args:
        shot: whose actors are meant.
        words: "red robot", "red-robot" or "the woman in red"; None for the only actor.
        edit: how the edit is written, for messages.

    Raises:
        InputError: there is none, or there are several.

    Example:
        >>> from kinoeye.shot import stage
        >>> shot = stage(parse("A man in blue and a woman in red. Push in."), seed=0)
        >>> actor_meant(shot, "woman in red", edit="motion").name
        'person 2'
    """
    if words is None:
        if len(shot.actors) == 1:
            return shot.actors[0]
        raise InputError(f"whose? write {edit}:NAME=...; {_listed(shot.actors)}")
    plain = _plain(words)
    named = [actor for actor in shot.actors if _plain(actor.name) == plain]
    told = [actor for actor in shot.actors if f" {plain} " in f" {_plain(actor.prompt)} "]
    found = named or told
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{words!r} can mean {', '.join(repr(a.name) for a in found)}; {_listed(shot.actors)}")
    raise _nobody(shot, words)


@dataclass(frozen=True)
class SpokenPlan:
    """What words say of a shot, with its actors under their own names."""

    plan: Plan
    cast: tuple[ActorMention, ...]
    """Those of the shot's actors that the words were told of, in their order."""
    new: tuple[ActorMention, ...]
    """Who is not in the shot yet, in the order of mention."""
    unused: tuple[str, ...]
    """What could not be used, with the reason where there is one."""


def spoken_of(shot: Shot, words: str, *, of: Sequence[Actor]) -> SpokenPlan:
    """The plan of words that follow an introduction of some actors, so that "her" and "the dog" mean one of them.

    Args:
        shot: whose actors are spoken of.
        words: a sentence, or several.
        of: who is introduced.

    Raises:
        InputError: the words cannot be read.
    """
    introductions = [_introduction(actor) for actor in of]
    before = "".join(f"{sentence}. " for sentence in introductions)
    plan = parse(f"{before}{words}", camera_required=False)
    if [mention.end > len(before) for mention in plan.actors[: len(of)]] != [False] * len(of):
        before = "".join(f"{_plainest(actor)}. " for actor in of)
        plan = parse(f"{before}{words}", camera_required=False)
    names = {mention.name: actor.name for mention, actor in zip(plan.actors, of, strict=False)}
    taken = {actor.name for actor in shot.actors}
    for mention in plan.actors[len(of) :]:
        names[mention.name] = _free(mention.name, taken)
        taken.add(names[mention.name])
    plan = _renamed(plan, names)
    unused = tuple(
        repr(each.text) + (f" ({each.note})" if each.note else "") for each in plan.unused if each.start >= len(before)
    )
    return SpokenPlan(plan, plan.actors[: len(of)], plan.actors[len(of) :], unused)


def _introduction(actor: Actor) -> str:
    """A sentence of an actor alone: its prompt, if that is read as one who does nothing."""
    sentence = with_article(without_article(actor.prompt.strip() or actor.name)).capitalize()
    try:
        plan = parse(sentence, camera_required=False)
    except InputError:
        return _plainest(actor)
    alone = len(plan.actors) == 1 and not plan.actors[0].actions and all(move.is_hold for move in plan.moves)
    return sentence if alone else _plainest(actor)


def _plainest(actor: Actor) -> str:
    """The colour and noun of a staged actor's name, or else the noun of its body."""
    noun = _NUMBER.sub("", actor.name)
    try:
        alone = len(parse(with_article(noun), camera_required=False).actors) == 1
    except InputError:
        alone = False
    return with_article(noun if alone else noun_of(actor)).capitalize()


def noun_of(actor: Actor) -> str:
    """What the grammar calls an actor's body."""
    body = actor.avatar.body if isinstance(actor.avatar, SkinnedAvatar) else getattr(actor.avatar, "shape", "box")
    return "person" if body == "adult" else body


def _renamed(plan: Plan, names: dict[str, str]) -> Plan:
    """The plan with other names for its actors."""

    def action(given: Action) -> Action:
        return replace(given, target=names.get(given.target, given.target)) if given.target else given

    def act(given: ActorAction) -> ActorAction:
        after = given.after and (names.get(given.after[0], given.after[0]), given.after[1])
        return replace(given, other=names.get(given.other, given.other) if given.other else None, after=after)

    return replace(
        plan,
        moves=tuple(replace(move, actions=tuple(map(action, move.actions))) for move in plan.moves),
        actors=tuple(
            replace(mention, name=names[mention.name], actions=tuple(map(act, mention.actions)))
            for mention in plan.actors
        ),
    )


def _free(name: str, taken: set[str]) -> str:
    base, number, free = _NUMBER.sub("", name), 1, _NUMBER.sub("", name)
    while free in taken:
        number += 1
        free = f"{base} {number}"
    return free


def _plain(words: str) -> str:
    return without_article(" ".join(words.casefold().replace("-", " ").replace("_", " ").split()))


def _nobody(shot: Shot, words: str) -> InputError:
    near = nearest_name(words, [name for actor in shot.actors for name in (actor.name, actor.prompt)])
    hint = f"; did you mean {near!r}?" if near else ""
    return InputError(f"the shot has no actor {words!r}{hint or f'; {_listed(shot.actors)}'}")


def _listed(actors: Sequence[Actor]) -> str:
    return "its actors: " + (", ".join(f"{actor.name!r} ({actor.prompt})" for actor in actors) or "none")

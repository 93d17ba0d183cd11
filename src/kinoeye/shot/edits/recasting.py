"""Other actors for a shot: another body in the same way, and one more of them."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.language.plan import Action, ActorMention, Move
from kinoeye.language.prose import within_sentence
from kinoeye.shot.acting import Part
from kinoeye.shot.bodies.casting import cast_body
from kinoeye.shot.bodies.motions import MOTIONS
from kinoeye.shot.edits.cast_words import SpokenPlan, actor_meant, noun_of, spoken_of
from kinoeye.shot.edits.motion import Edited
from kinoeye.shot.edits.performing import acted, course_of
from kinoeye.shot.edits.retelling import retold
from kinoeye.shot.roles import Role, avatar_of, colour_of, role_of
from kinoeye.shot.shot import Actor, Avatar, Shot, SkinnedAvatar
from kinoeye.shot.space import Space
from kinoeye.shot.staging import cast, filmed, stage
from kinoeye.shot.staging_notes import in_view

_CLOTHES_ALONE = re.compile(r"^(?:in|wearing|with) ", re.IGNORECASE)
_CLOTHES = re.compile(r",? (?:in|wearing|with|dressed) .*$", re.IGNORECASE)
_BESIDE = re.compile(r" (?=(?:right )?(?:beside|next to|near|by|close to) )", re.IGNORECASE)
_TOWARDS = re.compile(
    r"(?: (?:stands|standing))? (?:right )?"
    r"(?:(behind|in front of)|(?:(?:to|on) (?:the )?)?(left|right)(?: side)? of)(?= )",
    re.IGNORECASE,
)
_BEARINGS: Mapping[str, float] = {"behind": 0.0, "left": math.pi / 2, "in front of": math.pi, "right": -math.pi / 2}
"""Where somebody is from another -> direction there, counter-clockwise from where the first camera sees the other."""
_CUES: Mapping[str, Sequence[str]] = {"adult": tuple(MOTIONS), "dog": ("sit",)}
"""Body -> what it can be cued to."""
_AROUND = tuple(math.radians(angle) for angle in (0, -35, 35, -70, 70))
"""Turns by which somebody beside another is nearer to its front or its back."""
_ABOUT = tuple(math.radians(angle) for angle in (0, -15, 15, -30, 30))
"""Turns by which a bearing that was told may be missed, for a better view."""


def change_actor(shot: Shot, looks: str, *, actor: str | None = None) -> Edited[Shot]:
    """The shot with another body, or other clothes, where an actor is; it goes the same way at the same times.

    Args:
        shot: whose camera, place and other actors stay as they are.
        looks: who is there instead, such as "a robot" or "a small dog"; or clothes alone, such as "in a blue coat". An
            adult for an adult keeps the height unless the words say another one.
        actor: its name or words of its prompt; None for the only one.

    Returns:
        The shot, and who is seen instead, with what it cannot do of what was done before.

    Raises:
        InputError: there is no such actor, the words are no one actor, or clothes mean nothing that can be shown.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> shot = stage(parse("A man in blue walks left. Push in."), seed=0)
        >>> [each.name for each in change_actor(shot, "a red robot").path.actors]
        ['red robot']
    """
    who = actor_meant(shot, actor, edit="actor")
    others = [each for each in shot.actors if each is not who]
    if _CLOTHES_ALONE.match(looks):
        if noun_of(who) != "person":
            raise InputError(f"{who.name} wears no clothes; say who is there instead, such as 'a woman {looks}'")
        looks = f"{_CLOTHES.sub('', who.prompt)} {looks}"
    spoken = spoken_of(replace(shot, actors=tuple(others)), looks, of=others)
    mention = _only(spoken, looks)
    if mention.actions or mention.behaviour != "stand":
        raise InputError(f"{looks!r} says what somebody does; write motion:... for that")
    role = role_of(mention)
    was_adult = isinstance(who.avatar, SkinnedAvatar) and who.avatar.body == "adult"
    if role.shape == "adult" and was_adult and mention.size is None:
        role = replace(role, size_xyz=who.size_xyz)
    avatar, lost = _playing(role, who, shot)
    name = who.name if noun_of(who) == mention.shape else mention.name
    made = replace(cast(role, who.track, avatar), name=name)
    _require_clothes(made)
    actors = tuple(made if each is who else each for each in shot.actors)
    note = f"{who.name} is {made.prompt!r} now{'' if made.name == who.name else f', called {made.name!r}'}{lost}"
    return Edited(retold(replace(shot, actors=actors)), (note + _unused(spoken),))


def add_actor(shot: Shot, looks: str) -> Edited[Shot]:
    """The shot with one more actor, in view and free of the others; everybody else stays as they are.

    Args:
        shot: any.
        looks: who it is and what it does, also with regard to those who are there: "a dog beside the woman", "a robot
            follows her". Behind, in front, left and right of somebody are as the first camera sees them.

    Returns:
        The shot, and where the new actor is.

    Raises:
        InputError: the words are no one actor, or clothes mean nothing that can be shown.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> shot = stage(parse("A woman in red stands still. Push in."), seed=0)
        >>> [actor.name for actor in add_actor(shot, "a dog beside the woman").path.actors]
        ['person', 'dog']
    """
    words = looks.strip().rstrip(".")
    placed = _TOWARDS.search(words)
    bearing = None if placed is None else _BEARINGS[(placed[1] or placed[2]).lower()]
    words = words if placed is None else _TOWARDS.sub(" stands beside", words, count=1)
    spoken = spoken_of(shot, f"{words[:1].upper()}{words[1:]}.", of=shot.actors)
    if not any(mention.actions for mention in spoken.new):
        standing = _BESIDE.sub(" stands ", words, count=1)
        spoken = spoken_of(shot, f"{standing[:1].upper()}{standing[1:]}.", of=shot.actors)
    mention = _only(spoken, looks)
    others = dict(zip((actor.name for actor in shot.actors), spoken.cast, strict=True))
    if any(action.other in others for action in mention.actions):
        made = _with_another(shot, mention, others, bearing)
    else:
        plan = replace(spoken.plan, moves=(Move((Action("hold"),)),), actors=(mention,), place=None)
        made = stage(plan, seed=shot.seed + len(shot.actors), into=shot).actors[-1]
    _require_clothes(made)
    x, y, _ = made.track.at(shot.camera.times_s[:1]).T_world_body.translation[0].tolist()
    note = f"{made.name}: {made.prompt!r} at ({x:.2f}, {y:.2f}) m"
    return Edited(retold(replace(shot, actors=(*shot.actors, made))), (note + _unused(spoken),))


def _with_another(
    shot: Shot, mention: ActorMention, others: Mapping[str, ActorMention], bearing: float | None
) -> Actor:
    """An actor who acts with regard to those who are there, where it is seen best of all places that the words allow.

    To the left or to the right where they say neither, and who only stands beside somebody on any side, or about
    where a bearing (see `_BEARINGS`) says.
    """
    role = role_of(mention)
    colour = colour_of(role, _generator(shot, mention.name))
    space = Space.around(shot.camera, shot.actors)
    since = space.times_s - space.times_s[0]
    stays = all(action.name in ("wait", "sit") for action in mention.actions)
    sides, turns = _sides(mention), _AROUND if stays else (0.0,)
    if bearing is not None and stays:
        leftward = _leftward(shot, mention)
        sides, turns = sides[:1], tuple(bearing - leftward + turn for turn in _ABOUT)
    ways: list[tuple[float, float, Actor]] = []
    for each, turned in product(sides, turns):
        course = acted(shot, Part(each, role.size_xyz), others, turned=turned)
        track, cues = filmed(course, shot.camera.times_s)
        actor = cast(role, track, avatar_of(role, colour, walks=True, cues=cues))
        unseen = 1.0 - float(in_view(shot, actor).mean())
        ways.append((unseen, space.faults(course.at(since)[0][:, :2], role, []), actor))
    return min(ways, key=lambda way: way[:2])[2]


def _leftward(shot: Shot, mention: ActorMention) -> float:
    """The bearing of the left of whom an actor stands beside; see `_BEARINGS`."""
    other = shot.actor(next(action.other for action in mention.actions if action.other))
    course = course_of(other, shot)
    x, y = (course.xyz[0, :2] - shot.camera.T_world_cam.translation[0, :2].double().numpy()).tolist()
    return float(course.facing[0]) + math.pi / 2 - math.atan2(y, x)


def _sides(mention: ActorMention) -> tuple[ActorMention, ...]:
    """The mention with either side where its actions with regard to another can have one and have none."""
    return tuple(
        replace(mention, actions=tuple(replace(a, side=a.side or side) if a.other else a for a in mention.actions))
        for side in ("left", "right")
    )


def _only(spoken: SpokenPlan, words: str) -> ActorMention:
    """The one new actor of words.

    Raises:
        InputError: they name none or several, move the camera, or let others act.
    """
    if any(not move.is_hold for move in spoken.plan.moves):
        raise InputError(f"{words!r} moves the camera; write camera:... for that")
    if any(mention.actions for mention in spoken.cast):
        raise InputError(f"{words!r} says what others do; write motion:NAME=... for that")
    if len(spoken.new) != 1:
        many = f"{len(spoken.new)} actors; add them one by one" if spoken.new else "nobody that can be shown"
        raise InputError(f"{words!r} names {many}, such as 'a dog' or 'a tall woman in red'")
    return replace(spoken.new[0], prompt=within_sentence(spoken.new[0].prompt))


def _playing(role: Role, who: Actor, shot: Shot) -> tuple[Avatar | SkinnedAvatar, str]:
    """The looks of a role in the place of an actor, and what it cannot do of what the actor did."""
    colour = colour_of(role, _generator(shot, who.name))
    walks = who.moves
    if not isinstance(who.avatar, SkinnedAvatar):
        return avatar_of(role, colour, walks=walks), ""
    recorded, cues = who.avatar.recorded, who.avatar.cues
    kept = tuple(cue for cue in cues if cue.name in _CUES.get(role.shape, ()))
    avatar = avatar_of(role, colour, walks=walks, cues=kept)
    lost = sorted({cue.name.replace("_", " ") for cue in cues} - {cue.name.replace("_", " ") for cue in kept})
    if isinstance(avatar, SkinnedAvatar) and avatar.body == who.avatar.body:
        avatar = replace(avatar, recorded=recorded, still=who.avatar.still)
    elif recorded is not None:
        lost.append("go through recorded motion")
    return avatar, f"; a {noun_of(replace(who, avatar=avatar))} cannot {' or '.join(lost)}" if lost else ""


def _require_clothes(actor: Actor) -> None:
    """Hold that what an actor wears can be shown."""
    if isinstance(actor.avatar, SkinnedAvatar):
        cast_body(actor.avatar.body, actor.avatar.color_rgb, actor.avatar.clothes, actor.size_xyz[2])


def _unused(spoken: SpokenPlan) -> str:
    return f"; not used: {', '.join(spoken.unused)}" if spoken.unused else ""


def _generator(shot: Shot, name: str) -> np.random.Generator:
    """Of what nobody said about an actor of a name."""
    return np.random.default_rng([shot.seed, zlib.crc32(name.encode())])

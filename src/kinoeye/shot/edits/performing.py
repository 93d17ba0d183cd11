"""Another motion for an actor of a shot: in words, by a name, or recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry.lie import SE3, SO3
from kinoeye.geometry.track import Track
from kinoeye.language.acting_words import ACTS
from kinoeye.language.plan import ActorAction, ActorMention
from kinoeye.language.prose import with_article
from kinoeye.shot.acting import Part, played
from kinoeye.shot.bodies.casting import cast_body
from kinoeye.shot.bodies.recording import RecordedMotion, recorded_on
from kinoeye.shot.course import RATE_HZ, Course
from kinoeye.shot.edits.cast_words import actor_meant, noun_of, spoken_of
from kinoeye.shot.edits.motion import Edited
from kinoeye.shot.edits.retelling import retold
from kinoeye.shot.roles import role_of, told_heading
from kinoeye.shot.shot import Actor, Shot, SkinnedAvatar
from kinoeye.shot.staging import filmed

FITTED = 1.5
"""A recording is stretched to the film's length where that makes it so many times longer or shorter at most."""
_SUBJECT = re.compile(r"^(?:she|he|it|they) ", re.IGNORECASE)
_STAYS = re.compile(r"^(?:stands?|stays?|waits?|rests?)( still| there| in place)?$", re.IGNORECASE)


def change_motion(
    shot: Shot, motion: str | RecordedMotion, *, actor: str | None = None, turn_deg: float = 0.0
) -> Edited[Shot]:
    """The shot with an actor that does something else, from where it stood at the beginning and as it faced there.

    Words are those in which actors act ("walks in a circle, then waves", "follows the dog"), with or without a
    subject, or the name of a motion ("wave", "figure eight"). Recorded motion is retargeted by the names of joints, and
    its planted feet stay on the ground; it lasts as long as the film if that changes its pace by no more than
    `FITTED`, else it keeps its pace and is cut off, or stays in its last pose, where the film is shorter or longer.

    Args:
        shot: whose camera, place and other actors stay as they are.
        motion: words, or a recording.
        actor: its name or words of its prompt; None for the only one.
        turn_deg: by which a recording is turned from how the actor faced, counter-clockwise from above.

    Returns:
        The shot, and what was done; for a recording with the report of retargeting.

    Raises:
        InputError: there is no such actor, nobody like it can do that, the joints do not fit, or words shall be turned.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> shot = stage(parse("A man in blue stands still. Push in over 4 seconds."), seed=0)
        >>> change_motion(shot, "waves").path.prompt
        'A man in blue waves, in a meadow on a clear day. The camera moves forward.'
    """
    who = actor_meant(shot, actor, edit="motion")
    if isinstance(motion, str) and turn_deg:
        raise InputError("turn is of recorded motion, and this is told in words, such as 'walks to the left'")
    changed, note = _told(shot, who, motion) if isinstance(motion, str) else _recorded(shot, who, motion, turn_deg)
    actors = tuple(changed if each is who else each for each in shot.actors)
    return Edited(retold(replace(shot, actors=actors)), (f"{who.name}: {note}",))


def course_of(actor: Actor, shot: Shot) -> Course:
    """Where an actor of a shot is over the film, as a course in the world that others can go by."""
    start, end = float(shot.camera.times_s[0]), float(shot.camera.times_s[-1])
    since = torch.arange(math.ceil((end - start) * RATE_HZ) + 1, dtype=torch.float64) / RATE_HZ
    poses = actor.track.at(start + since).T_world_body
    R = poses.rotation.as_matrix().double().numpy()
    facing = np.unwrap(np.arctan2(R[:, 1, 0], R[:, 0, 0]))
    return Course(poses.translation.double().numpy(), facing)


def acted(shot: Shot, part: Part, others: Mapping[str, ActorMention], *, turned: float = 0.0) -> Course:
    """The course of somebody who acts among a shot's actors, in the world.

    Args:
        shot: whose actors go on as they do.
        part: who acts.
        others: mentions of the shot's actors by name.
        turned: angle by which the others are taken to face elsewhere, for who stands beside them.
    """
    known = {actor.name: actor for actor in shot.actors if actor.name in others and actor.name != part.mention.name}
    group = [part, *(Part(replace(others[name], actions=()), actor.size_xyz) for name, actor in known.items())]
    forward = shot.camera.T_world_cam[0].rotation.as_matrix()[:2, 2].tolist()
    courses = played(
        group,
        view_heading=math.atan2(forward[1], forward[0]),
        camera_xy=shot.camera.T_world_cam.translation[0, :2].double().numpy(),
        generator=np.random.default_rng([shot.seed, 0x9A7]),
        known={name: _turned(course_of(actor, shot), turned) for name, actor in known.items()},
    )
    return courses[part.mention.name]


def _turned(course: Course, angle: float) -> Course:
    return replace(course, facing=course.facing + angle)


def _told(shot: Shot, who: Actor, words: str) -> tuple[Actor, str]:
    mention, others, unused = _mention(shot, who, words)
    start = who.track.at(shot.camera.times_s[:1]).T_world_body
    x, y, z = start.translation[0].tolist()
    R = start.rotation.as_matrix()[0]
    forward = shot.camera.T_world_cam[0].rotation.as_matrix()[:2, 2].tolist()
    heading = told_heading(role_of(mention), math.atan2(forward[1], forward[0]))
    stands = (x, y, z, math.atan2(float(R[1, 0]), float(R[0, 0])))
    if not mention.actions and mention.behaviour == "stand":
        track, cues, lasts_s = Track(start, shot.camera.times_s[:1], who.track.unit), (), 0.0
    else:
        course = acted(shot, Part(mention, who.size_xyz, heading, stands), others)
        track, cues = filmed(course, shot.camera.times_s)
        lasts_s = course.seconds
    avatar = who.avatar
    if isinstance(avatar, SkinnedAvatar):
        avatar = replace(avatar, cues=cues, recorded=None, still=False)
    elif avatar is not None:
        avatar = replace(avatar, gait="walk" if len(track) > 1 else "stand")
    length_s = shot.camera.track.duration_s
    late = f"; the film of {length_s:.3g} s ends before it is done, which takes {lasts_s:.3g} s"
    note = f"{words}{late if lasts_s > length_s + 1e-6 else ''}"
    return replace(who, track=track, avatar=avatar), f"{note}; not used: {', '.join(unused)}" if unused else note


def _mention(shot: Shot, who: Actor, words: str) -> tuple[ActorMention, dict[str, ActorMention], tuple[str, ...]]:
    """What words say that an actor does, the mentions of all others, and what could not be used."""
    others = [actor for actor in shot.actors if actor is not who]
    noun = noun_of(who)
    named = " ".join(words.replace("_", " ").split()).rstrip(".")
    subject = with_article(noun)
    spoken = spoken_of(shot, f"{subject.capitalize()} {_SUBJECT.sub('', named)}.", of=others)
    plan, mentions = spoken.plan, {actor.name: each for actor, each in zip(others, spoken.cast, strict=True)}
    act = ACTS.get(named) or ACTS.get(named.replace(" ", "_"))
    if act is not None and act.kind in ("way", "cue") and (act.shapes is None or noun in act.shapes):
        name = named if named in ACTS else named.replace(" ", "_")
        return ActorMention(who.name, who.prompt, noun, actions=(ActorAction(name),)), mentions, ()
    if any(not move.is_hold for move in plan.moves):
        raise InputError(f"{words!r} moves the camera and nobody; write camera:... for that")
    if len(spoken.new) != 1:
        raise InputError(
            f"{words!r} names {spoken.new[-1].prompt!r}, who is not in the shot"
            if spoken.new
            else f"{words!r} does not say what {who.name} does"
        )
    mention = replace(spoken.new[0], name=who.name)
    moves = mention.actions or mention.behaviour != "stand" or _STAYS.match(named)
    if not moves or any(each.actions for each in spoken.cast):
        reason = next((each for each in spoken.unused if each.endswith(")")), "this is not understood")
        raise InputError(f"{who.name} cannot do {words!r}: {reason}; write for example 'walks in a circle, then waves'")
    return mention, mentions, spoken.unused


def _recorded(shot: Shot, who: Actor, motion: RecordedMotion, turn_deg: float) -> tuple[Actor, str]:
    avatar = who.avatar
    if not isinstance(avatar, SkinnedAvatar):
        raise InputError(f"{who.name} has no joints that recorded motion could move; people have, and dogs")
    times = shot.camera.times_s
    start_s, length_s, lasts_s = float(times[0]), shot.camera.track.duration_s, motion.clip.duration_s
    fits = lasts_s > 0 and 1 / FITTED <= length_s / lasts_s <= FITTED
    slower = length_s / lasts_s if fits else 1.0
    body = cast_body(avatar.body, avatar.color_rgb, avatar.clothes, who.size_xyz[2])
    try:
        recording, way, report = recorded_on(
            motion, body, start_s=start_s, end_s=start_s + length_s, times_slower=slower
        )
    except InputError as error:
        raise InputError(f"{who.name} cannot move like that: {error}") from error
    start = who.track.at(times[:1]).T_world_body[0]
    upright = SE3.from_parts(_heading(start, math.radians(turn_deg)), start.translation)
    track = Track(upright @ way.T_world_body[0].inverse() @ way.T_world_body, way.times_s, who.track.unit)
    pace = "at its own pace"
    if fits and abs(slower - 1) > 1e-6:
        pace = f"{lasts_s:.3g} s made to last the {length_s:.3g} s of the film"
    elif lasts_s > length_s and not fits:
        pace = f"at its own pace, cut off after {length_s:.3g} of {lasts_s:.3g} s"
    elif not fits:
        pace = f"at its own pace, over after {lasts_s:.3g} of {length_s:.3g} s"
    avatar = replace(avatar, recorded=recording, cues=(), still=False)
    return replace(who, track=track, avatar=avatar), f"recorded motion {pace}; {report.summary}"


def _heading(pose: SE3, turned: float) -> SO3:
    """The turn about the vertical alone of a pose, and so much more."""
    R = pose.rotation.as_matrix()
    zero = torch.zeros((), dtype=R.dtype)
    return SO3.exp(torch.stack([zero, zero, torch.atan2(R[1, 0], R[0, 0]) + turned]))

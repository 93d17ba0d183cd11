"""What the first and the last frame of a shot show of its subject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinoeye.geometry.convention import Float64, invert
from kinoeye.language.prose import within_sentence
from kinoeye.shot.captions.interaction import GROWTH, Ending, Side, SubjectStory
from kinoeye.shot.shot import Actor, Shot

_BEHIND_M = 0.1
"""What is nearer along the camera's axis cannot be seen whole."""
_MIDDLE = (0.35, 0.65)
"""Shares of the width between which something is in the middle."""


@dataclass(frozen=True)
class Sight:
    """An actor in one frame."""

    side: Side
    distance_m: float
    """From the camera to its middle."""
    height: float
    """Of its axis on the screen, as a share of the frame's; 0 out of view."""


def story_of(shot: Shot, subject: Actor, others: Sequence[Actor], place: str) -> SubjectStory:
    """What a shot shows of a subject.

    Args:
        shot: the subject is one of its actors.
        subject: whom the captions are about.
        others: who else is in the first frame.
        place: the environment in words.
    """
    first, last = (sight(subject, shot, frame) for frame in (0, -1))
    return SubjectStory(
        subject=brief(subject.prompt),
        others=tuple(brief(actor.prompt) for actor in others),
        place=place,
        side=first.side,
        ending=_ending(first, last),
    )


def brief(prompt: str) -> str:
    """The first that is said of somebody, for captions of few words.

    Example:
        >>> brief("a tall person in a red vest and green trousers, with brown hair")
        'a tall person in a red vest'
    """
    return re.split(r", | and | over | below ", within_sentence(prompt), maxsplit=1)[0]


def sight(actor: Actor, shot: Shot, frame: int) -> Sight:
    """Where an actor is in a frame of a shot, whatever hides it."""
    time = shot.camera.times_s[[frame]]
    foot = actor.track.at(time).T_world_body.translation[0].double().numpy()
    axis = foot + np.array([[0.0, 0.0, 0.0], [0.0, 0.0, actor.size_xyz[2]]])
    T_world_cam = shot.camera.T_world_cam.as_matrix().double().numpy()[frame]
    K = shot.camera.intrinsics.as_matrix().double().numpy()
    return _seen(axis, T_world_cam, K[frame] if len(K) > 1 else K[0], shot.camera.size_wh)


def _seen(axis: Float64, T_world_cam: Float64, K: Float64, size_wh: tuple[int, int]) -> Sight:
    T_cam_world = invert(T_world_cam[None, :3])[0]
    points = axis @ T_cam_world[:, :3].T + T_cam_world[:, 3]
    distance = float(np.linalg.norm(points.mean(axis=0)))
    if points[:, 2].min() <= _BEHIND_M:
        return Sight("out of view", distance, 0.0)
    pixels = (points @ K.T)[:, :2] / points[:, 2:]
    across, down = (pixels / size_wh).T
    middle = float(across.mean())
    if not (0 <= middle <= 1 and down.min() <= 1 and down.max() >= 0):
        return Sight("out of view", distance, 0.0)
    low, high = _MIDDLE
    return Sight("left" if middle < low else "right" if middle > high else "middle", distance, float(np.ptp(down)))


def _ending(first: Sight, last: Sight) -> Ending:
    if last.side == "out of view":
        return "leaves"
    if last.distance_m * GROWTH < first.distance_m:
        return "grows"
    return "shrinks" if last.distance_m > GROWTH * first.distance_m else "stays"

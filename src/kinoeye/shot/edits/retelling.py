"""What a shot is told by after it was edited, and whether what it tells of can be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.shot.captions import captions_of
from kinoeye.shot.shot import Actor, Shot
from kinoeye.shot.staging_notes import seen


def retold(shot: Shot) -> Shot:
    """The shot with a prompt of what it shows: who does what where, and how the camera moves.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> retold(stage(parse("a red robot; push in"), seed=0)).prompt
        'A red robot stands in its place, in a meadow on a clear day. The camera moves forward.'
    """
    captions = captions_of(shot)
    return replace(shot, prompt=f"{captions.avatar} {captions.motion}")


def require_seen(shot: Shot, names: Iterable[str]) -> None:
    """Hold that each of some actors is in the picture at one time at least.

    Raises:
        InputError: nothing of one would be filmed; the message says in which frames it is behind the camera, and in
            which beside the picture.
    """
    for name in names:
        actor = shot.actor(name)
        in_picture, ahead = visibility(shot, actor)
        if not in_picture.any():
            where = [
                f"{what} in {_frames(frames)}"
                for what, frames in (("behind the camera", ~ahead), ("out of the picture", ahead))
                if frames.any()
            ]
            raise InputError(f"{name} would not be filmed: it is {' and '.join(where)}; move the camera or the actor")


def visibility(shot: Shot, actor: Actor) -> tuple[np.ndarray, np.ndarray]:
    """Whether anything of an actor's box is in each picture [n], whatever hides it, and is ahead of the camera [n]."""
    T_world_body = actor.track.at(shot.camera.times_s).T_world_body
    shares = torch.tensor([*product((-0.5, 0.0, 0.5), (-0.5, 0.0, 0.5), (0.0, 0.25, 0.5, 0.75, 1.0))])
    offsets = shares.double() * torch.tensor(actor.size_xyz, dtype=torch.float64)
    points = offsets @ T_world_body.rotation.as_matrix().double().mT + T_world_body.translation.double()[:, None]
    within, depth = seen(shot, points)
    return np.asarray(within.any(axis=1)), np.asarray((depth > 0).any(axis=1))


def _frames(which: np.ndarray) -> str:
    """Such as "frames 1 to 20 and 31 to 49", or "all 49 frames"."""
    if which.all():
        return f"all {len(which)} frames" if len(which) > 1 else "its only frame"
    edges = np.flatnonzero(np.diff(np.concatenate([[False], which, [False]]).astype(int)))
    spans = [f"{a + 1} to {b}" if b > a + 1 else f"{b}" for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return f"frames {' and '.join(spans)}"

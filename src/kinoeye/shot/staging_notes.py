"""What could not be had when a shot was staged: actors out of view, too near, in one another, or cut off by the end."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch
from jaxtyping import Bool, Float

from kinoeye.facts.boxes import gap
from kinoeye.shot.scene_tracks import scene_tracks
from kinoeye.shot.shot import Actor, Shot, SkinnedAvatar

ON_THE_LENS_M = 0.3
"""Free space between a camera and a body that is as good as none."""
TOO_LARGE = 2.0
"""Heights of the picture that a body takes when nearly nothing else is seen."""
_SHORTEST_S = 0.25
"""Less time out of view is nothing to speak of."""


def staging_notes(shot: Shot) -> tuple[str, ...]:
    """A sentence for each thing that is not as one would want it, with its times.

    Example:
        >>> from kinoeye.language import parse
        >>> from kinoeye.shot import stage
        >>> staging_notes(stage(parse("orbit right around the red robot"), seed=0))
        ()
    """
    tracks, times = scene_tracks(shot), shot.camera.times_s.double().numpy()
    notes = []
    for actor in shot.actors:
        notes += [f"{actor.name} is out of view from {span}" for span in _spans(~in_view(shot, actor), times)]
        on_lens, heights = _nearness(shot, actor)
        notes += [f"{actor.name} is on the lens from {span}" for span in _spans(on_lens, times)]
        large = ~on_lens & (heights > TOO_LARGE)
        if spans := _spans(large, times):
            percent = round(100 * float(heights[large].max()))
            notes.append(f"{actor.name} is up to {percent} % as high as the picture from {' and from '.join(spans)}")
        avatar = actor.avatar
        late = (
            [cue.name for cue in avatar.cues if cue.start_s >= times[-1]] if isinstance(avatar, SkinnedAvatar) else []
        )
        notes += [f"the shot ends before {actor.name} can {name.replace('_', ' ')}" for name in late]
    for one, other in combinations(shot.actors, 2):
        touching = gap(tracks, one.name, other.name) <= 0.0
        notes += [f"{one.name} and {other.name} are in one another from {s}" for s in _spans(touching, times)]
    return tuple(notes)


def in_view(shot: Shot, actor: Actor) -> np.ndarray:
    """Whether the middle of an actor is in each picture [n]."""
    middle = actor.track.at(shot.camera.times_s).T_world_body.translation.clone()
    middle[:, 2] += 0.5 * actor.size_xyz[2]
    return seen(shot, middle)[0]


def seen(
    shot: Shot, points: Float[torch.Tensor, "n *k 3"]
) -> tuple[Bool[np.ndarray, "n *k"], Float[np.ndarray, "n *k"]]:
    """Whether points of the world, those of each picture, are in it, and how far ahead of the camera they are."""
    T_cam_world = shot.camera.T_world_cam.inverse()
    flat = points.reshape(len(points), -1, 3)
    ahead = flat @ T_cam_world.rotation.as_matrix().mT + T_cam_world.translation[:, None]
    fx_fy_cx_cy = shot.camera.intrinsics.fx_fy_cx_cy[:, None]
    depth = ahead[..., 2:]
    xy = fx_fy_cx_cy[..., :2] * ahead[..., :2] / depth + fx_fy_cx_cy[..., 2:]
    size = xy.new_tensor(shot.camera.size_wh)
    within = ((depth > 0) & (xy >= 0) & (xy <= size)).all(dim=-1)
    return within.reshape(points.shape[:-1]).numpy(), depth[..., 0].reshape(points.shape[:-1]).numpy()


def _nearness(shot: Shot, actor: Actor) -> tuple[np.ndarray, np.ndarray]:
    """Whether a body is on the lens [n], and how high it is in each picture [n], in heights of the picture."""
    T_world_body = actor.track.at(shot.camera.times_s).T_world_body
    half = T_world_body.translation.new_tensor(actor.size_xyz) / 2
    up = half * half.new_tensor([0.0, 0.0, 1.0])
    camera = (T_world_body.inverse() @ shot.camera.T_world_cam.translation) - up
    on_lens = ((camera.abs() - half).clamp(min=0.0).norm(dim=-1) < ON_THE_LENS_M).numpy()
    # The point of the body that is nearest to the camera, and the middle.
    nearest = T_world_body @ (camera.clamp(-half, half) + up)
    (near_seen, depth), (middle_seen, _) = seen(shot, nearest), seen(shot, T_world_body @ up.expand_as(nearest))
    height = shot.camera.intrinsics.fx_fy_cx_cy[:, 1].numpy() * actor.size_xyz[2] / np.maximum(depth, 1e-6)
    return on_lens, np.where(near_seen | (middle_seen & (depth > 0)), height / shot.camera.size_wh[1], 0.0)


def _spans(wrong: np.ndarray, times_s: np.ndarray) -> list[str]:
    """Stretches of time in which something is wrong, in words."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wrong, [False]]).astype(int)))
    pairs = zip(edges[::2], edges[1::2] - 1, strict=True)
    return [f"{times_s[a]:.1f} to {times_s[b]:.1f} s" for a, b in pairs if times_s[b] - times_s[a] >= _SHORTEST_S]

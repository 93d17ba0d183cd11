"""What could not be had when a shot was staged: actors out of view, in one another, or cut off by the end."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from kinoeye.facts.boxes import gap
from kinoeye.shot.scene_tracks import scene_tracks
from kinoeye.shot.shot import Actor, Shot, SkinnedAvatar

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
        notes += [f"{actor.name} is out of view from {span}" for span in _spans(~_in_view(shot, actor), times)]
        avatar = actor.avatar
        late = (
            [cue.name for cue in avatar.cues if cue.start_s >= times[-1]] if isinstance(avatar, SkinnedAvatar) else []
        )
        notes += [f"the shot ends before {actor.name} can {name.replace('_', ' ')}" for name in late]
    for one, other in combinations(shot.actors, 2):
        touching = gap(tracks, one.name, other.name) <= 0.0
        notes += [f"{one.name} and {other.name} are in one another from {s}" for s in _spans(touching, times)]
    return tuple(notes)


def _in_view(shot: Shot, actor: Actor) -> np.ndarray:
    """Whether the middle of an actor is in each picture [n]."""
    middle = actor.track.at(shot.camera.times_s).T_world_body.translation.clone()
    middle[:, 2] += 0.5 * actor.size_xyz[2]
    T_cam_world = shot.camera.T_world_cam.inverse()
    seen = (T_cam_world.rotation.as_matrix() @ middle[:, :, None])[..., 0] + T_cam_world.translation
    fx_fy_cx_cy = shot.camera.intrinsics.fx_fy_cx_cy
    depth = seen[:, 2:]
    xy = fx_fy_cx_cy[:, :2] * seen[:, :2] / depth + fx_fy_cx_cy[:, 2:]
    size = xy.new_tensor(shot.camera.size_wh)
    return ((depth > 0) & (xy >= 0) & (xy <= size)).all(dim=-1).numpy()


def _spans(wrong: np.ndarray, times_s: np.ndarray) -> list[str]:
    """Stretches of time in which something is wrong, in words."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wrong, [False]]).astype(int)))
    pairs = zip(edges[::2], edges[1::2] - 1, strict=True)
    return [f"{times_s[a]:.1f} to {times_s[b]:.1f} s" for a, b in pairs if times_s[b] - times_s[a] >= _SHORTEST_S]

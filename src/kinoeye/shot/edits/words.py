"""How notes of edits call lengths, counts, rates and changes."""

from __future__ import annotations

import math

import torch

from kinoeye.geometry.track import Track
from kinoeye.shot.edits.motion import Motion, camera_of, median_step_s, track_of
from kinoeye.shot.shot import Shot


def subject_words(subject: tuple[float, ...] | str) -> str:
    """A point as (x, y, z), or a name."""
    return subject if isinstance(subject, str) else f"({', '.join(f'{x:g}' for x in subject)})"


def length(track: Track, value: float) -> str:
    """A length in the track's unit."""
    return f"{value:.3g} m" if track.unit == "m" else f"{value:.3g} units"


def count(track: Track) -> str:
    """Such as "49 poses"."""
    return f"{len(track)} poses" if len(track) != 1 else "1 pose"


def rate(track: Track) -> str:
    """Such as "at 24 a second"."""
    return f"at {1 / median_step_s(track):.4g} a second"


def field_of_view(path: Motion) -> str:
    """Such as "40 to 60 degrees wide"."""
    horizontal = torch.rad2deg(camera_of(path, needed_for="a lens").intrinsics.fov()[:, 0])
    low, high = float(horizontal.min()), float(horizontal.max())
    return f"{low:.4g} degrees wide" if high - low < 1e-3 else f"{low:.4g} to {high:.4g} degrees wide"


def moved(before: Motion, after: Motion) -> str:
    """How far poses moved and turned, at most."""
    a, b = track_of(before).T_world_body, track_of(after).T_world_body
    far = float((a.translation - b.translation).norm(dim=-1).max())
    turned = math.degrees(float((a.rotation.inverse() @ b.rotation).angle().max()))
    return f"poses moved by at most {length(track_of(before), far)} and turned by at most {turned:.3g} degrees"


def travelled(track: Track) -> float:
    """The length of the way, in the track's unit."""
    return float(track.T_world_body.translation.diff(dim=0).norm(dim=-1).sum())


def turned_rad(track: Track) -> float:
    """The sum of the turns from pose to pose, in radians."""
    return float((track.T_world_body[:-1].inverse() @ track.T_world_body[1:]).rotation.angle().sum())


def actors_stay(path: Motion) -> str:
    """What to add where the time of a camera changes and the shot's moving actors keep theirs."""
    moving = isinstance(path, Shot) and any(actor.moves for actor in path.actors)
    return "; the actors keep their own time" if moving else ""

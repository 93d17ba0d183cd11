"""Shots without a violation, chosen by brute force among staged sentences and worlds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from brute_force import arrays, body_at, distances, edge_points, lean, rectangles, share_in_frame, turning

from kinoeye.language import parse
from kinoeye.render.worlds import world
from kinoeye.shot import Shot, stage
from kinoeye.shot.shot import Actor

SPARE = 1.05
"""A clean shot holds every limit by this factor."""
SENTENCES = (
    "push in one metre towards the red robot",
    "pull back two metres from a blue cone",
    "orbit left 40 degrees around the red robot",
    "orbit right 30 degrees around a green sphere in the desert",
    "truck left half a metre past a tall yellow cylinder in the snow",
    "a red robot walks left while the camera holds for 1 second",
    "a blue robot walks left while the camera trucks left",
    "a person walks left while the camera tracks left",
    "pedestal up half a metre, then hold on the pink capsule",
    "pan left 8 degrees past the white box",
    "tilt up 5 degrees over the orange pyramid",
    "handheld push in half a metre towards the red robot",
    "zoom in slightly on the red robot on a plaza",
    "dolly zoom in half a metre on the blue cone",
    "hold. a red robot stands still and a blue box stands still",
    "push in half a metre. a green sphere stands still and a red cone stands still in the forest",
    "arc right 20 degrees around the black robot at night",
    "look at the red robot",
)


def clean_shots(count: int) -> Iterator[Shot]:
    """So many shots that hold every default limit, staged ones and worlds in turn."""
    candidates = (shot for pair in zip(_staged(), _worlds(), strict=False) for shot in pair)
    return itertools.islice((shot for shot in candidates if is_clean(shot)), count)


def _staged() -> Iterator[Shot]:
    for seed in itertools.count():
        yield stage(parse(SENTENCES[seed % len(SENTENCES)]), seed=seed, size_wh=(96, 54), num_frames=24 + seed % 26)


def _worlds() -> Iterator[Shot]:
    for seed in itertools.count():
        yield world("train", seed, num_frames=25, size_wh=(96, 54))


def is_clean(shot: Shot) -> bool:
    """Whether every default limit holds with `SPARE`; the cheap measures come first."""
    times, eye, R, _ = arrays(shot)
    step = times[1] - times[0]
    slow = all(
        np.linalg.norm(np.diff(eye, order, axis=0), axis=1).max(initial=0) / step**order * SPARE < most
        for order, most in ((1, 20.0), (2, 50.0), (3, 1500.0))
    )
    turns_slowly = turning(times, R, 1).max() * SPARE < 360 and turning(times, R, 2).max(initial=0) * SPARE < 6000
    level = np.abs(R[:, 2, 2]).max() < 0.95 and lean(R).max() * SPARE < 5
    if not (slow and turns_slowly and level and on_one_side(shot)):
        return False
    if not all(whole_in_front(shot, actor) and well_framed(shot, actor) for actor in shot.actors):
        return False
    return bool(clear_of_props(shot) and distances(shot)[1].min() > 0.3 * SPARE + 0.3)  # limbs reach out of the box


def whole_in_front(shot: Shot, actor: Actor) -> bool:
    times, eye, R, _ = arrays(shot)
    seen = (edge_points(actor, times) - eye[:, None]) @ R
    return bool(seen[..., 2].min() > 0.05)


def well_framed(shot: Shot, actor: Actor) -> bool:
    low, high = rectangles(shot, actor)
    tall = (high - low)[:, 1] / shot.camera.size_wh[1]
    if tall.min() < 0.05 * SPARE or tall.max() * SPARE > 3.2 or share_in_frame(shot, actor).min() < 0.5 * SPARE:
        return False
    area = (high - low).prod(axis=1)
    _, eye, _, _ = arrays(shot)
    away = np.linalg.norm(edge_points(actor, shot.camera.times_s.numpy()).mean(axis=1) - eye, axis=1)
    covered = np.zeros(len(eye))
    for nearest, other_low, other_high in _others(shot, actor):
        both = np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0, None).prod(axis=1)
        covered += np.where(nearest < away, both / area, 0.0)
    return bool(covered.max() < 0.3)  # even if all of every rectangle were solid


def _others(shot: Shot, actor: Actor) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Nearest corner's distance [n] and rectangle [n, 2] of everything else that is before the camera."""
    times, eye, R, K = arrays(shot)
    corners = [edge_points(other, times) for other in shot.actors if other is not actor]
    corners += [np.broadcast_to(prop_corners(prop), (len(times), 8, 3)) for prop in shot.environment.props]
    for points in corners:
        seen = (points - eye[:, None]) @ R
        ahead = seen[..., 2] > 0.05
        xy = seen[..., :2] / np.where(ahead, seen[..., 2], 1.0)[..., None] * K[:, None, :2] + K[:, None, 2:]
        low = np.where(ahead[..., None], xy, -np.inf if ahead.any() and not ahead.all() else np.nan)
        yield np.linalg.norm(seen, axis=2).min(axis=1), np.nan_to_num(low.min(axis=1), nan=np.inf, neginf=-1e9), \
            np.nan_to_num(np.where(ahead[..., None], xy, np.inf).max(axis=1), posinf=1e9)  # fmt: skip


def prop_corners(prop) -> np.ndarray:
    turn = math.radians(prop.yaw_deg)
    signs = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0, 1)]) * prop.size_xyz
    x = signs[:, 0] * math.cos(turn) - signs[:, 1] * math.sin(turn)
    y = signs[:, 0] * math.sin(turn) + signs[:, 1] * math.cos(turn)
    return np.column_stack([x + prop.position_xy[0], y + prop.position_xy[1], signs[:, 2] + prop.base_m])


def clear_of_props(shot: Shot) -> bool:
    """Whether the camera keeps a metre from the sphere around every prop."""
    eye = arrays(shot)[1]
    for prop in shot.environment.props:
        corners = prop_corners(prop)
        middle = corners.mean(axis=0)
        if np.linalg.norm(eye - middle, axis=1).min() < np.linalg.norm(corners - middle, axis=1).max() + 1.0:
            return False
    return True


def on_one_side(shot: Shot) -> bool:
    """Whether the camera stays on one side of the line between the first two actors, or on that of the only one's way.

    A camera that comes within reach of the line is left out.
    """
    times, eye, _, _ = arrays(shot)
    if not shot.actors:
        return True
    place = body_at(shot.actors[0], times)[:, :2, 3]
    if len(shot.actors) > 1:
        along = body_at(shot.actors[1], times)[:, :2, 3] - place
    else:
        along = np.gradient(place, times, axis=0)
        if np.linalg.norm(along, axis=1).max() < 0.15:
            return True
    if np.linalg.norm(along, axis=1).min() < 0.25:
        return False
    angle = np.arctan2(along[:, 1], along[:, 0])
    offset = eye[:, :2] - place
    side = -np.sin(angle) * offset[:, 0] + np.cos(angle) * offset[:, 1]
    return bool(side.min() > -0.095 and abs(side).min() > 0.06) or bool(side.max() < 0.095 and abs(side).min() > 0.06)

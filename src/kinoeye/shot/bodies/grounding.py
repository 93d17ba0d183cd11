"""Feet on the ground: recorded motion brought down to it and kept from sliding, and how far planted feet slide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies.body import Body, Clip, Float64, joint_transforms, reordered
from kinoeye.shot.bodies.joint_names import PART_NAMES, common_names
from kinoeye.shot.bodies.smoothing import gaussian

SOLE_M = 0.02
"""So far up from its lowest point the surface of a foot is its sole."""
PLANTED_M_S, PLANTED_S = 0.2, 0.15
_POINTS = 24
"""Points of a sole that are followed."""
_SURE_M, _SURE_M_S = 0.02, 0.25
"""A point of a sole is the less likely planted the higher (metres) and the faster (metres a second) it is."""
_SMOOTH_S = 0.04


def grounded(clip: Clip, body: Body) -> Clip:
    """The clip with its root moved so that feet reach the ground and, while they are planted, stay where they are.

    Motion of somebody else, scaled by height, floats or slides where legs are longer or shorter. The root goes the way
    that the planted points of the soles ask for: up and down with the lowest one, forward by what they would slide
    back. Where no foot is near the ground, as in a jump, the root goes as before but for the drift between.

    Args:
        clip: in the axes of somebody standing on z = 0; it may travel.
        body: whose feet are meant; its skeleton's joints are moved.

    Raises:
        InputError: the body has no feet, or the clip moves joints that it has not.
    """
    clip = reordered(clip, body.skeleton)
    soles = _soles(body, clip)
    shift = np.zeros_like(clip.root_xyz)
    lowest = soles[..., 2].min(axis=1)
    shift[:, 2] = -np.percentile(lowest, 5)
    if len(clip.times_s) == 1:
        return replace(clip, root_xyz=clip.root_xyz + shift)
    step = np.diff(clip.times_s)
    height = gaussian(np.minimum(lowest, np.percentile(lowest, 5) + SOLE_M), clip.times_s, _SMOOTH_S)
    velocity = np.diff(soles, axis=0) / step[:, None, None]
    speed = np.linalg.norm(velocity[..., :2], axis=-1)
    above = np.maximum((soles[:-1, :, 2] + soles[1:, :, 2]) / 2 - ((height[:-1] + height[1:]) / 2)[:, None], 0.0)
    share = np.exp(-((above / _SURE_M) ** 2) - (speed / _SURE_M_S) ** 2)
    total = share.sum(axis=1)
    sliding = (share[..., None] * velocity[..., :2]).sum(axis=1) / np.maximum(total, 1e-9)[:, None]
    held = np.flatnonzero(total > 0.3)
    if len(held):
        middle = clip.times_s[:-1] + step / 2
        for axis in range(2):
            drift = gaussian(np.interp(middle, middle[held], sliding[held, axis]), middle, _SMOOTH_S)
            shift[1:, axis] = -np.cumsum(drift * step)
    shift[:, 2] = -height
    return replace(clip, root_xyz=clip.root_xyz + shift)


def foot_slip(clip: Clip, body: Body) -> Float64:
    """How far planted feet slide: the widest drift of the ball of the foot, in metres, each time that one is planted.

    A foot is planted while the ball of it moves slower than `PLANTED_M_S` for `PLANTED_S` or longer.

    Raises:
        InputError: the body has no toes, or the clip moves joints that it has not.
    """
    clip = reordered(clip, body.skeleton)
    names = common_names(body.skeleton.names)
    T = joint_transforms(body.skeleton, clip.local_wxyz, clip.root_xyz)
    found: list[float] = []
    for name in ("LeftToeBase", "RightToeBase"):
        if name not in names:
            raise InputError(f"body {body.name!r} has no joint {name}, about which toes bend")
        joint = names.index(name)
        ball = T[:, joint, :2, :3] @ body.skeleton.heads[joint] + T[:, joint, :2, 3]
        slow = np.linalg.norm(np.diff(ball, axis=0), axis=1) < PLANTED_M_S * np.diff(clip.times_s)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], slow.astype(int), [0]])))
        for start, end in edges.reshape(-1, 2):
            if clip.times_s[end] - clip.times_s[start] >= PLANTED_S:
                places = ball[start : end + 1]
                middle = (places.min(axis=0) + places.max(axis=0)) / 2
                found.append(2 * float(np.linalg.norm(places - middle, axis=1).max()))
    return np.array(found)


def _soles(body: Body, clip: Clip) -> Float64:
    """Points [f, 2 p, 3] of the left sole and then of the right one."""
    T = joint_transforms(body.skeleton, clip.local_wxyz, clip.root_xyz)
    found = []
    for part in ("left foot", "right foot"):
        chosen = _sole_vertices(body, part)
        blended = np.zeros((len(T), len(chosen), 3, 4))
        for slot in range(body.joints.shape[1]):
            blended += body.weights[chosen, slot, None, None] * T[:, body.joints[chosen, slot]]
        points = np.concatenate([body.vertices[chosen], np.ones((len(chosen), 1))], axis=1)
        found.append(np.einsum("fpij,pj->fpi", blended, points))
    return np.concatenate(found, axis=1)


def _sole_vertices(body: Body, part: str) -> NDArray[np.int64]:
    """So many vertices of a foot's sole, spread from heel to toe."""
    own = (
        np.unique(body.faces[body.parts == PART_NAMES.index(part) + 1]) if part in body.part_names else np.zeros(0, int)
    )
    sole = own[body.vertices[own, 2] < body.vertices[own, 2].min() + SOLE_M] if len(own) else own
    if not len(sole):
        raise InputError(f"body {body.name!r} has no {part}; feet are found by the names of joints")
    places = np.linspace(body.vertices[sole, 0].min(), body.vertices[sole, 0].max(), _POINTS // 2)
    edges = np.quantile(body.vertices[sole, 1], [0.1, 0.9])
    wanted = np.array([(x, y) for x in places for y in edges])
    apart = np.linalg.norm(body.vertices[sole, None, :2] - wanted, axis=-1)
    return sole[apart.argmin(axis=0)]

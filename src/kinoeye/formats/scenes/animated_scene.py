"""A filmed scene as files of other tools hold it: cameras, bodies on skeletons, and rigid solids, over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinoeye.formats.path_table import PathTable
from kinoeye.geometry.convention import Float64, matrix_to_wxyz
from kinoeye.shot.bodies.body import Body

RGB = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class PaintedCamera:
    """A camera in a scene, and how its path looks."""

    name: str
    """Of its node; the line through its centres is NAME path, and what is drawn of it NAME drawing."""
    camera: PathTable
    """Sound, with times, intrinsics and their size, a unit, and a vertical."""
    linear_rgb: RGB
    """Linear light, 0 to 1."""
    thickness: float | None = None
    """Of the bars that it is drawn with, in the unit of its path; None draws nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MovingBody:
    """A body whose joints turn and slide, but scale nothing."""

    name: str
    body: Body
    normals: Float64
    """[v, 3] unit normals at rest."""
    linear_rgb: Float64
    """[v, 3] colours in linear light, 0 to 1."""
    T_world_body: Float64
    """[f, 4, 4] where the body is."""
    T_body_rest: Float64
    """[f, j, 3, 4] where each joint takes what hangs on it."""

    def joints_at_rest(self) -> Float64:
        """Where each joint is in its parent [j, 3], the root in the body; its axes are the body's."""
        heads, parents = self.body.skeleton.heads, self.body.skeleton.parents
        return heads - np.where(parents[:, None] >= 0, heads[parents], 0.0)

    def joints_in_parents(self) -> tuple[Float64, Float64]:
        """Rotations wxyz [f, j, 4] and places [f, j, 3] of each joint in its parent, of the root in the body.

        No rotation turns farther than half way round to the next one.
        """
        R, heads, parents = self.T_body_rest[..., :3], self.body.skeleton.heads, self.body.skeleton.parents
        places = (R @ heads[:, :, None])[..., 0] + self.T_body_rest[..., 3]
        hangs = (parents >= 0)[:, None]
        to_parent = np.where(hangs[..., None], np.swapaxes(R[:, parents], -1, -2), np.eye(3))
        local = (to_parent @ (places - np.where(hangs, places[:, parents], 0.0))[..., None])[..., 0]
        return steady(matrix_to_wxyz(to_parent @ R)), local


@dataclass(frozen=True, kw_only=True, eq=False)
class MovingSolid:
    """A rigid thing of one colour."""

    name: str
    owner: str
    """What it is a part of: an actor's name, or what else holds several solids together."""
    vertices: Float64
    """[v, 3] in its own frame."""
    faces: NDArray[np.int64]
    """[t, 3] corners, counter-clockwise as seen from outside."""
    linear_rgb: RGB
    normals: Float64 | None = None
    """[v, 3] unit normals of what is round; None for flat faces."""
    T_world_solid: Float64
    """[f, 4, 4], or [1, 4, 4] of what stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnimatedScene:
    """What a file of a scene holds, in our world (+z up, metres where there are bodies)."""

    times_s: Float64
    """[f] of the frames of bodies and solids."""
    cameras: Sequence[PaintedCamera] = ()
    bodies: Sequence[MovingBody] = ()
    solids: Sequence[MovingSolid] = ()
    frustum_length: float = 0.2
    """Of drawn cameras, from apex to image plane."""

    def owners(self) -> list[str]:
        """Names that solids belong to, in the order of their first."""
        return list(dict.fromkeys(solid.owner for solid in self.solids))


def steady(wxyz: Float64) -> Float64:
    """The same rotations [f, ..., 4], each quaternion with the sign that is nearer to the one before."""
    turns = np.sign((wxyz[1:] * wxyz[:-1]).sum(axis=-1, keepdims=True))
    signs = np.cumprod(np.where(turns < 0, -1.0, 1.0), axis=0)
    return np.concatenate([wxyz[:1], signs * wxyz[1:]])


def moves(values: Float64) -> bool:
    """Whether any number of [f, ...] is not the same in all frames."""
    return bool(np.abs(values - values[:1]).max(initial=0.0) > 1e-9)

"""Skinned meshes as a renderer reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kinoeye.render.color import srgb_to_linear
from kinoeye.shot.bodies import Body

Float64 = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """A body and where its joints carry it in the world.

    Light is smooth across triangles that share a vertex; vertices that merely lie at one place leave a crease.
    """

    body: Body
    instance: int
    """Index of the actor plus one; 0 for props."""
    world_from_rest: Float64
    """[f, j, 3, 4] where each joint takes what hangs on it."""

    @cached_property
    def colors(self) -> Float64:
        """Linear colour [v, 3] of each vertex."""
        return srgb_to_linear(self.body.colors_rgb / 255.0)

    @cached_property
    def places(self) -> Float64:
        """Place [v, 3] of each vertex in the box of the body at rest, 0 to 1 a side."""
        size = np.maximum(self.body.size_xyz, 1e-9)  # a flat body lies in the middle of a box without thickness
        return self.body.vertices / size + np.array([0.5, 0.5, 0.0])


def mesh_of(body: Body, T_world_body: Float64, T_body_rest: Float64, instance: int) -> Mesh:
    """A body on its way through the world.

    Args:
        body: the mesh and its joints at rest.
        T_world_body: [f, 4, 4] or [f, 3, 4] where the body is.
        T_body_rest: [f, j, 3, 4] its joints (see `kinoeye.shot.bodies.joint_transforms`).
        instance: index of the actor plus one; 0 for props.
    """
    R, t = T_world_body[:, None, :3, :3], T_world_body[:, None, :3, 3:]
    linear = R @ T_body_rest[..., :3]
    return Mesh(
        body=body,
        instance=instance,
        world_from_rest=np.concatenate([linear, R @ T_body_rest[..., 3:] + t], axis=-1),
    )

"""Skinned bodies: a skeleton at rest, the mesh that its joints carry, and motion of the joints. NumPy only.

Body axes are x forward, y left, z up, in metres; the origin is the ground contact under the box centre at rest. Every
joint's rest axes are the body's axes, so that no rotation at all is the rest pose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import wxyz_to_matrix

Float64 = NDArray[np.float64]
MAX_JOINTS, MAX_VERTICES, MAX_FACES, MAX_FRAMES = 512, 400_000, 800_000, 100_000
"""Larger bodies and longer clips are refused."""
WEIGHTS_A_VERTEX = 8
"""Joints that may carry one vertex."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Skeleton:
    """Joints at rest.

    Raises:
        InputError: names repeat, a joint stands before its parent or hangs from itself, or a number is not finite.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    """[j] index of the joint that each one hangs from, always a smaller one; -1 for the only root, joint 0."""
    heads: Float64
    """[j, 3] the point that each joint turns about."""
    tails: Float64
    """[j, 3] where its bone ends."""

    def __post_init__(self) -> None:
        count = len(self.names)
        if not 1 <= count <= MAX_JOINTS:
            raise InputError(f"a skeleton of {count} joints is not taken; it has 1 to {MAX_JOINTS}")
        if len(set(self.names)) != count:
            double = next(name for name in self.names if self.names.count(name) > 1)
            raise InputError(f"the skeleton has several joints named {double!r}; names are unique")
        if self.parents.shape != (count,) or self.heads.shape != (count, 3) or self.tails.shape != (count, 3):
            raise InputError(f"the skeleton has {count} names and other numbers of parents, heads or tails")
        bad = [i for i in range(count) if not (self.parents[i] == -1 if i == 0 else 0 <= self.parents[i] < i)]
        if bad:
            raise InputError(
                f"joint {self.names[bad[0]]!r} has no parent before it; joints come after the one that they hang from, "
                "and only the first is a root"
            )
        if not (np.isfinite(self.heads).all() and np.isfinite(self.tails).all()):
            raise InputError("the skeleton has joints at places that are NaN or infinite")

    def __len__(self) -> int:
        """Number of joints."""
        return len(self.names)

    def index(self, name: str) -> int:
        """Index of the joint of that name.

        Raises:
            InputError: there is none.
        """
        if name not in self.names:
            raise InputError(f"there is no joint {name!r}; the joints: {', '.join(self.names)}")
        return self.names.index(name)


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """A mesh at rest and the joints that carry it.

    Raises:
        InputError: shapes do not fit, an index is out of range, a vertex hangs on no joint, or a number is not finite.
    """

    name: str
    skeleton: Skeleton
    vertices: Float64
    """[v, 3] at rest."""
    faces: NDArray[np.int64]
    """[t, 3] corners, counter-clockwise as seen from outside."""
    joints: NDArray[np.int64]
    """[v, k] the joints that carry each vertex; k is at most 8."""
    weights: Float64
    """[v, k] their shares, 0 or more, which add up to 1."""
    colors_rgb: NDArray[np.uint8]
    """[v, 3] sRGB."""
    parts: NDArray[np.uint8]
    """[t] body part of each triangle: index in `part_names` plus one."""
    part_names: tuple[str, ...]
    regions: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Region of the surface that is coloured as one ("hair", "torso") -> its vertices; none share a vertex."""

    def __post_init__(self) -> None:
        v, t, k = len(self.vertices), len(self.faces), self.joints.shape[-1]
        if not (3 <= v <= MAX_VERTICES and 1 <= t <= MAX_FACES and 1 <= k <= WEIGHTS_A_VERTEX):
            raise InputError(
                f"body {self.name!r} has {v} vertices, {t} triangles and {k} joints a vertex; it takes 3 to "
                f"{MAX_VERTICES:,}, 1 to {MAX_FACES:,} and 1 to {WEIGHTS_A_VERTEX}"
            )
        given = (self.vertices.shape, self.faces.shape, self.joints.shape, self.weights.shape, self.colors_rgb.shape)
        if given != ((v, 3), (t, 3), (v, k), (v, k), (v, 3)) or self.parts.shape != (t,):
            raise InputError(f"body {self.name!r} has arrays of shapes that do not belong together: {given}")
        if not (np.isfinite(self.vertices).all() and np.isfinite(self.weights).all()):
            raise InputError(f"body {self.name!r} has vertices or weights that are NaN or infinite")
        if self.faces.min() < 0 or self.faces.max() >= v:
            raise InputError(f"body {self.name!r} has triangles of vertices that are not there")
        if self.joints.min() < 0 or self.joints.max() >= len(self.skeleton):
            raise InputError(f"body {self.name!r} has vertices on joints that are not there")
        if self.weights.min() < 0 or np.abs(self.weights.sum(axis=1) - 1).max() > 1e-4:
            raise InputError(f"body {self.name!r} has a vertex whose weights do not add up to 1")
        if self.parts.min() < 1 or self.parts.max() > len(self.part_names):
            raise InputError(f"body {self.name!r} has triangles of parts that are not there")
        for region, held in self.regions.items():
            if held.size and not (held.min() >= 0 and held.max() < v):
                raise InputError(f"body {self.name!r} has a region {region!r} of vertices that are not there")

    @cached_property
    def size_xyz(self) -> tuple[float, float, float]:
        """The box about the origin that holds the body at rest, in metres."""
        reach = 2 * np.abs(self.vertices[:, :2]).max(axis=0)
        return float(reach[0]), float(reach[1]), float(self.vertices[:, 2].max())


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """Motion of a skeleton's joints.

    Raises:
        InputError: shapes do not fit, times do not increase, or a number is not finite.
    """

    names: tuple[str, ...]
    """Of the joints that are moved, in the order of the rotations."""
    times_s: Float64
    """[f] from 0, increasing."""
    local_wxyz: Float64
    """[f, j, 4] rotation of each joint relative to its parent, both from rest; (1, 0, 0, 0) is the rest pose."""
    root_xyz: Float64
    """[f, 3] where the root's head is, in body axes."""
    loops: bool = False
    """Whether the last frame goes over into the first."""
    travel_m: float = 0.0
    """Way along the ground that one pass covers, which is the track's to make: a clip itself walks in place."""

    def __post_init__(self) -> None:
        frames, joints = len(self.times_s), len(self.names)
        if not 1 <= frames <= MAX_FRAMES:
            raise InputError(f"a clip of {frames} frames is not taken; it has 1 to {MAX_FRAMES:,}")
        if self.local_wxyz.shape != (frames, joints, 4) or self.root_xyz.shape != (frames, 3):
            raise InputError(f"a clip of {frames} frames and {joints} joints has {self.local_wxyz.shape} rotations")
        if not (np.isfinite(self.local_wxyz).all() and np.isfinite(self.root_xyz).all()):
            raise InputError("the clip has rotations or places that are NaN or infinite")
        if not (np.isfinite(self.times_s).all() and (np.diff(self.times_s) > 0).all()):
            raise InputError("the times of a clip do not increase")

    @property
    def duration_s(self) -> float:
        """From the first frame to the last."""
        return float(self.times_s[-1] - self.times_s[0])


def joint_transforms(skeleton: Skeleton, local_wxyz: Float64, root_xyz: Float64) -> Float64:
    """Where joints take what hangs on them: T_body_rest [f, j, 3, 4], by forward kinematics.

    Args:
        skeleton: the joints at rest.
        local_wxyz: [f, j, 4] rotations relative to the parent, in the order of the skeleton's joints.
        root_xyz: [f, 3] where the root's head is.
    """
    frames, joints = local_wxyz.shape[:2]
    R_parent_rest = wxyz_to_matrix(local_wxyz)
    T_body_rest = np.empty((frames, joints, 3, 4))
    heads = np.empty((frames, joints, 3))
    for joint, parent in enumerate(skeleton.parents):
        if parent < 0:
            R, heads[:, joint] = R_parent_rest[:, joint], root_xyz
        else:
            R = T_body_rest[:, parent, :, :3] @ R_parent_rest[:, joint]
            bone = skeleton.heads[joint] - skeleton.heads[parent]
            heads[:, joint] = heads[:, parent] + T_body_rest[:, parent, :, :3] @ bone
        T_body_rest[:, joint, :, :3] = R
        T_body_rest[:, joint, :, 3] = heads[:, joint] - R @ skeleton.heads[joint]
    return T_body_rest


def skin(body: Body, T_body_rest: Float64) -> Float64:
    """Vertices [f, v, 3] of a body whose joints are at T_body_rest [f, j, 3, 4], by linear blend skinning.

    The plain definition, Magnenat-Thalmann et al. 1988: the mean of where each joint would take the vertex.
    """
    found = np.zeros((len(T_body_rest), len(body.vertices), 3))
    for slot in range(body.joints.shape[1]):
        T = T_body_rest[:, body.joints[:, slot]]
        carried = np.einsum("fvij,vj->fvi", T[..., :3], body.vertices) + T[..., 3]
        found += body.weights[:, slot, None] * carried
    return found


def reordered(clip: Clip, skeleton: Skeleton) -> Clip:
    """The clip with its joints in a skeleton's order; joints that it does not move rest.

    Raises:
        InputError: it moves a joint that the skeleton has not.
    """
    local = np.zeros((len(clip.times_s), len(skeleton), 4))
    local[..., 0] = 1.0
    for place, name in enumerate(clip.names):
        local[:, skeleton.index(name)] = clip.local_wxyz[:, place]
    return replace(clip, names=skeleton.names, local_wxyz=local)

"""A skinned body as a few dozen rigid solids on its joints, so that rays and distances need none of its triangles."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import matrix_to_rotvec, rotvec_to_matrix
from kinoeye.render.meshes import Mesh
from kinoeye.render.scene import BOX, CYLINDER, SPHERE, after
from kinoeye.shot.bodies import Body

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
SLABS = 10
"""A body is cut into so many slabs, at least, along its longest side."""
_SAMPLES = 30_000
_CARRIES = 0.3
"""A joint's region is the surface that it carries by this share, so that regions overlap where the body bends."""
_FEWEST = 8
"""A region of fewer samples is hidden among its neighbours."""
_BULK = 0.02
"""Share of a slab's samples at either end of each side that its solid may leave out."""
_OUTSIDE = 2.0
"""So many times as bad as too large a solid is one that leaves some of the body out."""
_CORNERS = np.array([(x, y, z) for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)])


class BodySolids(NamedTuple):
    """Rigid solids that fill a body, one row each."""

    joint: Int64
    """[k] the joint that carries it."""
    kind: Int64
    """[k] box, cylinder or sphere of `render.scene`."""
    rest_from_canonical: Float64
    """[k, 3, 4] a rotation after a scaling along the canonical axes, in metres."""


@lru_cache(maxsize=64)
def body_solids(body: Body) -> BodySolids:
    """Boxes, elliptic cylinders and ellipsoids around the slabs of each joint's region of the body at rest.

    Each joint's region is cut into slabs, and each slab gets the kind of solid whose surface is nearest to the body's.
    An adult's are off by a centimetre in the median and by several where it bends, which rigid pieces cannot follow.

    Args:
        body: with at least one triangle.
    """
    points, shares = _surface(body)
    cell = float(np.ptp(body.vertices, axis=0).max()) / SLABS
    rows = []
    for joint in range(len(body.skeleton)):
        region = points[shares[:, joint] > _CARRIES]
        if len(region) >= _FEWEST:
            fits = [_fitted(region, R, cell) for R in _frames(region)]
            _, pieces = min(fits, key=lambda fit: fit[0])
            rows += [(joint, kind, rest_from_canonical) for kind, rest_from_canonical in pieces]
    joint, kind, maps = zip(*rows, strict=True)
    return BodySolids(np.array(joint), np.array(kind), np.stack(maps))


def _surface(body: Body) -> tuple[Float64, Float64]:
    """Points [s, 3] spread evenly over a body at rest, and the share [s, j] of each joint in carrying them."""
    corners = body.vertices[body.faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    rng = np.random.default_rng(0)
    faces = body.faces[rng.choice(len(area), _SAMPLES, p=area / area.sum())]
    u, v = rng.random((2, _SAMPLES))
    root = np.sqrt(u)
    mixed = np.stack([1 - root, root * (1 - v), root * v], axis=1)
    weights = np.zeros((len(body.vertices), len(body.skeleton)))
    np.add.at(weights, (np.arange(len(weights))[:, None], body.joints), body.weights)
    return np.einsum("sk,ski->si", mixed, body.vertices[faces]), np.einsum("sk,skj->sj", mixed, weights[faces])


def _frames(region: Float64) -> list[Float64]:
    """Rotations R_rest_slab [3, 3] whose z axis a region may be cut across: its longest direction, the body's axes."""
    longest = np.linalg.svd(region - region.mean(axis=0), full_matrices=False)[2][0]
    frames = []
    for z in (longest, *np.eye(3)):
        beside = np.eye(3)[np.argmin(np.abs(z))]
        x = beside - (beside @ z) * z
        x /= np.linalg.norm(x)
        frames.append(np.stack([x, np.cross(z, x), z], axis=1))
    return frames


def _fitted(region: Float64, R_rest_slab: Float64, cell: float) -> tuple[float, list[tuple[int, Float64]]]:
    """How badly solids around the slabs of a region's points [s, 3] fit them, and these: kinds and maps."""
    local = region @ R_rest_slab
    bottom, top = local[:, 2].min(), local[:, 2].max()
    edges = np.linspace(bottom, top, max(round((top - bottom) / cell), 1) + 1)
    which = np.clip(np.searchsorted(edges, local[:, 2], side="right") - 1, 0, len(edges) - 2)
    total, pieces = 0.0, []
    for slab in range(len(edges) - 1):
        points = local[which == slab]
        if len(points) < _FEWEST:
            continue
        low, high = np.quantile(points, [_BULK, 1 - _BULK], axis=0)
        low[2], high[2] = edges[slab], edges[slab + 1]
        centre, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-3)
        gaps = _gaps((points - centre) / half, half)
        kind = min(gaps, key=gaps.__getitem__)
        total += gaps[kind]
        pieces.append((kind, np.concatenate([R_rest_slab * half, (R_rest_slab @ centre)[:, None]], axis=1)))
    return total, pieces


def _gaps(places: Float64, half: Float64) -> dict[int, float]:
    """Kind of solid -> how badly its surface, without the lids, fits canonical points [s, 3], about in metres."""
    across = np.linalg.norm(places[:, :2], axis=1)
    width = float(np.sqrt(half[0] * half[1]))
    beyond = {
        BOX: width * (np.abs(places[:, :2]).max(axis=1) - 1),
        CYLINDER: width * (across - 1),
        SPHERE: float(np.cbrt(half.prod())) * (np.linalg.norm(places, axis=1) - 1),
    }
    return {kind: float(np.maximum(_OUTSIDE * gap, -gap).sum()) for kind, gap in beyond.items()}


class MovingSolids:
    """The solids of a body on its way, at any time of its frames and between them.

    Between two frames joints turn evenly about one axis and their heads go straight.

    Args:
        mesh: the body and where its joints are.
        times_s: [f] of the mesh's frames, strictly increasing.
    """

    def __init__(self, mesh: Mesh, times_s: Float64) -> None:
        self.solids = body_solids(mesh.body)
        self.times_s = times_s
        self._heads = mesh.body.skeleton.heads[..., None]
        self._R = mesh.world_from_rest[..., :3]
        self._places = self._R @ self._heads + mesh.world_from_rest[..., 3:]

    @cached_property
    def _turns(self) -> Float64:
        """Rotation vectors [f - 1, j, 3] from each frame to the next, in the joints' axes."""
        return matrix_to_rotvec(np.swapaxes(self._R[:-1], -1, -2) @ self._R[1:])

    def world_from_canonical(self, times_s: Float64) -> Float64:
        """Where the solids are [n, k, 3, 4] at times [n] in any order, which are held to those of the frames."""
        return after(self._joints(times_s)[:, self.solids.joint], self.solids.rest_from_canonical)

    def travel(self, times_s: Float64) -> Float64:
        """Way [n - 1] in metres that any point of a solid covers, at most, from each time [n] to the next."""
        corners = self.solids.rest_from_canonical[:, :, :3] @ _CORNERS.T + self.solids.rest_from_canonical[:, :, 3:]
        places = self._joints(self.times_s)[:, self.solids.joint]
        world = places[..., :3] @ corners + places[..., 3:]  # [f, k, 3, 8]
        steps = np.linalg.norm(np.diff(world, axis=0), axis=2).max(axis=(1, 2), initial=0.0)
        return np.diff(np.interp(times_s, self.times_s, np.concatenate([[0.0], np.cumsum(steps)])))

    def _joints(self, times_s: Float64) -> Float64:
        """World from rest [n, j, 3, 4] at times."""
        frame = np.clip(np.searchsorted(self.times_s, times_s, side="right") - 1, 0, max(len(self.times_s) - 2, 0))
        R, places = self._R[frame], self._places[frame]
        if len(self.times_s) > 1:
            length = self.times_s[frame + 1] - self.times_s[frame]
            share = np.clip((times_s - self.times_s[frame]) / length, 0.0, 1.0)[:, None, None]
            R = R @ rotvec_to_matrix(share * self._turns[frame])
            places = places + share[..., None] * (self._places[frame + 1] - places)
        return np.concatenate([R, places - R @ self._heads], axis=-1)

"""What stands around a camera, as the checks ask for it; `kinoeye.render.ShotSolids` and `PointCloud` answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

if TYPE_CHECKING:  # a checker is made, and its names are looked up, before torch is needed
    from kinoeye.geometry.track import Trajectory

Int64 = NDArray[np.int64]


class Surroundings(Protocol):
    """Whatever a camera can run into."""

    @property
    def names(self) -> tuple[str, ...]:
        """What the indices of `distances` stand for."""
        ...

    def distances(self, times_s: Float64, points: Float64) -> tuple[Float64, Int64]:
        """Distance [n] from points [n, 3], each at its own time [n], to the nearest thing, and its index [n].

        The distance is 0 inside of a thing, and under the ground.
        """
        ...

    def travel(self, times_s: Float64) -> Float64:
        """How far [n - 1] in metres any surface gets, at most, from each time [n] to the next; times increase."""
        ...


@runtime_checkable
class RayCaster(Protocol):
    """Solids that hide each other."""

    def first_hits(
        self, times_s: Float64, origins: Float64, directions: Float64, *, only: str | None = None
    ) -> tuple[Float64, Int64]:
        """What rays meet first: the parameter along each ray (infinite for a miss) and the actor's mask id there.

        Args:
            times_s: [n]
            origins: [n, 3] in the world, one a time.
            directions: [n, r, 3] of any length.
            only: the name of the one actor that rays can meet; None for everything, the ground included.

        Returns:
            [n, r] parameters, and [n, r] mask ids: 0 where no actor is met first.
        """
        ...


class PointCloud:
    """A scene that is known by points alone, such as a COLMAP model or the first frame's depth.

    Args:
        points: [n, 3] in the world and unit of the camera path.
        name: what to call it.
    """

    def __init__(self, points: Float64, name: str = "the point cloud") -> None:
        from scipy.spatial import KDTree

        points = np.asarray(points, np.float64)
        points = points[np.isfinite(points).all(axis=1)]
        if len(points) == 0:
            raise ValueError("a point cloud needs at least one finite point")
        self.names = (name,)
        self._tree = KDTree(points)

    @classmethod
    def from_depth(cls, depth: Float64, camera: Trajectory, *, name: str = "the depth map") -> PointCloud:
        """The points of the first frame's depth map [h, w] (along the axis; unknown where not positive and finite)."""
        import torch

        from kinoeye.geometry.rays import unproject

        height, width = depth.shape
        first = camera.at(camera.times_s[:1]).resize((width, height))
        known = np.where(np.isfinite(depth) & (depth > 0), depth, np.nan)
        points = unproject(first, torch.from_numpy(known.astype(np.float64))[None])[0]
        return cls(points.reshape(-1, 3).numpy(), name)

    def distances(self, times_s: Float64, points: Float64) -> tuple[Float64, Int64]:
        """Distance [n] from points [n, 3] to the nearest point of the cloud; it does not move with time."""
        return np.asarray(self._tree.query(points)[0], np.float64), np.zeros(len(points), np.int64)

    def travel(self, times_s: Float64) -> Float64:
        """Zeros [n - 1]: points stay."""
        return np.zeros(len(times_s) - 1)

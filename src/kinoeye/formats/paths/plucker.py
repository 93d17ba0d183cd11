"""Ray maps for film models, six channels a pixel, to be written only: Pluecker coordinates, or origins and directions.

`plucker` [n, 6, h, w] float32 is (o x d, d), the order of CameraCtrl (arXiv 2404.02101) and Wan-Fun; `rays` is (o, d).
o is the camera's centre, d the unit direction R K^-1 (x + 0.5, y + 0.5, 1) of a pixel, both in the path's own world
with OpenCV axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.arrays import write_npz
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.geometry.convention import OPENCV, Convention

if TYPE_CHECKING:
    from kinoeye.geometry.track import Trajectory

MAX_BYTES = 1024**3
"""A map above this size is refused: 49 frames of 1280x720 have 1.01 GiB, of 832x480 a third of that."""


@dataclass(frozen=True)
class RayMap:
    """The format of one kind of map."""

    NAME: str
    TITLE: str
    ARRAY: str
    """What the .npz calls the map."""
    FILE_NAMES: tuple[str, ...]
    DEFAULT_NAME: str
    CONVENTION: Convention = OPENCV
    HOLDS: frozenset[str] = frozenset({"intrinsics", "size"})
    NEEDS: frozenset[str] = frozenset({"intrinsics", "pixels"})

    def write(self, table: PathTable, path: Path) -> list[str]:
        """Write the map, with the poses and calibrations that it was made of.

        Raises:
            InputError: the map would be too large, or the lens is no pinhole.
        """
        assert table.size_wh is not None
        width, height = table.size_wh
        needed = len(table) * 6 * width * height * 4
        if needed > MAX_BYTES:
            raise InputError(
                f"{len(table)} ray maps of {width}x{height} are {needed / 1024**3:.1f} GiB; at most "
                f"{MAX_BYTES / 1024**3:g} are written: give the smaller size of the model's latents (--size WxH)"
            )
        if table.lens != "perspective":
            raise InputError(f"{self.NAME} has rays of pinholes; the lens is {table.lens}")
        rays = np.empty((len(table), 6, height, width), np.float32)
        for i in range(len(table)):  # one frame at a time: the mathematics is in float64
            rays[i] = self._map(table.frames([i]).to_trajectory(fps=DEFAULT_FPS))[0]
        poses = {"T_world_cam": table.T_world_cam, "K": table.intrinsics, "size_wh": np.array(table.size_wh)}
        write_npz(path, {self.ARRAY: rays, **poses})
        if np.abs(table.T_world_cam[0] - np.eye(4)[:3]).max() < 1e-6:
            return []
        return [
            "rays are in the path's own world; CameraCtrl takes them relative to its first camera (--repair first-pose)"
        ]

    def _map(self, trajectory: Trajectory) -> np.ndarray:
        """[n, 6, h, w] float64."""
        from kinoeye.geometry.rays import pluecker

        plucker = pluecker(trajectory).numpy(force=True)
        if self.ARRAY == "plucker":
            return plucker
        origins = trajectory.T_world_cam.translation.numpy(force=True)
        plucker[:, :3] = origins[:, :, None, None]
        return plucker


PLUCKER = RayMap(
    "plucker", "Pluecker maps for film models", "plucker", ("*.plucker.npz", "*.pluecker.npz"), "camera.plucker.npz"
)
RAYMAP = RayMap("raymap", "ray maps (origin, direction)", "rays", ("*.raymap.npz",), "camera.raymap.npz")

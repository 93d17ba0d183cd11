"""The compiled renderer's meshes: one frame after the other posed, laid out for rays, and found on the screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import invert
from kinoeye.render.fast import triangles as kernels
from kinoeye.render.fast.kernels import Figures
from kinoeye.render.meshes import Mesh
from kinoeye.render.scene import Scene
from kinoeye.render.skinning import skinned_vertices, vertex_normals

Float64 = NDArray[np.float64]
Seen = tuple[Float64, NDArray[np.int32]]
"""One over the depth of what rays meet of the meshes, 0 for nothing, and the triangle."""
TRIANGLES_A_CELL = 1.5
"""Of a mesh over the cells of its grid across the sunlight."""
MAX_LIGHT_SIDE = 512
_VERTEX = np.dtype([("world", "f8", 3), ("normal", "f4", 3), ("color", "f4", 3), ("place", "f4", 3)], align=True)
_TRIANGLE = np.dtype([("top", "f8"), ("corners", "i4", 3), ("mesh", "i4"), ("part", "u1"), ("away", "u1")], align=True)
_SHADE = np.dtype([("triangle", "i4"), ("top", "f4")], align=True)
_MESH = np.dtype(
    [
        ("first", "i8"),
        ("instance", "u1"),
        ("side", "i8"),
        ("first_start", "i8"),
        ("first_shade", "i8"),
        ("top", "f8"),
        ("light_low", "f8", 2),
        ("cells_per_unit", "f8", 2),
    ],
    align=True,
)


class MeshFrames:
    """The meshes of a scene, one frame at a time."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._T_cam_world = invert(scene.T_world_cam)
        bodies = [mesh.body for mesh in scene.meshes]
        self._vertex_slices = _slices([len(body.vertices) for body in bodies])
        self._triangle_slices = _slices([len(body.faces) for body in bodies])
        self._vertices, self._triangles, self._meshes = self._records()
        self._placed, self._light = np.empty((len(self._vertices), 5)), np.empty((len(self._vertices), 3))
        self._bounds = np.empty((len(self._triangles), 4), np.float32)
        self._touched = np.empty((len(self._triangles), 4), np.int16)
        self._starts = np.empty(int((self._meshes["side"] ** 2 + 1).sum()), np.int32)
        self._shades = np.empty(0, _SHADE)
        self._world: dict[int, Float64] = {}

    def pose(self, index: int, light_axes: Float64, *, flows: bool) -> Figures:
        """All meshes as they are in a frame, with where they go from there if flow is wanted.

        Args:
            index: the frame.
            light_axes: [3, 3] the plane across the sunlight, and the way to the sun.
            flows: whether it is wanted.
        """
        after = min(index + 1, len(self._scene.T_world_cam) - 1)
        kept = (index, after) if flows else (index,)
        self._world = {frame: self._world[frame] if frame in self._world else self._skinned(frame) for frame in kept}
        world = self._world[index]
        for mesh, vertices in zip(self._scene.meshes, self._vertex_slices, strict=True):
            self._vertices["normal"][vertices] = vertex_normals(world[None, vertices], mesh.body.faces)[0]
        camera = (self._T_cam_world[index], self._scene.fx_fy_cx_cy[index])
        records = self._triangles, self._vertices
        kernels.pose(world, *camera, light_axes, *records, self._light, self._placed, self._bounds)
        self._list_shades()
        return Figures(
            self._meshes,
            self._triangles,
            self._vertices,
            self._world[after] if flows else world,
            self._light,
            self._starts,
            self._shades,
        )

    def seen(self, index: int) -> Seen:
        """What the rays through pixel centres [height, width] meet, once the frame is posed."""
        width, height = self._scene.size_wh
        found = np.zeros((height, width)), np.zeros((height, width), np.int32)
        posed = self._placed, self._triangles, self._bounds
        kernels.rasterize(*posed, self._scene.fx_fy_cx_cy[index], *found)
        return found

    def seen_by_samples(self, index: int, slots: NDArray[np.int32], count: int, samples: int) -> Seen:
        """What samples x samples rays in each of some pixels meet, [count, samples**2].

        Args:
            index: the frame, once it is posed.
            slots: [height, width] row of each of these pixels in the result, -1 for others.
            count: how many pixels there are.
            samples: rays a side.
        """
        shape = (count, samples * samples)
        found = np.zeros(shape), np.zeros(shape, np.int32)
        posed, K = (self._placed, self._triangles, self._bounds), self._scene.fx_fy_cx_cy[index]
        kernels.rasterize_samples(*posed, K, slots, samples, *found)
        return found

    def _skinned(self, index: int) -> Float64:
        def moved(mesh: Mesh) -> Float64:
            carried = mesh.world_from_rest[index : index + 1]
            return skinned_vertices(mesh.body.vertices, mesh.body.joints, mesh.body.weights, carried)[0]

        return np.concatenate([moved(mesh) for mesh in self._scene.meshes])

    def _list_shades(self) -> None:
        """Fill the grids across the sunlight."""
        shades, own = 0, list(zip(self._triangle_slices, self._vertex_slices, strict=True))
        for number, (triangles, vertices) in enumerate(own):
            self._meshes["first_shade"][number] = shades
            of_mesh = self._triangles[triangles], self._light[vertices]
            touched = self._touched[triangles]
            shades += kernels.count_shades(self._meshes, number, *of_mesh, self._light, touched, self._starts)
        if shades > len(self._shades):
            self._shades = np.empty(shades + shades // 4, _SHADE)
        for number, (triangles, _) in enumerate(own):
            of_mesh = self._triangles[triangles], self._touched[triangles]
            kernels.list_shades(self._meshes, number, *of_mesh, self._starts, self._shades)

    def _records(self) -> tuple[Any, Any, Any]:
        """Vertices, triangles and meshes with what does not change from frame to frame."""
        vertices = np.zeros(self._vertex_slices[-1].stop, _VERTEX)
        triangles = np.zeros(self._triangle_slices[-1].stop, _TRIANGLE)
        meshes = np.zeros(len(self._scene.meshes), _MESH)
        numbered = enumerate(zip(self._scene.meshes, self._vertex_slices, self._triangle_slices, strict=True))
        for number, (mesh, of_vertices, of_triangles) in numbered:
            vertices["color"][of_vertices], vertices["place"][of_vertices] = mesh.colors, mesh.places
            triangles["corners"][of_triangles] = mesh.body.faces + of_vertices.start
            triangles["part"][of_triangles] = mesh.body.parts
            triangles["mesh"][of_triangles] = number
            meshes["instance"][number], meshes["first"][number] = mesh.instance, of_triangles.start
            side = np.ceil(np.sqrt(len(mesh.body.faces) / TRIANGLES_A_CELL))
            meshes["side"][number] = min(int(side), MAX_LIGHT_SIDE)
        meshes["first_start"][1:] = np.cumsum(meshes["side"] ** 2 + 1)[:-1]
        return vertices, triangles, meshes


def _slices(counts: list[int]) -> list[slice]:
    ends = np.cumsum(counts).tolist()
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]

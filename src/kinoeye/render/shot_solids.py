"""The solids of a shot as its checks ask for them: what rays meet first, and how near a point is to anything."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.render.fast.closest import nearest_parts
from kinoeye.render.fast.kernels import first_hits
from kinoeye.render.scene import Scene, build_scene, corners
from kinoeye.shot.shot import Avatar, Shot

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
_STAND_IN = Avatar(shape="box", color_rgb=(0.5, 0.5, 0.5))
_KEPT = 4


class ShotSolids:
    """Actors, props and the ground of a shot, exactly as `render` draws them, at any time.

    Fulfils `RayCaster` and `Surroundings` of `kinoeye.shot.checks`. Actors without an avatar, and those with a
    skinned one, stand there as their box.

    Example:
        >>> from kinoeye.render.worlds import world
        >>> shot = world("train", 1, num_frames=2)
        >>> distance, nearest = ShotSolids(shot).distances(np.zeros(1), np.array([[0.0, 0.0, 30.0]]))
        >>> float(distance[0]) > 20
        True
    """

    def __init__(self, shot: Shot) -> None:
        actors = tuple(
            actor if isinstance(actor.avatar, Avatar) else replace(actor, avatar=_STAND_IN) for actor in shot.actors
        )
        self._shot = replace(shot, actors=actors)
        self._scenes: dict[bytes, tuple[Scene, Float64, Float64]] = {}
        props = tuple(f"a {prop.shape} of the place" for prop in shot.environment.props)
        self.names = ("the ground", *(actor.name for actor in actors), *props)
        self._owner: Int64 | None = None

    def first_hits(
        self, times_s: Float64, origins: Float64, directions: Float64, *, only: str | None = None
    ) -> tuple[Float64, Int64]:
        """What rays meet first; see `kinoeye.shot.checks.RayCaster`."""
        scene, centres, radii = self._at(times_s)
        instance = scene.parts.instance.astype(np.int64)
        chosen = np.ones(len(instance), bool) if only is None else instance == self._shot.mask_id(only)
        t, surface = np.empty(directions.shape[:2]), np.empty(directions.shape[:2], np.int64)
        shape = (scene.parts.kind, scene.parts.segment, scene.canonical_from_world, centres, radii)
        rays = (np.ascontiguousarray(origins), np.ascontiguousarray(directions))
        first_hits(*shape, chosen, only is None, *rays, t, surface)
        ids = np.append(instance, 0)  # neither ground nor sky has one
        return t, ids[np.where(surface < 0, len(instance), surface)]

    def distances(self, times_s: Float64, points: Float64) -> tuple[Float64, Int64]:
        """How near points are to the nearest thing; see `kinoeye.shot.checks.Surroundings`."""
        scene, centres, radii = self._at(times_s)
        distance, nearest = np.empty(len(points)), np.empty(len(points), np.int64)
        above = np.maximum(points[:, 2], 0.0)
        points, ground = np.ascontiguousarray(points), np.full(len(points), -1)
        shape = (scene.parts.kind, scene.parts.segment, scene.world_from_canonical, centres, radii)
        nearest_parts(*shape, points, above, ground, distance, nearest)
        return distance, np.append(self._owners(scene), 0)[nearest]

    def _owners(self, scene: Scene) -> Int64:
        """Index in `names` of each part: props come first among the parts, one part each."""
        if self._owner is None:
            instance = scene.parts.instance.astype(np.int64)
            self._owner = np.where(instance > 0, instance, 1 + len(self._shot.actors) + np.arange(len(instance)))
        return self._owner

    def _at(self, times_s: Float64) -> tuple[Scene, Float64, Float64]:
        """The scene at some times, and a sphere around each part: centres [n, p, 3] and radii [n, p]."""
        key = np.ascontiguousarray(times_s, np.float64).tobytes()
        if key not in self._scenes:
            scene = self._scene(np.asarray(times_s, np.float64))
            centres = np.ascontiguousarray(scene.world_from_canonical[..., 3])
            reach = np.linalg.norm(corners(scene) - centres[:, :, None], axis=-1)
            while len(self._scenes) >= _KEPT:
                del self._scenes[next(iter(self._scenes))]
            self._scenes[key] = (scene, centres, reach.max(axis=-1, initial=0.0))
        return self._scenes[key]

    def _scene(self, times_s: Float64) -> Scene:
        """The scene at times in any order: rows of the one at the camera's own times where they are among them."""
        own = self._own_times
        place = np.searchsorted(own, times_s).clip(0, len(own) - 1)
        if (own[place] == times_s).all():
            scene, index = self._own_scene, place
        else:
            unique, index = np.unique(times_s, return_inverse=True)
            scene = build_scene(self._shot, self._shot.camera.at(torch.from_numpy(unique)))
        return replace(scene, world_from_canonical=np.ascontiguousarray(scene.world_from_canonical[index]))

    @cached_property
    def _own_times(self) -> Float64:
        return self._shot.camera.times_s.double().numpy(force=True)

    @cached_property
    def _own_scene(self) -> Scene:
        return build_scene(self._shot, self._shot.camera)

"""The solids of a shot as its checks ask for them: what rays meet first, and how near a point is to anything."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.geometry.convention import matrix_to_rotvec
from kinoeye.render.body_solids import MovingSolids
from kinoeye.render.fast.closest import nearest_parts
from kinoeye.render.fast.kernels import first_hits
from kinoeye.render.scene import Scene, actor_mesh, build_scene, inverted
from kinoeye.shot.shot import Actor, Avatar, Shot, SkinnedAvatar

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
_STAND_IN = Avatar(shape="box", color_rgb=(0.5, 0.5, 0.5))
_KEPT = 4
_STEP_S, _MOST_STEPS = 1 / 60, 10_000
"""Bodies perform at times no farther apart, in a film that needs no more of them."""
_LIMBS = 3.0
"""A walking robot's feet move up to about twice as fast as its body; with something to spare."""


class _Solids(NamedTuple):
    """All solids at some times: props, then actors of one shape, then skinned bodies."""

    kind: Int64
    segment: Float64
    owner: Int64
    """[p] index in `ShotSolids.names`."""
    world_from_canonical: Float64
    """[n, p, 3, 4]"""
    canonical_from_world: Float64
    """[n, p, 3, 4]"""
    centres: Float64
    """[n, p, 3] of spheres around them."""
    radii: Float64
    """[n, p] of the spheres."""


class ShotSolids:
    """Actors, props and the ground of a shot, as `render` draws them, at any time.

    Fulfils `RayCaster` and `Surroundings` of `kinoeye.shot.checks`. Props and actors of one shape are exact. Skinned
    bodies stand there in rigid pieces (`render.body_solids`), a few centimetres off where they bend; actors
    without an avatar as their box.

    Example:
        >>> from kinoeye.render.worlds import world
        >>> shot = world("train", 1, num_frames=2)
        >>> distance, nearest = ShotSolids(shot).distances(np.zeros(1), np.array([[0.0, 0.0, 30.0]]))
        >>> float(distance[0]) > 20
        True
    """

    def __init__(self, shot: Shot) -> None:
        self._shot = shot
        self._solids: dict[bytes, _Solids] = {}
        props = tuple(f"a {prop.shape} of the place" for prop in shot.environment.props)
        self.names = ("the ground", *(actor.name for actor in shot.actors), *props)

    def first_hits(
        self, times_s: Float64, origins: Float64, directions: Float64, *, only: str | None = None
    ) -> tuple[Float64, Int64]:
        """What rays meet first; see `kinoeye.shot.checks.RayCaster`."""
        solids = self._at(times_s)
        chosen = np.ones(len(solids.kind), bool) if only is None else solids.owner == self._shot.mask_id(only)
        t, surface = np.empty(directions.shape[:2]), np.empty(directions.shape[:2], np.int64)
        shape = (solids.kind, solids.segment, solids.canonical_from_world, solids.centres, solids.radii)
        rays = (np.ascontiguousarray(origins), np.ascontiguousarray(directions))
        first_hits(*shape, chosen, only is None, *rays, t, surface)
        ids = np.append(np.where(solids.owner <= len(self._shot.actors), solids.owner, 0), 0)  # ground, sky, props: 0
        return t, ids[np.where(surface < 0, len(solids.owner), surface)]

    def distances(self, times_s: Float64, points: Float64) -> tuple[Float64, Int64]:
        """How near points are to the nearest thing; see `kinoeye.shot.checks.Surroundings`."""
        solids = self._at(times_s)
        distance, nearest = np.empty(len(points)), np.empty(len(points), np.int64)
        above = np.maximum(points[:, 2], 0.0)
        points, ground = np.ascontiguousarray(points), np.full(len(points), -1)
        shape = (solids.kind, solids.segment, solids.world_from_canonical, solids.centres, solids.radii)
        nearest_parts(*shape, points, above, ground, distance, nearest)
        return distance, np.append(solids.owner, 0)[nearest]

    def travel(self, times_s: Float64) -> Float64:
        """How far surfaces get from each time to the next; see `kinoeye.shot.checks.Surroundings`."""
        ways = [_way(actor, times_s) for actor in self._rigid.actors if actor.avatar is not None and actor.moves]
        ways += [body.travel(times_s) for body in self._bodies(times_s).values()]
        return np.max([np.zeros(len(times_s) - 1), *ways], axis=0)

    def _at(self, times_s: Float64) -> _Solids:
        times_s = np.ascontiguousarray(times_s, np.float64)
        key = times_s.tobytes()
        if key not in self._solids:
            while len(self._solids) >= _KEPT:
                del self._solids[next(iter(self._solids))]
            self._solids[key] = self._made(times_s)
        return self._solids[key]

    def _made(self, times_s: Float64) -> _Solids:
        parts, bodies = self._own_scene.parts, self._bodies(times_s)
        counts = [len(body.solids.kind) for body in bodies.values()]
        instance = parts.instance.astype(np.int64)
        # Props come first among the parts, one part each.
        owner = np.where(instance > 0, instance, len(self._shot.actors) + 1 + np.arange(len(instance)))
        segment = np.concatenate([parts.segment, np.zeros(sum(counts))])
        posed = (body.world_from_canonical(times_s) for body in bodies.values())
        world = np.ascontiguousarray(np.concatenate([self._rigid_maps(times_s), *posed], axis=1))
        reach = np.linalg.norm(world[..., :3], axis=-2)
        reach[..., 2] *= 1.0 + segment
        return _Solids(
            kind=np.concatenate([parts.kind, *(body.solids.kind for body in bodies.values())]),
            segment=segment,
            owner=np.concatenate([owner, np.repeat(np.array(list(bodies), np.int64), counts)]),
            world_from_canonical=world,
            canonical_from_world=np.ascontiguousarray(inverted(world)),
            centres=np.ascontiguousarray(world[..., 3]),
            radii=np.linalg.norm(reach, axis=-1),
        )

    def _rigid_maps(self, times_s: Float64) -> Float64:
        """World from canonical [n, p, 3, 4] of all but skinned bodies, at times in any order."""
        own = self._own_times
        place = np.searchsorted(own, times_s).clip(0, len(own) - 1)
        if (own[place] == times_s).all():
            return self._own_scene.world_from_canonical[place]
        unique, index = np.unique(times_s, return_inverse=True)
        scene = build_scene(self._rigid, self._shot.camera.at(torch.from_numpy(unique)))
        return scene.world_from_canonical[index]

    def _bodies(self, times_s: Float64) -> dict[int, MovingSolids]:
        """Mask id -> skinned body, in motion over the film, or over these times where they lie beyond it."""
        own = self._own_times
        film = own if own[0] <= times_s.min() and times_s.max() <= own[-1] else np.unique(times_s)
        key = _refined(film).tobytes()
        return {
            index: _moving(_Performer(actor), index, key, self._shot.seed)
            for index, actor in enumerate(self._shot.actors, 1)
            if isinstance(actor.avatar, SkinnedAvatar)
        }

    @cached_property
    def _own_times(self) -> Float64:
        return self._shot.camera.times_s.double().numpy(force=True)

    @cached_property
    def _rigid(self) -> Shot:
        """The shot without skinned bodies, and with a box for everybody who is not drawn."""
        drawn = {SkinnedAvatar: None, type(None): _STAND_IN}
        actors = (replace(actor, avatar=drawn.get(type(actor.avatar), actor.avatar)) for actor in self._shot.actors)
        return replace(self._shot, actors=tuple(actors))

    @cached_property
    def _own_scene(self) -> Scene:
        return build_scene(self._rigid, self._shot.camera)


class _Performer:
    """An actor that is known by being the same object, which costs nothing to compare."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Performer) and self.actor is other.actor

    def __hash__(self) -> int:
        return id(self.actor)


@lru_cache(maxsize=8)
def _moving(performer: _Performer, index: int, times: bytes, seed: int) -> MovingSolids:
    """An actor's body at these times; the shots that are tried while one is mended have the same actors."""
    actor, times_s = performer.actor, np.frombuffer(times)
    assert isinstance(actor.avatar, SkinnedAvatar)
    return MovingSolids(actor_mesh(actor, actor.avatar, index, torch.from_numpy(times_s.copy()), seed), times_s)


def _refined(times_s: Float64) -> Float64:
    """The times [f] and others evenly between them."""
    step = max(_STEP_S, float(np.ptp(times_s)) / _MOST_STEPS)
    count = np.maximum(np.ceil(np.diff(times_s) / step - 1e-6).astype(np.int64), 1)
    starts = np.concatenate([[0], np.cumsum(count)])
    return np.interp(np.arange(starts[-1] + 1), starts, times_s)


def _way(actor: Actor, times_s: Float64) -> Float64:
    """How far [n - 1] any surface of an actor without joints may get from each time to the next."""
    pose = actor.track.at(torch.from_numpy(times_s)).T_world_body.as_matrix().double().numpy(force=True)
    steps = np.linalg.norm(np.diff(pose[:, :3, 3], axis=0), axis=1)
    turns = matrix_to_rotvec(np.swapaxes(pose[:-1, :3, :3], 1, 2) @ pose[1:, :3, :3])
    return _LIMBS * steps + np.linalg.norm(actor.size_xyz) * np.linalg.norm(turns, axis=1)

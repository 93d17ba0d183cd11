"""A shot as flat arrays that a ray caster reads: parts, meshes, backdrop and cameras, every colour in linear light.

Every part is a canonical solid (unit sphere, cube of half side 1, ...) under an affine map. A ray keeps its
parameter under affine maps, so one intersection routine a kind serves every size and pose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import rotvec_to_matrix
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.render.color import mix, srgb_to_linear
from kinoeye.render.look import LOOK
from kinoeye.render.meshes import Mesh, mesh_of
from kinoeye.render.panorama import panorama_light
from kinoeye.render.robot import PART_NAMES, ROBOT_PARTS, Role, rest_box, robot_poses
from kinoeye.shot.bodies.casting import perform
from kinoeye.shot.environment import Environment, Panorama, Prop, Sky
from kinoeye.shot.shot import Actor, Avatar, Shot, SkinnedAvatar

Float64 = NDArray[np.float64]

BOX, SPHERE, CYLINDER, CONE, CAPSULE, PYRAMID = range(6)
KINDS = {"box": BOX, "sphere": SPHERE, "cylinder": CYLINDER, "cone": CONE, "capsule": CAPSULE, "pyramid": PYRAMID}
"""Canonical solids. Box: |x|, |y|, |z| <= 1. Sphere: radius 1. Cylinder: radius 1 about z, |z| <= 1. Cone and pyramid:
apex (0, 0, 1), base at z = -1 with radius or half side 1. Capsule: radius 1 about the segment |z| <= h."""
PLAIN, CHECKER, STRIPES, NOISE, TILES, WINDOWS, PICTURE = range(7)
PATTERNS = {
    "plain": PLAIN,
    "checker": CHECKER,
    "stripes": STRIPES,
    "noise": NOISE,
    "tiles": TILES,
    "windows": WINDOWS,
    "panorama": PICTURE,
}
LATTICE = 128
"""Noise repeats after so many cells."""
LAYER_STEP, SALT_STEP, TILE_SALT = (57, 23), 31, 7
"""Shifts of the noise lattice: for each cell up, for each octave, and the octave number of tiles' brightness."""


class Parts(NamedTuple):
    """What does not change from frame to frame, one row a part."""

    kind: NDArray[np.int64]
    """[p] index of a canonical solid."""
    segment: Float64
    """[p] half length h of a capsule's axis in canonical units; 0 for others."""
    color_a: Float64
    """[p, 3]"""
    color_b: Float64
    """[p, 3] the other colour of the pattern."""
    pattern: NDArray[np.int64]
    """[p]"""
    cells: Float64
    """[p, 3] whole cells of the pattern along each side of the actor's box, so that no face lies between two."""
    size_xyz: Float64
    """[p, 3] the actor's box in metres."""
    box_from_canonical: Float64
    """[p, 3, 4] to the place in the box of the actor at rest, 0 to 1 a side."""
    instance: NDArray[np.uint8]
    """[p] index of the actor plus one; 0 for props."""
    part: NDArray[np.uint8]
    """[p] index in `PART_NAMES` plus one; 0 for props."""


class Backdrop(NamedTuple):
    """Ground, sky, sun and air."""

    pattern: int
    tile_m: float
    grain: float
    glow: float
    fog_per_m: float
    ground_a: Float64
    ground_b: Float64
    horizon: Float64
    zenith: Float64
    sun_xyz: Float64
    """[3] unit vector towards the sun."""
    sun: Float64
    """[3] light on a surface that faces the sun."""
    ambient_up: Float64
    """[3] light from everywhere else on a surface that faces up."""
    ambient_down: Float64
    """[3] the same on one that faces down."""
    fog: Float64
    lattice: Float64
    """[LATTICE, LATTICE] values of the noise at whole cells, -1 to 1."""
    panorama: NDArray[np.float32]
    """[h, w, 3] linear light all around in the place of the gradient; [0, 0, 3] for none."""
    panorama_turn: float
    """Azimuth of its middle column."""
    panorama_height: float
    """Height above the world's origin that it was taken from, in metres."""
    shaded: Float64
    """[3] share of a ground's light that is left in a shadow."""


@dataclass(frozen=True)
class Scene:
    """A shot at the times of its frames."""

    parts: Parts
    backdrop: Backdrop
    world_from_canonical: Float64
    """[f, p, 3, 4] affine map of each part's canonical solid into the world."""
    T_world_cam: Float64
    """[f, 3, 4]"""
    fx_fy_cx_cy: Float64
    """[f, 4] in pixels of `size_wh`."""
    size_wh: tuple[int, int]
    meshes: tuple[Mesh, ...] = ()
    """At most one an actor."""

    @cached_property
    def canonical_from_world(self) -> Float64:
        """The inverse [f, p, 3, 4] of `world_from_canonical`."""
        return inverted(self.world_from_canonical)

    @cached_property
    def next_from_world(self) -> Float64:
        """Where each part's surface goes from each frame to the next: world to world [f - 1, p, 3, 4]."""
        return after(self.world_from_canonical[1:], self.canonical_from_world[:-1])


def build_scene(shot: Shot, camera: Trajectory) -> Scene:
    """The arrays of a shot at the times of a camera.

    Args:
        shot: its actors with an avatar, its environment, and its seed for textures.
        camera: the camera to see it with, with intrinsics in pixels.
    """
    times = camera.times_s
    frames = len(times)
    rows = [_prop_row(prop) for prop in shot.environment.props]
    meshes: list[Mesh] = []
    for index, actor in enumerate(shot.actors):
        if isinstance(actor.avatar, SkinnedAvatar):
            meshes.append(actor_mesh(actor, actor.avatar, index + 1, times, shot.seed))
        elif actor.avatar is not None:
            rows += _actor_rows(actor, actor.avatar, index + 1, times)
    maps = [np.broadcast_to(row.world_from_canonical, (frames, 3, 4)) for row in rows]
    return Scene(
        parts=_stack(rows),
        meshes=tuple(meshes),
        backdrop=_backdrop(shot.environment, shot.seed, pixel=1.0 / float(camera.intrinsics.fx_fy_cx_cy[:, 0].max())),
        world_from_canonical=np.stack(maps, axis=1) if maps else np.zeros((frames, 0, 3, 4)),
        T_world_cam=camera.T_world_cam.as_matrix()[:, :3].double().numpy(),
        fx_fy_cx_cy=camera.intrinsics.fx_fy_cx_cy.double().numpy(),
        size_wh=camera.size_wh,
    )


class _Row(NamedTuple):
    kind: int
    segment: float
    color_a: Float64
    color_b: Float64
    pattern: int
    cells: Float64
    size_xyz: Float64
    box_from_canonical: Float64
    instance: int
    part: int
    world_from_canonical: Float64


def _stack(rows: list[_Row]) -> Parts:
    def column(name: str, shape: tuple[int, ...], dtype: type) -> NDArray:
        return np.array([getattr(row, name) for row in rows], dtype=dtype).reshape(len(rows), *shape)

    return Parts(
        kind=column("kind", (), np.int64),
        segment=column("segment", (), np.float64),
        color_a=column("color_a", (3,), np.float64),
        color_b=column("color_b", (3,), np.float64),
        pattern=column("pattern", (), np.int64),
        cells=column("cells", (3,), np.float64),
        size_xyz=column("size_xyz", (3,), np.float64),
        box_from_canonical=column("box_from_canonical", (3, 4), np.float64),
        instance=column("instance", (), np.uint8),
        part=column("part", (), np.uint8),
    )


def _actor_rows(actor: Actor, avatar: Avatar, instance: int, times_s: torch.Tensor) -> list[_Row]:
    """The parts of one actor over time."""
    T_world_body = actor.track.at(times_s).T_world_body.as_matrix().double().numpy()
    size = actor.size_xyz
    if avatar.shape == "robot":
        walked, total = distance_walked(actor.track, times_s) if avatar.gait == "walk" else (np.zeros(1), 0.0)
        T_world_rest = T_world_body[:, None] @ robot_poses(size, walked, total)
        blocks = [(part.name, part.kind, *rest_box(part, size), part.role) for part in ROBOT_PARTS]
    else:
        T_world_rest = T_world_body[:, None]
        half = np.array(size) / 2
        blocks = [("body", avatar.shape, np.array([0.0, 0.0, half[2]]), half, "base")]
    rows = []
    for index, (name, kind, centre, half, role) in enumerate(blocks):
        color = _role_color(avatar.color_rgb, role)
        pattern = avatar.pattern if role in ("base", "light") else "plain"
        ids = (instance, PART_NAMES.index(name) + 1)
        colors = (color, _contrasting(color))
        rows.append(_row(kind, centre, half, np.array(size), T_world_rest[:, index, :3], colors, pattern, ids))
    return rows


def actor_mesh(actor: Actor, avatar: SkinnedAvatar, instance: int, times_s: torch.Tensor, seed: int) -> Mesh:
    """The body of one actor over time.

    Args:
        actor: on its track.
        avatar: of the actor.
        instance: index of the actor in its shot plus one.
        times_s: [f] increasing.
        seed: of the shot.

    Raises:
        InputError: the body cannot do what it is cued to.
    """
    body, T_body_rest = perform(actor, avatar, times_s.double().numpy(), seed=seed + instance)
    T_world_body = actor.track.at(times_s).T_world_body.as_matrix().double().numpy()
    return mesh_of(body, T_world_body, T_body_rest, instance)


@lru_cache(maxsize=1024)
def _prop_row(prop: Prop) -> _Row:
    size = np.array(prop.size_xyz)
    R = rotvec_to_matrix([0.0, 0.0, math.radians(prop.yaw_deg)])
    T_world_rest = np.column_stack([R, [*prop.position_xy, prop.base_m]])
    centre = np.array([0.0, 0.0, size[2] / 2])
    color = np.array(prop.color_rgb)
    other = _contrasting(color) if prop.pattern_rgb is None else np.array(prop.pattern_rgb)
    return _row(prop.shape, centre, size / 2, size, T_world_rest, (color, other), prop.pattern, (0, 0))


def _row(
    shape: str,
    centre: Float64,
    half: Float64,
    size: Float64,
    T_world_rest: Float64,
    colors: tuple[Float64, Float64],
    pattern: str,
    ids: tuple[int, int],
) -> _Row:
    """A part whose box at rest has this centre and half size [3], of a body with this size [3] and pose [..., 3, 4]."""
    segment, scale = _canonical_scale(KINDS[shape], half)
    rest_from_canonical = np.concatenate([np.diag(scale), centre[:, None]], axis=1)
    return _Row(
        kind=KINDS[shape],
        segment=segment,
        color_a=srgb_to_linear(colors[0]),
        color_b=srgb_to_linear(colors[1]),
        pattern=PATTERNS[pattern],
        cells=np.maximum(np.rint(LOOK.pattern_cells * size / size[2]), 1.0),
        size_xyz=size,
        box_from_canonical=_box_from_rest(rest_from_canonical, size),
        instance=ids[0],
        part=ids[1],
        world_from_canonical=after(T_world_rest, rest_from_canonical),
    )


def distance_walked(track: Track, times_s: torch.Tensor) -> tuple[Float64, float]:
    """Length in metres of the path that a body has covered at each time, and of the whole path."""
    positions = track.T_world_body.translation.double().numpy()
    travelled = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(positions, axis=0), axis=1))])
    walked = np.interp(times_s.double().numpy(), track.times_s.double().numpy(), travelled)
    return walked, float(travelled[-1])


def _canonical_scale(kind: int, half: Float64) -> tuple[float, Float64]:
    """Half length of a capsule's axis (else 0) and the scale [3] that takes the canonical solid to its size."""
    if kind != CAPSULE:
        return 0.0, half
    radius = min((half[0] + half[1]) / 2, half[2])
    return half[2] / radius - 1.0, np.array([half[0], half[1], radius])


def after(outer: Float64, inner: Float64) -> Float64:
    """The affine map [..., 3, 4] that applies `inner` and then `outer`."""
    offset = outer[..., :3] @ inner[..., 3:] + outer[..., 3:]
    return np.concatenate([outer[..., :3] @ inner[..., :3], offset], axis=-1)


def inverted(maps: Float64) -> Float64:
    """The inverse of maps [..., 3, 4] that are each a rotation after a scaling along the axes."""
    linear = maps[..., :3]
    inverse = np.swapaxes(linear / (linear * linear).sum(axis=-2, keepdims=True), -1, -2)
    return np.concatenate([inverse, -inverse @ maps[..., 3:]], axis=-1)


def _box_from_rest(rest_from_canonical: Float64, size_xyz: Float64) -> Float64:
    box_from_rest = np.concatenate([np.diag(1.0 / size_xyz), np.array([[0.5], [0.5], [0.0]])], axis=1)
    return after(box_from_rest, rest_from_canonical)


def _role_color(base: tuple[float, float, float], role: Role | str) -> Float64:
    if role == "light":
        return mix(base, (0.93, 0.93, 0.91), 0.62)
    if role == "dark":
        return mix(base, (0.13, 0.14, 0.17), 0.82)
    return np.array((0.70, 0.97, 1.0)) if role == "glow" else np.array(base)


def _contrasting(color: Float64) -> Float64:
    """The second colour of a pattern: lighter for a dark colour, darker for a light one."""
    bright = float(np.array([0.3, 0.59, 0.11]) @ color) > 0.55
    return mix(color, (0.10, 0.10, 0.12), 0.55) if bright else mix(color, (1.0, 1.0, 0.98), 0.62)


def _backdrop(environment: Environment, seed: int, pixel: float) -> Backdrop:
    ground, sky, sun = environment.ground, environment.sky, environment.sun
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 0x7E87])
    bounce = mix(srgb_to_linear(ground.color_a_rgb), srgb_to_linear(ground.color_b_rgb), 0.5)
    panorama = sky if isinstance(sky, Panorama) else None
    if ground.pattern == "panorama" and panorama is None:
        raise InputError("the ground is laid out with a panorama, and the sky is none; give the environment a Panorama")
    sun_xyz, direct = np.array(sun.direction_xyz()), sun.strength * srgb_to_linear(sun.color_rgb)
    ambient = sun.ambient * _tint(srgb_to_linear(sky.zenith_rgb))
    return Backdrop(
        pattern=PATTERNS[ground.pattern],
        tile_m=float(ground.tile_m),
        grain=float(ground.grain),
        glow=float(sky.glow) if isinstance(sky, Sky) else 0.0,
        fog_per_m=float(environment.fog_per_m),
        ground_a=srgb_to_linear(ground.color_a_rgb),
        ground_b=srgb_to_linear(ground.color_b_rgb),
        horizon=srgb_to_linear(sky.horizon_rgb),
        zenith=srgb_to_linear(sky.zenith_rgb),
        sun_xyz=sun_xyz,
        sun=direct,
        ambient_up=ambient,
        ambient_down=0.55 * sun.ambient * _tint(bounce),
        fog=srgb_to_linear(environment.fog_rgb),
        lattice=rng.uniform(-1.0, 1.0, (LATTICE, LATTICE)),
        panorama=panorama_light(panorama, pixel) if panorama else np.zeros((0, 0, 3), np.float32),
        panorama_turn=math.radians(panorama.turn_deg) if panorama else 0.0,
        panorama_height=panorama.height_m if panorama else 0.0,
        shaded=ambient / (ambient + max(sun_xyz[2], 0.0) * direct),
    )


def _tint(color: Float64) -> Float64:
    """White light with a share of a colour's hue."""
    return mix((1.0, 1.0, 1.0), color / max(float(color.max()), 1e-6), 0.35)


def corners(scene: Scene) -> Float64:
    """World points [f, p, 8, 3] whose convex hull holds each part: its box's corners, the upper four at the apex
    of cones and pyramids.
    """
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    pointed = np.isin(scene.parts.kind, (CONE, PYRAMID))[:, None]
    width = np.where(pointed & (signs[:, 2] > 0), 0.0, 1.0)  # [p, 8]
    height = np.broadcast_to(1.0 + scene.parts.segment[:, None], width.shape)
    local = signs * np.stack([width, width, height], axis=-1)  # [p, 8, 3]
    M = scene.world_from_canonical
    return np.einsum("fpij,pkj->fpki", M[..., :3], local) + M[:, :, None, :, 3]

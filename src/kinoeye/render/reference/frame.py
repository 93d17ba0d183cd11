"""One frame, layer by layer, with the mathematics in view: the definition that the fast renderer is held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import invert
from kinoeye.render.color import linear_to_bytes
from kinoeye.render.reference import solids, textures
from kinoeye.render.scene import Scene

Float64 = NDArray[np.float64]
SKY, GROUND = -2, -1
"""Surfaces that are no part; parts count from 0."""
GROUND_FAR = 1e9
"""The ground ends here (in depth, metres), which no pixel resolves."""
SHADOW_BIAS_M = 1e-4
"""Shadow rays start so far off their surface."""


@dataclass(frozen=True)
class Hits:
    """What n camera rays meet first."""

    direction: Float64
    """[n, 3] in world axes, with length 1 along the camera's z axis."""
    depth: Float64
    """[n] along the camera's z axis; inf for sky."""
    surface: NDArray[np.int64]
    """[n] SKY, GROUND or a part."""
    face: NDArray[np.int64]
    """[n] piece of the part's surface."""
    point: Float64
    """[n, 3] in the world; 0 for sky."""
    normal: Float64
    """[n, 3] unit, in the world, towards the camera; 0 for sky."""
    shadow: NDArray[np.bool_]
    """[n] no sunlight arrives; False for sky."""


def render_frame(scene: Scene, index: int, out: Mapping[str, NDArray[Any]], samples: int) -> None:
    """Fill the layers of one frame, each [height, width, ...] as `footage.LAYER_TYPES` says."""
    width, height = scene.size_wh
    y, x = np.meshgrid(np.arange(0.5, height, dtype=np.float64), np.arange(0.5, width, dtype=np.float64), indexing="ij")
    xy = np.stack([x, y], axis=-1).reshape(-1, 2)
    hits = cast(scene, index, xy)
    shape = (height, width)
    found: dict[str, NDArray[Any]] = {}
    if "rgb" in out or "alpha" in out:
        light, cover = shade(scene, index, hits), _instance(scene, hits) > 0
        if samples > 1:
            light, cover = _supersample(scene, index, xy, hits, light, cover, samples)
        found["rgb"] = linear_to_bytes(light).reshape(*shape, 3)
        found["alpha"] = np.floor(cover * 255.0 + 0.5).astype(np.uint8).reshape(shape)
    found["depth"] = hits.depth.astype(np.float32).reshape(shape)
    found["shadow"] = np.where(hits.shadow, 255, 0).astype(np.uint8).reshape(shape)
    found["instance"] = _instance(scene, hits).reshape(shape)
    found["part"] = _at_surface(scene.parts.part, hits).reshape(shape)
    if "normals" in out:
        in_camera = hits.normal @ scene.T_world_cam[index, :, :3]
        found["normals"] = _known(in_camera, hits.surface != SKY).reshape(*shape, 3)
    if "flow" in out:
        found["flow"] = flow(scene, index, xy, hits).reshape(*shape, 2)
    if "object_coordinates" in out:
        found["object_coordinates"] = object_coordinates(scene, index, hits).reshape(*shape, 3)
    for name, layer in out.items():
        layer[:] = found[name]


def cast(scene: Scene, index: int, xy: Float64) -> Hits:
    """What the rays through image points [n, 2] meet first."""
    direction, origin = _rays(scene, index, xy)
    depth = np.full(len(xy), np.inf)
    surface, face = np.full(len(xy), SKY), np.zeros(len(xy), np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_ground = -origin[2] / direction[:, 2]
    on_ground = (to_ground > solids.T_MIN) & (to_ground < GROUND_FAR)
    depth[on_ground], surface[on_ground] = to_ground[on_ground], GROUND
    to_canonical = scene.canonical_from_world[index]
    for part in range(len(scene.parts.kind)):
        A = to_canonical[part]
        local_origin, local_direction = A[:, :3] @ origin + A[:, 3], direction @ A[:, :3].T
        t, hit_face = solids.intersect(scene.parts.kind[part], scene.parts.segment[part], local_origin, local_direction)
        nearer = t < depth
        depth[nearer], surface[nearer], face[nearer] = t[nearer], part, hit_face[nearer]
    point = origin + np.where(np.isfinite(depth), depth, 0.0)[:, None] * direction
    point[surface == SKY] = 0.0
    normal = _normals(scene, to_canonical, surface, face, point, direction)
    shadow = _in_shadow(scene, to_canonical, point + SHADOW_BIAS_M * normal, normal) & (surface != SKY)
    return Hits(direction, depth, surface, face, point, normal, shadow)


def _rays(scene: Scene, index: int, xy: Float64) -> tuple[Float64, Float64]:
    fx, fy, cx, cy = scene.fx_fy_cx_cy[index]
    in_camera = np.stack([(xy[:, 0] - cx) / fx, (xy[:, 1] - cy) / fy, np.ones(len(xy))], axis=-1)
    T = scene.T_world_cam[index]
    return in_camera @ T[:, :3].T, T[:, 3]


def _normals(
    scene: Scene,
    to_canonical: Float64,
    surface: NDArray[np.int64],
    face: NDArray[np.int64],
    point: Float64,
    direction: Float64,
) -> Float64:
    """Unit world normals [n, 3], turned towards the camera."""
    normal = np.zeros_like(point)
    normal[surface == GROUND] = (0.0, 0.0, 1.0)
    for part in np.unique(surface[surface >= 0]):
        here = surface == part
        A = to_canonical[part]
        local = point[here] @ A[:, :3].T + A[:, 3]
        outward = solids.normal(int(scene.parts.kind[part]), float(scene.parts.segment[part]), face[here], local)
        normal[here] = outward @ A[:, :3]  # normals go with the inverse transpose of world_from_canonical
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.where(length > 0, length, 1.0)
    away = (normal * direction).sum(-1) > 0
    return np.where(away[:, None], -normal, normal)


def _in_shadow(scene: Scene, to_canonical: Float64, start: Float64, normal: Float64) -> NDArray[np.bool_]:
    """Whether the sun is behind the surface, below the ground, or behind a part, as seen from `start` [n, 3]."""
    sun = scene.backdrop.sun_xyz
    shadow = normal @ sun <= 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        shadow |= -start[:, 2] / sun[2] > 0.0
    for part in range(len(scene.parts.kind)):
        A = to_canonical[part]
        local_sun = np.broadcast_to(A[:, :3] @ sun, start.shape)
        local_start = start @ A[:, :3].T + A[:, 3]
        t, _ = solids.intersect(scene.parts.kind[part], scene.parts.segment[part], local_start, local_sun)
        shadow |= np.isfinite(t)
    return shadow


def shade(scene: Scene, index: int, hits: Hits) -> Float64:
    """Linear light [n, 3]: Lambert's law for the sun, a hemisphere of ambient light, then fog."""
    backdrop = scene.backdrop
    light = sky(scene, hits.direction)
    seen = hits.surface != SKY
    albedo = np.zeros_like(light)
    ground = hits.surface == GROUND
    albedo[ground] = _ground_albedo(scene, index, hits, ground)
    for part in np.unique(hits.surface[hits.surface >= 0]):
        here = hits.surface == part
        albedo[here] = _part_albedo(scene, index, hits, here, part)
    facing = np.maximum(hits.normal @ backdrop.sun_xyz, 0.0)
    direct = np.where(hits.shadow, 0.0, facing)[:, None] * backdrop.sun
    up = (0.5 + 0.5 * hits.normal[:, 2])[:, None]
    ambient = backdrop.ambient_down + up * (backdrop.ambient_up - backdrop.ambient_down)
    distance = np.where(seen, hits.depth, 0.0) * np.linalg.norm(hits.direction, axis=1)
    kept = np.exp(-backdrop.fog_per_m * distance)[:, None]
    lit = albedo * (direct + ambient) * kept + backdrop.fog * (1.0 - kept)
    return np.where(seen[:, None], lit, light)


def sky(scene: Scene, direction: Float64) -> Float64:
    """Linear light [n, 3] of the sky: horizon to zenith, and a halo around the sun."""
    backdrop = scene.backdrop
    unit = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    low = 1.0 - np.maximum(unit[:, 2], 0.0)
    gradient = backdrop.zenith + (low * low * low)[:, None] * (backdrop.horizon - backdrop.zenith)
    toward = np.maximum(unit @ backdrop.sun_xyz, 0.0)
    halo = 0.25 * toward**8 + 0.75 * toward**64
    return gradient + (backdrop.glow * halo)[:, None] * backdrop.sun


def _ground_albedo(scene: Scene, index: int, hits: Hits, here: NDArray[np.bool_]) -> Float64:
    """Ground colour, averaged over the parallelogram that a pixel covers (ray differentials, Igehy 1999)."""
    direction, depth = hits.direction[here], hits.depth[here][:, None]
    fx, fy = scene.fx_fy_cx_cy[index, :2]
    R = scene.T_world_cam[index, :, :3]
    steps = []
    for change in (R[:, 0] / fx, R[:, 1] / fy):
        steps.append(depth * (change - direction * (change[2] / direction[:, 2:])))
    right, down = steps[0][:, :2], steps[1][:, :2]
    area = np.abs(right[:, 0] * down[:, 1] - right[:, 1] * down[:, 0])
    extent = np.maximum(np.abs(right), np.abs(down))
    return textures.ground_color(scene.backdrop, hits.point[here][:, :2], extent, np.sqrt(area))


def _part_albedo(scene: Scene, index: int, hits: Hits, here: NDArray[np.bool_], part: int) -> Float64:
    parts = scene.parts
    place = _place_in_box(scene, index, hits.point[here], part)
    cosine = -(hits.normal[here] * hits.direction[here]).sum(-1) / np.linalg.norm(hits.direction[here], axis=1)
    width = hits.depth[here] / scene.fx_fy_cx_cy[index, 0] / np.sqrt(np.maximum(cosine, 0.05))
    return textures.part_color(scene.backdrop, parts, part, place, width / parts.size_xyz[part, 2])


def _place_in_box(scene: Scene, index: int, point: Float64, part: int) -> Float64:
    """Place [n, 3] in the box of the actor at rest of world points on a part."""
    A = scene.canonical_from_world[index, part]
    B = scene.parts.box_from_canonical[part]
    return (point @ A[:, :3].T + A[:, 3]) @ B[:, :3].T + B[:, 3]


def object_coordinates(scene: Scene, index: int, hits: Hits) -> NDArray[np.float32]:
    """Place [n, 3] of each surface point in its actor's box, 0 to 1 a side; NaN where there is no actor."""
    place = np.full(hits.point.shape, np.nan)
    for part in np.unique(hits.surface[_instance(scene, hits) > 0]):
        here = hits.surface == part
        place[here] = np.clip(_place_in_box(scene, index, hits.point[here], part), 0.0, 1.0)
    return place.astype(np.float32)


def flow(scene: Scene, index: int, xy: Float64, hits: Hits) -> NDArray[np.float32]:
    """Pixels [n, 2] to the same surface point in the next frame; NaN for sky, behind the camera, and at the end."""
    if index + 1 >= len(scene.T_world_cam):
        return np.full(xy.shape, np.nan, np.float32)
    moved = hits.point.copy()
    motion = scene.next_from_world[index]
    for part in np.unique(hits.surface[hits.surface >= 0]):
        here = hits.surface == part
        moved[here] = moved[here] @ motion[part, :, :3].T + motion[part, :, 3]
    T_cam_world = invert(scene.T_world_cam[index + 1])
    in_camera = moved @ T_cam_world[:, :3].T + T_cam_world[:, 3]
    ahead = in_camera[:, 2] > solids.T_MIN
    z = np.where(ahead, in_camera[:, 2], 1.0)[:, None]
    fx_fy, cx_cy = scene.fx_fy_cx_cy[index + 1, :2], scene.fx_fy_cx_cy[index + 1, 2:]
    there = in_camera[:, :2] / z * fx_fy + cx_cy
    return _known(there - xy, ahead & (hits.surface != SKY))


def _supersample(
    scene: Scene, index: int, xy: Float64, hits: Hits, light: Float64, cover: NDArray, samples: int
) -> tuple[Float64, Float64]:
    """Light and coverage with samples x samples rays in the pixels at edges, the mean of their light in each.

    Textures are already averaged over a pixel, so only pixels whose surface, face or shadow differs from a
    neighbour's gain from more rays.
    """
    width, height = scene.size_wh
    key = ((hits.surface * 8 + hits.face) * 2 + hits.shadow).reshape(height, width)
    edge = np.zeros((height, width), bool)
    across, along = key[:, 1:] != key[:, :-1], key[1:] != key[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= along
    edge[:-1] |= along
    at_edge = edge.reshape(-1)
    light, cover = light.copy(), cover.astype(np.float64)
    total, covered = np.zeros((at_edge.sum(), 3)), np.zeros(at_edge.sum())
    for row in range(samples):
        for column in range(samples):
            offset = (np.array([column, row]) + 0.5) / samples - 0.5
            sample = cast(scene, index, xy[at_edge] + offset)
            total += np.clip(shade(scene, index, sample), 0.0, 1.0)
            covered += _instance(scene, sample) > 0
    light[at_edge], cover[at_edge] = total / samples**2, covered / samples**2
    return light, cover


def _known(values: Float64, known: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(known[:, None], values, np.nan).astype(np.float32)


def _instance(scene: Scene, hits: Hits) -> NDArray[np.uint8]:
    return _at_surface(scene.parts.instance, hits)


def _at_surface(of_part: NDArray[np.uint8], hits: Hits) -> NDArray[np.uint8]:
    """The part's value [n] at each hit; 0 for ground and sky."""
    return np.append(of_part, np.array([0, 0], np.uint8))[hits.surface]  # SKY and GROUND index from the end

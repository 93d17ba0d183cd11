"""One frame, layer by layer, with the mathematics in view: the definition that the fast renderer is held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import invert
from kinoeye.render.color import linear_to_bytes
from kinoeye.render.meshes import Mesh
from kinoeye.render.panorama import look_up
from kinoeye.render.reference import solids, textures, triangles
from kinoeye.render.scene import PICTURE, Scene
from kinoeye.shot.bodies import skin

Float64 = NDArray[np.float64]
SKY, GROUND = -2, -1
"""Surfaces that are neither part nor mesh; parts count from 0, and meshes go on from there."""
GROUND_FAR = 1e9
"""The ground ends here (in depth, metres), which no pixel resolves."""
SHADOW_BIAS_M = 1e-4
"""Shadow rays start so far off their surface."""
FOLD = 4.0
"""Neighbouring pixels on one mesh whose depths differ by more than so many of their widths see two folds of it."""


@dataclass(frozen=True)
class Hits:
    """What n camera rays meet first."""

    direction: Float64
    """[n, 3] in world axes, with length 1 along the camera's z axis."""
    depth: Float64
    """[n] along the camera's z axis; inf for sky."""
    surface: NDArray[np.int64]
    """[n] SKY, GROUND, a part or a mesh."""
    face: NDArray[np.int64]
    """[n] piece of the part's surface, or triangle of the mesh."""
    weights: Float64
    """[n, 3] of the triangle's corners; NaN where there is none."""
    point: Float64
    """[n, 3] in the world; 0 for sky."""
    normal: Float64
    """[n, 3] unit, in the world, towards the camera, smooth on meshes; 0 for sky."""
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
    found["part"] = _part(scene, hits).reshape(shape)
    found["triangle"] = (
        np.where(hits.surface >= len(scene.parts.kind), hits.face + 1, 0).astype(np.uint32).reshape(shape)
    )
    found["barycentrics"] = hits.weights[:, :2].astype(np.float32).reshape(*shape, 2)
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
    weights = np.full((len(xy), 3), np.nan)
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
    for number, mesh in enumerate(scene.meshes, start=len(scene.parts.kind)):
        t, triangle, inside = triangles.first_hit(origin, direction, _vertices(mesh, index), mesh.body.faces)
        nearer = t < depth
        depth[nearer], surface[nearer], face[nearer] = t[nearer], number, triangle[nearer]
        weights[nearer] = inside[nearer]
    point = origin + np.where(np.isfinite(depth), depth, 0.0)[:, None] * direction
    point[surface == SKY] = 0.0
    outward = _normals(scene, index, surface, face, point)
    flat = _toward_camera(outward, outward, direction)
    smooth = _toward_camera(_smooth_normals(scene, index, surface, face, weights, outward), outward, direction)
    shadow = _in_shadow(scene, index, point + SHADOW_BIAS_M * flat, flat) | (smooth @ scene.backdrop.sun_xyz <= 0.0)
    return Hits(direction, depth, surface, face, weights, point, smooth, shadow & (surface != SKY))


def _vertices(mesh: Mesh, index: int) -> Float64:
    """Vertices [v, 3] of a mesh in the world."""
    return skin(mesh.body, mesh.world_from_rest[index : index + 1])[0]


def _on_meshes(scene: Scene, surface: NDArray[np.int64]) -> list[tuple[Mesh, NDArray[np.bool_]]]:
    """Each mesh that is hit, and which of the surfaces [n] it is."""
    numbered = enumerate(scene.meshes, start=len(scene.parts.kind))
    found = [(mesh, surface == number) for number, mesh in numbered]
    return [(mesh, here) for mesh, here in found if here.any()]


def _on_parts(scene: Scene, surface: NDArray[np.int64]) -> list[tuple[int, NDArray[np.bool_]]]:
    """Each part that is hit, and which of the surfaces [n] it is."""
    parts = np.unique(surface[(surface >= 0) & (surface < len(scene.parts.kind))])
    return [(int(part), surface == part) for part in parts]


def _rays(scene: Scene, index: int, xy: Float64) -> tuple[Float64, Float64]:
    fx, fy, cx, cy = scene.fx_fy_cx_cy[index]
    in_camera = np.stack([(xy[:, 0] - cx) / fx, (xy[:, 1] - cy) / fy, np.ones(len(xy))], axis=-1)
    T = scene.T_world_cam[index]
    return in_camera @ T[:, :3].T, T[:, 3]


def _normals(scene: Scene, index: int, surface: NDArray[np.int64], face: NDArray[np.int64], point: Float64) -> Float64:
    """Unit outward normals [n, 3] in the world; 0 for sky."""
    normal = np.zeros_like(point)
    normal[surface == GROUND] = (0.0, 0.0, 1.0)
    for part, here in _on_parts(scene, surface):
        A = scene.canonical_from_world[index, part]
        local = point[here] @ A[:, :3].T + A[:, 3]
        outward = solids.normal(int(scene.parts.kind[part]), float(scene.parts.segment[part]), face[here], local)
        normal[here] = outward @ A[:, :3]  # normals go with the inverse transpose of world_from_canonical
    for mesh, here in _on_meshes(scene, surface):
        normal[here] = triangles.facing(_vertices(mesh, index)[mesh.body.faces])[face[here]]
    return triangles.unit(normal)


def _smooth_normals(
    scene: Scene,
    index: int,
    surface: NDArray[np.int64],
    face: NDArray[np.int64],
    weights: Float64,
    outward: Float64,
) -> Float64:
    """The same with those of meshes interpolated between the corners (Phong 1975), where they do not cancel."""
    normal = outward.copy()
    for mesh, here in _on_meshes(scene, surface):
        faces = mesh.body.faces
        corners = triangles.vertex_normals(_vertices(mesh, index), faces)[faces[face[here]]]
        smooth = (weights[here, :, None] * corners).sum(axis=1)
        normal[here] = np.where((smooth != 0).any(axis=1)[:, None], triangles.unit(smooth), outward[here])
    return normal


def _toward_camera(normal: Float64, outward: Float64, direction: Float64) -> Float64:
    """Unit normals [n, 3] on the camera's side of the surface that faces `outward`.

    A smooth normal may lean away from the camera near an outline; it is bent to the edge of what the camera sees.
    """
    away = (outward * direction).sum(-1) > 0
    normal = np.where(away[:, None], -normal, normal)
    lean = np.maximum((normal * direction).sum(-1) / (direction * direction).sum(-1), 0.0)
    return triangles.unit(normal - lean[:, None] * direction)


def _in_shadow(scene: Scene, index: int, start: Float64, normal: Float64) -> NDArray[np.bool_]:
    """Whether the sun is behind the surface, the ground, a part or a mesh, as seen from `start` [n, 3]."""
    sun = scene.backdrop.sun_xyz
    shadow = normal @ sun <= 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        shadow |= -start[:, 2] / sun[2] > 0.0
    for part in range(len(scene.parts.kind)):
        A = scene.canonical_from_world[index, part]
        local_sun = np.broadcast_to(A[:, :3] @ sun, start.shape)
        local_start = start @ A[:, :3].T + A[:, 3]
        t, _ = solids.intersect(scene.parts.kind[part], scene.parts.segment[part], local_start, local_sun)
        shadow |= np.isfinite(t)
    for mesh in scene.meshes:
        shadow[~shadow] = triangles.any_hit(start[~shadow], sun, _vertices(mesh, index), mesh.body.faces)
    return shadow


def shade(scene: Scene, index: int, hits: Hits) -> Float64:
    """Linear light [n, 3]: Lambert's law for the sun, a hemisphere of ambient light, then fog."""
    backdrop = scene.backdrop
    light = sky(scene, hits.direction)
    seen = hits.surface != SKY
    albedo = np.zeros_like(light)
    ground = hits.surface == GROUND
    albedo[ground] = _ground_albedo(scene, index, hits, ground)
    for part, here in _on_parts(scene, hits.surface):
        albedo[here] = _part_albedo(scene, index, hits, here, part)
    for mesh, here in _on_meshes(scene, hits.surface):
        albedo[here] = _interpolated(mesh, mesh.colors, hits, here)
    facing = np.maximum(hits.normal @ backdrop.sun_xyz, 0.0)
    direct = np.where(hits.shadow, 0.0, facing)[:, None] * backdrop.sun
    up = (0.5 + 0.5 * hits.normal[:, 2])[:, None]
    ambient = backdrop.ambient_down + up * (backdrop.ambient_up - backdrop.ambient_down)
    distance = np.where(seen, hits.depth, 0.0) * np.linalg.norm(hits.direction, axis=1)
    kept = np.exp(-backdrop.fog_per_m * distance)[:, None]
    lit = albedo * (direct + ambient)
    if backdrop.pattern == PICTURE:
        lit[ground] = _ground_picture(scene, hits, ground)
    lit = lit * kept + backdrop.fog * (1.0 - kept)
    return np.where(seen[:, None], lit, light)


def sky(scene: Scene, direction: Float64) -> Float64:
    """Linear light [n, 3] of the sky: a picture, or horizon to zenith and a halo around the sun."""
    backdrop = scene.backdrop
    if backdrop.panorama.size:
        return look_up(backdrop.panorama, backdrop.panorama_turn, direction)
    unit = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    low = 1.0 - np.maximum(unit[:, 2], 0.0)
    gradient = backdrop.zenith + (low * low * low)[:, None] * (backdrop.horizon - backdrop.zenith)
    toward = np.maximum(unit @ backdrop.sun_xyz, 0.0)
    halo = 0.25 * toward**8 + 0.75 * toward**64
    return gradient + (backdrop.glow * halo)[:, None] * backdrop.sun


def _ground_picture(scene: Scene, hits: Hits, here: NDArray[np.bool_]) -> Float64:
    """Light of a ground that the panorama shows, as seen from where that was taken."""
    backdrop = scene.backdrop
    toward = hits.point[here] - [0.0, 0.0, backdrop.panorama_height]
    light = look_up(backdrop.panorama, backdrop.panorama_turn, toward)
    return np.where(hits.shadow[here][:, None], light * backdrop.shaded, light)


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
    for part, here in _on_parts(scene, hits.surface):
        if scene.parts.instance[part] > 0:
            place[here] = _place_in_box(scene, index, hits.point[here], part)
    for mesh, here in _on_meshes(scene, hits.surface):
        if mesh.instance > 0:
            place[here] = _interpolated(mesh, mesh.places, hits, here)
    return np.clip(place, 0.0, 1.0).astype(np.float32)


def _interpolated(mesh: Mesh, of_vertex: Float64, hits: Hits, here: NDArray[np.bool_]) -> Float64:
    """What vertices have [v, 3], at hits on their mesh [n, 3]."""
    return (hits.weights[here, :, None] * of_vertex[mesh.body.faces[hits.face[here]]]).sum(axis=1)


def flow(scene: Scene, index: int, xy: Float64, hits: Hits) -> NDArray[np.float32]:
    """Pixels [n, 2] to the same surface point in the next frame; NaN for sky, behind the camera, and at the end."""
    if index + 1 >= len(scene.T_world_cam):
        return np.full(xy.shape, np.nan, np.float32)
    moved = hits.point.copy()
    motion = scene.next_from_world[index]
    for part, here in _on_parts(scene, hits.surface):
        moved[here] = moved[here] @ motion[part, :, :3].T + motion[part, :, 3]
    for mesh, here in _on_meshes(scene, hits.surface):
        moved[here] = _interpolated(mesh, _vertices(mesh, index + 1), hits, here)
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

    Textures are already averaged over a pixel, so only pixels at edges gain from more rays.
    """
    at_edge = _edges(scene, index, hits).reshape(-1)
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


def _edges(scene: Scene, index: int, hits: Hits) -> NDArray[np.bool_]:
    """Pixels [height, width] whose surface, face, shadow or fold of a mesh is another than a neighbour's."""
    width, height = scene.size_wh
    on_mesh = hits.surface >= len(scene.parts.kind)
    face = np.where(on_mesh, 0, hits.face)
    key = ((hits.surface * 8 + face) * 2 + hits.shadow).reshape(height, width)
    fold = np.where(on_mesh, hits.depth, 0.0).reshape(height, width)
    thick = FOLD / scene.fx_fy_cx_cy[index, 0]

    def differ(first: tuple[slice, slice], second: tuple[slice, slice]) -> NDArray[np.bool_]:
        jump = np.abs(fold[first] - fold[second]) > thick * np.minimum(fold[first], fold[second])
        return (key[first] != key[second]) | jump

    edge = np.zeros((height, width), bool)
    everything, but_last, but_first = slice(None), slice(None, -1), slice(1, None)
    for first, second in (
        ((everything, but_first), (everything, but_last)),
        ((but_first, everything), (but_last, everything)),
    ):
        different = differ(first, second)
        edge[first] |= different
        edge[second] |= different
    return edge


def _known(values: Float64, known: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(known[:, None], values, np.nan).astype(np.float32)


def _instance(scene: Scene, hits: Hits) -> NDArray[np.uint8]:
    of_mesh = np.array([mesh.instance for mesh in scene.meshes], np.uint8)
    return _at_surface(np.concatenate([scene.parts.instance, of_mesh]), hits)


def _part(scene: Scene, hits: Hits) -> NDArray[np.uint8]:
    part = _at_surface(np.concatenate([scene.parts.part, np.zeros(len(scene.meshes), np.uint8)]), hits)
    for mesh, here in _on_meshes(scene, hits.surface):
        part[here] = mesh.body.parts[hits.face[here]]
    return part


def _at_surface(of_surface: NDArray[np.uint8], hits: Hits) -> NDArray[np.uint8]:
    """The value [n] of the part or mesh at each hit; 0 for ground and sky."""
    return np.append(of_surface, np.array([0, 0], np.uint8))[hits.surface]  # SKY and GROUND index from the end

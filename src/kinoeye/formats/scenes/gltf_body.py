"""Jointed bodies in glTF 2.0 files (.glb, .gltf): skins, what hangs rigidly on nodes, and their animations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.gltf import Animation, Gltf, read_gltf
from kinoeye.formats.containers.gltf_meshes import Primitive, read_primitives
from kinoeye.formats.containers.gltf_nodes import world_transforms
from kinoeye.geometry.convention import Float64, axes_matrix
from kinoeye.shot.bodies.body import (
    MAX_FACES,
    MAX_FRAMES,
    MAX_JOINTS,
    MAX_VERTICES,
    WEIGHTS_A_VERTEX,
    Body,
    Clip,
    Skeleton,
    joint_transforms,
)
from kinoeye.shot.bodies.joint_names import PART_NAMES, triangle_parts
from kinoeye.shot.bodies.sampling import AffineClip, nearest_clip

AXES = "LUF"
"""Where the file's +x, +y and +z point."""
MAX_MAPS = 1_500_000
"""Frames times joints of one animation; more are refused."""
RATE = 60.0
"""Keys farther apart than a frame at this rate are sampled in between: turns that are nested do not go straight."""
_RIGID = 1e-4
"""A clip of rotations stands for the file's motion where it is nowhere farther from it, in shares of the height."""
_LOOP = 0.02
"""An animation whose ends are nearer than this share of the height goes round."""


@dataclass(frozen=True, kw_only=True)
class GltfBody:
    """A body and its motions, in our axes and metres."""

    body: Body
    """Its regions are the file's materials."""
    clips: Mapping[str, Clip | AffineClip]
    """Animation's name -> motion: rotations where they say all of it, else the affine maps of the file."""
    notes: tuple[str, ...]
    """What was left out or decided, one sentence each."""


class _Joint(NamedTuple):
    """A node that carries vertices, and the inverse of its pose when they were bound to it."""

    node: int
    bind: tuple[float, ...]
    """Inverse bind matrix, 16 numbers row by row."""


@dataclass
class _Parts:
    """What has been gathered of a file's meshes; places are as the skin binds them."""

    joints: dict[_Joint, int] = field(default_factory=dict)
    vertices: list[Float64] = field(default_factory=list)
    faces: list[NDArray[np.int64]] = field(default_factory=list)
    colors: list[NDArray[np.uint8]] = field(default_factory=list)
    carriers: list[NDArray[np.int64]] = field(default_factory=list)
    weights: list[Float64] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)
    count: int = 0
    triangles: int = 0
    scene_from_bind: Float64 = field(default_factory=lambda: np.eye(4))
    """Where what is bound stands in the scene when nothing moves."""


def read_gltf_body(path: Path | str, *, height_m: float | None = None) -> GltfBody:
    """Read every skinned mesh of a file as one body, with what hangs rigidly on its joints, and its animations.

    A file without skins is read too: each mesh hangs on its own node, as wheels do. The file's +z is the front; the
    body stands on the ground under its box's centre as it is bound. A skinning matrix is the joint's pose times its
    inverse bind matrix; the mesh's own node does not count (glTF 2.0, 3.7.3).

    Args:
        path: a .glb or .gltf file.
        height_m: the height that the body gets; None keeps the file's metres.

    Raises:
        InputError: the file is damaged, larger than what is read, or has no triangles on joints.
    """
    if height_m is not None and not 0 < height_m < 1e6:
        raise InputError(f"a height of {height_m} m is none; give metres above 0")
    gltf = read_gltf(Path(path))
    notes: list[str] = []
    parts = _gather(gltf, notes)
    if not parts.count:
        raise InputError(f"{gltf.path} has no triangles that could be a body")
    order = _in_order(gltf, parts)
    joints = list(order)
    weights, carriers = _strongest(parts, np.array([order[joint] for joint in parts.joints]), notes)
    body_from_bind = _upright(gltf, parts.scene_from_bind)
    vertices = _applied(body_from_bind, np.concatenate(parts.vertices))
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    if not (np.isfinite(vertices).all() and (high - low).max() > 1e-9):
        raise gltf.fail("its body has no size, or places that are NaN or infinite")
    if high[2] - low[2] <= 1e-9 and height_m is not None:
        raise InputError(f"{gltf.path} holds something flat, which cannot be given a height")
    placed = np.eye(4) * (1.0 if height_m is None else height_m / (high[2] - low[2]))
    placed[:3, 3] = -placed[0, 0] * np.array([*(low + high)[:2] / 2, low[2]])
    placed[3, 3] = 1.0
    body_from_bind = placed @ body_from_bind
    body_from_scene = placed @ _upright(gltf, np.eye(4))
    skeleton = _skeleton(gltf, joints, body_from_bind)
    faces = np.concatenate(parts.faces)
    body = Body(
        name=gltf.path.stem,
        skeleton=skeleton,
        vertices=_applied(placed, vertices),
        faces=faces,
        joints=carriers,
        weights=weights,
        colors_rgb=np.concatenate(parts.colors),
        parts=triangle_parts(skeleton, faces, carriers, weights),
        part_names=PART_NAMES,
        regions=_regions(parts),
    )
    clips = {}
    for animation in gltf.animations:
        name = animation.name if animation.name not in clips else f"{animation.name}.{len(clips)}"
        clips[name] = _clip(gltf, animation, body, joints, body_from_scene, body_from_bind)
    return GltfBody(body=body, clips=clips, notes=tuple(dict.fromkeys(notes)))


def _gather(gltf: Gltf, notes: list[str]) -> _Parts:
    """All primitives with the joints that carry them."""
    nodes = gltf.get(gltf.document, "nodes", list, [])
    if len(nodes) > 50_000:
        raise InputError(f"{gltf.path} has {len(nodes):,} nodes; at most 50,000 are read")
    meshes = [i for i in range(len(nodes)) if "mesh" in gltf.item("nodes", i)]
    skinned = [i for i in meshes if "skin" in gltf.item("nodes", i)]
    parts = _Parts()
    skin_nodes: set[int] = set()
    for node in skinned:
        joints = _skin_joints(gltf, gltf.get(gltf.item("nodes", node), "skin", int))
        skin_nodes |= {joint.node for joint in joints}
        slots = np.array([parts.joints.setdefault(joint, len(parts.joints)) for joint in joints])
        for primitive in _primitives(gltf, node, parts, notes):
            if primitive.joints is None or primitive.weights is None:
                raise gltf.fail("a mesh with a skin has no joints or no weights")
            used = np.where(primitive.weights > 0, primitive.joints, 0)
            if used.max() >= len(slots):
                raise gltf.fail(f"a vertex hangs on joint {int(used.max())} of a skin of {len(slots)}")
            _add(parts, primitive, primitive.vertices, slots[used], primitive.weights)
    if parts.count:
        parts.scene_from_bind = _bound_pose(gltf, parts)
    for node in (i for i in meshes if i not in skinned):
        chain = gltf.chain(node)
        if skinned and not skin_nodes.intersection(chain):
            notes.append("meshes that hang on no joint are left out")
            continue
        pose = world_transforms(gltf, [node], {}, np.zeros(1))[node][0]
        # As if it had been bound where it stands: its node carries it back and forth.
        bind = _inverse(gltf, pose) @ parts.scene_from_bind
        slot = parts.joints.setdefault(_Joint(node, tuple(bind.ravel().tolist())), len(parts.joints))
        for primitive in _primitives(gltf, node, parts, notes):
            carriers = np.full((len(primitive.vertices), 1), slot)
            vertices = _applied(_inverse(gltf, bind), primitive.vertices)
            _add(parts, primitive, vertices, carriers, np.ones(carriers.shape))
    if len(parts.joints) > MAX_JOINTS:
        raise InputError(f"{gltf.path} has a body of {len(parts.joints)} joints; at most {MAX_JOINTS} are read")
    return parts


def _primitives(gltf: Gltf, node: int, parts: _Parts, notes: list[str]) -> list[Primitive]:
    mesh = gltf.get(gltf.item("nodes", node), "mesh", int)
    left = MAX_VERTICES - parts.count, MAX_FACES - parts.triangles
    return read_primitives(gltf, mesh, max_vertices=max(left[0], 0), max_faces=max(left[1], 0), notes=notes)


def _skin_joints(gltf: Gltf, skin: int) -> list[_Joint]:
    holder = gltf.item("skins", skin)
    nodes = gltf.get(holder, "joints", list)
    if not 1 <= len(nodes) <= MAX_JOINTS:
        raise InputError(f"{gltf.path} has a skin of {len(nodes):,} joints; 1 to {MAX_JOINTS} are read")
    for node in nodes:
        gltf.item("nodes", node)
    if len(set(nodes)) != len(nodes):
        raise gltf.fail("a skin has the same joint twice")
    binds = np.tile(np.eye(4), (len(nodes), 1, 1))
    if "inverseBindMatrices" in holder:
        columns = gltf.accessor(gltf.get(holder, "inverseBindMatrices", int), most=MAX_JOINTS)
        if columns.shape[1] != 16 or len(columns) < len(nodes) or not np.isfinite(columns).all():
            raise gltf.fail("a skin has other numbers of inverse bind matrices than of joints, or NaN in one")
        binds = np.swapaxes(columns[: len(nodes)].reshape(-1, 4, 4), 1, 2)
    return [_Joint(node, tuple(bind.ravel().tolist())) for node, bind in zip(nodes, binds, strict=True)]


def _add(parts: _Parts, primitive: Primitive, vertices: Float64, carriers: NDArray[np.int64], weights: Float64) -> None:
    wide = np.zeros((len(vertices), WEIGHTS_A_VERTEX))
    wide[:, : weights.shape[1]] = weights
    slots = np.zeros((len(vertices), WEIGHTS_A_VERTEX), np.int64)
    slots[:, : carriers.shape[1]] = carriers
    parts.vertices.append(vertices)
    parts.faces.append(primitive.faces + parts.count)
    parts.colors.append(primitive.colors_rgb)
    parts.carriers.append(slots)
    parts.weights.append(wide)
    parts.materials.append(primitive.material)
    parts.count += len(vertices)
    parts.triangles += len(primitive.faces)


def _in_order(gltf: Gltf, parts: _Parts) -> dict[_Joint, int]:
    """The joints, each after what it hangs from, and their new places; the root that carries most joints is first."""
    chains = {joint: gltf.chain(joint.node) for joint in parts.joints}
    nodes = {joint.node for joint in parts.joints}
    tops = {joint: next(node for node in chain if node in nodes) for joint, chain in chains.items()}
    below: dict[int, int] = {}
    for top in tops.values():
        below[top] = below.get(top, 0) + 1
    ranked = sorted(parts.joints, key=lambda j: (-below[tops[j]], tops[j] != j.node, tops[j], len(chains[j])))
    return {joint: place for place, joint in enumerate(ranked)}


def _strongest(parts: _Parts, places: NDArray[np.int64], notes: list[str]) -> tuple[Float64, NDArray[np.int64]]:
    """Weights that add up to 1 and the joints that they are of, [v, k]: columns that nobody needs are left out."""
    weights, carriers = np.concatenate(parts.weights), places[np.concatenate(parts.carriers)]
    order = np.argsort(-weights, axis=1, kind="stable")
    weights = np.take_along_axis(weights, order, axis=1)
    carriers = np.take_along_axis(carriers, order, axis=1)
    total = weights.sum(axis=1, keepdims=True)
    if np.abs(total - 1).max() > 0.01:
        notes.append("weights that do not add up to 1 are scaled so that they do")
    needed = max(1, int((weights > 0).sum(axis=1).max()))
    return (weights / total)[:, :needed], carriers[:, :needed]


def _bound_pose(gltf: Gltf, parts: _Parts) -> Float64:
    """The pose [4, 4] in the scene of what is bound: where most joints agree that it stands when nothing moves."""
    joints = list(parts.joints)
    scene = world_transforms(gltf, [joint.node for joint in joints], {}, np.zeros(1))
    poses = np.stack([scene[joint.node][0] @ np.reshape(joint.bind, (4, 4)) for joint in joints])
    if not np.isfinite(poses).all():
        raise gltf.fail("a joint has a place that is NaN or infinite")
    carriers, weights = np.concatenate(parts.carriers), np.concatenate(parts.weights)
    shares = np.bincount(carriers.ravel(), weights=weights.ravel(), minlength=len(joints))
    apart = np.abs(poses[:, None] - poses[None]).sum(axis=(2, 3))
    return poses[int((apart @ shares + np.where(shares > 0, 0.0, np.inf)).argmin())]


def _upright(gltf: Gltf, pose: Float64) -> Float64:
    """The same pose in our axes."""
    found = np.eye(4)
    found[:3, :3] = axes_matrix(AXES)
    found = found @ pose
    _inverse(gltf, found)
    return found


def _skeleton(gltf: Gltf, joints: list[_Joint], body_from_bind: Float64) -> Skeleton:
    first: dict[int, int] = {}
    for place, joint in enumerate(joints):
        first.setdefault(joint.node, place)
    parents = np.full(len(joints), -1)
    names: list[str] = []
    for place, joint in enumerate(joints):
        above = [first[node] for node in gltf.chain(joint.node)[:-1] if node in first]
        if place > 0:
            parents[place] = above[-1] if above else 0
        name = gltf.get(gltf.item("nodes", joint.node), "name", str, "") or f"node{joint.node}"
        names.append(name if name not in names else f"{name}.{place}")
    heads = np.array(
        [_applied(body_from_bind @ _inverse(gltf, np.reshape(j.bind, (4, 4))), np.zeros(3)) for j in joints]
    )
    tails = heads.copy()
    for place in range(len(joints)):
        children = np.flatnonzero(parents == place)
        if len(children):
            tails[place] = heads[children].mean(axis=0)
        elif parents[place] >= 0:
            tails[place] = heads[place] + 0.5 * (heads[place] - heads[parents[place]])
    return Skeleton(names=tuple(names), parents=parents.astype(np.int64), heads=heads, tails=tails)


def _regions(parts: _Parts) -> dict[str, NDArray[np.int64]]:
    found: dict[str, list[NDArray[np.int64]]] = {}
    start = 0
    for material, vertices in zip(parts.materials, parts.vertices, strict=True):
        found.setdefault(material, []).append(np.arange(start, start + len(vertices)))
        start += len(vertices)
    return {material: np.concatenate(held) for material, held in found.items()}


def _clip(
    gltf: Gltf,
    animation: Animation,
    body: Body,
    joints: list[_Joint],
    body_from_scene: Float64,
    body_from_bind: Float64,
) -> Clip | AffineClip:
    """One animation: the exact maps, or rotations where they say the same."""
    nodes = {node for joint in joints for node in gltf.chain(joint.node)}
    curves = gltf.curves(animation, nodes)
    times = _times(gltf, animation.name, [keys.times_s for keys in curves.values()], len(joints))
    scene = world_transforms(gltf, [joint.node for joint in joints], curves, times)
    bind_from_body = _inverse(gltf, body_from_bind)
    maps = np.stack(
        [body_from_scene @ scene[j.node] @ (np.reshape(j.bind, (4, 4)) @ bind_from_body) for j in joints], axis=1
    )
    if not np.isfinite(maps).all():
        raise gltf.fail(f"animation {animation.name!r:.40} has rotations of no length, NaN or infinite places")
    return _as_clip(body, times - times[0], maps)


def _times(gltf: Gltf, name: str, keys: list[Float64], joints: int) -> Float64:
    """Times of all keys, and more where they are far apart."""
    if not keys:
        return np.zeros(1)
    times = np.unique(np.concatenate(keys))
    most = min(MAX_FRAMES, MAX_MAPS // joints)
    count = (times[-1] - times[0]) * RATE
    if len(times) > most or not count <= most:
        longest = most / RATE
        raise InputError(
            f"{gltf.path} has an animation {name!r:.40} of {len(times):,} keys over {count / RATE:.6g} s; at most "
            f"{most:,} keys and {longest:.6g} s are read of {joints} joints"
        )
    if len(times) > 1 and np.diff(times).max() > (1 + 1e-4) / RATE:
        both = np.sort(np.concatenate([times, times[0] + np.arange(int(count) + 1) / RATE]))
        times = both[np.concatenate([[True], np.diff(both) > 1e-4 / RATE])]
    return times


def _as_clip(body: Body, times: Float64, maps: Float64) -> Clip | AffineClip:
    height = float(np.ptp(body.vertices, axis=0).max())
    corners = np.stack(np.meshgrid(*zip(body.vertices.min(axis=0), body.vertices.max(axis=0), strict=True)), -1)
    used = np.unique(body.joints)
    gap = _farthest(maps[-1, used] - maps[0, used], corners)
    loops = bool(len(times) > 2 and gap < _LOOP * height)
    affine = AffineClip(names=body.skeleton.names, times_s=times, T_body_rest=maps[:, :, :3], loops=loops)
    plain = nearest_clip(affine, body.skeleton)
    apart = joint_transforms(body.skeleton, plain.local_wxyz, plain.root_xyz) - affine.T_body_rest
    farthest = _farthest(apart, corners)
    return plain if farthest < _RIGID * height else affine


def _farthest(change: Float64, points: Float64) -> float:
    """How far a change of maps [..., 3 or 4, 4] moves any of the points [..., 3] at most, along an axis."""
    return max(float(np.abs(change[..., :3, :3] @ c + change[..., :3, 3]).max()) for c in points.reshape(-1, 3))


def _applied(pose: Float64, points: Float64) -> Float64:
    return points @ pose[:3, :3].T + pose[:3, 3]


def _inverse(gltf: Gltf, pose: Float64) -> Float64:
    with np.errstate(all="ignore"):
        if not (np.isfinite(pose).all() and abs(np.linalg.det(pose[:3, :3])) > 1e-300):
            raise gltf.fail("a joint or mesh is scaled to nothing, or has a place that is NaN or infinite")
        found = np.linalg.inv(pose).astype(np.float64)
    if not np.isfinite(found).all():
        raise gltf.fail("a joint or mesh is scaled to nothing")
    return found

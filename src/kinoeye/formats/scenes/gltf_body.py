"""Jointed bodies in glTF 2.0 files (.glb, .gltf): skins, what hangs rigidly on nodes, and their animations."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.gltf import Animation, Gltf, read_gltf
from kinoeye.formats.containers.gltf_meshes import Primitive, read_primitives
from kinoeye.formats.containers.gltf_nodes import world_transforms
from kinoeye.formats.scenes.rigged_body import (
    RiggedBody,
    applied,
    as_clip,
    bone_ends,
    check_height,
    on_the_ground,
    sample_times,
    strongest,
)
from kinoeye.geometry.convention import Float64, axes_matrix
from kinoeye.shot.bodies.body import (
    MAX_FACES,
    MAX_JOINTS,
    MAX_VERTICES,
    WEIGHTS_A_VERTEX,
    Body,
    Clip,
    Skeleton,
)
from kinoeye.shot.bodies.joint_names import PART_NAMES, triangle_parts
from kinoeye.shot.bodies.sampling import AffineClip

AXES = "LUF"
"""Where the file's +x, +y and +z point."""


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


def read_gltf_body(path: Path | str, *, height_m: float | None = None) -> RiggedBody:
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
    check_height(height_m)
    gltf = read_gltf(Path(path))
    notes: list[str] = []
    parts = _gather(gltf, notes)
    if not parts.count:
        raise InputError(f"{gltf.path} has no triangles that could be a body")
    order = _in_order(gltf, parts)
    joints = list(order)
    places = np.array([order[joint] for joint in parts.joints])
    weights, carriers = strongest(np.concatenate(parts.weights), places[np.concatenate(parts.carriers)], notes)
    body_from_bind = _upright(gltf, parts.scene_from_bind)
    vertices = applied(body_from_bind, np.concatenate(parts.vertices))
    placed = on_the_ground(vertices, height_m, where=str(gltf.path))
    body_from_bind = placed @ body_from_bind
    body_from_scene = placed @ _upright(gltf, np.eye(4))
    skeleton = _skeleton(gltf, joints, body_from_bind)
    faces = np.concatenate(parts.faces)
    body = Body(
        name=gltf.path.stem,
        skeleton=skeleton,
        vertices=applied(placed, vertices),
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
    return RiggedBody(body=body, clips=clips, notes=tuple(dict.fromkeys(notes)))


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
            vertices = applied(_inverse(gltf, bind), primitive.vertices)
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
        [applied(body_from_bind @ _inverse(gltf, np.reshape(j.bind, (4, 4))), np.zeros(3)) for j in joints]
    )
    return Skeleton(names=tuple(names), parents=parents.astype(np.int64), heads=heads, tails=bone_ends(heads, parents))


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
    keys = [held.times_s for held in curves.values()]
    times = sample_times(keys, len(joints), where=f"{gltf.path} has an animation {animation.name!r:.40}")
    scene = world_transforms(gltf, [joint.node for joint in joints], curves, times)
    bind_from_body = _inverse(gltf, body_from_bind)
    maps = np.stack(
        [body_from_scene @ scene[j.node] @ (np.reshape(j.bind, (4, 4)) @ bind_from_body) for j in joints], axis=1
    )
    if not np.isfinite(maps).all():
        raise gltf.fail(f"animation {animation.name!r:.40} has rotations of no length, NaN or infinite places")
    return as_clip(body, times - times[0], maps)


def _inverse(gltf: Gltf, pose: Float64) -> Float64:
    with np.errstate(all="ignore"):
        if not (np.isfinite(pose).all() and abs(np.linalg.det(pose[:3, :3])) > 1e-300):
            raise gltf.fail("a joint or mesh is scaled to nothing, or has a place that is NaN or infinite")
        found = np.linalg.inv(pose).astype(np.float64)
    if not np.isfinite(found).all():
        raise gltf.fail("a joint or mesh is scaled to nothing")
    return found

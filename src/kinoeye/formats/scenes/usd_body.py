"""Jointed bodies in USD files (UsdSkel): skinned meshes, their skeletons, and the animation of the joints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.formats.containers.gltf_meshes import srgb_bytes
from kinoeye.formats.containers.usd_layer import read_layer
from kinoeye.formats.containers.usda import Attribute, Layer, Prim
from kinoeye.formats.path_table import DEFAULT_FPS
from kinoeye.formats.paths.animation import linear, slerp
from kinoeye.formats.paths.usd_xform import PREFIX, operations, world_matrices
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
from kinoeye.geometry.convention import Float64, axes_matrix, wxyz_to_matrix
from kinoeye.shot.bodies.body import MAX_FACES, MAX_JOINTS, MAX_VERTICES, WEIGHTS_A_VERTEX, Body, Skeleton
from kinoeye.shot.bodies.joint_names import PART_NAMES, triangle_parts

AXES = {"Y": "LUF", "Z": "FLU"}
"""Up axis -> where the file's +x, +y and +z point: the front of a body is +z under +y up, as in glTF, and else +x."""
MAX_CORNERS = 4096
"""Polygons with more corners are refused."""
_KEPT = re.compile(
    r"points|faceVertexCounts|faceVertexIndices|orientation|joints|bindTransforms|restTransforms|rotations|translations"
    rf"|scales|primvars:displayColor|(?:primvars:)?skel:.*|{PREFIX}.*"
)


@dataclass
class _Bound:
    """The meshes of one skeleton, in bind space."""

    chain: Sequence[Prim]
    vertices: list[Float64] = field(default_factory=list)
    faces: list[NDArray[np.int64]] = field(default_factory=list)
    colors: list[NDArray[np.uint8]] = field(default_factory=list)
    carriers: list[NDArray[np.int64]] = field(default_factory=list)
    weights: list[Float64] = field(default_factory=list)
    regions: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    count: int = 0


def read_usd_bodies(path: Path | str, *, height_m: float | None = None) -> dict[str, RiggedBody]:
    """Read every skeleton of a layer with the meshes that it carries, and its animation.

    A skinning matrix is the joint's pose in the world times the inverse of its bind transform. A body stands on the
    ground under its box's centre as it is bound. Nothing is composed; blend shapes are left out.

    Args:
        path: a .usda, .usd, .usdc or .usdz file.
        height_m: the height that bodies get; None keeps the file's metres.

    Returns:
        Path of the skeleton's prim -> body.

    Raises:
        InputError: the file is damaged, larger than what is read, or has no mesh on a skeleton.
    """
    check_height(height_m)
    layer = read_layer(Path(path), _KEPT)
    chains = {chain[-1].path: chain for prim in layer.prims for chain in prim.walk()}
    bound: dict[str, _Bound] = {}
    for chain in chains.values():
        target = _inherited(chain, "skel:skeleton")
        if chain[-1].type_name == "Mesh" and "primvars:skel:jointIndices" in chain[-1].attributes and target:
            if target not in chains:
                raise InputError(f"{path} has a mesh {chain[-1].path} on {target}, which it does not hold")
            _add(bound.setdefault(target, _Bound(chains[target])), chain[-1], str(path))
    if not bound:
        raise InputError(f"{path} holds no mesh that a skeleton carries")
    return {skeleton: _body(layer, held, chains, height_m, str(path)) for skeleton, held in bound.items()}


def _inherited(chain: Sequence[Prim], name: str) -> str | None:
    """The target of a relationship of the last prim, or of the nearest above it."""
    for prim in reversed(chain):
        target = prim.attributes.get(name, Attribute()).default
        target = target[0] if isinstance(target, tuple) and target else target
        if isinstance(target, str):
            return target
    return None


def _numbers(prim: Prim, name: str, width: int, where: str, default: Float64 | None = None) -> Float64:
    """An array that stays, [n, width]."""
    value: Any = prim.attributes.get(name, Attribute()).default
    if value is None and default is not None:
        return default
    try:
        found = np.array(value, np.float64).reshape(-1, width)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: {prim.path}.{name} is missing or no list of {width} numbers each") from error
    if not np.isfinite(found).all():
        raise InputError(f"{where}: {prim.path}.{name} has numbers that are NaN or infinite")
    return found


def _whole(prim: Prim, name: str, limit: int, where: str) -> NDArray[np.int64]:
    """An array of indices below a limit, [n]."""
    found = _numbers(prim, name, 1, where)[:, 0]
    if not len(found) or found.min() < 0 or found.max() >= limit or (found != np.floor(found)).any():
        raise InputError(f"{where}: {prim.path}.{name} has indices of what is not there")
    return found.astype(np.int64)


def _names(prim: Prim, name: str, where: str) -> list[str]:
    value = prim.attributes.get(name, Attribute()).default
    names = [item for item in value if isinstance(item, str)] if isinstance(value, tuple) else []
    if not 1 <= len(names) <= MAX_JOINTS or len(set(names)) != len(names):
        raise InputError(f"{where}: {prim.path}.{name} is no list of 1 to {MAX_JOINTS} different joints")
    return names


def _add(held: _Bound, mesh: Prim, where: str) -> None:
    points = _numbers(mesh, "points", 3, where)
    if not 3 <= len(points) <= MAX_VERTICES - held.count:
        raise InputError(f"{where} has a body of other than 3 to {MAX_VERTICES:,} vertices")
    skeleton = held.chain[-1]
    joints = _names(skeleton, "joints", where)
    own = _names(mesh, "skel:joints", where) if "skel:joints" in mesh.attributes else joints
    if not set(own) <= set(joints):
        raise InputError(f"{where}: {mesh.path} hangs on joints that {skeleton.path} does not have")
    places = np.array([joints.index(name) for name in own])
    carriers = places[_whole(mesh, "primvars:skel:jointIndices", len(own), where)]
    weights = _numbers(mesh, "primvars:skel:jointWeights", 1, where)[:, 0]
    if len(carriers) % len(points):  # one list for the whole mesh
        carriers, weights = np.tile(carriers, len(points)), np.tile(weights, len(points))
    if len(weights) != len(carriers) or weights.min() < 0:
        raise InputError(f"{where}: {mesh.path} has other numbers of weights than of joints, or negative ones")
    weights, carriers = weights.reshape(len(points), -1), carriers.reshape(len(points), -1)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :WEIGHTS_A_VERTEX]
    missing = ((0, 0), (0, WEIGHTS_A_VERTEX - order.shape[1]))
    weights = np.pad(np.take_along_axis(weights, order, axis=1), missing)
    if not (weights.sum(axis=1) > 1e-6).all():
        raise InputError(f"{where}: {mesh.path} has a vertex whose weights add up to 0, so that no joint carries it")
    bind = _numbers(mesh, "primvars:skel:geomBindTransform", 16, where, np.eye(4).reshape(1, 16))
    held.vertices.append(applied(bind[0].reshape(4, 4).T, points))
    held.faces.append(_triangles(mesh, len(points), where) + held.count)
    held.colors.append(_colors(mesh, len(points), where))
    held.carriers.append(np.pad(np.take_along_axis(carriers, order, axis=1), missing))
    held.weights.append(weights)
    held.regions[mesh.path.rpartition("/")[2]] = np.arange(held.count, held.count + len(points))
    held.count += len(points)


def _triangles(mesh: Prim, vertices: int, where: str) -> NDArray[np.int64]:
    """Polygons as fans of triangles [t, 3], counter-clockwise from outside."""
    counts = _whole(mesh, "faceVertexCounts", MAX_CORNERS + 1, where)
    corners = _whole(mesh, "faceVertexIndices", vertices, where)
    if counts.sum() != len(corners) or counts.min() < 3 or len(corners) > 3 * MAX_FACES:
        raise InputError(f"{where}: {mesh.path} has faces of other numbers of corners than it holds, or too many")
    face = np.repeat(np.arange(len(counts)), counts - 2)
    starts = (np.cumsum(counts) - counts)[face]
    step = np.arange(len(face)) - np.repeat(np.cumsum(counts - 2) - (counts - 2), counts - 2)
    faces = corners[np.stack([starts, starts + step + 1, starts + step + 2], axis=1)]
    is_left = mesh.attributes.get("orientation", Attribute()).default == "leftHanded"
    return faces[:, ::-1] if is_left else faces


def _colors(mesh: Prim, vertices: int, where: str) -> NDArray[np.uint8]:
    """Bytes [v, 3] of a colour a vertex or a mesh; others are grey."""
    colors = srgb_bytes(_numbers(mesh, "primvars:displayColor", 3, where, np.full((1, 3), 0.5)))
    if len(colors) not in (1, vertices):
        colors = srgb_bytes(np.full((1, 3), 0.5))
    return np.broadcast_to(colors, (vertices, 3)).copy()


def _body(
    layer: Layer, held: _Bound, chains: dict[str, tuple[Prim, ...]], height_m: float | None, where: str
) -> RiggedBody:
    notes: list[str] = []
    prim = held.chain[-1]
    paths = _names(prim, "joints", where)
    parents = np.array([paths.index(above) if (above := p.rpartition("/")[0]) in paths else -1 for p in paths])
    if any(parent >= place for place, parent in enumerate(parents)):
        raise InputError(f"{where}: {prim.path} has joints before those that they hang from")
    binds = _matrices(prim, "bindTransforms", len(paths), where)
    axes = np.eye(4)
    unit = layer.metadata.get("metersPerUnit", 0.01)
    axis = layer.metadata.get("upAxis", "Y")
    if axis not in AXES or not (isinstance(unit, float) and 0 < unit < 1e6):
        raise InputError(
            f"{where} has the upAxis {axis!r} and metersPerUnit {unit!r}; 'Y' or 'Z' and metres are needed"
        )
    axes[:3, :3] = unit * axes_matrix(AXES[str(axis)])
    vertices = applied(axes, np.concatenate(held.vertices))
    body_from_file = on_the_ground(vertices, height_m, where=where) @ axes
    weights, carriers = strongest(np.concatenate(held.weights), np.concatenate(held.carriers), notes)
    names = _short_names(paths)
    heads = applied(body_from_file, binds[:, :3, 3])
    bones = np.where((parents < 0) & (np.arange(len(paths)) > 0), 0, parents)
    skeleton = Skeleton(names=names, parents=bones, heads=heads, tails=bone_ends(heads, bones))
    faces = np.concatenate(held.faces)
    body = Body(
        name=held.chain[-2].path.rpartition("/")[2] if len(held.chain) > 1 else Path(where).stem,
        skeleton=skeleton,
        vertices=applied(body_from_file, np.concatenate(held.vertices)),
        faces=faces,
        joints=carriers,
        weights=weights,
        colors_rgb=np.concatenate(held.colors),
        parts=triangle_parts(skeleton, faces, carriers, weights),
        part_names=PART_NAMES,
        regions=held.regions,
    )
    source = _inherited(held.chain, "skel:animationSource")
    clips = {}
    if source in chains:
        motion = _Motion(layer, held.chain, chains[str(source)][-1], paths, parents, where)
        times, poses = motion.poses()
        with np.errstate(all="ignore"):
            maps = body_from_file @ poses @ np.linalg.inv(body_from_file @ binds)
        if not np.isfinite(maps).all():
            raise InputError(f"{where}: {source} has places that are NaN or infinite")
        clips[str(source).rpartition("/")[2]] = as_clip(body, times - times[0], maps)
    return RiggedBody(body=body, clips=clips, notes=tuple(dict.fromkeys(notes)))


def _short_names(paths: list[str]) -> tuple[str, ...]:
    """The last words of the joints' paths; whole paths where those repeat."""
    short = [path.rpartition("/")[2] for path in paths]
    return tuple(name if short.count(name) == 1 else path for name, path in zip(short, paths, strict=True))


def _matrices(prim: Prim, name: str, count: int, where: str) -> Float64:
    """Matrices [count, 4, 4] for column vectors that can be inverted."""
    rows = _numbers(prim, name, 16, where)
    if len(rows) != count or (np.abs(np.linalg.det(rows.reshape(-1, 4, 4))) < 1e-300).any():
        raise InputError(f"{where}: {prim.path}.{name} are not {count} matrices that have an inverse")
    return np.swapaxes(rows.reshape(-1, 4, 4), 1, 2)


@dataclass
class _Motion:
    layer: Layer
    chain: Sequence[Prim]
    """Down to the skeleton."""
    animation: Prim
    paths: list[str]
    parents: NDArray[np.int64]
    where: str

    def poses(self) -> tuple[Float64, Float64]:
        """Times [f] in seconds, and joints in the world [f, j, 4, 4] of the file."""
        rate = self.layer.metadata.get("timeCodesPerSecond", self.layer.metadata.get("framesPerSecond", DEFAULT_FPS))
        if not (isinstance(rate, float) and 0 < rate < 1e9):
            raise InputError(f"{self.where} has the timeCodesPerSecond {rate!r}; a positive number is needed")
        names = ("rotations", "translations", "scales")
        moved = [self.animation.attributes[n] for n in names if n in self.animation.attributes]
        moved += [attribute for _, attribute, _ in operations(self.chain)]
        codes = [np.array(sorted(attribute.samples)) for attribute in moved if attribute.samples]
        if not all(np.isfinite(own).all() for own in codes):
            raise InputError(f"{self.where} has time samples at times that are not finite")
        where = f"{self.where} has an animation {self.animation.path!r:.80}"
        times = sample_times([own / rate for own in codes], len(self.paths), where=where)
        local = self._local(times * rate)
        world = np.empty_like(local)
        root = world_matrices(self.chain, times * rate)
        for joint, parent in enumerate(self.parents):
            world[:, joint] = (root if parent < 0 else world[:, parent]) @ local[:, joint]
        return times, world

    def _local(self, codes: Float64) -> Float64:
        """Joints in their parents [f, j, 4, 4]: as animated, else as they rest."""
        own = _names(self.animation, "joints", self.where)
        wxyz = self._sampled("rotations", 4, len(own), (1.0, 0.0, 0.0, 0.0), codes)
        places = self._sampled("translations", 3, len(own), (0.0, 0.0, 0.0), codes)
        scales = self._sampled("scales", 3, len(own), (1.0, 1.0, 1.0), codes)
        moved = np.zeros((len(codes), len(own), 4, 4))
        moved[..., :3, :3] = wxyz_to_matrix(wxyz) * scales[..., None, :]
        moved[..., :3, 3], moved[..., 3, 3] = places, 1.0
        rest = [place for place, path in enumerate(self.paths) if path not in own]
        local = np.empty((len(codes), len(self.paths), 4, 4))
        if rest:
            local[:, rest] = _matrices(self.chain[-1], "restTransforms", len(self.paths), self.where)[rest]
        for place, path in enumerate(self.paths):
            if path in own:
                local[:, place] = moved[:, own.index(path)]
        return local

    def _sampled(self, name: str, width: int, joints: int, rest: tuple[float, ...], codes: Float64) -> Float64:
        """Values [f, j, width] of all joints at time codes [f]."""
        attribute = self.animation.attributes.get(name, Attribute(rest * joints))
        rows: dict[float, Any] = attribute.samples or {0.0: attribute.default}
        at = np.array(sorted(rows))
        try:
            keys = np.array([np.asarray(rows[time], np.float64).reshape(joints, width) for time in at.tolist()])
        except (TypeError, ValueError) as error:
            place = f"{self.where}: {self.animation.path}.{name}"
            raise InputError(f"{place} does not hold {width} numbers of {joints} joints at each time") from error
        if width != 4:
            return linear(at, keys.reshape(len(at), -1), codes).reshape(-1, joints, width)
        with np.errstate(all="ignore"):
            units = keys / np.linalg.norm(keys, axis=-1, keepdims=True)
            return np.stack([slerp(at, units[:, joint], codes) for joint in range(joints)], axis=1)

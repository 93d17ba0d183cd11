"""Filmed scenes as USD text: cameras, bodies as UsdSkel with baked joints, rigid solids; +z up, metres."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.base.files import write_text
from kinoeye.formats.containers.usda_writer import (
    array,
    attribute,
    extent,
    header,
    identifier,
    matrix,
    prim,
    quoted,
    transform,
)
from kinoeye.formats.path_table import DEFAULT_FPS
from kinoeye.formats.paths import usd
from kinoeye.formats.paths.animation import film_rate, frame_numbers, from_the_start
from kinoeye.formats.scenes.animated_scene import AnimatedScene, MovingBody, MovingSolid
from kinoeye.geometry.convention import NORMALISED, Float64

ROOT = "shot"
"""Name of the prim that holds everything."""


def write_usd_scene(path: Path | str, scene: AnimatedScene) -> list[str]:
    """Write a scene as one text layer that stands alone.

    A body is a SkelRoot of the actor's name that goes its track, with a Skeleton, its SkelAnimation and a mesh; solids
    are meshes under an Xform of their owner's name. The first camera has the image size as render settings; what is
    drawn of cameras is left out.

    Args:
        path: the .usda file.
        scene: what it holds.

    Returns:
        What was lost, one sentence each.

    Raises:
        InputError: the file cannot be written.
    """
    times, warnings = from_the_start(scene.times_s)
    rate = film_rate(times, DEFAULT_FPS)
    codes = frame_numbers(times, rate)
    taken: set[str] = set()
    lines: list[str] = []
    settings: list[str] = []
    for item in scene.cameras:
        table, name = item.camera.in_convention(usd.CONVENTION), _named(item.name, taken)
        assert table.times_s is not None
        lines += usd.camera_prim(table, frame_numbers(from_the_start(table.times_s)[0], rate), name)
        if not settings and table.size_wh not in (None, NORMALISED):
            settings = usd.render_settings(table.size_wh, f"/{ROOT}/{name}")
    for body in scene.bodies:
        lines += _body(body, codes, _named(body.name, taken))
    for owner in scene.owners():
        held: set[str] = set()
        parts = [_solid(s, codes, _named(s.name, held)) for s in scene.solids if s.owner == owner]
        lines += prim(f'Xform "{_named(owner, taken)}"', [line for part in parts for line in part])
    text = header(codes, rate, default_prim=ROOT, settings=usd.SETTINGS_PATH if settings else None)
    text += [*prim(f'Xform "{ROOT}"', lines), "", *settings]
    write_text(Path(path), "\n".join(text) + "\n")
    return warnings


def _named(name: str, taken: set[str]) -> str:
    found = identifier(name, taken)
    taken.add(found)
    return found


def _body(moving: MovingBody, codes: Float64, name: str) -> list[str]:
    body, place = moving.body, f"/{ROOT}/{name}"
    joints = f"uniform token[] joints = [{', '.join(map(quoted, _joint_paths(moving)))}]"
    binds, rests = _places(body.skeleton.heads), _places(moving.joints_at_rest())
    wxyz, translations = moving.joints_in_parents()
    motion = prim(
        'SkelAnimation "motion"',
        [
            joints,
            attribute("quatf[] rotations", [array(turns) for turns in wxyz], codes),
            attribute("half3[] scales", [array(np.ones((len(binds), 3)))], codes),
            attribute("float3[] translations", [array(places) for places in translations], codes),
        ],
    )
    skeleton = prim(
        'Skeleton "skeleton"',
        [
            f"uniform matrix4d[] bindTransforms = [{', '.join(map(matrix, binds))}]",
            joints,
            f"uniform matrix4d[] restTransforms = [{', '.join(map(matrix, rests))}]",
            f"rel skel:animationSource = <{place}/skeleton/motion>",
            *motion,
        ],
        apis=("SkelBindingAPI",),
    )
    shares = f'(elementSize = {body.joints.shape[1]}; interpolation = "vertex")'
    mesh = prim(
        'Mesh "body"',
        [
            *_mesh_lines(body.vertices, body.faces, moving.normals),
            f'color3f[] primvars:displayColor = {array(moving.linear_rgb)} (interpolation = "vertex")',
            f"matrix4d primvars:skel:geomBindTransform = {matrix(np.eye(4))}",
            f"int[] primvars:skel:jointIndices = {array(body.joints.ravel())} {shares}",
            f"float[] primvars:skel:jointWeights = {array(body.weights.ravel())} {shares}",
            f"rel skel:skeleton = <{place}/skeleton>",
        ],
        apis=("SkelBindingAPI",),
    )
    return prim(f'SkelRoot "{name}"', [*transform(moving.T_world_body, codes), *skeleton, *mesh])


def _joint_paths(moving: MovingBody) -> list[str]:
    """Every joint's name after those that it hangs from."""
    taken: set[str] = set()
    paths: list[str] = []
    for name, parent in zip(moving.body.skeleton.names, moving.body.skeleton.parents, strict=True):
        own = _named(name, taken)
        paths.append(f"{paths[parent]}/{own}" if parent >= 0 else own)
    return paths


def _places(points: Float64) -> Float64:
    """Matrices [j, 4, 4] that move the origin to points [j, 3]."""
    found = np.tile(np.eye(4), (len(points), 1, 1))
    found[:, :3, 3] = points
    return found


def _solid(solid: MovingSolid, codes: Float64, name: str) -> list[str]:
    color = array(np.array([solid.linear_rgb]))
    return prim(
        f'Mesh "{name}"',
        [
            *_mesh_lines(solid.vertices, solid.faces, solid.normals),
            f'color3f[] primvars:displayColor = {color} (interpolation = "constant")',
            *transform(solid.T_world_solid, codes),
        ],
    )


def _mesh_lines(vertices: Float64, faces: np.ndarray, normals: Float64 | None) -> list[str]:
    smooth = [] if normals is None else [f'normal3f[] normals = {array(normals)} (interpolation = "vertex")']
    return [
        "uniform bool doubleSided = 1",
        extent(vertices),
        f"int[] faceVertexCounts = {array(np.full(len(faces), 3))}",
        f"int[] faceVertexIndices = {array(faces.ravel())}",
        *smooth,
        f"point3f[] points = {array(vertices)}",
        'uniform token subdivisionScheme = "none"',
    ]

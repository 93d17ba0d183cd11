"""Filmed scenes as GLB: animated cameras, bodies with skins and baked joints, rigid solids; for every glTF tool."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kinoeye.formats.containers.gltf_writer import GltfWriter
from kinoeye.formats.paths import gltf_camera
from kinoeye.formats.scenes.animated_scene import AnimatedScene, MovingBody, MovingSolid, moves, steady
from kinoeye.formats.scenes.glb import GLTF_FROM_WORLD
from kinoeye.formats.scenes.glb_cameras import add_painted_camera
from kinoeye.geometry.convention import Float64, matrix_to_wxyz

GLTF_FROM_BODY = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
"""A body's axes (x forward, y left, z up) to those of glTF's models: +z is the front, +y is up."""


def write_glb_scene(path: Path | str, scene: AnimatedScene) -> list[str]:
    """Write a scene, turned to +y up as glTF requires.

    A body is a node of the actor's name that goes its track, its joints under it, and a skinned mesh; at rest, without
    the animation, it stands where its track begins. Solids hang rigidly on a node of their owner's name.

    Args:
        path: the output file, .glb or .gltf.
        scene: what it holds.

    Returns:
        What was lost, one sentence each.

    Raises:
        InputError: times cannot be told apart in 32 bits, or the file cannot be written.
    """
    document, warnings = GltfWriter(), []
    for camera in scene.cameras:
        warnings += add_painted_camera(document, camera, frustum_length=scene.frustum_length)
    times, more = gltf_camera.single_precision_times(scene.times_s)
    warnings += more
    for body in scene.bodies:
        _add_body(document, body, times)
    owners = {owner: document.add_node(owner) for owner in scene.owners()}
    for solid in scene.solids:
        _add_solid(document, solid, times, owners[solid.owner])
    document.write(Path(path))
    return list(dict.fromkeys(warnings))


def _add_body(document: GltfWriter, moving: MovingBody, times: Float64) -> None:
    body = moving.body
    actor = _add_moving(document, moving.name, moving.T_world_body, times, frame=GLTF_FROM_BODY)
    rest = moving.joints_at_rest() @ GLTF_FROM_BODY.T
    wxyz, places = moving.joints_in_parents()
    places = places @ GLTF_FROM_BODY.T
    turns = np.concatenate([wxyz[..., 1:] @ GLTF_FROM_BODY.T, wxyz[..., :1]], axis=-1)  # xyzw
    nodes: list[int] = []
    for joint, (name, parent) in enumerate(zip(body.skeleton.names, body.skeleton.parents, strict=True)):
        node = document.add_node(name, parent=nodes[parent] if parent >= 0 else actor, translation=rest[joint].tolist())
        nodes.append(node)
        tracks = {"rotation": turns[:, joint]}
        if np.abs(places[:, joint] - rest[joint]).max() > 1e-9:
            tracks["translation"] = places[:, joint]
        document.animate(node, times, **tracks)
    binds = np.tile(np.eye(4), (len(nodes), 1, 1))
    binds[:, :3, 3] = -body.skeleton.heads @ GLTF_FROM_BODY.T
    mesh = document.add_mesh(
        f"{moving.name} body",
        body.vertices @ GLTF_FROM_BODY.T,
        body.faces,
        document.add_material(moving.name, (1.0, 1.0, 1.0)),
        normals=moving.normals @ GLTF_FROM_BODY.T,
        linear_rgb=moving.linear_rgb,
        joints=body.joints,
        weights=body.weights,
    )
    skin = document.add_skin(f"{moving.name} skin", nodes, binds)
    document.add_node(f"{moving.name} body", mesh=mesh, skin=skin)  # at the root: where it hangs does not count


def _add_solid(document: GltfWriter, solid: MovingSolid, times: Float64, owner: int) -> None:
    normals = None if solid.normals is None else solid.normals @ GLTF_FROM_WORLD.T
    material = document.add_material(solid.name, solid.linear_rgb)
    mesh = document.add_mesh(solid.name, solid.vertices @ GLTF_FROM_WORLD.T, solid.faces, material, normals=normals)
    node = _add_moving(document, solid.name, solid.T_world_solid, times, frame=GLTF_FROM_WORLD, parent=owner)
    document.document["nodes"][node]["mesh"] = mesh


def _add_moving(
    document: GltfWriter, name: str, T_world_own: Float64, times: Float64, *, frame: Float64, parent: int | None = None
) -> int:
    """Append a node at poses [f, 4, 4] whose own axes in the file are `frame` of ours; its index."""
    places = T_world_own[:, :3, 3] @ GLTF_FROM_WORLD.T
    xyzw = np.roll(steady(matrix_to_wxyz(GLTF_FROM_WORLD @ T_world_own[:, :3, :3] @ frame.T)), -1, axis=-1)
    at_first = {"translation": places[0].tolist(), "rotation": xyzw[0].tolist()}
    node = document.add_node(name, parent=parent, **at_first)
    if moves(T_world_own):
        document.animate(node, times, translation=places, rotation=xyzw)
    return node

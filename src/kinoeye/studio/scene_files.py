"""What a report shows as a file for 3-D tools: its cameras, and the actors and the place that they film."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kinoeye.formats.path_table import PathTable, own_convention
from kinoeye.formats.scenes import (
    AnimatedScene,
    MovingBody,
    MovingSolid,
    PaintedCamera,
    write_glb_scene,
    write_usd_scene,
)
from kinoeye.geometry import Trajectory
from kinoeye.geometry.convention import homogeneous
from kinoeye.render.color import mix, srgb_to_linear
from kinoeye.render.meshes import Mesh
from kinoeye.render.scene import CAPSULE, SPHERE, Scene, build_scene
from kinoeye.render.skinning import vertex_normals
from kinoeye.shot import Actor, Shot
from kinoeye.studio.actor_meshes import solid_parts
from kinoeye.studio.report import Report
from kinoeye.studio.viewpoint import CAMERA_RGB, ESTIMATED_RGB, Extent, measure

GLB, USD = SUFFIXES = (".glb", ".usda")
"""Of the files that are written."""
PLACE = "place"
"""What the ground and the props belong to."""
_GROUND_MARGIN_M = 30.0
"""The ground reaches so far beyond everything that is on it."""


def write_scene(report: Report, path: Path) -> list[str]:
    """Write the cameras of a report, and what they film, animated, for 3-D tools.

    Actors are skinned bodies with baked joints, or rigid parts; the ground and props are solids of one colour each. A
    .glb draws the paths where there is nothing but cameras, or an estimate beside the reference.

    Args:
        report: what to show; film and scores are left out.
        path: a file whose name ends in one of `SUFFIXES`.

    Returns:
        What was lost or assumed, one sentence each.

    Raises:
        InputError: the file cannot be written, or the times cannot be told apart in 32 bits.
    """
    scene, notes = animated_scene(report)
    return notes + (write_usd_scene if path.suffix.lower() == USD else write_glb_scene)(path, scene)


def animated_scene(report: Report) -> tuple[AnimatedScene, list[str]]:
    """The cameras of a report and what they film, and what had to be assumed, one sentence each."""
    shot, estimate = report.shot, report.aligned_estimate
    extent = measure(shot, estimate)
    notes = []
    if shot.camera.track.unit != "m":
        notes.append("the path has no metric scale: one of its units is one metre of the scene")
    if shot.camera.track.up is None:
        notes.append("the vertical is not known: the axis of the path's world nearest to the cameras' up is taken")
    length = extent.frustum_length(shot.camera.track.unit)
    drawn = [actor for actor in shot.actors if actor.avatar is not None]
    if estimate is None:
        thickness = None if drawn else 0.06 * length
        cameras = [_painted("camera", shot.camera, CAMERA_RGB, thickness, shot, extent)]
    else:  # one thicker than the other, so that both are seen where they are the same
        cameras = [
            _painted(report.roles.camera, shot.camera, CAMERA_RGB, 0.08 * length, shot, extent),
            _painted(report.roles.estimate, estimate, ESTIMATED_RGB, 0.05 * length, shot, extent),
        ]
    times = shot.camera.times_s.double().numpy(force=True)
    if not drawn:
        return AnimatedScene(times_s=times, cameras=cameras, frustum_length=length), notes
    scene = build_scene(shot, shot.camera)
    return AnimatedScene(
        times_s=times,
        cameras=cameras,
        bodies=[_body(mesh, shot.actors[mesh.instance - 1], shot.camera) for mesh in scene.meshes],
        solids=[*_solids(scene, shot), _ground(scene, extent)],
        frustum_length=length,
    ), notes


def _painted(
    name: str, shown: Trajectory, rgb: tuple[int, int, int], thickness: float | None, shot: Shot, extent: Extent
) -> PaintedCamera:
    convention = own_convention("m", shot.camera.track.up)
    if shot.camera.track.up is None:
        convention = convention.with_world(extent.world_axes)
    red, green, blue = srgb_to_linear(np.array(rgb) / 255).tolist()
    table = replace(PathTable.from_trajectory(shown), convention=convention)
    return PaintedCamera(name=name, camera=table, linear_rgb=(red, green, blue), thickness=thickness)


def _body(mesh: Mesh, actor: Actor, camera: Trajectory) -> MovingBody:
    """What the renderer draws of an actor, apart into its track and its performance."""
    T_world_body = actor.track.at(camera.times_s).T_world_body
    maps, T_body_world = homogeneous(mesh.world_from_rest), T_world_body.inverse().as_matrix().double().numpy()
    return MovingBody(
        name=actor.name,
        body=mesh.body,
        normals=vertex_normals(mesh.body.vertices[None], mesh.body.faces)[0],
        linear_rgb=mesh.colors,
        T_world_body=T_world_body.as_matrix().double().numpy(),
        T_body_rest=(T_body_world[:, None] @ maps)[..., :3, :],
    )


def _solids(scene: Scene, shot: Shot) -> list[MovingSolid]:
    found = []
    for index, part in enumerate(solid_parts(scene)):
        instance, kind = int(scene.parts.instance[index]), int(scene.parts.kind[index])
        owner = shot.actors[instance - 1].name if instance else PLACE
        red, green, blue = scene.parts.color_a[index].clip(0.0, 1.0).tolist()
        T_world_solid = homogeneous(np.concatenate([part.R_world_part, part.position[..., None]], axis=-1))
        found.append(
            MovingSolid(
                name=f"{owner} {index}",
                owner=owner,
                vertices=part.vertices,
                faces=part.faces,
                linear_rgb=(red, green, blue),
                normals=vertex_normals(part.vertices[None], part.faces)[0] if kind in (SPHERE, CAPSULE) else None,
                T_world_solid=T_world_solid if instance else T_world_solid[:1],
            )
        )
    return found


def _ground(scene: Scene, extent: Extent) -> MovingSolid:
    """A square of the ground's mean colour."""
    half = extent.radius + _GROUND_MARGIN_M
    x, y = extent.centre[:2]
    red, green, blue = mix(scene.backdrop.ground_a, scene.backdrop.ground_b, 0.5).clip(0.0, 1.0).tolist()
    return MovingSolid(
        name="ground",
        owner=PLACE,
        vertices=np.array([[x + half * i, y + half * j, 0.0] for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))]),
        faces=np.array([[0, 1, 2], [0, 2, 3]]),
        linear_rgb=(red, green, blue),
        T_world_solid=np.eye(4)[None],
    )

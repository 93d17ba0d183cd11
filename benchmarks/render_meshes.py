"""Frames per CPU-second of the renderer with a skinned body in it, against solids alone and pyrender, in the same run.

    python benchmarks/render_meshes.py

The adult body that ships (27,420 triangles) moves all its joints before the camera in a place with props. It is
skinned in every frame and covers a quarter to 60 % of it. RGB, alpha, depth, normals, instance, part, flow and object
coordinates are drawn, with shadow and 2x2 rays at edges, on one thread. Every frame counts with the best of its times
after a first film; the coverage comes from the instances.

pyrender joins where it is importable with OSMesa: Debian's libosmesa6, and in an environment of its own
`pip install --no-deps pyrender` (it asks for a PyOpenGL that lacks what it calls), then
`pip install "PyOpenGL>=3.1.10" "pyglet<2" six freetype-py imageio`. It draws colour and depth of the same posed
triangles, handed to it with their normals, without skinning, shadow or surroundings: once sent anew for every frame,
as a moving body must be, and once kept from the first film on, which only a body at rest allows. It takes four samples
a pixel, as it always does; we draw the same two layers with skinning, shadow and surroundings, with one ray a pixel
and with 2x2 at edges. Both must show the same outline and depth, or the run stops.

The backend "gl" joins where moderngl and OpenGL are to be had, with the first case's layers, once every layer is the
same but for pixels where two surfaces meet. Frames per second are beside those per CPU-second, since a GPU's time is
not the processor's; without a GPU both are Mesa's on one thread.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", LP_NUM_THREADS="1", PYOPENGL_PLATFORM="osmesa")

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.footage.take import LAYER_TYPES
from kinoeye.render import sample_worlds
from kinoeye.render.fast.frame import FastRenderer
from kinoeye.render.film import draw
from kinoeye.render.gl.frame import gl_renderer
from kinoeye.render.meshes import mesh_of
from kinoeye.render.scene import Scene, build_scene
from kinoeye.render.skinning import vertex_normals
from kinoeye.shot.bodies import Body, joint_transforms, load_body, skin

LAYERS = ("rgb", "alpha", "depth", "normals", "instance", "part", "flow", "object_coordinates", "shadow")
SIZES = ((256, 256), (512, 512))
FRAMES, REPEATS = 6, 10
CLOCKS = (time.process_time, time.perf_counter)
DISTANCES_M = {"wide": 1.15, "close": 0.75}
"""From the camera to the body; the body fills a bit over a quarter and about a half of the frame."""


def main() -> None:
    """Measure and print one JSON object."""
    body = load_body("adult")
    results: dict[str, Any] = {"body": body.name, "triangles": len(body.faces)}
    for size_wh in SIZES:
        for name, distance_m in DISTANCES_M.items():
            scene = walk(body, size_wh, distance_m)
            drawn = draw(scene, LAYERS)
            case: dict[str, Any] = {"coverage": round(float((drawn["instance"] == 1).mean()), 3)}
            case["frames_per_cpu_second"] = speed(scene, LAYERS, samples=2)
            case["without_the_body"] = speed(replace(scene, meshes=()), LAYERS, samples=2)
            case["rgb_depth"] = speed(scene, ("rgb", "depth"), samples=1)
            case["rgb_depth_smooth"] = speed(scene, ("rgb", "depth"), samples=2)
            case |= gl_results(scene, drawn)
            case |= pyrender_results(scene)
            results[f"{name}_{size_wh[0]}"] = case
    print(json.dumps(results, indent=2))


def walk(body: Body, size_wh: tuple[int, int], distance_m: float) -> Scene:
    """The body bending its joints on its way through the first eval world, with the camera beside it."""
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(len(body.skeleton), 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    half = 0.06 * np.sin(np.linspace(0, math.pi, FRAMES))[:, None, None]
    local = np.concatenate([np.broadcast_to(np.cos(half), (FRAMES, len(axes), 1)), np.sin(half) * axes], axis=-1)
    root = np.broadcast_to(body.skeleton.heads[0], (FRAMES, 3))
    poses = np.tile(np.eye(4), (FRAMES, 1, 1))
    poses[:, 0, 3] = np.linspace(-0.1, 0.1, FRAMES)
    mesh = mesh_of(body, poses, joint_transforms(body.skeleton, local, root), 1)
    shot = next(iter(sample_worlds("eval", 0, 1, size_wh=size_wh, distribution="worlds-v0")))
    shot = replace(shot, actors=())
    scene = build_scene(shot, shot.camera)
    eye = np.array([distance_m * 0.9, distance_m * 0.44, 1.35])
    forward = np.array([0.0, 0.0, 1.2]) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.column_stack([right, np.cross(forward, right), forward, eye])
    K = np.array([size_wh[0] * 0.95, size_wh[0] * 0.95, size_wh[0] / 2, size_wh[1] / 2])
    return replace(
        scene,
        meshes=(mesh,),
        world_from_canonical=scene.world_from_canonical[np.zeros(FRAMES, int)],
        T_world_cam=np.tile(pose, (FRAMES, 1, 1)),
        fx_fy_cx_cy=np.tile(K, (FRAMES, 1)),
    )


def speed(scene: Scene, layers: Sequence[str], *, samples: int) -> float:
    """Frames per CPU-second."""
    renderer, out = FastRenderer(scene), _empty(scene, layers)
    return per_second(lambda index: renderer(index, out, samples))


def per_second(draw_frame: Callable[[int], Any], clock: Callable[[], float] = time.process_time) -> float:
    """Frames over the sum of each frame's best time, after a first film."""
    best = np.full(FRAMES, math.inf)
    for repeat in range(REPEATS + 1):
        for index in range(FRAMES):
            start = clock()
            draw_frame(index)
            if repeat > 0:
                best[index] = min(best[index], clock() - start)
    return round(FRAMES / float(best.sum()), 1)


def gl_results(scene: Scene, drawn: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Frames per CPU-second and per second with OpenGL to find triangles, and the share of values that it changes."""
    try:
        again = draw(scene, LAYERS, backend="gl")
    except InputError as error:
        return {"gl": f"not to be had here ({error})"}
    changed = {name: float((~np.isclose(drawn[name], again[name], equal_nan=True)).mean()) for name in LAYERS}
    if max(changed.values()) > 1e-3:
        raise SystemExit(f"OpenGL shows something else: {changed}")
    out = _empty(scene, LAYERS)
    with gl_renderer(scene) as renderer:
        speeds = [per_second(lambda index: renderer(index, out, 2), clock) for clock in CLOCKS]
    return {
        "gl_frames_per_cpu_second": speeds[0],
        "gl_frames_per_second": speeds[1],
        "gl_changed": max(changed.values()),
    }


def _empty(scene: Scene, layers: Sequence[str]) -> dict[str, NDArray[Any]]:
    width, height = scene.size_wh
    return {name: np.empty((height, width, *LAYER_TYPES[name][1]), LAYER_TYPES[name][0]) for name in layers}


def pyrender_results(scene: Scene) -> dict[str, Any]:
    """Frames per CPU-second of pyrender's software path for colour and depth of the posed triangles, once it has shown
    that they are the same.
    """
    np.__dict__.setdefault("infty", np.inf)  # pyrender 0.1.45 asks for a name that NumPy 2 has dropped
    try:
        import pyrender

        renderer = pyrender.OffscreenRenderer(*scene.size_wh)
    except Exception as error:  # whatever is missing: the package, OSMesa, or a version that fits
        return {"pyrender": f"not to be had here ({type(error).__name__}: {error})".splitlines()[0]}
    mesh = scene.meshes[0]
    films = skin(mesh.body, mesh.world_from_rest)
    normals = vertex_normals(films, mesh.body.faces)
    T_world_cam = np.eye(4)
    T_world_cam[:3] = scene.T_world_cam[0] @ np.diag([1.0, -1.0, -1.0, 1.0])
    camera = pyrender.IntrinsicsCamera(*scene.fx_fy_cx_cy[0], znear=0.05, zfar=100.0)
    colors = np.concatenate([mesh.body.colors_rgb, np.full((len(mesh.body.vertices), 1), 255, np.uint8)], axis=1)

    def stage(index: int) -> Any:
        posed = pyrender.Scene(ambient_light=(0.4, 0.4, 0.4))
        primitive = pyrender.Primitive(
            positions=films[index], normals=normals[index], color_0=colors, indices=mesh.body.faces
        )
        posed.add(pyrender.Mesh([primitive]))
        posed.add(camera, pose=T_world_cam)
        posed.add(pyrender.DirectionalLight(intensity=3.0), pose=T_world_cam)
        return posed

    kept = [stage(index) for index in range(FRAMES)]
    result = {
        "pyrender": pyrender.__version__,
        **agreement(scene, np.stack([renderer.render(posed)[1] for posed in kept])),
        "pyrender_sent_anew": per_second(lambda index: renderer.render(stage(index))),
        "pyrender_kept": per_second(lambda index: renderer.render(kept[index])),
    }
    renderer.delete()
    return result


def agreement(scene: Scene, depth: NDArray[np.float32]) -> dict[str, float]:
    """How far the other's depth [f, h, w] of the body, 0 for nothing, is that of ours.

    Raises:
        RuntimeError: it shows something else.
    """
    ours = draw(scene, ("depth", "instance"))
    body, there = ours["instance"] == 1, depth > 0
    overlap = float((body & there).sum() / (body | there).sum())
    apart_m = float(np.percentile(np.abs(depth - ours["depth"])[body & there], 99))
    if overlap < 0.99 or apart_m > 1e-3:
        raise RuntimeError(f"not the same geometry: overlap {overlap:.3f}, 99 % of depths within {apart_m:.4f} m")
    return {"outline_overlap": round(overlap, 5), "depth_99_percent_within_m": round(apart_m, 6)}


if __name__ == "__main__":
    main()

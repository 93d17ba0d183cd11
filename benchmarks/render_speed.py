"""Frames per CPU-second of the renderer, against the plain reference and against VTK, in the same run.

    python benchmarks/render_speed.py

The first eval worlds of `worlds-v0` at 256 x 256 on one thread. Compiled code is timed after a first render; each
number is the best of several, over all worlds. `compile_cpu_seconds` is what a first render costs with an empty cache,
less a second one. VTK joins where it is importable (`pip install vtk`, with Mesa's software OpenGL): it draws the same
solids as meshes over an untextured ground with shadow maps, its depth buffer is read, and ids take a second pass
without light; so it does less work for each pixel than it is compared with.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", LP_NUM_THREADS="1", VTK_DEFAULT_OPENGL_WINDOW="vtkEGLRenderWindow")

from kinoeye.render import RENDERED_LAYERS, render, sample_worlds, worlds_sha256
from kinoeye.render.scene import BOX, CAPSULE, CONE, CYLINDER, PYRAMID, SPHERE, Scene, build_scene
from kinoeye.shot import Shot

SIZE_WH, WORLDS, REPEATS = (256, 256), 12, 4
SOLIDS = "worlds-v0"
"""Worlds without skinned bodies, which `render_meshes.py` measures."""
USUAL = ("rgb", "depth", "instance", "shadow")
FIRST_RENDER = """
import time
from kinoeye.render import render, world
shot = world("eval", 0, num_frames=2, distribution="worlds-v0")
seconds = []
for _ in range(2):
    start = time.process_time()
    render(shot, layers=("rgb", "depth", "instance", "shadow"), samples=2)
    seconds.append(time.process_time() - start)
print(seconds[0] - seconds[1])
"""


def main() -> None:
    """Measure and print one JSON object."""
    shots = list(sample_worlds("eval", 0, WORLDS, size_wh=SIZE_WH, distribution=SOLIDS))
    results: dict[str, Any] = {"worlds": SOLIDS, "worlds_sha256": worlds_sha256(SOLIDS), "size_wh": SIZE_WH}
    results["compile_cpu_seconds"] = round(compile_seconds(), 1)
    for name, layers, samples in (
        ("rgb_depth_instance_shadow", USUAL, 1),
        ("rgb_depth_instance_shadow_smooth_edges", USUAL, 2),
        ("all_layers", RENDERED_LAYERS, 1),
    ):
        results[f"fast_{name}"] = frames_per_second(
            shots, lambda shot, k=layers, s=samples: render(shot, layers=k, samples=s)
        )
    times = shots[0].camera.times_s[:1].numpy()
    plain = frames_per_second(
        shots[:4], lambda shot: render(shot, layers=USUAL, times_s=times, backend="reference"), repeats=1
    )
    results["reference_rgb_depth_instance_shadow"] = plain
    results["fast_over_reference"] = round(results["fast_rgb_depth_instance_shadow"] / plain)
    if find_spec("vtk") is None:
        results["vtk"] = "not importable here; pip install vtk in another environment to compare"
    else:
        results |= vtk_results(shots, results["fast_rgb_depth_instance_shadow"])
    print(json.dumps(results, indent=2))


def frames_per_second(shots: list[Shot], draw: Callable[[Shot], Any], repeats: int = REPEATS) -> float:
    """Frames of all shots over the sum of each shot's best CPU time."""
    frames, seconds = 0, 0.0
    for shot in shots:
        best, frame_count = float("inf"), 0
        for _ in range(repeats):
            start = time.process_time()
            frame_count = len(draw(shot))
            best = min(best, time.process_time() - start)
        frames, seconds = frames + frame_count, seconds + best
    return round(frames / seconds, 1)


def compile_seconds() -> float:
    """CPU-seconds to compile the kernels in a fresh interpreter with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        run = subprocess.run(
            [sys.executable, "-c", FIRST_RENDER], env=environment, capture_output=True, text=True, check=True
        )
    return float(run.stdout)


def vtk_results(shots: list[Shot], fast: float) -> dict[str, Any]:
    """VTK's frames per CPU-second on the same shots."""
    films = {id(shot): VtkFilm(build_scene(shot, shot.camera)) for shot in shots}
    speed = frames_per_second(shots, lambda shot: films[id(shot)].render())
    film = films[id(shots[0])]
    return {"vtk_rgb_depth_instance_shadow": speed, "fast_over_vtk": round(fast / speed, 1), "vtk": film.version}


class VtkFilm:
    """A scene as VTK meshes, drawn off screen."""

    def __init__(self, scene: Scene) -> None:
        import vtk

        self._vtk, self._scene = vtk, scene
        self.version = f"VTK {vtk.vtkVersion.GetVTKVersion()}"
        self._renderer, self._window = vtk.vtkRenderer(), vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetSize(*scene.size_wh)
        self._window.AddRenderer(self._renderer)
        self._shadows = self._shadow_pass()
        plane = vtk.vtkPlaneSource()
        plane.SetOrigin(-60, -60, 0)
        plane.SetPoint1(60, -60, 0)
        plane.SetPoint2(-60, 60, 0)
        self._add(plane, scene.backdrop.ground_a)
        self._parts = [
            self._add(self._mesh(kind, segment), color)
            for kind, segment, color in zip(scene.parts.kind, scene.parts.segment, scene.parts.color_a, strict=True)
        ]

    def render(self) -> list[Any]:
        """RGB, depth and id buffers of every frame."""
        width, height = self._scene.size_wh
        frames = []
        for index in range(len(self._scene.T_world_cam)):
            self._pose(index)
            rgb, depth, ids = (
                self._vtk.vtkUnsignedCharArray(),
                self._vtk.vtkFloatArray(),
                self._vtk.vtkUnsignedCharArray(),
            )
            self._window.Render()
            self._window.GetPixelData(0, 0, width - 1, height - 1, 0, rgb, 0)
            self._window.GetZbufferData(0, 0, width - 1, height - 1, depth)
            with self._flat():
                self._window.Render()
                self._window.GetPixelData(0, 0, width - 1, height - 1, 0, ids, 0)
            frames.append((rgb, depth, ids))
        return frames

    def _shadow_pass(self) -> Any:
        vtk = self._vtk
        sun = vtk.vtkLight()
        sun.SetPosition(*(60 * self._scene.backdrop.sun_xyz))
        sun.SetFocalPoint(0, 0, 0)
        sun.PositionalOn()
        sun.SetConeAngle(40)
        self._renderer.AddLight(sun)
        baker, shadows = vtk.vtkShadowMapBakerPass(), vtk.vtkShadowMapPass()
        baker.SetResolution(1024)
        shadows.SetShadowMapBakerPass(baker)
        passes, sequence, camera = vtk.vtkRenderPassCollection(), vtk.vtkSequencePass(), vtk.vtkCameraPass()
        passes.AddItem(baker)
        passes.AddItem(shadows)
        sequence.SetPasses(passes)
        camera.SetDelegatePass(sequence)
        self._renderer.SetPass(camera)
        return camera

    @contextmanager
    def _flat(self) -> Iterator[None]:
        self._renderer.SetPass(None)
        for actor in self._parts:
            actor.GetProperty().LightingOff()
        yield
        for actor in self._parts:
            actor.GetProperty().LightingOn()
        self._renderer.SetPass(self._shadows)

    def _mesh(self, kind: int, segment: float) -> Any:
        vtk = self._vtk
        if kind == BOX:
            source = vtk.vtkCubeSource()
            source.SetXLength(2)
            source.SetYLength(2)
            source.SetZLength(2)
            return source
        if kind == SPHERE:
            source = vtk.vtkSphereSource()
            source.SetRadius(1)
            source.SetThetaResolution(32)
            source.SetPhiResolution(24)
            return source
        if kind in (CONE, PYRAMID):
            source = vtk.vtkConeSource()
            source.SetHeight(2)
            source.SetRadius(1 if kind == CONE else 2**0.5)
            source.SetResolution(32 if kind == CONE else 4)
            source.SetDirection(0, 0, 1)
            return source
        source = vtk.vtkCylinderSource()
        source.SetRadius(1)
        source.SetHeight(2 if kind == CYLINDER else 2 * (1 + segment))
        source.SetResolution(32)
        source.SetCapsuleCap(int(kind == CAPSULE))
        turn = vtk.vtkTransformFilter()
        upright = vtk.vtkTransform()
        upright.RotateX(90)
        turn.SetTransform(upright)
        turn.SetInputConnection(source.GetOutputPort())
        return turn

    def _add(self, source: Any, color: Any) -> Any:
        mapper, actor = self._vtk.vtkPolyDataMapper(), self._vtk.vtkActor()
        mapper.SetInputConnection(source.GetOutputPort())
        actor.SetMapper(mapper)
        actor.GetProperty().SetColor(*color)
        self._renderer.AddActor(actor)
        return actor

    def _pose(self, index: int) -> None:
        for actor, affine in zip(self._parts, self._scene.world_from_canonical[index], strict=True):
            matrix = self._vtk.vtkMatrix4x4()
            matrix.DeepCopy([*affine.reshape(-1), 0, 0, 0, 1])
            actor.SetUserMatrix(matrix)
        camera, T = self._renderer.GetActiveCamera(), self._scene.T_world_cam[index]
        camera.SetPosition(*T[:, 3])
        camera.SetFocalPoint(*(T[:, 3] + T[:, 2]))
        camera.SetViewUp(*-T[:, 1])
        fov_y = 2 * math.atan(self._scene.size_wh[1] / (2 * self._scene.fx_fy_cx_cy[index, 1]))
        camera.SetViewAngle(math.degrees(fov_y))
        camera.SetClippingRange(0.1, 200)


if __name__ == "__main__":
    main()

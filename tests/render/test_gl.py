"""OpenGL finds the triangles that the compiled kernels find, and who has none is told what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
import torch
from render_meshes import body_of, mesh, scene_of, sphere, still
from render_scenes import actor, body, camera, look_at

from kinoeye.base.errors import InputError, MissingExtraError
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track
from kinoeye.render.fast import meshes as fast_meshes
from kinoeye.render.film import RENDERED_LAYERS, Backend, draw, render
from kinoeye.render.gl.frame import gl_renderer
from kinoeye.render.scene import Scene, build_scene
from kinoeye.shot import ENVIRONMENTS, Actor, Shot, SkinnedAvatar


def performer(name: str, x: float, y: float) -> Actor:
    poses = torch.from_numpy(np.stack([body(x, y, yaw=2.0), body(x + 0.2, y, yaw=2.0)]))
    track = Track(SE3.from_matrix(poses), torch.tensor([0.0, 0.1], dtype=torch.float64))
    size = {"adult": (0.5, 1.1, 1.8), "dog": (1.0, 0.25, 0.6), "car": (4.0, 1.8, 1.4)}[name]
    return Actor(
        name=name, prompt=name, size_xyz=size, track=track, avatar=SkinnedAvatar(body=name, color_rgb=(0.8, 0.3, 0.2))
    )


def solids() -> Scene:
    cam = camera([look_at((-4, 0.3, 1.2), (0, 0, 0.5)), look_at((-4, 0.4, 1.2), (0, 0, 0.5))], size_wh=(64, 48))
    things = (actor("box", [body(0, 0)]), actor("cone", [body(1, 1)], name="cone"))
    return build_scene(Shot(camera=cam, actors=things), cam)


def performers() -> Scene:
    """An adult, a dog and a car among the houses of a street."""
    eyes = [look_at((-4.5, 0.3, 1.2), (0, 0, 0.7)), look_at((-4.4, 0.5, 1.3), (0, 0, 0.7))]
    cam = camera(eyes, size_wh=(120, 80))
    cast = [performer("adult", 0.0, 0.3), performer("dog", -1.5, -0.6), performer("car", 3.0, 1.0)]
    return build_scene(Shot(camera=cam, actors=tuple(cast), environment=ENVIRONMENTS["night street"]), cam)


def around_the_camera() -> Scene:
    """Triangles that reach from before the camera to behind it, a ball behind it, and one close by."""
    cam = camera([look_at((0.1, 0.03, 1.0), (4, 0.2, 0.3))] * 2, size_wh=(64, 48), fov_deg=100)
    floor = body_of(np.array([(-30.0, -9.0, 0.4), (30.0, -7.0, 0.2), (1.0, 25.0, 0.3)]), [(0, 1, 2)])
    ball = body_of(*sphere(5))
    shown = [mesh(floor, [still(0, 0)] * 2), mesh(ball, [still(-2, 0, 0.5)] * 2, 2)]
    return scene_of([*shown, mesh(ball, [still(0.9, 0.9, 0.6), still(0.8, 0.9, 0.6)], 3)], cam)


def nothing_in_view() -> Scene:
    cam = camera([look_at((0, 0, 1.0), (4, 0.2, 0.8))] * 2, size_wh=(32, 24))
    return scene_of([mesh(body_of(*sphere(3)), [still(-3, 0)] * 2)], cam)


@pytest.fixture(scope="module")
def opengl() -> None:
    pytest.importorskip("moderngl", reason="the extra gl is not installed")
    try:
        with gl_renderer(solids()):
            pass
    except InputError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("opengl")
@pytest.mark.parametrize(
    ("scene_of_kind", "samples"), [(solids, 2), (performers, 3), (around_the_camera, 2), (nothing_in_view, 2)]
)
def test_every_layer_is_that_of_the_compiled_renderer(
    scene_of_kind: Callable[[], Scene], samples: int, monkeypatch: pytest.MonkeyPatch
):
    scene = scene_of_kind()
    fast = draw(scene, RENDERED_LAYERS, samples=samples)
    with monkeypatch.context() as patch:  # nothing of it is asked again
        patch.setattr(fast_meshes.kernels, "rasterize", None)
        patch.setattr(fast_meshes.kernels, "rasterize_samples", None)
        drawn = draw(scene, RENDERED_LAYERS, samples=samples, backend="gl")
    assert (fast["triangle"] > 0).any() == (scene_of_kind in (performers, around_the_camera))
    # Two surfaces nearer to one another than the depth buffer tells may change places; nothing else may differ.
    same = fast["triangle"] == drawn["triangle"]
    assert same.mean() > 0.999
    for name in RENDERED_LAYERS:
        pixels = same if fast[name].ndim == 3 else same[..., None]
        close = np.isclose(fast[name], drawn[name], rtol=1e-6, atol=1e-6, equal_nan=True)
        assert (close | ~pixels).mean() > (0.999 if name in ("rgb", "alpha") else 0.9999), name


@pytest.mark.usefixtures("opengl")
@pytest.mark.parametrize("count", [1, 30])
def test_of_surfaces_behind_one_another_the_nearest_is_seen(count: int):
    """Sheets across the view, two micrometres apart and ten metres away, the nearest drawn last."""
    sheet = np.array([(0.0, -9.0, -9.0), (0.0, 9.0, -9.0), (0.0, 0.0, 20.0)])
    vertices = np.concatenate([sheet + np.array([2e-6 * k, 0, 0]) for k in range(count, 0, -1)])
    sheets = mesh(body_of(vertices, np.arange(3 * count).reshape(count, 3)), [still(0, 0)])
    cam = camera([look_at((-10, 0, 1), (0, 0, 1))], size_wh=(32, 24))
    drawn = draw(scene_of([sheets], cam), ("triangle",), backend="gl")["triangle"]
    assert set(np.unique(drawn[0, 4:12, 8:24])) == {count}


class Context:
    """Stands for moderngl's."""

    DEPTH_TEST = 2

    def __init__(self, events: list[str]) -> None:
        self._events = events

    def enable_only(self, flags: int) -> None:
        pass

    def disable_direct(self, flag: int) -> None:
        pass

    def __enter__(self) -> None:
        self._events.append("current")

    def __exit__(self, *error: object) -> None:
        self._events.append("left")

    def release(self) -> None:
        self._events.append("released")


@pytest.mark.parametrize("fails", [False, True])
def test_a_context_is_released_whatever_happens(fails: bool, monkeypatch: pytest.MonkeyPatch):
    events: list[str] = []
    library = SimpleNamespace(create_context=lambda **options: Context(events))
    monkeypatch.setitem(sys.modules, "moderngl", library)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError) if fails else nullcontext(), gl_renderer(solids()):
        assert events == ["current"]
        if fails:
            raise RuntimeError
    assert events == ["current", "left", "released"]


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "moderngl", None)
    with pytest.raises(MissingExtraError, match=r'pip install "kinoeye\[gl\]"') as error:
        draw(solids(), ("rgb",), backend="gl")
    assert "\n" not in str(error.value)


def test_without_opengl_one_line_says_why_and_what_else_there_is(monkeypatch: pytest.MonkeyPatch):
    def create_context(**options: Any) -> None:
        assert options["standalone"]
        raise OSError("libEGL.so not loaded" if options.get("backend") == "egl" else "cannot\n open display")

    monkeypatch.setitem(sys.modules, "moderngl", SimpleNamespace(create_context=create_context))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"libEGL.so not loaded; cannot open display.*libegl1.*'fast'") as error:
        draw(solids(), ("rgb",), backend="gl")
    assert "\n" not in str(error.value)


def test_every_backend_is_named_where_one_is_unknown():
    shot = Shot(camera=camera([look_at((0, 0, 1), (1, 0, 1))]))
    with pytest.raises(InputError, match=", ".join(get_args(Backend))):
        render(shot, backend="vulkan")  # type: ignore[arg-type]

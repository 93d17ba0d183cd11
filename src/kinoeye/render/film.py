"""A shot to a take with truth in every layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.progress import track
from kinoeye.footage.take import LAYER_TYPES, Layer, Take
from kinoeye.geometry.convention import NORMALISED
from kinoeye.geometry.rgbd import RGBD
from kinoeye.geometry.track import Trajectory
from kinoeye.render.scene import Scene, build_scene
from kinoeye.shot.shot import Shot

RENDERED_LAYERS = (
    "rgb",
    "alpha",
    "depth",
    "normals",
    "instance",
    "part",
    "flow",
    "object_coordinates",
    "shadow",
    "triangle",
    "barycentrics",
)
"""Layers that a shot is rendered to."""
MAX_SIDE, MAX_SAMPLES = 8192, 8
Backend = Literal["fast", "reference", "gl"]
FrameRenderer = Callable[[int, Mapping[str, NDArray[Any]], int], None]
"""Fills the layers of one frame: index, the frame's array by layer, and samples."""


def render(
    shot: Shot,
    *,
    layers: Sequence[str] = ("rgb", "depth", "instance"),
    size_wh: tuple[int, int] | None = None,
    times_s: Sequence[float] | NDArray[np.float64] | None = None,
    samples: int = 1,
    backend: Backend = "fast",
) -> Take:
    """The film of a shot with geometry that is exact.

    Depth, normals, ids, flow, coordinates and shadow are those of the ray through each pixel's centre. Flow follows
    the surface that is seen, hidden or not in the next frame. Object coordinates of a walking figure are those of the
    same point when it stands. Normals of a mesh are the smooth ones that light sees.

    Args:
        shot: the camera, actors and environment; actors without an avatar are not drawn.
        layers: of `RENDERED_LAYERS`; "rgb" always comes along.
        size_wh: width and height in pixels; the camera's own size when None.
        times_s: strictly increasing times of the frames; the camera's own when None.
        samples: rays a side in each pixel at an edge, for rgb and alpha; 2 smooths silhouettes and shadows.
        backend: "fast" is compiled; "reference" is the plain definition, some hundred times slower; "gl" is "fast" with
            OpenGL to find the triangles of meshes (extra `gl`; docs/set.md).

    Raises:
        InputError: a layer is unknown, the size or the times cannot be used, the camera has NaN poses, or the backend
            is not to be had.

    Example:
        >>> from kinoeye.render.worlds import world
        >>> render(world("train", 1, num_frames=2), size_wh=(32, 32)).rgb.values.shape
        (2, 32, 32, 3)
    """
    names = _check_layers(layers)
    if not 1 <= samples <= MAX_SAMPLES:
        raise InputError(f"samples is {samples}; it is 1 to {MAX_SAMPLES} rays a side")
    camera = _camera(shot, size_wh, times_s)
    scene = build_scene(shot, camera)
    values = draw(scene, names, samples=samples, backend=backend)
    return Take(
        times_s=camera.times_s.double().numpy(),
        layers={name: Layer(array, "truth") for name, array in values.items()},
        cameras={"truth": camera},
        requested=shot,
        captions=(shot.prompt,) if shot.prompt else (),
    )


def draw(
    scene: Scene, layers: Sequence[str], *, samples: int = 1, backend: Backend = "fast"
) -> dict[str, NDArray[Any]]:
    """The frames of a scene, [frames, height, width, ...] by layer, as `render` describes them; "rgb" comes along.

    Raises:
        InputError: the scene has poses that are NaN or infinite, or the backend is unknown or not to be had.
    """
    poses = (scene.T_world_cam, scene.fx_fy_cx_cy, scene.world_from_canonical)
    if not all(np.isfinite(a).all() for a in (*poses, *(mesh.world_from_rest for mesh in scene.meshes))):
        raise InputError(
            "the shot has poses or intrinsics that are NaN or infinite; `kinoeye inspect` names the frames"
        )
    frames, (width, height) = len(scene.T_world_cam), scene.size_wh
    types = {name: LAYER_TYPES[name] for name in ("rgb", *layers)}
    values = {name: np.empty((frames, height, width, *trailing), dtype) for name, (dtype, trailing) in types.items()}
    with _renderer(scene, backend) as fill:
        for index in track(range(frames), "rendering"):
            fill(index, {name: array[index] for name, array in values.items()}, samples)
    return values


def first_frame(shot: Shot) -> RGBD:
    """Colour and depth of a shot's first frame, with its lens."""
    take = render(shot, layers=("rgb", "depth"), times_s=shot.camera.times_s[:1].double().numpy(force=True))
    return RGBD(
        image=take.rgb.values[0], depth=take.layers["depth"].values[0], intrinsics=take.cameras["truth"].intrinsics
    )


@contextmanager
def _renderer(scene: Scene, backend: str) -> Iterator[FrameRenderer]:
    if backend == "fast":
        from kinoeye.render.fast.frame import FastRenderer

        yield FastRenderer(scene)
    elif backend == "reference":
        from kinoeye.render.reference.frame import render_frame

        yield partial(render_frame, scene)
    elif backend == "gl":
        from kinoeye.render.gl.frame import gl_renderer

        with gl_renderer(scene) as renderer:
            yield renderer
    else:
        raise InputError(f"backend {backend!r} is unknown; it is one of {', '.join(get_args(Backend))}")


def _check_layers(layers: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in layers if name not in RENDERED_LAYERS]
    if unknown:
        raise InputError(f"cannot render the layer {unknown[0]!r}; layers: {', '.join(RENDERED_LAYERS)}")
    return tuple(dict.fromkeys(("rgb", *layers)))


def _camera(
    shot: Shot, size_wh: tuple[int, int] | None, times_s: Sequence[float] | NDArray[np.float64] | None
) -> Trajectory:
    camera = shot.camera
    if times_s is not None:
        times = torch.as_tensor(np.asarray(times_s, dtype=np.float64))
        if times.ndim != 1 or len(times) == 0 or not bool((times.diff() > 0).all()):
            raise InputError("times_s is a list of at least one time in seconds, strictly increasing")
        camera = camera.at(times)
    if size_wh is None and camera.size_wh == NORMALISED:
        raise InputError("the camera has normalised intrinsics; give size_wh=(width, height) in pixels")
    size_wh = size_wh or camera.size_wh
    if not all(1 <= side <= MAX_SIDE for side in size_wh):
        raise InputError(f"size {size_wh} cannot be rendered; width and height are 1 to {MAX_SIDE} pixels")
    return camera.resize((int(size_wh[0]), int(size_wh[1])))

"""The compiled renderer with OpenGL's decision which triangle each ray meets first.

Each triangle is drawn as the rectangle that it may cover, and the shader asks of every pixel there what the compiled
kernels ask, with the same factors in double precision: nothing depends on where a driver sees the edge of a triangle,
and triangles that reach behind the camera need no clipping. The depth buffer alone is coarser, so that of two
surfaces that lie within some millionths of their depth either may be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.optional import require
from kinoeye.render.fast import triangles as kernels
from kinoeye.render.fast.frame import FastRenderer
from kinoeye.render.fast.meshes import MeshFrames, Seen
from kinoeye.render.scene import Scene

VERSION = 410
"""OpenGL 4.1, the first with double precision from the vertex on."""
_GL_DITHER = 0x0BD0
_DRAWN = np.dtype(
    [
        ("a", "f8", 3),
        ("b", "f8", 3),
        ("c", "f8", 3),
        ("inverse", "f8", 3),
        ("bounds", "f4", 4),
        ("triangle", "i4"),
    ],
    align=True,
)
_ATTRIBUTES = "3f8 3f8 3f8 3f8 4f4 8x/i"
_RECTANGLE = """
#version 410 core
uniform vec2 size;
uniform dvec2 ray;
in dvec3 a, b, c, inverse;
in vec4 bounds;
flat out dvec3 side_a, side_b, side_c, plane;
flat out uint number;

void main() {
    side_a = a; side_b = b; side_c = c; plane = inverse;
    number = uint(gl_InstanceID + 1);
    bool right = (gl_VertexID & 1) == 1, below = gl_VertexID > 1;
    // Pixels are met at their centres, the ray is elsewhere in them; drivers round to 1/16 of a pixel at worst.
    vec2 place = vec2(right ? bounds.y : bounds.x, below ? bounds.w : bounds.z) + (0.5 - vec2(ray));
    place += vec2(right ? 0.125 : -0.125, below ? 0.125 : -0.125);
    gl_Position = vec4(clamp(place, vec2(-1.0), size + 1.0) * 2.0 / size - 1.0, 0.0, 1.0);
}
"""
_TRIANGLE = """
#version 410 core
uniform dvec2 ray;
uniform uvec2 bits;
uniform float greatest;
flat in dvec3 side_a, side_b, side_c, plane;
flat in uint number;
out vec4 bytes;

double along(dvec3 factors, dvec2 at) {
    precise double row = factors.y * at.y + factors.z;
    precise double value = factors.x * at.x + row;
    return value;
}

void main() {
    dvec2 at = dvec2(floor(gl_FragCoord.xy)) + ray;
    if (along(side_a, at) < 0.0 || along(side_b, at) < 0.0 || along(side_c, at) < 0.0) discard;
    double near = along(plane, at);
    if (!(near > 0.0 && near < greatest)) discard;
    // The bits of a positive number grow with it, about as its logarithm.
    uint rank = clamp(floatBitsToUint(float(near)), bits.x, bits.y) - bits.x;
    gl_FragDepth = float(rank) / float(bits.y - bits.x);
    bytes = vec4((uvec4(number) >> uvec4(0, 8, 16, 24)) & 255u) / 255.0;
}
"""


@contextmanager
def gl_renderer(scene: Scene) -> Iterator[FastRenderer]:
    """A renderer of the frames of one scene that asks OpenGL, in a context of its own, until it is left.

    Afterwards no context is current.

    Raises:
        InputError: moderngl is not installed, or OpenGL is not to be had.
    """
    context = _context(require("moderngl", extra="gl"))
    try:
        with context:
            yield FastRenderer(scene, partial(GLMeshFrames, context))
    finally:
        context.release()


class GLMeshFrames(MeshFrames):
    """The meshes of a scene, found on the screen by OpenGL."""

    def __init__(self, context: Any, scene: Scene) -> None:
        super().__init__(scene)
        (width, height), self._context = scene.size_wh, context
        self._program = context.program(vertex_shader=_RECTANGLE, fragment_shader=_TRIANGLE)
        self._program["size"].value = (width, height)
        self._program["greatest"].value = 1.0 / kernels.T_MIN
        self._drawn = np.zeros(len(self._triangles), _DRAWN)
        self._buffer = context.buffer(reserve=max(self._drawn.nbytes, 1), dynamic=True)
        names = [name for name in _DRAWN.fields or () if name != "triangle"]
        self._rectangles = context.vertex_array(self._program, [(self._buffer, _ATTRIBUTES, *names)])
        size = (width, height)
        self._target = context.framebuffer([context.renderbuffer(size)], context.depth_renderbuffer(size))
        self._target.use()
        self._numbers = np.empty((height, width), "<u4")
        self._pixels = np.arange(height * width, dtype=np.int32)

    def seen(self, index: int) -> Seen:
        """What the rays through pixel centres [height, width] meet, once the frame is posed."""
        self._lay_out(index)
        inverse, triangle = self._met(self._pixels, 1)
        return inverse.reshape(self._numbers.shape), triangle.reshape(self._numbers.shape)

    def seen_by_samples(self, index: int, slots: NDArray[np.int32], count: int, samples: int) -> Seen:
        """What samples x samples rays in each of some pixels meet, [count, samples**2], once `seen` was asked.

        Args:
            index: the frame.
            slots: [height, width] row of each of these pixels in the result, which follows theirs; -1 for others.
            count: how many pixels there are.
            samples: rays a side.
        """
        pixels = np.flatnonzero(slots >= 0).astype(np.int32)
        return self._met(pixels, samples)

    def _lay_out(self, index: int) -> None:
        """Send the triangles that the frame may show."""
        (width, height), K = self._scene.size_wh, self._scene.fx_fy_cx_cy[index]
        posed = self._placed, self._triangles, self._bounds
        self._count, nearest, farthest = kernels.lay_out(*posed, K, width, height, self._drawn)
        if not self._count:
            return
        self._buffer.write(self._drawn[: self._count])
        # An octave more, so that nothing lies as far as nothing.
        depths = np.array([0.5 / farthest, 1.0 / nearest], np.float32)
        self._program["bits"].value = tuple(depths.view(np.uint32).tolist())

    def _met(self, pixels: NDArray[np.int32], samples: int) -> Seen:
        """What samples x samples rays in each of some pixels [n], counted by rows, meet."""
        found = np.zeros((len(pixels), samples**2)), np.zeros((len(pixels), samples**2), np.int32)
        step = 1.0 / samples
        for ray in range(samples**2 if self._count else 0):
            x, y = (ray % samples + 0.5) * step, (ray // samples + 0.5) * step
            self._program["ray"].value = (x, y)
            self._target.clear(depth=0.0)
            self._rectangles.render(self._context.TRIANGLE_STRIP, vertices=4, instances=self._count)
            self._target.read_into(self._numbers, components=4)
            kernels.take_over(self._numbers, pixels, self._drawn, x, y, ray, *found)
        return found


def _context(moderngl: ModuleType) -> Any:
    """A context of OpenGL without a window: EGL's, or else what this system offers first."""
    reasons = []
    for chosen in ({"backend": "egl"}, {}):
        try:
            context = moderngl.create_context(require=VERSION, standalone=True, **chosen)
        except Exception as error:  # each library and driver has errors of its own
            reasons.append(" ".join(str(error).split()))
            continue
        context.enable_only(context.DEPTH_TEST)
        context.depth_func = ">"
        context.disable_direct(_GL_DITHER)
        return context
    raise InputError(
        f"no OpenGL {VERSION / 100:.1f} is to be had here ({'; '.join(dict.fromkeys(reasons))}); install a driver with "
        "EGL (Debian: libegl1 libgl1-mesa-dri), or take the backend 'fast'"
    )

"""What renderings of avatars tell beside their colours: where the sun meets them, and where they keep it away."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from kinoeye.systems.amg.rays import pixel_rays

_LOWEST_SUN = 0.05
"""Sine of the elevation under which a shadow is taken no longer."""
_NEAREST_M = 0.05
_LIMB_M = 0.06
"""Thickness behind what is seen of an actor."""
_RIM = (0, 0, 1, 1, 1, 1)
"""One pixel around the frames of [b, f, h, w, c]."""
_NEIGHBOURS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


def world_points(
    nearness: Float[Tensor, "b f h w"], T_world_cam: Float[Tensor, "b f 3 4"], fx_fy_cx_cy: Float[Tensor, "b f 4"]
) -> Float[Tensor, "b f h w 3"]:
    """Points of what is seen, in world metres; NaN where nothing is.

    Args:
        nearness: 1 / depth along the camera's axis, in 1 / metres; 0 for nothing.
        T_world_cam: cameras of the frames.
        fx_fy_cx_cy: intrinsics in pixels.
    """
    height, width = nearness.shape[-2:]
    rays = pixel_rays(T_world_cam, fx_fy_cx_cy, (width, height))
    forward = T_world_cam[..., :3, 2]
    along = torch.einsum("bfhwi,bfi->bfhw", rays.directions, forward)
    depth = torch.where(nearness > 0, 1 / nearness.clamp_min(1e-6), torch.nan)
    return rays.origins + rays.directions * (depth / along)[..., None]


def surfaces(
    points: Float[Tensor, "b f h w 3"],
    nearness: Float[Tensor, "b f h w"],
    eyes: Float[Tensor, "b f 3"],
    suns: Float[Tensor, "b 3"],
) -> Float[Tensor, "b f h w 3"]:
    """How surfaces stand: cosine to the sun, height of the normal, and nearness, from neighbouring points.

    Pixels beside a surface have the mean of those of it that they touch, so that soft edges are lit too; others have 0.

    Args:
        points: of surfaces, NaN where nothing is seen.
        nearness: 1 / depth, 0 where nothing is seen.
        eyes: of the cameras: surfaces face them.
        suns: unit vectors towards the sun.
    """
    film, frame, *_ = seen = torch.nonzero(nearness > 0, as_tuple=True)
    around = functional.pad(points, _RIM, value=torch.nan)
    surface = points[seen]
    right, down = (_difference(around, seen, surface, axis=axis) for axis in (3, 2))
    normals = functional.normalize(torch.linalg.cross(right, down), dim=-1)
    seen_from = eyes[film, frame] - surface
    normals = normals * (normals * seen_from).sum(-1, keepdim=True).sign()
    cosines = torch.einsum("ni,ni->n", normals, suns[film])
    towards = nearness[seen].where(~cosines.isnan(), torch.nan)  # a lone pixel has no normal
    found = torch.stack([cosines, normals[..., 2], towards], dim=-1)
    return _spread_to_neighbours(torch.full_like(points, torch.nan).index_put(seen, found))


def _spread_to_neighbours(values: Float[Tensor, "b f h w c"]) -> Float[Tensor, "b f h w c"]:
    """NaN becomes the mean of the neighbours that are none, or 0."""
    rimmed = functional.pad(values, _RIM, value=torch.nan)
    known = ~rimmed[..., 0].isnan()
    height, width = values.shape[2:4]
    touched = torch.zeros_like(known[:, :, 1:-1, 1:-1])
    for y, x in _NEIGHBOURS:
        touched |= known[:, :, 1 + y : 1 + y + height, 1 + x : 1 + x + width]
    film, frame, row, column = beside = torch.nonzero(touched & ~known[:, :, 1:-1, 1:-1], as_tuple=True)
    around = torch.stack([rimmed[film, frame, row + 1 + y, column + 1 + x] for y, x in _NEIGHBOURS])
    return values.nan_to_num(0.0).index_put(beside, around.nanmean(dim=0))


def cast_on_ground(
    points: Float[Tensor, "b f h w 3"],
    T_world_cam: Float[Tensor, "b f 3 4"],
    fx_fy_cx_cy: Float[Tensor, "b f 4"],
    suns: Float[Tensor, "b 3"],
) -> Float[Tensor, "b f h w"]:
    """Where points throw their shadows on the plane z = 0, seen by the same camera, from 0 to 1 with soft edges.

    Limbs are taken as thick as most are; what else the camera does not see of an actor throws none.

    Args:
        points: in world metres, NaN where nothing is seen.
        T_world_cam: cameras of the frames.
        fx_fy_cx_cy: intrinsics in pixels.
        suns: unit vectors towards the sun.
    """
    film, frame, *_ = seen = torch.nonzero(~points[..., 0].isnan(), as_tuple=True)
    surface, eyes, sun = points[seen], T_world_cam[film, frame, :, 3], suns[film]
    behind = surface + _LIMB_M * functional.normalize(surface - eyes, dim=-1)
    per_height = sun[:, :2] / sun[:, 2:].clamp_min(_LOWEST_SUN)
    marked = points.new_zeros(points.shape[:-1])
    for occluder in (surface, behind):
        shadow = functional.pad(occluder[:, :2] - occluder[:, 2:] * per_height, (0, 1))
        _mark(marked, shadow, film, frame, T_world_cam, fx_fy_cx_cy)
    flat = marked.flatten(0, 1)[:, None]
    closed = -functional.max_pool2d(-functional.max_pool2d(flat, 3, stride=1, padding=1), 3, stride=1, padding=1)
    return functional.avg_pool2d(closed, 3, stride=1, padding=1).view(marked.shape)


def _mark(
    frames: Float[Tensor, "b f h w"],
    points: Float[Tensor, "n 3"],
    film: Tensor,
    frame: Tensor,
    T_world_cam: Tensor,
    fx_fy_cx_cy: Tensor,
) -> None:
    """Set pixels to 1 in which points are seen.

    Args:
        frames: what is changed.
        points: in world metres.
        film: of each point.
        frame: of each point.
        T_world_cam: cameras of the frames.
        fx_fy_cx_cy: intrinsics in pixels.
    """
    height, width = frames.shape[-2:]
    pose, lens = T_world_cam[film, frame], fx_fy_cx_cy[film, frame]
    in_camera = torch.einsum("nji,nj->ni", pose[..., :3], points - pose[..., 3])
    depth = in_camera[:, 2]
    x, y = (in_camera[:, :2] / depth[:, None] * lens[:, :2] + lens[:, 2:]).unbind(-1)
    seen = (depth > _NEAREST_M) & (x >= 0) & (x < width) & (y >= 0) & (y < height)
    frames[film[seen], frame[seen], y[seen].long(), x[seen].long()] = 1


def _difference(around: Tensor, seen: tuple[Tensor, ...], surface: Tensor, *, axis: int) -> Float[Tensor, "n 3"]:
    """Central where both neighbours are seen, else to the one that is.

    Args:
        around: points of frames with a rim of one pixel that is not seen.
        seen: indices of pixels without that rim.
        surface: the points there.
        axis: along which the neighbours lie.
    """
    inside = list(seen)
    inside[2], inside[3] = inside[2] + 1, inside[3] + 1

    def neighbour(step: int) -> Tensor:
        at = list(inside)
        at[axis] = at[axis] + step
        return around[tuple(at)]

    to, fro = neighbour(1) - surface, surface - neighbour(-1)
    return torch.where(to.isnan(), fro, torch.where(fro.isnan(), to, (to + fro) / 2))

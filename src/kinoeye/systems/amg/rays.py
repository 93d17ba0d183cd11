"""Where the pixels of a film look: rays in the world, and how wide each is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class PixelRays:
    """Rays through pixels of films."""

    origins: Float[Tensor, "b *n 3"]
    """Eyes in world metres."""
    directions: Float[Tensor, "b *n 3"]
    """Unit vectors in the world."""
    angles: Float[Tensor, "b *n"]
    """That a pixel spans across its ray, in radians."""


def pixel_rays(
    T_world_cam: Float[Tensor, "b f 3 4"], fx_fy_cx_cy: Float[Tensor, "b f 4"], size_wh: tuple[int, int]
) -> PixelRays:
    """Rays through the centres of all pixels of films, [b, f, h, w].

    Args:
        T_world_cam: cameras of the frames.
        fx_fy_cx_cy: intrinsics in pixels of that size.
        size_wh: width and height in pixels.
    """
    rotation, eyes = T_world_cam[..., :3], T_world_cam[..., 3]
    width, height = size_wh
    fx, fy, cx, cy = fx_fy_cx_cy[..., None].unbind(-2)
    x = (torch.arange(width, device=eyes.device) + 0.5 - cx) / fx
    y = (torch.arange(height, device=eyes.device) + 0.5 - cy) / fy
    x, y = x[:, :, None, :].expand(-1, -1, height, -1), y[:, :, :, None].expand(-1, -1, -1, width)
    in_camera = torch.stack([x, y, torch.ones_like(x)], dim=-1)
    lengths = in_camera.norm(dim=-1, keepdim=True)
    directions = torch.einsum("bfij,bfhwj->bfhwi", rotation, in_camera / lengths)
    angles = 1 / (fx[..., None] * lengths[..., 0])
    return PixelRays(eyes[:, :, None, None].expand_as(directions), directions, angles)


def ground_hits(
    origins: Float[Tensor, "... 3"], directions: Float[Tensor, "... 3"], *, farthest_m: float
) -> tuple[Float[Tensor, "..."], Float[Tensor, "... 2"]]:
    """Distance to the plane z = 0 along rays, at most `farthest_m`, and the point there; rays upwards get the farthest.

    Args:
        origins: eyes above the plane.
        directions: unit vectors.
        farthest_m: bound of distances.
    """
    falls = (-directions[..., 2]).clamp_min(1e-4)
    distance = (origins[..., 2] / falls).clamp(max=farthest_m)
    return distance, origins[..., :2] + distance[..., None] * directions[..., :2]

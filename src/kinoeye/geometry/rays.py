"""Rays, projection and unprojection of pinhole cameras; pixel centres are at +0.5."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.track import Trajectory


def pixel_centres(size_wh: tuple[int, int], *, dtype: torch.dtype = torch.float64) -> Float[Tensor, "h w 2"]:
    """Image coordinates (x, y) of every pixel's centre."""
    width, height = size_wh
    y, x = torch.meshgrid(torch.arange(height, dtype=dtype), torch.arange(width, dtype=dtype), indexing="ij")
    return torch.stack([x, y], dim=-1) + 0.5


def camera_rays(intrinsics: Intrinsics) -> Float[Tensor, "*batch h w 3"]:
    """Ray of each pixel's centre in camera axes, scaled to z = 1 (so that depth times ray is the point)."""
    values = intrinsics.fx_fy_cx_cy
    pixels = pixel_centres(intrinsics.size_wh, dtype=values.dtype).to(values.device)
    xy = (pixels - values[..., None, None, 2:]) / values[..., None, None, :2]
    return torch.cat([xy, torch.ones_like(xy[..., :1])], dim=-1)


def project(
    intrinsics: Intrinsics, points_cam: Float[Tensor, "*batch n 3"]
) -> tuple[Float[Tensor, "*batch n 2"], Float[Tensor, "*batch n"]]:
    """Image coordinates and depth of points in camera axes; points with depth <= 0 are behind the camera."""
    depth = points_cam[..., 2]
    safe = torch.where(depth == 0, torch.full_like(depth, torch.finfo(depth.dtype).tiny), depth)
    xy = points_cam[..., :2] / safe[..., None]
    values = intrinsics.fx_fy_cx_cy[..., None, :]
    return xy * values[..., :2] + values[..., 2:], depth


def unproject(trajectory: Trajectory, depth: Float[Tensor, "n h w"]) -> Float[Tensor, "n h w 3"]:
    """World points of depth maps (distance along the camera's z axis); NaN depth gives NaN points."""
    height, width = depth.shape[-2:]
    if (width, height) != trajectory.size_wh:
        raise ValueError(
            f"depth of {(width, height)} pixels for a camera of {trajectory.size_wh}; resize the camera first"
        )
    points_cam = camera_rays(trajectory.intrinsics) * depth[..., None]
    flat = points_cam.reshape(len(trajectory), -1, 3)
    R = trajectory.T_world_cam.rotation.as_matrix()
    world = flat @ R.transpose(-1, -2) + trajectory.T_world_cam.translation[:, None]
    return world.reshape(points_cam.shape)


def pluecker(trajectory: Trajectory) -> Float[Tensor, "n 6 h w"]:
    """Pluecker coordinates (moment o x d, then unit direction d) of every pixel's ray in the world (Sitzmann 2021)."""
    R = trajectory.T_world_cam.rotation.as_matrix()
    rays = torch.einsum("nij,nhwj->nhwi", R, camera_rays(trajectory.intrinsics))
    direction = rays / rays.norm(dim=-1, keepdim=True)
    origin = trajectory.T_world_cam.translation[:, None, None].expand_as(direction)
    return torch.cat([torch.linalg.cross(origin, direction), direction], dim=-1).movedim(-1, 1)

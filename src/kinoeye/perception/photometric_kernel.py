"""The inner loop of photometric alignment: normal equations of one keyframe seen in one frame (numba)."""

from __future__ import annotations

import math

import numba
import numpy as np

from kinoeye.geometry.convention import Float64
from kinoeye.perception.pyramid import Float32

T_NU = 5.0
"""Degrees of freedom of the t-distribution of residuals (Kerl et al. 2013, sec. III-B)."""
_OCCLUDED = 0.3
"""Points whose log depth differs by more from the frame's lie on another surface."""


@numba.njit(cache=True, error_model="numpy")
def add_normal_equations(
    points: Float64,
    values: Float64,
    nodes: np.ndarray,
    shares: Float64,
    log_scale: Float64,
    image: Float32,
    fx_fy_cx_cy: Float64,
    T_frame_key: Float64,
    sigma: float,
    depth_sigma: float,
    depth_weight: float,
    H: Float64,
    b: Float64,
    residuals: Float64,
) -> None:
    """Add J^T W J to H and J^T W r to b, for the pose and for a smooth correction of the keyframe's depth.

    The unknowns are a twist that multiplies T_frame_key from the left (velocity, then rotation), then the log of
    the factor on depth at each node of a grid. Residuals are intensity differences, weighted by a t-distribution,
    and differences of log depth.

    Args:
        points: [n, 3] in keyframe axes.
        values: [n] intensities in the keyframe.
        nodes: int [n, m] grid nodes around each point; m = 0 keeps the depth as it is.
        shares: [n, m] bilinear shares of these nodes.
        log_scale: [g] current correction at the nodes.
        image: [h, w, 6] channels of the frame, see `pyramid.CHANNELS`.
        fx_fy_cx_cy: [4] of the frame.
        T_frame_key: [4, 4].
        sigma: scale of the intensity residuals.
        depth_sigma: scale of the log-depth residuals.
        depth_weight: weight of one depth residual against one intensity residual; 0 leaves depth out.
        H: [6 + g, 6 + g], added to.
        b: [6 + g], added to.
        residuals: [n], set to the intensity residuals; NaN where the point is not seen.
    """
    height, width = image.shape[0], image.shape[1]
    m = nodes.shape[1]
    seen = np.empty(6)
    jacobian = np.empty(6 + m)
    turned = np.empty(3)
    moved = np.empty(3)
    for i in range(points.shape[0]):
        residuals[i] = np.nan
        correction = 0.0
        for k in range(m):
            correction += shares[i, k] * log_scale[nodes[i, k]]
        factor = math.exp(correction)
        for a in range(3):
            turned[a] = factor * (
                T_frame_key[a, 0] * points[i, 0] + T_frame_key[a, 1] * points[i, 1] + T_frame_key[a, 2] * points[i, 2]
            )
            moved[a] = turned[a] + T_frame_key[a, 3]
        if not moved[2] > 1e-6:
            continue
        u = fx_fy_cx_cy[0] * moved[0] / moved[2] + fx_fy_cx_cy[2] - 0.5
        v = fx_fy_cx_cy[1] * moved[1] / moved[2] + fx_fy_cx_cy[3] - 0.5
        if not (u >= 0 and v >= 0 and u < width - 1 and v < height - 1):
            continue
        _bilinear(image, u, v, seen)
        depth_residual = math.log(moved[2]) - seen[3]
        if abs(depth_residual) > _OCCLUDED:
            continue
        residual = seen[0] - values[i]
        residuals[i] = residual
        _jacobian(seen[1], seen[2], 0.0, fx_fy_cx_cy, moved, turned, shares[i], jacobian)
        _add(H, b, jacobian, nodes[i], residual, sigma, 1.0)
        if depth_weight > 0 and not math.isnan(depth_residual + seen[4] + seen[5]):
            _jacobian(-seen[4], -seen[5], 1.0 / moved[2], fx_fy_cx_cy, moved, turned, shares[i], jacobian)
            _add(H, b, jacobian, nodes[i], depth_residual, depth_sigma, depth_weight)


@numba.njit(cache=True, error_model="numpy", inline="always")
def _bilinear(image, u, v, out):
    x, y = int(u), int(v)
    fx, fy = u - x, v - y
    for c in range(out.shape[0]):
        top = (1 - fx) * image[y, x, c] + fx * image[y, x + 1, c]
        bottom = (1 - fx) * image[y + 1, x, c] + fx * image[y + 1, x + 1, c]
        out[c] = (1 - fy) * top + fy * bottom


@numba.njit(cache=True, error_model="numpy", inline="always")
def _jacobian(slope_u, slope_v, slope_z, fx_fy_cx_cy, moved, turned, shares, out):
    """Derivative of f(u, v) + slope_z z by the twist and by the nodes, for the point `moved`."""
    x, y, z = moved
    dx = slope_u * fx_fy_cx_cy[0] / z
    dy = slope_v * fx_fy_cx_cy[1] / z
    dz = slope_z - (dx * x + dy * y) / z
    out[0], out[1], out[2] = dx, dy, dz
    out[3], out[4], out[5] = dz * y - dy * z, dx * z - dz * x, dy * x - dx * y
    along_ray = dx * turned[0] + dy * turned[1] + dz * turned[2]
    for k in range(shares.shape[0]):
        out[6 + k] = along_ray * shares[k]


@numba.njit(cache=True, error_model="numpy", inline="always")
def _add(H, b, jacobian, nodes, residual, sigma, weight):
    """One residual into the normal equations, with the weight of a t-distribution of scale sigma."""
    ratio = residual / sigma
    weight = weight * (T_NU + 1) / (T_NU + ratio * ratio) / (sigma * sigma)
    for p in range(jacobian.shape[0]):
        row = p if p < 6 else 6 + nodes[p - 6]
        b[row] += weight * jacobian[p] * residual
        for q in range(jacobian.shape[0]):
            column = q if q < 6 else 6 + nodes[q - 6]
            H[row, column] += weight * jacobian[p] * jacobian[q]


def t_scale(residuals: Float64, *, floor: float = 1e-3) -> float:
    """Scale of residuals under a t-distribution by fixed-point iteration (Kerl et al. 2013, eq. 17); NaN left out."""
    known = residuals[~np.isnan(residuals)]
    if known.size == 0:
        return floor
    squares = known * known
    scale = max(float(np.sqrt(squares.mean())), floor)
    for _ in range(8):
        scale = max(float(np.sqrt((squares * (T_NU + 1) / (T_NU + squares / scale**2)).mean())), floor)
    return scale

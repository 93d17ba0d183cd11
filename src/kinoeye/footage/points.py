"""Point clouds out of takes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.footage.take import Take
from kinoeye.geometry.rays import unproject


def fuse_points(
    take: Take, *, camera: str = "truth", max_points: int = 200_000, max_depth: float = 60.0, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """World points [n, 3] and colours [n, 3] of all frames together, drawn evenly from the pixels with depth.

    Args:
        take: needs a depth layer.
        camera: source of the cameras that place the points.
        max_points: at most this many points come back.
        max_depth: farther pixels (the ground towards the horizon) are left out, in the unit of the cameras.
        seed: of the draw.
    """
    depth = take.layers["depth"].values
    valid = np.flatnonzero(np.isfinite(depth) & (depth > 0) & (depth <= max_depth))
    if len(valid) > max_points:
        valid = np.sort(np.random.default_rng(seed).choice(valid, max_points, replace=False))
    points, colours = [], []
    per_frame = depth[0].size
    for frame in range(len(take)):
        chosen = valid[(valid >= frame * per_frame) & (valid < (frame + 1) * per_frame)] - frame * per_frame
        one = take.cameras[camera].at(torch.tensor([take.times_s[frame]], dtype=torch.float64))
        world = unproject(one, torch.from_numpy(depth[frame : frame + 1].astype(np.float64)))
        points.append(world.reshape(-1, 3).numpy()[chosen])
        colours.append(take.rgb.values[frame].reshape(-1, 3)[chosen])
    return np.concatenate(points).astype(np.float32), np.concatenate(colours)

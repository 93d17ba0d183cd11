"""How much the candidates for one caption differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from kinoeye.geometry.convention import Float64, matrix_to_rotvec


def path_diversity(candidates: Sequence[Float64]) -> tuple[float, float]:
    """Mean difference between two candidates, in translation and in rotation, as shares of how far they move.

    For every pair the mean over frames of |t_i - t'_i|, and of the angle between R_i and R'_i, over the pair's largest
    distance and largest angle from the first pose; 0 where neither moves.

    Args:
        candidates: camera-to-world poses [n, 4, 4] of at least two paths of one length, relative to their first pose.

    Example:
        >>> still, moving = np.tile(np.eye(4), (2, 3, 1, 1))
        >>> moving[:, 2, 3] = [0.0, 1.0, 2.0]
        >>> path_diversity([still, moving])
        (0.5, 0.0)
    """
    pairs = [_differences(a, b) for a, b in combinations(candidates, 2)]
    translation, rotation = np.mean(pairs, axis=0)
    return float(translation), float(rotation)


def _differences(a: Float64, b: Float64) -> tuple[float, float]:
    turn = _angles(np.swapaxes(a[:, :3, :3], 1, 2) @ b[:, :3, :3])
    apart = np.linalg.norm(a[:, :3, 3] - b[:, :3, 3], axis=1)
    reach = max(float(np.linalg.norm(path[:, :3, 3] - path[0, :3, 3], axis=1).max()) for path in (a, b))
    turned = max(float(_angles(path[0, :3, :3].T @ path[:, :3, :3]).max()) for path in (a, b))
    return _share(apart, reach), _share(turn, turned)


def _share(values: Float64, whole: float) -> float:
    return float(values.mean()) / whole if whole > 1e-9 else 0.0


def _angles(R: Float64) -> Float64:
    return np.linalg.norm(matrix_to_rotvec(R), axis=-1)

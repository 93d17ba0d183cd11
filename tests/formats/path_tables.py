"""Random and planted camera paths for the tests of formats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from kinoeye.formats.path_table import PathTable
from kinoeye.geometry.convention import KINOEYE, OPENCV, rotvec_to_matrix
from kinoeye.language import compile as compile_plan
from kinoeye.language import parse

SIDE = 560
"""Gen3R states intrinsics for 560x560 only, so tables of this size survive every format."""


@st.composite
def tables(draw: st.DrawFn) -> PathTable:
    """Sound tables with everything set: any rotations, zooming intrinsics, whole microseconds, names in order."""
    n = draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    is_metric = draw(st.booleans())
    rotation = rotvec_to_matrix(rng.normal(size=(n, 3)) * draw(st.sampled_from([1e-9, 0.1, 2.0])))
    translation = rng.normal(size=(n, 3)) * draw(st.sampled_from([1e-3, 1.0, 1e4]))
    K = np.tile(np.eye(3), (n, 1, 1))
    K[:, [0, 1], [0, 1]] = rng.uniform(200, 2000, size=(n, 2))
    K[:, :2, 2] = rng.uniform(100, 400, size=(n, 2))
    return PathTable(
        matrices=np.concatenate([rotation, translation[:, :, None]], -1),
        convention=KINOEYE if is_metric else OPENCV,
        intrinsics=K,
        size_wh=(SIDE, SIDE),
        times_s=np.cumsum(rng.integers(2, 10**6, size=n)) / 1e6,
        names=tuple(f"frame_{i + 1:05d}.png" for i in range(n)),
        ids=tuple(range(1, n + 1)),
    )


def path(sentence: str = "push in two metres while panning left, then truck right while tilting up") -> PathTable:
    """A smooth metric path of our own."""
    return PathTable.from_trajectory(compile_plan(parse(sentence)))


def filmed(size_wh: tuple[int, int] = (1280, 720), *, zoom: float = 1.0, shift: float = 0.0) -> PathTable:
    """A path in our world that pans and tilts, with square pixels; the principal point may be off the centre."""
    table = path().with_size(size_wh).frames(range(0, 48, 2))
    K = np.tile(np.array([[900.0, 0, size_wh[0] / 2], [0, 900.0, size_wh[1] / 2], [0, 0, 1]]), (len(table), 1, 1))
    K[:, [0, 1], [0, 1]] *= np.linspace(1, zoom, len(table))[:, None]
    K[:, :2, 2] += np.array([shift, -shift / 2])
    return replace(table, intrinsics=K, convention=table.convention.with_world("FLU"))


def orbit(n: int = 10, *, phi_deg: float = 40.0, theta_deg: float = 0.0, elevation_deg: float = 0.0) -> PathTable:
    """An upright camera that circles one point at distance 1 and looks at it, in the frame of the first camera.

    Angles grow evenly from 0: phi to the right, theta up, after the first camera looks down by the elevation.
    """
    share = np.linspace(0, 1, n)[:, None]
    down = -np.radians(elevation_deg + share * theta_deg) * np.array([1.0, 0, 0])
    rotation = rotvec_to_matrix(-np.radians(phi_deg) * share * np.array([0, 1.0, 0])) @ rotvec_to_matrix(down)
    rotation = rotation[0].T @ rotation
    translation = np.array([0, 0, 1.0]) - rotation[:, :, 2]
    return PathTable(matrices=np.concatenate([rotation, translation[:, :, None]], -1), convention=OPENCV)


def held_by(names: Iterable[str], table: PathTable) -> PathTable:
    """The table, or one of the kind that formats are limited to: orbits, and focal lengths of a 16:9 image."""
    names = set(names)
    if names & {"phi-theta-r", "theta-phi-r"}:
        table = replace(table, matrices=orbit(len(table)).matrices)
    return replace(table, size_wh=(16 * SIDE, 9 * SIDE)) if "wan-fun" in names else table

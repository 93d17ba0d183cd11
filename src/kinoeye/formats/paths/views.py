"""Single views (photographs with a pose and a lens, as structure-from-motion finds them) made into a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kinoeye.formats.diagnosis import Diagnosis
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.calibrations import of_one_size
from kinoeye.geometry.convention import Convention, Float64


@dataclass(frozen=True, eq=False)
class View:
    """A photograph: its pose as written, its calibration and its lens."""

    matrix: Float64
    """[3, 4]"""
    name: str
    id: int | None = None
    """Number in the file, where it has one."""
    K: Float64 | None = None
    """[3, 3] in pixels of `size_wh`; None for a panorama."""
    size_wh: tuple[int, int] | None = None
    lens: str = "perspective"
    coefficients: Mapping[str, float] = field(default_factory=dict)


def tables_of(
    views: Sequence[View], convention: Convention, format_name: str, notes: Sequence[str] = ()
) -> PathTable | dict[str, PathTable]:
    """The table of some views, or a table for each kind of lens where they have several: lens -> table.

    Args:
        views: at least one, in the order of the table.
        convention: of their poses.
        format_name: the name of their format.
        notes: what the reader assumed.
    """
    lenses = list(dict.fromkeys(view.lens for view in views))
    tables = {lens: _table([v for v in views if v.lens == lens], convention, format_name, notes) for lens in lenses}
    return tables if len(lenses) > 1 else tables[lenses[0]]


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key under which frame_2 comes before frame_10."""
    parts = re.split(r"(\d+)", name)  # digits are at odd places; without zeros in front, the longer number is larger
    return [(-1, part) if i % 2 == 0 else (len(part.lstrip("0")), part.lstrip("0")) for i, part in enumerate(parts)]


def _table(views: Sequence[View], convention: Convention, format_name: str, notes: Sequence[str]) -> PathTable:
    matrices = [view.K for view in views if view.K is not None]
    sizes = [view.size_wh for view in views if view.size_wh is not None]
    found: tuple[Diagnosis, ...] = ()
    K, size = None, sizes[0] if len(set(sizes)) == 1 and len(sizes) == len(views) else None
    if len(matrices) == len(sizes) == len(views):
        K, size, found = of_one_size(np.stack(matrices), sizes)
    elif len(matrices) == len(views) and not sizes:
        K = np.stack(matrices)
    numbers = [view.id for view in views if view.id is not None]
    coefficients = dict.fromkeys(name for view in views for name in view.coefficients)
    return PathTable(
        matrices=np.stack([view.matrix for view in views]),
        convention=convention,
        format=format_name,
        intrinsics=K,
        size_wh=size,
        names=tuple(view.name for view in views) if all(view.name for view in views) else (),
        ids=tuple(numbers) if len(numbers) == len(views) else (),
        distortion={
            name: np.array([view.coefficients.get(name, 0.0) for view in views])
            for name in coefficients
            if any(view.coefficients.get(name) for view in views)
        },
        lens=views[0].lens,
        notes=tuple(notes),
        findings=found,
    )

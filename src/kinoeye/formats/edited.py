"""A table's path as a track or camera that can be edited, and the edited one with what else the table holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.formats.path_table import DEFAULT_FPS, PathTable, own_convention

if TYPE_CHECKING:
    from kinoeye.geometry.track import Track, Trajectory

ASSUMED_FOV_DEG = 60.0
ASSUMED_SIZE_WH = (512, 288)


def editable(table: PathTable) -> tuple[Track | Trajectory, list[str]]:
    """A table's path, with its lens where it has one, and what had to be assumed for it in words.

    Raises:
        InputError: the diagnosis has errors.
    """
    notes = []
    if table.times_s is None:
        table = table.with_fps(DEFAULT_FPS)
        notes.append(f"the file has no times; {DEFAULT_FPS:g} frames per second are assumed (--fps)")
    if table.is_centred_nowhere:
        notes.append("the lens is left out: the file does not say the image size that would centre it (--size)")
    if table.intrinsics is None or table.is_centred_nowhere:
        return table.to_track(), notes
    if np.abs(table.intrinsics[:, 0, 1]).max() > 0:
        notes.append("the skew of the intrinsics is left out")
    if table.size_wh is None:
        width, height = _assumed_size(table)
        table = replace(table, size_wh=(width, height))
        notes.append(f"the file has no image size; {width}x{height} is taken from its principal point (--size)")
    return table.to_trajectory(), notes


def filmable(table: PathTable) -> tuple[Trajectory, list[str]]:
    """A table's camera, with a lens that is assumed where the file has none, and what had to be assumed in words.

    Raises:
        InputError: the diagnosis has errors.
    """
    from kinoeye.geometry.track import Trajectory

    notes = []
    if table.intrinsics is None or table.is_centred_nowhere:
        table = replace(table, size_wh=table.size_wh or ASSUMED_SIZE_WH).with_fov(ASSUMED_FOV_DEG)
        notes.append(f"the file does not say its lens; a view {ASSUMED_FOV_DEG:g} degrees wide is assumed (--fov-deg)")
    camera, more = editable(table)
    assert isinstance(camera, Trajectory)
    return camera, [*notes, *more]


def with_edited(
    table: PathTable, path: Track | Trajectory, *, keeps_frames: bool, factor: float = 1.0
) -> tuple[PathTable, list[str]]:
    """The table with an edited path, and what of the table is lost, in words.

    Args:
        table: what was read.
        path: what was made of `editable(table)`.
        keeps_frames: whether each pose still belongs to the image that it belonged to.
        factor: what translations were multiplied by; the nearest and farthest distances go with them.
    """
    from kinoeye.geometry.intrinsics import Intrinsics
    from kinoeye.geometry.track import Track, Trajectory

    bare = isinstance(path, Track)
    camera = Trajectory(path, Intrinsics.from_fov(1.0, (1, 1))) if bare else path
    edited = replace(PathTable.from_trajectory(camera), format=table.format, lens=table.lens)
    if bare:
        edited = replace(edited, intrinsics=None, size_wh=table.size_wh)
    elif table.size_wh is None and edited.size_wh == _assumed_size(table):
        edited = replace(edited, size_wh=None)
    if table.times_s is None and np.array_equal(camera.times_s, np.arange(len(edited)) / DEFAULT_FPS):
        edited = replace(edited, times_s=None)
    if table.near_far is not None:
        in_own_unit = table.in_convention(own_convention(table.unit, table.up))
        edited = replace(edited, near_far=_near_far(in_own_unit, len(edited), keeps_frames) * factor)
    if keeps_frames:
        return replace(edited, names=table.names, ids=table.ids, distortion=table.distortion), []
    columns = {"image names": table.names, "frame numbers": table.ids}
    lost = [f"the {words} are left out: poses are others than the file's" for words in columns if columns[words]]
    constant = {name: values[:1] for name, values in table.distortion.items() if np.ptp(values) == 0}
    if len(constant) < len(table.distortion):
        lost.append("the lens distortion changes along the path and is left out")
        constant = {}
    spread = {name: np.full(len(edited), value[0]) for name, value in constant.items()}
    return replace(edited, distortion=spread), lost


def _assumed_size(table: PathTable) -> tuple[int, int]:
    """The image whose middle the first principal point is."""
    assert table.intrinsics is not None
    width, height = np.rint(2 * table.intrinsics[0, :2, 2]).astype(int)
    return max(int(width), 1), max(int(height), 1)


def _near_far(table: PathTable, count: int, keeps_frames: bool) -> np.ndarray:
    """[count, 2] distances: a pose's own, or bounds that hold for all where poses are others."""
    assert table.near_far is not None
    if keeps_frames:
        return table.near_far
    return np.tile([table.near_far[:, 0].min(), table.near_far[:, 1].max()], (count, 1))

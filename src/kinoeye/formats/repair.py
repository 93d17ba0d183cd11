"""Repairs of camera paths, one a fault; each says in the table's notes what it changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean
from kinoeye.formats.diagnosis import (
    degenerate_frames,
    describe_frames,
    finite_frames,
    nearest_rotation,
    reflected_frames,
    singular_values,
)
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.plausibility import reordered
from kinoeye.geometry.convention import NORMALISED, OPENCV, Float64, convert, homogeneous, invert

_MIRROR_X = np.diag([-1.0, 1.0, 1.0])


def repair(table: PathTable, code: str) -> PathTable:
    """The table with one fault repaired; see `REPAIRS` for the codes.

    Raises:
        InputError: there is no repair of that name, or no frame would be left.
    """
    if any(found.code == code for found in table.findings):
        return _accepted(table, code)
    if code in READER_FAULTS:
        return table.noted(f"the file has no fault {code!r}: nothing was changed")
    if code not in REPAIRS:
        raise InputError(f"there is no repair {code!r}; {did_you_mean(code, (*REPAIRS, *READER_FAULTS), 'repairs')}")
    return REPAIRS[code](table)


def repair_of(table: PathTable, code: str) -> str | None:
    """The name of the repair of a finding about a table; None where it has none."""
    mendable = code in REPAIRS or any(found.code == code for found in table.findings)
    return code if mendable else None


READER_FAULTS = ("truncated", "trailing", "degrees", "mixed-sizes")
"""What only readers see; accepted by its code."""


def _drop(table: PathTable, bad: np.ndarray, why: str) -> PathTable:
    if bad.all():
        raise InputError(f"no camera would be left: {why} in {describe_frames(np.flatnonzero(bad), len(bad))}")
    if not bad.any():
        return table.noted(f"no frame has {why}: nothing was dropped")
    dropped = describe_frames(np.flatnonzero(bad), len(bad))
    return table.frames(np.flatnonzero(~bad)).noted(f"dropped {dropped}: {why}")


def _nan(table: PathTable) -> PathTable:
    """Drop frames with NaN or infinity."""
    return _drop(table, ~finite_frames(table), "NaN or infinity")


def _degenerate(table: PathTable) -> PathTable:
    """Drop frames whose rotation block has no inverse."""
    return _drop(table, degenerate_frames(table.matrices), "a rotation block without inverse")


def _focal(table: PathTable) -> PathTable:
    """Drop frames whose focal length is not positive."""
    K = table.intrinsics
    bad = np.zeros(len(table), bool) if K is None else ~((K[:, 0, 0] > 0) & (K[:, 1, 1] > 0))
    return _drop(table, bad, "a focal length that is not positive")


def _scaled(table: PathTable) -> PathTable:
    """Divide each rotation block by its scale; translations stay as written."""
    _need_blocks(table)
    scale = singular_values(table.matrices).mean(1)
    return _with_blocks(table, table.matrices[:, :, :3] / scale[:, None, None], "rotation blocks are scaled to 1")


def _not_orthogonal(table: PathTable) -> PathTable:
    """Replace each block by the nearest orthogonal matrix (polar factor by SVD); translations stay as written."""
    _need_blocks(table)
    blocks = nearest_rotation(table.matrices[:, :, :3])
    moved = float(np.abs(blocks - table.matrices[:, :, :3]).max())
    return _with_blocks(
        table, blocks, f"rotation blocks are replaced by the nearest orthogonal matrices (up to {moved:.2g})"
    )


def _reflection(table: PathTable) -> PathTable:
    """Make improper rotations proper.

    Where every frame is reflected, the world's x axis is mirrored: motion relative to any frame stays exactly as
    written, which is what a model that reads relative poses has seen. Where only some frames are, each is given the
    one negated axis, of the camera or the world, that brings it nearest to its closest sound neighbour.
    """
    _need_blocks(table)
    reflected = reflected_frames(table.matrices)
    if reflected.all():
        mirrored = _in_camera_to_world(table, lambda poses: _MIRROR_X @ poses)
        return mirrored.noted("reflection: the world's x axis is mirrored; relative motion is as written")
    return _unreflect_some(table, reflected)


def _reflection_camera(table: PathTable) -> PathTable:
    """Negate the camera's x axis in reflected frames; centres and viewing directions stay, motion is mirrored."""
    _need_blocks(table)
    reflected = reflected_frames(table.matrices)

    def negate(poses: Float64) -> Float64:
        poses[reflected, :, 0] *= -1
        return poses

    frames = describe_frames(np.flatnonzero(reflected), len(table)) if reflected.any() else "no frame"
    return _in_camera_to_world(table, negate).noted(f"reflection: the camera's x axis is negated in {frames}")


def _unreflect_some(table: PathTable, reflected: np.ndarray) -> PathTable:
    """Undo, in each reflected frame, the mirroring that brings it nearest to the closest sound frame."""
    sound = np.flatnonzero(~reflected)
    if len(sound) == len(table):
        return table.noted("no frame is a reflection: nothing was changed")
    undone: dict[str, list[int]] = {}

    def undo(poses: Float64) -> Float64:
        extent = max(float(np.ptp(poses[sound, :, 3], axis=0).max()), 1e-12)
        for i in np.flatnonzero(reflected):
            neighbour = poses[sound[np.argmin(abs(sound - i))]]
            candidates = _unmirrored(poses[i])
            name = min(candidates, key=lambda name: _distance(candidates[name], neighbour, extent))
            poses[i] = candidates[name]
            undone.setdefault(name, []).append(int(i))
        return poses

    fixed = _in_camera_to_world(table, undo)
    words = [f"{name} in {describe_frames(np.array(undone[name]), len(table))}" for name in sorted(undone)]
    return fixed.noted(f"reflection: negated so as to agree with the neighbours: {'; '.join(words)}")


def _unmirrored(pose: Float64) -> dict[str, Float64]:
    """A pose [3, 4] with one camera axis negated, and with the world mirrored along one axis."""
    candidates = {}
    for axis in range(3):
        signs = np.ones(4)
        signs[axis] = -1
        candidates[f"the camera's {'xyz'[axis]} axis"] = pose * signs
        candidates[f"the world's {'xyz'[axis]} axis"] = pose * signs[:3, None]
    return candidates


def _distance(pose: Float64, other: Float64, extent: float) -> float:
    return float(np.linalg.norm(pose[:, :3] - other[:, :3]) + np.linalg.norm(pose[:, 3] - other[:, 3]) / extent)


def _duplicate_times(table: PathTable) -> PathTable:
    """Keep the first of the frames that share a time."""
    if table.times_s is None:
        return table.noted("the file has no times: nothing was dropped")
    _, first = np.unique(table.times_s, return_index=True)
    bad = np.ones(len(table), bool)
    bad[first] = False
    return _drop(table, bad, "a time that an earlier frame has")


def _backward_times(table: PathTable) -> PathTable:
    """Sort the frames by time."""
    if table.times_s is None:
        return table.noted("the file has no times: nothing was sorted")
    return table.frames(np.argsort(table.times_s, kind="stable")).noted("frames are sorted by time")


def _direction(table: PathTable) -> PathTable:
    """Invert every pose: world-to-camera was stored where camera-to-world is meant, or the reverse."""
    _need_blocks(table)
    return replace(table, matrices=invert(table.matrices)).noted("every pose is inverted (camera-to-world or reverse)")


def _axes(table: PathTable) -> PathTable:
    """Negate the camera's y and z axes: OpenGL axes were stored where OpenCV axes are meant, or the reverse."""
    _need_blocks(table)
    return _in_camera_to_world(table, lambda poses: poses @ np.diag([1.0, -1.0, -1.0, 1.0])).noted(
        "the camera's y and z axes are negated (OpenGL or OpenCV)"
    )


def _accepted(table: PathTable, code: str) -> PathTable:
    """Take what the reader made of a fault that only it could see; its message says what that is."""
    messages = [found.message for found in table.findings if found.code == code]
    rest = tuple(found for found in table.findings if found.code != code)
    return replace(table, findings=rest).noted(*(f"accepted: {message}" for message in messages))


def _centimetres(table: PathTable) -> PathTable:
    """Read the numbers of a metric file as centimetres."""
    return table.with_unit(0.01)


def _metres(table: PathTable) -> PathTable:
    """Read the numbers of a file in another unit, or in none, as metres."""
    return table.with_unit(1.0)


def _quaternion_order(table: PathTable) -> PathTable:
    """Take the quaternions of the file in the other order: wxyz for xyzw or the reverse."""
    order = table.convention.quaternion_order
    if order is None:
        raise InputError(f"{table.format} holds no quaternions whose order could be mended")
    _need_blocks(table)
    stored = "wxyz" if order == "xyzw" else "xyzw"
    return replace(table, matrices=reordered(table)).noted(f"the quaternions are read as {stored} instead of {order}")


def _first_pose(table: PathTable) -> PathTable:
    """Express every pose in the frame of the first camera, which becomes the identity."""
    _need_blocks(table)
    poses = homogeneous(table.T_world_cam)
    own = replace(OPENCV, metres_per_unit=None if table.unit == "arbitrary" else 1.0)
    convention = table.convention.with_world(None)
    anchored = convert(homogeneous(invert(poses[0, :3])) @ poses, own, convention)
    return replace(table, matrices=anchored, convention=convention).noted("poses are relative to the first camera")


def _normalised_intrinsics(table: PathTable) -> PathTable:
    """Take intrinsics that are said to be in pixels as fractions of the image."""
    fractions = replace(table, size_wh=NORMALISED)
    scaled = fractions if table.size_wh is None else fractions.with_size(table.size_wh)
    return scaled.noted("the intrinsics are read as fractions of the image")


def _pixel_intrinsics(table: PathTable) -> PathTable:
    """Take intrinsics that are said to be normalised as pixels of an image centred on the principal point."""
    if table.intrinsics is None or table.size_wh != NORMALISED:
        raise InputError("the intrinsics are not normalised: there is nothing to mend")
    size = np.rint(2 * table.intrinsics[0, :2, 2]).astype(int)
    if size.min() < 1:
        raise InputError("the principal point does not tell the image size; give --size WxH and --fov-deg DEGREES")
    pixels = replace(table, size_wh=(int(size[0]), int(size[1])))
    return pixels.with_size(NORMALISED).noted(f"the intrinsics are read as pixels of an image of {size[0]}x{size[1]}")


def _principal_point(table: PathTable) -> PathTable:
    """Put principal points that lie outside the image into its centre."""
    if table.intrinsics is None or table.size_wh is None:
        raise InputError("the file gives no intrinsics with an image size: there is no centre")
    K, size = table.intrinsics.copy(), np.asarray(table.size_wh, np.float64)
    outside = ((K[:, :2, 2] < 0) | (K[:, :2, 2] > size)).any(1)
    K[outside, :2, 2] = size / 2
    frames = describe_frames(np.flatnonzero(outside), len(table)) if outside.any() else "no frame"
    return replace(table, intrinsics=K).noted(f"the principal point is put into the image's centre in {frames}")


REPAIRS: dict[str, Callable[[PathTable], PathTable]] = {
    "nan": _nan,
    "degenerate": _degenerate,
    "reflection": _reflection,
    "reflection-camera": _reflection_camera,
    "scaled": _scaled,
    "not-orthogonal": _not_orthogonal,
    "focal": _focal,
    "duplicate-times": _duplicate_times,
    "backward-times": _backward_times,
    "direction": _direction,
    "axes": _axes,
    "quaternion-order": _quaternion_order,
    "first-pose": _first_pose,
    "centimetres": _centimetres,
    "metres": _metres,
    "normalised-intrinsics": _normalised_intrinsics,
    "pixel-intrinsics": _pixel_intrinsics,
    "principal-point": _principal_point,
}
"""Code -> repair; what a reader found ("truncated", ...) is accepted by its own code besides."""


def _need_blocks(table: PathTable) -> None:
    for code, bad in (("nan", ~finite_frames(table)), ("degenerate", degenerate_frames(table.matrices))):
        if bad.any():
            where = describe_frames(np.flatnonzero(bad), len(bad))
            raise InputError(f"{where} cannot be repaired; drop them first with --repair {code}")


def _with_blocks(table: PathTable, blocks: Float64, note: str) -> PathTable:
    return replace(table, matrices=np.concatenate([blocks, table.matrices[:, :, 3:]], -1)).noted(note)


def _in_camera_to_world(table: PathTable, change: Callable[[Float64], Float64]) -> PathTable:
    """The table with a change applied to its poses as camera-to-world, in the axes of its own file."""
    own = replace(table.convention, direction="cam_to_world")
    poses = change(convert(table.matrices, table.convention, own).copy())
    return replace(table, matrices=convert(poses, own, table.convention))

"""The list of formats, and the two functions that read and write any of them."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kinoeye.base.errors import InputError
from kinoeye.base.names import nearest_name
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import (
    ac3d,
    bal,
    blender_script,
    blender_synthetic,
    bundler,
    camera_path,
    cami2v,
    chan,
    colmap,
    colmap_binary,
    datadop,
    depth_anything,
    droid,
    euroc,
    g2o,
    gen3r,
    gltf_camera,
    gs_cameras,
    idr,
    kitti,
    kubric,
    llff,
    monst3r,
    motion360,
    motionctrl,
    native,
    numpy_poses,
    opensfm,
    phi_theta_r,
    pi3,
    plucker,
    pose_list,
    re10k,
    recammaster,
    seva,
    tartanair,
    theta_phi_r,
    transforms,
    tum,
    unreal_csv,
    usd,
    vggt,
    vipe,
    wan_fun,
)
from kinoeye.formats.paths.file_head import FileHead, file_head
from kinoeye.formats.paths.foreign import what_it_is
from kinoeye.formats.paths.path_format import PathFormat, completed, losses
from kinoeye.formats.paths.presets import is_preset, meant_preset, read_preset
from kinoeye.formats.paths.suggestions import ALL_FORMATS, cameras_inside, either, formats_by_name

if TYPE_CHECKING:
    from kinoeye.geometry.track import Trajectory


_FORMATS = cast(
    tuple[PathFormat, ...],
    (
        native,
        transforms,
        blender_synthetic,
        datadop,
        seva,
        camera_path,
        llff,
        gs_cameras,
        kubric,
        idr,
        vggt,
        depth_anything,
        pi3,
        vipe,
        droid,
        numpy_poses.NUMPY,
        plucker.PLUCKER,
        plucker.RAYMAP,
        gen3r,
        colmap,
        colmap_binary,
        bundler,
        bal,
        opensfm,
        re10k,
        wan_fun,
        cami2v,
        motionctrl,
        ac3d,
        recammaster,
        motion360,
        phi_theta_r,
        theta_phi_r,
        tum,
        monst3r,
        kitti,
        euroc,
        tartanair,
        pose_list,
        g2o,
        usd,
        gltf_camera,
        chan,
        unreal_csv,
        blender_script,
    ),
)
READERS: dict[str, PathFormat] = {module.NAME: module for module in _FORMATS if hasattr(module, "read")}
"""Format name -> module, for those that can be read, in the order in which they sniff."""
WRITERS: dict[str, PathFormat] = {module.NAME: module for module in _FORMATS if hasattr(module, "write")}
"""Format name -> module, for those that can be written."""
_VARIANTS = {form.NAME: cast(PathFormat, form) for form in numpy_poses.VARIANTS}
"""Names that a user can give for files that do not say their convention; nothing is told to be one of them."""


def read_path(path: Path | str, format: str | None = None) -> PathTable:  # noqa: A002 - what users call it
    """Read one camera of any file or folder that a format recognises, or a camera word of a film model.

    Args:
        path: a file or folder; `FILE#NAME` chooses among several cameras, the first one without it. `MODEL:WORD`,
            such as "recammaster:arc-left", is a word of `PRESETS`.
        format: a name of `READERS`; by default the one that recognises the content.

    Raises:
        InputError: the file is missing or damaged, holds no such camera, or its format is not known.

    Example:
        >>> read_path("transforms.json").format  # doctest: +SKIP
        'transforms'
    """
    if is_preset(str(path)) and not Path(path).exists():
        return read_preset(str(path))
    meant = meant_preset(str(path))
    if meant is not None and not Path(path).exists():
        raise InputError(f"{path} does not exist; did you mean {meant!r}?")
    path, name = _split_camera(Path(path))
    cameras = read_paths(path, format)
    if name is not None and name not in cameras:
        known = ", ".join(filter(None, list(cameras)[:20])) or "one without a name"
        raise InputError(f"{path} has no camera {name!r}; its cameras: {known}")
    chosen = next(iter(cameras)) if name is None else name
    table = cameras[chosen]
    if len(cameras) == 1 or name is not None:
        return table
    others = ", ".join(list(cameras)[1:9]) + (", ..." if len(cameras) > 9 else "")
    return table.noted(f"camera {chosen} of {len(cameras)} was read; FILE#NAME chooses another ({others})")


def read_paths(path: Path | str, format: str | None = None) -> dict[str, PathTable]:  # noqa: A002 - as above
    """Read every camera of a file or folder: name -> table, with the name "" where the file has one without a name.

    Args:
        path: a file or folder.
        format: a name of `READERS`; by default the one that recognises the content.

    Raises:
        InputError: the file is missing or damaged, holds no cameras, or its format is not known.

    Example:
        >>> list(read_paths("camera_extrinsics.json"))[:2]  # doctest: +SKIP
        ['cam01', 'cam02']
    """
    path = Path(path)
    reader = _sniffed(file_head(path)) if format is None else _named(READERS, format, "read")
    content = reader.read(path)
    return {"": content} if isinstance(content, PathTable) else dict(content)


def write_path(
    path_or_table: PathTable | Trajectory,
    path: Path | str,
    format: str | None = None,  # noqa: A002 - what users call it
) -> list[str]:
    """Write cameras in any format that can be written.

    Args:
        path_or_table: a table without faults, or a trajectory.
        path: the output file or folder.
        format: a name of `WRITERS`; by default the one that the output's name stands for.

    Returns:
        What was lost or assumed, one sentence each.

    Raises:
        InputError: the table is faulty or lacks what the format needs, or the file cannot be written.

    Example:
        >>> write_path(read_path("transforms.json"), "tum.txt")  # doctest: +SKIP
        ['the input has no times; 24 frames per second are assumed (--fps)', 'tum cannot hold the intrinsics']
    """
    path = Path(path)
    table = path_or_table if isinstance(path_or_table, PathTable) else PathTable.from_trajectory(path_or_table)
    writer = _named(WRITERS, format_for_output(path, format), "written")
    table.require_sound()
    ready, warnings = completed(table, writer)
    warnings += losses(table, ready, writer)
    return warnings + writer.write(ready.in_convention(writer.CONVENTION), path)


def format_for_output(path: Path | str, format: str | None = None) -> str:  # noqa: A002 - as above
    """The name of the format to write: the one given, or the one that an output's name stands for.

    Raises:
        InputError: the format is not known, or none writes files of that name.
    """
    if format is not None:
        return _named(WRITERS, format, "written").NAME
    name = Path(path).name.lower()
    matches = [
        (len(pattern), writer.NAME)
        for writer in WRITERS.values()
        for pattern in writer.FILE_NAMES
        if fnmatch.fnmatch(name, pattern)
    ]
    if not matches:
        near = formats_by_name(Path(path), WRITERS)
        such = f", such as {either(near)}" if near else ""
        raise InputError(f"{path} does not say its format; give one with --to{such}; {ALL_FORMATS}")
    return max(matches)[1]


def _sniffed(head: FileHead) -> PathFormat:
    name = _recognised(head)
    if name is not None:
        return READERS[name]
    found = what_it_is(head)
    if head.is_folder:
        found += cameras_inside(head.path, _recognised)
    elif found.endswith("does not know"):
        near = formats_by_name(head.path, READERS)
        such = f"; --from {either(near)} says what it lacks to be one" if near else ""
        found += f"{such}; {ALL_FORMATS}"
    raise InputError(f"{head.path} {found}")


def _recognised(head: FileHead) -> str | None:
    return next((name for name, reader in READERS.items() if reader.sniff(head)), None)


def _split_camera(path: Path) -> tuple[Path, str | None]:
    """The path and the camera of `FILE#NAME`; a file of that very name comes first."""
    base, mark, name = str(path).rpartition("#")
    return (Path(base), name) if mark and base and not path.exists() else (path, None)


def _named(table: dict[str, PathFormat], name: str, verb: str) -> PathFormat:
    known = {**table, **_VARIANTS}
    if name in known:
        return known[name]
    if name in READERS or name in WRITERS:
        raise InputError(f"format {name!r} cannot be {verb}, only {'written' if name in WRITERS else 'read'}")
    near = nearest_name(name, known)
    hint = f"did you mean {near!r}? " if near else ""
    raise InputError(f"format {name!r} is not known; {hint}{ALL_FORMATS}")

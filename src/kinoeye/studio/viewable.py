"""Whatever has a camera as a report: a camera file, a shot, a take, or the folder of a whole shoot."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.footage import Take
from kinoeye.footage.store import TAKE_FILE
from kinoeye.formats import PathTable, read_path
from kinoeye.geometry import Trajectory
from kinoeye.render import ShotSolids
from kinoeye.shot import Shot
from kinoeye.shot.checks import Checker, CheckReport
from kinoeye.studio.report import Report

ASSUMED_FOV_DEG = 60.0
ASSUMED_SIZE_WH = (512, 288)


def report_for(path: Path) -> Report:
    """What can be shown of a file or folder.

    Args:
        path: a camera file of any readable format, `shot.json`, a take's folder, or the folder of a shoot.

    Raises:
        InputError: nothing in it has a camera, or it is damaged.
    """
    if path.is_dir() and (path / TAKE_FILE).is_file():
        return _of_take(Take.open(path), path)
    if path.is_dir() and (path / "shot.json").is_file():
        video = path / "guide.mp4"
        shot = Shot.load(path)
        return Report(
            shot=shot, checks=_checks_in_place(shot), video=video if video.is_file() else None, title=path.name
        )
    if path.suffix == ".json" and path.is_file() and _record(path) == "Shot":
        shot = Shot.load(path)
        return Report(shot=shot, checks=_checks_in_place(shot), title=path.name)
    table = read_path(path)
    camera, notes = _camera(table)
    shot = Shot(camera=camera)
    return Report(shot=shot, checks=Checker(timed=table.times_s is not None)(shot), title=path.name, notes=notes)


def _checks_in_place(shot: Shot) -> CheckReport:
    """The checks of a shot in the place and among the actors that it says."""
    return Checker(surroundings=ShotSolids)(shot)


def _record(path: Path) -> Any:
    data = read_json(path)
    return data.get("record") if isinstance(data, dict) else None


def _of_take(take: Take, folder: Path) -> Report:
    """A take seen by the camera that filmed it, with the first other camera beside it."""
    sources = sorted(take.cameras, key=lambda source: source != "truth")
    if take.requested is None and not sources:
        raise InputError(f"{folder} is a take without a camera; estimate one first, or view its preview.mp4")
    shot = take.requested or Shot(camera=take.cameras[sources[0]])
    if "truth" in take.cameras:
        shot = shot.with_camera(take.cameras["truth"])
    other = next((source for source in sources if take.cameras[source] is not shot.camera), None)
    video = folder / "preview.mp4"
    return Report(
        shot=shot,
        guide=take,
        checks=Checker()(shot) if take.requested is None else _checks_in_place(shot),
        video=video if video.is_file() else None,
        estimate=take.cameras[other] if other else None,
        estimate_source=other or "",
        title=folder.name,
    )


def _camera(table: PathTable) -> tuple[Trajectory, tuple[str, ...]]:
    """The camera of a file, with what had to be assumed so that it can be drawn."""
    notes = []
    if table.intrinsics is None:
        notes.append(f"The file has no intrinsics; frusta are drawn {ASSUMED_FOV_DEG:g}° wide.")
        table = replace(table, size_wh=table.size_wh or ASSUMED_SIZE_WH).with_fov(ASSUMED_FOV_DEG)
    elif table.size_wh is None:
        width, height = (2 * table.intrinsics[0, :2, 2]).round().astype(int).tolist()
        notes.append(f"The file has no image size; {width} × {height} is taken from the principal point.")
        table = replace(table, size_wh=(width, height))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        camera = table.to_trajectory()
    notes += [f"{str(w.message)[:1].upper()}{str(w.message)[1:]}." for w in caught]
    return camera, tuple(notes)

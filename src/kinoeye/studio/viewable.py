"""Whatever has a camera as a report: a camera file, a shot, a take, or the folder of a whole shoot."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.evaluation.pose_score import score_poses
from kinoeye.footage import Take
from kinoeye.footage.store import TAKE_FILE
from kinoeye.formats import PathTable, read_path
from kinoeye.geometry import Trajectory
from kinoeye.render import ShotSolids
from kinoeye.shot import Shot
from kinoeye.shot.checks import Checker, CheckReport
from kinoeye.studio.report import PREDICTED, Report
from kinoeye.systems.gendop.captions_file import TEXT_KEYS

DATADOP_PATH, DATADOP_CAPTION = "_transforms_", "_caption.json"
"""In the names of a path's file and of the captions beside it."""
ASSUMED_FOV_DEG = 60.0
ASSUMED_SIZE_WH = (512, 288)


def report_for(path: Path, *, reference: Path | None = None) -> Report:
    """What can be shown of a file or folder, alone or as a prediction beside its reference.

    Args:
        path: a camera file of any readable format, `shot.json`, a take's folder, or the folder of a shoot.
        reference: another of these, whose camera the first one is compared with, as `kinoeye score` does by default.

    Raises:
        InputError: nothing in one of them has a camera, or it is damaged.
    """
    shown, timed = _open(path)
    return shown if reference is None else _beside(shown, timed, path, reference)


def _beside(shown: Report, timed: bool, path: Path, reference: Path) -> Report:
    """The report of a reference, with the camera of another report as its prediction."""
    true, true_timed = _open(reference)
    theirs, ours = true.shot.camera, shown.shot.camera
    both_timed = timed and true_timed
    score = failure = None
    how = ""
    try:
        score = score_poses(theirs.track, ours.track, by="time" if both_timed else "index")
    except InputError as error:
        failure = str(error)
    else:
        scaled = f" and it is scaled by {score.scale:.4g}" if score.align == "scale" else ""
        how = f"The first poses are made equal{scaled}, as kinoeye score does by default (alignment {score.align})."
    together, note = _in_step(ours, theirs, both_timed)
    notes = [f"{file.name}: {text}" for file, report in ((path, shown), (reference, true)) for text in report.notes]
    return replace(
        true,
        estimate=together,
        estimate_notes=(how,) if how else (),
        roles=PREDICTED,
        score=score,
        failure=failure,
        checks=None,
        title=shown.shot.prompt
        or (shown.title if shown.title != path.name else f"{path.name} against {reference.name}"),
        notes=tuple(dict.fromkeys((*notes, *filter(None, [note])))),
    )


def _in_step(camera: Trajectory, reference: Trajectory, timed: bool) -> tuple[Trajectory, str]:
    """A camera at times that can be compared with a reference's, and what was assumed for that."""
    ours, theirs = camera.times_s, reference.times_s
    if timed and float(ours[0]) <= float(theirs[-1]) and float(theirs[0]) <= float(ours[-1]):
        return camera, ""
    if len(ours) == len(theirs):
        times, how = theirs, "poses are paired in order"
    else:
        share = (ours - ours[0]) / max(camera.track.duration_s, 1e-9)
        times = theirs[0] + share * (reference.track.duration_s or 1.0)
        how = f"{len(ours)} poses are spread over the time of the reference's {len(theirs)}"
    why = "The two files share no time" if timed else "A file has no times"
    return replace(camera, track=replace(camera.track, times_s=times)), f"{why}: {how}."


def _open(path: Path) -> tuple[Report, bool]:
    """What can be shown of a file or folder, and whether its frames have times."""
    if path.is_dir() and (path / TAKE_FILE).is_file():
        return _of_take(Take.open(path), path), True
    if path.is_dir() and (path / "shot.json").is_file():
        video = path / "guide.mp4"
        return replace(_of_shot(path), video=video if video.is_file() else None), True
    if path.suffix == ".json" and path.is_file() and _record(path) == "Shot":
        return _of_shot(path), True
    table = read_path(path)
    camera, notes = _camera(table)
    shot, timed = Shot(camera=camera), table.times_s is not None
    return Report(shot=shot, checks=Checker(timed=timed)(shot), title=_caption(path) or path.name, notes=notes), timed


def _of_shot(path: Path) -> Report:
    shot = Shot.load(path)
    return Report(shot=shot, checks=_checks_in_place(shot), title=path.name)


def _caption(path: Path) -> str:
    """The caption beside a path in DataDoP's layout, or what GenDoP wrote beside its prediction; "" if there is none.

    Raises:
        InputError: there is one, and it is damaged.
    """
    name, mark, _ = path.name.partition(DATADOP_PATH)
    file = path.with_name(f"{name}{DATADOP_CAPTION}")
    data = read_json(file) if mark and file.is_file() else None
    texts = [data[key] for key in TEXT_KEYS if isinstance(data.get(key), str)] if isinstance(data, dict) else []
    return texts[0] if texts else ""


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

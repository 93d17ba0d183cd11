"""A folder of shots is directed at once, under the file names of the released scripts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file, write_json
from kinoeye.base.progress import track
from kinoeye.footage.pictures import read_picture
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import datadop
from kinoeye.geometry.convention import homogeneous
from kinoeye.geometry.rgbd import RGBD
from kinoeye.systems.gendop.captions_file import TextKey, read_caption
from kinoeye.systems.gendop.data import Fault, ShotFiles, find_inputs, text_key_for, to_table
from kinoeye.systems.gendop.images import read_depth
from kinoeye.systems.gendop.pipeline import GenDoPPipeline
from kinoeye.systems.gendop.tokens import DecodedPath, Float64

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d.axes3d import Axes3D

PREDICTED, REFERENCE = "_transforms_pred.json", "_transforms_ref.json"
PREVIEW, REFERENCE_PREVIEW = "_traj.png", "_traj_GT.png"
_VIEWS = ((90, -90), (180, -90), (0, 0))
"""Elevation and azimuth in degrees, as upstream shows a path: front, top, side."""


@dataclass(frozen=True)
class FolderReport:
    """What became of each shot of a folder: together they are all of them."""

    done: tuple[str, ...]
    skipped: tuple[str, ...]
    """Shots that had a prediction already."""
    failed: tuple[Fault, ...]


def direct_folder(pipeline: GenDoPPipeline, root: Path, out: Path, *, text_key: TextKey, seed: int) -> FolderReport:
    """Direct every shot of a folder; OUT/VIDEO/SHOT_transforms_pred.json and its neighbours.

    Args:
        pipeline: the model.
        root: a folder of shots, or of folders of them.
        out: where the folders of the videos go.
        text_key: which caption is read.
        seed: of every path.

    Raises:
        InputError: there are no shots, or the folder cannot be written.
    """
    done, skipped, failed = [], [], []
    for shot in track(find_inputs(root, pipeline.model.config.modalities), "directing"):
        beginning = out / shot.folder.name / shot.name
        if beginning.with_name(shot.name + PREDICTED).exists():
            skipped.append(str(shot))
            continue
        try:
            _direct(pipeline, shot, beginning, text_key, seed)
        except InputError as error:
            failed.append(Fault(str(shot), str(error)))
        else:
            done.append(str(shot))
    return FolderReport(tuple(done), tuple(skipped), tuple(failed))


def write_prediction(path: DecodedPath, beginning: Path) -> Path:
    """Write a path and its preview under upstream's names; the file of the path."""
    file = beginning.with_name(beginning.name + PREDICTED)
    draw_path(path.T_first_cam, beginning.with_name(beginning.name + PREVIEW))
    datadop.write(to_table(path), file)
    return file


def draw_path(T_world_cam: Float64, file: Path) -> None:
    """Three views of a path in OpenGL axes, from red to purple, each camera as the pyramid that it sees.

    Raises:
        InputError: the file cannot be written.
    """
    from matplotlib.colors import hsv_to_rgb
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4))
    centres = T_world_cam[:, :, 3]
    reach = max(float(np.ptp(centres, axis=0).max()), 1e-6)
    colours = [hsv_to_rgb((0.8 * i / max(1, len(centres) - 1), 1, 0.9)) for i in range(len(centres))]
    for place, (elevation, azimuth) in enumerate(_VIEWS, start=1):
        axes: Axes3D = figure.add_subplot(1, 3, place, projection="3d")  # pyright: ignore[reportAssignmentType]
        axes.view_init(elev=elevation, azim=azimuth)
        for pose, colour in zip(T_world_cam, colours, strict=True):
            for line in _pyramid(pose, reach / 4):
                axes.plot(*line.T, color=colour, linewidth=0.5)
        axes.set_box_aspect((1, 1, 1))
    with atomic_file(file) as temporary:
        figure.savefig(temporary, dpi=80)


def _pyramid(pose: Float64, size: float) -> list[Float64]:
    """The base and the four edges of a camera that looks along -z."""
    corners = np.array([[-1, -1, -2], [1, -1, -2], [1, 1, -2], [-1, 1, -2], [-1, -1, -2]]) * (size / 4)
    base = corners @ pose[:, :3].T + pose[:, 3]
    return [base, *(np.stack([pose[:, 3], corner]) for corner in base[:4])]


def _direct(pipeline: GenDoPPipeline, shot: ShotFiles, beginning: Path, text_key: TextKey, seed: int) -> None:
    config = pipeline.model.config
    key = text_key_for(config, text_key)
    text = read_caption(shot.of("text"), key) if "text" in config.modalities else ""
    frame = RGBD(
        image=read_picture(shot.of("image")) if "image" in config.modalities else None,
        depth=read_depth(shot.of("depth")) if "depth" in config.modalities else None,
    )
    ids = pipeline.tokens(pipeline.inputs(text, frame), [seed])[0]
    if text:
        write_json(beginning.with_name(f"{beginning.name}_caption.json"), {key: text})
    if shot.has_path:
        _copy(shot.path, beginning.with_name(beginning.name + REFERENCE))
        table = datadop.read(shot.path)
        assert isinstance(table, PathTable)  # a file, not a folder of them
        draw_path(_first_relative(table.matrices), beginning.with_name(beginning.name + REFERENCE_PREVIEW))
    write_prediction(pipeline.decode(ids, frame), beginning)  # last: its file says that the shot is done


def _first_relative(matrices: Float64) -> Float64:
    poses = homogeneous(matrices)
    return (np.linalg.inv(poses[0]) @ poses)[:, :3]


def _copy(source: Path, target: Path) -> None:
    with atomic_file(target) as temporary:
        shutil.copyfile(source, temporary)

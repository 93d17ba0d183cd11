"""Still pictures of paths: what is on them, counted in pixels."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from kinoeye.base.errors import InputError
from kinoeye.evaluation import PoseScore
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.shot import Shot
from kinoeye.studio import picture
from kinoeye.studio.picture import MAX_PANELS, PANEL_IN, write_picture
from kinoeye.studio.report import PREDICTED, Report


def pixels(report: Report | list[Report], folder: Path) -> np.ndarray:
    write_picture(report if isinstance(report, list) else [report], folder / "a.png")
    with Image.open(folder / "a.png") as image:
        return np.asarray(image.convert("RGB")).astype(int)


def blue(image: np.ndarray) -> int:
    return int(((image[..., 2] > image[..., 0] + 60) & (image[..., 2] > 130)).sum())


def red(image: np.ndarray) -> int:
    return int(((image[..., 0] > image[..., 2] + 60) & (image[..., 0] > 130)).sum())


def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text of the pictures that follow."""
    written: list[str] = []
    write = picture._Panel._write

    def noted(panel, x, y, text, **style):
        written.append(text)
        write(panel, x, y, text, **style)

    monkeypatch.setattr(picture._Panel, "_write", noted)
    return written


def line(length: float, *, unit="m", up="z", count: int = 9) -> Trajectory:
    """A camera that travels along x and looks that way."""
    pose = torch.tensor([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]).double()
    matrices = torch.eye(4).double().repeat(count, 1, 1)
    matrices[:, :3, :3] = pose
    matrices[:, 0, 3] = torch.linspace(0, length, count)
    track = Track(SE3.from_matrix(matrices), torch.arange(count).double() / 24, unit, up=up)
    return Trajectory(track, Intrinsics.from_fov(1.0, (64, 48)))


@pytest.fixture(scope="module")
def pair(shot: Shot, estimate: Trajectory, score: PoseScore) -> Report:
    return Report(
        shot=Shot(camera=shot.camera), estimate=estimate, score=score, roles=PREDICTED, title="cost $5 & more_or_less$"
    )


def test_both_cameras_are_seen_and_named_with_their_scores(
    pair: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written = words(monkeypatch)
    image = pixels(pair, tmp_path)
    assert blue(image) > 2000
    assert red(image) > 2000
    assert {"reference", "predicted", "rotation", "ATE", "first poses made equal", pair.title} <= set(written)
    assert pair.score is not None
    assert f"{pair.score.numbers['ate_translation']:.3g} m" in written
    alone = pixels(replace(pair, estimate=None, score=None), tmp_path)
    assert blue(alone) > 2000
    assert red(alone) == 0


def test_another_prediction_is_another_picture_and_the_same_one_the_same(pair: Report, tmp_path: Path):
    first = pixels(pair, tmp_path)
    assert np.array_equal(first, pixels(pair, tmp_path))
    bent = replace(pair, estimate=replace(pair.shot.camera, track=pair.shot.camera.track.scaled_by(1.3)))
    other = pixels(bent, tmp_path)
    assert (abs(other - first).sum(-1) > 60).sum() > 2000


def test_a_prediction_that_is_its_reference_hides_it_not(pair: Report, tmp_path: Path):
    image = pixels(replace(pair, estimate=pair.shot.camera), tmp_path)
    assert blue(image) > 2000
    assert red(image) > 2000


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (3, 3), (5, 3), (8, 4)])
def test_every_path_has_a_panel(count: int, columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written = words(monkeypatch)
    reports = [Report(shot=Shot(camera=line(1.0 + i)), title=f"path {i}") for i in range(count)]
    image = pixels(reports, tmp_path)
    rows = math.ceil(count / columns)
    places = [part for row in np.array_split(image, rows) for part in np.array_split(row, columns, axis=1)]
    assert image[2, 2].tolist() == [246, 247, 249]  # the page of the report; few colours shift none that fills much
    filled = [blue(part) > 200 for part in places]
    assert filled == [True] * count + [False] * (rows * columns - count)
    assert [text for text in written if text.startswith("path ")] == [f"path {i}" for i in range(count)]
    assert image.shape[1] / image.shape[0] == pytest.approx(columns * PANEL_IN[0] / (rows * PANEL_IN[1]), rel=0.05)


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        (line(7.0), "grid 1 m"),
        (line(0.0), "grid 0.1 m"),
        (line(7.0, unit="arbitrary"), "no metric scale"),
        (line(7.0, up=None), "grid 1 m · vertical assumed"),
        (line(7.0, count=1), "grid 0.1 m"),
    ],
)
def test_the_unit_and_the_vertical_are_said(
    camera: Trajectory, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written = words(monkeypatch)
    assert blue(pixels(Report(shot=Shot(camera=camera), title="x"), tmp_path)) > 500
    assert said in written


def test_the_actors_stand_beside_the_path(shot: Shot, tmp_path: Path):
    bare = pixels(Report(shot=Shot(camera=shot.camera), title="x"), tmp_path)
    assert red(bare) == 0
    assert red(pixels(Report(shot=shot, title="x"), tmp_path)) > 500


def test_too_many_panels_are_refused(tmp_path: Path):
    report = Report(shot=Shot(camera=line(1.0)))
    with pytest.raises(InputError, match="at most 64"):
        write_picture([report] * (MAX_PANELS + 1), tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()

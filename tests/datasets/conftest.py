"""A small data set of worlds, and a clip of a film, each made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from kinoeye.datasets import WorldPlan, datadop_from_worlds
from kinoeye.footage import write_video
from kinoeye.render import render, world
from kinoeye.shot.shot import Shot


@pytest.fixture(scope="session")
def made_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three worlds in DataDoP's layout; read it, or copy it."""
    folder = tmp_path_factory.mktemp("made") / "set"
    datadop_from_worlds(WorldPlan(world_seed=5, count=3), folder)
    return folder


@pytest.fixture
def copied_set(made_set: Path, tmp_path: Path) -> Path:
    """The same, to spoil; without checksums, which would notice everything."""
    shutil.copytree(made_set, tmp_path / "set")
    (tmp_path / "set" / "SHA256SUMS").unlink()
    return tmp_path / "set"


@pytest.fixture(scope="session")
def filmed_shot() -> Shot:
    """Four seconds around two robots in a warehouse."""
    return world("train", 2, num_frames=48, fps=12, size_wh=(320, 180), static=True)


@pytest.fixture(scope="session")
def clip(filmed_shot: Shot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It as a video with black borders above and below."""
    path = tmp_path_factory.mktemp("clips") / "two robots.mp4"
    frames = render(filmed_shot, layers=("rgb",)).rgb.values
    write_video(path, np.pad(frames, ((0, 0), (30, 30), (0, 0), (0, 0))), fps=12)
    return path

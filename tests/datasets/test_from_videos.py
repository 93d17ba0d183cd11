"""A video becomes a shot of DataDoP: its path is the camera's, its depth the scene's, and nothing is lost or silent."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from chat_server import FakeServer, say
from kinoeye.base.errors import InputError
from kinoeye.base.llm import LanguageModel
from kinoeye.datasets import VideoPlan, check_datadop, datadop_from_videos
from kinoeye.datasets.datadop_layout import shot_file
from kinoeye.datasets.from_videos import video_names
from kinoeye.formats import read_path
from kinoeye.geometry import umeyama
from kinoeye.shot.shot import Shot

SHOT = "1_two-robots/shot_0000"


@pytest.fixture(scope="module")
def made(clip: Path, filmed_shot: Shot, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VideoPlan]:
    fov_deg = math.degrees(float(filmed_shot.camera.intrinsics.fov()[0, 0]))
    plan = VideoPlan(shot_seconds=(3.0, 5.0), whole=True, fov_deg=fov_deg)
    folder = tmp_path_factory.mktemp("videos") / "set"
    reports = datadop_from_videos([clip], plan, folder)
    assert {stage: report.counts()["done"] for stage, report in reports.items()} == {"videos": 1, "shots": 1}
    return folder, plan


def test_the_set_is_whole_and_says_where_it_is_from(made: tuple[Path, VideoPlan]):
    folder, _ = made
    report = check_datadop(folder)
    assert {fault.code for fault in report.faults} == {"missing-caption"}
    assert report.holds
    _, row = (folder / "metadata.csv").read_text().splitlines()
    assert row == f"{SHOT},two robots.mp4,320:180:0:30,00:00:00.167,00:00:03.667"
    outcomes = json.loads((folder / "outcomes.json").read_text())
    assert outcomes["shots"] == {"given": 1, "finished": 1, "failures": {}}
    assert str(folder.parent) not in "".join(
        path.read_text() for path in folder.rglob("*") if path.suffix in (".md", ".csv", ".txt") or "ou" in path.name
    )


def test_the_path_is_that_of_the_camera(made: tuple[Path, VideoPlan], filmed_shot: Shot):
    folder, _ = made
    found = read_path(shot_file(folder, "train", SHOT, "transforms")).T_world_cam
    facts = json.loads((folder / "provenance.json").read_text())[SHOT]
    truth = filmed_shot.camera.T_world_cam.as_matrix().numpy()
    times = np.linspace(facts["starts_s"], facts["ends_s"], 120)
    nearest = truth[np.round(times * 12).astype(int).clip(0, len(truth) - 1)]
    turn = np.linalg.inv(found[0, :, :3]) @ found[-1, :, :3]
    true_turn = np.linalg.inv(nearest[0, :3, :3]) @ nearest[-1, :3, :3]
    apart = math.degrees(math.acos(min(1.0, (np.trace(turn.T @ true_turn) - 1) / 2)))
    turned = math.degrees(math.acos(min(1.0, (np.trace(true_turn) - 1) / 2)))
    assert apart < 0.1 * turned
    estimated, wanted = torch.from_numpy(found[:, :, 3].copy()), torch.from_numpy(nearest[:, :3, 3].copy())
    aligned = umeyama(estimated, wanted, with_scale=True)
    left = (aligned.T_new_old @ (aligned.scale * estimated) - wanted).numpy()
    travelled = np.linalg.norm(np.diff(nearest[:, :3, 3], axis=0), axis=1).sum()
    assert np.sqrt((left**2).sum(axis=1).mean()) < 0.03 * travelled


def test_a_second_run_makes_nothing_anew_and_gives_the_same(made: tuple[Path, VideoPlan], clip: Path):
    folder, plan = made
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    reports = datadop_from_videos([clip], plan, folder)
    assert {stage: report.counts()["skipped"] for stage, report in reports.items()} == {"videos": 1, "shots": 1}
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.close()


def test_a_model_classes_words_and_describes(
    made: tuple[Path, VideoPlan], clip: Path, server: FakeServer, tmp_path: Path
):
    folder, plan = made
    shutil.copytree(folder.with_name("set.work"), tmp_path / "set.work")
    server.replies = [
        say("2"),
        say("The camera glides left."),
        say("**Focus**: two robots\n**Detailed**: It glides past two robots.\n**Concise**: It glides past them."),
    ]
    model = LanguageModel(model="small", base_url=server.url, api_key="sk-1234", cache=tmp_path / "answers")
    options = {"shot_seconds": plan.shot_seconds, "whole": True, "fov_deg": plan.fov_deg, "directorial": True}
    datadop_from_videos([clip], VideoPlan(model=model, **options), tmp_path / "set")
    captions = json.loads(shot_file(tmp_path / "set", "train", SHOT, "caption").read_text())
    assert captions == {
        "Movement": "The camera glides left.",
        "Detailed Interaction": "It glides past two robots.",
        "Concise Interaction": "It glides past them.",
    }
    assert check_datadop(tmp_path / "set").faults == ()
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"sk-1234" in content for content in files)
    replay = LanguageModel(model="small", base_url=None, cache=tmp_path / "answers", mode="replay")
    shutil.copytree(folder.with_name("set.work"), tmp_path / "again.work")
    datadop_from_videos([clip], VideoPlan(model=replay, **options), tmp_path / "again")
    assert len(server.asked) == 3
    assert (tmp_path / "again" / "SHA256SUMS").read_bytes() == (tmp_path / "set" / "SHA256SUMS").read_bytes()


def test_when_nothing_is_left_it_says_why(clip: Path, tmp_path: Path):
    with pytest.raises(InputError, match=r"no shot is left \(0 were found\); 1_two-robots: no shot of 10 to 20 s"):
        datadop_from_videos([clip], VideoPlan(whole=True), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_videos_of_the_same_name_stay_apart(clip: Path, tmp_path: Path):
    other = tmp_path / "two_robots.mkv"
    other.write_bytes(b"")
    assert list(video_names([clip, other])) == ["1_two-robots", "1_two-robots-2"]
    with pytest.raises(InputError, match="does not exist"):
        video_names([tmp_path / "nothing.mp4"])
    with pytest.raises(InputError, match="is a folder; give its video files"):
        video_names([tmp_path])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shot_seconds": (4.0, 4.0)}, "do not exist"),
        ({"fov_deg": 190.0}, "out of range"),
        ({"directorial": True}, "only a language model can"),
    ],
)
def test_impossible_plans_are_refused(options: dict, message: str):
    with pytest.raises(InputError, match=message):
        VideoPlan(**options)

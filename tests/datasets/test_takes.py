"""Worlds as data: takes with truth, and the same bytes for the same seed, whatever kills the run that makes them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.datasets import TakesPlan, check_takes, takes_from_worlds
from kinoeye.datasets.takes_jobs import layers_bytes
from kinoeye.footage import load_takes
from kinoeye.render import render, with_picture, world
from kinoeye.shot import Shot
from kinoeye.shot.scene_tracks import scene_tracks

PLAN = TakesPlan(world_seed=5, count=3, size_wh=(48, 32), num_frames=3)
ARGV = "data make takes --world-seed 5 --count 3 --size 48x32 --frames 3".split()


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "run.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three takes in folders; read it, or copy it."""
    folder = tmp_path_factory.mktemp("takes") / "set"
    report = takes_from_worlds(PLAN, folder)["takes"]
    assert report.counts() == {"given": 3, "done": 3, "failed": 0, "skipped": 0}
    return folder


def test_takes_have_the_truth_about_their_worlds(made: Path):
    takes = load_takes(made)
    assert takes.keys == ("5_000000", "5_000001", "5_000002")
    for index, (key, take) in enumerate(zip(takes.keys, takes, strict=True)):
        shot = Shot.load(made / key)
        assert take.requested is not None
        assert (shot.seed, shot.prompt) == (take.requested.seed, take.captions[0])
        again = world("train", shot.seed, num_frames=3, size_wh=(48, 32))
        filmed = render(again, samples=2)
        assert set(take.layers) == {"rgb", "depth", "instance"}
        for name in take.layers:
            np.testing.assert_array_equal(take.layers[name].values, filmed.layers[name].values)
            assert take.layers[name].source == "truth"
        facts, true = takes.scene_tracks(index), with_picture(scene_tracks(again), again)
        assert facts.names == true.names
        np.testing.assert_allclose(facts.T_world_body, true.T_world_body, atol=1e-9)
        np.testing.assert_array_equal(facts.visible, true.visible)
    assert check_takes(made).faults == ()


def test_a_killed_run_goes_on_with_other_workers_to_the_same_bytes(made: Path, tmp_path: Path):
    assert killed_runs(tmp_path, [], np.random.default_rng(20).integers(2, 20, 1)) == 1
    report = takes_from_worlds(TakesPlan(**{**vars(PLAN), "workers": 2}), tmp_path / "set")["takes"]
    assert report.counts()["done"] + report.counts()["skipped"] == 3
    assert contents(tmp_path / "set") == contents(made)
    again = takes_from_worlds(PLAN, tmp_path / "set")["takes"]
    assert again.counts() == {"given": 3, "done": 0, "failed": 0, "skipped": 3}


def entries(folder: Path) -> int:
    """How many files and folders are there, some of which may go meanwhile."""
    return sum(len(folders) + len(files) for _, folders, files in os.walk(folder))


def killed_runs(folder: Path, more: list[str], points: np.ndarray) -> int:
    """Start the command over and over, each time until so many files are there; how often it could be killed."""
    killed = 0
    for point in points:
        run = subprocess.Popen([sys.executable, "-m", "kinoeye", *ARGV, *more, "-q", "-o", str(folder / "set")])
        while run.poll() is None and entries(folder) < point:
            time.sleep(0.003)
        run.send_signal(signal.SIGKILL)
        killed += run.wait() == -signal.SIGKILL
    return killed


@pytest.mark.slow
@pytest.mark.parametrize("chain", range(5))
def test_shards_of_runs_killed_at_twenty_random_points_are_those_of_an_undisturbed_one(chain: int, tmp_path: Path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    more = ["--shards", "1", "--layers", "depth,normals,flow,instance"]
    plan = TakesPlan(**{**vars(PLAN), "shard_mb": 1, "layers": ("depth", "normals", "flow", "instance")})
    takes_from_worlds(plan, tmp_path / "undisturbed" / "set")
    made = contents(tmp_path / "undisturbed" / "set")
    total = entries(tmp_path / "undisturbed")
    folder = tmp_path / "killed"
    folder.mkdir()
    points = np.sort(np.random.default_rng(chain).integers(1, total + 1, 4))
    assert killed_runs(folder, more, points) >= 2
    assert takes_from_worlds(plan, folder / "set")["shards"].failed == {}
    assert contents(folder / "set") == made
    assert check_takes(folder / "set").faults == ()


def test_shards_hold_the_same_takes_and_none_is_too_large(made: Path, tmp_path: Path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    plan = TakesPlan(**{**vars(PLAN), "shard_mb": 1, "size_wh": (96, 96), "num_frames": 8, "count": 4})
    reports = takes_from_worlds(plan, tmp_path / "set")
    shards = sorted((tmp_path / "set").glob("*.tar"))
    assert [path.name for path in shards] == list(reports["shards"].given)
    assert len(shards) > 1
    assert all(path.stat().st_size <= 10**6 for path in shards)
    plain = TakesPlan(**{**vars(plan), "shard_mb": None})
    takes_from_worlds(plain, tmp_path / "plain")
    in_folders, in_shards = load_takes(tmp_path / "plain"), load_takes(tmp_path / "set")
    assert in_folders.keys == in_shards.keys
    for index in range(4):
        for name in in_folders[index].layers:
            left, right = (takes[index].layers[name].values for takes in (in_folders, in_shards))
            np.testing.assert_array_equal(left, right)
        np.testing.assert_array_equal(in_folders.scene_tracks(index).visible, in_shards.scene_tracks(index).visible)
    assert check_takes(tmp_path / "set").faults == ()
    data = bytearray(shards[0].read_bytes())
    data[data.index(b"depth.safetensors") + 9000] ^= 1
    shards[0].write_bytes(data)
    assert [fault.code for fault in check_takes(tmp_path / "set").faults] == ["changed-take", "changed-file"]


def test_faults_are_found(made: Path, tmp_path: Path):
    def spoilt(name: str, change) -> list[str]:
        folder = tmp_path / name
        for path, data in contents(made).items():
            if path != "SHA256SUMS":
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
        change(folder / "5_000001")
        return [fault.code for fault in check_takes(folder).faults if fault.item == "5_000001"]

    assert spoilt("a", lambda take: (take / "depth.safetensors").unlink()) == ["damaged-take"]
    assert spoilt("b", lambda take: (take / "rgb.safetensors").write_bytes(b"no")) == ["damaged-take"]
    assert spoilt("c", lambda take: (take / "scene_tracks.json").unlink()) == ["no-facts"]
    assert spoilt("d", lambda take: (take / "scene_tracks.json").write_text("{}")) == ["damaged-facts"]

    def earlier(take: Path) -> None:
        facts = json.loads((take / "scene_tracks.json").read_text())
        facts["times_s"][0] -= 1
        (take / "scene_tracks.json").write_text(json.dumps(facts))

    assert spoilt("e", earlier) == ["other-facts"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "ask for 1 to 100,000"),
        ({"layers": ("depth", "smell")}, "cannot render the layer 'smell'; layers: rgb"),
        ({"num_frames": 1}, "ask for 2 or more"),
        ({"size_wh": (256, 256), "num_frames": 25, "shard_mb": 12}, "13 MB, which do not fit into a shard of 12 MB"),
    ],
)
def test_plans_that_cannot_be_are_refused(change: dict[str, object], message: str):
    with pytest.raises(InputError, match=message):
        TakesPlan(**{**vars(PLAN), **change})  # type: ignore[arg-type]


def test_the_bytes_of_a_take_are_foretold(made: Path):
    stored = sum(path.stat().st_size for path in (made / "5_000000").glob("*.safetensors"))
    foretold = layers_bytes(PLAN.layers, PLAN.size_wh, PLAN.num_frames)
    assert foretold < stored < foretold + 3 * 200

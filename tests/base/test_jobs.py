"""Jobs: nothing is lost whatever fails, a run goes on where it was cut off, and the same seed gives the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from job_kinds import Add, Unable, Write

from kinoeye.base.errors import InputError
from kinoeye.base.executor import LoggedExecutor
from kinoeye.base.job_log import JobLog
from kinoeye.base.jobs import FileDigests, Item, Report, item_seed, step_key

WAYS = ("fine", "fine", "refuse", "raise", "foreseen", "rename", "nothing", "not json", "no file")
IN_THREADS = LoggedExecutor(workers=2, pool="threads")
TWO_STEPS = (Add(), Add(name="again", amount=10))


def items_of(ways: list[str], at: str = "add") -> list[Item]:
    return [Item(f"item {i}", {"n": i, "way": way, "at": at}) for i, way in enumerate(ways)]


def outcomes(report: Report) -> tuple[dict[str, object], dict[str, str]]:
    return {item.name: dict(item.data) for item in report.results}, {n: str(f) for n, f in report.failed.items()}


@given(st.lists(st.sampled_from(WAYS), max_size=12), st.sampled_from(["add", "again"]), st.integers(1, 4))
@settings(max_examples=25)
def test_counts_add_up_whatever_fails(ways: list[str], at: str, workers: int):
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "run.json"
        report = LoggedExecutor(workers=workers, pool="threads").run(TWO_STEPS, items_of(ways, at), manifest)
        counts = report.counts()
        assert counts["done"] + counts["failed"] + counts["skipped"] == counts["given"] == len(ways)
        assert set(report.done) == {f"item {i}" for i, way in enumerate(ways) if way == "fine"}
        written = json.loads(manifest.read_text())
        assert {name: written[name] for name in counts} == counts
        assert written["finished"]


@given(st.lists(st.sampled_from(WAYS), min_size=1, max_size=8), st.sampled_from(["add", "again"]), st.integers(0, 9999))
@settings(max_examples=40)
def test_a_run_resumed_from_any_byte_of_its_log_equals_an_unbroken_one(ways: list[str], at: str, kept: int):
    with tempfile.TemporaryDirectory() as folder:
        items = items_of(ways, at)
        manifest, log = Path(folder) / "run.json", Path(folder) / "run.jsonl"
        unbroken = IN_THREADS.run(TWO_STEPS, items, manifest)
        whole = log.read_bytes()
        # A share, as the log's length is not the same twice: it has the order and the times of what ran.
        log.write_bytes(whole[: round(len(whole) * kept / 9999)])
        resumed = IN_THREADS.run(TWO_STEPS, items, manifest)
        assert outcomes(resumed) == outcomes(unbroken)
        again = IN_THREADS.run(TWO_STEPS, items, manifest)
        assert outcomes(again) == outcomes(unbroken)
        assert set(again.skipped) == set(unbroken.done)


@given(
    st.lists(st.sampled_from([*WAYS, "exit", "segfault"]), min_size=1, max_size=6), st.sampled_from(["add", "again"])
)
@settings(max_examples=6)
def test_counts_add_up_whatever_dies(ways: list[str], at: str):
    with tempfile.TemporaryDirectory() as folder:
        report = LoggedExecutor(workers=2).run(TWO_STEPS, items_of(ways, at), Path(folder) / "run.json")
        assert set(report.done) == {f"item {i}" for i, way in enumerate(ways) if way == "fine"}
        assert sum(report.counts().values()) == 2 * len(ways)


def test_a_report_that_lost_an_item_cannot_be_made():
    with pytest.raises(ValueError, match="lost or doubled"):
        Report(given=("a", "b"), done={"a": Item("a")}, skipped={}, failed={})
    with pytest.raises(ValueError, match="lost or doubled"):
        Report(given=("a",), done={"a": Item("a")}, skipped={"a": Item("a")}, failed={})


def test_a_dead_worker_costs_its_item_alone_and_is_tried_again(tmp_path: Path):
    ways = ["fine", "exit", "fine", "segfault", "fine", "raise"]
    executor = LoggedExecutor(workers=2)
    report = executor.run(TWO_STEPS, items_of(ways), tmp_path / "run.json")
    assert set(report.done) == {"item 0", "item 2", "item 4"}
    assert "exit code 3" in str(report.failed["item 1"])
    assert "SIGSEGV" in str(report.failed["item 3"])
    assert "ZeroDivisionError: on purpose" in str(report.failed["item 5"])
    mended = [Item(item.name, {**item.data, "way": "fine"}) for item in items_of(ways)]
    again = executor.run(TWO_STEPS, mended, tmp_path / "run.json")
    assert again.counts() == {"given": 6, "done": 3, "failed": 0, "skipped": 3}
    assert executor.run(TWO_STEPS, mended, tmp_path / "run.json").counts()["skipped"] == 6


def test_processes_and_threads_give_the_same(tmp_path: Path):
    items = items_of(["fine", "refuse", "fine"])
    in_processes = LoggedExecutor(workers=2).run(TWO_STEPS, items, tmp_path / "a.json")
    assert outcomes(in_processes) == outcomes(IN_THREADS.run(TWO_STEPS, items[::-1], tmp_path / "b.json"))


def test_what_a_job_refused_is_not_asked_again_and_what_went_wrong_is(tmp_path: Path):
    calls, manifest = tmp_path / "calls", tmp_path / "run.json"
    items = items_of(["refuse", "foreseen", "fine"])
    for _ in range(2):
        report = IN_THREADS.run([Add(calls=calls)], items, manifest)
    assert sorted(calls.read_text().splitlines()) == ["add item 0", "add item 1", "add item 1", "add item 2"]
    assert report.counts() == {"given": 3, "done": 0, "failed": 2, "skipped": 1}


def test_a_changed_version_runs_again_from_there_on(tmp_path: Path):
    calls, manifest = tmp_path / "calls", tmp_path / "run.json"
    items = items_of(["fine"])
    first, second, third = (Add(name=name, calls=calls) for name in ("first", "second", "third"))
    IN_THREADS.run([first, second, third], items, manifest)
    calls.unlink()
    changed = Add(name="second", version="2", amount=5, calls=calls)
    report = IN_THREADS.run([first, changed, third], items, manifest)
    assert calls.read_text().splitlines() == ["second item 0", "third item 0"]
    assert report.done["item 0"].data["n"] == 7


def test_results_whose_files_are_gone_or_changed_are_made_again(tmp_path: Path):
    job, manifest = Write(tmp_path), tmp_path / "run.json"
    items = [Item("a", {"n": 1}), Item("b", {"n": 2}), Item("c", {"n": 3})]
    IN_THREADS.run([job], items, manifest)
    (tmp_path / "a").unlink()
    (tmp_path / "b").write_text("20")
    report = IN_THREADS.run([job], items, manifest)
    assert (set(report.done), set(report.skipped)) == ({"a", "b"}, {"c"})
    assert (tmp_path / "b").read_text() == "2"


def test_a_changed_input_file_counts_as_another_item(tmp_path: Path):
    video = tmp_path / "clip.mp4"
    video.write_text("one")
    items = [Item("clip", {"n": 0}, {"video": str(video)})]
    IN_THREADS.run([Add()], items, tmp_path / "run.json")
    video.write_text("another")
    assert IN_THREADS.run([Add()], items, tmp_path / "run.json").counts()["done"] == 1
    video.unlink()
    assert "cannot be read" in str(IN_THREADS.run([Add()], items, tmp_path / "run.json").failed["clip"])


def test_a_key_depends_on_everything_that_matters(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("x")
    base = Item("a", {"n": 1}, {"f": str(file)})

    def key(job: Add, item: Item, seed: int) -> str:
        return step_key(job, item, seed, FileDigests())

    others = [
        key(Add(version="2"), base, 0),
        key(Add(name="other"), base, 0),
        key(Add(), Item("b", base.data, base.files), 0),
        key(Add(), Item("a", {"n": 2}, base.files), 0),
        key(Add(), Item("a", base.data), 0),
        key(Add(), base, 1),
    ]
    unmoved = key(Add(), base, 0)
    assert len({unmoved, *others}) == len(others) + 1
    file.rename(tmp_path / "moved")
    assert key(Add(), Item("a", {"n": 1}, {"f": str(tmp_path / "moved")}), 0) == unmoved


@given(st.integers(0, 2**40), st.text())
def test_seeds_of_items_fit_into_63_bits(run_seed: int, name: str):
    assert 0 <= item_seed(run_seed, name) < 2**63


def test_a_job_that_cannot_be_set_up_stops_the_run(tmp_path: Path):
    for pool in ("threads", "processes"):
        with pytest.raises(InputError, match="a library is missing"):
            LoggedExecutor(pool=pool).run([Unable()], items_of(["fine"]), tmp_path / "run.json")


@pytest.mark.parametrize(
    ("jobs", "items", "message"),
    [
        ([Add()], [Item("a"), Item("a")], "items need names of their own; 'a'"),
        ([Add(), Add()], [Item("a")], "jobs need names of their own; 'add'"),
    ],
)
def test_repeated_names_are_refused(jobs: list[Add], items: list[Item], message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message):
        IN_THREADS.run(jobs, items, tmp_path / "run.json")
    with pytest.raises(InputError, match="use 1 or more"):
        LoggedExecutor(workers=0)


_SLOW = """
import sys, time
from pathlib import Path
sys.path.insert(0, {here!r})
from kinoeye.base.executor import LoggedExecutor
from kinoeye.base.jobs import Item
from slow_jobs import Slow
if __name__ == "__main__":
    LoggedExecutor(workers=2).run([Slow()], [Item(str(i)) for i in range(8)], Path({manifest!r}))
"""
_SLOW_JOB = """
import os, time
from pathlib import Path
from kinoeye.base.jobs import Item
class Slow:
    name, version = "slow", "1"
    def setup(self): Path({pids!r}).open("a").write(f"{{os.getpid()}}\\n")
    def __call__(self, item, seed):
        time.sleep(0.05)
        return Item(item.name, {{"seed": seed}})
"""


def test_a_killed_run_leaves_no_workers_and_goes_on(tmp_path: Path):
    pids, manifest = tmp_path / "pids", tmp_path / "run.json"
    (tmp_path / "slow_jobs.py").write_text(_SLOW_JOB.format(pids=str(pids)))
    script = tmp_path / "slow.py"
    script.write_text(_SLOW.format(here=str(tmp_path), manifest=str(manifest)))
    log = manifest.with_suffix(".jsonl")
    run = subprocess.Popen([sys.executable, str(script)])
    while not log.exists() or log.read_bytes().count(b"\n") < 3:
        assert run.poll() is None
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    run.wait()
    logged = log.read_bytes().count(b"\n")
    assert not json.loads(manifest.read_text())["finished"]
    for pid in map(int, pids.read_text().split()):
        for _ in range(1000):
            if not _alive(pid):
                break
            time.sleep(0.01)
        assert not _alive(pid)
    subprocess.run([sys.executable, str(script)], check=True)
    counts = json.loads(manifest.read_text())
    assert counts["finished"]
    assert counts["skipped"] >= logged - 1  # the last line may have been torn
    assert counts["skipped"] + counts["done"] == counts["given"] == 8
    steps = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    assert {step["item"]: step["seed"] for step in steps} == {str(i): item_seed(0, str(i)) for i in range(8)}


def test_two_runs_do_not_write_one_log(tmp_path: Path):
    """A second process is told so, and neither the log nor the manifest of the first one has anything of it."""
    pids, manifest = tmp_path / "pids", tmp_path / "run.json"
    (tmp_path / "slow_jobs.py").write_text(_SLOW_JOB.format(pids=str(pids)))
    script = tmp_path / "slow.py"
    script.write_text(_SLOW.format(here=str(tmp_path), manifest=str(manifest)))
    log = manifest.with_suffix(".jsonl")
    with JobLog(log):
        second = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert f"another run writes to {log}; wait for it or choose another output folder" in second.stderr
    assert second.returncode != 0
    assert log.read_bytes() == b""
    assert not manifest.exists()
    assert not pids.exists()
    subprocess.run([sys.executable, str(script)], check=True)
    assert json.loads(manifest.read_text())["done"] == 8


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return not Path("/proc").is_dir() or (Path("/proc") / str(pid) / "stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False

"""The same jobs on the workers of a Ray cluster."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from job_kinds import Add, Unable

from kinoeye.base.errors import InputError, MissingExtraError
from kinoeye.base.executor import LoggedExecutor
from kinoeye.base.jobs import Item, Report
from kinoeye.datasets.takes_set import TakesPlan, takes_from_worlds

TWO_STEPS = (Add("add"), Add("double", amount=2))


def outcomes(report: Report) -> tuple[Mapping[str, object], list[str]]:
    return {name: item.data for name, item in report.done.items()}, sorted(report.failed)


def test_a_missing_library_is_named_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"ray is not installed: pip install .kinoeye\[scale\]"):
        takes_from_worlds(TakesPlan(world_seed=0, count=1, pool="ray"), tmp_path / "set")
    assert not list(tmp_path.iterdir())


def test_a_cluster_gives_what_processes_give_and_a_dead_worker_costs_its_item_alone(tmp_path: Path):
    pytest.importorskip("ray", reason="ray is not installed")
    ways = ("fine", "refuse", "exit", "raise", "fine", "fine")
    items = [Item(f"i{index}", {"n": index, "way": way}) for index, way in enumerate(ways)]
    here = LoggedExecutor(workers=2).run(TWO_STEPS, items, tmp_path / "here.json")
    there = LoggedExecutor(workers=2, pool="ray").run(TWO_STEPS, items, tmp_path / "there.json")
    assert outcomes(there) == outcomes(here)
    assert there.counts() == {"given": 6, "done": 3, "failed": 3, "skipped": 0}
    again = LoggedExecutor(workers=1, pool="ray").run(TWO_STEPS, items, tmp_path / "there.json")
    assert again.counts()["skipped"] == 3, "what was done is not done again"
    with pytest.raises(InputError, match="a library is missing"):
        LoggedExecutor(pool="ray").run([Unable()], items[:1], tmp_path / "unable.json")

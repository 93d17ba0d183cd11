"""The same jobs on the workers of a Ray cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from job_kinds import Add, Unable

from kinoeye.base.errors import InputError, MissingExtraError
from kinoeye.base.executor import LoggedExecutor
from kinoeye.base.jobs import Item, Report

TWO_STEPS = (Add("add"), Add("double", amount=2))


def outcomes(report: Report) -> tuple[Mapping[str, object], list[str]]:
    return {name: item.data for name, item in report.done.items()}, sorted(report.failed)


def test_a_missing_library_is_named(tmp_path: Path):
    try:
        import ray  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        with pytest.raises(MissingExtraError, match=r"ray is not installed: pip install .kinoeye\[scale\]"):
            LoggedExecutor(pool="ray").run(TWO_STEPS, [Item("a", {"n": 1})], tmp_path / "run.json")
    else:
        pytest.skip("ray is installed")


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

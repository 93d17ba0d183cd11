"""Processes that train together: the same losses as one alone, and checkpoints that any number of them reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import children
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from toy import ToyRecipe, phase

from kinoeye.base.errors import InputError
from kinoeye.networks import Phase
from kinoeye.networks.devices import chosen_device
from kinoeye.training import fit
from kinoeye.training.processes import joined_processes
from kinoeye.training.run_folder import read_metrics

PHASES = (
    phase("all", steps=8, accumulation=2, ema_decay=0.8, checkpoint_every=3, validate_every=4),
    phase("last", steps=8, checkpoint_every=3),
)
RECIPE = ToyRecipe(phases=PHASES, dropout=0.0, noise=0.0, trained="last", delay_s=0.004)
"""Without chance, so that a process's share of a batch does not decide what is drawn."""


def score(model: nn.Module, phase: Phase, steps: int) -> dict[str, float]:
    return {"weight": float(sum(value.sum() for value in model.parameters()))}


def train(folder: Path, parallel: str = "ddp") -> None:
    fit(RECIPE, folder, seed=1, device="cpu", validate=score, parallel=parallel)  # type: ignore[arg-type]


def agree(folder: Path, other: Path) -> None:
    """Hold that two runs have the same steps, the same losses and weights up to the order of sums."""
    rows, others = (read_metrics(place / "metrics.jsonl") for place in (folder, other))
    assert [(row["phase"], row["step"]) for row in rows] == [(row["phase"], row["step"]) for row in others]
    for row, expected in zip(rows, others, strict=True):
        for group in ("losses", "validation"):
            assert row.get(group, {}) == pytest.approx(expected.get(group, {}), abs=1e-6)
    weights, expected = (load_file(place / "model" / "model.safetensors") for place in (folder, other))
    for name, value in expected.items():
        torch.testing.assert_close(weights[name], value, atol=1e-6, rtol=0)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    train(folder)
    return folder


def killed_after(lines: int, folder: Path, parallel: str) -> None:
    processes = children.start(train, folder, parallel, world=2)
    children.wait_for_lines(processes, folder / "metrics.jsonl", lines)
    children.kill(processes)


def test_two_replicas_killed_and_resumed_by_two_that_share_are_one_process(alone: Path, tmp_path: Path):
    killed_after(5, tmp_path, "ddp")
    assert children.finish(children.start(train, tmp_path, "fsdp", world=2)) == [0, 0]
    agree(tmp_path, alone)


def test_two_that_share_are_one_process_and_one_process_goes_on_from_them(alone: Path, tmp_path: Path):
    killed_after(14, tmp_path, "fsdp")
    assert list((tmp_path / "checkpoints").glob("01-*/shard-00002*"))
    train(tmp_path)
    agree(tmp_path, alone)


def test_one_process_is_gone_on_with_by_two(alone: Path, tmp_path: Path):
    processes = children.start(train, tmp_path)
    children.wait_for_lines(processes, tmp_path / "metrics.jsonl", 7)
    children.kill(processes)
    assert children.finish(children.start(train, tmp_path, "ddp", world=2)) == [0, 0]
    agree(tmp_path, alone)


def refused(folder: Path, recipe: ToyRecipe) -> None:
    """End with the exit code of a refusal, as the command line does."""
    try:
        fit(recipe, folder, seed=1, device="cpu")
    except InputError as error:
        raise SystemExit(error.exit_code) from error


def test_all_processes_refuse_what_one_refuses(alone: Path):
    other = replace(RECIPE, dropout=0.5)
    assert children.finish(children.start(refused, alone, other, world=2)) == [2, 2]


def test_a_batch_that_cannot_be_split_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    with pytest.raises(InputError, match=r"batch_size 8 of phase all .* choose a multiple of 6"):
        train(tmp_path)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"RANK": "1"}, "RANK is 1 and WORLD_SIZE 1"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "MASTER_ADDR is not there"),
        ({"RANK": "first"}, "RANK is 'first'"),
    ],
)
def test_half_an_environment_of_torchrun_is_refused(
    environment: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=message), joined_processes("cpu"):
        pass


@pytest.mark.parametrize("name", ["tpu", "cuda:99", "meta"])
def test_a_device_that_is_not_here_is_refused(name: str):
    with pytest.raises(InputError, match=f"device '{name}' is (unknown|not on this machine)"):
        chosen_device(name)

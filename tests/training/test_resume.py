"""A run that was killed and gone on with is, bit for bit, the run that was never killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import children
import pytest
import torch
from safetensors.torch import load_file
from toy import ToyNet, ToyRecipe, phase

from kinoeye.base.errors import InputError
from kinoeye.training import TrainingInterruptedError, fit
from kinoeye.training.run_folder import locked, read_metrics

PHASES = (
    phase("all", steps=11, accumulation=2, ema_decay=0.8, checkpoint_every=3, validate_every=4),
    phase("last", steps=9, clip_norm=None, schedule="linear", decay_vectors=True, checkpoint_every=4),
)
RECIPE = ToyRecipe(phases=PHASES, trained="last", delay_s=0.004)
"""Two phases, the second of which trains one layer; slow enough to be killed in the middle of a step."""


def score(model: Any, phase: Any, steps: int) -> dict[str, float]:
    return {"weight": float(model.last.weight.sum()), "training": float(model.training)}


def train(folder: Path) -> None:
    fit(RECIPE, folder, seed=3, device="cpu", validate=score)


def told(folder: Path) -> list[dict[str, Any]]:
    """What is equal in equal runs."""
    timed = ("items_per_s", "cpu_s")
    rows = read_metrics(folder / "metrics.jsonl")
    return [{name: value for name, value in row.items() if name not in timed} for row in rows]


def same_run(folder: Path, other: Path) -> bool:
    weights = [load_file(place / "model" / "model.safetensors") for place in (folder, other)]
    return told(folder) == told(other) and all(weights[0][name].equal(weights[1][name]) for name in weights[0])


def checkpoints(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    train(folder)
    return folder


def test_killed_at_random_moments_and_resumed_it_ends_in_the_same_bits(unbroken: Path, tmp_path: Path):
    draw = random.Random(5)
    for until in (1, 9, 14, 19):
        processes = children.start(train, tmp_path)
        children.wait_for_lines(processes, tmp_path / "metrics.jsonl", until)
        time.sleep(draw.random() * 0.008)  # anywhere in a step: between accumulated batches, in a checkpoint
        children.kill(processes)
    train(tmp_path)
    assert same_run(tmp_path, unbroken)
    assert checkpoints(tmp_path) == ["01-000000008", "01-000000009"]


class Other(ToyRecipe):
    """The same under another name."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_finishes_its_step_and_says_how_to_go_on(
    number: signal.Signals, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plain = ToyRecipe.loss

    def stopping(self: ToyRecipe, model: Any, batch: Any, generator: Any) -> Any:
        if batch["number"] == 9:  # the second of two accumulated batches of step 5
            os.kill(os.getpid(), number)
        return plain(self, model, batch, generator)

    before = signal.getsignal(number)
    with monkeypatch.context() as patch:
        patch.setattr(ToyRecipe, "loss", stopping)
        with pytest.raises(TrainingInterruptedError, match=r"step 5 of phase all.*--resume") as raised:
            train(tmp_path)
    assert raised.value.exit_code == 2
    assert signal.getsignal(number) is before
    assert checkpoints(tmp_path) == ["00-000000003", "00-000000005"]
    train(tmp_path)
    assert same_run(tmp_path, unbroken)


def test_what_a_killed_run_was_writing_or_removing_is_swept_away(unbroken: Path, tmp_path: Path):
    for name in (".00-000000003.unfinished", "00-000000001"):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
    train(tmp_path)
    assert checkpoints(tmp_path) == ["01-000000008", "01-000000009"]
    assert same_run(tmp_path, unbroken)


def test_a_finished_run_is_not_trained_again(unbroken: Path):
    before = (unbroken / "metrics.jsonl").read_bytes()
    fitted = fit(RECIPE, unbroken, seed=3, device="cpu", validate=score)
    assert fitted.steps == 20
    assert (unbroken / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("recipe", "seed", "message"),
    [
        (RECIPE, 4, "its seed is 3, not 4"),
        (replace(RECIPE, dropout=0.2), 3, "its settings.dropout is 0.1, not 0.2"),
        (replace(RECIPE, phases=(replace(PHASES[0], lr=0.5), PHASES[1])), 3, "its phases.all.lr is 0.01, not 0.5"),
        (replace(RECIPE, phases=PHASES[:1]), 3, "its phases.last is {.*, not null"),
        (Other(phases=PHASES), 3, "its recipe is"),
    ],
)
def test_a_run_of_another_recipe_is_refused_in_one_line(recipe: ToyRecipe, seed: int, message: str, unbroken: Path):
    with pytest.raises(InputError, match=message) as raised:
        fit(recipe, unbroken, seed=seed, device="cpu")
    assert "choose another output folder" in str(raised.value)


def test_a_run_is_not_gone_on_with_unasked(unbroken: Path):
    with pytest.raises(InputError, match="holds a run; go on with --resume"):
        fit(RECIPE, unbroken, seed=3, device="cpu", resume=False)


def test_a_checkpoint_of_another_model_is_refused(unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stop_after(3, tmp_path, monkeypatch)
    plain = ToyRecipe.build

    def wider(self: ToyRecipe, phase: Any, previous: Any) -> Any:
        model = plain(self, phase, previous)
        model.last = torch.nn.Linear(16, 2)
        return model

    monkeypatch.setattr(ToyRecipe, "build", wider)
    with pytest.raises(InputError, match=r"model.last.weight has \[1, 16\], \[2, 16\] is needed"):
        train(tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stop_after(6, tmp_path, monkeypatch)
    [file] = (tmp_path / "checkpoints" / "00-000000006").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"00-000000006 is damaged .* remove it to go on from the one before"):
        train(tmp_path)


def stop_after(steps: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train until a loss is not finite in the step after these."""
    plain = ToyRecipe.loss

    def failing(self: ToyRecipe, model: Any, batch: Any, generator: Any) -> Any:
        losses = plain(self, model, batch, generator)
        return losses if batch["number"] < 2 * steps + 1 else {**losses, "loss": losses["loss"] * float("nan")}

    with monkeypatch.context() as patch:
        patch.setattr(ToyRecipe, "loss", failing)
        with pytest.raises(InputError, match=f"the loss is nan at step {steps + 1} of phase all; the last checkpoint"):
            train(folder)


def test_a_loss_that_is_not_finite_stops_the_run_and_leaves_its_checkpoint(
    unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stop_after(7, tmp_path, monkeypatch)
    assert checkpoints(tmp_path) == ["00-000000003", "00-000000006"]
    assert not (tmp_path / "model").exists()
    train(tmp_path)
    assert same_run(tmp_path, unbroken)


def test_a_gradient_that_is_not_finite_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def rooted(self: ToyRecipe, model: ToyNet, batch: Any, generator: Any) -> Any:
        return {"loss": (model.last.bias.sum() * 0).sqrt()}  # 0, with an infinite slope

    monkeypatch.setattr(ToyRecipe, "loss", rooted)
    with pytest.raises(InputError, match="the gradient is nan at step 1"):
        fit(ToyRecipe(), tmp_path, seed=0, device="cpu")


def test_a_checkpoint_that_finds_no_room_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: Path
):
    stop_after(4, tmp_path, monkeypatch)

    def full(path: Path, tensors: Any) -> None:
        path.write_bytes(b"half")
        raise InputError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("kinoeye.training.checkpoints.write_tensors", full)
        with pytest.raises(InputError, match=r"00-000000006 cannot be written \(no space.*\); earlier ones stay"):
            train(tmp_path)
    assert checkpoints(tmp_path) == ["00-000000003"]
    train(tmp_path)
    assert same_run(tmp_path, unbroken)


def test_a_finished_run_is_told_from_others_without_its_checkpoints(tmp_path: Path):
    recipe = ToyRecipe(phases=(phase(steps=2),))
    fit(recipe, tmp_path, seed=3, device="cpu", argv=("train", "toy"))
    shutil.rmtree(tmp_path / "checkpoints")
    before = (tmp_path / "run.json").read_bytes()
    assert fit(recipe, tmp_path, seed=3, device="cpu").steps == 2
    for seed, resume, message in ((4, True, "its seed is 3, not 4"), (3, False, "holds a run; go on with --resume")):
        with pytest.raises(InputError, match=message):
            fit(recipe, tmp_path, seed=seed, device="cpu", resume=resume)
    assert (tmp_path / "run.json").read_bytes() == before


def test_two_runs_do_not_write_one_folder(tmp_path: Path):
    begun, may_end = threading.Event(), threading.Event()

    class Waiting(ToyRecipe):
        def loss(self, *arguments: Any) -> Any:
            begun.set()
            assert may_end.wait(60)
            return super().loss(*arguments)

    recipe = Waiting(phases=(phase(steps=1),))
    first = threading.Thread(target=fit, args=(recipe, tmp_path), kwargs={"seed": 0, "device": "cpu"})
    first.start()
    assert begun.wait(60)
    with pytest.raises(InputError, match="another run writes to"):
        fit(recipe, tmp_path, seed=0, device="cpu")
    may_end.set()
    first.join()
    assert (tmp_path / "model").is_dir()


def test_what_goes_wrong_in_a_run_is_not_taken_for_another_run(tmp_path: Path):
    with pytest.raises(BlockingIOError), locked(tmp_path):
        raise BlockingIOError("a pipe of the data")

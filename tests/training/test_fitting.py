"""What a run makes of a recipe: it learns, averages, accumulates and logs as its phases say."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from toy import ToyNet, ToyRecipe, phase

from kinoeye.base.errors import InputError
from kinoeye.base.run_record import RunRecord
from kinoeye.training import adjusted_phases, fit
from kinoeye.training.phase_training import usable_precision
from kinoeye.training.run_folder import read_metrics


def train(recipe: ToyRecipe, folder: Path, **options: Any) -> list[dict[str, Any]]:
    """The log of a run."""
    fit(recipe, folder, seed=0, device="cpu", **options)
    return read_metrics(folder / "metrics.jsonl")


def weights(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model" / "model.safetensors")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_net_learns_its_function(precision: str, tmp_path: Path):
    quiet = ToyRecipe(phases=(phase(steps=150, batch_size=64, precision=precision, checkpoint_every=150),), noise=0.0)
    rows = train(replace(quiet, dropout=0.0), tmp_path)
    assert rows[0]["losses"]["loss"] > 0.1
    assert max(row["losses"]["loss"] for row in rows[-20:]) < 0.002


def test_the_folder_of_a_run(tmp_path: Path, pictures: None):
    recipe = ToyRecipe(phases=(phase(steps=6, validate_every=4), phase("more", steps=3)))
    rows = train(recipe, tmp_path, validate=lambda model, phase, steps: {"steps": steps}, argv=("train", "toy"))
    assert [(row["phase"], row["step"]) for row in rows if "losses" in row] == [
        *(("all", step) for step in range(1, 7)),
        *(("more", step) for step in range(1, 4)),
    ]
    assert [row["validation"]["steps"] for row in rows if "validation" in row] == [4, 6]
    assert set(rows[0]) == {"phase", "step", "losses", "lr", "grad_norm", "items_per_s", "cpu_s"}
    assert [row["lr"] for row in rows[:3]] == pytest.approx([0.005, 0.01, 0.01])
    assert all(row["cpu_s"] <= later["cpu_s"] for row, later in pairwise(row for row in rows if "cpu_s" in row))
    assert RunRecord.read(tmp_path).argv == ("train", "toy")
    assert RunRecord.read(tmp_path).seeds == {"seed": 0}
    with Image.open(tmp_path / "learning-curve.png") as picture:
        assert picture.width > 500
    left = {"checkpoints", "model", "metrics.jsonl", "learning-curve.png", "run.json", "training.json", ".lock"}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_a_phase_begins_with_the_model_of_the_one_before(tmp_path: Path):
    train(ToyRecipe(phases=(phase(), phase("last", steps=5)), trained="last"), tmp_path / "both")
    train(ToyRecipe(phases=(phase(),)), tmp_path / "first")
    both, first = weights(tmp_path / "both"), weights(tmp_path / "first")
    kept = {name for name, value in both.items() if value.equal(first[name])}
    assert kept == {name for name in both if not name.startswith("last.")}


def test_accumulated_batches_are_one_large_batch(tmp_path: Path):
    class Halves(ToyRecipe):
        def batches(self, phase: Any, *, rank: int, world: int, start: int) -> Any:
            whole = ToyRecipe(phases=self.phases).batches(
                replace(phase, accumulation=1), rank=rank, world=world, start=start // phase.accumulation
            )
            for batch in whole:
                for points in batch["points"].chunk(phase.accumulation):
                    yield {"points": points}

    plain = phase(steps=8, ema_decay=0.9, clip_norm=0.1)
    rows = []
    for accumulation in (1, 2, 4):
        recipe = Halves(phases=(replace(plain, accumulation=accumulation),), dropout=0.0, noise=0.0)
        rows.append(train(recipe, tmp_path / str(accumulation)))
    for row, two, four in zip(*rows, strict=True):
        assert two["losses"] == pytest.approx(row["losses"], abs=1e-6)
        assert four["grad_norm"] == pytest.approx(row["grad_norm"], rel=1e-5)
    for name, value in weights(tmp_path / "1").items():
        torch.testing.assert_close(weights(tmp_path / "4")[name], value, atol=1e-6, rtol=0)


class Walk(ToyRecipe):
    """Remembers the weights before each step."""

    def loss(self, model: nn.Module, batch: Any, generator: Any) -> dict[str, Tensor]:
        assert isinstance(model, ToyNet)
        if model.training:
            self.visited.append(model.last.weight.detach().clone())
        return super().loss(model, batch, generator)


def test_the_exported_and_validated_weights_are_the_average(tmp_path: Path):
    seen = []

    def look(model: Any, phase: Any, steps: int) -> dict[str, float]:
        assert not model.training
        assert not torch.is_grad_enabled()
        seen.append(model.last.weight.detach().clone())
        return {}

    recipe = Walk(phases=(phase(steps=6, ema_decay=0.7, validate_every=3), phase("next", steps=1, lr=1e-9)))
    recipe.visited = []  # type: ignore[attr-defined]
    train(recipe, tmp_path, validate=look)
    average = recipe.visited[0]  # type: ignore[attr-defined]
    averages = [average := 0.7 * average + 0.3 * weight for weight in recipe.visited[1:6]]  # type: ignore[attr-defined]
    torch.testing.assert_close(seen[0], averages[2])
    torch.testing.assert_close(weights(tmp_path)["last.weight"], seen[1], atol=1e-6, rtol=0)
    torch.testing.assert_close(recipe.visited[6], seen[1])  # type: ignore[attr-defined]
    assert not torch.allclose(recipe.visited[4], averages[3])  # type: ignore[attr-defined]


def test_frozen_parts_stay_in_evaluation_mode_and_unchanged(tmp_path: Path):
    modes = []

    class Frozen(ToyRecipe):
        def loss(self, model: Any, batch: Any, generator: Any) -> dict[str, Tensor]:
            modes.append((model.blocks.training, model.last.training, model.dropout.training))
            return super().loss(model, batch, generator)

    train(Frozen(phases=(phase(steps=2),), trained="last"), tmp_path)
    assert modes == [(False, True, True)] * 2


def test_chance_follows_the_seed_and_the_step_alone(tmp_path: Path):
    runs = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(runs))  # whatever the program did before does not matter
        state = torch.get_rng_state()
        fit(ToyRecipe(), tmp_path / str(len(runs)), seed=seed, device="cpu")
        assert torch.get_rng_state().equal(state)
        runs.append([row["losses"] for row in read_metrics(tmp_path / str(len(runs)) / "metrics.jsonl")])
    assert runs[0] == runs[1] != runs[2]


class OnCodec(ToyRecipe):
    """Is trained beside a shared codec."""

    @property
    def weights_sha256(self) -> dict[str, str]:
        return {"codec": "ab" * 32}


def test_the_record_says_which_shared_weights_a_model_was_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recipe = OnCodec(phases=(phase(steps=3),))
    train(recipe, tmp_path)
    assert RunRecord.read(tmp_path).weights_sha256 == {"codec": "ab" * 32}
    monkeypatch.setattr(OnCodec, "weights_sha256", {"codec": "cd" * 32})
    with pytest.raises(InputError, match=r'its weights_sha256.codec is "abab.* not "cdcd'):
        train(recipe, tmp_path)


def test_a_number_that_is_logged_need_not_be_finite(tmp_path: Path):
    class Endless(ToyRecipe):
        def loss(self, model: nn.Module, batch: Any, generator: Any) -> dict[str, Tensor]:
            return {**super().loss(model, batch, generator), "perplexity": torch.tensor(torch.inf)}

    recipe = Endless(phases=(phase(steps=1, validate_every=1),))
    rows = train(recipe, tmp_path, validate=lambda *_: {"perplexity": torch.tensor(torch.inf)})
    assert [math.isnan(row[group]["perplexity"]) for row, group in zip(rows, ("losses", "validation"), strict=True)]
    assert (tmp_path / "metrics.jsonl").read_text().count('"perplexity": null') == 2


def test_what_a_run_without_checkpoints_left_is_no_hindrance(tmp_path: Path):
    (tmp_path / "metrics.jsonl").write_text('{"phase": "of another recipe", "step": 1, "losses": {"loss": 1.0}}\n')
    rows = train(ToyRecipe(phases=(phase(steps=1),)), tmp_path)
    assert [(row["phase"], row["step"]) for row in rows] == [("all", 1)]


def test_what_goes_wrong_with_a_batch_is_raised_where_the_batch_is_due(tmp_path: Path):
    class Short(ToyRecipe):
        def batches(self, *args: Any, **keywords: Any) -> Any:
            for number, batch in enumerate(super().batches(*args, **keywords)):
                if number == 5:
                    raise InputError("captions.txt ends at line 5")
                yield batch

    with pytest.raises(InputError, match="ends at line 5"):
        train(Short(), tmp_path)
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl")] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("phases", "message"),
    [((), "no phase"), ((phase(), phase()), "two phases are named 'all'")],
)
def test_phases_that_make_no_sense_are_refused(phases: Any, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message):
        train(ToyRecipe(phases=phases), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_phase_that_trains_nothing_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="phase all trains nothing"):
        train(ToyRecipe(trained="no such name"), tmp_path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        train(ToyRecipe(), tmp_path / "file" / "run")


def test_a_model_that_no_run_made_is_not_taken_for_a_finished_one(tmp_path: Path):
    (tmp_path / "model").mkdir()
    with pytest.raises(InputError, match=r"holds a model and no training.json of a run; choose another"):
        train(ToyRecipe(), tmp_path)
    assert not (tmp_path / "run.json").exists()


def test_bf16_falls_back_to_fp32_and_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for supported, expected in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda supported=supported: supported)
        assert usable_precision("bf16", torch.device("cpu")) == expected
    assert capsys.readouterr().err == "this processor has no bf16 instructions: training in fp32\n"


def test_phases_are_adjusted_one_by_one_or_together():
    phases = (phase("a"), phase("b"))
    assert [changed.steps for changed in adjusted_phases(phases, steps=[3, 4], lr=0.5)] == [3, 4]
    assert {changed.lr for changed in adjusted_phases(phases, steps=[3], lr=0.5)} == {0.5}
    assert adjusted_phases(phases) == phases
    with pytest.raises(InputError, match=r"3 numbers of steps .* 2 phases \(a, b\)"):
        adjusted_phases(phases, steps=[1, 2, 3])
    with pytest.raises(InputError, match="batch_size 9"):
        adjusted_phases([phase(accumulation=2)], batch_size=9)

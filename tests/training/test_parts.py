"""The parts of the loop by themselves: learning rates, weight decay, averages, batches made ahead, the log."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from toy import ToyNet, phase

from kinoeye.networks import Phase
from kinoeye.networks.seeding import seeded
from kinoeye.training import learning_rate
from kinoeye.training.ema import Ema
from kinoeye.training.optimizer import adamw, trained_parameters
from kinoeye.training.prefetch import Prefetched
from kinoeye.training.randomness import seed_of
from kinoeye.training.run_folder import MetricsLog, identity, read_metrics

PHASES = st.builds(
    phase,
    steps=st.integers(1, 300),
    warmup_steps=st.integers(0, 100),
    schedule=st.sampled_from(["constant", "cosine", "linear"]),
    final_lr_fraction=st.floats(0, 1),
)


@given(PHASES)
def test_the_learning_rate_rises_to_its_peak_then_falls_to_its_end(phase: Phase):
    rates = [learning_rate(phase, step) for step in range(phase.steps)]
    rising, falling = rates[: phase.warmup_steps], rates[phase.warmup_steps :]
    assert all(0 < rate <= phase.lr * (1 + 1e-12) for rate in rising)
    assert rising == sorted(rising)
    assert all(rate >= later for rate, later in pairwise(falling))
    if falling:
        assert falling[0] == pytest.approx(phase.lr)
    if len(falling) > 1:
        end = 1 if phase.schedule == "constant" else phase.final_lr_fraction
        assert falling[-1] == pytest.approx(phase.lr * end)


def test_the_schedules_differ_as_their_names_say():
    plain = phase(steps=101, warmup_steps=0, lr=1.0, final_lr_fraction=0.2)
    quarter = {name: learning_rate(replace(plain, schedule=name), 25) for name in ("constant", "linear", "cosine")}
    assert quarter == pytest.approx({"constant": 1.0, "linear": 0.8, "cosine": 0.2 + 0.4 * (1 + 0.5**0.5)})


@pytest.mark.parametrize("decay_vectors", [False, True])
def test_weight_decay_shrinks_matrices_and_vectors_only_on_request(decay_vectors: bool):
    model = ToyNet(0.0)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    settings = phase(lr=0.1, weight_decay=0.5, decay_vectors=decay_vectors)
    optimizer = adamw(trained_parameters(model, settings).values(), settings)
    for value in model.parameters():
        value.grad = torch.zeros_like(value)
    optimizer.step()
    for name, value in model.named_parameters():
        shrunk = value.ndim > 1 or decay_vectors
        torch.testing.assert_close(value.detach(), before[name] * (0.95 if shrunk else 1.0))


def test_the_optimizer_is_pytorchs_adamw():
    ours, theirs = ToyNet(0.0), ToyNet(0.0)
    theirs.load_state_dict(ours.state_dict())
    settings = phase(lr=0.01, weight_decay=0.1, decay_vectors=True, betas=(0.8, 0.9))
    optimizers = [
        adamw(ours.parameters(), settings),
        torch.optim.AdamW(theirs.parameters(), lr=0.01, weight_decay=0.1, betas=(0.8, 0.9), foreach=False),
    ]
    points = torch.randn(32, 2, generator=torch.Generator().manual_seed(0))
    for _ in range(5):
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            model.values(points).square().mean().backward()
            optimizer.step()
    for value, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-5)


@given(st.floats(0.01, 0.99), st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_an_average_is_the_sum_of_its_formula(decay: float, values: list[float]):
    weight = nn.Parameter(torch.tensor([1.0]))
    ema = Ema({"weight": weight}, decay)
    for value in values:
        weight.data.fill_(value)
        ema.update()
    count = len(values)
    expected = decay**count + sum((1 - decay) * decay ** (count - 1 - i) * value for i, value in enumerate(values))
    assert ema.averages["weight"].item() == pytest.approx(expected, abs=1e-3)
    with ema.applied():
        assert weight.item() == ema.averages["weight"].item()
    assert weight.item() == torch.tensor(values[-1]).item()


def test_batches_are_made_ahead_and_never_more_than_fit():
    made = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    with Prefetched(numbers(), ahead=3) as items:
        assert next(items) == 0
        while len(made) < 5:
            time.sleep(0.001)
        time.sleep(0.02)
        assert made == [0, 1, 2, 3, 4]  # one taken, three that wait, one for which there is no place
    assert not any(thread.name == "batches" for thread in threading.enumerate())


def test_what_a_source_raises_comes_after_its_items_and_again_when_asked_again():
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with Prefetched(broken()) as items:
        assert next(items) == 1
        for _ in range(2):
            with pytest.raises(ValueError, match="no more"):
                next(items)


def test_places_in_a_run_have_seeds_of_their_own():
    places = [(seed, phase, step, rank) for seed in (0, 1) for phase in "ab" for step in range(20) for rank in (0, 1)]
    assert len({seed_of(*place) for place in places}) == len(places)
    assert all(0 <= seed_of(*place) < 2**63 for place in places)


def test_dropout_follows_the_seed_and_leaves_torch_as_it_was():
    dropout, ones = nn.Dropout(0.5), torch.ones(64)
    state = torch.get_rng_state()
    drawn = []
    for seed in (7, 7, 8):
        with seeded(seed, torch.device("cpu")) as generator:
            drawn.append((dropout(ones), torch.rand(4, generator=generator)))
    assert torch.get_rng_state().equal(state)
    assert drawn[0][0].equal(drawn[1][0])
    assert drawn[0][1].equal(drawn[1][1])
    assert not drawn[0][0].equal(drawn[2][0])


def test_a_log_drops_what_comes_after_the_checkpoint_and_half_a_line(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    rows = [{"phase": name, "step": step} for name in ("a", "b") for step in (1, 2, 3)]
    log = MetricsLog(path, ("a", "b"), phase=0, steps=0)
    for row in rows:
        log.write(row)
    log.close()
    with path.open("a") as file:
        file.write('{"phase": "b", "st')
    assert read_metrics(path) == rows
    MetricsLog(path, ("a", "b"), phase=1, steps=1).close()
    assert read_metrics(path) == rows[:4]


@dataclass(frozen=True)
class Settings:
    data: Path
    encoders: Mapping[str, Path]
    shape: Callable[[float], float]
    phases: tuple[Phase, ...]
    made: object = field(init=False, default=None)


def test_a_run_is_told_by_the_settings_of_its_recipe_and_not_by_what_they_lead_to():
    recipe: Any = Settings(Path("clips"), {"text": Path("clip")}, math.sin, ())
    found = identity(recipe, (phase(),), 5)
    assert found["settings"] == {"data": "clips", "encoders": {"text": "clip"}, "shape": "builtin_function_or_method"}
    assert found["seed"] == 5
    assert found["phases"]["all"]["betas"] == [0.9, 0.95]

"""The sampler of AMG is upstream's step by step, and its defects can be mended."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_amg_official import CONFIG, IO, loaded, official

from kinoeye.base.errors import InputError
from kinoeye.networks import TensorFile
from kinoeye.networks.ddim import NoiseSchedule
from kinoeye.systems.amg import AMG, Quirks
from kinoeye.systems.amg.checkpoint import load_model
from kinoeye.systems.amg.sampling import jumps, sample_steps

TOLD = (IO["noise"], IO["cond"], IO["y"], IO["zero_y"])


def with_official_quirks() -> AMG:
    model = loaded()
    assert model.config.quirks == Quirks.official()
    return model


def test_four_steps_are_those_of_the_published_sampler():
    steps = list(sample_steps(with_official_quirks(), *TOLD, steps=4, guidance=3.0))
    for number, step in enumerate(steps):
        assert float((step.clean - IO[f"ddim4.step{number}.x0"]).abs().max()) < 5e-4
        assert float((step.value - IO[f"ddim4.step{number}.xt"]).abs().max()) < 5e-4
    assert float((steps[-1].value - IO["ddim4_g3"]).abs().max()) < 5e-4


def test_twenty_steps_end_where_the_published_sampler_does():
    *_, last = sample_steps(with_official_quirks(), *TOLD)
    assert float((last.value - IO["ddim20_g3"]).abs().max()) < 1e-3


def test_the_schedule_is_the_published_one():
    schedule = NoiseSchedule()
    assert torch.allclose(schedule.alphas_cumprod, IO["sched.alphas_cumprod"], atol=1e-12, rtol=0)
    assert torch.allclose(schedule.betas[:8], IO["sched.betas_f64_head"], atol=1e-15, rtol=0)


@pytest.mark.parametrize("divisor", [1, 2, 4, 5, 8, 10, 20, 25, 40, 50, 100, 125, 200, 250, 500])
def test_steps_that_divide_the_timesteps_are_the_same_with_and_without_the_extra_one(divisor: int):
    published = jumps(divisor, Quirks.official())
    assert published == jumps(divisor, replace(Quirks.none(), unfinished_sampling=True))
    assert len(published) == divisor
    assert published[0][0] == 1000 - 1000 // divisor + 1
    assert published[-1] == (1, 0)


@pytest.mark.parametrize(("steps", "taken"), [(30, 31), (3, 4), (27, 28), (600, 1000), (999, 1000)])
def test_upstream_takes_more_steps_than_asked_for_where_they_do_not_divide(steps: int, taken: int):
    found = jumps(steps, Quirks.official())
    assert len(found) == taken
    assert max(left for left, _ in found) < 1000
    assert len(jumps(steps, Quirks.none())) == steps


@given(steps=st.integers(1, 1000))
def test_mended_steps_lead_from_noise_to_the_clean_value_without_a_gap(steps: int):
    found = jumps(steps, Quirks.none())
    assert len(found) == steps
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert found[-1] == (found[-1][0], None)
    assert all(reached is None or reached < left or left == 999 for left, reached in found)


def test_a_mended_sampler_ends_at_what_it_takes_for_the_clean_value():
    model = loaded()
    mended = AMG(replace(model.config, quirks=Quirks.none())).eval()
    mended.load_state_dict(model.state_dict())
    *_, last = sample_steps(mended, *TOLD, steps=4)
    assert torch.equal(last.value, last.clean)
    *_, published = sample_steps(model, *TOLD, steps=4)
    assert not torch.equal(published.value, published.clean)


def test_guidance_of_one_never_looks_at_the_empty_caption():
    nothing = torch.full_like(IO["zero_y"], torch.nan)
    *_, last = sample_steps(loaded(), *TOLD[:3], nothing, steps=2, guidance=1.0)
    assert bool(last.value.isfinite().all())
    *_, same = sample_steps(loaded(), *TOLD[:3], IO["y"], steps=2, guidance=5.0)
    assert torch.allclose(last.value, same.value, atol=1e-5)


def test_every_condition_matters():
    *_, before = sample_steps(loaded(), *TOLD, steps=2)
    for number in range(len(TOLD)):
        other = [value.flip(-1) if place == number else value for place, value in enumerate(TOLD)]
        *_, after = sample_steps(loaded(), *other, steps=2)
        assert float((after.value - before.value).abs().max()) > 1e-2, number


@pytest.mark.parametrize(("device", "dtype"), [("cpu", torch.bfloat16), ("meta", torch.float16)])
def test_steps_are_computed_in_the_dtype_of_the_noise_on_its_device(device: str, dtype: torch.dtype):
    model, _ = load_model(TensorFile.of(official()), CONFIG, device=device, dtype=dtype)
    avatar, text, empty = (value.to(device, dtype) for value in TOLD[1:])
    *_, last = sample_steps(model, TOLD[0].to(device), avatar, text, empty, steps=2)
    assert (last.value.device.type, last.value.dtype) == (device, torch.float32)


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_numbers_of_steps_that_cannot_be_are_refused(steps: int):
    with pytest.raises(InputError, match="1 to 1000 are allowed"):
        jumps(steps, CONFIG.quirks)

"""The deterministic sampler undoes what the schedule does, whatever the steps."""

from __future__ import annotations

from itertools import pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from kinoeye.networks.ddim import NoiseSchedule, ddim_steps


def test_signal_falls_and_noised_values_keep_their_variance():
    schedule = NoiseSchedule()
    assert all(later < earlier for earlier, later in pairwise(schedule.alphas_cumprod.tolist()))
    assert schedule.signal(None) == 1
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 3, 40, 500, generator=generator).chunk(2)
    timesteps = torch.tensor([700])
    noisy = schedule.noised(clean, noise, timesteps)
    assert abs(float(noisy.var()) - 1) < 0.03
    share = float((noisy * clean).mean() / (clean * clean).mean())
    assert abs(share**2 - schedule.signal(700)) < 0.01


def test_every_item_has_the_noise_of_its_own_timestep():
    schedule = NoiseSchedule(timesteps=10)
    clean = torch.ones(3, 2, 2)
    found = schedule.noised(clean, torch.zeros_like(clean), torch.tensor([0, 4, 9]))
    expected = torch.tensor([schedule.signal(timestep) ** 0.5 for timestep in (0, 4, 9)])
    assert torch.allclose(found, expected[:, None, None].expand(3, 2, 2))


@given(st.lists(st.integers(0, 999), min_size=1, max_size=12, unique=True), st.integers(0, 100))
def test_a_network_that_knows_the_noise_is_led_to_the_clean_value(timesteps: list[int], seed: int):
    schedule = NoiseSchedule()
    clean, noise = torch.randn(2, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    left = sorted(timesteps, reverse=True)
    start = schedule.noised(clean, noise, torch.tensor(left[0]))
    steps = list(ddim_steps(lambda value, timestep: noise, start, schedule, pairwise([*left, None])))  # pyright: ignore[reportArgumentType]
    assert len(steps) == len(timesteps)
    for step, reached in zip(steps, [*left[1:], None], strict=True):
        signal = schedule.signal(reached)
        assert torch.allclose(step.clean, clean)
        assert torch.allclose(step.value, signal**0.5 * clean + (1 - signal) ** 0.5 * noise)

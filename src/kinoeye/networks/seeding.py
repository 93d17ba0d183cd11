"""Chance from a seed, without a trace in the global random state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

CPU = torch.device("cpu")


@contextmanager
def seeded(seed: int, device: torch.device = CPU) -> Iterator[torch.Generator]:
    """A generator on the device; inside the block, first weights, dropout and all that is drawn without a generator
    follow the seed too. Afterwards the state of torch's own generators is what it was.

    Example:
        >>> with seeded(3):
        ...     first = torch.nn.Linear(2, 2)
        >>> with seeded(3):
        ...     again = torch.nn.Linear(2, 2)
        >>> torch.equal(first.weight, again.weight)
        True
    """
    defaults = _default_generators(device)
    states = [generator.get_state() for generator in defaults]
    try:
        for generator in defaults:
            generator.manual_seed(seed)
        yield torch.Generator(device=device).manual_seed(seed)
    finally:
        for generator, state in zip(defaults, states, strict=True):
            generator.set_state(state)


def _default_generators(device: torch.device) -> list[torch.Generator]:
    """What torch draws from on the CPU and on a device; `torch.manual_seed` would touch all devices, at a cost."""
    if device.type == "cuda":
        torch.cuda.init()
        index = torch.cuda.current_device() if device.index is None else device.index
        return [torch.default_generator, torch.cuda.default_generators[index]]
    if device.type == "mps":
        return [torch.default_generator, torch.mps._get_default_mps_generator()]
    return [torch.default_generator]

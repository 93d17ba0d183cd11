"""Random numbers as a function of the seed and of where in a run they are drawn, so that nothing has to be saved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def seed_of(*where: int | str) -> int:
    """A seed of 63 bits for a place in a run, such as (seed, phase, step, rank).

    Example:
        >>> seed_of(0, "motion", 12) == seed_of(0, "motion", 12) != seed_of(0, "motion", 13)
        True
    """
    digest = hashlib.sha256("/".join(map(str, where)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[torch.Generator]:
    """A generator on the device; inside the block, dropout and other draws without a generator follow the seed too.

    The state of torch's own generators is what it was when the block ends.
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

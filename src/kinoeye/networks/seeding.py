"""First weights from a seed, without a trace in the global random state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Modules built inside the block have the same first weights for the same seed; the random state is put back.

    Example:
        >>> with seeded(3):
        ...     first = torch.nn.Linear(2, 2)
        >>> with seeded(3):
        ...     again = torch.nn.Linear(2, 2)
        >>> torch.equal(first.weight, again.weight)
        True
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield

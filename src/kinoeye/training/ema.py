"""An exponential moving average of trained parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from kinoeye.training.parallel import local


class Ema:
    """The average `a <- decay * a + (1 - decay) * p` of parameters after every step, beginning at their first values.

    Args:
        parameters: what is averaged, by name.
        decay: share of the old average, between 0 and 1.

    Example:
        >>> weight = nn.Parameter(torch.zeros(1))
        >>> ema = Ema({"weight": weight}, 0.75)
        >>> _ = weight.data.fill_(1.0)
        >>> ema.update()
        >>> ema.averages["weight"].item()
        0.25
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self.decay = decay
        self._parameters = dict(parameters)
        self.averages: dict[str, Tensor] = {name: value.detach().clone() for name, value in parameters.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the parameters as they are now."""
        averages = [local(self.averages[name]) for name in self._parameters]
        torch._foreach_lerp_(averages, [local(value) for value in self._parameters.values()], 1 - self.decay)

    @torch.no_grad()
    def apply(self) -> None:
        """Make the averages the parameters."""
        for name, value in self._parameters.items():
            local(value).copy_(local(self.averages[name]))

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside the block, the averages are the parameters."""
        kept = {name: local(value).detach().clone() for name, value in self._parameters.items()}
        self.apply()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, value in self._parameters.items():
                    local(value).copy_(kept[name])

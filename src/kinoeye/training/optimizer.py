"""AdamW over a phase's trained parameters."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from kinoeye.base.errors import InputError
from kinoeye.networks.recipe import Phase


def trained_parameters(model: nn.Module, phase: Phase) -> dict[str, nn.Parameter]:
    """The parameters that a phase trains, by name.

    Raises:
        InputError: there is none.
    """
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    if not trained:
        raise InputError(f"phase {phase.name} trains nothing; `build` must leave requires_grad on some parameter")
    return trained


def adamw(parameters: Iterable[nn.Parameter], phase: Phase) -> AdamW:
    """The optimizer of a phase; its state is there from the start, so that a checkpoint can be read into it.

    Weight decay concerns matrices (two dimensions and more), and vectors too with `phase.decay_vectors`.
    """
    parameters = list(parameters)
    decayed = [parameter for parameter in parameters if phase.decay_vectors or parameter.ndim >= 2]
    others = [parameter for parameter in parameters if not phase.decay_vectors and parameter.ndim < 2]
    groups = [
        {"params": decayed, "weight_decay": phase.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = AdamW([group for group in groups if group["params"]], lr=phase.lr, betas=phase.betas, fused=True)
    for parameter in parameters:
        optimizer.state[parameter] = {
            "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
            "exp_avg": torch.zeros_like(parameter, memory_format=torch.preserve_format),
            "exp_avg_sq": torch.zeros_like(parameter, memory_format=torch.preserve_format),
        }
    return optimizer


def moments(optimizer: AdamW, trained: dict[str, nn.Parameter]) -> dict[str, Tensor]:
    """The optimizer's running moments by parameter name, as they are."""
    return {
        f"{moment}.{name}": optimizer.state[parameter][moment]
        for name, parameter in trained.items()
        for moment in ("exp_avg", "exp_avg_sq")
    }


def updates(optimizer: AdamW, trained: dict[str, nn.Parameter]) -> list[int]:
    """How often each parameter was updated: a step whose loss does not reach it leaves it out."""
    return [int(optimizer.state[parameter]["step"]) for parameter in trained.values()]


def set_updates(optimizer: AdamW, trained: dict[str, nn.Parameter], counts: list[int]) -> None:
    """The inverse of `updates`."""
    for parameter, count in zip(trained.values(), counts, strict=True):
        optimizer.state[parameter]["step"].fill_(count)


def set_learning_rate(optimizer: AdamW, lr: float) -> None:
    """Give every group a learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = lr

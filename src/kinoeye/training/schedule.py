"""The learning rate of a step: a linear warm-up, then constant, cosine or linear."""

from __future__ import annotations

import math

from kinoeye.networks.recipe import Phase


def learning_rate(phase: Phase, step: int) -> float:
    """The learning rate of a phase at a step, the first being 0.

    It rises linearly to `phase.lr` over the warm-up, has that value at the step after it, and reaches
    `phase.lr * phase.final_lr_fraction` at the last step of the schedule unless that is constant.

    Example:
        >>> phase = Phase(name="all", steps=101, batch_size=1, lr=1.0, schedule="linear", final_lr_fraction=0.0)
        >>> learning_rate(phase, 0), learning_rate(phase, 50), learning_rate(phase, 100)
        (1.0, 0.5, 0.0)
    """
    if step < phase.warmup_steps:
        return phase.lr * (step + 1) / phase.warmup_steps
    if phase.schedule == "constant":
        return phase.lr
    length = phase.steps if phase.schedule_steps is None else phase.schedule_steps
    done = min(1.0, (step - phase.warmup_steps) / max(1, length - 1 - phase.warmup_steps))
    share = 1 - done if phase.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
    return phase.lr * (phase.final_lr_fraction + (1 - phase.final_lr_fraction) * share)

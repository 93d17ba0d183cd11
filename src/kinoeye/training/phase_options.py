"""What a user may change of a recipe's phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kinoeye.base.errors import InputError
from kinoeye.networks.recipe import Phase, Precision


def adjusted_phases(
    phases: Sequence[Phase],
    *,
    steps: Sequence[int] = (),
    batch_size: int | None = None,
    accumulation: int | None = None,
    lr: float | None = None,
    precision: Precision | None = None,
) -> tuple[Phase, ...]:
    """Phases with what was given instead of their own.

    Args:
        phases: of a recipe.
        steps: one number for all phases, or one for each.
        batch_size: items a step.
        accumulation: batches a step.
        lr: the highest learning rate.
        precision: fp32 or bf16.

    Example:
        >>> [phase.steps for phase in adjusted_phases([Phase(name="a", steps=9, batch_size=2, lr=1e-3)], steps=[5])]
        [5]

    Raises:
        InputError: the number of steps is not one or one a phase, or a value is out of range.
    """
    if len(steps) not in (0, 1, len(phases)):
        names = ", ".join(phase.name for phase in phases)
        raise InputError(
            f"{len(steps)} numbers of steps were given for {len(phases)} phases ({names}); give one or one each"
        )
    given = {"batch_size": batch_size, "accumulation": accumulation, "lr": lr, "precision": precision}
    changes = {name: value for name, value in given.items() if value is not None}
    lengths = list(steps) * len(phases) if len(steps) == 1 else list(steps) or [phase.steps for phase in phases]
    return tuple(replace(phase, steps=length, **changes) for phase, length in zip(phases, lengths, strict=True))

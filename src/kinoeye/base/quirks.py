"""The form that all sets of upstream defects have."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, kw_only=True)
class QuirkSet:
    """Upstream defects of one component as fields that are on or off.

    Example:
        >>> @dataclass(frozen=True, kw_only=True)
        ... class Quirks(QuirkSet):
        ...     lost_end: bool
        >>> Quirks.official().lost_end, Quirks.none().lost_end
        (True, False)
    """

    @classmethod
    def official(cls) -> Self:
        """Every defect as upstream has it."""
        return cls(**{field.name: True for field in fields(cls)})

    @classmethod
    def none(cls) -> Self:
        """Every defect mended."""
        return cls(**{field.name: False for field in fields(cls)})

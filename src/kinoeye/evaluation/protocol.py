"""What a protocol is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kinoeye.evaluation.error_statistics import Aggregate
from kinoeye.evaluation.pose_pairs import PosePairs
from kinoeye.geometry.convention import Float64

Better = Literal["lower", "higher"]
Change = Literal["shift", "rigid", "scale"]
"""Of the estimate's world: a translation, a translation and rotation, a change of its unit."""

WORLD = frozenset[Change]({"shift", "rigid"})
SHAPE = frozenset[Change]({"shift", "rigid", "scale"})


@dataclass(frozen=True, kw_only=True)
class PoseProtocol:
    """One named error, or accuracy, of an estimate."""

    name: str
    unit: Literal["length", "rad", "deg", "%", "1", "mixed"]
    """"length" is the unit of the reference, "1" a pure number, "mixed" a sum of lengths and pure numbers."""
    compute: Callable[[PosePairs], Float64]
    """Error of each pose or step, or one number for the path; NaN where it is not defined, infinity where it failed."""
    aggregate: Aggregate = "mean"
    """What makes the published number of them."""
    alignment: Literal["as asked", "first pose", "first position", "none"] = "as asked"
    """How the estimate comes into the reference's world; all but "as asked" do so themselves and ignore a choice."""
    invariant_to: frozenset[Change] = frozenset()
    """Changes of the estimate's world that never change the result when no alignment is asked for."""
    worst: float = np.inf
    """What a pose without an estimate counts as."""
    better: Better = "lower"
    per: Literal["pose", "step", "path"] = "pose"
    """What one value belongs to; a protocol with one value a path counts failures itself."""

    @property
    def description(self) -> str:
        """The formula, as the function's docstring states it."""
        return (self.compute.__doc__ or "").strip().splitlines()[0]

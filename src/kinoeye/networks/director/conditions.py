"""What DIRECTOR is told: how the filmed character moves, and the caption."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from torch import Tensor

from kinoeye.base.errors import InputError

CHARACTER_STD = (0.0105, 0.00696, 0.01145)
"""Standard deviations of the steps of a character's centre in E.T., axis by axis."""


class Conditions(NamedTuple):
    """Conditions of a batch; zeros are what the model knows as "not told"."""

    character: Float[Tensor, "b f c"]
    """Standardised steps of the character's centre."""
    text: Float[Tensor, "b n d"]
    """Token features of the caption; one sentence vector [b, 1, d] where the variant takes no tokens."""

    def zeroed(self) -> Conditions:
        """Nothing told, as for the unconditional half of guidance."""
        return Conditions(torch.zeros_like(self.character), torch.zeros_like(self.text))

    def repeated(self, other: Conditions) -> Conditions:
        """These conditions, and after them those of another batch."""
        return Conditions(torch.cat([self.character, other.character]), torch.cat([self.text, other.text]))

    def dropped(self, probability: float, generator: torch.Generator) -> Conditions:
        """Zeroed at random for training: all of an item's conditions at once, and besides each for itself."""
        count = len(self.text)
        draws = torch.rand(count, 3, generator=generator, device=generator.device).to(self.text.device)
        told: Bool[Tensor, "b 3"] = draws >= probability
        character, text = told[:, 0] & told[:, 1], told[:, 0] & told[:, 2]
        return Conditions(self.character * character[:, None, None], self.text * text[:, None, None])


def character_features(centres: ArrayLike, frames: int) -> Float[Tensor, "frames 3"]:
    """Standardised steps of a character's centre, zero at the first frame and where it is padded.

    Args:
        centres: [n, 3] in the world of the camera path.
        frames: length to pad to.

    Raises:
        InputError: there are more than `frames` centres, or one is unknown.
    """
    points = np.asarray(centres, dtype=np.float64)
    if len(points) > frames or not np.isfinite(points).all():
        raise InputError(f"{len(points)} character centres are given; at most {frames} finite ones are needed")
    steps = np.diff(points, axis=0, prepend=points[:1]) / np.array(CHARACTER_STD)
    return torch.nn.functional.pad(torch.from_numpy(steps).float(), (0, 0, 0, frames - len(points)))

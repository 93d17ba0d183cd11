"""A CLaTr with what turns captions into its token features, trained and saved as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from kinoeye.networks.captioned_paths import CaptionFeatures
from kinoeye.networks.clatr.model import Clatr, ClatrOutput


class CaptionedClatr(nn.Module):
    """A CLaTr that takes captions as words.

    Args:
        clatr: the model.
        captions: a module from captions to token features of the model's `text_dim`.
    """

    def __init__(self, clatr: Clatr, captions: nn.Module) -> None:
        super().__init__()
        self.clatr = clatr
        self.captions = captions

    @property
    def tokens_of(self) -> CaptionFeatures:
        """The caption module as what it is called for."""
        return cast(CaptionFeatures, self.captions)

    def forward(
        self,
        features: Float[Tensor, "b f 9"],
        valid: Bool[Tensor, "b f"],
        captions: Sequence[str],
        generator: torch.Generator | None = None,
    ) -> ClatrOutput:
        """What the losses compare."""
        return self.clatr(features, valid, self.tokens_of(captions), generator)

    def embed_captions(self, captions: Sequence[str]) -> Float[Tensor, "b d"]:
        """Embeddings of captions, the means of their posteriors."""
        return self.clatr.embed_text(self.tokens_of(captions))

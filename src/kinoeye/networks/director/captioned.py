"""A DIRECTOR with what turns captions into its token features, and paths from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.networks.captioned_paths import CaptionFeatures
from kinoeye.networks.director.conditions import Conditions, character_features
from kinoeye.networks.director.diffusion import SIGMA_DATA, Sampler, sample
from kinoeye.networks.director.model import Director


class CaptionedDirector(nn.Module):
    """A DIRECTOR that takes captions as words.

    Args:
        director: the model.
        captions: a module from captions to token features of the model's `text_dim`.
    """

    def __init__(self, director: Director, captions: nn.Module) -> None:
        super().__init__()
        self.director = director
        self.captions = captions

    def conditions(self, captions: Sequence[str], character: Float[Tensor, "b f 3"]) -> Conditions:
        """Captions and characters as the model's variant takes them; padded tokens are zero."""
        tokens = cast(CaptionFeatures, self.captions)(captions)
        if self.director.config.variant == "cross_attention":
            return Conditions(character, tokens.features * tokens.valid[..., None])
        return Conditions(character, tokens.sentences[:, None])


@torch.no_grad()
def direct_paths(
    model: CaptionedDirector,
    captions: Sequence[str],
    *,
    generator: torch.Generator,
    frames: int | None = None,
    characters: Sequence[ArrayLike | None] | None = None,
    sampler: Sampler | None = None,
) -> list[NDArray[np.float64]]:
    """A camera path for each caption.

    Args:
        model: in evaluation mode.
        captions: what to film.
        generator: of the noise.
        frames: poses a path; all that the model knows by default.
        characters: centre [n, 3] of the character of each caption; None for none.
        sampler: steps and guidance; DIRECTOR's by default.

    Returns:
        Poses [frames, 4, 4] camera-to-world with OpenCV camera axes for each caption.

    Raises:
        InputError: the length is not one that the model knows, or there is another number of characters.
    """
    config = model.director.config
    frames = config.frames if frames is None else frames
    if not 1 <= frames <= config.frames:
        raise InputError(f"{frames} frames are asked for; this DIRECTOR makes 1 to {config.frames}")
    given = [None] * len(captions) if characters is None else list(characters)
    if len(given) != len(captions):
        raise InputError(f"{len(given)} characters are given for {len(captions)} captions; give one each, or None")
    weight = model.director.input.weight
    character = torch.stack(
        [
            torch.zeros(config.frames, config.character_dim) if c is None else character_features(c, config.frames)
            for c in given
        ]
    ).to(weight)
    shape = (len(captions), config.frames, config.feature_dim)
    latents = torch.randn(shape, generator=generator, device=generator.device).to(weight)
    valid = (torch.arange(config.frames, device=weight.device) < frames).expand(len(captions), -1)
    values = sample(model.director, latents, model.conditions(captions, character), valid, sampler)
    scale = 1.0 if config.quirks.shrunk_samples else 1 / SIGMA_DATA
    return [config.path.decode(scale * path[:frames]) for path in values]

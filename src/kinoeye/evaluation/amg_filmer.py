"""Small film models as filmers that `evaluation.amg` scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.systems.amg.data import avatar_films
from kinoeye.systems.amg.film_sampling import STEPS, Guidance
from kinoeye.systems.amg.pairs import AvatarCondition
from kinoeye.systems.amg.pipeline import AMGPipeline

Films = UInt8[NDArray, "b f h w 3"]


@dataclass(frozen=True)
class ModelFilmer:
    """A small film model.

    Args:
        pipeline: the model.
        guidance: towards avatars and caption.
        steps: of the sampler.
    """

    pipeline: AMGPipeline
    guidance: Guidance = field(default_factory=Guidance)
    steps: int = STEPS

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels that it was trained on."""
        return self.pipeline.model.config.size_wh

    def __call__(self, conditions: Sequence[AvatarCondition], captions: Sequence[str], *, seed: int) -> Films:
        """Films of avatars; the i-th has the noise of the seed plus i."""
        seeds = range(seed, seed + len(captions))
        avatars = avatar_films(conditions)
        return self.pipeline.film_avatars(avatars, captions, seeds=seeds, guidance=self.guidance, steps=self.steps)

    def without_attention(self, conditions: Sequence[AvatarCondition], captions: Sequence[str], *, seed: int) -> Films:
        """The same with every attention map uniform."""
        with self.pipeline.model.uniform_attention():
            return self(conditions, captions, seed=seed)

    def through_codec(self, films: Films) -> Films:
        """Films encoded and decoded."""
        codec = self.pipeline.model.codec
        frames = torch.from_numpy(films).to(self.pipeline.device).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        back = 127.5 * codec.decode(codec.encode(frames)) + 127.5
        return back.round().clamp(0, 255).permute(0, 1, 3, 4, 2).to(torch.uint8).cpu().numpy()

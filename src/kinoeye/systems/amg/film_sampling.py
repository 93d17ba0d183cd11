"""Films from noise: few deterministic steps, with a scale of its own for the avatars and for the caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.windows import averaged
from kinoeye.systems.amg.conditions import AvatarFilms, FilmConditions
from kinoeye.systems.amg.film_model import AvatarFilm

STEPS = 1
MAX_STEPS = 100
_MOST = 10.0


@dataclass(frozen=True)
class Guidance:
    """How far predictions go towards each of two conditions; 1 is as trained, and costs least where both are 1.

    The prediction is x(none) + a (x(avatars) - x(none)) + c (x(avatars, caption) - x(avatars)), as InstructPix2Pix is
    guided (Brooks et al. 2023, arXiv 2211.09800, equation 3).

    Args:
        avatar: a.
        caption: c.
    """

    avatar: float = 1.0
    caption: float = 1.0

    def __post_init__(self) -> None:
        for name in ("avatar", "caption"):
            if not 0 <= getattr(self, name) <= _MOST:
                raise InputError(f"the {name} scale is {getattr(self, name):g}; it is 0 to {_MOST:g}")

    def conditions(
        self, model: AvatarFilm, avatars: AvatarFilms, places: Float[Tensor, "b k"]
    ) -> list[tuple[float, FilmConditions]]:
        """What to predict from, and the weight of each prediction; the weights add up to 1."""
        nowhere = torch.zeros_like(places)
        weighed = (
            (self.caption, avatars, places),
            (self.avatar - self.caption, avatars, nowhere),
            (1 - self.avatar, nobody(avatars), nowhere),
        )
        return [(weight, model.conditions(shown, told)) for weight, shown, told in weighed if weight]


@torch.no_grad()
def sampled_latents(
    model: AvatarFilm,
    noise: Float[Tensor, "b c n y x"],
    given: Sequence[tuple[float, FilmConditions]],
    *,
    steps: int = STEPS,
    windows: Sequence[slice] = (slice(None),),
) -> Float[Tensor, "b c n y x"]:
    """Latents of films from noise, in equal steps of DDIM on a straight path (Song et al. 2021, arXiv 2010.02502).

    Args:
        model: in evaluation mode.
        noise: standard normal.
        given: conditions and their weights, as `Guidance.conditions` has them.
        steps: of the sampler.
        windows: of latent frames that the model sees together; predictions are averaged where they overlap.

    Raises:
        InputError: the number of steps is out of range.
    """
    if not 1 <= steps <= MAX_STEPS:
        raise InputError(f"{steps} sampling steps are given; 1 to {MAX_STEPS} are allowed")
    latents = noise
    for share, following in pairwise(torch.linspace(1, 0, steps + 1).tolist()):
        at = torch.full((len(noise),), share, device=noise.device)

        def predict(seen: Tensor, frames: slice, at: Tensor = at) -> Tensor:
            clean = torch.zeros_like(seen)
            for weight, conditions in given:
                clean = clean + weight * model(seen, at, conditions.frames(frames))
            return clean

        clean = averaged(predict, latents, windows)
        latents = clean + (latents - clean) * (following / share)
    return latents


def decoded(
    model: AvatarFilm, latents: Float[Tensor, "b c n y x"], given: Sequence[tuple[float, FilmConditions]]
) -> Float[Tensor, "b f 3 h w"]:
    """Films of latents from -1 to 1, with the detail of their composites that latents leave out.

    Args:
        model: whose codec they are of.
        latents: as `sampled_latents` makes them.
        given: what they were made from.
    """
    return model.codec.decode(latents) + sum(weight * conditions.detail for weight, conditions in given)


def nobody(avatars: AvatarFilms, *, kept: Float[Tensor, " b"] | None = None) -> AvatarFilms:
    """The same films without any avatar.

    Args:
        avatars: the films.
        kept: 1 for films that stay as they are, 0 for others; None empties all.
    """
    keep = torch.zeros(len(avatars.rgb), device=avatars.rgb.device) if kept is None else kept

    def emptied(values: Tensor) -> Tensor:
        return values * keep.view(-1, *[1] * (values.ndim - 1))

    return replace(
        avatars, **{name: emptied(getattr(avatars, name)) for name in ("rgb", "alpha", "nearness", "person")}
    )

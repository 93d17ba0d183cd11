"""How well a film model does on pairs, as its training asks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from kinoeye.systems.amg.conditions import FilmConditions
from kinoeye.systems.amg.data import avatar_films, one_hot
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.film_model import AvatarFilm
from kinoeye.systems.amg.film_sampling import Guidance, decoded, sampled_latents
from kinoeye.systems.amg.pairs import AvatarPair

_AT_ONCE = 4
_Given = Sequence[tuple[float, FilmConditions]]


@torch.no_grad()
def film_errors(model: AvatarFilm, pairs: Sequence[AvatarPair], *, films: bool) -> Mapping[str, float]:
    """Peak signal-to-noise ratios in decibels, over all pixels of pairs.

    Args:
        model: in evaluation mode.
        pairs: that training does not see.
        films: whether films are made; else only places are painted and captions read.

    Returns:
        `places_read`, the share of captions whose place is found; `composite`, of the avatars in the place's light,
        laid over it with their shadows; with films `film`, `person`, `shadow` (where actors cast theirs), and
        `uniform_attention`, what the film loses when every attention map is replaced by a uniform one.
    """
    found = model.read([pair.captions[0] for pair in pairs]).argmax(dim=-1)
    device = found.device
    true = one_hot([PLACES.index(pair.environment) for pair in pairs]).to(device)
    errors: dict[str, list[Tensor]] = {"composite": [], "film": [], "uniform": [], "person": [], "shadow": []}
    for start in range(0, len(pairs), _AT_ONCE):
        some = pairs[start : start + _AT_ONCE]
        avatars = avatar_films(some).to(device)
        truth = torch.from_numpy(np.stack([pair.film_rgb for pair in some])).to(device)
        truth = truth.permute(0, 1, 4, 2, 3).float() / 255
        given = Guidance().conditions(model, avatars, true[start : start + _AT_ONCE])

        def error(latents: Tensor, given: _Given = given, truth: Tensor = truth) -> Tensor:
            return ((decoded(model, latents, given) + 1) / 2 - truth).square().mean(dim=2)

        composite = given[0][1].composite
        errors["composite"].append(error(composite).flatten())
        if not films:
            continue
        noise = torch.randn(composite.shape, generator=torch.Generator().manual_seed(start)).to(device)
        made = error(sampled_latents(model, noise, given))
        cast = torch.from_numpy(np.stack([pair.cast for pair in some])).to(device)
        errors["film"].append(made.flatten())
        errors["person"].append(made[avatars.alpha > 0.5])
        errors["shadow"].append(made[cast])
        with model.uniform_attention():
            errors["uniform"].append(error(sampled_latents(model, noise, given)).flatten())
    scores = {name: -10 * math.log10(float(torch.cat(values).mean())) for name, values in errors.items() if values}
    if films:
        scores["uniform_attention"] = scores["film"] - scores.pop("uniform")
    return {"places_read": float((found == true.argmax(dim=-1)).double().mean()), **scores}

"""What the parts of a small film model are worth: what its predictions lose without them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from kinoeye.systems.amg.conditions import FilmConditions, film_conditions
from kinoeye.systems.amg.data import avatar_films, one_hot
from kinoeye.systems.amg.film_config import PLACES
from kinoeye.systems.amg.film_model import AvatarFilm
from kinoeye.systems.amg.film_sampling import decoded
from kinoeye.systems.amg.pairs import AvatarPair
from kinoeye.systems.amg.place_light import PlaceLight

NOISES = (1.0, 0.7)
"""Shares of noise at which clean films are predicted in one step."""


@torch.no_grad()
def ablations(model: AvatarFilm, pairs: Sequence[AvatarPair]) -> Mapping[str, float]:
    """Costs in decibels of taking something away from predictions in one step, and how alive attention is.

    Args:
        model: in evaluation mode.
        pairs: that training does not see.

    Returns:
        `cost_<what>_<noise>_<where>`: `uniform` (every attention map is), `unheard` (self-attention adds nothing),
        `unmapped` (maps of the avatars are empty), `unlit` (avatars in even light and no shadows in the composite);
        where is all, person_shadow or shadow. `stream_rms_<layer>`, and `attention_to_ffn_<layer>`: how much the
        outputs of self-attention differ between tokens, over the same of the feed-forward part.
    """
    device = model.text.weight.device
    avatars = avatar_films(pairs).to(device)
    places = one_hot([PLACES.index(pair.environment) for pair in pairs]).to(device)
    backdrop = model.backdrop(places, avatars.T_world_cam, avatars.fx_fy_cx_cy, avatars.size_wh)
    given, unlit = (
        film_conditions(model.codec, light, avatars, backdrop, model.field.suns(places), places)
        for light in (model.light, PlaceLight(len(PLACES)).to(device))
    )
    truth = torch.from_numpy(np.stack([pair.film_rgb for pair in pairs])).to(device).float() / 255
    where = {name: mask.to(device) for name, mask in _regions(pairs).items()}
    found: dict[str, float] = {}
    for noise in NOISES:

        def errors(conditions: FilmConditions, noise: float = noise) -> Mapping[str, float]:
            made = _predicted(model, truth, noise, conditions)
            error = (made - truth).square().mean(dim=-1)
            return {name: float(error[mask].mean()) for name, mask in where.items()}

        whole = errors(given)
        without: dict[str, Callable[[], Mapping[str, float]]] = {
            "uniform": lambda: _within(model.uniform_attention(), lambda: errors(given)),
            "unheard": lambda: _within(_unheard(model), lambda: errors(given)),
            "unmapped": lambda: errors(replace(given, maps=torch.zeros_like(given.maps))),
            "unlit": lambda: errors(unlit),
        }
        for what, measure in without.items():
            lost = measure()
            for name, error in lost.items():
                found[f"cost_{what}_{noise:g}_{name}"] = 10 * math.log10(error / whole[name])
    return {**found, **_aliveness(model, lambda: _predicted(model, truth, NOISES[0], given))}


def _regions(pairs: Sequence[AvatarPair]) -> dict[str, Bool[Tensor, "b f h w"]]:
    cast = torch.from_numpy(np.stack([pair.cast for pair in pairs]))
    person = torch.from_numpy(np.stack([pair.alpha > 127 for pair in pairs]))
    found = {"all": torch.ones_like(cast), "person_shadow": person | cast, "shadow": cast}
    return {name: mask for name, mask in found.items() if bool(mask.any())}


def _predicted(
    model: AvatarFilm, truth: Float[Tensor, "b f h w 3"], noise: float, given: FilmConditions
) -> Float[Tensor, "b f h w 3"]:
    clean = model.codec.encode(2 * truth.permute(0, 1, 4, 2, 3) - 1)
    drawn = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)).to(clean.device)
    share = torch.full((len(clean),), noise, device=clean.device)
    made = model((1 - noise) * clean + noise * drawn, share, given)
    return ((decoded(model, made, [(1.0, given)]) + 1) / 2).clamp(0, 1).permute(0, 1, 3, 4, 2)


def _within(context: Any, measure: Callable[[], Mapping[str, float]]) -> Mapping[str, float]:
    with context:
        return measure()


@contextmanager
def _hooked(hooks: Sequence[tuple[Any, Callable[..., Any]]]) -> Iterator[None]:
    handles = [module.register_forward_hook(hook) for module, hook in hooks]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _unheard(model: AvatarFilm) -> Any:
    """Self-attention adds nothing inside the block."""
    return _hooked([(block.attn1, lambda *call: torch.zeros_like(call[2])) for block in model.transformer.blocks])


def _aliveness(model: AvatarFilm, run: Callable[[], Tensor]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    varying: dict[str, float] = {}

    def spread(name: str) -> Callable[..., None]:
        return lambda module, given, made: varying.update({name: float(made.float().std(dim=1).mean())})

    def rms(name: str) -> Callable[..., None]:
        return lambda module, given, made: found.update({name: float(made.float().square().mean().sqrt())})

    hooks: list[tuple[Any, Callable[..., Any]]] = []
    for layer, block in enumerate(model.transformer.blocks):
        hooks += [
            (block, rms(f"stream_rms_{layer}")),
            (block.attn1, spread(f"attention_{layer}")),
            (block.ffn, spread(f"ffn_{layer}")),
        ]
    with _hooked(hooks):
        run()
    for layer in range(len(model.transformer.blocks)):
        found[f"attention_to_ffn_{layer}"] = varying[f"attention_{layer}"] / varying[f"ffn_{layer}"]
    return found

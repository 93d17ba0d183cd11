"""Paths written token by token: forced tokens in groups, many paths on one prefix, and a draft that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.systems.gendop.config import GenDoPConfig
from kinoeye.systems.gendop.engine import Cache, Engine
from kinoeye.systems.gendop.tokens import ATTRIBUTES, BOS, EOS, OFFSET, POSE_VALUES

MAX_PATHS = 64


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is chosen; the defaults are those of the released code.

    Raises:
        InputError: a number is out of range.
    """

    temperature: float = 1.0
    """0 takes the most likely token."""
    top_k: int | None = 10
    top_p: float | None = None
    """Keep the most likely tokens that together have this probability."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise InputError(f"temperature is {self.temperature:g}; it is 0 (greedy) or above")
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top-k is {self.top_k}; at least 1 token is needed")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise InputError(f"top-p is {self.top_p:g}; it is above 0 and at most 1")


GREEDY = Sampling(temperature=0.0, top_k=None)


@dataclass
class Drafted:
    """What became of drafted tokens."""

    proposed: int = 0
    accepted: int = 0
    passes: int = 0
    """Passes of the engine that verifies."""

    @property
    def acceptance(self) -> float:
        """Share of drafted tokens that were what the verifying engine would have chosen."""
        return self.accepted / max(1, self.proposed)


@dataclass(frozen=True)
class Layout:
    """Which tokens of a path are known before they are drawn, and which are allowed.

    Args:
        config: of the model.
        forced: whether the first pose is the identity and the lens and the scale are those of the first pose.
    """

    config: GenDoPConfig
    forced: bool
    allowed: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        allowed = torch.zeros(self.config.vocab_size, dtype=torch.bool)
        allowed[OFFSET:] = True
        object.__setattr__(self, "allowed", allowed)

    @property
    def length(self) -> int:
        """Tokens that are drawn or known."""
        return self.config.path_tokens + self.config.quirks.misplaced_eos

    def known(self, place: int, ids: Sequence[int]) -> int | None:
        """The id at a place of the path if it follows from the ids before it."""
        if not self.forced or place >= self.config.path_tokens:
            return None
        pose, attribute = divmod(place, ATTRIBUTES)
        if pose == 0 and attribute < POSE_VALUES:
            bins = self.config.discrete_bins
            return OFFSET + (bins if attribute == 0 else bins // 2)
        return ids[attribute] if pose > 0 and attribute >= POSE_VALUES else None

    def mask(self, place: int) -> Tensor:
        """Which ids [v] may stand at a place."""
        if not (self.config.quirks.misplaced_eos and place % ATTRIBUTES == 1):
            return self.allowed
        ending = self.allowed.clone()
        ending[EOS] = True
        return ending


def generate(
    engine: Engine,
    prefix: Float[Tensor, "b c d"],
    *,
    seeds: Sequence[int],
    sampling: Sampling | None = None,
    forced: bool | None = None,
) -> Int[Tensor, "s t"]:
    """Token ids of paths; as many seeds as paths, divided evenly among the prompts.

    A path depends on its own prompt and seed alone: not on the others, except for rounding.

    Args:
        engine: the decoder.
        prefix: of each prompt, from `GenDoPDecoder.prefix`.
        seeds: one a path.
        sampling: how tokens are chosen; None is as released.
        forced: whether tokens that follow from others are fed instead of drawn; None does so unless the quirks are
            the released ones.

    Raises:
        InputError: the number of seeds does not fit, or the model ends a path early (which the released rule allows).
    """
    batch = len(prefix)
    if not seeds or len(seeds) % batch or len(seeds) > MAX_PATHS:
        raise InputError(f"{len(seeds)} seeds for {batch} prompts; give as many for each, and at most {MAX_PATHS}")
    layout = _layout(engine, forced)
    chooser = _Chooser(layout, sampling or Sampling(), seeds)
    cache = engine.start(prefix, copies=len(seeds) // batch)
    device = prefix.device
    ids: list[list[int]] = [[] for _ in seeds]
    fresh = [[BOS, *_forced_after(layout, path)] for path in ids]
    while True:
        logits = engine.extend(cache, torch.tensor(fresh, device=device))[:, -1].float().cpu()
        for path, token in zip(ids, chooser(logits, len(ids[0])), strict=True):
            path.append(token)
        fresh = [[path[-1], *_forced_after(layout, path)] for path in ids]
        if len(ids[0]) >= layout.length:
            return _whole(ids)


def generate_with_draft(
    engine: Engine,
    draft: Engine,
    prefix: Float[Tensor, "1 c d"],
    *,
    seed: int,
    sampling: Sampling | None = None,
    forced: bool | None = None,
    ahead: int = 10,
) -> tuple[Int[Tensor, "1 t"], Drafted]:
    """The ids that `generate` gives for one path, most of them proposed by a faster engine and verified in groups.

    Every place has its own random numbers, so that both engines choose alike wherever their logits agree.

    Args:
        engine: whose choice counts.
        draft: the same decoder in a lower precision.
        prefix: of the prompt.
        seed: of the path.
        sampling: as `generate`.
        forced: as `generate`.
        ahead: how many tokens are fed to `engine` at once, at most.

    Raises:
        InputError: as `generate`.
    """
    layout = _layout(engine, forced)
    chooser = _Chooser(layout, sampling or Sampling(), [seed])
    caches = engine.start(prefix), draft.start(prefix)
    told = Drafted()
    ids: list[int] = []
    _forced_after(layout, ids)
    while len(ids) < layout.length:
        proposed, drawn = list(ids), []
        while len(proposed) < layout.length and len(proposed) + 1 - caches[0].length < ahead:
            drawn.append(len(proposed))
            proposed.append(_next(draft, caches[1], proposed, chooser))
            _forced_after(layout, proposed)
        first = caches[0].length
        fed = [BOS, *proposed][first:]
        logits = engine.extend(caches[0], torch.tensor([fed], device=prefix.device))[0].float().cpu()
        told.passes += 1
        for place in drawn:  # logits after token i stand at row i - first; the token at `place` follows token `place`
            token = chooser(logits[place - first][None], place)[0]
            told.proposed += 1
            told.accepted += token == proposed[place]
            if token != proposed[place]:
                ids = [*proposed[:place], token]
                break
        else:
            ids = proposed
            if len(ids) < layout.length:  # every guess held, so the last row's choice comes free
                ids = [*ids, chooser(logits[-1][None], len(ids))[0]]
        _forced_after(layout, ids)
        kept = _common(ids, proposed) + 1
        for cache in caches:
            cache.length = min(cache.length, kept)
    return _whole([ids]), told


def _next(engine: Engine, cache: Cache, ids: list[int], chooser: _Chooser) -> int:
    """The engine's choice after some ids, of which it may not have seen the last ones."""
    fresh = [BOS, *ids][cache.length :]
    logits = engine.extend(cache, torch.tensor([fresh], device=cache.keys[0].device))[:, -1].float().cpu()
    return chooser(logits, len(ids))[0]


def _common(first: list[int], second: list[int]) -> int:
    """How many tokens two paths begin with alike."""
    return next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )


def _layout(engine: Engine, forced: bool | None) -> Layout:
    config = engine.decoder.config
    return Layout(config, not config.quirks.misplaced_eos if forced is None else forced)


def _forced_after(layout: Layout, ids: list[int]) -> list[int]:
    """Append the ids that follow from those there are; the appended ones."""
    before = len(ids)
    while len(ids) < layout.length and (token := layout.known(len(ids), ids)) is not None:
        ids.append(token)
    return ids[before:]


def _whole(ids: list[list[int]]) -> Tensor:
    for path in ids:
        if EOS in path:
            raise InputError(
                f"the model ended a path after {path.index(EOS)} tokens, which its end rule allows and no path can be "
                "made of; use another seed, or no quirks"
            )
    return torch.tensor(ids)


class _Chooser:
    """Chooses tokens with random numbers that belong to a path and a place.

    Drawing argmax(p / e) with e exponential is what `torch.multinomial` does for one draw, number by number.
    """

    def __init__(self, layout: Layout, sampling: Sampling, seeds: Sequence[int]) -> None:
        self._layout, self._sampling = layout, sampling
        self._noise: list[list[Tensor]] = [[] for _ in seeds]
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, logits: Float[Tensor, "s v"], place: int) -> list[int]:
        logits = logits.masked_fill(~self._layout.mask(place), -torch.inf)
        if self._sampling.temperature == 0:
            return logits.argmax(dim=-1).tolist()
        chances = _chances(logits / self._sampling.temperature, self._sampling)
        return (chances / self._noise_at(place, logits.shape[-1])).argmax(dim=-1).tolist()

    def _noise_at(self, place: int, width: int) -> Tensor:
        for noise, generator in zip(self._noise, self._generators, strict=True):
            while len(noise) <= place:
                noise.append(torch.empty(width).exponential_(generator=generator))
        return torch.stack([noise[place] for noise in self._noise])


def _chances(logits: Float[Tensor, "s v"], sampling: Sampling) -> Float[Tensor, "s v"]:
    """Probabilities after top-k and top-p."""
    if sampling.top_k is not None and sampling.top_k < logits.shape[-1]:
        least = logits.topk(sampling.top_k, dim=-1).values[:, -1:]
        logits = logits.masked_fill(logits < least, -torch.inf)
    chances = logits.softmax(dim=-1)
    if sampling.top_p is not None and sampling.top_p < 1:
        ordered, order = chances.sort(dim=-1, descending=True)
        ordered = ordered.masked_fill(ordered.cumsum(dim=-1) - ordered >= sampling.top_p, 0.0)
        chances = torch.zeros_like(chances).scatter_(-1, order, ordered)
        chances = chances / chances.sum(dim=-1, keepdim=True)
    return chances

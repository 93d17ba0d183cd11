"""How the small film model is trained on rendered pairs: places, then films, then the words for places."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.networks.codec import PatchCodec
from kinoeye.networks.latent_maps import unshuffled
from kinoeye.networks.recipe import Batch, Phase, item_numbers
from kinoeye.networks.text import WordBatch
from kinoeye.systems.amg.conditions import AvatarFilms, film_conditions
from kinoeye.systems.amg.data import PAIR_ARRAYS, TrainingPairs, one_hot, pair_camera
from kinoeye.systems.amg.film_ablations import ablations
from kinoeye.systems.amg.film_checkpoint import save
from kinoeye.systems.amg.film_config import PLACES, AvatarFilmConfig
from kinoeye.systems.amg.film_model import AvatarFilm
from kinoeye.systems.amg.film_sampling import nobody
from kinoeye.systems.amg.film_validation import film_errors
from kinoeye.systems.amg.pairs import AvatarPair, write_arrays
from kinoeye.systems.amg.place_learning import PlaceLearner, PlaceLessons, place_loss
from kinoeye.systems.amg.place_wording import reading_loss, train_vocabulary, word_batch, worded_caption

_CAST_WEIGHT, _PERSON_WEIGHT = 8.0, 3.0
"""Of patches that are all shadow or person in the objective; others count 1."""
_PURE, _NOISIER = 0.6, 1.5
"""Share of films that are predicted from noise alone, as a film in one step is, and shift of the logistic-normal share
of noise of the others."""
_UNTOLD, _UNSHOWN, _BLIND_WEIGHT = 0.05, 0.05, 0.1
"""Shares of films whose caption or whose avatars are left out, so that guidance has something to go away from, and
their weight in the objective: what nobody can know would drown the rest."""


@dataclass(frozen=True, kw_only=True)
class AvatarFilmRecipe:
    """Training of an `AvatarFilm` on worlds of the train stream, each rendered once and kept in a folder.

    A batch draws everything from its number, so that a resumed run sees what an unbroken one sees.

    Args:
        folder: where rendered pairs are kept.
        pairs: how many there are.
        film_pairs: how many of them, the first, films are learnt from; all show places and tell words.
        size_wh: width and height of films in pixels.
        steps: of the three phases.
        seed: of the batches.
        codec_films: that the codec is fitted on.
        held_out: pairs behind the trained ones, which validation looks at.
    """

    folder: Path
    pairs: int = 8_000
    film_pairs: int = 2_400
    size_wh: tuple[int, int] = (128, 128)
    steps: tuple[int, int, int] = (3_000, 1_400, 500)
    seed: int = 0
    codec_films: int = 192
    held_out: int = 24
    _orders: dict[tuple[int, int], NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)
    _backdrops: list[Backdrops] = field(default_factory=list, init=False, repr=False)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Places, films, words."""
        places, films, words = self.steps
        return (
            Phase(
                name="places", steps=places, batch_size=16, lr=3e-3, warmup_steps=20, final_lr_fraction=0.02,
                betas=(0.9, 0.99), weight_decay=0.0, clip_norm=None, checkpoint_every=500, validate_every=places,
            ),
            Phase(
                name="films", steps=films, batch_size=8, lr=5e-4, warmup_steps=100, final_lr_fraction=0.02,
                betas=(0.9, 0.95), weight_decay=0.01, ema_decay=0.998, precision="bf16", checkpoint_every=100,
                validate_every=500,
            ),
            Phase(
                name="words", steps=words, batch_size=144, lr=3e-3, warmup_steps=50, final_lr_fraction=0.02,
                weight_decay=0.02, checkpoint_every=200, validate_every=words,
            ),
        )  # fmt: skip

    @cached_property
    def source(self) -> TrainingPairs:
        """The pairs; those after `pairs` are never trained on."""
        return TrainingPairs(folder=self.folder, size_wh=self.size_wh)

    @cached_property
    def _lessons(self) -> PlaceLessons:
        return PlaceLessons(self.source, seed=self.seed)

    def build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        """The model, or what trains one part of it."""
        film = self._fresh() if previous is None else _film_of(previous)
        film.requires_grad_(requires_grad=False)
        if phase.name == "places":
            film.field.requires_grad_(requires_grad=True)
            film.light.requires_grad_(requires_grad=True)
            return PlaceLearner(film)
        if phase.name == "words":
            film.reader.requires_grad_(requires_grad=True)
            return WordLearner(film)
        film.transformer.requires_grad_(requires_grad=True)
        film.text.requires_grad_(requires_grad=True)
        self._backdrops.append(Backdrops(self.folder, film))
        return film

    def _fresh(self) -> AvatarFilm:
        films = (self.source[number].film_rgb for number in range(self.codec_films))
        codec = PatchCodec.fit(torch.from_numpy(film).permute(0, 3, 1, 2).float() / 127.5 - 1 for film in films)
        return AvatarFilm(
            AvatarFilmConfig(words=train_vocabulary().words, codec=codec.config, size_wh=self.size_wh), codec
        )

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Visits to pairs, all of them before any is visited again."""
        make = {"places": self._lessons.batch, "words": self._word_batch, "films": self._film_batch}[phase.name]
        among = self.film_pairs if phase.name == "films" else self.pairs
        for batch, numbers in enumerate(item_numbers(phase, rank=rank, world=world, start=start), start):
            rng = np.random.default_rng([self.seed, batch, rank, 7])
            yield make([self._visit(number, among) for number in numbers], rng)

    def _visit(self, number: int, among: int) -> int:
        """The number of the pair of a visit, all of so many before any again."""
        turn, place = divmod(number, among)
        if (turn, among) not in self._orders:
            self._orders.clear()
            self._orders[turn, among] = np.random.default_rng([self.seed, turn]).permutation(among)
        return int(self._orders[turn, among][place])

    def _word_batch(self, numbers: Sequence[int], rng: np.random.Generator) -> Batch:
        told = [worded_caption(*self.source.told(number), rng) for number in numbers]
        return word_batch(told, train_vocabulary(), rng)

    def _film_batch(self, numbers: Sequence[int], rng: np.random.Generator) -> Batch:
        pairs = [self.source[number] for number in numbers]
        backdrops = [self._backdrops[-1](number, pair) for number, pair in zip(numbers, pairs, strict=True)]
        chance = rng.random(len(pairs))
        batch = {name: torch.from_numpy(np.stack([getattr(pair, name) for pair in pairs])) for name in PAIR_ARRAYS}
        return {
            **batch,
            "backdrop": torch.from_numpy(np.stack(backdrops)),
            "place": torch.tensor([PLACES.index(pair.environment) for pair in pairs]),
            "told": torch.from_numpy(chance >= _UNTOLD + _UNSHOWN),
            "shown": torch.from_numpy(chance >= _UNSHOWN),
        }

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Of the part that the batch is for."""
        if "origins" in batch:
            return place_loss(model, batch)
        if "words" in batch:
            words = WordBatch(batch["words"], batch["ngrams"], batch["valid"], batch["meanings"])
            return {"loss": reading_loss(model(words), batch["shares"])}
        return film_loss(model, batch, generator)

    def validate(self, model: nn.Module, phase: Phase, step: int) -> Mapping[str, float]:
        """What the model makes of pairs that training never sees, and what its parts are worth after the last films."""
        held = [self.source[self.pairs + number] for number in range(self.held_out)]
        film = _film_of(model)
        errors = film_errors(film, held, films=phase.name != "places")
        if (phase.name, step) == ("films", phase.steps):
            return {**errors, **ablations(film, held)}
        return errors

    def export(self, model: nn.Module, folder: Path) -> None:
        """Configuration and weights in 16 bits."""
        save(_film_of(model), folder)


class WordLearner(nn.Module):
    """The part of a film model that reads captions.

    Args:
        film: the model.
    """

    def __init__(self, film: AvatarFilm) -> None:
        super().__init__()
        self.film = film

    def forward(self, captions: WordBatch) -> Float[Tensor, "b k"]:
        """Logits of places, those of a reader for each part of the captions."""
        return self.film.reader.apart(captions)


class Backdrops:
    """What the places of pairs look like to a trained field, each painted once and kept in a folder.

    Args:
        folder: of the pairs.
        film: whose field is trained.
    """

    def __init__(self, folder: Path, film: AvatarFilm) -> None:
        self._pairs = folder
        self._film = film

    @cached_property
    def folder(self) -> Path:
        """Where pictures of this field lie; asked for first when its weights are there, which is after it is built."""
        digest = hashlib.sha256()
        for value in self._film.field.state_dict().values():
            digest.update(value.detach().cpu().contiguous().numpy().tobytes())
        return self._pairs / f"backdrops-{digest.hexdigest()[:12]}"

    def __call__(self, number: int, pair: AvatarPair) -> UInt8[NDArray, "f h w 3"]:
        """The picture of a pair's place without anybody.

        Args:
            number: of the pair.
            pair: the pair.
        """
        file = self.folder / f"{number:08d}.npz"
        if not file.exists():
            write_arrays({"rgb": self._painted(pair)}, file)
        with np.load(file, allow_pickle=False) as archive:
            return archive["rgb"]

    @torch.no_grad()
    def _painted(self, pair: AvatarPair) -> UInt8[NDArray, "f h w 3"]:
        shares = one_hot([PLACES.index(pair.environment)])
        height, width = pair.alpha.shape[1:]
        device = self._film.text.weight.device
        shares, poses, lenses = (value.to(device) for value in (shares, *pair_camera(pair)))
        rgb = self._film.backdrop(shares, poses, lenses, (width, height))[0]
        return (255 * rgb).round().clamp(0, 255).to(torch.uint8).cpu().numpy()


def film_loss(model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
    """Weighted squared error of clean latents, most at high noise; person and shadow count more than the rest.

    An error in clean latents has the weight min(1, SNR) of one in noise at the noise that is drawn (Hang et al. 2023,
    arXiv 2303.09556): none of the few films at low noise counts more than others.
    """
    film = _film_of(model)
    device = film.text.weight.device
    with torch.autocast(device.type, enabled=False):  # positions need all their bits
        avatars = AvatarFilms(
            rgb=batch["avatar_rgb"].float() / 255, alpha=batch["alpha"].float() / 255,
            nearness=batch["nearness"].float(), person=batch["person"].float(), T_world_cam=batch["T_world_cam"],
            fx_fy_cx_cy=batch["fx_fy_cx_cy"][:, None].expand(-1, batch["alpha"].shape[1], -1),
        )  # fmt: skip
        shown = batch["shown"].float()
        weights = 1 + (_CAST_WEIGHT - 1) * _share(film, batch["cast"].float()) ** 0.5
        weights = weights + (_PERSON_WEIGHT - 1) * _share(film, avatars.alpha)
        weights = weights * torch.where(batch["told"], 1.0, _BLIND_WEIGHT)[:, None, None, None, None]
        avatars = nobody(avatars, kept=shown)
        shares = functional.one_hot(batch["place"], len(PLACES)).float() * batch["told"].float()[:, None]
        backdrop, suns = batch["backdrop"].float() / 255, film.field.suns(shares)
        given = film_conditions(film.codec, film.light, avatars, backdrop, suns, shares)
        clean = film.codec.encode((batch["film_rgb"].float() / 127.5 - 1).permute(0, 1, 4, 2, 3))
    noise = torch.sigmoid(torch.randn(len(clean), generator=generator, device=device) + _NOISIER)
    noise = torch.where(torch.rand(len(clean), generator=generator, device=device) < _PURE, 1.0, noise)
    share = noise[:, None, None, None, None]
    noisy = (1 - share) * clean + share * torch.randn(clean.shape, generator=generator, device=device)
    error = (model(noisy, noise, given) - clean).square()
    return {"loss": (weights * error).mean() / weights.mean(), "plain": error.mean().detach()}


def _share(film: AvatarFilm, maps: Float[Tensor, "b f h w"]) -> Float[Tensor, "b 1 n y x"]:
    """How much of each patch a map covers."""
    config = film.codec.config
    return unshuffled(maps[:, None], frames=config.frames, side=config.side).mean(dim=1, keepdim=True)


def _film_of(model: nn.Module) -> AvatarFilm:
    """The film model, or that of a learner or of what several processes share."""
    inner: Any = model
    while not isinstance(inner, AvatarFilm):
        inner = inner.film if isinstance(inner, PlaceLearner | WordLearner) else inner.module
    return inner

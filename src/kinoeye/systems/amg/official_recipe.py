"""How the released architecture is trained: adapters and the input convolution on a frozen text-to-video model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.utils.checkpoint import checkpoint

from kinoeye.base.errors import InputError
from kinoeye.base.files import sha256_of_file
from kinoeye.base.optional import require
from kinoeye.networks import open_tensors
from kinoeye.networks.codec import ImageVaeCodec
from kinoeye.networks.ddim import NoiseSchedule
from kinoeye.networks.devices import chosen_device
from kinoeye.networks.recipe import Batch, Phase, item_numbers
from kinoeye.systems.amg.autoencoder import load_autoencoder
from kinoeye.systems.amg.base_checkpoint import base_config, load_base
from kinoeye.systems.amg.checkpoint import save
from kinoeye.systems.amg.config import AMGConfig
from kinoeye.systems.amg.input_cache import CaptionCache, LatentCache
from kinoeye.systems.amg.model import AMG, noise_loss
from kinoeye.systems.amg.official_pipeline import check_width
from kinoeye.systems.amg.text_encoder import encoder_width
from kinoeye.systems.amg.training_clips import ClipSource, Cropping, FrameFile, TrainingClip, is_features
from kinoeye.systems.amg.training_settings import TrainingSettings

_VALIDATED = 16
"""Held-out clips that validation looks at."""
_ORDER, _ITEM, _HELD = range(3)
"""What a random number is drawn for."""


@dataclass(frozen=True)
class Encoders:
    """What inputs are computed with, and where they are kept.

    Args:
        cache: folder of latents and features, which several runs may share.
        autoencoder: checkpoint of the image autoencoder; None where the frames are latents.
        text_encoder: as `TextEncoder.from_pretrained`; None where the captions are features.
        empty: features of the empty caption; None has them from the text encoder.
        device: where to compute: "auto", "cpu", "cuda", "cuda:1", "mps".
    """

    cache: Path
    autoencoder: Path | None = None
    text_encoder: Path | None = None
    empty: Path | None = None
    device: str = "auto"


@dataclass(frozen=True, kw_only=True)
class OfficialRecipe:
    """Training of the released architecture on clips: the noise in the film's latents, beside those of its avatars.

    What is drawn for a clip (its caption, what is left out, timestep and noise) follows from its place in the endless
    order of clips, so that neither a resumed run nor another number of processes sees anything else.

    Args:
        init: checkpoint of the text-to-video model, or one of AMG to go on from.
        source: of the clips.
        encoders: of what is no latent and no feature yet.
        cropping: of pictures.
        settings: numbers of the training.
        seed: of the order of clips, of what is drawn for them, and of new adapters.

    Raises:
        InputError: a checkpoint is another model's, a folder has no clips, or something does not fit; nothing heavy is
            read before.
    """

    init: Path
    source: ClipSource
    encoders: Encoders
    cropping: Cropping = field(default_factory=Cropping)
    settings: TrainingSettings = field(default_factory=TrainingSettings)
    seed: int = 0
    _config: AMGConfig = field(init=False, repr=False)
    _clips: tuple[TrainingClip, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        settings = self.settings
        config = base_config(self.init, lora_rank=settings.lora_rank, quirks=settings.quirks)
        clips = self.source.clips(settings)
        if len(clips) <= settings.held_out:
            raise InputError(
                f"there are {len(clips)} clips and {settings.held_out} of them are held out; give more, or hold out "
                "fewer with --hold-out"
            )
        object.__setattr__(self, "_config", config)
        object.__setattr__(self, "_clips", clips)
        self._check_encoders()
        self._check_first()

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One."""
        return (self.settings.phase,)

    @cached_property
    def weights_sha256(self) -> Mapping[str, str]:
        """What it began with, and the autoencoder without which it is of no use."""
        named = {"base": self.init, "autoencoder": self.encoders.autoencoder}
        return {name: sha256_of_file(file) for name, file in named.items() if file is not None and file.is_file()}

    @cached_property
    def latents(self) -> LatentCache:
        """Of frames."""
        encoders = self.encoders
        return LatentCache(
            encoders.cache, encoders.autoencoder, cropping=self.cropping, drawn=self.settings.quirks.sampled_latents
        )

    @cached_property
    def captions(self) -> CaptionCache:
        """Features of captions."""
        return CaptionCache(self.encoders.cache, self.encoders.text_encoder, self.encoders.empty)

    def build(self, phase: Phase, previous: nn.Module | None) -> AMG:
        """The base with new adapters; before, each process encodes its share of what is not encoded yet."""
        del phase, previous
        self._encode()
        model = load_base(self.init, self._config, seed=self.seed)
        model.requires_grad_(requires_grad=False)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(".lora_" in name or name.startswith("unet.conv_in."))
        if self.settings.recomputed:
            recompute_blocks(model)
        return model.train()

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        """Clips in an order that is new in every epoch; every process takes its own ones."""
        for numbers in item_numbers(phase, rank=rank, world=world, start=start):
            yield _stacked([self._item(number) for number in numbers])

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Mean squared error of the noise, with `min_snr` that of Hang et al. 2023 (arXiv 2303.09556)."""
        del generator  # timesteps and noise are drawn with the clips
        for part in model.modules():
            if isinstance(part, nn.Dropout):  # those of frozen blocks too, as in the released training
                part.train(model.training)
        return {"loss": noise_loss(model, **batch, min_snr=self.settings.min_snr)}  # type: ignore[arg-type]

    @torch.no_grad()
    def validate(self, model: nn.Module, phase: Phase, step: int) -> Mapping[str, float]:
        """Error of the noise in clips that training never sees, each at a timestep of its own, always the same."""
        del phase, step
        device = next(model.parameters()).device
        errors: list[float] = []
        count = min(_VALIDATED, self.settings.held_out)
        for number in range(count):
            rng = np.random.default_rng([self.seed, _HELD, number])
            timestep = (2 * number + 1) * len(NoiseSchedule()) // (2 * count)
            item = self._noised(self._clips[number], rng, timestep, shown=True, told=True)
            batch = {name: value[None].to(device) for name, value in item.items()}
            errors.append(float(noise_loss(model, **batch)))  # type: ignore[arg-type]
        return {"held_out": float(np.mean(errors))} if errors else {}

    def export(self, model: nn.Module, folder: Path) -> None:
        """Weights under their official names, with the adapters beside them, and the configuration."""
        assert isinstance(model, AMG)
        save(model, folder)

    def _item(self, number: int) -> dict[str, Tensor]:
        """A clip by its place in the endless order, with what is drawn for it."""
        settings = self.settings
        trained = len(self._clips) - settings.held_out
        epoch, place = divmod(number, trained)
        clip = self._clips[settings.held_out + int(_order(trained, self.seed, epoch)[place])]
        rng = np.random.default_rng([self.seed, _ITEM, number])
        chance, timestep = rng.random(), int(rng.integers(len(NoiseSchedule())))
        shown = chance >= settings.avatar_dropout
        told = chance >= settings.avatar_dropout + settings.caption_dropout
        return self._noised(clip, rng, timestep, shown=shown, told=told)

    def _noised(
        self, clip: TrainingClip, rng: np.random.Generator, timestep: int, *, shown: bool, told: bool
    ) -> dict[str, Tensor]:
        captions = clip.captions
        caption = captions[int(rng.integers(len(captions)))]
        film, avatar = self.latents.read(clip.film), self.latents.read(clip.avatar)
        if film.shape != avatar.shape:
            raise _of_two_shapes(clip, film.shape, avatar.shape)
        return {
            "film": film,
            "avatar": avatar if shown else torch.zeros_like(avatar),
            "text": self.captions.read(caption if told else "")[0],
            "timesteps": torch.tensor(timestep),
            "noise": torch.from_numpy(rng.standard_normal(film.shape, dtype=np.float32)),
        }

    def _encode(self) -> None:
        rank, world = (distributed.get_rank(), distributed.get_world_size()) if distributed.is_initialized() else (0, 1)
        device = chosen_device(self.encoders.device, int(os.environ.get("LOCAL_RANK", rank)))
        together = distributed.barrier if world > 1 else lambda: None  # what another process makes is read here
        self.source.prepare(range(rank, len(self._clips), world))
        together()
        frames = list(dict.fromkeys(frame for clip in self._clips for frame in (*clip.film, *clip.avatar)))
        captions = list(dict.fromkeys(caption for clip in self._clips for caption in clip.captions))
        self.latents.fill(frames[rank::world], device)
        self.captions.fill(captions[rank::world], device)
        together()

    @cached_property
    def _pictures(self) -> tuple[int, int, int] | None:
        """Channels, height and width of the latents of pictures; None without an autoencoder.

        Raises:
            InputError: the pictures do not divide.
        """
        if self.encoders.autoencoder is None:
            return None
        codec = ImageVaeCodec(load_autoencoder(open_tensors(self.encoders.autoencoder), device="meta")[0])
        width, height = self.cropping.size_wh
        stride = codec.spatial_stride
        if width % stride or height % stride:
            raise InputError(f"pictures are to be {width} x {height} pixels; both sides must be multiples of {stride}")
        return codec.channels, height // stride, width // stride

    def _check_encoders(self) -> None:
        encoders, frames = self.encoders, [frame for clip in self._clips for frame in (*clip.film, *clip.avatar)]
        if self._pictures is None and not all(frame.is_latent for frame in frames):
            _ = self.latents.autoencoder
        if encoders.text_encoder is not None:
            check_width(encoder_width(encoders.text_encoder), self._config, where=str(encoders.text_encoder))
        elif not all(is_features(clip.caption) for clip in self._clips):
            _ = self.captions.text_encoder
        elif encoders.empty is None and self.settings.caption_dropout + self.settings.avatar_dropout > 0:
            raise InputError(
                "some clips are shown without their caption, which needs features of the empty one: give --empty FILE "
                "(upstream's zero_y), or --text-encoder DIR"
            )

    def _check_first(self) -> None:
        """That files are of the wrong kind is known before weights load."""
        clip = self._clips[0]
        film, avatar = self._latent_shape(clip.film), self._latent_shape(clip.avatar)
        if film != avatar:
            raise _of_two_shapes(clip, film, avatar)
        if film[0] != self._config.latent_channels:
            raise InputError(
                f"latents of {clip.film[0].path.parent} have {film[0]} channels; {self.init} works with "
                f"{self._config.latent_channels}"
            )
        for file in (clip.caption, self.encoders.empty):
            if file is not None and is_features(file):
                check_width(self.captions.read(file).shape[2], self._config, where=str(file))

    def _latent_shape(self, frames: Sequence[FrameFile]) -> tuple[int, int, int]:
        if not frames[0].is_latent:
            assert self._pictures is not None
            if frames[0].array is None:
                self.cropping(frames[0])
            return self._pictures
        channels, _, height, width = self.latents.read(frames).shape
        return channels, height, width


def _stacked(items: Sequence[Mapping[str, Tensor]]) -> Batch:
    """A batch of items.

    Raises:
        InputError: they have several shapes.
    """
    for name, value in items[0].items():
        other = next((item[name] for item in items if item[name].shape != value.shape), None)
        if other is not None:
            what = "features of captions" if name == "text" else "latents"
            raise InputError(
                f"{what} have shapes {list(value.shape)} and {list(other.shape)}; those of all clips need one shape"
            )
    return {name: torch.stack([item[name] for item in items]) for name in items[0]}


def _of_two_shapes(clip: TrainingClip, film: Sequence[int], avatar: Sequence[int]) -> InputError:
    return InputError(
        f"{clip.film[0].path} has latents {list(film)} and {clip.avatar[0].path} {list(avatar)}; the film and the "
        "avatars' rendering need one shape"
    )


def recompute_blocks(model: AMG) -> None:
    """Let training keep what goes into blocks and compute the rest again on the way back (arXiv 1604.06174)."""
    resnets = require("diffusers.models.resnet", extra="models")
    transformers = require("diffusers.models.transformers.transformer_2d", extra="models")
    temporal = require("diffusers.models.transformers.transformer_temporal", extra="models")
    kinds = (
        resnets.ResnetBlock2D, resnets.TemporalConvLayer, transformers.Transformer2DModel,
        temporal.TransformerTemporalModel,
    )  # fmt: skip
    block: Any
    for block in model.unet.modules():
        if isinstance(block, kinds):
            block.forward = partial(checkpoint, block.forward, use_reentrant=False)


@lru_cache(maxsize=4)
def _order(count: int, seed: int, epoch: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng([seed, _ORDER, epoch]).permutation(count).tolist())

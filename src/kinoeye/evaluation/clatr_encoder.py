"""CLaTr as an encoder of paths and captions for scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kinoeye.base.errors import InputError
from kinoeye.evaluation.feature_extractor import Latents
from kinoeye.evaluation.path_tags import poses_of
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track
from kinoeye.networks.captioned_folder import CAPTIONS_FILE
from kinoeye.networks.captioned_paths import CaptionFeatures
from kinoeye.networks.clatr import Clatr, Gaussian, load_clatr, load_official
from kinoeye.networks.clip_captions import ClipCaptions
from kinoeye.systems.gendop.caption_reader import build_reader
from kinoeye.weights import VerifiedFolder, WeightsIndex, resolve
from kinoeye.weights.index import ROOT, SHARED

SHIPPED = "clatr"
"""The name under which one ships."""
_BATCH = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class ClatrEncoder:
    """A CLaTr in evaluation mode; paths with more poses than it was made for are sampled at as many even times.

    Fulfils `PathTextEncoder`, and `FeatureExtractor` for paths.
    """

    model: Clatr
    captions: CaptionFeatures | None = None
    """What turns captions into its token features; None where only paths are encoded."""
    name: str = "clatr"

    @property
    def dim(self) -> int:
        """Length of a latent."""
        return self.model.config.latent_dim

    @property
    def reads_captions(self) -> bool:
        """Whether it came with what encodes captions."""
        return self.captions is not None

    def __call__(self, items: Sequence[Float64]) -> Float64:
        """Mean latents [n, dim] of camera paths [t, 4, 4]."""
        return self.encode_paths(items).mean

    @torch.inference_mode()
    def encode_paths(self, T_world_cam: Sequence[Float64]) -> Latents:
        """Latents of camera-to-world paths [t, 4, 4], OpenCV axes."""
        features, valid = self.model.config.path.batch([self._shortened(path) for path in T_world_cam])
        parts = zip(features.to(self._device).split(_BATCH), valid.to(self._device).split(_BATCH), strict=True)
        return _latents([self.model.path_encoder(*part) for part in parts])

    @torch.inference_mode()
    def encode_texts(self, captions: Sequence[str]) -> Latents:
        """Latents of captions.

        Raises:
            InputError: this CLaTr came without what reads captions.
        """
        if self.captions is None:
            raise InputError(f"{self.name} came without a caption encoder; give one, or score without captions")
        parts = (self.captions(captions[start : start + _BATCH]) for start in range(0, len(captions), _BATCH))
        return _latents([self.model.text_encoder(tokens.features, tokens.valid) for tokens in parts])

    @torch.inference_mode()
    def decode(self, latents: Float64, lengths: Sequence[int]) -> list[Float64]:
        """Camera paths of latents [n, dim], with so many poses, or as many as the model has."""
        frames = self.model.config.path.frames
        counts = torch.tensor([min(length, frames) for length in lengths], device=self._device)
        valid = torch.arange(frames, device=self._device)[None] < counts[:, None]
        rows = torch.as_tensor(latents, dtype=torch.float32, device=self._device)
        parts = zip(rows.split(_BATCH), valid.split(_BATCH), strict=True)
        features = torch.cat([self.model.path_decoder(*part) for part in parts])
        return [self.model.config.path.decode(row[:n]) for row, n in zip(features, counts.tolist(), strict=True)]

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _shortened(self, path: Float64) -> Float64:
        frames = self.model.config.path.frames
        if len(path) <= frames:
            return path
        times = torch.arange(len(path), dtype=torch.float64)
        return poses_of(Track(SE3.from_matrix(torch.from_numpy(np.asarray(path, np.float64))), times), frames)


def load_clatr_encoder(
    checkpoint: Path | str, *, clip: Path | str | None = None, device: torch.device | str | None = None
) -> ClatrEncoder:
    """A CLaTr as an encoder: an official one, or a folder of `kinoeye train clatr`, which reads captions itself.

    Args:
        checkpoint: the Lightning checkpoint, or the same tensors as safetensors, or our own folder.
        clip: the folder of the CLIP text encoder whose token states an official one was trained on; None for paths
            alone.
        device: where to put both.

    Raises:
        InputError: a file is missing, or no such model; or a CLIP is given for one that reads captions itself.
    """
    if (Path(checkpoint) / CAPTIONS_FILE).is_file():
        if clip is not None:
            raise InputError(f"{checkpoint} reads captions itself; leave out the CLIP in {clip}")
        return _own(resolve(checkpoint, system=SHARED), Path(checkpoint).name, device)
    model, _ = load_official(checkpoint, device=device)
    captions = ClipCaptions.from_folder(clip, device=device) if clip is not None else None
    return ClatrEncoder(model=model, captions=captions, name=Path(checkpoint).name)


def shipped_clatr_encoder(*, device: torch.device | str | None = None, root: Path = ROOT) -> ClatrEncoder | None:
    """The CLaTr that ships; None if there is none.

    Args:
        device: where to put it.
        root: the folder of weights.json.

    Raises:
        InputError: its files are damaged.
    """
    if not WeightsIndex.read(root).has(SHIPPED, SHARED):
        return None
    return _own(resolve(SHIPPED, system=SHARED, root=root), SHIPPED, device)


def _own(folder: VerifiedFolder, name: str, device: torch.device | str | None) -> ClatrEncoder:
    found = load_clatr(folder.path, build_reader, device=device)
    # Under the checksum too, because latents of two trainings are not comparable.
    return ClatrEncoder(model=found.clatr, captions=found.tokens_of, name=f"{name}, sha256 {folder.sha256[:12]}")


def _latents(parts: Sequence[Gaussian]) -> Latents:
    mean, logvar = (torch.cat(values).double() for values in zip(*parts, strict=True))
    return Latents(mean.numpy(force=True), (logvar / 2).exp().numpy(force=True))

"""Folders of small film models."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float, Int8
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.codec import PatchCodec
from kinoeye.networks.key_map import KeyMap, Rule
from kinoeye.networks.tensor_files import TensorFile, open_tensors, write_tensors
from kinoeye.systems.amg.film_config import AvatarFilmConfig
from kinoeye.systems.amg.film_model import AvatarFilm

WEIGHTS_FILE = "model.safetensors"
_BASIS = "codec.basis"
_TEXELS = ("field.ground", "field.wall", "field.sky", "field.shells.opacity")
_NGRAMS = ".encoder.ngram.weight"
_SCALE = ".scale"
_STEPS, _LEAST_STEP = 127, 1e-6


def save(model: AvatarFilm, folder: Path) -> None:
    """Write what `load` reads: configuration and weights in 16 bits; texels and n-grams in 8, the codec's basis in 32.

    Raises:
        InputError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value if key == _BASIS else value.half() for key, value in model.state_dict().items()}
    for key, value in model.state_dict().items():
        if key in _TEXELS or key.endswith(_NGRAMS):
            tensors[key], tensors[key + _SCALE] = _in_steps(value, across=(2, 3) if key in _TEXELS else (0,))
    write_tensors(folder / WEIGHTS_FILE, {key: value.contiguous() for key, value in tensors.items()})
    model.config.save(folder)


def load(folder: Path | str) -> AvatarFilm:
    """The model of a folder, in single precision and ready to film.

    Raises:
        InputError: a file is missing or damaged, or it is no small film model.
    """
    folder = Path(folder)
    config = AvatarFilmConfig.load(folder)
    file = open_tensors(folder / WEIGHTS_FILE)
    tensors = dict(file)
    if _BASIS not in tensors:
        raise InputError(f"{folder / WEIGHTS_FILE} has no {_BASIS}; it is not the file of a small film model")
    for key in [key for key in tensors if key + _SCALE in tensors]:
        tensors[key] = tensors[key].float() * tensors.pop(key + _SCALE).float()
    basis = tensors[_BASIS]
    codec = (PatchCodec if basis.dtype == torch.float32 else PatchCodec.of_rounded)(config.codec, basis)
    tensors[_BASIS] = codec.basis
    model = AvatarFilm(config, codec)
    KeyMap("small film model", [Rule("{key*}", "{key*}")]).load(model, TensorFile.of(tensors, file.name))
    return model.eval()


def _in_steps(values: Float[Tensor, "..."], *, across: tuple[int, ...]) -> tuple[Int8[Tensor, "..."], Tensor]:
    """Numbers as whole steps, and how large a step is, the same across some dimensions."""
    step = (values.abs().amax(dim=across, keepdim=True) / _STEPS).clamp_min(_LEAST_STEP).half()
    return (values / step.float()).round().clamp(-_STEPS, _STEPS).to(torch.int8), step

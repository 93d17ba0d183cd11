"""Folders of small film models."""

from __future__ import annotations

from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.networks.codec import PatchCodec
from kinoeye.networks.key_map import KeyMap, Rule
from kinoeye.networks.tensor_files import open_tensors, write_tensors
from kinoeye.systems.amg.film_config import AvatarFilmConfig
from kinoeye.systems.amg.film_model import AvatarFilm

WEIGHTS_FILE = "model.safetensors"
_BASIS = "codec.basis"


def save(model: AvatarFilm, folder: Path) -> None:
    """Write what `load` reads: the configuration, and weights in 16 bits; the codec's basis keeps its 32.

    Raises:
        InputError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: value if key == _BASIS else value.half() for key, value in model.state_dict().items()}
    write_tensors(folder / WEIGHTS_FILE, {key: value.contiguous() for key, value in tensors.items()})
    model.config.save(folder)


def load(folder: Path | str) -> AvatarFilm:
    """The model of a folder, in single precision and ready to film.

    Raises:
        InputError: a file is missing or damaged, or it is no small film model.
    """
    folder = Path(folder)
    config = AvatarFilmConfig.load(folder)
    tensors = open_tensors(folder / WEIGHTS_FILE)
    if _BASIS not in tensors:
        raise InputError(f"{folder / WEIGHTS_FILE} has no {_BASIS}; it is not the file of a small film model")
    model = AvatarFilm(config, PatchCodec(config.codec, tensors[_BASIS].float()))
    KeyMap("small film model", [Rule("{key*}", "{key*}")]).load(model, tensors)
    return model.eval()

"""Captions as the released network reads them: OpenCLIP ViT-H/14's states before its last block, then its last norm."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json
from kinoeye.base.optional import require
from kinoeye.base.progress import note
from kinoeye.networks import open_tensors
from kinoeye.networks.clip_captions import ClipCaptions, has_tokenizer
from kinoeye.networks.open_clip import text_tower, text_tower_sizes

_WHOLE = 24
"""Blocks of OpenCLIP's encoder; that of Stable Diffusion 2 comes without the last one."""
_NEEDED = "the text encoder of Stable Diffusion 2.x (or of OpenCLIP ViT-H/14, as transformers reads it or its own file)"
_SHOWN = 300


class TextEncoder:
    """The text encoder of Stable Diffusion 2, which AMG was trained with.

    Args:
        clip: without its last block.
        whole_captions: whether captions of more tokens than it takes are read in parts, whose features stand one after
            the other; else their end is cut away, as upstream does (`Quirks.truncated_captions`).
    """

    def __init__(self, clip: ClipCaptions, *, whole_captions: bool = False) -> None:
        self.clip = clip
        self.whole_captions = whole_captions

    @classmethod
    def from_pretrained(
        cls, path: Path | str, *, whole_captions: bool = False, device: torch.device | str | None = None
    ) -> Self:
        """From local files; nothing is downloaded.

        Args:
            path: folder of Stable Diffusion 2.x, with folders `text_encoder` and `tokenizer`; or the folder of such an
                encoder, or OpenCLIP's checkpoint file, with the tokenizer beside it, there or in a folder `tokenizer`.
            whole_captions: as of the class.
            device: where to put the encoder.

        Raises:
            InputError: a file is missing or damaged, or the weights are of another kind.
        """
        place = encoder_place(path)
        beside = place.parent if place.is_file() else place
        words = beside if has_tokenizer(beside) else place.parent / "tokenizer"
        if place.is_file():
            tower = text_tower(open_tensors(place))
            sizes = require("transformers", extra="models").CLIPTextConfig(**text_tower_sizes(tower))
            left_out = int(sizes.num_hidden_layers == _WHOLE)
            clip = ClipCaptions.of_tensors(tower, sizes, tokenizer=words, blocks_left_out=left_out, device=device)
        else:
            data = _sizes(place)
            left_out = int("text_config" in data or data.get("num_hidden_layers") == _WHOLE)
            clip = ClipCaptions.from_folder(
                place, tokenizer=words, blocks_left_out=left_out, what=_NEEDED, device=device
            )
        return cls(clip, whole_captions=whole_captions)

    def __call__(self, caption: str) -> Float[Tensor, "1 n d"]:
        """Features of a caption; one whose end is lost gets a line that says which words those are."""
        ids = self.clip.ids([caption])[0]
        begin, *inside, end = ids
        room = self.clip.length - 2
        if len(inside) <= room:
            return self.clip.states([ids])
        if self.whole_captions:
            parts = [[begin, *inside[first : first + room], end] for first in range(0, len(inside), room)]
            return self.clip.states(parts).flatten(0, 1)[None]
        lost = self.clip.words(inside[room:])
        shown = lost if len(lost) <= _SHOWN else f"{lost[:_SHOWN]} ..."
        note(f"a caption has {len(ids)} tokens and the text encoder reads {self.clip.length}; lost are: {shown}")
        return self.clip.states([[begin, *inside[:room], end]])


def encoder_place(path: Path | str) -> Path:
    """The folder of an encoder, in that of a whole model or the folder itself; or OpenCLIP's file.

    Raises:
        InputError: there is none.
    """
    path = Path(path)
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"{path} does not exist; give a local folder of {_NEEDED}: nothing is downloaded")
    inside = path / "text_encoder"
    found = inside if inside.is_dir() else path
    if not (found / "config.json").is_file():
        raise InputError(f"{found} has no config.json; give a local folder of {_NEEDED}: nothing is downloaded")
    return found


def encoder_width(path: Path | str) -> int | None:
    """Width of the features that an encoder makes, before its weights are read; None if it is not told.

    Raises:
        InputError: there is no encoder.
    """
    place = encoder_place(path)
    if place.is_file():
        return text_tower_sizes(text_tower(open_tensors(place)))["hidden_size"]
    sizes = _sizes(place)
    inner = sizes.get("text_config", sizes)
    width = inner.get("hidden_size") if isinstance(inner, dict) else None
    return width if isinstance(width, int) else None


def _sizes(folder: Path) -> Mapping[str, Any]:
    data = read_json(folder / "config.json")
    return data if isinstance(data, dict) else {}

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
from kinoeye.base.progress import note
from kinoeye.networks.clip_captions import ClipCaptions, has_tokenizer

_WHOLE = 24
"""Blocks of OpenCLIP's encoder; that of Stable Diffusion 2 comes without the last one."""
_NEEDED = "the text encoder of Stable Diffusion 2.x (or of OpenCLIP ViT-H/14, as transformers reads it)"
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
    def from_folder(
        cls, folder: Path | str, *, whole_captions: bool = False, device: torch.device | str | None = None
    ) -> Self:
        """From a local folder; nothing is downloaded.

        Args:
            folder: of Stable Diffusion 2.x, with folders `text_encoder` and `tokenizer`; or the folder of the encoder,
                with the tokenizer in it or beside it.
            whole_captions: as of the class.
            device: where to put the encoder.

        Raises:
            InputError: a file is missing or damaged, or the weights are of another kind.
        """
        encoder = encoder_folder(folder)
        sizes = _sizes(encoder)
        is_whole = "text_config" in sizes or sizes.get("num_hidden_layers") == _WHOLE
        words = encoder if has_tokenizer(encoder) else encoder.parent / "tokenizer"
        clip = ClipCaptions.from_folder(
            encoder, tokenizer=words, blocks_left_out=int(is_whole), what=_NEEDED, device=device
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


def encoder_folder(folder: Path | str) -> Path:
    """The folder of the encoder in that of a whole model, or the folder itself.

    Raises:
        InputError: there is none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {kind}; give a local folder of {_NEEDED}: nothing is downloaded")
    inside = folder / "text_encoder"
    found = inside if inside.is_dir() else folder
    if not (found / "config.json").is_file():
        raise InputError(f"{found} has no config.json; give a local folder of {_NEEDED}: nothing is downloaded")
    return found


def encoder_width(folder: Path | str) -> int | None:
    """Width of the features that the encoder of a folder makes, before its weights are read; None if it is not told.

    Raises:
        InputError: there is no encoder.
    """
    sizes = _sizes(encoder_folder(folder))
    inner = sizes.get("text_config", sizes)
    width = inner.get("hidden_size") if isinstance(inner, dict) else None
    return width if isinstance(width, int) else None


def _sizes(folder: Path) -> Mapping[str, Any]:
    data = read_json(folder / "config.json")
    return data if isinstance(data, dict) else {}

"""Captions become the token ids of CLIP, by the vocabulary in a local folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, read_text
from kinoeye.base.optional import require

VOCABULARY, MERGES = "vocab.json", "merges.txt"
PLACES = ("", "tokenizer")
"""Folders of a model in which the vocabulary may lie."""
PAD_ID = 0
BEGIN, END = "<|startoftext|>", "<|endoftext|>"


class CaptionTokenizer:
    """CLIP's byte-pair tokens, padded with id 0 as Stable Diffusion 2 pads them.

    Args:
        folder: that holds `vocab.json` and `merges.txt`, or has a folder `tokenizer` that does.
        length: ids of a caption with begin, end and padding.
        vocab_size: of the model's text encoder.

    Raises:
        InputError: the vocabulary is missing, damaged, or that of another model.
        MissingExtraError: transformers is not installed.
    """

    def __init__(self, folder: Path | str, *, length: int, vocab_size: int) -> None:
        folder = vocabulary_folder(folder)
        vocabulary = read_json(folder / VOCABULARY)
        if not isinstance(vocabulary, dict) or not all(isinstance(i, int) for i in vocabulary.values()):
            raise InputError(f"{folder / VOCABULARY} is no vocabulary; an object of tokens and ids is needed")
        largest = max(vocabulary.values(), default=-1)
        if not {BEGIN, END} <= vocabulary.keys() or largest >= vocab_size:
            raise InputError(
                f"{folder / VOCABULARY} has {len(vocabulary)} tokens; the model's {vocab_size} with {BEGIN} and "
                f"{END} are needed: give the CLIP vocabulary that it was trained with"
            )
        self.length = length
        self._ends = vocabulary[BEGIN], vocabulary[END]
        self._tokenizer = _clip_tokenizer(vocabulary, _merges(folder / MERGES))

    def __call__(
        self, captions: Sequence[str], *, truncate: bool = False
    ) -> tuple[Int[Tensor, "b n"], Int[Tensor, "b n"]]:
        """Ids and a mask that is 1 on what is no padding.

        Args:
            captions: one or more sentences.
            truncate: whether a caption that is too long is cut instead of refused.

        Raises:
            InputError: a caption is empty or too long.
        """
        rows = [self._ids(caption, truncate) for caption in captions]
        ids = torch.full((len(rows), self.length), PAD_ID)
        mask = torch.zeros_like(ids)
        for row, found in enumerate(rows):
            ids[row, : len(found)] = torch.tensor(found)
            mask[row, : len(found)] = 1
        return ids, mask

    def _ids(self, caption: str, truncate: bool) -> list[int]:
        if not caption.strip():
            raise InputError("the caption is empty; say what the camera does")
        begin, end = self._ends
        ids = [begin, *self._tokenizer(caption, add_special_tokens=False)["input_ids"], end]
        if len(ids) > self.length and not truncate:
            raise InputError(
                f"the caption has {len(ids)} tokens and the model reads {self.length}: shorten it, for instance to "
                f"{caption[: max(1, len(caption) * self.length // len(ids))]!r}"
            )
        return ids if len(ids) <= self.length else [*ids[: self.length - 1], end]


def vocabulary_folder(folder: Path | str) -> Path:
    """Where a model's vocabulary lies.

    Raises:
        InputError: it has none.
    """
    for place in PLACES:
        found = Path(folder) / place
        if (found / VOCABULARY).is_file() and (found / MERGES).is_file():
            return found
    raise InputError(
        f"{folder} has no {VOCABULARY} and {MERGES}, which a GenDoP checkpoint does not contain: put those of CLIP "
        "beside it, or name their folder with --tokenizer; nothing is downloaded"
    )


def _merges(path: Path) -> list[tuple[str, str]]:
    lines = read_text(path).splitlines()
    pairs = [tuple(line.split()) for line in lines if line.strip() and not line.startswith("#version")]
    if not all(len(pair) == 2 for pair in pairs):
        raise InputError(f"{path} is no list of merges; two parts a line are needed")
    return [(pair[0], pair[1]) for pair in pairs]


def _clip_tokenizer(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Any:
    transformers = require("transformers", extra="models")
    try:
        return transformers.CLIPTokenizer(vocab=vocabulary, merges=merges)
    except Exception as error:  # the library raises bare exceptions of its own for merges without a token
        raise InputError(f"{VOCABULARY} and {MERGES} do not belong together: {error}") from error

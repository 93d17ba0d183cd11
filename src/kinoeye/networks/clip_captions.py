"""Captions as the token states of a CLIP text encoder, which the official CLaTr and DIRECTOR were trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.base.optional import require
from kinoeye.networks.captioned_paths import CaptionTokens
from kinoeye.networks.key_map import KeyMap, Rule
from kinoeye.networks.tensor_files import TensorFile, open_tensors

WEIGHTS = "model.safetensors"
_MODEL_FILES = ("config.json", WEIGHTS)
_LEVEL = "text_model."
_KEYS = KeyMap("CLIP text encoder", [Rule("{key*}", "{key*}")], ignored=("{any*}.position_ids",))
_TOKENIZER_FILES = (("tokenizer.json",), ("vocab.json", "merges.txt"))


class ClipCaptions(nn.Module):
    """A frozen CLIP text encoder with its tokenizer; fulfils `CaptionFeatures`.

    States are taken after the last norm and not projected; all captions are padded to the encoder's length.

    Args:
        encoder: a `transformers.CLIPTextModel`.
        tokenizer: its tokenizer.
    """

    def __init__(self, encoder: nn.Module, tokenizer: Any) -> None:
        super().__init__()
        self.encoder = encoder.eval().requires_grad_(False)
        self._tokenizer = tokenizer
        self.length = int(encoder.config.max_position_embeddings)  # type: ignore[union-attr, arg-type]
        self.width = int(encoder.config.hidden_size)  # type: ignore[union-attr, arg-type]

    @classmethod
    def from_folder(
        cls,
        folder: Path | str,
        *,
        tokenizer: Path | str | None = None,
        blocks_left_out: int = 0,
        what: str = "CLIP ViT-B/32 (openai's)",
        device: torch.device | str | None = None,
    ) -> ClipCaptions:
        """From a local folder such as openai/clip-vit-base-patch32: weights, configuration and tokenizer.

        Args:
            folder: with `config.json` and `model.safetensors`.
            tokenizer: with `tokenizer.json`, or `vocab.json` and `merges.txt`; None where they are in the folder too.
            blocks_left_out: of the last ones of the encoder.
            what: which encoder is needed, in messages.
            device: where to put the encoder.

        Raises:
            InputError: a file is missing, or the weights are not those of a CLIP text encoder.
            MissingExtraError: transformers is not installed.
        """
        folder = Path(folder)
        words = folder if tokenizer is None else Path(tokenizer)
        missing = [name for name in _MODEL_FILES if not (folder / name).is_file()]
        if missing:
            raise InputError(f"{folder} has no {missing[0]}; give a folder of {what}")
        transformers = require("transformers", extra="models")
        try:
            sizes = transformers.CLIPTextConfig.from_pretrained(str(folder), local_files_only=True)
        except Exception as error:  # the library raises nothing narrower
            raise _unreadable(folder, error) from error
        tensors = open_tensors(folder / WEIGHTS)
        # Some versions of the library have a level text_model, others have not; a whole CLIP has it in any case.
        inner = tensors.under(_LEVEL)
        return cls.of_tensors(
            inner if len(inner) else tensors, sizes, tokenizer=words, blocks_left_out=blocks_left_out, device=device
        )

    @classmethod
    def of_tensors(
        cls,
        tensors: TensorFile,
        sizes: Any,
        *,
        tokenizer: Path,
        blocks_left_out: int = 0,
        device: torch.device | str | None = None,
    ) -> ClipCaptions:
        """From the tensors of a text encoder without the level `text_model`.

        Args:
            tensors: under transformers' names.
            sizes: a `transformers.CLIPTextConfig`.
            tokenizer: as `from_folder`.
            blocks_left_out: as `from_folder`.
            device: where to put the encoder.

        Raises:
            InputError: a file is missing, or the tensors are not those of such an encoder.
        """
        if not has_tokenizer(tokenizer):
            raise InputError(f"{tokenizer} has no tokenizer.json, nor vocab.json with merges.txt; add CLIP's tokenizer")
        transformers = require("transformers", extra="models")
        try:
            words = transformers.CLIPTokenizer.from_pretrained(str(tokenizer), local_files_only=True)
            kept = sizes.num_hidden_layers = sizes.num_hidden_layers - blocks_left_out
            encoder = transformers.CLIPTextModel(sizes)
        except Exception as error:  # the tokenizers' library raises nothing narrower
            raise _unreadable(tokenizer, error) from error
        left_out = [f"encoder.layers.{number}.{{rest*}}" for number in range(kept, kept + blocks_left_out)]
        keys = replace(_KEYS, ignored=(*_KEYS.ignored, *left_out))
        keys.load(getattr(encoder, _LEVEL[:-1], encoder), tensors)
        return cls(encoder, words).to(device)

    def train(self, mode: bool = True) -> ClipCaptions:
        """Frozen: the encoder stays in evaluation mode."""
        super().train(mode)
        self.encoder.eval()
        return self

    def ids(self, captions: Sequence[str]) -> list[list[int]]:
        """Tokens of captions, with begin and end, however many they are."""
        return self._tokenizer(list(captions))["input_ids"]

    def words(self, ids: Sequence[int]) -> str:
        """What tokens say, in small letters."""
        return self._tokenizer.decode(list(ids), skip_special_tokens=True)

    @torch.no_grad()
    def states(self, ids: Sequence[Sequence[int]]) -> Float[Tensor, "b n d"]:
        """States of the encoder's whole length; tokens beyond a caption's own are 0."""
        padded = nn.utils.rnn.pad_sequence([torch.tensor(tokens) for tokens in ids], batch_first=True)
        padded = nn.functional.pad(padded, (0, self.length - padded.shape[1]))
        # Attention is causal, so that what stands in the padding changes nothing before it.
        return self.encoder(input_ids=padded.to(next(self.encoder.parameters()).device)).last_hidden_state

    def forward(self, captions: Sequence[str]) -> CaptionTokens:
        """Token states [b, 77, 512] of captions, up to and including the end of the text.

        Raises:
            InputError: a caption has more tokens than the encoder reads.
        """
        ids = self.ids(captions)
        for caption, tokens in zip(captions, ids, strict=True):
            if len(tokens) > self.length:
                raise InputError(
                    f"the caption {caption[:40]!r}... has {len(tokens)} tokens; CLIP reads {self.length}: shorten it"
                )
        states = self.states(ids)
        counts = torch.tensor([len(tokens) for tokens in ids], device=states.device)
        return CaptionTokens(states, torch.arange(self.length, device=states.device) < counts[:, None])


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder has the files of CLIP's tokenizer."""
    return any(all((folder / name).is_file() for name in names) for names in _TOKENIZER_FILES)


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return InputError(f"{path} cannot be read as a CLIP text encoder: {reason}")

"""Captions as the token states of a CLIP text encoder, which the official CLaTr and DIRECTOR were trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from kinoeye.base.errors import InputError
from kinoeye.base.optional import require
from kinoeye.networks.captioned_paths import CaptionTokens
from kinoeye.networks.key_map import KeyMap, Rule
from kinoeye.networks.tensor_files import open_tensors

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
        self._length = int(encoder.config.max_position_embeddings)  # type: ignore[union-attr, arg-type]

    @classmethod
    def from_folder(cls, folder: Path | str, *, device: torch.device | str | None = None) -> ClipCaptions:
        """From a local folder such as openai/clip-vit-base-patch32: weights, configuration and tokenizer.

        Args:
            folder: with `config.json`, `model.safetensors`, and `tokenizer.json` or `vocab.json` and `merges.txt`.
            device: where to put the encoder.

        Raises:
            InputError: a file is missing, or the weights are not those of a CLIP text encoder.
            MissingExtraError: transformers is not installed.
        """
        folder = Path(folder)
        missing = [name for name in _MODEL_FILES if not (folder / name).is_file()]
        if missing:
            raise InputError(f"{folder} has no {missing[0]}; give a folder of CLIP ViT-B/32 (openai's)")
        if not any(all((folder / name).is_file() for name in names) for names in _TOKENIZER_FILES):
            raise InputError(f"{folder} has no tokenizer.json, nor vocab.json with merges.txt; add CLIP's tokenizer")
        transformers = require("transformers", extra="models")
        try:
            sizes = transformers.CLIPTextConfig.from_pretrained(str(folder), local_files_only=True)
            tokenizer = transformers.CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
            encoder = transformers.CLIPTextModel(sizes)
        except Exception as error:  # the tokenizers' library raises nothing narrower
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise InputError(f"{folder} cannot be read as a CLIP text encoder: {reason}") from error
        tensors = open_tensors(folder / WEIGHTS)
        # Some versions of the library have a level text_model, others have not; a whole CLIP has it in any case.
        inner = tensors.under(_LEVEL)
        _KEYS.load(getattr(encoder, _LEVEL[:-1], encoder), inner if len(inner) else tensors)
        return cls(encoder, tokenizer).to(device)

    def train(self, mode: bool = True) -> ClipCaptions:
        """Frozen: the encoder stays in evaluation mode."""
        super().train(mode)
        self.encoder.eval()
        return self

    @torch.no_grad()
    def forward(self, captions: Sequence[str]) -> CaptionTokens:
        """Token states [b, 77, 512] of captions, up to and including the end of the text.

        Raises:
            InputError: a caption has more tokens than the encoder reads.
        """
        ids: list[list[int]] = self._tokenizer(list(captions))["input_ids"]
        for caption, tokens in zip(captions, ids, strict=True):
            if len(tokens) > self._length:
                raise InputError(
                    f"the caption {caption[:40]!r}... has {len(tokens)} tokens; CLIP reads {self._length}: shorten it"
                )
        device = next(self.encoder.parameters()).device
        padded = nn.utils.rnn.pad_sequence([torch.tensor(tokens) for tokens in ids], batch_first=True)
        padded = nn.functional.pad(padded, (0, self._length - padded.shape[1])).to(device)
        counts = torch.tensor([len(tokens) for tokens in ids], device=device)
        valid = torch.arange(self._length, device=device) < counts[:, None]
        # Attention is causal, so that what stands in the padding changes nothing before it.
        return CaptionTokens(self.encoder(input_ids=padded).last_hidden_state, valid)

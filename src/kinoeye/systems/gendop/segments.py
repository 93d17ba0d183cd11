"""Our own director: a caption becomes a program of moves, a program becomes a path by `language.compile`.

Motion segments as tokens reach in minutes on a CPU what 300 pose tokens do not reach in hours; a page in
docs/systems/gendop.md has both. Amounts, times and subjects are pointed at in the caption, never made up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.networks.blocks import Block, rotary
from kinoeye.networks.text import CaptionEncoder, EncodedCaptions, Vocabulary, WordBatch
from kinoeye.systems.gendop.caption_words import CaptionWords
from kinoeye.systems.gendop.program_tokens import END, MAX_TOKENS, START, TOKENS, allowed_next, token_ids

MAX_WORDS = 256
NO_CAPTION = "<no caption>"
"""What stands for a caption that was left out, so that its effect can be told from what is likely without it."""

_SILENT = math.log(0.98)
"""Log-probability from which a caption is taken to say nothing of a camera; unknown verbs look like that at times."""


@dataclass(frozen=True, kw_only=True)
class SegmentConfig:
    """Size of a segment director, and the words it knows."""

    words: tuple[str, ...]
    buckets: int = 4096
    width: int = 160
    heads: int = 5
    encoder_layers: int = 3
    decoder_layers: int = 3
    dropout: float = 0.0
    """On the branches; captions never repeat in training, so there is little to overfit."""


class SegmentModel(nn.Module):
    """Caption words to program tokens: an encoder, and a causal decoder that attends to it.

    Args:
        config: size and words.
    """

    def __init__(self, config: SegmentConfig) -> None:
        super().__init__()
        self.config = config
        vocabulary = Vocabulary(config.words, config.buckets)
        self.encoder = CaptionEncoder(
            vocabulary, width=config.width, heads=config.heads, layers=config.encoder_layers, dropout=config.dropout
        )
        self.token = nn.Embedding(len(TOKENS), config.width, padding_idx=0)
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, crosses=True, dropout=config.dropout)
            for _ in range(config.decoder_layers)
        )
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, len(TOKENS))
        nn.init.normal_(self.token.weight, std=config.width**-0.5)

    def forward(self, captions: WordBatch, tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b t v"]:
        """Logits of the token after each of `tokens`, which begin with `<start>`."""
        return self.decode(self.encoder(captions), tokens)

    def decode(self, captions: EncodedCaptions, tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b t v"]:
        """The same for captions that are encoded already."""
        length = tokens.shape[1]
        x = self.token(tokens)
        positions = rotary(length, self.config.width // self.config.heads, device=x.device)
        causal = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()[None, None]
        context_mask = captions.valid[:, None, None, :]
        for block in self.blocks:
            x = block(x, mask=causal, positions=positions, context=captions.states, context_mask=context_mask)
        return self.head(self.norm(x))

    @torch.no_grad()
    def write(
        self,
        words: CaptionWords,
        *,
        n: int = 1,
        temperature: float = 0.0,
        guidance: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> list[tuple[tuple[str, ...], float]]:
        """Programs for a caption with their mean log-probability a token; temperature 0 takes the likeliest token.

        Only what can follow is written: see `program_tokens.allowed_next`. Guidance over 1 goes further the way in
        which the caption changes the logits, 0 leaves the caption out: Ho & Salimans 2022, with s = guidance - 1.

        Raises:
            InputError: the caption is empty or over 256 words, or the model was never trained without captions.
        """
        if not words.words:
            raise InputError("the caption is empty; describe what the camera does")
        if len(words.words) > MAX_WORDS:
            raise InputError(f"the caption has {len(words.words)} words; at most {MAX_WORDS} are read")
        device = self.head.weight.device
        encoded = self.encoder(self.encoder.vocabulary.encode([words.inputs]).to(device))
        captions = EncodedCaptions(encoded.states.expand(n, -1, -1), encoded.valid.expand(n, -1))
        unsaid = None if guidance == 1 else self._without_caption(n)
        written: list[list[str]] = [[START] for _ in range(n)]
        totals = [0.0] * n
        for _ in range(MAX_TOKENS):
            open_rows = [row for row in range(n) if written[row][-1] != END]
            if not open_rows:
                break
            ids = torch.tensor([token_ids(_padded(row, written)) for row in written], device=device)
            logits = self.decode(captions, ids)[:, -1].float().cpu()
            if unsaid is not None:
                logits = torch.lerp(self.decode(unsaid, ids)[:, -1].float().cpu(), logits, guidance)
            for row in open_rows:
                options = allowed_next(written[row], words)
                token, score = _choose(logits[row], options, temperature, generator)
                if token == END and len(written[row]) == 1 and score < _SILENT:
                    options.remove(END)
                    token, score = _choose(logits[row], options, temperature, generator)
                written[row].append(token)
                totals[row] += score
            for row in range(n):
                if row not in open_rows:
                    written[row].append(END)
        programs = [tuple(row[1 : row.index(END) + 1] if END in row else row[1:]) for row in written]
        return [(program, total / max(len(program), 1)) for program, total in zip(programs, totals, strict=True)]

    def _without_caption(self, n: int) -> EncodedCaptions:
        vocabulary = self.encoder.vocabulary
        if NO_CAPTION not in vocabulary.words:
            raise InputError("this director was never trained without captions; guidance must be 1")
        encoded = self.encoder(vocabulary.encode([(NO_CAPTION,)]).to(self.head.weight.device))
        return EncodedCaptions(encoded.states.expand(n, -1, -1), encoded.valid.expand(n, -1))


def _padded(row: list[str], rows: Sequence[list[str]]) -> list[str]:
    return row + [END] * (max(map(len, rows)) - len(row))


def _choose(
    logits: Float[Tensor, " v"], allowed: Sequence[str], temperature: float, generator: torch.Generator | None
) -> tuple[str, float]:
    """One of the allowed tokens and its log-probability among them."""
    ids = torch.tensor(token_ids(allowed))
    scores = logits[ids].log_softmax(dim=0)
    if temperature > 0:
        pick = int(torch.multinomial((scores / temperature).softmax(dim=0), 1, generator=generator))
    else:
        pick = int(scores.argmax())
    return allowed[pick], float(scores[pick])

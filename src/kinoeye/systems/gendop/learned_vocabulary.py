"""A vocabulary for `CaptionTokenizer` from captions alone, for models that begin without CLIP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.files import write_json, write_text
from kinoeye.base.optional import require
from kinoeye.systems.gendop.tokenizer import BEGIN, END, MERGES, VOCABULARY

_WORD_END = "</w>"
_LEAST = 3
"""Occurrences of a pair that is merged."""
_PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
"""What CLIP's tokenizer merges within."""


@dataclass(frozen=True)
class LearnedVocabulary:
    """Byte-pair tokens of captions in the form of CLIP's files (Sennrich et al., arXiv 1508.07909).

    Every byte has a token, so that any caption can be read.
    """

    ids: dict[str, int]
    """Token -> id, the ends of captions last, as in CLIP."""
    merges: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, captions: Iterable[str], *, size: int) -> LearnedVocabulary:
        """The vocabulary of captions; the same captions give the same one.

        Args:
            captions: what is read.
            size: tokens at most, without those that begin and end a caption.

        Raises:
            MissingExtraError: tokenizers is not installed.
        """
        library = require("tokenizers", extra="models")
        byte_level = library.pre_tokenizers.ByteLevel
        letters = sorted(byte_level.alphabet())
        tokenizer = library.Tokenizer(library.models.BPE(end_of_word_suffix=_WORD_END))
        tokenizer.normalizer = library.normalizers.Lowercase()
        tokenizer.pre_tokenizer = library.pre_tokenizers.Sequence(
            [
                library.pre_tokenizers.Split(library.Regex(_PIECES), "removed", invert=True),
                byte_level(add_prefix_space=False, use_regex=False),
            ]
        )
        trainer = library.trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=_LEAST,
            # Letters that end a word would else be numbered in the order of a hash table.
            special_tokens=[*letters, *(letter + _WORD_END for letter in letters)],
            end_of_word_suffix=_WORD_END,
            show_progress=False,
        )
        tokenizer.train_from_iterator(captions, trainer)
        learned = json.loads(tokenizer.to_str())["model"]
        ids: dict[str, int] = dict(sorted(learned["vocab"].items(), key=lambda item: item[1]))
        ids |= {BEGIN: len(ids), END: len(ids) + 1}
        return cls(ids, tuple((first, second) for first, second in learned["merges"]))

    def write(self, folder: Path) -> None:
        """Write `vocab.json` and `merges.txt`.

        Raises:
            InputError: the folder cannot be written.
        """
        write_json(folder / VOCABULARY, self.ids)
        write_text(folder / MERGES, "".join(["#version: 0.2\n", *(f"{a} {b}\n" for a, b in self.merges)]))

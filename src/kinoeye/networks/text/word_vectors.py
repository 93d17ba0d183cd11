"""Word vectors from dictionaries: words that mean alike lie close, also those that a training never showed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int8
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_bytes, read_json
from kinoeye.networks.text.word_forms import respelt, stems

NAME = "english"
_FOLDER = Path(__file__).parent / "data"
_MAX_BYTES = 64 * 1024**2
_REMEMBERED = 65536
_LONGEST = 48
"""Letters of a word that is looked up."""


@dataclass(frozen=True)
class WordMeanings:
    """Vectors of the words of captions, padded at the end."""

    vectors: Float[Tensor, "b l d"]
    """Of length 1; 0 where nothing is known."""
    known: Bool[Tensor, "b l"]


class WordVectors:
    """A table of words and vectors, which finds forms of its words too.

    Args:
        words: in lower case, each once.
        steps: their vectors in whole numbers; each is scaled to length 1.
        irregular: form -> word, such as `ran` -> `run`.
        sha256: of the file it came from; what was trained on a table reads captions with that one alone.

    Raises:
        InputError: there is not one vector a word.
    """

    def __init__(
        self, words: Sequence[str], steps: Int8[np.ndarray, "n d"], irregular: Mapping[str, str], sha256: str = ""
    ) -> None:
        if steps.ndim != 2 or len(words) != len(steps) or not steps.size:
            raise InputError(f"{len(words)} words have vectors of shape {list(steps.shape)}; one row a word is needed")
        lengths = np.linalg.norm(steps.astype(np.float32), axis=1, keepdims=True)
        self.words = tuple(words)
        self.steps = steps
        self.table: Float[np.ndarray, "n d"] = (steps / np.maximum(lengths, 1)).astype(np.float32)
        self.table.flags.writeable = False
        self.sha256 = sha256
        self._rows = {word: row for row, word in enumerate(self.words)}
        self.irregular = dict(irregular)
        self._nothing = np.zeros(self.dimensions, np.float32)
        self._nothing.flags.writeable = False
        self._found: dict[str, Float[np.ndarray, " d"]] = {}

    def __deepcopy__(self, memo: object) -> WordVectors:
        """Itself: nothing of it changes, and copies of a model share it."""
        return self

    def __len__(self) -> int:
        return len(self.words)

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return self.table.shape[1]

    def vector(self, word: str) -> Float[np.ndarray, " d"]:
        """The vector of a word, of one that it is a form of, or the mean of its parts between hyphens; else 0.

        Example:
            >>> vectors = load_word_vectors()
            >>> bool((vectors.vector("Ponies") == vectors.vector("pony")).all()), vectors.vector("<q1>").any()
            (True, np.False_)
        """
        if word not in self._found:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[word] = self._find(word)
        return self._found[word]

    def knows(self, word: str) -> bool:
        """Whether a word has a vector."""
        return bool(self.vector(word).any())

    def nearest(self, word: str, count: int = 10) -> list[tuple[str, float]]:
        """The words whose vectors have the largest cosine with a word's, without itself; none for an unknown word.

        Example:
            >>> [word for word, _ in load_word_vectors().nearest("glade", 1)]
            ['clearing']
        """
        vector = self.vector(word)
        if not self.knows(word):
            return []
        cosines = self.table @ vector
        own = self._row(word.lower())
        best = [row for row in np.argsort(-cosines, kind="stable")[: count + 1] if row != own]
        return [(self.words[row], float(cosines[row])) for row in best[:count]]

    def encode(self, captions: Sequence[Sequence[str]]) -> WordMeanings:
        """The vectors of the words of captions, padded to the longest."""
        length = max((len(caption) for caption in captions), default=0) or 1
        vectors = np.zeros((len(captions), length, self.dimensions), np.float32)
        for row, caption in enumerate(captions):
            for column, word in enumerate(caption):
                vectors[row, column] = self.vector(word)
        return WordMeanings(torch.from_numpy(vectors), torch.from_numpy(vectors.any(axis=2)))

    def _find(self, word: str) -> Float[np.ndarray, " d"]:
        word = word.lower()
        row = self._row(word)
        if row is not None:
            return self.table[row]
        parts = [self._row(part) for part in word.split("-")]
        rows = [part for part in parts if part is not None]
        mean = self.table[rows].mean(axis=0) if rows else self._nothing
        length = np.linalg.norm(mean)
        if length == 0:
            return self._nothing
        mean = (mean / length).astype(np.float32)
        mean.flags.writeable = False
        return mean

    def _row(self, word: str) -> int | None:
        """The row of a word in lower case or of one that it is a form of."""
        if not word or len(word) > _LONGEST:
            return None
        for known in (word, self.irregular.get(word), *respelt(word), *stems(word)):
            if known in self._rows:
                return self._rows[known]
        for stem in stems(word):
            for other in respelt(stem):
                if other in self._rows:
                    return self._rows[other]
        return None


@cache
def load_word_vectors() -> WordVectors:
    """The vectors of English words that ship, made from WordNet 3.0 and Moby's thesaurus (docs/word-vectors.md).

    Raises:
        InputError: the file is not the one that its record tells of.

    Example:
        >>> vectors = load_word_vectors()
        >>> vectors.vector("trousers").shape, vectors.knows("zzyzx")
        ((52,), False)
    """
    return read_word_vectors(_FOLDER)


def read_word_vectors(folder: Path) -> WordVectors:
    """The table in a folder, held to the sha256 of its record.

    Raises:
        InputError: a file is missing, or the table is not the one that its record tells of.
    """
    from safetensors.numpy import load

    path = folder / f"{NAME}.safetensors"
    data = read_bytes(path, max_bytes=_MAX_BYTES)
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != read_json(folder / f"{NAME}.json").get("sha256"):
        raise InputError(f"{path} does not have the sha256 of {NAME}.json: install kinoeye again")
    arrays = load(data)
    words, forms = (bytes(arrays[name]).decode().split("\n") for name in ("words", "irregular"))
    irregular = dict(form.split(" ", 1) for form in forms if form)
    return WordVectors(words, arrays["vectors"], irregular, sha256)

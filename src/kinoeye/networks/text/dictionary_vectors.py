"""Makes the table of word vectors that ships out of two dictionaries.

`python -m kinoeye.networks.text.dictionary_vectors WORDNET_FOLDER MOBY_FILE OUT_FOLDER` takes some minutes on one core.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from kinoeye.base.errors import InputError
from kinoeye.base.files import sha256_of_file, write_json
from kinoeye.formats.dictionaries.thesaurus import read_thesaurus
from kinoeye.formats.dictionaries.wordnet import WordNet, read_wordnet
from kinoeye.networks.tensor_files import write_tensors
from kinoeye.networks.text.dictionary_features import SparseRows, entry_features, walk_features
from kinoeye.networks.text.dictionary_words import chosen_words, definition_words, lexicon_words
from kinoeye.networks.text.word_vectors import NAME, WordVectors

WORDS = 30000
DIMENSIONS = 52
STEPS = 2500
_NEIGHBOURS = 50
_STRONGEST = 200
"""Contexts of a word that likeness is measured by."""
_ENTRIES = 0.5
"""Weight of what the thesaurus tells against what WordNet does; at 1 its wide fields blur kinds of animals and cars."""
_BLOCK = 500
_OVERSAMPLED = 16
_POWERS = 4
_ANCHORS, _OTHERS = 1024, 2048
_TEMPERATURE = 0.1
_RATE = 0.02
_LARGEST = 127
WORDNET_LICENCE = (
    "WordNet 3.0 Copyright 2006 by Princeton University. All rights reserved. This software and database is being "
    "provided to you, the LICENSEE, by Princeton University under the following license. By obtaining, using and/or "
    "copying this software and database, you agree that you have read, understood, and will comply with these terms "
    "and conditions: Permission to use, copy, modify and distribute this software and database and its documentation "
    "for any purpose and without fee or royalty is hereby granted, provided that you agree to comply with the "
    "following copyright notice and statements, including the disclaimer, and that the same appear on ALL copies of "
    "the software, database and documentation, including modifications that you make for internal use or for "
    'distribution. THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS '
    "OR WARRANTIES, EXPRESS OR IMPLIED. BY WAY OF EXAMPLE, BUT NOT LIMITATION, PRINCETON UNIVERSITY MAKES NO "
    "REPRESENTATIONS OR WARRANTIES OF MERCHANT-ABILITY OR FITNESS FOR ANY PARTICULAR PURPOSE OR THAT THE USE OF THE "
    "LICENSED SOFTWARE, DATABASE OR DOCUMENTATION WILL NOT INFRINGE ANY THIRD PARTY PATENTS, COPYRIGHTS, TRADEMARKS "
    "OR OTHER RIGHTS. The name of Princeton University or Princeton may not be used in advertising or publicity "
    "pertaining to distribution of the software and/or database. Title to copyright in this software, database and "
    "any associated documentation shall at all times remain with Princeton University and LICENSEE agrees to preserve "
    "same."
)
PROVENANCE = {
    "what": "vectors of common English words and of words for what a picture can show; alike words lie close",
    "made_from": "WordNet 3.0 of Princeton University, and the Moby Thesaurus II of Grady Ward",
    "licence": "WordNet's: free for any use with its notice (`wordnet_licence`); Moby is in the public domain",
    "changes": "no text of either is held: words, forms of words, and numbers made of how words hang together",
    "wordnet_licence": WORDNET_LICENCE,
}


@dataclass(frozen=True)
class Neighbours:
    """The words that are most alike to each word."""

    words: Int[np.ndarray, "n k"]
    likeness: Float[np.ndarray, "n k"]
    """Cosines of features; 0 where there is no such word."""


def make_word_vectors(
    wordnet: WordNet, thesaurus: Mapping[str, Sequence[str]], *, words: int, dimensions: int, steps: int, seed: int = 0
) -> WordVectors:
    """Vectors of words from dictionaries, of which either may be empty.

    Args:
        wordnet: the dictionary of meanings.
        thesaurus: entry -> words.
        words: most words in the table.
        dimensions: numbers of a vector.
        steps: of gradient descent.
        seed: of the descent.

    Raises:
        InputError: the dictionaries tell nothing of any word.
    """
    from scipy.sparse import hstack

    definitions = definition_words(wordnet)
    chosen = chosen_words(wordnet, thesaurus, definitions, words, wanted=lexicon_words())
    blocks = (walk_features(wordnet, definitions, chosen), _ENTRIES * entry_features(thesaurus, chosen))
    features: SparseRows = hstack(blocks, format="csr")
    neighbours = nearest_words(features)
    told = (neighbours.likeness > 0).any(axis=1)
    if not told.any():
        raise InputError("the dictionaries have no two words that are alike; give whole ones")
    start = principal_components(features, dimensions, np.random.default_rng(seed))
    points = embedded(neighbours, start, steps=steps, generator=torch.Generator().manual_seed(seed))
    kept = [chosen[row] for row in np.flatnonzero(told)]
    return WordVectors(kept, quantised(points[told]), _irregular(wordnet, kept))


def nearest_words(features: SparseRows, count: int = _NEIGHBOURS) -> Neighbours:
    """The words with the largest cosines of features [n, contexts], by the strongest contexts of each."""
    strong = _strongest(features)
    turned = strong.T.tocsr()
    words = np.zeros((features.shape[0], count), np.int64)
    likeness = np.zeros((features.shape[0], count), np.float32)
    for first in range(0, features.shape[0], _BLOCK):
        cosines = (strong[first : first + _BLOCK] @ turned).tocsr()
        for row in range(cosines.shape[0]):
            held = slice(*cosines.indptr[row : row + 2])
            others = cosines.indices[held] != first + row
            found, values = cosines.indices[held][others], cosines.data[held][others]
            best = np.argpartition(-values, count)[:count] if len(values) > count else np.arange(len(values))
            words[first + row, : len(best)] = found[best]
            likeness[first + row, : len(best)] = values[best]
    return Neighbours(words, likeness)


def principal_components(
    features: SparseRows, dimensions: int, generator: np.random.Generator
) -> Float[np.ndarray, "n d"]:
    """Left singular vectors of features by the root of their singular values; Halko, Martinsson & Tropp 2011."""
    width = dimensions + _OVERSAMPLED
    sketch = features @ generator.standard_normal((features.shape[1], width), dtype=np.float32)
    for _ in range(_POWERS):
        sketch = features @ (features.T @ np.linalg.qr(sketch)[0])
    basis = np.linalg.qr(sketch)[0]
    left, values, _ = np.linalg.svd(basis.T @ features, full_matrices=False)
    found = (basis @ left * np.sqrt(values))[:, :dimensions]
    return np.pad(found, ((0, 0), (0, dimensions - found.shape[1])))


def embedded(
    neighbours: Neighbours, start: Float[np.ndarray, "n d"], *, steps: int, generator: torch.Generator
) -> Float[np.ndarray, "n d"]:
    """Points on a sphere at which each word tells its neighbours from other words.

    Stochastic descent on the contrastive loss of van den Oord, Li & Vinyals 2018, with neighbours drawn by the square
    of their likeness.

    Args:
        neighbours: of each word; words without any stay where they start.
        start: where the words begin; from chance it takes many times the steps.
        steps: of descent.
        generator: of the draws.
    """
    words, drawn = torch.from_numpy(neighbours.words), torch.from_numpy(neighbours.likeness) ** 2
    told = drawn.any(dim=1).float()
    points = normalize(torch.from_numpy(start.astype(np.float32)), dim=1).requires_grad_()
    optimizer = torch.optim.Adam([points], lr=_RATE, betas=(0.9, 0.99))
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = _RATE * (1 - step / steps)
        anchors = torch.multinomial(told, _ANCHORS, replacement=True, generator=generator)
        chosen = torch.multinomial(drawn[anchors], 1, generator=generator)
        alike = words[anchors].gather(1, chosen)[:, 0]
        others = torch.multinomial(told, _OTHERS, replacement=True, generator=generator)
        optimizer.zero_grad()
        _contrast(points, anchors, torch.cat([alike, others])).backward()
        optimizer.step()
    return normalize(points.detach(), dim=1).numpy()


def quantised(vectors: Float[np.ndarray, "n d"]) -> np.ndarray:
    """Vectors as whole numbers of 8 bits whose largest is 127; lengths are lost."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return np.rint(vectors / np.maximum(largest, 1e-12) * _LARGEST).astype(np.int8)


def write_word_vectors(vectors: WordVectors, folder: Path) -> None:
    """Write a table as NAME.safetensors, and where it is from as NAME.json.

    Raises:
        InputError: the folder cannot be written.
    """
    forms = "\n".join(f"{form} {word}" for form, word in sorted(vectors.irregular.items()))
    path = folder / f"{NAME}.safetensors"
    tensors = {"vectors": torch.from_numpy(vectors.steps)}
    for name, text in (("words", "\n".join(vectors.words)), ("irregular", forms)):
        tensors[name] = torch.tensor(list(text.encode()), dtype=torch.uint8)
    write_tensors(path, tensors)
    sizes = {"words": len(vectors), "dimensions": vectors.dimensions, "bytes": path.stat().st_size}
    write_json(folder / f"{NAME}.json", {"name": NAME, **PROVENANCE, **sizes, "sha256": sha256_of_file(path)})


def _strongest(features: SparseRows) -> SparseRows:
    """Rows with their largest values alone."""
    strong = features.copy()
    for first, last in zip(features.indptr[:-1], features.indptr[1:], strict=True):
        if last - first > _STRONGEST:
            values = strong.data[first:last]
            values[values < np.partition(values, -_STRONGEST)[-_STRONGEST]] = 0
    strong.eliminate_zeros()
    return strong


def _contrast(points: Tensor, anchors: Int[Tensor, " a"], others: Int[Tensor, " o"]) -> Tensor:
    """Cross-entropy of the first others, which are alike to the anchors one by one, among all of them."""
    logits = normalize(points[anchors], dim=1) @ normalize(points[others], dim=1).T / _TEMPERATURE
    logits = logits.masked_fill(anchors[:, None] == others[None], -torch.inf)
    return cross_entropy(logits, torch.arange(len(anchors)))


def _irregular(wordnet: WordNet, words: Collection[str]) -> dict[str, str]:
    """Irregular forms that are no words of the table themselves."""
    held = set(words)
    return {form: word for form, word in wordnet.irregular.items() if word in held and form not in held}


if __name__ == "__main__":
    made = make_word_vectors(
        read_wordnet(Path(sys.argv[1])),
        read_thesaurus(Path(sys.argv[2])),
        words=WORDS,
        dimensions=DIMENSIONS,
        steps=STEPS,
    )
    write_word_vectors(made, Path(sys.argv[3]))

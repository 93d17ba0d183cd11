"""What dictionaries tell of words, as sparse rows: where random walks from a word come to, and thesaurus entries."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from kinoeye.formats.dictionaries.wordnet import Sense, Synset, WordNet
from kinoeye.networks.text.dictionary_words import VISIBLE_TOPICS
from kinoeye.networks.text.word_forms import stems

SparseRows: TypeAlias = Any
"""A `csr_array` of SciPy, which has no types."""
_SHARES = {
    "words": 0.35,
    "general": 0.25,
    "similar": 0.3,
    "definition": 0.25,
    "attribute": 0.15,
    "derived": 0.12,
    "part": 0.1,
    "domain": 0.1,
    "special": 0.08,
}
"""Kind of step from a synset -> its share, before those that a synset lacks are left out."""
_KINDS = {
    "@": "general", "@i": "general", "*": "general", ">": "general", "~": "special", "~i": "special", "&": "similar",
    "^": "similar", "$": "similar", "=": "attribute", "+": "derived", "\\": "derived", "<": "derived",
    "#m": "part", "#s": "part", "#p": "part", "%m": "part", "%s": "part", "%p": "part",
    ";c": "domain", ";r": "domain", ";u": "domain",
}  # fmt: skip
"""Pointer of WordNet -> kind of step; antonyms are none."""
_LATER_SENSE = 0.6
"""Weight of a word's next sense against the one before it, where tagged texts have neither."""
_STEPS = 4
_GOES_ON = 0.85
_LEAST_VISIT = 2e-4
_BLOCK = 2000
_CONTEXT_SMOOTHING = 0.75
_LEAST_WORDS = 3
"""Words that a context stands beside; one of fewer words says nothing of likeness."""


def walk_features(wordnet: WordNet, definitions: Mapping[str, Counter[str]], words: Sequence[str]) -> SparseRows:
    """Where random walks through WordNet's graph of words and synsets from each word come to.

    Positive pointwise mutual information of the word and the place, rows of length 1, or 0 for words without senses.
    Hughes & Ramage 2007; Goikoetxea, Soroa & Agirre 2015.

    Args:
        wordnet: the dictionary.
        definitions: as `definition_words` gives them.
        words: of the rows.
    """
    from scipy.sparse import diags_array, vstack

    steps, places = _graph(wordnet, definitions)
    known = [places[word] if word in wordnet.senses else -1 for word in words]
    blocks: list[SparseRows] = []
    for first in range(0, len(words), _BLOCK):
        starts = [(row, place) for row, place in enumerate(known[first : first + _BLOCK]) if place >= 0]
        rows, columns = zip(*starts, strict=True) if starts else ((), ())
        shape = (min(_BLOCK, len(words) - first), steps.shape[0])
        at = _sparse(np.ones(len(starts)), rows, columns, shape)
        visits = at * (1 - _GOES_ON)
        for step in range(1, _STEPS + 1):
            at = at @ steps
            at.data[at.data < _LEAST_VISIT] = 0
            at.eliminate_zeros()
            visits = visits + at * np.float32(_GOES_ON**step)
        blocks.append(visits.tocsr())
    visits: SparseRows = vstack(blocks, format="csr")
    totals = np.maximum(visits.sum(axis=1), 1e-12)
    return _mutual_information(diags_array(1 / totals) @ visits)


def entry_features(thesaurus: Mapping[str, Collection[str]], words: Sequence[str]) -> SparseRows:
    """In which entries of a thesaurus each word stands, short entries weighing more; else as `walk_features`."""
    numbers = {word: row for row, word in enumerate(words)}
    found = [
        (numbers[word], column, len(related) ** -0.5)
        for column, (head, related) in enumerate(sorted(thesaurus.items()))
        for word in sorted({head, *related})
        if word in numbers and related
    ]
    rows, columns, weights = zip(*found, strict=True) if found else ((), (), ())
    return _mutual_information(_sparse(weights, rows, columns, (len(words), len(thesaurus))))


def _mutual_information(counts: SparseRows) -> SparseRows:
    """Positive pointwise mutual information of rows and columns, rows of length 1; Levy, Goldberg & Dagan 2015."""
    from scipy.sparse import diags_array

    rows, columns = counts.tocoo().coords
    totals = np.maximum(counts.sum(axis=1), 1e-12)
    commonness = (diags_array(1 / totals) @ counts).sum(axis=0) ** _CONTEXT_SMOOTHING
    commonness /= max(commonness.sum(), 1e-12)
    shares = counts.tocoo().data / totals[rows]
    information = np.log(shares / np.maximum(commonness[columns], 1e-12))
    kept = (information > 0) & (np.bincount(columns, minlength=counts.shape[1])[columns] >= _LEAST_WORDS)
    values = information[kept].astype(np.float32)
    lengths = np.sqrt(np.bincount(rows[kept], weights=values**2, minlength=counts.shape[0]))
    values /= lengths[rows[kept]].astype(np.float32)
    return _sparse(values, rows[kept], columns[kept], counts.shape)


def _sparse(values: ArrayLike, rows: ArrayLike, columns: ArrayLike, shape: tuple[int, int]) -> SparseRows:
    from scipy.sparse import csr_array

    places = (np.asarray(rows, np.int64), np.asarray(columns, np.int64))
    return csr_array((np.asarray(values, np.float32), places), shape=shape)


def _graph(wordnet: WordNet, definitions: Mapping[str, Counter[str]]) -> tuple[SparseRows, dict[str, int]]:
    """Probabilities of a step [place, place], and the place of each word and synset."""
    places = {key: place for place, key in enumerate([*sorted(wordnet.senses), *sorted(wordnet.synsets)])}
    rows: list[int] = []
    columns: list[int] = []
    weights: list[float] = []

    def add(start: str, ends: Mapping[str, float], share: float) -> None:
        total = sum(ends.values())
        for end, weight in ends.items():
            rows.append(places[start])
            columns.append(places[end])
            weights.append(share * weight / total)

    for word in wordnet.senses:
        add(word, _senses(wordnet, word), 1.0)
    synsets_with = Counter(word for words in definitions.values() for word in words)
    rarity = {word: max(math.log(len(wordnet.synsets) / (1 + count)), 0.1) for word, count in synsets_with.items()}
    for key, synset in wordnet.synsets.items():
        ends = _ends(wordnet, synset, definitions[key], rarity)
        total = sum(_SHARES[kind] for kind in ends)
        for kind, weighted in ends.items():
            add(key, weighted, _SHARES[kind] / total)
    return _sparse(weights, rows, columns, (len(places), len(places))), places


def _senses(wordnet: WordNet, word: str) -> dict[str, float]:
    """Synset -> weight; a form such as "running" has the senses of its verb too, up to a half of all."""
    own, inherited = _weighed(wordnet, wordnet.senses[word]), _weighed(wordnet, _base_senses(wordnet, word))
    share = min(1.0, sum(own.values()) / max(sum(inherited.values()), 1e-12))
    return {key: own.get(key, 0.0) + share * inherited.get(key, 0.0) for key in {**own, **inherited}}


def _weighed(wordnet: WordNet, senses: Sequence[Sense]) -> dict[str, float]:
    """Synset -> weight by how often texts mean it; senses that a picture can show weigh more."""
    ranks: Counter[str] = Counter()
    weights: dict[str, float] = {}
    for sense in senses:
        part = sense.synset[0]
        visibility = 1 + VISIBLE_TOPICS.get(wordnet.synsets[sense.synset].topic, 0.0)
        weights[sense.synset] = visibility * (1 + sense.count) * _LATER_SENSE ** ranks[part]
        ranks[part] += 1
    return weights


def _base_senses(wordnet: WordNet, word: str) -> tuple[Sense, ...]:
    """The senses of the word that an irregular form, or of the verb that a participle, is one of."""
    if word in wordnet.irregular:
        return wordnet.senses.get(wordnet.irregular[word], ())
    if not word.endswith(("ing", "ed")):
        return ()
    verbs = (tuple(s for s in wordnet.senses.get(stem, ()) if s.synset.startswith("v")) for stem in stems(word))
    return next(filter(None, verbs), ())


def _ends(
    wordnet: WordNet, synset: Synset, definition: Counter[str], rarity: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Kind of step from a synset -> where it may end -> weight."""
    ends: dict[str, dict[str, float]] = defaultdict(dict)
    own = {word.lower() for word in synset.words}
    ends["words"] = {word: 1.0 for word in sorted(own) if word in wordnet.senses}
    for pointer, other in synset.pointers:
        if pointer in _KINDS and other in wordnet.synsets:
            ends[_KINDS[pointer]][other] = 1.0
    ends["definition"] = {word: rarity[word] * min(count, 2) for word, count in definition.items() if word not in own}
    return {kind: weighted for kind, weighted in ends.items() if weighted}

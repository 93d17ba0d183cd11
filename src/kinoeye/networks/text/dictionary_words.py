"""Which words a table of vectors holds: common ones, and those for what a picture can show."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import chain

from kinoeye.formats.dictionaries.wordnet import WordNet
from kinoeye.language import lexicon
from kinoeye.networks.text.word_forms import stems

VISIBLE_TOPICS = {
    "noun.artifact": 2.5,
    "noun.object": 2.5,
    "noun.shape": 2.5,
    "noun.person": 2.0,
    "noun.body": 2.0,
    "noun.phenomenon": 2.0,
    "noun.animal": 1.5,
    "noun.location": 1.5,
    "noun.substance": 1.5,
    "noun.time": 1.5,
    "noun.food": 1.2,
    "noun.plant": 0.8,
    "noun.attribute": 0.8,
    "verb.motion": 2.0,
    "verb.weather": 2.0,
    "verb.contact": 1.2,
    "verb.body": 1.2,
    "verb.perception": 1.0,
    "verb.creation": 1.0,
}
"""WordNet's topics that a picture can show -> how much they speak for a word, in the unit of logarithms of counts."""
CLOSED_CLASS = frozenset(
    "a about above after again against all also although always am among an and another any anything are as at away "
    "be because been before behind being below beneath beside besides between beyond both but by can could did do "
    "does done down during each either else enough especially etc even ever every everything few for from further "
    "had has have having he hence her here hers him his how however i if in into is it its itself just less many may "
    "me might mine more most much must my neither never no none nor not nothing now of off often on once one only "
    "onto or other others ought our ours out over own per perhaps quite rather same shall she should since so some "
    "someone something sometimes somewhat such than that the their them then there these they thing this those "
    "though through thus to together too toward towards under unless until up upon us used usually very was we were "
    "what when where whether which while who whom whose why will with within without would yet you your".split()
)
"""Words of grammar, whose meaning dictionaries do not tell by their neighbours."""
_LATER_SENSE = 0.7
"""How much a topic speaks for a word that has it as a next sense of the same part of speech."""
_WORD = re.compile(r"[a-z]{2,24}(-[a-z]{2,24})*")
_TOKEN = re.compile(r"[a-z]+(?:-[a-z]+)*")


def definition_words(wordnet: WordNet) -> dict[str, Counter[str]]:
    """Synset -> how often its definition and examples have each word of the dictionary, in its base form."""
    bases: dict[str, str | None] = {}

    def base(word: str) -> str | None:
        if word not in bases:
            forms = (word, wordnet.irregular.get(word), *stems(word))
            bases[word] = next((form for form in forms if form in wordnet.senses), None)
        return bases[word]

    def words(gloss: str) -> Iterator[str]:
        found = (base(word) for word in _TOKEN.findall(gloss.lower()))
        return (word for word in found if word is not None and word not in CLOSED_CLASS and len(word) > 1)

    return {key: Counter(words(synset.gloss)) for key, synset in wordnet.synsets.items()}


def chosen_words(
    wordnet: WordNet,
    thesaurus: Mapping[str, Collection[str]],
    definitions: Mapping[str, Counter[str]],
    count: int,
    *,
    wanted: Collection[str],
) -> list[str]:
    """The `count` words that captions are the likeliest to have, in alphabetical order.

    A word is likelier the more often tagged texts, definitions and the thesaurus have it, the more senses it has, and
    if it names what can be seen. Names, and words that others are the forms of, are left out.

    Args:
        wordnet: the dictionary.
        thesaurus: entry -> words.
        definitions: as `definition_words` gives them.
        count: of words.
        wanted: words that are taken first, if a dictionary has them.
    """
    defining = Counter(chain.from_iterable(words.keys() for words in definitions.values()))
    listed = Counter(chain.from_iterable(thesaurus.values()))
    names = _names(wordnet)

    def commonness(word: str) -> float:
        senses = wordnet.senses.get(word, ())
        counts = (sum(sense.count for sense in senses), defining[word], len(senses))
        return sum(map(math.log1p, counts)) + 0.7 * math.log1p(listed[word]) + 1.5 * _visibility(wordnet, word)

    known = {*wordnet.senses, *thesaurus}
    candidates = {word for word in known - names - CLOSED_CLASS if _WORD.fullmatch(word)}
    ordered = sorted(candidates, key=lambda word: (word not in wanted, -commonness(word), word))
    likely = set(ordered[: 3 * count // 2])
    kept = (word for word in ordered if word in wanted or not _follows_from(word, likely))
    return sorted(word for word, _ in zip(kept, range(count), strict=False))


def lexicon_words() -> frozenset[str]:
    """Every word of the tables of `kinoeye.language.lexicon`.

    Example:
        >>> {"dolly", "crimson", "savanna"} <= lexicon_words()
        True
    """

    def texts(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from (text for pair in value.items() for part in pair for text in texts(part))
        elif isinstance(value, Collection):
            yield from (text for part in value for text in texts(part))

    tables = (value for name, value in vars(lexicon).items() if name.isupper())
    return frozenset(word for table in tables for text in texts(table) for word in text.split())


def _names(wordnet: WordNet) -> set[str]:
    """Words that are written with a capital wherever they stand, and that no tagged text had."""
    written = {word for synset in wordnet.synsets.values() for word in synset.words}
    common = {word for word in written if word == word.lower()}
    counted = {word for word, senses in wordnet.senses.items() if any(sense.count for sense in senses)}
    return {word.lower() for word in written} - common - counted


def _visibility(wordnet: WordNet, word: str) -> float:
    ranks: Counter[str] = Counter()
    best = 0.0
    for sense in wordnet.senses.get(word, ()):
        part = sense.synset[0]
        best = max(best, VISIBLE_TOPICS.get(wordnet.synsets[sense.synset].topic, 0.0) * _LATER_SENSE ** ranks[part])
        ranks[part] += 1
    return best


def _follows_from(word: str, others: Collection[str]) -> bool:
    """Whether a reader finds the meaning of a word by its parts, or an adverb or quality by its adjective."""
    if "-" in word:
        return all(part in others for part in word.split("-"))
    return word.endswith(("ly", "ness")) and any(stem in others for stem in stems(word))

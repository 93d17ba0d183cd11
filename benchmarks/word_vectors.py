"""Whether word vectors put a word with others of its meaning: each word of a table is left out and found again.

    python benchmarks/word_vectors.py
    python benchmarks/word_vectors.py --wordnet /usr/share/wordnet --thesaurus words.txt

A table is a list of meanings with some words each. A word is found if, of all meanings, the mean vector of the other
words of its own is the nearest to its own vector by the cosine; a word without a vector is not found. First come
character n-grams, which are all that an encoder has for a word that its training never showed, then the table that
ships. With the files of the dictionaries, tables of each of them alone are made (minutes) and measured too.

`TUNED` and the tables of the lexicon were looked at when the method was chosen. `HELD` was not; it was seen once before
the last change, which weighs the thesaurus less.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.language import lexicon
from kinoeye.networks.text import load_word_vectors
from kinoeye.networks.text.words import word_ngrams

Vector = NDArray[np.float32]
Table = Mapping[str, tuple[str, ...]]

TUNED: dict[str, dict[str, str]] = {
    "clothes": {
        "trousers": "trousers pants jeans slacks leggings chinos breeches khakis dungarees",
        "shirt": "shirt blouse tee polo tunic chemise",
        "sweater": "sweater jumper pullover cardigan sweatshirt",
        "coat": "coat jacket overcoat parka anorak raincoat blazer",
        "hat": "hat cap beanie bonnet fedora beret bowler",
        "shoes": "shoes boots sneakers trainers sandals loafers slippers",
        "dress": "dress gown frock sundress kimono",
        "gloves": "gloves mittens gauntlets",
    },
    "animals": {
        "dog": "dog puppy hound terrier spaniel poodle collie mutt",
        "cat": "cat kitten tabby tomcat kitty",
        "horse": "horse pony mare stallion foal colt",
        "bird": "bird sparrow pigeon crow robin finch gull",
        "fish": "fish trout salmon carp cod herring",
        "cow": "cow bull calf ox heifer cattle",
        "insect": "insect beetle ant bee wasp moth butterfly",
        "sheep": "sheep lamb ewe ram",
    },
    "landscapes": {
        "forest": "forest woods woodland grove thicket jungle copse",
        "desert": "desert dune wasteland sahara badlands",
        "meadow": "meadow pasture grassland prairie field lea",
        "beach": "beach shore seaside coast seashore strand",
        "snow": "snow ice tundra glacier arctic blizzard",
        "street": "street road avenue boulevard lane alley",
        "hall": "hall ballroom auditorium lobby foyer",
        "warehouse": "warehouse hangar depot storehouse depository",
        "mountain": "mountain peak hill summit ridge alp",
        "swamp": "swamp marsh bog fen moor mire",
        "square": "square plaza piazza courtyard marketplace",
        "river": "river stream brook creek rivulet",
    },
    "motions": {
        "walk": "walk stroll amble saunter march stride tread",
        "run": "run sprint jog dash race gallop",
        "jump": "jump leap hop bound vault spring",
        "turn": "turn rotate spin swivel pivot twirl",
        "rise": "rise ascend climb mount soar",
        "fall": "fall descend drop plunge sink tumble",
        "stop": "stop halt pause cease rest",
        "creep": "creep crawl sneak slink inch",
    },
}
"""Ordinary words by meaning, with which the method was chosen."""

HELD: dict[str, dict[str, str]] = {
    "colours": {
        "red": "red crimson scarlet ruby cherry carmine vermilion",
        "green": "green emerald olive lime jade",
        "blue": "blue navy azure cobalt indigo sapphire",
        "yellow": "yellow golden lemon amber mustard",
        "purple": "purple violet lilac lavender mauve plum",
        "brown": "brown chestnut tan hazel chocolate russet",
        "black": "black ebony jet inky sooty",
        "white": "white ivory snowy alabaster milky",
        "grey": "grey gray silver ashen slate",
        "pink": "pink rose salmon blush",
    },
    "vehicles": {
        "car": "car automobile sedan coupe taxi limousine convertible hatchback",
        "truck": "truck lorry van pickup trailer",
        "bicycle": "bicycle bike tricycle tandem unicycle",
        "boat": "boat ship yacht canoe ferry dinghy",
        "plane": "plane airplane jet airliner glider biplane",
        "train": "train locomotive tram subway railway",
        "cart": "cart wagon carriage chariot buggy",
    },
    "solids": {
        "ball": "ball sphere orb globe marble",
        "box": "box crate chest carton trunk case",
        "cube": "cube block brick cuboid",
        "cone": "cone funnel spire conical",
        "pillar": "pillar column post pole obelisk shaft",
        "pyramid": "pyramid ziggurat pyramidal tetrahedron",
        "ring": "ring hoop loop circle torus band",
    },
    "weather": {
        "rain": "rain drizzle shower downpour rainy",
        "fog": "fog mist haze foggy misty murk",
        "snow": "snow blizzard snowfall snowy sleet",
        "storm": "storm tempest thunderstorm gale hurricane",
        "sun": "sunny bright clear cloudless sunshine",
        "cloud": "cloudy overcast clouded grey cloud",
        "wind": "wind breeze gust windy breezy",
    },
    "times": {
        "morning": "morning dawn sunrise daybreak daylight",
        "evening": "evening dusk sunset twilight nightfall",
        "night": "night midnight nighttime darkness moonlight",
        "noon": "noon midday noontime noonday",
        "winter": "winter wintry january december",
        "summer": "summer july august summery",
    },
    "people": {
        "child": "child kid toddler infant boy girl youngster",
        "man": "man guy gentleman fellow bloke",
        "woman": "woman lady gal dame",
        "soldier": "soldier trooper guard infantryman sergeant",
        "worker": "worker labourer builder mechanic carpenter",
        "doctor": "doctor physician surgeon nurse medic",
        "robot": "robot android automaton golem",
        "dancer": "dancer ballerina performer acrobat",
    },
    "indoors": {
        "chair": "chair stool armchair bench seat",
        "table": "table desk counter workbench",
        "bed": "bed cot bunk mattress couch",
        "lamp": "lamp lantern light torch candle",
        "kitchen": "kitchen pantry galley scullery",
        "office": "office bureau workplace study",
        "church": "church chapel cathedral abbey temple",
        "shop": "shop store boutique market supermarket",
        "prison": "prison jail dungeon cell gaol",
        "factory": "factory mill plant foundry workshop",
    },
    "manners": {
        "slow": "slow slowly leisurely sluggish unhurried",
        "fast": "fast quick rapid swift speedy brisk",
        "big": "big large huge enormous giant massive",
        "small": "small little tiny miniature minute",
        "happy": "happy joyful cheerful merry glad",
        "sad": "sad gloomy sorrowful mournful unhappy",
        "old": "old ancient aged elderly antique",
        "angry": "angry furious irate enraged cross",
        "loud": "loud noisy deafening blaring",
        "quiet": "quiet silent hushed still noiseless",
    },
}
"""The same, by which nothing was chosen."""
_BUCKETS = 65536


def lexicon_tables() -> dict[str, Table]:
    """Single words of the lexicon's tables, without plurals beside their singulars."""
    tables = {
        "places": lexicon.PLACES,
        "colours": lexicon.COLOURS,
        "sizes": lexicon.SIZES,
        "bodies": lexicon.SHAPES | lexicon.CREATURES,
    }
    return {name: {meaning: _single(words) for meaning, words in table.items()} for name, table in tables.items()}


def own_tables(tables: Mapping[str, Mapping[str, str]]) -> dict[str, Table]:
    return {name: {meaning: tuple(words.split()) for meaning, words in table.items()} for name, table in tables.items()}


def found(table: Table, vector: Callable[[str], Vector]) -> tuple[int, int]:
    """How many words of a table are found by the others of their meaning, and how many there are."""
    vectors = {meaning: np.stack([vector(word) for word in words]) for meaning, words in table.items() if words}
    right = asked = 0
    for meaning, own in vectors.items():
        for row in range(len(own)) if len(own) > 1 else ():
            means = {other: rows.sum(axis=0) for other, rows in vectors.items()}
            means[meaning] = means[meaning] - own[row]
            cosines = {other: float(own[row] @ mean / max(np.linalg.norm(mean), 1e-9)) for other, mean in means.items()}
            right += own[row].any() and max(cosines, key=lambda other: cosines[other]) == meaning
            asked += 1
    return right, asked


def of_ngrams(word: str) -> Vector:
    """How often a word has each of its hashed n-grams."""
    counts = np.zeros(_BUCKETS + 1, np.float32)
    counts[list(word_ngrams(word, _BUCKETS))] = 1
    counts[0] = 0
    return counts / np.sqrt(counts.sum())


def methods(wordnet: Path | None, thesaurus: Path | None) -> dict[str, Callable[[str], Vector]]:
    """Name -> vectors of words."""
    named: dict[str, Callable[[str], Vector]] = {"n-grams": of_ngrams, "ships": load_word_vectors().vector}
    if wordnet is None or thesaurus is None:
        return named
    from kinoeye.formats.dictionaries.thesaurus import read_thesaurus
    from kinoeye.formats.dictionaries.wordnet import WordNet, read_wordnet
    from kinoeye.networks.text.dictionary_vectors import DIMENSIONS, STEPS, WORDS, make_word_vectors

    dictionary, entries = read_wordnet(wordnet), read_thesaurus(thesaurus)
    for name, parts in {"WordNet alone": (dictionary, {}), "thesaurus alone": (WordNet({}, {}, {}), entries)}.items():
        named[name] = make_word_vectors(*parts, words=WORDS, dimensions=DIMENSIONS, steps=STEPS).vector
    return named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, metavar="DIR", help="the database files of WordNet 3.0")
    parser.add_argument("--thesaurus", type=Path, metavar="FILE", help="Moby's thesaurus, an entry a line")
    args = parser.parse_args()
    groups = {"tuned": own_tables(TUNED) | lexicon_tables(), "held": own_tables(HELD)}
    named = methods(args.wordnet, args.thesaurus)
    for group, tables in groups.items():
        for name, table in tables.items():
            scores = {method: found(table, vector) for method, vector in named.items()}
            _print(f"{group} {name}", scores)
        totals = {
            method: tuple(np.sum([found(table, vector) for table in tables.values()], axis=0).tolist())
            for method, vector in named.items()
        }
        _print(f"{group} all", totals)


def _print(name: str, scores: Mapping[str, tuple[int, ...]]) -> None:
    parts = [f"{method} {right / asked:.2f}" for method, (right, asked) in scores.items()]
    print(f"{name:18} {next(iter(scores.values()))[1]:4} words  " + "  ".join(parts))


def _single(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if " " not in word and not (word.endswith("s") and word[:-1] in words))


if __name__ == "__main__":
    main()

"""WordNet's database files: senses of words, how senses hang together, and how often a text meant them.

Format: wndb(5WN), senseidx(5WN) and cntlist(5WN) of WordNet 3.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text

PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
"""Ending of a file's name -> the letter of its part of speech."""
TOPICS = (
    "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition "
    "noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object "
    "noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation noun.shape "
    "noun.state noun.substance noun.time verb.body verb.change verb.cognition verb.communication verb.competition "
    "verb.consumption verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession "
    "verb.social verb.stative verb.weather adj.ppl"
).split()
"""The lexicographers' files by their number, lexnames(5WN)."""
_PART_OF_TYPE = {1: "n", 2: "v", 3: "a", 4: "r", 5: "a"}
_MAX_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class Synset:
    """One meaning and the words that have it."""

    words: tuple[str, ...]
    """As they are written; those of several words have spaces."""
    topic: str
    """One of `TOPICS`."""
    pointers: tuple[tuple[str, str], ...]
    """Relation, such as `@` for a hypernym, and the other synset."""
    gloss: str
    """Its definition and examples."""


@dataclass(frozen=True)
class Sense:
    """One meaning of a word, and how often tagged texts had it."""

    synset: str
    count: int


@dataclass(frozen=True)
class WordNet:
    """A dictionary of meanings.

    Args:
        synsets: by part of speech and place in the file, such as `n02084071`.
        senses: word in lower case -> its senses, part of speech by part of speech, the most frequent of each first.
        irregular: form of a word -> the word, such as `ran` -> `run`.
    """

    synsets: dict[str, Synset]
    senses: dict[str, tuple[Sense, ...]]
    irregular: dict[str, str]


def read_wordnet(folder: Path) -> WordNet:
    """WordNet of a folder with `data.*`, `index.*` and `*.exc` of the four parts of speech, and `cntlist.rev`.

    Raises:
        InputError: a file is missing, or a line is none of its format; the message has the file and line.
    """
    counts = _read_counts(folder / "cntlist.rev")
    synsets: dict[str, Synset] = {}
    senses: dict[str, list[Sense]] = {}
    irregular: dict[str, str] = {}
    for ending, part in PARTS.items():
        for where, fields, gloss in _lines(folder / f"data.{ending}"):
            with _Told(where, "synset"):
                synsets[part + fields[0]] = _synset(fields, gloss)
        for where, fields, _ in _lines(folder / f"index.{ending}"):
            with _Told(where, "word"):
                word, offsets = fields[0], fields[6 + int(fields[3]) :]
                senses.setdefault(_plain(word).lower(), []).extend(
                    Sense(part + offset, counts.get((word, part, number), 0))
                    for number, offset in enumerate(offsets, start=1)
                )
        forms = (line.split() for line in _text(folder / f"{ending}.exc").splitlines())
        irregular |= {form[0]: _plain(form[1]) for form in forms if len(form) > 1 and form[0] != form[1]}
    unknown = {sense.synset for found in senses.values() for sense in found} - set(synsets)
    if unknown:
        raise InputError(f"{folder} has words of {min(unknown)}, a synset that it lacks; give the files of one release")
    return WordNet(synsets, {word: tuple(found) for word, found in senses.items()}, irregular)


class _Told:
    """Tells the place of a line that cannot be read."""

    def __init__(self, where: str, what: str) -> None:
        self._where, self._what = where, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError | IndexError | KeyError):
            raise InputError(f"{self._where} is no {self._what} of WordNet; give the files of WordNet 3.0") from error


def _synset(fields: list[str], gloss: str) -> Synset:
    count = int(fields[3], 16)
    words = tuple(_plain(word) for word in fields[4 : 4 + 2 * count : 2])
    first = 4 + 2 * count
    places = range(first + 1, first + 1 + 4 * int(fields[first]), 4)
    pointers = tuple((fields[at], fields[at + 2] + fields[at + 1]) for at in places)
    return Synset(words, TOPICS[int(fields[1])], pointers, gloss)


def _plain(word: str) -> str:
    """A word without the mark of where an adjective stands, with spaces."""
    return word.partition("(")[0].replace("_", " ")


def _lines(path: Path) -> Iterator[tuple[str, list[str], str]]:
    """Where a line stands, its fields and its gloss; the licence at the head of a file is indented."""
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if line and not line.startswith(" "):
            fields, _, gloss = line.partition(" | ")
            yield f"line {number} of {path}", fields.split(), gloss.strip()


def _read_counts(path: Path) -> dict[tuple[str, str, int], int]:
    """Word as in the index, part of speech and number of the sense -> count."""
    counts: dict[tuple[str, str, int], int] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        with _Told(f"line {number} of {path}", "count"):
            key, sense, count = line.split()
            word, _, rest = key.partition("%")
            counts[word, _PART_OF_TYPE[int(rest.partition(":")[0])], int(sense)] = int(count)
    return counts


def _text(path: Path) -> str:
    if not path.is_file():
        raise InputError(f"{path} is missing; give a folder with the database files of WordNet 3.0")
    return read_text(path, max_bytes=_MAX_BYTES)

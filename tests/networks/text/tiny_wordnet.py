"""Files of a small dictionary in WordNet's format, for the tests of what reads and uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

LICENCE = "  1 This software and database is being provided to you, the LICENSEE, by  \n"
ENDINGS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}


def write_tiny_wordnet(
    folder: Path,
    synsets: Mapping[str, tuple[Sequence[str], int, Sequence[tuple[str, str]], str]],
    *,
    counts: Sequence[str] = (),
    irregular: str = "",
) -> None:
    """Write synsets, key -> (words, number of the topic, pointers as relation and key, gloss), as WordNet's files."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, ending in ENDINGS.items():
        data, senses = [LICENCE], {}
        for key, (words, topic, pointers, gloss) in synsets.items():
            if key[0] != part:
                continue
            written = " ".join(f"{word.replace(' ', '_')} 0" for word in words)
            pointed = " ".join(f"{relation} {other[1:]} {other[0]} 0000" for relation, other in pointers)
            head = f"{key[1:]} {topic:02d} {part} {len(words):02x} {written} {len(pointers):03d} {pointed}"
            data.append(f"{head.strip()} | {gloss}  \n")
            for word in words:
                lemma = word.partition("(")[0].replace(" ", "_").lower()
                senses.setdefault(lemma, []).append(key[1:])
        index = [
            f"{lemma} {part} {len(keys)} 1 @ {len(keys)} 0 {' '.join(keys)}  \n"
            for lemma, keys in sorted(senses.items())
        ]
        (folder / f"data.{ending}").write_text("".join(data))
        (folder / f"index.{ending}").write_text("".join([LICENCE, *index]))
        (folder / f"{ending}.exc").write_text(irregular if part == "n" else "")
    (folder / "cntlist.rev").write_text("".join(f"{line}\n" for line in counts))

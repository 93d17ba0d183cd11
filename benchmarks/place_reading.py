"""How well the small film model reads which place a caption speaks of, in words that its training never had.

    python benchmarks/place_reading.py
    python benchmarks/place_reading.py --by phrase --folds 1

The names of places in the shot grammar and the phrases of `systems.amg.place_phrases` are dealt into five folds. Three
readers are trained without the phrases of a fold and asked together for them: alone, behind actors of the train stream
that their training did not have, and in other frames with other actors. By "head" (the rule) phrases with the same main
noun are in one fold, so that "a rocky cove" is asked of readers that were told of no cove; by "phrase" each goes its
own way. The shot grammar's mark is left out where one of its names is asked for.

The table has what was asked for in rows and what was read in columns, in percent.
"""

from __future__ import annotations

import argparse
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from kinoeye.language.lexicon import PLACES as NAMES
from kinoeye.networks.text import WordBatch
from kinoeye.render.worlds import world
from kinoeye.shot.captions import captions_of
from kinoeye.systems.amg.film_config import FPS, FRAMES, PLACES, AvatarFilmConfig
from kinoeye.systems.amg.place_phrases import PLACE_PHRASES
from kinoeye.systems.amg.place_reader import PlaceReaders, caption_words
from kinoeye.systems.amg.place_wording import (
    Phrases,
    all_phrases,
    reading_loss,
    tells_where,
    vocabulary_of,
    word_batch,
    worded_caption,
)

FOLDS, BATCH, RATE, DECAY = 5, 144, 3e-3, 0.02
WORLDS, HELD_WORLDS, FIRST_WORLD = 200, 50, 3_000
ACTORS = (
    "An elderly gardener in a tweed jacket limps past a barking terrier", "Two teenagers juggle oranges",
    "A ballerina pirouettes while a bearded gentleman applauds", "Somebody hurries from left to right",
    "A lady in a crimson gown strolls arm in arm with a soldier", "Three toddlers chase a balloon",
    "A cyclist dismounts and scratches his chin", "A magician in a top hat bows",
    "A chubby fellow with a ginger moustache hops on one leg", "A nurse and a mechanic shake hands",
    "A jogger in lime leggings stretches her calves", "The android tilts its head and salutes",
    "An old woman knits while her grandson naps", "A waiter balances a tray of glasses",
    "A puppy wags its tail beside its owner", "A violinist tunes her instrument", "A couple quarrels, then hugs",
    "A tall bloke in khaki breeches ambles ahead", "A schoolgirl with pigtails skips rope",
    "A boxer throws jabs at an invisible opponent", "A maroon cube and an ivory cone keep still",
    "A grey hatchback reverses slowly", "A pedestrian in a beige cardigan waves cheerfully",
    "Twins in matching pullovers crouch and whisper", "A stocky man wearing a bowler marches in a circle",
    "A dancer in a turquoise leotard leaps and spins", "A photographer kneels to tie her laces",
    "A collie trots after a shepherd", "Nobody moves except a clown who yawns",
    "A fencer lunges, and a referee raises his arm",
)  # fmt: skip
FRAMES_OF_TESTS = (
    "{actors}, {where}.", "{where}, {actors}.", "{actors}, and all this {where}.",
    "The camera finds itself {where}: {actors}.", "{actors}. This takes place {where}.",
)  # fmt: skip
KINDS = ("alone", "behind actors", "in other frames")
_BEFORE_THE_NOUN = frozenset("a an the surrounded wrapped shrouded veiled lost half front middle dead out deep".split())
_BEHIND_THE_NOUN = frozenset(
    "of at in under on with by after against among amid between beneath beside near inside through over across for to "
    "from as when where while that without around behind before below into outside along past like full and but far "
    "so".split()
)


@dataclass(frozen=True)
class Question:
    """Words of a caption, and the number of the place that it speaks of."""

    words: tuple[str, ...]
    place: int
    kind: str
    named: bool
    """Whether the phrase is a name of the shot grammar."""


def head(phrase: str) -> str:
    """The main noun of a phrase, in the singular.

    Example:
        >>> head("under the old oaks of a park"), head("a sea of sand")
        ('oak', 'sea')
    """
    words = re.findall(r"[a-z]+", phrase.lower())
    while len(words) > 1 and words[0] in _BEFORE_THE_NOUN | _BEHIND_THE_NOUN:
        words = words[1:]
    ends = [index for index, word in enumerate(words) if word in _BEHIND_THE_NOUN and index]
    noun = words[min(ends, default=len(words)) - 1]
    return noun[:-1] if noun.endswith("s") and not noun.endswith("ss") else noun


def fold_of(phrase: str, by: str) -> int:
    return zlib.crc32((head(phrase) if by == "head" else phrase).encode()) % FOLDS


def told_worlds(count: int, first: int) -> list[tuple[tuple[str, ...], str]]:
    """Captions of worlds of the train stream, and their places."""
    told = []
    for seed in range(first, first + count):
        shot = world("train", seed, num_frames=FRAMES, fps=FPS, size_wh=(64, 64))
        found = captions_of(shot, "train")
        told.append((tuple(dict.fromkeys((shot.prompt, found.avatar, found.environment))), shot.environment.name))
    return told


def questions(held: Phrases, told: Sequence[tuple[tuple[str, ...], str]]) -> list[Question]:
    """Captions with held-out phrases, of three kinds."""
    asked = []
    for number, place in enumerate(PLACES):
        for phrase in held[place]:
            rng = np.random.default_rng(zlib.crc32(phrase.encode()))
            where = phrase if tells_where(phrase) else f"in {phrase}"
            trained = told[int(rng.integers(len(told)))][0][-2].rsplit(", in ", 1)[0]
            other, frame = (some[int(rng.integers(len(some)))] for some in (ACTORS, FRAMES_OF_TESTS))
            captions = (f"{phrase}.", f"{trained}, {where}.", frame.format(actors=other, where=where))
            named = phrase in NAMES[place]
            for kind, caption in zip(KINDS, captions, strict=True):
                words = caption_words(caption)
                if named:
                    words = tuple(word for word in words if not word.startswith("<"))
                asked.append(Question(words, number, kind, named))
    return asked


def trained_readers(phrases: Phrases, told: Sequence[tuple[tuple[str, ...], str]], steps: int) -> PlaceReaders:
    """Readers that were taught with some phrases."""
    torch.manual_seed(0)
    vocabulary = vocabulary_of(phrases)
    readers = PlaceReaders(vocabulary, len(PLACES), AvatarFilmConfig.readers)
    optimizer = torch.optim.AdamW(readers.parameters(), lr=RATE, weight_decay=DECAY)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50) * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
        rng = np.random.default_rng([0, step])
        chosen = [told[int(rng.integers(len(told)))] for _ in range(BATCH)]
        batch = word_batch([worded_caption(*some, rng, phrases) for some in chosen], vocabulary, rng)
        words = WordBatch(batch["words"], batch["ngrams"], batch["valid"], batch["meanings"])
        optimizer.zero_grad()
        reading_loss(readers.apart(words), batch["shares"]).backward()
        torch.nn.utils.clip_grad_norm_(readers.parameters(), 1.0)
        optimizer.step()
    return readers.eval()


@torch.no_grad()
def read(readers: PlaceReaders, captions: Sequence[tuple[str, ...]]) -> NDArray[np.float32]:
    """Shares of places."""
    parts = [captions[at : at + BATCH] for at in range(0, len(captions), BATCH)]
    return np.concatenate([readers(readers.vocabulary.encode(part)).numpy() for part in parts])


def report(shares: NDArray[np.float32], asked: Sequence[Question]) -> None:
    """Prints how many were right, how sure the reader was, and what was taken for what."""
    places = np.array([question.place for question in asked])
    found, sure = shares.argmax(axis=1), shares.max(axis=1)
    right = found == places
    groups = {"all": np.ones(len(asked), bool), "names of the grammar": np.array([some.named for some in asked])}
    groups |= {kind: np.array([some.kind == kind for some in asked]) for kind in KINDS}
    for name, group in groups.items():
        print(f"{name:22} {group.sum():5} captions, right {right[group].mean():.3f}")
    print(f"largest share where right {sure[right].mean():.3f}, where wrong {sure[~right].mean():.3f}")
    for least in (0.5, 0.7, 0.9):
        told = sure >= least
        print(f"share of {least} or more: {told.mean():.2f} of captions, right {right[told].mean():.3f}")
    print(" " * 18 + " ".join(f"{place[:6]:>6}" for place in PLACES))
    for row, place in enumerate(PLACES):
        counts = np.bincount(found[places == row], minlength=len(PLACES))
        print(f"{place:18}" + " ".join(f"{100 * count / max(counts.sum(), 1):6.0f}" for count in counts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--by", choices=("head", "phrase"), default="head", help="what is dealt into folds")
    parser.add_argument("--folds", type=int, default=FOLDS, help="how many of the five are asked for")
    parser.add_argument("--steps", type=int, default=500, help="of training, 48 captions for each reader")
    args = parser.parse_args()
    told = told_worlds(WORLDS + HELD_WORLDS, FIRST_WORLD)
    trained, held_worlds = told[:WORLDS], told[WORLDS:]
    shares, asked = [], []
    for fold in range(args.folds):
        named = {place: (*NAMES[place], *PLACE_PHRASES[place]) for place in PLACES}
        held = {place: [some for some in named[place] if fold_of(some, args.by) == fold] for place in PLACES}
        kept = {place: [some for some in all_phrases()[place] if some not in held[place]] for place in PLACES}
        readers = trained_readers(kept, trained, args.steps)
        new = questions(held, held_worlds)
        asked += new
        shares.append(read(readers, [question.words for question in new]))
        nowhere = read(readers, [caption_words(actors) for actors in ACTORS]).max(axis=1).mean()
        print(f"fold {fold}: {len(new)} captions; largest share where no place is told {nowhere:.2f}", flush=True)
    report(np.concatenate(shares), asked)


if __name__ == "__main__":
    main()

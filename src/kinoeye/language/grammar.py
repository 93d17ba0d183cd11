"""The shot grammar: a sentence about a camera and actors, read left to right into a Plan.

The reader walks over the items of the text. A boundary (comma, connective, full stop) closes the clause; the verb
phrase that was open becomes actions, which start a new move or join the last one:

* "then", "before", "followed by", a full stop, and a comma before a finite verb start a new move;
* "while", "as", "with", "and" before a verb, and a participle after a comma join the last move.

A clause that is not about motion ("to reveal clouds", "as the light fades") is skipped to the next boundary that
leads to a camera again, and its words are reported.
"""

from __future__ import annotations

from kinoeye.base.errors import InputError
from kinoeye.language.plan import Action, Move, Plan, ReadAs, UnusedWords
from kinoeye.language.reading import boundaries, manner, prose, subjects
from kinoeye.language.reading.acting import read_acting
from kinoeye.language.reading.cursor import BOUNDARIES
from kinoeye.language.reading.state import Reading
from kinoeye.language.reading.unused import nearest, unused_words
from kinoeye.language.text.items import Item

MAX_CHARACTERS = 20_000
EXAMPLES = (
    "The camera moves forward while yawing left, then orbits right around the red robot.",
    "Push in slowly, then pan left 45 degrees while craning up 2 m over 3 seconds.",
    "The camera remains static, then dolly zooms in.",
)

_NOUNS = ("actor", "place", "word", "prep", "subject", "pronoun", "filler")
_HANDLERS = boundaries.HANDLERS | subjects.HANDLERS | manner.HANDLERS | prose.HANDLERS


def parse(text: str, *, camera_required: bool = True) -> Plan:
    """The Plan of a sentence, or of several.

    Left and right, up and down, forward and backward are the camera's own. "Slightly" scales a whole move.

    Args:
        text: camera moves, actors and a place in words.
        camera_required: whether a text without a camera move is an error; if not, the camera holds while the actors
            and the place that the text must then name are set up.

    Raises:
        InputError: the text is empty, too long, or has no camera move in it; the message shows examples.

    Example:
        >>> parse("Dolly in 2 m while panning left.").moves[0].actions[1].direction
        'left'
    """
    if not text.strip():
        raise InputError(f"the text is empty; describe a camera move, such as {EXAMPLES[0]!r}")
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} are read, so shorten it")
    reading = _read(text)
    moves = reading.sequence.moves
    unused = _unused(text, reading)
    if not moves and (camera_required or not (reading.cast.mentions or reading.place)):
        raise _no_move(text, unused, "camera move" if camera_required else "actor, place or camera move")
    return Plan(
        moves=tuple(move.build() for move in moves) or (Move((Action("hold"),)),),
        actors=tuple(reading.cast.mentions),
        place=reading.place,
        unused=unused,
        text=text,
        duration_s=reading.duration_s,
        fps=reading.fps,
        read_as=_read_as(text, reading),
        acting=_acting(reading),
    )


def slips(text: str) -> tuple[UnusedWords, ...]:
    """The words of a text that the grammar cannot use and that are probably slips of known ones, whoever directs.

    Raises:
        InputError: as `parse`, but a text without a camera move is none.

    Example:
        >>> [(words.text, words.suggestion) for words in slips("Pnu left.")]
        [('Pnu left', 'pan')]
    """
    return tuple(words for words in _unused(text, _read(text)) if words.suggestion)


def _read(text: str) -> Reading:
    reading = Reading(text, _HANDLERS)
    read_until = 0
    for index, item in enumerate(reading.cursor.items):
        if index < read_until:
            continue
        reading.cursor.at = index
        if reading.skipping and not prose.leaves_prose(reading, item):
            prose.skip(reading, item)
            continue
        reading.skipping = False
        read_until = read_acting(reading) or 0
        if read_until:
            reading.acted.update(range(index, read_until))
            continue
        reading.has_others = reading.has_others or item.kind in _NOUNS
        reading.handle(item)
    reading.end_sentence()
    if reading.shake is not None:
        reading.sequence.shake(reading.shake)
    return reading


def _acting(reading: Reading) -> tuple[tuple[int, int], ...]:
    """The spans of sentences of which every clause is one in which actors act."""
    items = reading.cursor.items
    stops = [index for index, item in enumerate(items) if item.kind == "stop"]
    spans: list[tuple[int, int]] = []
    for first, last in zip([0, *(index + 1 for index in stops)], [*stops, len(items)], strict=True):
        told = [index for index in range(first, last) if not _says_where(reading, items[index])]
        if told and reading.acted.issuperset(told):
            end = items[min(last, len(items) - 1)]
            spans.append((reading.cursor.span(items[first])[0], reading.cursor.span(end)[1]))
    return tuple(spans)


def _says_where(reading: Reading, item: Item) -> bool:
    """Whether an item only links clauses or is of a place; "in" may be a direction elsewhere."""
    return item.kind in ("function", "place", *BOUNDARIES) or reading.cursor.words(item) == "in"


def _read_as(text: str, reading: Reading) -> tuple[ReadAs, ...]:
    tokens = [reading.cursor.tokens[index] for index in reading.cursor.corrected]
    return tuple(ReadAs(text[token.start : token.end], token.start, token.end, token.text) for token in tokens)


def _unused(text: str, reading: Reading) -> tuple[UnusedWords, ...]:
    cursor = reading.cursor
    return unused_words(
        text, cursor.tokens, cursor.items, reading.unused, reading.foreign, reading.notes, reading.of_actors
    )


def _no_move(text: str, unused: tuple[UnusedWords, ...], what: str) -> InputError:
    shown = " ".join(text.split())
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    near = {word: nearest(word.casefold()) for words in unused for word in words.text.split()}
    near = {word: meant for word, meant in near.items() if meant}
    near = near or {words.text: words.suggestion for words in unused if words.suggestion}
    typos = [f"did you mean {meant!r} for {word!r}? " for word, meant in near.items()]
    notes = "".join([*typos[:2], *[f"{words.note}; " for words in unused if words.note][:1]])
    return InputError(f"no {what} in {shown!r}; {notes}write for example {' or '.join(map(repr, EXAMPLES))}")

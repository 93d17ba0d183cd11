"""A caption as words, with its quantities and actors taken out and pointed at."""

from __future__ import annotations

from dataclasses import dataclass

from kinoeye.base.errors import InputError
from kinoeye.language.grammar import parse
from kinoeye.language.plan import ActorMention
from kinoeye.language.reading.cast import Cast
from kinoeye.language.text.items import scan
from kinoeye.language.text.quantities import Quantity
from kinoeye.language.text.tokens import tokenize

MAX_QUANTITIES, MAX_ACTORS = 10, 6
"""How many of each a caption's words can point at; further ones stay words."""
_SIGNS = {"end": ".", "arrow": "->"}
MAX_READING = 40
"""Of the grammar's reading, in marks."""
NOT_READ, UNREAD_WORDS, NEXT_MOVE = "<not read>", "<unread words>", "<next move>"
_KEPT_SIGNS = (",", ";", ":", "(", ")", "/", "+")


@dataclass(frozen=True)
class Span:
    """The place of something in a caption, in characters."""

    start: int
    end: int


@dataclass(frozen=True)
class CaptionWords:
    """What a director reads: words in lower case, `<q1> <m>` for the first quantity, `<a1>` before the first actor.

    Numbers never reach the network: it points at a quantity, whose value is the one that the text states.
    """

    words: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    quantity_spans: tuple[Span, ...]
    actors: tuple[str, ...]
    """Name of the actor that each noun phrase means, by `<a>` number; a repeated one has the same name."""
    actor_spans: tuple[Span, ...]
    cast: tuple[ActorMention, ...]
    """Every actor once."""
    reading: tuple[str, ...]
    """What the shot grammar makes of the caption, as marks: its actions by kind and direction, `<next move>` between
    moves, `<unread words>` at the end if it left some, `<not read>` where it found no move. Often right, never sure."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Words, then the reading: what the network is given."""
        return self.words + self.reading


def read_words(caption: str) -> CaptionWords:
    """The words of a caption, without the sentences in which actors act and nobody speaks of a camera.

    Example:
        >>> read_words("Pan left 45 degrees around a red cone.").words
        ('pan', 'left', '<q1>', '<rad>', 'around', '<a1>', 'a', 'red', 'cone', '.')
    """
    tokens = tokenize(caption)
    words: list[str] = []
    quantities: list[Quantity] = []
    quantity_spans: list[Span] = []
    actors: list[str] = []
    actor_spans: list[Span] = []
    cast = Cast.empty()
    reading, acting = grammar_reading(caption)
    for item in scan(tokens):
        span = Span(tokens[item.first].start, tokens[item.last - 1].end)
        if any(start <= span.start and span.end <= end for start, end in acting):
            if item.kind == "actor" and item.value.count == 1:
                cast.resolve(item.value, caption[span.start : span.end], span.start, span.end)
            continue
        if item.kind == "quantity" and len(quantities) < MAX_QUANTITIES:
            quantities.append(item.value)
            quantity_spans.append(span)
            words += [f"<q{len(quantities)}>", f"<{item.value.unit}>"]
            continue
        if item.kind == "actor" and len(actors) < MAX_ACTORS and item.value.count == 1:
            actors += cast.resolve(item.value, caption[span.start : span.end], span.start, span.end)
            actor_spans.append(span)
            words.append(f"<a{len(actors)}>")
        for token in tokens[item.first : item.last]:
            if token.kind == "word":
                words.append(token.text)
            elif token.kind == "number":
                words.append("<number>")
            elif token.kind in _SIGNS or token.text in _KEPT_SIGNS:
                words.append(_SIGNS.get(token.kind, token.text))
    return CaptionWords(
        tuple(words), tuple(quantities), tuple(quantity_spans), tuple(actors), tuple(actor_spans), tuple(cast.mentions),
        reading,
    )  # fmt: skip


def grammar_reading(caption: str) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """The shot grammar's reading of a caption as marks, and the spans of sentences in which actors act.

    There are no such spans if they would be all of the caption.

    Example:
        >>> grammar_reading("Pan left while rising, then frobnicate.")[0]
        ('<pedestal up>', '<yaw left>', '<unread words>')
    """
    try:
        plan = parse(caption, camera_required=False)
    except InputError:
        return (NOT_READ,), ()
    bounds = [0, *(edge for span in plan.acting for edge in span), len(caption)]
    others = "".join(caption[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True))
    acting = plan.acting if others.strip() else ()
    try:
        plan = parse(caption) if all(move.is_hold for move in plan.moves) else plan
    except InputError:
        return (NOT_READ,), acting
    marks: list[str] = []
    for move in plan.moves:
        marks += [*sorted(f"<{f'{action.kind} {action.direction}'.strip()}>" for action in move.actions), NEXT_MOVE]
    read = (*marks[:-1][:MAX_READING], *([UNREAD_WORDS] if any(not part.of_actors for part in plan.unused) else []))
    return read, acting

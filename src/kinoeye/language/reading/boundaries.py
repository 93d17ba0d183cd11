"""Commas, conjunctions and full stops: where clauses end, and how the next one joins."""

from __future__ import annotations

from kinoeye.language.lexicon import Verb
from kinoeye.language.reading.acting import acts_ahead
from kinoeye.language.reading.cursor import MANNER
from kinoeye.language.reading.prose import start_skipping
from kinoeye.language.reading.state import Handler, Reading
from kinoeye.language.text.items import Item


def on_stop(r: Reading, item: Item) -> None:
    """A full stop, a colon or a new line."""
    r.end_sentence()


def on_comma(r: Reading, item: Item) -> None:
    """A comma ends the clause when a verb or a new subject follows: finite verbs go on, participles join."""
    verb, finite = r.cursor.verb_ahead()
    if r.phrase is None and any(waiting.kind == "direction" for waiting in r.pending):
        r.end_clause()
        return
    if verb is None and not r.cursor.subject_ahead():
        return
    if r.phrase is None and not r.doing:
        return
    r.end_clause()
    if r.subordinate:
        r.join = "while" if r.subordinate == "while" else "then"
        if r.subordinate == "before":
            r.sequence.insert_at = r.deferred_from
        r.subordinate = None
    else:
        r.join = "while" if verb is not None and not finite else "then"
        r.listing = r.listing or r.join == "then"


def on_and(r: Reading, item: Item) -> None:
    """Read "And" joins a verb to the last move, unless it ends a list of moves that follow each other."""
    verb, finite = r.cursor.verb_ahead()
    if verb is None and not r.cursor.subject_ahead():
        return
    if r.phrase is None and not r.doing:
        return
    after_comma = r.cursor.previous is not None and r.cursor.previous.kind == "comma"
    r.end_clause()
    sequence = verb is not None and finite and (r.listing or after_comma or verb.kind == "next_aspect")
    r.join = "then" if sequence else "and"


def on_then(r: Reading, item: Item) -> None:
    """What follows happens after what was read."""
    r.end_clause()
    r.join = "then"
    r.subordinate = None
    if r.deferred_from is None:
        r.sequence.insert_at = None


def on_before(r: Reading, item: Item) -> None:
    """Read "Before" is "then", except that a sentence that begins with it is told backwards."""
    if not r.sentence_open:
        r.subordinate, r.deferred_from = "before", len(r.sequence.moves)
    open_subordinate(r)


def on_until(r: Reading, item: Item) -> None:
    """Read "Until" leads to the next move, or to prose."""
    open_subordinate(r)


def on_after(r: Reading, item: Item) -> None:
    """Read "After" in the middle of a sentence leads to what happened first."""
    if _is_delay(r):
        _wait(r, item)
        return
    was_open, main = r.sentence_open, r.sequence.current
    open_subordinate(r)
    if was_open and not r.skipping:
        r.sequence.insert_at = main if r.sequence.current is None else r.sequence.current


def _is_delay(r: Reading) -> bool:
    ahead = r.cursor.following
    return ahead is not None and ahead.kind == "quantity" and ahead.value.unit in ("s", "frames")


def _wait(r: Reading, item: Item) -> None:
    """Hold for the time that follows ("after 2 seconds"): before the next verb, or else before the last move."""
    index = r.cursor.ahead(("quantity", "function", "aspect", "comma", "camera", "pronoun", *MANNER))
    leads_on = index is not None and r.cursor.items[index].kind in ("verb", "next_aspect")
    r.end_clause()
    if not leads_on and r.sequence.current is not None:
        r.sequence.insert_at = r.sequence.current
    r.join = "then"
    r.open_phrase(Item("verb", Verb("hold"), item.first, item.first, "base"))


def on_while(r: Reading, item: Item) -> None:
    """What follows happens at the same time."""
    at_start = not r.sentence_open
    open_subordinate(r)
    if r.skipping:
        return
    r.join = "then" if at_start else "while"
    r.subordinate = "while" if at_start else None
    if not at_start and r.cursor.verb_ahead()[0] is not None and r.cursor.words(item) not in ("as", "when"):
        r.pending.append(Item("together", None, item.first, item.last))


def open_subordinate(r: Reading) -> None:
    """Close the clause before a subordinate one, which is skipped unless somebody moves in it."""
    moves = r.cursor.clause_ahead() or acts_ahead(r)
    r.end_clause()
    r.join = "then"
    if not moves:
        start_skipping(r, r.cursor.item)
        r.report(r.cursor.item)


def on_with(r: Reading, item: Item) -> None:
    """Read "With" joins a move that a noun names: "with a slight tilt up"."""
    verb, _ = r.cursor.verb_ahead()
    if verb is not None and r.phrase is not None:
        r.end_clause()
        r.join = "while"


def on_into(r: Reading, item: Item) -> None:
    """Read "Into" leads to the next move: "easing into a pan"."""
    verb, _ = r.cursor.verb_ahead()
    if verb is not None and r.phrase is not None:
        r.end_clause()
        r.join = "then"


def on_together(r: Reading, item: Item) -> None:
    """Read "Simultaneously" joins the next verb; after a verb, its phrase joins what came before."""
    if r.phrase is not None:
        r.phrase.together = True
        r.phrase.join = "while" if r.listing else r.phrase.join
        return
    r.pending.append(item)
    if r.sequence.current is not None:
        r.join = "while"


HANDLERS: dict[str, Handler] = {
    "stop": on_stop,
    "comma": on_comma,
    "and": on_and,
    "then": on_then,
    "before": on_before,
    "until": on_until,
    "after": on_after,
    "while": on_while,
    "with": on_with,
    "into": on_into,
    "together": on_together,
}

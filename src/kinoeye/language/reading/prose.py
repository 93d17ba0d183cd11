"""Clauses that are not about motion: "to reveal clouds", "as the light fades", "a dog barks"."""

from __future__ import annotations

from kinoeye.base.errors import InputError
from kinoeye.language.lexicon import NOT_PARTICIPLES
from kinoeye.language.reading.acting import note_unknown_action
from kinoeye.language.reading.cursor import BOUNDARIES, CONNECTIVES, MANNER
from kinoeye.language.reading.state import Handler, Reading
from kinoeye.language.reading.subjects import late_behaviour, on_place, resolve
from kinoeye.language.text.items import Item

ARTICLES = ("a", "an", "the", "his", "her", "its", "their", "this", "that")
MINUS = ("-", "−", "minus")


def start_skipping(r: Reading, item: Item) -> None:
    """Begin prose, which lasts until a boundary leads back to motion."""
    r.has_others = r.skipping = True
    skip(r, item)


def skip(r: Reading, item: Item) -> None:
    """Read an item of a clause that is not about motion: actors and places count, other words are unused."""
    if item.kind == "actor":
        resolve(r, item)
    elif item.kind == "place":
        on_place(r, item)
    elif item.kind == "verb" and item.value.frame == "actor":
        late_behaviour(r, item)
    elif item.kind not in BOUNDARIES or item.kind in ("and", "with"):
        r.report(item)


def leaves_prose(r: Reading, item: Item) -> bool:
    """Whether a boundary leads from a skipped clause back to a camera or an acting actor."""
    if item.kind == "stop" or (r.cursor.words(item) == "by" and r.cursor.verb_ahead()[0] is not None):
        return True
    if item.kind not in BOUNDARIES:
        return False
    if item.kind in ("and", "with", "into"):
        return r.cursor.clause_ahead()
    index = r.cursor.ahead(("function", "aspect", "quantity", *MANNER, *CONNECTIVES, "comma"))
    if index is None:
        return False
    kind = r.cursor.items[index].kind
    if kind == "direction":
        return item.kind == "then"
    if kind in ("actor", "pronoun"):
        return r.cursor.acts(index)
    return kind in ("verb", "camera", "next_aspect")


def on_function(r: Reading, item: Item) -> None:
    """Read "To" before an unknown verb begins prose: "to reveal clouds"."""
    ahead = r.cursor.following
    if r.cursor.words(item) == "to" and ahead is not None and ahead.kind in ("word", "filler"):
        start_skipping(r, item)


def on_filler(r: Reading, item: Item) -> None:
    """A verb of what the picture means begins prose."""
    start_skipping(r, item)


def on_word(r: Reading, item: Item) -> None:
    """An unknown word is unused; an unknown participle or subject begins prose."""
    word = r.cursor.words(item)
    ahead = r.cursor.following
    if word in MINUS and ahead is not None and ahead.kind == "quantity":
        amount = r.cursor.text[r.cursor.span(item)[0] : r.cursor.span(ahead)[1]]
        raise InputError(f"{amount!r} is negative, but amounts are positive; write for example 'pull back 2 metres'")
    note_unknown_action(r, item)
    participle = word.endswith("ing") and word not in NOT_PARTICIPLES
    if participle or _is_foreign_subject(r):
        start_skipping(r, item)
        return
    r.has_others = True
    r.report(item)
    if _is_foreign_object(r):
        r.foreign.add(item.first)


def _is_foreign_object(r: Reading) -> bool:
    """Whether an unknown word is what the open phrase is about: "orbit around the red car"."""
    phrase, previous = r.phrase, r.cursor.previous
    if phrase is None or phrase.has_object or previous is None:
        return False
    if phrase.frame not in ("orbit", "follow", "look") and r.prep not in ("toward", "at"):
        return False
    return r.cursor.words(previous) in ARTICLES or previous.first in r.foreign


def _is_foreign_subject(r: Reading) -> bool:
    """Whether an unknown noun is the subject of the coming verb: "a dog moves left" moves no camera."""
    previous = r.cursor.previous
    if previous is None or previous.kind != "function" or r.phrase is not None:
        return False
    index = r.cursor.ahead(("word", *MANNER))
    verb = r.cursor.items[index] if index is not None else None
    acts = verb is not None and verb.kind == "verb" and verb.form in ("s", "ed")
    return acts and r.cursor.words(previous) in ARTICLES


HANDLERS: dict[str, Handler] = {"function": on_function, "filler": on_filler, "word": on_word}

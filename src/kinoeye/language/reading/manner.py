"""How a verb is done: directions, quantities, adverbs and prepositions."""

from __future__ import annotations

import math

from kinoeye.base.errors import InputError
from kinoeye.language.lexicon import MEANINGS, ONWARD
from kinoeye.language.motion.timing import DEFAULT_FPS, MAX_FPS
from kinoeye.language.plan import MAX_DURATION_S, MAX_SPEED
from kinoeye.language.reading.draft import Heading
from kinoeye.language.reading.state import Handler, Reading
from kinoeye.language.text.items import Item
from kinoeye.language.text.quantities import Quantity

SHOT_NOUNS = ("shot", "clip", "video", "take", "film", "footage", "sequence")
MILLIMETRES = ("mm", "millimetre", "millimetres", "millimeter", "millimeters")
LENS_RANGE_M = (0.008, 0.8)
"""Focal lengths of lenses."""
IN_OUT_FRAMES = ("move", "dolly", "zoom", "dolly_zoom", "follow")
"""Verb frames that take "in" and "out"."""


def on_direction(r: Reading, item: Item) -> None:
    """A direction of the open phrase, of walking actors, or of the next verb."""
    word: str = item.value
    if r.doing:
        if (r.cast.headed(r.doing) or not r.cast.head(r.doing, word)) and not _is_function_in(r, item):
            r.report(item)
        return
    if _is_beside_noun(r, item):
        r.prep = "toward"
        return
    if word in ("in", "out") and _is_function_in(r, item):
        return
    if r.phrase is None:
        r.pending.append(item)
        return
    _split_timed_list(r)
    phrase = r.phrase
    if phrase.frame == "orbit" and word in ("forward", "out") and phrase.distance:
        return
    if r.cursor.words(item) == "back" and word not in MEANINGS[phrase.frame]:
        return
    if phrase.frame == "move" and word in ("up", "down") and _along_place(r):
        word = "forward"
    heading = Heading(word, item)
    phrase.loose = [quantity for quantity in phrase.loose if not heading.take(quantity)]
    phrase.headings.append(heading)


def _is_beside_noun(r: Reading, item: Item) -> bool:
    """Whether a direction says on which side of a noun a motion ends: "push in to the left of the robot"; reported."""
    phrase, tokens = r.phrase, r.cursor.tokens
    if (
        phrase is None
        or item.last >= len(tokens)
        or tokens[item.last].text != "of"
        or item.value not in ("left", "right")
    ):
        return False
    if phrase.frame not in ("dolly", "zoom", "dolly_zoom") and not (phrase.headings and phrase.frame == "move"):
        return False
    first = item.first
    while tokens[first - 1].text in ("to", "the"):
        first -= 1
    r.unused.update(range(first, item.last + 1))
    return True


def _split_timed_list(r: Reading) -> None:
    """Begin a new move after a time: "forward for 2 seconds, left for 3 seconds"."""
    phrase, previous = r.phrase, r.cursor.previous
    assert phrase is not None
    if phrase.headings and phrase.duration_s is not None and previous and previous.kind in ("comma", "and"):
        r.end_clause()
        r.join = "then"
        r.open_phrase(phrase.verb)


def _along_place(r: Reading) -> bool:
    """Whether "down" or "up" only leads along a place: "down the street"."""
    ahead = r.cursor.items[r.cursor.at + 1 : r.cursor.at + 3]
    return [item.kind for item in ahead] == ["function", "place"] and r.cursor.words(ahead[0]) in ("the", "a")


def _is_function_in(r: Reading, item: Item) -> bool:
    """Whether "in" or "out" is a preposition: "in the snow", "in 3 seconds", or no verb that takes it."""
    if r.cursor.words(item) not in ("in", "out", "away", "close"):
        return False
    ahead = r.cursor.following
    if ahead is not None and r.cursor.item is item and r.cursor.words(item) == "in":
        if ahead.kind in ("place", "word", "actor", "camera", "verb", "speed"):
            return ahead.kind != "speed" or r.phrase is None
        if ahead.kind == "function" and r.cursor.words(ahead) in ("a", "an", "the", "this", "its", "their", "our"):
            return True
        if ahead.kind == "quantity" and ahead.value.unit == "s":
            return True
    return r.phrase is None or r.phrase.frame not in (*IN_OUT_FRAMES, "orbit")


def on_quantity(r: Reading, item: Item) -> None:
    """A length, angle, ratio, speed or time."""
    quantity = item.value
    if quantity.unit == "s" and not quantity.value <= MAX_DURATION_S:
        raise InputError(f"{r.cursor.words(item)!r} is too long; a move or a shot lasts at most {MAX_DURATION_S:g} s")
    ahead = r.cursor.following
    next_word = r.cursor.words(ahead) if ahead is not None else ""
    if quantity.unit == "fps" and 0.0 < quantity.value <= MAX_FPS:
        r.fps = quantity.value
    elif quantity.unit == "s" and next_word in SHOT_NOUNS and r.phrase is None and quantity.value > 0:
        r.duration_s = quantity.value
    elif item is r.cursor.item and _is_list_number(r, item, ahead):
        r.list_number += 1
        r.end_sentence()
    elif r.phrase is None:
        r.pending.append(item)
    elif _is_lens(r, item) or not _take_quantity(r, item):
        r.report(item)


def _is_list_number(r: Reading, item: Item, ahead: Item | None) -> bool:
    """Whether a number counts the lines of a list: "1. Pan left 2. Tilt up"."""
    follows = ahead is not None and ahead.kind in ("stop", "comma")
    return follows and item.value.unit == "number" and item.value.value == r.list_number + 1


def _is_lens(r: Reading, item: Item) -> bool:
    """Whether millimetres are those of a lens ("with a 50mm lens"), which no plan sets yet."""
    tokens, quantity = r.cursor.tokens, item.value
    if quantity.unit != "m" or tokens[item.last - 1].text not in MILLIMETRES:
        return False
    around = {token.text for token in tokens[max(0, item.first - 3) : item.last + 1]}
    moves = r.phrase is not None and r.phrase.frame in ("move", "dolly", "truck", "pedestal")
    in_range = LENS_RANGE_M[0] <= quantity.value <= LENS_RANGE_M[1]
    return bool(around & {"lens", "focal"}) or (in_range and not moves)


def _take_quantity(r: Reading, item: Item) -> bool:
    """Give a quantity to the open phrase; False when it has no use for it."""
    phrase, quantity = r.phrase, item.value
    assert phrase is not None
    if quantity.unit in ("s", "frames") or (quantity.unit == "number" and phrase.frame == "hold"):
        seconds = quantity.value / (r.fps or DEFAULT_FPS) if quantity.unit == "frames" else quantity.value
        if phrase.duration_s is not None or not 0.0 < seconds <= MAX_DURATION_S:
            return False
        phrase.duration_s = seconds
        phrase.said["duration_s"] = item
        return True
    if quantity.unit == "speed":
        if phrase.speed is not None or not 0.0 < quantity.value <= MAX_SPEED:
            return False
        phrase.speed = quantity.value
        phrase.said["speed"] = item
        return True
    says_distance = any(
        token.text in ("distance", "radius") for token in r.cursor.tokens[max(0, item.first - 3) : item.first]
    )
    orbits = phrase.meaning.frame == "orbit"
    if quantity.unit == "m" and (orbits or says_distance) and phrase.distance is None:
        phrase.distance = quantity.value
        return True
    if phrase.headings and phrase.headings[-1].take(item):
        return True
    phrase.loose.append(item)
    return True


def on_manner(r: Reading, item: Item) -> None:
    """Speed, easing, "slightly" or shake, of the open phrase or of the next verb."""
    if r.doing:
        r.report(item)
    elif r.phrase is None:
        r.pending.append(item)
    elif getattr(r.phrase, item.kind) in (None, False):
        setattr(r.phrase, item.kind, True if item.value is None else item.value)
        r.phrase.said[item.kind] = item
    else:
        r.report(item)


def on_prep(r: Reading, item: Item) -> None:
    """A preposition: it says what the next noun is to the phrase, or implies a direction."""
    index = r.cursor.ahead(("function",))
    ahead = r.cursor.items[index] if index is not None else None
    if item.value != "seen" and ahead is not None and ahead.kind == "quantity" and ahead.value.unit != "number":
        return
    r.prep = item.value
    if item.value == "seen":
        r.report(item)
        return
    if r.doing and item.value == "across":
        r.cast.head(r.doing, "right")
    phrase = r.phrase
    if phrase is None:
        return
    if item.value in ONWARD and not phrase.headings:
        phrase.fallback = ONWARD[item.value]
    free = not phrase.headings and phrase.meaning.default is None and phrase.frame in ("move", "follow")
    if item.value == "around":
        after = r.cursor.following
        named = ahead is not None and ahead.kind in ("actor", "pronoun", "subject", "place")
        unknown = ahead is not None and ahead.kind == "word" and after is not None and after.kind == "function"
        leads_on = ahead is not None and ahead.kind == "direction"
        if not (named or unknown or leads_on) and phrase.frame == "turn" and not phrase.headings and not phrase.loose:
            phrase.loose.append(Item("quantity", Quantity(math.pi, "rad"), item.first, item.last))
        elif named or unknown or (phrase.frame != "turn" and any(q.value.unit == "rad" for q in phrase.loose)):
            phrase.around = True
    elif free and phrase.frame == "move" and item.value == "toward":
        phrase.headings.append(Heading("forward", item))
    elif free and item.value == "away":
        phrase.headings.append(Heading("backward", item))


HANDLERS: dict[str, Handler] = {
    "direction": on_direction,
    "quantity": on_quantity,
    "speed": on_manner,
    "easing": on_manner,
    "slight": on_manner,
    "shake": on_manner,
    "prep": on_prep,
}

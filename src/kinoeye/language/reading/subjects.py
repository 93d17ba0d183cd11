"""Who does something, and what: camera, actors, pronouns, verbs and places."""

from __future__ import annotations

from kinoeye.language.lexicon import Verb, inflect
from kinoeye.language.plan import PlaceMention
from kinoeye.language.reading.state import Handler, Reading
from kinoeye.language.text.items import Item

TURNS = ("yaw", "pitch", "turn", "look")
"""Verb frames that look from one thing to another."""


def on_camera(r: Reading, item: Item) -> None:
    """The camera as the subject, or as where an actor walks to."""
    if r.doing:
        if _approach_camera(r):
            return
        r.end_clause()
    r.subject, r.naming, r.actors_led, r.doers = "camera", [], False, []
    r.sentence_open = True


def _approach_camera(r: Reading) -> bool:
    """Let walking actors go towards or away from the camera that a preposition leads to."""
    direction = {"toward": "backward", "at": "backward", "away": "forward"}.get(r.prep or "")
    return direction is not None and r.cast.head(r.doing, direction)


def on_pronoun(r: Reading, item: Item) -> None:
    """A pronoun as target, as subject, or as where an actor walks to."""
    name = r.cast.only()
    if r.cursor.words(item) in ("her", "him"):
        name = r.cast.meant(r.cursor.words(item), ())
    if r.cursor.words(item) == "them" and r.phrase is not None and r.phrase.frame in ("follow", "look") and not r.doing:
        name = _one_of_them(r, item, name)
    if r.doing:
        if not _approach_camera(r) and not r.cursor.acts(r.cursor.at):
            _refuse_object(r, item)
    elif r.phrase is not None:
        _set_target(r, name)
    elif r.prep == "around":
        _open_implied_orbit(r, name)
    elif r.cursor.acts(r.cursor.at):
        r.subject = "pronoun"
    r.sentence_open = True


def _one_of_them(r: Reading, item: Item, name: str | None) -> str | None:
    """Whom a camera follows or looks at that is told to do so with several: the one named last, and that is said."""
    several = r.cast.latest if len(r.cast.latest) > 1 else r.last_doers
    if len(several) < 2:
        return name
    r.refuse(range(item.first, item.last), f"read as {several[-1]} alone")
    return several[-1]


def on_subject(r: Reading, item: Item) -> None:
    """Read "The subject" or "the scene" as a target."""
    if r.phrase is not None:
        _set_target(r, r.cast.only())
    elif r.prep == "around":
        _open_implied_orbit(r, r.cast.only())


def on_actor(r: Reading, item: Item) -> None:
    """A noun phrase as the target of the open phrase or as the subject of the next verb."""
    names = resolve(r, item)
    if r.phrase is not None:
        _set_target(r, names[0])
    elif r.doing and not r.cursor.acts(r.cursor.at):
        # What somebody does was read already: who else is named there stands there, and the camera has no part in it.
        _refuse_object(r, item)
    elif r.prep == "around":
        _open_implied_orbit(r, names[0])
    elif not r.doing and r.cursor.acts(r.cursor.at):
        r.naming = [*r.naming, *names]
        r.subject = "actors"
    r.sentence_open = True


def _refuse_object(r: Reading, item: Item) -> None:
    """Report whom or what an actor does something with, and the prepositions before it."""
    first = r.cursor.at
    while r.cursor.items[first - 1].kind in ("prep", "function", "with", "into"):
        first -= 1
    tokens = range(r.cursor.items[first].first, item.last)
    r.refuse(tokens, f"not understood of what {' and '.join(r.doing)} does")


def resolve(r: Reading, item: Item) -> list[str]:
    """The names of the actors that a noun phrase means."""
    start, end = r.cursor.span(item)
    return r.cast.resolve(item.value, r.cursor.text[start:end], start, end)


def _set_target(r: Reading, name: str | None) -> None:
    phrase = r.phrase
    assert phrase is not None
    before = r.cursor.previous
    if r.prep == "by" and phrase.frame in TURNS and before is not None and r.cursor.words(before) == "from":
        # A turn from one thing to another ends at the other; where it begins is where the camera looks already.
        r.report(before)
        r.report(r.cursor.item)
        r.prep = None
        return
    if r.prep == "around":
        phrase.around = True
    phrase.has_object = True
    if phrase.target is None and (phrase.frame == "follow" or r.prep in (None, "around", "toward", "at")):
        phrase.target = name
    r.prep = "done"


def _open_implied_orbit(r: Reading, name: str | None) -> None:
    """Read a phrase without a verb, such as "halfway around the robot"."""
    item = r.cursor.item
    r.open_phrase(Item("verb", Verb("orbit", "right"), item.first, item.first, "base"))
    _set_target(r, name)


def on_place(r: Reading, item: Item) -> None:
    """A place; the first one counts."""
    start, end = r.cursor.span(item)
    if r.place is None:
        r.place = PlaceMention(item.value, r.cursor.text[start:end], start, end)
    elif r.place.environment != item.value:
        r.report(item)


def on_verb(r: Reading, item: Item) -> None:
    """A verb of the camera or of the actors that are its subject."""
    meaning: Verb = item.value
    if meaning.frame == "hold" and item.form == "noun" and _adverbial(r, item):
        return
    if r.doing and meaning.frame == "hold" and item.form == "noun":
        return
    if r.doing and _is_in_circles(r, item):
        return
    if r.phrase is None and _actor_does(r, item):
        return
    if meaning.frame == "actor":
        late_behaviour(r, item)
        return
    if r.doing:
        r.end_clause()
    if r.phrase is not None:
        if _repeats(r, item):
            return
        if _is_named_by(r, item):
            r.phrase.verb = item
            return
        purpose = meaning.frame == "look" and r.cursor.previous and r.cursor.words(r.cursor.previous) == "to"
        r.end_clause()
        r.join = "while" if purpose or (item.form == "ing" and meaning.frame != "hold") else "then"
    r.open_phrase(item)


def _is_in_circles(r: Reading, item: Item) -> bool:
    """Whether a noun only says along what actors go: "walks in circles"; reported, since no actor can."""
    words = [token.text for token in r.cursor.tokens[: item.first]]
    first = next(
        (at for at in range(item.first - 1, max(item.first - 4, -1), -1) if words[at] in ("in", "along")), None
    )
    if first is None or item.form not in ("base", "s", "noun"):
        return False
    r.unused.update(range(first, item.last))
    return True


def _adverbial(r: Reading, item: Item) -> bool:
    """Whether "still" stands before a verb and so is an adverb: "still moving left"."""
    ahead = r.cursor.following
    return r.cursor.words(item) == "still" and ahead is not None and ahead.kind == "verb"


def _actor_does(r: Reading, item: Item) -> bool:
    """Give a verb to the actors that are the subject of the clause."""
    meaning: Verb = item.value
    names = r.naming if r.subject == "actors" else []
    if r.subject == "pronoun" and (meaning.frame == "actor" or r.last_subject == "actors"):
        names = r.cast.latest
    if not names or not meaning.behaviour:
        return False
    r.doing, r.last_subject = names, "actors"
    held = _held(r, item)
    if held is not None:
        r.refuse(range(item.first, held.last), "nobody can hold anything")
        r.doers = r.last_doers = names
        return True
    r.doers, r.last_doers, r.last_acted = names, names, (names[-1], 1)
    if not r.cast.act(names, meaning):
        r.report(item)
    return True


def _held(r: Reading, item: Item) -> Item | None:
    """What somebody holds, who does not only hold still."""
    index = r.cursor.ahead(("function",))
    held = r.cursor.items[index] if index is not None else None
    is_thing = held is not None and held.kind in ("actor", "pronoun", "word")
    return held if is_thing and r.cursor.words(item) in inflect("hold") else None


def late_behaviour(r: Reading, item: Item) -> None:
    """Give a verb to the actor just named: "orbits the robot walking left"."""
    before = [item.kind for item in r.cursor.items[: r.cursor.at] if item.kind != "function"]
    attached = before[-1:] in (["actor"], ["pronoun"]) and bool(r.cast.latest)
    if not attached and not r.doing:
        r.report(item)
        return
    names = r.doing or r.cast.latest
    if not r.cast.act(names, item.value):
        return
    if r.phrase is not None:
        r.end_clause()
    r.doing = names


def _repeats(r: Reading, item: Item) -> bool:
    """Whether a noun only names the open phrase again ("a dolly move", "orbits in a full circle")."""
    phrase, frame = r.phrase, item.value.frame
    assert phrase is not None
    if frame == "hold":
        return phrase.frame == "hold"
    previous = r.cursor.previous
    ahead = r.cursor.following
    if phrase.headings and ahead is not None and ahead.kind == "direction":
        return False
    if item.form not in ("base", "noun", "s"):
        return False
    if previous is not None and previous.kind == "quantity" and previous.value.unit == "rad":
        return True
    generic = frame == "move" and r.cursor.words(item) in ("move", "movement", "motion")
    return generic or frame == phrase.frame or (phrase.frame == "orbit" and frame in ("turn", "orbit", "move"))


def _is_named_by(r: Reading, item: Item) -> bool:
    """Whether a noun says what a verb without direction does: "moves in a circle", "a sweeping crane shot"."""
    phrase = r.phrase
    assert phrase is not None
    if phrase.headings or phrase.has_object:
        return False
    adjective = phrase.verb.form == "ing" and r.cursor.previous is phrase.verb
    vague = (phrase.frame == "move" and phrase.meaning.default is None) or adjective
    return (vague and item.form in ("base", "noun")) or (phrase.frame == item.value.frame == "follow")


def on_aspect(r: Reading, item: Item) -> None:
    """A verb that only carries another one."""
    r.sentence_open = True


HANDLERS: dict[str, Handler] = {
    "camera": on_camera,
    "pronoun": on_pronoun,
    "subject": on_subject,
    "actor": on_actor,
    "verb": on_verb,
    "aspect": on_aspect,
    "next_aspect": on_aspect,
    "place": on_place,
}

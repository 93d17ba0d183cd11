"""Clauses of actors: what they do, in turn or together, with whom, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinoeye.language.acting_words import ACTS, CAMERA, SCALES
from kinoeye.language.lexicon import SPEEDS, Verb
from kinoeye.language.motion.timing import DEFAULT_FPS
from kinoeye.language.plan import MAX_DURATION_S, MAX_SPEED, ActorAction
from kinoeye.language.reading.cursor import BOUNDARIES
from kinoeye.language.reading.state import Reading
from kinoeye.language.text.acts import ActPhrase, match_act
from kinoeye.language.text.items import Item

_SUBJECTS = ("it", "they", "he", "she")
_RELATIVE = ("who", "that", "which")
_WHILE_GOING = ("wave", "point", "nod", "look_around")
"""Motions of the body that go with any way."""
_GOING_ALONG = ("person", "robot", "dog", "car")
"""Shapes of those who go beside somebody by themselves."""
_SPEED_OF = {word: factor for factor, words in SPEEDS.items() for word in words}


@dataclass(frozen=True)
class _Subject:
    names: list[str]
    """Empty for noun phrases, which are resolved once it is known that they act."""
    at: int
    """Index of the item at which the action begins."""
    elided: bool
    relative: bool = False
    """"who" or "that" after whom somebody else's action is about."""


def read_acting(r: Reading) -> int | None:
    """Read a clause of actors that begins at the cursor; the index of the item after it, or None if none does."""
    subject = _subject(r)
    if subject is None:
        return None
    phrase = match_act(r.cursor.tokens, r.cursor.items, subject.at, goes_on=_goes_on(r, subject))
    if phrase is None or (r.phrase is not None and not _is_attached(r, phrase, subject)):
        return None
    if _means_camera(r, phrase, subject.names) or _camera_does(r, phrase):
        return None
    if _only_stays(r, phrase):
        r.refuse(_said(r, phrase), f"a {r.cursor.item.value.shape} cannot sit, so it stands there")
        return None
    links = _links(r)
    names = subject.names
    if r.phrase is not None:
        r.handle(r.cursor.item)
        names = r.cast.latest
    elif not names:
        names = _introduced(r, subject.at)
    before = (r.doing, r.doers, r.last_doers, r.naming, r.last_acted)
    _do(r, names, phrase, links, same=subject.elided or r.last_doers == names)
    if subject.relative:
        r.doing, r.doers, r.last_doers, r.naming, r.last_acted = before
    return phrase.last


def _subject(r: Reading) -> _Subject | None:
    cursor, item = r.cursor, r.cursor.item
    if item.kind == "pronoun" and cursor.words(item) in _SUBJECTS and r.phrase is None:
        name = r.cast.meant(cursor.words(item), ())
        return _Subject([name], cursor.at + 1, False) if name else None
    if item.kind == "actor":
        at = cursor.at + 1
        while [i.kind for i in cursor.items[at : at + 2]] == ["and", "actor"]:
            at += 2
        return _Subject([], at, False)
    if r.doing and r.phrase is None and cursor.words(item) in _RELATIVE and cursor.items[cursor.at - 1].kind == "actor":
        return _Subject(r.cast.recent[-cursor.items[cursor.at - 1].value.count :], cursor.at, False, relative=True)
    if not r.doers or r.phrase is not None or item.kind in BOUNDARIES:
        return None
    before = [i for i in cursor.items[: cursor.at] if i.kind not in ("function", "speed", "aspect")][-1:]
    follows = before and before[0].kind in ("comma", "and", "then", "while", "together", "before")
    return _Subject(r.doers, cursor.at, True) if follows else None


def acts_ahead(r: Reading) -> bool:
    """Whether those who acted last go on to act in the clause after the cursor: "walks while waving"."""
    index = r.cursor.ahead(("function", "aspect", "speed"))
    if not r.doers or index is None:
        return False
    tokens, items = r.cursor.tokens, r.cursor.items
    return any(match_act(tokens, items, at, goes_on=True) for at in range(r.cursor.at + 1, index + 1))


def _goes_on(r: Reading, subject: _Subject) -> bool:
    """Whether the subject did something before, so that "stops" or "turns left" is what it does next."""
    return subject.elided or subject.relative or any(name in r.cast.placed for name in subject.names)


def _is_attached(r: Reading, phrase: ActPhrase, subject: _Subject) -> bool:
    """Whether an actor that the camera is about does it: "orbits the woman waving", "a dog that sits"."""
    attached = phrase.is_relative or (not phrase.is_finite and not _is_camera_verb(r, phrase))
    return subject.at == r.cursor.at + 1 and attached


def _means_camera(r: Reading, phrase: ActPhrase, names: list[str]) -> bool:
    """Whether "it" can only be the camera, which actors go towards by their direction."""
    item = r.cursor.items[phrase.other] if phrase.other is not None else None
    if item is None or item.kind != "pronoun" or r.cursor.words(item) != "it":
        return False
    return r.cast.meant("it", names) is None and any(i.kind == "camera" for i in r.cursor.items[: r.cursor.at])


def _camera_does(r: Reading, phrase: ActPhrase) -> bool:
    """Whether "it" is the camera, which did the last thing and can do this one: "the drone rises, then it turns"."""
    return r.cursor.item.kind == "pronoun" and r.last_subject == "camera" and _is_camera_verb(r, phrase)


def _is_camera_verb(r: Reading, phrase: ActPhrase) -> bool:
    verb = r.cursor.items[phrase.verb]
    return verb.kind == "verb" and verb.value.frame != "actor"


def _only_stays(r: Reading, phrase: ActPhrase) -> bool:
    """Whether something without legs "sits" somewhere: it stands there."""
    item = r.cursor.item
    return phrase.name == "sit" and item.kind == "actor" and item.value.shape not in (ACTS["sit"].shapes or ())


def _introduced(r: Reading, end: int) -> list[str]:
    """Names of the actors from the cursor to an item, in the cast from now on."""
    names: list[str] = []
    for item in r.cursor.items[r.cursor.at : end]:
        if item.kind == "actor":
            names += _resolved(r, item)
    return names


def _resolved(r: Reading, item: Item) -> list[str]:
    start, end = r.cursor.span(item)
    return r.cast.resolve(item.value, r.cursor.text[start:end], start, end)


def _links(r: Reading) -> dict[str, Item]:
    """The connectives right before the clause by their kind; a semicolon is no "then"."""
    found: dict[str, Item] = {}
    for item in reversed(r.cursor.items[: r.cursor.at]):
        if item.kind not in ("function", "speed", "aspect", "together", *BOUNDARIES):
            break
        found["comma" if r.cursor.words(item) == ";" else item.kind] = item
        if item.kind == "stop":
            break
    return found


def _said(r: Reading, phrase: ActPhrase) -> range:
    """The tokens of a phrase from its verb on."""
    return range(r.cursor.items[phrase.verb].first, r.cursor.items[phrase.last - 1].last)


def _do(r: Reading, names: list[str], phrase: ActPhrase, links: dict[str, Item], *, same: bool) -> None:
    """Put what a clause says into the cast; `same` are those who did the last thing too."""
    said = _said(r, phrase)
    before = r.last_acted
    r.unused.update(phrase.unused)
    if "after" in links:
        r.report(links["after"])
    other = _other(r, names, phrase)
    r.doing, r.last_doers, r.told = names, names, True
    r.subject = r.last_subject = "actors"
    r.sentence_open, r.naming = True, names
    if r.phrase is None:
        r.doers, r.actors_led = names, True
    r.cast.latest = names
    if phrase.name == "beside" and phrase.side is not None:
        _go_along(r, names, phrase, other)
        return
    if phrase.is_about and other is None:
        r.refuse(said, "nobody before it whom this could mean; name the other actor")
        return
    action = _action(r, phrase, other)
    then = "then" in links or "before" in links
    together = same and not then and (bool({"while", "together"} & links.keys()) or not phrase.is_finite)
    after = before if "then" in links and not same else None
    for name in names:
        shape = r.cast.mention(name).shape
        done = replace(action, name="hop") if action.name == "jump" and shape != "person" else action
        shapes = ACTS[done.name].shapes
        if shapes is not None and shape not in shapes:
            r.refuse(said, f"a {shape} cannot {done.name.replace('_', ' ')}; what it can: {possible(shape)}")
            continue
        at_once = together and _goes_with(done, r.cast.doing(name)[-1:])
        if together and not at_once and r.cast.mention(name).actions:
            r.refuse(
                said, f"{done.name.replace('_', ' ')} does not go with what comes before it, so it comes after that"
            )
        r.cast.perform(name, replace(done, together=at_once, after=after))
        r.last_acted = (name, len(r.cast.mention(name).actions))


def _go_along(r: Reading, names: list[str], phrase: ActPhrase, other: str | None) -> None:
    """Let actors go left or right beside another, who goes along if it did nothing; if it cannot, that is said."""
    assert phrase.side is not None
    company = r.cast.mention(other) if other is not None else None
    if company is not None and r.cast.doing(company.name) and company.direction == phrase.side:
        for name in names:
            r.cast.perform(name, replace(_action(r, phrase, other), side=None))
        return
    if phrase.time is None and not phrase.speeds and phrase.pace != "fly" and not r.cast.busy(names):
        r.cast.act(names, Verb("actor", behaviour=phrase.pace))
        r.cast.head(names, phrase.side)
    else:
        for name in names:
            r.cast.perform(name, replace(_action(r, phrase, None), name="straight"))
    if company is None or r.cast.busy([company.name]) or company.shape not in _GOING_ALONG:
        r.refuse(_beside(r, phrase), f"not understood of what {' and '.join(names)} does")
    else:
        r.cast.perform(company.name, ActorAction("beside", phrase.pace, other=names[0]))


def _beside(r: Reading, phrase: ActPhrase) -> range:
    """The tokens of the other actor of a phrase and of the prepositions before it."""
    assert phrase.other is not None
    first = phrase.other
    while r.cursor.items[first - 1].kind in ("prep", "function", "with", "into"):
        first -= 1
    return range(r.cursor.items[first].first, r.cursor.items[phrase.other].last)


def _goes_with(action: ActorAction, before: Sequence[ActorAction]) -> bool:
    """Whether an action can be done at the same time as the one before it."""
    if not before:
        return False
    stay = [each for each in (action, before[0]) if each.name not in _WHILE_GOING]
    return len(stay) <= 1 and not (stay and ACTS[stay[0].name].kind == "cue")


def possible(shape: str) -> str:
    """What actors of a shape can do, by name."""
    names = [name for name, act in ACTS.items() if act.shapes is None or shape in act.shapes]
    return ", ".join(name.replace("_", " ") for name in names)


def note_unknown_action(r: Reading, item: Item) -> None:
    """Say what actors can do where an unknown word stands in the place of their verb: "a woman frobnicates"."""
    word, before = r.cursor.words(item), r.cursor.previous
    if before is None or r.phrase is not None or not word.endswith("s"):
        return
    if before.kind == "actor" or (r.doers and before.kind in ("then", "and", "comma", "while", "pronoun")):
        shape = r.cast.mention(r.cast.recent[-1]).shape
        r.notes[item.first] = f"no action {word!r}; what a {shape} can: {possible(shape)}"


def _other(r: Reading, names: list[str], phrase: ActPhrase) -> str | None:
    """Whom an action is about."""
    if phrase.other is None:
        return None
    item = r.cursor.items[phrase.other]
    if item.kind == "camera":
        return CAMERA
    if item.kind == "pronoun":
        if r.cursor.words(item) == "them" and not set(r.last_doers) & set(names):
            return _one_of_them(r, item)
        return r.cast.meant(r.cursor.words(item), names)
    return next((name for name in _resolved(r, item) if name not in names), None)


def _one_of_them(r: Reading, item: Item) -> str | None:
    """One of those who acted last; whoever it has to do with counts too when its action is played."""
    if not r.last_doers:
        return r.cast.meant("them", ())
    name = r.last_doers[-1]
    along = any(action.other for action in r.cast.mention(name).actions)
    if len(r.last_doers) > 1 or not along:
        r.refuse(range(item.first, item.last), f"read as {name} alone")
    return name


def _action(r: Reading, phrase: ActPhrase, other: str | None) -> ActorAction:
    speed = 1.0
    for words in phrase.speeds:
        speed *= _SPEED_OF[words]
    duration = None
    if phrase.time is not None:
        quantity = r.cursor.items[phrase.time].value
        duration = quantity.value / (r.fps or DEFAULT_FPS) if quantity.unit == "frames" else quantity.value
        if not 0.0 < duration <= MAX_DURATION_S:
            r.report(r.cursor.items[phrase.time])
            duration = None
    return ActorAction(
        phrase.name, phrase.pace, phrase.side, other, duration, min(speed, MAX_SPEED), SCALES.get(phrase.scale, 1.0)
    )

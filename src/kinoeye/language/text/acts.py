"""Phrases of what actors do ("walks in a big circle to the left for 3 seconds"), by the tables of `acting_words`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from kinoeye.language.acting_words import ACTING, ACTING_THEN, GOING, SCALES
from kinoeye.language.lexicon import SPEEDS, inflect
from kinoeye.language.text.items import Item
from kinoeye.language.text.tokens import Token

_LONGEST_CLAUSE = 24
"""Items in which the whole phrase lies."""


_NO_VERBS = ("easing", "speed", "direction", "quantity", "shake")
"""Kinds of items whose words may look like verbs: "picking up speed"."""


@dataclass(frozen=True)
class ActPhrase:
    """An action that a phrase says."""

    name: str
    pace: str
    """walk, run or fly."""
    is_finite: bool
    """"walks", not "walking"."""
    is_relative: bool
    """"who walks"."""
    is_about: bool
    """Whether the phrase names another actor, or the camera."""
    verb: int
    """Index of the item that its verb is in; the next ones are of items too."""
    last: int
    """Of the one after it."""
    other: int | None
    time: int | None
    side: str | None
    scale: str
    speeds: tuple[str, ...]
    """Adverbs of speed."""
    unused: tuple[int, ...]
    """Tokens within it that say nothing that can be shown."""


@dataclass(frozen=True)
class _Word:
    """A word of a clause as the patterns see it: actors are @, times #, each with the index of its item."""

    text: str
    item: int
    token: int
    kind: str
    """Of the item."""


def match_act(tokens: Sequence[Token], items: Sequence[Item], index: int, *, goes_on: bool = False) -> ActPhrase | None:
    """The action whose phrase begins at an item, or None.

    Args:
        tokens: of the text.
        items: of the tokens.
        index: of the item.
        goes_on: whether the actor did something before, so that "stops" or "turns left" is what it does next.
    """
    words = _words(tokens, items, index)
    clause = " ".join(word.text for word in words)
    for name, pattern in (*_patterns(), *(_later_patterns() if goes_on else ())):
        found = pattern.match(clause)
        if found and words[clause[: found.start("whole")].count(" ")].kind not in _NO_VERBS:
            return _phrase(name, found, clause, words, items)
    return None


def _words(tokens: Sequence[Token], items: Sequence[Item], index: int) -> list[_Word]:
    words: list[_Word] = []
    for at in range(index, min(index + _LONGEST_CLAUSE, len(items))):
        item = items[at]
        if item.kind == "stop":
            break
        if item.kind in ("actor", "pronoun"):
            words.append(_Word(f"@{at}", at, item.first, item.kind))
        elif item.kind == "camera":
            words.append(_Word("camera", at, item.first, item.kind))
        elif item.kind == "quantity" and item.value.unit in ("s", "frames") and not _is_letter(tokens, item):
            words.append(_Word(f"#{at}", at, item.first, item.kind))
        else:
            words += [_Word(tokens[token].text, at, token, item.kind) for token in range(item.first, item.last)]
    return words


def _is_letter(tokens: Sequence[Token], item: Item) -> bool:
    """Whether "an S" is a letter and no second."""
    return [token.text for token in tokens[item.first : item.last]] == ["an", "s"]


def _phrase(name: str, found: re.Match[str], clause: str, words: Sequence[_Word], items: Sequence[Item]) -> ActPhrase:
    def word_at(group: str) -> int:
        return clause[: found.start(group)].count(" ")

    def said(*groups: str) -> str | None:
        named = found.groupdict()
        return next((named[group] for group in groups if named.get(group)), None)

    end = clause[: found.end()].count(" ") + 1
    last = words[end - 1].item
    straddling = range(words[end - 1].token + 1, items[last].last) if words[end - 1].text[0] not in "@#" else range(0)
    thing = said("thing")
    unused = [words[word_at("thing") + i].token for i in range(len(thing.split()))] if thing else []
    about = next((group for group in ("other", "at") if said(group)), None)
    time = said("time", "lasting")
    side = said("side", "hand")
    return ActPhrase(
        name=name,
        pace="fly" if said("fly") else _pace(said("go") or "walk"),
        is_finite=not found["whole"].split()[0].endswith("ing"),
        is_relative=bool(said("relative")),
        is_about=about is not None,
        verb=words[word_at("whole")].item,
        last=last + 1,
        other=words[word_at(about)].item if about else None,
        time=int(time) if time else None,
        side={"clockwise": "right"}.get(side, side if side in ("left", "right") else "left") if side else None,
        scale=said("scale") or "",
        speeds=tuple(filter(None, (said("before"), said("manner"), said("later")))),
        unused=(*unused, *straddling),
    )


@cache
def _pace(verb: str) -> str:
    return next(pace for pace, verbs in GOING.items() if verb in _forms(verbs))


@cache
def acting_vocabulary() -> frozenset[str]:
    """Words that only phrases of actors have: their verbs in all forms."""
    verbs = [match for _, pattern in (*ACTING, *ACTING_THEN) for match in re.findall(r"\[([^\]]*)\]", pattern)]
    return frozenset(form for words in (*verbs, *GOING.values()) for form in _forms(words))


def _forms(verbs: str) -> list[str]:
    return [form for verb in verbs.split() for form in inflect(verb)]


def _either(words: Sequence[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, _compiled(pattern)) for name, pattern in ACTING)


@cache
def _later_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, _compiled(pattern)) for name, pattern in ACTING_THEN)


def _compiled(pattern: str) -> re.Pattern[str]:
    speeds = _either([word for words in SPEEDS.values() for word in words])
    going = _either([form for pace in ("walk", "run", "fly") for form in _forms(GOING[pace])])
    own = r"(?:to (?:the |its |her |his )?|towards? the )?"
    macros = {
        "<go>": f"(?P<go>{going})",
        "<fly>": f"(?P<fly>{_either(_forms(GOING['fly']))})",
        "<do>": f"(?:{_either(_forms('make do take perform complete'))})",
        "<in>": "(?:in|around|along|through|on)",
        "<a>": rf"(?:(?:a|an|the) )?(?:(?:(?P<scale>{_either(list(SCALES))})|full|whole|complete|single|perfect) )*",
        "<side>": rf"(?: {own}(?P<side>left|right|clockwise|counter ?clockwise|anti ?clockwise))?",
        "<turned>": rf" {own}(?P<side>left|right)",
        "<near>": "(?:beside|next to|alongside|at the side of|side by side with)",
        "<other>": r"(?:the )?(?P<other>@\d+)",
        "<at>": r"(?:the )?(?P<at>@\d+|camera)",
        "<time>": r"(?:for|over|during) #(?P<time>\d+)",
        "<hand>": r"(?:with )?(?:her|his|its|a|the|one|@\d+) (?:(?P<hand>left|right) )?hand",
        "<thing>": r"(?P<thing>(?:a|an|the|her|his|its) \w+)",
    }
    body = re.sub(r"\[([^\]]*)\]", lambda found: f"(?:{_either(_forms(found[1]))})", pattern)
    for macro, meaning in macros.items():
        body = body.replace(macro, meaning)
    leads = r"(?:(?:(?P<relative>who|that|which)|is|are|was|were|also|now|(?:starts?|begins?|keeps?)(?: to)?) )*"
    lasting = r"(?: (?:for|over|during) #(?P<lasting>\d+))?"
    return re.compile(
        rf"{leads}(?:(?P<before>{speeds}) )?(?P<whole>{body})(?: (?P<manner>{speeds}))?{lasting}"
        rf"(?: (?P<later>{speeds}))?(?= |$|,)"
    )

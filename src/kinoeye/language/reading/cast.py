"""The cast of a sentence: which actors it mentions, what they do, and which one a pronoun means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinoeye.language.lexicon import Verb
from kinoeye.language.plan import ActorAction, ActorMention
from kinoeye.language.text.nouns import ActorPhrase

_PERSONAL = {"she": True, "her": True, "he": True, "him": True, "it": False, "itself": False}
"""Pronoun -> whether it means a person; others mean anybody."""
_SEXES = {"she": "woman", "her": "woman", "he": "man", "him": "man"}
_WOMEN, _MEN = ("woman", "women", "girl", "actress"), ("man", "men", "boy")
_HEADINGS = {"left": "left", "right": "right", "forward": "forward", "backward": "backward", "out": "forward"}


@dataclass
class Cast:
    """Actors in the order of their first mention."""

    mentions: list[ActorMention]
    latest: list[str]
    """Names that "it" or "they" means."""
    placed: set[str]
    """Names whose behaviour was said."""
    recent: list[str]
    """All names, the one that was mentioned last at the end."""

    @staticmethod
    def empty() -> Cast:
        """Nobody yet."""
        return Cast([], [], set(), [])

    def resolve(self, phrase: ActorPhrase, words: str, start: int, end: int) -> list[str]:
        """The names that a noun phrase means: an actor that fits it, or new ones."""
        known = self._fitting(phrase, _sex_of(words))
        if known:
            self.latest = known
            self._remember(known)
            return known
        names = []
        for _ in range(phrase.count):
            name = self._new_name(" ".join(filter(None, (phrase.colour, phrase.shape))))
            mention = ActorMention(
                name, words, phrase.shape, phrase.colour, phrase.size, phrase.gait or "stand", clothes=phrase.clothes,
                start=start, end=end,
            )  # fmt: skip
            self.mentions.append(mention)
            names.append(name)
        self.latest = names
        self._remember(names)
        return names

    def mention(self, name: str) -> ActorMention:
        """The actor of a name."""
        return next(mention for mention in self.mentions if mention.name == name)

    def meant(self, pronoun: str, others_than: Sequence[str]) -> str | None:
        """Whom a pronoun means: the last person for "her", the last one who is none for "it", or None."""
        recent = [self.mention(name) for name in reversed(self.recent) if name not in others_than]
        wanted, sex = _PERSONAL.get(pronoun), _SEXES.get(pronoun)
        fits = [each for each in recent if wanted is None or (each.shape == "person") == wanted]
        of_sex = [each for each in fits if sex is None or _sex_of(each.prompt) in (sex, None)]
        best = of_sex or fits or recent
        return best[0].name if best else None

    def perform(self, name: str, action: ActorAction) -> None:
        """Let an actor do something after, or together with, what it does already."""
        done = self.doing(name)
        self.placed.add(name)
        together = action.together and bool(done)
        self.mentions = [
            replace(each, actions=(*done, replace(action, together=together))) if each.name == name else each
            for each in self.mentions
        ]

    def doing(self, name: str) -> tuple[ActorAction, ...]:
        """What an actor does so far, whether it was told as actions or as its behaviour."""
        mention = self.mention(name)
        if mention.actions or (name not in self.placed and mention.behaviour == "stand"):
            return mention.actions
        first = "wait" if mention.behaviour == "stand" else "straight"
        return (ActorAction(first, pace="run" if mention.behaviour == "run" else "walk"),)

    def busy(self, names: Sequence[str]) -> bool:
        """Whether it was said what one of these actors does."""
        return any(name in self.placed for name in names)

    def act(self, names: list[str], verb: Verb) -> bool:
        """Let actors do what a verb says; False when one of them does something already."""
        if self.busy(names):
            return False
        self.placed.update(names)
        self._change(names, behaviour=verb.behaviour)
        return True

    def head(self, names: list[str], word: str) -> bool:
        """Let walking actors go in a direction; False when it is not one they can go in."""
        walking = [mention for mention in self.mentions if mention.name in names and mention.behaviour != "stand"]
        if word not in _HEADINGS or not walking:
            return False
        self._change(names, direction=_HEADINGS[word])
        return True

    def headed(self, names: list[str]) -> bool:
        """Whether it was said where one of these actors goes."""
        return any(mention.direction for mention in self.mentions if mention.name in names)

    def only(self) -> str | None:
        """The one actor that "it" or "the subject" means, or None."""
        if len(self.latest) == 1:
            return self.latest[0]
        return self.mentions[0].name if len(self.mentions) == 1 else None

    def _fitting(self, phrase: ActorPhrase, sex: str | None) -> list[str]:
        """Names of the first actors that a definite phrase points back to, as many as it counts; else none.

        "The woman" is one of whom that was said before anybody else.
        """
        fits = [
            mention
            for mention in self.mentions
            if mention.shape == phrase.shape
            and phrase.colour in (None, mention.colour)
            and phrase.size in (None, mention.size)
            and phrase.clothes in ("", mention.clothes)
        ]
        fits = sorted(fits, key=lambda mention: sex is not None and _sex_of(mention.prompt) != sex)
        exact = [mention for mention in fits if (mention.colour, mention.size) == (phrase.colour, phrase.size)]
        chosen = (exact if len(exact) >= phrase.count else fits)[: phrase.count]
        return [mention.name for mention in chosen] if phrase.definite and len(chosen) == phrase.count else []

    def _remember(self, names: Sequence[str]) -> None:
        self.recent = [name for name in self.recent if name not in names] + [*names]

    def _new_name(self, name: str) -> str:
        taken = {mention.name for mention in self.mentions}
        number, unique = 1, name
        while unique in taken:
            number += 1
            unique = f"{name} {number}"
        return unique

    def _change(self, names: list[str], **changes: str | None) -> None:
        self.mentions = [replace(mention, **changes) if mention.name in names else mention for mention in self.mentions]


def _sex_of(phrase: str) -> str | None:
    """What the noun of a phrase says: woman, man, or nothing."""
    words = phrase.casefold().split()
    return next((name for name, nouns in (("woman", _WOMEN), ("man", _MEN)) if {*words} & {*nouns}), None)

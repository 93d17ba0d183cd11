"""The cast of a sentence: which actors it mentions, what they do, and which one a pronoun means."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kinoeye.language.lexicon import Verb
from kinoeye.language.plan import ActorMention
from kinoeye.language.text.nouns import ActorPhrase

_HEADINGS = {"left": "left", "right": "right", "forward": "forward", "backward": "backward", "out": "forward"}


@dataclass
class Cast:
    """Actors in the order of their first mention."""

    mentions: list[ActorMention]
    latest: list[str]
    """Names that "it" or "they" means."""
    placed: set[str]
    """Names whose behaviour was said."""

    @staticmethod
    def empty() -> Cast:
        """Nobody yet."""
        return Cast([], [], set())

    def resolve(self, phrase: ActorPhrase, words: str, start: int, end: int) -> list[str]:
        """The names that a noun phrase means: an actor that fits it, or new ones."""
        known = self._fitting(phrase)
        if known:
            self.latest = known
            return known
        names = []
        for _ in range(phrase.count):
            name = self._new_name(" ".join(filter(None, (phrase.colour, phrase.shape))))
            mention = ActorMention(
                name, words, phrase.shape, phrase.colour, phrase.size, phrase.gait or "stand", start=start, end=end
            )
            self.mentions.append(mention)
            names.append(name)
        self.latest = names
        return names

    def act(self, names: list[str], verb: Verb) -> bool:
        """Let actors do what a verb says; False when one of them does something already."""
        if any(name in self.placed for name in names):
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

    def _fitting(self, phrase: ActorPhrase) -> list[str]:
        """Names of the first actors that a definite phrase points back to, as many as it counts; else none."""
        fits = [
            mention
            for mention in self.mentions
            if mention.shape == phrase.shape
            and phrase.colour in (None, mention.colour)
            and phrase.size in (None, mention.size)
        ]
        exact = [mention for mention in fits if (mention.colour, mention.size) == (phrase.colour, phrase.size)]
        chosen = (exact if len(exact) >= phrase.count else fits)[: phrase.count]
        return [mention.name for mention in chosen] if phrase.definite and len(chosen) == phrase.count else []

    def _new_name(self, name: str) -> str:
        taken = {mention.name for mention in self.mentions}
        number, unique = 1, name
        while unique in taken:
            number += 1
            unique = f"{name} {number}"
        return unique

    def _change(self, names: list[str], **changes: str | None) -> None:
        self.mentions = [replace(mention, **changes) if mention.name in names else mention for mention in self.mentions]

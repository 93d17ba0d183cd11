"""Where the reader is in the items of a text, and what lies ahead."""

from __future__ import annotations

from kinoeye.language.text.acts import match_act
from kinoeye.language.text.items import Item, scan
from kinoeye.language.text.spelling import correct
from kinoeye.language.text.tokens import tokenize

MANNER = ("speed", "easing", "slight", "shake", "together")
CONNECTIVES = ("then", "before", "after", "until", "while", "with", "into", "and")
BOUNDARIES = (*CONNECTIVES, "comma", "stop")
_BEFORE_VERB = ("function", "aspect", *MANNER)


class Cursor:
    """The items of a text and a place among them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens, self.corrected = correct(tokenize(text))
        self.items = scan(self.tokens)
        self.at = 0

    @property
    def item(self) -> Item:
        """The item that is being read."""
        return self.items[self.at]

    @property
    def following(self) -> Item | None:
        """The item right after it."""
        return self.items[self.at + 1] if self.at + 1 < len(self.items) else None

    @property
    def previous(self) -> Item | None:
        """The item right before it."""
        return self.items[self.at - 1] if self.at else None

    def words(self, item: Item) -> str:
        """The words of an item in lower case."""
        return " ".join(token.text for token in self.tokens[item.first : item.last])

    def span(self, item: Item) -> tuple[int, int]:
        """Start and end of an item in the text."""
        return self.tokens[item.first].start, self.tokens[item.last - 1].end

    def ahead(self, skip: tuple[str, ...]) -> int | None:
        """Index of the next item whose kind is not skipped."""
        return next((i for i in range(self.at + 1, len(self.items)) if self.items[i].kind not in skip), None)

    def verb_ahead(self) -> tuple[Item | None, bool]:
        """The verb that the next clause starts with, if it starts with one, and whether it is finite.

        A finite verb before it counts: "starts moving" is finite, "moving" is not.
        """
        index = self.ahead(_BEFORE_VERB)
        item = self.items[index] if index is not None else None
        if index is None or item is None or item.kind not in ("verb", "next_aspect"):
            return None, False
        skipped = self.items[self.at + 1 : index]
        return item, item.form != "ing" or any(i.kind == "aspect" and i.form in ("s", "base") for i in skipped)

    def subject_ahead(self) -> bool:
        """Whether the next clause starts with a subject of its own that does something."""
        index = self.ahead(_BEFORE_VERB)
        if index is None:
            return False
        kind = self.items[index].kind
        return kind == "camera" or (kind in ("pronoun", "actor") and self.acts(index))

    def clause_ahead(self) -> bool:
        """Whether the next clause is about somebody who moves; "continuing left" is."""
        if self.verb_ahead()[0] is not None or self.subject_ahead():
            return True
        index = self.ahead(_BEFORE_VERB)
        carried = index is not None and self.items[index - 1].kind == "aspect"
        return carried and index is not None and self.items[index].kind == "direction"

    def acts(self, index: int) -> bool:
        """Whether the noun at an index is followed by a verb, so that it is its subject."""
        for item in self.items[index + 1 :]:
            if item.kind == "verb":
                return item.form != "ing" or item.value.frame in ("actor", "hold")
            if item.kind not in (*_BEFORE_VERB, "next_aspect", "and", "actor", "pronoun"):
                break
        return self.words(self.items[index]) != "it" and match_act(self.tokens, self.items, index + 1) is not None

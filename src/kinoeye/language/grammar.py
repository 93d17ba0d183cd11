"""The shot grammar: a sentence about a camera and actors, read left to right into a Plan.

The reader walks over the items of the text. A boundary (comma, connective, full stop) closes the clause; the verb
phrase that was open becomes actions, which start a new move or join the last one:

* "then", "before", "followed by", a full stop, and a comma before a finite verb start a new move;
* "while", "as", "with", "and" before a verb, and a participle after a comma join the last move.

A clause that is not about motion ("to reveal clouds", "as the light fades") is skipped to the next boundary that
leads to a camera again, and its words are reported.
"""

from __future__ import annotations

import math

from kinoeye.base.errors import InputError
from kinoeye.language.actors import Cast
from kinoeye.language.draft import DraftMove, Heading, VerbPhrase
from kinoeye.language.lexicon import MEANINGS, NOT_PARTICIPLES, ONWARD, Verb
from kinoeye.language.motion.timing import DEFAULT_FPS, MAX_FPS
from kinoeye.language.plan import KINDS, MAX_DURATION_S, MAX_SPEED, Action, PlaceMention, Plan
from kinoeye.language.text.items import Item, scan
from kinoeye.language.text.quantities import Quantity
from kinoeye.language.text.tokens import tokenize
from kinoeye.language.unused import unused_words

MAX_CHARACTERS = 20_000
EXAMPLES = (
    "The camera moves forward while yawing left, then orbits right around the red robot.",
    "Push in slowly, then pan left 45 degrees while craning up 2 m over 3 seconds.",
    "The camera remains static, then dolly zooms in.",
)

_CONNECTIVES = ("then", "before", "after", "until", "while", "with", "into", "and")
_BOUNDARIES = (*_CONNECTIVES, "comma", "stop")
_NOUNS = ("actor", "place", "word", "prep", "subject", "pronoun", "filler")
_MANNER = ("speed", "easing", "slight", "shake", "together")
_SHOT_NOUNS = ("shot", "clip", "video", "take", "film", "footage", "sequence")
_IN_OUT_FRAMES = ("move", "dolly", "zoom", "dolly_zoom", "follow")
_SAME_AS_ORBIT = ("turn", "orbit", "move")


def parse(text: str) -> Plan:
    """The Plan of a sentence, or of several.

    Left and right, up and down, forward and backward are the camera's own. "Slightly" scales a whole move.

    Raises:
        InputError: the text is empty, too long, or has no camera move in it; the message shows examples.

    Example:
        >>> parse("Dolly in 2 m while panning left.").moves[0].actions[1].direction
        'left'
    """
    if not text.strip():
        raise InputError(f"the text is empty; describe a camera move, such as {EXAMPLES[0]!r}")
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"the text has {len(text)} characters; at most {MAX_CHARACTERS} are read, so shorten it")
    reader = _Reader(text)
    reader.read()
    unused = unused_words(text, reader.tokens, reader.items, reader.unused)
    if not reader.moves:
        shown = text.strip() if len(text.strip()) <= 60 else text.strip()[:57] + "..."
        typos = [f"did you mean {words.suggestion!r}? " for words in unused if words.suggestion]
        raise InputError(
            f"no camera move in {' '.join(shown.split())!r}; {''.join(typos[:3])}write for example "
            + " or ".join(map(repr, EXAMPLES))
        )
    return Plan(
        moves=tuple(move.build() for move in reader.moves),
        actors=tuple(reader.cast.mentions),
        place=reader.place,
        unused=unused,
        text=text,
        duration_s=reader.duration_s,
        fps=reader.fps,
    )


class _Reader:
    """The state of reading one text; every `_on_...` method takes one kind of item."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.items = scan(self.tokens)
        self.moves: list[DraftMove] = []
        self.cast = Cast.empty()
        self.place: PlaceMention | None = None
        self.duration_s: float | None = None
        self.fps: float | None = None
        self._shake: float | None = None
        self._list_number = 0
        self.unused: set[int] = set()
        self._at = 0
        # Clause: from one boundary to the next.
        self._phrase: VerbPhrase | None = None
        self._join = "then"
        self._pending: list[Item] = []
        self._clause_has_others = False
        self._doing: list[str] = []
        self._naming: list[str] = []
        self._subject = "camera"
        self._prep: str | None = None
        self._skipping = False
        # Sentence: from one full stop to the next.
        self._last_verb: Item | None = None
        self._sentence_open = False
        self._subordinate: str | None = None
        self._listing = False
        self._last_subject = "camera"
        # Where the next move goes; None is the end. `_current` is the move that "while" joins.
        self._insert_at: int | None = None
        self._deferred_from: int | None = None
        self._current: int | None = None

    def read(self) -> None:
        """Read all items."""
        for index, item in enumerate(self.items):
            self._at = index
            if self._skipping and not self._leaves_skipped(item):
                self._skip(item)
                continue
            self._skipping = False
            self._clause_has_others = self._clause_has_others or item.kind in _NOUNS
            getattr(self, f"_on_{item.kind}")(item)
        self._end_sentence()
        if self._shake is not None:
            self.moves = self.moves or [DraftMove([Action("hold")])]
            for move in self.moves:
                move.shake = move.shake or self._shake

    # ---- looking around -------------------------------------------------------------------------------------

    def _next(self, skip: tuple[str, ...]) -> tuple[Item | None, bool]:
        """The next item whose kind is not skipped, and whether a finite aspect verb ("starts") stood before it."""
        finite = False
        for item in self.items[self._at + 1 :]:
            if item.kind not in skip:
                return item, finite
            finite = finite or (item.kind == "aspect" and item.form in ("s", "base"))
        return None, finite

    def _word(self, item: Item) -> str:
        return " ".join(token.text for token in self.tokens[item.first : item.last])

    def _previous(self) -> Item | None:
        return self.items[self._at - 1] if self._at else None

    def _verb_ahead(self) -> tuple[Item | None, bool]:
        """The verb that the next clause starts with, if it starts with one, and whether it is finite."""
        item, aspect_finite = self._next(("function", "aspect", *_MANNER))
        if item is None or item.kind not in ("verb", "next_aspect"):
            return None, False
        return item, aspect_finite or item.form != "ing"

    def _subject_ahead(self) -> bool:
        """Whether the next clause starts with a subject of its own and a verb that it can do."""
        skip = ("function", "aspect", *_MANNER)
        for offset, item in enumerate(self.items[self._at + 1 :]):
            if item.kind in skip:
                continue
            if item.kind == "camera":
                return True
            if item.kind in ("pronoun", "actor"):
                return self._acts(self._at + 1 + offset)
            return False
        return False

    def _acts(self, index: int) -> bool:
        """Whether the noun at an index is followed by a verb, so that it is its subject."""
        for item in self.items[index + 1 :]:
            if item.kind == "verb":
                return item.form != "ing" or item.value.frame in ("actor", "hold")
            if item.kind not in ("function", "aspect", "next_aspect", "and", "actor", "pronoun", *_MANNER):
                return False
        return False

    # ---- clauses that are not about motion --------------------------------------------------------------------

    def _start_skipping(self, item: Item) -> None:
        self._clause_has_others = True
        self._skipping = True
        self._skip(item)

    def _skip(self, item: Item) -> None:
        if item.kind == "actor":
            self._resolve(item)
        elif item.kind == "place":
            self._on_place(item)
        elif item.kind == "verb" and item.value.frame == "actor":
            self._late_behaviour(item)
        elif item.kind not in _BOUNDARIES or item.kind in ("and", "with"):
            self.unused.update(range(item.first, item.last))

    def _leaves_skipped(self, item: Item) -> bool:
        """Whether a boundary leads from a skipped clause back to a camera or an acting actor."""
        if item.kind == "stop":
            return True
        if item.kind not in _BOUNDARIES:
            return False
        ahead, _ = self._next(("function", "aspect", "quantity", *_MANNER, *_CONNECTIVES, "comma"))
        if item.kind in ("and", "with", "into"):
            verb, _ = self._verb_ahead()
            return verb is not None or self._subject_ahead()
        if ahead is None:
            return False
        if ahead.kind == "direction":
            return item.kind == "then"
        if ahead.kind in ("actor", "pronoun"):
            return self._acts(self.items.index(ahead))
        return ahead.kind in ("verb", "camera", "next_aspect")

    # ---- boundaries ---------------------------------------------------------------------------------------------

    def _on_stop(self, item: Item) -> None:
        self._end_sentence()

    def _on_comma(self, item: Item) -> None:
        verb, finite = self._verb_ahead()
        if self._phrase is None and any(waiting.kind == "direction" for waiting in self._pending):
            self._end_clause()
            return
        if verb is None and not self._subject_ahead():
            return
        if self._phrase is None and not self._doing:
            return
        self._end_clause()
        if self._subordinate:
            self._join = "while" if self._subordinate == "while" else "then"
            if self._subordinate == "before":
                self._insert_at = self._deferred_from
            self._subordinate = None
        else:
            self._join = "while" if verb is not None and not finite else "then"
            self._listing = self._listing or self._join == "then"

    def _on_and(self, item: Item) -> None:
        verb, finite = self._verb_ahead()
        if verb is None and not self._subject_ahead():
            return
        if self._phrase is None and not self._doing:
            return
        after_comma = (previous := self._previous()) is not None and previous.kind == "comma"
        self._end_clause()
        sequence = verb is not None and finite and (self._listing or after_comma or verb.kind == "next_aspect")
        self._join = "then" if sequence else "and"

    def _on_then(self, item: Item) -> None:
        self._end_clause()
        self._join = "then"
        self._subordinate = None
        if self._deferred_from is None:
            self._insert_at = None

    def _on_before(self, item: Item) -> None:
        if not self._sentence_open:
            self._subordinate, self._deferred_from = "before", len(self.moves)
        self._on_subordinate()

    def _on_until(self, item: Item) -> None:
        self._on_subordinate()

    def _on_after(self, item: Item) -> None:
        was_open, main = self._sentence_open, self._current
        self._on_subordinate()
        if was_open and not self._skipping:
            self._insert_at = main if self._current is None else self._current

    def _on_while(self, item: Item) -> None:
        at_start = not self._sentence_open
        self._on_subordinate()
        if self._skipping:
            return
        self._join = "then" if at_start else "while"
        self._subordinate = "while" if at_start else None

    def _on_subordinate(self) -> None:
        """Close the clause before a subordinate one, which is skipped unless somebody moves in it."""
        verb, _ = self._verb_ahead()
        moves = verb is not None or self._subject_ahead()
        self._end_clause()
        self._join = "then"
        if not moves:
            self._start_skipping(self.items[self._at])
            self.unused.update(range(self.items[self._at].first, self.items[self._at].last))

    def _on_with(self, item: Item) -> None:
        verb, _ = self._verb_ahead()
        if verb is not None and self._phrase is not None:
            self._end_clause()
            self._join = "while"

    def _on_into(self, item: Item) -> None:
        verb, _ = self._verb_ahead()
        if verb is not None and self._phrase is not None:
            self._end_clause()
            self._join = "then"

    def _on_together(self, item: Item) -> None:
        if self._phrase is None and self._current is not None:
            self._join = "while"

    # ---- who ------------------------------------------------------------------------------------------------------

    def _on_camera(self, item: Item) -> None:
        if self._doing:
            if self._approach_camera():
                return
            self._end_clause()
        self._subject, self._naming = "camera", []
        self._sentence_open = True

    def _approach_camera(self) -> bool:
        """Let walking actors go towards or away from the camera that a preposition leads to."""
        direction = {"toward": "backward", "at": "backward", "away": "forward"}.get(self._prep or "")
        return direction is not None and self.cast.head(self._doing, direction)

    def _on_pronoun(self, item: Item) -> None:
        name = self.cast.only()
        if self._doing:
            self._approach_camera()
        elif self._phrase is not None:
            self._set_target(name)
        elif self._prep == "around":
            self._open_implied_orbit(name)
        elif self._acts(self._at):
            self._subject = "pronoun"
        self._sentence_open = True

    def _on_subject(self, item: Item) -> None:
        if self._phrase is not None:
            self._set_target(self.cast.only())
        elif self._prep == "around":
            self._open_implied_orbit(self.cast.only())

    def _on_actor(self, item: Item) -> None:
        names = self._resolve(item)
        if self._phrase is not None:
            self._set_target(names[0])
        elif self._prep == "around":
            self._open_implied_orbit(names[0])
        elif not self._doing and self._acts(self._at):
            self._naming = [*self._naming, *names]
            self._subject = "actors"
        self._sentence_open = True

    def _resolve(self, item: Item) -> list[str]:
        start, end = self.tokens[item.first].start, self.tokens[item.last - 1].end
        return self.cast.resolve(item.value, self.text[start:end], start, end)

    def _set_target(self, name: str | None) -> None:
        phrase = self._phrase
        assert phrase is not None
        if self._prep == "around":
            phrase.around = True
        phrase.has_object = True
        if phrase.target is None and (phrase.frame == "follow" or self._prep in (None, "around", "toward", "at")):
            phrase.target = name
        self._prep = "done"

    def _open_implied_orbit(self, name: str | None) -> None:
        """Read a phrase without a verb, such as "halfway around the robot"."""
        item = self.items[self._at]
        self._open_phrase(Item("verb", Verb("orbit", "right"), item.first, item.first, "base"))
        self._set_target(name)

    # ---- verbs ----------------------------------------------------------------------------------------------------

    def _on_verb(self, item: Item) -> None:
        meaning: Verb = item.value
        if meaning.frame == "hold" and item.form == "noun" and self._adverbial(item):
            return
        if self._doing and meaning.frame == "hold" and item.form == "noun":
            return
        if self._phrase is None and self._actor_does(item):
            return
        if meaning.frame == "actor":
            self._late_behaviour(item)
            return
        if self._doing:
            self._end_clause()
        if self._phrase is not None:
            if self._repeats(item):
                return
            if self._is_named_by(item):
                self._phrase.verb = item
                return
            purpose = meaning.frame == "look" and self._word(self.items[self._at - 1]) == "to"
            self._end_clause()
            self._join = "while" if purpose or (item.form == "ing" and meaning.frame != "hold") else "then"
        self._open_phrase(item)

    def _adverbial(self, item: Item) -> bool:
        """Whether "still" stands before a verb and so is an adverb: "still moving left"."""
        ahead = self.items[self._at + 1] if self._at + 1 < len(self.items) else None
        return self._word(item) == "still" and ahead is not None and ahead.kind == "verb"

    def _actor_does(self, item: Item) -> bool:
        """Give a verb to the actors that are the subject of the clause."""
        meaning: Verb = item.value
        names = self._naming if self._subject == "actors" else []
        if self._subject == "pronoun" and (meaning.frame == "actor" or self._last_subject == "actors"):
            names = self.cast.latest
        if not names or not meaning.behaviour:
            return False
        self._doing, self._last_subject = names, "actors"
        if not self.cast.act(names, meaning):
            self.unused.update(range(item.first, item.last))
        return True

    def _late_behaviour(self, item: Item) -> None:
        """Give a verb to the actor just named: "orbits the robot walking left"."""
        previous = self._previous()
        while previous is not None and previous.kind == "function":
            previous = self.items[self.items.index(previous) - 1] if self.items.index(previous) else None
        attached = previous is not None and previous.kind in ("actor", "pronoun") and bool(self.cast.latest)
        if not attached and not self._doing:
            self.unused.update(range(item.first, item.last))
            return
        names = self._doing or self.cast.latest
        if not self.cast.act(names, item.value):
            return
        if self._phrase is not None:
            self._end_clause()
        self._doing = names

    def _repeats(self, item: Item) -> bool:
        """Whether a noun only names the open phrase again ("a dolly move", "orbits in a full circle")."""
        phrase, frame = self._phrase, item.value.frame
        assert phrase is not None
        if frame == "hold":
            return phrase.frame == "hold"
        ahead = self.items[self._at + 1] if self._at + 1 < len(self.items) else None
        if phrase.headings and ahead is not None and ahead.kind == "direction":
            return False
        if item.form not in ("base", "noun", "s"):
            return False
        generic = frame == "move" and self._word(item) in ("move", "movement", "motion")
        return generic or frame == phrase.frame or (phrase.frame == "orbit" and frame in _SAME_AS_ORBIT)

    def _is_named_by(self, item: Item) -> bool:
        """Whether a noun says what a verb without direction does: "moves in a circle"."""
        phrase = self._phrase
        assert phrase is not None
        empty = not phrase.headings and phrase.meaning.default is None and phrase.target is None
        return empty and phrase.frame == "move" and item.form in ("base", "noun")

    def _open_phrase(self, item: Item) -> None:
        self._phrase = VerbPhrase(item, self._join)
        self._subject = self._last_subject = "camera"
        self._sentence_open, self._naming = True, []
        pending, self._pending, self._prep = self._pending, [], self._prep if self._prep == "around" else None
        for waiting in pending:
            getattr(self, f"_on_{waiting.kind}")(waiting)

    def _on_aspect(self, item: Item) -> None:
        self._sentence_open = True

    def _on_next_aspect(self, item: Item) -> None:
        self._sentence_open = True

    # ---- how -------------------------------------------------------------------------------------------------------

    def _on_direction(self, item: Item) -> None:
        word: str = item.value
        if self._doing:
            if not self.cast.head(self._doing, word) and not self._is_function_in(item):
                self.unused.update(range(item.first, item.last))
            return
        if word in ("in", "out") and self._is_function_in(item):
            return
        if self._phrase is None:
            self._pending.append(item)
            return
        phrase = self._phrase
        if phrase.frame == "orbit" and word in ("forward", "out") and phrase.distance:
            return
        if phrase.frame == "move" and word in ("up", "down") and self._along_place():
            word = "forward"
        heading = Heading(word, item)
        phrase.loose = [quantity for quantity in phrase.loose if not heading.take(quantity)]
        phrase.headings.append(heading)

    def _along_place(self) -> bool:
        """Whether "down" or "up" only leads along a place: "down the street"."""
        ahead = self.items[self._at + 1 : self._at + 3]
        return [item.kind for item in ahead] == ["function", "place"] and self._word(ahead[0]) in ("the", "a")

    def _is_function_in(self, item: Item) -> bool:
        """Whether "in" or "out" is a preposition: "in the snow", "in 3 seconds", or no verb that takes it."""
        if self._word(item) not in ("in", "out", "away", "close"):
            return False
        ahead = self.items[self._at + 1] if self._at + 1 < len(self.items) else None
        if ahead is not None and self.items[self._at] is item and self._word(item) == "in":
            if ahead.kind in ("place", "word", "actor", "camera", "verb", "speed"):
                return ahead.kind != "speed" or self._phrase is None
            if ahead.kind == "function" and self._word(ahead) in ("a", "an", "the", "this", "its", "their", "our"):
                return True
            if ahead.kind == "quantity" and ahead.value.unit == "s":
                return True
        return self._phrase is None or self._phrase.frame not in (*_IN_OUT_FRAMES, "orbit")

    def _on_quantity(self, item: Item) -> None:
        quantity = item.value
        ahead = self.items[self._at + 1] if self._at + 1 < len(self.items) else None
        next_word = self._word(ahead) if ahead is not None else ""
        if quantity.unit == "fps" and 0.0 < quantity.value <= MAX_FPS:
            self.fps = quantity.value
        elif quantity.unit == "s" and next_word in _SHOT_NOUNS and self._phrase is None and quantity.value > 0:
            self.duration_s = quantity.value
        elif self._is_list_number(item, ahead):
            self._list_number += 1
            self._end_sentence()
        elif self._phrase is None:
            self._pending.append(item)
        elif not self._take_quantity(item):
            self.unused.update(range(item.first, item.last))

    def _is_list_number(self, item: Item, ahead: Item | None) -> bool:
        """Whether a number counts the lines of a list: "1. Pan left 2. Tilt up"."""
        follows = ahead is not None and ahead.kind in ("stop", "comma")
        return follows and item.value.unit == "number" and item.value.value == self._list_number + 1

    def _take_quantity(self, item: Item) -> bool:
        """Give a quantity to the open phrase; False when it has no use for it."""
        phrase, quantity = self._phrase, item.value
        assert phrase is not None
        if quantity.unit in ("s", "frames") or (quantity.unit == "number" and phrase.frame == "hold"):
            seconds = quantity.value / (self.fps or DEFAULT_FPS) if quantity.unit == "frames" else quantity.value
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
            token.text in ("distance", "radius") for token in self.tokens[max(0, item.first - 3) : item.first]
        )
        orbits = phrase.meaning.frame == "orbit"
        if quantity.unit == "m" and (orbits or says_distance) and phrase.distance is None:
            phrase.distance = quantity.value
            return True
        if phrase.headings and phrase.headings[-1].take(item):
            return True
        phrase.loose.append(item)
        return True

    def _on_speed(self, item: Item) -> None:
        self._manner(item, "speed", item.value)

    def _on_easing(self, item: Item) -> None:
        self._manner(item, "easing", item.value)

    def _on_slight(self, item: Item) -> None:
        self._manner(item, "slight", True)

    def _on_shake(self, item: Item) -> None:
        self._manner(item, "shake", item.value)

    def _manner(self, item: Item, name: str, value: float | str | bool) -> None:
        if self._doing:
            self.unused.update(range(item.first, item.last))
        elif self._phrase is None:
            self._pending.append(item)
        elif getattr(self._phrase, name) in (None, False):
            setattr(self._phrase, name, value)
            self._phrase.said[name] = item
        else:
            self.unused.update(range(item.first, item.last))

    def _on_prep(self, item: Item) -> None:
        ahead, _ = self._next(("function",))
        if ahead is not None and ahead.kind == "quantity" and ahead.value.unit != "number":
            return
        self._prep = item.value
        if self._doing and item.value == "across":
            self.cast.head(self._doing, "right")
        phrase = self._phrase
        if phrase is None:
            return
        if item.value in ONWARD and not phrase.headings:
            phrase.fallback = ONWARD[item.value]
        free = not phrase.headings and phrase.meaning.default is None and phrase.frame in ("move", "follow")
        if item.value == "around":
            ends = ahead is None or ahead.kind in _BOUNDARIES
            if ends and phrase.frame == "turn" and not phrase.headings and not phrase.loose:
                self._half_turn(item)
            elif not ends or any(quantity.value.unit == "rad" for quantity in phrase.loose):
                phrase.around = True
        elif free and phrase.frame == "move" and item.value == "toward":
            phrase.headings.append(Heading("forward", item))
        elif free and item.value == "away":
            phrase.headings.append(Heading("backward", item))

    def _half_turn(self, item: Item) -> None:
        assert self._phrase is not None
        self._phrase.loose.append(Item("quantity", Quantity(math.pi, "rad"), item.first, item.last))

    def _on_place(self, item: Item) -> None:
        start, end = self.tokens[item.first].start, self.tokens[item.last - 1].end
        if self.place is None:
            self.place = PlaceMention(item.value, self.text[start:end], start, end)
        elif self.place.environment != item.value:
            self.unused.update(range(item.first, item.last))

    # ---- words without use ------------------------------------------------------------------------------------------

    def _on_function(self, item: Item) -> None:
        ahead = self.items[self._at + 1] if self._at + 1 < len(self.items) else None
        if self._word(item) == "to" and ahead is not None and ahead.kind in ("word", "filler"):
            self._start_skipping(item)

    def _on_filler(self, item: Item) -> None:
        self._start_skipping(item)

    def _on_word(self, item: Item) -> None:
        word = self._word(item)
        participle = word.endswith("ing") and word not in NOT_PARTICIPLES
        if participle or self._is_foreign_subject():
            self._start_skipping(item)
            return
        self._clause_has_others = True
        self.unused.update(range(item.first, item.last))

    def _is_foreign_subject(self) -> bool:
        """Whether an unknown noun is the subject of the coming verb: "a dog moves left" moves no camera."""
        previous = self._previous()
        starts = previous is not None and previous.kind == "function" and self._phrase is None
        if not starts or self._word(previous) not in ("a", "an", "the", "his", "her", "its", "their"):  # pyright: ignore
            return False
        ahead, _ = self._next(("word", *_MANNER))
        return ahead is not None and ahead.kind == "verb" and ahead.form in ("s", "ed")

    # ---- closing ----------------------------------------------------------------------------------------------------

    def _end_clause(self) -> None:
        if self._phrase is None and not self._doing:
            self._open_elliptic()
        phrase, self._phrase = self._phrase, None
        if phrase is not None:
            moves, unused = phrase.moves()
            for item in unused:
                self.unused.update(range(item.first, item.last))
            self._last_verb = phrase.verb
            for actions in moves:
                self._attach(phrase, actions)
                phrase.join = "then"
        self._doing, self._naming, self._prep = [], [], None
        self._subject = "camera"
        self._clause_has_others = False

    def _open_elliptic(self) -> None:
        """Repeat the last verb for "then right"; other directions without a verb have no use."""
        directions = [item for item in self._pending if item.kind == "direction"]
        if directions and not self._clause_has_others:
            self._open_phrase(_elliptic_verb(self._last_verb, directions, self._pending))
            return
        for item in directions:
            self.unused.update(range(item.first, item.last))
            self._pending.remove(item)

    def _end_sentence(self) -> None:
        self._end_clause()
        self._spend_pending()
        self._join = "then"
        self._sentence_open = self._listing = False
        self._subordinate = self._insert_at = self._deferred_from = None
        self._subject = "camera"

    def _spend_pending(self) -> None:
        """Keep "handheld" for the whole shot when no verb took it by the end of its sentence; report the rest."""
        for item in self._pending:
            if item.kind == "shake":
                self._shake = item.value
            else:
                self.unused.update(range(item.first, item.last))
        self._pending = []

    def _attach(self, phrase: VerbPhrase, actions: list[Action]) -> None:
        """Start a new move with actions, or join them to the current one."""
        current = self.moves[self._current] if self._current is not None and self.moves else None
        holds = all(action.kind == "hold" for action in actions)
        if holds and current is not None and current.is_hold and not (phrase.duration_s and current.duration_s):
            self._take_manner(current, phrase)
            return
        joins = current is not None and phrase.join != "then" and not current.conflicts(actions)
        if phrase.join == "and" and (holds or (current is not None and current.is_hold)):
            joins = False
        if joins and current is not None:
            if not (holds and not current.is_hold):
                current.add(actions)
            self._take_manner(current, phrase)
            return
        move = DraftMove(actions)
        self._take_manner(move, phrase)
        index = len(self.moves) if self._insert_at is None else self._insert_at
        self.moves.insert(index, move)
        self._current = index
        if self._insert_at is not None:
            self._insert_at += 1

    def _take_manner(self, move: DraftMove, phrase: VerbPhrase) -> None:
        for item in move.take_manner(phrase):
            self.unused.update(range(item.first, item.last))


def _elliptic_verb(last: Item | None, directions: list[Item], pending: list[Item]) -> Item:
    """The verb that "then right" or "two metres left" leaves out: the last one if it fits, else move or turn."""
    units = {item.value.unit for item in pending if item.kind == "quantity"} & {"m", "rad"}
    meanings = MEANINGS[last.value.frame] if last is not None else {}
    kinds = [meanings.get(item.value) for item in directions]
    if last is not None and all(kind and units <= {KINDS[kind[0]].unit} for kind in kinds):
        return last
    at = directions[0].first
    return Item("verb", Verb("turn" if "rad" in units else "move"), at, at, "base")

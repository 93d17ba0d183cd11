"""What the reader knows at a moment: the clause and the sentence it is in, and all that it has read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from kinoeye.language.lexicon import MEANINGS, Verb
from kinoeye.language.plan import KINDS, PlaceMention
from kinoeye.language.reading.cast import Cast
from kinoeye.language.reading.cursor import Cursor
from kinoeye.language.reading.draft import VerbPhrase
from kinoeye.language.reading.sequence import Sequence
from kinoeye.language.text.items import Item
from kinoeye.language.text.quantities import Quantity


class Reading:
    """The state of reading one text."""

    def __init__(self, text: str, handlers: Mapping[str, Handler]) -> None:
        self.cursor = Cursor(text)
        self.handlers = handlers
        self.sequence = Sequence()
        self.cast = Cast.empty()
        self.place: PlaceMention | None = None
        self.duration_s: float | None = None
        self.fps: float | None = None
        self.shake: float | None = None
        """Shake of the whole shot, when a sentence says nothing else."""
        self.list_number = 0
        self.unused: set[int] = set()
        """Tokens that had no effect."""
        self.foreign: set[int] = set()
        """Those of them that name a subject which nobody can stage."""
        self.notes: dict[int, str] = {}
        self.of_actors: set[int] = set()
        self.acted: set[int] = set()
        """Items of clauses in which actors act."""
        """Why others of them had none."""
        self.last_acted: tuple[str, int] | None = None
        """Who acted last, and how many actions it has."""
        self.last_doers: list[str] = []
        """The actors of the last clause that was about any."""
        self._begin_clause()
        self.join = "then"
        """How the next verb phrase joins what came before: then, and, while."""
        self.pending: list[Item] = []
        """Directions, quantities and manners that wait for a verb."""
        self.phrase: VerbPhrase | None = None
        self.skipping = False
        """Whether the clause is not about motion."""
        self.last_verb: Item | None = None
        self.last_subject = "camera"
        """Whom "it" means: camera or actors."""
        self._begin_sentence()

    def _begin_clause(self) -> None:
        self.subject = "camera"
        """camera, actors, or pronoun until its verb is known."""
        self.naming: list[str] = []
        """Actors that are the subject of the clause."""
        self.doing: list[str] = []
        """Actors whose verb has been read."""
        self.told = False
        """Whether all that they do in this clause has been read."""
        self.prep: str | None = None
        """The last preposition; "done" once it has its noun."""
        self.has_others = False
        """Whether there is more in the clause than directions and quantities."""

    def _begin_sentence(self) -> None:
        self.sentence_open = self.listing = self.actors_led = False
        """The sentence has begun; its moves are a list; its last clause was about actors."""
        self.doers: list[str] = []
        """Actors who do what the next verb without a subject says."""
        self.subordinate: str | None = None
        """The conjunction that the sentence began with: "while" or "before"."""
        self.deferred_from: int | None = None
        """Where the moves after "before" began."""

    def handle(self, item: Item) -> None:
        """Let the handler of an item's kind read it."""
        self.handlers[item.kind](self, item)

    def report(self, item: Item) -> None:
        """Count the words of an item as unused."""
        self.unused.update(range(item.first, item.last))

    def open_phrase(self, item: Item) -> None:
        """Begin a verb phrase with what was waiting for one."""
        self.phrase = VerbPhrase(item, self.join)
        self.subject = self.last_subject = "camera"
        self.sentence_open, self.naming, self.actors_led, self.doers = True, [], False, []
        pending, self.pending, self.prep = self.pending, [], self.prep if self.prep == "around" else None
        for waiting in pending:
            self.handle(waiting)

    def refuse(self, tokens: Iterable[int], note: str) -> None:
        """Count tokens of what an actor does as unused, and say why."""
        tokens = list(tokens)
        self.unused.update(tokens)
        self.of_actors.update(tokens)
        self.notes.setdefault(tokens[0], note)

    def end_clause(self) -> None:
        """Turn the open verb phrase into moves."""
        if self.phrase is None and not self.doing:
            self._open_elliptic()
        self.actors_led = self.actors_led or bool(self.doing)
        phrase, self.phrase = self.phrase, None
        if phrase is not None:
            moves, unused = phrase.moves()
            if phrase.together:
                self.sequence.refuse_contradiction(phrase, moves)
            for item in unused:
                self.report(item)
            self.last_verb = phrase.verb
            for actions in moves:
                for item in self.sequence.attach(phrase, actions):
                    self.report(item)
                phrase.join = "then"
        self._begin_clause()

    def _open_elliptic(self) -> None:
        """Repeat the last verb for "then right"; other directions without a verb have no use."""
        directions = [item for item in self.pending if item.kind == "direction"]
        if directions and not self.has_others and not self.actors_led:
            self.open_phrase(_elliptic_verb(self.last_verb, directions, self.pending))
            return
        for item in directions:
            self.report(item)
            self.pending.remove(item)

    def end_sentence(self) -> None:
        """Close the clause and forget what only holds within a sentence."""
        if not self.sentence_open and not self.has_others and all(item.kind == "quantity" for item in self.pending):
            self.pending = [item for item in self.pending if not self._take_alone(item.value)]
        self.end_clause()
        self._spend_pending()
        self.join = "then"
        self.sequence.insert_at = None
        self._begin_sentence()

    def _take_alone(self, quantity: Quantity) -> bool:
        """Take a sentence that is only a quantity: a time is that of the shot, an amount that of the last move."""
        if quantity.unit == "s" and self.duration_s is None and quantity.value > 0:
            self.duration_s = quantity.value
            return True
        return quantity.unit != "number" and self.sequence.take_amount(quantity)

    def _spend_pending(self) -> None:
        """Keep "handheld" for the whole shot when no verb took it by the end of its sentence; report the rest."""
        for item in self.pending:
            if item.kind == "shake":
                self.shake = item.value
            elif item.kind != "together":
                self.report(item)
        self.pending = []


Handler = Callable[[Reading, Item], None]


def _elliptic_verb(last: Item | None, directions: list[Item], pending: list[Item]) -> Item:
    """The verb that "then right" or "two metres left" leaves out: the last one if it fits, else move or turn."""
    units = {item.value.unit for item in pending if item.kind == "quantity"} & {"m", "rad"}
    meanings = MEANINGS[last.value.frame] if last is not None else {}
    kinds = [meanings.get(item.value) for item in directions]
    if last is not None and all(kind and units <= {KINDS[kind[0]].unit} for kind in kinds):
        return last
    at = directions[0].first
    return Item("verb", Verb("turn" if "rad" in units else "move"), at, at, "base")

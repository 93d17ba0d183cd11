"""A program put into words: one caption of a stream, with the tokens that it should be read as."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from kinoeye.language.plan import EASINGS, Action, Plan
from kinoeye.systems.gendop.caption_words import CaptionWords, Span, read_words
from kinoeye.systems.gendop.program_tokens import DISTANCE, END, END_MOVE, SLIGHT, to_plan
from kinoeye.systems.gendop.wording.amounts import draw_amount, draw_duration, draw_rate
from kinoeye.systems.gendop.wording.directions import FAMILY, PATHS, PHRASES, Key
from kinoeye.systems.gendop.wording.eval_phrases import EVAL
from kinoeye.systems.gendop.wording.joining import actor_noun, punctuated, with_adverb, with_amount_noun
from kinoeye.systems.gendop.wording.marks import CLOSE, marked, pointers, unmark
from kinoeye.systems.gendop.wording.ordinary_words import ASIDES, SENTENCES, SLOTS, a_person, a_thing, a_word, filled
from kinoeye.systems.gendop.wording.phrases import Phrases
from kinoeye.systems.gendop.wording.programs import Program, random_program
from kinoeye.systems.gendop.wording.train_phrases import TRAIN
from kinoeye.systems.gendop.wording.verb_forms import FORMS, Form, form_of, invented_verb, nonsense, past_participle

Stream = Literal["train", "eval"]
STREAMS: dict[Stream, Phrases] = {"train": TRAIN, "eval": EVAL}
RARE: dict[Stream, float] = {"train": 0.08, "eval": 0.0}
"""Share of moves drawn from kinds that are rare otherwise; training needs to see them more often than people ask."""
PLAIN = 0.4
"""Share of training's captions in plain words, such as the grammar reads: nothing in them is invented."""
_TRAVELS = ("truck", "pedestal", "dolly")
_NEEDS_SUBJECT = ("look_at", "follow")
_EASING_WORDS = {
    "ease_in": ("accelerating", "easing in", "picking up speed"),
    "ease_out": ("decelerating", "easing out", "slowing down"),
    "ease_in_out": ("smoothly", "gracefully", "fluidly"),
    "linear": ("at constant speed", "steadily", "at a steady pace"),
}
_TRANSITIVE = frozenset(
    "move push pull slide shift lower raise lift tilt pan turn rotate swing swivel pivot dolly truck roll pitch yaw "
    "crane boom track".split()
)
"""Verbs that an operator does to a camera."""
_TALKING = ("we", "you", "we will", "the camera will", "the camera should")
"""Subjects whose verb stands in its base form."""


@dataclass(frozen=True)
class Lesson:
    """A caption and the tokens that it should be read as."""

    caption: str
    words: CaptionWords
    tokens: tuple[str, ...]
    """Of `program_tokens.TOKENS`, ending in `<end>`."""


@dataclass(frozen=True)
class CaptionedProgram(Lesson):
    """A caption of camera moves and what they are."""

    plan: Plan


@dataclass
class _Told:
    """What was said of one action or move, by the number of its mark."""

    amount: int | None = None
    distance: int | None = None
    subject: int | None = None


@dataclass
class _Telling:
    """One move while it is put into words."""

    actions: tuple[Action, ...]
    told: list[_Told]
    duration: int | None = None
    speed: str | None = None
    slight: bool = False
    easing: str | None = None


def captioned_program(
    stream: Stream, seed: int, *, count: int | None = None, cast: Sequence[str] | None = None
) -> CaptionedProgram:
    """The caption of a seed, with its program.

    Args:
        stream: "train", or "eval" for held-out verbs, templates, fillers and subjects.
        seed: of the program and its wording; streams never share one.
        count: number of moves; None draws 1 to 6.
        cast: nouns of the actors that may be named, such as "red robot"; None draws any.

    Example:
        >>> captioned_program("train", 3).plan.moves == captioned_program("train", 3).plan.moves
        True
    """
    rng = Random(f"{stream} {seed}")
    for _ in range(100):
        program = random_program(rng, count=count, rare=RARE[stream])
        invents = stream == "train" and rng.random() > PLAIN
        writer = _Writer(
            STREAMS[stream], rng, program, invents=invents, cast=cast, anything=stream == "train" and cast is None
        )
        made = writer.write()
        if made is not None:
            return made
    raise RuntimeError(f"no caption of seed {seed} could be read back")  # a fault of the tables, held by tests


def caption_without_camera(seed: int) -> Lesson:
    """A caption of the train stream that says nothing of a camera: its program is empty.

    Example:
        >>> caption_without_camera(3).tokens
        ('<end>',)
    """
    rng = Random(f"train without camera {seed}")
    caption = _Writer(TRAIN, rng, (), invents=rng.random() > PLAIN).about_anything_else()
    return Lesson(caption, read_words(caption), (END,))


@dataclass
class _Writer:
    phrases: Phrases
    rng: Random
    program: Program
    invents: bool
    """Whether prose of ordinary words and words that do not exist stand in at times: a verb that nobody knows teaches
    to read the direction beside it."""
    cast: Sequence[str] | None = None
    anything: bool = False
    """Whether what is looked at or followed may be something that is no actor."""
    prose: float = 0.2
    """How often a clause goes on about what the picture shows."""
    marks: list[str] = field(default_factory=list)
    actors_said: list[tuple[str, int]] = field(default_factory=list)
    """Noun and mark of each actor that was mentioned."""

    def write(self) -> CaptionedProgram | None:
        rng = self.rng
        if self.invents:
            self.prose = rng.choices((0.1, 0.4, 0.8), weights=(0.5, 0.3, 0.2))[0]
        tellings = [_Telling(move, [_Told() for _ in move]) for move in self.program]
        text = self._sentences(tellings)
        if rng.random() < 0.1:
            extra = self._sentence()
            text = f"{extra} {text}" if rng.random() < 0.5 else f"{text.rstrip('.')}. {extra}"
        caption, spans = unmark(punctuated(text, rng))
        words = read_words(caption)
        tokens = _tokens(tellings, words, spans)
        if tokens is None:
            return None
        plan = to_plan(tokens, words, text=caption)
        return None if plan is None else CaptionedProgram(caption, words, tuple(tokens), plan)

    def about_anything_else(self) -> str:
        """One to three sentences about what the picture shows, some with a clause more."""
        rng, sentences = self.rng, []
        for _ in range(rng.randint(1, 3)):
            sentence = self._sentence()
            if rng.random() < 0.4:
                sentence = f"{sentence.rstrip('.')}{self._aside()}."
            sentences.append(sentence)
        return unmark(punctuated(" ".join(sentences), rng))[0]

    def _sentences(self, tellings: list[_Telling]) -> str:
        rng, phrases = self.rng, self.phrases
        draw = rng.random()
        if len(tellings) == 2 and draw < 0.2:
            return self._inverted(tellings)
        if draw < 0.26 and len(tellings) > 1:
            pattern = rng.choice(phrases.numbered)
            parts = [
                pattern.replace("{i}", str(index + 1)).replace(*self._clause_in(pattern, telling))
                for index, telling in enumerate(tellings)
            ]
            return "".join(parts).rstrip("; ")
        if draw < 0.34:
            return self._listed(tellings)
        if draw < 0.5:
            return self._imperative(tellings)
        return self._narrated(tellings)

    def _listed(self, tellings: list[_Telling]) -> str:
        """Noun phrases alone: "a slow push in, then a pan left"; at times without their articles."""
        rng, phrases = self.rng, self.phrases
        parts = [self._clause(tellings[0], "N")]
        parts += [rng.choice(phrases.listed).replace("{N}", self._clause(telling, "N")) for telling in tellings[1:]]
        if rng.random() < 0.35:
            return re.sub(r"(^|, |then )an? ", r"\1", "".join(parts))
        return self._pattern(phrases.nominal_lead_ins) + "".join(parts)

    def _narrated(self, tellings: list[_Telling]) -> str:
        rng, phrases = self.rng, self.phrases
        subject = rng.choice(phrases.openings)
        form: Form = "B" if subject in _TALKING else "F"
        first = tellings[0]
        text = self._expand(rng.choice(self._told_plainly(phrases.lead_ins))) + subject + " "
        if form == "F" and len(tellings) > 1 and rng.random() < 0.2:
            pattern = rng.choice(phrases.begin_by)
            text += pattern.replace(*self._clause_in(pattern, first))
        else:
            text += self._clause(first, form)
        for index, telling in enumerate(tellings[1:], 1):
            if telling.actions[0].kind == "hold" and rng.random() < 0.12:
                text += rng.choice((". ", ", then ", ". then ", ", and then ", "; ")) + rng.choice(phrases.still)
                continue
            last = index == len(tellings) - 1 and len(tellings) > 1
            pattern = self._pattern(phrases.finally_ if last and rng.random() < 0.5 else phrases.then)
            if form == "B":  # "we pan left, then push in"
                pattern = re.sub(r"\bit ", f"{subject} ", pattern.replace("{F}", "{B}"))
                pattern = (
                    pattern.replace("it ends by", "we end by").replace("ends", "end").replace("concludes", "conclude")
                )
            if self.invents and pattern.startswith(". ") and rng.random() < 0.1:
                text += f". {self._sentence().rstrip('.')}"
            again = subject if form == "B" or rng.random() < 0.5 else "it"
            if "{F}" in pattern and rng.random() < 0.06:
                pattern = pattern.replace("{F}", self._pattern(phrases.going_on))
            text += pattern.replace("{S}", again).replace(*self._clause_in(pattern, telling))
        return text

    def _imperative(self, tellings: list[_Telling]) -> str:
        rng, phrases = self.rng, self.phrases
        text = self._expand(rng.choice(self._told_plainly(phrases.imperative_lead_ins))) + self._clause(
            tellings[0], "B"
        )
        for index, telling in enumerate(tellings[1:], 1):
            last = index == len(tellings) - 1
            options = phrases.finally_imperative if last and rng.random() < 0.5 else phrases.then_imperative
            pattern = self._pattern(options)
            text += pattern.replace(*self._clause_in(pattern, telling))
        return text

    def _inverted(self, tellings: list[_Telling]) -> str:
        pattern = self._pattern(self.phrases.inverted)
        subject = self.rng.choice([name for name in self.phrases.openings if name not in _TALKING])
        text = pattern.replace("{S}", subject)
        for letter, which in re.findall(r"\{([FBGN])([12])\}", pattern):
            form: Form = next(form for form in FORMS if form == letter)
            text = text.replace(f"{{{form}{which}}}", self._clause(tellings[int(which) - 1], form))
        return text

    def _pattern(self, options: Sequence[str]) -> str:
        """One of the sentence patterns, with nonsense where it asks for any word."""
        return re.sub(r"\{x\}", lambda _: nonsense("x", self.rng), self.rng.choice(self._told_plainly(options)))

    def _told_plainly(self, options: Sequence[str]) -> Sequence[str]:
        """The options of a caption that invents nothing."""
        return options if self.invents else [option for option in options if "{x}" not in option]

    def _clause_in(self, pattern: str, telling: _Telling) -> tuple[str, str]:
        """The slot of a pattern and the clause that fills it."""
        form: Form = next(form for form in FORMS if f"{{{form}}}" in pattern)
        return f"{{{form}}}", self._clause(telling, form)

    def _clause(self, telling: _Telling, form: Form) -> str:
        rng = self.rng
        order = list(range(len(telling.actions)))
        rng.shuffle(order)
        order.sort(key=lambda index: telling.actions[index].kind == "handheld")
        travels = [index for index in order if telling.actions[index].kind in _TRAVELS]
        text = ""
        if len(travels) > 1 and rng.random() < 0.75 and form != "N":
            text = self._diagonal(telling, travels, form)
            order = [index for index in order if index not in travels]
        for position, index in enumerate(order):
            action, told = telling.actions[index], telling.told[index]
            if action.kind == "handheld" and text and form == "N":
                text = with_adverb(text, rng.choice(self.phrases.shaky), form, rng)
            elif action.kind == "handheld" and (text or position):
                text += f"{rng.choice((' ', ', '))}{rng.choice(self.phrases.shakes)}"
            elif not text:
                text = self._phrase(action, told, form)
            else:
                joins = self.phrases.joins_imperative if form == "B" else self.phrases.joins
                if form in ("G", "N"):
                    joins = [join for join in joins if "{G}" in join or "{N}" in join]
                pattern = self._pattern(joins)
                slot: Form = next(slot for slot in FORMS if f"{{{slot}}}" in pattern)
                text += pattern.replace(f"{{{slot}}}", self._phrase(action, told, slot))
        text = self._manner(telling, text, form)
        kinds = {action.kind for action in telling.actions}
        if kinds <= {"yaw", "pitch", "roll", "zoom"} and rng.random() < 0.1:
            text += self._pattern(self.phrases.in_place)
        elif kinds == {"orbit"} and rng.random() < 0.12:
            text += self._expand(rng.choice(self._told_plainly(self.phrases.centred)))
        if rng.random() < self.prose and form != "N":
            text += self._aside()
        return text

    def _diagonal(self, telling: _Telling, travels: Sequence[int], form: Form) -> str:
        """Several travels under one verb: "moves left and forward"."""
        rng = self.rng
        verb = self._inflected(self._verb("travel"), form)
        ways = [self._subject_in(rng.choice(_plain_paths(telling.actions[i])), telling.told[i]) for i in travels]
        if rng.random() < 0.15:
            verb = f"{verb} diagonally"
        return f"{verb} {', '.join(ways[:-1])} and {ways[-1]}"

    def _phrase(self, action: Action, told: _Told, form: Form) -> str:
        rng, key = self.rng, (action.kind, action.direction)
        idioms = self.phrases.idioms.get(key, ())
        quantity = self._quantity(action, told)
        if form == "N":
            nouns = self.phrases.nouns.get(key)
            if nouns:
                text = self._subject_in(rng.choice(nouns), told, needed=action.kind in _NEEDS_SUBJECT)
                return with_amount_noun(text, quantity, rng)
            form = "G"  # nothing names it by a noun
        if idioms and (key not in PHRASES or rng.random() < 0.6):
            text = self._inflected(
                self._subject_in(rng.choice(idioms), told, needed=action.kind in _NEEDS_SUBJECT), form
            )
            return self._with_amount(text, quantity)
        way = (
            self._subject_in(rng.choice(PHRASES[key]), told, needed=action.kind in _NEEDS_SUBJECT)
            if key in PHRASES
            else ""
        )
        verb = self._inflected(self._verb(FAMILY.get(action.kind, "travel")), form)
        if quantity and action.kind in _TRAVELS and rng.random() < 0.4:
            return f"{verb} {quantity} {way}"
        if action.kind in ("truck", "yaw", "roll") and rng.random() < 0.04:
            way = f"back {way}"
        return self._with_amount(f"{verb} {way}".strip(), quantity)

    def _with_amount(self, text: str, quantity: str) -> str:
        rng = self.rng
        if not quantity:
            return text
        if "|at " not in quantity and rng.random() < 0.12:
            quantity = rng.choice(self.phrases.hedges) + quantity
        if " around " in text and rng.random() < 0.5:
            before, after = text.split(" around ", 1)
            return f"{before} {quantity.replace(f' around{CLOSE}', CLOSE)} around {after}"
        return f"{text}{' ' if '|at ' in quantity or rng.random() < 0.6 else ' by '}{quantity}"

    def _verb(self, family: str) -> str:
        if self.invents and self.rng.random() < 0.12:
            return invented_verb(self.rng) + "*"
        return self.rng.choice(self.phrases.verbs[family]) + "*"

    def _inflected(self, phrase: str, form: Form) -> str:
        """A verb phrase in a form; an imperative may say what is moved, a statement may be in the passive."""
        verb, _, rest = phrase.partition("*")
        if rest.startswith((" its ", " the ", " us ", " a ")):
            pass  # it has an object already
        elif verb in _TRANSITIVE and form in ("B", "G") and self.rng.random() < 0.12:
            phrase = phrase.replace("*", "* the camera", 1)
        elif verb in _TRANSITIVE and form == "F" and self.rng.random() < 0.04:
            return f"is {past_participle(verb)}{rest}"
        return re.sub(r"(\w[\w ]*?)\*", lambda found: form_of(found.group(1), form), phrase, count=1)

    def _quantity(self, action: Action, told: _Told) -> str:
        """A stated amount or speed as a marked phrase, at times; else nothing."""
        if self.rng.random() > 0.3:
            return ""
        drawn = draw_rate(action, self.rng) if self.rng.random() < 0.08 else draw_amount(action.kind, self.rng)
        if drawn is None:
            return ""
        told.amount = self._mark(drawn[1])
        return marked(told.amount, drawn[1])

    def _subject_in(self, phrase: str, told: _Told, *, needed: bool = False) -> str:
        """A phrase with its subject filled in: an actor that can be pointed at, or any other thing."""
        if "{subject}" not in phrase:
            return phrase
        rng = self.rng
        if self.actors_said and rng.random() < 0.3:
            noun, mark = rng.choice(self.actors_said)
            if rng.random() < 0.4 and len(self.actors_said) == 1:
                told.subject = mark
                return phrase.replace("{subject}", "it")
            told.subject = self._mark(noun)
            return phrase.replace("{subject}", marked(told.subject, noun))
        if needed and self.anything and rng.random() < 0.45:
            return phrase.replace("{subject}", (a_person if rng.random() < 0.6 else a_thing)(rng))
        if needed or rng.random() < (0.5 if self.cast is None else 0.9):
            noun = actor_noun(rng, self.cast)
            told.subject = self._mark(noun)
            self.actors_said.append((f"the {noun.split(' ', 1)[1]}", told.subject))
            text = phrase.replace("{subject}", marked(told.subject, noun))
            if rng.random() < 0.08 and "around" in phrase:
                metres = rng.randint(1, 6)
                words = f"{metres} metres" if metres > 1 else "1 metre"
                told.distance = self._mark(words)
                text += (
                    f" {rng.choice(('at a distance of', 'from', 'with a radius of'))} {marked(told.distance, words)}"
                )
            return text
        return phrase.replace("{subject}", rng.choice(self.phrases.things + self.phrases.people[:8]))

    def _manner(self, telling: _Telling, text: str, form: Form) -> str:
        rng, phrases = self.rng, self.phrases
        kinds = {action.kind for action in telling.actions}
        if not kinds <= {"hold", "look_at", "follow"} and not kinds & {"handheld"}:
            draw = rng.random()
            if draw < 0.22:
                slow = rng.random() < 0.55
                telling.speed = "<slow>" if slow else "<fast>"
                words = (phrases.slow if slow else phrases.fast) if form != "N" else (
                    phrases.slow_adjectives if slow else phrases.fast_adjectives)  # fmt: skip
                text = with_adverb(text, rng.choice(words), form, rng)
            elif draw < 0.34 and form != "N":
                telling.slight = True
                text = with_adverb(text, rng.choice(phrases.slight), form, rng)
            elif draw < 0.34:
                telling.slight = True
                text = with_adverb(text, "slight", form, rng)
            elif draw < 0.41 and form != "N":
                telling.easing = rng.choice(EASINGS)
                text = f"{text} {rng.choice(_EASING_WORDS[telling.easing])}"
        if rng.random() < 0.15:
            _, words = draw_duration(rng)
            telling.duration = self._mark(words)
            text += f" {'for' if 'hold' in kinds else rng.choice(phrases.during)} "
            text += marked(telling.duration, words)
        return text

    def _expand(self, pattern: str) -> str:
        """A filler with its things, people and places."""
        rng, phrases = self.rng, self.phrases

        def fill(found: re.Match[str]) -> str:
            name = found.group(1)
            if self.invents and (ordinary := self._ordinary(name)):
                return ordinary
            if name == "side":
                return rng.choice(("left", "right"))
            if name in ("actor", "subject"):
                if rng.random() < 0.5 and name == "subject":
                    return rng.choice(phrases.things)
                noun = actor_noun(rng, self.cast)
                mark = self._mark(noun)
                self.actors_said.append((f"the {noun.split(' ', 1)[1]}", mark))
                return marked(mark, noun)
            return rng.choice({"thing": phrases.things, "person": phrases.people, "does": phrases.doings,
                               "place": phrases.places}[name])  # fmt: skip

        return re.sub(r"\{(x|thing|person|does|place|actor|subject|side)\}", fill, pattern)

    def _aside(self) -> str:
        rng = self.rng
        if self.invents and rng.random() < 0.5:
            return f"{rng.choice((' ', ', '))}{filled(rng.choice(ASIDES), rng)}"
        return self._expand(rng.choice(self._told_plainly(self.phrases.fillers)))

    def _sentence(self) -> str:
        rng = self.rng
        if self.invents and rng.random() < 0.5:
            return filled(rng.choice(SENTENCES), rng)
        return self._expand(rng.choice(self._told_plainly(self.phrases.sentences)))

    def _ordinary(self, name: str) -> str:
        """What fills a slot of prose beside the tables: words of ordinary English, and words that do not exist."""
        rng, draw = self.rng, self.rng.random()
        if name == "x":
            return nonsense(name, rng) if draw < 0.5 else a_word(rng)
        if name in ("thing", "person", "place") and draw < 0.12:
            return nonsense(name, rng)
        return filled(SLOTS[name], rng) if name in SLOTS and draw < 0.6 else ""

    def _mark(self, words: str) -> int:
        self.marks.append(words)
        return len(self.marks) - 1


def _tokens(tellings: list[_Telling], words: CaptionWords, spans: dict[int, Span]) -> list[str] | None:
    """The program tokens of a caption; None when something that was said cannot be pointed at."""
    quantities = pointers(words.quantity_spans, spans)
    actors = pointers(words.actor_spans, spans)
    tokens: list[str] = []
    for telling in tellings:
        for index, (action, told) in enumerate(zip(telling.actions, telling.told, strict=True)):
            tokens.append(f"{action.kind} {action.direction}".strip())
            if told.amount is not None:
                if told.amount not in quantities:
                    return None
                tokens.append(f"<q{quantities[told.amount]}>")
            if told.subject is not None and action.kind in ("orbit", "dolly", "dolly_zoom", "look_at", "follow"):
                if told.subject not in actors:
                    return None
                tokens.append(f"<a{actors[told.subject]}>")
            if told.distance is not None and action.kind == "orbit":
                if told.distance not in quantities:
                    return None
                tokens += [DISTANCE, f"<q{quantities[told.distance]}>"]
            if telling.duration is not None and index == len(telling.actions) - 1:
                if telling.duration not in quantities:
                    return None
                tokens.append(f"<q{quantities[telling.duration]}>")
        tokens += [telling.speed] if telling.speed else []
        tokens += [SLIGHT] if telling.slight else []
        tokens += [f"<{telling.easing}>"] if telling.easing else []
        tokens.append(END_MOVE)
    return [*tokens, END]


def _plain_paths(action: Action) -> list[str]:
    key: Key = (action.kind, action.direction)
    return [phrase for phrase in PATHS[key] if len(phrase.split()) <= 3 and phrase not in ("in", "out", "away")]

"""Verbs in their forms, and verbs that do not exist."""

from __future__ import annotations

from random import Random
from typing import Literal

from kinoeye.language.lexicon import inflect
from kinoeye.systems.gendop.wording.eval_phrases import EVAL

Form = Literal["F", "B", "G", "N"]
FORMS: tuple[Form, ...] = ("F", "B", "G", "N")
_DOUBLED = frozenset("dip get hop jog let put sit pin skim snap tag tip trot whip wrap zip step slip".split())
_HELD_OUT = frozenset(form for verbs in EVAL.verbs.values() for verb in verbs for form in inflect(verb))


def form_of(verb: str, form: Form) -> str:
    """A verb, perhaps of two words of which the last is inflected, in a form."""
    wanted = {"F": "s", "G": "ing", "B": "base", "N": "ing"}[form]
    head, _, last = verb.rpartition(" ")
    if last == "be":
        return {"s": "is", "ing": "being", "base": "be"}[wanted]
    forms = {kind: word for word, kind in reversed(inflect(last).items())}
    if last in _DOUBLED:
        forms["ing"] = f"{last}{last[-1]}ing"
    return f"{head} {forms[wanted]}".strip()


def past_participle(verb: str) -> str:
    """Past participle of a verb that can be done to a camera."""
    if verb == "swing":
        return "swung"
    return next(word for word, form in inflect(verb).items() if form == "ed")


def nonsense(name: str, rng: Random) -> str:
    """Words that do not exist, for what the motion does not hang on."""
    word = form_of(invented_verb(rng), rng.choice(("F", "B", "G", "B")))
    return word if name in ("x", "place") else f"the {word}"


def invented_verb(rng: Random) -> str:
    """A verb that does not exist, such as "blorn" or "stimple"."""
    onset = rng.choice("b br bl c cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sc sk sl sm sn sp st str sw t "
                       "tr tw v w".split())  # fmt: skip
    middle = rng.choice("a e i o u ai ea oo ou ur or ar il ol im un".split())
    coda = rng.choice(
        "b ck d dge ff g k l ll m mp n nd nk nt p r rk rn rt sh ss st t tch te de ke mble ddle zzle nce".split()
    )
    verb = onset + middle + coda
    return invented_verb(rng) if _HELD_OUT & set(inflect(verb)) else verb

"""How phrases become English: adverbs, amounts, articles, capitals and full stops."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from kinoeye.language.lexicon import COLOURS, SHAPES, VOWELS
from kinoeye.systems.gendop.wording.marks import CLOSE
from kinoeye.systems.gendop.wording.verb_forms import Form


def with_amount_noun(text: str, quantity: str, rng: Random) -> str:
    """A noun phrase with its marked amount: "a dolly in of 2 metres", or "a 2 metre dolly in"."""
    if not quantity:
        return text
    found = re.match(r"an? (.*)", text, flags=re.DOTALL)
    words = quantity.split("|", 1)[1].rstrip(CLOSE)
    if found and re.fullmatch(r"[\w. ]+ (metre|meter|degree)s", words) and rng.random() < 0.5:
        return f"a {quantity.replace(f's{CLOSE}', CLOSE)} {found.group(1)}"
    return f"{text} {'of ' if '|at ' not in quantity and rng.random() < 0.6 else ''}{quantity}"


def with_adverb(text: str, adverb: str, form: Form, rng: Random) -> str:
    """A clause with its manner before or after it; a noun phrase takes it as its adjective."""
    if form == "N":
        found = re.match(r"(an?) (.*)", text, flags=re.DOTALL)
        if found is None:
            return text if adverb == "slight" else f"{adverb} {text}"
        article = "an" if adverb[0] in VOWELS else "a"
        return f"{article} {adverb} {found.group(2)}"
    if adverb.endswith("ly") and rng.random() < 0.55:
        return f"{adverb} {text}"
    return f"{text} {adverb}"


def actor_noun(rng: Random, cast: Sequence[str] | None) -> str:
    """A noun phrase of an actor: of the cast, or of any colour and shape."""
    if cast is not None:
        noun = rng.choice(cast)
        return f"{rng.choice(('the', 'the', 'an' if noun[0] in VOWELS else 'a'))} {noun}"
    colour = rng.choice([word for words in COLOURS.values() for word in words])
    shape = rng.choice([word for words in SHAPES.values() for word in words[:1]])
    article = rng.choice(("the", "the", "an" if colour[0] in VOWELS else "a"))
    return f"{article} {rng.choice(('', '', 'tall ', 'small '))}{colour} {shape}".replace("an tall", "a tall").replace(
        "an small", "a small"
    )


def punctuated(text: str, rng: Random) -> str:
    """Single spaces, most often with capitals and a full stop."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.;:])", r"\1", text)
    if rng.random() < 0.85:
        text = re.sub(r"(^|[.!?] )([a-z])", lambda found: found.group(1) + found.group(2).upper(), text)
    if not text.endswith(".") and rng.random() < 0.8:
        text += "."
    return text

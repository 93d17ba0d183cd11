"""Clothes in words: garments and their colours to the regions of a body's surface, and bodies coloured by them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies.body import Body
from kinoeye.shot.palette import COLOURS

RGB = tuple[float, float, float]
_ARMS = ("upper arms", "lower arms")
_LEGS = ("hips", "thighs", "shins")
_SKIN = ("skin", "hands")
_ALL = ("torso", *_ARMS, *_LEGS)
_WORN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "shirt blouse top sweater jumper pullover hoodie cardigan jacket coat": (("torso", *_ARMS), ()),
    "tshirt tee polo": (("torso", "upper arms"), ("lower arms",)),
    "vest": (("torso",), _ARMS),
    "trousers pants jeans slacks leggings joggers": (_LEGS, ()),
    "shorts skirt": (("hips", "thighs"), ("shins",)),
    "dress": (("torso", "upper arms", "hips", "thighs"), ("lower arms", "shins")),
    "suit uniform tracksuit overalls jumpsuit robe outfit clothes clothing": (_ALL, ()),
    "shoes boots sneakers trainers socks": (("shoes",), ()),
    "gloves": (("hands",), ()),
    "hat cap beanie helmet hood hair": (("hair",), ()),
    "skin": (_SKIN, ()),
    "eyes": (("irises",), ()),
}
"""Garments -> regions that they cover and regions that they leave bare."""
GARMENTS = MappingProxyType({word: regions for words, regions in _WORN.items() for word in words.split()})
USUAL: Mapping[str, RGB] = MappingProxyType(
    {"jeans": (0.20, 0.29, 0.46), "suit": (0.17, 0.18, 0.22), "shorts": (0.55, 0.50, 0.40), "dress": COLOURS["red"]}
)
"""Garments of a colour that need not be said."""
CLOTH: Mapping[str, RGB] = MappingProxyType(
    {
        **COLOURS,
        "gray": COLOURS["grey"],
        "navy": (0.10, 0.14, 0.30),
        "denim": USUAL["jeans"],
        "teal": (0.08, 0.44, 0.44),
        "turquoise": (0.20, 0.72, 0.68),
        "maroon": (0.42, 0.09, 0.13),
        "beige": (0.82, 0.73, 0.58),
        "khaki": (0.58, 0.53, 0.36),
        "cream": (0.93, 0.89, 0.77),
        "gold": (0.80, 0.62, 0.20),
        "golden": (0.80, 0.62, 0.20),
        "silver": (0.72, 0.73, 0.75),
        "violet": COLOURS["purple"],
    }
)
"""Colour words of clothes -> sRGB, 0 to 1."""
HAIR: Mapping[str, RGB] = MappingProxyType(
    {
        "blonde": (0.82, 0.66, 0.36),
        "blond": (0.82, 0.66, 0.36),
        "brunette": (0.27, 0.17, 0.11),
        "ginger": (0.68, 0.30, 0.11),
        "redhead": (0.62, 0.22, 0.10),
    }
)
"""Words that are colours of hair, said with the word "hair" or without."""
_SHADES = {"dark": (0.0, 0.45), "deep": (0.0, 0.3), "light": (1.0, 0.5), "pale": (1.0, 0.6), "bright": (1.0, 0.0)}
"""Shade -> what a colour is mixed with (0 black, 1 white), and how much of it."""
_ARTICLES = frozenset("a an the".split())
_GLUE = frozenset("in with and of his her their its wearing wears wear dressed clad has having".split())
_INTRODUCES = frozenset("in wearing wears wear clad".split())
_COMPOUNDS = {"t shirt": "tshirt", "tank top": "vest", "haired": "hair", "skinned": "skin", "eyed": "eyes"}


@dataclass(frozen=True, kw_only=True)
class Clothing:
    """What a body wears."""

    colours: Mapping[str, RGB] = field(default_factory=dict)
    """Region -> sRGB, 0 to 1; regions that are not named stay as they are."""
    bare: tuple[str, ...] = ()
    """Regions that show skin."""
    unused: tuple[str, ...] = ()
    """Words that say nothing of clothes that can be shown, in their order."""


def clothed_by(words: str) -> Clothing:
    """Clothes as a text tells them: colour words before garments, or after "in".

    Args:
        words: in English; what is said last of a region counts.

    Example:
        >>> clothing = clothed_by("a tall woman in a red t-shirt and dark blue jeans")
        >>> clothing.colours["torso"], clothing.bare, clothing.unused
        ((0.8, 0.13, 0.12), ('lower arms',), ('tall', 'woman'))
    """
    text = " ".join(re.findall(r"[^\W_]+", words.lower().replace("'s", "")))
    for compound, word in _COMPOUNDS.items():
        text = re.sub(rf"\b{compound}\b", word, text)
    reading = _Reading()
    for word in text.split():
        reading.read(word)
    reading.end_colour()
    return Clothing(colours=reading.colours, bare=tuple(reading.bare), unused=tuple(reading.unused))


def dressed(body: Body, clothing: Clothing) -> Body:
    """The body in those colours.

    Raises:
        InputError: the clothing has a region that the body has not, or a colour outside 0 to 1.

    Example:
        >>> from kinoeye.shot.bodies import load_body
        >>> adult = dressed(load_body("adult"), clothed_by("in white"))
        >>> adult.colors_rgb[adult.regions["torso"][0]].tolist()
        [237, 237, 232]
    """
    named = [*clothing.colours, *clothing.bare]
    strange = [region for region in named if region not in body.regions]
    if strange or (clothing.bare and "skin" not in body.regions):
        known = ", ".join(body.regions) or "none"
        raise InputError(f"body {body.name!r} has no region {(*strange, 'skin')[0]!r} to colour; its regions: {known}")
    colors = body.colors_rgb.copy()
    for region, rgb in clothing.colours.items():
        if not (len(rgb) == 3 and all(0.0 <= value <= 1.0 for value in rgb)):
            raise InputError(f"the colour {rgb} of {region!r} is not three numbers from 0 to 1")
        colors[body.regions[region]] = np.rint(255 * np.array(rgb))
    for region in clothing.bare:
        colors[body.regions[region]] = np.median(colors[body.regions["skin"]], axis=0)
    return replace(body, colors_rgb=colors)


class _Reading:
    """What has been read of a text so far."""

    def __init__(self) -> None:
        self.colours: dict[str, RGB] = {}
        self.bare: dict[str, None] = {}
        self.unused: list[str] = []
        self._introduced = False
        self._bare_colour = True
        """In "in red and blue jeans" all is red but the jeans; "in a red and blue shirt" is one shirt."""
        self._shade = ""
        self._colour: tuple[str, RGB] | None = None

    def read(self, word: str) -> None:
        if word in _SHADES:
            self.end_colour()
            self._shade = word
        elif word in CLOTH or word in HAIR:
            self._take_colour(word)
        elif word in GARMENTS:
            self._wear(word)
        elif word in ("barefoot", "bald"):
            self.end_colour()
            self._uncover("shoes" if word == "barefoot" else "hair")
        elif word in _ARTICLES:
            self.end_colour()
            self._bare_colour = False
        elif word != "and" or (self._introduced and self._bare_colour) or self._colour is None:
            self.end_colour()
            self._introduced, self._bare_colour = word in _INTRODUCES, True
            if word not in _GLUE:
                self.unused.append(word)

    def end_colour(self) -> None:
        """What a colour without a garment means: all clothes after "in", hair where it is one of hair, else nothing."""
        if self._colour is not None:
            word, rgb = self._colour
            if word in HAIR:
                self._cover(("hair",), rgb)
            elif self._introduced:
                self._cover(_ALL, rgb)
            else:
                self.unused += [*filter(None, [self._shade]), word]
        elif self._shade:
            self.unused.append(self._shade)
        self._colour, self._shade = None, ""

    def _take_colour(self, word: str) -> None:
        if self._colour is not None:  # "red and white": of two colours of one garment the first is shown
            self.unused.append(word)
            return
        rgb = HAIR[word] if word in HAIR else CLOTH[word]
        towards, share = _SHADES.get(self._shade, (0.0, 0.0))
        r, g, b = ((1 - share) * value + share * towards for value in rgb)
        self._colour = word, (r, g, b)

    def _wear(self, word: str) -> None:
        covered, bare = GARMENTS[word]
        rgb = self._colour[1] if self._colour else USUAL.get(word)
        if rgb is None and not bare:
            self.unused += [*filter(None, [self._shade]), word]
        elif rgb is not None:
            if not self._colour and self._shade:
                self.unused.append(self._shade)
            self._cover(covered, rgb)
        for region in bare:
            self._uncover(region)
        self._colour, self._shade = None, ""

    def _cover(self, regions: tuple[str, ...], rgb: RGB) -> None:
        for region in regions:
            self.colours[region] = rgb
            self.bare.pop(region, None)

    def _uncover(self, region: str) -> None:
        self.colours.pop(region, None)
        self.bare[region] = None

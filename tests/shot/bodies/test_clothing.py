"""Words to garments, and bodies in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies import load_body
from kinoeye.shot.bodies.clothing import CLOTH, GARMENTS, HAIR, Clothing, clothed_by, dressed


@pytest.mark.parametrize(
    ("words", "shown", "bare", "unused"),
    [
        ("red shirt", {"torso": "red", "lower arms": "red"}, (), ()),
        ("a man in black", {"torso": "black", "shins": "black"}, (), ("man",)),
        ("a woman in a green dress", {"torso": "green", "thighs": "green"}, ("lower arms", "shins"), ("woman",)),
        ("a grey dog", {}, (), ("grey", "dog")),
        ("blonde", {"hair": "blonde"}, (), ()),
        ("a tall red-haired boy in white, barefoot", {"hair": "red", "torso": "white"}, ("shoes",), ("tall", "boy")),
        ("yellow T-shirt, black shorts", {"torso": "yellow", "hips": "black"}, ("lower arms", "shins"), ()),
        ("a red and white shirt", {"torso": "red"}, (), ("white",)),
        ("in a red and white shirt", {"torso": "red"}, (), ("white",)),
        ("in red and navy trousers", {"torso": "red", "shins": "navy"}, (), ()),
        ("in a red shirt and black", {"torso": "red"}, (), ("black",)),
        ("in a hat", {}, (), ("hat",)),
        ("dark glasses", {}, (), ("dark", "glasses")),
        ("blue shirt under a red coat", {"torso": "red"}, (), ("under",)),
        ("", {}, (), ()),
    ],
)
def test_words(words, shown, bare, unused):
    clothing = clothed_by(words)
    assert {region: clothing.colours[region] for region in shown} == {
        region: (CLOTH | HAIR)[word] for region, word in shown.items()
    }
    assert clothing.bare == bare
    assert clothing.unused == unused


def test_no_colour_is_dropped_between_two_that_stand_together():
    assert clothed_by("a red and white shirt").unused == ("white",)
    assert clothed_by("in red and blue").unused == ("blue",)


def test_dark_is_darker_and_light_is_lighter():
    dark, plain, light = (
        np.mean(clothed_by(f"{shade} green shirt").colours["torso"]) for shade in ("dark", "", "light")
    )
    assert dark < plain < light


def test_only_the_named_regions_change_and_bare_ones_have_the_skin():
    adult = load_body("adult")
    worn = dressed(adult, clothed_by("a purple t-shirt, brown skin"))
    changed = {name for name, held in adult.regions.items() if (worn.colors_rgb[held] != adult.colors_rgb[held]).any()}
    assert changed == {"torso", "upper arms", "lower arms", "skin", "hands"}
    skin, arm = worn.regions["skin"][0], worn.regions["lower arms"][0]
    assert worn.colors_rgb[arm].tolist() == worn.colors_rgb[skin].tolist()
    assert (load_body("adult").colors_rgb == adult.colors_rgb).all()


def test_every_garment_fits_the_adult():
    adult = load_body("adult")
    for garment in GARMENTS:
        clothing = clothed_by(f"blue {garment}")
        assert clothing.unused == (), garment
        dressed(adult, clothing)


def test_what_a_body_does_not_have_is_refused():
    adult = load_body("adult")
    with pytest.raises(InputError, match="no region 'tail' to colour; its regions: skin"):
        dressed(adult, Clothing(colours={"tail": (0.0, 0.0, 0.0)}))
    with pytest.raises(InputError, match="0 to 1"):
        dressed(adult, Clothing(colours={"torso": (0.0, 255.0, 0.0)}))
    with pytest.raises(InputError, match="its regions: none"):
        dressed(replace(adult, regions={}), clothed_by("in red"))

"""Who is drawn where nobody says what they look like: within bounds, varied, and shown as described."""

from __future__ import annotations

import numpy as np

from kinoeye.shot.bodies.casting import cast_body
from kinoeye.shot.bodies.clothing import CLOTH, HAIR, clothed_by
from kinoeye.shot.extras import draw_car, draw_dog, draw_person


def test_people_are_shown_in_what_they_are_said_to_wear():
    rng = np.random.default_rng(0)
    for _ in range(40):
        person = draw_person(rng, tops=("red", "blue"))
        assert person.top_colour in ("red", "blue")
        worn = clothed_by(person.avatar.clothes)
        assert not worn.unused
        assert worn.colours["torso"] == CLOTH[person.top_colour]
        assert worn.colours["thighs"] == CLOTH[person.bottom_colour]
        assert worn.colours["hair"] == {**CLOTH, **HAIR}[person.hair]
        assert ("shins" in worn.bare) == (person.bottom == "shorts")
        assert person.stature == ("tall" if person.height_m > 1.8 else "short" if person.height_m < 1.65 else "")


def test_dogs_and_cars_fill_their_boxes():
    rng = np.random.default_rng(1)
    for draw, low, high in ((draw_dog, 0.4, 0.8), (draw_car, 1.35, 1.6)):
        for _ in range(5):
            one = draw(rng)
            assert low <= one.height_m <= high
            body = cast_body(one.body, one.avatar.color_rgb, "", one.height_m)
            extent = np.ptp(body.vertices, axis=0)
            assert (extent <= np.array(one.size_xyz) + 2e-3).all()
            np.testing.assert_allclose(extent[1:], one.size_xyz[1:], atol=2e-3)

"""The first frame of a shot is that of its film, and plans name actors as shots do."""

from __future__ import annotations

import numpy as np

from kinoeye.render import first_frame, render, world
from kinoeye.shot.staging import mention_of


def test_it_is_the_first_frame_of_the_film():
    shot = world("train", 4, num_frames=3, size_wh=(48, 32))
    frame, film = first_frame(shot), render(shot, layers=("rgb", "depth"))
    assert frame.image is not None
    assert frame.depth is not None
    assert frame.intrinsics is not None
    assert np.array_equal(frame.image, film.rgb.values[0])
    assert np.array_equal(frame.depth, film.layers["depth"].values[0])
    assert frame.intrinsics.size_wh == (48, 32)


def test_a_mention_has_the_colour_and_shape_of_the_name():
    actor = world("train", 4, num_frames=2).actors[0]
    mention = mention_of(actor)
    assert (mention.name, f"{mention.colour} {mention.shape}") == (actor.name, actor.name)

"""Bodies made in code are closed, symmetric and of the size asked for."""

from __future__ import annotations

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies.creatures import car, dog


@pytest.mark.parametrize("body", [dog(), car()], ids=["dog", "car"])
def test_skins_are_closed_and_face_outwards(body):
    edges = np.concatenate([body.faces[:, [i, (i + 1) % 3]] for i in range(3)])
    there, back = ({tuple(edge) for edge in pairs.tolist()} for pairs in (edges, edges[:, ::-1]))
    assert there == back
    assert len(there) == len(edges)
    corners = body.vertices[body.faces]
    assert np.einsum("ti,ti->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) > 0
    assert 1000 < len(body.faces) < 4000


@pytest.mark.parametrize("body", [dog(), car()], ids=["dog", "car"])
def test_they_stand_on_the_ground_and_are_alike_on_both_sides(body):
    assert body.vertices[:, 2].min() == pytest.approx(0.0, abs=0.006)
    assert body.vertices[:, 1].min() == pytest.approx(-body.vertices[:, 1].max(), abs=1e-9)
    joints = dict(zip(body.skeleton.names, body.skeleton.heads, strict=True))
    for name, head in joints.items():
        if name.startswith("Left"):
            assert joints[name.replace("Left", "Right")] == pytest.approx(head * [1, -1, 1])


def test_sizes_and_colours_are_as_asked():
    assert dog(height_m=0.3).size_xyz == pytest.approx(np.array(dog(height_m=0.6).size_xyz) / 2)
    assert car(length_m=5.0).size_xyz[0] == pytest.approx(5.0, rel=0.02)
    grey = dog(color_rgb=(0.4, 0.4, 0.4)).colors_rgb
    assert (np.unique(grey, axis=0) == [102, 102, 102]).all(axis=1).any()
    with pytest.raises(InputError, match=r"0\.1 to 3 m"):
        dog(height_m=50.0)
    with pytest.raises(InputError, match=r"0\.2 to 12 m"):
        car(length_m=0.0)

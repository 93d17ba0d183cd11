"""A walk that is cut into a loop: no seam, the right period, and in step with its track."""

from __future__ import annotations

import numpy as np
import pytest
from people import along, human

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies import Clip, transforms_at
from kinoeye.shot.bodies.motions import animate, clip_times, looped
from kinoeye.shot.bodies.motions.figure import Figure
from kinoeye.shot.bodies.motions.gait import step_hz

SPEED = 1.4


@pytest.fixture(scope="module")
def walk():
    """Three seconds of walking in place, as a recording would hold them."""
    times_s = np.arange(0, 3, 1 / 60)
    local, root = animate(human(), along([0.0, 3.0], [[0.0, 0.0], [3 * SPEED, 0.0]], 0.0), times_s)
    return Clip(names=human().names, times_s=times_s, local_wxyz=local, root_xyz=root, travel_m=SPEED * times_s[-1])


def test_a_loop_is_whole_strides_and_closes_without_a_seam(walk):
    loop = looped(walk)
    stride_s = 2 / step_hz(Figure(human()), np.array([SPEED]))[0]
    assert loop.loops
    assert loop.duration_s / stride_s == pytest.approx(round(loop.duration_s / stride_s), abs=0.06)
    assert loop.travel_m == pytest.approx(SPEED * loop.duration_s, rel=1e-6)
    around = loop.duration_s * np.linspace(0.5, 1.5, 121)
    T = transforms_at(loop, human(), around)
    moved = np.abs(np.diff(T[..., 3], axis=0)).max(axis=(1, 2))
    assert moved[58:62].max() < 1.5 * moved[:40].max()


def test_a_loop_goes_as_far_as_its_track(walk):
    loop = looped(walk)
    times_s = np.arange(0, 4, 1 / 30)
    for speed in (0.7, 2.1, -0.7):
        a_track = along(times_s, np.stack([speed * times_s, 0 * times_s], axis=1), 0.0)
        expected = times_s * speed / SPEED
        assert clip_times(loop, a_track, times_s) == pytest.approx(expected, abs=1e-6)
    still = along([0.0, 4.0], [[0.0, 0.0], [0.0, 0.0]], 0.0)
    assert (clip_times(loop, still, times_s) == 0).all()


def test_what_cannot_loop_is_refused(walk):
    with pytest.raises(InputError, match="holds no loop"):
        looped(walk, shortest_s=9.0)
    with pytest.raises(InputError, match="loop it first"):
        clip_times(walk, along([0.0, 1.0], [[0.0, 0.0], [1.0, 0.0]], 0.0), np.array([0.0]))

"""Paws that stay where they are put, and wheels that roll."""

from __future__ import annotations

import numpy as np
import pytest
from observed import Observed
from people import along, track

from kinoeye.base.errors import InputError
from kinoeye.geometry.convention import matrix_to_rotvec
from kinoeye.shot.bodies import joint_transforms, skin
from kinoeye.shot.bodies.creatures import WHEELS, car, dog
from kinoeye.shot.bodies.motions import Cue, animate_quadruped, animate_vehicle

TIMES_S = np.arange(0, 3, 1 / 60)
DOG, CAR = dog(), car()
PAWS = ("LeftForePaw", "RightForePaw", "LeftHindPaw", "RightHindPaw")


def way(kind):
    t = TIMES_S
    if kind == "circle":
        return along(t, np.stack([1.2 * np.cos(t), 1.2 * np.sin(t)], axis=1))
    if kind == "turn":
        return track(t, np.zeros((len(t), 2)), 1.2 * np.clip(t - 0.5, 0, 1.5))
    if kind == "stop":
        go = np.clip(t - 0.5, 0, 1.5)
        return along(t, np.stack([1.2 * go, 0 * go], axis=1), 0.0)
    return along(t, np.stack([kind * t, 0 * t], axis=1), 0.0)


def paw_tips(figure):
    skeleton = figure.skeleton
    return np.array([figure.point(name, skeleton.tails[skeleton.index(name)] * [1, 1, 0]) for name in PAWS])


@pytest.mark.parametrize("kind", [0.6, 1.2, 2.5, "circle", "turn", "stop"])
def test_planted_paws_stay(kind):
    a_track = way(kind)
    figure = Observed(DOG.skeleton, a_track, TIMES_S, *animate_quadruped(DOG.skeleton, a_track, TIMES_S))
    tips = paw_tips(figure)
    down = tips[..., 2] < 0.001
    both = down[:, 1:] & down[:, :-1]
    assert np.linalg.norm(np.diff(tips[..., :2], axis=1), axis=-1)[both].max() < 0.001
    assert (down.mean(axis=1) > 0.25).all()
    assert (~down).any(axis=1).all()
    assert tips[..., 2].min() > -0.001
    assert figure.joint_speed().max() < 30


def test_a_walk_keeps_two_paws_down_and_a_trot_moves_diagonal_pairs():
    for speed, gait in ((0.7, "walk"), (2.5, "trot")):
        a_track = way(speed)
        down = paw_tips(Observed(DOG.skeleton, a_track, TIMES_S, *animate_quadruped(DOG.skeleton, a_track, TIMES_S)))
        down = down[..., 2] < 0.001
        pairs = (down[0] == down[3]).mean()
        assert (pairs > 0.95) == (gait == "trot")
        if gait == "walk":
            assert down.sum(axis=0).min() >= 2


def test_a_standing_dog_wags_its_tail_and_sits_on_cue():
    still = along([0.0, 3.0], [[0.0, 0.0], [0.0, 0.0]], 0.0)
    plain = Observed(DOG.skeleton, still, TIMES_S, *animate_quadruped(DOG.skeleton, still, TIMES_S))
    tip = plain.point("TailTip", DOG.skeleton.tails[DOG.skeleton.index("TailTip")])
    assert np.ptp(tip[:, 1]) > 0.05
    cue = Cue(start_s=0.1, name="sit", parameters={"duration_s": 2.8})
    local, root = animate_quadruped(DOG.skeleton, still, TIMES_S, [cue])
    sat = Observed(DOG.skeleton, still, TIMES_S, local, root)
    rump, chest = (sat.head(name)[90, 2] for name in ("Pelvis", "LeftArm"))
    assert rump < 0.5 * DOG.skeleton.heads[0, 2]
    assert chest > 0.75 * DOG.skeleton.heads[DOG.skeleton.index("LeftArm"), 2]
    assert sat.joint_speed().max() < 24
    assert skin(DOG, joint_transforms(DOG.skeleton, local, root))[..., 2].min() > -0.02
    with pytest.raises(InputError, match="cannot 'dance'"):
        animate_quadruped(DOG.skeleton, still, TIMES_S, [Cue(start_s=0.0, name="dance")])


@pytest.mark.parametrize("backwards", [False, True])
def test_wheels_turn_as_far_as_they_roll(backwards):
    sign = -1.0 if backwards else 1.0
    a_track = along(TIMES_S, np.stack([sign * (2 * TIMES_S + TIMES_S**2), 0 * TIMES_S], axis=1), 0.0)
    figure = Observed(CAR.skeleton, a_track, TIMES_S, *animate_vehicle(CAR.skeleton, a_track, TIMES_S))
    went = sign * np.diff(2 * TIMES_S + TIMES_S**2)
    for wheel in WHEELS:
        R = figure.T_world_rest[:, CAR.skeleton.index(wheel), :, :3]
        turned = matrix_to_rotvec(np.swapaxes(R[:-1], -1, -2) @ R[1:])[:, 1]
        assert turned * CAR.skeleton.heads[CAR.skeleton.index(wheel), 2] == pytest.approx(went, abs=1e-4)


def test_front_wheels_point_along_their_own_way_in_a_curve():
    a_track = along(TIMES_S, np.stack([9 * np.sin(0.5 * TIMES_S), 9 - 9 * np.cos(0.5 * TIMES_S)], axis=1))
    figure = Observed(CAR.skeleton, a_track, TIMES_S, *animate_vehicle(CAR.skeleton, a_track, TIMES_S))
    angles = []
    for side in ("Left", "Right"):
        hub = figure.head(side + "FrontWheel")[100] - figure.head(side + "RearWheel")[100]
        axis = figure.T_world_rest[100, CAR.skeleton.index(side + "Steering"), :, 0]
        angles.append(np.arctan2(axis[1], axis[0]) - np.arctan2(hub[1], hub[0]))
    base = CAR.skeleton.heads[CAR.skeleton.index("LeftFrontWheel"), 0] * 2
    assert angles[0] > angles[1] > 0
    assert np.tan(angles).mean() == pytest.approx(base / 9, rel=0.05)

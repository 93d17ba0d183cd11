"""What a figure does on cue: where hands, hips and feet come to be, and that everything starts and ends in the gait."""

from __future__ import annotations

import numpy as np
import pytest
from observed import Observed
from people import along, human

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies.motions import MOTIONS, Cue, animate
from kinoeye.shot.bodies.motions.cues import parameters_of

FPS = 60
STILL = along([0.0, 30.0], [[0.0, 0.0], [0.0, 0.0]], 0.3)


def seen(cue, duration_s, a_track=STILL, skeleton=None):
    skeleton = skeleton or human()
    times_s = np.arange(0, duration_s, 1 / FPS)
    return Observed(skeleton, a_track, times_s, *animate(skeleton, a_track, times_s, cue))


@pytest.mark.parametrize("name", MOTIONS)
def test_every_motion_begins_and_ends_in_the_gait_smoothly_with_feet_that_stay(name):
    length = float(parameters_of(name).get("duration_s", 2.0))
    times_s = np.arange(0, length + 1.5, 1 / FPS)
    plain = animate(human(), STILL, times_s)
    cued = animate(human(), STILL, times_s, [Cue(start_s=0.5, name=name)])
    outside = (times_s <= 0.5) | (times_s >= 0.5 + length)
    for a, b in zip(plain, cued, strict=True):
        assert np.abs(a - b)[outside].max() < 1e-3  # the pelvis settles onto its legs over a fifth of a second
    assert np.abs(plain[0] - cued[0]).max() > 0.04
    figure = Observed(human(), STILL, times_s, *cued)
    assert figure.slip_m() < (0.02 if name == "dance" else 0.001)  # a twist turns on the balls of the feet
    assert figure.lowest_m() > -0.005
    assert figure.joint_speed().max() < 18
    assert np.degrees(figure.knees().min()) > 5


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_waving_hand_is_above_the_shoulder_and_goes_to_and_fro(side):
    figure = seen([Cue(start_s=0.0, name="wave", parameters={"side": side})], 2.8)
    middle = (figure.times_s > 0.8) & (figure.times_s < 2.0)
    hand, shoulder = figure.head(side.capitalize() + "Hand")[middle], figure.head(side.capitalize() + "Arm")[middle]
    assert (hand[:, 2] > shoulder[:, 2] + 0.05).all()
    across = hand - shoulder
    way = np.hypot(across[:, 0], across[:, 1])
    assert np.ptp(way) > 0.08
    turns = np.diff(np.sign(np.diff(way)))
    assert (turns != 0).sum() >= 3
    other = "Right" if side == "left" else "Left"
    assert figure.head(other + "Hand")[middle][:, 2].max() < 1.2


def test_a_wave_lies_over_a_walk_and_leaves_the_legs_alone():
    walk = along([0.0, 4.0], [[0.0, 0.0], [5.0, 0.0]], 0.0)
    skeleton, times_s = human(), np.arange(0, 3, 1 / FPS)
    plain, _ = animate(skeleton, walk, times_s)
    cued, _ = animate(skeleton, walk, times_s, [Cue(start_s=0.3, name="wave")])
    legs = [i for i, name in enumerate(skeleton.names) if "Leg" in name or "Foot" in name or "Toe" in name]
    assert np.abs(plain[:, legs] - cued[:, legs]).max() < 1e-9
    assert np.abs(plain - cued)[:, skeleton.index("RightForeArm")].max() > 0.3


@pytest.mark.parametrize("seat_m", [0.38, 0.5])
def test_who_sits_has_hips_over_the_seat_behind_feet_that_stay(seat_m):
    figure = seen([Cue(start_s=0.0, name="sit", parameters={"seat_m": seat_m, "duration_s": 5.0})], 5.0)
    sat = (figure.times_s > 1.6) & (figure.times_s < 3.4)
    hips = figure.head("LeftUpLeg")[sat]
    assert (hips[:, 2] > seat_m + 0.05).all()
    assert (hips[:, 2] < seat_m + 0.14).all()
    behind = np.linalg.norm((hips - figure.head("LeftFoot")[sat])[:, :2], axis=1)
    assert (behind > 0.25).all()
    assert np.degrees(figure.knees()[:, sat]).min() > 70
    assert np.ptp(figure.soles(), axis=1).max() < 1e-9


@pytest.mark.parametrize("legs", [0.85, 1.0, 1.12])
def test_a_hand_that_picks_up_gets_there_whatever_the_build(legs):
    cue = Cue(start_s=0.0, name="pick_up", parameters={"side": "left", "ahead_m": 0.4})
    figure = seen([cue], 3.0, along([0.0, 30.0], [[0.0, 0.0], [0.0, 0.0]], 0.0), human(legs=legs))
    hand = figure.head("LeftFingerBase")
    lowest = int(hand[:, 2].argmin())
    assert hand[lowest, 2] < 0.2
    assert hand[lowest, 0] == pytest.approx(0.4, abs=0.12)


def test_a_jump_reaches_its_height():
    figure = seen([Cue(start_s=0.2, name="jump", parameters={"height_m": 0.4})], 2.5)
    assert figure.soles()[..., 2].min(axis=0).max() == pytest.approx(0.4, abs=0.06)


def test_a_dancer_keeps_the_beat():
    figure = seen([Cue(start_s=0.0, name="dance", parameters={"bpm": 120.0, "duration_s": 9.0})], 9.0)
    height = figure.head("Hips")[:, 2][FPS : 4 * FPS]
    spectrum = np.abs(np.fft.rfft(height - height.mean()))
    assert np.fft.rfftfreq(len(height), 1 / FPS)[spectrum.argmax()] == pytest.approx(2.0, abs=0.2)


def test_a_finger_points_where_it_is_told():
    cue = Cue(start_s=0.0, name="point", parameters={"side": "left", "yaw": 0.7, "pitch": 0.2})
    figure = seen([cue], 2.5, along([0.0, 30.0], [[0.0, 0.0], [0.0, 0.0]], 0.0))
    arm = (figure.head("LeftHand") - figure.head("LeftArm"))[round(1.2 * FPS)]
    assert np.arctan2(arm[1], arm[0]) == pytest.approx(0.7, abs=0.15)
    assert np.arcsin(arm[2] / np.linalg.norm(arm)) == pytest.approx(0.2, abs=0.15)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("wafe", {}, "did you mean 'wave'"),
        ("wave", {"speed": 2.0}, "has no parameter 'speed'; it has side, duration_s"),
        ("wave", {"side": "up"}, "'left' or 'right'"),
        ("sit", {"duration_s": 0.0}, "greater than 0"),
        ("sit", {"seat_m": float("nan")}, "is a number"),
    ],
)
def test_a_cue_that_cannot_be_played_is_refused_in_one_line(name, parameters, said):
    with pytest.raises(InputError) as refused:
        Cue(start_s=0.0, name=name, parameters=parameters)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)

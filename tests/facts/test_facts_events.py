"""Phases with hysteresis, events and their order, and what the picture says."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from known_scenes import scene, standing, wandering

from kinoeye.base.errors import InputError
from kinoeye.facts import Event, Noise, SceneTracks, Thresholds, Viewpoint, events, in_order, phases, picture, relations
from kinoeye.facts.hysteresis import Phase, runs
from kinoeye.facts.judged import Judged
from kinoeye.facts.viewpoint import bearings

TWO, THREE = ("off", "on"), ("down", "flat", "up")


def said(found: tuple[Phase, ...]) -> list[tuple[str, float, float]]:
    return [(phase.label, round(phase.start_s, 6), round(phase.end_s, 6)) for phase in found]


def test_a_signal_between_the_thresholds_changes_nothing():
    times = np.arange(8.0)
    signal = np.array([0.0, 0.9, 0.6, 0.9, 1.0, 0.6, 0.9, 0.4])
    found = phases(times, signal, TWO, enter=1.0, leave=0.5)
    assert said(found) == [("off", 0.0, 4.0), ("on", 4.0, 6.8), ("off", 6.8, 7.0)]
    assert said(phases(times, -signal, THREE, enter=1.0, leave=0.5)) == [
        ("flat", 0.0, 4.0),
        ("down", 4.0, 6.8),
        ("flat", 6.8, 7.0),
    ]


def test_short_phases_go_to_their_neighbours():
    times = np.arange(0.0, 1.01, 0.1)
    blip = np.where(np.isclose(times, 0.5), 1.0, 0.0)
    assert [p.label for p in phases(times, blip, TWO, enter=0.5, leave=0.5)] == ["off", "on", "off"]
    assert said(phases(times, blip, TWO, enter=0.5, leave=0.5, least_s=0.2)) == [("off", 0.0, 1.0)]
    turn = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0, -1.0, -1.0, -1.0, -1.0, -1.0])
    direct = phases(times, turn, THREE, enter=0.5, leave=0.5, least_s=0.2)
    assert said(direct) == [("up", 0.0, 0.5), ("down", 0.5, 1.0)]


def test_unknown_stretches_have_no_phase():
    signal = np.array([1.0, 1.0, np.nan, 0.6, 0.6, np.nan])
    found = phases(np.arange(6.0), signal, TWO, enter=1.0, leave=0.5)
    assert said(found) == [("on", 0.0, 1.0), ("off", 3.0, 4.0)]
    assert phases(np.arange(2.0), np.full(2, np.nan), TWO, enter=1.0, leave=0.5) == ()


def test_margins_of_phases():
    times = np.arange(7.0)
    found = phases(times, np.array([0.0, 0, 3, 3, 0, 0, 0]), TWO, enter=1.0, leave=0.5, spread=0.25)
    assert [p.margin for p in found] == [2.0, 8.0, 2.0]
    alone = phases(times, np.full(7, 0.4), TWO, enter=1.0, leave=0.5, spread=0.2)
    assert [p.margin for p in alone] == [pytest.approx(3.0)]
    never_left = phases(times, np.full(7, -1.5), THREE, enter=1.0, leave=0.5, spread=0.5)
    assert [(p.label, p.margin) for p in never_left] == [("down", 2.0)]
    assert phases(times, np.full(7, 0.4), TWO, enter=1.0, leave=0.5)[0].margin == math.inf


def test_thresholds_in_the_wrong_order_are_refused():
    for labels, enter, leave in ((TWO, 0.5, 1.0), (THREE, 1.0, -0.5), (TWO, math.nan, 0.0)):
        with pytest.raises(ValueError, match="entered"):
            phases(np.arange(2.0), np.zeros(2), labels, enter=enter, leave=leave)


signals = st.lists(st.one_of(st.floats(-2, 2), st.just(math.nan)), min_size=1, max_size=40)


@given(signals, st.sampled_from([TWO, THREE]), st.floats(0, 3))
def test_phases_tile_what_is_known_and_obey_their_thresholds(values: list[float], labels, least_s: float):
    times, signal = np.arange(len(values)) * 0.5, np.array(values)
    found = phases(times, signal, labels, enter=1.0, leave=0.4, least_s=least_s)
    for time, value in zip(times, signal, strict=True):
        holding = {p.label for p in found if p.start_s <= time <= p.end_s}
        assert bool(holding) == (not math.isnan(value))
        if least_s == 0 and value >= 1.0:
            assert labels[-1] in holding
        if least_s == 0 and abs(value) < 0.4:
            assert labels[-2] in holding
    for before, after in itertools.pairwise(found):
        assert before.end_s <= after.start_s
        if before.end_s == after.start_s:
            assert before.label != after.label
            assert min(before.duration_s, after.duration_s) >= least_s or least_s == 0


@given(signals)
def test_time_run_backwards_mirrors_phases_without_hysteresis(values: list[float]):
    times, signal = np.arange(len(values)) * 1.0, np.array(values)
    forth = phases(times, signal, THREE, enter=0.7, leave=0.7)
    back = phases(times, signal[::-1], THREE, enter=0.7, leave=0.7)
    at_threshold = np.isclose(np.abs(signal), 0.7).any()
    if not at_threshold:
        assert [p.label for p in forth] == [p.label for p in back[::-1]]


def test_runs_of_words():
    words = Judged(("left", "right"), np.array([0, 0, 1, 1, -1, 1]), np.array([1.0, 3.0, 2.0, 1.0, np.nan, 5.0]))
    found = runs(np.arange(6.0), words)
    assert said(found) == [("left", 0.0, 1.5), ("right", 1.5, 3.0), ("right", 5.0, 5.0)]
    assert [p.margin for p in found] == [3.0, 2.0, 5.0]


# --- Events -----------------------------------------------------------------------------------------------------------


def walking(times, legs) -> np.ndarray:
    """Poses along legs (start_s, end_s, from_xy, to_xy), standing between them and heading along the last leg."""
    rows = []
    for t in times:
        start, end, a, b = next((leg for leg in reversed(legs) if t >= leg[0]), legs[0])
        share = min(max((t - start) / (end - start), 0.0), 1.0)
        x, y = np.array(a) + share * (np.array(b) - a)
        rows.append(standing(x, y, yaw=math.atan2(b[1] - a[1], b[0] - a[0])))
    return np.stack(rows)


TIMES = np.linspace(0, 6, 121)


def test_starts_and_stops():
    tracks = scene(times=TIMES, man=walking(TIMES, [(1, 3, (0, 0), (2, 0)), (4, 5, (2, 0), (4, 0))]))
    found = events.starts_and_stops(tracks, "man")
    assert [event.what for event in found] == ["starts moving", "stops moving"] * 2
    np.testing.assert_allclose([event.time_s for event in found], [1, 3, 4, 5], atol=0.13)
    assert all(event.margin == math.inf for event in found)


def test_turns_to_the_left_and_right():
    yaw = np.interp(TIMES, [1, 2, 4, 5], [0, math.pi / 2, math.pi / 2, -math.pi / 2])
    tracks = scene(times=TIMES, man=np.stack([standing(0, 0, yaw=a) for a in yaw]))
    found = events.turns(tracks, "man")
    assert [event.what for event in found] == ["turns left", "turns right"]
    np.testing.assert_allclose([event.time_s for event in found], [1, 4], atol=0.13)


def test_meeting_passing_and_being_closest():
    runner = walking(TIMES, [(0, 6, (-6, 1), (6, 1))])
    tracks = scene(times=TIMES, runner=runner, post=standing(0.1, 0, yaw=math.pi / 2))
    met, parted = events.meetings(tracks, "runner", "post")
    assert (met.what, parted.what) == ("meets", "parts from")
    # Half a metre wide each, 1 m aside and at 2 m/s: the gap along the way is 0.5 m less than between centres.
    assert met.time_s == pytest.approx(3.05 - (0.5 + math.sqrt(0.8**2 - 0.5**2)) / 2, abs=2e-3)
    assert parted.time_s == pytest.approx(3.05 + (0.5 + math.sqrt(1.2**2 - 0.5**2)) / 2, abs=2e-3)
    nearest = events.closest(tracks, "runner", "post")
    assert nearest is not None
    assert nearest.time_s == pytest.approx(3.05, abs=1e-9)
    (passed,) = events.passes(tracks, "runner", "post")
    assert passed.time_s == pytest.approx(3.05, abs=1e-9)
    west = replace(tracks, T_world_body=np.stack([*tracks.T_world_body[:2], np.tile(standing(0.1, 0), (121, 1, 1))]))
    assert [event.what for event in events.passes(west, "runner", "post")] == ["passes on the left of"]
    east = np.tile(standing(0.1, 0, yaw=math.pi), (121, 1, 1))
    east = replace(tracks, T_world_body=np.stack([*tracks.T_world_body[:2], east]))
    assert [event.what for event in events.passes(east, "runner", "post")] == ["passes on the right of"]
    assert events.passes(tracks.between(0, 2.5), "runner", "post") == ()
    assert events.closest(tracks.between(0, 2.5), "runner", "post") is None


def test_crossing_in_front_and_behind_and_not_at_all():
    near, far = walking(TIMES, [(0, 6, (0, -3), (0, 3))]), walking(TIMES, [(0, 6, (4, 3), (4, -3))])
    tracks = scene(times=TIMES, near=near, far=far, post=standing(2, 0), wall=standing(2, 9))
    view = Viewpoint("camera")
    (crossing,) = events.crossings(tracks, "near", "post", view)
    assert (crossing.what, crossing.names) == ("crosses in front of", ("near", "post"))
    assert crossing.time_s == pytest.approx(3.0, abs=1e-6)
    (crossing,) = events.crossings(tracks, "far", "post", view)
    assert crossing.what == "crosses behind"
    (crossing,) = events.crossings(tracks, "far", "near", view)
    assert crossing.what == "crosses behind"
    assert events.crossings(tracks, "near", "wall", view) == ()
    # Behind an observer's back bearings change order too, and nobody crosses anything.
    behind = scene(times=TIMES, near=near, post=standing(2, 0), guard=standing(9, 0))
    assert np.diff(np.sign(bearings(behind, Viewpoint("guard"))[1])).any()
    assert events.crossings(behind, "near", "post", Viewpoint("guard")) == ()


def test_following_and_circling_phases():
    leader = walking(TIMES, [(0, 6, (0, 8), (6, 8))])
    dog = walking(TIMES, [(0, 3, (-2, 8), (1, 8)), (3, 6, (1, 8), (1, 4))])
    around = np.stack([standing(2 * math.cos(min(t, 3)), -2 * math.sin(min(t, 3))) for t in TIMES])
    tracks = scene(times=TIMES, leader=leader, dog=dog, moon=around, post=standing(0, 0))
    follows, astray = events.follow_phases(tracks, "dog", "leader")
    assert (follows.label, astray.label) == ("follows", "goes its own way")
    assert follows.end_s == pytest.approx(3.0, abs=0.15)
    circles, rests = events.circling_phases(tracks, "moon", "post")
    assert (circles.label, rests.label) == ("circles clockwise", "does not circle")
    assert circles.end_s == pytest.approx(3.0, abs=0.15)
    approach = events.approach_phases(tracks, "dog", "leader")
    assert [phase.label for phase in approach] == ["keep their distance", "retreat"]


def test_an_arbitrary_scale_needs_its_own_thresholds():
    tracks = scene(times=TIMES, man=walking(TIMES, [(1, 3, (0, 0), (2, 0))]), post=standing(3, 0))
    small = tracks.scaled_by(0.01, unit="arbitrary")
    with pytest.raises(InputError, match="arbitrary scale"):
        events.starts_and_stops(small, "man")
    scaled = Thresholds().scaled_by(0.01)
    for ask in (events.starts_and_stops,):
        for one, other in zip(ask(tracks, "man"), ask(small, "man", scaled), strict=True):
            assert one.what == other.what
            assert one.time_s == pytest.approx(other.time_s)
    assert [p.label for p in events.turn_phases(small, "man")] == ["keeps its heading"]


def test_margins_of_events_shrink_with_noise():
    tracks = scene(times=TIMES, near=walking(TIMES, [(0, 6, (0, -3), (0, 3))]), post=standing(2, 0))
    loud, quiet = (replace(tracks, noise=Noise(position=sigma, heading_rad=0.01)) for sigma in (0.2, 0.1))
    view = Viewpoint("camera")
    for ask in (
        lambda t: events.crossings(t, "near", "post", view),
        lambda t: events.meetings(t, "near", "post", Thresholds(meets=2.0, parts=2.3)),
    ):
        one, other = ask(loud)[0].margin, ask(quiet)[0].margin
        assert 0 < one < other < math.inf


def test_order_reports_ties():
    made = [Event(name, t, ("x",), 1.0) for name, t in (("c", 2.0), ("a", 0.0), ("b", 0.05), ("d", 2.3))]
    assert [[e.what for e in group] for group in in_order(made)] == [["a", "b"], ["c"], ["d"]]
    assert [[e.what for e in group] for group in in_order(made, within_s=0.0)] == [["a"], ["b"], ["c"], ["d"]]
    assert in_order([]) == ()


@given(st.integers(0, 10_000))
def test_no_event_changes_when_the_world_is_moved_about_its_vertical(seed: int):
    tracks = wandering(seed, count=30)
    rng = np.random.default_rng(seed)
    moved = tracks.moved_by(standing(*rng.normal(size=2) * 9, yaw=rng.uniform(-3, 3)), up="z")
    pair = ("actor 0", "actor 1")

    def asked(t: SceneTracks) -> list[Event]:
        view = Viewpoint("actor 2", level=True)
        found = (*events.starts_and_stops(t, "actor 0"), *events.turns(t, "actor 1"), *events.meetings(t, *pair))
        return [*found, *events.crossings(t, *pair, view), *events.passes(t, *pair)]

    one, other = asked(tracks), asked(moved)
    assert [(e.what, e.names) for e in one] == [(e.what, e.names) for e in other]
    np.testing.assert_allclose([e.time_s for e in one], [e.time_s for e in other], atol=1e-6)


def test_events_of_a_finer_sampling_of_the_same_motion_agree():
    def made(times):
        angle = 0.9 * times
        dog = np.stack([standing(3 * math.cos(a), 2 * math.sin(a), yaw=a) for a in angle])
        return scene(times=times, dog=dog, post=standing(1.5, 1.0))

    coarse, fine = made(np.linspace(0, 6, 61)), made(np.linspace(0, 6, 241))
    for ask in (
        lambda t: events.meetings(t, "dog", "post"),
        lambda t: events.crossings(t, "dog", "post", Viewpoint("camera")),
        lambda t: events.passes(t, "dog", "post"),
    ):
        one, other = ask(coarse), ask(fine)
        assert [e.what for e in one] == [e.what for e in other] != []
        np.testing.assert_allclose([e.time_s for e in one], [e.time_s for e in other], atol=0.05)


# --- The picture ------------------------------------------------------------------------------------------------------


def pictured() -> SceneTracks:
    """A dog that is covered by a man from 1 s to 3 s, wholly from 1.5 s to 2.5 s, and leaves the picture at 4 s."""
    times = np.linspace(0, 5, 101)
    tracks = scene(times=times, man=standing(0, 0), dog=standing(2, 0))
    covered = np.clip(np.minimum((times - 1) / 0.5, (3 - times) / 0.5), 0.0, 1.0)
    out = times > 4
    unknown, nothing = np.full(101, np.nan), np.zeros(101)
    occludes = np.full((3, 3, 101), np.nan)
    occludes[1:, 1:] = 0.0
    occludes[1, 2] = np.where(out, 0.0, covered)
    box = np.tile([10.0, 10.0, 20.0, 30.0], (101, 1))
    dog_box = np.where((covered >= 1)[:, None] | out[:, None], np.nan, box + np.array([44.0, 0, 44.0, 0]))
    return replace(
        tracks,
        visible=np.stack([unknown, nothing + 1.0, np.where(out, 0.0, 1 - covered)]),
        occludes=occludes,
        outlines=np.stack([unknown, nothing + 0.1, np.where(out, 0.0, 0.05)]),
        boxes_xyxy=np.stack([np.full((101, 4), np.nan), box, dog_box]),
        size_wh=(64, 48),
    )


def test_who_is_hidden_and_who_covers_whom():
    tracks = pictured()
    found = picture.appearances(tracks, "dog")
    assert [event.what for event in found] == ["becomes hidden", "becomes visible", "leaves the picture"]
    np.testing.assert_allclose([event.time_s for event in found], [1.45, 2.65, 4.025], atol=1e-6)
    assert picture.appearances(tracks, "man") == ()
    begun, ended = picture.coverings(tracks, "man", "dog")
    assert (begun.what, ended.what) == ("begins to cover", "stops covering")
    assert begun.time_s == pytest.approx(1.05)
    assert picture.in_front(tracks, "man", "dog").at(40) == ("man", math.inf)
    assert picture.in_front(tracks, "dog", "man").at(40)[0] == "man"
    assert picture.in_front(tracks, "dog", "man").at(0)[0] == "neither"
    assert picture.occluders(tracks, "dog", 40) == (("man", 1.0),)
    assert picture.occluders(tracks, "man", 40) == ()
    assert picture.cut_off(tracks)[1:, 0].tolist() == [0.0, 1.0]
    assert np.isnan(picture.cut_off(tracks)[2, 40])


def test_tracks_without_a_picture_say_so():
    tracks = replace(pictured(), visible=None)
    with pytest.raises(InputError, match="'visible'"):
        picture.hiding_phases(tracks, "dog")
    assert relations.distance(tracks, "man", "dog")[0] == pytest.approx(2.0)

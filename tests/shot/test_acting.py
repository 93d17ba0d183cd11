"""Sentences about actors become what they say: ways, cues in turn, actors with regard to each other, clothes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.cli.main import main
from kinoeye.facts import events, relations
from kinoeye.language import describe, parse
from kinoeye.language.acting_words import ACTS
from kinoeye.language.lexicon import CLOTH_COLOURS, GARMENTS, PLAIN_GARMENTS
from kinoeye.language.plan import ActorAction
from kinoeye.shot import Shot, SkinnedAvatar, stage
from kinoeye.shot.acting import template_of
from kinoeye.shot.bodies.casting import perform
from kinoeye.shot.bodies.clothing import CLOTH, HAIR, clothed_by
from kinoeye.shot.bodies.clothing import GARMENTS as WORN
from kinoeye.shot.bodies.motions import MOTIONS
from kinoeye.shot.scene_tracks import scene_tracks
from kinoeye.shot.staging_notes import staging_notes
from kinoeye.shot.templates import find_template

SENTENCE = "a tall woman in red walks in a circle, then waves; a grey dog follows her"


def staged(text: str, *, seed: int = 0) -> Shot:
    return stage(parse(text, camera_required=False), seed=seed)


def ground(shot: Shot, name: str) -> np.ndarray:
    return shot.actor(name).track.at(shot.camera.times_s).T_world_body.translation.numpy()[:, :2]


def area(xy: np.ndarray) -> float:
    x, y = (xy - xy.mean(axis=0)).T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


@pytest.mark.parametrize(("side", "sign"), [("left", 1.0), ("clockwise", -1.0)])
def test_who_walks_in_a_circle_comes_back_around_an_area(side: str, sign: float):
    xy = ground(staged(f"a man walks in a circle {side}"), "person")
    assert np.linalg.norm(xy[-1] - xy[0]) < 0.02
    way = np.linalg.norm(np.diff(xy, axis=0), axis=1).sum()
    assert sign * area(xy) == pytest.approx(way**2 / (4 * math.pi), rel=0.02), "no flatter than a circle"


def test_a_large_circle_is_larger_and_a_slow_one_takes_longer():
    usual, large, slow = (staged(f"a man {how}walks in a {size}circle") for how, size in
                          (("", ""), ("", "big "), ("slowly ", "")))  # fmt: skip
    assert abs(area(ground(large, "person"))) == pytest.approx(1.5**2 * abs(area(ground(usual, "person"))), rel=0.02)
    assert slow.camera.track.duration_s > 1.3 * usual.camera.track.duration_s


def test_the_circle_is_followed_then_the_hand_goes_up():
    shot = staged(SENTENCE)
    woman, dog = shot.actors
    assert isinstance(woman.avatar, SkinnedAvatar)
    assert woman.avatar.clothes == "in red"
    tracks = scene_tracks(shot)
    apart = relations.distance(tracks, dog.name, woman.name)
    assert 0.8 < apart.min() < apart.max() < 2.0
    follows, stands = events.follow_phases(tracks, dog.name, woman.name)
    assert (follows.label, follows.start_s, stands.label) == ("follows", 0.0, "goes its own way")
    assert follows.end_s > 6.0

    (wave,) = woman.avatar.cues
    xy = ground(shot, woman.name)
    times = shot.camera.times_s.numpy()
    speed = np.linalg.norm(np.gradient(xy, times, axis=0), axis=1)
    assert speed[times > wave.start_s + 0.1].max() < 0.05, "she stands while she waves"
    assert speed[(times > 0.5) & (times < wave.start_s - 0.5)].min() > 0.5
    body, T_body_rest = perform(woman, woman.avatar, times)
    joint = body.skeleton.index("RightHand")
    hand = T_body_rest[:, joint, 2, :3] @ body.skeleton.heads[joint] + T_body_rest[:, joint, 2, 3]
    up = hand > hand[0] + 0.35
    assert not up[times < wave.start_s].any()
    assert up[(times > wave.start_s + 0.8) & (times < wave.start_s + 2.0)].all()
    assert staging_notes(shot) == ()


@pytest.mark.parametrize("name", [name for name, act in ACTS.items() if act.kind == "way"])
def test_every_way_is_that_of_its_template(name: str):
    action = ActorAction(name, side="left" if "{side}" in ACTS[name].told else None)
    template = find_template(template_of(action))
    told = ACTS[name].told.format(go="walks", side=f" to the {action.side}" if action.side else "")
    lasting = " for 4 seconds" if name in ("straight", "corner") else ""
    plan = parse(f"A robot waits for 1 second, then {told.replace(' to the left', ' left')}{lasting}",
                 camera_required=False)  # fmt: skip
    assert [done.name for done in plan.actors[0].actions] == ["wait", name]
    assert not plan.unused
    alone = stage(parse(f"A robot {told}{lasting}.", camera_required=False), seed=1)
    track = alone.actors[0].track
    if name in ("straight", "corner"):
        return
    xyz, wanted = track.T_world_body.translation.numpy(), template.paths()[0]
    moving = np.r_[True, np.abs(np.diff(track.T_world_body.wxyz_xyz.numpy(), axis=0)).max(axis=1) > 1e-9]
    last = np.flatnonzero(moving)[-1]
    length = np.linalg.norm(np.diff(xyz[: last + 1], axis=0), axis=1).sum()
    nominal = np.linalg.norm(np.diff(wanted.xyz, axis=0), axis=1).sum()
    if nominal < 0.1:
        assert length < 0.1
    else:
        spread, asked = np.ptp(xyz[: last + 1], axis=0), np.ptp(wanted.xyz, axis=0)
        assert np.linalg.norm(spread[:2]) / length == pytest.approx(np.linalg.norm(asked[:2]) / nominal, rel=0.3)


@pytest.mark.parametrize("name", [name for name, act in ACTS.items() if act.kind == "cue"])
def test_every_cue_is_a_motion_that_begins_when_the_way_ends(name: str):
    assert name in MOTIONS
    shot = staged(f"A woman walks in a circle, then {ACTS[name].told}")
    assert isinstance(shot.actors[0].avatar, SkinnedAvatar)
    (cue,) = shot.actors[0].avatar.cues
    assert cue.name == name
    xy, times = ground(shot, "person"), shot.camera.times_s.numpy()
    assert np.linalg.norm(xy[times > cue.start_s] - xy[-1], axis=1).max() < 0.01
    assert shot.camera.track.duration_s > cue.start_s + 1.0


def test_each_relation_is_what_its_verb_says():
    def apart(text: str) -> np.ndarray:
        shot = staged(text)
        assert staging_notes(shot) == ()
        return relations.distance(scene_tracks(shot), shot.actors[0].name, shot.actors[1].name)

    near = apart("a dog runs up to a man")
    assert near[-1] < near[0] - 2.0
    for text in ("a dog walks away from a man", "a woman retreats from the dog"):
        away = apart(text)
        assert away[-1] > away[0] + 1.5
    around = apart("a dog walks around a robot")
    assert np.ptp(around) < 0.05
    beside = apart("a man walks beside a robot")
    assert np.ptp(beside) < 0.05


def test_who_crosses_in_front_is_nearer_to_the_camera_and_who_crosses_behind_is_farther():
    for word, sign in (("in front of", 1.0), ("behind", -1.0)):
        shot = staged(f"a woman crosses {word} a robot")
        woman, robot = (ground(shot, name) for name in ("person", "robot"))
        camera = shot.camera.T_world_cam.translation.numpy()[:, :2]
        middle = int(np.linalg.norm(woman - robot, axis=1).argmin())
        gain = np.linalg.norm(robot - camera, axis=1)[middle] - np.linalg.norm(woman - camera, axis=1)[middle]
        assert sign * gain > 0.5


def test_orbiting_goes_all_the_way_around_in_view_of_facts():
    tracks = scene_tracks(staged("a dog runs around a man in a blue coat"))
    circles, _ = events.circling_phases(tracks, "dog", "person")
    assert circles.label == "circles counter-clockwise"
    assert circles.end_s > 0.8 * tracks.times_s[-1]


def test_who_then_joins_in_waits_for_the_other():
    shot = staged("a woman walks in a circle, then a man runs up to her")
    one, other = (ground(shot, name) for name in ("person", "person 2"))
    times = shot.camera.times_s.numpy()
    speeds = [np.linalg.norm(np.gradient(xy, times, axis=0), axis=1) > 0.05 for xy in (one, other)]
    assert times[speeds[0]].max() < times[speeds[1]].min() + 0.2


def test_pronouns_mean_whom_they_fit():
    plan = parse("A woman and a man stand still. A dog runs to him, then follows her.", camera_required=False)
    dog = plan.actors[2]
    assert [(action.name, action.other) for action in dog.actions] == [("approach", "person 2"), ("follow", "person")]


def test_a_cue_goes_with_walking_where_the_text_says_so():
    (actor,) = staged("a woman waves while walking in a circle for 6 seconds").actors
    assert isinstance(actor.avatar, SkinnedAvatar)
    assert actor.avatar.cues[0].start_s == 0.0
    plan = parse("a woman dances while walking in a circle", camera_required=False)
    assert "does not go with" in (plan.unused[0].note or "")


def test_what_goes_on_meanwhile_is_said_in_three_ways():
    for how in ("while waving", "while he waves", ", waving"):
        (person,) = parse(f"A man walks left {how}. Push in.").actors
        assert [(action.name, action.together) for action in person.actions] == [("straight", False), ("wave", True)]
        assert person.direction == "left"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A woman waves while she walks in a circle.", "A person waves while walking in a circle."),
        ("A man, nodding, walks in a big circle while waving.", None),
        ("A robot stops and goes while a dog follows it.", None),
        ("A woman points while making a U-turn.", "A person points while making a U-turn."),
        ("A dog runs around a man in a blue coat.", "A dog runs in a circle around the person wearing a blue coat."),
        ("A man in red waves at a woman in a blue coat, then bows to the camera.", None),
        ("A man waves, then a dog sits.", "A person waves, then a dog sits down."),
    ],
)
def test_the_explanation_is_english_and_comes_back(text: str, said: str | None):
    plan = parse(f"{text} Push in.")
    assert said is None or said in describe(plan)
    assert parse(describe(plan)).without_text() == plan.without_text()


def test_what_has_no_legs_stands_and_that_is_said():
    plan = parse("A red box sits. Push in.")
    (words,) = plan.unused
    assert (words.text, words.of_actors) == ("sits", True)
    assert words.note == "a box cannot sit, so it stands there"
    assert parse("A dog sits. A woman sits down. Push in.").unused == ()


def test_clothes_are_those_that_bodies_can_be_seen_in():
    assert set(WORN) == GARMENTS
    assert (set(CLOTH) | set(HAIR)) - {"redhead"} <= CLOTH_COLOURS
    for garment in GARMENTS:
        assert (garment in PLAIN_GARMENTS) == (not clothed_by(f"in a {garment}").unused)
    for worn in ("in a blue coat", "wearing a red shirt and jeans", "in dark green and white shoes"):
        (actor,) = staged(f"a man {worn} bows").actors
        assert isinstance(actor.avatar, SkinnedAvatar)
        assert actor.avatar.clothes == "in " + worn.split(" ", 1)[1]
        assert not clothed_by(actor.avatar.clothes).unused


def test_camera_and_actors_share_a_text_and_the_shot_is_long_enough():
    shot = staged(f"{SENTENCE}. Push in slowly.")
    path = shot.camera.T_world_cam.translation.numpy()
    assert 0.5 < np.linalg.norm(path[-1] - path[0]) < 2.0
    alone = staged(SENTENCE)
    assert shot.camera.track.duration_s == pytest.approx(alone.camera.track.duration_s)
    followed = staged("A woman walks in a circle. The camera follows her.")
    offset = followed.camera.T_world_cam.translation.numpy()[:, :2] - ground(followed, "person")
    assert np.linalg.norm(offset - offset[0], axis=1).max() < 0.05


@pytest.mark.parametrize(
    ("text", "word", "allowed"),
    [
        ("a woman frobnicates", "frobnicates", "wave"),
        ("a car waves", "waves", "figure eight"),
        ("a dog follows her", "follows her", "name the other actor"),
        ("a woman picks up the umbrella", "the umbrella", ""),
    ],
)
def test_what_cannot_be_done_is_named_with_what_can(text: str, word: str, allowed: str):
    (unused,) = parse(text, camera_required=False).unused
    assert unused.text == word
    assert allowed in (unused.note or "")


def test_wrong_actions_are_refused():
    with pytest.raises(InputError, match="the actions are straight, circle"):
        ActorAction("frobnicate")
    with pytest.raises(InputError, match="out of range"):
        ActorAction("wave", duration_s=-1.0)
    with pytest.raises(InputError, match="speed 0"):
        ActorAction("circle", speed=0.0)


def test_the_command_says_what_it_did_and_refuses_in_one_line(tmp_path, capsys):
    out = tmp_path / "walk.json"
    assert main(["stage", SENTENCE, "-o", str(out)]) == 0
    assert Shot.load(out).actor("person").prompt == "a tall woman in red"
    capsys.readouterr()
    for text in ("", "frobnicate", "-1"):
        assert main(["stage", text, "-o", str(tmp_path / "no.json")] if text != "-1" else
                    ["stage", SENTENCE, "-o", str(tmp_path / "no.json"), "--duration", "-1"]) == 2  # fmt: skip
        assert capsys.readouterr().err.count("\n") == 1
        assert not (tmp_path / "no.json").exists()


def test_a_car_drives_and_goes_past_somebody():
    gone = ground(staged("A red car drives."), "red car")
    assert np.linalg.norm(gone[-1] - gone[0]) > 1.0
    shot = staged("A man waits for 5 seconds. A blue car drives past him.")
    assert not parse("A man waits for 5 seconds. A blue car drives past him.", camera_required=False).unused
    man, car = ground(shot, "person"), ground(shot, "blue car")
    assert np.ptp(man, axis=0).max() < 0.01
    before, after = (car[0] - man[0]), (car[-1] - man[-1])
    assert before @ after < 0, "it comes from one side of him and ends at the other"


@pytest.mark.parametrize("does", ["follow", "run around", "run up to", "walk away from", "walk beside", "run behind"])
@pytest.mark.parametrize("count", ["two", "three"])
def test_several_who_do_the_same_keep_clear_of_each_other(does: str, count: str):
    shot = staged(f"A man walks in a big circle; {count} dogs {does} him.".replace("run behind", "cross behind"))
    assert len(shot.actors) == (3 if count == "two" else 4)
    assert not [note for note in staging_notes(shot) if "in one another" in note and note.count("dog") == 2]


@pytest.mark.parametrize("word", ["in front of", "behind"])
@pytest.mark.parametrize("who", ["woman", "car"])
@pytest.mark.parametrize("does", ["stands still", "walks left", "walks in a circle, then waves"])
def test_who_crosses_goes_on_until_it_is_clear_on_the_other_side(who: str, word: str, does: str):
    for seed in range(3):
        shot = staged(f"A man {does}. A {who} crosses {word} him.", seed=seed)
        camera = shot.camera.T_world_cam.translation.numpy()[:, :2]
        man, other = (ground(shot, actor.name) for actor in shot.actors)
        seen = [np.arctan2(*(xy - camera).T[::-1]) for xy in (man, other)]
        away = np.linalg.norm(man - camera, axis=1), np.linalg.norm(other - camera, axis=1)
        widths = 0.25 / away[0] + 0.5 * max(shot.actors[1].size_xyz[:2]) / away[1]
        apart = (seen[1] - seen[0] + math.pi) % (2 * math.pi) - math.pi
        assert abs(apart[-1]) > widths[-1], (seed, "covers him at the end")
        assert apart[0] * apart[-1] < 0, (seed, "is on the same side still")


def test_garments_of_several_people_are_in_the_plural():
    plan = parse("Two men in green jackets and dark dresses walk left.", camera_required=False)
    assert not plan.unused
    assert [(actor.clothes, actor.direction) for actor in plan.actors] == 2 * [("green jacket and dark dress", "left")]


def sitting(text: str) -> tuple[np.ndarray, np.ndarray]:
    """How high the hips of the first actor are over time."""
    actor = (shot := staged(text)).actors[0]
    assert isinstance(actor.avatar, SkinnedAvatar)
    times = shot.camera.times_s.numpy()
    body, T_body_rest = perform(actor, actor.avatar, times)
    joint = body.skeleton.index("Hips")
    return times, T_body_rest[:, joint, 2, :3] @ body.skeleton.heads[joint] + T_body_rest[:, joint, 2, 3]


def test_who_sits_down_stays_seated_until_its_time_is_up_or_it_does_something_else():
    times, high = sitting("A woman sits down. A man walks for 10 seconds.")
    assert times[-1] > 9.0
    assert high[times > 2.0].max() < high[0] - 0.2
    times, high = sitting("A woman sits for 3 seconds, then waves.")
    assert high[times > 3.1].min() > high[0] - 0.05
    times, high = sitting("A woman sits down, then walks left.")
    assert high[(times > 1.5) & (times < 3.0)].max() < high[0] - 0.2
    assert high[-1] > high[0] - 0.1


@pytest.mark.parametrize("who", ["A woman sits beside a dog.", "A woman stands still, then a dog sits next to her.",
                                 "A dog walks in a circle. A man stands beside a robot.",
                                 "A man walks in a circle, then sits beside a robot."])  # fmt: skip
def test_who_sits_or_stands_beside_another_is_there(who: str):
    plan = parse(who, camera_required=False)
    assert not plan.unused
    assert parse(describe(plan), camera_required=False).actors[0].actions == plan.actors[0].actions
    shot = staged(who)
    pair = [actor.name for actor in shot.actors][-2:]
    apart = relations.distance(scene_tracks(shot), *pair)[-1]
    assert 0.4 < apart < 2.0
    assert staging_notes(shot) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A woman walks left next to a cone, then sits in it.", ["next to a cone", "it"]),
        ("A woman walks left next to a dog, then sits in it.", ["it"]),
        ("A man holds a ball and sits on a chair.", ["holds a ball", "chair"]),
        ("A man holds a cup.", ["holds a cup"]),
        ("A woman stands in front of a car.", ["in front of a car"]),
        ("Two men hold still.", []),
    ],
)
def test_what_an_actor_does_with_something_is_never_dropped_silently(text: str, words: list[str]):
    unused = parse(text, camera_required=False).unused
    assert [each.text for each in unused] == words
    assert all(text[each.start : each.end] == each.text for each in unused)


def test_a_relative_clause_says_what_the_actor_before_it_does():
    dog, car = parse("A dog follows a car that drives in a circle, then sits.", camera_required=False).actors
    assert [action.name for action in dog.actions] == ["follow", "sit"]
    assert [action.name for action in car.actions] == ["circle"]
    man = parse("A dog follows a man who walks left.", camera_required=False).actors[1]
    assert [(action.name, action.side) for action in man.actions] == [("straight", "left")]


def test_a_car_keeps_away_from_the_camera_and_who_is_too_near_is_said():
    past_them = "A blue car drives past behind them. Push in slowly."
    for text in (f"{SENTENCE}. {past_them}", "A man waves. A blue car stands still. Push in."):
        for seed in range(4):
            shot = staged(text, seed=seed)
            assert not [note for note in staging_notes(shot) if "lens" in note or "as high as" in note]
            track = shot.actor("blue car").track.at(shot.camera.times_s).T_world_body.translation
            away = (track - shot.camera.T_world_cam.translation).norm(dim=-1)
            assert float(away.min()) > 4.0
    past, near = (staging_notes(staged(f"A car stands still. Push in {far} metres towards the car."))
                  for far in (4, 1.4))  # fmt: skip
    assert any("car is on the lens from" in note for note in past)
    assert all("lens" not in note for note in near)
    robot = staging_notes(staged("A robot stands still. Push in 3.1 metres towards the robot."))
    assert any("robot is up to" in note and "% as high as the picture" in note for note in robot)


@pytest.mark.parametrize("word", ["in front of", "behind"])
def test_who_crosses_in_front_of_them_or_behind_them_is_clear_of_all_of_them(word: str):
    text = f"A woman walks in a circle, then waves; a dog follows her. A car drives past {word} them."
    assert not parse(text, camera_required=False).unused
    for seed in range(3):
        shot = staged(text, seed=seed)
        assert not [note for note in staging_notes(shot) if "in one another" in note]
        woman, dog, car = (ground(shot, actor.name)[:, 0] for actor in shot.actors)
        between = np.minimum(woman, dog) - car if word == "in front of" else car - np.maximum(woman, dog)
        assert between[len(between) // 4] > 1.0


def test_them_is_reported_where_only_one_of_them_is_meant():
    (unused,) = parse("A woman waves. Two dogs walk left. A car drives past behind them.", camera_required=False).unused
    assert (unused.text, unused.note) == ("them", "read as dog 2 alone")


def test_a_camera_that_follows_them_follows_one_and_says_so():
    plan = parse("Two men walk left. The camera follows them.")
    assert plan.moves[0].actions[0].target == "person 2"
    assert [(words.text, words.note) for words in plan.unused] == [("them", "read as person 2 alone")]
    assert not parse("A man walks left. The camera follows them.").unused


@pytest.mark.parametrize(
    "text",
    [
        "A man walks left next to a dog.",
        "A man walks to the left, beside a dog.",
        "A man waves, then walks left with a dog.",
        "A dog walks left. A man walks to the left alongside it.",
    ],
)
def test_who_goes_left_beside_somebody_has_it_along(text: str):
    plan = parse(text, camera_required=False)
    assert not plan.unused
    assert describe(parse(describe(plan))) == describe(plan)
    shot = staged(text)
    man, dog = ground(shot, "person"), ground(shot, "dog")
    moving = np.linalg.norm(man - man[0], axis=1) > 0.3
    apart = np.linalg.norm(man - dog, axis=1)[moving]
    assert apart.min() > 0.4
    assert np.ptp(apart) < 0.3
    right = shot.camera.T_world_cam.as_matrix()[0, :2, 0].numpy()
    for way in (man, dog):
        assert (way[-1] - way[0]) @ right < -1.5


@pytest.mark.parametrize(
    ("text", "unused"),
    [
        ("A dog walks right. A man walks left next to it.", "next to it"),
        ("A man walks left next to a red cone.", "next to a red cone"),
        ("A dog sits. A man walks left beside the dog.", "beside the dog"),
        ("A man walks left next to it.", "next to it"),
    ],
)
def test_who_cannot_have_somebody_along_goes_alone_and_that_is_said(text: str, unused: str):
    plan = parse(text, camera_required=False)
    assert [(words.text, words.note) for words in plan.unused] == [(unused, "not understood of what person does")]
    assert (plan.actors[[actor.name for actor in plan.actors].index("person")].direction) == "left"


def test_who_has_no_colour_in_the_text_has_one_as_in_nature():
    for seed in range(6):
        dog, car, man = staged("A dog walks. A car drives. A man waves.", seed=seed).actors
        for actor in (dog, car, man):
            assert actor.avatar is not None
            assert np.ptp(actor.avatar.color_rgb) < (0.7 if actor is car else 0.35)
        assert dog.avatar is not None
        assert list(dog.avatar.color_rgb) == sorted(dog.avatar.color_rgb, reverse=True), "a brown"

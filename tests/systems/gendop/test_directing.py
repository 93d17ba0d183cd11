"""Directing around a trained director: candidates ranked and explained, poses met, actors, and who reads a shot."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.cli import main
from kinoeye.formats.paths import read_path, write_path
from kinoeye.geometry import SE3, homogeneous
from kinoeye.language import GrammarDirector, compile, parse  # noqa: A004 - the verb of the design
from kinoeye.language.recognition import tag_agreement
from kinoeye.shot import stage
from kinoeye.shot.edits.constraining import PoseConstraints
from kinoeye.studio import shooting
from kinoeye.systems.gendop import directors
from kinoeye.systems.gendop.caption_words import read_words
from kinoeye.systems.gendop.directors import read_plan
from kinoeye.systems.gendop.explanation import explain, token_log_probabilities
from kinoeye.systems.gendop.ranking import best_candidates
from kinoeye.systems.gendop.segment_director import SegmentDirector
from kinoeye.weights import VerifiedFolder

MISSPELT = "Push in, then blorpily pan left."


def poses_in(path: Path) -> np.ndarray:
    return homogeneous(read_path(path).checked_matrices())


@pytest.fixture
def pose_file(tmp_path: Path) -> Path:
    write_path(compile(parse("truck left one metre while panning right 20 degrees")), tmp_path / "poses.json")
    return tmp_path / "poses.json"


@pytest.fixture
def shipped(folder, monkeypatch) -> Path:
    """The tests' director in the place of the one that ships."""
    monkeypatch.setattr("kinoeye.weights.resolve", lambda name, *, system: VerifiedFolder(folder, None))
    monkeypatch.setattr(directors, "_ships", lambda: True)
    monkeypatch.setattr(directors, "_shipped_frames", lambda: None)
    return folder


def test_candidates_are_distinct_and_the_drawn_ones_come_first(learnt):
    model, items = learnt
    director = SegmentDirector(model=model, temperature=0.3)
    programs = director.distinct_programs(items[0].caption, n=8, seed=1)
    drawn = [program for program in programs if not math.isnan(program.log_probability)]
    varied = programs[len(drawn) :]
    assert len({program.plan.moves for program in programs}) == len(programs) == 8
    assert varied, "a model that knows its caption draws it more than once"
    assert all(math.isnan(program.log_probability) for program in varied)
    assert drawn[0].plan == director.plans(items[0].caption)[0]
    kinds = [move.actions for move in drawn[0].plan.moves]
    assert all([move.actions for move in program.plan.moves] == kinds for program in varied)


def test_ranking_goes_by_tags_then_checks_then_likelihood(learnt):
    model, items = learnt
    director = SegmentDirector(model=model, temperature=2.0)
    ranks = [c.score.rank for c in best_candidates(director, items[1].caption, n=6, seed=3)]
    assert ranks == sorted(ranks)
    assert len({rank[0] for rank in ranks} | {rank[3] for rank in ranks}) > 2
    shot = stage(parse("push in two metres towards the blue cone"), seed=0)
    plans = {
        "far": parse("push in ten metres towards the blue cone"),
        "near": parse("push in 0.5 metres towards the blue cone"),
    }

    def backwards(_, **options):
        return [GrammarDirector()(plans[name], anchors=options["anchors"])[0] for name in ("far", "near")]

    best = best_candidates(backwards, "", n=2, shot=shot)
    assert best[0].score.errors == 0 < best[1].score.errors
    assert best[0].plan == plans["near"]


def test_a_path_bent_away_from_its_plan_agrees_less():
    push = parse("push in two metres")
    back = SE3.from_parts(SE3.identity().rotation, torch.tensor([0.0, 0.0, -3.0], dtype=torch.float64))
    free = best_candidates(GrammarDirector(), push)[0]
    bent = best_candidates(GrammarDirector(), push, constraints=PoseConstraints(end_pose=back))[0]
    assert free.score.tag_agreement == 1.0
    assert bent.score.tag_agreement == 0.0
    assert torch.allclose(bent.path.T_world_cam.translation[-1], back.translation, atol=1e-9)
    assert tag_agreement(compile(push).T_world_cam.as_matrix().numpy(), parse("push in, then pan left")) == 0.5


def test_probabilities_are_those_that_it_wrote_with(learnt):
    model, items = learnt
    for item in items[:6]:
        words = read_words(item.caption)
        ((tokens, mean),) = model.write(words)
        assert sum(token_log_probabilities(model, words, tokens)) == pytest.approx(mean * len(tokens), abs=1e-3)


def test_an_explanation_quotes_what_each_move_points_at(learnt):
    model, items = learnt
    director = SegmentDirector(model=model)
    meanings = set()
    for item in items:
        program = director.programs(item.caption)[0]
        found = explain(model, program)
        assert len(found.moves) == len(program.plan.moves)
        for move in found.moves:
            assert 0 < move.probability <= 1
            assert sum(token[1:2] in "qa" and token[2:-1].isdigit() for token in move.tokens) == len(move.pointers)
            for pointer in move.pointers:
                assert item.caption[pointer.start : pointer.end] == pointer.text
            meanings |= {pointer.meaning for pointer in move.pointers}
        differs = [m.grammar is not None for m in found.moves]
        if found.refusal is None:
            read = parse(item.caption).moves
            assert differs == [
                index >= len(read) or move != read[index] for index, move in enumerate(program.plan.moves)
            ]
            assert found.agrees == (read == program.plan.moves)
    assert {"amount", "target"} <= meanings


@pytest.mark.parametrize(
    ("options", "frames", "fps"),
    [
        (["--frames", "31"], 31, None),
        (["--duration", "4", "--fps", "10"], 41, 10),
        (["--fps", "12", "--frames", "7"], 7, 12),
    ],
)
def test_any_length_and_rate(learnt, folder, tmp_path, options, frames, fps):
    caption = learnt[1][0].caption
    assert main(["direct", caption, "--model", str(folder), "-o", str(tmp_path / "out.json"), *options]) == 0
    table = read_path(tmp_path / "out.json")
    assert len(table) == frames
    assert fps is None or table.fps == pytest.approx(fps)


def test_the_command_ranks_explains_and_meets_poses(learnt, folder, tmp_path, pose_file, capsys):
    caption = learnt[1][0].caption
    out = str(tmp_path / "out.json")
    options = ["--end-pose", f"{pose_file}:-1", "--keyframe", f"0.5={pose_file}:10", "--fps", "10", "--duration", "2"]
    assert main(["direct", caption, "--model", str(folder), "-n", "3", "-o", out, "--json", *options]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [set(row) for row in told["candidates"]] == [
        {"understood", "tag_agreement", "errors", "warnings", "log_probability"}
    ] * 3
    assert told["explanation"]["moves"][0]["probability"] > 0
    given = poses_in(pose_file)
    for entry in told["written"]:
        path = poses_in(Path(entry["file"]))
        np.testing.assert_allclose(path[5], given[10], atol=1e-9)
        np.testing.assert_allclose(path[-1], given[-1], atol=1e-9)
    assert main(["direct", caption, "--model", str(folder), "-n", "2", "--explain"]) == 0
    shown = capsys.readouterr().out
    assert "the grammar reads" in shown
    assert "tag agreement" in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--end-pose", "FILE:99"], "has no pose 99"),
        (["--end-pose", "nowhere.json"], "does not exist"),
        (["--keyframe", "1=FILE"], "say which"),
        (["--keyframe", "FILE"], "is not SECONDS=FILE"),
        (["--keyframe", "99=FILE:0"], "outside the path"),
        (["--keyframe", "1=FILE:0", "--keyframe", "0.5=FILE:0"], "in order of time"),
        (["--keyframe", "nan=FILE:0"], "is not SECONDS=FILE"),
        (["--end-pose", "UNKNOWN:0"], "an unknown unit and the path in metres"),
        (["--end-pose", "WORLD:0"], "z up"),
        (["--end-pose", "BROKEN:0"], "NaN"),
    ],
)
def test_poses_that_cannot_be_are_refused_in_one_line(tmp_path, pose_file, capsys, options, message):
    text = pose_file.read_text()
    files = {"FILE": pose_file}
    for name, (old, new) in {
        "UNKNOWN": ('"unit": "m"', '"unit": "arbitrary"'),
        "WORLD": ('"up": null', '"up": "z"'),
        "BROKEN": ('"T_world_cam": [\n  [\n   [\n    1.0', '"T_world_cam": [\n  [\n   [\n    null'),
    }.items():
        assert old in text
        files[name] = tmp_path / f"{name}.json"
        files[name].write_text(text.replace(old, new, 1))
    for name, file in files.items():
        options = [word.replace(name, str(file)) for word in options]
    assert main(["direct", "push in two metres", "-o", str(tmp_path / "out.json"), *options]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out.json").exists()


def test_poses_are_for_one_path(tmp_path, pose_file, capsys):
    options = ["--model", str(tmp_path), "--folder", str(tmp_path), "-o", str(tmp_path / "out")]
    assert main(["direct", *options, "--end-pose", f"{pose_file}:0"]) == 2
    assert "are for one path" in capsys.readouterr().err


def test_guidance_is_for_directors_that_were_trained_without_captions(learnt, folder, tmp_path, capsys):
    caption, out = learnt[1][0].caption, tmp_path / "out.json"
    assert main(["direct", caption, "--model", str(folder), "--guidance", "2", "-o", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["moves"]
    out.unlink()
    assert main(["direct", "pan left", "--guidance", "2", "-o", str(out)]) == 2
    assert "grammar was not trained without captions" in capsys.readouterr().err
    assert not out.exists()


def test_actors_stand_where_the_staged_shot_has_them(folder):
    text = "Orbit left around the red robot."
    director = SegmentDirector.from_pretrained(folder)
    shot = stage(director.plans(text)[0], seed=4)
    best = best_candidates(director, text, seed=4, shot=shot)[0]
    staged = shot.camera.T_world_cam
    relative = (staged[:1].inverse() @ staged).as_matrix().numpy()
    np.testing.assert_allclose(best.path.T_world_cam.as_matrix().numpy(), relative, atol=1e-9)
    assert best.score.errors is not None


def test_without_weights_the_grammar_reads_and_a_named_director_is_missed(monkeypatch):
    monkeypatch.setattr(directors, "_ships", lambda: False)
    plain, odd = read_plan("push in two metres"), read_plan(MISSPELT)
    assert (plain.director, plain.reason) == ("grammar", "the grammar uses every word")
    assert odd.director == "grammar"
    assert "'blorpily'" in odd.reason
    assert "no trained director ships" in odd.reason
    with pytest.raises(InputError, match="no camera move"):
        read_plan("Blorp the flux.")


def test_the_better_one_reads(shipped):
    assert read_plan("push in two metres").director == "grammar"
    odd = read_plan(MISSPELT)
    assert (odd.director, odd.reason) == ("tiny", "the grammar does not use 'blorpily' as it stands")
    assert odd.plan == SegmentDirector.from_pretrained(shipped).plans(MISSPELT)[0]
    assert list(odd.weights_sha256) == ["tiny"]
    with pytest.raises(InputError, match="no camera move"):
        read_plan("Blorp the flux.")  # which neither understands
    assert read_plan(MISSPELT, "grammar").plan == parse(MISSPELT)
    assert read_plan("push in two metres", "tiny").director == "tiny"


def test_a_director_that_makes_no_plans_or_is_not_there_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"record": "Other"}')
    with pytest.raises(InputError, match="no plans"):
        read_plan("push in", tmp_path)
    with pytest.raises(InputError, match="no director"):
        read_plan("push in", tmp_path / "nowhere")


def test_a_shot_says_who_directed_it(learnt, folder, tmp_path):
    caption = learnt[1][0].caption
    made = shooting.shoot(caption, tmp_path / "film", director=folder, size_wh=(64, 36), num_frames=4)
    assert made.plan == SegmentDirector.from_pretrained(folder).plans(caption)[0]
    report = (tmp_path / "film" / "report.html").read_text()
    assert "Directed by" in report
    run = json.loads((tmp_path / "film" / "run.json").read_text())
    assert "--director" in run["argv"]
    assert run["weights_sha256"]

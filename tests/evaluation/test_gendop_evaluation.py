"""The evaluation of directors: rows, failures, hard captions, stored baselines, CLaTr, and folders of one's own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.cli.eval_tables import baseline_columns, print_report
from kinoeye.evaluation import gendop
from kinoeye.evaluation.caption_bench import CaptionItem, DescribedPlans, NearestCaption, bench_sha256, is_hard
from kinoeye.evaluation.caption_benches import BENCHES, caption_bench
from kinoeye.evaluation.clatr_scores import Quirks, match_scale, score_with_clatr
from kinoeye.evaluation.feature_extractor import Latents
from kinoeye.evaluation.folder_evaluation import evaluate_folders
from kinoeye.evaluation.gendop import Answers, Contender, contender, direct, evaluate, score_captions, true_paths
from kinoeye.evaluation.gendop_metrics import GENDOP_METRICS, gendop_metric
from kinoeye.evaluation.harness import EvalReport, sha256_of, stored_baselines
from kinoeye.evaluation.measurement import Measurement
from kinoeye.evaluation.path_tags import poses_of
from kinoeye.formats.paths import write_path
from kinoeye.language import Directed, GrammarDirector, parse
from kinoeye.language import compile as compile_plan
from kinoeye.render.worlds import worlds_sha256
from kinoeye.systems.gendop.segment_recipe import save as save_director
from kinoeye.systems.gendop.segments import SegmentConfig, SegmentModel
from kinoeye.weights import StoredRow, WeightsIndex

TEXTS = ("push in two metres", "pan left 40 degrees", "pull out, then pan right", "truck left", "pedestal up", "hold")
KEYS = ["system", "model", "worlds", "worlds_sha256", "world_seed", "seed", "count", "failures", "metrics",
        "baselines", "chance", "cpu_seconds"]  # fmt: skip
GRAMMAR = Contender(name="grammar", direct=GrammarDirector())


def items_of(*texts: str) -> list[CaptionItem]:
    return [CaptionItem(text, parse(text), {}) for text in texts]


def scores_of(items: list[CaptionItem], answers: Answers) -> dict[str, Measurement]:
    return score_captions(items, answers, true=true_paths(items))


class Mumbler:
    """A director that understands nothing that has "left" in it, and looks at frames."""

    def __init__(self) -> None:
        self.frames: list[object] = []

    def __call__(self, plan_or_text, *, frame=None, anchors=None, n=1, seed=0):
        self.frames.append(frame)
        if "left" in plan_or_text:
            raise InputError("left is not a word")
        return GrammarDirector()(plan_or_text, n=n, seed=seed)


@pytest.fixture(scope="module")
def report() -> EvalReport:
    return evaluate(GRAMMAR, DescribedPlans(), world_seed=4, count=6)


def test_the_grammar_reads_its_own_words_perfectly(report):
    for name in ("exact_program", "segment_similarity", "tag_f1"):
        assert report.metrics[name].value == pytest.approx(1), name
        assert report.baselines[f"{name}_grammar"].value == pytest.approx(1)
        assert report.baselines[f"{name}_random"].value < 0.6
    assert report.metrics["exact_program_hard"].value is None
    assert report.failures == 0


def test_the_json_has_the_fixed_form_and_the_saved_file_the_intervals(report, tmp_path: Path):
    summary = report.summary()
    assert list(summary) == KEYS
    assert (summary["system"], summary["model"], summary["world_seed"], summary["count"]) == ("gendop", "grammar", 4, 6)
    assert len(summary["worlds_sha256"]) == 64
    assert summary["metrics"]["exact_program_hard"] is None
    assert json.loads(json.dumps(summary)) == summary
    report.save(tmp_path / "report.json")
    loaded = EvalReport.load(tmp_path / "report.json")
    assert loaded.summary() == summary
    assert loaded.metrics["tag_f1"].items == 6
    report.save(tmp_path / "report.csv")
    lines = (tmp_path / "report.csv").read_text().splitlines()
    assert len(lines) == 1 + sum(len(summary[group]) for group in ("metrics", "baselines", "chance"))
    assert "metric,exact_program_hard,,,,0" in lines


def test_the_same_seeds_give_the_same_numbers_and_other_worlds_others(report):
    again = evaluate(GRAMMAR, DescribedPlans(), world_seed=4, count=6).summary()
    first = report.summary()
    for table in ("metrics", "baselines", "chance"):
        for key in first[table].keys() - {"seconds_per_path"}:
            assert again[table][key] == first[table][key], key
    assert again["worlds_sha256"] == first["worlds_sha256"]
    other = evaluate(GRAMMAR, DescribedPlans(), world_seed=5, count=6, baselines="none")
    assert other.metrics["framing_error"].value != first["metrics"]["framing_error"]
    assert other.baselines == {}
    assert other.chance == {}


def test_a_true_path_is_compiled_once_however_many_rows_there_are(monkeypatch):
    bench, compiled = DescribedPlans(), []
    items = bench.items(2, 3)
    monkeypatch.setattr(gendop, "compile", lambda plan: compiled.append(plan) or compile_plan(plan))
    monkeypatch.setattr(bench, "items", lambda seed, count: items[:count])
    evaluate(GRAMMAR, bench, world_seed=2, count=3)
    assert [sum(plan is item.plan for plan in compiled) for item in items] == [1, 1, 1]


def test_failures_count_as_the_worst_and_are_counted():
    items = items_of(*TEXTS)
    answers = direct(Mumbler(), [item.caption for item in items])
    assert [isinstance(found, Failure) for found in answers.directed] == ["left" in text for text in TEXTS]
    scores = scores_of(items, answers)
    assert scores["exact_program"].value == pytest.approx(4 / 6)
    assert scores["segment_similarity"].value == pytest.approx(4 / 6)
    assert scores["tag_recall"].value < 0.9


def test_hard_captions_are_those_that_the_grammar_misreads_and_need_twenty():
    easy = items_of("push in")
    misread = [CaptionItem("push in", parse("pan left"), {})]
    rejected = [CaptionItem("bathe in the light", parse("pan left"), {})]
    assert [is_hard(item) for item in easy + misread + rejected] == [False, True, True]
    right = Directed(compile_plan(parse("pan left")), parse("pan left"))
    items = (misread + rejected) * 9 + easy
    few = scores_of(items, Answers([right] * 19, [0.0] * 19))
    assert few["exact_program_hard"].value is None
    assert few["exact_program_hard"].items == 18
    items = (misread + rejected) * 10 + easy
    many = scores_of(items, Answers([right] * 21, [0.0] * 21))
    assert many["exact_program_hard"].value == 1
    assert many["exact_program"].value == pytest.approx(20 / 21)


def test_a_director_that_sees_is_scored_with_wrong_depth_too():
    mumbler = Mumbler()
    contender = Contender(name="mumbler", direct=mumbler, reads_frames=True)
    report = evaluate(contender, DescribedPlans(), world_seed=1, count=3)
    for name in ("zero_depth", "shuffled_depth"):
        assert {f"{m}_{name}" for m in ("collision_rate", "framing_error", "world_tag_f1")} <= set(report.baselines)
    shown = [frame for frame in mumbler.frames if frame is not None]
    depths = [frame.depth for frame in shown]
    true, zero, shuffled = depths[:3], depths[3:6], depths[6:]
    assert not any(depth.any() for depth in zero)
    assert all(np.array_equal(a, b) for a, b in zip(shuffled, [*true[1:], true[0]], strict=True))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(shown[:3], shown[6:], strict=True))


def test_a_director_that_draws_has_a_diversity():
    drawing = Contender(name="grammar", direct=GrammarDirector(), draws=True)
    metrics = evaluate(drawing, DescribedPlans(), world_seed=1, count=2, baselines="none").metrics
    assert metrics["diversity_translation"].value + metrics["diversity_rotation"].value > 0


def test_a_path_of_unknown_scale_is_judged_by_its_shape():
    items = items_of("push in two metres", "truck left one metre")
    found = [GrammarDirector()(item.caption)[0] for item in items]
    small = [replace(f, path=replace(f.path, track=f.path.track.scaled_by(1e-4, unit="arbitrary"))) for f in found]
    assert scores_of(items, Answers(list(small), [0.0, 0.0]))["tag_f1"].value == pytest.approx(1)
    metric = [replace(f, path=replace(f.path, track=f.path.track.scaled_by(1e-4))) for f in found]
    assert scores_of(items, Answers(list(metric), [0.0, 0.0]))["tag_f1"].value < 0.5


def test_a_folder_of_our_own_director_is_a_contender_that_draws(tmp_path: Path):
    torch.manual_seed(0)
    model = SegmentModel(SegmentConfig(words=("pan", "left"), width=20, heads=2, encoder_layers=1, decoder_layers=1))
    save_director(model, tmp_path)
    found = contender(str(tmp_path))
    assert (found.reads_frames, found.draws) == (True, True)  # by the part for frames that ships
    metrics = evaluate(found, DescribedPlans(), world_seed=0, count=2, baselines="none").metrics
    assert {"diversity_translation", "exact_program", "collision_rate"} <= set(metrics)
    assert (contender("grammar").reads_frames, contender("grammar").draws) == (False, False)
    with pytest.raises(InputError, match="no director"):
        contender("nowhere")


def test_stored_baselines_stand_beside_the_rest_and_are_marked(monkeypatch, capsys, tmp_path: Path):
    row = StoredRow(
        system="gendop", name="official_architecture", command=("train",), seeds={"seed": 0}, sha256="0" * 64,
        cpu_seconds=1.0, metrics={"tag_f1": 0.3125}, evaluation=("eval",), worlds_sha256="the same",
    )  # fmt: skip
    index = WeightsIndex(stored=(row,))
    assert stored_baselines("gendop", "the same", index)["tag_f1_official_architecture"].value == 0.3125
    assert stored_baselines("gendop", "another", index) == {}
    assert stored_baselines("dsr", "the same", index) == {}
    monkeypatch.setattr(gendop, "stored_baselines", lambda system, _: stored_baselines(system, "the same", index))
    report = evaluate(GRAMMAR, DescribedPlans(), world_seed=1, count=2)
    assert report.summary()["baselines"]["tag_f1_official_architecture"] == 0.3125
    rows, others = baseline_columns(report)
    assert rows["official_architecture"]["tag_f1"].value == 0.3125
    assert rows["random"].keys() >= {"exact_program", "exact_program_hard"}
    assert others == {}
    print_report(report)
    shown = capsys.readouterr().out
    assert "0.3125*" in shown
    assert "* stored" in shown
    assert "stored,tag_f1_official_architecture,0.3125" in report.csv()


def test_what_is_stored_was_scored_on_the_bench_of_today():
    today = sha256_of([bench_sha256(caption_bench("synthetic")), worlds_sha256()])
    rows = WeightsIndex.read().stored_rows("gendop")
    assert {row.name for row in rows} == {"director", "official_architecture"}
    assert {row.worlds_sha256 for row in rows} == {today}


def test_the_nearest_caption_is_the_one_with_the_rarest_shared_words():
    texts = ("the camera slowly pans left", "the camera slowly pushes in", "the camera orbits right around the robot")
    nearest = NearestCaption([CaptionItem(text, parse(text), {}) for text in texts])
    assert nearest("now orbits around the robot, slowly") == parse(texts[2])
    assert nearest("pans left") == parse(texts[0])
    assert nearest("xyzzy") == parse(texts[0])
    with pytest.raises(InputError, match="no training caption"):
        NearestCaption([])


@pytest.mark.parametrize("name", BENCHES)
def test_benches_give_captions_of_plans_that_can_be_filmed(name):
    bench = caption_bench(name)
    items = bench.items(3, 6)
    assert len(items) == 6
    assert [item.caption for item in items] == [item.caption for item in bench.items(3, 6)]
    others = {item.caption for item in bench.items(4, 6)}
    assert others == {item.caption for item in items} if name == "hand" else not others & {i.caption for i in items}
    assert not {item.caption for item in items} & {item.caption for item in bench.training_items(3, 6)}
    for item in items:
        assert len(compile_plan(item.plan)) > 1


def test_benches_have_checksums_of_their_own_and_only_known_names():
    assert len({bench_sha256(caption_bench(name)) for name in BENCHES}) == len(BENCHES)
    with pytest.raises(InputError, match="benches: synthetic"):
        caption_bench("nonsense")


def test_a_bench_of_ones_own_captions_is_a_file(tmp_path: Path):
    file = tmp_path / "mine.json"
    entries = [{"caption": "drift in", "program": "push in two metres"}, {"caption": "x", "program": "pan left"}]
    file.write_text(json.dumps(entries))
    bench = caption_bench(str(file))
    assert [item.plan.moves for item in bench.items(3, 9)] == [parse(entry["program"]).moves for entry in entries]
    assert [item.caption for item in bench.items(0, 1)] == ["drift in"]
    assert len(bench.training_items(0, 3)) == 3
    before = bench_sha256(bench)
    file.write_text(json.dumps(entries[::-1]))
    assert bench_sha256(caption_bench(str(file))) != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "no captions"),
        ("{}", "no list"),
        ('[{"caption": "x"}]', "caption 1 of .* lacks 'program'"),
        ('[{"caption": "x", "program": 3}]', "words"),
        ('[{"caption": "x", "program": "bathe in light"}]', "caption 1 of"),
        ('[{"caption": "x", "program": "pan left flurbly"}]', "flurbly"),
    ],
)
def test_files_that_are_no_captions_are_refused(text, message, tmp_path: Path):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(InputError, match=message):
        caption_bench(str(tmp_path / "mine.json"))


class Ends:
    """An encoder whose latents are the last position and the end of the text, and that reconstructs straight lines."""

    name, dim, reads_captions = "ends", 3, True

    def encode_paths(self, T_world_cam):
        mean = np.array([path[-1, :3, 3] - path[0, :3, 3] for path in T_world_cam])
        return Latents(mean, np.full_like(mean, 0.5))

    def encode_texts(self, captions):
        mean = np.array([[0.0, 0.0, 1.0] if "in" in caption else [1.0, 0.0, 0.0] for caption in captions])
        return Latents(mean, np.full_like(mean, 0.5))

    def decode(self, latents, lengths):
        paths = [np.tile(np.eye(4), (length, 1, 1)) for length in lengths]
        for path, end in zip(paths, latents, strict=True):
            path[:, :3, 3] = np.linspace(0, 1, len(path))[:, None] * end
        return paths


def paths_of(*texts: str) -> list[np.ndarray]:
    return [poses_of(compile_plan(parse(text)).track, 40) for text in texts]


def test_scores_with_clatr_match_scales_and_are_deterministic_unless_asked():
    texts = ["push in", "truck right"] * 10
    reference = paths_of(*texts)
    half = [path.copy() for path in reference]
    for path in half:
        path[:, :3, 3] /= 2
    found = score_with_clatr(Ends(), half, reference, texts)
    assert found["clatr_frechet_distance"].value == pytest.approx(0, abs=1e-9)
    assert found["clatr_score"].value == pytest.approx(100)
    assert found["tag_f1"].value == pytest.approx(1)
    official = score_with_clatr(Ends(), half, reference, texts, quirks=Quirks.official(), seed=1)
    assert official["clatr_frechet_distance"].value > 0.1
    assert official["clatr_score"].value < 99
    assert official["tag_f1"] == official["tag_f1_reconstructed"]
    other = score_with_clatr(Ends(), half, reference, texts, quirks=Quirks.official(), seed=2)
    assert other["clatr_score"].value != official["clatr_score"].value
    assert score_with_clatr(Ends(), half, reference, texts, seed=2)["clatr_score"].value == found["clatr_score"].value


def test_tags_are_of_paths_or_of_reconstructions():
    there_and_back = paths_of("pan left")
    found = score_with_clatr(Ends(), there_and_back, paths_of("pan left"))
    assert found["tag_f1"].value == pytest.approx(1)
    turned = score_with_clatr(Ends(), paths_of("pan right"), paths_of("pan left"))
    assert turned["tag_f1"].value == 0
    assert turned["tag_f1_reconstructed"].value == pytest.approx(1)  # neither goes anywhere
    assert "clatr_score" not in turned
    assert "clatr_coverage" not in turned


def test_missing_paths_are_the_worst_for_clatr_too():
    texts = ["push in"] * 10
    reference = paths_of(*texts)
    found = score_with_clatr(Ends(), [*reference[:5], *[None] * 5], reference, texts)
    assert found["clatr_score"].value == pytest.approx(0)
    assert found["tag_recall"].value == pytest.approx(0.5)
    assert found["tag_recall_reconstructed"].value == pytest.approx(0.5)
    assert found["clatr_precision"].value == pytest.approx(0.5)
    with pytest.raises(InputError, match="one of each"):
        score_with_clatr(Ends(), reference[:5], reference)


def test_matching_scales_moves_no_first_pose_and_leaves_a_resting_camera_alone():
    path, reference = paths_of("push in", "pull out five metres")
    matched = match_scale(path, reference)
    assert np.linalg.norm(matched[-1, :3, 3]) == pytest.approx(5)
    assert matched[:, :3, :3] == pytest.approx(path[:, :3, :3])
    rest = np.tile(np.eye(4), (5, 1, 1))
    assert match_scale(rest, reference) is rest


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    predicted, reference = tmp_path / "pred", tmp_path / "gt"
    for index, text in enumerate(TEXTS[:4]):
        write_path(compile_plan(parse(text)), reference / f"shot{index}.json", format="transforms")
        if index != 1:
            write_path(compile_plan(parse(text), num_frames=30), predicted / f"shot{index}.txt", format="tum")
    return predicted, reference


def test_folders_are_paired_by_stem_in_any_format_and_what_is_missing_fails(folders):
    predicted, reference = folders
    (predicted / "shot3.txt").write_text("not a camera\n")
    (predicted / "shot9.txt").write_text((predicted / "shot0.txt").read_text())
    report = evaluate_folders(predicted, reference)
    assert (report.count, report.failures) == (4, 2)
    assert 0.2 < report.metrics["tag_recall"].value < 0.8
    assert any("shot1: there is no prediction" in note for note in report.notes)
    assert any("shot3" in note for note in report.notes)
    assert any("shot9" in note for note in report.notes)
    assert report.baselines["tag_f1_static"].value < 0.5
    assert report.chance["tag_f1"].value < 0.7
    assert report.world_seed is None
    assert list(report.summary()) == KEYS


def test_a_prediction_of_another_length_and_scale_is_the_same_path(folders):
    predicted, reference = folders
    (reference / "shot1.json").unlink()
    report = evaluate_folders(predicted, reference, baselines="none")
    assert report.failures == 0
    assert report.metrics["tag_f1"].value > 0.9
    assert report.baselines == {}


def test_folders_in_gendops_layout_are_paired_by_shot_and_bring_captions(tmp_path: Path):
    for index in range(5):
        for name, text in (("pred", "push in"), ("ref", "push in one metre")):
            file = tmp_path / "1_0000" / f"shot_{index:04}_transforms_{name}.json"
            write_path(compile_plan(parse(text), num_frames=40), file, format="transforms")
        (file.parent / f"shot_{index:04}_caption.json").write_text(json.dumps({"Movement": "push in"}))
    report = evaluate_folders(tmp_path, tmp_path, encoder=Ends())
    assert (report.count, report.failures) == (5, 0)
    assert report.metrics["tag_f1"].value == pytest.approx(1)
    assert report.metrics["clatr_score"].value == pytest.approx(100)
    assert report.metrics["clatr_recall"].value == 1
    other = evaluate_folders(tmp_path, tmp_path, encoder=Ends(), caption_key="Concise Interaction")
    assert "clatr_score" not in other.metrics
    assert any("Concise Interaction" in note for note in other.notes)


def test_a_folder_with_nothing_of_any_shot_is_refused(tmp_path: Path):
    file = tmp_path / "gt" / "1_0000" / "shot_0000_transforms_ref.json"
    write_path(compile_plan(parse("push in"), num_frames=40), file, format="transforms")
    (tmp_path / "pred").mkdir()
    with pytest.raises(InputError, match=r"nothing of the 1 shots .* 1_0000/shot_0000_transforms_pred.json; give the"):
        evaluate_folders(tmp_path / "pred", tmp_path / "gt")


def test_a_real_datadop_folder_is_read_as_it_is(real_data: Path):
    report = evaluate_folders(real_data / "gendop", real_data / "gendop", encoder=Ends())
    assert report.count >= 2
    assert report.failures == 0
    assert report.metrics["tag_f1"].value == pytest.approx(1)
    assert "clatr_score" in report.metrics
    assert report.baselines["tag_f1_static"].value < 0.6


def test_folders_that_cannot_be_scored_are_refused(folders, tmp_path: Path):
    predicted, reference = folders
    with pytest.raises(InputError, match="no folder"):
        evaluate_folders(tmp_path / "nowhere", reference)
    with pytest.raises(InputError, match="give a CLaTr"):
        evaluate_folders(predicted, reference, quirks=Quirks.official())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no camera files"):
        evaluate_folders(predicted, tmp_path / "empty")


def test_clatr_encodes_alike_in_any_batch_and_decodes_to_lengths():
    from kinoeye.evaluation.clatr_encoder import ClatrEncoder
    from kinoeye.evaluation.feature_extractor import FeatureExtractor
    from kinoeye.networks.clatr import Clatr, ClatrConfig

    torch.manual_seed(0)
    encoder = ClatrEncoder(model=Clatr(ClatrConfig.small(text_dim=8)).eval())
    assert isinstance(encoder, FeatureExtractor)
    paths = [*paths_of("push in", "pan left"), poses_of(compile_plan(parse("truck left")).track, 300)]
    together, alone = encoder(paths), np.concatenate([encoder([path]) for path in paths])
    assert together.shape == (3, encoder.dim)
    assert together == pytest.approx(alone, abs=1e-5)
    latents = encoder.encode_paths(paths)
    assert (latents.std > 0).all()
    rebuilt = encoder.decode(latents.mean, [40, 7, 300])
    assert [len(path) for path in rebuilt] == [40, 7, encoder.model.config.path.frames]
    assert rebuilt[0][:, :3, :3] @ rebuilt[0][:, :3, :3].swapaxes(1, 2) == pytest.approx(np.tile(np.eye(3), (40, 1, 1)))
    assert not encoder.reads_captions
    with pytest.raises(InputError, match="without a caption encoder"):
        encoder.encode_texts(["push in"])


def test_every_metric_has_its_row_in_the_documentation_and_every_row_its_metric():
    page = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text()
    lines = [line.replace("\\|", "") for line in page.partition("# Camera paths from captions")[2].splitlines()]
    rows = {line.split("`")[1]: [cell.strip() for cell in line.split("|")] for line in lines if "| `" in line}
    assert set(rows) == set(GENDOP_METRICS)
    for name, metric in GENDOP_METRICS.items():
        assert rows[name][4:7] == [metric.unit, metric.better or "neither", metric.worst], name


def test_every_number_that_is_reported_is_a_metric_with_a_row(report):
    drawing = Contender(name="grammar", direct=GrammarDirector(), draws=True)
    drawn = evaluate(drawing, DescribedPlans(), world_seed=1, count=2, baselines="none").metrics
    paths = paths_of(*["push in"] * 5)
    of_folders = score_with_clatr(Ends(), paths, paths, ["push in"] * 5)
    reported = {*report.metrics, *drawn, *of_folders}
    assert {re.sub("[0-9]+", "N", name).replace("fN", "f1") for name in reported} == set(GENDOP_METRICS)
    assert all(gendop_metric(name) for name in reported)

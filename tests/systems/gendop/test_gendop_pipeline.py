"""Captions and first frames in, paths out: images as upstream prepares them, bad input in one line, the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from gendop_fixtures import tensors, tiny_model
from PIL import Image

from kinoeye.base.errors import InputError
from kinoeye.cli import main
from kinoeye.footage.pictures import read_picture
from kinoeye.formats import read_path
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language import parse
from kinoeye.systems.gendop import GenDoPPipeline, Quirks, director
from kinoeye.systems.gendop.captions_file import read_caption
from kinoeye.systems.gendop.checkpoint import save
from kinoeye.systems.gendop.images import check_depth, depth_input, image_input, read_depth, to_square
from kinoeye.systems.gendop.tokenizer import CaptionTokenizer

SIZES_HW = ((208, 512), (288, 512), (600, 700), (512, 512), (300, 640), (288, 512))
TEXT = "The camera moves forward while yawing left."
FAST = ["--frames", "12", "--temperature", "0"]


def picture(height: int, width: int) -> np.ndarray:
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((3 * x + 5 * y + 40 * c) % 256).astype(np.uint8)


def depth_of(height: int, width: int) -> np.ndarray:
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return (0.1 + ((x + 2 * y) % 97) / 50).astype(np.float32)


def write_vocabulary(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    letters = [*"!abcdefghijklmnopqrstuvwxyz.,'0123456789"]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "ca", "cam</w>", "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\nc a\nca m</w>\n")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny models: text, image, and all conditions."""
    root = tmp_path_factory.mktemp("models")
    for mode in ("text", "image", "depth+image+text"):
        save(tiny_model(mode), root / mode)
        write_vocabulary(root / mode)
    return {mode: root / mode for mode in ("text", "image", "depth+image+text")}


@pytest.fixture
def frame_files(tmp_path: Path) -> tuple[Path, Path]:
    Image.fromarray(picture(36, 64)).save(tmp_path / "image.png")
    np.save(tmp_path / "depth.npy", depth_of(36, 64))
    return tmp_path / "image.png", tmp_path / "depth.npy"


@pytest.mark.parametrize("index", range(6))
def test_first_frames_are_prepared_as_upstream_prepares_them(index: int):
    given = tensors("synthetic_trajectories")
    rgb, depth = picture(*SIZES_HW[index]), depth_of(*SIZES_HW[index])
    square = to_square(rgb, interpolation=0, crop=True)
    expected = given[f"s{index}.rgb512_s32"].permute(1, 2, 0).numpy()
    assert np.allclose(square[::32, ::32] / 255, expected, atol=1e-6)
    found = image_input(rgb, side=224, crop=True)
    assert torch.allclose(found[:, ::16, ::16], given[f"s{index}.rgb224_s16"], atol=1e-5)
    square = to_square(depth, interpolation=0, crop=True)
    assert np.allclose(square[::32, ::32], given[f"s{index}.depth512_s32"][0].numpy(), atol=1e-6)
    found = depth_input(depth, side=224, crop=True)
    assert torch.allclose(found[:1, ::16, ::16], given[f"s{index}.depth224_s16"], atol=1e-5)
    assert torch.equal(found[0], found[2])


def test_without_the_quirk_margins_are_scaled_in_instead_of_lost():
    rgb = picture(600, 1200)
    rgb[:, :60] = 255
    cropped, scaled = (to_square(rgb, interpolation=3, crop=crop) for crop in (True, False))
    assert not (cropped[256, :30] == 255).all()
    assert (scaled[256, :20] == 255).all()
    assert (scaled[:100] == 0).all()


def test_pictures_of_every_kind_are_read(tmp_path: Path):
    rgb = picture(8, 12)
    Image.fromarray(rgb[:, :, 0]).save(tmp_path / "grey.png")
    Image.fromarray(np.dstack([rgb, rgb[:, :, :1]])).save(tmp_path / "alpha.png")
    assert np.array_equal(read_picture(tmp_path / "grey.png")[..., 1], rgb[:, :, 0])
    assert np.array_equal(read_picture(tmp_path / "alpha.png"), rgb)
    (tmp_path / "text.png").write_text("no picture")
    for name, message in (("text.png", "no picture"), ("none.png", "does not exist")):
        with pytest.raises(InputError, match=message):
            read_picture(tmp_path / name)


def test_depth_that_no_model_can_take_is_refused(tmp_path: Path):
    depth = depth_of(8, 12)
    depth[2, 3:5] = np.nan
    np.save(tmp_path / "depth.npy", depth)
    with pytest.raises(InputError, match="2 of 96 values that are not numbers"):
        read_depth(tmp_path / "depth.npy")
    with pytest.raises(InputError, match="12x8 and its image 8x12"):
        check_depth(depth_of(8, 12), size_wh=(8, 12))
    with pytest.raises(InputError, match=r"\[height, width\]"):
        check_depth(np.zeros((2, 3, 4)))
    with pytest.raises(InputError, match=r"\.npy"):
        read_depth(tmp_path / "depth.png")


def test_captions_become_padded_ids(tmp_path: Path):
    write_vocabulary(tmp_path / "tokenizer")
    tokenizer = CaptionTokenizer(tmp_path, length=20, vocab_size=1300)
    ids, mask = tokenizer(["The cam pans.", "CAM"])
    begin, end = 82, 83
    assert ids[1].tolist() == [begin, 81, end, *[0] * 17]
    assert mask.sum(dim=1).tolist() == [int((ids[0] > 0).sum()), 3]
    assert len(ids[0]) == 20
    long = "cam " * 30
    with pytest.raises(InputError, match="32 tokens and the model reads 20"):
        tokenizer([long])
    cut, _ = tokenizer([long], truncate=True)
    assert cut[0].tolist() == [begin, *[81] * 18, end]
    for empty in ("", "  \n"):
        with pytest.raises(InputError, match="empty"):
            tokenizer([empty])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "vocab.json").unlink(), "nothing is downloaded"),
        (lambda f: (f / "vocab.json").write_text("[1]"), "no vocabulary"),
        (lambda f: (f / "vocab.json").write_text('{"a": 1}'), "CLIP vocabulary"),
        (lambda f: (f / "merges.txt").write_text("a b c"), "two parts"),
        (lambda f: (f / "merges.txt").write_text("q x"), "belong together"),
    ],
)
def test_a_vocabulary_that_is_missing_or_another_is_refused(tmp_path: Path, change, message: str):
    write_vocabulary(tmp_path)
    change(tmp_path)
    with pytest.raises(InputError, match=message):
        CaptionTokenizer(tmp_path, length=77, vocab_size=1300)


def test_candidates_have_their_own_seeds_and_begin_at_the_identity(models: dict[str, Path]):
    direct = GenDoPPipeline.from_pretrained(models["text"], num_frames=24)
    three = direct(TEXT, n=3, seed=5)
    one = direct(TEXT, seed=6)[0]
    poses = [candidate.path.T_world_cam.as_matrix() for candidate in three]
    assert any(torch.equal(pose, one.path.T_world_cam.as_matrix()) for pose in poses)
    assert not torch.equal(poses[0], poses[1])
    for candidate, pose in zip(three, poses, strict=True):
        assert torch.allclose(pose[0], torch.eye(4, dtype=pose.dtype), atol=1e-9)
        assert len(pose) == 24
        assert candidate.path.track.unit == "arbitrary"
        assert candidate.plan.moves
    assert len(direct(parse(TEXT), seed=6)) == 1


def test_paths_are_filmed_in_the_size_that_is_asked_for_with_the_same_angle_of_view(models: dict[str, Path]):
    own, asked = (
        GenDoPPipeline.from_pretrained(models["text"], num_frames=3, size_wh=size_wh)(TEXT, seed=2)[0].path
        for size_wh in (None, (640, 480))
    )
    assert max(own.size_wh) == 512
    assert asked.size_wh == (640, 480)
    assert float(asked.intrinsics.fov()[0, 0]) == pytest.approx(float(own.intrinsics.fov()[0, 0]))
    fx, fy, cx, cy = asked.intrinsics.fx_fy_cx_cy[0].tolist()
    assert (fx, cx, cy) == (fy, 320, 240)
    with pytest.raises(InputError, match="512x512 alone"):
        GenDoPPipeline.from_pretrained(models["text"], quirks=Quirks.official(), size_wh=(640, 480))


def test_lower_precision_and_drafts_and_quirks_are_chosen_when_it_is_loaded(models: dict[str, Path]):
    def tokens(**how) -> torch.Tensor:
        pipeline = GenDoPPipeline.from_pretrained(models["text"], **how)
        return pipeline.tokens(pipeline.inputs(TEXT, RGBD()), [0])[0]

    assert torch.equal(tokens(), tokens(with_draft=True))
    assert len(tokens(precision="int8")) == 300
    official = tokens(quirks=Quirks.official())
    assert official[:7].tolist() != [259, 131, 131, 131, 131, 131, 131]


def test_conditions_must_be_those_of_the_model(models: dict[str, Path]):
    text = GenDoPPipeline.from_pretrained(models["text"])
    everything = GenDoPPipeline.from_pretrained(models["depth+image+text"])
    image_only = GenDoPPipeline.from_pretrained(models["image"])
    rgb, depth = picture(36, 64), depth_of(36, 64)
    with pytest.raises(InputError, match="not at image"):
        text(TEXT, frame=RGBD(image=rgb))
    with pytest.raises(InputError, match="give --depth"):
        everything(TEXT, frame=RGBD(image=rgb))
    with pytest.raises(InputError, match="64x36 but the picture 64x30"):
        everything(TEXT, frame=RGBD(image=rgb[:30], depth=depth))
    with pytest.raises(InputError, match="not at text"):
        image_only(TEXT, frame=RGBD(image=rgb))
    with pytest.raises(InputError, match="empty"):
        text("")
    with pytest.raises(InputError, match="tokens and the model reads"):
        text("the camera moves " * 40)
    with pytest.raises(InputError, match="candidates"):
        text(TEXT, n=0)
    with pytest.raises(InputError, match="sees no actors"):
        text(TEXT, anchors={"red robot": None})  # pyright: ignore[reportArgumentType]


def test_every_condition_reaches_the_path(models: dict[str, Path]):
    pipeline = GenDoPPipeline.from_pretrained(models["depth+image+text"])
    rgb, depth = picture(36, 64), depth_of(36, 64)

    def prefix(text: str, image: np.ndarray, depth: np.ndarray) -> torch.Tensor:
        with torch.no_grad():
            return pipeline.model.prefix(pipeline.inputs(text, RGBD(image=image, depth=depth)))

    plain = prefix(TEXT, rgb, depth)
    for other in (prefix("pan left", rgb, depth), prefix(TEXT, 255 - rgb, depth), prefix(TEXT, rgb, 2 * depth)):
        assert float((plain - other).abs().max()) > 1e-3
    path = pipeline(TEXT, frame=RGBD(image=rgb, depth=depth))[0].path
    assert path.size_wh == (512, 288)


def test_a_long_caption_is_cut_where_upstream_cuts_it(models: dict[str, Path]):
    pipeline = GenDoPPipeline.from_pretrained(models["text"], quirks=Quirks.official())
    inputs = pipeline.inputs("the camera moves " * 40, RGBD())
    assert int(inputs["text_mask"].sum()) == 77


def test_a_pipeline_runs_in_another_type(models: dict[str, Path]):
    pipeline = GenDoPPipeline.from_pretrained(models["text"], dtype=torch.bfloat16)
    assert len(pipeline(TEXT, seed=1)[0].path) == 120


def test_directors_are_found_by_name_and_folder(models: dict[str, Path], tmp_path: Path):
    assert type(director("grammar")).__name__ == "GrammarDirector"
    assert isinstance(director(models["text"]), GenDoPPipeline)
    with pytest.raises(InputError, match="no director"):
        director(tmp_path / "nothing")


def run(*words: object) -> int:
    return main(["direct", *map(str, words)])


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    capsys.readouterr()
    assert run(*words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err


def test_a_caption_becomes_a_file_by_every_spelling(models, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "caption.json").write_text(json.dumps({"Movement": TEXT, "Concise Interaction": "pan left"}))
    model = ["--model", models["text"], *FAST]
    assert run(TEXT, *model, "-o", tmp_path / "a.json") == 0
    first = (tmp_path / "a.json").read_bytes()
    for words in (["--text", TEXT], ["--text_path", tmp_path / "caption.json"]):
        assert run(*words, *model, "-o", tmp_path / "b.json") == 0
        assert (tmp_path / "b.json").read_bytes() == first
    keyed = ["--text_path", tmp_path / "caption.json", "--text_key", "Concise Interaction"]
    for words, how in (
        (keyed, []),
        ([TEXT], ["--seed", "1", "--temperature", "1"]),
        ([TEXT], ["--quirks", "official"]),
        ([TEXT], ["--precision", "bf16", "--temperature", "1"]),
        ([TEXT], ["--top_k", "3", "--temperature", "1"]),
        ([TEXT], ["--top_p", "0.2", "--temperature", "1"]),
    ):
        assert run(*words, *model, *how, "-o", tmp_path / "b.json") == 0
        assert (tmp_path / "b.json").read_bytes() != first, how
    assert run("--text", TEXT, "--resume", models["text"], *FAST, "--workspace", tmp_path / "w", "--exp_name", "x") == 0
    assert len(read_path(tmp_path / "w" / "x_transforms_pred.json")) == 12
    assert (tmp_path / "w" / "x_traj.png").stat().st_size > 1000
    assert run(TEXT, *model, "--cond_mode", "text", "--num_cond_tokens", "77", "--explain", "--json") == 0
    assert run(TEXT, *model, "--size", "96x64", "-o", tmp_path / "b.json") == 0
    assert read_path(tmp_path / "b.json").size_wh == (96, 64)


def test_frames_are_given_by_every_spelling(models, frame_files, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    image, depth = frame_files
    model = ["--model", models["depth+image+text"], *FAST]
    assert run(TEXT, *model, "--image", image, "--depth", depth, "-o", tmp_path / "a.json") == 0
    assert run(TEXT, *model, "--image_path", image, "--depth_path", depth, "-o", tmp_path / "b.json") == 0
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert "give --depth too" in refused(capsys, TEXT, *model, "--image", image, "-o", tmp_path / "c.json")
    assert run("--image", image, "--model", models["image"], *FAST, "-o", tmp_path / "d.json") == 0


def test_what_cannot_be_is_refused(models, frame_files, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model, out = ["--model", models["text"]], ["-o", tmp_path / "c.json"]
    image, depth = frame_files
    cases = [
        ([TEXT, *out, "--image", image], "is no GenDoP checkpoint"),
        ([TEXT, *out, "--cond_mode", "text"], "is no GenDoP checkpoint"),
        ([TEXT, *model], "nothing to do"),
        ([*model, *out], "there is no caption"),
        ([TEXT, "--text", TEXT, *model, *out], "two captions"),
        ([TEXT, *model, *out, "--text_key", "Movement"], "chooses a caption"),
        ([TEXT, *model, *out, "--image", image], "not at image"),
        ([TEXT, *model, *out, "--cond_mode", "none"], "--cond_mode none"),
        ([TEXT, *model, *out, "--cond_mode", "depth+image+text"], "--cond_mode"),
        *(([TEXT, *model, *out, f"--{name}", "5"], name) for name in
          ("num_cond_tokens", "discrete_bins", "pose_length", "hidden_dim", "num_layers", "num_heads")),
        ([TEXT, *model, *out, "--workspace", tmp_path / "w"], "--workspace"),
        ([TEXT, *model, *out, "--exp_name", "x"], "--exp_name"),
        ([TEXT, *model, "--workspace", tmp_path / "w", "-n", "2"], "-n 2"),
        ([TEXT, *model, *out, "--draft", "--precision", "int8"], "--draft"),
        ([TEXT, *model, *out, "--resume", "elsewhere"], "two models"),
        ([TEXT, *model, *out, "--folder", tmp_path], "--folder"),
        ([TEXT, "--model", "elsewhere", *out], "no director"),
        ([TEXT, "--model", depth, *out], "no checkpoint"),
        ([TEXT, *model, *out, "--temperature", "-1"], "temperature"),
        ([TEXT, *model, *out, "--device", "abacus"], "give auto, cpu"),
        ([TEXT, *model, *out, "--device", "cuda:77"], "not on this machine"),
        ([TEXT, *model, "-o", tmp_path / "c.doc"], "c.doc"),
        ([TEXT, *model, *out, "--to", "film"], "film"),
        ([TEXT, *model, *out, "--size", "96x64", "--quirks", "official"], "512x512 alone"),
        (["camera " * 80, *model, *out], "tokens and the model reads 77"),
        (["", *model, *out], "caption is empty"),
        (["--folder", tmp_path / "none", *model, *out], "there is no folder"),
        (["--folder", tmp_path, *model], "output folder"),
        (["--folder", tmp_path, *model, *out, "--explain"], "--explain"),
        ([TEXT, *model, "--workspace", tmp_path / "w", "--explain"], "--explain"),
        ([TEXT, *model, *out, "--tokenizer", tmp_path], "vocab.json"),
    ]  # fmt: skip
    for words, message in cases:
        assert message in refused(capsys, *words), words
    assert not (tmp_path / "c.json").exists()
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"Movement": TEXT}, "no caption 'Concise Interaction'; it has Movement"),
        ({"Concise Interaction": " "}, "a caption 'Concise Interaction' without words"),
        ([], "no caption 'Concise Interaction'; it has none"),
    ],
)
def test_a_caption_that_is_not_there_differs_from_one_without_words(content: object, message: str, tmp_path: Path):
    (tmp_path / "shot_caption.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=message):
        read_caption(tmp_path / "shot_caption.json", "Concise Interaction")


def test_a_folder_of_shots_is_directed_under_upstreams_names(
    models, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    video = tmp_path / "shots" / "1_0001"
    video.mkdir(parents=True)
    for name in ("shot_0001", "shot_0002", "shot_0003"):
        (video / f"{name}_caption.json").write_text(json.dumps({"Movement": TEXT}))
    (video / "shot_0003_caption.json").write_text(json.dumps({"Concise Interaction": TEXT}))
    words = ["--model", models["text"], *FAST]
    assert run(TEXT, *words, "-o", video / "shot_0001_transforms_cleaning.json", "--to", "datadop") == 0
    capsys.readouterr()
    words = ["--resume", models["text"], "--test_path", tmp_path / "shots", "--workspace", tmp_path / "w", *FAST]
    assert run(*words, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["done"] == ["1_0001/shot_0001", "1_0001/shot_0002"]
    assert "no caption 'Movement'" in report["failed"][0]["reason"]
    out = tmp_path / "w" / "text" / "test" / "1_0001"
    made = {file.name for file in out.iterdir()}
    assert made == {
        *(f"shot_0001{end}" for end in
          ("_transforms_pred.json", "_transforms_ref.json", "_caption.json", "_traj.png", "_traj_GT.png")),
        *(f"shot_0002{end}" for end in ("_transforms_pred.json", "_caption.json", "_traj.png")),
    }  # fmt: skip
    before = (out / "shot_0001_transforms_pred.json").stat().st_mtime_ns
    assert run(*words, "--json") == 1
    assert json.loads(capsys.readouterr().out)["skipped"] == report["done"]
    assert (out / "shot_0001_transforms_pred.json").stat().st_mtime_ns == before

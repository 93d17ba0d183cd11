"""DataDoP folders become batches as upstream's, the seed's commands train, and five clips of one's own do."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from gendop_fixtures import TINY, tensors, tiny_model
from PIL import Image
from test_gendop_pipeline import TEXT, depth_of, picture, write_vocabulary

from kinoeye.base.errors import InputError
from kinoeye.cli import main
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths import datadop
from kinoeye.geometry.convention import OPENGL, rotvec_to_matrix
from kinoeye.systems.gendop import GenDoPConfig, GenDoPPipeline, Quirks
from kinoeye.systems.gendop.checkpoint import save
from kinoeye.systems.gendop.data import collate, find_shots, path_ids, read_words_and_path, text_key_for
from kinoeye.systems.gendop.images import read_depth
from kinoeye.systems.gendop.recipe import SeedRecipe, add_train_arguments, recipe_from_args

SMALL = ["--hidden_dim", "16", "--num_heads", "2", "--num_layers", "1"]
QUICK = ["--steps", "2", "--batch-size", "2", "--dtype", "fp32", "--device", "cpu"]


def write_shot(folder: Path, name: str, *, seed: int = 0, caption: str = TEXT) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    share = np.linspace(0, 1, 120)[:, None]
    rng = np.random.default_rng(seed)
    matrices = np.zeros((120, 3, 4))
    matrices[:, :, :3] = rotvec_to_matrix(share * rng.normal(size=3) * 0.3)
    matrices[:, :, 3] = share * rng.normal(size=3)
    K = np.tile(np.array([[60.0, 0, 32], [0, 60, 18], [0, 0, 1]]), (120, 1, 1))
    table = PathTable(matrices=matrices, convention=OPENGL, format="datadop", intrinsics=K, size_wh=(64, 36))
    datadop.write(table, folder / f"{name}_transforms_cleaning.json")
    (folder / f"{name}_caption.json").write_text(
        json.dumps({"Movement": caption, "Concise Interaction": "pan " + caption})
    )
    Image.fromarray(picture(36, 64)).save(folder / f"{name}_rgb.png")
    np.save(folder / f"{name}_depth.npy", depth_of(36, 64))


@pytest.fixture(scope="module")
def datadop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shots of two videos in the official layout."""
    root = tmp_path_factory.mktemp("work") / "DataDoP"
    names = ("1_0001/shot_0001", "1_0001/shot_0002", "0_0002/shot_0001")
    for index, name in enumerate(names):
        video, shot = name.split("/")
        write_shot(root / "train" / video, shot, seed=index)
    (root / "train_valid.txt").write_text("\n".join(names) + "\n")
    return root


@pytest.fixture(scope="module")
def encoder_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Pretrained encoders as transformers saves them: narrow, with the tokens of the published ones."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPVisionConfig, CLIPVisionModel

    root = tmp_path_factory.mktemp("encoders")
    narrow = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    CLIPTextModel(
        CLIPTextConfig(**narrow, vocab_size=1300, hidden_act="gelu", bos_token_id=1, eos_token_id=2)
    ).save_pretrained(root / "text")
    CLIPVisionModel(CLIPVisionConfig(**narrow, patch_size=14, image_size=224, hidden_act="gelu")).save_pretrained(
        root / "vision"
    )
    write_vocabulary(root / "text")
    return root / "text", root / "vision"


MOTION, DIRECTORIAL = "Movement", "Concise Interaction"
SEED_COMMANDS = [
    ["--exp_name", name, "--cond_mode", mode, "--text_key", key, "--num_cond_tokens", tokens]
    for name, mode, key, tokens in (
        ("text_motion", "text", MOTION, "77"),
        ("text_directorial", "text", DIRECTORIAL, "77"),
        ("text_rgbd", "depth+image+text", DIRECTORIAL, "591"),
    )
]


@pytest.mark.parametrize("command", SEED_COMMANDS, ids=lambda words: words[1])
def test_the_seeds_training_commands_run_and_what_they_make_directs(
    command: list[str], datadop_folder: Path, encoder_folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.chdir(datadop_folder.parent)  # upstream reads DataDoP in the current folder
    text, vision = map(str, encoder_folders)
    encoders = ["--text-encoder", text, *(["--image-encoder", vision] if "591" in command else [])]
    workspace = tmp_path / "workspace"
    words = ["train", "gendop", "ArAE", "--workspace", str(workspace), *command, *SMALL, *encoders, *QUICK, "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["steps"] == 2
    assert report["out"] == str(workspace / command[1])
    model = GenDoPPipeline.from_pretrained(report["model"])
    assert model.model.config.hidden_dim == 16
    assert model.model.config.cond_mode == command[3]
    assert model.model.config.quirks == Quirks.none()


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_train_arguments(parser)
    args = parser.parse_args(words)
    args.out, args.preset, args.seed = None, "seed", 0
    return args


def test_batches_are_those_of_upstream():
    given = tensors("real_trajectories")
    items = [{"ids": given[f"{case}.ids"]} for case in ("case1", "case2")]
    batch = collate(items, GenDoPConfig())
    assert torch.equal(batch["tokens"], given["collate.tokens"])
    assert torch.equal(batch["labels"], given["collate.labels"])
    assert bool((given["collate.masks"] == 1).all())  # every item has the same length, so nothing is padded


def recipe(folder: Path, model: Path, **changes) -> SeedRecipe:
    config = changes.pop("config", None) or GenDoPPipeline.from_pretrained(model).model.config
    return SeedRecipe(config=config, data=folder, init=model, batch_size=2, **changes)


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save(tiny_model(), folder)
    write_vocabulary(folder)
    return folder


def test_batches_are_addressed_by_their_number(datadop_folder: Path, tiny_folder: Path):
    made = recipe(datadop_folder, tiny_folder)
    phase = made.phases[0]
    whole = made.batches(phase, rank=0, world=1, start=0)
    first = [next(whole) for _ in range(5)]
    resumed = made.batches(phase, rank=0, world=1, start=3)
    assert torch.equal(first[3]["tokens"], next(resumed)["tokens"])
    halves = [made.batches(phase, rank=rank, world=2, start=0) for rank in (0, 1)]
    together = torch.cat([next(half)["tokens"] for half in halves])
    assert torch.equal(together, first[0]["tokens"])
    seen = torch.cat([batch["tokens"] for batch in first[:3]])  # two epochs of three shots
    assert len(seen.unique(dim=0)) == 3
    assert all(int((seen == row).all(dim=1).sum()) == 2 for row in seen.unique(dim=0))


def test_the_model_learns_its_shots(datadop_folder: Path, tiny_folder: Path):
    made = recipe(datadop_folder, tiny_folder, lr=3e-3)
    model = made.build(made.phases[0], None)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _, batch in zip(range(60), made.batches(made.phases[0], rank=0, world=1, start=0), strict=False):
        loss = made.loss(model, batch, generator)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-6:]) < 0.7 * np.mean(losses[:3])


def test_encoders_stay_as_they_are_when_frozen(datadop_folder: Path, tiny_folder: Path):
    model = recipe(datadop_folder, tiny_folder, freeze_encoder=True).build(None, None)  # pyright: ignore[reportArgumentType]
    assert not any(value.requires_grad for value in model.encoders.parameters())
    assert all(value.requires_grad for value in model.decoder.parameters())


def test_pretrained_encoders_arrive(datadop_folder: Path, encoder_folders, monkeypatch: pytest.MonkeyPatch):
    from transformers import CLIPTextModel

    monkeypatch.chdir(datadop_folder.parent)
    made = recipe_from_args(parsed("ArAE", *SMALL, "--text-encoder", str(encoder_folders[0])))
    model = made.build(made.phases[0], None)
    expected = CLIPTextModel.from_pretrained(encoder_folders[0], local_files_only=True).state_dict()
    found = model.encoders["text"].state_dict()  # pyright: ignore[reportIndexIssue, reportAttributeAccessIssue]
    assert all(torch.equal(found[key], value) for key, value in expected.items())


def test_every_faulty_shot_is_told_and_none_is_replaced(datadop_folder: Path, tiny_folder: Path, tmp_path: Path):
    root = tmp_path / "DataDoP"
    shutil.copytree(datadop_folder, root)
    (root / "train" / "1_0001" / "shot_0001_caption.json").write_text("{}")
    (root / "train" / "0_0002" / "shot_0001_transforms_cleaning.json").write_text('{"frames": [')
    with pytest.raises(InputError) as told:
        recipe(root, tiny_folder)
    assert "2 of 3 shots cannot be used" in str(told.value)
    assert "1_0001/shot_0001" in str(told.value)
    assert "0_0002/shot_0001" in str(told.value)


def test_a_long_caption_or_a_missing_file_is_a_fault(tmp_path: Path, tiny_folder: Path):
    write_shot(tmp_path / "clips", "a", caption="the camera moves " * 40)
    write_shot(tmp_path / "clips", "b")
    (tmp_path / "clips" / "b_caption.json").unlink()
    pipeline = GenDoPPipeline.from_pretrained(tiny_folder)
    items, faults = read_words_and_path(
        find_shots(tmp_path / "clips"), pipeline.model.config, text_key="Movement", tokenizer=pipeline.tokenizer
    )
    assert not items
    assert "tokens and the model reads" in faults[0].reason
    assert "does not exist" in faults[1].reason


def test_any_folder_of_shots_can_be_learned_from(tmp_path: Path, tiny_folder: Path):
    for index in range(5):
        write_shot(tmp_path / "clips", f"clip_{index}", seed=index)
    made = recipe(tmp_path / "clips", tiny_folder)
    assert made.phases[0].steps == 100 * 5 // 2
    assert next(made.batches(made.phases[0], rank=0, world=1, start=0))["tokens"].shape == (2, 302)
    with pytest.raises(InputError, match="there is no folder"):
        find_shots(tmp_path / "nothing")


def test_the_list_of_a_folder_cannot_leave_it(tmp_path: Path):
    (tmp_path / "train_valid.txt").write_text("../elsewhere/shot\n")
    with pytest.raises(InputError, match="outside"):
        find_shots(tmp_path)


def test_upstream_reads_one_caption_for_rgbd_whatever_is_asked():
    official = GenDoPConfig(cond_mode="depth+image+text", quirks=Quirks.official())
    assert text_key_for(official, "Movement") == "Concise Interaction"
    assert text_key_for(official.with_quirks(Quirks.none()), "Movement") == "Movement"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cond_mode", "none"], "was never trained"),
        (["--cond_mode", "depth"], "cond_mode"),
        (["--cond_mode", "text", "--num_cond_tokens", "591"], "--num_cond_tokens 591"),
        (["--cond_mode", "depth+image+text"], "--image-encoder"),
        (["--image-encoder", "TEXT"], "leave --image-encoder out"),
        (["--hidden_dim", "30", "--num_heads", "4"], "no multiple"),
        (["--discrete_bins", "255"], "even"),
        (["--exp_name", "x"], "--workspace"),
        (["--num_epochs", "0"], "epochs"),
        (["--data", "nowhere"], "there is no folder nowhere"),
    ],
)
def test_impossible_combinations_are_refused(
    words: list[str], message: str, datadop_folder: Path, encoder_folders, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(datadop_folder.parent)
    words = [str(encoder_folders[0]) if word == "TEXT" else word for word in words]
    with pytest.raises(InputError, match=message):
        recipe_from_args(parsed("ArAE", *SMALL, "--text-encoder", str(encoder_folders[0]), *words))


def test_options_of_one_preset_are_refused_by_the_other(tiny_folder: Path, encoder_folders):
    args = parsed("--num_layers", "3")
    args.preset = "tiny"
    with pytest.raises(InputError, match="--num-layers belong to the published"):
        recipe_from_args(args)
    with pytest.raises(InputError, match=r"small has hidden_dim 512 and .* has 16; leave it out"):
        recipe_from_args(parsed("small", "--init", str(tiny_folder)))
    with pytest.raises(InputError, match="--hidden-dim 32 was given"):
        recipe_from_args(parsed("ArAE", "--init", str(tiny_folder), "--hidden_dim", "32"))
    with pytest.raises(InputError, match="has its encoders"):
        recipe_from_args(parsed("ArAE", "--init", str(tiny_folder), "--text-encoder", str(encoder_folders[0])))
    with pytest.raises(InputError, match="--text-encoder"):
        recipe_from_args(parsed("ArAE"))


def test_each_size_that_is_asked_for_is_that_of_the_model(
    datadop_folder: Path, encoder_folders, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(datadop_folder.parent)
    text = ["--text-encoder", str(encoder_folders[0])]
    sizes = {"discrete_bins": 128, "pose_length": 15, "hidden_dim": 32, "num_heads": 4, "num_layers": 3}
    words = [part for name, value in sizes.items() for part in (f"--{name}", str(value))]
    made = recipe_from_args(parsed("ArAE", *words, *text))
    assert isinstance(made, SeedRecipe)
    assert {name: getattr(made.config, name) for name in sizes} == sizes
    assert TINY["text"].hidden_dim == made.config.text.hidden_dim
    batch = next(made.batches(made.phases[0], rank=0, world=1, start=0))
    assert batch["tokens"].shape[1] == 152


def test_real_shots_are_read_as_they_are(real_data: Path, tiny_folder: Path):
    pipeline = GenDoPPipeline.from_pretrained(tiny_folder)
    shots = find_shots(real_data / "gendop")
    assert [shot.name for shot in shots] == ["case1", "case2"]
    items, faults = read_words_and_path(shots, pipeline.model.config, text_key="Movement", tokenizer=pipeline.tokenizer)
    assert len(items) + len(faults) == 2
    official = GenDoPConfig(quirks=Quirks.official())
    for shot in shots:
        expected = tensors("real_trajectories")[f"{shot.name}.ids"].numpy()
        assert np.array_equal(path_ids(shot, official), expected)
        depth = read_depth(shot.of("depth"))
        assert depth.shape[1] == 512

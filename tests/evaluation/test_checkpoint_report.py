"""What a checkpoint is, what it lacks and how much memory it takes are told from its head alone."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from kinoeye.base.errors import InputError
from kinoeye.evaluation.checkpoint_report import CheckpointReport, check_checkpoint
from kinoeye.evaluation.memory_plan import plan_memory
from kinoeye.evaluation.official_models import MODELS, import_checkpoint
from kinoeye.formats.containers.safetensors_header import TensorHead
from kinoeye.networks import open_tensors
from kinoeye.networks.checkpoint_kinds import recognise
from kinoeye.networks.clatr import Clatr, ClatrConfig
from kinoeye.networks.clatr.checkpoint import load_official
from kinoeye.networks.director import DirectorConfig, Quirks, build_director
from kinoeye.networks.director import load_official as load_director
from kinoeye.networks.path_features import PathFeatures
from kinoeye.systems.amg import Quirks as AMGQuirks
from kinoeye.systems.amg.autoencoder import autoencoder_key_map
from kinoeye.systems.amg.checkpoint import load_folder as load_amg
from kinoeye.systems.gendop.checkpoint import config_of, load_folder, load_model, save
from kinoeye.systems.gendop.config import GenDoPConfig, TextTower
from kinoeye.systems.gendop.engine import Engine
from kinoeye.systems.gendop.official import GenDoP, GenDoPDecoder
from kinoeye.weights import resolve

FIXTURES = Path(__file__).parents[1] / "fixtures"
CLATR = FIXTURES / "clatr" / "weights.safetensors"
MANIFESTS = Path(__file__).parents[2].parent / "shared" / "parity"


@pytest.fixture
def lightning(tmp_path: Path) -> Path:
    """CLaTr as Lightning saves it: under a prefix, beside what else a training has."""
    state = {f"clatr.{key}": value for key, value in load_file(CLATR).items()}
    state["clip.positional_embedding"] = torch.zeros(3)
    path = tmp_path / "epoch99.ckpt"
    torch.save({"epoch": 99, "state_dict": state}, path)
    return path


@pytest.fixture(scope="module")
def gendop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole GenDoP of small size, as official checkpoints are named."""
    config = GenDoPConfig(
        hidden_dim=32, intermediate_dim=64, num_layers=3, num_heads=8,
        text=TextTower(intermediate_dim=32, num_layers=3, vocab_size=50),
    )  # fmt: skip
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("gendop")
    save(GenDoP(config), folder)
    (folder / "config.json").unlink()
    return folder / "model.safetensors"


def test_a_whole_checkpoint(lightning: Path):
    report = check_checkpoint(lightning, system="clatr")
    assert (report.kind.title, report.prefix, report.others) == ("CLaTr of E.T. and GenDoP", "clatr.", 1)
    assert report.holds
    assert report.parameters == sum(value.numel() for value in load_file(CLATR).values())
    assert {group.name for group in report.groups} == {"traj_encoder", "text_encoder", "traj_decoder"}
    assert sum(group.parameters for group in report.groups) == report.parameters
    assert {dtype for group in report.groups for dtype in group.dtypes} == {"F32"}


def test_types_are_told_without_loading(tmp_path: Path):
    save_file({key: value.bfloat16() for key, value in load_file(CLATR).items()}, tmp_path / "half.safetensors")
    report = check_checkpoint(tmp_path / "half.safetensors")
    assert {dtype for group in report.groups for dtype in group.dtypes} == {"BF16"}
    assert sum(group.bytes for group in report.groups) == 2 * report.parameters


def test_another_kind_is_named():
    with pytest.raises(InputError, match=r"is a checkpoint of CLaTr of E\.T\. and GenDoP; a checkpoint of gendop"):
        check_checkpoint(CLATR, system="gendop")


def test_unknown_tensors_are_said_to_be_unknown(tmp_path: Path):
    save_file({"weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="of no model that is known here"):
        check_checkpoint(tmp_path / "other.safetensors")
    (tmp_path / "config.json").write_text('{"record": "SegmentConfig", "version": 1}')
    with pytest.raises(InputError, match=r"was written by Kinoeye .* a SegmentConfig"):
        check_checkpoint(tmp_path)


def test_a_missing_tensor_is_named_and_does_not_load(tmp_path: Path):
    tensors = load_file(CLATR)
    missing = "traj_encoder.seqTransEncoder.layers.1.linear1.bias"
    del tensors[missing]
    save_file(tensors, tmp_path / "cut.safetensors")
    report = check_checkpoint(tmp_path / "cut.safetensors")
    assert report.missing == (missing,)
    assert report.problem is not None
    assert not report.holds
    with pytest.raises(InputError, match="1 parts are missing: traj_encoder"):
        import_checkpoint(tmp_path / "cut.safetensors", tmp_path / "out", system="clatr")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["clatr", "director"])
def test_no_tensor_can_be_left_out(name: str, tmp_path: Path):
    tensors = load_file(FIXTURES / name / "weights.safetensors")
    computed = (".pe", ".freqs")  # sinusoids: official files have them and they are of no use
    for key in tensors:
        save_file({other: value for other, value in tensors.items() if other != key}, tmp_path / "cut.safetensors")
        try:
            holds = check_checkpoint(tmp_path / "cut.safetensors", system=name).holds
        except InputError:  # it is not even recognised
            holds = False
        assert holds == key.endswith(computed), key


def test_a_decoder_without_its_encoder_is_incomplete():
    report = check_checkpoint(FIXTURES / "gendop" / "weights.safetensors")
    assert report.kind.title == "GenDoP, cond_mode text"
    assert report.missing == ("text_encoder.*",)
    assert "no text, image or depth encoder" in (report.problem or "")


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_damaged_files_are_one_line(suffix: str, tmp_path: Path, lightning: Path):
    path = tmp_path / f"cut{suffix}"
    path.write_bytes((lightning if suffix == ".ckpt" else CLATR).read_bytes())
    os.truncate(path, path.stat().st_size - 100)
    with pytest.raises(InputError) as caught:
        check_checkpoint(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


class Planted:
    """An object whose unpickling would run a command."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("container", ["torch", "pickle"])
def test_objects_are_never_unpickled(container: str, tmp_path: Path):
    mark, path = tmp_path / "ran", tmp_path / "planted.ckpt"
    content = {"state_dict": load_file(CLATR), "hook": Planted(mark)}
    if container == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match="objects are never unpickled"):
        check_checkpoint(path)
    assert not mark.exists()


def test_an_imported_checkpoint_is_the_same_model(tmp_path: Path, lightning: Path):
    report = import_checkpoint(lightning, tmp_path / "clatr", system="clatr")
    assert report.ignored == ("clip.positional_embedding",)
    folder = resolve(tmp_path / "clatr", system="clatr")
    ours, _ = load_official(Path(folder))
    theirs, _ = load_official(lightning)
    for key, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[key], value)
    assert json.loads((folder.path / "config.json").read_text())["record"] == "ClatrConfig"


def test_an_imported_folder_is_read_by_the_configuration_in_it(tmp_path: Path):
    clatr = Clatr(ClatrConfig(latent_dim=32, layers=1, heads=2, text_dim=8, path=PathFeatures.metric(60)))
    director = build_director(DirectorConfig(width=64, layers=1, heads=2, frames=20, quirks=Quirks.official()))
    for name, model, load in (("clatr", clatr, load_official), ("director", director, load_director)):
        MODELS[name].write(model, tmp_path / name)
        assert load(tmp_path / name)[0].config == model.config
        assert load(tmp_path / name / "model.safetensors")[0].config == model.config
        with pytest.raises(InputError, match=r"its own heads \(2\)"):
            load(tmp_path / name, heads=4)


def test_an_imported_gendop_loads_as_the_file_does(tmp_path: Path, gendop: Path):
    import_checkpoint(gendop, tmp_path / "out", system="gendop", heads=4)
    ours, _ = load_folder(tmp_path / "out")
    theirs, _ = load_model(open_tensors(gendop))
    assert ours.config.num_heads == 4
    assert theirs.config.num_heads == 8
    assert all(torch.equal(ours.state_dict()[key], value) for key, value in theirs.state_dict().items())


def test_only_systems_with_official_checkpoints_import(tmp_path: Path):
    with pytest.raises(InputError, match="official checkpoints of 'tiny' are not read"):
        import_checkpoint(CLATR, tmp_path / "out", system="tiny")


def test_an_output_folder_of_somebody_else_stays(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="was not made by Kinoeye"):
        import_checkpoint(CLATR, tmp_path, system="clatr")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_planned_memory_is_what_the_model_takes(gendop: Path):
    plan = plan_memory(check_checkpoint(gendop))
    model, _ = load_model(open_tensors(gendop))
    stages = {stage.name: stage for stage in plan.stages}
    assert list(stages) == ["encode text", "project conditions", "read conditions", "generate tokens"]

    def size(module: torch.nn.Module) -> int:
        return sum(value.numel() * value.element_size() for value in module.parameters())

    assert stages["encode text"].weights == size(model.encoders["text"])
    decoder = model.decoder
    assert stages["project conditions"].weights == size(decoder.projections) + size(decoder.condition_norm)
    assert plan.resident == size(model)
    cache = Engine(decoder).start(torch.zeros(1, 77, 32))
    assert stages["generate tokens"].cache == cache.num_bytes
    assert plan.peak["model"] < plan.peak["none"]
    assert any("estimate" in assumption for assumption in plan.assumptions)


def test_16_bits_halve_a_plan(gendop: Path):
    report = check_checkpoint(gendop)
    full, half = plan_memory(report, "fp32"), plan_memory(report, "bf16")
    assert full.resident == 2 * half.resident
    assert full.peak["none"] == 2 * half.peak["none"]


def test_models_without_known_stages_are_planned_by_their_parts():
    plan = plan_memory(check_checkpoint(CLATR))
    assert {stage.name for stage in plan.stages} == {"traj_encoder", "text_encoder", "traj_decoder"}
    assert all(stage.activations is None for stage in plan.stages)
    assert plan.assumptions == ("weights only: the activations of this model are not estimated",)


AMG_WEIGHTS = FIXTURES / "amg" / "weights"


@pytest.fixture
def amg(tmp_path: Path) -> Path:
    """AMG as its training saves it."""
    path = tmp_path / "non_ema_0640000.pth"
    torch.save({"state_dict": dict(open_tensors(AMG_WEIGHTS)), "step": 640_000}, path)
    return path


def test_amg_is_imported_with_its_adapters_merged(amg: Path, tmp_path: Path):
    report = check_checkpoint(amg, system="amg")
    assert (report.kind.title, report.holds) == ("AMG video U-Net", True)
    out = tmp_path / "imported"
    loaded = import_checkpoint(amg, out, system="amg")
    assert sum(len(sources) for sources in loaded.mapped.values()) == len(open_tensors(AMG_WEIGHTS))
    assert not any("_lora." in key for key in open_tensors(out))
    assert resolve(out, system="amg").path == out
    assert check_checkpoint(out, system="amg").holds
    io = load_file(FIXTURES / "amg" / "io.safetensors")
    model, _ = load_amg(out)
    assert model.config.quirks == AMGQuirks.official()
    with torch.no_grad():
        found = model(io["x"], io["cond"], io["t"], io["y"])
    assert float((found - io["unet_out"]).abs().max()) < 2e-5


def test_what_looks_like_amg_and_is_not_is_told_apart(tmp_path: Path):
    tensors = dict(open_tensors(AMG_WEIGHTS))
    base = {key: value for key, value in tensors.items() if "_lora." not in key}
    base["input_blocks.0.0.weight"] = base["input_blocks.0.0.weight"][:, :4].clone()
    save_file(base, tmp_path / "model_scope.safetensors")
    report = check_checkpoint(tmp_path / "model_scope.safetensors")
    assert report.problem is not None
    assert "the text-to-video model that it began as" in report.problem
    with pytest.raises(InputError, match="began as"):
        import_checkpoint(tmp_path / "model_scope.safetensors", tmp_path / "out", system="amg")
    for key in sorted(tensors)[::101]:
        save_file({name: value for name, value in tensors.items() if name != key}, tmp_path / "cut.safetensors")
        assert not check_checkpoint(tmp_path / "cut.safetensors").holds, key
    with pytest.raises(InputError, match="told by its shapes: leave --heads out"):
        import_checkpoint(AMG_WEIGHTS, tmp_path / "out", system="amg", heads=8)
    with pytest.raises(InputError, match="is a checkpoint of CLaTr"):
        import_checkpoint(CLATR, tmp_path / "out", system="amg")
    assert not (tmp_path / "out").exists()


def test_the_image_autoencoder_of_amg_is_checked_and_stays_its_file(tmp_path: Path):
    diffusers = pytest.importorskip("diffusers")
    vae = diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(32, 32), layers_per_block=1,
    )  # fmt: skip
    tensors = {f"first_stage_model.{key}": value for key, value in autoencoder_key_map(2).to_official(vae).items()}
    save_file({**tensors, "model.diffusion_model.out.2.bias": torch.zeros(4)}, tmp_path / "sd.safetensors")
    report = check_checkpoint(tmp_path / "sd.safetensors", system="amg")
    assert (report.kind.title, report.holds, report.others) == ("Stable Diffusion image autoencoder", True, 1)
    with pytest.raises(InputError, match="it is not imported: give the file as the autoencoder"):
        import_checkpoint(tmp_path / "sd.safetensors", tmp_path / "out", system="amg")
    assert [file.name for file in tmp_path.iterdir()] == ["sd.safetensors"]
    del tensors["first_stage_model.decoder.conv_in.bias"]
    save_file(tensors, tmp_path / "sd.safetensors")
    assert "decoder.conv_in.bias" in (check_checkpoint(tmp_path / "sd.safetensors").problem or "")


@pytest.mark.skipif(not MANIFESTS.is_dir(), reason="the manifests of the full-size models are not here")
def test_a_plan_at_full_size():
    shapes = json.loads((MANIFESTS / "gendop_manifest.json").read_text())["models"]["ArAE_rgbd"]
    heads = {key: TensorHead("F32", tuple(shape)) for key, shape in shapes["tensors"].items()}
    found = recognise(heads)
    assert found is not None
    report = CheckpointReport("full", found[0], found[1], heads, 0, (), None)
    assert report.parameters == shapes["num_params"]
    assert {group.name: group.parameters for group in report.groups} == shapes["params_by_group"]
    plan = plan_memory(report, "fp32")
    rows = 41561 - (591 + 302)
    assert plan.resident == 4 * (shapes["num_params"] - rows * 1024)
    assert plan.stages[-1].cache == 4 * 2 * 12 * (591 + 302) * 1024


def test_a_folder_with_its_own_configuration_is_taken_at_its_word(tmp_path: Path, gendop: Path):
    config = config_of(open_tensors(gendop), num_heads=2)
    config.save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(gendop.read_bytes())
    assert check_checkpoint(tmp_path, system="gendop").holds
    assert load_folder(tmp_path)[0].config.num_heads == 2
    (tmp_path / "config.json").write_text('{"architectures": ["other"]}')  # as other libraries write it
    assert check_checkpoint(tmp_path, system="gendop").holds
    assert load_folder(tmp_path)[0].config.num_heads == 8
    assert isinstance(load_model(open_tensors(gendop))[0].decoder, GenDoPDecoder)

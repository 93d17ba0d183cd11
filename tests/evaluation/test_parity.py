"""Our networks give what the official code gave, at the sizes of the fixtures and at any other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from kinoeye.base.errors import InputError
from kinoeye.evaluation.parity import difference, measure_parity
from kinoeye.networks import open_tensors
from kinoeye.networks.clatr.checkpoint import KEYS as CLATR_KEYS
from kinoeye.networks.clatr.config import ClatrConfig
from kinoeye.networks.clatr.model import Clatr
from kinoeye.networks.director.checkpoint import KEYS as DIRECTOR_KEYS
from kinoeye.networks.director.config import DirectorConfig
from kinoeye.networks.director.model import build_director
from kinoeye.systems.amg import AMG, AMGConfig
from kinoeye.systems.amg.checkpoint import key_map as amg_key_map
from kinoeye.systems.amg.model import noise_loss
from kinoeye.systems.amg.sampling import sample_steps
from kinoeye.systems.gendop.checkpoint import decoder_key_map
from kinoeye.systems.gendop.config import GenDoPConfig, TextTower, VisionTower
from kinoeye.systems.gendop.engine import Engine
from kinoeye.systems.gendop.generation import GREEDY, Sampling, generate
from kinoeye.systems.gendop.official import GenDoPDecoder
from kinoeye.systems.gendop.quirks import Quirks

FIXTURES = Path(__file__).parents[1] / "fixtures"
FULL = Path(__file__).parents[2].parent / "shared" / "parity"
TOLERANCE = 1e-4
COUNTS = ("ids", "values")
"""Outputs whose names end so are compared as tokens, of which none may differ."""


@pytest.fixture
def gendop(tmp_path: Path) -> Path:
    """A whole fixture as it was published: both models in single files, and the folders inside of it."""
    folder = tmp_path / "gendop"
    shutil.copytree(FIXTURES / "gendop", folder, ignore=shutil.ignore_patterns("weights_rgbd"))
    save_file(dict(open_tensors(FIXTURES / "gendop" / "weights_rgbd")), folder / "weights_rgbd.safetensors")
    for name in ("clatr", "director"):
        shutil.copytree(FIXTURES / name, folder / name)
    return folder


@pytest.fixture
def amg(tmp_path: Path) -> Path:
    """AMG's fixture as it was published, its weights in a single file."""
    folder = tmp_path / "amg"
    shutil.copytree(FIXTURES / "amg", folder, ignore=shutil.ignore_patterns("weights"))
    save_file(dict(open_tensors(FIXTURES / "amg" / "weights")), folder / "weights.safetensors")
    return folder


def assert_close(outputs: dict[str, float]) -> None:
    for name, value in outputs.items():
        assert value <= (0 if name.endswith(COUNTS) else TOLERANCE), name


def test_gendop_and_all_that_lies_inside_of_it(gendop: Path):
    outputs = measure_parity("gendop", gendop).outputs
    assert_close(outputs)
    assert outputs["loss"] <= 1e-5
    assert {"cond_embeds", "logits", "greedy_ids", "greedy_logits_uncached", "sample_topk10_seed1234_ids"} <= set(
        outputs
    )
    assert {"rgbd/cond_embeds", "rgbd/greedy_ids", "rgbd/greedy_logits_uncached"} <= set(outputs)
    assert {"clatr/traj_mu", "clatr/loss_total", "director/denoised", "director/sampled"} <= set(outputs)
    assert {"synthetic_trajectories/s0.ids", "real_trajectories/case1.resampled120"} <= set(outputs)


def test_amg_inside_and_out_and_step_by_step(amg: Path):
    outputs = measure_parity("amg", amg).outputs
    assert set(outputs) == {
        "unet_out", "unet_out_zero_y", "act.time_embed", "act.input_blocks.0.1", "act.input_blocks.1.0",
        "act.input_blocks.1.1", "act.middle_block.2", "loss.value", "ddim4_g3", "ddim20_g3", "sched.alphas_cumprod",
        "sched.betas_f64_head", *(f"ddim4.step{step}.{name}" for step in range(4) for name in ("x0", "xt")),
    }  # fmt: skip
    assert_close(outputs)
    assert max(outputs["unet_out"], outputs["unet_out_zero_y"], outputs["loss.value"]) < 2e-5


@pytest.mark.parametrize("name", ["clatr", "director"])
def test_fixtures_inside_are_run_by_path(name: str):
    alone = measure_parity(name, FIXTURES / name)
    assert_close(alone.outputs)
    assert measure_parity("gendop", FIXTURES / name).outputs == alone.outputs
    assert alone.fixture == str(FIXTURES / name)


@pytest.mark.skipif(not FULL.is_dir(), reason="the published fixtures are not here")
@pytest.mark.parametrize("system", ["gendop", "amg"])
def test_the_published_fixtures(system: str):
    assert_close(measure_parity(system, FULL / system).outputs)


@pytest.mark.parametrize("name", ["clatr", "director"])
def test_a_changed_weight_is_seen(name: str, tmp_path: Path):
    folder = tmp_path / name
    shutil.copytree(FIXTURES / name, folder)
    weights = load_file(folder / "weights.safetensors")
    key = next(key for key in weights if key.endswith(("linear1.weight", "ffn.0.weight")))
    weights[key] *= 1.5  # a constant added to it would vanish: what it multiplies has a mean of zero
    save_file(weights, folder / "weights.safetensors")
    assert max(measure_parity(name, folder).outputs.values()) > 10 * TOLERANCE


def test_a_changed_weight_of_amg_is_seen(amg: Path):
    weights = load_file(amg / "weights.safetensors")
    weights["middle_block.2.transformer_blocks.0.attn1.to_v_lora.up_linear.weight"] *= 1.5
    save_file(weights, amg / "weights.safetensors")
    outputs = measure_parity("amg", amg).outputs
    assert min(outputs["act.middle_block.2"], outputs["unet_out"], outputs["ddim4_g3"]) > 10 * TOLERANCE
    assert outputs["act.input_blocks.1.1"] < TOLERANCE  # which comes before it


def write_fixture(folder: Path, config: dict, **files: dict[str, torch.Tensor]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    for name, tensors in files.items():
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / f"{name}.safetensors")
    return folder


def gendop_of_another_size(folder: Path) -> Path:
    torch.manual_seed(0)
    config = GenDoPConfig(
        discrete_bins=32, pose_length=4, hidden_dim=24, intermediate_dim=40, num_layers=2, num_heads=3,
        text=TextTower(hidden_dim=10, num_tokens=6), quirks=Quirks.official(),
    )  # fmt: skip
    decoder = GenDoPDecoder(config).eval()
    weights = decoder_key_map(config).to_official(decoder)
    rows = "mesh_decoder.model.embed_positions.weight"
    weights[rows] = torch.cat([weights[rows], torch.randn(9, 24)])  # rows that are never read
    raw = torch.randn(2, 6, 10)
    tokens = torch.randint(3, config.vocab_size, (2, config.path_tokens + 2))
    labels = torch.cat([torch.full((2, 7), -100), tokens[:, 1:]], dim=1)
    with torch.no_grad():
        prefix = decoder.prefix({"text": raw})
        logits = decoder(prefix, tokens)
    given = {
        "cond_mode": "text", "discrete_bins": 32, "pose_length": 4, "hidden_dim": 24, "intermediate_dim": 40,
        "num_layers": 2, "num_heads": 3, "layer_norm_eps": 1e-5, "num_cond_tokens": 6, "text_feature_dim": 10,
    }  # fmt: skip
    return write_fixture(
        folder, given, weights=weights, inputs={"cond_embeds_raw": raw, "tokens": tokens, "labels": labels},
        outputs={"cond_embeds": prefix, "logits": logits},
    )  # fmt: skip


def gendop_of_another_condition(folder: Path) -> Path:
    """Two modalities whose features are drawn as the configuration says, at sizes of their own."""
    torch.manual_seed(0)
    config = GenDoPConfig(
        cond_mode="image+depth", discrete_bins=16, pose_length=3, hidden_dim=16, intermediate_dim=24, num_layers=1,
        num_heads=2, vision=VisionTower(patch_size=1, image_size=2, hidden_dim=12), quirks=Quirks.official(),
    )  # fmt: skip
    decoder = GenDoPDecoder(config).eval()
    weights = decoder_key_map(config).to_official(decoder)
    features = {
        name: torch.from_numpy(np.random.RandomState(seed).standard_normal((1, 5, 12)).astype(np.float32))
        for name, seed in (("image", 4), ("depth", 6))
    }
    with torch.no_grad():
        prefix = decoder.prefix(features)
        ids = generate(Engine(decoder), prefix, seeds=[0], sampling=GREEDY)[0]
        drawn = generate(Engine(decoder), prefix, seeds=[77], sampling=Sampling(top_k=3))[0]
    given = {
        "cond_mode": "image+depth", "discrete_bins": 16, "pose_length": 3, "hidden_dim": 16, "intermediate_dim": 24,
        "num_layers": 1, "num_heads": 2, "order": ["image", "depth"],
        "inputs": "np.random.RandomState(4/6).standard_normal((1,5,12)/(1,5,12)).astype(float32) for image/depth",
    }  # fmt: skip
    outputs = {"cond_embeds": prefix[0], "greedy_ids": ids, "sample_topk3_seed77_ids": drawn}
    return write_fixture(folder, given, weights=weights, outputs=outputs)


def clatr_of_another_size(folder: Path) -> Path:
    torch.manual_seed(0)
    given = {"latent_dim": 24, "ff_size": 40, "num_layers": 1, "num_heads": 2, "traj_feats": 9, "text_feats": 14}
    model = Clatr(ClatrConfig.from_official(given)).eval()
    valid, text_valid = torch.ones(2, 7), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    io = {
        "traj": torch.randn(2, 7, 9), "traj_mask": valid, "text": torch.randn(2, 4, 14), "text_mask": text_valid,
        "sent_token": torch.randn(2, 14),
    }  # fmt: skip
    with torch.no_grad():
        io["traj_mu"] = model.path_encoder(io["traj"], valid.bool()).mean
    return write_fixture(folder, given, weights=CLATR_KEYS.to_official(model), io=io)


def director_of_another_size(folder: Path) -> Path:
    torch.manual_seed(0)
    given = {
        "variant": "incontext_director", "num_feats": 9, "num_cams": 5, "latent_dim": 24, "mlp_multiplier": 2,
        "num_layers": 1, "num_heads": 3, "num_cond_feats": [15, 8], "num_text_registers": 2,
    }  # fmt: skip
    model = build_director(DirectorConfig.from_official(given)).eval()
    io = {
        "x": torch.randn(2, 9, 5), "latents": torch.randn(2, 9, 5), "sigma": torch.tensor([0.5, 2.0]),
        "char": torch.randn(2, 3, 5), "text": torch.randn(2, 8, 1), "mask": torch.ones(2, 5),
        "denoised": torch.zeros(2, 9, 5),
    }  # fmt: skip
    return write_fixture(folder, given, weights=DIRECTOR_KEYS.to_official(model), io=io)


def amg_of_another_size(folder: Path) -> Path:
    """Three levels of which the second has no attention, two films of three frames, and adapters of rank 2."""
    torch.manual_seed(0)
    given = {
        "in_dim": 6, "dim": 32, "y_dim": 20, "context_dim": 20, "out_dim": 3, "dim_mult": [1, 2, 3], "num_heads": 8,
        "head_dim": 16, "num_res_blocks": 2, "attn_scales": [1.0, 0.25], "dropout": 0.0, "temporal_attention": True,
        "temporal_attn_times": 1, "use_checkpoint": False, "use_fps_condition": False, "use_sim_mask": False,
        "use_lora": True, "lora_rank": 2, "lora_alpha": None,
    }  # fmt: skip
    model = AMG(AMGConfig.from_official(given)).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(torch.randn_like(value) * 0.1)
    io = {name: torch.randn(2, 3, 3, 8, 8) for name in ("x", "cond", "noise", "loss.x0", "loss.noise")}
    io |= {name: torch.randn(2, 5, 20) for name in ("y", "zero_y")}
    io |= {"t": torch.tensor([401, 3]), "loss.t": torch.tensor([637, 12])}
    with torch.no_grad():
        io["unet_out"] = model(io["x"], io["cond"], io["t"], io["y"])
        io["loss.value"] = noise_loss(model, io["loss.x0"], io["cond"], io["y"], io["loss.t"], io["loss.noise"])
    *_, last = sample_steps(model, io["noise"], io["cond"], io["y"], io["zero_y"], steps=3, guidance=2.5)
    io["ddim3_g2.5"] = last.value
    return write_fixture(folder, given, weights=amg_key_map(model.config).to_official(model), io=io)


@pytest.mark.parametrize(
    ("system", "make", "outputs"),
    [
        ("amg", amg_of_another_size, {"unet_out", "loss.value", "ddim3_g2.5"}),
        ("gendop", gendop_of_another_size, {"cond_embeds", "logits"}),
        ("gendop", gendop_of_another_condition, {"cond_embeds", "greedy_ids", "sample_topk3_seed77_ids"}),
        ("clatr", clatr_of_another_size, {"traj_mu"}),
    ],
)
def test_sizes_come_from_the_fixture(system: str, make: Callable[[Path], Path], outputs: set[str], tmp_path: Path):
    found = measure_parity(system, make(tmp_path / "fixture")).outputs
    assert set(found) == outputs
    assert_close(found)


def test_another_variant_and_size_of_director_runs(tmp_path: Path):
    found = measure_parity("director", director_of_another_size(tmp_path / "fixture")).outputs
    assert found["denoised"] > 0  # the expectation is all zeros, and weights are not


def test_differences_are_distances_counts_or_not_a_number():
    assert difference(torch.tensor([1.0, 5.0]), torch.tensor([1.5, 5.0])) == 0.5
    assert difference(torch.tensor([1, 5, 7]), torch.tensor([1, 6, 9])) == 2
    assert difference(torch.tensor([float("nan"), 5.0]), torch.tensor([1.5, 5.0])) != 0


def test_errors_are_one_line(tmp_path: Path, gendop: Path):
    for system, folder, message in (
        ("dsr", gendop, "no fixtures of 'dsr'"),
        ("amg", gendop, "holds weights of GenDoP, cond_mode text; a fixture of amg is needed"),
        ("gendop", tmp_path / "nowhere", "is no folder"),
        ("gendop", tmp_path, "nothing to compare"),
        ("clatr", gendop, "holds weights of GenDoP, cond_mode text; a fixture of clatr is needed"),
    ):
        with pytest.raises(InputError, match=message):
            measure_parity(system, folder)


def test_a_missing_tensor_or_setting_is_named(gendop: Path):
    weights = load_file(gendop / "weights.safetensors")
    missing = weights.pop("mesh_decoder.model.layers.1.fc1.bias")
    save_file(weights, gendop / "weights.safetensors")
    with pytest.raises(InputError, match=r"layers\.1\.fc1\.bias"):
        measure_parity("gendop", gendop)
    weights["mesh_decoder.model.layers.1.fc1.bias"] = missing[:-1].clone()
    save_file(weights, gendop / "weights.safetensors")
    with pytest.raises(InputError, match=r"layers\.1\.fc1\.bias of .* has shape"):
        measure_parity("gendop", gendop)
    config = json.loads((gendop / "config.json").read_text())
    for name in ("num_heads", "cond_mode"):
        left = {key: value for key, value in config.items() if key != name}
        (gendop / "config.json").write_text(json.dumps(left))
        with pytest.raises(InputError, match=f"lacks {name}"):
            measure_parity("gendop", gendop)


def test_a_missing_input_is_named(tmp_path: Path):
    folder = clatr_of_another_size(tmp_path / "fixture")
    given = load_file(folder / "io.safetensors")
    save_file({name: value for name, value in given.items() if name != "traj_mask"}, folder / "io.safetensors")
    with pytest.raises(InputError, match="lacks traj_mask"):
        measure_parity("clatr", folder)

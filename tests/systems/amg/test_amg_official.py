"""The network of AMG against the published one, and every weight of it counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.networks import TensorFile, open_tensors
from kinoeye.systems.amg import AMG, AMGConfig, Quirks
from kinoeye.systems.amg.checkpoint import Adapters, config_of, load_folder, load_model, save
from kinoeye.systems.amg.model import noise_loss

FIXTURE = Path(__file__).parents[2] / "fixtures" / "amg"
IO = load_file(FIXTURE / "io.safetensors")
MANIFEST = json.loads((FIXTURE / "manifest.json").read_text())
CONFIG = AMGConfig.from_official(json.loads((FIXTURE / "config.json").read_text()))
HELD: tuple[Adapters, ...] = ("merged", "kept")


@cache
def official() -> dict[str, Tensor]:
    return dict(open_tensors(FIXTURE / "weights"))


@cache
def loaded(adapters: Adapters = "merged") -> AMG:
    return load_model(TensorFile.of(official()), CONFIG, adapters=adapters)[0]


@torch.no_grad()
def predicted(model: AMG, text: str = "y") -> Tensor:
    return model(IO["x"], IO["cond"], IO["t"], IO[text])


def full_size() -> TensorFile:
    def no_reading(key: str, rows: int | None) -> Tensor:
        raise AssertionError("nothing should be read")

    return TensorFile("manifest", {key: tuple(shape) for key, (shape, _) in MANIFEST["unet"].items()}, no_reading)


@pytest.mark.parametrize("adapters", HELD)
def test_noise_and_loss_are_those_of_the_published_network(adapters: Adapters):
    model = loaded(adapters)
    assert float((predicted(model) - IO["unet_out"]).abs().max()) < 2e-5
    assert float((predicted(model, "zero_y") - IO["unet_out_zero_y"]).abs().max()) < 2e-5
    with torch.no_grad():
        loss = noise_loss(model, IO["loss.x0"], IO["cond"], IO["y"], IO["loss.t"], IO["loss.noise"])
    assert float(loss) == pytest.approx(float(IO["loss.value"]), abs=1e-5)


@pytest.mark.parametrize("adapters", HELD)
def test_the_full_size_checkpoint_has_a_place_for_every_tensor(adapters: Adapters):
    tensors = full_size()
    assert config_of(tensors) == AMGConfig()
    model, report = load_model(tensors, adapters=adapters, device="meta")
    found = {official: ours for ours, sources in report.mapped.items() for official in sources}
    assert set(found) == set(MANIFEST["unet"])
    for key, (_, diffusers) in MANIFEST["unet"].items():
        if diffusers is not None:
            assert found[key].replace(".base_layer", "") == f"unet.{diffusers}"
    parameters = sum(value.numel() for value in model.parameters())
    assert parameters == (1_411_245_380 if adapters == "merged" else 1_412_906_820)
    assert len(report.mapped) == (1_480 if adapters == "merged" else 2_008)


def test_sizes_come_from_the_shapes():
    assert config_of(open_tensors(FIXTURE / "weights")).with_quirks(Quirks.official()) == CONFIG
    without = {key: value for key, value in official().items() if "_lora." not in key}
    assert config_of(TensorFile.of(without)).lora_rank is None


def test_dropout_is_that_of_the_published_training():
    rates = {
        name: module.p for name, module in loaded().named_modules() if isinstance(module, nn.Dropout) and module.p > 0
    }
    blocks = sum(name.endswith("conv1") for name, _ in loaded().named_modules() if ".resnets." in name)
    assert set(rates.values()) == {0.1}
    assert len(rates) == 4 * blocks
    assert all(".resnets." in name or ".temp_convs." in name for name in rates)


LAST = "output_blocks.3"
TO_STREAM = (
    "0.bias", "0.out_layers.3.bias", "0.skip_connection.bias", "0.temopral_conv.conv4.3.bias", "1.proj_out.bias",
    "2.proj_out.bias",
)  # fmt: skip
"""Biases that the parts of a block add to what flows through it."""


def block_of(key: str) -> tuple[str, str]:
    """Such as "output_blocks.3", and the rest of the key."""
    parts = key.split(".")
    return ".".join(parts[:2]), ".".join(parts[2:])


def silenced(key: str) -> bool:
    """Whether what this tensor adds is the same all over a channel that every norm after it has to itself.

    A norm of 32 groups over 32 channels takes every constant of a channel away: biases before it, the timestep's
    features, and after the last block all biases that were added to it. All norms of the full size keep them.
    """
    block, part = block_of(key)
    if block == LAST and (part in TO_STREAM or part.endswith(".ff.net.2.bias")):
        return True
    width = official().get(f"{block}.0.out_layers.3.bias", torch.zeros(0))
    if len(width) != 32:
        return False
    before_norms = ("0.in_layers.2.bias", "0.emb_layers.1.weight", "0.emb_layers.1.bias")
    return part in before_norms or (
        part.startswith("0.temopral_conv.") and part.endswith(("1.2.bias", "2.3.bias", "v3.3.bias"))
    )


def added_together(first: str, second: str) -> bool:
    """Whether two biases meet in a sum before anything else sees them.

    In a model of any size those of a residual block and of its shortcut do, and those of its first layer and of the
    timestep's features; in blocks of 32 channels, all that are added to the stream.
    """
    (block, one), (other_block, other) = block_of(first), block_of(second)
    if block != other_block:
        return False
    if {one, other} <= set(TO_STREAM):
        return len(official()[first]) == 32 or {one, other} == {"0.out_layers.3.bias", "0.skip_connection.bias"}
    # The middle has one number less before its parts.
    return {one.removeprefix("0."), other.removeprefix("0.")} == {"in_layers.2.bias", "emb_layers.1.bias"}


def small_inputs() -> tuple[Tensor, ...]:
    return (*(IO[name][:, :, :2, :4, :4] for name in ("x", "cond")), IO["t"], IO["y"])


def test_every_tensor_of_a_checkpoint_matters():
    model, report = load_model(TensorFile.of(official()), CONFIG, adapters="kept")
    ours = {sources[0]: key for key, sources in report.mapped.items()}
    state, generator, inputs = model.state_dict(), torch.Generator().manual_seed(0), small_inputs()
    with torch.no_grad():
        before = model(*inputs)
        for key, value in official().items():
            noise = torch.randn(value.shape, generator=generator) * value.float().abs().max()
            assert torch.equal(state[ours[key]], value.float().reshape(state[ours[key]].shape))
            state[ours[key]].add_(noise.reshape(state[ours[key]].shape))
            moved = float((model(*inputs) - before).abs().max())
            state[ours[key]].copy_(value.reshape(state[ours[key]].shape))
            assert (moved < 1e-4) is silenced(key), (key, moved)


def test_exchanging_two_tensors_of_one_shape_is_noticed():
    model, report = load_model(TensorFile.of(official()), CONFIG, adapters="kept")
    ours = {sources[0]: key for key, sources in report.mapped.items()}
    state, inputs = model.state_dict(), small_inputs()
    by_shape: dict[tuple[int, ...], list[str]] = {}
    for key in (key for key in official() if not silenced(key)):
        by_shape.setdefault(tuple(official()[key].shape), []).append(key)
    pairs = [pair for same in by_shape.values() for pair in pairwise(same) if not added_together(*pair)]
    assert len(pairs) > 400
    with torch.no_grad():
        before = model(*inputs)
        for first, second in pairs:
            one, other = state[ours[first]], state[ours[second]]
            kept = one.clone()
            one.copy_(other)
            other.copy_(kept)
            moved = float((model(*inputs) - before).abs().max())
            other.copy_(one)
            one.copy_(kept)
            assert moved > 1e-5, (first, second, moved)


def test_merged_adapters_are_in_the_weights_they_adapt():
    key = "middle_block.1.transformer_blocks.0.attn2.to_out"
    model, report = load_model(TensorFile.of(official()), CONFIG)
    ours = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_out.0.weight"
    weight, down, up = report.mapped[ours]
    assert (weight, down, up) == (
        f"{key}.0.weight", f"{key}_lora.down_linear.weight", f"{key}_lora.up_linear.weight",
    )  # fmt: skip
    expected = official()[weight].float() + official()[up].float() @ official()[down].float()
    assert torch.allclose(model.state_dict()[ours], expected, atol=1e-7)
    assert model.config.lora_rank is None


@pytest.mark.parametrize("adapters", HELD)
def test_what_is_saved_loads_again_and_computes_the_same(adapters: Adapters, tmp_path: Path):
    model = loaded(adapters)
    save(model, tmp_path)
    again, _ = load_folder(tmp_path, adapters=adapters)
    assert again.config == model.config
    assert torch.equal(predicted(again), predicted(model))
    if adapters == "kept":
        written = open_tensors(tmp_path)
        assert {key: written.shapes[key] for key in written} == {key: tuple(v.shape) for key, v in official().items()}


def test_a_training_checkpoint_is_read_without_its_optimizer(tmp_path: Path):
    path = tmp_path / "non_ema_0640000.pth"
    state = {"optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 1e-6}]}, "step": 640_000}
    torch.save({"state_dict": official(), "scaler": {"scale": 65536.0}, **state}, path)
    model, report = load_folder(path)
    assert sum(len(sources) for sources in report.mapped.values()) == len(official())
    assert float((predicted(model) - IO["unet_out"]).abs().max()) < 2e-5


def without(key: str) -> Callable[[dict[str, Tensor]], object]:
    return lambda tensors: tensors.pop(key)


QUERY = "middle_block.1.transformer_blocks.0.attn1.to_q"


@pytest.mark.parametrize("adapters", HELD)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("middle_block.0.temopral_conv.conv1.0.bias"), r"temp_convs\.0\.conv1\.0\.bias"),
        (without("output_blocks.1.1.conv.weight"), r"upsamplers\.0\.conv\.weight"),
        (without(f"{QUERY}_lora.up_linear.weight"), r"to_q"),
        (lambda t: t.update({"extra.weight": torch.zeros(1)}), r"1 are unexpected \(extra\.weight\)"),
        (lambda t: t.update({"out.2.bias": torch.zeros(5)}), r"out\.2\.bias .* has shape \[5\]"),
        (lambda t: t.update({f"{QUERY}_lora.up_linear.weight": torch.zeros(64, 3)}), r"\[64, 3\].*\[64, 4\]"),
        (lambda t: t.update({"middle_block.2.proj_in.weight": torch.zeros(64, 64)}), r"needs \[64, 64, 1\]"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(adapters: Adapters, change: Callable, message: str):
    tensors = dict(official())
    change(tensors)
    with pytest.raises(InputError, match=message) as refused:
        load_model(TensorFile.of(tensors), CONFIG, adapters=adapters)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("traj_encoder.tokens", "text_encoder.tokens"), "CLaTr"),
        (("encoder.down.0.block.0.norm1.weight", "decoder.conv_out.weight"), "image autoencoder, not of AMG"),
        (("some.weight", "other.weight"), r"no AMG checkpoint: it has no input_blocks\.0\.0\.weight"),
    ],
)
def test_another_kind_of_checkpoint_is_named(keys: tuple[str, ...], message: str):
    with pytest.raises(InputError, match=message):
        load_model(TensorFile.of({key: torch.zeros(2) for key in keys}, "other.safetensors"))


def test_the_model_that_it_began_as_is_told_apart():
    shapes = full_size().shapes | {"input_blocks.0.0.weight": (320, 4, 3, 3)}
    with pytest.raises(InputError, match="takes 4 channels and gives 4"):
        config_of(TensorFile("base", shapes, lambda key, rows: torch.zeros(0)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lora_alpha": 8}, "lora_alpha is 8"),
        ({"num_heads": 4}, "num_heads is 4"),
        ({"use_fps_condition": True}, "use_fps_condition is True"),
        ({"in_dim": 6}, "4 or 8 go with out_dim 4"),
        ({"dim": 40}, "no multiple of 32"),
        ({"head_dim": "wide"}, "another type"),
        ({"dim_mult": []}, "multipliers"),
        ({"dropout": 1.0}, "below 1"),
        ({"lora_rank": 0}, "lora_rank is 0"),
    ],
)
def test_options_that_no_network_has_are_refused(options: dict, message: str):
    whole = json.loads((FIXTURE / "config.json").read_text())
    with pytest.raises(InputError, match=message):
        AMGConfig.from_official({**whole, **options})
    with pytest.raises(InputError, match="lack dim"):
        AMGConfig.from_official({key: value for key, value in whole.items() if key != "dim"})


def test_the_configuration_survives_its_file(tmp_path: Path):
    CONFIG.save(tmp_path)
    assert AMGConfig.load(tmp_path) == CONFIG


@pytest.mark.parametrize(("device", "dtype"), [("meta", torch.float32), ("cpu", torch.bfloat16)])
def test_nothing_is_tied_to_a_device_or_a_dtype(device: str, dtype: torch.dtype):
    model, _ = load_model(TensorFile.of(official()), CONFIG, device=device, dtype=dtype)
    film, avatar, text = (IO[name].to(device, dtype) for name in ("x", "cond", "y"))
    with torch.no_grad():
        found = noise_loss(model, film, avatar, text, IO["t"].to(device), film)
    assert (found.device.type, found.dtype) == (device, dtype)

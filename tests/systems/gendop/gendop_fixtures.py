"""The fixtures of the published code, and tiny models of every condition."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from kinoeye.networks import TensorFile, open_tensors
from kinoeye.systems.gendop import GenDoP, GenDoPConfig, GenDoPDecoder, Quirks
from kinoeye.systems.gendop.checkpoint import config_from_options, load_decoder
from kinoeye.systems.gendop.config import TextTower, VisionTower
from kinoeye.systems.gendop.official import initialise

FIXTURES = Path(__file__).parents[2] / "fixtures" / "gendop"
MODES = ("text", "image", "image+text", "image+depth", "depth+image+text")
TINY = {
    "hidden_dim": 16, "intermediate_dim": 32, "num_layers": 2, "num_heads": 2,
    "text": TextTower(hidden_dim=8, intermediate_dim=16, num_layers=1, num_heads=2, vocab_size=1300),
    "vision": VisionTower(hidden_dim=8, intermediate_dim=16, num_layers=1, num_heads=2, patch_size=56),
}  # fmt: skip


@cache
def tensors(name: str) -> dict[str, Tensor]:
    return load_file(FIXTURES / f"{name}.safetensors")


@cache
def text_decoder(quirks: Quirks | None = None) -> GenDoPDecoder:
    config = config_from_options(json.loads((FIXTURES / "config.json").read_text())).with_quirks(quirks)
    return load_decoder(open_tensors(FIXTURES / "weights.safetensors"), config)[0]


@cache
def rgbd_decoder(quirks: Quirks | None = None) -> GenDoPDecoder:
    config = config_from_options(json.loads((FIXTURES / "config_rgbd.json").read_text())).with_quirks(quirks)
    return load_decoder(open_tensors(FIXTURES / "weights_rgbd"), config)[0]


def rgbd_features() -> dict[str, Tensor]:
    shapes = {"text": (8, (1, 77, 1024)), "image": (9, (1, 257, 1280)), "depth": (10, (1, 257, 1280))}
    return {
        name: torch.from_numpy(np.random.RandomState(seed).standard_normal(shape).astype(np.float32))
        for name, (seed, shape) in shapes.items()
    }


def text_prefix(quirks: Quirks | None = None) -> Tensor:
    with torch.no_grad():
        return text_decoder(quirks).prefix({"text": tensors("inputs")["cond_embeds_raw"]})


def tiny_model(mode: str = "text", *, seed: int = 0, **changes) -> GenDoP:
    """A model with random weights of some size, norms and biases included, so that every one of them matters."""
    model = GenDoP(GenDoPConfig(cond_mode=mode, **{**TINY, **changes}))  # pyright: ignore[reportArgumentType]
    generator = torch.Generator().manual_seed(seed)
    initialise(model, generator)
    with torch.no_grad():
        for value in model.parameters():
            value.add_(torch.randn(value.shape, generator=generator), alpha=0.3)
    return model.eval()


def tiny_inputs(model: GenDoP, *, batch: int = 2, seed: int = 1) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    inputs = {}
    for name in config.modalities:
        if name == "text":
            ids = torch.arange(1, 1 + config.text.num_tokens * batch).view(batch, -1)
            inputs |= {"text": ids, "text_mask": torch.ones_like(ids)}
        else:
            side = config.vision.image_size
            inputs[name] = torch.randn(batch, 3, side, side, generator=generator)
    return inputs


def manifest(name: str) -> tuple[dict, TensorFile]:
    """The options of a full-size model, and its keys and shapes as a file that cannot be read."""
    entry = json.loads((FIXTURES / "manifest.json").read_text())[name]
    shapes = {
        key.replace("{i}", str(i)): tuple(shape)
        for key, (count, shape) in entry["tensors"].items()
        for i in range(max(1, count))
    }
    assert len(shapes) == entry["num_tensors"]

    def no_reading(key: str, rows: int | None) -> Tensor:
        raise AssertionError("nothing should be read")

    return entry["options"], TensorFile(name, shapes, no_reading)

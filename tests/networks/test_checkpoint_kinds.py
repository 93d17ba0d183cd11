"""Known models are told by their keys; what a checkpoint lacks is told by its groups and its stacks of blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kinoeye.networks.checkpoint_kinds import KINDS, recognise

MANIFESTS = Path(__file__).parents[2].parent / "shared" / "parity"

CLATR = {
    f"{part}.{key}"
    for part, keys in {
        "traj_encoder": ["tokens", "projection.weight"],
        "text_encoder": ["tokens", "projection.weight"],
        "traj_decoder": ["final_layer.weight"],
    }.items()
    for key in keys
} | {
    f"{stack}.layers.{index}.{key}"
    for stack in ("traj_encoder.seqTransEncoder", "text_encoder.seqTransEncoder", "traj_decoder.seqTransDecoder")
    for index in range(3)
    for key in ("linear1.weight", "linear1.bias")
}


def test_a_whole_checkpoint_lacks_nothing():
    found = recognise(CLATR)
    assert found is not None
    kind, prefix = found
    assert (kind.system, prefix) == ("clatr", "")
    assert kind.missing(CLATR) == []


def test_a_prefix_before_all_keys_is_found():
    found = recognise({f"clatr.{key}" for key in CLATR})
    assert found is not None
    assert found[1] == "clatr."
    assert (
        recognise({f"clatr.{key}" for key in CLATR if key != "text_encoder.tokens"} | {"text_encoder.tokens"}) is None
    )


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        ("text_encoder.projection.weight", ["text_encoder.projection.*"]),
        ("traj_encoder.seqTransEncoder.layers.1.linear1.bias", ["traj_encoder.seqTransEncoder.layers.1.linear1.bias"]),
    ],
)
def test_what_is_missing_is_named(left_out: str, missing: list[str]):
    found = recognise(CLATR - {left_out})
    assert found is not None
    assert found[0].missing(CLATR - {left_out}) == missing


def test_a_missing_block_is_named():
    keys = {key for key in CLATR if not key.startswith("traj_decoder.seqTransDecoder.layers.1.")}
    found = recognise(keys)
    assert found is not None
    assert found[0].missing(keys) == ["traj_decoder.seqTransDecoder.layers.1.*"]


def test_other_tensors_are_of_no_known_kind():
    assert recognise({"weight", "bias", "layers.0.weight"}) is None
    assert recognise(set()) is None


def test_no_title_stands_twice():
    titles = [kind.title for kind in KINDS]
    assert len(set(titles)) == len(titles)


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Title -> the keys of the full-size model that has it."""

    def read(name: str) -> dict[str, Any]:
        return json.loads((MANIFESTS / f"{name}_manifest.json").read_text())

    for name, model in read("gendop")["models"].items():
        modes = {"text": "text", "image": "image", "rgbd": "depth+image+text"}
        mode = name.split("_", 1)[1]
        yield f"GenDoP, cond_mode {modes.get(mode, mode.replace('_', '+'))}", model["tensors"]
    yield "CLaTr of E.T. and GenDoP", read("clatr")["tensors"]
    for name, variant in (
        ("ca", "cross-attention"), ("adaln", "adaptive layer norm"), ("incontext", "in context"),
    ):  # fmt: skip
        yield f"DIRECTOR of E.T., {variant}", read("director")[f"{name}_director"]["tensors"]
    trajmaster = read("trajmaster")
    yield "3DTrajMaster, CogVideoX with pose injectors", {**trajmaster["base"], **trajmaster["injector_only"]}
    yield "CogVideoX transformer, without the injectors of 3DTrajMaster", trajmaster["base"]
    yield "LoRA of 3DTrajMaster or another CogVideoX", trajmaster["lora"]
    amg = read("amg")
    yield "AMG video U-Net", amg["unet"]
    base = {key: value for key, value in amg["unet"].items() if "_lora." not in key}
    yield "video U-Net of AMG with its LoRA merged, or of ModelScope", base
    yield "Stable Diffusion image autoencoder", amg["autoencoder"]
    yield "diffusers UNet3DConditionModel", amg["diffusers_UNet3DConditionModel"]
    gen3r = {part: content["keys"] for part, content in read("gen3r").items()}
    yield "Gen3R film transformer (Wan 2.1 with a camera adapter)", gen3r["transformer"]
    without = {key: shape for key, shape in gen3r["transformer"].items() if not key.startswith("control_adapter.")}
    yield "Wan 2.1 film transformer, without the camera adapter of Gen3R", without
    yield "VGGT", gen3r["vggt"]
    yield "Gen3R geometry adapter", gen3r["geo_adapter"]
    yield "Wan 2.1 video autoencoder", gen3r["wan_vae"]
    yield "umT5 text encoder", gen3r["text_encoder"]
    yield "open CLIP of Wan 2.1", gen3r["clip_image_encoder"]
    for name, title in (
        ("pi3", "Pi3"), ("pi3x", "Pi3X"), ("gsm_7b", "Qwen2.5-VL with the geometry selection of DSR"),
        ("orient_anything_v1_large", "Orient Anything"),
    ):  # fmt: skip
        yield title, read(name)["tensors"]


@pytest.mark.skipif(not MANIFESTS.is_dir(), reason="the manifests of the full-size models are not here")
def test_every_published_model_is_recognised_and_whole():
    seen = set()
    for title, tensors in manifests():
        found = recognise(tensors)
        assert found is not None, title
        kind, prefix = found
        assert kind.title == title
        assert kind.missing(key[len(prefix) :] for key in tensors) == [], title
        seen.add(title)
    assert seen == {kind.title for kind in KINDS}

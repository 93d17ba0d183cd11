"""The text tower of OpenCLIP's checkpoints under the names that transformers gives it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.networks.tensor_files import TensorFile

_IN_IMAGE_MODEL = "cond_stage_model.model."
"""Where it stands in a checkpoint of Stable Diffusion 2."""
_HEAD_DIM = 64
_OUTSIDE: Mapping[str, str] = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}
_BLOCK = re.compile(r"transformer\.resblocks\.(\d+)\.(.+)[._](weight|bias)")
_INSIDE: Mapping[str, str] = {
    "ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}  # fmt: skip
_FUSED = "attn.in_proj"


def text_tower(tensors: TensorFile) -> TensorFile:
    """The tensors of a text tower; queries, keys and values, which OpenCLIP has in one, are three.

    Args:
        tensors: of a whole OpenCLIP, or of an image model that has one in it.

    Raises:
        InputError: there is none.
    """
    prefix = _IN_IMAGE_MODEL if any(key.startswith(_IN_IMAGE_MODEL) for key in tensors) else ""
    own = tensors.under(prefix)
    if not all(key in own for key in _OUTSIDE):
        raise InputError(f"{tensors.name} has no text encoder of OpenCLIP; give open_clip_pytorch_model.bin")
    sources: dict[str, tuple[str, int | None]] = {ours: (key, None) for key, ours in _OUTSIDE.items()}
    for key in own:
        found = _BLOCK.fullmatch(key)
        if found is None:
            continue
        layer, part, kind = f"encoder.layers.{found[1]}.", found[2], found[3]
        if part == _FUSED:
            for number, name in enumerate("qkv"):
                sources[f"{layer}self_attn.{name}_proj.{kind}"] = (key, number)
        elif part in _INSIDE:
            sources[f"{layer}{_INSIDE[part]}.{kind}"] = (key, None)

    def read(key: str, rows: int | None) -> Tensor:
        source, third = sources[key]
        value = own[source] if third is None else own[source].chunk(3)[third]
        return value[:rows]

    shapes = {ours: _shape(own.shape(source), third) for ours, (source, third) in sources.items()}
    return TensorFile(tensors.name, shapes, read)


def text_tower_sizes(tower: TensorFile) -> dict[str, Any]:
    """What transformers' `CLIPTextConfig` is made of, from shapes; heads are 64 wide, as in every released model.

    Raises:
        InputError: a tensor that tells a size is missing.
    """
    vocabulary, width = tower.matrix_shape("embeddings.token_embedding.weight")
    layers = {int(found[1]) for key in tower if (found := re.match(r"encoder\.layers\.(\d+)\.", key))}
    return {
        "vocab_size": vocabulary, "hidden_size": width, "num_hidden_layers": max(layers, default=-1) + 1,
        "num_attention_heads": max(1, width // _HEAD_DIM),
        "intermediate_size": tower.matrix_shape("encoder.layers.0.mlp.fc1.weight")[0],
        "max_position_embeddings": tower.matrix_shape("embeddings.position_embedding.weight")[0],
        "hidden_act": "gelu",
    }  # fmt: skip


def _shape(shape: tuple[int, ...], third: int | None) -> tuple[int, ...]:
    return shape if third is None else (shape[0] // 3, *shape[1:])

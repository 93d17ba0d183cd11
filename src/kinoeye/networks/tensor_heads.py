"""Types and shapes of a checkpoint's tensors, without reading their values."""

from __future__ import annotations

from pathlib import Path

import torch

from kinoeye.formats.containers.safetensors_header import TensorHead, read_safetensors_header
from kinoeye.networks.tensor_files import TORCH_SUFFIXES, open_tensors

_NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
    torch.bool: "BOOL", torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
}  # fmt: skip


def read_tensor_heads(path: Path | str) -> dict[str, TensorHead]:
    """Key -> type and shape of every tensor of a checkpoint; types are named as safetensors does.

    Args:
        path: as `open_tensors`.

    Raises:
        InputError: as `open_tensors`, or a file is damaged.
    """
    path = Path(path)
    # A cut file is told by its own reader in a clearer line than by the library.
    heads = {key: head for file in _safetensors_files(path) for key, head in read_safetensors_header(file).items()}
    tensors = open_tensors(path)
    if path.suffix in TORCH_SUFFIXES and path.is_file():
        return {key: TensorHead(_NAMES.get(tensors[key].dtype, "F32"), shape) for key, shape in tensors.shapes.items()}
    return {key: heads[key] for key in tensors}


def _safetensors_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.glob("*.safetensors"))
    return [path] if path.suffix == ".safetensors" and path.exists() else []

"""Sizes of a DIRECTOR, how conditions enter it, and how it sees a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kinoeye.base.errors import InputError
from kinoeye.base.records import check_object
from kinoeye.networks.director.quirks import Quirks
from kinoeye.networks.path_features import PathFeatures
from kinoeye.networks.tensor_files import TensorFile

VERSION = 1
Variant = Literal["cross_attention", "in_context", "adaptive_norm"]
_OFFICIAL_VARIANTS: dict[str, Variant] = {
    "ca_director": "cross_attention",
    "incontext_director": "in_context",
    "adaln_director": "adaptive_norm",
}
_SIZES = ("num_feats", "num_cams", "latent_dim", "mlp_multiplier", "num_layers", "num_heads")
_OFFICIAL = (*_SIZES, "num_cond_feats", "num_text_registers", "variant")
TIME_FRACTION = 4
"""The sinusoid of the noise level has a fourth of the model's width."""


@dataclass(frozen=True, kw_only=True)
class DirectorConfig:
    """Sizes of the network.

    Raises:
        InputError: the heads do not divide the width, or a size is not positive.
    """

    variant: Variant = "cross_attention"
    """How conditions enter: as the memory of cross-attention, as tokens in the sequence, or through the norms."""
    feature_dim: int = 9
    frames: int = 300
    width: int = 512
    mlp_ratio: int = 4
    layers: int = 8
    heads: int = 16
    registers: int = 16
    """Learned tokens in the memory of the cross-attention variant."""
    character_dim: int = 3
    text_dim: int = 512
    dropout: float = 0.1
    stochastic_depth: float = 0.1
    """Probability that a residual branch is left out for an item in training."""
    condition_dropout: float = 0.1
    """Probability that all conditions of an item are zeroed in training, and again for each condition alone."""
    path: PathFeatures = field(default_factory=PathFeatures.et)
    quirks: Quirks = field(default_factory=Quirks.none)

    def __post_init__(self) -> None:
        for name in ("feature_dim", "frames", "width", "mlp_ratio", "layers", "heads", "character_dim", "text_dim"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; at least 1 is needed")
        if self.width % self.heads or self.width % (2 * TIME_FRACTION):
            raise InputError(f"width {self.width} is no multiple of {self.heads} heads and of {2 * TIME_FRACTION}")

    @classmethod
    def small(cls, *, text_dim: int = 128, frames: int = 120) -> DirectorConfig:
        """A cross-attention model of 1.5 million parameters for paths in metres, as a baseline."""
        return cls(
            frames=frames,
            width=128,
            layers=4,
            heads=4,
            registers=4,
            text_dim=text_dim,
            dropout=0.0,
            path=PathFeatures.metric(frames),
        )

    @classmethod
    def from_official(cls, sizes: Mapping[str, Any]) -> DirectorConfig:
        """From upstream's names: variant, num_feats, num_cams, latent_dim, mlp_multiplier, num_layers, num_heads,
        num_cond_feats (character and text) and num_text_registers.

        Raises:
            InputError: one is missing or of another type.
        """
        check_object(
            {key: sizes[key] for key in _OFFICIAL if key in sizes}, _OFFICIAL, where="the DIRECTOR configuration"
        )
        conditions = sizes["num_cond_feats"]
        if not isinstance(conditions, list) or len(conditions) != 2:
            raise InputError(f"num_cond_feats is {conditions!r}; the widths of character and text are needed")
        numbers = [*(sizes[key] for key in (*_SIZES, "num_text_registers")), *conditions]
        if any(type(number) is not int for number in numbers):
            raise InputError(f"the DIRECTOR configuration has the sizes {numbers}; whole numbers are needed")
        if sizes["variant"] not in _OFFICIAL_VARIANTS:
            raise InputError(f"variant {sizes['variant']!r} is unknown; known: {', '.join(_OFFICIAL_VARIANTS)}")
        variant = _OFFICIAL_VARIANTS[sizes["variant"]]
        character, text = conditions
        return cls(
            variant=variant,
            feature_dim=sizes["num_feats"],
            frames=sizes["num_cams"],
            width=sizes["latent_dim"],
            mlp_ratio=sizes["mlp_multiplier"],
            layers=sizes["num_layers"],
            heads=sizes["num_heads"],
            registers=sizes["num_text_registers"],
            character_dim=character if variant == "cross_attention" else character // sizes["num_cams"],
            text_dim=text,
        )

    @classmethod
    def of_tensors(cls, tensors: TensorFile, *, heads: int = 16, frames: int = 300) -> DirectorConfig:
        """From the shapes of official tensors that begin with `model.`; head count and length are not in shapes.

        Raises:
            InputError: a tensor that tells a size is missing or no matrix.
        """
        width, feature_dim = tensors.matrix_shape("model.input_projection.0.weight")
        blocks = {key.split(".")[2] for key in tensors if key.startswith("model.backbone_module.")}
        sizes: dict[str, Any] = {
            "feature_dim": feature_dim,
            "frames": frames,
            "width": width,
            "layers": len(blocks),
            "heads": heads,
            "mlp_ratio": tensors.matrix_shape("model.backbone_module.0.ffn.0.weight")[0] // width,
        }
        if "model.joint_cond_projection.weight" in tensors.shapes:
            both = tensors.matrix_shape("model.joint_cond_projection.weight")[1]
            return cls(variant="adaptive_norm", text_dim=both - 3 * frames, **sizes)
        character, text = (tensors.matrix_shape(f"model.cond_projection.{part}.weight")[1] for part in range(2))
        if "model.cond_registers" in tensors.shapes:
            registers = tensors.shapes["model.cond_registers"][0]
            return cls(registers=registers, character_dim=character, text_dim=text, **sizes)
        return cls(variant="in_context", character_dim=character // frames, text_dim=text, **sizes)

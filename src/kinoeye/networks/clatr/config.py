"""Sizes of a CLaTr and how it sees a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.records import check_object
from kinoeye.networks.clatr.quirks import Quirks
from kinoeye.networks.path_features import PathFeatures
from kinoeye.networks.tensor_files import TensorFile

VERSION = 1
_OFFICIAL = ("traj_feats", "text_feats", "latent_dim", "ff_size", "num_layers", "num_heads")


@dataclass(frozen=True, kw_only=True)
class ClatrConfig:
    """Sizes of both encoders and of the decoder.

    Raises:
        InputError: the heads do not divide the latent width, or a size is not positive.
    """

    latent_dim: int = 256
    feed_forward_dim: int = 1024
    layers: int = 6
    heads: int = 4
    dropout: float = 0.1
    feature_dim: int = 9
    text_dim: int = 512
    """Width of the token features: 512 for CLIP ViT-B/32."""
    path: PathFeatures = field(default_factory=PathFeatures.gendop)
    quirks: Quirks = field(default_factory=Quirks.none)

    def __post_init__(self) -> None:
        for name in ("latent_dim", "feed_forward_dim", "layers", "heads", "feature_dim", "text_dim"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; at least 1 is needed")
        if self.latent_dim % (2 * self.heads):
            raise InputError(
                f"latent_dim {self.latent_dim} is no even multiple of {self.heads} heads; choose one that is"
            )

    @classmethod
    def gendop(cls) -> ClatrConfig:
        """The model that GenDoP evaluates with."""
        return cls()

    @classmethod
    def et(cls) -> ClatrConfig:
        """The model of E.T.: the same sizes, 300 padded and standardised frames."""
        return cls(path=PathFeatures.et())

    @classmethod
    def small(cls, text_dim: int = 96) -> ClatrConfig:
        """A model of 1.3 million parameters (2.7 MB in 16 bits) for 60 poses in metres and any token features.

        It has no dropout, which costs a third of a training step on a CPU: pairs can be made without end.
        """
        return cls(
            latent_dim=128, feed_forward_dim=512, layers=2, dropout=0.0, text_dim=text_dim, path=PathFeatures.metric(60)
        )

    @classmethod
    def from_official(cls, sizes: Mapping[str, Any]) -> ClatrConfig:
        """From upstream's names of the sizes: traj_feats, text_feats, latent_dim, ff_size, num_layers, num_heads.

        Raises:
            InputError: one is missing or no number.
        """
        check_object({key: sizes[key] for key in _OFFICIAL if key in sizes}, _OFFICIAL, where="the CLaTr configuration")
        bad = [key for key in _OFFICIAL if type(sizes[key]) is not int]
        if bad:
            raise InputError(f"{bad[0]} of the CLaTr configuration is {sizes[bad[0]]!r}; a whole number is needed")
        return cls(
            feature_dim=sizes["traj_feats"],
            text_dim=sizes["text_feats"],
            latent_dim=sizes["latent_dim"],
            feed_forward_dim=sizes["ff_size"],
            layers=sizes["num_layers"],
            heads=sizes["num_heads"],
        )

    @classmethod
    def of_tensors(cls, tensors: TensorFile, *, heads: int = 4, path: PathFeatures | None = None) -> ClatrConfig:
        """From the shapes of official tensors without a prefix; head count and path features are not in shapes.

        Raises:
            InputError: a tensor that tells a size is missing or no matrix.
        """
        latent_dim, text_dim = tensors.matrix_shape("text_encoder.projection.weight")
        layers = {key.split(".")[3] for key in tensors if key.startswith("traj_encoder.seqTransEncoder.layers.")}
        return cls(
            latent_dim=latent_dim,
            text_dim=text_dim,
            feature_dim=tensors.matrix_shape("traj_encoder.projection.weight")[1],
            feed_forward_dim=tensors.matrix_shape("traj_encoder.seqTransEncoder.layers.0.linear1.weight")[0],
            layers=len(layers),
            heads=heads,
            path=path or PathFeatures.gendop(),
        )

"""Sizes of a GenDoP model, as a frozen record that is saved beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

from kinoeye.base.errors import InputError
from kinoeye.networks.saved_config import SavedConfig
from kinoeye.systems.gendop.quirks import Quirks
from kinoeye.systems.gendop.tokens import ATTRIBUTES, OFFSET, Codec

Modality = Literal["text", "image", "depth"]
CondMode = Literal["text", "image", "image+text", "image+depth", "depth+image+text"]

MODALITIES: tuple[Modality, ...] = ("text", "image", "depth")
"""In the order in which their features stand before the tokens."""


@dataclass(frozen=True, kw_only=True)
class TextTower:
    """Sizes of a CLIP text encoder; the defaults are those of Stable Diffusion 2.1."""

    hidden_dim: int = 1024
    intermediate_dim: int = 4096
    num_layers: int = 23
    num_heads: int = 16
    vocab_size: int = 49408
    num_tokens: int = 77
    """Ids of a caption, padding included."""


@dataclass(frozen=True, kw_only=True)
class VisionTower:
    """Sizes of a CLIP image encoder; the defaults are those of ViT-H/14."""

    hidden_dim: int = 1280
    intermediate_dim: int = 5120
    num_layers: int = 32
    num_heads: int = 16
    patch_size: int = 14
    image_size: int = 224

    @property
    def num_tokens(self) -> int:
        """Patches of an image and the class token."""
        return (self.image_size // self.patch_size) ** 2 + 1


@dataclass(frozen=True, kw_only=True)
class GenDoPConfig(SavedConfig):
    """Sizes of a GenDoP model; the defaults are those of the released checkpoints.

    Example:
        >>> GenDoPConfig(cond_mode="depth+image+text").num_cond_tokens
        591
        >>> GenDoPConfig.preset("default").num_layers
        24

    Raises:
        InputError: a size is out of range, or the condition is not one that the model has.
    """

    cond_mode: CondMode = "text"
    discrete_bins: int = 256
    pose_length: int = 30
    hidden_dim: int = 1024
    intermediate_dim: int = 4096
    num_layers: int = 12
    num_heads: int = 8
    dropout: float = 0.1
    """Of the residual branches, in training."""
    text: TextTower = TextTower()
    vision: VisionTower = VisionTower()
    quirks: Quirks = field(default_factory=Quirks.mended)

    def __post_init__(self) -> None:
        if self.cond_mode not in get_args(CondMode):
            refused = " (a path without any condition was never trained)" if self.cond_mode == "none" else ""
            raise InputError(
                f"cond_mode is {self.cond_mode!r}{refused}; give one of {', '.join(map(repr, get_args(CondMode)))}"
            )
        for name in ("discrete_bins", "pose_length", "hidden_dim", "intermediate_dim", "num_layers", "num_heads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; at least 1 is needed")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout:g}; a share from 0 to below 1 is needed")
        if self.discrete_bins % 2:
            raise InputError(f"discrete_bins is {self.discrete_bins}; an even number is needed, so that 0 has a bin")
        if self.pose_length < 2:
            raise InputError("pose_length is 1; a path needs at least 2 key poses")
        if self.hidden_dim % self.num_heads:
            raise InputError(
                f"hidden_dim {self.hidden_dim} is no multiple of num_heads {self.num_heads}; choose one that is"
            )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> GenDoPConfig:
        """A named set of sizes with some of them changed.

        Raises:
            InputError: there is no such preset, or as the class.
        """
        known = {key.lower(): values for key, values in PRESETS.items()}
        if name.lower() not in known:
            raise InputError(f"there is no preset {name!r}; presets are {', '.join(PRESETS)}")
        return cls(**{**known[name.lower()], **changes})

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """What the model looks at, in the order of its features."""
        return tuple(name for name in MODALITIES if name in self.cond_mode.split("+"))

    def tokens_of(self, modality: Modality) -> int:
        """Features that a modality gives."""
        return self.text.num_tokens if modality == "text" else self.vision.num_tokens

    def features_of(self, modality: Modality) -> int:
        """Width of a modality's features."""
        return self.text.hidden_dim if modality == "text" else self.vision.hidden_dim

    @property
    def num_cond_tokens(self) -> int:
        """Features before the tokens."""
        return sum(self.tokens_of(name) for name in self.modalities)

    @property
    def path_tokens(self) -> int:
        """Tokens of a path without begin and end."""
        return ATTRIBUTES * self.pose_length

    @property
    def vocab_size(self) -> int:
        """Special tokens and values; 0 and `discrete_bins` both are values."""
        return self.discrete_bins + 1 + OFFSET

    @property
    def num_positions(self) -> int:
        """Rows of the position table that are ever read: conditions, begin, path and end."""
        return self.num_cond_tokens + self.path_tokens + 2

    @property
    def codec(self) -> Codec:
        """The codec of this model's tokens."""
        return Codec(bins=self.discrete_bins, poses=self.pose_length, quirks=self.quirks)

    def with_quirks(self, quirks: Quirks | None) -> GenDoPConfig:
        """The same model with other quirks; None keeps them."""
        return self if quirks is None else replace(self, quirks=quirks)


PRESETS: Mapping[str, Mapping[str, Any]] = {
    "ArAE": {},
    "default": {"num_layers": 24, "num_heads": 16},
    "small": {"hidden_dim": 512, "intermediate_dim": 2048, "num_layers": 8, "num_heads": 8},
    "large": {"hidden_dim": 1536, "intermediate_dim": 6144, "num_layers": 24, "num_heads": 16},
}
"""Name -> sizes that differ from the defaults; "ArAE" is what the readme recommends and the checkpoints have."""


def cond_mode_of(modalities: frozenset[str]) -> CondMode:
    """The condition mode that looks at these modalities.

    Raises:
        InputError: there is none.
    """
    for mode in get_args(CondMode):
        if frozenset(mode.split("+")) == modalities:
            return cast(CondMode, mode)
    given = "+".join(sorted(modalities)) or "nothing"
    raise InputError(f"no model looks at {given}; conditions are {', '.join(get_args(CondMode))}")

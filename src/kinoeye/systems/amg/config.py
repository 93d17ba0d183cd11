"""Sizes of an AMG model, as a frozen record that is saved beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.networks.saved_config import SavedConfig
from kinoeye.systems.amg.quirks import Quirks

NORM_GROUPS = 32
ENTRY_HEADS = 8
"""Attention heads of the first temporal transformer, whatever its width."""
_FIXED: Mapping[str, Any] = {
    "num_heads": ENTRY_HEADS,
    "temporal_attention": True,
    "temporal_attn_times": 1,
    "use_fps_condition": False,
    "use_sim_mask": False,
    "lora_alpha": None,
}
"""Options of the released code that no network of it has otherwise."""


@dataclass(frozen=True, kw_only=True)
class AMGConfig(SavedConfig):
    """Sizes of the network; the defaults are those of the released checkpoint.

    Example:
        >>> AMGConfig().channels
        (320, 640, 1280, 1280)

    Raises:
        InputError: a size is out of range, or sizes do not fit one another.
    """

    latent_channels: int = 4
    """Of the film; the avatar's rendering has as many, side by side with them."""
    width: int = 320
    multipliers: tuple[int, ...] = (1, 2, 4, 4)
    """Width of each level as a multiple; each level has half the side of the one before."""
    blocks: int = 2
    """Residual blocks of a level on the way down; one more on the way up."""
    attention_levels: tuple[int, ...] = (0, 1, 2)
    """Levels that have attention, 0 having the full side; the middle always has it."""
    head_dim: int = 64
    text_dim: int = 1024
    dropout: float = 0.1
    """Inside of residual blocks, in training."""
    lora_rank: int | None = 4
    """Of the adapters on every attention; None where they are merged into the weights or were never there."""
    quirks: Quirks = field(default_factory=Quirks.none)

    def __post_init__(self) -> None:
        for name in ("latent_channels", "width", "blocks", "head_dim", "text_dim"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; at least 1 is needed")
        if self.lora_rank is not None and self.lora_rank < 1:
            raise InputError(f"lora_rank is {self.lora_rank}; give at least 1, or null for no adapters")
        if not self.multipliers or min(self.multipliers) < 1:
            raise InputError(f"multipliers are {list(self.multipliers)}; one of at least 1 for each level is needed")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout:g}; a share from 0 to below 1 is needed")
        if self.width % NORM_GROUPS or self.width % self.head_dim:
            raise InputError(
                f"width {self.width} is no multiple of {NORM_GROUPS} and of head_dim {self.head_dim}; choose one that "
                "is"
            )
        beyond = [level for level in self.attention_levels if not 0 <= level < len(self.multipliers)]
        if beyond:
            raise InputError(f"attention level {beyond[0]} is no level; 0 to {len(self.multipliers) - 1} are")

    @property
    def levels(self) -> int:
        """How many sides the network works at."""
        return len(self.multipliers)

    @property
    def channels(self) -> tuple[int, ...]:
        """Width of each level."""
        return tuple(self.width * multiplier for multiplier in self.multipliers)

    def with_quirks(self, quirks: Quirks | None) -> AMGConfig:
        """The same model with other quirks; None keeps them."""
        return self if quirks is None else replace(self, quirks=quirks)

    @classmethod
    def from_official(cls, options: Mapping[str, Any]) -> AMGConfig:
        """From upstream's names of the network's options.

        `in_dim` may be that of the network or, as in the published files, that of the film alone.

        Raises:
            InputError: an option is missing, or has a value that the released network does not work with.
        """
        for name, needed in _FIXED.items():
            if options.get(name, needed) != needed:
                raise InputError(f"{name} is {options[name]!r}; the released network works with {needed!r} alone")
        try:
            latent = int(options["out_dim"])
            if options["in_dim"] not in (latent, 2 * latent):
                raise InputError(f"in_dim is {options['in_dim']}; {latent} or {2 * latent} go with out_dim {latent}")
            multipliers = tuple(int(value) for value in options["dim_mult"])
            scales = {float(value) for value in options["attn_scales"]}
            return cls(
                latent_channels=latent,
                width=int(options["dim"]),
                multipliers=multipliers,
                blocks=int(options["num_res_blocks"]),
                attention_levels=tuple(level for level in range(len(multipliers)) if 0.5**level in scales),
                head_dim=int(options["head_dim"]),
                text_dim=int(options["context_dim"]),
                dropout=float(options["dropout"]),
                lora_rank=int(options["lora_rank"]) if options.get("use_lora") else None,
                quirks=Quirks.official(),
            )
        except KeyError as error:
            raise InputError(f"the options of the network lack {error.args[0]}") from error
        except (TypeError, ValueError) as error:
            raise InputError(f"an option of the network is of another type: {error}") from error

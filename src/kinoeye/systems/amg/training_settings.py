"""How the released architecture is trained: in a way that we recommend, and as it was trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from kinoeye.base.errors import InputError
from kinoeye.base.progress import note
from kinoeye.networks.recipe import Phase
from kinoeye.systems.amg.published_settings import Training
from kinoeye.systems.amg.quirks import Quirks

_IDLE = "num_workers, ddim_steps, viz_interval, save_ckp_interval, log_dir, temp_dir and visual_train"


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Numbers of a training; the defaults are those that we recommend, `published` has those of the released one.

    Example:
        >>> TrainingSettings().lora_rank, TrainingSettings.published().lora_rank
        (16, 4)

    Raises:
        InputError: a number is out of range.
    """

    lora_rank: int = 16
    lr: float = 1e-4
    warmup_steps: int = 200
    steps: int = 20_000
    schedule_steps: int | None = None
    """Over which the learning rate falls; None is `steps`."""
    final_lr_fraction: float = 0.1
    batch_size: int = 8
    """Clips a step, of all processes together."""
    weight_decay: float = 0.0
    caption_dropout: float = 0.1
    """Share of clips that are shown without their caption, so that there is a guidance scale for it."""
    avatar_dropout: float = 0.1
    """Share of clips that are shown with neither avatar nor caption, so that there is a guidance scale for avatars."""
    min_snr: float | None = 5.0
    """Signal-to-noise ratio from which on timesteps count less (Hang et al. 2023, arXiv 2303.09556); None: all alike.
    """
    ema_decay: float | None = 0.999
    clip_norm: float | None = 1.0
    held_out: int = 0
    """Clips at the beginning of the film that validation looks at and training does not."""
    recomputed: bool = True
    """Whether activations are computed twice to save memory; no result depends on it."""
    frames: int = 16
    fps: float = 8
    """Of clips."""
    quirks: Quirks = field(default_factory=Quirks.none)
    """`sampled_latents` and `floored_step` concern what training sees; all are saved with the model."""

    def __post_init__(self) -> None:
        for name in ("caption_dropout", "avatar_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name):g}; a share from 0 to below 1 is needed")
        if self.caption_dropout + self.avatar_dropout >= 1:
            raise InputError(
                f"caption_dropout {self.caption_dropout:g} and avatar_dropout {self.avatar_dropout:g} leave no clip "
                "with both; give shares that sum to less than 1"
            )
        for name in ("min_snr", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"{name} is {value:g}; it must be above 0")
        if self.lora_rank < 1:
            raise InputError(f"lora_rank is {self.lora_rank}; at least 1 is needed")
        if self.held_out < 0:
            raise InputError(f"{self.held_out} clips are to be held out; give 0 or more")
        _ = self.phase

    @classmethod
    def published(cls) -> Self:
        """The released training: 40,000 updates of a cosine over a million, which is to say constant."""
        return cls(
            lora_rank=4, lr=1e-6, warmup_steps=10, steps=40_000, schedule_steps=1_000_000, final_lr_fraction=0.0,
            caption_dropout=0.0, avatar_dropout=0.0, min_snr=None, ema_decay=None, clip_norm=None, held_out=5500,
            quirks=Quirks.official(),
        )  # fmt: skip

    @classmethod
    def of(cls, training: Training) -> Self:
        """What a `train.yaml` says.

        Raises:
            InputError: it has no batch size for its number of frames, no adapters, or a number is out of range.
        """
        batch_size = training.batch_sizes.get(str(training.max_frames))
        if batch_size is None:
            raise InputError(f'batch_sizes has none for {training.max_frames} frames; add "{training.max_frames}": 8')
        if not training.UNet.use_lora:
            raise InputError("use_lora is false; adapters and the input convolution are what is trained")
        ours = cls.published()
        if training.vid_dataset.use_small_batch:
            raise InputError("use_small_batch is true, which the released code does not explain; leave it false")
        note(f"{_IDLE} are read and not used: they say how upstream reads, watches and logs its training")
        return cls(
            lora_rank=training.UNet.lora_rank, lr=training.lr, warmup_steps=training.warmup_steps,
            steps=training.num_steps, schedule_steps=training.num_steps, final_lr_fraction=ours.final_lr_fraction,
            batch_size=batch_size, weight_decay=training.weight_decay, caption_dropout=ours.caption_dropout,
            avatar_dropout=ours.avatar_dropout, min_snr=ours.min_snr, ema_decay=ours.ema_decay,
            clip_norm=ours.clip_norm, held_out=ours.held_out, recomputed=training.UNet.use_checkpoint,
            frames=training.max_frames, fps=training.sample_fps, quirks=ours.quirks,
        )  # fmt: skip

    @property
    def phase(self) -> Phase:
        """The one phase of the training."""
        return Phase(
            name="films", steps=self.steps, schedule_steps=self.schedule_steps, batch_size=self.batch_size, lr=self.lr,
            warmup_steps=self.warmup_steps, final_lr_fraction=self.final_lr_fraction, betas=(0.9, 0.999),
            weight_decay=self.weight_decay, decay_vectors=True, clip_norm=self.clip_norm, ema_decay=self.ema_decay,
            precision="bf16", checkpoint_every=1000, validate_every=1000 if self.held_out else None,
        )  # fmt: skip

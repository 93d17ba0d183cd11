"""The YAML files of the released code: three applications and the training, read strictly.

Fields have upstream's names. What only one value of works with the released weights is held to it; nothing that is
written in a file is passed over in silence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text
from kinoeye.base.optional import require
from kinoeye.base.records import from_json
from kinoeye.systems.amg.autoencoder import LATENT_SCALE
from kinoeye.systems.amg.config import AMGConfig
from kinoeye.systems.amg.quirks import Quirks
from kinoeye.systems.amg.sampling import GUIDANCE, STEPS

MAX_BYTES = 1_000_000
MAX_FRAMES, MAX_SIDE = 10_000, 4096
"""Of a film that is made at once."""
_BETAS = (0.00085, 0.012)


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """`UNet`: sizes of the network; `in_dim` is that of the film alone."""

    in_dim: int = 4
    dim: int = 320
    y_dim: int = 1024
    context_dim: int = 1024
    out_dim: int = 4
    dim_mult: tuple[int, ...] = (1, 2, 4, 4)
    num_heads: int = 8
    head_dim: int = 64
    num_res_blocks: int = 2
    attn_scales: tuple[float, ...] = (1.0, 0.5, 0.25)
    dropout: float = 0.1
    temporal_attention: bool = True
    temporal_attn_times: int = 1
    use_checkpoint: bool = True
    """Whether training computes activations twice to save memory; no result depends on it."""
    use_fps_condition: bool = False
    use_sim_mask: bool = False
    use_lora: bool = True
    lora_rank: int = 4
    lora_alpha: float | None = None

    def __post_init__(self) -> None:
        if self.y_dim != self.context_dim:
            raise InputError(f"y_dim is {self.y_dim} and context_dim {self.context_dim}; the network has one of both")
        self.config()

    def config(self) -> AMGConfig:
        """The sizes as a model is built from them."""
        return AMGConfig.from_official(asdict(self))

    def require_same(self, config: AMGConfig, *, checkpoint: object) -> None:
        """Hold that a checkpoint has these sizes.

        Raises:
            InputError: it has others.
        """
        given = self.config()
        for name in ("latent_channels", "width", "multipliers", "blocks", "attention_levels", "head_dim", "text_dim"):
            if getattr(given, name) != getattr(config, name):
                raise InputError(
                    f"UNet says {name} {getattr(given, name)}, but the checkpoint {checkpoint} has "
                    f"{getattr(config, name)}; correct the settings"
                )


@dataclass(frozen=True, kw_only=True)
class ScheduleOptions:
    """`Diffusion.schedule_param`."""

    num_timesteps: Literal[1000] = 1000
    init_beta: float = _BETAS[0]
    last_beta: float = _BETAS[1]
    zero_terminal_snr: Literal[False] = False

    def __post_init__(self) -> None:
        if (self.init_beta, self.last_beta) != _BETAS:
            raise InputError(
                f"init_beta is {self.init_beta:g} and last_beta {self.last_beta:g}; the released weights work with "
                f"{_BETAS[0]:g} and {_BETAS[1]:g} alone"
            )


@dataclass(frozen=True, kw_only=True)
class DiffusionOptions:
    """`Diffusion`: the noise, and what the network says of it."""

    schedule: Literal["linear_sd"] = "linear_sd"
    schedule_param: ScheduleOptions = field(default_factory=ScheduleOptions)
    mean_type: Literal["eps"] = "eps"
    loss_type: Literal["mse"] = "mse"
    var_type: Literal["fixed_small"] = "fixed_small"
    rescale_timesteps: Literal[False] = False
    noise_strength: Literal[0] = 0


@dataclass(frozen=True, kw_only=True)
class GradientScales:
    """`grad_scale`: of the training."""

    spatial: Literal[1] = 1
    temporal: Literal[1] = 1


@dataclass(frozen=True, kw_only=True)
class EmbedderOptions:
    """`embedder`: the text encoder."""

    pretrained: str | None = None
    layer: Literal["penultimate"] = "penultimate"
    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class AutoencoderSizes:
    """`auto_encoder.ddconfig`."""

    double_z: Literal[True] = True
    z_channels: int = 4
    resolution: int = 256
    """Of the pictures that it was trained on; it takes any."""
    in_channels: Literal[3] = 3
    out_ch: Literal[3] = 3
    ch: int = 128
    ch_mult: tuple[int, ...] = (1, 2, 4, 4)
    num_res_blocks: int = 2
    attn_resolutions: tuple[int, ...] = ()
    dropout: float = 0.0
    video_kernel_size: tuple[int, ...] = (3, 1, 1)
    """Of a decoder of films, which this one is not."""

    def __post_init__(self) -> None:
        if self.attn_resolutions:
            raise InputError("attn_resolutions has values; the image autoencoder has attention in its middle alone")


@dataclass(frozen=True, kw_only=True)
class AutoencoderOptions:
    """`auto_encoder`: the image autoencoder."""

    pretrained: str
    ddconfig: AutoencoderSizes | None = None
    """None where the file says nothing of sizes."""
    embed_dim: Literal[4] = 4
    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class PublishedSettings:
    """What all four files have."""

    UNet: NetworkOptions = field(default_factory=NetworkOptions)
    Diffusion: DiffusionOptions = field(default_factory=DiffusionOptions)
    grad_scale: GradientScales = field(default_factory=GradientScales)
    embedder: EmbedderOptions = field(default_factory=EmbedderOptions)
    auto_encoder: AutoencoderOptions
    sample_fps: int = 8
    max_frames: int = 16
    guide_scale: float = GUIDANCE
    ddim_timesteps: int = STEPS
    use_fp16: bool = True
    concat_input: Literal[True] = True
    batch_sizes: Mapping[str, int] = field(default_factory=dict)
    """Frames of a clip -> clips of a training step."""

    def __post_init__(self) -> None:
        for name, most in (("sample_fps", 1000), ("max_frames", MAX_FRAMES), ("ddim_timesteps", 1000)):
            if not 1 <= getattr(self, name) <= most:
                raise InputError(f"{name} is {getattr(self, name)}; 1 to {most} are allowed")
        if not math.isfinite(self.guide_scale):
            raise InputError("guide_scale is no number; the released code has 3.0")


@dataclass(frozen=True, kw_only=True)
class ApplicationSettings(PublishedSettings):
    """What the three applications add."""

    infer_checkpoint: str
    scale_factor: float = LATENT_SCALE
    seed: int | None = None
    """Only the file of `change_background` has one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale_factor != LATENT_SCALE:
            raise InputError(f"scale_factor is {self.scale_factor:g}; latents of AMG have {LATENT_SCALE:g} alone")


@dataclass(frozen=True, kw_only=True)
class BackgroundFolders:
    """`vid_dataset` of `change_background`."""

    captions_y_dir: str
    """Text features under the name of a clip's middle frame; that they are there makes a clip valid."""
    images_feature_dir: str
    """Latents of the film."""
    hg_images_feature_dir: str
    """Latents of the avatars' rendering."""
    zero_y_path: str
    start_frame: int = 5240
    use_small_batch: bool = False
    """Of training on a part of the film; an application films one clip."""
    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeBackground(ApplicationSettings):
    """One clip of a film in other places, one film a caption."""

    vid_dataset: BackgroundFolders
    new_caption_json_folder_path: str
    save_folder: str
    keep_image: bool = True
    """Whether frames are kept as pictures beside the film."""


@dataclass(frozen=True, kw_only=True)
class MotionFolders:
    """`vid_dataset` of `change_motion`."""

    gh_images_feature_dir: str
    zero_y_path: str
    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeMotion(ApplicationSettings):
    """Every clip of another rendering, under one caption."""

    vid_dataset: MotionFolders
    new_caption: str
    save_dir: str


@dataclass(frozen=True, kw_only=True)
class CameraFolders:
    """`vid_dataset` of `move_camera`."""

    gh_images_dir: str
    """Pictures of the avatars' rendering."""
    zero_y_path: str
    start_frame: int = 0
    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class MoveCamera(ApplicationSettings):
    """A rendering by a moving camera; the released code has the caption in itself."""

    vid_dataset: CameraFolders
    save_dir: str
    resolution: tuple[int, int] = (256, 256)
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)

    def __post_init__(self) -> None:
        super().__post_init__()
        if {*self.mean, *self.std} != {0.5}:
            raise InputError("mean and std are not all 0.5, which is what the image autoencoder takes")
        if any(side < 1 or side % 8 or side > MAX_SIDE for side in self.resolution):
            raise InputError(f"resolution is {list(self.resolution)}; multiples of 8 up to {MAX_SIDE} can be filmed")


@dataclass(frozen=True, kw_only=True)
class PretrainedOptions:
    """`Pretrain`: what training begins from."""

    resume_checkpoint: str | None = None
    pretrained_image_keys: Any = None
    fix_weight: Literal[False] = False


@dataclass(frozen=True, kw_only=True)
class TrainingFolders:
    """`vid_dataset` of the training."""

    captions_y_dir: str
    images_feature_dir: str
    gh_images_feature_dir: str
    zero_y_path: str
    use_small_batch: bool = False
    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class TypeName:
    """A part that is chosen by the name of a class upstream."""

    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class Training(PublishedSettings):
    """`train.yaml`."""

    vid_dataset: TrainingFolders
    Pretrain: PretrainedOptions = field(default_factory=PretrainedOptions)
    log_dir: str | None = None
    temp_dir: str | None = None
    num_steps: int = 1_000_000
    num_workers: int = 48
    weight_decay: float = 0.0
    lr: float = 1e-6
    warmup_steps: int = 10
    decay_mode: Literal["cosine"] = "cosine"
    ddim_steps: tuple[int, ...] = ()
    """Timesteps of the sampler that shows what was learned."""
    viz_interval: int = 200
    save_ckp_interval: int = 1000
    visual_train: TypeName = field(default_factory=TypeName)
    share_noise: Literal[False] = False
    use_div_loss: Literal[False] = False


Application = ChangeBackground | ChangeMotion | MoveCamera


def read_published_settings(file: Path | str, *, quirks: Quirks) -> Application | Training:
    """What a YAML file of the released code says.

    Args:
        file: YAML 1.1 of one of the four published forms.
        quirks: of the released code.

    Raises:
        InputError: the file is missing or damaged, a key is unknown (the nearest is named) or missing, a value has
            another type, or one that the released weights do not work with.
        MissingExtraError: PyYAML is not installed.
    """
    data = _read_yaml(Path(file), octal=quirks.octal_seed)
    kind = _kind_of(data, str(file))
    try:
        return from_json(kind, data, where=str(file))
    except InputError as error:
        if str(file) in str(error):
            raise
        raise InputError(f"{file}: {error}") from error


def _kind_of(data: Mapping[str, Any], where: str) -> type[ChangeBackground | ChangeMotion | MoveCamera | Training]:
    """Told by keys that only one of the files has."""
    folders = data.get("vid_dataset")
    marks = set(data) | (set(folders) if isinstance(folders, dict) else set())
    for mark, kind in (
        ("new_caption_json_folder_path", ChangeBackground), ("hg_images_feature_dir", ChangeBackground),
        ("new_caption", ChangeMotion), ("gh_images_dir", MoveCamera), ("num_steps", Training), ("Pretrain", Training),
    ):  # fmt: skip
        if mark in marks:
            return kind
    raise InputError(
        f"{where} is no settings file of AMG: change_background has new_caption_json_folder_path, change_motion "
        "new_caption, move_camera vid_dataset.gh_images_dir and training Pretrain; add what is missing"
    )


def _read_yaml(file: Path, *, octal: bool) -> dict[str, Any]:
    yaml = require("yaml", extra="models")
    text = read_text(file, max_bytes=MAX_BYTES)

    class DecimalLoader(yaml.SafeLoader):
        """Reads 0401 as 401."""

    def decimal(loader: Any, node: Any) -> int:
        digits = node.value.replace("_", "").lstrip("+-0")
        return int(node.value) if digits.isdecimal() else yaml.SafeLoader.construct_yaml_int(loader, node)

    DecimalLoader.add_constructor("tag:yaml.org,2002:int", decimal)
    try:
        repeats = any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader))
        data = None if repeats else _named(yaml.load(text, Loader=yaml.SafeLoader if octal else DecimalLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise InputError(f"{file} is not valid YAML{where}: {getattr(error, 'problem', None) or error}") from error
    except (RecursionError, ValueError) as error:  # ValueError: a date or number that cannot be
        raise InputError(f"{file} cannot be read as YAML: {error}") from error
    if repeats:  # a few lines of such references can stand for more than fits into memory
        raise InputError(f"{file} refers to other places of itself (*name); write them out")
    if not isinstance(data, dict):
        raise InputError(f"{file} holds no named settings; give a settings file of AMG")
    return data


def _named(data: Any) -> Any:
    """Mappings with texts as keys, where YAML has numbers and truths too."""
    if isinstance(data, dict):
        return {str(key): _named(value) for key, value in data.items()}
    return [_named(value) for value in data] if isinstance(data, list) else data

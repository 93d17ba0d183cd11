"""The three applications of the released code from its own settings files to its own output files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from numpy.typing import NDArray
from torch import Tensor

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_folder, refuse_foreign_folder, write_json
from kinoeye.base.progress import note
from kinoeye.base.records import to_json
from kinoeye.footage.pictures import read_picture
from kinoeye.footage.video import write_video
from kinoeye.networks import open_tensors
from kinoeye.networks.devices import chosen_device
from kinoeye.systems.amg.autoencoder import load_autoencoder
from kinoeye.systems.amg.checkpoint import folder_config
from kinoeye.systems.amg.clips import COMPARISON, GENERATED, Clip, asked_clips
from kinoeye.systems.amg.config import AMGConfig
from kinoeye.systems.amg.official_pipeline import OfficialAMGPipeline, check_width, generator_of
from kinoeye.systems.amg.published_settings import (
    Application,
    ChangeBackground,
    MoveCamera,
    Training,
    read_published_settings,
)
from kinoeye.systems.amg.quirks import Quirks
from kinoeye.systems.amg.renderings import fitted
from kinoeye.systems.amg.stored_features import read_features, read_latents
from kinoeye.systems.amg.text_encoder import encoder_place, encoder_width

WRITTEN_FPS = 4
RECORD = "films.json"
FIRST_PICTURE = "0001.png"


@dataclass(frozen=True)
class _Files:
    """What is loaded, found before anything is."""

    checkpoint: Path
    autoencoder: Path
    text_encoder: Path
    empty: Tensor
    config: AMGConfig


@dataclass(frozen=True)
class _Filming:
    """Clips to films under upstream's names."""

    pipeline: OfficialAMGPipeline
    settings: Application
    empty: Tensor
    seed: int
    fps: float
    _decoded: dict[tuple[Path, ...], NDArray[np.uint8]] = field(default_factory=dict)
    """Films of latents that stand beside what is made; those of the last clip."""

    def make(self, clip: Clip, *, label: str) -> None:
        """Film a clip and write it, the film itself last."""
        settings, avatar = self.settings, _avatar(self.settings, clip)
        film = self.pipeline(
            avatar, clip.caption, seed=self.seed, empty=self.empty, steps=settings.ddim_timesteps,
            guidance=settings.guide_scale, label=label,
        )  # fmt: skip
        shown = self._shown(clip.avatar) if isinstance(avatar, Tensor) else avatar
        if isinstance(settings, ChangeBackground):
            beside = clip.file.name.removesuffix(GENERATED) + COMPARISON
            compared = side_by_side(self._shown(clip.film), shown, film)
            write_video(clip.file.with_name(beside), compared, fps=self.fps)
            if settings.keep_image:
                _write_pictures(_picture_folder(clip.file), film)
            write_video(clip.file, film, fps=self.fps)
        else:
            write_video(clip.file, side_by_side(film, shown), fps=self.fps)

    def record(self, clips: Sequence[Clip]) -> dict[str, object]:
        """What the films of a folder were made with."""
        settings = self.settings
        return {
            "checkpoint": Path(settings.infer_checkpoint).name, "seed": self.seed, "steps": settings.ddim_timesteps,
            "guidance": settings.guide_scale, "fps": self.fps, "quirks": to_json(self.pipeline.model.config.quirks),
            "films": [{"file": clip.file.name, "start": clip.start, "caption": clip.caption} for clip in clips],
        }  # fmt: skip

    def _shown(self, files: tuple[Path, ...]) -> NDArray[np.uint8]:
        if files not in self._decoded:
            if len(self._decoded) > 1:
                self._decoded.clear()
            self._decoded[files] = self.pipeline.decode(read_latents(files))
        return self._decoded[files]


def run_application(
    settings_file: Path | str,
    root: Path | str,
    out: Path | str | None = None,
    *,
    text_encoder: Path | str | None = None,
    caption: str | None = None,
    seed: int | None = None,
    limit: int | None = None,
    quirks: Quirks | None = None,
    device: str = "auto",
    dtype: torch.dtype | None = None,
) -> tuple[Path, ...]:
    """Make the films that a settings file of the released code asks for, under the names that it gives them.

    Args:
        settings_file: of `change_background`, `move_camera` or `change_motion`.
        root: what paths in the file are relative to; upstream's repository.
        out: what folders of results are relative to; None is the root.
        text_encoder: as `TextEncoder.from_pretrained`; None takes `embedder.pretrained`.
        caption: for `move_camera`, whose file has none, and in place of `new_caption` of `change_motion`.
        seed: of each film; None is the file's, or 0 where it has none.
        limit: make this many films and no more; `change_motion` makes one of every valid start.
        quirks: of the released code; None keeps those of the checkpoint, all of them for a released one.
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        dtype: of the weights; None is float32, and on a GPU float16 inside of the network where the file has
            `use_fp16`.

    Returns:
        The films' files, in order; with settings, seeds and captions in `films.json` beside them.

    Raises:
        InputError: the settings are refused, a file is missing or another model's, or clips of condition and film are
            not of one length; before anything heavy is read.
    """
    root, out = Path(root), Path(root if out is None else out)
    settings = read_published_settings(settings_file, quirks=quirks or Quirks.official())
    if isinstance(settings, Training):
        raise InputError(f"{settings_file} is of the training; applications have an infer_checkpoint")
    where = chosen_device(device)
    files = _files(settings, root, text_encoder, quirks)
    quirks = files.config.quirks
    seed = _seed(settings, seed)
    clips = asked_clips(settings, root, out, caption=caption, quirks=quirks, limit=limit)
    _check_first(settings, clips[0], files.config)
    for clip in clips:
        if isinstance(settings, ChangeBackground) and settings.keep_image:
            refuse_foreign_folder(_picture_folder(clip.file), marker=FIRST_PICTURE)
    pipeline = OfficialAMGPipeline.from_pretrained(
        files.checkpoint, autoencoder=files.autoencoder, text_encoder=files.text_encoder, device=str(where),
        dtype=dtype, autocast=torch.float16 if settings.use_fp16 and where.type == "cuda" and dtype is None else None,
        quirks=quirks,
    )  # fmt: skip
    filming = _Filming(pipeline, settings, files.empty, seed, WRITTEN_FPS if quirks.half_speed else settings.sample_fps)
    for number, clip in enumerate(clips, start=1):
        filming.make(clip, label=f"{clip.file.name} ({number} of {len(clips)})")
    for folder in dict.fromkeys(clip.file.parent for clip in clips):
        write_json(folder / RECORD, filming.record([clip for clip in clips if clip.file.parent == folder]))
    return tuple(clip.file for clip in clips)


def _files(settings: Application, root: Path, text_encoder: Path | str | None, quirks: Quirks | None) -> _Files:
    """Everything that is loaded, looked at without its values."""
    checkpoint = root / settings.infer_checkpoint
    config = folder_config(checkpoint, quirks)
    settings.UNet.require_same(config, checkpoint=settings.infer_checkpoint)
    autoencoder = root / settings.auto_encoder.pretrained
    _check_autoencoder(settings, autoencoder)
    named = settings.embedder.pretrained
    if text_encoder is None and (named is None or not (root / named).exists()):
        raise InputError(
            f"embedder.pretrained is {named}, which is not here; give text_encoder=FOLDER, that of Stable Diffusion "
            "2.x or of its text encoder: nothing is downloaded"
        )
    words = encoder_place(text_encoder if text_encoder is not None else root / str(named))
    check_width(encoder_width(words), config, where=str(words))
    zero_y = root / settings.vid_dataset.zero_y_path
    empty = read_features(zero_y)
    check_width(empty.shape[2], config, where=str(zero_y))
    return _Files(checkpoint, autoencoder, words, empty, config)


def _check_autoencoder(settings: Application, file: Path) -> None:
    vae, _ = load_autoencoder(open_tensors(file), device="meta")
    sizes = settings.auto_encoder.ddconfig
    if sizes is None:
        return
    channels = vae.config["block_out_channels"]
    for name, given, has in (
        ("z_channels", sizes.z_channels, vae.config["latent_channels"]),
        ("ch * ch_mult", [sizes.ch * multiple for multiple in sizes.ch_mult], list(channels)),
        ("num_res_blocks", sizes.num_res_blocks, vae.config["layers_per_block"]),
    ):
        if given != has:
            raise InputError(f"ddconfig says {name} {given}, but {file} has {has}; correct the settings")


def _check_first(settings: Application, clip: Clip, config: AMGConfig) -> None:
    """That a folder is of the wrong kind is known before weights load."""
    avatar = _avatar(settings, clip)
    if isinstance(avatar, Tensor) and avatar.shape[0] != config.latent_channels:
        raise InputError(
            f"{clip.avatar[0].parent} has latents of {avatar.shape[0]} channels; the checkpoint works with "
            f"{config.latent_channels}"
        )
    if clip.film and isinstance(avatar, Tensor):
        film = read_latents(clip.film)
        if film.shape != avatar.shape:
            raise InputError(
                f"{clip.film[0].parent} has latents {list(film.shape)} and {clip.avatar[0].parent} "
                f"{list(avatar.shape)}; the film and the avatar's rendering need one shape"
            )


def _seed(settings: Application, given: int | None) -> int:
    seed = settings.seed if given is None else given
    if seed is None:
        note("the settings have no seed, with which upstream's films differ from run to run; the seed here is 0")
        return 0
    generator_of(seed)
    return seed


def _avatar(settings: Application, clip: Clip) -> Tensor | NDArray[np.uint8]:
    """The condition as the pipeline takes it."""
    if not isinstance(settings, MoveCamera):
        return read_latents(clip.avatar)
    return np.stack([fitted(read_picture(file), settings.resolution) for file in clip.avatar])


def side_by_side(*films: UInt8[np.ndarray, "f h w 3"]) -> UInt8[np.ndarray, "f h widths 3"]:
    """Films from left to right in one.

    Raises:
        InputError: they differ in length or height.
    """
    sizes = {film.shape[:2] for film in films}
    if len(sizes) > 1:
        told = ", ".join(f"{film.shape[0]} frames of {film.shape[1]} rows" for film in films)
        raise InputError(f"films side by side have {told}; give films of one length and height")
    return np.concatenate(films, axis=2)


def _picture_folder(film: Path) -> Path:
    return film.with_name(f"{film.name}_frames")


def _write_pictures(folder: Path, film: NDArray[np.uint8]) -> None:
    from PIL import Image

    with atomic_folder(folder, marker=FIRST_PICTURE) as temporary:
        for number, picture in enumerate(film, start=1):
            Image.fromarray(picture).save(temporary / f"{number:04d}.png")

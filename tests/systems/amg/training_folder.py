"""A film, its avatars and its captions in files, and a small random text-to-video model to begin with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from upstream_folder import AUTOENCODER, PIXELS, TEXT_ENCODER, TOKENS, WIDTH

from kinoeye.networks import open_tensors
from kinoeye.systems.amg.official_recipe import Encoders, OfficialRecipe
from kinoeye.systems.amg.training_clips import Cropping, FilmedClips
from kinoeye.systems.amg.training_settings import TrainingSettings

FRAMES, CLIPS, MIDDLE = 50, 5, 24
"""Of the film, in it, and the middle frame of the first clip."""
BASE = "models/model_scope_v1-4_0600000.pth"


def base_tensors() -> dict[str, Tensor]:
    """A text-to-video model of the fixture's sizes under official keys."""
    weights = dict(open_tensors(Path(__file__).parents[2] / "fixtures" / "amg" / "weights"))
    entry = weights["input_blocks.0.0.weight"]
    weights["input_blocks.0.0.weight"] = entry[:, : entry.shape[1] // 2].clone()
    return {key: value for key, value in weights.items() if "_lora." not in key}


def write_base(file: Path) -> None:
    """As upstream's training begins from."""
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": base_tensors(), "step": 600_000}, file)


def write_film(root: Path) -> None:
    """Folders `film` and `avatars` of pictures and `captions` of words, one caption a clip."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for folder in ("film", "avatars", "captions"):
        (root / folder).mkdir(parents=True)
    for number in range(FRAMES):
        for folder in ("film", "avatars"):
            picture = rng.integers(0, 256, (PIXELS, PIXELS + 4, 3), dtype=np.uint8)
            Image.fromarray(picture).save(root / folder / f"film_{number:06d}.png")
    for number in range(CLIPS):
        (root / "captions" / f"film_{MIDDLE + number:06d}.txt").write_text(f"take {'abcde'[number]}\n")


def write_features(root: Path) -> None:
    """What upstream's training reads: a folder `features` of one tensor a clip, and that of the empty caption."""
    (root / "features").mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    for number in range(CLIPS):
        value = torch.randn(1, TOKENS, WIDTH, generator=generator)
        torch.save(value, root / "features" / f"film_{MIDDLE + number:06d}.pth")
    torch.save(torch.zeros(1, TOKENS, WIDTH), root / "zero_y.pth")


def recipe_of(root: Path, upstream: Path, **settings: object) -> OfficialRecipe:
    """Training on the pictures and words of a folder."""
    return OfficialRecipe(
        init=root / BASE,
        source=FilmedClips(film=str(root / "film"), avatars=str(root / "avatars"), captions=str(root / "captions")),
        encoders=Encoders(root / "latents", upstream / AUTOENCODER, upstream / TEXT_ENCODER, device="cpu"),
        cropping=Cropping(size_wh=(PIXELS, PIXELS)),
        settings=TrainingSettings(**{"steps": 3, "batch_size": 2, "lora_rank": 2, **settings}),  # type: ignore[arg-type]
    )

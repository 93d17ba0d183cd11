"""A small film model of random weights, and what it is shown."""

from __future__ import annotations

import numpy as np
import torch

from kinoeye.footage.take import Layer, Take
from kinoeye.geometry.intrinsics import Intrinsics
from kinoeye.geometry.lie import SE3
from kinoeye.geometry.track import Track, Trajectory
from kinoeye.networks.codec import PatchCodec
from kinoeye.networks.text import Vocabulary
from kinoeye.shot.shot import Shot
from kinoeye.systems.amg.film_config import PLACES, AvatarFilmConfig
from kinoeye.systems.amg.film_model import AvatarFilm
from kinoeye.systems.amg.place_field import PlaceFieldConfig
from kinoeye.systems.amg.place_reader import caption_words

SIDE, FRAMES = 16, 16
SMALL = PlaceFieldConfig(
    channels=2, ground_texels=8, wall_texels=(8, 4), sky_texels=(8, 4), shells=3, shell_texels=(8, 4), waves=2, width=8
)


def small_model(*, seed: int = 0, trained: bool = True) -> AvatarFilm:
    """A model of random weights; untrained it predicts the composite."""
    torch.manual_seed(seed)
    codec = PatchCodec.fit([torch.rand(4, 3, 16, 16) * 2 - 1 for _ in range(8)], channels=64)
    vocabulary = Vocabulary.of([caption_words(f"a man waves in the {place}") for place in PLACES] * 3, buckets=32)
    model = AvatarFilm(
        AvatarFilmConfig(words=vocabulary.words, buckets=32, codec=codec.config, field=SMALL, heads=1, layers=1, ffn=32,
                         size_wh=(SIDE, SIDE)), codec)  # fmt: skip
    if trained:
        for parameter in model.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    return model.eval()


def guide(frames: int = FRAMES, *, size_wh: tuple[int, int] = (SIDE, SIDE), seed: int = 0) -> Take:
    """A block of changing colours that goes from left to right in front of a camera at 1.5 m."""
    rng = np.random.default_rng(seed)
    width, height = size_wh
    values = {
        "rgb": np.zeros((frames, height, width, 3), np.uint8),
        "alpha": np.zeros((frames, height, width), np.uint8),
        "depth": np.full((frames, height, width), np.inf, np.float32),
        "instance": np.zeros((frames, height, width), np.uint8),
    }
    for frame in range(frames):
        at = (slice(frame, frame + 1), slice(4, 12), slice(frame % (width - 4), frame % (width - 4) + 4))
        values["rgb"][at] = rng.integers(50, 255, 3)
        values["alpha"][at], values["depth"][at], values["instance"][at] = 255, 4.0, 1
    T = torch.eye(4, dtype=torch.float64).repeat(frames, 1, 1)
    T[:, :3, :3] = torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
    T[:, 2, 3] = 1.5
    times = torch.arange(frames, dtype=torch.float64) / 8
    lens = Intrinsics(torch.tensor([1.2 * width, 1.2 * width, width / 2, height / 2], dtype=torch.float64), size_wh)
    camera = Trajectory(Track(SE3.from_matrix(T), times), lens)
    layers = {name: Layer(array, "truth") for name, array in values.items()}
    return Take(times_s=times.numpy(), layers=layers, cameras={"truth": camera})


def shot_of(take: Take, prompt: str) -> Shot:
    return Shot(camera=take.cameras["truth"], prompt=prompt)

"""DIRECTOR against the official code: one denoised batch and one sampled with its default sampler."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from kinoeye.evaluation.parity import Fixture, differences
from kinoeye.networks.director.checkpoint import KEYS, official_tensors
from kinoeye.networks.director.conditions import Conditions
from kinoeye.networks.director.config import DirectorConfig
from kinoeye.networks.director.diffusion import denoise, sample
from kinoeye.networks.director.model import build_director


def director_parity(folder: Path) -> dict[str, float]:
    """Output of the fixture -> largest absolute difference."""
    fixture = Fixture.open(folder, "director")
    model = build_director(DirectorConfig.from_official(fixture.config))
    KEYS.load(model, official_tensors(fixture.weights))
    model.eval()
    given = fixture.tensors("io")
    conditions = Conditions(_frames_first(given["char"]), _frames_first(given["text"]))
    valid = given["mask"].bool()
    noisy, latents = _frames_first(given["x"]), _frames_first(given["latents"])
    ours = {
        "denoised": _frames_first(denoise(model, noisy, given["sigma"], conditions, valid)),
        "sampled": _frames_first(sample(model, latents, conditions, valid)),
    }
    return differences(ours, given)


def _frames_first(values: Tensor) -> Tensor:
    """[b, features, frames] <-> [b, frames, features]."""
    return values.transpose(1, 2)

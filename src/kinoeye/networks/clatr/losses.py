"""The terms that CLaTr is trained with (TMR, arXiv 2305.00976, section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from kinoeye.networks.clatr.model import ClatrOutput, Gaussian
from kinoeye.networks.clatr.quirks import Quirks


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Weights of the terms."""

    reconstruction: float = 1.0
    latent: float = 1e-5
    kl: float = 1e-5
    contrastive: float = 0.1
    temperature: float = 0.1
    """Divides the cosines of the contrastive term."""


def same_captions(sentences: Float[Tensor, "b d"], threshold: float = 0.99) -> Bool[Tensor, "b b"]:
    """Which captions say the same, so that their pairs are no negatives: cosine of the sentences above a threshold."""
    unit = functional.normalize(sentences, dim=-1)
    return unit @ unit.T > threshold


def clatr_losses(
    output: ClatrOutput,
    features: Float[Tensor, "b f 9"],
    valid: Bool[Tensor, "b f"],
    same: Bool[Tensor, "b b"],
    *,
    weights: LossWeights,
    quirks: Quirks,
) -> dict[str, Tensor]:
    """Scalars `reconstruction`, `latent`, `kl`, `contrastive` and their weighted sum `loss`.

    The posteriors' means are compared, as the embedding's users do; draws of them learn the same far slower.
    """
    counted = torch.ones_like(valid) if quirks.padding_in_reconstruction else valid
    terms = {
        "reconstruction": reconstruction_loss(output.from_text, features, counted)
        + reconstruction_loss(output.from_path, features, counted),
        "latent": functional.smooth_l1_loss(output.path.mean, output.text.mean),
        "kl": kl_loss(output.path, output.text),
        "contrastive": contrastive_loss(output.path.mean, output.text.mean, same, weights.temperature),
    }
    total = (
        weights.reconstruction * terms["reconstruction"]
        + weights.latent * terms["latent"]
        + weights.kl * terms["kl"]
        + weights.contrastive * terms["contrastive"]
    )
    return {"loss": total, **terms}


def reconstruction_loss(
    decoded: Float[Tensor, "b f 9"], features: Float[Tensor, "b f 9"], counted: Bool[Tensor, "b f"]
) -> Float[Tensor, ""]:
    """Mean smooth L1 difference (Huber's with a threshold of 1) over the features of counted frames."""
    error = functional.smooth_l1_loss(decoded, features, reduction="none").mean(-1)
    return (error * counted).sum() / counted.sum()


def kl_loss(path: Gaussian, text: Gaussian) -> Float[Tensor, ""]:
    """Mean divergences of the posteriors, path from text, text from path, and each from the standard normal."""
    standard = Gaussian(torch.zeros_like(path.mean), torch.zeros_like(path.logvar))
    pairs = ((path, text), (text, path), (path, standard), (text, standard))
    return torch.stack([kl_divergence(p, q).mean() for p, q in pairs]).sum()


def kl_divergence(p: Gaussian, q: Gaussian) -> Float[Tensor, "b d"]:
    """KL(p || q) of each latent dimension."""
    ratio = (p.logvar - q.logvar).exp()
    return 0.5 * (ratio + (p.mean - q.mean) ** 2 * (-q.logvar).exp() - 1 - p.logvar + q.logvar)


def contrastive_loss(
    path: Float[Tensor, "b d"], text: Float[Tensor, "b d"], same: Bool[Tensor, "b b"], temperature: float
) -> Float[Tensor, ""]:
    """InfoNCE in both directions over cosines; pairs of other items that say the same are left out."""
    # Elementwise, because a matrix product would be rounded to 16 bits under autocast.
    cosines = functional.cosine_similarity(path[:, None], text[None], dim=-1) / temperature
    diagonal = torch.eye(len(path), dtype=torch.bool, device=path.device)
    cosines = cosines.masked_fill(same & ~diagonal, -torch.inf)
    target = torch.arange(len(path), device=path.device)
    return (functional.cross_entropy(cosines, target) + functional.cross_entropy(cosines.T, target)) / 2

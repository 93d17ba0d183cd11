"""CLaTr against the official code: embeddings, decoded features and every term of the loss."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from kinoeye.evaluation.parity import Fixture, differences
from kinoeye.networks.captioned_paths import CaptionTokens
from kinoeye.networks.clatr.checkpoint import KEYS, official_tensors
from kinoeye.networks.clatr.config import ClatrConfig
from kinoeye.networks.clatr.losses import LossWeights, clatr_losses, same_captions
from kinoeye.networks.clatr.model import Clatr
from kinoeye.networks.clatr.quirks import Quirks


def clatr_parity(folder: Path) -> dict[str, float]:
    """Output of the fixture -> largest absolute difference."""
    fixture = Fixture.open(folder, "clatr")
    model = Clatr(ClatrConfig.from_official(fixture.config))
    KEYS.load(model, official_tensors(fixture.weights))
    model.eval()
    given = fixture.tensors("io")
    valid, text_valid = given["traj_mask"].bool(), given["text_mask"].bool()
    output = model(given["traj"], valid, CaptionTokens(given["text"], text_valid))
    losses = clatr_losses(
        output, given["traj"], valid, same_captions(given["sent_token"]),
        weights=LossWeights(), quirks=Quirks.official(),
    )  # fmt: skip
    ours: dict[str, Tensor] = {
        "traj_mu": output.path.mean,
        "traj_logvar": output.path.logvar,
        "text_mu": output.text.mean,
        "text_logvar": output.text.logvar,
        "dec_from_traj": output.from_path,
        "dec_from_text": output.from_text,
        "loss_recons": losses["reconstruction"][None],
        "loss_latent": losses["latent"][None],
        "loss_kl": losses["kl"][None],
        "loss_contrastive": losses["contrastive"][None],
        "loss_total": losses["loss"][None],
    }
    return differences(ours, given)

"""CLaTr: variational encoders of paths and captions into one space, and a decoder back to paths (arXiv 2407.01516)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from kinoeye.networks.captioned_paths import CaptionTokens
from kinoeye.networks.clatr.config import ClatrConfig
from kinoeye.networks.sinusoids import sinusoids


class Gaussian(NamedTuple):
    """Independent normal distributions of latents."""

    mean: Float[Tensor, "b d"]
    logvar: Float[Tensor, "b d"]

    def sample(self, generator: torch.Generator) -> Float[Tensor, "b d"]:
        """One draw of each."""
        noise = torch.randn(self.mean.shape, generator=generator, device=generator.device, dtype=torch.float32)
        return self.mean + noise.to(self.mean) * (self.logvar / 2).exp()


class ClatrOutput(NamedTuple):
    """Everything that the losses compare."""

    path: Gaussian
    text: Gaussian
    from_path: Float[Tensor, "b f 9"]
    """Path features decoded from the latent of the path."""
    from_text: Float[Tensor, "b f 9"]
    """Path features decoded from the latent of the caption."""


class SequenceEncoder(nn.Module):
    """A sequence to a Gaussian: two learned tokens come first, and their outputs are its mean and log-variance.

    The scheme of TEMOS (arXiv 2204.14109, section 3.2) with post-norm layers.
    """

    def __init__(self, input_dim: int, config: ClatrConfig, **factory: torch.device | torch.dtype | None) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.randn(2, config.latent_dim, **factory))  # type: ignore[arg-type]
        self.projection = nn.Linear(input_dim, config.latent_dim, **factory)  # type: ignore[arg-type]
        self.dropout = nn.Dropout(config.dropout)
        self.layers = _layers(nn.TransformerEncoderLayer, config, **factory)

    def forward(self, values: Float[Tensor, "b n f"], valid: Bool[Tensor, "b n"]) -> Gaussian:
        """The distribution of each sequence; what is not valid is not seen."""
        tokens = self.tokens.expand(len(values), -1, -1)
        hidden = torch.cat([tokens, self.projection(values)], dim=1)  # [b, 2 + n, d]
        hidden = self.dropout(hidden + sinusoids(*hidden.shape[1:], device=hidden.device, dtype=hidden.dtype))
        padding = nn.functional.pad(~valid, (2, 0), value=False)
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=padding)
        return Gaussian(hidden[:, 0], hidden[:, 1])


class PathDecoder(nn.Module):
    """A latent to path features: positions ask, the latent is the only memory."""

    def __init__(self, config: ClatrConfig, **factory: torch.device | torch.dtype | None) -> None:
        super().__init__()
        self.width = config.latent_dim
        self.dropout = nn.Dropout(config.dropout)
        self.layers = _layers(nn.TransformerDecoderLayer, config, **factory)
        self.output = nn.Linear(config.latent_dim, config.feature_dim, **factory)  # type: ignore[arg-type]

    def forward(self, latent: Float[Tensor, "b d"], valid: Bool[Tensor, "b f"]) -> Float[Tensor, "b f 9"]:
        """Path features of each latent; frames that are not valid are zero."""
        positions = sinusoids(valid.shape[1], self.width, device=latent.device, dtype=latent.dtype)
        hidden = self.dropout(positions.expand(len(latent), -1, -1))
        for layer in self.layers:
            hidden = layer(hidden, latent[:, None], tgt_key_padding_mask=~valid)
        return self.output(hidden) * valid[..., None]


class Clatr(nn.Module):
    """Both encoders and the decoder.

    Example:
        >>> model = Clatr(ClatrConfig.small(text_dim=16)).eval()
        >>> path, valid = torch.zeros(1, 60, 9), torch.ones(1, 60, dtype=torch.bool)
        >>> model.embed_path(path, valid).shape
        torch.Size([1, 128])
    """

    def __init__(
        self,
        config: ClatrConfig,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        factory = {"device": torch.device(device) if device is not None else None, "dtype": dtype}
        self.path_encoder = SequenceEncoder(config.feature_dim, config, **factory)
        self.text_encoder = SequenceEncoder(config.text_dim, config, **factory)
        self.path_decoder = PathDecoder(config, **factory)

    def forward(
        self,
        features: Float[Tensor, "b f 9"],
        valid: Bool[Tensor, "b f"],
        text: CaptionTokens,
        generator: torch.Generator | None = None,
    ) -> ClatrOutput:
        """What the losses compare; decoded latents are drawn with the generator, or are means without one."""
        path, caption = self.path_encoder(features, valid), self.text_encoder(text.features, text.valid)
        z_path, z_text = (p.mean if generator is None else p.sample(generator) for p in (path, caption))
        return ClatrOutput(path, caption, self.path_decoder(z_path, valid), self.path_decoder(z_text, valid))

    def embed_path(self, features: Float[Tensor, "b f 9"], valid: Bool[Tensor, "b f"]) -> Float[Tensor, "b d"]:
        """Embeddings of paths, the means of their posteriors."""
        return self.path_encoder(features, valid).mean

    def embed_text(self, text: CaptionTokens) -> Float[Tensor, "b d"]:
        """Embeddings of captions, the means of their posteriors."""
        return self.text_encoder(text.features, text.valid).mean


def _layers(kind: type[nn.Module], config: ClatrConfig, **factory: torch.device | torch.dtype | None) -> nn.ModuleList:
    sizes = (config.latent_dim, config.heads, config.feed_forward_dim, config.dropout, "gelu")
    return nn.ModuleList(kind(*sizes, batch_first=True, **factory) for _ in range(config.layers))

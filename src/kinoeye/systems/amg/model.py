"""The network of the released checkpoint: diffusers' stock text-to-video UNet that also sees the avatar's latents."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from kinoeye.base.optional import require
from kinoeye.networks.ddim import NoiseSchedule
from kinoeye.systems.amg.config import NORM_GROUPS, AMGConfig

ADAPTER = "default"
ADAPTED = ("to_q", "to_k", "to_v", "to_out.0")
"""What of every attention has an adapter."""


class AMG(nn.Module):
    """Predicts the noise in a film's latents from a caption and the latents of the avatar's rendering.

    Args:
        config: sizes; with a `lora_rank` the attentions have adapters of that rank as peft makes them.
    """

    def __init__(self, config: AMGConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = _unet(config)

    def forward(
        self,
        noisy: Float[Tensor, "b c f h w"],
        avatar: Float[Tensor, "b c f h w"],
        timesteps: Int[Tensor, " b"],
        text: Float[Tensor, "b n d"],
    ) -> Float[Tensor, "b c f h w"]:
        """The noise in noisy latents; the avatar's latents have the same frames."""
        return self.unet(torch.cat([noisy, avatar], dim=1), timesteps, text).sample


def noise_loss(
    model: AMG,
    film: Float[Tensor, "b c f h w"],
    avatar: Float[Tensor, "b c f h w"],
    text: Float[Tensor, "b n d"],
    timesteps: Int[Tensor, " b"],
    noise: Float[Tensor, "b c f h w"],
    *,
    min_snr: float | None = None,
) -> Float[Tensor, ""]:
    """Mean squared error of the noise that the model finds in a film's noised latents.

    Args:
        model: what is trained.
        film: clean latents.
        avatar: latents of the avatar's rendering.
        text: features of captions.
        timesteps: how noisy each film is.
        noise: standard normal values.
        min_snr: an error counts min(SNR, this) / SNR at a timestep of the signal-to-noise ratio SNR (Hang et al. 2023,
            arXiv 2303.09556, section 3.4); None is 1, as in the released training.
    """
    schedule = NoiseSchedule()
    found = model(schedule.noised(film, noise, timesteps), avatar, timesteps, text)
    errors = (found - noise).square().flatten(1).mean(dim=1)
    if min_snr is not None:
        signal = schedule.alphas_cumprod
        errors = errors * (min_snr * (1 - signal) / signal).clamp(max=1).to(errors)[timesteps]
    return errors.mean()


def _unet(config: AMGConfig) -> Any:
    diffusers = require("diffusers", extra="models")
    attended = [level in config.attention_levels for level in range(config.levels)]
    unet = diffusers.UNet3DConditionModel(
        in_channels=2 * config.latent_channels,
        out_channels=config.latent_channels,
        down_block_types=tuple("CrossAttnDownBlock3D" if has else "DownBlock3D" for has in attended),
        up_block_types=tuple("CrossAttnUpBlock3D" if has else "UpBlock3D" for has in reversed(attended)),
        block_out_channels=config.channels,
        layers_per_block=config.blocks,
        norm_num_groups=NORM_GROUPS,
        cross_attention_dim=config.text_dim,
        attention_head_dim=config.head_dim,
    )
    resnets = require("diffusers.models.resnet", extra="models")
    for block in unet.modules():
        if isinstance(block, (resnets.ResnetBlock2D, resnets.TemporalConvLayer)):
            for part in block.modules():
                if isinstance(part, nn.Dropout):
                    part.p = config.dropout
    if config.lora_rank is not None:
        peft = require("peft", extra="models")
        # An alpha that equals the rank is a scale of 1, which the released adapters have.
        adapters = peft.LoraConfig(r=config.lora_rank, lora_alpha=config.lora_rank, target_modules=list(ADAPTED))
        peft.inject_adapter_in_model(adapters, unet, adapter_name=ADAPTER)
    return unet

"""The small film model: avatars in the light of a painted place, which a stock video transformer makes a film of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from kinoeye.base.optional import require
from kinoeye.networks.codec import PatchCodec
from kinoeye.networks.latent_maps import widen_inputs
from kinoeye.networks.wan_attention import WanMatmulAttnProcessor, WanUniformAttnProcessor, set_rope_theta
from kinoeye.systems.amg.conditions import GREY, MAPS, AvatarFilms, FilmConditions, film_conditions
from kinoeye.systems.amg.film_config import AvatarFilmConfig
from kinoeye.systems.amg.place_field import PlaceField
from kinoeye.systems.amg.place_light import PlaceLight
from kinoeye.systems.amg.place_reader import PlaceReaders
from kinoeye.systems.amg.rays import pixel_rays

HEAD_WIDTH = 64
TIMESTEPS = 1000
"""The stock transformer's time for pure noise."""
_RAYS_AT_ONCE = 16_384


class AvatarFilm(nn.Module):
    """Avatars on black, their camera and a caption to the latents of a film.

    The caption is read as shares of places; the places' field paints what the camera sees there; the places' light
    falls on the avatars, which are laid over that picture with their shadows. A stock `WanTransformer3DModel` predicts
    how the film differs from this composite, from noisy latents, the composite, maps of the avatars (pixel unshuffle)
    and the places. It predicts the clean latents x0 of x = (1 - noise) x0 + noise e. Untrained it is the composite.

    Args:
        config: sizes.
        codec: of films, frozen.
    """

    def __init__(self, config: AvatarFilmConfig, codec: PatchCodec) -> None:
        super().__init__()
        self.config = config
        self.codec = codec
        self.reader = PlaceReaders(config.vocabulary, len(config.places), config.readers)
        self.field = PlaceField(config.field)
        self.light = PlaceLight(len(config.places))
        self.text = nn.Linear(len(config.places), config.text_tokens * config.text_width)
        self.transformer = _transformer(config, codec)

    def read(self, captions: Sequence[str]) -> Float[Tensor, "b k"]:
        """Shares of places that captions speak of."""
        return self.reader(self.reader.batch(captions).to(self.text.weight.device))

    @contextmanager
    def uniform_attention(self) -> Iterator[None]:
        """Every attention map of the transformer uniform inside the block: what it would do without attention."""
        self.transformer.set_attn_processor(WanUniformAttnProcessor())
        try:
            yield
        finally:
            self.transformer.set_attn_processor(WanMatmulAttnProcessor())

    def backdrop(
        self,
        places: Float[Tensor, "b k"],
        T_world_cam: Float[Tensor, "b f 3 4"],
        fx_fy_cx_cy: Float[Tensor, "b f 4"],
        size_wh: tuple[int, int],
    ) -> Float[Tensor, "b f h w 3"]:
        """What cameras see of places where nobody is, from 0 to 1; grey where nothing is known of them.

        Args:
            places: share of each place, all zero for any.
            T_world_cam: cameras of the frames.
            fx_fy_cx_cy: intrinsics in pixels.
            size_wh: width and height in pixels.
        """
        rays = pixel_rays(T_world_cam, fx_fy_cx_cy, size_wh)
        films = zip(
            places.split(1),
            *(part.flatten(1, 3).split(1) for part in (rays.origins, rays.directions, rays.angles)),
            strict=True,
        )
        return torch.stack([self._painted(*film) for film in films]).view(rays.directions.shape)

    def _painted(self, places: Tensor, origins: Tensor, directions: Tensor, angles: Tensor) -> Float[Tensor, "n 3"]:
        rgb = torch.full_like(directions[0], GREY)
        if not places.any():
            return rgb
        missed = self.field.shells.missed(origins, directions)[0]
        for ground_alone in (False, True):
            chosen = torch.nonzero(missed == ground_alone)[:, 0]
            for some in chosen.split(_RAYS_AT_ONCE):
                rays = (origins[:, some], directions[:, some], angles[:, some])
                rgb[some] = self.field(places, *rays, ground_alone=ground_alone)[0]
        return rgb

    def conditions(self, avatars: AvatarFilms, places: Float[Tensor, "b k"]) -> FilmConditions:
        """What films are made from.

        Args:
            avatars: what is rendered.
            places: share of each place, all zero for any.
        """
        backdrop = self.backdrop(places, avatars.T_world_cam, avatars.fx_fy_cx_cy, avatars.size_wh)
        return film_conditions(self.codec, self.light, avatars, backdrop, self.field.suns(places), places)

    def forward(
        self, noisy: Float[Tensor, "b c n y x"], noise: Float[Tensor, " b"], given: FilmConditions
    ) -> Float[Tensor, "b c n y x"]:
        """Clean latents of noisy ones.

        Args:
            noisy: latents.
            noise: share of noise in them, 0 to 1.
            given: the conditions.
        """
        constant = given.places[:, :, None, None, None].expand(-1, -1, *noisy.shape[2:])
        tokens = self.text(given.places).unflatten(1, (self.config.text_tokens, -1))
        shown = torch.cat([noisy, given.composite, given.maps, constant], dim=1)
        change = self.transformer(shown, noise * TIMESTEPS, tokens, return_dict=False)[0]
        return given.composite + change.to(noisy.dtype)


def _transformer(config: AvatarFilmConfig, codec: PatchCodec) -> Any:
    diffusers = require("diffusers", extra="models")
    channels = codec.channels
    model = diffusers.WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=config.heads,
        attention_head_dim=HEAD_WIDTH,
        in_channels=channels,
        out_channels=channels,
        text_dim=config.text_width,
        freq_dim=128,
        ffn_dim=config.ffn,
        num_layers=config.layers,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=64,
    )
    widen_inputs(model, channels + len(MAPS) * codec.config.frames * codec.config.side**2 + len(config.places))
    set_rope_theta(model)
    model.set_attn_processor(WanMatmulAttnProcessor())
    for part in model.modules():
        if hasattr(part, "approximate"):
            part.approximate = "none"  # the exact error function is faster on a CPU than its approximation
    nn.init.zeros_(model.proj_out.weight)
    nn.init.zeros_(model.proj_out.bias)
    return model

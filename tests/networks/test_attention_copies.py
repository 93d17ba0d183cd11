"""A task that only attention can solve: copy each colour to a place that the caption says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from kinoeye.networks.seeding import seeded
from kinoeye.networks.wan_attention import WanMatmulAttnProcessor, WanUniformAttnProcessor, set_rope_theta

pytest.importorskip("diffusers")
from diffusers import WanTransformer3DModel

SIDE, BATCH, STEPS = 8, 32, 160
MOVES_YX = ((0, 2), (0, -2), (2, 0), (-2, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))
"""What the captions say; caption k is the k-th unit vector, in constant channels and as the one token of text."""


def displaced(colors: Tensor, moves_yx: Tensor) -> tuple[Tensor, Tensor]:
    """Random colours [b, 3, 1, y, x] moved by places, and where a colour came to lie."""
    moved, known = torch.zeros_like(colors), torch.zeros_like(colors, dtype=torch.bool)
    for index, (dy, dx) in enumerate(moves_yx.tolist()):
        to = slice(max(dy, 0), SIDE + min(dy, 0)), slice(max(dx, 0), SIDE + min(dx, 0))
        come = slice(max(-dy, 0), SIDE + min(-dy, 0)), slice(max(-dx, 0), SIDE + min(-dx, 0))
        moved[index, :, :, *to] = colors[index, :, :, *come]
        known[index, :, :, *to] = True
    return moved, known


def copying_error(model: WanTransformer3DModel, batch: int, generator: torch.Generator) -> Tensor:
    """Mean square over that of the colours: 1 is what a model reaches that says mid-grey everywhere."""
    colors = torch.randn(batch, 3, 1, SIDE, SIDE, generator=generator)
    captions = torch.randint(len(MOVES_YX), (batch,), generator=generator)
    target, known = displaced(colors, torch.tensor(MOVES_YX)[captions])
    words = functional.one_hot(captions, len(MOVES_YX)).float()
    constant = words[:, :, None, None, None].expand(-1, -1, 1, SIDE, SIDE)
    copied = model(torch.cat([colors, constant], dim=1), torch.zeros(batch), words[:, None]).sample
    return (copied - target)[known].square().mean()


def trained(processor: object) -> tuple[WanTransformer3DModel, torch.Generator]:
    with seeded(0) as generator:
        model = WanTransformer3DModel(
            patch_size=(1, 1, 1), in_channels=3 + len(MOVES_YX), out_channels=3, num_attention_heads=2,
            attention_head_dim=32, num_layers=1, ffn_dim=64, text_dim=len(MOVES_YX), freq_dim=32, rope_max_seq_len=16,
        )  # fmt: skip
    set_rope_theta(model)
    model.set_attn_processor(processor)  # pyright: ignore[reportArgumentType] - the list there lacks the stock one too
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.9, 0.95), weight_decay=0.0)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=STEPS, pct_start=0.1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        copying_error(model, BATCH, generator).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
    return model, generator


def test_one_layer_of_attention_learns_to_copy_to_where_the_caption_says():
    model, generator = trained(WanMatmulAttnProcessor())
    with torch.no_grad():
        assert copying_error(model, 256, generator) < 0.1
        model.set_attn_processor(WanUniformAttnProcessor())  # pyright: ignore[reportArgumentType]
        assert copying_error(model, 256, generator) > 0.9


def test_without_attention_nothing_is_learnt():
    model, generator = trained(WanUniformAttnProcessor())
    with torch.no_grad():
        assert copying_error(model, 256, generator) > 0.9

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.networks.seeding import seeded
from kinoeye.networks.wan_attention import WanMatmulAttnProcessor, WanUniformAttnProcessor, set_rope_theta

pytest.importorskip("diffusers")
from diffusers import WanTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanAttnProcessor, WanTransformerBlock


def small_wan(*, image_width: int | None = None) -> WanTransformer3DModel:
    """Two layers with random weights, those of norms and biases included."""
    with seeded(0):
        model = WanTransformer3DModel(
            in_channels=8, out_channels=4, num_attention_heads=2, attention_head_dim=24, num_layers=2, ffn_dim=64,
            text_dim=16, freq_dim=32, rope_max_seq_len=16, added_kv_proj_dim=image_width,
        )  # fmt: skip
        for parameter in model.parameters():
            if parameter.ndim == 1:
                nn.init.normal_(parameter, 1.0, 0.3)
    return model


def first_block(*, image_width: int | None = None) -> WanTransformerBlock:
    block = small_wan(image_width=image_width).blocks[0]
    assert isinstance(block, WanTransformerBlock)
    return block


def attend(model: WanTransformer3DModel, processor: object) -> None:
    model.set_attn_processor(processor)  # pyright: ignore[reportArgumentType] - the list there lacks the stock one too


def inputs(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    latents = torch.randn(2, 8, 4, 8, 8, generator=generator, dtype=dtype)
    return latents, torch.tensor([3.0, 700.0]), torch.randn(2, 4, 16, generator=generator, dtype=dtype)


def film(model: WanTransformer3DModel, *, dtype: torch.dtype = torch.float32) -> Tensor:
    return model(*inputs(dtype)).sample


def test_the_written_out_attention_equals_the_stock_one():
    model = small_wan()
    stock = film(model)
    attend(model, WanMatmulAttnProcessor())
    torch.testing.assert_close(film(model), stock, atol=3e-6, rtol=0)


@pytest.mark.parametrize("crossed", [False, True])
def test_each_layer_alone_equals_the_stock_one(crossed: bool):
    model = small_wan()
    set_rope_theta(model)
    block = model.blocks[0]
    assert isinstance(block, WanTransformerBlock)
    attn, places = (block.attn2, None) if crossed else (block.attn1, model.rope(torch.zeros(1, 1, 2, 8, 8)))
    tokens = torch.randn(2, 32, 48, generator=torch.Generator().manual_seed(2))
    text = torch.randn(2, 3, 48, generator=torch.Generator().manual_seed(3)) if crossed else None
    stock = WanAttnProcessor()(attn, tokens, text, None, places)
    torch.testing.assert_close(WanMatmulAttnProcessor()(attn, tokens, text, None, places), stock, atol=1e-6, rtol=0)
    assert stock.std() > 0.2


def test_its_gradients_equal_the_stock_ones():
    gradients = []
    for processor in (WanAttnProcessor(), WanMatmulAttnProcessor()):
        model = small_wan()
        attend(model, processor)
        film(model).square().mean().backward()
        gradients.append({name: value.grad for name, value in model.named_parameters()})
    stock, ours = gradients
    assert stock.keys() == ours.keys()
    for name, gradient in stock.items():
        torch.testing.assert_close(ours[name], gradient, atol=2e-6, rtol=1e-4, msg=lambda text, name=name: name + text)


def test_double_precision_is_kept():
    model = small_wan().double()
    stock = film(model, dtype=torch.float64)
    attend(model, WanMatmulAttnProcessor())
    torch.testing.assert_close(film(model, dtype=torch.float64), stock, atol=1e-9, rtol=0)


def test_under_autocast_it_is_as_near_to_single_precision_as_the_stock_one():
    model = small_wan()
    with torch.no_grad():
        exact = film(model)
        errors = []
        for processor in (WanAttnProcessor(), WanMatmulAttnProcessor()):
            attend(model, processor)
            with torch.autocast("cpu", torch.bfloat16):
                rounded = film(model)
            errors.append(float((rounded - exact).square().mean().sqrt()))
    stock, ours = errors
    assert 0 < ours < 1.5 * stock
    assert ours < 0.03 * float(exact.std())


def test_gradients_pass_under_autocast():
    model = small_wan()
    attend(model, WanMatmulAttnProcessor())
    with torch.autocast("cpu", torch.bfloat16):
        film(model).square().mean().backward()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in model.parameters())


def test_adapters_on_a_projection_are_not_passed_by():
    peft = pytest.importorskip("peft")
    model = small_wan()
    model.add_adapter(peft.LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False))
    adapted = film(model)
    attend(model, WanMatmulAttnProcessor())
    torch.testing.assert_close(film(model), adapted, atol=3e-6, rtol=0)


def test_uniform_attention_hears_nothing_of_places():
    attn = first_block().attn1
    tokens = torch.randn(1, 10, 48, generator=torch.Generator().manual_seed(2))
    uniform = WanUniformAttnProcessor()(attn, tokens)
    torch.testing.assert_close(uniform[:, :1].expand(-1, 10, -1), uniform)
    torch.testing.assert_close(WanUniformAttnProcessor()(attn, tokens.flip(1)), uniform)
    silent = copy.deepcopy(attn)
    nn.init.zeros_(silent.norm_q.weight)  # queries of nothing ask all alike
    torch.testing.assert_close(WanAttnProcessor()(silent, tokens), uniform, atol=1e-6, rtol=0)


def test_the_rotary_base_changes_places_and_is_not_saved(tmp_path: Path):
    model = small_wan()
    before = film(model)
    set_rope_theta(model)
    after = film(model)
    assert (after - before).abs().max() > 1e-3
    model.save_pretrained(tmp_path)
    again = WanTransformer3DModel.from_pretrained(tmp_path)
    torch.testing.assert_close(film(again), before)
    set_rope_theta(again)
    torch.testing.assert_close(film(again), after)


def test_the_stock_base_changes_nothing():
    model = small_wan()
    before = film(model)
    set_rope_theta(model, 10_000.0)
    assert torch.equal(film(model), before)


def test_what_it_does_not_do_is_refused():
    attn = first_block().attn1
    tokens = torch.zeros(1, 4, 48)
    with pytest.raises(InputError, match="neither masks nor image tokens"):
        WanMatmulAttnProcessor()(attn, tokens, None, torch.ones(4, 4))  # pyright: ignore[reportArgumentType]
    images = first_block(image_width=48).attn2
    for processor in (WanMatmulAttnProcessor(), WanUniformAttnProcessor()):
        with pytest.raises(InputError, match="added_kv_proj_dim"):
            processor(images, tokens, torch.zeros(1, 4, 48))
    with pytest.raises(InputError, match="base of 0"):
        set_rope_theta(small_wan(), 0)

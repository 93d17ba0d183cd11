"""Blocks of our small models: positions matter only by their difference, masks hide, attention can move content."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from kinoeye.networks.blocks import Attention, Block, rotary, rotate


def test_rotary_products_depend_on_the_distance_alone():
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(1, 1, 1, 16, generator=generator).expand(1, 1, 9, 16) for _ in range(2))
    table = rotary(9, 16, device="cpu")
    products = rotate(query, table) @ rotate(key, table).transpose(-1, -2)
    for distance in range(-8, 9):
        diagonal = products[0, 0].diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal), rtol=1e-4, atol=1e-4)


def test_attention_is_the_textbook_formula():
    torch.manual_seed(1)
    attention, x = Attention(24, 3), torch.randn(2, 7, 24)
    mask = torch.ones(7, 7, dtype=torch.bool).tril()[None, None]
    query = attention.query_norm(attention.query(x).unflatten(-1, (3, 8)).transpose(1, 2))
    key, value = attention.key_value(x).chunk(2, -1)
    key = attention.key_norm(key.unflatten(-1, (3, 8)).transpose(1, 2))
    value = value.unflatten(-1, (3, 8)).transpose(1, 2)
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2)
    torch.testing.assert_close(attention(x, mask=mask), attention.out(expected), rtol=1e-4, atol=1e-5)


def test_what_is_masked_has_no_effect():
    torch.manual_seed(2)
    block = Block(24, 3, crosses=True)
    x, context = torch.randn(1, 5, 24), torch.randn(1, 6, 24)
    seen = torch.tensor([True] * 4 + [False] * 2)[None, None, None]
    changed = context.clone()
    changed[:, 4:] += 10
    before = block(x, context=context, context_mask=seen)
    torch.testing.assert_close(block(x, context=changed, context_mask=seen), before)
    assert not torch.allclose(block(x, context=changed), before)


def test_attention_alone_learns_to_copy_from_a_place_that_the_query_names():
    """A task that no per-token network can do; attention without positions fails it too."""
    generator = torch.Generator().manual_seed(3)
    torch.manual_seed(3)
    embed, block, head = torch.nn.Embedding(8, 32), Block(32, 2), torch.nn.Linear(32, 8)
    parameters = [*embed.parameters(), *block.parameters(), *head.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=5e-3)
    table = rotary(12, 16, device="cpu")
    loss = torch.tensor(9.0)
    for _ in range(250):
        tokens = torch.randint(8, (32, 12), generator=generator)
        logits = head(block(embed(tokens), positions=table))[:, 3:]
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, :-3].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1

"""Clips per CPU-second of a training step of a small Wan transformer, with the stock attention and with ours.

    python benchmarks/wan_attention.py

5.1 million parameters, 12 clips of 4 x 16 x 16 latents (256 tokens), on one thread: forward, backward and AdamW. All
settings take turns in one run, and each number is the best of several rounds. `gelu` is that of the feed-forward
layers: "tanh" is the stock one, "exact" is cheaper in bfloat16.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from diffusers import WanTransformer3DModel
from diffusers.models.activations import GELU
from diffusers.models.transformers.transformer_wan import WanAttnProcessor

from kinoeye.networks.wan_attention import WanMatmulAttnProcessor, set_rope_theta

CLIPS = 12
PROCESSORS = {"stock": WanAttnProcessor, "matmul": WanMatmulAttnProcessor}
PRECISIONS = {"fp32": False, "bf16": True}
GELUS = {"tanh": "tanh", "exact": "none"}


class Training:
    """One setting, and the CPU-seconds of its fastest step."""

    def __init__(self, attention: str, precision: str, gelu: str) -> None:
        self.name = f"{attention}_{precision}_{gelu}"
        self.autocast = PRECISIONS[precision]
        self.seconds = float("inf")
        self.model = WanTransformer3DModel(
            num_attention_heads=4, attention_head_dim=64, in_channels=192, out_channels=64, text_dim=256, ffn_dim=1024,
            num_layers=4, rope_max_seq_len=64,
        )  # fmt: skip
        set_rope_theta(self.model)
        self.model.set_attn_processor(PROCESSORS[attention]())  # pyright: ignore[reportArgumentType]
        for module in self.model.modules():
            if isinstance(module, GELU):
                module.approximate = GELUS[gelu]
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, fused=True)

    def step(self, generator: torch.Generator) -> None:
        """Train once and keep the time."""
        latents = torch.randn(CLIPS, 192, 4, 16, 16, generator=generator)
        target = torch.randn(CLIPS, 64, 4, 16, 16, generator=generator)
        times, text = torch.rand(CLIPS, generator=generator) * 1000, torch.randn(CLIPS, 4, 256, generator=generator)
        start = time.process_time()
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            film = self.model(latents, times, text).sample
        (film.float() - target).square().mean().backward()
        self.optimizer.step()
        self.seconds = min(self.seconds, time.process_time() - start)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    rounds = parser.parse_args().rounds
    generator = torch.Generator().manual_seed(0)
    trainings = [Training(*names) for names in itertools.product(PROCESSORS, PRECISIONS, GELUS)]
    for _ in range(rounds + 1):  # the first round also warms up, and the best of several is kept
        for training in trainings:
            training.step(generator)
    print(json.dumps({training.name: round(CLIPS / training.seconds, 1) for training in trainings}, indent=1))


if __name__ == "__main__":
    main()

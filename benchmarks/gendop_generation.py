"""How fast GenDoP's paths are written, against the library's own loop and against reading the weights.

    OMP_NUM_THREADS=1 python benchmarks/gendop_generation.py --repeats 2

README sizes (1024 wide, 12 layers, 8 heads), random weights, condition features drawn instead of encoded, one thread,
one process. The baseline is the same weights in `transformers.OPTForCausalLM`, whose blocks are GenDoP's, under
`generate(use_cache=True)` with a logits processor that allows what our loop allows; on the fixture it gives the
published tokens. Times are CPU-seconds, best of `--repeats`. The bound is passes x bytes of weights / bandwidth, the
bandwidth being that of summing an array of the weights' size in the same run. `--size small` tries the script out.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList, OPTConfig, OPTForCausalLM

from kinoeye.networks import open_tensors
from kinoeye.systems.gendop import GenDoPConfig, GenDoPDecoder, Quirks
from kinoeye.systems.gendop.checkpoint import config_from_options, decoder_key_map, load_decoder
from kinoeye.systems.gendop.engine import Engine
from kinoeye.systems.gendop.generation import GREEDY, Drafted, Layout, generate, generate_with_draft
from kinoeye.systems.gendop.official import initialise
from kinoeye.systems.gendop.tokens import BOS

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures" / "gendop"
SIZES = {"readme": GenDoPConfig(), "small": GenDoPConfig.preset("small", num_layers=2)}
BARS = {
    "fp32": 1.25, "fp32, forced tokens": 1.7, "int8 draft, fp32 verifies": 2.5, "int8 draft, forced tokens": 2.5,
    "int8": 4.0, "int8, forced tokens": 4.0, "best of 8, fp32": 5.0, "best of 8, int8": 5.0,
}  # fmt: skip
"""Row -> how many times as fast as the baseline a path shall be."""


class AllowedTokens(LogitsProcessor):
    """Allows what a layout allows; a token that follows from others is the only one."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Mask one row of scores."""
        ids = input_ids[0].tolist()
        known = self.layout.known(len(ids), ids)
        allowed = self.layout.mask(len(ids)) if known is None else torch.arange(scores.shape[-1]) == known
        return scores.masked_fill(~allowed, -torch.inf)


def library_model(decoder: GenDoPDecoder) -> OPTForCausalLM:
    """The same weights in the library's own model."""
    config = decoder.config
    model = OPTForCausalLM(
        OPTConfig(
            vocab_size=config.vocab_size, hidden_size=config.hidden_dim, word_embed_proj_dim=config.hidden_dim,
            ffn_dim=config.intermediate_dim, num_hidden_layers=config.num_layers, dropout=0.0,
            num_attention_heads=config.num_heads, max_position_embeddings=config.num_positions,
            do_layer_norm_before=False, tie_word_embeddings=False, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        )
    )  # fmt: skip
    names = {"mesh_decoder.model.embd.": "model.decoder.embed_tokens.", "mesh_decoder.model.": "model.decoder.",
             "mesh_decoder.": ""}  # fmt: skip
    state = {}
    for key, value in decoder_key_map(config).to_official(decoder).items():
        for old, new in names.items():
            if key.startswith(old):
                state[new + key.removeprefix(old)] = value
                break
    positions = state["model.decoder.embed_positions.weight"]
    state["model.decoder.embed_positions.weight"] = torch.cat([positions[:2], positions])  # its places begin at 2
    model.load_state_dict(state)
    return model.eval()


def library_tokens(model: OPTForCausalLM, prefix: Tensor, layout: Layout) -> Tensor:
    """The ids of one greedy path by the library's loop."""
    begin = model.get_input_embeddings()(torch.tensor([[BOS]]))
    embeds = torch.cat([prefix, begin], dim=1)
    with torch.inference_mode():
        ids: Any = cast(Any, model).generate(
            inputs_embeds=embeds, attention_mask=torch.ones(embeds.shape[:2], dtype=torch.long), do_sample=False,
            use_cache=True, max_new_tokens=layout.length, min_new_tokens=layout.length,
            logits_processor=LogitsProcessorList([AllowedTokens(layout)]),
        )  # fmt: skip
    return ids


def check_on_the_fixture() -> None:
    """Hold that the baseline gives the published tokens for the published weights."""
    config = config_from_options(json.loads((FIXTURES / "config.json").read_text())).with_quirks(Quirks.official())
    decoder, _ = load_decoder(open_tensors(FIXTURES / "weights.safetensors"), config)
    with torch.no_grad():
        prefix = decoder.prefix({"text": load_file(FIXTURES / "inputs.safetensors")["cond_embeds_raw"][:1]})
    ids = library_tokens(library_model(decoder), prefix, Layout(config, False))
    assert torch.equal(ids[0], load_file(FIXTURES / "outputs.safetensors")["greedy_ids"])


def timed(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """CPU-seconds, best of several, and what came back."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


def bandwidth(count: int) -> float:
    """Bytes a CPU-second that summing an array of so many 32-bit numbers reads."""
    values = torch.ones(count)
    return 4 * count / timed(values.sum, 8)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--size", choices=tuple(SIZES), default="readme")
    args = parser.parse_args()
    torch.set_num_threads(1)
    check_on_the_fixture()

    config = SIZES[args.size].with_quirks(Quirks.mended())
    decoder = GenDoPDecoder(config)
    generator = torch.Generator().manual_seed(0)
    initialise(decoder, generator)
    decoder.eval()
    with torch.no_grad():
        prefix = decoder.prefix({"text": torch.randn(1, 77, config.text.hidden_dim, generator=generator)})
    free, forced = (Layout(config, held) for held in (False, True))
    library = library_model(decoder)
    engines = {precision: Engine(decoder, precision) for precision in ("fp32", "int8", "bf16")}
    for engine in engines.values():  # compile before anything is timed
        generate(engine, prefix, seeds=range(8), sampling=GREEDY, forced=True)
    speed = bandwidth(engines["fp32"].num_bytes // 4)
    print(f"reading weights: {speed / 1e9:.1f} GB a CPU-second")

    baseline: dict[bool, tuple[float, Tensor]] = {}
    for layout in (free, forced):
        baseline[layout.forced] = timed(lambda layout=layout: library_tokens(library, prefix, layout), args.repeats)
        print(f"library{', forced mask' if layout.forced else ''}: {baseline[layout.forced][0]:.2f} CPU-s a path")
    del library

    def row(name: str, work: Callable[[], Any], *, held: bool, passes: int, bytes_a_pass: int, paths: int = 1) -> None:
        seconds, result = timed(work, args.repeats)
        told = result[1] if isinstance(result, tuple) else None
        ids = result[0] if isinstance(result, tuple) else result
        if isinstance(told, Drafted):
            passes, bytes_a_pass = told.passes, bytes_a_pass
        reference_s, reference = baseline[held]
        same = float((ids[:1] == reference).float().mean())
        first = int((ids[0] == reference[0]).int().cumprod(0).sum())
        bound = passes * bytes_a_pass / speed
        if isinstance(told, Drafted):
            bound += told.proposed * engines["int8"].num_bytes / speed
        times = reference_s * paths / seconds
        bar = BARS.get(name)
        verdict = "" if bar is None else f" (bar {bar:g}: {'held' if times >= bar else 'MISSED'})"
        accepted = f"; accepted {told.acceptance:.3f} in {told.passes} passes" if isinstance(told, Drafted) else ""
        print(
            f"{name}: {seconds / paths:.2f} CPU-s a path, {times:.2f} times as fast{verdict}; "
            f"{seconds / bound:.2f} of the bound; tokens equal {same:.3f}, the first {first}{accepted}"
        )

    eight = range(8)
    steps = {False: free.length, True: 3 + 7 * (config.pose_length - 1)}
    for held, suffix in ((False, ""), (True, ", forced tokens")):
        for precision in ("fp32", "int8", "bf16"):
            engine = engines[precision]
            row(f"{precision}{suffix}",
                lambda engine=engine, held=held: generate(engine, prefix, seeds=[0], sampling=GREEDY, forced=held),
                held=held, passes=steps[held], bytes_a_pass=engine.num_bytes)  # fmt: skip
        row(f"int8 draft{suffix or ', fp32 verifies'}",
            lambda held=held: generate_with_draft(engines["fp32"], engines["int8"], prefix, seed=0, sampling=GREEDY,
                                                  forced=held),
            held=held, passes=0, bytes_a_pass=engines["fp32"].num_bytes)  # fmt: skip
    for precision in ("fp32", "int8"):
        engine = engines[precision]
        row(f"best of 8, {precision}",
            lambda engine=engine: generate(engine, prefix, seeds=eight, sampling=GREEDY, forced=True),
            held=True, passes=steps[True], bytes_a_pass=engine.num_bytes, paths=8)  # fmt: skip

    for precision, engine in engines.items():
        print(f"memory, {precision}: {engine.num_bytes / 1e6:.0f} MB of weights")
    for copies in (1, 8):
        held = engines["fp32"].start(prefix, copies=copies).num_bytes
        print(f"memory, keys and values of {copies}: {held / 1e6:.0f} MB")
    print(f"memory, whole process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB at most")


if __name__ == "__main__":
    main()

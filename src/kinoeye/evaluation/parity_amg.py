"""AMG against the official code: the network and inside of it, chains of the sampler step by step, the loss."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from torch import Tensor, nn

from kinoeye.evaluation.parity import Fixture, differences
from kinoeye.networks import TensorFile
from kinoeye.networks.ddim import NoiseSchedule
from kinoeye.systems.amg.checkpoint import key_map, load_model
from kinoeye.systems.amg.config import AMGConfig
from kinoeye.systems.amg.model import AMG, noise_loss
from kinoeye.systems.amg.sampling import sample_steps

_CHAIN = re.compile(r"ddim(\d+)_g(\d+(?:\.\d+)?)")
_INSIDE = "act."
_INNER = {
    "temopral_conv.conv1.0.weight": ".conv1.0.weight",
    "norm.weight": ".norm.weight",
    "0.weight": ".linear_1.weight",
}
"""A tensor inside of what gives the result of a residual block, a transformer and the time's features -> ours."""


def amg_parity(folder: Path) -> dict[str, float]:
    """Output of the fixture -> largest absolute difference."""
    fixture = Fixture.open(folder, "amg")
    model, _ = load_model(fixture.weights, AMGConfig.from_official(fixture.config))
    given = fixture.tensors("io")
    return differences(_outputs(model, fixture.weights, given), given)


def _outputs(model: AMG, weights: TensorFile, given: TensorFile) -> dict[str, Tensor]:
    ours: dict[str, Tensor] = {}
    if "unet_out" in given:
        inside = _Inside(model, weights, given)
        ours["unet_out"] = model(given["x"], given["cond"], given["t"], given["y"])
        ours |= inside.results()
    if "unet_out_zero_y" in given:
        ours["unet_out_zero_y"] = model(given["x"], given["cond"], given["t"], given["zero_y"])
    if "loss.value" in given:
        film, noise, timesteps = (given[f"loss.{name}"] for name in ("x0", "noise", "t"))
        loss = noise_loss(model, film, given["cond"], given["y"], timesteps, noise)
        ours["loss.value"] = loss.reshape(given.shape("loss.value"))
    for name in given:
        chain = _CHAIN.fullmatch(name)
        if chain:
            ours |= _chain(model, given, name, steps=int(chain[1]), guidance=float(chain[2]))
    schedule = NoiseSchedule()
    ours["sched.alphas_cumprod"] = schedule.alphas_cumprod
    if "sched.betas_f64_head" in given:
        ours["sched.betas_f64_head"] = schedule.betas[: len(given["sched.betas_f64_head"])]
    return ours


def _chain(model: AMG, given: TensorFile, name: str, *, steps: int, guidance: float) -> dict[str, Tensor]:
    """The film of a chain, and the values of its steps."""
    told = {key: given[key] for key in ("noise", "cond", "y", "zero_y")}
    ours: dict[str, Tensor] = {}
    for number, step in enumerate(sample_steps(model, *told.values(), steps=steps, guidance=guidance)):
        beginning = f"ddim{steps}.step{number}"
        ours |= {f"{beginning}.x0": step.clean, f"{beginning}.xt": step.value, name: step.value}
    return ours


class _Inside:
    """What modules that the fixture names give during the next call of a model."""

    def __init__(self, model: AMG, weights: TensorFile, given: TensorFile) -> None:
        self._given = given
        self._found: dict[str, Tensor] = {}
        self._handles = [
            module.register_forward_hook(self._keep(name))
            for name in given
            if name.startswith(_INSIDE) and (module := _module(model, weights, name.removeprefix(_INSIDE))) is not None
        ]

    def results(self) -> dict[str, Tensor]:
        """What was seen, in the fixture's order of axes; the model is then left alone."""
        for handle in self._handles:
            handle.remove()
        return {name: _ordered(value, self._given.shape(name)) for name, value in self._found.items()}

    def _keep(self, name: str) -> Callable[[nn.Module, object, object], None]:
        def keep(module: nn.Module, given: object, result: object) -> None:
            del module, given
            value = result[0] if isinstance(result, tuple) else getattr(result, "sample", result)
            assert isinstance(value, Tensor)
            self._found[name] = value

        return keep


def _module(model: AMG, weights: TensorFile, official: str) -> nn.Module | None:
    """The module whose result is that of an official one; None if it is of another kind."""
    rules = key_map(model.config)
    for inner, own in _INNER.items():
        found = rules.ours(f"{official}.{inner}") if f"{official}.{inner}" in weights else None
        if found is not None and found[0].endswith(own):
            return model.get_submodule(found[0].removesuffix(own))
    return None


def _ordered(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Frames [b*f, c, h, w] as films [b, c, f, h, w] where the fixture has those."""
    if len(shape) == 5 and value.ndim == 4:
        return value.unflatten(0, (shape[0], -1)).transpose(1, 2)
    return value

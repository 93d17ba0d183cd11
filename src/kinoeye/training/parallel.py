"""A recipe's objective as one module, alone or shared by processes: replicated (DDP) or sharded (FSDP2)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.networks.recipe import Batch, Recipe
from kinoeye.training.processes import Processes

Parallel = Literal["ddp", "fsdp"]


class Objective(nn.Module):
    """The loss of a recipe as a module: whatever the recipe calls of its model runs inside DDP's and FSDP's hooks."""

    def __init__(self, recipe: Recipe, model: nn.Module) -> None:
        super().__init__()
        self.recipe = recipe
        self.model = model

    def forward(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Scalars by name, as `Recipe.loss`."""
        return self.recipe.loss(self.model, batch, generator)


class Shared:
    """A model in training, and the module that computes its loss in every process.

    Args:
        recipe: whose loss it is.
        model: on the device of the process, the same in all processes.
        processes: who trains it.
        parallel: "ddp" has the whole model in every process; "fsdp" has a part of every tensor, split at the
            elements of the outermost ModuleLists and Sequentials and at the root.
    """

    def __init__(self, recipe: Recipe, model: nn.Module, processes: Processes, parallel: Parallel) -> None:
        self._whole = model
        self._objective = Objective(recipe, model)
        self._module: Any = self._objective
        self._kind: Parallel | None = parallel if processes.world > 1 else None
        if self._kind == "ddp":
            from torch.nn.parallel import DistributedDataParallel

            self._module = DistributedDataParallel(self._objective)
        elif self._kind == "fsdp":
            self._objective = Objective(recipe, copy.deepcopy(model))
            self._module = _sharded(self._objective, processes)

    @property
    def model(self) -> nn.Module:
        """The model whose parameters are trained; sharded under FSDP."""
        return self._objective.model

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The recipe's scalars on a batch."""
        return self._module(batch, generator)

    def synchronize_gradients(self, enabled: bool) -> None:
        """Whether the next backward pass averages gradients over the processes; not until the last of a step."""
        if self._kind == "ddp":
            self._module.require_backward_grad_sync = enabled
        elif self._kind == "fsdp":
            self._module.set_requires_gradient_sync(enabled)

    def whole(self) -> nn.Module:
        """The model with all its parameters in this process, as they are now."""
        if self._kind == "fsdp":
            with torch.no_grad():
                gathered = {name: _full(value) for name, value in self.model.state_dict().items()}
            self._whole.load_state_dict(gathered)
        return self._whole


def local(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor: all of it, or its shard (which shares memory with the tensor)."""
    from torch.distributed.tensor import DTensor

    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def _full(tensor: Tensor) -> Tensor:
    from torch.distributed.tensor import DTensor

    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _sharded(objective: Objective, processes: Processes) -> nn.Module:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    scalars = [name for name, parameter in objective.model.named_parameters() if parameter.ndim == 0]
    if scalars:
        raise InputError(f"{scalars[0]} is a single number, which cannot be sharded; train with ddp")
    mesh = init_device_mesh(processes.device.type, (processes.world,))
    for block in _blocks(objective):
        fully_shard(block, mesh=mesh)
    fully_shard(objective, mesh=mesh)
    return objective


def _blocks(module: nn.Module) -> Iterator[nn.Module]:
    """The elements of the outermost lists and sequences of a module, as far as they have parameters."""
    for child in module.children():
        if not isinstance(module, (nn.ModuleList, nn.Sequential)):
            yield from _blocks(child)
        elif any(True for _ in child.parameters()):
            yield child

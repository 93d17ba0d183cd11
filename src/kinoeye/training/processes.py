"""The processes that train one model together, as torchrun and `--processes` start them; usually there is only one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed

from kinoeye.base.errors import InputError
from kinoeye.networks.devices import chosen_device

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """This process and how many there are; what is asked of all of them must be asked by all of them."""

    rank: int
    world: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes what only one may write."""
        return self.rank == 0

    def barrier(self) -> None:
        """Wait until all processes are here."""
        if self.world > 1:
            distributed.barrier()

    def mean(self, values: Mapping[str, Tensor]) -> dict[str, float]:
        """The mean over all processes of each scalar; the same names everywhere."""
        names = sorted(values)
        stacked = torch.stack([values[name].detach().to(self.device, torch.float64) for name in names])
        if self.world > 1:
            distributed.all_reduce(stacked)
        return dict(zip(names, (stacked / self.world).tolist(), strict=True))

    def first_does(self, action: Callable[[], T]) -> T:
        """What the first process's `action` returns, or an `InputError` that it raises, in all processes."""
        if self.world == 1:
            return action()
        outcome: list[object] = [None, None]
        if self.is_first:
            try:
                outcome[0] = action()
            except InputError as error:
                outcome[1] = str(error)
        distributed.broadcast_object_list(outcome, src=0, device=self.device)
        if outcome[1] is not None:
            raise InputError(str(outcome[1]))
        return outcome[0]  # type: ignore[return-value]


@contextmanager
def joined_processes(device: str) -> Iterator[Processes]:
    """This process among those that the environment names (RANK, WORLD_SIZE, LOCAL_RANK), alone if it names none.

    Args:
        device: "auto" (CUDA, then MPS, then CPU), or a device's name.

    Raises:
        InputError: there is no such device here, or the environment is incomplete.
    """
    rank, world = _environment("RANK", 0), _environment("WORLD_SIZE", 1)
    if rank >= world:
        raise InputError(f"RANK is {rank} and WORLD_SIZE {world} in the environment; torchrun sets both, or unset RANK")
    processes = Processes(rank, world, chosen_device(device, _environment("LOCAL_RANK", rank)))
    if world == 1 or distributed.is_initialized():
        yield processes
        return
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise InputError(f"WORLD_SIZE is {world} in the environment and {missing[0]} is not there; torchrun sets both")
    if processes.device.type == "cuda":
        torch.cuda.set_device(processes.device)
    distributed.init_process_group("nccl" if processes.device.type == "cuda" else "gloo")
    try:
        yield processes
    finally:
        distributed.destroy_process_group()


def _environment(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit():
        raise InputError(f"{name} is {text!r} in the environment; torchrun sets it to a number")
    return int(text)

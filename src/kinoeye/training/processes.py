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
    processes = Processes(rank, world, chosen_device(device, _environment("LOCAL_RANK", rank)))
    if world == 1 or distributed.is_initialized():
        yield processes
        return
    if processes.device.type == "cuda":
        torch.cuda.set_device(processes.device)
    distributed.init_process_group("nccl" if processes.device.type == "cuda" else "gloo")
    try:
        yield processes
    finally:
        distributed.destroy_process_group()


def chosen_device(name: str, index: int = 0) -> torch.device:
    """The device of a name; "auto" is CUDA where there is one, then MPS, then the CPU.

    Args:
        name: "auto", "cpu", "cuda", "cuda:1", "mps".
        index: number of this process on its machine, which chooses among several CUDA devices.

    Raises:
        InputError: there is no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"device {name!r} is unknown; give auto, cpu, cuda, cuda:N or mps") from error
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", index)
    absent = (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()) or (
        device.type == "mps" and not torch.backends.mps.is_available()
    )
    if absent or device.type not in ("cpu", "cuda", "mps"):
        raise InputError(f"device {name!r} is not on this machine; give auto or cpu")
    return device


def _environment(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit():
        raise InputError(f"{name} is {text!r} in the environment; torchrun sets it to a number")
    return int(text)

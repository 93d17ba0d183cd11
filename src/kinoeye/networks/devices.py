"""Where a model runs, by name."""

from __future__ import annotations

import torch

from kinoeye.base.errors import InputError


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

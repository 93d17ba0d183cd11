"""The one guard for optional libraries."""

from __future__ import annotations

import importlib
from types import ModuleType

from kinoeye.base.errors import MissingExtraError


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional library, or raise the error that names the extra to install.

    Example:
        >>> require("json", extra="studio").dumps([1])
        '[1]'

    Raises:
        MissingExtraError: the library is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != module.split(".")[0]:
            raise  # the library is there but one of its own needs is not: hiding that would mislead
        raise MissingExtraError(f'{module.split(".")[0]} is not installed: pip install "kinoeye[{extra}]"') from error

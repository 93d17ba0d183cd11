"""Names that load their module on first use, so that `import kinoeye` stays cheap."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from typing import Any


def lazy_exports(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """A package's `__getattr__`, `__dir__` and `__all__` for what its `if TYPE_CHECKING:` block imports (PEP 562).

    The block is the one list of public names: type checkers read it as it is, and at run time each name is imported
    from where the block says, when it is first asked for.

    Args:
        package: the `__name__` of the package, while it is being imported.
    """
    spec = sys.modules[package].__spec__
    assert spec is not None
    source = spec.loader.get_source(package)  # type: ignore[union-attr]
    homes = _type_checking_imports(source)

    def __getattr__(name: str) -> Any:  # noqa: N807 - PEP 562 fixes this name
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:  # noqa: N807 - PEP 562 fixes this name
        return sorted({*vars(sys.modules[package]), *homes})

    return __getattr__, __dir__, sorted(homes)


def _type_checking_imports(source: str) -> dict[str, str]:
    """Name -> module of every `from module import name as name` under `if TYPE_CHECKING:`."""
    blocks = (
        node.body
        for node in ast.parse(source).body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    imports = (node for body in blocks for node in body if isinstance(node, ast.ImportFrom))
    return {alias.name: str(node.module) for node in imports for alias in node.names}

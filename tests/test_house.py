"""The floors, the lazy promises, the public names and the extras, held by reading files and fresh interpreters."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import kinoeye

SOURCE = Path(kinoeye.__file__).parent
FLOORS = (
    "base geometry facts language shot footage formats render weights networks perception systems training evaluation "
    "datasets studio cli"
).split()
ROOMS = ("systems", "networks")
"""Each folder in these counts as a floor of its own: siblings may not import one another."""


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("kinoeye.")}


def violations(module: str, imported: set[str]) -> list[str]:
    parts = module.split(".")
    if len(parts) < 2 or parts[1] == "__main__":
        return []  # the package itself re-exports
    own = FLOORS.index(parts[1])
    found = []
    for name in sorted(imported):
        other = name.split(".")
        if other[1] not in FLOORS:
            continue  # a name that the package itself exports, such as kinoeye.__version__
        if FLOORS.index(other[1]) > own:
            found.append(f"{module} imports {name} from a later floor")
        if parts[1] == other[1] and parts[1] in ROOMS and len(parts) > 2 and len(other) > 2:
            is_folder = (SOURCE / other[1] / other[2]).is_dir()
            if is_folder and other[2] != parts[2]:
                found.append(f"{module} imports its sibling {name}")
    return found


SOURCES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_a_module_imports_only_its_own_floor_and_earlier_ones(path: Path):
    assert violations(module_name(path), imports(path)) == []


def test_the_floors_test_notices_an_upward_import():
    assert violations("kinoeye.geometry.lie", {"kinoeye.shot.shot"})
    assert violations("kinoeye.shot.shot", {"kinoeye.geometry.lie"}) == []


def test_every_folder_is_a_floor_and_says_what_may_not_live_there():
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= set(FLOORS)
    for folder in folders:
        doc = importlib.import_module(f"kinoeye.{folder}").__doc__ or ""
        assert "may live here" in doc or "may not live here" in doc, f"kinoeye.{folder} does not say"


def modules_after(code: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import kinoeye",
        "import " + ", ".join(f"kinoeye.base.{m.name}" for m in pkgutil.iter_modules([str(SOURCE / "base")])),
        "import kinoeye.geometry.convention, kinoeye.geometry.record",
        "import kinoeye.facts; kinoeye.facts.SceneTracks",
        "import kinoeye.language, kinoeye.language.tags; kinoeye.language.parse('push in, then pan left')",
        "import kinoeye.formats.paths; kinoeye.formats.paths.READERS",
        "import kinoeye.weights; kinoeye.weights.resolve; kinoeye.weights.WeightsIndex.read()",
        "import kinoeye.cli",
    ],
)
def test_light_floors_load_neither_torch_nor_scipy(code: str):
    heavy = {"torch", "scipy", "jaxtyping", "pydantic", "numba", "cv2", "matplotlib", "av", "viser"}
    assert not modules_after(code) & heavy


@pytest.mark.parametrize("package", ["kinoeye", *(f"kinoeye.{floor}" for floor in FLOORS if (SOURCE / floor).is_dir())])
def test_public_names_exist_and_have_docstrings(package: str):
    module = importlib.import_module(package)
    for name in getattr(module, "__all__", []):
        value = getattr(module, name)
        if callable(value) and not repr(value).startswith("typing."):
            assert value.__doc__, f"{package}.{name} has no docstring"


@pytest.mark.parametrize("package", ["kinoeye", *(f"kinoeye.{floor}" for floor in FLOORS if (SOURCE / floor).is_dir())])
def test_no_module_shares_its_name_with_what_its_package_exports(package: str):
    # Importing the module would put it in the place of the function: `studio.shoot` must stay callable.
    module = importlib.import_module(package)
    modules = {info.name for info in pkgutil.iter_modules(module.__path__)}
    assert not modules & set(getattr(module, "__all__", [])) - {"main"}


def test_every_extra_that_is_asked_for_is_tested_with_pinned_versions():
    root = SOURCE.parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    known = project["optional-dependencies"]
    asked = {extra for path in SOURCES for extra in re.findall(r'extra="(\w+)"', path.read_text())}
    tested = re.findall(r"\.venv/\.all:.*?\[([\w,]+)\]", (root / "Makefile").read_text(), re.DOTALL)[0].split(",")
    assert asked <= set(tested) <= set(known)
    lines = (root / "constraints.txt").read_text().splitlines()
    pinned = {normalised(line.partition("==")[0]) for line in lines if "==" in line}
    needed = [*project["dependencies"], *(library for extra in tested for library in known[extra])]
    names = {normalised(re.split(r"[<>=\[ ]", library)[0]) for library in needed}
    assert names <= pinned, names - pinned


def normalised(library: str) -> str:
    return re.sub(r"[-_.]+", "-", library).lower()

"""The folder of a run: what it trains, its log, its lock, and when it may be gone on with."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, read_text, write_json, write_text
from kinoeye.base.locks import hold
from kinoeye.base.records import to_json
from kinoeye.base.run_record import RunRecord
from kinoeye.networks.recipe import BuiltOnWeights, Phase, Recipe
from kinoeye.training.checkpoints import complete_checkpoints

CHECKPOINTS = "checkpoints"
MODEL = "model"
METRICS = "metrics.jsonl"
CURVE = "learning-curve.png"
_IDENTITY = "training.json"
_LOCK = ".lock"


def identity(recipe: Recipe, phases: Sequence[Phase], seed: int) -> dict[str, Any]:
    """What decides the weights of a run: the recipe and its settings (if it is a dataclass), the phases, the seed, and
    the shared weights that it builds on.

    Of settings that are no data, such as a function, the type alone is known.
    """
    kind = type(recipe)
    fields = dataclasses.fields(recipe) if dataclasses.is_dataclass(recipe) else ()
    settings = {
        field.name: _plain(getattr(recipe, field.name)) for field in fields if field.init and field.name != "phases"
    }
    found = {
        "recipe": f"{kind.__module__}.{kind.__qualname__}",
        "settings": settings,
        "seed": seed,
        "phases": {phase.name: to_json(phase) for phase in phases},
    }
    shared = shared_weights(recipe)
    return json.loads(json.dumps({**found, "weights_sha256": shared} if shared else found))


def shared_weights(recipe: Recipe) -> dict[str, str]:
    """Name of a shared checkpoint -> the sha256 that it has where a recipe builds on it; mostly there is none."""
    return dict(recipe.weights_sha256) if isinstance(recipe, BuiltOnWeights) else {}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder inside the block; a killed process lets go by itself.

    Raises:
        InputError: another run writes there, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror or error}") from error
    try:
        hold(file, folder)
        yield
    finally:
        os.close(file)


def begin(folder: Path, ours: Mapping[str, Any], *, resume: bool, argv: Sequence[str]) -> None:
    """Write what a run trains and how it was started, or hold that the folder's run is the same one.

    Raises:
        InputError: the folder holds another run, or one that is not to be resumed, or a model of none.
    """
    if complete_checkpoints(folder / CHECKPOINTS) or (folder / MODEL).exists():
        if not (folder / _IDENTITY).is_file():
            raise InputError(f"{folder} holds a {MODEL} and no {_IDENTITY} of a run; choose another output folder")
        if not resume:
            raise InputError(f"{folder} holds a run; go on with --resume or choose another output folder")
        difference = _first_difference(read_json(folder / _IDENTITY), ours)
        if difference:
            raise InputError(f"{folder} holds another run: {difference}; choose another output folder")
        return
    RunRecord(
        argv=tuple(argv),
        seeds={"seed": ours["seed"]},
        weights_sha256=ours.get("weights_sha256", {}),
        versions=RunRecord.installed_versions(),
    ).write(folder)
    write_json(folder / _IDENTITY, ours)


class MetricsLog:
    """`metrics.jsonl`: one JSON object a step, and one a validation.

    Args:
        path: of the file; lines after the step that a run goes on from, and those of other phases, are dropped when it
            is opened.
        phases: names in order.
        phase: index of the phase that the run goes on in.
        steps: steps done in that phase.
    """

    def __init__(self, path: Path, phases: Sequence[str], *, phase: int, steps: int) -> None:
        order = {name: index for index, name in enumerate(phases)}
        rows = [row for row in read_metrics(path) if row["phase"] in order]
        write_text(path, "".join(_line(row) for row in rows if (order[row["phase"]], row["step"]) <= (phase, steps)))
        self._file = path.open("a", buffering=1, encoding="utf-8")

    def write(self, row: Mapping[str, Any]) -> None:
        """Add a line; numbers that are not finite are null."""
        self._file.write(_line(row))

    def close(self) -> None:
        """Write no more."""
        self._file.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a `metrics.jsonl`, null being NaN; one that a killed run left unfinished at the end is not there."""
    if not path.exists():
        return []
    rows = []
    for line in read_text(path).splitlines():
        try:
            rows.append(json.loads(line, object_hook=_with_nan))
        except ValueError:
            break
    return rows


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(to_json(_finite(row))) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    return math.nan if isinstance(value, float) and math.isinf(value) else value


def _with_nan(row: dict[str, Any]) -> dict[str, Any]:
    return {name: math.nan if value is None else value for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    try:
        return to_json(value)
    except TypeError:
        return type(value).__qualname__


def _first_difference(theirs: Any, ours: Any, where: str = "") -> str:
    """The first place where two JSON values differ, in words; empty if they are equal."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in [*ours, *theirs]:
            difference = _first_difference(theirs.get(key), ours.get(key), f"{where}.{key}" if where else key)
            if difference:
                return difference
        return ""
    return "" if theirs == ours else f"its {where} is {json.dumps(theirs)}, not {json.dumps(ours)}"

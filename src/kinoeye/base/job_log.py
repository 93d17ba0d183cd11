"""The log of a run of jobs: a line of JSON for each finished step, from which a later run goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.jobs import FileDigests, Item, Job
from kinoeye.base.locks import hold


@dataclass(frozen=True)
class Outcome:
    """What one step gave."""

    result: Item | Failure
    kept: bool = True
    """False for a failure that another run tries again: an exception, or a worker that died."""
    seconds: float = 0.0


class JobLog:
    """An append-only file of finished steps; a line that a killed run left half-written counts as not finished.

    Raises:
        InputError: another run has it open, or it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._steps: dict[str, dict[str, Any]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b")
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
        try:
            hold(self._file.fileno(), path)
        except InputError:
            self._file.close()
            raise
        self._file.seek(0)
        text = self._file.read()
        if text and not text.endswith(b"\n"):
            self._file.write(b"\n")
        for line in text.splitlines():
            step = _parsed(line)
            if step is not None:
                self._steps[step["key"]] = step

    def __enter__(self) -> JobLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def find(self, key: str, name: str, digests: FileDigests) -> Item | Failure | None:
        """The kept result of a step; None if there is none, or if a file of it is gone or has changed."""
        step = self._steps.get(key)
        if step is None or not step["kept"]:
            return None
        if step["failure"] is not None:
            return Failure(step["failure"]["reason"], step["failure"]["where"])
        files = step["result"]["files"]
        for file in files.values():
            if not Path(file["path"]).is_file() or digests(file["path"]) != file["sha256"]:
                return None
        return Item(name, step["result"]["data"], {label: file["path"] for label, file in files.items()})

    def add(self, key: str, job: Job, item: Item, seed: int, outcome: Outcome, digests: FileDigests) -> None:
        """Write the line of a step; it is on its way to the disk when this returns.

        Raises:
            InputError: a file of the result is missing, or the log cannot be written.
        """
        result, failure = outcome.result, None
        if isinstance(result, Failure):
            failure, result = {"reason": result.reason, "where": result.where}, None
        step = {
            "key": key,
            "item": item.name,
            "job": job.name,
            "version": job.version,
            "seed": seed,
            "seconds": round(outcome.seconds, 3),
            "kept": outcome.kept,
            "failure": failure,
            "result": None if result is None else {"data": result.data, "files": _digested(result.files, digests)},
        }
        try:
            self._file.write(json.dumps(step, ensure_ascii=False, allow_nan=False).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise InputError(f"{self._path} cannot be written: {error.strerror or error}") from error
        self._steps[key] = step


def _digested(files: Mapping[str, str], digests: FileDigests) -> dict[str, dict[str, str]]:
    return {label: {"path": path, "sha256": digests(path)} for label, path in files.items()}


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A step's line, or None for anything that is not a whole one."""
    try:
        step = json.loads(line)
        files = {} if step["result"] is None else step["result"]["files"]
        whole = (step["result"] is None) != (step["failure"] is None) and isinstance(step["key"], str)
        known = all({"path", "sha256"} <= file.keys() for file in files.values())
        if step["failure"] is not None:
            known = {"reason", "where"} <= step["failure"].keys()
        return step if whole and known and isinstance(step["kept"], bool) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None

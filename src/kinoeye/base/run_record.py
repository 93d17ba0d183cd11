"""`run.json`: what made an output folder, so that the same command can make it again."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from kinoeye.base.files import read_json, write_json
from kinoeye.base.records import read_record, write_record

RUN_FILE = "run.json"
VERSION = 1
_LIBRARIES = ("kinoeye", "torch", "numpy", "scipy", "numba", "opencv-python-headless", "av", "viser")


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The command, versions, seeds, weights and conventions behind an output folder."""

    argv: tuple[str, ...]
    """The command line after `kinoeye`."""
    seeds: dict[str, int] = field(default_factory=dict)
    """`seed` for a model's noise, `world_seed` for a world."""
    weights_sha256: dict[str, str] = field(default_factory=dict)
    """Checkpoint name -> sha256 of what was loaded; empty where no network ran."""
    conventions: str = "right-handed, world +z up, metres; camera x right, y down, z forward; poses camera-to-world"
    versions: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def installed_versions() -> dict[str, str]:
        """Version of Python and of each library that a result may depend on, as installed."""
        found = {"python": platform.python_version()}
        for name in _LIBRARIES:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
        return found

    def write(self, folder: Path) -> None:
        """Write `run.json` into a folder."""
        write_json(folder / RUN_FILE, write_record(self, version=VERSION))

    @classmethod
    def read(cls, folder: Path) -> RunRecord:
        """Read `run.json` of a folder.

        Raises:
            InputError: there is none, or it is not a run record.
        """
        path = folder / RUN_FILE
        return read_record(cls, read_json(path), version=VERSION, where=str(path))

"""A set of takes out of our own worlds, as plain folders or as shards with an index."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import kinoeye
from kinoeye.base.errors import InputError
from kinoeye.base.executor import LoggedExecutor, PoolName
from kinoeye.base.files import atomic_folder, refuse_foreign_folder, write_json, write_text
from kinoeye.base.jobs import Item, Job, Report
from kinoeye.base.optional import require
from kinoeye.base.run_record import RUN_FILE, RunRecord
from kinoeye.datasets.datadop_layout import CARD
from kinoeye.datasets.faults import CHECKSUMS, checksums_of
from kinoeye.datasets.publishing import OUTCOMES, outcomes_of
from kinoeye.datasets.takes_jobs import FilmTake, PackShard, layers_bytes
from kinoeye.footage.shards import shard_bytes
from kinoeye.footage.take_index import INDEX_FILE, IndexRow, write_index
from kinoeye.render import RENDERED_LAYERS, WORLDS, worlds_sha256

MAX_COUNT = 100_000
MEGABYTE = 10**6


@dataclass(frozen=True, kw_only=True)
class TakesPlan:
    """Which worlds, how they are filmed, and how the takes are kept."""

    world_seed: int
    count: int
    layers: tuple[str, ...] = ("rgb", "depth", "instance")
    size_wh: tuple[int, int] = (256, 256)
    num_frames: int = 25
    shard_mb: int | None = None
    """No shard is larger, in 10^6 bytes; None for a folder a take."""
    workers: int = 1
    pool: PoolName = "processes"

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_COUNT:
            raise InputError(f"{self.count} takes cannot be made at once; ask for 1 to {MAX_COUNT:,}")
        unknown = [name for name in self.layers if name not in RENDERED_LAYERS]
        if unknown:
            raise InputError(f"cannot render the layer {unknown[0]!r}; layers: {', '.join(RENDERED_LAYERS)}")
        if self.num_frames < 2:
            raise InputError(f"a take of {self.num_frames} frames has no motion; ask for 2 or more")
        needed = layers_bytes(self.layers, self.size_wh, self.num_frames)
        if self.shard_mb is not None and needed > self.shard_mb * MEGABYTE:
            raise InputError(f"a take of these layers has {needed / MEGABYTE:,.0f} MB, which do not fit into a shard "
                             f"of {self.shard_mb} MB; ask for larger shards, or for fewer layers")  # fmt: skip


def takes_from_worlds(plan: TakesPlan, folder: Path, *, argv: Sequence[str] = ()) -> dict[str, Report]:
    """Film worlds into a set of takes; the same plan gives the same bytes, run.json aside.

    Beside the folder, FOLDER.work holds what is finished, and from there an interrupted run goes on.

    Args:
        plan: which takes.
        folder: to make; `footage.load_takes` reads it.
        argv: the command line, for run.json.

    Returns:
        "takes", and "shards" where there are any -> what became of them.

    Raises:
        InputError: a folder or a shard cannot be written.
        MissingExtraError: shards are wanted and pyarrow is not installed.

    Example:
        >>> plan = TakesPlan(world_seed=0, count=10)
        >>> takes_from_worlds(plan, Path("takes"))["takes"].counts()  # doctest: +SKIP
        {'given': 10, 'done': 10, 'failed': 0, 'skipped': 0}
    """
    refuse_foreign_folder(folder, marker=RUN_FILE)
    if plan.shard_mb is not None:
        require("pyarrow", extra="data")
    work = folder.with_name(folder.name + ".work")
    film = FilmTake(folder=work / "takes", layers=plan.layers, size_wh=plan.size_wh, num_frames=plan.num_frames)
    items = [Item(f"{plan.world_seed}_{index:06d}") for index in range(plan.count)]
    reports = {"takes": _run(plan, film, items, work / "takes.json")}
    if plan.shard_mb is not None:
        shards = _shards_of(reports["takes"].results, plan.shard_mb * MEGABYTE)
        reports["shards"] = _run(plan, PackShard(work / "shards"), shards, work / "shards.json")
        for name, failure in reports["shards"].failed.items():
            raise InputError(f"{name} could not be written: {failure}; the same command goes on from here")
    with atomic_folder(folder, marker=RUN_FILE) as temporary:
        _publish(plan, temporary, reports)
        record = RunRecord(
            argv=tuple(argv), seeds={"world_seed": plan.world_seed}, versions=RunRecord.installed_versions()
        )
        record.write(temporary)
    return reports


def _run(plan: TakesPlan, job: Job, items: list[Item], manifest: Path) -> Report:
    executor = LoggedExecutor(workers=plan.workers, pool=plan.pool, seed=plan.world_seed, label=manifest.stem)
    return executor.run([job], items, manifest)


def _shards_of(takes: Sequence[Item], most: int) -> list[Item]:
    """Takes in their order, as many to a shard as fit.

    Raises:
        InputError: one does not fit alone.
    """
    shards: list[list[Item]] = []
    sizes: list[dict[str, int]] = []
    for take in takes:
        size = {name: Path(path).stat().st_size for name, path in take.files.items()}
        if not shards or shard_bytes([*sizes, size]) > most:
            shards.append([])
            sizes = []
        shards[-1].append(take)
        sizes.append(size)
        if shard_bytes(sizes) > most:
            raise InputError(f"the take {take.name} has {shard_bytes(sizes) / MEGABYTE:,.1f} MB as a shard, more than "
                             f"{most // MEGABYTE} MB; ask for larger shards")  # fmt: skip
    return [
        Item(
            f"takes-{number:06d}.tar",
            {"takes": {take.name: dict(take.data) for take in shard}},
            {f"{take.name}/{name}": path for take in shard for name, path in take.files.items()},
        )
        for number, shard in enumerate(shards)
    ]


def _publish(plan: TakesPlan, folder: Path, reports: dict[str, Report]) -> None:
    """Put what is finished into the set, and write what is said of all of it."""
    if plan.shard_mb is None:
        for take in reports["takes"].results:
            (folder / take.name).mkdir()
            for name, path in take.files.items():
                _put(Path(path), folder / take.name / name)
    else:
        shards = reports["shards"].results
        for shard in shards:
            _put(Path(shard.files["shard"]), folder / shard.name)
        write_index([IndexRow(**row) for shard in shards for row in shard.data["rows"]], folder / INDEX_FILE)
    write_json(folder / OUTCOMES, {stage: outcomes_of(report) for stage, report in reports.items()})
    write_text(folder / CARD, _card(plan, len(reports["takes"].results)))
    write_text(folder / CHECKSUMS, checksums_of(folder))


def _put(source: Path, target: Path) -> None:
    """The same file under another name, or a copy where the disk has no second names for one."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _card(plan: TakesPlan, count: int) -> str:
    width, height = plan.size_wh
    if plan.shard_mb is None:
        layout = "Each folder is a take."
    else:
        layout = (
            f"`{INDEX_FILE}` has a row for each take: its shard, where it begins there and how long it is in bytes, "
            "their sha256, the caption, the seed of the world, frames, width and height. In a shard (a plain tar file, "
            f"at most {plan.shard_mb} MB, as webdataset reads it) the files of a take are neighbours, named KEY.FILE."
        )
    paragraphs = (
        f"# Takes of worlds of seed {plan.world_seed}",
        f"{count} takes of {plan.num_frames} frames, {width}x{height}, of the distribution {WORLDS} (stream train, "
        f"sha256 {worlds_sha256()}): figures and solids in twelve places, filmed by a camera that moves around them.",
        f"{layout} `take.json` has the cameras, times and caption, `shot.json` what was filmed, `scene_tracks.json` "
        "where everybody is over time and what is seen of them, and each layer is a lossless `NAME.safetensors`: "
        f"{', '.join(dict.fromkeys(('rgb', *plan.layers)))}. `preview.mp4` is to look at. "
        "`kinoeye.footage.load_takes` reads it all.",
        "Units are metres; cameras are OpenCV's (x right, y down, z forward), poses camera-to-world, the world +z up. "
        "Everything is exact, and nothing is from footage, photographs or other data sets, so that the set may be "
        "published.",
        f"Made by Kinoeye {kinoeye.__version__}; `run.json` holds the command, `{CHECKSUMS}` the files' sha256, "
        f"`{OUTCOMES}` what was left out and why.",
    )
    return "\n\n".join(paragraphs) + "\n"

"""A publishable DataDoP set out of our own worlds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.executor import LoggedExecutor, PoolName
from kinoeye.base.files import refuse_foreign_folder
from kinoeye.base.jobs import Item, Report
from kinoeye.base.run_record import RUN_FILE
from kinoeye.datasets.datadop_layout import FRAMES
from kinoeye.datasets.publishing import Card, ClipOrigin, FinishedShot, publish
from kinoeye.datasets.world_shots import SIZE_WH, SKY_DEPTH_M, FilmWorld
from kinoeye.language.tags import NOMINAL_FPS
from kinoeye.render.worlds import WORLDS, worlds_sha256

MAX_COUNT = 100_000


@dataclass(frozen=True, kw_only=True)
class WorldPlan:
    """Which worlds, and how many."""

    world_seed: int
    count: int
    workers: int = 1
    pool: PoolName = "processes"

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_COUNT:
            raise InputError(f"{self.count} shots cannot be made at once; ask for 1 to {MAX_COUNT:,}")


def datadop_from_worlds(plan: WorldPlan, folder: Path, *, argv: Sequence[str] = ()) -> Report:
    """Film worlds into a folder in DataDoP's layout; the same seed gives the same bytes, run.json aside.

    Beside the folder, FOLDER.work holds what is finished, and from there an interrupted run goes on.

    Args:
        plan: which worlds.
        folder: to make.
        argv: the command line, for run.json.

    Raises:
        InputError: the count is out of range, or a folder cannot be written.

    Example:
        >>> datadop_from_worlds(WorldPlan(world_seed=0, count=10), Path("set")).counts()  # doctest: +SKIP
        {'given': 10, 'done': 10, 'failed': 0, 'skipped': 0}
    """
    refuse_foreign_folder(folder, marker=RUN_FILE)
    work = folder.with_name(folder.name + ".work")
    items = [Item(f"2_{plan.world_seed}_{index:05d}/shot_0000") for index in range(plan.count)]
    executor = LoggedExecutor(workers=plan.workers, pool=plan.pool, seed=plan.world_seed, label="filming")
    report = executor.run([FilmWorld(work / "shots")], items, work / "worlds.json")
    origin = ClipOrigin(crop_whxy=(*SIZE_WH, 0, 0), start_s=0.0, end_s=FRAMES / NOMINAL_FPS)
    shots = [FinishedShot(name=item.name, files=item.files, origin=origin, facts=item.data) for item in report.results]
    publish(
        shots,
        folder,
        card=_card(plan),
        reports={"worlds": report},
        seed=plan.world_seed,
        argv=argv,
        seeds={"world_seed": plan.world_seed},
    )
    return report


def _card(plan: WorldPlan) -> Card:
    return Card(
        title=f"Camera paths through worlds of seed {plan.world_seed}",
        paragraphs=(
            f"{plan.count} worlds of the distribution {WORLDS} (stream train, sha256 {worlds_sha256()}) with world "
            f"seed {plan.world_seed}. Each shot is a random plan of one to four moves at one focal length, "
            f"{FRAMES} poses at {NOMINAL_FPS:g} per second, that stays clear of everything; the first pose is the "
            "identity.",
            f"Unit: metres. Depth is exact along the camera's z axis; sky and what is farther away have "
            f"{SKY_DEPTH_M:g} m. Figures stand still.",
            "Captions: Movement says the motion tags of the path; Concise and Detailed Interaction are written by "
            "templates from what the first and the last frame show of the subject. No person and no language model "
            "wrote or saw them.",
            "Nothing here is from footage, photographs or other data sets, so that the set may be published.",
        ),
    )

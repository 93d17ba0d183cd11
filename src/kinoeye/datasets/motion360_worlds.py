"""A complete 360-Motion set out of our own worlds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import kinoeye
from kinoeye.base.errors import InputError
from kinoeye.base.executor import LoggedExecutor, PoolName
from kinoeye.base.files import atomic_folder, refuse_foreign_folder, write_json, write_text
from kinoeye.base.jobs import Item, Report
from kinoeye.base.run_record import RUN_FILE, RunRecord
from kinoeye.datasets.datadop_layout import CARD
from kinoeye.datasets.faults import CHECKSUMS, checksums_of
from kinoeye.datasets.motion360_cast import cast
from kinoeye.datasets.motion360_files import TestCase, write_characters, write_places, write_test_sets
from kinoeye.datasets.motion360_layout import (
    CAMERA_NAMES,
    CAMERAS,
    CHARACTERS,
    FPS,
    FRAMES,
    GROUPS,
    OFFICIAL_RESOLUTIONS,
    PICTURES,
    PLACES,
    TEST_SETS,
    Motion360Quirks,
    Resolution,
    hemi12,
)
from kinoeye.datasets.motion360_scenes import SETTINGS, FilmScene, PortrayCharacter
from kinoeye.datasets.publishing import OUTCOMES, PROVENANCE, outcomes_of, split_names
from kinoeye.formats.paths.motion360 import write_stills

MAX_COUNT = 100_000


@dataclass(frozen=True, kw_only=True)
class Motion360Plan:
    """Which scenes, how many, and how large."""

    world_seed: int
    count: int
    resolutions: tuple[Resolution, ...] = OFFICIAL_RESOLUTIONS[:1]
    workers: int = 1
    pool: PoolName = "processes"

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_COUNT:
            raise InputError(f"{self.count} scenes cannot be made at once; ask for 1 to {MAX_COUNT:,}")
        if len(set(self.resolutions)) != len(self.resolutions) or not self.resolutions:
            raise InputError("the same size is asked for twice; name each once")


def motion360_from_worlds(plan: Motion360Plan, folder: Path, *, argv: Sequence[str] = ()) -> dict[str, Report]:
    """Film scenes into a folder in the layout of 360-Motion; the same seed gives the same bytes, run.json aside.

    Scenes are in Desert and HDRI by turns. Beside the folder, FOLDER.work holds what is finished, and from there an
    interrupted run goes on.

    Args:
        plan: which scenes.
        folder: to make.
        argv: the command line, for run.json.

    Returns:
        "scenes" and "pictures" -> what became of them.

    Raises:
        InputError: the count is out of range, a folder cannot be written, or no scene could be made.

    Example:
        >>> plan = Motion360Plan(world_seed=0, count=4)
        >>> motion360_from_worlds(plan, Path("set"))["scenes"].counts()  # doctest: +SKIP
        {'given': 4, 'done': 4, 'failed': 0, 'skipped': 0}
    """
    refuse_foreign_folder(folder, marker=RUN_FILE)
    work = folder.with_name(folder.name + ".work")
    film = FilmScene(folder=work / "scenes", cast_seed=plan.world_seed, resolutions=plan.resolutions)
    scenes = _run(plan, film, [_item(index) for index in range(plan.count)], work / "scenes.json")
    if not scenes.results:
        reason = next(iter(scenes.failed.values()))
        raise InputError(f"no scene could be made, so that there is no set: {reason}")
    shown = sorted({index for item in scenes.results for index in item.data["characters"]})
    portray = PortrayCharacter(folder=work / "pictures", cast_seed=plan.world_seed)
    items = [Item(f"character {index}", {"index": index}) for index in shown]
    pictures = _run(plan, portray, items, work / "pictures.json")
    with atomic_folder(folder, marker=RUN_FILE) as temporary:
        _publish(plan, temporary, {"scenes": scenes, "pictures": pictures}, shown)
        record = RunRecord(
            argv=tuple(argv), seeds={"world_seed": plan.world_seed}, versions=RunRecord.installed_versions()
        )
        record.write(temporary)
    return {"scenes": scenes, "pictures": pictures}


def _item(index: int) -> Item:
    group, number = GROUPS[index % 2], index // 2 + 1
    return Item(f"{group}/{number:05d}", {"group": group, "number": number})


def _run(plan: Motion360Plan, job: FilmScene | PortrayCharacter, items: list[Item], manifest: Path) -> Report:
    executor = LoggedExecutor(workers=plan.workers, pool=plan.pool, seed=plan.world_seed, label=manifest.stem)
    return executor.run([job], items, manifest)


def _publish(plan: Motion360Plan, folder: Path, reports: dict[str, Report], shown: list[int]) -> None:
    """Copy what is filmed and write what all scenes share."""
    scenes = reports["scenes"].results
    (folder / PICTURES).mkdir()
    for item in reports["pictures"].results:
        for name, path in item.files.items():
            shutil.copyfile(path, folder / PICTURES / name)
    for item in scenes:
        for name, path in item.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for group in sorted({item.data["group"] for item in scenes}):
        for resolution in plan.resolutions:
            places = [setting.place for setting in SETTINGS[group]]
            write_places(places, folder / resolution.name / group / PLACES)
    write_stills(hemi12(Motion360Quirks.none()), folder / CAMERAS)
    characters = {role.character.index: role.character for role in cast(plan.world_seed)}
    write_characters([characters[index] for index in shown], folder / CHARACTERS)
    write_test_sets(_test_cases(scenes, plan.world_seed), folder / TEST_SETS)
    write_json(folder / PROVENANCE, {item.name: dict(item.data) for item in scenes})
    write_json(folder / OUTCOMES, {stage: outcomes_of(report) for stage, report in reports.items()})
    write_text(folder / CARD, _card(plan, len(scenes)))
    write_text(folder / CHECKSUMS, checksums_of(folder))


def _test_cases(scenes: Sequence[Item], seed: int) -> dict[str, TestCase]:
    """A tenth of the scenes, whose motions and words a model can be tried on."""
    by_name = {item.name: item.data for item in scenes}
    halves = split_names(list(by_name), seed)
    chosen = [by_name[name] for name in halves["test"] or halves["train"]]
    return {
        str(key): TestCase(
            video_name=facts["name"], entity_prompts=tuple(facts["prompts"]), loc_prompt=facts["location"]
        )
        for key, facts in enumerate(chosen)
    }


def _card(plan: Motion360Plan, count: int) -> str:
    sizes = " and ".join("{}x{}".format(*resolution.size_wh) for resolution in plan.resolutions)
    paragraphs = (
        f"# Motions of one to three characters, seen by twelve cameras, of world seed {plan.world_seed}",
        f"{count} scenes, {FRAMES} frames at {FPS} per second, {sizes}: people, dogs and cars with joints go the ways "
        "of motion templates (t1n13: one character, the 13th template of those) in ten places.",
        f"The layout is that of 360-Motion (3DTrajMaster, arXiv 2412.07759). `{CHARACTERS}` says who an index is, "
        f"`{CAMERAS}` where the cameras stand about their target, `{PLACES}` where the target of a place is. Poses are "
        "Unreal's: rows forward, right, up, place; left-handed, +z up, centimetres. An entity's place is the contact "
        "with the ground under the middle of its box; `size_m` of its character is that box (forward, left, up).",
        f"The lens is 35 mm on a sensor 23.76 mm wide. {CAMERA_NAMES[0]} to {CAMERA_NAMES[-1]} are stored 0.75 m above "
        "their target, where they are; the released files have 0 there. Projections are therefore right as they stand.",
        f"`{PICTURES}` has a picture of each character, `{TEST_SETS}` a tenth of the scenes, `{PROVENANCE}` how each "
        f"scene was made, `{OUTCOMES}` what was left out and why.",
        "Captions are written by templates from what is shown. Nothing here is from footage, photographs or other data "
        "sets, so that the set may be published.",
        f"Made by Kinoeye {kinoeye.__version__}; `run.json` holds the command, `{CHECKSUMS}` the files' sha256.",
    )
    return "\n\n".join(paragraphs) + "\n"

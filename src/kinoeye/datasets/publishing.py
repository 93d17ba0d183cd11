"""A finished DataDoP folder: shots in two splits, their lists, where each is from, a data card and checksums."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import kinoeye
from kinoeye.base.files import atomic_folder, write_json, write_text
from kinoeye.base.jobs import Report
from kinoeye.base.run_record import RUN_FILE, RunRecord
from kinoeye.datasets.datadop_layout import (
    CARD,
    FILES,
    LISTS,
    METADATA,
    METADATA_COLUMNS,
    SPLITS,
    Split,
    shot_file,
)
from kinoeye.datasets.faults import CHECKSUMS, checksums_of

PROVENANCE, OUTCOMES = "provenance.json", "outcomes.json"
TEST_SHARE = 0.1
"""Share of the shots that are for testing; the released set has 3,000 of 29,000."""


@dataclass(frozen=True, kw_only=True)
class ClipOrigin:
    """Where a shot is from: a row of metadata.csv."""

    video: str = ""
    """Name of the video; empty for a shot that was never one."""
    crop_whxy: tuple[int, int, int, int]
    start_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class FinishedShot:
    """A shot whose files lie somewhere."""

    name: str
    """"VIDEO/SHOT"."""
    files: Mapping[str, str]
    """Kind of file -> path."""
    origin: ClipOrigin
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else is known of how it was made; goes into provenance.json."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a data card says beyond the counts."""

    title: str
    paragraphs: tuple[str, ...]


def publish(
    shots: Sequence[FinishedShot],
    folder: Path,
    *,
    card: Card,
    reports: Mapping[str, Report],
    seed: int,
    argv: Sequence[str] = (),
    seeds: Mapping[str, int],
) -> dict[Split, int]:
    """Write the folder, whole or not at all; the same shots and seed give the same bytes, run.json aside.

    Args:
        shots: in any order.
        folder: to make.
        card: of the data card.
        reports: stage -> what became of its items; goes into outcomes.json.
        seed: of the split.
        argv: the command line, for run.json.
        seeds: for run.json.

    Returns:
        Split -> number of shots.

    Raises:
        InputError: the folder cannot be written, or was not made by Kinoeye.
    """
    splits = split_names([shot.name for shot in shots], seed)
    by_name = {shot.name: shot for shot in shots}
    with atomic_folder(folder, marker=RUN_FILE) as temporary:
        for split in SPLITS:
            write_text(temporary / LISTS[split], "".join(f"{name}\n" for name in splits[split]))
            for name in splits[split]:
                for kind in FILES:
                    target = shot_file(temporary, split, name, kind)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(by_name[name].files[kind], target)
        names = sorted(by_name)
        write_text(temporary / METADATA, _metadata([by_name[name] for name in names]))
        write_json(temporary / PROVENANCE, {name: dict(by_name[name].facts) for name in names})
        write_json(temporary / OUTCOMES, {stage: outcomes_of(report) for stage, report in reports.items()})
        write_text(temporary / CARD, _card(card, {split: len(splits[split]) for split in SPLITS}))
        write_text(temporary / CHECKSUMS, checksums_of(temporary))
        record = RunRecord(argv=tuple(argv), seeds=dict(seeds), versions=RunRecord.installed_versions())
        record.write(temporary)
    return {split: len(splits[split]) for split in SPLITS}


def split_names(names: Sequence[str], seed: int) -> dict[Split, list[str]]:
    """A random tenth of the names for testing, but at least one of two or more; both halves are sorted.

    Example:
        >>> [len(half) for half in split_names([f"v/{i}" for i in range(20)], seed=0).values()]
        [18, 2]
    """
    ordered = sorted(names)
    count = max(round(TEST_SHARE * len(ordered)), 1) if len(ordered) > 1 else 0
    drawn = set(np.random.default_rng([seed, 0x5B117]).permutation(len(ordered))[:count].tolist())
    return {
        "train": [name for i, name in enumerate(ordered) if i not in drawn],
        "test": [name for i, name in enumerate(ordered) if i in drawn],
    }


def clock(seconds: float) -> str:
    """Seconds as HH:MM:SS.mmm.

    Example:
        >>> clock(3725.5)
        '01:02:05.500'
    """
    milliseconds = round(1000 * seconds)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def _metadata(shots: Sequence[FinishedShot]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(METADATA_COLUMNS)
    for shot in shots:
        origin = shot.origin
        crop = ":".join(map(str, origin.crop_whxy))
        rows.writerow([shot.name, origin.video, crop, clock(origin.start_s), clock(origin.end_s)])
    return text.getvalue()


def outcomes_of(report: Report) -> dict[str, Any]:
    """What a set's record says of a run: counts, and why items were left out."""
    # A shot made earlier is as finished as one made now: the same set has the same bytes.
    counts = report.counts()
    failures = {name: str(report.failed[name]) for name in sorted(report.failed)}
    return {"given": counts["given"], "finished": counts["done"] + counts["skipped"], "failures": failures}


def _card(card: Card, counts: Mapping[Split, int]) -> str:
    made = f"Made by Kinoeye {kinoeye.__version__}; `run.json` holds the command, `{CHECKSUMS}` the files' sha256."
    layout = (
        f"The layout is that of DataDoP (arXiv 2504.07083): `{LISTS['train']}` and `{LISTS['test']}` list "
        f"{counts['train']} shots for training and {counts['test']} for testing as VIDEO/SHOT. Each has a first frame "
        f"(`{FILES['rgb']}`), its depth (`{FILES['depth']}`, float32), the raw path (`{FILES['traj']}` with "
        f"`{FILES['intrinsics']}`: number, x, y, z, qw, qx, qy, qz; OpenCV camera axes), 120 poses "
        f"(`{FILES['transforms']}`, camera-to-world, OpenGL camera axes) and captions (`{FILES['caption']}`). "
        f"`{METADATA}` says where each shot is from, `{PROVENANCE}` how it was made, `{OUTCOMES}` what was left out "
        "and why."
    )
    return "\n\n".join([f"# {card.title}", *card.paragraphs, layout, made]) + "\n"

"""What is wrong with a DataDoP folder: every fault of every shot; nothing is changed, skipped or replaced."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_text
from kinoeye.base.findings import severity_rank
from kinoeye.base.progress import track
from kinoeye.datasets.datadop_layout import (
    FILES,
    LISTS,
    METADATA,
    METADATA_COLUMNS,
    SPLITS,
    Split,
    is_shot_name,
    shot_file,
)
from kinoeye.datasets.faults import CHECKSUMS, Fault, Problem, Problems, SetReport, checksum_problems, faults_of
from kinoeye.datasets.shot_check import shot_problems


def check_datadop(folder: Path | str) -> SetReport:
    """Every fault of a DataDoP folder (arXiv 2504.07083): lists, missing files, sizes, numbers, poses, captions.

    Args:
        folder: holds train_valid.txt or test_valid.txt, and train/ and test/ with the shots that they name.

    Raises:
        InputError: it is no folder.

    Example:
        >>> check_datadop("DataDoP").holds  # doctest: +SKIP
        True
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one with {' or '.join(LISTS.values())}")
    faults: list[Fault] = []
    entries: dict[Split, list[str]] = {}
    for split in SPLITS:
        entries[split], problems = _read_list(folder / LISTS[split])
        faults += faults_of("", LISTS[split], problems)
    faults += faults_of("", "", _between_lists(folder, entries))
    listed: list[tuple[Split, str]] = [
        (split, shot) for split in SPLITS for shot in dict.fromkeys(entries[split]) if is_shot_name(shot)
    ]
    for split, shot in track(listed, "checking"):
        for kind, problems in shot_problems(folder, split, shot).items():
            name = str(shot_file(folder, split, shot, kind).relative_to(folder)) if kind in FILES else f"{split}/{shot}"
            faults += faults_of(f"{split}/{shot}", name, problems)
    faults += faults_of("", METADATA, _metadata(folder / METADATA, {shot for _, shot in listed}))
    faults += faults_of("", CHECKSUMS, checksum_problems(folder))
    faults.sort(key=lambda fault: severity_rank(fault.severity))
    return SetReport(shots={split: len(entries[split]) for split in SPLITS}, faults=tuple(faults))


def _read_list(path: Path) -> tuple[list[str], Problems]:
    """The entries of a list of shots, and what is wrong with them."""
    if not path.is_file():
        return [], []
    try:
        lines = [line.strip() for line in read_text(path).splitlines()]
    except InputError as error:
        return [], [Problem("unreadable", str(error))]
    entries = [line for line in lines if line]
    problems = [Problem("bad-entry", f"{entry!r} is not VIDEO/SHOT") for entry in entries if not is_shot_name(entry)]
    repeated = [entry for entry, count in Counter(entries).items() if count > 1]
    problems += [Problem("repeated-entry", f"{entry} is listed more than once") for entry in repeated]
    return entries, problems


def _between_lists(folder: Path, entries: dict[Split, list[str]]) -> Iterator[Problem]:
    if not any((folder / name).is_file() for name in LISTS.values()):
        yield Problem("no-lists", f"there is neither {' nor '.join(LISTS.values())}")
    elif not any(entries.values()):
        yield Problem("empty", "the lists name no shot")
    for shot in sorted(set(entries["train"]) & set(entries["test"])):
        yield Problem("in-both-splits", f"{shot} is listed for training and for testing")
    for split in SPLITS:
        root = folder / split
        found = {
            str(path.relative_to(root)).removesuffix(ending)
            for ending in FILES.values()
            for path in root.glob(f"*/*{ending}")
        }
        for shot in sorted(found - set(entries[split])):
            yield Problem("unlisted", f"{split}/{shot} is not in {LISTS[split]}: GenDoP does not read it", "warning")


def _metadata(path: Path, shots: set[str]) -> Iterator[Problem]:
    if not path.is_file():
        yield Problem("missing", "it would say where each shot is from", "warning")
        return
    try:
        rows = list(csv.reader(read_text(path).splitlines()))
    except (InputError, csv.Error) as error:
        yield Problem("unreadable", str(error))
        return
    if not rows or tuple(rows[0]) != METADATA_COLUMNS:
        yield Problem(
            "columns", f"its columns are {', '.join(rows[0] if rows else [])}; not {', '.join(METADATA_COLUMNS)}"
        )
        return
    short = sum(len(row) != len(METADATA_COLUMNS) for row in rows[1:])
    if short:
        yield Problem("columns", f"{short} rows do not have {len(METADATA_COLUMNS)} cells")
    known = {row[0] for row in rows[1:] if row}
    missing = sorted(shot for shot in shots if shot not in known)
    if missing:
        yield Problem("incomplete", f"{len(missing)} shots are not in it, such as {missing[0]}", "warning")

"""What is wrong with a set of takes: every fault of every take; nothing is changed or skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.findings import severity_rank
from kinoeye.base.progress import track
from kinoeye.datasets.faults import CHECKSUMS, Fault, Problem, SetReport, checksum_problems, faults_of
from kinoeye.footage.shards import range_sha256
from kinoeye.footage.store import TRACKS_FILE
from kinoeye.footage.take import Take
from kinoeye.footage.take_sets import TakeInShard, TakeSet, load_takes


def check_takes(folder: Path | str) -> SetReport:
    """Every fault of a set of takes: files, layers, facts that are of another take, and rows of an index that lie.

    Args:
        folder: what `footage.load_takes` reads.

    Raises:
        InputError: it is no such folder, or its index is damaged.

    Example:
        >>> check_takes("out/takes").holds  # doctest: +SKIP
        True
    """
    folder = Path(folder)
    takes = load_takes(folder)
    faults: list[Fault] = []
    for index, key in enumerate(track(takes.keys, "checking")):
        faults += faults_of(key, "", _problems(takes, index))
    faults += faults_of("", CHECKSUMS, checksum_problems(folder))
    faults.sort(key=lambda fault: severity_rank(fault.severity))
    return SetReport(shots={"takes": len(takes)}, faults=tuple(faults))


def _problems(takes: TakeSet, index: int) -> Iterator[Problem]:
    stored = takes.stored[index]
    try:
        take = takes[index]
        for name in take.layers:
            take.layers[name]
    except InputError as error:
        yield Problem("damaged-take", str(error))
        return
    if isinstance(stored, TakeInShard):
        yield from _index_problems(stored, take)
    if stored.files().size(TRACKS_FILE) is None:
        yield Problem("no-facts", f"{TRACKS_FILE} is missing", "warning")
        return
    try:
        tracks = takes.scene_tracks(index)
    except InputError as error:
        yield Problem("damaged-facts", str(error))
        return
    actors = () if take.requested is None else tuple(actor.name for actor in take.requested.actors)
    if tracks.names[1:] != actors or not np.array_equal(tracks.times_s, take.times_s):
        yield Problem("other-facts", f"{TRACKS_FILE} is about other actors or times than the take")


def _index_problems(stored: TakeInShard, take: Take) -> Iterator[Problem]:
    row = stored.row
    if range_sha256(stored.folder / row.shard, row.offset, row.length) != row.sha256:
        yield Problem("changed-take", f"{row.shard} does not hold the bytes that the index says")
    width, height = take.size_wh
    facts = {"caption": take.captions[0] if take.captions else "", "frames": len(take), "width": width}
    facts |= {"height": height} | ({} if take.requested is None else {"seed": take.requested.seed})
    for name, found in facts.items():
        if getattr(row, name) != found:
            yield Problem("wrong-index", f"the index says {name} {getattr(row, name)!r}; the take has {found!r}")

"""Camera files against camera files, one pair or many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.names import first_names
from kinoeye.evaluation.association import MAX_DIFFERENCE_S, Association, Missing
from kinoeye.evaluation.pose_pairs import Settings
from kinoeye.evaluation.pose_protocols import chosen_protocols
from kinoeye.evaluation.pose_score import PoseScore, score_poses
from kinoeye.evaluation.resampling import RESAMPLES
from kinoeye.evaluation.score_table import ScoreTable, tabulate
from kinoeye.formats.path_table import PathTable
from kinoeye.formats.paths.file_head import file_head
from kinoeye.formats.paths.registry import READERS, read_path
from kinoeye.geometry.align import Alignment
from kinoeye.geometry.track import Track


def score_files(
    reference: Path | str,
    estimate: Path | str,
    *,
    align: Alignment | None = None,
    by: Association | None = None,
    max_difference_s: float = MAX_DIFFERENCE_S,
    missing: Missing | None = None,
    settings: Settings | None = None,
    protocols: Iterable[str] | None = None,
) -> PoseScore:
    """Score one camera file against another, in any formats.

    Args:
        reference: the camera taken as true.
        estimate: the camera to judge.
        align: as in `score_poses`.
        by: pair poses by time or by index; None pairs by time where both files have it.
        max_difference_s: as in `score_poses`.
        missing: as in `score_poses`.
        settings: as in `score_poses`.
        protocols: as in `score_poses`.

    Raises:
        InputError: a file cannot be read or is faulty, or as `score_poses`.

    Example:
        >>> score_files("truth.txt", "slam.txt", align="sim3").metrics["ate_translation"].value  # doctest: +SKIP
        0.0187
    """
    tables = read_path(reference), read_path(estimate)
    return _score_tables(
        *tables,
        by=by,
        align=align,
        max_difference_s=max_difference_s,
        missing=missing,
        settings=settings,
        protocols=protocols,
    )


def score_many(
    files: Mapping[str, tuple[Path, Path | None]],
    *,
    align: Alignment | None = None,
    by: Association | None = None,
    max_difference_s: float = MAX_DIFFERENCE_S,
    missing: Missing | None = None,
    settings: Settings | None = None,
    protocols: Iterable[str] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    notes: tuple[str, ...] = (),
) -> ScoreTable:
    """Score many pairs of camera files; an estimate that is missing, unreadable or faulty is a failure that counts.

    Args:
        files: name -> reference and estimate, None where there is no estimate.
        align: as in `score_files`, and so the next five.
        by: pair poses by time or by index.
        max_difference_s: largest time between the poses of a pair.
        missing: whether poses of a reference without a partner are failures.
        settings: what the protocols leave open.
        protocols: names of `PROTOCOLS`; None means all.
        seed: of the confidence intervals.
        resamples: of the confidence intervals.
        notes: what a reader of the table should know.

    Raises:
        InputError: a reference cannot be read or is faulty, or as `tabulate`.

    Example:
        >>> files, notes = match_folders(Path("truths"), Path("estimates"))  # doctest: +SKIP
        >>> score_many(files, notes=notes).summary["auc_30"].mean  # doctest: +SKIP
        0.83
    """
    chosen = tuple(protocol.name for protocol in chosen_protocols(protocols))
    scores: dict[str, PoseScore | Failure] = {}
    asked: dict[str, int] = {}
    for name, (reference, estimate) in files.items():
        true = read_path(reference)
        true.require_sound()
        asked[name] = len(true)
        try:
            if estimate is None:
                raise InputError("there is no estimate")
            scores[name] = _score_tables(
                true,
                read_path(estimate),
                by=by,
                align=align,
                max_difference_s=max_difference_s,
                missing=missing,
                settings=settings,
                protocols=chosen,
            )
        except InputError as error:
            scores[name] = Failure(str(error))
    return tabulate(scores, asked=asked, protocols=chosen, seed=seed, resamples=resamples, notes=notes)


def match_folders(reference: Path, estimate: Path) -> tuple[dict[str, tuple[Path, Path | None]], tuple[str, ...]]:
    """The camera files of a folder and those of the same stem in another, as `score_many` takes them, and notes.

    Raises:
        InputError: there is no camera file in the first folder, or two files have the same stem.
    """
    references, estimates = _by_stem(reference), _by_stem(estimate)
    cameras = {stem: path for stem, path in references.items() if _format_of(path) is not None}
    if not cameras:
        raise InputError(f"{reference} holds no camera files; `kinoeye inspect FILE` says what a file is")
    notes = ()
    if others := [path.name for stem, path in references.items() if stem not in cameras]:
        notes += (f"not cameras, and left out: {first_names(others)}",)
    if unasked := [path.name for stem, path in estimates.items() if stem not in references]:
        notes += (f"estimates without a reference, and left out: {first_names(unasked)}",)
    return {stem: (path, estimates.get(stem)) for stem, path in cameras.items()}, notes


def is_folder_of_paths(path: Path) -> bool:
    """Whether a path is a folder that is not itself a camera path of some format."""
    return path.is_dir() and _format_of(path) is None


def _score_tables(
    reference: PathTable,
    estimate: PathTable,
    *,
    align: Alignment | None,
    by: Association | None,
    max_difference_s: float,
    missing: Missing | None,
    settings: Settings | None,
    protocols: Iterable[str] | None,
) -> PoseScore:
    timed = reference.times_s is not None and estimate.times_s is not None
    return score_poses(
        _track(reference),
        _track(estimate),
        align=align,
        by=by or ("time" if timed else "index"),
        max_difference_s=max_difference_s,
        missing=missing,
        settings=settings,
        protocols=protocols,
    )


def _track(table: PathTable) -> Track:
    # Without times the rate is only a label for the index; any will do.
    return table.to_track(fps=None if table.times_s is not None else 1.0)


def _by_stem(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(path for path in folder.iterdir() if not path.name.startswith(".")):
        if path.stem in found:
            raise InputError(f"{folder} holds both {found[path.stem].name} and {path.name}; files are matched by stem")
        found[path.stem] = path
    return found


def _format_of(path: Path) -> str | None:
    try:
        head = file_head(path)
    except InputError:
        return None
    return next((name for name, reader in READERS.items() if reader.sniff(head)), None)

"""Users' own camera paths against their references, pair by pair, under the metrics of GenDoP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import read_json, sha256_of_file
from kinoeye.base.progress import track
from kinoeye.evaluation.clatr_scores import Quirks, match_scale, score_with_clatr
from kinoeye.evaluation.feature_extractor import PathTextEncoder
from kinoeye.evaluation.file_scores import match_folders
from kinoeye.evaluation.harness import Baselines, EvalReport, Stopwatch, sha256_of
from kinoeye.evaluation.measurement import Measurement
from kinoeye.evaluation.path_tags import count_tags, poses_of, tag_measurements
from kinoeye.formats.paths.registry import read_path
from kinoeye.geometry.convention import Float64

PREDICTED, REFERENCE = "_transforms_pred.json", ("_transforms_ref.json", "_transforms_cleaning.json")
"""What names of predictions and of references end in where GenDoP or DataDoP wrote them."""
CAPTION = "_caption.json"
CAPTION_KEYS = ("Movement", "Concise Interaction", "Detailed Interaction")
"""The captions that DataDoP has of a shot."""


@dataclass(frozen=True)
class _Pair:
    reference: Path
    prediction: Path | None
    caption: Path | None = None


def evaluate_folders(
    predicted: Path,
    reference: Path,
    *,
    encoder: PathTextEncoder | None = None,
    caption_key: str = CAPTION_KEYS[0],
    quirks: Quirks | None = None,
    seed: int = 0,
    baselines: Baselines = "all",
) -> EvalReport:
    """The scores of the camera files of a folder against those of the same names in another.

    Files are of any readable format and paired by stem; folders in GenDoP's or DataDoP's layout, which may be one and
    the same, are searched whole and paired by shot. A prediction that is missing, unreadable or faulty is a failure
    and wrong in every frame. A prediction of another length is sampled at as many even times as its reference has
    poses.

    Args:
        predicted: the folder of predictions.
        reference: the folder of references.
        encoder: a CLaTr for the scores in its space; None leaves them out. Its score of captions needs one beside
            every reference, and an encoder that reads them.
        caption_key: which of `CAPTION_KEYS` the paths were directed by.
        quirks: of the published evaluation; None for `Quirks.none()`.
        seed: of intervals, and of latents where they are drawn.
        baselines: "none" leaves out a camera at rest and references of other shots.

    Raises:
        InputError: a folder is missing, holds no references, or a reference cannot be read.
    """
    watch = Stopwatch()
    quirks = quirks or Quirks.none()
    pairs, notes = _pairs(predicted, reference)
    true = {name: _read(pair.reference) for name, pair in pairs.items()}
    ours: list[Float64 | None] = []
    for name in track(list(pairs), "reading"):
        path, why = _read_prediction(pairs[name].prediction, len(true[name]))
        ours.append(path)
        notes += (f"{name}: {why}",) if why else ()
    theirs = list(true.values())
    captions = None
    notes += ("no scores of CLaTr, as none ships with this version: give --clatr" if encoder is None
              else f"CLaTr: {encoder.name}",)  # fmt: skip
    if encoder is not None and encoder.reads_captions:
        captions = _captions(list(pairs.values()), caption_key)
        notes += () if captions else (f"no clatr_score: not every reference has a caption {caption_key!r} beside it",)
    metrics = _scores(ours, theirs, captions, encoder, quirks, seed)
    rows: dict[str, Measurement] = {}
    chance: dict[str, Measurement] = {}
    if baselines == "all":
        rest: list[Float64 | None] = [np.tile(np.eye(4), (len(path), 1, 1)) for path in theirs]
        rows = {"tag_f1_static": tag_measurements(count_tags(rest, theirs), seed=seed)["tag_f1"]}
        if len(theirs) > 1:
            others = [read_at(pair.reference, len(path)) for pair, path in zip(_rolled(pairs), theirs, strict=True)]
            chance = {
                "tag_f1": tag_measurements(count_tags(_matched(others, theirs, quirks), theirs), seed=seed)["tag_f1"]
            }
    return EvalReport(
        system="gendop",
        model=str(predicted),
        worlds=str(reference),
        worlds_sha256=sha256_of({name: sha256_of_file(pair.reference) for name, pair in pairs.items()}),
        world_seed=None,
        seed=seed,
        count=len(pairs),
        failures=sum(path is None for path in ours),
        metrics=metrics,
        baselines=rows,
        chance=chance,
        cpu_seconds=watch.cpu_seconds,
        notes=notes,
    )


def read_at(path: Path, count: int) -> Float64:
    """T_world_cam [count, 4, 4] of a camera file, at so many even times.

    Raises:
        InputError: the file cannot be read or is faulty.
    """
    table = read_path(path)
    # Without times the rate is only a label for the index; any will do.
    return poses_of(table.to_track(fps=None if table.times_s is not None else 1.0), count)


def _read(path: Path) -> Float64:
    table = read_path(path)
    if len(table) < 2:
        raise InputError(f"{path} holds {len(table)} pose; a reference of at least 2 is needed")
    return read_at(path, len(table))


def _read_prediction(path: Path | None, count: int) -> tuple[Float64 | None, str]:
    if path is None:
        return None, "there is no prediction"
    try:
        return read_at(path, count), ""
    except InputError as error:
        return None, str(error)


def _scores(
    ours: Sequence[Float64 | None],
    theirs: Sequence[Float64],
    captions: Sequence[str] | None,
    encoder: PathTextEncoder | None,
    quirks: Quirks,
    seed: int,
) -> dict[str, Measurement]:
    if encoder is not None:
        return score_with_clatr(encoder, ours, theirs, captions, quirks=quirks, seed=seed)
    if quirks.tags_of_reconstructions:
        raise InputError("the published evaluation tags what CLaTr reconstructs; give a CLaTr")
    return tag_measurements(count_tags(_matched(ours, theirs, quirks), theirs), seed=seed)


def _matched(ours: Sequence[Float64 | None], theirs: Sequence[Float64], quirks: Quirks) -> list[Float64 | None]:
    if quirks.mismatched_scales:
        return list(ours)
    return [None if path is None else match_scale(path, true) for path, true in zip(ours, theirs, strict=True)]


def _rolled(pairs: Mapping[str, _Pair]) -> list[_Pair]:
    values = list(pairs.values())
    return [*values[1:], values[0]]


def _pairs(predicted: Path, reference: Path) -> tuple[dict[str, _Pair], tuple[str, ...]]:
    for folder in (predicted, reference):
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder; give the folder that holds the camera files")
    references = {**_ending(reference, REFERENCE[1]), **_ending(reference, REFERENCE[0])}
    if not references:
        files, notes = match_folders(reference, predicted)
        return {name: _Pair(true, ours) for name, (true, ours) in files.items()}, notes
    predictions = _ending(predicted, PREDICTED) or _ending(predicted, REFERENCE[1])
    if not predictions.keys() & references.keys():
        raise InputError(
            f"{predicted} has nothing of the {len(references)} shots in {reference}, such as "
            f"{min(references)}{PREDICTED}; give the folder of their predictions"
        )
    captions = _ending(reference, CAPTION)
    unasked = sorted(predictions.keys() - references.keys())
    notes = (f"predictions without a reference, and left out: {len(unasked)}",) if unasked else ()
    return {
        shot: _Pair(path, predictions.get(shot), captions.get(shot)) for shot, path in sorted(references.items())
    }, notes


def _ending(folder: Path, ending: str) -> dict[str, Path]:
    """Shot, such as "1_0001/shot_0070" -> the file of a folder, or of one inside, whose name goes on with an ending."""
    return {path.relative_to(folder).as_posix().removesuffix(ending): path for path in folder.rglob(f"*{ending}")}


def _captions(pairs: Sequence[_Pair], key: str) -> list[str] | None:
    """The captions of all pairs; None where one has none."""
    found = []
    for pair in pairs:
        data = read_json(pair.caption) if pair.caption is not None else None
        if not isinstance(data, dict) or not isinstance(data.get(key), str):
            return None
        found.append(data[key])
    return found

"""Users' own films of avatars against what was filmed, film by film (`kinoeye eval amg --pred --gt`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.progress import track
from kinoeye.evaluation.feature_extractor import FeatureExtractor
from kinoeye.evaluation.filmed import Filmed, scaled
from kinoeye.evaluation.frechet import frechet_distance, frechet_interval
from kinoeye.evaluation.harness import Baselines, EvalReport, Stopwatch, sha256_of
from kinoeye.evaluation.judged_film import JudgedFilm
from kinoeye.evaluation.measurement import Measurement, means
from kinoeye.evaluation.own_film_metrics import FEATURES, OWN_FILM_METRICS, lacking, own_film_scores
from kinoeye.evaluation.own_films import OwnPair, find_pairs, read_film
from kinoeye.geometry.convention import Float64

Frames = UInt8[NDArray, "f h w 3"]
AVATARS = ("self_silhouette_iou", "self_person_count_accuracy", "flow_agreement", "pnp_rotation_deg",
           "pnp_position_percent")  # fmt: skip
"""Metrics that need no place; the actors on black show what they come to."""


@dataclass(frozen=True)
class _Judged:
    """What one film comes to."""

    scores: Mapping[str, float | None]
    rows: Mapping[str, float | None]
    lacks: Mapping[str, str]
    features: Mapping[str, tuple[Float64, Float64]]
    """Name of a Frechet distance -> features of the film and of the true one, where there is one."""
    chance: float | None
    """Of telling the camera's path among the wrong ones."""
    failure: str = ""


def evaluate_films(predicted: Path, reference: Path, *, seed: int = 0, baselines: Baselines = "all") -> EvalReport:
    """The scores of the films of a folder against what was filmed, under the same names in another.

    Films are videos, folders of numbered pictures, takes, and folders that `kinoeye film` wrote; what was filmed is a
    shot, a take with its shot, or guide passes, with a true film if there is one. What a film should show is rendered
    in its size at its times. A film that is missing, unreadable, cropped or of another length is a failure and the
    worst of all that is defined.

    Args:
        predicted: the folder of films.
        reference: the folder of what was filmed.
        seed: of intervals and of RANSAC.
        baselines: "none" leaves out true films, the actors on black, and the films of other names.

    Raises:
        InputError: a folder is missing or holds nothing of its kind, or what was filmed cannot be read.
    """
    watch = Stopwatch()
    pairs, notes = find_pairs(predicted, reference)
    names = list(pairs)
    judged: dict[str, _Judged] = {}
    for index, name in enumerate(track(names, "judging films")):
        other = _other(pairs, names[index + 1 :] + names[:index]) if baselines == "all" else None
        judged[name] = _judge(pairs[name], other, seed=seed, with_rows=baselines == "all")
    found = list(judged.values())
    frechet, frechet_notes = _frechet(found, seed)
    lines = _lines([each.lacks for each in found])
    chances = [each.chance for each in found if each.chance is not None]
    return EvalReport(
        system="amg",
        model=str(predicted),
        worlds=str(reference),
        worlds_sha256=sha256_of({name: pair.reference.sha256 for name, pair in pairs.items()}),
        world_seed=None,
        seed=seed,
        count=len(pairs),
        failures=sum(bool(each.failure) for each in found),
        metrics={**means([each.scores for each in found], seed=seed), **frechet},
        baselines=means([each.rows for each in found], seed=seed),
        chance={"camera_motion_accuracy": Measurement(value=float(np.mean(chances)))}
        if chances and baselines == "all" else {},
        cpu_seconds=watch.cpu_seconds,
        notes=(*notes, *(f"{name}: {each.failure}" for name, each in judged.items() if each.failure), *lines,
               *frechet_notes),
    )  # fmt: skip


def _judge(pair: OwnPair, other: Frames | None, *, seed: int, with_rows: bool) -> _Judged:
    rgb, filmed, failure = _read(pair)
    lacks = lacking(filmed)
    film = None if rgb is None else JudgedFilm(rgb, filmed, seed)
    features: dict[str, tuple[Float64, Float64]] = {}
    if filmed.true_rgb is not None:
        shown = np.zeros_like(filmed.true_rgb) if rgb is None else rgb
        features = {
            name: (extractor([shown])[0], extractor([filmed.true_rgb])[0]) for name, extractor in FEATURES.items()
        }
    return _Judged(
        scores=own_film_scores(film, lacks),
        rows=_rows(filmed, other, lacks, seed) if with_rows else {},
        lacks=lacks,
        features=features,
        chance=None if "camera_motion_accuracy" in lacks else 1 / len(filmed.hypotheses),
        failure=failure,
    )


def _read(pair: OwnPair) -> tuple[Frames | None, Filmed, str]:
    """A film, what it was made of, and why there is no film."""
    if pair.film is None:
        return None, pair.reference.in_small(), "there is no film"
    try:
        film = read_film(pair.film)
        times_s = pair.reference.times_of(film)
    except InputError as error:
        return None, pair.reference.in_small(), str(error)
    return film.rgb, pair.reference.at(times_s, film.size_wh), ""


def _other(pairs: Mapping[str, OwnPair], names: Iterable[str]) -> Frames | None:
    """The film of the first of some names that has one that can be read."""
    for name in names:
        film = pairs[name].film
        try:
            if film is not None:
                return read_film(film).rgb
        except InputError:
            continue
    return None


def _rows(filmed: Filmed, other: Frames | None, lacks: Mapping[str, str], seed: int) -> dict[str, float | None]:
    rows: dict[str, float | None] = {}
    films: dict[str, tuple[Frames | None, Sequence[str]]] = {
        "ceiling": (filmed.true_rgb, tuple(OWN_FILM_METRICS)),
        "avatars": (filmed.avatar_rgb, AVATARS),
        "shuffled": (None if other is None else _fitted(other, filmed), tuple(OWN_FILM_METRICS)),
    }
    for row, (film, metrics) in films.items():
        if film is not None:
            judged = JudgedFilm(film, filmed, seed)
            for name in metrics:
                if name not in lacks:
                    rows[f"{name}_{row}"] = OWN_FILM_METRICS[name].score(judged)
    return rows


def _fitted(film_rgb: Frames, filmed: Filmed) -> Frames:
    """A film in the size and the number of frames of what was filmed."""
    frames = np.linspace(0, len(film_rgb) - 1, len(filmed.person)).round().astype(np.int64)
    return scaled(film_rgb[frames], filmed.size_wh)


def _frechet(judged: Sequence[_Judged], seed: int) -> tuple[dict[str, Measurement], list[str]]:
    """Frechet distances between the films that have a true one and these, and why one is not defined."""
    found: dict[str, Measurement] = {}
    notes: dict[str, list[str]] = {}
    for name, extractor in FEATURES.items():
        pairs = [each.features[name] for each in judged if name in each.features]
        needed = _needed(extractor)
        if len(pairs) < needed:
            found[name] = Measurement(value=None)
            notes.setdefault(f"{needed} films with true ones are needed, and {len(pairs)} are there", []).append(name)
            continue
        ours, theirs = (np.stack(features) for features in zip(*pairs, strict=True))
        low, high = frechet_interval(ours, theirs, seed=seed)
        found[name] = Measurement(value=frechet_distance(ours, theirs), low=low, high=high, items=len(pairs))
    return found, [f"{why}, so that there is no {', '.join(names)}" for why, names in notes.items()]


def _needed(extractor: FeatureExtractor) -> int:
    """Films whose features have a covariance of full rank."""
    return extractor.dim + 1


def _lines(films: Sequence[Mapping[str, str]]) -> list[str]:
    """A line a reason why metrics are not defined, with how many films it is about, in the order of metrics."""
    lines: dict[tuple[str, int], list[str]] = {}
    for metric in OWN_FILM_METRICS:
        for why, count in Counter(lacks[metric] for lacks in films if metric in lacks).items():
            lines.setdefault((why, count), []).append(metric)
    return [f"{why}, so that {count} of {len(films)} films have no {', '.join(names)}"
            for (why, count), names in lines.items()]  # fmt: skip

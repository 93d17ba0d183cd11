"""Scores of camera paths in the latent space of CLaTr, and of what it reconstructs of them (GenDoP, section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.evaluation.feature_extractor import Latents, PathTextEncoder
from kinoeye.evaluation.feature_scores import score_features
from kinoeye.evaluation.manifold import NEIGHBOURS
from kinoeye.evaluation.measurement import Measurement
from kinoeye.evaluation.path_tags import count_tags, tag_measurements
from kinoeye.geometry.convention import Float64

RECONSTRUCTED = "_reconstructed"
"""What the names of scores of CLaTr's reconstructions end in."""
_AT_REST = 1e-9


@dataclass(frozen=True, kw_only=True)
class Quirks:
    """What the published evaluation of GenDoP does to its numbers."""

    chunks: int
    """Parts, in the order of files, over which precision, recall, density and coverage are averaged."""
    mismatched_scales: bool
    """Whether predictions of unit scale meet references in the scale of their reconstruction."""
    tags_of_reconstructions: bool
    """Whether `tag_f1` and its like are of what CLaTr reconstructs, of references too, and not of the paths."""
    random_latents: bool
    """Whether latents are drawn from their distributions, so that no two runs give the same numbers."""
    floored_score: bool
    """Whether a CLaTr score below 0 is told as 0."""

    @classmethod
    def official(cls) -> Quirks:
        """All of them."""
        return cls(
            chunks=5,
            mismatched_scales=True,
            tags_of_reconstructions=True,
            random_latents=True,
            floored_score=True,
        )

    @classmethod
    def none(cls) -> Quirks:
        """Mean latents, predictions in the scale of their references, tags of the paths, whole sets."""
        return cls(
            chunks=1,
            mismatched_scales=False,
            tags_of_reconstructions=False,
            random_latents=False,
            floored_score=False,
        )


def score_with_clatr(
    encoder: PathTextEncoder,
    predicted: Sequence[Float64 | None],
    reference: Sequence[Float64],
    captions: Sequence[str] | None = None,
    *,
    quirks: Quirks | None = None,
    seed: int = 0,
) -> dict[str, Measurement]:
    """Tags, CLaTr score, Frechet distance, precision, recall, density and coverage of paths against references.

    A missing path counts as the worst: wrong in every frame, a CLaTr score of -100, in no ball, and as a camera that
    rests in the Frechet distance and in the balls, as there is no worst path.

    Args:
        encoder: CLaTr.
        predicted: camera-to-world [n, 4, 4], OpenCV axes, one for each reference and of as many poses; None where it
            is missing.
        reference: the paths taken as true.
        captions: what the paths were asked for; None leaves the CLaTr score out.
        quirks: None for `Quirks.none()`.
        seed: of intervals, and of latents where they are drawn.

    Raises:
        InputError: the lists differ in length, or there are too few paths.
    """
    quirks = quirks or Quirks.none()
    if len(predicted) != len(reference) or (captions is not None and len(captions) != len(reference)):
        raise InputError(
            f"{len(predicted)} predictions, {len(reference)} references and {len(captions or reference)} captions "
            "do not belong together; give one of each"
        )
    given = np.array([path is not None for path in predicted])
    paths = [
        np.tile(np.eye(4), (len(true), 1, 1)) if path is None else path
        for path, true in zip(predicted, reference, strict=True)
    ]
    if not quirks.mismatched_scales:
        paths = [match_scale(path, true) for path, true in zip(paths, reference, strict=True)]
    rng = np.random.default_rng(seed)
    ours, theirs = (_latents(encoder.encode_paths(each), quirks, rng) for each in (paths, reference))
    lengths = [len(path) for path in reference]
    rebuilt, rebuilt_reference = (encoder.decode(latents, lengths) for latents in (ours, theirs))
    of_reconstructions = count_tags(_without(rebuilt, given), rebuilt_reference)
    of_paths = of_reconstructions if quirks.tags_of_reconstructions else count_tags(_without(paths, given), reference)
    found = {
        **tag_measurements(of_paths, seed=seed),
        **tag_measurements(of_reconstructions, seed=seed, suffix=RECONSTRUCTED),
    }
    if captions is not None:
        texts = _latents(encoder.encode_texts(captions), quirks, rng)
        found["clatr_score"] = clatr_score(ours, texts, given, floored=quirks.floored_score, seed=seed)
    if len(paths) // quirks.chunks > NEIGHBOURS:
        sets = score_features(ours, theirs, chunks=quirks.chunks, seed=seed)
        found |= {f"clatr_{name}": measured for name, measured in sets.items()}
    return found


def clatr_score(
    paths: Float64, texts: Float64, given: np.ndarray | None = None, *, floored: bool = False, seed: int = 0
) -> Measurement:
    """Mean of 100 cos between the latents [n, d] of paths and of their captions; -100 for paths that are not given.

    Args:
        paths: [n, d]
        texts: [n, d]
        given: [n] which paths there are; None for all.
        floored: whether a mean below 0 becomes 0.
        seed: of the interval.

    Example:
        >>> clatr_score(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]])).value
        100.0
    """
    norms = np.linalg.norm(paths, axis=1) * np.linalg.norm(texts, axis=1)
    cosine = np.divide((paths * texts).sum(axis=1), norms, out=np.zeros(len(paths)), where=norms > 0)
    measured = Measurement.of_mean(100 * np.where(True if given is None else given, cosine, -1.0), seed=seed)
    if not floored or measured.value is None:
        return measured
    return replace(measured, value=max(measured.value, 0.0), low=max(measured.low, 0.0), high=max(measured.high, 0.0))


def match_scale(path: Float64, reference: Float64) -> Float64:
    """A path [n, 4, 4] whose largest distance from its first position is that of a reference; one at rest stays."""
    ours, theirs = _reach(path), _reach(reference)
    if ours <= _AT_REST:
        return path
    scaled = path.copy()
    scaled[:, :3, 3] = path[0, :3, 3] + (theirs / ours) * (path[:, :3, 3] - path[0, :3, 3])
    return scaled


def _reach(path: Float64) -> float:
    return float(np.linalg.norm(path[:, :3, 3] - path[0, :3, 3], axis=1).max())


def _without(paths: Sequence[Float64], given: np.ndarray) -> list[Float64 | None]:
    return [path if known else None for path, known in zip(paths, given, strict=True)]


def _latents(found: Latents, quirks: Quirks, rng: np.random.Generator) -> Float64:
    if not quirks.random_latents:
        return found.mean
    return found.mean + found.std * rng.standard_normal(found.mean.shape)

"""How far the re-estimated camera is from the intended one: a few numbers in words, then every protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from kinoeye.evaluation.control_protocols import CONTROL_PROTOCOLS
from kinoeye.evaluation.pair_protocols import PAIR_PROTOCOLS
from kinoeye.evaluation.pose_score import PoseScore
from kinoeye.evaluation.protocol import PoseProtocol
from kinoeye.evaluation.trajectory_protocols import FIRST_POSE_PROTOCOLS, TRAJECTORY_PROTOCOLS


@dataclass(frozen=True)
class Headline:
    """What a protocol says to somebody who has not read it."""

    label: str
    meaning: str
    """A sentence with places for the names of both paths."""


HEADLINES: Mapping[str, Headline] = {
    "rotation_deg": Headline(
        "rotation", "Angle between the {camera} and the {estimate} orientation, since the first frame."
    ),
    "translation_direction_deg": Headline(
        "direction", "Angle between the {camera} and the {estimate} direction of travel."
    ),
    "translation_percent": Headline(
        "distance", "Distance between the two paths, in percent of the {camera} path's length."
    ),
    "ate_translation": Headline("ATE", "Absolute trajectory error after aligning the first frames."),
    "rpe_rotation_deg": Headline("RPE rotation", "Relative pose error of the rotation, frame to frame."),
}
"""Protocols that a report leads with."""
PROTOCOL_FAMILIES: Mapping[str, Sequence[PoseProtocol]] = {
    "Trajectory errors": (*FIRST_POSE_PROTOCOLS, *TRAJECTORY_PROTOCOLS),
    "Camera control of film models, as each paper defines it": CONTROL_PROTOCOLS,
    "Accuracies over all pairs of frames": PAIR_PROTOCOLS,
}
"""Heading -> protocols; together all of `kinoeye.evaluation.PROTOCOLS`."""
_READ_SO = (
    "Each paper has a formula of its own. Those that are not aligned take the estimate in its own world, and those of "
    "CameraCtrl and ReCamMaster scale it by its first step, which is tiny where a camera starts gently: a large number "
    "there need not mean a bad film."
)


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One headline of a score."""

    name: str
    label: str
    """A word or two for it."""
    value: float
    """NaN where the protocol is not defined for this path, infinity where failures have no bound."""
    unit: str
    meaning: str
    """One sentence for somebody who has not read the protocol."""


def headline_scores(
    score: PoseScore | None, *, camera: str = "intended", estimate: str = "re-estimated"
) -> list[ScoreRow]:
    """The published numbers that a report leads with; `camera` and `estimate` are what the paths are called."""
    metrics = {} if score is None else score.metrics
    return [
        ScoreRow(
            name=f"{name} ({metrics[name].aggregate})",
            label=headline.label,
            value=metrics[name].value,
            unit=metrics[name].unit,
            meaning=headline.meaning.format(camera=camera, estimate=estimate),
        )
        for name, headline in HEADLINES.items()
        if name in metrics
    ]


def score_tables(score: PoseScore, *, camera: str, estimate: str) -> str:
    """The headlines, and all protocols by family to unfold."""
    body = "".join(
        f'<tr><td>{escape(row.name)}</td><td class="number">{_quantity(row.value, row.unit)}</td>'
        f"<td>{escape(row.meaning)}</td></tr>"
        for row in headline_scores(score, camera=camera, estimate=estimate)
    )
    notes = "".join(f'<p class="soft">{escape(note[:1].upper() + note[1:])}.</p>' for note in _notes(score))
    return (
        f'<div class="scroll"><table class="scores"><thead><tr><th>Score</th><th>Value</th><th>What it says</th></tr>'
        f"</thead><tbody>{body}</tbody></table></div>{notes}{_all_protocols(score)}"
    )


def _notes(score: PoseScore) -> tuple[str, ...]:
    failed = f"{score.failed} frames have no estimate and count as the worst value" if score.failed else ""
    return (*filter(None, (failed,)), *score.notes)


def _all_protocols(score: PoseScore) -> str:
    groups = "".join(
        f'<tbody><tr><th colspan="4" scope="rowgroup">{heading}</th></tr>{rows}</tbody>'
        for heading, protocols in PROTOCOL_FAMILIES.items()
        if (rows := "".join(_protocol_row(protocol, score) for protocol in protocols if protocol.name in score.metrics))
    )
    head = "<thead><tr><th>Protocol</th><th>Value</th><th>Better</th><th>What it is</th></tr></thead>"
    return (
        f'<details class="protocols"><summary><b>All {len(score.metrics)} protocols</b><code>alignment '
        f"{escape(score.align)}, {score.pairs} frames; docs/protocols.md has the sources</code></summary>"
        f'<p class="soft">{_READ_SO}</p><table class="scores">{head}{groups}</table></details>'
    )


def _protocol_row(protocol: PoseProtocol, score: PoseScore) -> str:
    metric = score.metrics[protocol.name]
    apart = {"none": ", not aligned", "first position": ", not turned"}.get(protocol.alignment, "")
    of_frames = f" <small>{metric.aggregate}{apart}</small>" if metric.aggregate else ""
    return (
        f"<tr><td><code>{escape(protocol.name)}</code>{of_frames}</td>"
        f'<td class="number">{_quantity(metric.value, metric.unit)}</td><td>{metric.better}</td>'
        f"<td>{escape(protocol.description)}</td></tr>"
    )


def _quantity(value: float, unit: str) -> str:
    """A number with its unit; a pure number has none, and what is not defined or has no bound is a word."""
    if math.isnan(value):
        return "—"
    if math.isinf(value):
        return "failed"
    return escape(f"{value:.3g} {'' if unit == '1' else unit}".rstrip())

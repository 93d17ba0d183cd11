"""`report.html`: a shot, its film and its scores as one file that needs no server and no network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np

from kinoeye import __version__
from kinoeye.base.errors import MissingExtraError
from kinoeye.base.files import read_bytes, write_text
from kinoeye.base.run_record import RunRecord
from kinoeye.evaluation.pose_score import PoseScore
from kinoeye.footage import Take
from kinoeye.geometry import Trajectory, alignment
from kinoeye.language.plan import Plan
from kinoeye.shot import Shot
from kinoeye.shot.checks import CheckReport
from kinoeye.studio import sections
from kinoeye.studio.check_section import check_section, timeline_marks
from kinoeye.studio.filming import Filming
from kinoeye.studio.layer_sheets import layer_sheets
from kinoeye.studio.moves import FAMILIES, MoveSpan, move_spans, path_steps, quantity
from kinoeye.studio.plots import axes_span, line_plot, rotation_curve, speed_curve
from kinoeye.studio.scene_page import scene_html
from kinoeye.studio.score_section import score_tables
from kinoeye.studio.viewpoint import CAMERA_RGB, ESTIMATED_RGB

MAX_VIDEO_BYTES = 64 * 1024 * 1024
_NAMED_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What the two cameras of a report are called."""

    camera: str
    estimate: str
    question: str
    """Heading of the section that compares them."""
    failed: str
    """Why there is no score follows."""


FILMED = Roles(
    camera="intended",
    estimate="re-estimated",
    question="Did the film obey?",
    failed="The camera could not be re-estimated",
)
PREDICTED = Roles(
    camera="reference",
    estimate="predicted",
    question="How far is the prediction from the reference?",
    failed="kinoeye score, with its defaults, compares no such pair",
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a report shows; a section whose content is missing is left out.

    Example:
        >>> report = Report(shot=shot, plan=plan, guide=take, video=Path("guide.mp4"))  # doctest: +SKIP
        >>> write_report(report, Path("report.html"))  # doctest: +SKIP
    """

    shot: Shot
    plan: Plan | None = None
    directed_by: str = ""
    """Who read the plan from the sentence, and why they did."""
    guide: Take | None = None
    """The film of the shot; its pictures appear on the moving camera of the 3-D view."""
    video: Path | None = None
    """The film as an H.264 file, embedded."""
    filming: Filming | None = None
    """What a video model made of the shot."""
    unfilmed: str | None = None
    """Why it made nothing."""
    comparison: Path | None = None
    """The avatars that it was shown beside its film, as an H.264 file, embedded."""
    estimate: Trajectory | None = None
    """The camera as estimated from the film, in any world: it is shown aligned to the first pose of the shot's."""
    estimate_source: str = ""
    """Its name in `Take.cameras`, such as "estimated:rgbd"."""
    estimate_notes: Sequence[str] = ()
    """What the estimator was given and assumed."""
    roles: Roles = FILMED
    """What `shot.camera` and `estimate` are."""
    failure: str | None = None
    """Why there is no estimate or no score, if one was tried."""
    score: PoseScore | None = None
    """Of the estimate against the shot's camera."""
    checks: CheckReport | None = None
    """Of the shot as it was planned."""
    cameras: Mapping[str, Path] = field(default_factory=dict)
    """Format -> camera file, embedded."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Format -> why the camera was not written in it."""
    run: RunRecord | None = None
    title: str = ""
    """Heading where there is no sentence and the shot has no prompt."""
    notes: Sequence[str] = ()
    """Sentences that a reader should know first, such as what was assumed."""

    @property
    def heading(self) -> str:
        """The sentence, or what else there is to call it by."""
        return (self.plan.text if self.plan is not None else "") or self.shot.prompt or self.title or "A camera path"

    @cached_property
    def moves(self) -> tuple[MoveSpan, ...]:
        """The plan's moves as the camera made them."""
        return () if self.plan is None else move_spans(self.plan, self.shot.camera)

    @cached_property
    def aligned_estimate(self) -> Trajectory | None:
        """The estimate at the times of the shot's camera, with the same first pose and, if it has none, its scale."""
        if self.estimate is None:
            return None
        reference = self.shot.camera
        estimate = self.estimate.at(reference.times_s)
        mode = "first" if estimate.track.unit == reference.track.unit else "scale"
        try:
            similarity = alignment(estimate.track, reference.track, mode)
        except ValueError:  # an estimate that stands still has no scale
            similarity = alignment(estimate.track, reference.track, "first")
        return Trajectory(similarity.apply(estimate.track), estimate.intrinsics)


def write_report(report: Report, path: Path) -> None:
    """Write a report as one HTML file; without viser the 3-D view is replaced by the line that installs it.

    Raises:
        InputError: the film or a camera file is missing or too large, or the report cannot be written.
    """
    write_text(path, report_html(report))


def report_html(report: Report) -> str:
    """The page of a report.

    Raises:
        InputError: the film or a camera file is missing or too large.
    """
    start, duration = _start_and_duration(report.shot.camera)
    heading, title = _heading(report)
    return Template(_template("report.html")).substitute(
        version=escape(__version__),
        icon=_icon(),
        title=escape(title),
        kind="shot report" if report.plan is not None else "viewer",
        palette=_palette(),
        style=_template("report.css"),
        heading=heading,
        notes="".join(f'<p class="note">{escape(note)}</p>' for note in report.notes),
        facts=sections.facts(_facts(report, duration)),
        sections="\n".join(
            [
                _player(report, start, duration),
                _filming(report),
                _plots(report),
                _checks(report),
                _scores(report),
                _files(report),
            ]
        ),
        run=sections.run_lines(report.run, __version__),
        data=json.dumps({"duration_s": duration, "frames": len(report.shot.camera)}),
        script=_template("report.js"),
    )  # fmt: skip


def _start_and_duration(camera: Trajectory) -> tuple[float, float]:
    """First time and length in seconds, the showing of the last frame included; a single frame shows for a second."""
    times = camera.times_s.double().numpy()
    return float(times[0]), float(times[-1] - times[0] + (times[-1] - times[-2] if len(times) > 1 else 1.0))


def _heading(report: Report) -> tuple[str, str]:
    """The heading and the page's title."""
    if report.plan is not None and report.plan.text:
        text = report.plan.text
        return sections.sentence(report.plan, report.shot), f"Kinoeye: {text[:80]}{'…' if len(text) > 80 else ''}"
    return f"<h1>{escape(report.heading)}</h1>", f"Kinoeye: {report.heading[:80]}"


def _facts(report: Report, duration: float) -> dict[str, str]:
    camera, shot = report.shot.camera, report.shot
    distances, angles = path_steps(camera)
    facts = {
        "Duration": f"{duration:.2f} s",
        "Frames": f"{len(camera)} at {len(camera) / duration:.3g}/s" if len(camera) > 1 else "1",
        "Travelled": quantity(float(distances.sum()), camera.track.unit),
        "Turned": quantity(float(angles.sum()), "rad"),
    }
    if report.guide is not None:
        facts["Picture"] = "{} × {}".format(*report.guide.size_wh)
    lens = np.degrees(camera.intrinsics.fov()[:, 0].numpy())
    ends = [f"{lens[0]:.3g}°", f"{lens[-1]:.3g}°"]
    facts["Lens"] = (ends[0] if ends[0] == ends[1] else " → ".join(ends)) + " across"
    if report.directed_by:
        facts["Directed by"] = report.directed_by
    if shot.actors:
        facts["Actors"] = ", ".join(actor.name for actor in shot.actors)
        facts["Place"] = shot.environment.name
        facts["World seed"] = str(shot.seed)
    return facts


def _player(report: Report, start: float, duration: float) -> str:
    """The 3-D view, the film, and the time line that moves both."""
    views = [_scene_view(report)]
    if report.video is not None:
        views.append(_film(report))
    screens = f'<div class="screens{" both" if len(views) > 1 else ""}">{"".join(views)}</div>'
    table = sections.moves_table(report.moves, report.shot.camera.track.unit, start) if report.moves else ""
    marks = timeline_marks(report.checks, report.shot.camera) if report.checks is not None else ""
    return f"""<section class="card player" aria-label="Shot">
{screens}
{sections.timeline(report.moves, duration, start, marks)}
{table}</section>"""


def _scene_view(report: Report) -> str:
    try:
        page = scene_html(report.shot, guide=report.guide, estimate=report.aligned_estimate, moves=report.moves)
    except MissingExtraError as error:
        message, _, command = str(error).partition(": ")
        return (
            f'<figure><p class="note">The 3-D view is left out because {escape(message)}. To see it: '
            f"<code>{escape(command)}</code>, then run the command again.</p></figure>"
        )
    # Inside a double-quoted attribute only these two characters are special; escaping more would bloat the page.
    source = page.replace("&", "&amp;").replace('"', "&quot;")
    single = "camera" if report.estimate is None else report.roles.camera
    path = "camera, by move" if report.moves else single
    tone = ", ".join(f"var(--{family})" for family in dict.fromkeys(m.families[0] for m in report.moves))
    swatch = f"linear-gradient(90deg, {tone})" if "," in tone else tone or "var(--intended)"
    items = [f'<li><i style="background: {swatch}"></i>{path}</li>']
    if report.estimate is not None:
        items.append(f'<li><i style="--tone: var(--estimated)"></i>{report.roles.estimate}</li>')
    items.append("<li>drag to turn, scroll to zoom</li>")
    return (
        f'<figure><iframe title="The shot in 3-D" sandbox="allow-scripts" srcdoc="{source}"></iframe>'
        f'<figcaption><ul class="legend">{"".join(items)}</ul></figcaption></figure>'
    )


def _film(report: Report) -> str:
    """The film, and beneath it what else the take knows of each moment."""
    assert report.video is not None
    film = sections.data_uri(read_bytes(report.video, max_bytes=MAX_VIDEO_BYTES), "video/mp4")
    poster = "" if report.guide is None else f' poster="{_poster(report.guide)}"'
    sheets = [] if report.guide is None else layer_sheets(report.guide, report.shot)
    names = ["film", *(sheet.name for sheet in sheets)]
    source = f", source: {report.guide.rgb.source}" if report.guide is not None else ""
    return (
        f'<figure class="film"><video controls muted loop playsinline preload="auto"{poster} src="{film}"></video>'
        f"{sections.sheet_strip(sheets)}<figcaption>{escape(', '.join(names) + source)}</figcaption></figure>"
    )


def _filming(report: Report) -> str:
    """What a video model was shown and made, side by side, or why it made nothing."""
    if report.unfilmed is not None:
        return (f'<section class="card screens" aria-label="Film"><h2>The film</h2>'
                f'<p class="note">None was made: {escape(report.unfilmed)}.</p></section>')  # fmt: skip
    if report.filming is None or report.comparison is None:
        return ""
    video = sections.data_uri(read_bytes(report.comparison, max_bytes=MAX_VIDEO_BYTES), "video/mp4")
    film, places = report.filming.film, report.filming.places
    read = ", ".join(f"{name} ({share:.0%})" for name, share in places.items() if share >= _NAMED_SHARE)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in report.filming.notes)
    return f"""<section class="card screens" aria-label="Film">
<h2>The film</h2>
<p>{escape(film.captions[0])}</p>
<figure class="film"><video controls muted loop playsinline preload="auto" src="{video}"></video>
<figcaption>avatars, film, source: {escape(film.rgb.source)}; read as {escape(read)}</figcaption></figure>
{notes}</section>"""


def _poster(take: Take) -> str:
    import cv2

    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(take.rgb.values[0], cv2.COLOR_RGB2BGR))
    return sections.data_uri(jpeg.tobytes(), "image/jpeg")


def _plots(report: Report) -> str:
    """Speed and rotation speed over time, of one camera against the other."""
    camera, roles = report.shot.camera, report.roles
    if len(camera) < 2:
        return ""
    speeds, turns = (
        {roles.camera: speed_curve(camera, "var(--intended)")},
        {roles.camera: rotation_curve(camera, "var(--intended)")},
    )
    legend = ""
    if (estimate := report.aligned_estimate) is not None:
        speeds[roles.estimate] = speed_curve(estimate, "var(--estimated)", dashed=True)
        turns[roles.estimate] = rotation_curve(estimate, "var(--estimated)", dashed=True)
        legend = (
            f'<ul class="legend"><li><i style="--tone: var(--intended)"></i>{roles.camera}</li>'
            f'<li><i class="dashed" style="--tone: var(--estimated)"></i>{roles.estimate}</li></ul>'
        )
    unit = "m/s" if camera.track.unit == "m" else "units/s"
    bounds = [move.start_s for move in report.moves[1:]]
    start, duration = _start_and_duration(camera)
    left, right = axes_span()
    figures = "".join(
        f'<figure style="--left: {left}; --right: {right}"><figcaption id="{name}-title">{title}</figcaption>'
        f'<div class="frame">{line_plot(curves, unit=u, span_s=(start, start + duration), bounds_s=bounds, name=name)}'
        f'<i class="playhead"></i></div></figure>'
        for name, title, curves, u in (("speed", "Speed", speeds, unit), ("rotation", "Rotation", turns, "°/s"))
    )
    return f'<section class="card"><h2>Motion over time</h2>{legend}<div class="plots">{figures}</div></section>'


def _checks(report: Report) -> str:
    if report.checks is None:
        return ""
    return check_section(report.checks, report.shot.camera, asked=report.plan is not None)


def _scores(report: Report) -> str:
    """One camera against the other."""
    parts, roles = [], report.roles
    if report.failure is not None:
        parts.append(f'<p class="note">{roles.failed}: {escape(report.failure)}</p>')
    elif report.estimate is not None and roles is PREDICTED:
        parts.append(f'<p class="soft">{escape(" ".join(report.estimate_notes))}</p>')
    elif report.estimate is not None:
        name = escape(report.estimate_source.removeprefix("estimated:"))
        given = f" Given: {escape('; '.join(report.estimate_notes))}." if report.estimate_notes else ""
        parts.append(
            f'<p class="soft">The camera was re-estimated from the film{f" by {name}" if name else ""} '
            f"and compared with the one that was asked for.{given}</p>"
        )
    if report.score is not None:
        parts.append(score_tables(report.score, camera=roles.camera, estimate=roles.estimate))
    return f'<section class="card"><h2>{roles.question}</h2>{"".join(parts)}</section>' if parts else ""


def _files(report: Report) -> str:
    if not report.cameras:
        return ""
    heading = f"The camera, in {len(report.cameras)} format{'' if len(report.cameras) == 1 else 's'}"
    files = sections.camera_files(report.cameras, report.refused)
    return f'<section class="card"><h2>{heading}</h2>{files}</section>'


def _palette() -> str:
    """The colours that the page shares with the 3-D view, as CSS variables."""
    colors = {**FAMILIES, "intended": CAMERA_RGB, "estimated": ESTIMATED_RGB}
    return ":root { " + " ".join(f"--{name}: rgb({r} {g} {b});" for name, (r, g, b) in colors.items()) + " }"


def _icon() -> str:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#fff" stroke="#16191f" '
        'stroke-width="2.5" d="M2 16C7 7 25 7 30 16 25 25 7 25 2 16Z"/><circle cx="16" cy="16" r="5.5" fill="#3b82f6"/>'
        "</svg>"
    )
    return sections.data_uri(svg.encode(), "image/svg+xml")


def _template(name: str) -> str:
    return resources.files("kinoeye.studio").joinpath("template", name).read_text(encoding="utf-8")

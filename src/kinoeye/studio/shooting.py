"""The whole loop: a sentence becomes a shot, checks, a filmed take, a re-estimated camera, scores and a report."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.files import atomic_folder, write_json
from kinoeye.base.run_record import RUN_FILE, RunRecord
from kinoeye.evaluation.pose_score import PoseScore, score_poses
from kinoeye.footage.points import fuse_points
from kinoeye.footage.take import Take
from kinoeye.footage.video import write_video
from kinoeye.formats.paths import WRITERS, write_path
from kinoeye.formats.scenes.glb import write_glb_points
from kinoeye.formats.scenes.ply import write_ply
from kinoeye.language.plan import Plan
from kinoeye.perception.automatic import estimate_camera
from kinoeye.render.film import render
from kinoeye.render.shot_solids import ShotSolids
from kinoeye.shot.checks import Checker, CheckReport
from kinoeye.shot.environment import Environment, Panorama
from kinoeye.shot.shot import Shot
from kinoeye.shot.staging import stage
from kinoeye.studio.filming import AUTO_FILM, Filming, FilmOptions, film_shot, require_actors, write_filming
from kinoeye.studio.report import Report, write_report
from kinoeye.systems.gendop.directors import AUTO, Reading, read_plan

SIZE_WH = (512, 288)
PIXEL_MAPS = ("plucker", "raymap")
"""Formats of hundreds of megabytes a film; whoever feeds a model converts to them at that model's size."""


@dataclass(frozen=True, kw_only=True)
class Shooting:
    """What `shoot` made."""

    out: Path
    reading: Reading
    """The plan, who read it, and why they did."""
    shot: Shot
    checks: CheckReport
    """What does not hold was filmed all the same: the sentence asked for it."""
    guide: Take
    """The filmed guide with `cameras["truth"]` and, unless the estimator failed, the re-estimated camera."""
    score: PoseScore | None
    estimate_notes: tuple[str, ...]
    """What the estimator was given and assumed."""
    failure: str | None
    """Why there is no score."""
    filming: Filming | None = None
    """What a video model made of it."""
    unfilmed: str | None = None
    """Why no video model films it, where one may."""
    cpu_seconds: Mapping[str, float]
    """Stage -> processor time of this run."""
    notes: tuple[str, ...] = ()
    """What each format of camera files cannot hold, and why some were not written."""

    @property
    def film_weights(self) -> Mapping[str, str]:
        """Checksum by name of what filmed it."""
        return {} if self.filming is None else {"amg": self.filming.weights_sha256}

    @property
    def plan(self) -> Plan:
        """What the sentence asks for."""
        return self.reading.plan


@dataclass
class _Clock:
    cpu_seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.cpu_seconds[name] = round(time.process_time() - start, 3)


def shoot(
    text: str,
    out: Path | str,
    *,
    director: Path | str = AUTO,
    seed: int = 0,
    size_wh: tuple[int, int] = SIZE_WH,
    fps: float | None = None,
    num_frames: int | None = None,
    duration_s: float | None = None,
    backdrop: Environment | None = None,
    film: FilmOptions | Literal["auto"] | None = AUTO_FILM,
    argv: tuple[str, ...] | None = None,
) -> Shooting:
    """Direct, stage, check, film, re-estimate, score and report one sentence; the folder appears whole or not at all.

    Args:
        text: a camera sentence, with actors and a place if wanted.
        out: the folder to make; one that Kinoeye made before is replaced.
        director: who reads the sentence: "grammar", "tiny", the folder of a trained director, or "auto", which is the
            grammar where it uses every word, else the director that ships; see `read_plan`.
        seed: of the world: placement, headings, handheld shake.
        size_wh: width and height of the film in pixels.
        fps: frames per second; what the sentence says, or 24.
        num_frames: frames of the film; wins over durations.
        duration_s: length of the film; what the sentence says, or what its moves need.
        backdrop: where it takes place whatever the sentence says, such as `render.panorama.surroundings` of a picture.
        film: how a video model films its actors, as `film.mp4`; "auto" is as it can, or not at all with the reason in
            `Shooting.unfilmed`; None is not at all.
        argv: the command line to record in `run.json`; None writes the equivalent one.

    Raises:
        InputError: the sentence holds no camera move, there is no such director, a value is out of range, or the folder
            cannot be written.

    Example:
        >>> shooting = shoot("push in, then orbit left around the blue cone", "out/cone")  # doctest: +SKIP
        >>> shooting.score.metrics["rotation_deg"].statistics.mean  # doctest: +SKIP
        0.05
    """
    clock = _Clock()
    with clock.stage("direct"):
        reading = read_plan(text, director)
    with clock.stage("stage"):
        shot = stage(
            reading.plan,
            seed=seed,
            size_wh=size_wh,
            fps=fps,
            num_frames=num_frames,
            duration_s=duration_s,
            environment=backdrop,
        )
    if isinstance(film, FilmOptions):
        require_actors(shot)
    with clock.stage("check"):
        checks = Checker(surroundings=ShotSolids)(shot)
    if argv is None:
        argv = ("shoot", text, "-o", str(out), "--seed", str(seed), "--size", f"{size_wh[0]}x{size_wh[1]}")
        argv += () if str(director) == AUTO else ("--director", str(director))
        options: dict[str, float | str | None] = {"--fps": fps, "--frames": num_frames, "--duration": duration_s}
        if backdrop is not None and isinstance(backdrop.sky, Panorama):
            options |= {"--backdrop": backdrop.sky.file, "--backdrop-turn": backdrop.sky.turn_deg}
        if film is None:
            options |= {"--system": "none"}
        elif film != AUTO_FILM:
            options |= {"--system": "amg", "--model": str(film.model)}
        argv += tuple(word for flag, value in options.items() if value is not None for word in (flag, str(value)))
    with atomic_folder(out, marker=RUN_FILE) as folder:
        shooting = _film(reading, shot, checks, folder, clock)
        if film is not None:
            with clock.stage("film"):
                shooting = _filmed(shooting, film, seed)
        run = RunRecord(
            argv=argv,
            seeds={"world_seed": seed},
            weights_sha256={**reading.weights_sha256, **shooting.film_weights},
            versions=RunRecord.installed_versions(),
        )
        with clock.stage("write"):
            if shooting.filming is not None:
                write_filming(shooting.filming, folder)
            cameras = write_cameras(shot, folder / "camera")
            _write_cloud(shooting.guide, folder)
            _write_score(shooting, folder)
            checks.save(folder / "checks.json")
            run.write(folder)
        with clock.stage("report"):
            report = _report(shooting, cameras, folder / "guide.mp4", run)
            write_report(report, folder / "report.html")
    return replace(shooting, out=Path(out), notes=cameras.notes)


@dataclass(frozen=True, kw_only=True)
class CameraFiles:
    """A camera in the formats that can hold it."""

    written: Mapping[str, Path]
    """Format -> file or folder."""
    refused: Mapping[str, str]
    """Format -> why there is no file of it."""
    losses: tuple[str, ...]
    """What each written format could not hold."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Losses and refusals, a sentence each."""
        return (*self.losses, *(f"{name}: not written: {reason}" for name, reason in self.refused.items()))


def write_cameras(shot: Shot, folder: Path) -> CameraFiles:
    """Write a shot's camera in every format that can hold it and needs no more than a line or two a frame."""
    written: dict[str, Path] = {}
    refused: dict[str, str] = {}
    losses: list[str] = []
    for name, writer in WRITERS.items():
        path = folder / writer.DEFAULT_NAME
        if name in PIXEL_MAPS:
            refused[name] = f"it holds a ray for every pixel; kinoeye convert --to {name} writes it"
            continue
        try:
            # Warnings may name the file, which is still under its temporary name.
            losses += [
                f"{name}: {text.replace(f'{folder}/', '')}" for text in write_path(shot.camera, path, format=name)
            ]
        except InputError as error:
            refused[name] = str(error).replace(f"{folder}/", "")
        else:
            written[name] = path
    return CameraFiles(written=written, refused=refused, losses=tuple(losses))


def _film(reading: Reading, shot: Shot, checks: CheckReport, folder: Path, clock: _Clock) -> Shooting:
    with clock.stage("render"):
        guide = render(shot, layers=("rgb", "depth", "instance"), samples=2)
        shot.save(folder / "shot.json")
        write_video(folder / "guide.mp4", guide.rgb.values, fps=guide.fps)
    with clock.stage("estimate"):
        estimate = estimate_camera(guide, intrinsics=shot.camera.intrinsics)
    score = failure = None
    given: tuple[str, ...] = ()
    if isinstance(estimate, Failure):
        failure = estimate.reason
    else:
        guide, given = estimate.merged_into(guide), estimate.notes
        try:
            score = score_poses(shot.camera.track, estimate.camera.track, align="first")
        except InputError as error:
            failure = str(error)  # a single frame has no motion to score
    return Shooting(
        out=folder,
        reading=reading,
        shot=shot,
        checks=checks,
        guide=guide,
        score=score,
        estimate_notes=given,
        failure=failure,
        cpu_seconds=clock.cpu_seconds,
    )


def _filmed(shooting: Shooting, film: FilmOptions | Literal["auto"], seed: int) -> Shooting:
    """What was made with its film by a video model, or with the reason why there is none."""
    if film != AUTO_FILM:
        return replace(shooting, filming=film_shot(shooting.shot, film))
    try:
        return replace(shooting, filming=film_shot(shooting.shot, FilmOptions(seed=seed)))
    except InputError as error:
        return replace(shooting, unfilmed=str(error))


def _write_cloud(guide: Take, folder: Path) -> None:
    points, colours = fuse_points(guide)
    write_ply(folder / "cloud.ply", points, colours)
    write_glb_points(folder / "cloud.glb", points, colours)


def _write_score(shooting: Shooting, folder: Path) -> None:
    if shooting.score is not None:
        shooting.score.save(folder / "score.json")
    else:
        write_json(folder / "score.json", {"failure": shooting.failure})


def _report(shooting: Shooting, cameras: CameraFiles, video: Path, run: RunRecord) -> Report:
    source = next((name for name in shooting.guide.cameras if name != "truth"), "")
    return Report(
        shot=shooting.shot,
        plan=shooting.plan,
        directed_by=f"{shooting.reading.director}: {shooting.reading.reason}",
        guide=shooting.guide,
        estimate=shooting.guide.cameras.get(source),
        estimate_source=source,
        estimate_notes=shooting.estimate_notes,
        failure=shooting.failure,
        score=shooting.score,
        checks=shooting.checks,
        cameras=cameras.written,
        refused=cameras.refused,
        video=video,
        filming=shooting.filming,
        unfilmed=shooting.unfilmed,
        comparison=video.with_name("comparison.mp4") if shooting.filming is not None else None,
        run=run,
    )

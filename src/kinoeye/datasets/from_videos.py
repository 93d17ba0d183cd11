"""DataDoP's construction from one's own videos (arXiv 2504.07083, section 3): shots, paths, tags, captions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinoeye.base.errors import InputError
from kinoeye.base.executor import LoggedExecutor, PoolName
from kinoeye.base.files import refuse_foreign_folder
from kinoeye.base.jobs import Item, Report
from kinoeye.base.llm import LanguageModel
from kinoeye.base.names import did_you_mean
from kinoeye.base.run_record import RUN_FILE
from kinoeye.datasets.datadop_layout import FILES
from kinoeye.datasets.path_cleaning import Quirks
from kinoeye.datasets.path_estimation import CleanPath, EstimatePath
from kinoeye.datasets.publishing import Card, ClipOrigin, FinishedShot, publish
from kinoeye.datasets.shot_captions import CaptionShot
from kinoeye.datasets.shot_classes import ClassifyShot
from kinoeye.datasets.shot_detection import DetectShots
from kinoeye.datasets.shot_sampling import FilterShot
from kinoeye.perception import ESTIMATORS


@dataclass(frozen=True, kw_only=True)
class VideoPlan:
    """How shots are made of videos."""

    shot_seconds: tuple[float, float] = (10.0, 20.0)
    """Shortest and longest shot that is kept."""
    whole: bool = False
    """Each video is one shot; nothing is detected."""
    estimator: str = "kinoeye"
    """A name of `perception.ESTIMATORS`."""
    fov_deg: float = 50.0
    """Horizontal angle of view that the lenses are taken to have."""
    model: LanguageModel | None = None
    """Classes shots and words their motion; None for rules and our own sentences."""
    directorial: bool = False
    """Whether the model also writes what the camera shows."""
    quirks: Quirks = Quirks.none()  # noqa: RUF009 - frozen
    """Of the cleaning."""
    workers: int = 1
    pool: PoolName = "processes"
    seed: int = 0

    def __post_init__(self) -> None:
        shortest, longest = self.shot_seconds
        if not 0 < shortest < longest:
            raise InputError(f"shots of {shortest:g} to {longest:g} s do not exist; give two lengths such as 4,20")
        if self.estimator not in ESTIMATORS:
            raise InputError(
                f"there is no estimator {self.estimator!r}; {did_you_mean(self.estimator, ESTIMATORS, 'known')}"
            )
        if not 1 <= self.fov_deg <= 170:
            raise InputError(f"a field of view of {self.fov_deg:g} degrees is out of range; use 1 to 170")
        if self.directorial and self.model is None:
            raise InputError(
                "directorial captions say what is filmed, which only a language model can: name one (--llm), or make "
                "the set with motion captions alone"
            )


def datadop_from_videos(
    videos: Sequence[Path], plan: VideoPlan, folder: Path, *, argv: Sequence[str] = ()
) -> dict[str, Report]:
    """Make shots of videos and write them in DataDoP's layout.

    Beside the folder, FOLDER.work holds what is finished, and from there an interrupted run goes on.

    Args:
        videos: files that FFmpeg decodes.
        plan: how.
        folder: to make.
        argv: the command line, for run.json.

    Returns:
        "videos" and "shots" -> what became of them; nothing is dropped without its reason.

    Raises:
        InputError: a video is missing, a library or a model is, or no shot is left.

    Example:
        >>> datadop_from_videos([Path("clip.mp4")], VideoPlan(whole=True), Path("set"))  # doctest: +SKIP
    """
    refuse_foreign_folder(folder, marker=RUN_FILE)
    work = folder.with_name(folder.name + ".work")
    videos_run = LoggedExecutor(workers=plan.workers, pool=plan.pool, seed=plan.seed, label="finding shots")
    given = [Item(name, {}, {"video": str(path)}) for name, path in video_names(videos).items()]
    found = videos_run.run([DetectShots(plan.shot_seconds, plan.whole)], given, work / "videos.json")
    shots = [shot for video in found.results for shot in _shots_of(video)]
    shots_run = LoggedExecutor(workers=plan.workers, pool=plan.pool, seed=plan.seed, label="making shots")
    made = shots_run.run(shot_jobs(plan, work / "shots"), shots, work / "shots.json")
    reports = {"videos": found, "shots": made}
    if not made.results:
        reasons = [f"{name}: {failure}" for report in reports.values() for name, failure in report.failed.items()]
        raise InputError(f"no shot is left ({len(shots)} were found); {'; '.join(reasons[:3])}")
    finished = [_finished(item) for item in made.results]
    publish(finished, folder, card=_card(plan), reports=reports, seed=plan.seed, argv=argv, seeds={"seed": plan.seed})
    return reports


def shot_jobs(
    plan: VideoPlan, folder: Path
) -> list[FilterShot | ClassifyShot | EstimatePath | CleanPath | CaptionShot]:
    """The jobs that a shot goes through."""
    return [
        FilterShot(),
        ClassifyShot(plan.model),
        EstimatePath(folder, plan.estimator, plan.fov_deg),
        CleanPath(folder, plan.quirks),
        CaptionShot(folder, plan.model, plan.model if plan.directorial else None),
    ]


def video_names(videos: Sequence[Path]) -> dict[str, Path]:
    """A name of DataDoP's kind for each video, made of its file's.

    Raises:
        InputError: there are none, or one is missing.

    Example:
        >>> list(video_names([]))
        Traceback (most recent call last):
        ...
        kinoeye.base.errors.InputError: no video was given
    """
    if not videos:
        raise InputError("no video was given")
    named: dict[str, Path] = {}
    for path in videos:
        if path.is_dir():
            raise InputError(f"{path} is a folder; give its video files, such as {path}/*.mp4")
        if not path.is_file():
            raise InputError(f"{path} does not exist")
        stem = f"1_{re.sub(r'[^A-Za-z0-9-]+', '-', path.stem).strip('-') or 'video'}"
        name, number = stem, 2
        while name in named:
            name, number = f"{stem}-{number}", number + 1
        named[name] = path
    return named


def _shots_of(video: Item) -> list[Item]:
    """An item for each shot of a video."""
    shared = {key: video.data[key] for key in ("crop", "fps")}
    return [
        Item(f"{video.name}/shot_{index:04d}", {**shared, "start_s": start, "end_s": end}, video.files)
        for index, (start, end) in enumerate(video.data["shots"])
    ]


def _finished(item: Item) -> FinishedShot:
    width, height, left, top = item.data["crop"]
    origin = ClipOrigin(
        video=Path(item.files["video"]).name,
        crop_whxy=(width, height, left, top),
        start_s=item.data["starts_s"],
        end_s=item.data["ends_s"],
    )
    files = {kind: item.files[kind] for kind in FILES}
    return FinishedShot(name=item.name, files=files, origin=origin, facts=item.data)


def _card(plan: VideoPlan) -> Card:
    by = f"the language model {plan.model.model}" if plan.model else "rules and templates, without a language model"
    cut = "Each video is one shot." if plan.whole else "Shots were found by PySceneDetect's AdaptiveDetector."
    shows = "" if plan.directorial else " There are no Interaction captions: models of directorial captions need them."
    return Card(
        title="Camera paths from videos",
        paragraphs=(
            f"{cut} Those of {plan.shot_seconds[0]:g} to {plan.shot_seconds[1]:g} s in which something changes, that "
            "are bright enough, and whose camera neither stands nor follows somebody were kept.",
            f"Paths are estimates ({plan.estimator}) for an assumed horizontal field of view of {plan.fov_deg:g} "
            "degrees, without scale: the median depth of the first frame's points is about 1. Positions were smoothed. "
            "Depth is triangulated from optical flow; pixels where it could not be seen have that of their nearest "
            f"neighbour (`depth_seen` in provenance.json says how many had it).",
            f"Classes and captions are by {by}.{shows}",
            "The frames belong to whoever owns the videos: whether this set may be published depends on them.",
        ),
    )

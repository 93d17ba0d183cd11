"""How well a director follows captions, and keeps clear of things and its subject in view (`kinoeye eval gendop`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.progress import track
from kinoeye.evaluation.caption_bench import CaptionBench, CaptionItem, NearestCaption, bench_sha256, is_hard
from kinoeye.evaluation.clatr_scores import score_with_clatr
from kinoeye.evaluation.harness import Baselines, EvalReport, Stopwatch, sha256_of, stored_baselines
from kinoeye.evaluation.measurement import Measurement
from kinoeye.evaluation.path_diversity import path_diversity
from kinoeye.evaluation.path_tags import count_tags, poses_of, tag_measurements
from kinoeye.evaluation.program_metrics import FEWEST_HARD_ITEMS, exact_program, segment_similarity
from kinoeye.evaluation.world_scores import (
    WorldItem,
    comparable,
    score_in_worlds,
    true_world_paths,
    world_items,
)
from kinoeye.geometry.convention import Float64
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.compiler import compile  # noqa: A004 - the verb of the design
from kinoeye.language.director import Directed, Director, GrammarDirector
from kinoeye.language.plan import Action, Move, Plan
from kinoeye.render.film import first_frame
from kinoeye.render.worlds import WORLDS, worlds_sha256

if TYPE_CHECKING:
    from kinoeye.evaluation.feature_extractor import PathTextEncoder
    from kinoeye.systems.gendop.pipeline import GenDoPPipeline

SYSTEM = "gendop"
MOST_WORLDS = 400
"""Of the items that were asked for, so many at most are filmed as well: a world costs what hundreds of captions do."""
TRAINING_CAPTIONS = 5000
"""That the nearest caption is looked up in."""
DIVERSE_CAPTIONS, CANDIDATES = 32, 8
"""How many captions diversity is measured on, and candidates of each."""
_STILL = Plan((Move((Action("hold"),)),))


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A director under the name that its scores stand under."""

    name: str
    direct: Director
    reads_frames: bool = False
    """Whether it looks at the first RGB-D frame."""
    needs_frames: bool = False
    """Whether it directs nothing without one: captions then come with the first frames of the worlds."""
    draws: bool = False
    """Whether its candidates after the first are drawn at temperature 1."""


@dataclass(frozen=True)
class Answers:
    """What a director made of captions."""

    directed: list[Directed | Failure]
    cpu_seconds: list[float]


@dataclass(frozen=True)
class _PlanDirector:
    """A director that looks plans up, and compiles them."""

    plan_of: Callable[[str], Plan]

    def __call__(self, plan_or_text: Plan | str, **options: object) -> list[Directed]:
        """One candidate."""
        plan = plan_or_text if isinstance(plan_or_text, Plan) else self.plan_of(plan_or_text)
        return [Directed(compile(plan), plan)]


@dataclass(frozen=True)
class _ShownWhatItSees:
    """A GenDoP checkpoint, which refuses the part of a first frame that it was not trained on."""

    pipeline: GenDoPPipeline

    def __call__(
        self, plan_or_text: Plan | str, *, frame: RGBD | None = None, n: int = 1, seed: int = 0, **options: Any
    ) -> list[Directed]:
        """Its candidates."""
        seen = self.pipeline.model.config.modalities
        if frame is not None:
            depth = frame.depth if "depth" in seen else None
            frame = replace(
                frame,
                image=frame.image if "image" in seen else None,
                depth=None if depth is None else np.where(np.isfinite(depth), depth, 0),  # the sky, as padding has it
            )
        return self.pipeline(plan_or_text, frame=frame, n=n, seed=seed, **options)


def contender(name_or_dir: str) -> Contender:
    """The director of a name, or of a folder of weights.

    Raises:
        InputError: there is no such director, or it reads no captions.
    """
    from kinoeye.systems.gendop.directors import director, kind_of
    from kinoeye.systems.gendop.pipeline import GenDoPPipeline
    from kinoeye.systems.gendop.segment_director import SegmentDirector

    kind, found = kind_of(name_or_dir), director(name_or_dir)
    if not isinstance(found, GenDoPPipeline):
        sees = isinstance(found, SegmentDirector) and found.reader is not None
        return Contender(name=name_or_dir, direct=found, reads_frames=sees, draws=kind != "grammar")
    config = found.model.config
    if "text" not in config.modalities:
        raise InputError(f"{name_or_dir} looks at {config.cond_mode} alone; give a model that reads captions, by which "
                         "directors are scored")  # fmt: skip
    sees = len(config.modalities) > 1
    return Contender(name=name_or_dir, direct=_ShownWhatItSees(found), reads_frames=sees, needs_frames=sees, draws=True)


def evaluate(
    contender: Contender,
    bench: CaptionBench,
    *,
    world_seed: int,
    count: int,
    encoder: PathTextEncoder | None = None,
    seed: int = 0,
    baselines: Baselines = "all",
) -> EvalReport:
    """The scores of a director on captions of a bench and in worlds of the eval stream.

    Args:
        contender: who directs.
        bench: where the captions come from.
        world_seed: of captions and worlds.
        count: how many captions; of worlds as many, up to `MOST_WORLDS`.
        encoder: a CLaTr that reads captions; None leaves its scores out.
        seed: of the director's chance and of the intervals.
        baselines: "none" leaves out the grammar, the nearest caption, random programs, and wrong depth.

    Raises:
        InputError: more worlds of one seed are asked for than there are.
    """
    watch = Stopwatch()
    scored_on = sha256_of([bench_sha256(bench), worlds_sha256()])
    items = list(bench.items(world_seed, count))
    worlds = list(world_items(world_seed, min(count, MOST_WORLDS)))
    frames = [first_frame(item.shot) for item in worlds] if contender.reads_frames else None
    true, true_in_worlds = true_paths(items), true_world_paths(worlds)
    shown = _repeated(frames, len(items)) if frames is not None and contender.needs_frames else None
    answers = direct(contender.direct, [item.caption for item in items], frames=shown, seed=seed)
    filmed = direct(contender.direct, [item.caption for item in worlds], frames=frames, seed=seed)
    metrics = {
        **score_captions(items, answers, true=true, encoder=encoder, seed=seed),
        **score_in_worlds(filmed.directed, worlds, true=true_in_worlds, seed=seed),
        **_diversity(contender, items, shown, seed=seed),
    }
    rows: dict[str, Measurement] = {}
    chance: dict[str, Measurement] = {}
    stored: dict[str, Measurement] = {}
    if baselines == "all":
        training = bench.training_items(world_seed, TRAINING_CAPTIONS)
        rows, chance = _caption_baselines(items, true, training, encoder, seed)
        rows |= _world_baselines(contender, worlds, true_in_worlds, frames, seed)
        stored = stored_baselines(SYSTEM, scored_on)
    return EvalReport(
        system=SYSTEM,
        model=contender.name,
        worlds=f"{bench.name} + {WORLDS}",
        worlds_sha256=scored_on,
        world_seed=world_seed,
        seed=seed,
        count=len(items),
        failures=sum(isinstance(found, Failure) for found in answers.directed),
        metrics=metrics,
        baselines={**rows, **stored},
        stored=tuple(stored),
        chance=chance,
        cpu_seconds=watch.cpu_seconds,
        notes=tuple(_notes(len(items), len(worlds), shown is not None, encoder)),
    )


def _repeated(frames: Sequence[RGBD], count: int) -> list[RGBD]:
    return [frames[index % len(frames)] for index in range(count)]


def _notes(items: int, worlds: int, shown: bool, encoder: PathTextEncoder | None) -> Iterator[str]:
    if encoder is not None:
        yield f"CLaTr: {encoder.name}"
    if worlds < items:
        yield f"collision_rate and framing_error are over {worlds} worlds"
    if shown:
        yield "captions came with first frames of the worlds, of which they do not speak: the model needs one"


def direct(
    director: Director, captions: Sequence[str], *, frames: Sequence[RGBD] | None = None, seed: int = 0
) -> Answers:
    """The best candidate of a director for each caption, or why there is none, and what each took.

    Args:
        director: who directs.
        captions: what is asked for.
        frames: the first frame of each; None shows none.
        seed: of the director's chance; that of caption i is this plus i.
    """
    directed: list[Directed | Failure] = []
    seconds = []
    for index in track(range(len(captions)), "directing"):
        watch = Stopwatch()
        frame = frames[index] if frames is not None else None
        try:
            directed.append(director(captions[index], frame=frame, seed=seed + index)[0])
        except InputError as error:
            directed.append(Failure(str(error), captions[index]))
        seconds.append(watch.cpu_seconds)
    return Answers(directed, seconds)


def true_paths(items: Sequence[CaptionItem]) -> list[Float64]:
    """The compiled path [n, 4, 4] of each caption's program, camera-to-world, OpenCV axes, metres."""
    return [poses_of(compile(item.plan).track) for item in items]


def score_captions(
    items: Sequence[CaptionItem],
    answers: Answers,
    *,
    true: Sequence[Float64],
    encoder: PathTextEncoder | None = None,
    seed: int = 0,
) -> dict[str, Measurement]:
    """Programs and motion tags of what a director made of captions, and what a CLaTr says of it.

    A failure is wrong in everything. The tags are those of the paths in metres, those of `score_with_clatr` after the
    scales are matched.

    Args:
        items: the captions.
        answers: of the director, one for each.
        true: `true_paths` of the items.
        encoder: a CLaTr that reads captions; None leaves its scores out.
        seed: of the intervals.
    """
    exact, similar = np.zeros(len(items)), np.zeros(len(items))
    for index, (item, answer) in enumerate(zip(items, answers.directed, strict=True)):
        if not isinstance(answer, Failure):
            exact[index] = exact_program(item.plan, answer.plan)
            similar[index] = segment_similarity(item.plan, answer.plan)
    hard = np.array([is_hard(item) for item in items], bool)
    found = [comparable(answer, path) for answer, path in zip(answers.directed, true, strict=True)]
    by_length = {
        f"exact_program_{moves}_moves": Measurement.of_mean(exact[rows], seed=seed)
        for moves in sorted({len(item.plan.moves) for item in items})
        if (rows := np.array([len(item.plan.moves) == moves for item in items])).any()
    }
    captions = [item.caption for item in items]
    return {
        **({} if encoder is None else score_with_clatr(encoder, found, true, captions, seed=seed)),
        "exact_program": Measurement.of_mean(exact, seed=seed),
        "exact_program_hard": _of_enough(exact[hard], seed),
        **by_length,
        "segment_similarity": Measurement.of_mean(similar, seed=seed),
        **tag_measurements(count_tags(found, true), seed=seed),
        "seconds_per_path": Measurement.of_mean(answers.cpu_seconds, seed=seed),
    }


def _of_enough(values: np.ndarray, seed: int) -> Measurement:
    if len(values) < FEWEST_HARD_ITEMS:
        return Measurement(value=None, items=len(values))
    return Measurement.of_mean(values, seed=seed)


def _diversity(
    contender: Contender, items: Sequence[CaptionItem], shown: Sequence[RGBD] | None, *, seed: int
) -> dict[str, Measurement]:
    if not contender.draws:
        return {}
    found: list[tuple[float, float]] = []
    for index, item in enumerate(items[:DIVERSE_CAPTIONS]):
        frame = shown[index] if shown is not None else None
        try:
            candidates = contender.direct(item.caption, frame=frame, n=CANDIDATES + 1, seed=seed + index)[1:]
        except InputError:
            found.append((0.0, 0.0))
            continue
        frames = len(candidates[0].path)
        found.append(path_diversity([poses_of(candidate.path.track, frames) for candidate in candidates]))
    translations, rotations = zip(*found, strict=True)
    return {
        "diversity_translation": Measurement.of_mean(translations, seed=seed),
        "diversity_rotation": Measurement.of_mean(rotations, seed=seed),
    }


def _caption_baselines(
    items: Sequence[CaptionItem],
    true: Sequence[Float64],
    training: Sequence[CaptionItem],
    encoder: PathTextEncoder | None,
    seed: int,
) -> tuple[dict[str, Measurement], dict[str, Measurement]]:
    """Rows of the grammar, the nearest training caption and a random training program; and what the last one gets."""
    rng = np.random.default_rng(seed)
    directors: Mapping[str, Director] = {
        "grammar": GrammarDirector(),
        "nearest": _PlanDirector(NearestCaption(training)),
        "random": _PlanDirector(lambda _: training[int(rng.integers(len(training)))].plan),
    }
    captions = [item.caption for item in items]
    tables = {
        name: score_captions(items, direct(director, captions, seed=seed), true=true, encoder=encoder, seed=seed)
        for name, director in directors.items()
    }
    shown = ["exact_program", "exact_program_hard", "segment_similarity", "tag_f1"]
    shown += [metric for metric in tables["random"] if metric.startswith("clatr_")]
    rows = {f"{metric}_{name}": table[metric] for name, table in tables.items() for metric in shown}
    return rows, {metric: tables["random"][metric] for metric in shown if metric != "exact_program_hard"}


def _world_baselines(
    contender: Contender,
    worlds: Sequence[WorldItem],
    true: Sequence[Float64],
    frames: Sequence[RGBD] | None,
    seed: int,
) -> dict[str, Measurement]:
    """Rows of the grammar, which sees nothing, of a camera at rest, and of the model with no depth or another's."""
    captions = [item.caption for item in worlds]

    def scored(director: Director, shown: Sequence[RGBD] | None = None) -> dict[str, Measurement]:
        answers = direct(director, captions, frames=shown, seed=seed)
        return score_in_worlds(answers.directed, worlds, true=true, seed=seed)

    tables = {"grammar": scored(GrammarDirector()), "static": scored(_PlanDirector(lambda _: _STILL))}
    if frames is not None:
        others = [*frames[1:], *frames[:1]]
        zero = [replace(frame, depth=np.zeros_like(frame.depth)) for frame in frames]
        shuffled = [replace(frame, depth=other.depth) for frame, other in zip(frames, others, strict=True)]
        tables |= {
            "zero_depth": scored(contender.direct, zero),
            "shuffled_depth": scored(contender.direct, shuffled),
        }
    return {f"{metric}_{name}": table[metric] for name, table in tables.items() for metric in table}

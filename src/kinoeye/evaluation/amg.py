"""How good films are that are made of rendered avatars and a caption (`kinoeye eval amg`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.failure import Failure
from kinoeye.base.progress import track
from kinoeye.evaluation.amg_filmer import ModelFilmer
from kinoeye.evaluation.amg_metrics import SCORES, SECONDS, film_scores
from kinoeye.evaluation.camera_hypotheses import CHANCE
from kinoeye.evaluation.film_baselines import paste_as_told, pasted, place_pictures
from kinoeye.evaluation.film_worlds import FILM_WORLDS, SIZE_WH, FilmWorld, film_worlds
from kinoeye.evaluation.harness import Baselines, EvalReport, Stopwatch, sha256_of
from kinoeye.evaluation.measurement import Measurement
from kinoeye.render.worlds import worlds_sha256
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.pairs import AvatarCondition
from kinoeye.systems.amg.pipeline import AMGPipeline

SYSTEM, PASTE = "amg", "paste"
AT_ONCE = 8
"""Films that a filmer is asked for together."""
_IN_MEMORY = 40
"""Worlds that are kept at once, of 5 MB each at 128 x 128 pixels; others' avatars and captions come from among them."""
_CEILINGS = (
    "silhouette_iou",
    "person_count_accuracy",
    "background_accuracy",
    "camera_motion_accuracy",
    "background_stability",
)
"""What the true film itself does not get, or need not get, in full."""
Frames = UInt8[NDArray, "f h w 3"]
Films = UInt8[NDArray, "b f h w 3"]
_Scores = dict[str, list[float | None]]
"""Name of a metric, or `<metric>_<row>` -> score of each film."""


class Filmer(Protocol):
    """Makes films [b, f, h, w, 3] of rendered avatars, one caption each."""

    def __call__(self, conditions: Sequence[AvatarCondition], captions: Sequence[str], *, seed: int) -> Films:
        """Films, uint8, of the size of their avatars; `InputError` where one cannot be made."""
        ...


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A filmer under the name that its scores stand under."""

    name: str
    film: Filmer
    uniform_attention: Filmer | None = None
    """The same with even attention: what attention is worth."""
    codec: Callable[[Films], Films] | None = None
    """True films through its codec and back: what it can reach."""
    size_wh: tuple[int, int] = SIZE_WH
    """Of the films that it makes, in pixels."""


@dataclass(frozen=True)
class Made:
    """A film, or why there is none, and what it took."""

    film: Frames | Failure
    cpu_seconds: float

    @property
    def rgb(self) -> Frames | None:
        """None for a failure."""
        return None if isinstance(self.film, Failure) else self.film


def contender(name: str) -> Contender:
    """The filmer of a name: a model that ships, one in a folder, or "paste", which learned nothing.

    Raises:
        InputError: there is no such filmer, or its folder is damaged.
    """
    if name == PASTE:
        return Contender(name=name, film=paste_as_told)
    filmer = ModelFilmer(AMGPipeline.from_pretrained(name))
    return Contender(
        name=name, film=filmer, uniform_attention=filmer.without_attention, codec=filmer.through_codec,
        size_wh=filmer.size_wh,
    )  # fmt: skip


def evaluate_amg(
    contender: Contender,
    *,
    world_seed: int,
    count: int,
    size_wh: tuple[int, int] | None = None,
    seed: int = 0,
    baselines: Baselines = "all",
) -> EvalReport:
    """The scores of a filmer in worlds of the eval stream, whose films are rendered with all that is true of them.

    Args:
        contender: who films.
        world_seed: of the worlds.
        count: how many.
        size_wh: width and height of the films in pixels; None is what the filmer makes.
        seed: of the filmer's chance and of the intervals.
        baselines: "none" leaves out everything but the filmer's own scores.

    Raises:
        InputError: more worlds of one seed are asked for than there are, or the filmer's films have another shape.
    """
    size_wh = size_wh or contender.size_wh
    watch = Stopwatch()
    scores: _Scores = {}
    rows: _Scores = {}
    seconds: list[float] = []
    failures: list[Failure] = []
    for first, worlds in _blocks(film_worlds(world_seed, count, size_wh=size_wh), count):
        answers = list(made(contender.film, worlds, seed=seed + first))
        _add(scores, "", worlds, (answer.rgb for answer in answers))
        seconds += [answer.cpu_seconds for answer in answers]
        failures += [answer.film for answer in answers if isinstance(answer.film, Failure)]
        if baselines == "all":
            _add_plain_rows(rows, worlds, size_wh)
            _add_rows_of_filmer(rows, contender, worlds, seed + first)
    metrics = {
        **_measured(scores, seed),
        SECONDS: Measurement.of_mean(seconds, seed=seed),
    }
    return EvalReport(
        system=SYSTEM,
        model=contender.name,
        worlds=f"{FILM_WORLDS}, {size_wh[0]} x {size_wh[1]}",
        worlds_sha256=sha256_of([worlds_sha256(FILM_WORLDS), size_wh, FRAMES, FPS]),
        world_seed=world_seed,
        seed=seed,
        count=count,
        failures=len(failures),
        metrics=metrics,
        baselines=_measured(rows, seed),
        chance=_chance() if baselines == "all" else {},
        cpu_seconds=watch.cpu_seconds,
        notes=tuple(_notes(count - metrics["shadow_gain"].items, failures)),
    )


def _blocks(worlds: Iterator[FilmWorld], count: int) -> Iterator[tuple[int, list[FilmWorld]]]:
    """Index of the first world and the worlds, at most `_IN_MEMORY` together, as evenly as can be."""
    number = max(1, math.ceil(count / _IN_MEMORY))
    for part in np.array_split(np.arange(count), number):
        yield int(part[0]), list(islice(worlds, len(part)))


def made(
    filmer: Filmer,
    worlds: Sequence[FilmWorld],
    *,
    conditions: Sequence[AvatarCondition] | None = None,
    captions: Sequence[str] | None = None,
    seed: int = 0,
) -> Iterator[Made]:
    """The film of each world, `AT_ONCE` together; those of a batch that fails are tried one by one.

    Args:
        filmer: who films.
        worlds: what is filmed.
        conditions: avatars in the place of the worlds' own.
        captions: in the place of the worlds' own.
        seed: of the filmer's chance; that of the batch that begins with world i is this plus i.

    Raises:
        InputError: films have another shape or type than asked for.
    """
    conditions = [world.condition for world in worlds] if conditions is None else conditions
    captions = [world.caption for world in worlds] if captions is None else captions
    for start in track(range(0, len(worlds), AT_ONCE), "filming"):
        batch = slice(start, start + AT_ONCE)
        yield from _batch(filmer, conditions[batch], captions[batch], seed + start)


def _batch(filmer: Filmer, conditions: Sequence[AvatarCondition], captions: Sequence[str], seed: int) -> Iterator[Made]:
    watch = Stopwatch()
    try:
        films = filmer(conditions, captions, seed=seed)
    except InputError as error:
        if len(captions) == 1:
            yield Made(Failure(str(error), captions[0]), watch.cpu_seconds)
            return
        for index, (condition, caption) in enumerate(zip(conditions, captions, strict=True)):
            yield from _batch(filmer, [condition], [caption], seed + index)
        return
    asked = (len(captions), *conditions[0].avatar_rgb.shape)
    if films.shape != asked or films.dtype != np.uint8:
        raise InputError(f"films {films.shape} of {films.dtype} came back where {asked} of uint8 were asked for")
    each = watch.cpu_seconds / len(films)
    yield from (Made(film, each) for film in films)


def _add(
    scores: _Scores,
    row: str,
    worlds: Sequence[FilmWorld],
    films: Iterable[Frames | None],
    metrics: Sequence[str] = tuple(SCORES),
) -> None:
    """Append films' scores to `<metric>_<row>`, or to the metrics' own names where the row has none."""
    names = {metric: f"{metric}_{row}" if row else metric for metric in metrics}
    for name in names.values():
        scores.setdefault(name, [])
    for film, world in zip(films, worlds, strict=True):
        for metric, value in film_scores(film, world, metrics).items():
            scores[names[metric]].append(value)


def _measured(scores: _Scores, seed: int) -> dict[str, Measurement]:
    """Means over the films whose worlds define a score."""
    return {
        name: Measurement.of_mean([value for value in values if value is not None], seed=seed)
        for name, values in scores.items()
    }


def _add_plain_rows(rows: _Scores, worlds: Sequence[FilmWorld], size_wh: tuple[int, int]) -> None:
    """Rows of the true films, and of actors pasted on pictures of their place."""
    pictures = [place_pictures(world.pair.environment, size_wh) for world in worlds]
    over_mean = [pasted(w.condition, picture.mean) for w, picture in zip(worlds, pictures, strict=True)]
    over_one = (pasted(w.condition, picture.one(w.seed)) for w, picture in zip(worlds, pictures, strict=True))
    over_truth = (pasted(w.condition, w.empty_rgb) for w in worlds)
    _add(rows, "ceiling", worlds, (world.film_rgb for world in worlds), _CEILINGS)
    _add(rows, "paste_mean", worlds, over_mean, ("psnr",))
    _add(rows, "paste", worlds, over_mean, [metric for metric in SCORES if metric != "psnr"])
    _add(rows, "paste_image", worlds, over_one, ("psnr",))
    _add(rows, "paste_true_camera", worlds, over_truth, ("psnr", "psnr_person_shadow"))


def _add_rows_of_filmer(rows: _Scores, contender: Contender, worlds: Sequence[FilmWorld], seed: int) -> None:
    """Rows of the filmer with others' avatars, with another place's caption, without attention, and of its codec."""
    among = worlds if len(worlds) > 1 else []
    avatars = [w.condition.with_avatars_of(o.condition) for w, o in zip(among, [*among[1:], *among[:1]], strict=True)]
    films = (film.rgb for film in made(contender.film, among, conditions=avatars, seed=seed))
    _add(rows, "shuffled", among, films, ("psnr", "psnr_person_shadow", "silhouette_iou"))
    elsewhere = _captions_of_other_places(worlds)
    moved = [worlds[index] for index in elsewhere]
    films = (film.rgb for film in made(contender.film, moved, captions=list(elsewhere.values()), seed=seed))
    _add(rows, "shuffled_caption", moved, films, ("psnr", "background_accuracy"))
    if contender.uniform_attention is not None:
        films = (film.rgb for film in made(contender.uniform_attention, worlds, seed=seed))
        _add(rows, "uniform_attention", worlds, films)
    if contender.codec is not None:
        films = (contender.codec(world.film_rgb[None])[0] for world in worlds)
        _add(rows, "codec", worlds, films)


def _captions_of_other_places(worlds: Sequence[FilmWorld]) -> dict[int, str]:
    """Index of a world -> caption of the next one that is elsewhere; without those that have none."""
    found: dict[int, str] = {}
    for index, world in enumerate(worlds):
        for other in (*worlds[index + 1 :], *worlds[:index]):
            if other.pair.environment != world.pair.environment:
                found[index] = other.caption
                break
    return found


def _chance() -> dict[str, Measurement]:
    return {
        "background_accuracy": Measurement(value=1 / len(ENVIRONMENTS)),
        "camera_motion_accuracy": Measurement(value=CHANCE),
    }


def _notes(shadowless: int, failures: Sequence[Failure]) -> Iterator[str]:
    if shadowless:
        yield f"films left out of shadow_gain, as nobody casts a shadow that could be measured: {shadowless}"
    if failures:
        yield f"no film: {failures[0]}" + (f"; and {len(failures) - 1} more" if len(failures) > 1 else "")

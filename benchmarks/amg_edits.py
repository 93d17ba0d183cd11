"""What edits of a shot and the two guidance scales do to the films of a small film model, in worlds of the eval stream.

    OMP_NUM_THREADS=1 python benchmarks/amg_edits.py --model tiny
    OMP_NUM_THREADS=1 python benchmarks/amg_edits.py --model runs/amg/model --count 12 --guided 4 --json
    OMP_NUM_THREADS=1 python benchmarks/amg_edits.py --model tiny --count 0 --pictures docs/systems

The first one prints the tables of docs/systems/amg.md, the last one makes its pictures.

Every shot is filmed as it is, and after each of three edits with the same noise: in another place, by another camera,
and with another motion of the actor that is largest. Which ones is drawn by the shot's seed: a camera that shows the
ground elsewhere, a motion whose mask meets the old one by no more than half. Captions are in the words of the eval
stream. The column "true films" has the renders of the same shots in the stead of films: what these metrics can reach.
People are found by colours of the true film of their own shot (`silhouette`) or by the colours of the film itself
inside the true masks against those outside (`self`).

background  iou_before, iou_after: people found in the film of either place against the true mask.
            iou_between: people found in the one film against those found in the other; margin: how much that is
            above the lesser of iou_before and iou_after of the same shot.
            place_before, place_after: share of films whose place is told among all twelve (background_accuracy);
            place_kept: films after the edit that are taken for the place before it.
camera      accuracy: films whose ground the new camera explains better than the old one and all wrong ones, as far as
            they show it elsewhere (chance 1/9); accuracy_old: the same of the old camera.
            flow, flow_old: 2 sum(f . g) / sum(|f|^2 + |g|^2) of the film's optical flow f and the exact flow g of empty
            ground under the new and the old camera: 1 equal, 0 at rest, -1 reversed.
            iou, iou_old: people found against their mask by the new and by the old camera.
motion      iou, iou_old: the actor whose motion changed, found by its own colours, against its new and its old mask;
            iou_masks: the new mask against the old one, which a right film stays near to in iou_old.
            place_psnr: the films before and after, where neither people nor shadows are in either.
scales      of avatars (a) and captions (c), on the first worlds (--guided). A model that is told nothing shows grey.
            place, person: how far pixels of the place and of people go from grey towards the true film,
            sum((film - grey) . (true - grey)) / sum(|true - grey|^2): 0 grey, 1 as true, above that stronger.
            grey_distance: root mean square distance of the place from grey, in 8-bit levels.
            background_accuracy, silhouette_iou: as in `kinoeye eval amg`.
            contrast: mean CIELAB distance of the colour of people from that of the ring around them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from amg_edit_pictures import write_sheets
from jaxtyping import Bool, Float32, UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.evaluation.amg import AT_ONCE, Filmer, made
from kinoeye.evaluation.amg_filmer import ModelFilmer
from kinoeye.evaluation.camera_hypotheses import moves_with_camera, told_apart
from kinoeye.evaluation.film_flow import agreement, film_flow
from kinoeye.evaluation.film_metrics import lab, nearest_place, psnr
from kinoeye.evaluation.film_segments import ENOUGH, PeopleByColour, intersection_over_union
from kinoeye.evaluation.film_worlds import FILM_WORLDS, FilmWorld, film_world, grown, soft_px
from kinoeye.evaluation.measurement import Measurement, means
from kinoeye.render.film import render
from kinoeye.render.guides import on_black
from kinoeye.render.worlds import sample_worlds
from kinoeye.shot.captions import captions_of
from kinoeye.shot.edits.background import change_background
from kinoeye.shot.edits.camera_moves import move_camera
from kinoeye.shot.edits.performing import change_motion
from kinoeye.shot.environments import ENVIRONMENTS
from kinoeye.shot.shot import Shot
from kinoeye.systems.amg.film_config import FPS, FRAMES
from kinoeye.systems.amg.film_sampling import Guidance
from kinoeye.systems.amg.pipeline import AMGPipeline

MOVES = (
    "orbit left 40 degrees", "orbit right 40 degrees", "push in 2 meters", "pull back 2 meters",
    "truck left 1.5 meters", "truck right 1.5 meters", "crane up 2 meters",
)  # fmt: skip
MOTIONS = ("walks to the left", "walks to the right", "walks in a circle", "stands still", "runs to the left",
           "walks backwards", "dances")  # fmt: skip
SCALES = {"c=0": Guidance(1, 0), "c=2": Guidance(1, 2), "a=0": Guidance(0, 1), "a=2": Guidance(2, 1)}
AS_TRAINED = "a=c=1"
SETTINGS = ("c=0", AS_TRAINED, "c=2", "a=0", "a=2")
GREY = 127.5
MOST_OVERLAP = 0.5
"""Of the masks of an actor before and after its motion is changed."""
SHOWN = 0.8
"""Share of the frames that a changed shot must show somebody in."""
_DRAWING_WH = (64, 64)
Frames = UInt8[NDArray, "f h w 3"]
Masks = Bool[NDArray, "f h w"]
Scores = dict[str, float | None]


@dataclass(frozen=True, kw_only=True)
class EditedWorld:
    """A world, and what it is after each edit; None where none of the words do."""

    before: FilmWorld
    background: FilmWorld
    camera: FilmWorld | None
    motion: FilmWorld | None
    actor: int
    """Number of who moves otherwise, from 1."""
    flow_before: Float32[NDArray, "f h w 2"]
    """Exact flow of the place without actors, in pixels to the next frame."""
    flow_after: Float32[NDArray, "f h w 2"] | None
    """The same by the new camera."""

    @property
    def worlds(self) -> dict[str, FilmWorld]:
        """Those that there are, by the edit that made them."""
        found = {"before": self.before, "background": self.background, "camera": self.camera, "motion": self.motion}
        return {name: world for name, world in found.items() if world is not None}


def edited_worlds(world_seed: int, count: int, size_wh: tuple[int, int]) -> Iterator[EditedWorld]:
    """Worlds of the eval stream and their edits."""
    for shot in sample_worlds(
        "eval", world_seed, count, num_frames=FRAMES, fps=FPS, size_wh=size_wh, distribution=FILM_WORLDS
    ):
        yield edited_world(shot)


def edited_world(shot: Shot) -> EditedWorld:
    """A shot with all its edits, rendered."""
    rng = np.random.default_rng([shot.seed, 0xED17])
    before = _world(shot)
    sizes = [(before.pair.person == number).sum() for number in range(1, len(shot.actors) + 1)]
    actor = int(np.argmax(sizes)) + 1
    elsewhere = str(rng.choice([name for name in sorted(ENVIRONMENTS) if name != shot.environment.name]))
    moved, acting = _moved(shot, before, rng), _acting(shot, actor, rng)
    return EditedWorld(
        before=before,
        background=_world(change_background(shot, ENVIRONMENTS[elsewhere]).path),
        camera=None if moved is None else _world(moved),
        motion=None if acting is None else _world(acting),
        actor=actor,
        flow_before=_flow(shot),
        flow_after=None if moved is None else _flow(moved),
    )


def _world(shot: Shot) -> FilmWorld:
    return film_world(replace(shot, prompt=captions_of(shot, "eval").avatar))


def _flow(shot: Shot) -> Float32[NDArray, "f h w 2"]:
    return render(replace(shot, actors=()), layers=("flow",)).layers["flow"].values


def _person(shot: Shot) -> UInt8[NDArray, "f h w"]:
    return render(on_black(shot), layers=("instance",), size_wh=_DRAWING_WH).layers["instance"].values


def _is_shown(mask: Masks) -> bool:
    return float((mask.mean(axis=(1, 2)) >= ENOUGH).mean()) >= SHOWN


def _moved(shot: Shot, before: FilmWorld, rng: np.random.Generator) -> Shot | None:
    for words in rng.permutation(MOVES):
        moved = move_camera(shot, str(words)).path
        poses = moved.camera.T_world_cam.as_matrix().double().numpy()
        apart = told_apart({"true": poses, "old": before.poses}, before.fx_fy_cx_cy, shot.camera.size_wh)
        if "old" in apart and _is_shown(_person(moved) > 0):
            return moved
    return None


def _acting(shot: Shot, actor: int, rng: np.random.Generator) -> Shot | None:
    old = _person(shot) == actor
    for words in rng.permutation(MOTIONS):
        acting = change_motion(shot, str(words), actor=shot.actors[actor - 1].name).path
        new = _person(acting) == actor
        if _is_shown(new) and intersection_over_union(new, old) <= MOST_OVERLAP:
            return acting
    return None


def edit_scores(edited: EditedWorld, films: Mapping[str, Frames]) -> Scores:
    """The scores of the films of a world before and after each edit.

    Args:
        edited: the worlds.
        films: film of each of its `worlds`.
    """
    scores = _background_scores(edited, films["before"], films["background"])
    if "camera" in films:
        scores |= _camera_scores(edited, films["camera"])
    if "motion" in films:
        scores |= _motion_scores(edited, films["before"], films["motion"])
    return scores


def _background_scores(edited: EditedWorld, before: Frames, after: Frames) -> Scores:
    both = (edited.before, before), (edited.background, after)
    scores: Scores = {}
    for how, found in (
        ("silhouette", [world.people.silhouettes(film) for world, film in both]),
        ("self", [PeopleByColour.of(film, world.pair.person).silhouettes(film) for world, film in both]),
    ):
        own = [intersection_over_union(mask, world.is_person) for mask, (world, _) in zip(found, both, strict=True)]
        between = intersection_over_union(*found)
        scores |= {
            f"background {how} iou_before": own[0],
            f"background {how} iou_after": own[1],
            f"background {how} iou_between": between,
            f"background {how} margin": between - min(own),
        }
    told = [nearest_place(film, world) for world, film in both]
    return scores | {
        "background place_before": float(told[0] == edited.before.pair.environment),
        "background place_after": float(told[1] == edited.background.pair.environment),
        "background place_kept": float(told[1] == edited.before.pair.environment),
    }


def _camera_scores(edited: EditedWorld, film: Frames) -> Scores:
    old, new = edited.before, edited.camera
    assert new is not None
    assert edited.flow_after is not None
    size_wh = film.shape[2], film.shape[1]
    apart = told_apart({**new.hypotheses, "old": old.poses}, new.fx_fy_cx_cy, size_wh)
    swapped = {**apart, "true": apart["old"], "old": apart["true"]}
    ground = old.is_ground & new.is_ground
    found, flow = new.people.silhouettes(film), film_flow(film)
    return {
        "camera accuracy": float(moves_with_camera(film, new.is_ground, apart, new.fx_fy_cx_cy)),
        "camera accuracy_old": float(moves_with_camera(film, new.is_ground, swapped, new.fx_fy_cx_cy)),
        "camera flow": _agreement(flow, edited.flow_after, ground),
        "camera flow_old": _agreement(flow, edited.flow_before, ground),
        "camera iou": intersection_over_union(found, new.is_person),
        "camera iou_old": intersection_over_union(found, old.is_person),
    }


def _agreement(flow: Float32[NDArray, "g h w 2"], exact: Float32[NDArray, "f h w 2"], counts: Masks) -> float | None:
    """How far two flows are the same where pixels count and stay in the picture; None where nothing moves."""
    exact = exact[: len(flow)]
    _, height, width = counts.shape
    y, x = np.mgrid[:height, :width] + 0.5
    to_x, to_y = x + exact[..., 0], y + exact[..., 1]
    both = counts[:-1] & (to_x > 0) & (to_x < width) & (to_y > 0) & (to_y < height)
    return agreement(flow[both], exact[both])


def _motion_scores(edited: EditedWorld, before: Frames, after: Frames) -> Scores:
    old, new, actor = edited.before, edited.motion, edited.actor
    assert new is not None
    persons = old.pair.person, new.pair.person
    alone = ~np.any([(person > 0) & (person != actor) for person in persons], axis=0)
    was, shall = ((person == actor) & alone for person in persons)
    found = new.people.each[actor](after) & alone
    return {
        "motion iou": intersection_over_union(found, shall),
        "motion iou_old": intersection_over_union(found, was),
        "motion iou_masks": intersection_over_union(shall, was),
        "motion place_psnr": psnr(before, after, old.is_place & new.is_place),
    }


def scale_scores(world: FilmWorld, film: Frames) -> Scores:
    """The scores of a film that was guided."""
    place = film[world.is_place].astype(np.float64) - GREY
    return {
        "place": _strength(film, world, world.is_place),
        "grey_distance": float(np.sqrt((place**2).mean())) if place.size else None,
        "background_accuracy": float(nearest_place(film, world) == world.pair.environment),
        "person": _strength(film, world, world.pair.alpha == 255),
        "silhouette_iou": world.people.silhouette_iou(film),
        "contrast": _contrast(film, world),
    }


def _strength(film: Frames, world: FilmWorld, mask: Masks) -> float | None:
    shown, true = (frames[mask].astype(np.float64) - GREY for frames in (film, world.film_rgb))
    size = float((true**2).sum())
    return float((shown * true).sum()) / size if size else None


def _contrast(film: Frames, world: FilmWorld) -> float | None:
    soft = soft_px(film.shape[1])
    inside, around = world.pair.alpha == 255, world.pair.alpha > 0
    ring = grown(around, 3 * soft) & ~grown(around, soft) & ~world.pair.cast
    distances = [
        float(np.linalg.norm(lab(frame[a]).mean(axis=0) - lab(frame[b]).mean(axis=0)))
        for frame, a, b in zip(film, inside, ring, strict=True)
        if a.any() and b.any()
    ]
    return float(np.mean(distances)) if distances else None


def measured(
    filmer_of: Callable[[Guidance], Filmer], worlds: Iterator[EditedWorld], *, guided: int, seed: int = 0
) -> tuple[dict[str, Measurement], dict[str, Measurement]]:
    """The means of all scores: of films, and of true films in their stead.

    Args:
        filmer_of: who films with some guidance.
        worlds: to film.
        guided: so many of the first are filmed with every guidance.
        seed: of the noise and of the intervals.
    """
    films: list[Scores] = []
    truths: list[Scores] = []
    while block := list(islice(worlds, AT_ONCE)):
        scores, true = [{} for _ in block], [{} for _ in block]
        shown = _filmed(filmer_of(Guidance()), block, seed + len(films))
        for index, edited in enumerate(block):
            scores[index] |= edit_scores(edited, shown[index])
            true[index] |= edit_scores(edited, {name: world.film_rgb for name, world in edited.worlds.items()})
        among = range(min(len(block), max(guided - len(films), 0)))
        befores = [block[index].before for index in among]
        settings = {AS_TRAINED: [shown[index]["before"] for index in among]} if befores else {}
        for name, guidance in SCALES.items() if befores else ():
            settings[name] = _frames(filmer_of(guidance), befores, seed + len(films))
        for name, answers in settings.items():
            for index, film in zip(among, answers, strict=True):
                scores[index] |= _named(f"scales {name}", scale_scores(befores[index], film))
        for index in among:
            true[index] |= _named(f"scales {AS_TRAINED}", scale_scores(befores[index], befores[index].film_rgb))
        films += scores
        truths += true
    return means(films, seed=seed), means(truths, seed=seed)


def _filmed(filmer: Filmer, block: Sequence[EditedWorld], seed: int) -> list[dict[str, Frames]]:
    """Films of each world by edit; those of one world have the same noise."""
    found: list[dict[str, Frames]] = [{} for _ in block]
    for name in ("before", "background", "camera", "motion"):
        # A world without the edit is filmed as it is, so that the others keep their noise.
        films = _frames(filmer, [edited.worlds.get(name, edited.before) for edited in block], seed)
        for edited, answers, film in zip(block, found, films, strict=True):
            if name in edited.worlds:
                answers[name] = film
    return found


def _frames(filmer: Filmer, worlds: Sequence[FilmWorld], seed: int) -> list[Frames]:
    films = []
    for answer in made(filmer, worlds, seed=seed):
        if answer.rgb is None:
            raise InputError(str(answer.film))
        films.append(answer.rgb)
    return films


def _named(name: str, scores: Scores) -> Scores:
    return {f"{name} {metric}": value for metric, value in scores.items()}


def table(films: Mapping[str, Measurement], truths: Mapping[str, Measurement]) -> str:
    """Two tables of Markdown: edits, and scales."""
    rows = ["| edit | measure | films | true films | shots |", "|---|---|---|---|---|"]
    guided: dict[str, dict[str, Measurement]] = {}
    for name, row in films.items():
        edit, _, measure = name.partition(" ")
        if edit == "scales":
            setting, _, measure = measure.partition(" ")
            guided.setdefault(measure, {})[setting] = row
        else:
            rows.append(f"| {edit} | {measure} | {_cell(row)} | {_number(truths[name].value)} | {row.items} |")
    if guided:
        rows += ["", f"| scales | {' | '.join(SETTINGS)} | true films |", "|---|" + "---|" * (len(SETTINGS) + 1)]
    for measure, by_setting in guided.items():
        cells = " | ".join(_cell(by_setting[setting]) for setting in SETTINGS)
        rows.append(f"| {measure} | {cells} | {_number(truths[f'scales {AS_TRAINED} {measure}'].value)} |")
    return "\n".join(rows)


def _cell(row: Measurement) -> str:
    return f"{_number(row.value)} [{_number(row.low)}, {_number(row.high)}]"


def _record(row: Measurement) -> dict[str, float | None]:
    return {name: None if value is None or np.isnan(value) else value for name, value in asdict(row).items()}


def _number(value: float | None) -> str:
    if value is None or np.isnan(value):
        return ""
    return f"{value:.1f}" if abs(value) >= 10 else f"{value + 0.0:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny", help="a model that ships, or a folder")
    parser.add_argument("--count", type=int, default=48, help="worlds; 0 measures nothing")
    parser.add_argument("--guided", type=int, default=16, help="worlds that are filmed with every guidance")
    parser.add_argument("--seed", type=int, default=5, help="of the worlds")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write sheets of the edits into this folder")
    args = parser.parse_args()
    torch.set_num_threads(1)
    try:
        pipeline = AMGPipeline.from_pretrained(args.model)
        if args.pictures is not None:
            for file in write_sheets(pipeline, args.pictures):
                print(file, file=sys.stderr)
        if args.count:
            worlds = edited_worlds(args.seed, args.count, pipeline.model.config.size_wh)
            films, truths = measured(lambda guidance: ModelFilmer(pipeline, guidance), worlds, guided=args.guided)
            given = {"model": str(args.model), "world_seed": args.seed, "count": args.count, "guided": args.guided}
            rows = {"films": films, "true_films": truths}
            found = {key: {name: _record(row) for name, row in each.items()} for key, each in rows.items()}
            print(json.dumps({**given, **found}, indent=2) if args.json else table(films, truths))
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()

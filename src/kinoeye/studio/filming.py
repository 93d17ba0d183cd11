"""A shot becomes a film by a video model: guides are rendered, the film is made, and all is written to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import write_json
from kinoeye.footage.film_pipeline import Requirements
from kinoeye.footage.take import Take
from kinoeye.footage.video import write_video
from kinoeye.render.film import render
from kinoeye.render.guides import avatar_take
from kinoeye.shot.captions import captions_of
from kinoeye.shot.edits.timing import resample
from kinoeye.shot.shot import Shot
from kinoeye.systems.amg.pipeline import AMGPipeline
from kinoeye.weights import resolve

AUTO_FILM: Final = "auto"
"""A video model films what it can."""
SURE = 0.7
"""A caption that is read as a place with less than this share may speak of none that the model knows: of captions in
strange words two thirds of those are read wrong, and a sixth of the others (`benchmarks/place_reading.py`)."""
_SHOWN = 0.2
"""A place with less than this share is hardly to be seen."""


@dataclass(frozen=True, kw_only=True)
class FilmOptions:
    """How a film is made; None is what the model was trained on.

    Args:
        model: "tiny" or a folder.
        caption: None for who does what where, in words of the shot.
        size_wh: of the film in pixels.
        fps: frames per second.
        seed: of the noise.
        steps: of the sampler.
        avatar_scale: how far to go towards the avatars.
        caption_scale: how far to go towards the caption.
        device: where the model runs.
    """

    model: Path | str = "tiny"
    caption: str | None = None
    size_wh: tuple[int, int] | None = None
    fps: float | None = None
    seed: int = 0
    steps: int | None = None
    avatar_scale: float = 1.0
    caption_scale: float = 1.0
    device: str = "auto"


@dataclass(frozen=True, kw_only=True)
class Filming:
    """A film, and what it was made from."""

    shot: Shot
    """What was filmed, at the film's rate and with the caption as its prompt."""
    guide: Take
    """The actors on black."""
    film: Take
    places: Mapping[str, float]
    """What the caption was read as."""
    weights_sha256: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of it."""
        first, *others = self.places.items()
        if first[1] >= SURE:
            return ()
        seen = [first, *(other for other in others if other[1] >= _SHOWN)]
        mixed = " and ".join(f"{place} ({share:.0%})" for place, share in seen)
        known = ", ".join(sorted(self.places))
        return (f"the caption names no place that the model is sure of; the film shows {mixed} of the "
                f"{len(self.places)} that it knows: {known}",)  # fmt: skip


def require_actors(shot: Shot) -> None:
    """Hold that there is somebody to film.

    Raises:
        InputError: the shot has no actors that are drawn.
    """
    if not any(actor.avatar is not None for actor in shot.actors):
        raise InputError('AMG films actors, and the shot has none that are drawn; put one in, such as "a woman in red"')


def film_shot(shot: Shot, options: FilmOptions) -> Filming:
    """Film the actors of a shot in the place that its caption names, seen by its camera.

    Raises:
        InputError: there is no such model, the shot has no actors that are seen, a size does not divide, or an option
            is out of range.
    """
    require_actors(shot)
    weights = resolve(options.model, system="amg")
    pipeline = AMGPipeline.from_pretrained(options.model, device=options.device)
    needs = pipeline.requirements(shot)
    caption = options.caption or captions_of(shot).avatar
    shot = replace(resample(shot, fps=options.fps or needs.fps), prompt=caption)
    size_wh = options.size_wh or fitting_size(shot.camera.size_wh, needs)
    if any(side % needs.side_multiple for side in size_wh):
        width, height = (max(1, round(side / needs.side_multiple)) * needs.side_multiple for side in size_wh)
        raise InputError(f"a film of {size_wh[0]}x{size_wh[1]} cannot be made; both sides must be multiples of "
                         f"{needs.side_multiple}, such as {width}x{height}")  # fmt: skip
    guide = avatar_take(shot, size_wh=size_wh)
    steps = {} if options.steps is None else {"steps": options.steps}
    film = pipeline(shot, guide=guide, seed=options.seed, avatar_scale=options.avatar_scale,
                    caption_scale=options.caption_scale, **steps)  # fmt: skip
    return Filming(shot=shot, guide=guide, film=film, places=pipeline.places(caption), weights_sha256=weights.sha256)


def fitting_size(size_wh: tuple[int, int], needs: Requirements) -> tuple[int, int]:
    """The size of a shot's shape whose shorter side is the model's, with sides that divide.

    Example:
        >>> needs = Requirements(size_wh=(128, 128), side_multiple=8, fps=8.0, window=16, max_words=100,
        ...                      guide_layers=())
        >>> fitting_size((512, 288), needs)
        (224, 128)
    """
    scale = min(needs.size_wh) / min(size_wh)
    width, height = (max(1, round(side * scale / needs.side_multiple)) * needs.side_multiple for side in size_wh)
    return width, height


def write_filming(filming: Filming, folder: Path, *, before: Shot | None = None) -> tuple[str, ...]:
    """Write a film, the avatars that it was made from, both side by side, and what its caption was read as.

    Args:
        filming: the film.
        folder: that exists.
        before: the shot as it was before it was edited, which the comparison then begins with.

    Returns:
        Names of the videos, the film first.
    """
    film = filming.film
    videos = {"film.mp4": film.rgb.values, "avatars.mp4": filming.guide.rgb.values,
              "comparison.mp4": side_by_side(filming, before=before)}  # fmt: skip
    for name, frames in videos.items():
        write_video(folder / name, frames, fps=film.fps)
    write_json(folder / "film.json", {"caption": film.captions[0], "places": dict(filming.places)})
    return tuple(videos)


def side_by_side(filming: Filming, *, before: Shot | None = None) -> UInt8[NDArray, "f h w 3"]:
    """The shot before it was edited as the renderer shows it, the avatars on black, and the film."""
    pictures = [filming.guide.rgb.values, filming.film.rgb.values]
    if before is not None:
        camera = before.camera.times_s
        last = float(camera[-1] - camera[0])
        times = float(camera[0]) + np.clip(filming.film.times_s - filming.film.times_s[0], 0.0, last)
        first = render(before, size_wh=filming.film.size_wh, times_s=np.unique(times), samples=2).rgb.values
        pictures.insert(0, first[np.minimum(np.arange(len(times)), len(first) - 1)])
    return np.concatenate(pictures, axis=2)

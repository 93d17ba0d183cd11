"""Sheets of pictures of what edits do to films of a small film model; `amg_edits.py --pictures DIR` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from kinoeye.language import parse
from kinoeye.render import render
from kinoeye.render.guides import avatar_take
from kinoeye.shot import Shot, edit, stage
from kinoeye.shot.captions import captions_of
from kinoeye.systems.amg.film_config import FPS
from kinoeye.systems.amg.pipeline import AMGPipeline

MOMENTS, SCALE, LABEL_PX, GAP_PX = 5, 2, 18, 2
FOV_X = 0.78
SHOTS = {
    "background": ("A woman in yellow dances and a man in blue waves, in a meadow. "
                   "Orbit left 30 degrees around her over 2 seconds.", "background:a street at night"),
    "camera": ("A man in red waves, in the snow. Push in 1 meter on him over 2 seconds.",
               "camera:orbit left 70 degrees around him"),
    "motion": ("A woman in green stands still, in a desert. Push in 0.5 meters on her over 2 seconds.",
               "motion:dances"),
    "condition": ("A man in blue walks to the right, on a beach. Orbit right 40 degrees around him over 2 seconds.",
                  "background:a sunset plain"),
}  # fmt: skip
"""Sheet -> a shot in words, and its edit."""
Frames = UInt8[NDArray, "f h w 3"]


def write_sheets(pipeline: AMGPipeline, folder: Path) -> list[Path]:
    """Write the sheets into a folder that exists or not: rows are films, columns are moments."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, (words, operation) in SHOTS.items():
        width, height = pipeline.model.config.size_wh
        before = stage(parse(words), seed=1, size_wh=(width, height), fps=FPS, fov_x=FOV_X)
        after = edit(before, operation).path
        how, _, told = operation.partition(":")
        if name == "condition":
            guide = avatar_take(after)
            rows = {
                f"input: {before.environment.prompt}": render(before, layers=("rgb",), samples=2).rgb.values,
                "condition: the actors on black, and the camera": guide.rgb.values,
                f"film with {how} {told!r}": _film(pipeline, after),
            }
        else:
            rows = {f"film: {words}": _film(pipeline, before), f"{how}: {told}": _film(pipeline, after)}
        file = folder / f"amg-{name}.png"
        _sheet(rows).save(file, optimize=True)
        files.append(file)
    return files


def _film(pipeline: AMGPipeline, shot: Shot) -> Frames:
    told = replace(shot, prompt=captions_of(shot).avatar)
    return pipeline(told, guide=avatar_take(told), seed=0).rgb.values


def _sheet(rows: Mapping[str, Frames]) -> Image.Image:
    font = ImageFont.load_default(size=13)
    strips = []
    for label, film in rows.items():
        chosen = film[np.linspace(0, len(film) - 1, MOMENTS).round().astype(int)]
        larger = chosen.repeat(SCALE, axis=1).repeat(SCALE, axis=2)
        gap = np.full((larger.shape[1], GAP_PX, 3), 255, np.uint8)
        strip = np.concatenate([part for frame in larger for part in (frame, gap)][:-1], axis=1)
        title = Image.new("RGB", (strip.shape[1], LABEL_PX), "white")
        ImageDraw.Draw(title).text((2, 1), label, fill="black", font=font)
        strips += [np.asarray(title), strip]
    return Image.fromarray(np.concatenate(strips))

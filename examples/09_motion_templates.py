"""Every motion template on one sheet: the ways of one, two and three actors from above, with where their bodies face.

Each panel shows a template with its parameters in the middle of their ranges; lines grow darker with time, arrows are
bodies, a cross is the end. Then one template is performed as a film would show it. Give a folder for the pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from kinoeye.shot.templates import TEMPLATES, Template, find_template, perform

COLUMNS, PANEL_INCHES = 9, 1.7
COLOURS = ("Blues", "Oranges", "Greens")
ARROWS = 9

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples/09")


def draw(axes, template: Template) -> None:
    """One template from above; heights are drawn as if seen a little from the side."""
    for colour, path in zip(COLOURS, template.paths(), strict=False):
        seen = path.xyz[:, :2] + path.xyz[:, 2:] * np.array([0.0, 0.5])
        segments = np.stack([seen[:-1], seen[1:]], axis=1)
        axes.add_collection(LineCollection(list(segments), cmap=colour, array=np.linspace(0.35, 1, 600), clim=(0, 1)))
        some = np.linspace(0, len(seen) - 1, ARROWS).astype(int)
        forward = np.stack([np.cos(path.facing[some]), np.sin(path.facing[some])], axis=-1)
        axes.quiver(
            *seen[some].T, *forward.T, np.linspace(0.35, 1, ARROWS), cmap=colour, clim=(0, 1), scale=12, width=0.012
        )
        axes.plot(*seen[-1], "x", color="black", markersize=3)
    axes.set_title(f"{template.code} {template.name}", fontsize=4.5, pad=2)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.15)
    axes.set_xticks([])
    axes.set_yticks([])


def sheet(templates: list[Template], path: Path) -> None:
    """All of the templates in one picture."""
    rows = -(-len(templates) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * PANEL_INCHES, rows * PANEL_INCHES), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, COLUMNS).ravel()
    for axes, template in zip(panels, templates, strict=False):
        draw(axes, template)
    for axes in panels[len(templates) :]:
        axes.set_axis_off()
    figure.savefig(path)


out.mkdir(parents=True, exist_ok=True)
for actors in (1, 2, 3):
    chosen = [template for template in TEMPLATES if template.actors == actors]
    sheet(chosen, out / f"templates_of_{actors}.png")
    print(f"{len(chosen)} templates of {actors}: {out / f'templates_of_{actors}.png'}")

film = perform(find_template("overtakes"), torch.arange(49, dtype=torch.float64) / 8, seed=0)
print(film.template.caption("a red robot", "a grey dog"))
print(f"at most {film.pace_m_per_s:.1f} m/s, never nearer than {film.clearance_m:.2f} m, {film.shown:.0%} shown")

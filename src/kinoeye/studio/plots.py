"""Plots of a camera path as inline SVG that follows the colours of the page around it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry import Trajectory
from kinoeye.studio.moves import path_steps, step_times

_SIZE_IN = (5.0, 2.5)
_AXES_BOX = (0.1, 0.165, 0.88, 0.74)
"""Left, bottom, width and height of the axes as shares of the figure; the page's playhead is laid over it."""
_INK = "#010203"
"""Stands for the text colour of the page until the SVG is written."""
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
}


@dataclass(frozen=True)
class Curve:
    """One line of a plot."""

    times_s: NDArray[np.float64]
    values: NDArray[np.float64]
    css_color: str
    """A CSS colour, such as "var(--estimated)"."""
    dashed: bool = False


def speed_curve(camera: Trajectory, css_color: str, *, dashed: bool = False) -> Curve:
    """Speed of the camera's centre in its unit per second, between poses."""
    distances, _ = path_steps(camera)
    return Curve(step_times(camera), distances / camera.times_s.diff().numpy(), css_color, dashed)


def rotation_curve(camera: Trajectory, css_color: str, *, dashed: bool = False) -> Curve:
    """Rotation speed of the camera in degrees per second, between poses."""
    _, angles = path_steps(camera)
    return Curve(step_times(camera), np.degrees(angles) / camera.times_s.diff().numpy(), css_color, dashed)


def line_plot(
    curves: Mapping[str, Curve], *, unit: str, span_s: tuple[float, float], bounds_s: Sequence[float], name: str
) -> str:
    """An SVG element of curves over time, in the page's fonts and colours; the same input gives the same bytes.

    Args:
        curves: label -> curve, drawn in order.
        unit: of the values, written above the axis.
        span_s: left and right end of the time axis.
        bounds_s: times of vertical guides, such as the boundaries between moves.
        name: unique in the page; prefixes the ids inside the SVG.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    stand_ins = {f"#0102{index + 16:02x}": curve.css_color for index, curve in enumerate(curves.values())}
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=_SIZE_IN)
        axes = figure.add_axes(_AXES_BOX)
        for bound in bounds_s:
            axes.axvline(bound, color=_INK, alpha=0.22, linewidth=0.8, dashes=(2, 3))
        for curve, color in zip(curves.values(), stand_ins, strict=True):
            axes.plot(curve.times_s, curve.values, color=color, linewidth=1.8, dashes=(4, 2) if curve.dashed else ())
        top = max((float(curve.values.max(initial=0.0)) for curve in curves.values()), default=0.0)
        axes.set(xlim=span_s, ylim=(0, 1.12 * top if top > 1e-9 else 1.0))
        axes.locator_params(axis="y", nbins=5)
        axes.grid(axis="y", color=_INK, alpha=0.13, linewidth=0.8)
        axes.set_title(unit, loc="left", fontsize=_STYLE["font.size"], x=-0.09)
        axes.set_xlabel("seconds", loc="right", labelpad=1)
        buffer = io.StringIO()
        no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
    return _for_page(buffer.getvalue(), name, {_INK: "currentColor", **stand_ins})


def axes_span() -> tuple[float, float]:
    """Left and right end of the time axis as shares of the plot's width."""
    left, _, width, _ = _AXES_BOX
    return left, left + width


def _for_page(svg: str, name: str, colors: Mapping[str, str]) -> str:
    """The bare <svg> element with unique ids, page colours and no size of its own."""
    view_box = re.search(r'viewBox="[^"]*"', svg)
    assert view_box is not None
    body = svg[svg.index(">", view_box.end()) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', body).replace("url(#", f"url(#{name}-")
    for stand_in, color in colors.items():
        body = body.replace(stand_in, color)
    return f'<svg class="plot" role="img" aria-labelledby="{name}-title" {view_box[0]}>{body}'

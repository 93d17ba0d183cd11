"""Still pictures of camera paths: each path in 3-D on a panel, alone or over its reference, drawn back to front."""

from __future__ import annotations

import io
import itertools
import math
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file
from kinoeye.evaluation.pose_score import PoseScore
from kinoeye.formats.path_table import PathTable
from kinoeye.geometry import Trajectory
from kinoeye.geometry.frusta import frustum_corners, key_poses
from kinoeye.render.color import mix
from kinoeye.studio.actor_meshes import mesh_parts
from kinoeye.studio.moves import path_steps, quantity
from kinoeye.studio.report import Report
from kinoeye.studio.score_section import headline_scores
from kinoeye.studio.viewpoint import CAMERA_RGB, ESTIMATED_RGB, Extent, measure, viewpoint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

MAX_PANELS = 64
KEY_POSES = 8
"""Frusta along a path."""
MAX_STEPS = 400
"""Straight pieces in which the line of a long path is drawn."""
PANEL_IN = (6.4, 4.6)
"""Width and height of a panel, in inches at `_dpi` pixels each."""
_GAP_IN = 0.14
_WIDEST_PX = 2200
_INSET, _INSET_UNDER_NOTE = (0.05, 0.12, 0.9, 0.64), (0.05, 0.15, 0.9, 0.57)
"""Left, bottom, width and height of the room for the paths in a panel, as shares of it; the second with scores."""
_PAGE, _CARD, _INK, _SOFT, _LINE = "#f6f7f9", "#ffffff", "#16191f", "#5b6472", "#e2e5ea"
"""The report's colours by day."""
_SHADOW = (0.52, 0.56, 0.63)
_SUN = np.array([-0.35, 0.3, 0.9])
"""Direction of the light on actors: right, towards the eye and up."""


@dataclass
class _Strokes:
    """Polygons and lines in the world, to be drawn from the farthest to the nearest."""

    points: list[Array]
    """[k, 3] each; two points are a line."""
    faces: list[tuple[float, ...]]
    """RGBA of each inside."""
    edges: list[tuple[float, ...]]
    """RGBA of each line."""
    widths: list[float]
    """In points."""
    nearer: list[float]
    """By how much each is drawn as if it were nearer."""

    def add(
        self,
        points: Array,
        *,
        face: Sequence[float] = (0, 0, 0, 0),
        edge: Sequence[float] = (0, 0, 0, 0),
        width: float = 0.0,
        nearer: float = 0.0,
    ) -> None:
        self.points.append(points)
        self.faces.append(tuple(face))
        self.edges.append(tuple(edge))
        self.widths.append(width)
        self.nearer.append(nearer)


@dataclass(frozen=True)
class _Eye:
    """A pinhole that looks at the middle of a scene."""

    position: Array
    axes: Array
    """[3, 3], rows: right, up, and back towards the eye."""

    @staticmethod
    def on(report: Report, extent: Extent) -> _Eye:
        position = viewpoint(report.shot.camera, extent)
        back = position - extent.centre
        back /= np.linalg.norm(back)
        right = np.cross(extent.up_vector, back)
        right /= np.linalg.norm(right)
        return _Eye(position, np.stack([right, np.cross(back, right), back]))

    def depth(self, points: Array) -> Array:
        """Distances [...] of points [..., 3] along the line of sight."""
        return -((points - self.position) @ self.axes[2])

    def project(self, points: Array) -> Array:
        """Places [..., 2] on the picture plane at distance 1."""
        seen = (points - self.position) @ self.axes.T
        return seen[..., :2] / np.maximum(-seen[..., 2:], 1e-9)


def write_picture(reports: Sequence[Report], path: Path, *, columns: int | None = None) -> None:
    """Write a PNG with a panel for each report: its camera, and where there is one its estimate aligned to it.

    A panel is titled by its sentence or name; from pale to deep is the time. It says how wide the grid is, in metres
    where the path has them, and how far the estimate is off.

    Args:
        reports: what to show, in reading order.
        path: the .png file.
        columns: panels side by side; None chooses a number that leaves few places empty.

    Raises:
        InputError: there are more than `MAX_PANELS`, or the file cannot be written.
    """
    from matplotlib.figure import Figure
    from PIL import Image

    if len(reports) > MAX_PANELS:
        raise InputError(f"{len(reports)} paths are too many for one picture; give at most {MAX_PANELS}")
    columns = columns or _columns(len(reports))
    rows = math.ceil(len(reports) / columns)
    width, height = (n * (side + _GAP_IN) + _GAP_IN for n, side in zip((columns, rows), PANEL_IN, strict=True))
    figure = Figure(figsize=(width, height), facecolor=_PAGE)
    for index, report in enumerate(reports):
        row, column = divmod(index, columns)
        left, top = (_GAP_IN + n * (side + _GAP_IN) for n, side in zip((column, row), PANEL_IN, strict=True))
        _Panel(figure, report, (left, height - top - PANEL_IN[1])).draw()
    pixels = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a box stands for it
        figure.savefig(pixels, format="png", dpi=min(200.0, max(80.0, _WIDEST_PX / width)))
    # So few colours make a file of a quarter of the size, and nothing that is drawn needs more.
    picture = (
        Image.open(pixels).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    )
    with atomic_file(path) as temporary:
        picture.save(temporary, format="png", optimize=True)


def _columns(count: int) -> int:
    """About as many columns as rows, or one more where that leaves fewer places empty."""
    least = math.ceil(math.sqrt(count))
    return min((least, least + 1), key=lambda columns: -count % columns) if count > 2 else count


class _Panel:
    """One report on its card."""

    def __init__(self, figure: Figure, report: Report, corner_in: tuple[float, float]) -> None:
        self.report = report
        self.camera, self.estimate = report.shot.camera, report.aligned_estimate
        self.unit = self.camera.track.unit
        self.extent = measure(report.shot, self.estimate)
        self.eye = _Eye.on(report, self.extent)
        self.length = self.extent.frustum_length(self.unit)
        self.strokes = _Strokes([], [], [], [], [])
        size = figure.get_size_inches()
        self.axes: Axes = figure.add_axes((*(np.array(corner_in) / size), *(np.array(PANEL_IN) / size)))

    def draw(self) -> None:
        """Everything, from the ground to the words."""
        shown = [(self.camera, CAMERA_RGB)] + ([(self.estimate, ESTIMATED_RGB)] if self.estimate is not None else [])
        for over, (camera, rgb) in enumerate(shown):
            self._add_camera(camera, np.array(rgb) / 255, is_over=bool(over), is_alone=len(shown) == 1)
        self._add_actors()
        self._frame()
        cell = self._ground([camera for camera, _ in shown])
        self._paint()
        self._words(cell)

    def _add_camera(self, camera: Trajectory, rgb: Array, *, is_over: bool, is_alone: bool) -> None:
        """The line of a camera's centre, and its frusta; the upper one of two lines is thin, so that both are seen."""
        table = PathTable.from_trajectory(camera)
        assert table.intrinsics is not None
        centres = table.matrices[:, :, 3]
        nearer = 0.1 * self.length if is_over else 0.0
        drawn = key_poses(len(centres), MAX_STEPS + 1)
        last = max(len(centres) - 1, 1)
        for start, end in itertools.pairwise(drawn):
            color = (*_tone(rgb, 0.5 * (start + end) / last), 1.0)
            width = 3.0 if is_alone else 2.2 if is_over else 4.4
            self.strokes.add(centres[[start, end]], edge=color, width=width, nearer=nearer + 0.05 * self.length)
        keys = table.frames(key_poses(len(centres), KEY_POSES))
        assert keys.intrinsics is not None
        corners = frustum_corners(keys.matrices, keys.intrinsics, camera.size_wh, self.length)
        for share, apex, image in zip(np.linspace(0, 1, len(keys)), keys.matrices[:, :, 3], corners, strict=True):
            color = _tone(rgb, float(share))
            for side in range(4):
                wall = np.stack([apex, image[side], image[side - 1]])
                self.strokes.add(wall, face=(*color, 0.07), edge=(*color, 0.95), width=0.9, nearer=nearer)
            self.strokes.add(image, face=(*color, 0.16), edge=(*color, 0.95), width=1.1, nearer=nearer)

    def _add_actors(self) -> None:
        """The actors as they stand in the middle of the shot, in a light from above."""
        from trimesh.remesh import subdivide_to_size

        shot = self.report.shot
        without_props = replace(shot, environment=replace(shot.environment, props=()))
        middle = len(self.camera) // 2
        light = np.array([_SUN[0], _SUN[2] * 0.5, _SUN[1]]) @ self.eye.axes + 0.7 * self.extent.up_vector
        for part in mesh_parts(without_props):
            vertices = part.vertices @ part.R_world_part[middle].T + part.position[middle]
            # Pieces are put in order as a whole, so they must be small against what they touch.
            pieces = subdivide_to_size(vertices, part.faces, max_edge=0.2 * float(np.ptp(vertices, axis=0).max()))
            triangles = pieces[0][pieces[1]]
            normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
            sizes = np.linalg.norm(normals, axis=1)
            normals /= np.maximum(sizes, 1e-12)[:, None]
            seen = (np.einsum("ij,ij->i", normals, self.eye.position - triangles[:, 0]) > 0) & (sizes > 0)
            for triangle, brightness in zip(triangles[seen], (normals @ light)[seen], strict=True):
                color = mix(mix(np.array(part.color_rgb) / 255, (0, 0, 0), 0.3), (1, 1, 1), 0.4 * max(brightness, 0.0))
                self.strokes.add(triangle, face=(*color, 1.0), edge=(*color, 1.0), width=0.7)

    def _frame(self) -> None:
        """The card, and limits that bring everything into its room."""
        from matplotlib.patches import FancyBboxPatch

        axes = self.axes
        spot = np.concatenate(self.strokes.points)
        flat = self.eye.project(np.concatenate([spot, self._on_ground(spot)]))
        low, high = flat.min(0), flat.max(0)
        left, bottom, width, height = _INSET if self.report.score is None else _INSET_UNDER_NOTE
        scale = float(((high - low) / (width * PANEL_IN[0], height * PANEL_IN[1])).max())
        size = scale * np.array(PANEL_IN)
        corner = 0.5 * (low + high) - size * (left + width / 2, bottom + height / 2)
        axes.set_xlim(corner[0], corner[0] + size[0])
        axes.set_ylim(corner[1], corner[1] + size[1])
        axes.axis("off")
        card = FancyBboxPatch(
            (0.004, 0.004), 0.992, 0.992, boxstyle="round,pad=0,rounding_size=0.02", mutation_aspect=1.4,
            transform=axes.transAxes, facecolor=_CARD, edgecolor=_LINE, linewidth=1.0, zorder=0,
        )  # fmt: skip
        axes.add_patch(card)
        self.card = card

    def _on_ground(self, points: Array) -> Array:
        flat = points.copy()
        flat[..., self.extent.up] = self.extent.ground
        return flat

    def _ground(self, cameras: Sequence[Trajectory]) -> float:
        """A grid that fades away from the scene, and the paths' shadows on it; the width of a cell."""
        from matplotlib.collections import LineCollection

        extent = self.extent
        reach = 2.6 * max(extent.radius, self.length)
        cell = _round_number(reach / 5)
        a, b = (axis for axis in range(3) if axis != extent.up)
        steps = np.linspace(-reach, reach, 81)
        lines = []
        for fixed, free in ((a, b), (b, a)):
            centre = extent.centre[fixed]
            for value in np.arange(math.ceil((centre - reach) / cell), math.floor((centre + reach) / cell) + 1) * cell:
                line = np.full((len(steps), 3), extent.ground)
                line[:, fixed], line[:, free] = value, extent.centre[free] + steps
                lines.append(np.stack([line[:-1], line[1:]], axis=1))
        pieces = np.concatenate(lines)
        pieces = pieces[(self.eye.depth(pieces) > 0.05 * reach).all(-1)]
        flat = self.eye.project(pieces)
        away = np.linalg.norm(pieces.mean(1) - self._on_ground(extent.centre), axis=-1) / reach
        bottom, top = self.axes.get_ylim()
        height = (flat[..., 1].mean(1) - bottom) / (top - bottom)
        ink = np.tile((*_SHADOW, 0.5), (len(pieces), 1))
        ink[:, 3] *= np.clip(1 - away**2, 0, 1) * np.clip((height - 0.08) / 0.12, 0, 1)  # none under the words
        grid = LineCollection(list(flat), colors=list(ink), linewidths=0.7, zorder=1)
        shadows = [self._on_ground(camera.T_world_cam.translation.double().numpy()) for camera in cameras]
        shade = LineCollection(
            [self.eye.project(line) for line in shadows], colors=[(*_SHADOW, 0.45)], linewidths=2.0, zorder=1,
            capstyle="round", joinstyle="round",
        )  # fmt: skip
        for lines in (grid, shade):
            self.axes.add_collection(lines, autolim=False)
            lines.set_clip_path(self.card)
        return cell

    def _paint(self) -> None:
        from matplotlib.collections import PolyCollection

        strokes = self.strokes
        depths = [
            self.eye.depth(points.mean(0)) - nearer
            for points, nearer in zip(strokes.points, strokes.nearer, strict=True)
        ]
        order = np.argsort(np.negative(depths), kind="stable")
        polygons = PolyCollection(
            [self.eye.project(strokes.points[i]) for i in order],
            closed=False,
            facecolors=[strokes.faces[i] for i in order],
            edgecolors=[strokes.edges[i] for i in order],
            linewidths=[strokes.widths[i] for i in order],
            capstyle="round",
            joinstyle="round",
            zorder=2,
        )
        self.axes.add_collection(polygons, autolim=False)

    def _words(self, cell: float) -> None:
        """Title, what the colours mean, the time, the grid's unit, and scores or facts."""
        lines = textwrap.wrap(self.report.heading, 58, max_lines=2, placeholder=" …") or [""]
        for index, line in enumerate(lines):
            self._write(0.04, 0.925 - 0.062 * index, line, size=13.0, color=_INK)
        row = 0.923 - 0.062 * len(lines)
        self._legend(row)
        is_metric, has_vertical = self.unit == "m", self.camera.track.up is not None
        notes = [
            f"grid {quantity(cell, 'm')}" if is_metric else "no metric scale",
            *(() if has_vertical else ("vertical assumed",)),
        ]
        self._write(0.96, row, " · ".join(notes), size=9.0, align="right")
        if self.report.score is not None:
            self._scores(self.report.score)
            self._write(0.04, row - 0.05, _alignment_words(self.report.score), size=9.0)
        else:
            distances, angles = path_steps(self.camera)
            facts = (quantity(float(distances.sum()), self.unit), quantity(float(angles.sum()), "rad"))
            self._write(0.96, 0.045, "{} travelled · {} turned".format(*facts), size=9.0, align="right")

    def _legend(self, row: float) -> None:
        """A bar from the first to the last tone of each camera, with its name, and the time between them."""
        roles = self.report.roles
        names = {"": CAMERA_RGB} if self.estimate is None else {roles.camera: CAMERA_RGB, roles.estimate: ESTIMATED_RGB}
        left = 0.04
        for name, rgb in names.items():
            tones = np.array([[_tone(np.array(rgb) / 255, share) for share in np.linspace(0, 1, 64)]])
            bar = self.axes.inset_axes((left, row + 0.002, 0.08, 0.018))
            bar.imshow(tones, aspect="auto", interpolation="bilinear")
            bar.axis("off")
            self._write(left + 0.09, row, name, size=9.0)
            left += 0.09 + (0.0125 * len(name) + 0.025 if name else 0.0)
        self._write(left, row, f"in {self.camera.track.duration_s:.3g} s", size=9.0)

    def _scores(self, score: PoseScore) -> None:
        for index, row in enumerate(reversed(headline_scores(score))):
            place = 0.96 - 0.19 * index
            self._write(place, 0.085, _value(row.value, row.unit), size=10.5, color=_INK, align="right")
            self._write(place, 0.045, row.label, size=8.0, align="right")

    def _write(self, x: float, y: float, text: str, *, size: float, color: str = _SOFT, align: Any = "left") -> None:
        self.axes.text(
            x, y, text, transform=self.axes.transAxes, fontsize=size, color=color, ha=align, va="baseline",
            parse_math=False, zorder=3,
        )  # fmt: skip


def _tone(rgb: Array, share: float) -> tuple[float, float, float]:
    """A camera's colour at a share of its time: pale at the start, deep at the end."""
    pale, deep = mix(rgb, (1, 1, 1), 0.62), mix(rgb, (0.05, 0.05, 0.15), 0.3)
    red, green, blue = (mix(pale, rgb, 2 * share) if share < 0.5 else mix(rgb, deep, 2 * share - 1)).tolist()
    return red, green, blue


def _round_number(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above a value."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * max(digit for digit in (1, 2, 5) if digit * power <= value)


def _alignment_words(score: PoseScore) -> str:
    return "first poses made equal" + (f", scale fitted: {score.scale:.3g}" if score.align == "scale" else "")


def _value(value: float, unit: str) -> str:
    if not math.isfinite(value):
        return "—" if math.isnan(value) else "failed"
    return f"{value:.2g}°" if unit == "deg" else f"{value:.3g} {'units' if unit == 'arbitrary' else unit}"

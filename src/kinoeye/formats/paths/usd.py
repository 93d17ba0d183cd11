"""USD cameras: every `Camera` prim of one layer, moved by its own and its ancestors' operations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.base.files import write_text
from kinoeye.formats.containers import usda_writer
from kinoeye.formats.containers.usd_layer import CRATE, SUFFIXES, read_layer
from kinoeye.formats.containers.usda import ARCS, Attribute, Layer, Prim
from kinoeye.formats.path_table import DEFAULT_FPS, PathTable
from kinoeye.formats.paths.animation import film_rate, frame_numbers, from_the_start
from kinoeye.formats.paths.calibrations import calibration_matrices
from kinoeye.formats.paths.file_head import FileHead
from kinoeye.formats.paths.scene_camera import MAX_FRAMES, Y_UP, Effort, camera_blocks
from kinoeye.formats.paths.usd_xform import PREFIX, is_animated, operations, sampled, world_matrices
from kinoeye.geometry.convention import NORMALISED, Convention, Float64, homogeneous

NAME = "usd"
TITLE = "USD cameras (.usda, .usd; .usdc and .usdz are read)"
FILE_NAMES = ("*.usda", "*.usd")
DEFAULT_NAME = "camera.usda"
CONVENTION = Convention("RUB", "FLU", "cam_to_world", 1.0)
HOLDS = frozenset({"times", "intrinsics", "size", "unit", "up", "near_far"})
NEEDS = frozenset({"times", "intrinsics", "unit", "up"})
WORLDS = {"Y": Y_UP, "Z": "FLU"}
"""Up axis -> world axes; USD names no other direction."""
SETTINGS_PATH = "/Render/settings"
FILM_WIDTH_MM = 36.0
"""Width of the film that written focal lengths are given for; only their ratio says what is seen."""
_FALLBACKS = {"focalLength": 50.0, "horizontalAperture": 20.955, "verticalAperture": 15.2908}
_LENS = (*_FALLBACKS, "horizontalApertureOffset", "verticalApertureOffset")
_SETTINGS = ("resolution", "pixelAspectRatio", "aspectRatioConformPolicy", "camera")
_KEPT = re.compile("|".join((*_LENS, *_SETTINGS, "clippingRange", "projection", f"{PREFIX}.*")))


def sniff(head: FileHead) -> bool:
    """A text layer, a binary layer, or a zip archive that holds a layer."""
    return (
        head.text.startswith("#usda") or head.data.startswith(CRATE) or any(m.endswith(SUFFIXES) for m in head.members)
    )


def read(path: Path) -> Mapping[str, PathTable]:
    """Read every perspective camera: path of its prim -> table."""
    layer = read_layer(path, _KEPT)
    chains = [chain for prim in layer.prims for chain in prim.walk() if all(map(_is_live, chain))]
    cameras = [chain for chain in chains if chain[-1].type_name == "Camera"]
    if not cameras:
        arcs = [arc for arc in ARCS if arc in layer.metadata or any(arc in chain[-1].metadata for chain in chains)]
        more = f"; it takes more from elsewhere ({', '.join(arcs)}): flatten it first" if arcs else ""
        raise InputError(f"{path} is a USD scene and holds no cameras{more}")
    flat = [c for c in cameras if c[-1].attributes.get("projection", Attribute()).default == "orthographic"]
    if len(flat) == len(cameras):
        raise InputError(f"{path} holds orthographic cameras alone; perspective ones are read")
    settings = _render_settings(chains)
    effort = Effort(str(path))
    return {c[-1].path: _Camera(layer, c, settings, str(path), effort).table() for c in cameras if c not in flat}


def _is_live(prim: Prim) -> bool:
    return prim.specifier != "class" and prim.metadata.get("active") not in (0.0, "false")


def _render_settings(chains: Sequence[Sequence[Prim]]) -> dict[str, Prim]:
    """Path of a camera -> the render settings that name it."""
    found = {}
    for prim in (chain[-1] for chain in chains if chain[-1].type_name == "RenderSettings"):
        target = prim.attributes.get("camera", Attribute()).default
        target = target[0] if isinstance(target, tuple) and target else target
        if isinstance(target, str):
            found.setdefault(target, prim)
    return found


@dataclass
class _Camera:
    layer: Layer
    chain: Sequence[Prim]
    settings: dict[str, Prim]
    where: str
    effort: Effort

    def table(self) -> PathTable:
        notes: list[str] = []
        axis = self._layer_value("upAxis", "Y", notes)
        if axis not in WORLDS:
            raise InputError(f"{self.where} has the upAxis {axis!r}; 'Y' or 'Z' is needed")
        unit = self._positive("metersPerUnit", 0.01, notes)
        if "timeCodesPerSecond" not in self.layer.metadata and "framesPerSecond" in self.layer.metadata:
            rate = self._positive("framesPerSecond", DEFAULT_FPS, notes)
        else:
            rate = self._positive("timeCodesPerSecond", DEFAULT_FPS, notes)
        codes = self._time_codes(rate, notes)
        times = np.zeros(1) if codes is None else codes
        self.effort.spend(len(times), len(operations(self.chain)))
        matrices = camera_blocks(world_matrices(self.chain, times)[:, :3], notes)
        intrinsics, size = self._intrinsics(times, notes)
        return PathTable(
            matrices=matrices,
            convention=Convention("RUB", WORLDS[str(axis)], "cam_to_world", unit),
            format=NAME,
            intrinsics=intrinsics,
            size_wh=size,
            times_s=None if codes is None else codes / rate,
            near_far=None if "clippingRange" not in self.attributes else self._sampled("clippingRange", times, 2),
            notes=tuple(notes),
        )

    @property
    def attributes(self) -> dict[str, Attribute]:
        return self.chain[-1].attributes

    def _layer_value(self, name: str, fallback: object, notes: list[str]) -> object:
        if name in self.layer.metadata:
            return self.layer.metadata[name]
        notes.append(f"{name} is not stated; USD takes {fallback} then")
        return fallback

    def _positive(self, name: str, fallback: float, notes: list[str]) -> float:
        value = self._layer_value(name, fallback, notes)
        if not isinstance(value, float) or not 0 < value < float("inf"):
            raise InputError(f"{self.where} has the {name} {value!r}; a positive number is needed")
        return value

    def _sampled(self, name: str, times: Float64, columns: int = 1) -> Float64:
        values = sampled(self.attributes[name], times, columns, f"{self.chain[-1].path}.{name}")
        return values if columns > 1 else values[:, 0]

    def _time_codes(self, rate: float, notes: list[str]) -> Float64 | None:
        """The time codes of frames: those of the samples, and every frame where movement needs more."""
        moves = [(name.partition(":")[2], attribute) for name, attribute, _ in operations(self.chain)]
        lens = [attribute for name, attribute in self.attributes.items() if name in (*_LENS, "clippingRange")]
        every = {time for attribute in [*(a for _, a in moves), *lens] for time in attribute.samples}
        codes = np.array(sorted(every))
        if len(codes) == 0:
            return None
        if not np.isfinite(codes).all():
            raise InputError(f"{self.where} has time samples at times that are not finite")
        kinds = [kind for kind, attribute in moves if is_animated(attribute)]
        frames_per_s = self.layer.metadata.get("framesPerSecond", rate)
        step = rate / frames_per_s if isinstance(frames_per_s, float) and frames_per_s > 0 else 1.0
        # Samples of matrices alone are frames; keys of angles or of several operations bend the path between them.
        if set(kinds) - {"transform"} and len(codes) > 1 and np.diff(codes).max() > step * (1 + 1e-9):
            codes = self._every_frame(codes, step)
            notes.append("the keys are farther apart than frames: the camera is sampled at every frame")
        if len(codes) > MAX_FRAMES:
            raise InputError(f"{self.where} is animated over {len(codes):,} frames; at most {MAX_FRAMES:,} are read")
        return codes

    def _every_frame(self, codes: Float64, step: float) -> Float64:
        count = (codes[-1] - codes[0]) / step
        if not count <= MAX_FRAMES:
            raise InputError(f"{self.where} is animated over {count:.6g} frames; at most {MAX_FRAMES:,} are read")
        grid = codes[0] + step * np.arange(int(count) + 1)
        both = np.sort(np.concatenate([codes, grid]))
        return both[np.concatenate([[True], np.diff(both) > 1e-6 * step])]

    def _intrinsics(self, times: Float64, notes: list[str]) -> tuple[Float64, tuple[int, int] | None]:
        lens = {}
        for name in _LENS:
            if name in self.attributes:
                lens[name] = self._sampled(name, times)
                continue
            lens[name] = np.full(len(times), _FALLBACKS.get(name, 0.0))
            if name in _FALLBACKS:
                notes.append(f"{name} is not stated; USD takes {_FALLBACKS[name]} then")
        width, height = lens["horizontalAperture"], lens["verticalAperture"]
        size = NORMALISED
        if self.chain[-1].path in self.settings:
            settings = self.settings[self.chain[-1].path]
            size, width, height = _conformed(settings, width, height)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            fx, fy = lens["focalLength"] / width * size[0], lens["focalLength"] / height * size[1]
            cx = (0.5 - lens["horizontalApertureOffset"] / width) * size[0]
            cy = (0.5 + lens["verticalApertureOffset"] / height) * size[1]
        return calibration_matrices(np.stack([fx, fy, cx, cy], -1)), size


def _conformed(settings: Prim, width: Float64, height: Float64) -> tuple[tuple[int, int], Float64, Float64]:
    """Image size and the apertures that fill it (UsdRenderSettings' aspectRatioConformPolicy)."""
    at = np.zeros(1)
    where = settings.path
    resolution = sampled(settings.attributes.get("resolution", Attribute((2048.0, 1080.0))), at, 2, where)[0]
    if not (np.isfinite(resolution).all() and (resolution >= 1).all() and (resolution < 1e6).all()):
        raise InputError(f"{where}.resolution is no image size")
    pixel = sampled(settings.attributes.get("pixelAspectRatio", Attribute(1.0)), at, 1, where)[0, 0]
    policy = settings.attributes.get("aspectRatioConformPolicy", Attribute()).default or "expandAperture"
    size = (int(resolution[0]), int(resolution[1]))
    aspect = size[0] * pixel / size[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        is_wider = aspect > width / height
        if policy == "adjustPixelAspectRatio":
            return size, width, height
        grow_width = {"adjustApertureWidth": True, "adjustApertureHeight": False, "cropAperture": ~is_wider}
        changes_width = np.broadcast_to(grow_width.get(str(policy), is_wider), width.shape)
        return size, np.where(changes_width, height * aspect, width), np.where(changes_width, height, width / aspect)


def write(table: PathTable, path: Path) -> list[str]:
    """Write one camera prim with a matrix a frame, metres, +z up, and the image size as render settings."""
    assert table.times_s is not None
    assert table.intrinsics is not None
    assert table.size_wh is not None
    times, warnings = from_the_start(table.times_s)
    rate = film_rate(times, DEFAULT_FPS)
    codes = frame_numbers(times, rate)
    settings = None if table.size_wh == NORMALISED else SETTINGS_PATH
    lines = usda_writer.header(codes, rate, default_prim="camera", settings=settings)
    lines += camera_prim(table, codes, "camera")
    if settings is not None:
        lines += ["", *render_settings(table.size_wh, "/camera")]
    write_text(path, "\n".join(lines) + "\n")
    return warnings


def camera_prim(table: PathTable, codes: Float64, name: str) -> list[str]:
    """The lines of a camera whose table is in `CONVENTION` with what `NEEDS` names, at time codes [n]."""
    poses = homogeneous(table.matrices)
    return usda_writer.prim(
        f'Camera "{name}"',
        [*_lens_lines(table, codes), 'token projection = "perspective"', *usda_writer.transform(poses, codes)],
    )


def render_settings(size_wh: tuple[int, int], camera: str) -> list[str]:
    """The lines of render settings at `SETTINGS_PATH` that give the camera at a path its image size."""
    lines = [
        'uniform token aspectRatioConformPolicy = "adjustPixelAspectRatio"',
        f"rel camera = <{camera}>",
        f"uniform int2 resolution = ({size_wh[0]}, {size_wh[1]})",
    ]
    return usda_writer.prim('Scope "Render"', usda_writer.prim('RenderSettings "settings"', lines))


def _lens_lines(table: PathTable, codes: Float64) -> list[str]:
    """The lens in tenths of the scene's unit, for a film of `FILM_WIDTH_MM` and the height that keeps both ratios."""
    assert table.intrinsics is not None
    assert table.size_wh is not None
    K = table.with_size(NORMALISED).intrinsics
    assert K is not None
    width = np.full(len(table), FILM_WIDTH_MM / 100)
    focal = K[:, 0, 0] * width
    height = focal / K[:, 1, 1]
    lens = {
        "focalLength": focal,
        "horizontalAperture": width,
        "horizontalApertureOffset": (0.5 - K[:, 0, 2]) * width,
        "verticalAperture": height,
        "verticalApertureOffset": (K[:, 1, 2] - 0.5) * height,
    }
    lines = [_attribute(f"float {name}", values[:, None], codes) for name, values in lens.items()]
    if table.near_far is not None and np.isfinite(table.near_far).all():
        lines.insert(0, _attribute("float2 clippingRange", table.near_far, codes))
    return lines


def _attribute(declaration: str, rows: Float64, codes: Float64) -> str:
    return usda_writer.attribute(declaration, [usda_writer.vector(row) for row in rows], codes)

"""What film models require of a camera path: frames, image size, rate, scale and file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kinoeye.base.errors import InputError
from kinoeye.base.names import did_you_mean

RATE_TOLERANCE = 0.01
"""Relative difference of frame rates that is rounding."""
ASPECT_TOLERANCE = 0.005
"""The same for image aspects: 854x480 is 16:9."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A film model's requirements of a camera path."""

    name: str
    title: str
    format: str
    """Name of the format of `formats.paths` that it reads."""
    frames: int
    """How many poses; the default where several counts are allowed."""
    stride: int | None = None
    """It also takes stride * k + 1 poses for any whole k; None takes exactly `frames`."""
    fps: float | None = None
    """Rate of the films; None where the model does not fix it."""
    size_wh: tuple[int, int] | None = None
    """Image size; None where the file states no intrinsics or the model scales them itself."""
    metric: bool = False
    """Whether translations are metres for it, so that a path of arbitrary scale means nothing."""
    note: str = ""
    """What a user should know."""

    def allows(self, frames: int) -> bool:
        """Whether it takes that many poses."""
        return frames == self.frames or (self.stride is not None and frames > 1 and (frames - 1) % self.stride == 0)

    @property
    def allowed_frames(self) -> str:
        """Such as "81" or "161 (or 8k + 1)"."""
        return str(self.frames) if self.stride is None else f"{self.frames} (or {self.stride}k + 1)"


@dataclass(frozen=True)
class Mismatch:
    """One way in which a path is not what a model requires."""

    what: str
    """"frames", "fps", "size" or "unit"."""
    message: str
    """What was given and what is wanted."""
    fix: str
    """An edit that mends it, such as "resample:wan-fun"."""


def mismatches(
    target: Target,
    *,
    frames: int,
    fps: float | None,
    size_wh: tuple[int, int] | None,
    unit: str,
) -> list[Mismatch]:
    """Everything in which a path differs from what a model requires.

    Args:
        target: the model.
        frames: number of poses.
        fps: frames per second; None when the path has no times, which no model minds.
        size_wh: image size of the intrinsics; None or (1, 1) when not stated.
        unit: "m" or "arbitrary".

    Example:
        >>> [m.what for m in mismatches(TARGETS["gen3r"], frames=81, fps=None, size_wh=(560, 560), unit="m")]
        ['frames']
    """
    found = []
    if not target.allows(frames):
        text = f"{target.title} wants {target.allowed_frames} frames and the path has {frames}"
        found.append(Mismatch("frames", text, f"resample:{target.name}"))
    elif fps is not None and target.fps is not None and abs(fps / target.fps - 1) > RATE_TOLERANCE:
        text = f"{target.title} films {target.fps:g} frames per second and the path has {fps:.4g}"
        found.append(Mismatch("fps", text, f"resample:{target.name}"))
    if target.size_wh is not None and size_wh is not None and size_wh != (1, 1):
        wanted, given = target.size_wh[0] / target.size_wh[1], size_wh[0] / size_wh[1]
        if abs(given / wanted - 1) > ASPECT_TOLERANCE:
            size = "x".join(map(str, target.size_wh))
            text = f"{target.title} films {size} and the intrinsics are of {size_wh[0]}x{size_wh[1]}, another shape"
            found.append(Mismatch("size", text, f"fit:{size}"))
    if target.metric and unit != "m":
        text = f"{target.title} reads metres and the path's scale is arbitrary (scale:1 takes it as metres)"
        found.append(Mismatch("unit", text, "scale:1,unit=m"))
    return found


def target_named(name: str) -> Target:
    """The target of that name; case, spaces and underscores do not matter.

    Raises:
        InputError: there is none.
    """
    plain = name.lower().replace("_", "-").replace(" ", "-")
    if plain not in TARGETS:
        raise InputError(f"no requirements are known for {name!r}; {did_you_mean(name, TARGETS, 'known models')}")
    return TARGETS[plain]


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        target.name: target
        for target in (
            Target(
                name="wan-fun",
                title="Wan-Fun-Camera",
                format="wan-fun",
                frames=81,
                stride=4,
                fps=16,
                size_wh=(832, 480),
                note="the text file is passed as control_camera_txt; translations are in units of its training clips",
            ),
            Target(
                name="recammaster",
                title="ReCamMaster",
                format="recammaster",
                frames=81,
                metric=True,
                note="the file holds one camera, cam01: run it with --cam_type 1",
            ),
            Target(
                name="seva",
                title="Stable Virtual Camera",
                format="seva",
                frames=81,
                stride=1,
                size_wh=(576, 576),
                note="any number of views; sides are multiples of 64, the shorter one 576",
            ),
            Target(
                name="sanawm",
                title="SANA-WM",
                format="numpy",
                frames=161,
                stride=8,
                fps=16,
                note="pass the arrays c2w and intrinsics to SanaWMPipeline; intrinsics are of the first frame's image",
            ),
            Target(
                name="trajectorycrafter",
                title="TrajectoryCrafter",
                format="theta-phi-r",
                frames=49,
                note="the path must keep looking at one point, around which the file's angles turn",
            ),
            Target(
                name="viewcrafter",
                title="ViewCrafter",
                format="phi-theta-r",
                frames=25,
                note="the path must keep looking at one point, around which the file's angles turn",
            ),
            Target(
                name="gen3r",
                title="Gen3R",
                format="gen3r",
                frames=49,
                fps=12,
                size_wh=(560, 560),
                note="translations are in units of VGGT's depth of the first frame",
            ),
            Target(
                name="3dtrajmaster",
                title="3DTrajMaster",
                format="motion360",
                frames=99,
                fps=30,
                metric=True,
                note="the path is that of one entity; frames 10 to 94 are read, 49 of them",
            ),
            Target(
                name="gendop",
                title="GenDoP (DataDoP)",
                format="datadop",
                frames=120,
                note="scale is normalised away: the longest distance from the first camera is 1",
            ),
        )
    }
)
"""Name -> requirements."""

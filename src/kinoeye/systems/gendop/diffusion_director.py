"""E.T.'s DIRECTOR as users call it: a caption becomes a camera path in metres by diffusion (arXiv 2407.01516)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import torch

from kinoeye.base.errors import InputError
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory
from kinoeye.geometry.rgbd import RGBD
from kinoeye.language.compiler import DEFAULT_FOV_X
from kinoeye.language.director import MAX_CANDIDATES, Directed
from kinoeye.language.plan import Plan
from kinoeye.language.recognition import recognise
from kinoeye.networks.devices import chosen_device
from kinoeye.networks.director import CaptionedDirector, direct_paths, load_director
from kinoeye.systems.gendop.caption_reader import build_reader
from kinoeye.systems.gendop.tokens import FRAMES

if TYPE_CHECKING:
    from kinoeye.language.motion.path import Anchor

_SIZE_WH = (256, 256)


@dataclass(frozen=True, kw_only=True)
class DiffusionDirector:
    """A DIRECTOR with a caption reader, trained on paths in metres, as a `language.Director`.

    Its lens does not change, and its plans are what its paths are seen to do.
    """

    model: CaptionedDirector
    num_frames: int = FRAMES
    fps: float = 24.0

    @classmethod
    def from_pretrained(
        cls, folder: Path | str, *, device: str = "auto", num_frames: int = FRAMES, fps: float = 24.0
    ) -> Self:
        """Load a folder that `kinoeye train gendop --baseline director` wrote.

        Raises:
            InputError: a file or the device is missing, or the folder is another model's.
        """
        model = load_director(folder, build_reader, device=chosen_device(device))
        return cls(model=model, num_frames=num_frames, fps=fps)

    def __call__(
        self,
        plan_or_text: Plan | str,
        *,
        frame: RGBD | None = None,
        anchors: Mapping[str, Anchor] | None = None,
        n: int = 1,
        seed: int = 0,
    ) -> list[Directed]:
        """`n` paths that begin at the identity; the i-th is drawn with `seed` + i.

        Args:
            plan_or_text: the caption; a plan gives the text that it was read from.
            frame: not looked at, so there may be none.
            anchors: likewise.
            n: how many paths.
            seed: of the noise of the first path.

        Raises:
            InputError: the caption is empty, or there are a frame or anchors, or too many candidates.
        """
        text = plan_or_text if isinstance(plan_or_text, str) else plan_or_text.text
        if not text.strip():
            raise InputError("the caption is empty; say what the camera does")
        if frame is not None or anchors:
            raise InputError("DIRECTOR looks at no frame and sees no actors; give words alone")
        if not 1 <= n <= MAX_CANDIDATES:
            raise InputError(f"{n} candidates is out of range; ask for 1 to {MAX_CANDIDATES}")
        return [self._directed(text, torch.Generator().manual_seed(seed + index)) for index in range(n)]

    def _directed(self, text: str, generator: torch.Generator) -> Directed:
        """A path, and what it does."""
        (poses,) = direct_paths(self.model, [text], generator=generator)
        T_world_cam = SE3.from_matrix(torch.from_numpy(poses))
        T_first_cam = T_world_cam[:1].inverse() @ T_world_cam
        end = (self.num_frames - 1) / self.fps
        keys = Track(T_first_cam, torch.linspace(0, end, len(poses), dtype=torch.float64), unit="m", up=None)
        track = keys.at(torch.linspace(0, end, self.num_frames, dtype=torch.float64))
        fov_x = torch.full((self.num_frames,), DEFAULT_FOV_X, dtype=torch.float64)
        path = Trajectory(track, Intrinsics.from_fov(fov_x, _SIZE_WH))
        moves = recognise(path.T_world_cam.as_matrix().numpy(), fov_x.numpy(), fps=self.fps, up=(0.0, -1.0, 0.0))
        return Directed(path, Plan(moves, text=text, duration_s=self.num_frames / self.fps, fps=self.fps))

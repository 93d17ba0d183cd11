"""Where a video's shots begin and end (PySceneDetect), and the borders around its picture."""

from __future__ import annotations

from dataclasses import dataclass

from kinoeye.base.failure import Failure
from kinoeye.base.jobs import Item
from kinoeye.base.optional import require
from kinoeye.datasets.border_crop import border_of_video
from kinoeye.datasets.clips import video_facts


@dataclass(frozen=True)
class DetectShots:
    """A video gets its crop and the list of its shots that are neither too short nor too long."""

    shot_seconds: tuple[float, float] = (10.0, 20.0)
    """Shortest and longest."""
    whole: bool = False
    """The video is one shot; nothing is detected."""
    name: str = "detect-shots"

    @property
    def version(self) -> str:
        """Changes with the parameters."""
        return f"1 {self.shot_seconds} {self.whole}"

    def setup(self) -> None:
        """Hold that PySceneDetect is there.

        Raises:
            MissingExtraError: it is not installed.
        """
        if not self.whole:
            require("scenedetect", extra="data")

    def __call__(self, item: Item, seed: int) -> Item | Failure:
        """Find the shots of the file "video"."""
        path = item.files["video"]
        facts = video_facts(path)
        found = [(0.0, facts.duration_s)] if self.whole else detect_shots(path)
        shortest, longest = self.shot_seconds
        kept = [(start, end) for start, end in found if shortest <= end - start <= longest]
        if not kept:
            lengths = ", ".join(f"{end - start:.1f}" for start, end in found[:5])
            more = ", ..." if len(found) > 5 else ""
            return Failure(f"no shot of {shortest:g} to {longest:g} s: {len(found)} of {lengths}{more} s")
        crop = border_of_video(path, facts) or (*facts.size_wh, 0, 0)
        shots = [[round(start, 6), round(end, 6)] for start, end in kept]
        data = {**item.data, "shots": shots, "found": len(found), "crop": list(crop), "fps": facts.fps}
        return Item(item.name, data, item.files)


def detect_shots(path: str) -> list[tuple[float, float]]:
    """Beginning and end of each shot in seconds, by PySceneDetect's AdaptiveDetector.

    Raises:
        MissingExtraError: PySceneDetect is not installed.
    """
    scenedetect = require("scenedetect", extra="data")
    scenes = scenedetect.detect(path, scenedetect.AdaptiveDetector(), start_in_scene=True)
    return [(start.seconds, end.seconds) for start, end in scenes]

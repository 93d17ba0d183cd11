"""Frames of a stretch of a video, decoded one after another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

Frame = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Width, height, left and top of a part of the frame, in pixels."""


@dataclass(frozen=True)
class VideoFacts:
    """What a video says of itself."""

    fps: float
    duration_s: float
    size_wh: tuple[int, int]


def video_facts(path: Path | str) -> VideoFacts:
    """Rate, length and size of a video.

    Raises:
        InputError: it is missing or no video.
    """
    with _opened(path) as (container, stream):
        fps = float(stream.average_rate or 24)
        if stream.duration is not None and stream.time_base is not None:
            duration = float(stream.duration * stream.time_base)
        else:
            duration = 0.0 if container.duration is None else container.duration / 1e6
        if duration <= 0:
            duration = sum(1 for _ in container.decode(stream)) / fps
        return VideoFacts(fps, duration, (stream.width, stream.height))


def read_clip(
    path: Path | str, start_s: float, end_s: float, *, crop: Box | None = None
) -> Iterator[tuple[float, Frame]]:
    """Time from the video's beginning and sRGB [h, w, 3] of each frame at start_s <= time < end_s.

    Raises:
        InputError: the file is missing, or no video.
    """
    with _opened(path) as (container, stream):
        base = stream.time_base
        begun = float((stream.start_time or 0) * base) if base is not None else 0.0
        if start_s > 0 and base is not None:
            container.seek(int((begun + start_s) / base), stream=stream, backward=True)
        fps = float(stream.average_rate or 24)
        for index, frame in enumerate(container.decode(stream)):
            # Where a file has no time stamps, the nominal rate tells the time.
            time = index / fps if frame.time is None else float(frame.time) - begun
            # Time stamps are rounded to the stream's clock.
            if time >= end_s - 1e-4:
                return
            if time >= start_s - 1e-4:
                image = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
                yield time, image if crop is None else cropped(image, crop)


def cropped(image: Frame, crop: Box) -> Frame:
    """The part of an image [h, w, ...] in a box."""
    width, height, left, top = crop
    return image[top : top + height, left : left + width]


@contextmanager
def _opened(path: Path | str) -> Iterator[tuple[InputContainer, VideoStream]]:
    import av
    from av.error import FFmpegError

    if not Path(path).is_file():
        raise InputError(f"{path} does not exist")
    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                raise InputError(f"{path} has no video stream")
            yield container, stream
    except FFmpegError as error:
        raise InputError(f"{path} cannot be decoded as video: {error}") from error

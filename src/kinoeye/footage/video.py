"""Video files with PyAV: H.264 previews that every browser plays, and frames of users' own clips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError
from kinoeye.base.files import atomic_file
from kinoeye.footage.take import Layer, Take

MAX_VIDEO_BYTES = 8 * 1024**3
"""Decoded frames above this many bytes are refused before memory runs out."""


def write_video(path: Path | str, frames: NDArray[np.uint8], *, fps: float, quality: int = 18) -> None:
    """Write frames as H.264 (yuv420p, index first), which browsers and phones play; odd sizes gain an edge pixel.

    Args:
        path: an .mp4 file.
        frames: uint8 sRGB [frames, height, width, 3].
        fps: frames per second.
        quality: x264's constant rate factor; lower is better, 18 is visually lossless.

    Raises:
        InputError: there are no frames, or the file cannot be written.
    """
    from av.error import FFmpegError

    if len(frames) == 0:
        raise InputError(f"{path} cannot be written: a video needs at least one frame")
    height, width = frames.shape[1:3]
    frames = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    try:
        with atomic_file(path) as temporary:
            _encode(temporary, frames, fps, quality)
    except FFmpegError as error:
        raise InputError(f"{path} cannot be written: {error}; nothing was left behind") from error


def read_video(path: Path | str, *, max_frames: int | None = None) -> Take:
    """The frames of a video file as a take with the source "file".

    Args:
        path: anything that FFmpeg decodes.
        max_frames: stop after this many.

    Raises:
        InputError: the file is missing, is not a video, or is too large to hold.
    """
    import av
    from av.error import FFmpegError

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} does not exist")
    images: list[NDArray[np.uint8]] = []
    times: list[float] = []
    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                raise InputError(f"{path} has no video stream")
            step = 1.0 / float(stream.average_rate or 24)
            for frame in container.decode(stream):
                images.append(frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False))
                # Some files have no or repeated time stamps; the nominal rate then tells the time.
                time = step * len(times) if frame.time is None else float(frame.time)
                times.append(time if not times or time > times[-1] else times[-1] + step)
                if len(images) * images[0].nbytes > MAX_VIDEO_BYTES:
                    raise InputError(
                        f"{path} is longer than {MAX_VIDEO_BYTES >> 30} GiB of frames; cut it or set a limit"
                    )
                if max_frames is not None and len(images) >= max_frames:
                    break
    except FFmpegError as error:
        raise InputError(f"{path} cannot be decoded as video: {error}") from error
    if not images:
        raise InputError(f"{path} holds no frames")
    return Take(times_s=np.array(times) - times[0], layers={"rgb": Layer(np.stack(images), "file")})


def _encode(path: Path, frames: NDArray[np.uint8], fps: float, quality: int) -> None:
    import av

    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        # Same bytes on every run: x264's faster kernels were seen to differ once in some hundred runs on busy machines,
        # and its threads differ by design.
        options = {"crf": str(quality), "preset": "medium", "x264-params": "asm=SSE2"}
        stream: Any = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(60000), options=options)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], "yuv420p"
        stream.codec_context.thread_count = 1
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")))
        container.mux(stream.encode())

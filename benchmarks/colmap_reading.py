"""CPU-seconds to read a COLMAP binary model: the poses, and every keypoint and point too, against pycolmap.

    python benchmarks/colmap_reading.py

Both read the same files in the same run: 500 images of 5,000 keypoints each, 100,000 points with 25 observations. Each
number is the best of several, in one process, with the files in the cache. pycolmap parses everything when it opens a
model, so it is to be compared with `model_everything`, where each array of ours has been made and summed; it joins
where it is installed (`pip install "kinoeye[sfm]"`).
"""

from __future__ import annotations

import argparse
import json
import struct
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from kinoeye.formats import read_colmap, read_path
from kinoeye.formats.containers.colmap_model import POINT2D, TRACK_ELEMENT

Counts = tuple[int, int, int, int]


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--keypoints", type=int, default=5_000, help="of an image")
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_model(folder, args.images, args.keypoints, args.points)
        counts = everything(folder)
        results: dict[str, Any] = dict(zip(("images", "keypoints", "points", "observations"), counts, strict=True))
        results |= {
            "bytes": sum(file.stat().st_size for file in folder.iterdir()),
            "path_cpu_s": cpu_seconds(lambda: read_path(folder), args.repeats),
            "model_lazy_cpu_s": cpu_seconds(lambda: read_colmap(folder), args.repeats),
            "model_everything_cpu_s": cpu_seconds(lambda: everything(folder), args.repeats),
        }
        results |= against_pycolmap(folder, counts, results, args.repeats)
    print(json.dumps(results, indent=2))


def write_model(folder: Path, images: int, keypoints: int, points: int) -> None:
    """Cameras, images and points at random; keypoints observe the points in turn, each of them equally often."""
    rng = np.random.default_rng(0)
    count = images * keypoints // points
    if count * points != images * keypoints:
        raise SystemExit("images times keypoints must be a multiple of points")
    (folder / "cameras.bin").write_bytes(struct.pack("<QIiQQ3d", 1, 1, 0, 1920, 1080, 1500, 960, 540))
    head = [("id", "<u4"), ("pose", "<f8", 7), ("camera", "<u4"), ("name", "S16"), ("keypoints", "<u8")]
    image = np.zeros(images, np.dtype([*head, ("points2D", POINT2D, keypoints)]))
    image["id"], image["camera"], image["keypoints"] = np.arange(images) + 1, 1, keypoints
    image["pose"] = rng.normal(size=(images, 7))
    image["pose"][:, :4] /= np.linalg.norm(image["pose"][:, :4], axis=1, keepdims=True)
    image["name"] = [f"frame_{i:05d}.png".encode() for i in range(images)]  # 15 bytes and a null
    image["points2D"]["xy"] = rng.uniform(0, 1080, size=(images, keypoints, 2))
    observed = np.arange(images * keypoints) % points
    image["points2D"]["point3D_id"] = observed.reshape(images, keypoints) + 1
    (folder / "images.bin").write_bytes(struct.pack("<Q", images) + image.tobytes())
    columns = [("id", "<u8"), ("xyz", "<f8", 3), ("rgb", "u1", 3), ("error", "<f8"), ("length", "<u8")]
    point = np.zeros(points, np.dtype([*columns, ("track", TRACK_ELEMENT, count)]))
    point["id"], point["length"] = np.arange(points) + 1, count
    point["xyz"], point["error"] = rng.normal(size=(points, 3)), rng.uniform(size=points)
    order = np.argsort(observed, kind="stable").reshape(points, count)
    point["track"]["image_id"], point["track"]["point2D_index"] = order // keypoints + 1, order % keypoints
    (folder / "points3D.bin").write_bytes(struct.pack("<Q", points) + point.tobytes())


def everything(folder: Path) -> Counts:
    """Images, keypoints, points and observations of a model, with each array made and touched to the last number."""
    model = read_colmap(folder)
    keypoints = [image.points2D for image in model.images]
    touched = [(points["xy"].sum(), points["point3D_id"].sum()) for points in keypoints]
    cloud = model.points
    touched += [(cloud.xyz.sum(), cloud.rgb.sum()), (cloud.error_px.sum(), cloud.tracks["point2D_index"].sum())]
    assert np.isfinite(touched).all()
    return len(keypoints), sum(map(len, keypoints)), len(cloud), len(cloud.tracks)


def against_pycolmap(folder: Path, counts: Counts, ours: dict[str, Any], repeats: int) -> dict[str, Any]:
    """The time of pycolmap on the same files, after comparing its content with ours, and its ratio to ours."""
    if find_spec("pycolmap") is None:
        return {"pycolmap": 'not installed here; pip install "kinoeye[sfm]" to compare'}
    import pycolmap

    peer, model = pycolmap.Reconstruction(folder), read_colmap(folder)
    images, points = peer.images.values(), peer.points3D.values()
    observations = sum(point.track.length() for point in points)
    assert counts == (len(images), sum(image.num_points2D() for image in images), len(points), observations)
    poses = np.stack([peer.images[image.id].cam_from_world().matrix() for image in model.images])
    assert np.abs(poses - np.stack([image.cam_from_world for image in model.images])).max() < 1e-12
    assert np.array_equal(np.stack([peer.points3D[int(i)].xyz for i in model.points.ids]), model.points.xyz)
    del peer, images, points
    seconds = cpu_seconds(lambda: pycolmap.Reconstruction(folder), repeats)
    modes = ("path", "model_lazy", "model_everything")
    ratios = {f"pycolmap_over_{mode}": round(seconds / ours[f"{mode}_cpu_s"], 1) for mode in modes}
    return {"pycolmap_cpu_s": seconds, "pycolmap": pycolmap.__version__, **ratios}


def cpu_seconds(read: Callable[[], Any], repeats: int) -> float:
    """Least processor time of some runs, of all threads."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        read()
        best = min(best, time.process_time() - start)
    return round(best, 4)


if __name__ == "__main__":
    main()

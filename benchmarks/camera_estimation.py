"""How well cameras are estimated from rendered worlds, with depth and from frames alone.

    python benchmarks/camera_estimation.py --count 50 --size 256 --json

Each world, stream "eval", is rendered, its depth multiplied by 1 + 5 % smooth noise that is new in
every frame, and its camera estimated twice: from frames and noisy depth, and from frames alone. Intrinsics are
known, poses never. A clip's value is the mean over its frames (direction and displacement: over frames more than
0.15 m from the first); printed are the median and the 90th percentile over clips. A failure counts as the worst
error: 180 degrees, 100 %.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.failure import Failure
from kinoeye.base.progress import track
from kinoeye.evaluation import Settings, score_poses
from kinoeye.footage import Layer, Take
from kinoeye.perception import Estimator, FeatureEstimator, PhotometricEstimator
from kinoeye.render import WORLDS, render, sample_worlds
from kinoeye.render.worlds import Distribution

DEPTH_NOISE = 0.05
SETTINGS = Settings(min_displacement=0.15)
METRICS = {
    "rotation_deg": ("rotation_deg", "mean", 180.0),
    "final_rotation_deg": ("final_rotation_deg", "mean", 180.0),
    "translation_percent_of_path": ("translation_percent", "mean", 100.0),
    "translation_percent_of_displacement": ("displacement_percent", "mean", 100.0),
    "direction_deg": ("translation_direction_deg", "mean", 180.0),
}
"""Printed name -> protocol, statistic over a clip's frames, value of a failure."""


def with_noisy_depth(take: Take, rng: np.random.Generator, *, relative: float = DEPTH_NOISE) -> Take:
    """The take with its depth times 1 + smooth noise: blobs of about an eighth of the frame, new in every frame."""
    from scipy.ndimage import gaussian_filter

    depth = take.layers["depth"].values.copy()
    for frame in depth:
        noise = gaussian_filter(rng.normal(size=frame.shape), sigma=frame.shape[0] / 8, mode="reflect")
        frame *= (1 + relative * noise / noise.std()).astype(np.float32)
    return take.with_layers({"depth": Layer(depth, "noisy")})


def clip_errors(estimator: Estimator, take: Take) -> dict[str, float]:
    """A clip's errors against its true camera, the CPU-seconds, and whether it failed."""
    truth = take.cameras["truth"].track
    start = time.process_time()
    found = estimator(take)
    row = {"cpu_seconds": time.process_time() - start, "failed": float(isinstance(found, Failure))}
    if isinstance(found, Failure):
        return row | {name: worst for name, (_, _, worst) in METRICS.items()}
    score = score_poses(truth, found.camera.track, by="index", settings=SETTINGS)
    return row | {
        name: getattr(score.metrics[protocol].statistics, statistic)
        for name, (protocol, statistic, _) in METRICS.items()
    }


def summarise(rows: list[dict[str, float]]) -> dict[str, Any]:
    """Medians and 90th percentiles over clips."""
    summary: dict[str, Any] = {"clips": len(rows), "failures": int(sum(row["failed"] for row in rows))}
    for name in METRICS:
        values: NDArray[np.float64] = np.array([row[name] for row in rows])
        summary[name] = {"median": float(np.nanmedian(values)), "p90": float(np.nanpercentile(values, 90))}
    summary["cpu_seconds"] = float(np.median([row["cpu_seconds"] for row in rows]))
    return summary


def measure(count: int, size: int, worlds: Distribution, *, static: bool, seed: int = 0) -> dict[str, Any]:
    """Errors of both estimators on the first `count` worlds of a seed."""
    rows: dict[str, list[dict[str, float]]] = {"with_depth": [], "frames_alone": []}
    shots = list(sample_worlds("eval", seed, count, size_wh=(size, size), static=static, distribution=worlds))
    for index, shot in enumerate(track(shots, f"{size} px, {'static' if static else 'moving'}")):
        take = render(shot, layers=("rgb", "depth"), samples=2)
        noisy = with_noisy_depth(take, np.random.default_rng([seed, index]))
        intrinsics = shot.camera.intrinsics
        rows["with_depth"].append(clip_errors(PhotometricEstimator(intrinsics=intrinsics), noisy))
        rows["frames_alone"].append(clip_errors(FeatureEstimator(intrinsics=intrinsics), take))
    return {mode: summarise(clips) for mode, clips in rows.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=50, help="worlds of each kind")
    parser.add_argument("--size", type=int, nargs="+", default=[256, 64], help="pixels a side")
    parser.add_argument("--actors", nargs="+", choices=("static", "moving"), default=["static", "moving"])
    parser.add_argument("--worlds", choices=get_args(Distribution), default=WORLDS)
    parser.add_argument("--world-seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    results = {
        f"{size}px {actors}": measure(args.count, size, args.worlds, static=actors == "static", seed=args.world_seed)
        for size in args.size
        for actors in args.actors
    }
    if args.json:
        facts = {"worlds": args.worlds, "count": args.count, "world_seed": args.world_seed}
        print(json.dumps({**facts, "results": results}))
        return
    for condition, modes in results.items():
        for mode, summary in modes.items():
            errors = "  ".join(f"{name} {summary[name]['median']:.2f} ({summary[name]['p90']:.2f})" for name in METRICS)
            print(f"{condition:14} {mode:13} failures {summary['failures']}/{summary['clips']}  {errors}"
                  f"  cpu_s {summary['cpu_seconds']:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()

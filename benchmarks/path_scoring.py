"""Reading and scoring many pairs of camera files, beside evo: same statistics, same files, processor time.

    python -m venv evo-env && evo-env/bin/pip install evo
    python benchmarks/path_scoring.py --count 1000 --poses 1000 --evo-python evo-env/bin/python --json

Each pair is two TUM text files: a path that wanders, and an estimate of half its scale, in another world, with noise
and clocks 1 ms apart. Both sides read the two files, pair the poses by time, fit a similarity (Umeyama), and give all
seven statistics of the absolute errors in translation and rotation and of the relative errors over one frame in
translation and rotation. Each runs alone in a process of its own on one thread; start and imports are not counted.
The numbers of the two must agree to one part in a million. evo is GPL-3 and is no part of Kinoeye: without
--evo-python, and where evo cannot be imported, only our side is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PROTOCOLS = ("ate_translation", "ape_rotation_deg", "rpe_translation", "rpe_rotation_deg")
TOLERANCE = 1e-6
INSTALL = "python -m venv evo-env && evo-env/bin/pip install evo, then --evo-python evo-env/bin/python"

Scores = dict[str, dict[str, float]]


def write_pairs(folder: Path, count: int, poses: int, seed: int) -> None:
    """Write `count` pairs truth-i.txt and found-i.txt."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        times = np.arange(poses) / 30
        origin = np.cumsum(rng.normal(scale=0.01, size=(poses, 3)) + 0.005, 0)
        xyzw = rng.normal(size=4) + np.cumsum(rng.normal(scale=0.01, size=(poses, 4)), 0)
        _write_tum(folder / f"truth-{index}.txt", times, origin, xyzw)
        noisy = 0.5 * origin + rng.normal(scale=0.005, size=origin.shape) + [1.0, -2.0, 0.5]
        _write_tum(folder / f"found-{index}.txt", times + 0.001, noisy, xyzw + rng.normal(scale=0.01, size=xyzw.shape))


def _write_tum(path: Path, times: np.ndarray, origin: np.ndarray, xyzw: np.ndarray) -> None:
    xyzw = xyzw / np.linalg.norm(xyzw, axis=1, keepdims=True)
    rows = np.concatenate([times[:, None], origin, xyzw], 1)
    path.write_text("".join(" ".join(map(repr, row)) + "\n" for row in rows.tolist()))


def pairs_in(folder: Path) -> Iterator[tuple[Path, Path]]:
    for index in range(len(list(folder.glob("truth-*.txt")))):
        yield folder / f"truth-{index}.txt", folder / f"found-{index}.txt"


def our_side() -> Callable[[Path, Path], Scores]:
    from dataclasses import asdict

    import torch

    from kinoeye.evaluation import score_files

    torch.set_num_threads(1)

    def score(truth: Path, found: Path) -> Scores:
        result = score_files(truth, found, align="sim3", protocols=PROTOCOLS)
        return {name: asdict(metric.statistics) for name, metric in result.metrics.items()}

    return score


def evo_side() -> Callable[[Path, Path], Scores]:
    from evo.core import metrics, sync  # type: ignore[import-not-found]
    from evo.core.units import Unit  # type: ignore[import-not-found]
    from evo.tools import file_interface  # type: ignore[import-not-found]

    translation, rotation = metrics.PoseRelation.translation_part, metrics.PoseRelation.rotation_angle_deg

    def score(truth: Path, found: Path) -> Scores:
        reference = file_interface.read_tum_trajectory_file(str(truth))
        estimate = file_interface.read_tum_trajectory_file(str(found))
        reference, estimate = sync.associate_trajectories(reference, estimate, max_diff=0.02)
        estimate.align(reference, correct_scale=True)
        errors = (
            metrics.APE(translation),
            metrics.APE(rotation),
            metrics.RPE(translation, 1, Unit.frames),
            metrics.RPE(rotation, 1, Unit.frames),
        )
        for error in errors:
            error.process_data((reference, estimate))
        statistics = (error.get_all_statistics() for error in errors)
        return {
            name: {k: float(v) for k, v in found.items()} for name, found in zip(PROTOCOLS, statistics, strict=True)
        }

    return score


SIDES = {"kinoeye": our_side, "evo": evo_side}


def measure(side: str, folder: Path) -> dict[str, Any]:
    """Processor seconds of scoring every pair after the first has warmed the side up, and all statistics."""
    score = SIDES[side]()
    pairs = list(pairs_in(folder))
    score(*pairs[0])
    start = time.process_time()
    scores = [score(*pair) for pair in pairs]
    return {"cpu_seconds": time.process_time() - start, "scores": scores}


def run_side(side: str, python: str, folder: Path) -> dict[str, Any] | None:
    """Measure a side in a process of its own; None where its library is missing."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [python, str(Path(__file__).resolve()), "--side", side, "--folder", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **single})
    if run.returncode == 0:
        return json.loads(run.stdout)
    if side == "evo" and "No module named 'evo'" in run.stderr:
        return None
    raise SystemExit(f"{side} failed:\n{run.stderr}")


def largest_difference(ours: list[Scores], theirs: list[Scores]) -> float:
    """Of any statistic of any path, relative to evo's."""
    return max(
        abs(a[protocol][name] - value) / max(abs(value), 1e-12)
        for a, b in zip(ours, theirs, strict=True)
        for protocol, statistics in b.items()
        for name, value in statistics.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="pairs of paths (default 1000)")
    parser.add_argument("--poses", type=int, default=1000, help="poses of each path (default 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--evo-python", default=sys.executable, help="a Python that can import evo")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(json.dumps(measure(args.side, args.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_pairs(folder, args.count, args.poses, args.seed)
        ours = run_side("kinoeye", sys.executable, folder)
        theirs = run_side("evo", args.evo_python, folder)
    assert ours is not None
    result: dict[str, Any] = {
        "count": args.count,
        "poses": args.poses,
        "kinoeye_cpu_seconds": ours["cpu_seconds"],
        "kinoeye_ms_per_pair": 1000 * ours["cpu_seconds"] / args.count,
    }
    if theirs is None:
        print(f"evo is not installed for {args.evo_python}: {INSTALL}", file=sys.stderr)
    else:
        difference = largest_difference(ours["scores"], theirs["scores"])
        if difference > TOLERANCE:
            raise SystemExit(f"the two disagree: a statistic differs by {difference:.3g} of its value")
        result["evo_cpu_seconds"] = theirs["cpu_seconds"]
        result["evo_ms_per_pair"] = 1000 * theirs["cpu_seconds"] / args.count
        result["times_as_fast"] = theirs["cpu_seconds"] / ours["cpu_seconds"]
        result["largest_relative_difference"] = difference
    print(json.dumps(result) if args.json else "\n".join(f"{name:>28}: {value:.6g}" for name, value in result.items()))


if __name__ == "__main__":
    main()

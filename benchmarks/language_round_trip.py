"""Compile random Plans, tag or recognise the paths, and count how often the Plan comes back.

    python benchmarks/language_round_trip.py [--count 2000] [--seed 0]

Plans without orbits, zooms and dolly zooms are compared as tag sequences, the others as moves; failures are listed
by class. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from itertools import groupby

import numpy as np

from kinoeye.language import compile_path, motion_tags, plan_tags, recognise, segments, tag_name
from kinoeye.language.plan import Plan
from kinoeye.language.recognition import signatures
from kinoeye.language.sampling import random_plan

FPS = 24.0
COMPARED_AS_MOVES = ("orbit", "dolly_zoom", "zoom")


def compare(plan: Plan) -> tuple[str, list[str], list[str]]:
    """How a plan is compared ("tags" or "moves"), what it asks for, and what its path shows."""
    path = compile_path(plan, fps=FPS)
    if any(action.kind in COMPARED_AS_MOVES for move in plan.moves for action in move.actions):
        found = recognise(path.T_world_cam, path.fov_x, fps=FPS, up=(0.0, -1.0, 0.0))
        return "moves", signatures(plan.moves), signatures(found)
    found_tags = [tag for _, _, tag in segments(motion_tags(path.T_world_cam))]
    return "tags", [tag_name(t) for t in plan_tags(plan)], [tag_name(t) for t, _ in groupby(found_tags)]


def failure_class(asked: list[str], found: list[str]) -> str:
    """A short name for the way in which two sequences differ."""
    if len(found) < len(asked):
        return "segments lost"
    if len(found) > len(asked):
        return "segments added"
    wrong = next((a, b) for a, b in zip(asked, found, strict=True) if a != b)
    return f"{wrong[0]} became {wrong[1]}"


def measure(count: int, seed: int) -> dict:
    """Share of plans that come back, and the failures by class with one example each."""
    rng = np.random.default_rng(seed)
    total, good, classes, examples = Counter(), Counter(), Counter(), {}
    started = time.process_time()
    for _ in range(count):
        kind, asked, found = compare(random_plan(rng, fps=FPS))
        total[kind] += 1
        good[kind] += asked == found
        if asked != found:
            name = failure_class(asked, found)
            classes[name] += 1
            examples.setdefault(name, {"asked": asked, "found": found})
    return {
        "plans": count,
        "seed": seed,
        "agree": round(sum(good.values()) / count, 4),
        "agree_tags": round(good["tags"] / max(total["tags"], 1), 4),
        "agree_moves": round(good["moves"] / max(total["moves"], 1), 4),
        "failures": dict(classes.most_common()),
        "examples": examples,
        "cpu_seconds": round(time.process_time() - started, 1),
    }


def main() -> None:
    """Print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.count, arguments.seed), indent=1))


if __name__ == "__main__":
    main()

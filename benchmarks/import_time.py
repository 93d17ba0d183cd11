"""What starting costs: CPU-seconds of `import kinoeye`, `--help` and `inspect` over a bare Python, and of torch.

Best of several fresh interpreters each, children's processor time, one thread. The bar is 0.5 CPU-seconds over bare
Python for `--help` and `inspect`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

BAR_S = 0.5


def cpu_seconds(command: list[str], *, repeats: int) -> float:
    """Least processor time of a child process over some runs."""
    best = float("inf")
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        camera = Path(folder) / "camera.json"
        direct = ["direct", "push in two metres, then pan left", "-o", str(camera)]
        subprocess.run([sys.executable, "-m", "kinoeye", *direct], check=True)
        commands = {
            "python": ["-c", "pass"],
            "import kinoeye": ["-c", "import kinoeye"],
            "kinoeye --help": ["-m", "kinoeye", "--help"],
            "kinoeye inspect": ["-m", "kinoeye", "inspect", str(camera)],
            "kinoeye direct --explain": ["-m", "kinoeye", "direct", "push in", "--explain"],
            "import torch": ["-c", "import torch"],
        }
        seconds = {
            name: cpu_seconds([sys.executable, *words], repeats=args.repeats) for name, words in commands.items()
        }
    over = {name: round(value - seconds["python"], 3) for name, value in seconds.items() if name != "python"}
    held = all(over[name] <= BAR_S for name in ("kinoeye --help", "kinoeye inspect"))
    print(json.dumps({"python_cpu_s": round(seconds["python"], 3), "over_python_cpu_s": over, "bar_held": held}))


if __name__ == "__main__":
    main()

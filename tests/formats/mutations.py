"""Seeded mutations of valid camera files, and a worker that reads them under limits of time and memory.

    python tests/formats/mutations.py SEED START STOP

reads the mutated files of those numbers and prints, as JSON, what went wrong; a number alone reproduces its file.
"""

from __future__ import annotations

import io
import json
import random
import re
import resource
import signal
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

from kinoeye.base.errors import InputError
from kinoeye.formats import read_path, write_path
from kinoeye.formats.paths import READERS, WRITERS
from kinoeye.geometry.convention import homogeneous

sys.path.insert(0, str(Path(__file__).parent))
from path_tables import held_by, path

Files = dict[str, bytes]
"""Name, with folders, -> bytes."""

MAX_CPU_S = 2.0
MAX_BYTES = 500_000_000
FRAMES = 6


def npz(**arrays: np.ndarray) -> bytes:
    """The bytes of an archive of arrays."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    """The bytes of an array file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


POSES = np.tile(np.eye(4), (FRAMES, 1, 1)) + np.arange(FRAMES)[:, None, None] * np.eye(4)[2][:, None] * [0, 0, 0, 0.1]
K = np.tile(np.diag([50.0, 50.0, 1.0]), (FRAMES, 1, 1))
ROWS = np.c_[POSES[:, :3, 3], np.tile([0.0, 0, 0, 1], (FRAMES, 1))]
OPENSFM = [
    {
        "cameras": {"c": {"projection_type": "perspective", "width": 64, "height": 48, "focal": 0.9, "k1": 0, "k2": 0}},
        "shots": {
            f"{i}.jpg": {"rotation": [0.1, 0.2, 0.3 * i], "translation": [0, 0, 0.1 * i], "camera": "c"}
            for i in range(FRAMES)
        },
        "points": {"1": {"coordinates": [1, 2, 3], "color": [9, 9, 9]}},
    }
]
BUNDLER = "# Bundle file v0.3\n2 1\n" + "500 0.1 0\n1 0 0\n0 1 0\n0 0 1\n0 0 -1\n" * 2 + "1 2 3\n9 9 9\n1 0 0 5.5 6.5\n"
BAL = "2 1 2\n0 0 1.5 2.5\n1 0 3.5 4.5\n" + "0.1\n0.2\n0.3\n1\n2\n3\n500\n0.1\n0\n" * 2 + "1\n2\n3\n"

KEYS = b"0 2 10 5 1 0\n0 -3 -10 0 0 0\n0 -0.1 0.2 0 0 0\n"

HAND_MADE: dict[str, Files] = {
    "kubric": {
        "cameras.npz": npz(**{f"{kind}_mat_{i}": POSES[i] for kind in ("world", "camera") for i in range(FRAMES)})
    },
    "idr": {
        "cameras_sphere.npz": npz(
            **{
                f"{kind}_mat_{i}": np.diag([50.0, 50, 1, 1]) @ POSES[i] if kind == "world" else np.diag([3.0, 3, 3, 1])
                for kind in ("world", "scale")
                for i in range(FRAMES)
            }
        )
    },
    "monst3r": {
        "pred_traj.txt": b"0 0.1 0.2 0.3 1 0 0 0\n1 0.2 0.2 0.4 0.8 0 0.6 0\n",
        "pred_intrinsics.txt": b"50 0 32 0 50 24 0 0 1\n50 0 32 0 50 24 0 0 1\n",
    },
    "vggt": {"predictions.npz": npz(extrinsic=POSES[:, :3], intrinsic=K, images=np.zeros((FRAMES, 3, 4, 4)))},
    "da3": {"results.npz": npz(extrinsics=POSES[:, :3], intrinsics=K, depth=np.zeros((FRAMES, 4, 4)))},
    "pi3": {"predictions.npz": npz(camera_poses=POSES)},
    "vipe": {
        "out/pose/a.npz": npz(data=POSES, inds=np.arange(FRAMES)),
        "out/intrinsics/a.npz": npz(data=np.full((FRAMES, 4), 50.0), inds=np.arange(FRAMES)),
    },
    "droid": {
        "out/poses.npy": npy(ROWS),
        "out/tstamps.npy": npy(np.arange(FRAMES)),
        "out/intrinsics.npy": npy(np.full((FRAMES, 4), 8.0)),
    },
    "bundler": {"bundle.out": BUNDLER.encode()},
    "bal": {"problem.txt": BAL.encode()},
    "opensfm": {"reconstruction.json": json.dumps(OPENSFM).encode()},
}
"""Files of formats without a writer; a new one needs an entry."""
MORE: list[tuple[str, Files]] = [
    ("tum", {"a.csv": b"timestamp,tx,ty,tz,qx,qy,qz,qw\n" + b"0.5,1,2,3,0,0,0,1\n" * 4}),
    ("g2o", {"a.graph": b"VERTEX3 0 1 2 3 0.1 0.2 0.3\nVERTEX3 1 1 2 4 0.1 0.2 0.3\nEDGE3 0 1 0 0 0 0 0 0\n"}),
    ("numpy", {"poses.npy": npy(homogeneous(POSES))}),
    ("phi-theta-r", {"loop.txt": KEYS}),
]
"""Further layouts of formats that have a writer."""


@cache
def samples() -> list[tuple[str, Files]]:
    """A valid file, or folder of files, of every format that can be read."""
    table = path().with_size((560, 560)).frames(range(0, 24, 4))
    found: list[tuple[str, Files]] = [*MORE]
    for name in READERS:
        if name in HAND_MADE:
            found.append((name, HAND_MADE[name]))
            continue
        with tempfile.TemporaryDirectory() as folder:
            write_path(held_by([name], table), Path(folder) / WRITERS[name].DEFAULT_NAME, format=name)
            files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
            found.append((name, {str(file.relative_to(folder)): file.read_bytes() for file in files}))
    return found


_NUMBER = re.compile(rb"-?\d+\.?\d*(?:[eE][-+]?\d+)?")
_ODD = (
    b"nan", b"NaN", b"inf", b"-Infinity", b"1e308", b"-1e308", b"1e999", b"5e-324", b"", b"0", b"-0", b"-1", b"0x1p3",
    "\u0661\u0662".encode(), b"9" * 30, b"9" * 5000, b"9" * 60_000 + b"x", b"1." + b"3" * 100_000, b"1e" + b"9" * 4000,
    b"1_0", b"null", b"true", b'"x"', b"[]", b"{}", b"[[1,2],[3]]", b"18446744073709551616",
    b"-9223372036854775809", b"4294967295",
)  # fmt: skip
_BRACKETS = (b"[", b"{", b'{"a":', b"(", b"[1,", b'def "a" {', b"<")


def truncated(rng: random.Random, data: bytes) -> bytes:
    """The first part alone."""
    return data[: rng.randrange(len(data))]


def lines_moved(rng: random.Random, data: bytes) -> bytes:
    """A line deleted, doubled, or exchanged with another."""
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(3)
    if how == 0:
        del lines[i]
    elif how == 1:
        lines.insert(j, lines[i])
    else:
        lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def span_moved(rng: random.Random, data: bytes) -> bytes:
    """A span of bytes deleted, doubled, many times repeated, or moved."""
    start = rng.randrange(len(data))
    span = data[start : start + rng.randrange(1, 200)]
    rest = data[:start] + data[start + len(span) :]
    to = rng.randrange(len(rest) + 1)
    times = rng.choice([0, 1, 2, 2000 if len(data) < 100_000 else 3])
    return rest[:to] + span * times + rest[to:]


def bits_flipped(rng: random.Random, data: bytes) -> bytes:
    """Some bits."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 2, 8, 64])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def numbers_replaced(rng: random.Random, data: bytes) -> bytes:
    """One number, or every tenth, replaced by something odd."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    chosen = [rng.choice(found)] if rng.random() < 0.8 else rng.sample(found, 1 + len(found) // 10)
    for match in sorted(chosen, key=re.Match.start, reverse=True):
        odd = rng.choice(_ODD) if len(chosen) < 20 else rng.choice(_ODD[:12])
        data = data[: match.start()] + odd + data[match.end() :]
    return data


def brackets_nested(rng: random.Random, data: bytes) -> bytes:
    """A hundred thousand brackets at the beginning, the end or anywhere."""
    at = rng.choice([0, len(data), rng.randrange(len(data))])
    return data[:at] + rng.choice(_BRACKETS) * 100_000 + data[at:]


def counts_changed(rng: random.Random, data: bytes) -> bytes:
    """Whole numbers of a binary header, or anywhere, replaced by others."""
    form = rng.choice(["<I", "<Q", "<q", ">I", "<H", "<d", "<f"])
    size = struct.calcsize(form)
    if len(data) < size:
        return data
    at = rng.randrange(min(len(data), rng.choice([32, 128, len(data)])) - size + 1) if len(data) > 128 else 0
    huge = {"<I": 2**32 - 1, "<Q": 2**64 - 1, "<q": 2**62, ">I": 2**31, "<H": 2**16 - 1}
    whole = [0, 1, 2**15, huge.get(form, 0), huge.get(form, 0) // 1000, rng.randrange(2**15)]
    value = (
        rng.choice([float("nan"), float("inf"), 1e300 if form == "<d" else 1e38, 0.0]) if form in ("<d", "<f") else 0
    )
    return data[:at] + struct.pack(form, value or rng.choice(whole)) + data[at + size :]


def header_grown(rng: random.Random, data: bytes) -> bytes:
    """The shape that an .npy header states, as it may be where no bytes stand behind it."""
    shape = rng.choice([b"(99999999, 4, 4)", b"(0, 4, 4)", b"(-1, 4, 4)", b"(6, 4, 4, 4)", b"(2147483648, 7)", b"()"])
    return re.sub(rb"'shape': \([^)]*\)(, \} *)", lambda m: _padded(b"'shape': " + shape + m[1], len(m[0])), data)


def _padded(text: bytes, size: int) -> bytes:
    return text.ljust(size)[: max(size, len(text))]


def emptied(rng: random.Random, data: bytes) -> bytes:
    """Nothing, zeros, or other marks of the beginning and of the ends of lines."""
    return rng.choice(
        [b"", b"\n", b"\0" * 1000, b"\xff\xfe" + data, b"\xef\xbb\xbf" + data, data.replace(b"\n", b"\r")]
    )


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    truncated, lines_moved, span_moved, bits_flipped, numbers_replaced, numbers_replaced, brackets_nested,
    counts_changed, header_grown, emptied,
)  # fmt: skip


def mutated(rng: random.Random, data: bytes) -> bytes:
    """The bytes after one to three mutations; those of an archive are mostly made inside of it."""
    if data.startswith(b"PK") and rng.random() < 0.7:
        return _inside_archive(rng, data)
    for _ in range(rng.choice([1, 1, 2, 3])):
        if data:
            data = rng.choice(MUTATIONS)(rng, data)
    return data


def _inside_archive(rng: random.Random, data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = rng.choice(sorted(members))
    members[chosen] = mutated(rng, members[chosen])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, archive.compression)  # no time of day
    return file.getvalue()


def mutated_files(seed: int, number: int) -> tuple[str, Files]:
    """The format and the files of a number: each format's turn comes again and again."""
    rng = random.Random(f"{seed}/{number}")
    name, files = samples()[number % len(samples())]
    chosen = rng.choice(sorted(files)) if rng.random() < 0.3 else max(sorted(files), key=lambda key: len(files[key]))
    changed = {key: mutated(rng, data) if key == chosen else data for key, data in files.items()}
    if len(changed) > 1 and rng.random() < 0.1:
        del changed[rng.choice(sorted(changed))]
    return name, changed


class _TooSlow(BaseException):
    """More CPU time than a file may take; no handler of ordinary errors stops it."""


@contextmanager
def _limited_cpu() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooSlow

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def fault_of(place: Path, name: str | None) -> str | None:
    """What goes wrong in reading a file, told or as its format says; None where it is read or refused in one line."""
    start = time.process_time()
    try:
        with _limited_cpu():
            table = read_path(place, format=name)
            table.diagnose()
            table.checked_matrices()
    except InputError:  # one line of bounded length by its class
        pass
    except MemoryError:
        return f"over {MAX_BYTES:,} bytes"
    except _TooSlow:
        return f"over {MAX_CPU_S:g} s"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    spent = time.process_time() - start
    return f"{spent:.1f} s" if spent > MAX_CPU_S else None


def run(seed: int, start: int, stop: int) -> list[dict[str, object]]:
    """What goes wrong in reading the mutated files of these numbers."""
    warnings.simplefilter("ignore", RuntimeWarning)  # sums of numbers near the largest float
    faults = []
    for number in range(start, stop):
        name, files = mutated_files(seed, number)
        with tempfile.TemporaryDirectory() as folder:
            for key, data in files.items():
                (Path(folder) / key).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / key).write_bytes(data)
            place = Path(folder) / Path(next(iter(files))).parts[0]
            for form in (None, name):
                fault = fault_of(place, form)
                if fault:
                    faults.append({"seed": seed, "number": number, "format": name, "given": form, "fault": fault})
    return faults


def limit_memory() -> None:
    """Bound what is allocated from here on to `MAX_BYTES`, where the system says how much there is already."""
    status = Path("/proc/self/statm")
    if status.exists():
        used = int(status.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MAX_BYTES, used + MAX_BYTES))


if __name__ == "__main__":
    samples()
    run(0, 0, len(samples()))  # imports are not memory of a file
    limit_memory()
    json.dump(run(*map(int, sys.argv[1:4])), sys.stdout)

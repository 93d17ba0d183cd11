"""A wheel works outside the clone: offline, from another folder, and with the core alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OFFLINE = """
import os, socket, sys
blocked = os.environ["BLOCKED"].split()
def refuse(*args, **kwargs): raise OSError("this test is offline")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
class NoExtras:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked: raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, NoExtras())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "src" / "kinoeye", copy / "src" / "kinoeye", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(copy / "dist"), str(copy)]
    build = subprocess.run(command, capture_output=True, text=True)
    assert build.returncode == 0, build.stdout + build.stderr
    return next((copy / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel alone; the libraries it needs are borrowed from this one, without Kinoeye."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next((folder / "lib").iterdir()) / "site-packages"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True)
    # A path listed in a .pth file does not have its own .pth files read, so the clone's editable install stays out.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (site / "sitecustomize.py").write_text(OFFLINE)
    return folder / "bin" / "python"


def test_a_wheel_holds_every_checkpoint_that_ships(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        for entry in json.loads(archive.read("kinoeye/weights/weights.json"))["entries"]:
            for name, file in entry["files"].items():
                data = archive.read(f"kinoeye/weights/{entry['system']}/{entry['name']}/{name}")
                assert hashlib.sha256(data).hexdigest() == file["sha256"]


def test_a_wheel_holds_the_word_vectors_and_the_notice_of_what_they_were_made_of(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        folder = "kinoeye/networks/text/data"
        record = json.loads(archive.read(f"{folder}/english.json"))
        assert hashlib.sha256(archive.read(f"{folder}/english.safetensors")).hexdigest() == record["sha256"]
        notices = [name for name in archive.namelist() if name.endswith("/licenses/NOTICE")]
        assert b"WordNet 3.0 Copyright 2006 by Princeton University" in archive.read(notices[0])


@pytest.mark.parametrize("extras", ["studio", "core"])
def test_a_wheel_shoots_offline_from_another_folder(python: Path, tmp_path: Path, extras: str):
    blocked = ["transformers", "diffusers", "pycolmap", "ray"] + (["viser"] if extras == "core" else [])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    options = {"capture_output": True, "text": True, "cwd": elsewhere}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    options["env"] = {**environment, "BLOCKED": " ".join(blocked)}
    where = subprocess.run([python, "-c", "import kinoeye; print(kinoeye.__file__)"], **options)
    assert where.stdout.startswith(str(python.parents[1])), where.stdout + where.stderr

    sentence = "push in, then pan left, past the blue cone"
    command = [python, "-m", "kinoeye", "shoot", sentence, "-o", "film", "--frames", "8", "--size", "160x96"]
    run = subprocess.run(command, **options)
    assert run.returncode == 0, run.stderr
    assert "no film.mp4: diffusers is not installed" in run.stderr
    page = (elsewhere / "film" / "report.html").read_text()
    assert ("kinoeye[studio]" in page) == (extras == "core")
    assert {path.name for path in elsewhere.iterdir()} == {"film"}

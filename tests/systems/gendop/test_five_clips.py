"""The guide from five videos to a model that directs, its commands as they stand but for the steps of training."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import torch
from test_gendop_pipeline import write_vocabulary
from transformers import CLIPTextConfig, CLIPTextModel

from kinoeye.cli import main
from kinoeye.footage import write_video
from kinoeye.formats import read_path
from kinoeye.render import render, world

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "training.md").read_text()
SECTION = GUIDE.partition("## GenDoP on five clips of your own")[2].partition("\n## ")[0]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the guide takes as given: five videos, and a text encoder."""
    frames = render(world("train", 2, num_frames=38, fps=12, size_wh=(192, 108), static=True), layers=("rgb",))
    film = frames.rgb.values
    (tmp_path / "clips").mkdir()
    # A film, its mirror image, both backwards, and its first part: all of them are films of cameras that move.
    for index, clip in enumerate((film, film[::-1], film[:, :, ::-1], film[::-1, :, ::-1], film[:37])):
        write_video(tmp_path / "clips" / f"{index}.mp4", clip.copy(), fps=12)
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    CLIPTextModel(
        CLIPTextConfig(**sizes, vocab_size=1300, hidden_act="gelu", bos_token_id=1, eos_token_id=2)
    ).save_pretrained(tmp_path / "clip")
    write_vocabulary(tmp_path / "clip")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words_of(line: str) -> list[str]:
    """The words of a command as a shell gives them, with two steps of training."""
    line = re.sub(r"--steps \d+", "--steps 2", line)
    return [
        name for word in shlex.split(line) for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]


def test_five_clips_become_a_model_that_directs(workplace: Path):
    [commands] = re.findall(r"```bash\n(.*?)```", SECTION, re.DOTALL)
    for line in commands.splitlines():
        assert main(words_of(line)[1:]) == 0, line
    assert len(read_path(workplace / "left.json")) == 120
    assert len(list((workplace / "predicted").rglob("*_transforms_pred.json"))) == 4

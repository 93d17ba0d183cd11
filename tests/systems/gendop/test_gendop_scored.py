"""Any GenDoP checkpoint that reads captions is scored, whatever else it looks at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gendop_fixtures import tiny_model
from test_gendop_pipeline import write_vocabulary

from kinoeye.base.errors import InputError
from kinoeye.evaluation.caption_benches import CaptionFile
from kinoeye.evaluation.gendop import contender, evaluate
from kinoeye.systems.gendop.checkpoint import save


@pytest.mark.parametrize("mode", ["text", "image+text", "depth+image+text"])
def test_a_folder_of_a_checkpoint_is_scored(mode: str, tmp_path: Path):
    save(tiny_model(mode), tmp_path)
    write_vocabulary(tmp_path)
    (tmp_path / "captions.json").write_text(json.dumps([{"caption": "pan left", "program": "pan left"}]))
    found = contender(str(tmp_path))
    assert (found.reads_frames, found.needs_frames, found.draws) == (mode != "text", mode != "text", True)
    report = evaluate(found, CaptionFile(tmp_path / "captions.json"), world_seed=0, count=1, baselines="none")
    assert report.failures == 0
    assert report.metrics["diversity_translation"].value > 0
    assert report.metrics["collision_rate"].value == 1  # its paths have no metres
    assert any("needs one" in note for note in report.notes) == (mode != "text")


def test_a_checkpoint_that_reads_no_captions_is_refused(tmp_path: Path):
    save(tiny_model("image"), tmp_path)
    with pytest.raises(InputError, match="looks at image alone"):
        contender(str(tmp_path))

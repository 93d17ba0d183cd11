"""Requirements of film models: what fits is let through, everything else is named with the edit that mends it."""

from __future__ import annotations

import pytest

from kinoeye.base.errors import InputError
from kinoeye.formats.paths import READERS, WRITERS
from kinoeye.shot.targets import TARGETS, Target, mismatches, target_named


def fitting(target: Target) -> dict:
    return {"frames": target.frames, "fps": target.fps, "size_wh": target.size_wh, "unit": "m"}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_path_that_fits_has_no_mismatch(target: Target):
    assert mismatches(target, **fitting(target)) == []
    assert mismatches(target, **(fitting(target) | {"fps": None, "size_wh": None})) == []


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_everything_that_does_not_fit_is_named_with_its_fix(target: Target):
    wrong = {"frames": 2, "fps": 7.0, "size_wh": (333, 777), "unit": "arbitrary"}
    expected = {"frames": target.stride != 1, "fps": target.fps is not None, "size_wh": target.size_wh is not None,
                "unit": target.metric}  # fmt: skip
    for key, value in wrong.items():
        found = mismatches(target, **(fitting(target) | {key: value}))
        assert [mismatch.what for mismatch in found] == ([key.removesuffix("_wh")] if expected[key] else [])
        assert all(target.title in mismatch.message and ":" in mismatch.fix for mismatch in found)


def test_counts_of_frames_with_a_stride():
    assert [n for n in range(1, 20) if TARGETS["wan-fun"].allows(n)] == [5, 9, 13, 17]
    assert [n for n in range(1, 20) if TARGETS["sanawm"].allows(n)] == [9, 17]
    assert TARGETS["gen3r"].allows(49)
    assert not TARGETS["gen3r"].allows(53)


def test_rounded_rates_and_sizes_fit():
    target = TARGETS["wan-fun"]
    assert mismatches(target, **(fitting(target) | {"fps": 15.99, "size_wh": (1664, 960)})) == []


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_file_of_every_model_can_be_written(target: Target):
    assert target.format in WRITERS
    assert target.format in READERS


def test_names_are_forgiving_and_unknown_ones_are_refused():
    assert target_named("Wan_Fun") is TARGETS["wan-fun"]
    with pytest.raises(InputError, match="no requirements are known for 'sora'; known models: wan-fun"):
        target_named("sora")

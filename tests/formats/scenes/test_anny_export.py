"""The exporter of bodies, on a small figure of its own and on the real export where it is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.formats.scenes.anny_export import export_body, read_anny_export
from kinoeye.shot.bodies import load_body

AVATARS = Path(__file__).parents[3].parent / "shared" / "data" / "avatar"


def test_the_body_that_ships_is_what_the_exporter_makes(tmp_path: Path):
    source = AVATARS / "anny_adult_cmu31.npz"
    if not source.is_file():
        pytest.skip("no real files beside the checkout")
    export_body(source, tmp_path, "adult")
    with np.load(tmp_path / "adult.npz", allow_pickle=False) as made:
        shipped = load_body("adult")
        assert tuple(made["joint_names"]) == shipped.skeleton.names
        assert (made["faces"] == shipped.faces).all()
        step = (made["corner_high"] - made["corner_low"]) / 65535
        np.testing.assert_allclose(made["corner_low"] + made["vertices"] * step, shipped.vertices, atol=1e-9)
    assert (tmp_path / "adult.json").is_file()


def test_an_export_without_a_rig_is_refused(tmp_path: Path):
    file = tmp_path / "half.npz"
    np.savez(file, vertices=np.zeros((3, 3)), faces=np.array([[0, 1, 2]]))
    with pytest.raises(InputError, match="no array 'bone_names'"):
        read_anny_export(file, "half")

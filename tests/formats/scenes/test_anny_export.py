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


def export(**changes):
    """Three bones, six vertices and two triangles in the layout of an export."""
    arrays = {
        "vertices": np.random.default_rng(0).normal(size=(6, 3)), "faces": np.array([[0, 1, 2], [3, 4, 5]]),
        "bone_names": np.array(["Hips", "LowerBack", "Neck"]), "bone_parents": np.array([-1, 0, 1]),
        "bone_heads": np.array([[0, 0, 1.0], [0, 0, 1.1], [0, 0, 1.5]]),
        "bone_tails": np.array([[0, 0, 1.1], [0, 0, 1.5], [0, 0, 1.6]]),
        "lbs_indices": np.tile([0, 2], (6, 1)), "lbs_weights": np.full((6, 2), 0.5),
    }  # fmt: skip
    return arrays | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bone_parents": np.array([-1, 2, 1])}, "'LowerBack' has no parent before it"),
        ({"bone_parents": np.array([-1, 1, 1])}, "'LowerBack' has no parent before it"),
        ({"bone_parents": np.array([-1, 0])}, "other numbers of parents"),
        ({"bone_names": np.array([f"j{i}" for i in range(700)])}, "skeleton of 700 joints"),
        ({"bone_names": np.array(["Hips", "LowerBack", "Tail"])}, "no joint 'Neck'"),
        ({"lbs_indices": np.tile([0, 3], (6, 1))}, "joints that are not there"),
        ({"lbs_indices": np.tile([0, -1], (6, 1))}, "joints that are not there"),
        ({"lbs_weights": np.zeros((6, 2))}, "do not add up to 1"),
        ({"lbs_weights": np.full((6, 2), np.nan)}, "NaN"),
        ({"lbs_weights": np.array(["half"] * 6)}, "no such array"),
        ({"vertices": np.full((6, 3), np.inf)}, "NaN"),
        ({"vertices": np.zeros((6, 2))}, "no such array"),
        ({"vertices": np.zeros((0, 3))}, "0 vertices"),
        ({"faces": np.array([[0, 1, 6]])}, "vertices that are not there"),
    ],
)
def test_a_broken_export_is_refused_in_one_line(tmp_path: Path, changes: dict[str, np.ndarray], message: str):
    np.savez(tmp_path / "broken.npz", **export(**changes))
    with np.errstate(all="raise"), pytest.raises(InputError, match=message) as caught:
        read_anny_export(tmp_path / "broken.npz", "broken")
    assert "\n" not in str(caught.value)

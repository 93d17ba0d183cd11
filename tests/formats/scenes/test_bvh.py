"""BVH files: small ones written here, one real one, and broken ones."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from kinoeye.base.errors import InputError
from kinoeye.formats.scenes.bvh import read_bvh
from kinoeye.geometry.convention import wxyz_to_matrix
from kinoeye.shot.bodies import joint_transforms

REAL = Path(__file__).parents[3].parent / "shared" / "data" / "avatar" / "cmu_12_01_walk.bvh"
TREE = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Left Leg
  {
    OFFSET 1 -2 0
    CHANNELS 3 Xrotation Zrotation Yrotation
    End Site
    {
      OFFSET 0 -3 0.5
    }
  }
  JOINT Head
  {
    OFFSET 0 2 0
    CHANNELS 2 Yrotation Xrotation
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
"""
FRAMES = [
    [0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [1, 5, 2, 10, 20, 30, 40, 50, 60, 70, 80],
]


def text(frames=FRAMES, tree=TREE, count=None, step="0.25"):
    lines = "\n".join(" ".join(str(number) for number in frame) for frame in frames)
    return f"{tree}MOTION\nFrames: {len(frames) if count is None else count}\nFrame Time: {step}\n{lines}\n"


@pytest.fixture
def bvh(tmp_path: Path):
    def save(content: str) -> Path:
        file = tmp_path / "clip.bvh"
        file.write_text(content)
        return file

    return save


def test_the_tree_in_our_axes(bvh):
    motion = read_bvh(bvh(text()))
    assert motion.skeleton.names == ("Hips", "Left Leg", "Head")
    assert motion.skeleton.parents.tolist() == [-1, 0, 0]
    np.testing.assert_allclose(motion.skeleton.heads, [[0, 0, 0], [0, 1, -2], [0, 0, 2]])  # x to the left, y up
    np.testing.assert_allclose(motion.skeleton.tails, [[0, 0.5, 0], [0.5, 1, -5], [0, 0, 3]])
    np.testing.assert_allclose(motion.clip.root_xyz, [[0, 0, 5], [2, 1, 5]])
    assert motion.clip.times_s.tolist() == [0.0, 0.25]
    assert motion.standing is None


def test_rotations_in_each_joints_own_order_against_scipy(bvh):
    motion = read_bvh(bvh(text()))
    forward = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])  # z, x, y of the file are our x, y, z
    expected = [
        Rotation.from_euler("ZYX", [10, 20, 30], degrees=True),  # capitals: about turned axes
        Rotation.from_euler("XZY", [40, 50, 60], degrees=True),
        Rotation.from_euler("YX", [70, 80], degrees=True),
    ]
    for joint, rotation in enumerate(expected):
        R = wxyz_to_matrix(motion.clip.local_wxyz[1, joint])
        np.testing.assert_allclose(R, forward @ rotation.as_matrix() @ forward.T, atol=1e-12)


def test_a_figure_that_stands_along_z_is_upright_too(bvh):
    tree = TREE.replace("1 -2 0", "1 0 -2").replace("0 -3 0.5", "0 -0.5 -3").replace("0 2 0", "0 0 2")
    motion = read_bvh(bvh(text(tree=tree.replace("0 1 0\n", "0 0 1\n"))))
    np.testing.assert_allclose(motion.skeleton.heads, [[0, 0, 0], [0, 1, -2], [0, 0, 2]])
    np.testing.assert_allclose(motion.skeleton.tails[1], [0.5, 1, -5])
    assert "+z is taken as up" in motion.notes


def test_a_first_frame_apart_from_the_rest_is_the_standing_pose(bvh):
    moving = [[0, 5, 0, 0, 0, 60 + 2 * i, 0, 0, 0, 0, 0] for i in range(8)]
    motion = read_bvh(bvh(text([FRAMES[0], *moving])))
    assert motion.standing is not None
    assert len(motion.clip.times_s) == 8
    assert motion.clip.times_s[0] == 0.0
    assert motion.standing.local_wxyz[0, 0].tolist() == [1, 0, 0, 0]
    assert "standing pose" in motion.notes[-1]
    assert read_bvh(bvh(text(moving))).standing is None


def test_positions_of_inner_joints_take_the_place_of_offsets(bvh):
    tree = TREE.replace("CHANNELS 2 Yrotation Xrotation", "CHANNELS 3 Xposition Yposition Zposition")
    still = [[0] * 9 + [0, 4, 0], [0] * 9 + [0, 4, 0]]
    motion = read_bvh(bvh(text(still, tree=tree)))
    np.testing.assert_allclose(motion.skeleton.heads[2], [0, 0, 4])
    moving = read_bvh(bvh(text([[0] * 9 + [0, 4, 0], [0] * 9 + [0, 5, 0]], tree=tree)))
    assert any("1 joints move away from their parents ('Head' first)" in note for note in moving.notes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no line MOTION"),
        (TREE, "has no line MOTION"),
        ("{}\nMOTION\n", "does not begin with HIERARCHY"),
        (text(tree=TREE[:-2] + "\n"), "tree of joints breaks off"),
        (text(tree=TREE + TREE.replace("HIERARCHY", "")), "several roots"),
        (text(tree=TREE.replace("OFFSET 0 2 0", "OFFSET 0 nan 0")), "'nan' is not a length"),
        (text(tree=TREE.replace("OFFSET 0 2 0", "OFFSET 0 1e300 0")), "'1e300' is not a length"),
        (text(tree=TREE.replace("OFFSET 0 2 0\n", "")), "joint 'Head' has no OFFSET"),
        (text(tree=TREE.replace("CHANNELS 2", "CHANNELS 9999999999")), "'9999999999' channels"),
        (text(tree=TREE.replace("CHANNELS 2 Yrotation Xrotation", "CHANNELS 2 Yrotation Yrotation")), "said twice"),
        (text(tree=TREE.replace("CHANNELS 2 Yrotation", "CHANNELS 2 Wrotation")), "are unknown"),
        (text(tree=TREE.replace("JOINT Head", "JOINT Hips")), "several joints named 'Hips'"),
        (text(count=3), "states 3 frames and has 2: is it truncated"),
        (text(count=99999999999), "states 99,999,999,999 frames"),
        (text(count="many"), "does not state Frames"),
        (text(step="0"), "frame time is '0'"),
        (text(step="nan"), "frame time is 'nan'"),
        (text([FRAMES[0][:-1], FRAMES[1]]), "frame 0 is not 11 numbers"),
        (text([[*FRAMES[0][:-1], "inf"]]), "NaN, infinite"),
        (text([[*FRAMES[0][:-1], "x"]]), "frame 0 is not 11 numbers"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(bvh, content, message):
    with pytest.raises(InputError, match=message) as caught:
        read_bvh(bvh(content))
    assert "\n" not in str(caught.value)


def test_a_file_of_too_many_joints_is_refused(bvh):
    deep = "".join(f"JOINT j{i}\n{{\nOFFSET 0 1 0\nCHANNELS 0\n" for i in range(600))
    tree = f"HIERARCHY\nROOT r\n{{\nOFFSET 0 0 0\nCHANNELS 0\n{deep}{'}' * 601}\n"
    with pytest.raises(InputError, match="more than 512 joints"):
        read_bvh(bvh(text([[]], tree=tree)))


@given(st.data())
def test_no_mutation_of_a_file_raises_anything_else(tmp_path_factory, data):
    content = text()
    start = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(start, min(len(content), start + 30)))
    patch = data.draw(
        st.sampled_from(["", "{", "}", "JOINT a {", "-1", "nan", "1e999", "MOTION\n", "CHANNELS 3", "\0"])
    )
    file = tmp_path_factory.mktemp("bvh") / "clip.bvh"
    file.write_text(content[:start] + patch + content[end:])
    with suppress(InputError):
        assert np.isfinite(read_bvh(file).clip.local_wxyz).all()


@pytest.mark.skipif(not REAL.is_file(), reason="no real files beside the checkout")
def test_a_real_walk():
    motion = read_bvh(REAL)
    assert (len(motion.skeleton), len(motion.clip.times_s)) == (31, 523)
    assert motion.standing is not None
    np.testing.assert_allclose(1 / np.diff(motion.clip.times_s), 120.0, rtol=1e-3)
    T = joint_transforms(motion.skeleton, motion.standing.local_wxyz, motion.standing.root_xyz)[0]
    heads = np.einsum("jik,jk->ji", T[..., :3], motion.skeleton.heads) + T[..., 3]
    assert np.ptp(heads[:, 2]) == pytest.approx(23.2, abs=0.05)  # a T-pose: upright, arms level, facing +x
    assert np.ptp(heads[:, 1]) == pytest.approx(23.9, abs=0.1)
    assert motion.clip.root_xyz[-1, 0] - motion.clip.root_xyz[0, 0] > 60

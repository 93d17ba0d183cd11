"""A user's own SMPL-like models and motion, on tiny ones of the same layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from kinoeye.base.errors import InputError
from kinoeye.formats.scenes.smpl import JOINT_NAMES, read_smpl_model, read_smpl_motion
from kinoeye.shot.bodies import joint_transforms, load_body, retarget, skin

OURS = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]
PLACES = {
    0: (0, 0.9, 0), 1: (0.1, 0.85, 0), 2: (-0.1, 0.85, 0), 3: (0, 1.0, 0), 4: (0.1, 0.45, 0), 5: (-0.1, 0.45, 0),
    6: (0, 1.15, 0), 7: (0.1, 0.08, 0), 8: (-0.1, 0.08, 0), 9: (0, 1.2, 0), 10: (0.1, 0.02, 0.13),
    11: (-0.1, 0.02, 0.13), 12: (0, 1.42, 0), 13: (0.08, 1.35, 0), 14: (-0.08, 1.35, 0), 15: (0, 1.5, 0.02),
    16: (0.18, 1.36, 0), 17: (-0.18, 1.36, 0), 18: (0.44, 1.36, 0), 19: (-0.44, 1.36, 0), 20: (0.7, 1.36, 0),
    21: (-0.7, 1.36, 0), 22: (0.78, 1.36, 0), 23: (-0.78, 1.36, 0),
}  # fmt: skip
"""A figure in the model's axes: x to the left, y up, z forward."""
JOINTS = np.array([PLACES[i] for i in range(24)]) - [0, 1.1, 0]


def model(**changes):
    """Four vertices around each joint, whose mean is the joint; the second shape makes the figure taller."""
    rng = np.random.default_rng(0)
    spread = rng.normal(size=(24, 4, 3)) * 0.02
    spread -= spread.mean(axis=1, keepdims=True)
    vertices = (JOINTS[:, None] + spread).reshape(-1, 3)
    regressor = np.kron(np.eye(24), np.full((1, 4), 0.25))
    weights = 0.9 * np.repeat(np.eye(24), 4, axis=0) + 0.1 * np.repeat(np.eye(24)[np.maximum(PARENTS, 0)], 4, axis=0)
    shapes = np.zeros((96, 3, 10))
    shapes[:, :, 1] = 0.1 * vertices
    arrays = {
        "v_template": vertices, "f": np.arange(96).reshape(-1, 3).astype(np.uint32), "weights": weights,
        "kintree_table": np.array([[2**32 - 1, *PARENTS[1:]], range(24)], np.int64), "J_regressor": regressor,
        "shapedirs": shapes,
    }  # fmt: skip
    return {name: value for name, value in (arrays | changes).items() if value is not None}


def save(folder: Path, **arrays) -> Path:
    np.savez(folder / "file.npz", **arrays)
    return folder / "file.npz"


def posed_by_hand(vertices, joints, weights, rotvecs, trans):
    """Loper et al. 2015, eq. 2 to 4, in the model's axes: G_k = G_parent [R_k | J_k - J_parent], minus the rest."""
    R = Rotation.from_rotvec(rotvecs).as_matrix()
    G = np.zeros((24, 4, 4))
    for k, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3], local[:3, 3] = R[k], joints[k] - (joints[parent] if parent >= 0 else 0)
        G[k] = local if parent < 0 else G[parent] @ local
    found = np.zeros_like(vertices)
    for k in range(24):
        found += weights[:, k : k + 1] * ((vertices - joints[k]) @ G[k, :3, :3].T + G[k, :3, 3])
    return found + trans


@pytest.mark.parametrize("betas", [None, np.array([0.0, 1.5]), np.array([0.0, -1.0] + [0.0] * 300)])
def test_a_posed_model_is_what_the_paper_says(tmp_path, betas):
    arrays = model()
    found = read_smpl_model(save(tmp_path, **arrays), betas=betas)
    rng = np.random.default_rng(1)
    poses, trans = 0.3 * rng.normal(size=(3, 72)), rng.normal(size=(3, 3))
    motion = read_smpl_motion(save(tmp_path, poses=poses, trans=trans, mocap_framerate=60.0), found)
    T = joint_transforms(found.body.skeleton, motion.clip.local_wxyz, motion.clip.root_xyz)
    grown = 1.0 if betas is None else 1 + 0.1 * betas[1]
    vertices, joints = grown * arrays["v_template"], grown * JOINTS
    for frame, posed in enumerate(skin(found.body, T)):
        expected = posed_by_hand(vertices, joints, arrays["weights"], poses[frame].reshape(24, 3), trans[frame])
        np.testing.assert_allclose(posed, expected @ OURS.T, atol=1e-9)
    assert motion.clip.times_s[1] == pytest.approx(1 / 60)


def test_the_body_stands_in_our_axes_with_the_models_names(tmp_path):
    body = read_smpl_model(save(tmp_path, **model())).body
    assert body.skeleton.names == JOINT_NAMES[24]
    assert body.vertices[:, 2].min() == pytest.approx(0.0)
    toes, ankle = body.skeleton.index("left_foot"), body.skeleton.index("left_ankle")
    assert body.skeleton.heads[toes, 0] > body.skeleton.heads[ankle, 0] + 0.1
    assert body.skeleton.heads[toes, 1] > 0.05
    assert {body.part_names[p - 1] for p in np.unique(body.parts)} >= {"head", "torso", "left hand", "right foot"}


def test_a_world_with_z_up_stays_upright(tmp_path):
    found = read_smpl_model(save(tmp_path, **model()))
    poses = np.zeros((2, 156))
    poses[:, 0] = np.pi / 2  # the root turned about x takes the model's y to the world's z
    motion = read_smpl_motion(save(tmp_path, poses=poses, trans=np.array([[0, 0, 1.0], [0, -1, 1]])), found)
    T = joint_transforms(found.body.skeleton, motion.clip.local_wxyz, motion.clip.root_xyz)
    assert "+z is taken as up" in motion.notes
    assert any("poses 52 joints and the body has 24" in note for note in motion.notes)
    head, toes = (T[0, found.body.skeleton.index(n)] @ [*found.body.skeleton.heads[found.body.skeleton.index(n)], 1]
                  for n in ("head", "left_foot"))  # fmt: skip
    assert head[2] - toes[2] == pytest.approx(1.48)
    np.testing.assert_allclose(np.diff(motion.clip.root_xyz, axis=0)[0], [0, -1, 0], atol=1e-12)


def test_its_motion_is_put_on_the_adult(tmp_path):
    found = read_smpl_model(save(tmp_path, **model()))
    poses = 0.2 * np.random.default_rng(2).normal(size=(4, 72))
    motion = read_smpl_motion(save(tmp_path, poses=poses, betas=np.zeros(10)), found)
    _, report = retarget(motion.clip, found.body.skeleton, load_body("adult").skeleton)
    assert ("left_foot", "LeftToeBase") in report.aliases
    assert ("left_shoulder", "LeftArm") in report.aliases
    assert len(report.matched) == 24
    assert motion.betas is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": None}, "no array 'weights'"),
        ({"weights": np.zeros((96, 24))}, "far less than 1"),
        ({"weights": np.full((96, 24), np.nan)}, "weights of"),
        ({"J_regressor": np.zeros((24, 5))}, "do not belong together"),
        ({"v_template": np.array([{}] * 3, dtype=object)}, "Python objects"),
        ({"f": np.full((2, 3), 96)}, "vertices that are not there"),
        ({"kintree_table": np.array([[0, 2, 1] + [0] * 21, range(24)])}, "no parent before it"),
        ({"kintree_table": np.array([[0] * 24, range(1, 25)])}, "numbers its joints"),
        ({"kintree_table": np.array([[0, 0, 2] + [0] * 21, range(24)])}, "no parent before it"),
        ({"kintree_table": np.array([[0, 0, 77] + [0] * 21, range(24)])}, "no parent before it"),
        ({"kintree_table": np.array([[0] * 23, range(23)])}, "do not belong together"),
        ({"v_template": np.full((96, 3), np.nan)}, "v_template of"),
        (
            {
                "weights": np.full((96, 600), 1 / 600),
                "J_regressor": np.full((600, 96), 1 / 96),
                "kintree_table": np.array([[0, *range(599)], range(600)]),
            },
            "skeleton of 600 joints",
        ),
    ],
)
def test_a_broken_model_is_refused_in_one_line(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        read_smpl_model(save(tmp_path, **model(**changes)))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"trans": np.zeros((2, 3))}, "no array 'poses' .* it has trans"),
        ({"poses": np.zeros((2, 71))}, "rotation vectors"),
        ({"poses": np.full((2, 72), np.inf)}, "poses of"),
        ({"poses": np.zeros((2, 72)), "trans": np.zeros((3, 3))}, "metres"),
        ({"poses": np.zeros((2, 72)), "mocap_framerate": 0.0}, "which is no rate"),
    ],
)
def test_broken_motion_is_refused_in_one_line(tmp_path, arrays, message):
    found = read_smpl_model(save(tmp_path, **model()))
    with pytest.raises(InputError, match=message):
        read_smpl_motion(save(tmp_path, **arrays), found)


def test_betas_without_shapes_are_refused(tmp_path):
    with pytest.raises(InputError, match="no array 'shapedirs'"):
        read_smpl_model(save(tmp_path, **model(shapedirs=None)), betas=np.ones(2))

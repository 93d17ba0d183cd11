"""The body that ships, and the form it ships in."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.shot.bodies import common_names, load_body
from kinoeye.shot.bodies.packed import SHIPPED, packed, unpacked


@pytest.fixture
def adult():
    return load_body("adult")


def test_the_adult_stands_on_the_ground_and_looks_along_x(adult):
    skeleton = adult.skeleton
    assert adult.vertices[:, 2].min() == 0.0
    assert 1.6 < adult.size_xyz[2] < 1.9
    foot, toes = skeleton.index("LeftFoot"), skeleton.index("LeftToeBase")
    assert skeleton.heads[toes, 0] - skeleton.heads[foot, 0] > 0.1
    assert skeleton.heads[foot, 1] > 0.1 > -0.1 > skeleton.heads[skeleton.index("RightFoot"), 1]
    assert np.abs(skeleton.heads[0, :2]).max() < 0.05, "the hips are above the origin"


def test_its_triangles_look_outwards(adult):
    a, b, c = np.moveaxis(adult.vertices[adult.faces], 1, 0)
    assert 0.05 < (a * np.cross(b, c)).sum() / 6 < 0.08, "the volume of a person, in cubic metres"


def test_every_part_is_where_its_name_says(adult):
    centres = adult.vertices[adult.faces].mean(axis=1)
    places = {}
    for number in np.unique(adult.parts):
        places[adult.part_names[number - 1]] = centres[adult.parts == number].mean(axis=0)
    assert len(places) == 14
    for name, place in places.items():
        assert place[1] > 0.05 if "left" in name else place[1] < -0.05 if "right" in name else abs(place[1]) < 0.02
    height = [places[name][2] for name in ("head", "torso", "left upper leg", "left lower leg", "left foot")]
    assert height == sorted(height, reverse=True)


def test_regions_cover_every_vertex_once(adult):
    covered = np.concatenate(list(adult.regions.values()))
    assert np.array_equal(np.sort(covered), np.arange(len(adult.vertices)))
    assert adult.vertices[adult.regions["hair"], 2].min() > adult.vertices[adult.regions["torso"], 2].max()


def test_joints_are_named_as_in_the_motion_files(adult):
    assert {"Hips", "LeftUpLeg", "RightForeArm", "LeftToeBase"} <= set(adult.skeleton.names)


def test_packing_loses_next_to_nothing(adult):
    again = unpacked("adult", packed(adult))
    np.testing.assert_allclose(again.vertices, adult.vertices, atol=2e-5)
    np.testing.assert_allclose(again.weights, adult.weights, atol=1e-3)
    assert (again.parts == adult.parts).all()
    assert list(again.regions) == list(adult.regions)


def test_each_body_that_ships_says_where_it_is_from_and_is_free():
    for name in SHIPPED:
        text = resources.files("kinoeye.shot.bodies").joinpath("data", f"{name}.json").read_text()
        assert json.loads(text)["licence"].startswith("CC0-1.0")


def test_an_unknown_body_is_refused():
    with pytest.raises(InputError, match="no body 'horse'; the bodies that ship: adult"):
        load_body("horse")


@pytest.mark.parametrize(
    ("name", "common"),
    [
        ("mixamorig:LeftUpLeg", "LeftUpLeg"), ("mixamorigLeftFoot", "LeftFoot"), ("Bip01 L Thigh", "LeftUpLeg"),
        ("thigh.R", "RightUpLeg"), ("upper_arm_l", "LeftArm"), ("RightHandFinger1", "RightHandIndex1"),
        ("lefthand", "LeftHand"), ("LTHUMB", "LTHUMB"), ("RThumb", "RightThumb"), ("pelvis", "Hips"), ("tail", "tail"),
    ],
)  # fmt: skip
def test_one_joint_has_many_names(name, common):
    assert common_names([name]) == (common,)


def test_a_shoulder_is_an_upper_arm_where_there_is_a_collar():
    assert common_names(["left_collar", "left_shoulder"]) == ("LeftShoulder", "LeftArm")
    assert common_names(["left_shoulder"]) == ("LeftShoulder",)
    assert common_names(["left_ankle", "left_foot"]) == ("LeftFoot", "LeftToeBase")


def test_of_two_joints_that_one_name_fits_the_first_gets_it():
    assert common_names(["thigh.L", "femur_l"]) == ("LeftUpLeg", "femur_l")

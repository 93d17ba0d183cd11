"""The type: what it refuses, keeps, slices, resamples, writes and reads."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from known_scenes import scene, standing, wandering

from kinoeye.base.errors import InputError
from kinoeye.facts import Noise, SceneTracks
from kinoeye.facts.record import tracks_from_json, tracks_to_json

ARRAYS = ("times_s", "T_world_body", "sizes", "valid", "visible", "boxes_xyxy", "occludes", "outlines")


def seen(tracks: SceneTracks, seed: int = 0) -> SceneTracks:
    """The tracks with some picture facts, a few of them unknown."""
    rng = np.random.default_rng(seed)
    a, t = len(tracks.names), len(tracks)
    visible, outlines = rng.uniform(size=(2, a, t))
    corners = np.sort(rng.uniform(0, 64, (a, t, 2, 2)), axis=2)
    boxes = corners.reshape(a, t, 4)
    visible[0], outlines[0], boxes[0], boxes[1, 3] = np.nan, np.nan, np.nan, np.nan
    occludes = rng.uniform(size=(a, a, t))
    return replace(tracks, visible=visible, outlines=outlines, boxes_xyxy=boxes, occludes=occludes, size_wh=(64, 64))


def assert_same(one: SceneTracks, other: SceneTracks, atol: float = 0.0) -> None:
    for field in fields(SceneTracks):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name in ARRAYS and a is not None:
            np.testing.assert_allclose(a, b, atol=atol, rtol=0, err_msg=field.name)
        else:
            assert a == b, field.name


def test_arrays_are_copies_that_cannot_be_written_to():
    times = np.array([0.0, 1.0])
    tracks = scene(times=times, dog=standing(1, 2))
    times[0] = -1.0
    assert tracks.times_s[0] == 0.0
    for name in ("times_s", "T_world_body", "sizes", "valid"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(tracks, name)[0] = 0


def test_what_is_not_valid_is_nan_and_an_unknown_heading_may_have_a_known_place():
    tracks = scene(times=[0.0, 1.0], dog=standing(1, 2), cat=standing(0, 0))
    valid = np.array([[1, 1], [0, 1], [1, 1]], bool)
    poses = tracks.T_world_body.copy()
    poses[2, :, :3, :3] = np.nan
    lost = replace(tracks, valid=valid, T_world_body=poses)
    assert np.isnan(lost.T_world_body[1, 0]).all()
    assert np.isfinite(lost.T_world_body[1, 1]).all()
    np.testing.assert_array_equal(lost.T_world_body[2, 0, :3, 3], 0.0)


def test_what_cannot_be_is_refused_in_one_line():
    tracks = scene(times=[0.0, 1.0], dog=standing(1, 2), cat=standing(0, 0))
    skewed, mirrored, reversed_ = tracks.T_world_body.copy(), tracks.T_world_body.copy(), [1.0, 0.0]
    skewed[1, 0, 0, 1], mirrored[2, 1, 0, 0] = 0.1, -1.0
    lost = tracks.T_world_body.copy()
    lost[1, 1, 0, 3] = np.nan
    seen_by = seen(wandering(1, actors=2))
    wrong: list[tuple[SceneTracks, dict, str]] = [
        (tracks, {"names": ("dog", "camera", "cat")}, "camera"),
        (tracks, {"names": ("camera", "dog", "dog")}, "once"),
        (tracks, {"names": ("camera", "dog")}, "shape"),
        (tracks, {"times_s": reversed_}, "increase"),
        (tracks, {"times_s": [0.0, np.nan]}, "finite"),
        (tracks, {"T_world_body": skewed}, "'dog' at sample 0"),
        (tracks, {"T_world_body": mirrored}, "'cat' at sample 1"),
        (tracks, {"T_world_body": lost}, "'dog' at sample 1"),
        (tracks, {"T_world_body": "poses"}, "numbers"),
        (tracks, {"sizes": np.ones((3, 3))}, "camera's is 0"),
        (tracks, {"sizes": [(0, 0, 0), (1, 1, 0), (1, 1, 1)]}, "volume"),
        (tracks, {"valid": np.ones(3, bool)}, "valid"),
        (tracks, {"unit": "cm"}, "'m' or 'arbitrary'"),
        (tracks, {"up": "y"}, "'z' or None"),
        (seen_by, {"visible": seen_by.visible * 2}, "from 0 to 1"),  # type: ignore[operator]
        (seen_by, {"size_wh": None}, "size_wh"),
        (seen_by, {"size_wh": (0, 3)}, "width"),
        (seen_by, {"boxes_xyxy": seen_by.boxes_xyxy[..., ::-1]}, "right edge"),  # type: ignore[index]
    ]
    for good, change, says in wrong:
        with pytest.raises(InputError, match=says) as error:
            replace(good, **change)
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="did you mean 'dog'"):
        tracks.index("dogg")
    with pytest.raises(InputError, match="at least 0"):
        Noise(position=-1.0)


def test_a_record_reads_back_as_it_was(tmp_path):
    tracks = seen(wandering(3))
    valid = tracks.valid.copy()
    valid[2, 5:9] = False
    sizes = tracks.sizes.copy()
    sizes[3] = np.nan
    noise = Noise(position=0.05, heading_rad=np.nan)
    tracks = replace(tracks, valid=valid, sizes=sizes, unit="arbitrary", up=None, source="estimated:x", noise=noise)
    tracks.save(tmp_path / "tracks.json")
    loaded = SceneTracks.load(tmp_path / "tracks.json")
    assert np.isnan(loaded.noise.heading_rad)
    assert_same(replace(loaded, noise=Noise()), replace(tracks, noise=Noise()))
    plain = wandering(3)
    assert_same(tracks_from_json(tracks_to_json(plain)), plain)


def test_damaged_records_are_refused_in_one_line():
    good = json.loads(json.dumps(tracks_to_json(seen(wandering(5, count=4)))))
    nested = ([], [[]], [[1, [2]]], [None], [[True], [True, False]], [[[[5.0]]]])
    replacements = (None, 3, "text", {}, True, 1e999, *nested)
    cases = [(key, {**good, key: bad}) for key in good for bad in replacements]
    cases += [(key, {k: v for k, v in good.items() if k != key}) for key in good]
    # What may be null, or is free text, is let through; whatever else comes is refused, and nothing else is raised.
    accepted = {"visible", "boxes_xyxy", "occludes", "outlines", "size_wh", "up", "noise", "source", "version"}
    for key, data in cases:
        try:
            tracks_from_json(data)
        except InputError as error:
            said = str(error)
        else:
            said = "" if key in accepted else "let through"
        assert "\n" not in said
        assert said != "let through", (key, data[key])
    with pytest.raises(InputError, match="did you mean 'visible'"):
        tracks_from_json({**good, "visble": None})
    for data in (None, [], {"record": "Shot"}):
        with pytest.raises(InputError, match="SceneTracks"):
            tracks_from_json(data)


def test_slices_keep_the_camera_and_the_facts_of_those_who_stay():
    tracks = seen(wandering(2, actors=3))
    few = tracks.of(["actor 2", "actor 0"])
    assert few.names == ("camera", "actor 2", "actor 0")
    np.testing.assert_array_equal(few.visible, tracks.visible[[0, 3, 1]])
    np.testing.assert_array_equal(few.occludes[1, 2], tracks.occludes[3, 1])
    middle = tracks.between(float(tracks.times_s[4]), float(tracks.times_s[7]))
    np.testing.assert_array_equal(middle.times_s, tracks.times_s[4:8])
    np.testing.assert_array_equal(middle.occludes, tracks.occludes[:, :, 4:8])
    with pytest.raises(InputError, match="no sample"):
        tracks.between(100.0, 101.0)


def test_resampled_at_its_own_times_is_the_same_also_beside_unknown_samples():
    tracks = seen(wandering(4))
    valid = tracks.valid.copy()
    valid[1, 10] = False
    tracks = replace(tracks, valid=valid)
    assert_same(tracks.at(tracks.times_s), tracks)
    assert_same(tracks.at(tracks.times_s[3:4]), tracks.between(*tracks.times_s[[3, 3]]))
    around = tracks.at((tracks.times_s[9:11] + tracks.times_s[10:12]) / 2)
    assert not around.valid[1].any()
    assert around.valid[2].all()


def test_resampling_agrees_with_the_tracks_of_the_geometry_floor():
    import torch

    from kinoeye.geometry import SE3, Track

    tracks = wandering(6)
    times = np.linspace(tracks.times_s[0], tracks.times_s[-1], 31)
    between = tracks.at(times)
    for row in range(len(tracks.names)):
        track = Track(SE3.from_matrix(torch.tensor(tracks.T_world_body[row])), torch.tensor(tracks.times_s))
        expected = track.at(torch.from_numpy(times)).T_world_body.as_matrix().numpy()
        np.testing.assert_allclose(between.T_world_body[row], expected, atol=1e-9)


def test_nothing_is_extrapolated():
    tracks = wandering(6)
    for times in ([tracks.times_s[-1] + 0.1], [tracks.times_s[0] - 0.1], [0.5, 0.5], [], [np.nan]):
        with pytest.raises(InputError):
            tracks.at(times)


def test_an_arbitrary_scale_is_never_metres():
    tracks = replace(wandering(7), noise=Noise(position=0.1))
    normal = tracks.normalised()
    assert normal.unit == "arbitrary"
    away = np.linalg.norm(normal.T_world_body[1:, :, :3, 3] - normal.T_world_body[0, :, :3, 3], axis=-1)
    assert np.median(away) == pytest.approx(1.0)
    assert normal.noise.position / 0.1 == pytest.approx(normal.sizes[1, 0] / tracks.sizes[1, 0])
    assert tracks.in_metres() is tracks
    with pytest.raises(InputError, match="arbitrary scale"):
        normal.in_metres()
    with pytest.raises(InputError, match="cannot be normalised"):
        scene().normalised()


def test_facts_load_neither_torch_nor_scipy():
    modules = (
        "boxes, events, hysteresis, judged, motion, picture, record, relations, resampling, scene_tracks, viewpoint"
    )
    code = f"from kinoeye.facts import {modules}; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "scipy", "jaxtyping", "numba"} & set(loaded)

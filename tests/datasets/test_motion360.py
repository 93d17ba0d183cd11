"""360-Motion sets of our own: complete, the same for the same seed, and true: poses project into their videos."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.base.jobs import item_seed
from kinoeye.cli.main import main
from kinoeye.datasets import Motion360Plan, Resolution, check_motion360, motion360_from_worlds, read_motion360
from kinoeye.datasets.motion360_cast import cast
from kinoeye.datasets.motion360_files import (
    Character,
    Place,
    Pose,
    read_characters,
    read_places,
    read_test_sets,
    write_characters,
    write_places,
    write_test_sets,
)
from kinoeye.datasets.motion360_files import TestCase as Case
from kinoeye.datasets.motion360_layout import (
    CAMERA_NAMES,
    LOCATION_WORDS,
    Motion360Quirks,
    SceneName,
    hemi12,
    video_file,
)
from kinoeye.datasets.motion360_scene_check import Surroundings, scene_problems
from kinoeye.datasets.motion360_scenes import direct
from kinoeye.datasets.motion360_set import checked_entities, checked_stills, matrices_of, track_of
from kinoeye.footage import read_video, write_video
from kinoeye.formats.paths.motion360 import read_entities, write_entities, write_stills
from kinoeye.render import render

SEED, SIZE = 3, Resolution((96, 64))
CENTRES = {"adult": 0.6, "dog": 0.66, "car": 0.5}
"""Share of its height at which a body surely is, whatever its legs do."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene in Desert and one in HDRI; read it, or copy it."""
    folder = tmp_path_factory.mktemp("motion360") / "set"
    assert main(["data", "make", "motion360", *f"--world-seed {SEED} --count 2 --size 96x64 -o {folder}".split()]) == 0
    return folder


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    """The same, to spoil; without checksums, which would notice everything."""
    shutil.copytree(made, tmp_path / "set")
    (tmp_path / "set" / "SHA256SUMS").unlink()
    return tmp_path / "set"


def desert_scene(folder: Path) -> Path:
    return next((folder / SIZE.name / "Desert").glob("*_Hemi12_1"))


def test_a_made_set_is_complete_and_holds(made: Path):
    report = check_motion360(made)
    assert (report.shots, [fault.code for fault in report.faults]) == ({SIZE.name: 2}, ["other-size"])
    found = read_motion360(made)
    assert found.quirks == Motion360Quirks.none()
    for group in ("Desert", "HDRI"):
        (name,) = found.names(SIZE.name, group)
        scene = found.scene(SIZE.name, group, name)
        assert all(scene.video(camera).is_file() for camera in CAMERA_NAMES)
        assert len(scene.entities) == len(scene.entity_prompts) == scene.name.entities
        assert scene.prompt.endswith(f"moving in the {scene.location}")
        shown = {f"{entity.index:03d}.png" for entity in scene.entities}
        assert shown <= {path.name for path in found.pictures}
        for entity in scene.entities:
            np.testing.assert_allclose(
                entity.track.T_world_body.translation[:, 2], scene.target_xyz[2] - 0.9, atol=1e-9
            )
    assert len(found.pictures) == len(found.characters)
    (case,) = found.test_cases.values()
    assert case.video_name in [name for group in ("Desert", "HDRI") for name in found.names(SIZE.name, group)]
    assert "3DTrajMaster" in (made / "README.md").read_text()


@pytest.mark.parametrize(("group", "number"), [("Desert", 1), ("HDRI", 1)])
def test_entities_project_into_their_masks_in_the_videos(made: Path, group: Any, number: int):
    found = read_motion360(made)
    scene = found.scene(SIZE.name, group, found.names(SIZE.name, group)[0])
    directed = direct(group, number, item_seed(SEED, f"{group}/{number:05d}"), cast(SEED))
    assert directed is not None
    assert directed.name == scene.name
    frames, hits = [0, 50, 98], 0
    for camera_name in CAMERA_NAMES[::2]:
        shot = directed.shot(SIZE, camera_name)
        take = render(shot, layers=("rgb", "instance"), times_s=[frame / 30 for frame in frames], samples=2)
        video = read_video(scene.video(camera_name)).rgb.values
        assert video.shape == (99, 64, 96, 3)
        assert np.abs(video[frames].astype(int) - take.rgb.values).mean() < 4
        camera = scene.camera(camera_name)
        T_cam_world = np.linalg.inv(camera.T_world_cam.as_matrix().numpy())
        K = camera.intrinsics.as_matrix().numpy()
        for row, (entity, actor) in enumerate(zip(scene.entities, shot.actors, strict=True)):
            share = CENTRES[actor.avatar.body]  # type: ignore[union-attr]
            centres = entity.track.T_world_body.translation.numpy() + np.array([0, 0, share * actor.size_xyz[2]])
            for i, frame in enumerate(frames):
                x, y, z = T_cam_world[frame, :3] @ np.append(centres[frame], 1.0)
                u, v, _ = K[frame] @ [x / z, y / z, 1.0]
                if not (1 <= u < 95 and 1 <= v < 63):
                    continue
                seen = take.layers["instance"].values[i, int(v), int(u)]
                hits += seen == row + 1
                # Only another one, nearer to the camera, may be there instead.
                assert seen in range(1, len(shot.actors) + 1), (camera_name, frame)
    assert hits >= 6 * len(scene.entities)


def rows_of(text: str) -> np.ndarray:
    return np.array([float(word) for word in re.findall(r"[^\s\[\]]+", text)]).reshape(4, 4)


def test_the_published_pose_encoding_sees_what_our_types_see(made: Path):
    """Columns right, up, forward in metres about the target, as 3DTrajMaster encodes poses, written out anew."""
    found = read_motion360(made)
    scene = found.scene(SIZE.name, "HDRI", found.names(SIZE.name, "HDRI")[0])
    base = made / SIZE.name / "HDRI"
    frames = json.loads((base / str(scene.name) / f"{scene.name}.json").read_text())
    places = {place["name"]: place for place in json.loads((base / "location_data.json").read_text())}
    target = np.array(places[scene.name.place]["coordinates"]["CameraTarget"]["position"])
    cameras = json.loads((made / "Hemi12_transforms.json").read_text())
    columns = [1, 2, 0]
    for camera_name in CAMERA_NAMES:
        camera = rows_of(cameras[camera_name])
        R_cam, t_cam = camera[:3, :3].T[:, columns], camera[3, :3] / 100
        ours = scene.camera(camera_name)
        T_cam_world = np.linalg.inv(ours.T_world_cam.as_matrix().numpy())
        for row, entity in enumerate(scene.entities):
            T_cam_body = T_cam_world @ entity.track.T_world_body.as_matrix().numpy()
            for frame in (0, 40, 98):
                body = rows_of(frames[str(frame)][row]["matrix"])
                R_rel = R_cam.T @ body[:3, :3].T[:, columns]
                right, up, forward = R_cam.T @ ((body[3, :3] - target) / 100 - t_cam)
                np.testing.assert_allclose(T_cam_body[frame, :3, 3], [right, -up, forward], atol=1e-9)
                # Our body's axes are forward, left, up; rows of the encoding are right, up, forward of the camera.
                flipped = np.diag([1, -1, 1]) @ R_rel
                np.testing.assert_allclose(T_cam_body[frame, :3, :3], flipped[:, [2, 0, 1]] * [1, -1, 1], atol=1e-9)


def test_the_same_seed_gives_the_same_bytes_and_what_is_made_is_kept(made: Path, tmp_path: Path):
    again = tmp_path / "again"
    motion360_from_worlds(Motion360Plan(world_seed=SEED, count=1, resolutions=(SIZE,)), again)
    kept = [path for path in again.rglob("*") if path.is_file() and path.parent != again]
    assert len(kept) > 14
    for path in kept:
        assert path.read_bytes() == (made / path.relative_to(again)).read_bytes(), path
    reports = motion360_from_worlds(Motion360Plan(world_seed=SEED, count=1, resolutions=(SIZE,)), again)
    assert {stage: report.counts()["skipped"] for stage, report in reports.items()} == {"scenes": 1, "pictures": 1}


def test_the_smaller_official_size_has_bars():
    size = Resolution((672, 384))
    assert size.lens().fx_fy_cx_cy.tolist() == pytest.approx([989.8990, 989.8990, 336.0, 192.0], abs=1e-4)
    assert Resolution((720, 480)).lens().fx_fy_cx_cy.tolist() == pytest.approx([1060.606, 1060.606, 360, 240], abs=1e-3)
    scene = direct("Desert", 1, 1, cast(SEED))
    assert scene is not None
    camera = scene.shot(size).camera
    assert camera.size_wh == (672, 378)
    assert camera.intrinsics.fx_fy_cx_cy[0].tolist() == pytest.approx([989.8990, 989.8990, 336.0, 189.0], abs=1e-4)
    with pytest.raises(InputError, match="even numbers from 16"):
        Resolution((673, 384))


@pytest.mark.parametrize(("bars", "codes"), [(3, []), (0, ["no-bars"])])
def test_videos_of_the_smaller_official_size_are_looked_at_for_bars(bars: int, codes: list[str], tmp_path: Path):
    size, name = Resolution((672, 384)), SceneName.parse("D_loc1_1_t1n1_0001_Hemi12_1")
    frames = np.full((99, 384, 672, 3), 200, np.uint8)
    frames[:, :bars] = frames[:, 384 - bars :] = 0
    folder = tmp_path / str(name)
    (folder / "videos").mkdir(parents=True)
    write_video(video_file(folder, "C_01_35mm"), frames, fps=30)
    around = Surroundings(resolution=size, characters=None, places=None, stills=None)
    found = scene_problems(folder, name, around).files[f"videos/{name}_C_01_35mm.mp4"]
    assert [problem.code for problem in found] == codes


def test_places_of_the_desert_take_turns_and_motions_suit_bodies():
    roles = cast(1)
    scenes = [direct("Desert", number, number, roles) for number in range(1, 13)]
    assert all(scene is not None for scene in scenes)
    found = [scene for scene in scenes if scene is not None]
    assert [scene.name.place for scene in found] == [f"loc{(n - 1) % 5 + 1}" for n in range(1, 13)]
    assert {scene.name.entities for scene in found} == {1, 2, 3}
    for scene in found:
        assert scene.performance.is_clear
        assert not scene.performance.template.flyers
        for place, role in enumerate(scene.roles):
            if role.avatar.body != "adult":
                assert scene.performance.template.headings[place] == "along"


Spoil = Callable[[Path], object]


def edit_poses(change: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = desert_scene(folder) / f"{desert_scene(folder).name}.json"
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return spoil


def edit_json(name: str, change: Callable[[Any], object]) -> Spoil:
    def spoil(folder: Path) -> None:
        data = json.loads((folder / name).read_text())
        change(data)
        (folder / name).write_text(json.dumps(data))

    return spoil


def with_matrix(frames: range, change: Callable[[str], str]) -> Spoil:
    def spoil(data: dict[str, Any]) -> None:
        for frame in frames:
            data[str(frame)][0]["matrix"] = change(data[str(frame)][0]["matrix"])

    return edit_poses(spoil)


def moved(text: str, place: str) -> str:
    return re.sub(r"\[[^\]]*\]\s*$", f"[{place} 1]", text)


def new_video(frames: int, size_hw: tuple[int, int], fps: float) -> Spoil:
    def spoil(folder: Path) -> None:
        video = desert_scene(folder) / "videos" / f"{desert_scene(folder).name}_C_05_35mm.mp4"
        write_video(video, np.zeros((frames, *size_hw, 3), np.uint8), fps=fps)

    return spoil


def renamed(old: str, new: str) -> Spoil:
    def spoil(folder: Path) -> None:
        path = desert_scene(folder)
        path.rename(path.with_name(path.name.replace(old, new)))

    return spoil


def without_video(folder: Path) -> None:
    (desert_scene(folder) / "videos" / f"{desert_scene(folder).name}_C_05_35mm.mp4").unlink()


def other_motion(folder: Path) -> None:
    shutil.copytree(folder / SIZE.name, folder / "48_72")
    edit = with_matrix(range(5, 6), lambda text: text.replace(" 1]", " 1]", 1))
    edit(folder)
    path = desert_scene(folder) / f"{desert_scene(folder).name}.json"
    data = json.loads(path.read_text())
    data["5"][0]["matrix"] = data["4"][0]["matrix"]
    path.write_text(json.dumps(data))


FAULTS: dict[str, tuple[Spoil, str]] = {
    "no video": (without_video, "missing-file"),
    "no poses": (lambda f: (desert_scene(f) / f"{desert_scene(f).name}.json").unlink(), "missing-file"),
    "no characters": (lambda f: (f / "CharacterInfo.json").unlink(), "missing-file"),
    "no places": (lambda f: (f / SIZE.name / "Desert" / "location_data.json").unlink(), "missing-file"),
    "no pictures": (lambda f: shutil.rmtree(f / "RefPic"), "missing"),
    "short video": (new_video(90, (64, 96), 30), "frames"),
    "small video": (new_video(99, (48, 96), 30), "size"),
    "slow video": (new_video(99, (64, 96), 24), "rate"),
    "no mp4": (lambda f: next((desert_scene(f) / "videos").glob("*C_05*")).write_bytes(b"moov"), "unreadable"),
    "a video more": (lambda f: (desert_scene(f) / "videos" / "x.mp4").write_bytes(b""), "unknown-file"),
    "a frame less": (edit_poses(lambda data: data.pop("98")), "frames"),
    "an entity more": (edit_poses(lambda d: [v.append(v[0]) for v in d.values()]), "entities"),
    "another index": (edit_poses(lambda d: [v[0].update(index=999) for v in d.values()]), "unknown-character"),
    "no index": (edit_poses(lambda d: [v[0].pop("index") for v in d.values()]), "no-index"),
    "index that changes": (edit_poses(lambda d: d["7"][0].update(index=999)), "unreadable"),
    "scaled": (with_matrix(range(3, 5), lambda t: re.sub(r"^\[[^\]]*\]", "[2 0 0 0]", t)), "not-rigid"),
    "a jump": (with_matrix(range(50, 99), lambda t: moved(t, "20100 -10000 0")), "jump"),
    "up in the air": (with_matrix(range(99), lambda t: moved(t, "20000 -10000 5000")), "never-seen"),
    "up for a while": (with_matrix(range(9, 12), lambda t: moved(t, "20000 -10000 5000")), "out-of-picture"),
    "far away": (with_matrix(range(99), lambda t: moved(t, "20000 -9000 0")), "outside-ring"),
    "wrong hex": (renamed("_0001_", "_0002_"), "bad-name"),
    "no such place": (renamed("_loc1_", "_loc9_"), "unknown-place"),
    "place out of turn": (renamed("_loc1_", "_loc2_"), "place-order"),
    "a camera less": (edit_json("Hemi12_transforms.json", lambda d: d.pop("C_03_35mm")), "missing-camera"),
    "a camera more": (edit_json("Hemi12_transforms.json", lambda d: d.update(C_13=d["C_01_35mm"])), "unknown-camera"),
    "heights lost": (lambda f: write_stills(hemi12(Motion360Quirks.official()), f / "Hemi12_transforms.json"),
                     "camera-height"),
    "long caption": (edit_json("CharacterInfo.json", lambda d: d["CharacterInfo"][0].update(eng="a " * 60 + "dog")),
                     "long-caption"),
    "no caption": (edit_json("CharacterInfo.json", lambda d: d["CharacterInfo"][0].pop("eng")), "unreadable"),
    "turned place": (edit_json(f"{SIZE.name}/Desert/location_data.json",
                               lambda d: d[0]["coordinates"]["CameraTarget"].update(rotation=[0, 9, 0])), "unreadable"),
    "prompt less": (edit_json("test_sets.json", lambda d: d["0"].update(entity_prompts=["a dog"] * 4)), "entities"),
    "no such case": (edit_json("test_sets.json", lambda d: d["0"].update(video_name="x")), "bad-name"),
    "no sizes": (lambda f: shutil.rmtree(f / SIZE.name), "no-scenes"),
    "odd size": (lambda f: (f / "47_72").mkdir(), "bad-name"),
    "size without groups": (lambda f: (f / "48_72").mkdir(), "no-scenes"),
    "other group": (lambda f: (f / SIZE.name / "Jungle").mkdir(), "unknown-group"),
    "empty group": (lambda f: shutil.rmtree(desert_scene(f)), "empty"),
    "a scene in one size alone": (lambda f: shutil.copytree(f / SIZE.name / "Desert", f / "48_72" / "Desert"),
                                  "lacking-size"),
    "another motion in the other size": (other_motion, "other-motion"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_nothing_is_changed(name: str, copied: Path):
    spoil, code = FAULTS[name]
    spoil(copied)
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    faults = check_motion360(copied).faults
    assert code in [fault.code for fault in faults]
    assert all("\n" not in fault.message for fault in faults)
    assert {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()} == before


def test_the_command_counts_faults_and_ends_with_1_where_there_are_errors(
    copied: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["data", "check", str(copied), "--as", "motion360"]) == 0
    assert capsys.readouterr().err.endswith("2 scenes in 64_96; 0 errors, 1 warnings\n")
    without_video(copied)
    assert main(["data", "check", str(copied), "--as", "motion360", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["holds"], report["shots"], report["errors"]) == ("motion360", False, {"64_96": 2}, 1)
    assert report["faults"][0]["file"].endswith("_C_05_35mm.mp4")


def test_changed_files_are_noticed_by_their_checksums(made: Path, tmp_path: Path):
    shutil.copytree(made, tmp_path / "set")
    (tmp_path / "set" / "README.md").write_text("")
    assert "changed-file" in [fault.code for fault in check_motion360(tmp_path / "set").faults]


def test_wrong_folders_are_refused_in_one_line(copied: Path, tmp_path: Path):
    with pytest.raises(InputError, match="is no folder"):
        read_motion360(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no folder such as 480_720/Desert"):
        read_motion360(tmp_path)
    found = read_motion360(copied)
    name = found.names(SIZE.name, "Desert")[0]
    with pytest.raises(InputError, match="has no scenes 480_720/Desert"):
        found.scene("480_720", "Desert", name)
    with pytest.raises(InputError, match="there is no camera 'C_13'"):
        found.scene(SIZE.name, "Desert", name).camera("C_13")
    write_stills(hemi12(Motion360Quirks.official()), copied / "Hemi12_transforms.json")
    scene = read_motion360(copied).scene(SIZE.name, "Desert", name)
    with pytest.raises(InputError, match=r"give height_m in metres, such as 0\.75"):
        scene.camera("C_01_35mm")
    told, true = scene.camera("C_01_35mm", height_m=0.75), found.scene(SIZE.name, "Desert", name).camera("C_01_35mm")
    np.testing.assert_allclose(told.T_world_cam.as_matrix(), true.T_world_cam.as_matrix(), atol=1e-12)


@pytest.mark.parametrize("text", ["D_loc1_61_t3n13_003e_Hemi12_1", "D_loc1_61_t3n13_003d_Hemi12", "../x", ""])
def test_what_is_no_name_of_a_scene_is_refused(text: str):
    with pytest.raises(InputError):
        SceneName.parse(text)


def test_files_are_read_as_they_were_written(tmp_path: Path):
    characters = [Character(index=7, caption=" A Dog.", size_xyz=(1.0, 0.2, 0.5), others={"chn": "狗"}),
                  Character(index=2, caption="a car")]  # fmt: skip
    write_characters(characters, tmp_path / "c.json")
    assert list(read_characters(tmp_path / "c.json").values()) == characters
    assert characters[0].prompt == "a dog"
    places = [
        Place(name="loc1", target=Pose(position=(1.5, -2.0, 3.25))),
        Place(name="loc2", target=Pose(), prompt="x"),
    ]
    write_places(places, tmp_path / "p.json")
    assert list(read_places(tmp_path / "p.json").values()) == places
    cases = {"0": Case(video_name="v", entity_prompts=("a", "b"), loc_prompt="park")}
    write_test_sets(cases, tmp_path / "t.json")
    assert read_test_sets(tmp_path / "t.json") == cases


def in_numbers(data: Any) -> Any:
    """JSON data with texts of matrices as their numbers."""
    if isinstance(data, dict):
        return {key: in_numbers(value) for key, value in data.items()}
    if isinstance(data, list):
        return [in_numbers(value) for value in data]
    if isinstance(data, str) and data.startswith("["):
        return [float(word) for word in re.findall(r"[^\s\[\]]+", data)]
    return data


def test_real_files_come_back_equal_in_every_number(real_data: Path, tmp_path: Path):
    real = real_data / "motion360"
    for name, copy in {
        "D_loc1_61_t3n13_003d_Hemi12_1.json": lambda a, b: write_entities(read_entities(a), b),
        "Hemi12_transforms.json": lambda a, b: write_stills(checked_stills(a), b),
        "location_data_desert.json": lambda a, b: write_places(list(read_places(a).values()), b),
        "test_sets.json": lambda a, b: write_test_sets(read_test_sets(a), b),
    }.items():
        copy(real / name, tmp_path / name)
        copy(tmp_path / name, tmp_path / "again.json")
        official, ours, again = (
            in_numbers(json.loads(path.read_text())) for path in (real / name, tmp_path / name, tmp_path / "again.json")
        )
        assert ours == official, name
        assert again == official, name


def test_our_cameras_with_the_official_defect_are_the_official_ones(real_data: Path):
    official = checked_stills(real_data / "motion360" / "Hemi12_transforms.json")
    for name, pose in hemi12(Motion360Quirks.official()).items():
        np.testing.assert_allclose(pose, official[name], atol=1e-9)
    assert Motion360Quirks.of(official) == Motion360Quirks.official()


def test_a_real_scene_is_read_whole(real_data: Path, tmp_path: Path):
    real, text = real_data / "motion360", "D_loc1_61_t3n13_003d_Hemi12_1"
    scene_folder = tmp_path / "480_720" / "Desert" / text
    scene_folder.mkdir(parents=True)
    shutil.copyfile(real / f"{text}.json", scene_folder / f"{text}.json")
    shutil.copyfile(real / "location_data_desert.json", scene_folder.parent / "location_data.json")
    shutil.copyfile(real / "Hemi12_transforms.json", tmp_path / "Hemi12_transforms.json")
    write_characters(
        [Character(index=i, caption=f" Animal {i}.") for i in (2, 113, 141)], tmp_path / "CharacterInfo.json"
    )
    found = read_motion360(tmp_path)
    scene = found.scene("480_720", "Desert", text)
    assert scene.prompt == "animal 113 and animal 141 and animal 2 are moving in the desert"
    assert scene.location == LOCATION_WORDS["Desert", "loc1"]
    poses = checked_entities(scene_folder / f"{text}.json", scene.name)
    for entity, matrices in zip(scene.entities, poses.matrices, strict=True):
        np.testing.assert_allclose(matrices_of(entity.track), matrices, atol=1e-6)
        assert entity.track.T_world_body.translation[:, 2].numpy() == pytest.approx(1.47103)
        # Right-handed: what goes ahead goes along its x axis, and its z axis points up.
        axes = entity.track.T_world_body.as_matrix()[:, :3, :3].numpy()
        assert np.linalg.det(axes) == pytest.approx(np.ones(99))
        assert axes[:, 2, 2] == pytest.approx(np.ones(99))
    camera = scene.camera("C_12_35mm", height_m=0.0)
    T_cam_world = np.linalg.inv(camera.T_world_cam.as_matrix().numpy())
    K = camera.intrinsics.as_matrix().numpy()
    rows, depths = [], []
    for entity in scene.entities:
        T_cam_body = T_cam_world @ entity.track.T_world_body.as_matrix().numpy()
        points = T_cam_body[:, :3, 3]
        u, v, _ = np.einsum("fij,fj->if", K, points / points[:, 2:])
        assert ((u > 0) & (u < 720)).all()
        rows += v.tolist()
        depths += np.linalg.norm(points, axis=-1).tolist()
    assert max(rows) < 0  # above the picture: the files have lost the cameras' height
    assert 5.5 < min(depths) < max(depths) < 10.8
    codes = {fault.code for fault in check_motion360(tmp_path).faults}
    assert codes == {"missing-file", "missing", "camera-height"}  # there are no videos, and no pictures


def test_tracks_and_matrices_are_inverse(made: Path):
    path = desert_scene(made) / f"{desert_scene(made).name}.json"
    for matrices in read_entities(path).matrices:
        np.testing.assert_allclose(matrices_of(track_of(matrices)), matrices, atol=1e-8)

"""Sets of takes: folders and shards read as one, shared out without loss, and tar files that lie are refused."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from kinoeye.base.errors import InputError
from kinoeye.facts import SceneTracks
from kinoeye.facts.record import save_tracks
from kinoeye.footage import Layer, Take, TakeSet, load_takes
from kinoeye.footage.shards import ShardFiles, shard_bytes, write_shard
from kinoeye.footage.store import TRACKS_FILE
from kinoeye.footage.take_index import INDEX_FILE, IndexRow, read_index, write_index
from kinoeye.footage.take_sets import TakeInFolder, TakeInShard
from kinoeye.geometry import SE3, Intrinsics, Track, Trajectory

FRAMES, HEIGHT, WIDTH, COUNT = 2, 4, 6, 5


def take(number: int) -> Take:
    times = np.arange(FRAMES) / 8
    camera = Trajectory(Track(SE3.identity(FRAMES), torch.from_numpy(times)), Intrinsics.from_fov(1.0, (WIDTH, HEIGHT)))
    generator = np.random.default_rng(number)
    depth = generator.uniform(1, 9, (FRAMES, HEIGHT, WIDTH)).astype(np.float32)
    depth[0, 0, 0], depth[0, 0, 1] = np.nan, np.inf
    rgb = generator.integers(0, 256, (FRAMES, HEIGHT, WIDTH, 3)).astype(np.uint8)
    return Take(
        times_s=times,
        layers={"rgb": Layer(rgb, "truth"), "depth": Layer(depth, "truth")},
        cameras={"truth": camera},
        captions=(f"film {number}",),
    )


def tracks(number: int) -> SceneTracks:
    poses = np.tile(np.eye(4), (1, FRAMES, 1, 1))
    poses[..., 0, 3] = number
    return SceneTracks(
        names=("camera",),
        times_s=np.arange(FRAMES) / 8,
        T_world_body=poses,
        sizes=np.zeros((1, 3)),
        valid=np.ones((1, FRAMES), bool),
        source="truth",
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes in folders, each with facts."""
    root = tmp_path_factory.mktemp("folders")
    for number in range(COUNT):
        take(number).save(root / f"7_{number}")
        save_tracks(tracks(number), root / f"7_{number}" / TRACKS_FILE)
    return root


def files_of(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.iterdir()}


def rows_of(folders: Path, shards: Path) -> list[IndexRow]:
    """Rows of two shards with the takes."""
    keys = sorted(path.name for path in folders.iterdir())
    rows = []
    for number, some in enumerate((keys[:2], keys[2:])):
        name = f"takes-{number}.tar"
        places = write_shard(shards / name, {key: files_of(folders / key) for key in some})
        about = {"caption": "", "seed": 0, "frames": FRAMES, "width": WIDTH, "height": HEIGHT, "shard": name}
        rows += [
            IndexRow(key=key, offset=at.offset, length=at.length, sha256=at.sha256, **about)  # type: ignore[arg-type]
            for key, at in places.items()
        ]
    return rows


@pytest.fixture(scope="module")
def shards(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> TakeSet:
    """The same takes in shards."""
    root = tmp_path_factory.mktemp("shards")
    return TakeSet(tuple(TakeInShard(root, row) for row in rows_of(folders, root)))


def test_folders_and_shards_are_read_as_one(folders: Path, shards: TakeSet):
    found = load_takes(folders)
    assert found.keys == shards.keys == tuple(f"7_{number}" for number in range(COUNT))
    for index in (3, 0, -1):
        for taken in (found[index], shards[index]):
            original = take(index % COUNT)
            assert set(taken.layers) == {"rgb", "depth"}
            for name in taken.layers:
                np.testing.assert_array_equal(taken.layers[name].values, original.layers[name].values)
                assert taken.layers[name].source == "truth"
                assert taken.layers[name].values.flags.writeable
            assert taken.captions == original.captions
            lenses = [one.cameras["truth"].intrinsics.as_matrix().numpy() for one in (taken, original)]
            np.testing.assert_array_equal(*lenses)
        for facts in (found.scene_tracks(index), shards.scene_tracks(index)):
            np.testing.assert_array_equal(facts.T_world_body, tracks(index % COUNT).T_world_body)
    assert [taken.captions for taken in shards] == [(f"film {number}",) for number in range(COUNT)]
    with pytest.raises(IndexError):
        shards[COUNT]


@given(st.integers(0, 40), st.integers(1, 50))
def test_workers_share_every_take_and_none_twice(count: int, world: int):
    takes = TakeSet(tuple(TakeInFolder(Path(f"{number:02}")) for number in range(count)))
    parts = [takes.part(rank, world).keys for rank in range(world)]
    assert sum(parts, ()) == takes.keys
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_there_is_no_worker_beyond_the_last(shards: TakeSet):
    with pytest.raises(InputError, match="workers are 0 to 1"):
        shards.part(2, 2)


@pytest.mark.parametrize("form", ["folders", "shards"])
def test_a_loader_with_two_workers_gives_each_take_once(form: str, folders: Path, shards: TakeSet):
    samples = (load_takes(folders) if form == "folders" else shards).samples(("rgb", "depth"))
    order = torch.Generator().manual_seed(1)
    batches = list(DataLoader(samples, batch_size=2, num_workers=2, shuffle=True, generator=order))
    keys = [key for batch in batches for key in batch["key"]]
    assert len(samples) == COUNT
    assert keys != sorted(keys)
    assert sorted(keys) == [f"7_{number}" for number in range(COUNT)]
    for batch in batches:
        for row, key in enumerate(batch["key"]):
            original = take(int(key[2:]))
            for name, layer in original.layers.items():
                np.testing.assert_array_equal(batch[name][row].numpy(), layer.values)
            assert batch["caption"][row] == original.captions[0]
            assert batch["K"].shape[1:] == (FRAMES, 3, 3)
            assert batch["T_world_cam"].shape[1:] == (FRAMES, 4, 4)


def test_layers_and_cameras_that_are_not_there_are_named(folders: Path):
    takes = load_takes(folders)
    with pytest.raises(InputError, match="no layer 'colour'; layers: rgb"):
        takes.samples(("colour",))
    with pytest.raises(InputError, match="7_0 has no layer 'flow'; it has rgb, depth"):
        takes.samples(("flow",))[0]
    with pytest.raises(InputError, match="no camera 'estimated'; it has truth"):
        takes.samples(camera="estimated")[0]


def test_folders_without_takes_or_facts_are_said_to_be_such(folders: Path, tmp_path: Path):
    with pytest.raises(InputError, match="is no folder"):
        load_takes(tmp_path / "none")
    shutil.copytree(folders / "7_0", tmp_path / ".7_0.half")
    with pytest.raises(InputError, match="holds no takes"):
        load_takes(tmp_path)
    take(0).save(tmp_path / "one")
    with pytest.raises(InputError, match=r"has no scene_tracks\.json"):
        load_takes(tmp_path).scene_tracks(0)


def test_a_shard_is_its_content_alone_and_as_large_as_foretold(folders: Path, tmp_path: Path):
    copied = tmp_path / "copied"
    shutil.copytree(folders / "7_1", copied, copy_function=shutil.copyfile)  # of another time
    write_shard(tmp_path / "a.tar", {"x": files_of(folders / "7_1")})
    write_shard(tmp_path / "b.tar", {"x": files_of(copied)})
    data = (tmp_path / "a.tar").read_bytes()
    assert data == (tmp_path / "b.tar").read_bytes()
    assert len(data) == shard_bytes([{path.name: path.stat().st_size for path in copied.iterdir()}])
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert tar.getnames() == [f"x.{name}" for name in sorted(files_of(copied))]
        assert {(member.mtime, member.uid, member.uname) for member in tar} == {(0, 0, "")}


@given(st.lists(st.lists(st.integers(0, 30_000), min_size=1, max_size=8), max_size=6))
def test_sizes_of_shards_are_those_of_tar_files(takes: list[list[int]]):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for size in (size for some in takes for size in some):
            member = tarfile.TarInfo("a")
            member.size = size
            tar.addfile(member, io.BytesIO(bytes(size)))
    named = [{str(index): size for index, size in enumerate(some)} for some in takes]
    assert shard_bytes(named) == len(held.getvalue())


@pytest.mark.parametrize("key", ["", "a.b", "../a", "a/b", "x" * 65])
def test_keys_that_would_not_come_back_are_refused(key: str, folders: Path, tmp_path: Path):
    with pytest.raises(InputError, match="plain names"):
        write_shard(tmp_path / "a.tar", {key: files_of(folders / "7_0")})
    assert list(tmp_path.iterdir()) == []


def member(name: str, **changes: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for attribute, value in changes.items():
        setattr(info, attribute, value)
    return info


@pytest.mark.parametrize(
    ("evil", "message"),
    [
        (member("../../escaped.json"), "no file of this take"),
        (member("/tmp/escaped.json"), "no file of this take"),
        (member("k../escaped.json"), "no file of this take"),
        (member("k.a/b.json"), "no file of this take"),
        (member("other.take.json"), "no file of this take"),
        (member("k.evil.pkl"), "no file of this take"),
        (member("k.link.json", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "no file of this take"),
        (member("k.link.json", type=tarfile.LNKTYPE, linkname="k.take.json"), "no file of this take"),
        (member("k.pipe.json", type=tarfile.FIFOTYPE), "no file of this take"),
        (member("k.folder.json", type=tarfile.DIRTYPE), "no file of this take"),
        (member("k.long.json", type=tarfile.GNUTYPE_LONGNAME), "no file of this take"),
        (member("k.take.json"), "'take.json' twice"),
        (member("k.huge.json", size=8**11 - 1), "ends beyond the take"),
        (member("k.negative.json", size=-1), "ends beyond the take"),
    ],
)
def test_members_that_lead_anywhere_else_are_refused(evil: tarfile.TarInfo, message: str, tmp_path: Path):
    good = member("k.take.json", size=2).tobuf() + b"{}".ljust(512, b"\0")
    header = evil.tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "s.tar").write_bytes(good + header)
    with pytest.raises(InputError, match=message):
        ShardFiles(tmp_path / "s.tar", "k", 0, len(good) + len(header))
    assert [path.name for path in tmp_path.iterdir()] == ["s.tar"]


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 10**6), (512, 512), (7, 1024), (2**63 - 1, 512), (0, 700), (-1, 512)]
)
def test_places_that_are_none_are_refused(offset: int, length: int, folders: Path, tmp_path: Path):
    write_shard(tmp_path / "s.tar", {"k": {"take.json": folders / "7_0" / "take.json"}})
    with pytest.raises(InputError):
        ShardFiles(tmp_path / "s.tar", "k", offset, length)


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=12))
def test_damage_anywhere_is_an_input_error_or_harmless(shards: TakeSet, at: int, noise: bytes):
    stored = shards.stored[0]
    assert isinstance(stored, TakeInShard)
    data = bytearray((stored.folder / stored.row.shard).read_bytes())
    at %= stored.row.length - len(noise)
    data[at : at + len(noise)] = noise
    damaged = stored.folder / "damaged.tar"
    damaged.write_bytes(data)
    row = IndexRow(**{**vars(stored.row), "shard": damaged.name})
    takes = TakeSet((TakeInShard(stored.folder, row),))
    with suppress(InputError):
        assert all(taken.layers[name].values.size for taken in takes for name in taken.layers)
        takes.scene_tracks(0)


@pytest.mark.parametrize("form", ["folders", "shards"])
def test_a_layer_larger_than_its_take_is_not_read(form: str, folders: Path, tmp_path: Path):
    copied = tmp_path / "x"
    shutil.copytree(folders / "7_0", copied)
    with (copied / "depth.safetensors").open("ab") as file:
        file.write(bytes(2 * 1024 * 1024))
    places = write_shard(tmp_path / "s.tar", {"x": files_of(copied)})
    row = IndexRow(key="x", shard="s.tar", **vars(places["x"]), caption="", seed=0, frames=2, width=6, height=4)
    taken = TakeSet((TakeInShard(tmp_path, row),))[0] if form == "shards" else Take.open(copied)
    with pytest.raises(InputError, match=r"depth\.safetensors has 2,097,\d+ bytes; at most 1,048,\d+ are read"):
        taken.layers["depth"]


def test_an_index_brings_the_shards_back(folders: Path, tmp_path: Path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    rows = rows_of(folders, tmp_path)
    write_index(rows, tmp_path / INDEX_FILE)
    assert read_index(tmp_path / INDEX_FILE) == tuple(rows)
    data = (tmp_path / INDEX_FILE).read_bytes()
    write_index(rows, tmp_path / INDEX_FILE)
    assert (tmp_path / INDEX_FILE).read_bytes() == data
    takes = load_takes(tmp_path)
    assert takes.keys == load_takes(folders).keys
    np.testing.assert_array_equal(takes[4].layers["depth"].values, take(4).layers["depth"].values)
    (tmp_path / "takes-1.tar").unlink()
    with pytest.raises(InputError, match=r"takes-1\.tar cannot be read"):
        takes[4]


def row(**changes: object) -> IndexRow:
    about = {"key": "a", "shard": "s.tar", "offset": 0, "length": 512, "sha256": "", "caption": "", "seed": 1}
    return IndexRow(**{**about, "frames": 2, "width": 6, "height": 4, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(shard="../s.tar")], "cannot be a take in a shard"),
        ([row(shard="/etc/passwd")], "cannot be a take in a shard"),
        ([row(key="a.b")], "cannot be a take in a shard"),
        ([row(offset=-512)], "below 0"),
        ([row(), row()], "a key twice"),
    ],
)
def test_an_index_that_lies_is_refused(rows: list[IndexRow], message: str, tmp_path: Path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    write_index(rows, tmp_path / INDEX_FILE)
    with pytest.raises(InputError, match=message):
        load_takes(tmp_path)


def test_other_tables_and_files_are_no_index(tmp_path: Path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    path = tmp_path / INDEX_FILE
    write_index([row()], path)
    table = parquet.read_table(path)

    def refused(message: str, write: Callable[[], object]) -> None:
        write()
        with pytest.raises(InputError, match=message):
            read_index(path)

    parquet.write_table(table, path, compression="zstd")
    assert read_index(path) == (row(),)
    refused("its columns are .*key", lambda: parquet.write_table(table.drop(["seed"]), path))
    nothing = table.set_column(5, "caption", pyarrow.array([None], "string"))
    refused("something else than text in caption", lambda: parquet.write_table(nothing, path))
    halves = table.set_column(6, "seed", pyarrow.array([0.5]))
    refused("something else than whole numbers in seed", lambda: parquet.write_table(halves, path))
    refused("lacks a column", lambda: parquet.write_table(table.drop(["shard"]), path))
    many = table.take(pyarrow.array(np.zeros(1_000_001, np.int64)))
    refused("1,000,001 rows", lambda: parquet.write_table(many, path))
    refused("is damaged", lambda: path.write_bytes(b"PAR1 and no more"))
    refused("is damaged", lambda: path.write_bytes(b""))
    write_index([row()], path)
    data = path.read_bytes()
    refused("is damaged", lambda: path.write_bytes(data[:-20]))


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=3))
def test_damage_anywhere_in_an_index_is_an_input_error_or_harmless(index_folder: Path, at: int, noise: bytes):
    whole = index_folder / INDEX_FILE
    data = bytearray(whole.read_bytes())
    at %= len(data) - len(noise)
    data[at : at + len(noise)] = noise
    (index_folder / "damaged.parquet").write_bytes(data)
    with suppress(InputError):
        assert len(read_index(index_folder / "damaged.parquet")) <= 20


@pytest.fixture(scope="module")
def index_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of twenty rows."""
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    folder = tmp_path_factory.mktemp("index")
    write_index([row(key=f"k{number}", caption="a filmé") for number in range(20)], folder / INDEX_FILE)
    return folder


def test_an_empty_index_has_no_rows(tmp_path: Path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    write_index([], tmp_path / INDEX_FILE)
    assert len(load_takes(tmp_path)) == 0


def test_webdataset_reads_the_shards(folders: Path, tmp_path: Path):
    webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed")
    from safetensors.numpy import load

    rows_of(folders, tmp_path)
    names = [str(tmp_path / f"takes-{number}.tar") for number in range(2)]
    samples = list(webdataset.WebDataset(names, shardshuffle=False))
    assert [sample["__key__"] for sample in samples] == [f"7_{number}" for number in range(COUNT)]
    for number, sample in enumerate(samples):
        assert json.loads(sample["take.json"])["captions"] == [f"film {number}"]
        np.testing.assert_array_equal(load(sample["depth.safetensors"])["depth"], take(number).layers["depth"].values)

"""A finished run becomes an entry whose bytes, scores and origin are on record, or nothing changes at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from kinoeye.base.errors import InputError
from kinoeye.base.run_record import RunRecord
from kinoeye.evaluation import publish as publishing
from kinoeye.evaluation.publish import CURVE_POINTS, Evaluated, TrainingRun, publish, publish_stored, validated
from kinoeye.networks import Phase, open_tensors
from kinoeye.networks.recipe import Batch
from kinoeye.training import fit
from kinoeye.weights import Entry, WeightsIndex, resolve
from kinoeye.weights.index import SHARED
from kinoeye.weights.verified_folder import file_records


@dataclass(frozen=True)
class LineRecipe:
    """Fits a line through noise."""

    noise: float = 0.1
    data: Path = Path("/home/somebody/lines")

    @property
    def phases(self) -> tuple[Phase, ...]:
        return (
            Phase(name="first", steps=40, batch_size=4, lr=1e-2, ema_decay=0.9, checkpoint_every=40),
            Phase(name="second", steps=10, batch_size=4, lr=1e-2, validate_every=5, checkpoint_every=10),
        )

    def build(self, phase: Phase, previous: nn.Module | None) -> nn.Module:
        return previous or nn.Linear(3, 1)

    def batches(self, phase: Phase, *, rank: int, world: int, start: int) -> Iterator[Batch]:
        while True:
            points = torch.randn(phase.batch_size, 3, generator=torch.Generator().manual_seed(start))
            yield {"points": points}
            start += 1

    def loss(self, model: nn.Module, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        return {"loss": ((model(batch["points"])[:, 0] - batch["points"].sum(1)) ** 2).mean()}

    def export(self, model: nn.Module, folder: Path) -> None:
        save_file(model.state_dict(), folder / "model.safetensors")
        (folder / "config.json").write_text("{}")


ARGV = ("train", "gendop", "--preset", "tiny", "-o", "/home/somebody/runs/line", "--steps=50")


def validate(model: nn.Module, phase: Phase, steps: int) -> dict[str, float]:
    return {"error": float(model(torch.ones(1, 3)) - 3)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "line"
    fit(LineRecipe(), folder, seed=3, device="cpu", argv=ARGV, validate=validate)
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    import shutil

    return shutil.copytree(trained, tmp_path / "line")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    WeightsIndex().write(folder)
    return folder


def evaluate(folder: Path) -> Evaluated:
    """Loads what it is given."""
    weights = open_tensors(folder)
    return Evaluated({"mean": float(weights["weight"].float().mean()), "undefined": None}, ("eval", "gendop"))


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_an_entry_says_how_it_was_made_and_how_good_it_is(run: Path, root: Path):
    entry = publish(run, evaluate, name="tiny", root=root)
    folder = resolve("tiny", system="gendop", root=root)
    assert folder.entry == WeightsIndex.read(root).entry("tiny", "gendop")
    assert (entry.system, entry.name, entry.seeds, entry.licence) == ("gendop", "tiny", {"seed": 3}, "Apache-2.0")
    assert entry.command == ("train", "gendop", "--preset", "tiny", "-o", "line", "--steps=50")
    assert "LineRecipe, noise 0.1, data lines; phase first: 40 steps of 4" in entry.data
    assert entry.cpu_seconds > 0
    assert entry.hours >= 0
    assert entry.metrics["undefined"] != entry.metrics["undefined"]
    assert [point.step for point in entry.learning_curve] == [45, 50]
    assert set(entry.learning_curve[0].metrics) == {"error"}
    assert entry.evaluation == ("eval", "gendop")
    stored, exported = load_file(folder.path / "model.safetensors"), load_file(run / "model" / "model.safetensors")
    assert {key: value.dtype for key, value in stored.items()} == dict.fromkeys(exported, torch.float16)
    assert all(torch.equal(stored[key], value.half()) for key, value in exported.items())
    assert entry.metrics["mean"] == float(stored["weight"].float().mean())  # what ships was scored
    assert (folder.path / "model.safetensors").stat().st_mode & 0o044 == 0o044  # others can read what ships
    assert set(contents(root)) == {"weights.json", "gendop/tiny/config.json", "gendop/tiny/model.safetensors"}


def test_publishing_again_replaces_the_entry(run: Path, root: Path):
    publish(run, evaluate, name="tiny", root=root)
    weights = load_file(run / "model" / "model.safetensors")
    save_file({key: value * 0 for key, value in weights.items()}, run / "model" / "model.safetensors")
    publish(run, evaluate, name="tiny", root=root)
    assert resolve("tiny", system="gendop", root=root).entry.metrics["mean"] == 0  # type: ignore[union-attr]
    assert len(WeightsIndex.read(root).entries) == 1


def test_weights_beyond_float16_are_stored_as_bfloat16(run: Path, root: Path):
    file = run / "model" / "model.safetensors"
    save_file({"weight": torch.tensor([[1e6, 2.0, 3.0]]), "count": torch.tensor([7])}, file)
    publish(run, evaluate, name="tiny", root=root)
    stored = load_file(root / "gendop" / "tiny" / "model.safetensors")
    assert stored["weight"].dtype == torch.bfloat16
    assert stored["count"].dtype == torch.int64


def test_over_budget_nothing_changes(run: Path, root: Path, monkeypatch: pytest.MonkeyPatch):
    publish(run, evaluate, name="tiny", root=root)
    before = contents(root)
    monkeypatch.setattr("kinoeye.weights.index.BUDGET_BYTES", 500)
    weights = {"weight": torch.zeros(400, 3)}
    save_file(weights, run / "model" / "model.safetensors")

    def unexpected(folder: Path) -> Evaluated:
        raise AssertionError("what is too large is not scored")

    with pytest.raises(InputError, match="gendop would take"):
        publish(run, unexpected, name="tiny", root=root)
    assert contents(root) == before


@pytest.mark.parametrize("spoiled", ["changed", "dropped"])
def test_what_does_not_read_back_is_refused(spoiled: str, run: Path, root: Path, monkeypatch: pytest.MonkeyPatch):
    def lossy(path: Path, tensors: dict[str, Tensor]) -> None:
        rest = dict(tensors)
        rest["weight"] = rest["weight"] + 1
        if spoiled == "dropped":
            del rest["weight"]
        save_file(rest, path)

    before = contents(root)
    monkeypatch.setattr(publishing, "write_tensors", lossy)
    with pytest.raises(InputError, match="weight does not read back"):
        publish(run, evaluate, name="tiny", root=root)
    assert contents(root) == before


def test_a_failed_evaluation_changes_nothing(run: Path, root: Path):
    publish(run, evaluate, name="tiny", root=root)
    before = contents(root)

    def failing(folder: Path) -> Evaluated:
        raise InputError("the model does not load")

    with pytest.raises(InputError, match="does not load"):
        publish(run, failing, name="tiny", root=root)
    assert contents(root) == before


def test_an_index_that_cannot_be_written_leaves_the_old_weights(run: Path, root: Path, monkeypatch: pytest.MonkeyPatch):
    publish(run, evaluate, name="tiny", root=root)
    before = contents(root)
    save_file({"weight": torch.zeros(1, 3)}, run / "model" / "model.safetensors")

    def full(self: WeightsIndex, root: Path) -> None:
        raise InputError("the disk is full")

    monkeypatch.setattr(WeightsIndex, "write", full)
    with pytest.raises(InputError, match="disk is full"):
        publish(run, evaluate, name="tiny", root=root)
    assert contents(root) == before


def test_weights_that_are_no_numbers_are_refused(run: Path, root: Path):
    save_file({"weight": torch.tensor([float("nan")])}, run / "model" / "model.safetensors")
    with pytest.raises(InputError, match=r"weight of .* has values that are not finite"):
        publish(run, evaluate, name="tiny", root=root)
    assert set(contents(root)) == {"weights.json"}


def test_other_files_do_not_ship(run: Path, root: Path):
    (run / "model" / "optimizer.pt").write_bytes(b"")
    with pytest.raises(InputError, match=r"optimizer\.pt is neither"):
        publish(run, evaluate, name="tiny", root=root)


def test_an_unfinished_run_is_refused(run: Path, root: Path, tmp_path: Path):
    import shutil

    shutil.rmtree(run / "model")
    with pytest.raises(InputError, match="its training has not finished"):
        publish(run, evaluate, name="tiny", root=root)
    with pytest.raises(InputError, match=r"run\.json does not exist"):
        publish(tmp_path, evaluate, name="tiny", root=root)


@pytest.mark.parametrize("name", ["../tiny", ".hidden", "a/b"])
def test_a_name_that_leaves_its_folder_is_refused(name: str, run: Path, root: Path):
    with pytest.raises(InputError, match="plain file name"):
        publish(run, evaluate, name=name, root=root)
    assert set(contents(root)) == {"weights.json"}


def test_a_run_on_another_shared_part_is_refused(run: Path, root: Path):
    shared = publish(run, validated(run), name="codec", system=SHARED, root=root)
    assert set(shared.metrics) == {"error"}
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "weights_sha256": {"codec": shared.sha256}}))
    assert publish(run, evaluate, name="tiny", root=root).depends_on == {"codec": shared.sha256}
    before = contents(root)
    (run / "run.json").write_text(json.dumps({**record, "weights_sha256": {"codec": "0" * 64}}))
    with pytest.raises(InputError, match="was trained on the shared checkpoint 'codec' with sha256 000000000000"):
        publish(run, evaluate, name="other", root=root)
    save_file({"weight": torch.zeros(1, 3)}, run / "model" / "model.safetensors")
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="gendop tiny was trained on the shared checkpoint 'codec'"):
        publish(run, validated(run), name="codec", system=SHARED, root=root)
    assert contents(root) == before


def test_stored_scores_have_no_weights(run: Path, root: Path):
    row = publish_stored(run, evaluate, name="official_architecture", root=root)
    assert WeightsIndex.read(root).stored_rows("gendop")[0].metrics["mean"] == row.metrics["mean"]
    assert set(contents(root)) == {"weights.json"}
    assert row.sha256 == resolve(run / "model", system="gendop", root=root).sha256


def test_a_run_without_validation_has_its_losses_as_curve_and_no_score_of_its_own(trained: Path, tmp_path: Path):
    fit(LineRecipe(), tmp_path / "plain", seed=3, device="cpu", argv=ARGV)
    training = TrainingRun.open(tmp_path / "plain")
    curve = training.learning_curve
    assert len(curve) == CURVE_POINTS
    assert (curve[0].step, curve[-1].step) == (1, 50)
    assert [point.step for point in curve] == sorted({point.step for point in curve})
    with pytest.raises(InputError, match="was never validated"):
        validated(tmp_path / "plain")


def test_a_run_of_another_program_needs_its_system(run: Path, root: Path):
    RunRecord(argv=()).write(run)
    with pytest.raises(InputError, match="does not say which system was trained; give --system"):
        publish(run, evaluate, name="tiny", root=root)
    assert isinstance(publish(run, evaluate, name="tiny", system="gendop", root=root), Entry)


def test_the_checksum_of_an_entry_is_of_what_lies_there(run: Path, root: Path):
    entry = publish(run, evaluate, name="tiny", root=root)
    assert entry.files == file_records(root / "gendop" / "tiny")

"""Training of the released architecture, on a small random network and a film of noise."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_amg_official import IO, full_size, loaded
from torch import Tensor
from training_folder import BASE, CLIPS, base_tensors, recipe_of, write_base, write_features, write_film
from upstream_folder import AUTOENCODER, CHECKPOINT, PIXELS, TEXT_ENCODER, TOKENS, TRAINING, WIDTH, write_latents

from kinoeye.base.errors import InputError
from kinoeye.cli.main import main
from kinoeye.networks import open_tensors
from kinoeye.networks.ddim import NoiseSchedule
from kinoeye.systems.amg import AMG, OfficialAMGPipeline, Quirks
from kinoeye.systems.amg.base_checkpoint import base_config, load_base
from kinoeye.systems.amg.checkpoint import config_of, folder_config, key_map, load_folder
from kinoeye.systems.amg.model import noise_loss
from kinoeye.systems.amg.official_recipe import recompute_blocks
from kinoeye.systems.amg.pairs import PairSource, write_arrays
from kinoeye.systems.amg.published_settings import Training, read_published_settings
from kinoeye.systems.amg.sampling import sample_steps
from kinoeye.systems.amg.training_clips import RenderedClips
from kinoeye.systems.amg.training_settings import TrainingSettings
from kinoeye.training import fit, learning_rate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("training")
    write_base(root / BASE)
    write_film(root)
    write_features(root)
    return root


@pytest.fixture(scope="module")
def run(folder: Path, upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = recipe_of(folder, upstream, held_out=1)
    out = tmp_path_factory.mktemp("run") / "amg"
    phases = [replace(made.phases[0], validate_every=3, checkpoint_every=1)]
    fit(made, out, seed=0, device="cpu", phases=phases, validate=made.validate)
    return out


def test_a_text_to_video_model_is_widened_and_finds_the_same_noise(folder: Path):
    config = base_config(folder / BASE, lora_rank=2, quirks=Quirks.none())
    model = load_base(folder / BASE, config, seed=0)
    entry, base = model.unet.conv_in.weight, base_tensors()["input_blocks.0.0.weight"]
    assert torch.equal(entry[:, :4], base)
    assert not entry[:, 4:].any()
    told = IO["x"], IO["t"], IO["y"]
    with torch.no_grad():
        first = model(told[0], IO["cond"], *told[1:])
        assert torch.equal(first, model(told[0], IO["cond"].flip(0) + 1, *told[1:]))  # avatars are not seen yet
    downs = [value for name, value in model.named_parameters() if ".lora_A." in name]
    drawn = torch.cat([value.detach().flatten() for value in downs])
    assert float(drawn.std()) == pytest.approx(1 / 2, rel=0.05)
    assert not any(value.any() for name, value in model.named_parameters() if ".lora_B." in name)


def test_a_checkpoint_of_amg_is_gone_on_with(upstream: Path):
    kept = load_base(
        upstream / CHECKPOINT, base_config(upstream / CHECKPOINT, lora_rank=4, quirks=Quirks.none()), seed=0
    )
    other = load_base(
        upstream / CHECKPOINT, base_config(upstream / CHECKPOINT, lora_rank=3, quirks=Quirks.none()), seed=0
    )
    released = load_folder(upstream / CHECKPOINT, adapters="kept")[0]
    weights = kept.state_dict()
    assert all(torch.equal(weights[key], value) for key, value in released.state_dict().items())
    told = IO["x"], IO["cond"], IO["t"], IO["y"]
    with torch.no_grad():
        assert float((other(*told) - released(*told)).abs().max()) < 2e-5  # its adapters are in the weights now


def test_what_trains_is_what_the_released_training_trained():
    tensors = full_size()
    config = config_of(tensors)
    assert config.lora_rank == 4
    with torch.device("meta"):
        model = AMG(config)
    names = {name: value.numel() for name, value in model.named_parameters()}
    trained = sum(count for name, count in names.items() if ".lora_" in name or name.startswith("unet.conv_in."))
    assert trained == 1_684_800
    assert sum(names.values()) == 1_412_906_820


def test_a_run_trains_adapters_and_the_input_convolution_and_nothing_else(run: Path, folder: Path, upstream: Path):
    made = recipe_of(folder, upstream, held_out=1)
    model = made.build(made.phases[0], None)
    before = key_map(model.config).to_official(model)
    after = open_tensors(run / "model")
    changed = {key for key, value in before.items() if not torch.equal(value, after[key])}
    trained = {key for key in before if "_lora." in key or key.startswith("input_blocks.0.0.")}
    assert {key for key in trained if "up_linear" in key or key == "input_blocks.0.0.weight"} <= changed <= trained
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["validation"]["held_out"] > 0 for row in rows if "validation" in row] == [True]
    assert set(json.loads((run / "run.json").read_text())["weights_sha256"]) == {"base", "autoencoder"}


def test_what_a_run_exports_films(run: Path, upstream: Path):
    model = run / "model"
    assert folder_config(model).quirks == Quirks.none()
    pipeline = OfficialAMGPipeline.from_pretrained(
        model, autoencoder=upstream / AUTOENCODER, text_encoder=upstream / TEXT_ENCODER, device="cpu"
    )
    latents = torch.randn(4, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    assert pipeline(latents, "a film", seed=0, steps=1).shape == (16, PIXELS, PIXELS, 3)


def test_a_run_that_was_stopped_ends_in_the_same_bits(run: Path, folder: Path, upstream: Path, tmp_path: Path):
    shutil.copytree(run, tmp_path / "again")
    shutil.rmtree(tmp_path / "again" / "model")
    kept = sorted((tmp_path / "again" / "checkpoints").iterdir())
    assert len(kept) == 2
    shutil.rmtree(kept[1])  # as if it was stopped one step before its end
    made = recipe_of(folder, upstream, held_out=1)
    phases = [replace(made.phases[0], validate_every=3, checkpoint_every=1)]
    fit(made, tmp_path / "again", seed=0, device="cpu", phases=phases, validate=made.validate)
    once, again = (open_tensors(place / "model") for place in (run, tmp_path / "again"))
    assert all(torch.equal(once[key], again[key]) for key in once)


def test_processes_share_what_one_alone_sees(folder: Path, upstream: Path, run: Path):
    del run  # it filled the cache
    made = recipe_of(folder, upstream, batch_size=4)
    phase = made.phases[0]
    alone = made.batches(phase, rank=0, world=1, start=0)
    first, second = next(alone), next(alone)
    for number, whole in enumerate((first, second)):
        halves = [next(made.batches(phase, rank=rank, world=2, start=number)) for rank in range(2)]
        for name, value in whole.items():
            assert torch.equal(value, torch.cat([half[name] for half in halves])), name


def test_every_clip_is_seen_before_any_is_seen_again(folder: Path, upstream: Path, run: Path):
    del run
    made = recipe_of(folder, upstream, batch_size=CLIPS)
    films = next(made.batches(made.phases[0], rank=0, world=1, start=0))["film"]
    assert len({tuple(film.flatten()[:8].tolist()) for film in films}) == CLIPS


def test_captions_and_avatars_are_left_out_as_often_as_asked(folder: Path, upstream: Path, run: Path):
    del run
    made = recipe_of(folder, upstream, batch_size=120, caption_dropout=0.3, avatar_dropout=0.2)
    batch = next(made.batches(made.phases[0], rank=0, world=1, start=0))
    empty = made.captions.read("")
    hidden = ~batch["avatar"].flatten(1).any(dim=1)
    untold = (batch["text"] == empty).flatten(1).all(dim=1)
    assert int((hidden & ~untold).sum()) == 0  # what is guided away from has neither
    assert float(hidden.float().mean()) == pytest.approx(0.2, abs=0.08)
    assert float((untold & ~hidden).float().mean()) == pytest.approx(0.3, abs=0.08)
    everything = recipe_of(folder, upstream, batch_size=20, caption_dropout=0, avatar_dropout=0)
    batch = next(everything.batches(everything.phases[0], rank=0, world=1, start=0))
    assert batch["avatar"].flatten(1).any(dim=1).all()
    assert not (batch["text"] == empty).flatten(1).all(dim=1).any()


def test_pictures_are_encoded_once(folder: Path, upstream: Path, run: Path, monkeypatch: pytest.MonkeyPatch):
    del run
    made = recipe_of(folder, upstream)
    clip = made.source.clips(made.settings)[0]
    before = {file: file.stat().st_mtime_ns for file in (folder / "latents").rglob("*.safetensors")}
    made.build(made.phases[0], None)
    assert {file: file.stat().st_mtime_ns for file in (folder / "latents").rglob("*.safetensors")} == before

    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be encoded")

    monkeypatch.setattr("kinoeye.systems.amg.input_cache.load_autoencoder", never)
    made.build(made.phases[0], None)
    made.latents.file(clip.film[0]).unlink()  # as a run leaves it that was stopped
    with pytest.raises(AssertionError, match="encoded"):
        made.build(made.phases[0], None)
    monkeypatch.undo()
    made.build(made.phases[0], None)
    assert set((folder / "latents").rglob("*.safetensors")) == set(before)


def test_latents_are_those_of_the_pipeline(folder: Path, upstream: Path, run: Path):
    made = recipe_of(folder, upstream)
    clip = made.source.clips(made.settings)[0]
    pipeline = OfficialAMGPipeline.from_pretrained(
        run / "model", autoencoder=upstream / AUTOENCODER, text_encoder=upstream / TEXT_ENCODER, device="cpu"
    )
    pictures = made.cropping(clip.avatar[0])
    expected = pipeline.encode(pictures, generator=torch.Generator())
    assert torch.allclose(made.latents.read(clip.avatar)[:, :1], expected, atol=1e-5)
    text = pipeline.features(str(clip.caption))
    assert torch.allclose(made.captions.read(clip.caption), text, atol=1e-6)
    drawn = recipe_of(folder, upstream, quirks=Quirks.official())
    drawn.latents.fill(clip.avatar[:1], torch.device("cpu"))
    assert drawn.latents.file(clip.avatar[0]) != made.latents.file(clip.avatar[0])
    assert not torch.equal(drawn.latents.read(clip.avatar[:1]), expected)


def test_two_scales_guide_away_from_nothing_and_from_the_avatars_alone():
    def ends(avatar: Tensor, text: Tensor, guidance: float = 3.0, avatar_guidance: float = 1.0) -> Tensor:
        scales = {"guidance": guidance, "avatar_guidance": avatar_guidance}
        *_, last = sample_steps(loaded(), IO["noise"], avatar, text, IO["zero_y"], steps=2, **scales)  # type: ignore[arg-type]
        return last.value

    cond, text, empty, nothing = IO["cond"], IO["y"], IO["zero_y"], torch.zeros_like(IO["cond"])
    for scales, expected in (
        ({"guidance": 0, "avatar_guidance": 0}, ends(nothing, empty, guidance=1)),
        ({"guidance": 0, "avatar_guidance": 1}, ends(cond, empty, guidance=1)),
        ({"guidance": 1, "avatar_guidance": 1}, ends(cond, text, guidance=1)),
    ):
        assert torch.allclose(ends(cond, text, **scales), expected, atol=1e-4), scales
    assert not torch.allclose(ends(cond, text, avatar_guidance=2.0), ends(cond, text), atol=1e-3)


def test_worlds_of_our_own_are_clips_too(folder: Path, upstream: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rendered: list[int] = []
    source = RenderedClips(folder=str(tmp_path / "pairs"), count=2, size_wh=(PIXELS, PIXELS))
    made = replace(recipe_of(folder, upstream), source=source)
    rng = np.random.default_rng(0)
    for clip in source.clips(made.settings):  # as rendered ones, of which each takes seconds
        film, avatar = rng.integers(0, 256, (2, 16, PIXELS, PIXELS, 3), dtype=np.uint8)
        write_arrays({"film_rgb": film, "avatar_rgb": avatar, "captions": np.array(["a hall", "in a hall"])},
                     clip.film[0].path)  # fmt: skip
    monkeypatch.setattr(PairSource, "__getitem__", lambda source, index: rendered.append(index))
    made.build(made.phases[0], None)
    assert rendered == [0, 1]
    batch = next(made.batches(made.phases[0], rank=0, world=1, start=0))
    assert batch["film"].shape == batch["avatar"].shape == (2, 4, 16, 4, 4)
    clip = source.clips(made.settings)[0]
    assert len(clip.captions) > 1
    assert all(made.captions.read(caption).shape == (1, TOKENS, WIDTH) for caption in clip.captions)
    with pytest.raises(InputError, match="8 at 8 are asked for"):
        replace(made, settings=replace(made.settings, frames=8))


def test_errors_count_as_their_timesteps_do():
    class Nothing(torch.nn.Module):
        def forward(self, noisy: Tensor, *_: Tensor) -> Tensor:
            return torch.zeros_like(noisy)

    schedule = NoiseSchedule()
    film = noise = torch.ones(1, 4, 2, 2, 2)
    text = torch.zeros(1, 1, 1)
    for timestep in (0, 50, 999):
        ratio = schedule.signal(timestep) / (1 - schedule.signal(timestep))
        found = noise_loss(Nothing(), film, film, text, torch.tensor([timestep]), noise, min_snr=5.0)  # type: ignore[arg-type]
        assert float(found) == pytest.approx(min(ratio, 5.0) / ratio)
        plain = noise_loss(Nothing(), film, film, text, torch.tensor([timestep]), noise)  # type: ignore[arg-type]
        assert float(plain) == 1


def test_blocks_that_are_computed_twice_give_the_same_gradients(folder: Path):
    config = base_config(folder / BASE, lora_rank=2, quirks=Quirks.none())
    gradients = []
    for twice in (False, True):
        model = load_base(folder / BASE, config, seed=0)
        if twice:
            recompute_blocks(model)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            noise_loss(model.train(), IO["loss.x0"], IO["cond"], IO["y"], IO["loss.t"], IO["loss.noise"]).backward()
        found = {name: value.grad for name, value in model.named_parameters() if value.grad is not None}
        gradients.append(found)
    assert gradients[0].keys() == gradients[1].keys()
    assert all(torch.equal(value, gradients[1][name]) for name, value in gradients[0].items())
    assert any(".lora_A." in name for name in gradients[0])


def test_dropout_is_that_of_all_blocks_in_training_and_of_none_in_validation(folder: Path, upstream: Path, run: Path):
    del run
    made = recipe_of(folder, upstream)
    model = made.build(made.phases[0], None)
    for module in model.modules():  # as the loop does with frozen modules
        module.eval()
    model.training = True
    batch = next(made.batches(made.phases[0], rank=0, world=1, start=0))
    found = []
    for seed in (0, 0, 1):
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            found.append(float(made.loss(model, batch, torch.Generator())["loss"]))
    assert found[0] == found[1] != found[2]


def test_the_released_numbers(upstream: Path):
    settings = TrainingSettings.published()
    phase = settings.phase
    assert (phase.lr, phase.weight_decay, phase.clip_norm, phase.ema_decay) == (1e-6, 0.0, None, None)
    assert learning_rate(phase, 0) == pytest.approx(1e-7)
    assert learning_rate(phase, 10) == 1e-6
    assert learning_rate(phase, phase.steps - 1) == pytest.approx(0.996e-6, rel=1e-3)  # of a cosine over a million
    assert learning_rate(replace(phase, steps=1_000_000), 999_999) == pytest.approx(0, abs=1e-15)
    training = read_published_settings(upstream / "train.yaml", quirks=Quirks.official())
    assert isinstance(training, Training)
    assert TrainingSettings.of(training) == replace(settings, steps=1_000_000)


def test_upstreams_own_settings_and_files_train(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    names = [f"film_{number:06d}" for number in range(50)]
    write_latents(tmp_path / "b", names, scale=1.15)
    write_latents(tmp_path / "c", names, seed=1)
    (tmp_path / "a").symlink_to(folder / "features")
    (tmp_path / "d").symlink_to(folder / "zero_y.pth")
    (tmp_path / "models").symlink_to(folder / "models")
    (tmp_path / "train.yaml").write_text(TRAINING)
    argv = ["train", "amg", "--preset", "seed", "--config", str(tmp_path / "train.yaml"), "--root", str(tmp_path)]
    argv += ["--device", "cpu", "--dtype", "fp32", "--steps", "2", "--batch-size", "1", "-o", str(tmp_path / "run")]
    assert main(argv) == 2
    assert "hold out fewer with --hold-out" in capsys.readouterr().err
    assert main([*argv, "--hold-out", "1"]) == 0
    config = folder_config(tmp_path / "run" / "model")
    assert (config.lora_rank, config.quirks) == (4, Quirks.official())
    assert not (tmp_path / "latents").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--init", "nowhere.pth"], "does not exist"),
        (["--init", "vae"], "image autoencoder, not of AMG"),
        (["--film", "nowhere"], "is no folder"),
        (["--captions", "film"], "has no frames"),
        (["--fps", "48"], "0 clips of 16 frames (91 frames long"),
        (["--autoencoder", "base"], "lacks"),
        (["--size", "20"], "multiples of 8"),
        (["--size", "64"], "64 x 64 are filmed"),
        (["--text-encoder", "nowhere"], "nothing is downloaded"),
        (["--lora-rank", "0"], "lora_rank is 0"),
        (["--caption-dropout", "1"], "caption_dropout is 1"),
        (["--ema-decay", "1.5"], "ema_decay"),
        (["--hold-out", "5"], "5 clips and 5 of them are held out"),
        (["--published", "--config", "train.yaml"], "both say how to train"),
        (["--worlds", "3", "--pairs", "pairs"], "leave --film"),
        (["--root", "nowhere"], "give that too"),
        (["--preset", "tiny"], "give --preset seed too"),
        (["--preset", "tiny", "--min-snr", "0"], "--min-snr belong to the released architecture"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_read(
    more: list[str], message: str, folder: Path, upstream: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    def never(*_: object, **__: object) -> None:
        raise AssertionError("weights are read")

    monkeypatch.setattr("kinoeye.systems.amg.official_recipe.load_base", never)
    named = {"vae": upstream / AUTOENCODER, "base": folder / BASE, "film": folder / "film"}
    given = {
        "--preset": "seed", "--init": str(folder / BASE), "--film": str(folder / "film"), "--size": str(PIXELS),
        "--avatars": str(folder / "avatars"), "--captions": str(folder / "captions"), "-o": str(tmp_path / "run"),
        "--autoencoder": str(upstream / AUTOENCODER), "--text-encoder": str(upstream / TEXT_ENCODER),
    }  # fmt: skip
    argv = ["train", "amg", "--device", "cpu"]
    for option, value in given.items():
        argv += [option, value]
    assert main([*argv, *(str(named.get(word, word)) for word in more)]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_files_of_another_size_are_refused(folder: Path, upstream: Path, tmp_path: Path):
    names = [f"film_{number:06d}" for number in range(50)]
    write_latents(tmp_path / "latents", names)
    made = recipe_of(folder, upstream)
    source = replace(made.source, avatars=str(tmp_path / "latents"))  # type: ignore[type-var]
    other = replace(made, source=source)  # of the same size
    with pytest.raises(InputError, match="the film and the avatars' rendering need one shape"):
        replace(other, cropping=replace(made.cropping, size_wh=(24, 24)))


def test_clips_of_several_shapes_are_refused(folder: Path, upstream: Path, run: Path, tmp_path: Path):
    del run
    made = recipe_of(folder, upstream, batch_size=CLIPS)
    shutil.copytree(folder / "features", tmp_path / "captions")
    torch.save(torch.zeros(1, TOKENS + 1, WIDTH), next((tmp_path / "captions").iterdir()))
    source = replace(made.source, captions=str(tmp_path / "captions"))  # type: ignore[type-var]
    with pytest.raises(InputError, match=r"features of captions have shapes .* need one shape"):
        next(replace(made, source=source).batches(made.phases[0], rank=0, world=1, start=0))
    write_latents(folder / "mixed", ["film_000000"])
    shutil.copy(folder / "film" / "film_000001.png", folder / "mixed")
    with pytest.raises(InputError, match="has latents and pictures"):
        replace(made, source=replace(made.source, film=str(folder / "mixed")))  # type: ignore[type-var]

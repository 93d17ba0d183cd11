import pytest
import torch

from kinoeye.base.errors import InputError
from kinoeye.networks.latent_maps import unshuffled, widen_inputs
from kinoeye.networks.windows import averaged, overlapping_windows

diffusers = pytest.importorskip("diffusers")


def test_each_value_of_a_patch_has_a_channel_of_its_own():
    maps = torch.arange(2 * 8 * 8 * 8, dtype=torch.float32).view(1, 2, 8, 8, 8)
    found = unshuffled(maps, frames=4, side=4)
    assert found.shape == (1, 128, 2, 2, 2)
    assert sorted(found.flatten().tolist()) == maps.flatten().tolist()
    patch = maps[0, :, 4:8, 0:4, 4:8]
    assert torch.equal(found[0, :, 1, 0, 1].view(2, 4, 4, 4), patch)


@pytest.mark.parametrize("shape", [(1, 1, 6, 8, 8), (1, 1, 8, 6, 8), (1, 1, 8, 8, 6)])
def test_films_that_do_not_divide_are_refused(shape):
    with pytest.raises(InputError, match="patches of 4 frames"):
        unshuffled(torch.zeros(shape), frames=4, side=4)


def test_new_inputs_change_nothing_until_they_are_trained():
    torch.manual_seed(0)
    model = diffusers.WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=4, out_channels=4, text_dim=8,
        freq_dim=16, ffn_dim=24, num_layers=1, rope_max_seq_len=32,
    ).eval()  # fmt: skip
    latents, text, at = torch.randn(1, 4, 2, 4, 4), torch.randn(1, 3, 8), torch.tensor([500.0])
    before = model(latents, at, text, return_dict=False)[0]
    widen_inputs(model, 5)
    assert model.config.in_channels == 9
    wide = torch.cat([latents, torch.randn(1, 5, 2, 4, 4)], dim=1)
    after = model(wide, at, text, return_dict=False)[0]
    torch.testing.assert_close(after, before)
    after.square().sum().backward()
    assert float(model.patch_embedding.weight.grad[:, 4:].abs().min(dim=1).values.max()) > 0
    rebuilt = diffusers.WanTransformer3DModel.from_config(model.config)
    rebuilt.load_state_dict(model.state_dict())
    torch.testing.assert_close(rebuilt.eval()(wide, at, text, return_dict=False)[0], after)


def test_windows_cover_a_film_and_their_predictions_are_averaged():
    windows = overlapping_windows(11, length=4, overlap=2)
    assert sorted({frame for window in windows for frame in range(11)[window]}) == list(range(11))
    assert all(window.stop - window.start == 4 for window in windows)
    latents = torch.randn(2, 3, 11, 2, 2)
    seen = []

    def predict(part, frames):
        seen.append(frames)
        return part + frames.start

    found = averaged(predict, latents, windows)
    assert seen == windows
    starts = [[window.start for window in windows if window.start <= frame < window.stop] for frame in range(11)]
    shift = torch.tensor([sum(of) / len(of) for of in starts]).view(11, 1, 1)
    torch.testing.assert_close(found, latents + shift)

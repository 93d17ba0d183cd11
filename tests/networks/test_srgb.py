"""Tensors in linear light are those of the renderer's arrays."""

import numpy as np
import torch

from kinoeye.networks.srgb import linear_to_srgb, srgb_to_linear
from kinoeye.render import color


def test_both_ways_are_those_of_the_renderer_and_undo_each_other():
    values = torch.linspace(-0.2, 1.2, 1001, dtype=torch.float64)
    inside = values.clamp(0, 1)
    np.testing.assert_allclose(srgb_to_linear(values), color.srgb_to_linear(inside.numpy()), atol=1e-12)
    np.testing.assert_allclose(linear_to_srgb(values), color.linear_to_srgb(inside.numpy()), atol=1e-12)
    torch.testing.assert_close(linear_to_srgb(srgb_to_linear(inside)), inside, atol=1e-6, rtol=0)

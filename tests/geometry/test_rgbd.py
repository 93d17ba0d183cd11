"""A frame of colour and depth holds together, or says what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from kinoeye.base.errors import InputError
from kinoeye.geometry.rgbd import RGBD


def test_either_layer_alone_is_a_frame():
    assert RGBD(image=np.zeros((4, 6, 3), np.uint8)).depth is None
    assert RGBD(depth=np.ones((4, 6))).image is None


@pytest.mark.parametrize(
    ("image", "depth", "message"),
    [
        (np.zeros((4, 6), np.uint8), None, r"shape \[4, 6\]"),
        (None, np.zeros((4, 6, 1)), r"shape \[4, 6, 1\]"),
        (np.zeros((4, 6, 3), np.uint8), np.zeros((6, 4)), "the depth is 4x6 but the picture 6x4"),
    ],
)
def test_what_does_not_fit_is_refused(image, depth, message):
    with pytest.raises(InputError, match=message):
        RGBD(image=image, depth=depth)

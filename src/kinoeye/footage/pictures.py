"""Pictures of users as arrays, whatever file they are in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinoeye.base.errors import InputError


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The [h, w, 3] picture of a file; grey becomes three equal channels, transparency is left out.

    Raises:
        InputError: the file is missing, no picture, or too large.
    """
    from PIL import Image, UnidentifiedImageError

    if not path.is_file():
        raise InputError(f"{path} does not exist; give a picture")
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} is no picture that can be read: {error}") from error

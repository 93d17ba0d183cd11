"""The defects of the released GenDoP code, each a field that can be kept for parity or mended."""

from __future__ import annotations

from dataclasses import dataclass, fields

from kinoeye.base.quirks import QuirkSet


@dataclass(frozen=True, kw_only=True)
class Quirks(QuirkSet):
    """What the released code does differently from what it says; every field true is that code.

    Example:
        >>> Quirks.mended().truncated_tokens, Quirks.mended().natural_exp_scale
        (True, False)
    """

    truncated_tokens: bool
    """Numbers take the bin below them instead of the nearest; the released checkpoints were trained so."""
    lower_edge: bool
    """Tokens decode to the lower edge of their bin instead of what they most likely stood for."""
    natural_exp_scale: bool
    """The scale is written as a power of ten and read as one of e."""
    unit_scale: bool
    """Decoded paths keep a largest distance of about 1 instead of their scale."""
    square_image: bool
    """Decoded cameras have an image of 512x512 whatever the aspect ratio."""
    missing_end_pose: bool
    """Key poses are every fourth frame, and 120 decoded frames stop short of the last key pose."""
    free_start: bool
    """The first decoded pose is what its tokens say instead of the identity."""
    identity_substitution: bool
    """A decoded rotation that is not orthogonal within 1e-6 becomes the identity."""
    orthogonality_rejection: bool
    """A shot with a rotation that is not orthogonal within about 1e-6 is rejected instead of projected."""
    trace_quaternion: bool
    """Quaternions come from the trace of the rotation, which is inaccurate near half a turn."""
    amplified_noise: bool
    """A static shot's noise is scaled up to the full range of the tokens."""
    misplaced_eos: bool
    """The end token is allowed after 1, 11, 21, ... tokens, and one token more than the poses have is drawn."""
    silent_truncation: bool
    """A caption of more than 77 tokens is cut instead of refused."""
    unscaled_crop: bool
    """Images larger than 512 pixels lose their margins instead of being scaled."""
    fixed_rgbd_caption: bool
    """Training on depth, image and text reads "Concise Interaction" captions whatever key was asked for."""

    @classmethod
    def mended(cls) -> Quirks:
        """Everything mended that the released checkpoints allow: their tokens stay truncated."""
        return cls(**{field.name: field.name == "truncated_tokens" for field in fields(cls)})

"""Compiled products for decoding token by token on a CPU, where reading the weights is the whole cost.

A library's matrix product is written for many rows; here each weight is read once from memory, in order, and used for
the few rows there are. `engine` holds the plain twins.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
BLOCK = 4
"""Rows of the input, and rows of 32-bit weights, that are taken at a time."""


@njit(cache=True, fastmath=True, error_model="numpy")
def one_row(x: Float32, weight: Float32, bias: Float32, out: Float32) -> None:
    """Product: out [n] = weight [n, k] x [k] + bias [n]."""
    for i in range(weight.shape[0]):
        total = np.float32(0)
        for j in range(weight.shape[1]):
            total += weight[i, j] * x[j]
        out[i] = total + bias[i]


@njit(cache=True, fastmath=True, error_model="numpy")
def one_row_int8(x: Float32, weight: NDArray[np.int8], scale: Float32, bias: Float32, out: Float32) -> None:
    """Product: out [n] = scale [n] * (weight [n, k] x [k]) + bias [n]."""
    for i in range(weight.shape[0]):
        total = np.float32(0)
        for j in range(weight.shape[1]):
            total += np.float32(weight[i, j]) * x[j]
        out[i] = total * scale[i] + bias[i]


@njit(cache=True, fastmath=True, error_model="numpy")
def rows(x: Float32, weight: Float32, bias: Float32, out: Float32) -> None:
    """Product: out [r, n] = x [r, k] weight [n, k]^T + bias [n], with r and n multiples of `BLOCK`.

    Sixteen sums are held at once, so that each number that is read takes part in four products.
    """
    zero = np.float32(0)
    for i in range(0, weight.shape[0], BLOCK):
        for r in range(0, x.shape[0], BLOCK):
            s00, s01, s02, s03 = zero, zero, zero, zero
            s10, s11, s12, s13 = zero, zero, zero, zero
            s20, s21, s22, s23 = zero, zero, zero, zero
            s30, s31, s32, s33 = zero, zero, zero, zero
            for j in range(weight.shape[1]):
                w0, w1, w2, w3 = weight[i, j], weight[i + 1, j], weight[i + 2, j], weight[i + 3, j]
                x0, x1, x2, x3 = x[r, j], x[r + 1, j], x[r + 2, j], x[r + 3, j]
                s00 += x0 * w0
                s01 += x0 * w1
                s02 += x0 * w2
                s03 += x0 * w3
                s10 += x1 * w0
                s11 += x1 * w1
                s12 += x1 * w2
                s13 += x1 * w3
                s20 += x2 * w0
                s21 += x2 * w1
                s22 += x2 * w2
                s23 += x2 * w3
                s30 += x3 * w0
                s31 += x3 * w1
                s32 += x3 * w2
                s33 += x3 * w3
            b0, b1, b2, b3 = bias[i], bias[i + 1], bias[i + 2], bias[i + 3]
            out[r, i], out[r, i + 1], out[r, i + 2], out[r, i + 3] = s00 + b0, s01 + b1, s02 + b2, s03 + b3
            out[r + 1, i], out[r + 1, i + 1], out[r + 1, i + 2], out[r + 1, i + 3] = (
                s10 + b0,
                s11 + b1,
                s12 + b2,
                s13 + b3,
            )
            out[r + 2, i], out[r + 2, i + 1], out[r + 2, i + 2], out[r + 2, i + 3] = (
                s20 + b0,
                s21 + b1,
                s22 + b2,
                s23 + b3,
            )
            out[r + 3, i], out[r + 3, i + 1], out[r + 3, i + 2], out[r + 3, i + 3] = (
                s30 + b0,
                s31 + b1,
                s32 + b2,
                s33 + b3,
            )


@njit(cache=True, fastmath=True, error_model="numpy")
def rows_int8(x: Float32, weight: NDArray[np.int8], scale: Float32, bias: Float32, out: Float32) -> None:
    """Product: out [r, n] = scale [n] * (x [r, k] weight [n, k]^T) + bias [n], with r a multiple of `BLOCK`."""
    for i in range(weight.shape[0]):
        for r in range(0, x.shape[0], BLOCK):
            s0, s1, s2, s3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for j in range(weight.shape[1]):
                w = np.float32(weight[i, j])
                s0 += w * x[r, j]
                s1 += w * x[r + 1, j]
                s2 += w * x[r + 2, j]
                s3 += w * x[r + 3, j]
            out[r, i] = s0 * scale[i] + bias[i]
            out[r + 1, i] = s1 * scale[i] + bias[i]
            out[r + 2, i] = s2 * scale[i] + bias[i]
            out[r + 3, i] = s3 * scale[i] + bias[i]


@njit(cache=True, fastmath=True, error_model="numpy")
def attend(
    qkv: Float32,
    prefix_keys: Float32,
    prefix_values: Float32,
    keys: Float32,
    values: Float32,
    start: int,
    scores: Float32,
    out: Float32,
) -> None:
    """Causal attention of new tokens to a prefix that several paths share, to what a path has, and to each other.

    Args:
        qkv: [s, t, 3, h, e] of s paths with t new tokens each.
        prefix_keys: [b, h, c, e]; s is a multiple of b, and the first s / b paths have the first prefix.
        prefix_values: as the keys.
        keys: [s, h, m, e], room for the keys of m tokens; the new ones are written from `start`.
        values: as the keys.
        start: how many tokens each path has.
        scores: [c + m], scratch.
        out: [s, t, h, e].
    """
    paths, steps, _, heads, width = qkv.shape
    copies = paths // prefix_keys.shape[0]
    known = prefix_keys.shape[2]
    factor = np.float32(1 / np.sqrt(width))
    for s in range(paths):
        b = s // copies
        for h in range(heads):
            for i in range(steps):
                for e in range(width):
                    keys[s, h, start + i, e] = qkv[s, i, 1, h, e]
                    values[s, h, start + i, e] = qkv[s, i, 2, h, e]
            for i in range(steps):
                own = start + i + 1
                largest = np.float32(-np.inf)
                for j in range(known):
                    total = np.float32(0)
                    for e in range(width):
                        total += qkv[s, i, 0, h, e] * prefix_keys[b, h, j, e]
                    scores[j] = total * factor
                    largest = max(largest, scores[j])
                for j in range(own):
                    total = np.float32(0)
                    for e in range(width):
                        total += qkv[s, i, 0, h, e] * keys[s, h, j, e]
                    scores[known + j] = total * factor
                    largest = max(largest, scores[known + j])
                total = np.float32(0)
                for j in range(known + own):
                    scores[j] = np.exp(scores[j] - largest)
                    total += scores[j]
                for e in range(width):
                    out[s, i, h, e] = 0
                for j in range(known):
                    for e in range(width):
                        out[s, i, h, e] += scores[j] * prefix_values[b, h, j, e]
                for j in range(own):
                    for e in range(width):
                        out[s, i, h, e] += scores[known + j] * values[s, h, j, e]
                for e in range(width):
                    out[s, i, h, e] /= total

"""The cubic smoothing spline that FITPACK fits by default, in NumPy, which SciPy's UnivariateSpline makes.

Source: Dierckx, Curve and Surface Fitting with Splines (1993), chapters 4 and 5. Knots are added where the residuals
are largest until the least-squares spline is within the smoothing; then the jumps of the third derivative at the knots
are weighed against the residuals so that these are the smoothing to within a thousandth. Sums are added up in
FITPACK's order, since rounding decides between the halves of a symmetric curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kinoeye.geometry.convention import Float64

_DEGREE = 3
_ORDER = _DEGREE + 1
_TOLERANCE = 1e-3
"""Of the sum of squared residuals, as a share of the smoothing."""
_MAX_STEPS = 20
"""Of the search for the weight of the jumps."""


def smoothing_spline(places: Float64, values: Float64, at: Float64) -> Float64:
    """A cubic spline near values [n] at increasing places [n], evaluated at [m] places between the first and the last.

    The sum of squared residuals is at most about n, FITPACK's default smoothing for weights of one.

    Args:
        places: four or more.
        values: one each.
        at: where the spline is asked for.

    Example:
        >>> x = np.linspace(0, 1, 9)
        >>> smoothing_spline(x, 100 * x**3, np.array([0.5])).round(9)
        array([12.5])
    """
    fit = _Fit(np.asarray(places, np.float64), np.asarray(values, np.float64))
    knots, coefficients = fit.smoothed()
    return _evaluated(knots, coefficients, np.asarray(at, np.float64))


@dataclass(frozen=True)
class _LeastSquares:
    """A least-squares spline."""

    knots: Float64
    coefficients: Float64
    residual: float
    """Sum of the squared residuals."""
    diagonal: float
    """Sum of the diagonal of the triangular factor."""


class _Fit:
    def __init__(self, places: Float64, values: Float64) -> None:
        self.places, self.values = places, values
        self.smoothing = float(len(places))
        self.accuracy = _TOLERANCE * self.smoothing

    def smoothed(self) -> tuple[Float64, Float64]:
        """Knots and coefficients."""
        line = found = self._least_squares([])
        count = len(self.places)
        inner: list[int] = []  # the places that are knots, by their numbers
        storage = max(0, count // 2 - 2 * _ORDER)  # SciPy grants so many knots at first, and goes on by one from there
        more, before = 1, line.residual
        while found.residual - self.smoothing >= self.accuracy and len(inner) < count - _ORDER:
            excess, gained = found.residual - self.smoothing, before - found.residual
            if not inner or len(inner) == storage:
                more = 1
            else:
                wanted = int(more * excess / gained) if gained > self.accuracy else 2 * more
                more = min(2 * more, max(wanted, more // 2, 1))
            room = storage - len(inner) if len(inner) < storage else count
            before = found.residual
            inner = self._with_more_knots(inner, found, min(more, room))
            found = self._least_squares(inner)
        if abs(found.residual - self.smoothing) < self.accuracy or not inner:
            return found.knots, found.coefficients
        return found.knots, self._weighed(found, line.residual)

    def _least_squares(self, inner: list[int]) -> _LeastSquares:
        knots = self._knots(inner)
        first, basis = _basis(knots, self.places)
        band, right, lost = _triangular(first, basis, self.values, len(knots) - _ORDER)
        return _LeastSquares(knots, _solved(band, right), lost, sum(row[0] for row in band))

    def _knots(self, inner: list[int]) -> Float64:
        ends = self.places[[0] * _ORDER], self.places[[-1] * _ORDER]
        return np.concatenate([ends[0], self.places[inner], ends[1]])

    def _with_more_knots(self, inner: list[int], found: _LeastSquares, more: int) -> list[int]:
        """Places halfway in those intervals whose residuals are largest; all of them where they would interpolate."""
        squares = ((_evaluated(found.knots, found.coefficients, self.places) - self.values) ** 2).tolist()
        knots = [0, *inner, len(self.places) - 1]
        shares = _shares(squares, knots)
        for _ in range(more):
            free = [end - start - 1 for start, end in pairwise(knots)]
            chosen, largest = -1, 0.0
            for interval, share in enumerate(shares):
                if share > largest and free[interval]:
                    chosen, largest = interval, share
            if chosen < 0:
                break
            left = free[chosen] // 2
            knots.insert(chosen + 1, knots[chosen] + left + 1)
            parts = [largest * part / free[chosen] for part in (left, free[chosen] - left - 1)]
            shares[chosen : chosen + 1] = parts
            if len(knots) - 2 == len(self.places) - _ORDER:
                return list(range(2, len(self.places) - 2))
        return knots[1:-1]

    def _weighed(self, found: _LeastSquares, straight: float) -> Float64:
        """The coefficients whose residuals are the smoothing: a root of the rational F(p) = s (Dierckx, 5.2.3)."""
        first, basis = _basis(found.knots, self.places)
        jumps = _jumps(found.knots)
        size = len(found.knots) - _ORDER
        firsts = np.concatenate([first, np.arange(len(jumps))])
        order = np.argsort(firsts, kind="stable")
        right = np.concatenate([self.values, np.zeros(len(jumps))])[order]
        low, high = (0.0, straight - self.smoothing), (-1.0, found.residual - self.smoothing)
        is_low_sure = is_high_sure = False
        weight = size / found.diagonal
        coefficients = found.coefficients
        for _ in range(_MAX_STEPS):
            rows = np.concatenate([np.pad(basis, ((0, 0), (0, 1))), jumps / weight])[order]
            band, turned, _ = _triangular(firsts[order], rows, right, size)
            coefficients = _solved(band, turned)
            fitted = (coefficients[first[:, None] + np.arange(_ORDER)] * basis).sum(1)
            excess = float(((self.values - fitted) ** 2).sum()) - self.smoothing
            if abs(excess) < self.accuracy:
                break
            here = weight, excess
            if not is_high_sure:
                if excess - high[1] <= self.accuracy:  # the first weight is too large
                    high, weight = here, 0.04 * weight
                    weight = 0.9 * low[0] + 0.1 * here[0] if weight <= low[0] else weight
                    continue
                is_high_sure = excess < 0
            if not is_low_sure:
                if low[1] - excess <= self.accuracy:  # it is too small
                    low, weight = here, weight / 0.04
                    weight = 0.1 * here[0] + 0.9 * high[0] if 0 < high[0] <= weight else weight
                    continue
                is_low_sure = excess > 0
            if not high[1] < excess < low[1]:
                break
            weight = _root(low, here, high)
            low, high = (low, here) if excess < 0 else (here, high)
        return coefficients


def _shares(squares: list[float], knots: list[int]) -> list[float]:
    """The sum of squared residuals in each interval; a place that is a knot counts half in both."""
    shares, total = [], 0.0
    inner = set(knots[1:-1])
    for place, square in enumerate(squares):
        total += square
        if place in inner:
            shares.append(total - 0.5 * square)
            total = 0.5 * square
    return [*shares, total]


def _basis(knots: Float64, at: Float64) -> tuple[NDArray[np.int64], Float64]:
    """The number of the first B-spline that is not zero at each place, and the values [m, 4] of the four of them."""
    last = len(knots) - _ORDER - 1
    span = np.clip(np.searchsorted(knots, at, side="right") - 1, _DEGREE, last)
    values = np.ones((len(at), 1))
    for degree in range(1, _ORDER):
        grown = np.zeros((len(at), degree + 1))
        for i in range(degree):
            right, left = knots[span + i + 1], knots[span + i + 1 - degree]
            share = values[:, i] / (right - left)
            grown[:, i] += share * (right - at)
            grown[:, i + 1] = share * (at - left)
        values = grown
    return span - _DEGREE, values


def _evaluated(knots: Float64, coefficients: Float64, at: Float64) -> Float64:
    first, basis = _basis(knots, at)
    total = np.zeros(len(at))
    for i in range(_ORDER):
        total = total + coefficients[first + i] * basis[:, i]
    return total


def _jumps(knots: Float64) -> Float64:
    """How far the third derivatives of five B-splines jump [inner knots, 5] at each inner knot, in a common unit."""
    inner = len(knots) - 2 * _ORDER
    unit = (knots[-1] - knots[0]) / (inner + 1)
    rows = np.empty((inner, _ORDER + 1))
    for row in range(inner):
        knot = knots[row + _ORDER]
        for i in range(_ORDER + 1):
            support = knots[row + i : row + i + _ORDER + 1]
            others = np.delete(knot - support, _ORDER - i)
            rows[row, i] = (support[-1] - support[0]) * unit**_DEGREE / np.prod(others)
    return rows


def _triangular(
    first: NDArray[np.int64], rows: Float64, right: Float64, size: int
) -> tuple[list[list[float]], list[float], float]:
    """The triangular factor (a band, its diagonal first), the turned right-hand side and the squares that are left.

    Rows [n, width] begin at columns `first`, which do not decrease; each is turned into the factor by Givens rotations.
    """
    width = rows.shape[1]
    band = [[0.0] * width for _ in range(size)]
    turned, lost = [0.0] * size, 0.0
    for column, row, value in zip(first.tolist(), rows.tolist(), right.tolist(), strict=True):
        rest, y = row, value
        for j in range(column, min(column + width, size)):
            pivot = rest[0]
            if pivot:
                kept = band[j]
                norm = _norm(pivot, kept[0])
                cos, sin = kept[0] / norm, pivot / norm
                y, turned[j] = cos * y - sin * turned[j], cos * turned[j] + sin * y
                band[j] = [norm, *(cos * a + sin * b for a, b in zip(kept[1:], rest[1:], strict=True))]
                rest = [rest[0], *(cos * b - sin * a for a, b in zip(kept[1:], rest[1:], strict=True))]
            rest = [*rest[1:], 0.0]
        lost += y * y
    return band, turned, lost


def _norm(pivot: float, diagonal: float) -> float:
    size = abs(pivot)
    if size >= diagonal:
        return size * math.sqrt(1 + (diagonal / pivot) ** 2)
    return diagonal * math.sqrt(1 + (pivot / diagonal) ** 2)


def _solved(band: list[list[float]], right: list[float]) -> Float64:
    """The solution of a triangular system of a band."""
    size = len(band)
    found = [0.0] * size
    for i in range(size - 1, -1, -1):
        total = right[i]
        for offset, factor in enumerate(band[i][1 : size - i], start=1):
            total -= found[i + offset] * factor
        found[i] = total / band[i][0]
    return np.array(found)


def _root(low: tuple[float, float], middle: tuple[float, float], high: tuple[float, float]) -> float:
    """Where the hyperbola through three points (p, f) is zero; p of the last is infinite where it is negative."""
    (p1, f1), (p2, f2), (p3, f3) = low, middle, high
    if p3 <= 0:
        return (p1 * (f1 - f3) * f2 - p2 * (f2 - f3) * f1) / ((f1 - f2) * f3)
    h1, h2, h3 = f1 * (f2 - f3), f2 * (f3 - f1), f3 * (f1 - f2)
    return -(p1 * p2 * h3 + p2 * p3 * h1 + p3 * p1 * h2) / (p1 * h1 + p2 * h2 + p3 * h3)

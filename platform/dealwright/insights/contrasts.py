"""Two groups beside each other, pure: how far their shares differ, how sure that is, and what many tests at once mean.

Shares are hits of cases; differences are percent points with two places. Nothing is said of a group without a case.
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import TYPE_CHECKING

from dealwright.insights.figures import Z95, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal


def newcombe(hits: int, cases: int, other_hits: int, other_cases: int) -> tuple[Decimal, Decimal, Decimal] | None:
    """Return the difference of two shares and its 95 % interval, in percent points; None where one has no case.

    d − √((p₁ − l₁)² + (u₂ − p₂)²) to d + √((u₁ − p₁)² + (p₂ − l₂)²), l and u the ends of Wilson's intervals: R. G.
    Newcombe, "Interval Estimation for the Difference Between Independent Proportions: Comparison of Eleven Methods",
    Statistics in Medicine 17 (1998) 873-890, method 10. It holds for few cases and for shares of 0 and 1.
    """
    if not cases or not other_cases:
        return None
    (p, low, high), (q, other_low, other_high) = _wilson(hits, cases), _wilson(other_hits, other_cases)
    down = sqrt((p - low) ** 2 + (other_high - q) ** 2)
    up = sqrt((high - p) ** 2 + (q - other_low) ** 2)
    return rounded(100 * (p - q)), rounded(100 * (p - q - down)), rounded(100 * (p - q + up))


def _wilson(hits: int, cases: int) -> tuple[float, float, float]:
    """Return a share and the ends of its score interval (:func:`figures.wilson`), unrounded."""
    p, n, z2 = hits / cases, cases, Z95 * Z95
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return p, max(0.0, middle - half), min(1.0, middle + half)


def two_sided(z: float) -> float:
    """Return how often chance alone gives a z as far from 0 as this one, on either side."""
    return erfc(abs(z) / sqrt(2))


def same_share(hits: int, cases: int, other_hits: int, other_cases: int) -> float | None:
    """Return p of the test that two shares do not differ; None where one has no case, or nothing could differ.

    χ² = (ad − bc)² (N − 1) / (m n r s) with one degree of freedom: I. Campbell, "Chi-squared and Fisher-Irwin tests of
    two-by-two tables with small sample recommendations", Statistics in Medicine 26 (2007) 3661-3675, who found the
    "N − 1" form right where every expected number is 1 or more.
    """
    whole, hit = cases + other_cases, hits + other_hits
    margins = cases * other_cases * hit * (whole - hit)
    if not margins:
        return None
    cross = hits * (other_cases - other_hits) - (cases - hits) * other_hits
    return two_sided(sqrt(cross * cross * (whole - 1) / margins))


def corrected(chances: Sequence[float]) -> list[float]:
    """Return the p values of several tests made at once, corrected for their number, in the same order.

    The i-th least of m becomes the least of p·m/j over all j ≥ i, at most 1: Y. Benjamini and Y. Hochberg, "Controlling
    the False Discovery Rate", Journal of the Royal Statistical Society B 57 (1995) 289-300. Of those found below 0.05
    no more than one in twenty is expected to be by chance.
    """
    order = sorted(range(len(chances)), key=lambda i: chances[i], reverse=True)
    found, least = [0.0] * len(chances), 1.0
    for place, i in enumerate(order):
        least = min(least, chances[i] * len(chances) / (len(chances) - place))
        found[i] = least
    return found

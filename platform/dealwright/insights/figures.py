"""Statistics of a few numbers, pure: what SQL has counted becomes shares, intervals, quantiles, curves.

Each formula names its source. Shares are percent with two places, half up; nothing out of nothing is None, never 0.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import accumulate
from math import sqrt
from statistics import median
from typing import Final

_TWO: Final = Decimal("0.01")
#: Quantile of the normal distribution for 95 % on both sides.
Z95: Final = 1.959963984540054
#: A robust z beyond this is an anomaly (Iglewicz and Hoaglin, "How to Detect and Handle Outliers", ASQC 1993, p. 11).
FAR: Final = 3.5


def rounded(value: Fraction | Decimal | float) -> Decimal:
    """Return a number with two places, half up."""
    exact = (
        value if isinstance(value, Decimal) else Decimal(repr(value)) if isinstance(value, float) else _decimal(value)
    )
    return exact.quantize(_TWO, rounding=ROUND_HALF_UP)


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def share(part: int | Decimal, whole: int | Decimal) -> Decimal | None:
    """Return ``part`` of ``whole`` in percent; None where there is nothing to be part of."""
    return rounded(Decimal(part) * 100 / Decimal(whole)) if whole else None


def wilson(hits: int, cases: int) -> tuple[Decimal, Decimal] | None:
    """Return the 95 % score interval of a share, in percent; None without a case.

    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n): E. B. Wilson, "Probable Inference, the Law of Succession, and
    Statistical Inference", JASA 22 (1927) 209-212. It never leaves 0 to 100 and holds for few cases too.
    """
    if not cases:
        return None
    p, n, z2 = hits / cases, cases, Z95 * Z95
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return rounded(max(0.0, middle - half) * 100), rounded(min(1.0, middle + half) * 100)


def quantile(counts: Mapping[int, int], p: Fraction) -> Fraction | None:
    """Return the ``p`` quantile of numbers given as value to count; None of none.

    Linear between the two nearest: h = (n − 1) p, type 7 of R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical
    Packages", The American Statistician 50 (1996) 361-365, which spreadsheets call PERCENTILE.INC.
    """
    order = sorted(counts)
    up_to = list(accumulate(counts[value] for value in order))
    if not up_to or not up_to[-1]:
        return None
    h = (up_to[-1] - 1) * p
    low = h.numerator // h.denominator
    first, second = (order[bisect_right(up_to, place)] for place in (low, min(low + 1, up_to[-1] - 1)))
    return first + (second - first) * (h - low)


def mann_whitney(own: Mapping[int, int], others: Mapping[int, int]) -> float | None:
    """Return z of the test that numbers of one group tend to be greater (above 0) or less than those of another.

    z = (U − nm/2) / √(nm/12 ((N + 1) − Σ(t³ − t) / (N (N − 1)))), U counting for each pair 1 where the own number is the
    greater and ½ where both are equal: H. B. Mann and D. R. Whitney, "On a Test of Whether one of Two Random Variables is
    Stochastically Larger than the Other", Annals of Mathematical Statistics 18 (1947) 50-60, with the usual correction for
    ties. It asks nothing of how times are spread. None where a group is empty or all numbers are equal.

    Args:
        own: Number to how many there are of it.
        others: The same of the other group.
    """
    n, m = sum(own.values()), sum(others.values())
    whole = n + m
    if not n or not m:
        return None
    u, below, ties = 0.0, 0, 0
    for value in sorted(own.keys() | others.keys()):
        mine, theirs = own.get(value, 0), others.get(value, 0)
        u += mine * (below + theirs / 2)
        below += theirs
        ties += (mine + theirs) ** 3 - (mine + theirs)
    spread = n * m / 12 * (whole + 1 - ties / (whole * (whole - 1)))
    return (u - n * m / 2) / sqrt(spread) if spread > 0 else None


def kaplan_meier(ended: Mapping[int, int], lasting: Mapping[int, int]) -> list[tuple[int, float]]:
    """Return the share that still lasts after each time at which one ended, rising in time.

    S(t) = Π (1 − d / n) over the times of an end up to t, d those that end then, n those that had lasted until then:
    E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations", JASA 53 (1958) 457-481. Those
    that still last count as long as they have lasted; at the same time ends come first.

    Args:
        ended: Time to how many ended after it.
        lasting: Time to how many have lasted so long and still last.
    """
    at_risk = sum(ended.values()) + sum(lasting.values())
    left, found = 1.0, []
    for time in sorted(ended.keys() | lasting.keys()):
        ends = ended.get(time, 0)
        if ends:
            left *= 1 - ends / at_risk
            found.append((time, left))
        at_risk -= ends + lasting.get(time, 0)
    return found


def half_gone(curve: Sequence[tuple[int, float]]) -> int | None:
    """Return the first time at which half or less still last; None where more than half last to the end."""
    return next((time for time, left in curve if left <= 0.5 + 1e-12), None)


@dataclass(frozen=True, slots=True)
class Oddness:
    """How far a value lies from those before.

    Attributes:
        usual: Median of those before.
        spread: Their median absolute deviation.
        z: Robust z; None where all before were the same and this one is not (it then counts as far).
        far: Whether it is an anomaly.
    """

    usual: float
    spread: float
    z: float | None
    far: bool


def oddness(value: float, earlier: Sequence[float]) -> Oddness | None:
    """Return how odd a value is beside its own history; None where there are fewer than five values before.

    z = 0.6745 (x − median) / MAD, far beyond :data:`FAR`: B. Iglewicz and D. Hoaglin, "How to Detect and Handle
    Outliers", ASQC 1993. Median and MAD are moved by no single freak. Where more than half of the values are equal the
    MAD is 0; then z = (x − median) / (1.2533 mean absolute deviation), which those authors give for that.
    """
    if len(earlier) < 5:
        return None
    middle = median(earlier)
    deviations = [abs(one - middle) for one in earlier]
    spread = median(deviations)
    if spread:
        z: float | None = 0.6745 * (value - middle) / spread
    elif mean := sum(deviations) / len(deviations):
        z = (value - middle) / (1.253314 * mean)
    else:
        z = 0.0 if value == middle else None
    return Oddness(middle, spread, z, z is None or abs(z) > FAR)


def running(values: Iterable[Decimal]) -> list[Decimal | None]:
    """Return the share of the whole, in percent, that the values up to each make together."""
    known = list(values)
    whole, so_far, found = sum(known, Decimal(0)), Decimal(0), []
    for one in known:
        so_far += one
        found.append(share(so_far, whole))
    return found

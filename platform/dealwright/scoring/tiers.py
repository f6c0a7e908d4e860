"""Tiers: half-open ranges of a score, and the margin that keeps a record from flapping between two.

A tier goes from its bound, which belongs to it, to the bound of the next. With a hysteresis of 5 a record in tier A from
70 stays there down to and including 65, and one below comes up at 75: the bound must be passed by the margin, in either
direction. A record that leaves its tier gets the one that the score lies in.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dealwright.scoring.compiled import CompiledScore


def tier(score: CompiledScore, value: Decimal, held: str | None) -> str | None:
    """Return the tier of a rounded score; None below the lowest bound.

    Args:
        score: With its tiers, the highest first.
        value: The score.
        held: The tier that the record has; None if it has none, or there is no such tier any more.
    """
    above: Decimal | None = None
    for name, start in score.tiers:
        if name == held and start - score.hysteresis <= value and (above is None or value < above + score.hysteresis):
            return held
        above = start
    return next((name for name, start in score.tiers if value >= start), None)


def next_tier(score: CompiledScore, value: Decimal, held: str | None) -> dict[str, Any] | None:
    """Return the next higher tier and what it needs: ``{"id", "from", "missing"}``; None in the highest.

    ``from`` is the score at which the record gets it, the margin included.
    """
    names = [name for name, _ in score.tiers]
    here = names.index(held) if held in names else len(names)
    if here == 0:
        return None
    name, start = score.tiers[here - 1]
    # A record without a tier has none to keep, so it needs the bare bound.
    needed = start + (score.hysteresis if held in names else 0)
    return {"id": name, "from": _plain(needed), "missing": _plain(max(Decimal(0), needed - value))}


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f") if value else "0"

"""Scores: points worked out from a record, the share of each factor, and the tier they fall into. Pure.

    of(catalog, entity)          the scores of an entity, compiled once: what they read, when they go stale
    outcome(compiled, env)       value, tier, coverage and shares of one record
    next_tier(compiled, ...)     what the next tier needs
    watches(catalog, entity)     which changes of an entity's records move scores elsewhere

**The rule of rounding.** Everything is worked out in exact fractions. The score is rounded once, at the end, half up, to
the score's places; the tier is the one of the rounded score, because that is the number people see. Shares are rounded
down and what is missing to the score goes to those that lost most, so the shares shown add up to the score shown.

**The rule of missing inputs.** An input without a value has no share; the others count as if it did not exist, each by
its weight among those that are there. Below ``min_coverage`` of the weight there is no score.
"""

from __future__ import annotations

from dealwright.scoring.compiled import CompiledInput, CompiledScore, of
from dealwright.scoring.outcome import Outcome, Share, outcome
from dealwright.scoring.reach import Watch, watches
from dealwright.scoring.tiers import next_tier, tier

__all__ = [
    "CompiledInput",
    "CompiledScore",
    "Outcome",
    "Share",
    "Watch",
    "next_tier",
    "of",
    "outcome",
    "tier",
    "watches",
]

"""How a drafted score would be spread over the records there are, beside the one in force: nothing is written.

Counted in batches, by a few statements each, over records of which the user may see all that the score looks at; it ends
after :data:`MOST` records or :data:`SECONDS`, and says so.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.errors import NotFoundError
from dealwright.records import needs
from dealwright.records.score_simulation import outcome_of, score_of
from dealwright.records.tally import BATCH, allowed
from dealwright.storage import records as stored
from dealwright.storage import sweeps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.records.work import Work

#: Records and time that a count takes at most, and bars that it is told in.
MOST: Final = 5_000
SECONDS: Final = 3
BARS: Final = 20


def distribution(work: Work, trial: Work, identifier: str) -> dict[str, Any]:
    """Return how many records have which score, by the definitions in force (``work``) and by the draft (``trial``).

    Returns:
        ``records`` that were looked at, and whether that was the ``whole``; ``bars``: of each the bounds ``from`` and
        ``to``, and how many are in it ``before`` and ``after`` (the highest bound belongs to the last); ``tiers``: id,
        ``before``, ``after``, with None for records without one; how many ``changed`` their score and how many ``moved``
        to another tier; ``none``: ``before`` and ``after``, how many have no score.

    Raises:
        NotFoundError: If the draft has no such score.
    """
    old, new = score_of(work.catalog, identifier), score_of(trial.catalog, identifier)
    if new is None:
        raise NotFoundError(f"there is no score “{identifier[:80]}”")
    entity = trial.catalog.entity(new.score.entity)
    read = new.names | new.fields | (old.names | old.fields if old is not None else frozenset())
    wanted, until = needs.sorted_out(entity, read), clock.now() + timedelta(seconds=SECONDS)
    low, high = new.score.low, new.score.high
    bars: dict[str, Counter[int]] = {"before": Counter(), "after": Counter()}
    tiers: dict[str, Counter[str | None]] = {"before": Counter(), "after": Counter()}
    counts: Counter[str] = Counter()
    last, whole = None, True
    while rows := sweeps.page(trial.connection, trial.catalog, entity.id, after=last, limit=BATCH):
        if counts["records"] >= MOST or clock.now() > until:
            whole = False
            break
        last = rows[-1]["id"]
        ids = allowed(trial, entity, [row["id"] for row in rows], read)
        found = stored.get(trial.connection, trial.catalog, entity.id, ids)
        envs = {one: {**found[one], **trial.env, "is_new": False} for one in sorted(found)}
        needs.load(trial, entity, wanted, list(envs.values()))
        for env in envs.values():
            needs.derive(wanted, env)
            held = env.get(new.score.tier_into) if new.score.tier_into else None
            before, after = (outcome_of(one, env, held) for one in (old, new))
            if before["value"] is None and after["value"] is None:
                continue  # the score does not look at it
            counts["records"] += 1
            counts["changed"] += before["value"] != after["value"]
            counts["moved"] += before["tier"] != after["tier"]
            for side, told in (("before", before), ("after", after)):
                _count(bars[side], tiers[side], told, low, high)
    width = (high - low) / BARS
    return {
        "records": counts["records"],
        "whole": whole,
        "changed": counts["changed"],
        "moved": counts["moved"],
        "bars": [
            {"from": low + i * width, "to": low + (i + 1) * width, "before": bars["before"][i], "after": bars["after"][i]}
            for i in range(BARS)
        ],
        "tiers": [
            {"id": one, "before": tiers["before"][one], "after": tiers["after"][one]}
            for one in (*(tier.id for tier in new.score.tiers), None)
            if one is not None or tiers["before"][None] or tiers["after"][None]
        ],
    }  # fmt: skip


def _count(
    bars: Counter[int], tiers: Counter[str | None], told: Mapping[str, Any], low: Decimal, high: Decimal
) -> None:
    if told["value"] is None:
        return
    place = int((Decimal(str(told["value"])) - low) * BARS / (high - low))
    bars[min(max(place, 0), BARS - 1)] += 1
    tiers[told["tier"]] += 1

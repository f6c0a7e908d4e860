"""What a draft score comes to beside the one in force: on every record as it is now, and on what records were in the past."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dealwright import scoring
from dealwright.metadata import scores as defined
from dealwright.records import needs, replay
from dealwright.records.tally import BATCH, Tally, allowed
from dealwright.rules.plain import plain
from dealwright.storage import records as stored
from dealwright.storage import sweeps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records.needs import Needs
    from dealwright.records.tally import Progress
    from dealwright.records.work import Work
    from dealwright.scoring import CompiledScore

_EMPTY = {"value": None, "tier": None}


def score_of(catalog: Catalog, identifier: str) -> CompiledScore | None:
    """Return a score of a catalog, compiled; None if it has none of this id."""
    score = defined.of(catalog).get(identifier)
    if score is None:
        return None
    return next(one for one in scoring.of(catalog, score.entity) if one.id == identifier)


def compared(
    trial: Work, old: CompiledScore | None, new: CompiledScore, since: datetime, progress: Progress
) -> dict[str, Any]:
    """Compare a score with its draft, on active records that the user may see.

    Returns:
        ``records`` and how many ``changed``, with ``moves`` of tiers, as records are now. Of the past: in how many ``states``
        they were since then, of how many of these the draft would have come to something else (``then``), and how often the
        tier of a record changed, by both (``tier_changes``). ``read_as_now`` names what is as it is today in all of them.
    """
    entity = trial.catalog.entity(new.score.entity)
    read = new.names | new.fields | (old.names | old.fields if old is not None else frozenset())
    wanted = needs.sorted_out(entity, read)
    tally, tiers, after = Tally(), Counter[str](), None
    while rows := sweeps.page(trial.connection, trial.catalog, entity.id, after=after, limit=BATCH):
        after = rows[-1]["id"]
        ids = allowed(trial, entity, [row["id"] for row in rows], read)
        found = stored.get(trial.connection, trial.catalog, entity.id, ids)
        envs = {one: {**found[one], **trial.env, "is_new": False} for one in sorted(found)}
        needs.load(trial, entity, wanted, list(envs.values()))
        for identifier, env in envs.items():
            needs.derive(wanted, env)
            held = env.get(new.score.tier_into) if new.score.tier_into else None
            _now(tally, tiers, identifier, *(outcome_of(one, env, held) for one in (old, new)))
        _then(tally, trial, entity, ids, since, wanted, (old, new))
        progress(len(rows))
    told = tally.told("records", "changed", "states", "then")
    moves = [{"from": a or None, "to": b or None, "records": n}
             for (a, _, b), n in sorted((key.partition("→"), n) for key, n in tiers.items())]  # fmt: skip
    changes = {name: tally.counts[name] for name in ("before", "after")}
    as_now = replay.read_as_now(read)
    return {
        "score": new.id, "title": new.score.title, **told, "moves": moves, "tier_changes": changes, "read_as_now": as_now,
    }  # fmt: skip


def _now(tally: Tally, tiers: Counter[str], record: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    told = {"record": record, "before": before, "after": after}
    tally.add("records", told, shown=False)
    if before != after:
        tally.add("changed", told)
    if before["tier"] != after["tier"]:
        tiers[f"{before['tier'] or ''}→{after['tier'] or ''}"] += 1


def _then(
    tally: Tally,
    trial: Work,
    entity: Entity,
    ids: Sequence[str],
    since: datetime,
    wanted: Needs,
    both: tuple[CompiledScore | None, CompiledScore],
) -> None:
    """Compare both in each state that records were in, each going on from its own tier: hysteresis remembers it."""
    histories = replay.histories(trial, entity, ids, since)
    made = {
        record: [
            (start, replay.env(trial, state, start)) for start, state in states if state.get("archived_at") is None
        ]
        for record, states in sorted(histories.items())
    }
    needs.load(trial, entity, wanted, [env for states in made.values() for _, env in states])
    for record, states in made.items():
        known: list[Any] | None = None
        for start, env in states:
            needs.derive(wanted, env)
            held = known
            if held is None:
                held = [env.get(one.score.tier_into) if one and one.score.tier_into else None for one in both]
            before, after = (outcome_of(one, env, tier) for one, tier in zip(both, held, strict=True))
            told = {"record": record, "at": plain(start), "before": before, "after": after}
            tally.add("states", told, shown=False)
            if before != after:
                tally.add("then", told)
            tiers = [before["tier"], after["tier"]]
            if known is not None:
                for name, was, is_now in zip(("before", "after"), known, tiers, strict=True):
                    tally.counts[name] += was != is_now
            known = tiers


def outcome_of(one: CompiledScore | None, env: Mapping[str, Any], held: Any) -> Mapping[str, Any]:
    """Return ``value`` and ``tier`` of a record; both None where there is no score, or it does not look at the record."""
    if one is None or (one.when is not None and one.when.evaluate(env) is not True):
        return _EMPTY
    found = scoring.outcome(one, env, held)
    return {"value": plain(found.value), "tier": found.tier}

"""When a contact is reached best: a statistic over interactions, by weekday and hour of the workspace's zone.

Which interactions count as a success, and of which records it is asked, is metadata (``interaction.success``,
``contact_times``). A contact with too few interactions is answered for by its segment, and that by all contacts.

**Smoothing.** One success of one call is no rate of 100 %. The rate of an hour is the m-estimate
``(successes + m · p) / (interactions + m)``, with ``p`` the rate over all hours of the level and m = 5: an hour counts as if
five more calls had gone as calls go on the whole. (B. Cestnik, "Estimating Probabilities: A Crucial Task in Machine
Learning", ECAI 1990.) Hours of equal rates are told by more interactions first, then by the week.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dealwright import access, conditions
from dealwright.records import past
from dealwright.rules.plain import plain
from dealwright.storage import contact_times as storage
from dealwright.storage import interactions
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work

    #: (Weekday from 1 for Monday, hour) to (interactions, successes).
    Hours = Mapping[tuple[int, int], tuple[int, int]]

#: Weight of the rate over all hours, in interactions.
WEIGHT: Final = 5
MINIMUM: Final = 10
DAYS: Final = 365
#: Hours that are told.
TOLD: Final = 3


def contact_times(work: Work, entity_id: str, record_id: str) -> dict[str, Any]:
    """Return the hours at which a record is reached best, from interactions that the user may see.

    Returns:
        ``{"level", "sample", "successes", "minimum", "segment", "best"}``. ``level`` is ``record``, ``segment`` or ``all``:
        whose interactions answer; ``none`` if there are fewer than ``minimum`` of any, and then ``best`` is empty.
        ``best`` has up to three hours ``{"weekday", "hour", "interactions", "successes", "rate"}``, the best first; an
        hour without a success is not among them.

    Raises:
        NotFoundError: If there is no such record, or the user may not read it.
    """
    seen = past.seen(work, entity_id, record_id)
    entity = work.catalog.entity(entity_id)
    said = entity.document.get("contact_times")
    minimum = int((said or {}).get("minimum", MINIMUM))
    nothing = {"level": "none", "sample": 0, "successes": 0, "minimum": minimum, "segment": None, "best": []}
    if said is None:
        return nothing
    for level, segment, hours in _levels(work, entity, record_id, seen):
        sample, successes = (sum(one[i] for one in hours.values()) for i in (0, 1))
        if sample >= minimum:
            best = ranked(hours)[:TOLD]
            shown = plain(segment)
            return {**nothing, "level": level, "sample": sample, "successes": successes, "segment": shown, "best": best}
    return nothing


def ranked(hours: Hours) -> list[dict[str, Any]]:
    """Return the hours with a success, the best first; pure."""
    sample, reached = (sum(one[i] for one in hours.values()) for i in (0, 1))
    if not sample:
        return []
    overall = Decimal(reached) / sample
    found = [
        (_rate(successes, count, overall), count, weekday, hour, successes)
        for (weekday, hour), (count, successes) in hours.items()
        if successes
    ]
    found.sort(key=lambda one: (-one[0], -one[1], one[2], one[3]))
    return [
        {"weekday": weekday, "hour": hour, "interactions": count, "successes": successes, "rate": format(rate, "f")}
        for rate, count, weekday, hour, successes in found
    ]


def _rate(successes: int, count: int, overall: Decimal) -> Decimal:
    rate = (successes + WEIGHT * overall) / (count + WEIGHT) * 100
    return rate.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def _levels(work: Work, entity: Entity, record_id: str, seen: frozenset[str]) -> Iterator[tuple[str, Any, Hours]]:
    """Yield what is known of the record, of its segment, of all: each asked only if the one before was not enough."""
    yield "record", None, _hours(work, entity, record=record_id)
    field = entity.document["contact_times"].get("segment")
    if field is not None and field in seen:
        row = stored.get(work.connection, work.catalog, entity.id, [record_id])[record_id]
        where = access.criteria(work.catalog, work.user, "read", entity.id, work.tables, work.env, [field])
        if row.get(field) is not None and where is not None:
            yield "segment", row[field], _hours(work, entity, segment=(field, row[field]), whose=where)
    yield "all", None, _hours(work, entity)


def _hours(work: Work, entity: Entity, **which: Any) -> Hours:
    """Return interactions and successes by hour of the week, of all entities that say what success is."""
    zone = ZoneInfo(work.catalog.settings.get("zone", "UTC"))
    days = int(entity.document["contact_times"].get("days", DAYS))
    found: dict[tuple[int, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for source in interactions.sources(work.catalog, entity.id):
        where = _allowed(work, source)
        if where is None:
            continue
        for begin, count, successes in storage.counted(
            work.connection,
            work.catalog,
            source,
            entity.id,
            since=work.now - timedelta(days=days),
            env=work.env,
            where=where,
            **which,
        ):
            here = begin.astimezone(zone)
            key = (here.isoweekday(), here.hour)
            found[key] = (found[key][0] + count, found[key][1] + successes)
    return found


def _allowed(work: Work, source: Entity) -> list[Any] | None:
    """Return which interactions the user may count: those whose record, moment and success are shown; None for none."""
    said = source.interaction
    if said is None or said.success is None:
        return None
    read = {said.about, said.at, *conditions.of(work.catalog, source.id, said.success, "filter").fields}
    if said.when:
        read |= conditions.of(work.catalog, source.id, said.when, "filter").fields
    if not read <= access.rights(work.catalog, work.user, source.id).seen():
        return None
    return access.criteria(work.catalog, work.user, "read", source.id, work.tables, work.env, sorted(read))

"""Working scores out anew where no save does it: inputs that changed elsewhere, days that pass, revisions that go live.

All of it goes in batches of some hundred records, each batch a transaction that leaves behind the timer of the next:
it goes on after a crash where it stood, and no worker leads. A record whose score is what it was is not written at all.
What has changed is a change like any other: an event, a version, and rules wake.
"""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from dealwright import clock, scoring
from dealwright.errors import DealwrightError, UnavailableError
from dealwright.metadata import scores as defined
from dealwright.records import follow, road, scored
from dealwright.records.reach import FAMILY
from dealwright.storage import records as stored
from dealwright.storage import scores, sweeps, timers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work

#: Records in one transaction.
BATCH: Final = 500
#: When scores that change with the days are worked out anew, in the workspace's zone.
NIGHT: Final = time(0, 10)
_log = logging.getLogger(__name__)


def due(work: Work, told: Sequence[Event]) -> None:
    """Carry out timers of the family: of records that a change has moved, and of batches that go on."""
    reached: dict[tuple[str, tuple[str, ...], str], list[str]] = {}
    for event in told:
        kind = str(event.data["name"]).split(":")[1]
        if kind == "reach" and event.record is not None:
            key = (event.data["scored"], tuple(event.data["way"]), event.data.get("after", ""))
            reached.setdefault(key, []).extend(event.data.get("ids", [event.record]))
        elif kind == "batch":
            _batch(work, event)
        elif kind == "night":
            _night(work, str(event.record))
        elif kind == "forget" and scores.forget(work.connection, str(event.record)):
            timers.put(work.connection, [_timer(work, "forget", str(event.record))])
    for (entity_id, way, after), ids in sorted(reached.items()):
        _reached(work, entity_id, way, sorted(set(ids)), after)


def _reached(work: Work, entity_id: str, way: tuple[str, ...], ids: list[str], after: str) -> None:
    entity = work.catalog.entities.get(entity_id)
    if entity is None or not scoring.of(work.catalog, entity_id) or not _leads(work.catalog, entity, way):
        return  # another revision is in force by now; it has left its own batches behind
    found = stored.leading(work.connection, work.catalog, entity_id, way, ids, after=after, limit=BATCH)
    rescore(work, entity, found)
    if len(found) == BATCH:
        name = f"{FAMILY}:reach:{clock.new_id()}"
        data = {"scored": entity_id, "way": list(way), "ids": ids, "after": found[-1]}
        timers.put(work.connection, [timers.Timer(entity_id, ids[0], name, work.now, data)])


def _leads(catalog: Catalog, entity: Entity, way: Sequence[str]) -> bool:
    here: Entity | None = entity
    for step in way:
        field = here.field(step) if here is not None else None
        here = catalog.entities.get(field.to) if field is not None and field.to else None
    return here is not None


def _batch(work: Work, event: Event) -> None:
    """Score the next records of an entity, and leave the rest to the next timer."""
    entity = work.catalog.entities.get(event.entity)
    compiled = scoring.of(work.catalog, entity.id) if entity is not None else ()
    if entity is None or not compiled:
        return
    # One condition may be asked in SQL; where scores have several, each is asked record by record.
    when = compiled[0].when if len(compiled) == 1 else None
    rows = sweeps.page(
        work.connection,
        work.catalog,
        entity.id,
        condition=when,
        env=work.env,
        after=event.data.get("after"),
        limit=BATCH,
    )
    rescore(work, entity, [row["id"] for row in rows])
    if len(rows) == BATCH:
        name = str(event.data["name"])
        more = timers.Timer(entity.id, str(event.record), name, work.now, {"after": rows[-1]["id"]})
        timers.put(work.connection, [more])


def _night(work: Work, entity_id: str) -> None:
    """Begin to score the records of an entity whose scores change with the days, and set the timer of the next night."""
    if entity_id in work.catalog.entities and any(one.ages for one in scoring.of(work.catalog, entity_id)):
        night = timers.Timer(entity_id, entity_id, f"{FAMILY}:night", next_night(work.catalog, work.now))
        batch = timers.Timer(entity_id, entity_id, f"{FAMILY}:batch:{work.env['today()']}", work.now)
        timers.put(work.connection, [night, batch])


def next_night(catalog: Catalog, now: datetime) -> datetime:
    """Return the next moment at which scores are brought up to the day."""
    zone = ZoneInfo(catalog.settings.get("zone", "UTC"))
    here = now.astimezone(zone)
    tonight = datetime.combine(here.date(), NIGHT, zone)
    return tonight if tonight > here else datetime.combine(here.date() + timedelta(days=1), NIGHT, zone)


def went_live(work: Work, before: Catalog | None) -> None:
    """Leave behind what a new revision asks for: records to be scored anew, rows of scores that are no more, nights."""
    old = _versions(before) if before is not None else {}
    new = _versions(work.catalog)
    put = [_timer(work, "forget", identifier) for identifier in sorted(old.keys() - new.keys())]
    changed = {entity for identifier, (entity, version) in new.items() if old.get(identifier) != (entity, version)}
    for entity_id in sorted({entity for entity, _ in new.values()}):
        if entity_id in changed:
            name = f"{FAMILY}:batch:{work.catalog.revision}"
            put.append(timers.Timer(entity_id, entity_id, name, work.now))
        if any(one.ages for one in scoring.of(work.catalog, entity_id)):
            put.append(timers.Timer(entity_id, entity_id, f"{FAMILY}:night", next_night(work.catalog, work.now)))
    timers.put(work.connection, put)


def _versions(catalog: Catalog) -> dict[str, tuple[str, str]]:
    return {
        one.id: (entity_id, one.version)
        for entity_id in {score.entity for score in defined.of(catalog).values()}
        for one in scoring.of(catalog, entity_id)
    }


def _timer(work: Work, kind: str, score: str) -> timers.Timer:
    return timers.Timer("", score, f"{FAMILY}:{kind}:{score}", work.now)


def rescore(work: Work, entity: Entity, ids: Sequence[str]) -> None:
    """Work out the scores of stored records anew, and write those that have changed; set-based.

    A record that cannot be written with its new score (a rule that wakes makes it invalid) keeps the old one and is
    told of in the log; the others are written.
    """
    if not ids:
        return
    try:
        with work.connection.begin_nested():
            _rescore(work, entity, ids)
        return
    except UnavailableError:
        raise
    except DealwrightError:
        _log.warning("scores of %s cannot be written together; one by one now", entity.id, exc_info=True)
    for one in ids:
        try:
            with work.connection.begin_nested():
                _rescore(work, entity, [one])
        except UnavailableError:
            raise
        except DealwrightError:
            _log.exception("the scores of %s %s cannot be written", entity.id, one)


def _rescore(work: Work, entity: Entity, ids: Sequence[str]) -> None:
    compiled = scoring.of(work.catalog, entity.id)
    drafts = [one for one in road.taken(work, entity, ids).values() if one.env["archived_at"] is None]
    kept = scores.about(work.connection, [draft.id for draft in drafts])
    held = {key: one.tier for key, one in kept.items()}
    written: list[scores.Kept] = []
    for draft in drafts:
        scored.put(work.catalog, compiled, draft, held)
        scored.settle(work, entity, draft)
        for one in compiled:
            if (result := draft.scores.get(one.id)) is not None:
                row = scored.row(one, draft.id, result)
                if row != kept.get((draft.id, one.id)):
                    written.append(row)
        draft.scores = {}
    scores.put(work.connection, written, work.now)
    changed: list[Draft] = [draft for draft in drafts if draft.changed]
    if changed:
        effects = follow.decide(work, entity, changed)
        road.write_and_follow(work, entity, changed, effects)

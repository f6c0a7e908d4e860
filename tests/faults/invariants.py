"""What must hold in a workspace after any fault, read from its tables without trusting the code that wrote them.

I1  a record is what the changes of its events lead to
I2  the versions of a record are 1, 2, 3 … without a gap
I3  nothing is there by half: each event has its record, each decision its event, each asked effect its row
I4  a rule acts at most once within a window
I5  what was sent was committed (that everything is sent once is counted at the receiver)
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import events, fields, rules
from dealwright.storage import records as stored
from dealwright.storage import system, tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Connection, Database

#: System fields whose changes the log tells.
TOLD = ("owner", "team", "archived_at", "pipeline", "stage", "stage_entered_at", "status")

Row = dict[str, Any]


def last(database: Database) -> int:
    """Return the number of the last event; what happens later has higher ones."""
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.max(system.event.c.seq))) or 0


def violations(database: Database, catalog: Catalog, sent: Collection[str] = (), since: int = 0) -> list[str]:
    """Return every invariant that does not hold, in words.

    Args:
        database: The workspace, looked at in one state while others may be writing.
        catalog: Its definitions.
        sent: Keys that have reached a receiver.
        since: Look only at the records of events after this one; 0 looks at everything there is.
    """
    with database.read() as connection:
        if database.dialect == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        touched = set(connection.scalars(sa.select(system.event.c.record).where(system.event.c.seq > since)))
        found = {
            table.name: _rows(connection, table, touched if since else None)
            for table in (system.event, system.decision, system.firing)
        }
        events_of = {event["id"] for event in found["dw_event"]}
        messages = [one for one in _rows(connection, system.outbox, None) if not since or one["event"] in events_of]
        keys = set(connection.scalars(sa.select(system.outbox.c.key)))
        requests = connection.scalars(
            sa.select(system.idempotency.c.key).where(system.idempotency.c.status.is_(None))
        ).all()
        records = {
            entity: _records(connection, catalog, entity, touched if since else None) for entity in catalog.entities
        }
        orphans = list(_orphans(connection, catalog))
    log = sorted(found["dw_event"], key=lambda one: int(one["seq"]))
    return [
        *orphans,
        *(f"request {key} is still being worked on" for key in requests),
        *_histories(catalog, records, log),
        *_effects(catalog, log, found["dw_decision"], found["dw_firing"], messages),
        *(f"I5: {key} was sent and is not there" for key in set(sent) - keys),
    ]


def _rows(connection: Connection, table: sa.Table, touched: Collection[str] | None) -> list[Row]:
    statement = sa.select(table) if touched is None else sa.select(table).where(table.c.record.in_(touched))
    return [dict(row) for row in connection.execute(statement).mappings()]


def _records(connection: Connection, catalog: Catalog, entity: str, touched: Collection[str] | None) -> dict[str, Row]:
    table = tables.of(catalog).tables[entity.replace(".", "__")]
    ids = list(touched) if touched is not None else list(connection.scalars(sa.select(table.c.id)))
    return {identifier: dict(row) for identifier, row in stored.get(connection, catalog, entity, ids).items()}


def _orphans(connection: Connection, catalog: Catalog) -> Iterator[str]:
    """Yield rows of records that are not there."""
    for entity in catalog.entities.values():
        whole = tables.of(catalog).tables[entity.id.replace(".", "__")]
        for field in entity.fields.values():
            if field.type == "rows":
                part = tables.of(catalog).tables[f"{whole.name}__{field.id}"]
                for one in connection.scalars(sa.select(part.c.id).where(part.c.parent.not_in(sa.select(whole.c.id)))):
                    yield f"I3: the row {one} of {field.id} has no {entity.id}"


def _histories(catalog: Catalog, records: Mapping[str, Mapping[str, Row]], log: list[Row]) -> Iterator[str]:
    """Hold every record against the fold of its events: I1, I2 and the first part of I3."""
    by_record: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for event in log:
        if event["type"] in events.RECORD_TYPES:
            by_record[event["entity"], event["record"]].append(event)
    for entity, record in by_record:
        if record not in records[entity]:
            yield f"I3: {entity} {record} has events and no row"
    for entity_id, rows in records.items():
        names = [name for name in (*_kept(catalog, entity_id), *TOLD) if name in catalog.entity(entity_id).all_fields()]
        for record, row in rows.items():
            told = by_record.get((entity_id, record), [])
            yield from (f"{said} of {entity_id} {record}" for said in _one(catalog, entity_id, row, told, names))


def _one(catalog: Catalog, entity: str, row: Row, told: list[Row], names: list[str]) -> Iterator[str]:
    versions = [event["version"] for event in told]
    if sorted(set(versions)) != list(range(1, row["version"] + 1)) or versions != sorted(versions):
        yield f"I2: the events have the versions {versions}, the row {row['version']}"
    folded: Row = {}
    for event in told:
        for name, (before, after) in event["changes"].items():
            if folded.get(name) != before:
                yield f"I1: {name} was {folded.get(name)!r}, the next event says {before!r}"
            folded[name] = after
    shown = json.loads(json.dumps(fields.shown(catalog, entity, row), default=str))
    for name in names:
        if folded.get(name) != shown.get(name) and not (folded.get(name) in (None, False, []) and not shown.get(name)):
            yield f"I1: {name} is {shown.get(name)!r}, the events lead to {folded.get(name)!r}"


def _kept(catalog: Catalog, entity: str) -> list[str]:
    """Return the fields that have a place in the table."""
    return [field.id for field in catalog.entity(entity).fields.values() if field.type not in _WORKED_OUT]


_WORKED_OUT = frozenset({"rollup", "lookup", "static"})


def _effects(
    catalog: Catalog, log: list[Row], decisions: list[Row], firings: list[Row], messages: list[Row]
) -> Iterator[str]:
    """Hold what rules decided against what came of it: I3 and I4."""
    known = {event["id"]: event for event in log}
    by_id = {one["id"]: one for one in decisions}
    yield from (f"I3: decision {one['id']} has no event" for one in decisions if one["event"] not in known)
    yield from (f"I3: a firing of {one['rule']} has no decision" for one in firings if one["decision"] not in by_id)
    claimed = {one["decision"] for one in firings}
    acted = [d for d in decisions if d["fired"] and d["mode"] == "live"]
    acted = [d for d in acted if d["window"] in (None, d["event"]) or d["id"] in claimed]
    windows = Counter((d["rule"], d["rule_version"], d["record"], d["window"] or d["event"]) for d in acted)
    yield from (f"I4: {window} acted {count} times" for window, count in windows.items() if count > 1)

    made = Counter((e["cause"], e["data"].get("rule")) for e in log if e["type"] == events.CREATED and e["cause"])
    keys = {one["key"] for one in messages}
    expected: set[str] = set()
    for one in acted:
        actions = [action.do for action in rules.of(catalog).actions(one["rule"])]
        wanted = sum(do in ("create_task", "create_record") for do in actions)
        if made.pop((one["event"], one["rule"]), 0) != wanted:
            yield f"I3: {one['rule']} asked for {wanted} records on {one['record']}, and there are others"
        expected |= {f"{one['id']}:{i}:0" for i, do in enumerate(actions) if do == "call_webhook"}
    yield from (
        f"I3: {count} records by {rule} that no decision asked for" for (_, rule), count in made.items() if rule
    )
    yield from (f"I3: the message {key} is not in the outbox" for key in expected - keys)
    yield from (f"I3: nothing has decided on the message {key}" for key in keys - expected)

"""Which records may not stand beside each other: unique values, and suspicious duplicates.

Asked before a write, so that a person is told which record is in the way. The unique indexes hold the same rules
against two writes at the same moment.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions import sql
from dealwright.storage import tables
from dealwright.storage.several import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection
    from dealwright.storage.tables import Layout, Rule

#: Suspicious records that one statement returns at most; a rule that matches more tells nothing.
MOST_DUPLICATES = 1000


@dataclass(frozen=True, slots=True)
class Clash:
    """Two records with the same values.

    Attributes:
        index: Place of the record among those that were handed in, from 0.
        rule: Id of the unique or duplicates rule.
        kind: ``unique`` or ``duplicate``.
        other: Id of the other record, stored or handed in before.
    """

    index: int
    rule: str
    kind: str
    other: str


def clashes(connection: Connection, catalog: Catalog, entity: str, rows: Sequence[Mapping[str, Any]]) -> list[Clash]:
    """Return with what the records would clash if they were written, among each other too. One statement a rule.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        entity: Their entity.
        rows: Whole typed records, each with its ``id``, whether stored already or not. What the database holds of
            these very records does not count: they are compared as they are here.

    Returns:
        At most one clash for each record and rule, in the order of rules and records. A record with an empty value
        among those compared clashes with nothing, nor does one that is archived.
    """
    layout = tables.layout(catalog, entity)
    handed_in = {row["id"] for row in rows}
    found: list[Clash] = []
    for rule in layout.rules:
        wanted: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for index, row in enumerate(rows):
            key = _key(layout, rule, row)
            if key is not None:
                wanted[key].append(index)
        if not wanted:
            continue
        stored: dict[tuple[Any, ...], str] = {}
        for key, identifier in _stored(connection, catalog, layout, rule, list(wanted)):
            if identifier not in handed_in:
                stored.setdefault(key, identifier)
        for key, indexes in wanted.items():
            first = stored.get(key)
            if first is None:
                first, indexes = rows[indexes[0]]["id"], indexes[1:]
            found += [Clash(index, rule.id, rule.kind, first) for index in indexes]
    return found


def _key(layout: Layout, rule: Rule, row: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return what a record is compared by; None if this rule does not look at it."""
    if rule.when is None and row.get("archived_at") is not None:
        return None
    if rule.when is not None and rule.when.evaluate(row) is not True:
        return None
    values = []
    for column in rule.columns:
        field, make = layout.compared.get(column, (column, None))
        value = row.get(field)
        if value is not None and make is not None:
            value = make(value)
        if value is None:
            return None
        values.append(value)
    return tuple(values)


def _stored(
    connection: Connection, catalog: Catalog, layout: Layout, rule: Rule, keys: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield the stored records that have one of the keys.

    Each column is looked for by itself, which the index serves; what has one value of this and another of that key is
    sorted out by the caller, who looks keys up whole.
    """
    statement: sa.Select[Any] = catalog.once(
        ("storage.clashes", layout.entity.id, rule.id, rule.kind), lambda: _statement(catalog, layout, rule)
    )
    for some in chunks(keys):
        values = {f"in{i}": list({key[i] for key in some}) for i in range(len(rule.columns))}
        for identifier, *key in connection.execute(statement, values):
            yield tuple(key), identifier


def _statement(catalog: Catalog, layout: Layout, rule: Rule) -> sa.Select[Any]:
    table = layout.table
    columns = [table.c[name] for name in rule.columns]
    if rule.when is None:
        counted: sa.ColumnElement[bool] = table.c.archived_at.is_(None)
    else:
        counted = sql.criteria(rule.when, tables.of(catalog), table, catalog, {})
    alike = [column.in_(sa.bindparam(f"in{i}", expanding=True)) for i, column in enumerate(columns)]
    statement = sa.select(table.c.id, *columns).where(counted, *alike).order_by(table.c.id)
    return statement.limit(MOST_DUPLICATES) if rule.kind == "duplicate" else statement

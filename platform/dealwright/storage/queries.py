"""Lists of records: pages, groups, a search. Every statement carries the criteria that the caller hands in.

Pages are read by key, not by number: the cursor says after which record to go on, so a page deep in a list costs what the
first one costs, and records that come or go meanwhile are neither shown twice nor make others disappear. An empty value
is smaller than every other: first in rising order, last in falling order, on both databases.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions import sql
from dealwright.errors import QueryError, UnknownFieldError
from dealwright.storage import cursors, rates, tables
from dealwright.storage.database import PLANNED_ANEW
from dealwright.storage.records import fill_parts
from dealwright.storage.several import chunks, possible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection
    from dealwright.storage.tables import Layout

#: Records are counted up to here; beyond, a page says "more than".
COUNTED = 10_000
#: Groups that one question may have.
MOST_GROUPS = 10_000
#: Currencies that amounts of one group may be in before the question is refused as too fine.
MOST_CURRENCIES = 20
#: Records that a search looks for in each entity, whatever its limit.
MOST_HITS = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Records in order.

    Attributes:
        rows: Typed records, with the fields asked for.
        next_cursor: Opaque text that asks for what follows; None at the end.
        count: How many records meet the criteria; None if it was not asked for.
        count_is_exact: False where counting stopped at :data:`COUNTED`.
    """

    rows: list[dict[str, Any]]
    next_cursor: str | None
    count: int | None
    count_is_exact: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that a search found, with the value of its display field."""

    entity: str
    id: str
    title: str


def page(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    *,
    where: Sequence[sa.ColumnElement[bool]],
    sort: Sequence[tuple[str, bool]],
    env: Mapping[str, Any],
    fields: Collection[str] | None = None,
    size: int = 50,
    cursor: str | None = None,
    count: bool | str = False,
    archived: bool = False,
    search: str | None = None,
    search_in: Sequence[str] = (),
) -> Page:
    """Return a page of records: one statement, one for each list field that is asked for, and one to count.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        entity: Id of the entity.
        where: Criteria that a record must meet, all of them.
        sort: ``(path, descending)``, most important first; the id decides between equals.
        env: ``user.…``, ``now()`` and ``today()`` for computed fields in ``sort``.
        fields: Fields to read; None for all. ``id`` and ``version`` always come with them.
        size: Records on the page.
        cursor: ``next_cursor`` of the page before, with the same sort.
        count: Whether to count; ``"exact"`` for the whole number whatever it costs.
        archived: Whether archived records are among them.
        search: Text that the display field contains, capitals or not.
        search_in: Fields of texts that may contain it as well.

    Raises:
        QueryError: If the cursor is none of this sort.
        UnknownFieldError: If the sort names a field that does not exist.
    """
    layout = tables.layout(catalog, entity)
    table = layout.table
    criteria = [*where]
    if not archived:
        criteria.append(table.c.archived_at.is_(None))
    if search:
        criteria.append(_contains(layout, search, search_in))
    keys = [(expression(catalog, layout, path, env), descending) for path, descending in sort if path != "id"]
    last_way = dict(sort).get("id", bool(sort) and sort[-1][1])
    keys.append((table.c.id, last_way))
    names = layout.names if fields is None else _read_names(layout, fields)
    statement = sa.select(*(table.c[name] for name in names), *(key for key, _ in keys)).where(*criteria)
    mark = cursors.mark(entity, sort)
    if cursor is not None:
        values = cursors.read(cursor, mark, [key.type for key, _ in keys])
        statement = statement.where(_after(keys, values))
    statement = statement.order_by(*(_ordered(key, descending) for key, descending in keys)).limit(size + 1)
    found = connection.execute(statement, execution_options=PLANNED_ANEW).all()
    rows = [dict(zip(names, row, strict=False)) for row in found[:size]]
    more = len(found) > size
    parts = layout.parts if fields is None else [name for name in layout.parts if name in fields]
    if rows and parts:
        fill_parts(connection, catalog, layout, {row["id"]: row for row in rows}, parts)
    number, exact = None, True
    if count:
        number, exact = len(rows), True
        if more or cursor is not None:
            number, exact = _count(connection, table, criteria, exact=count == "exact")
    following = cursors.write(mark, found[size - 1][len(names) :]) if more else None
    return Page(rows, following, number, exact)


def ids(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    wanted: Iterable[str],
    where: Sequence[sa.ColumnElement[bool]],
) -> set[str]:
    """Return those of the ids whose records meet the criteria; archived ones count."""
    table = tables.layout(catalog, entity).table
    found: set[str] = set()
    for some in chunks(possible(wanted)):
        found.update(connection.scalars(sa.select(table.c.id).where(table.c.id.in_(some), *where)))
    return found


def displays(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    wanted: Iterable[str],
    where: Sequence[sa.ColumnElement[bool]],
) -> dict[str, str]:
    """Return the names of records for people, by id; the id itself where the display field is empty."""
    layout = tables.layout(catalog, entity)
    display = _display(layout)
    found: dict[str, str] = {}
    for some in chunks(possible(wanted)):
        statement = sa.select(layout.table.c.id, display).where(layout.table.c.id.in_(some), *where)
        for identifier, title in connection.execute(statement):
            found[identifier] = identifier if title is None else str(title)
    return found


def aggregate(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    *,
    where: Sequence[sa.ColumnElement[bool]],
    group: Sequence[str],
    measures: Sequence[tuple[str, str | None]],
    env: Mapping[str, Any],
    currency: str | None = None,
    on: date | None = None,
    search: str | None = None,
    search_in: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return counts and totals of active records by group, in the order of the keys; one statement, and one for rates.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        entity: Id of the entity.
        where: Criteria that a record must meet, all of them.
        group: Fields or dotted paths; none for one group of all records.
        measures: ``(operation, path)``: ``sum``, ``avg``, ``min``, ``max`` of a path, or ``count`` with None.
        env: ``user.…``, ``now()`` and ``today()`` for computed fields.
        currency: Into which amounts with a currency of their own are converted; None for the workspace's.
        on: The day whose rates are taken; None for today.
        search: Text that the display field contains, capitals or not.
        search_in: Fields of texts that may contain it as well.

    Returns:
        For each group ``key`` (path to typed value), ``count``, and ``operation:path`` for each other measure. Sums
        and averages of nothing are None; averages are exact to six places. A measure over amounts in a currency that
        has no rate is None, and ``problems`` of the group says so.

    Raises:
        QueryError: If there are more than :data:`MOST_GROUPS` groups.
        UnknownFieldError: If a path names a field that does not exist.
    """
    layout = tables.layout(catalog, entity)
    keys = [expression(catalog, layout, path, env) for path in group]
    asked = [(operation, path) for operation, path in measures if operation != "count" and path is not None]
    owned = [path for _, path in asked if rates.own_currency(catalog, layout.entity, path)]
    paid = {path: expression(catalog, layout, f"{path}__currency", env) for path in owned}
    columns: list[sa.ColumnElement[Any]] = [sa.func.count()]
    for operation, path in asked:
        value = expression(catalog, layout, path, env)
        if operation == "avg":  # divided in Python: an average of scaled numbers would be a binary float on SQLite
            columns += [sa.func.sum(value), sa.func.count(value)]
        elif operation == "sum" and isinstance(value.type, sa.Integer):
            columns.append(sa.cast(sa.func.sum(value), sa.BigInteger))  # PostgreSQL adds whole numbers up to decimals
        else:
            columns.append(_MEASURES[operation](value))
    by = [*keys, *paid.values()]
    most = MOST_GROUPS * (MOST_CURRENCIES if paid else 1)
    statement = sa.select(*by, *columns).where(layout.table.c.archived_at.is_(None), *where)
    if search:
        statement = statement.where(_contains(layout, search, search_in))
    if by:
        statement = statement.group_by(*by).order_by(*(_ordered(key, False) for key in keys)).limit(most + 1)
    rows = connection.execute(statement, execution_options=PLANNED_ANEW).all()
    if len(rows) > most:
        raise QueryError(f"there are more than {most} groups by {', '.join(group)}; group by something coarser")
    if paid:
        known = rates.on(connection, catalog, currency or rates.workspace_currency(catalog), on or env["today()"])
        return _merged(rows, group, asked, list(paid), known)
    return [_group(row, group, asked) for row in rows]


def _merged(
    rows: Sequence[sa.Row[Any]],
    group: Sequence[str],
    asked: Sequence[tuple[str, str]],
    paid: Sequence[str],
    known: rates.Rates,
) -> list[dict[str, Any]]:
    """Put the rows of one group together that differ in their currencies, each amount converted."""
    groups: dict[tuple[Any, ...], list[tuple[dict[str, str], dict[str, Any]]]] = {}
    for row in rows:
        head, currencies = tuple(row[: len(group)]), row[len(group) : len(group) + len(paid)]
        rest = row[len(group) + len(paid) :]
        groups.setdefault(head, []).append((dict(zip(paid, currencies, strict=True)), _measured(rest, asked)))
    if len(groups) > MOST_GROUPS:
        raise QueryError(f"there are more than {MOST_GROUPS} groups by {', '.join(group)}; group by something coarser")
    if not groups and not group:
        groups[()] = []
    return [
        {"key": dict(zip(group, head, strict=True)), **_together(parts, asked, known)} for head, parts in groups.items()
    ]


def _measured(values: Sequence[Any], asked: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the count, and for each measure its value and of how many values it is."""
    rest = iter(values)
    found: dict[str, Any] = {"count": next(rest)}
    for operation, path in asked:
        value = next(rest)
        found[f"{operation}:{path}"] = (value, next(rest) if operation == "avg" else 1)
    return found


def _together(
    parts: Sequence[tuple[dict[str, str], dict[str, Any]]], asked: Sequence[tuple[str, str]], known: rates.Rates
) -> dict[str, Any]:
    found: dict[str, Any] = {"count": sum(measured["count"] for _, measured in parts)}
    problems = []
    for operation, path in asked:
        name = f"{operation}:{path}"
        there = [(paid.get(path), *measured[name]) for paid, measured in parts if measured[name][0] is not None]
        if all(currency is None for currency, _, _ in there):
            found[name] = _plainly(operation, [(value, count) for _, value, count in there])
            continue
        amounts = [rates.Part(str(currency), Decimal(value), count) for currency, value, count in there]
        lacking = known.missing(amounts)
        found[name] = None if lacking else known.total(operation, amounts)
        if lacking:
            problems.append(known.problem(f"/{name}", lacking))
    return {**found, "problems": problems} if problems else found


def _plainly(operation: str, values: Sequence[tuple[Any, int]]) -> Any:
    """Return a measure of groups out of those of their parts, which have no currency of their own."""
    if not values:
        return None
    if operation in ("min", "max"):
        return (min if operation == "min" else max)(value for value, _ in values)
    total = sum((value for value, _ in values[1:]), values[0][0])
    return (Decimal(total) / sum(count for _, count in values)).quantize(_AVERAGE) if operation == "avg" else total


def search(
    connection: Connection,
    catalog: Catalog,
    places: Sequence[tuple[str, Sequence[sa.ColumnElement[bool]], Sequence[str]]],
    text: str,
    limit: int,
) -> list[Hit]:
    """Return active records whose display field or texts contain a text, capitals or not; one statement for all entities.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        places: Entities, each with the criteria that its records must meet, and the fields of texts that are looked into
            as well. One without a display field is left out.
        text: What to look for.
        limit: How many at most, entity by entity, the newest first.
    """
    selects: list[sa.Select[Any]] = []
    entities: list[str] = []
    for entity, where, fields in places:
        layout = tables.layout(catalog, entity)
        if layout.entity.display is None or layout.entity.display not in layout.columns:
            continue
        table = layout.table
        part = (
            sa.select(
                sa.literal_column(str(len(entities))).label("place"),
                table.c.id.label("id"),
                sa.cast(_display(layout), sa.Text).label("title"),
            )
            .where(_contains(layout, text, fields), table.c.archived_at.is_(None), *where)
            .order_by(table.c.id.desc())
            .limit(min(limit, MOST_HITS))
        )
        entities.append(entity)
        selects.append(sa.select(part.subquery()))
    if not selects:
        return []
    whole = selects[0] if len(selects) == 1 else sa.union_all(*selects)
    rows = connection.execute(whole, execution_options=PLANNED_ANEW).all()
    return [Hit(entities[place], identifier, title) for place, identifier, title in rows][:limit]


def expression(catalog: Catalog, layout: Layout, path: str, env: Mapping[str, Any]) -> sa.ColumnElement[Any]:
    """Return what a field or dotted path is in a statement over the entity's table.

    Raises:
        UnknownFieldError: If there is no such field.
    """
    if path in layout.columns:
        return layout.table.c[path]
    first = layout.entity.field(path.partition(".")[0])
    if first is None or path in layout.parts:
        raise UnknownFieldError(f"there is no field “{path[:80]}” to sort or group by")
    return sql.value(path, tables.of(catalog), layout.table, catalog, env)


_MEASURES: Mapping[str, Any] = {"sum": sa.func.sum, "min": sa.func.min, "max": sa.func.max}
_AVERAGE = Decimal("0.000001")


def _group(row: sa.Row[Any], group: Sequence[str], asked: Sequence[tuple[str, str]]) -> dict[str, Any]:
    values = iter(row)
    found: dict[str, Any] = {"key": {path: next(values) for path in group}, "count": next(values)}
    for operation, path in asked:
        value = next(values)
        if operation == "avg":
            number = next(values)
            value = (Decimal(value) / number).quantize(_AVERAGE) if number else None
        found[f"{operation}:{path}"] = value
    return found


def _read_names(layout: Layout, fields: Collection[str]) -> tuple[str, ...]:
    """Return the columns of some fields, in order; money with its own currency has two."""
    wanted = {"id", "version", *fields, *(f"{name}__currency" for name in fields)}
    return tuple(name for name in layout.names if name in wanted)


def _display(layout: Layout) -> sa.ColumnElement[Any]:
    name = layout.entity.display
    return layout.table.c[name] if name in layout.columns else layout.table.c.id


def _contains(layout: Layout, text: str, fields: Sequence[str] = ()) -> sa.ColumnElement[bool]:
    wanted = text.replace("\0", "").encode(errors="ignore").decode()  # what no column can hold
    looked = [_display(layout), *(layout.table.c[name] for name in fields if name in layout.columns)]
    return sa.or_(*(sa.cast(column, sa.Text).icontains(wanted, autoescape=True) for column in looked))


def _ordered(key: sa.ColumnElement[Any], descending: bool) -> sa.ColumnElement[Any]:
    if not _can_be_empty(key):
        return key.desc() if descending else key.asc()
    return key.desc().nulls_last() if descending else key.asc().nulls_first()


def _can_be_empty(key: sa.ColumnElement[Any]) -> bool:
    return not (isinstance(key, sa.Column) and not key.nullable)


def _after(keys: Sequence[tuple[sa.ColumnElement[Any], bool]], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Return what comes after a record with these values of the keys: by the first, or by the next among equals."""
    bound = [
        None if value is None else sa.literal(value, key.type) for (key, _), value in zip(keys, values, strict=True)
    ]
    if _as_one(keys, bound):
        # One comparison of rows, which a database answers from the middle of an index over just these columns.
        together, limit = sa.tuple_(*(key for key, _ in keys)), sa.tuple_(*bound)
        return together < limit if keys[0][1] else together > limit
    result: sa.ColumnElement[bool] = sa.false()
    for (key, descending), value in reversed(list(zip(keys, bound, strict=True))):
        equal = key.is_(None) if value is None else key == value
        result = sa.or_(_beyond(key, descending, value), sa.and_(equal, result))
    return result


def _as_one(keys: Sequence[tuple[sa.ColumnElement[Any], bool]], bound: Sequence[Any]) -> bool:
    """Tell whether SQL's own comparison of rows is the order of the list.

    It is if all keys go one way and nothing empty is compared: a row with an empty key is neither smaller nor greater in
    SQL, which is right in rising order, where it comes before.
    """
    rising = not keys[0][1]
    return all(
        descending != rising and value is not None and (rising or not _can_be_empty(key))
        for (key, descending), value in zip(keys, bound, strict=True)
    )


def _beyond(
    key: sa.ColumnElement[Any], descending: bool, value: sa.BindParameter[Any] | None
) -> sa.ColumnElement[bool]:
    if value is None:
        return sa.false() if descending else key.is_not(None)
    if not descending:
        return key > value
    below: sa.ColumnElement[bool] = key < value
    return sa.or_(below, key.is_(None)) if _can_be_empty(key) else below


def _count(
    connection: Connection, table: sa.Table, criteria: Sequence[sa.ColumnElement[bool]], *, exact: bool
) -> tuple[int, bool]:
    if exact:
        every = sa.select(sa.func.count()).select_from(table).where(*criteria)
        whole: int = connection.execute(every, execution_options=PLANNED_ANEW).scalar_one()
        return whole, True
    some = sa.select(sa.literal_column("1")).select_from(table).where(*criteria).limit(COUNTED + 1).subquery()
    counted = sa.select(sa.func.count()).select_from(some)
    number: int = connection.execute(counted, execution_options=PLANNED_ANEW).scalar_one()
    return min(number, COUNTED), number <= COUNTED

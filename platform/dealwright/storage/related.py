"""What a record needs to know of other records: whether they exist, their values, their totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import conditions
from dealwright.conditions import sql
from dealwright.conditions.sql.types import Id, UtcDateTime
from dealwright.errors import NotFoundError
from dealwright.fields.plan import namespace
from dealwright.metadata import names
from dealwright.storage import rates, tables
from dealwright.storage.several import chunks, possible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.storage.database import Connection


def exists(connection: Connection, wanted: Mapping[str, Collection[str]]) -> dict[str, dict[str, bool]]:
    """Return which records exist: entity to id to whether it is archived. One statement for all entities.

    Args:
        connection: The transaction.
        wanted: Entity to ids; every entity has a table.
    """
    found: dict[str, dict[str, bool]] = {entity: {} for entity in wanted}
    asked = {entity: ids for entity, some in wanted.items() if (ids := possible(some))}
    while asked:
        some = {entity: next(iter(chunks(ids))) for entity, ids in asked.items()}
        entities = tuple(some)
        values = {f"ids{i}": list(some[entity]) for i, entity in enumerate(entities)}
        for number, identifier, archived in connection.execute(_existing(entities), values):
            found[entities[number]][identifier] = archived
        asked = {entity: rest for entity, ids in asked.items() if (rest := ids[len(some[entity]) :])}
    return found


@lru_cache(maxsize=512)
def _existing(entities: tuple[str, ...]) -> sa.Executable:
    selects = []
    for i, entity in enumerate(entities):
        table = sa.Table(
            names.table_name(entity), sa.MetaData(), sa.Column("id", Id), sa.Column("archived_at", UtcDateTime)
        )
        there = table.c.id.in_(sa.bindparam(f"ids{i}", expanding=True))
        selects.append(sa.select(sa.literal_column(str(i)), table.c.id, table.c.archived_at.is_not(None)).where(there))
    return selects[0] if len(selects) == 1 else sa.union_all(*selects)


def paths(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    rows: Sequence[Mapping[str, Any]],
    wanted: Collection[str],
    *,
    inside: str | None = None,
    env: Mapping[str, Any] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Return the values of dotted paths, such as ``account.owner.name``, for records that need not be stored yet.

    One statement for each different first step, with a join for each further one.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        entity: Entity of the rows.
        rows: Typed records; only their references are read.
        wanted: Paths; each step but the last is a reference.
        inside: The ``rows`` field of the entity whose rows these are; None for records.
        env: ``user.…``, ``now()`` and ``today()``, for roll-ups and ages at the end of a path.

    Returns:
        For each row its paths with typed values; None where a reference is empty or leads nowhere.
    """
    found: list[dict[str, Any]] = [dict.fromkeys(wanted) for _ in rows]
    by_step: dict[str, list[str]] = defaultdict(list)
    for path in sorted(wanted):
        by_step[path.partition(".")[0]].append(path)
    for step, those in by_step.items():
        targets = possible(row[step] for row in rows if row.get(step) is not None)
        if not targets:
            continue
        statement = _path_statement(catalog, entity, inside, step, tuple(those), env)
        values: dict[str, Sequence[Any]] = {}
        for ids in chunks(targets):
            for identifier, *rest in connection.execute(statement, {"ids__": ids}):
                values[identifier] = rest
        for row, into in zip(rows, found, strict=True):
            reached = values.get(row.get(step) or "")
            if reached is not None:
                into.update(zip(those, reached, strict=True))
    return found


def _path_statement(
    catalog: Catalog, entity: str, inside: str | None, step: str, wanted: tuple[str, ...], env: Mapping[str, Any]
) -> sa.Select[Any]:
    return _made(
        catalog,
        ("storage.paths", entity, inside, step, wanted),
        lambda env: _make_path_statement(catalog, entity, inside, step, wanted, env),
        env,
    )


class _Noted(Mapping[str, Any]):
    """An env that notes what of it is used."""

    def __init__(self, env: Mapping[str, Any]) -> None:
        self._env = env
        self.used: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        self.used[name] = self._env.get(name)
        return self._env[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._env)

    def __len__(self) -> int:
        return len(self._env)


def _made(
    catalog: Catalog,
    key: tuple[Any, ...],
    make: Callable[[Mapping[str, Any]], sa.Select[Any]],
    env: Mapping[str, Any],
) -> sa.Select[Any]:
    """Return a statement, made anew only where what it holds of the env, such as the day, is other than the last time."""
    last: list[tuple[dict[str, Any], sa.Select[Any]]] = catalog.once(key, list)
    for used, statement in last[:]:
        if all(env.get(name) == value for name, value in used.items()):
            return statement
    noted = _Noted(env)
    made = make(noted)
    last[:] = [(noted.used, made)]  # one that threads may replace for each other: each has its own in hand
    return made


def _make_path_statement(
    catalog: Catalog, entity: str, inside: str | None, step: str, wanted: tuple[str, ...], env: Mapping[str, Any]
) -> sa.Select[Any]:
    metadata = tables.of(catalog)
    first = _target(catalog, catalog.entity(entity), step, inside)
    root = metadata.tables[names.table_name(first.id)].alias()
    aliases: dict[str, tuple[Entity, sa.FromClause]] = {"": (first, root)}
    source: sa.FromClause = root
    columns: list[sa.ColumnElement[Any]] = []
    for path in wanted:
        *between, last = path.split(".")[1:]
        at = ""
        for hop in between:
            further = f"{at}.{hop}"
            if further not in aliases:
                here, alias = aliases[at]
                to = _target(catalog, here, hop)
                joined = metadata.tables[names.table_name(to.id)].alias()
                source = source.outerjoin(joined, joined.c.id == alias.c[hop])
                aliases[further] = (to, joined)
            at = further
        alias = aliases[at][1]
        columns.append(alias.c[last] if last in alias.c else sql.value(last, metadata, alias, catalog, env))
    of_these = root.c.id.in_(sa.bindparam("ids__", expanding=True))
    return sa.select(root.c.id, *columns).select_from(source).where(of_these)


def _target(catalog: Catalog, entity: Entity, step: str, inside: str | None = None) -> Entity:
    field = entity.field(step) if inside is None else (entity.fields[inside].items or {}).get(step)
    if field is None or field.type not in tables.REFERENCES or field.to is None:
        raise NotFoundError(f"“{step}” of {entity.id} is no reference, so no path leads through it")
    return catalog.entity(field.to)


def rollups(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    ids: Collection[str],
    wanted: Iterable[str],
    env: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Return counts and totals over the active records that refer to each of these records.

    One statement for each field, whatever the number of records.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        entity: Entity of the records.
        ids: The records.
        wanted: Fields of type ``rollup``.
        env: ``user.…``, ``now()`` and ``today()`` for the fields' filters.

    Returns:
        Id to field to value. Over nothing, ``count`` and ``sum`` are zero, the others are empty.
    """
    sought = possible(ids)
    found: dict[str, dict[str, Any]] = {identifier: {} for identifier in sought}
    for name in wanted:
        field = catalog.entity(entity).fields[name]
        measure = field.spec["measure"]
        nothing = {"count": 0, "sum": _zero(catalog, field)}.get(measure)
        for values in found.values():
            values[name] = nothing
        if measure != "count" and rates.own_currency(
            catalog, catalog.entity(field.spec["of"]), str(field.spec["value"])
        ):
            _converted(connection, catalog, entity, field, sought, found, env)
            continue
        statement = _rollup_statement(catalog, entity, field, env)
        for some in chunks(sought):
            for identifier, *totals in connection.execute(statement, {"ids__": some}):
                if measure == "avg":
                    total, count = totals
                    found[identifier][name] = Decimal(total) / count if count else None
                elif totals[0] is not None:
                    found[identifier][name] = totals[0]
    return found


def _converted(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    field: Field,
    ids: Sequence[str],
    found: Mapping[str, dict[str, Any]],
    env: Mapping[str, Any],
) -> None:
    """Fill a roll-up over amounts with currencies of their own, in the workspace's, by today's rates.

    It is empty for a record among whose amounts one has no rate: never a sum without it.
    """
    measure, name = field.spec["measure"], field.spec["value"]
    parts: dict[str, list[rates.Part]] = defaultdict(list)
    statement = _rollup_statement(catalog, entity, field, env, f"{name}__currency")
    for some in chunks(ids):
        for identifier, currency, value, *count in connection.execute(statement, {"ids__": some}):
            if value is not None:
                parts[identifier].append(rates.Part(currency, Decimal(value), count[0] if count else 1))
    if not parts:
        return
    known = rates.on(connection, catalog, rates.workspace_currency(catalog), env["today()"])
    for identifier, some_parts in parts.items():
        lacking = known.missing(some_parts)
        found[identifier][field.id] = None if lacking else known.total(measure, some_parts)


def _rollup_statement(
    catalog: Catalog, entity: str, field: Field, env: Mapping[str, Any], also: str | None = None
) -> sa.Select[Any]:
    """Return the statement of a roll-up by record; ``also`` is a column that it is taken apart by."""
    return _made(
        catalog,
        ("storage.rollup", entity, field.id, also),
        lambda env: _make_rollup_statement(catalog, entity, field, env, also),
        env,
    )


def _make_rollup_statement(
    catalog: Catalog, entity: str, field: Field, env: Mapping[str, Any], also: str | None
) -> sa.Select[Any]:
    metadata = tables.of(catalog)
    table = metadata.tables[names.table_name(field.spec["of"])]
    via = table.c[field.spec["via"]]
    where: list[sa.ColumnElement[bool]] = [
        via.in_(sa.bindparam("ids__", expanding=True)),
        table.c.archived_at.is_(None),
    ]
    if source := field.spec.get("filter"):
        own = namespace(field.id, entity)
        condition = conditions.of(catalog, field.spec["of"], source, "filter", namespace=own)
        where.append(sql.criteria(condition, metadata, table, catalog, env))
    by = [via] if also is None else [via, table.c[also]]
    return sa.select(*by, *_measure(field, table)).where(*where).group_by(*by)


def _measure(field: Field, table: sa.Table) -> list[sa.ColumnElement[Any]]:
    measure = field.spec["measure"]
    if measure == "count":
        return [sa.func.count()]
    value = table.c[field.spec["value"]]
    if measure == "avg":  # divided in Python: an average of scaled numbers would be a binary float on SQLite
        return [sa.func.sum(value), sa.func.count(value)]
    if measure == "sum" and isinstance(value.type, sa.Integer):  # PostgreSQL adds whole numbers up to decimals
        return [sa.cast(sa.func.sum(value), sa.BigInteger)]
    totals: Mapping[str, Any] = {"sum": sa.func.sum, "min": sa.func.min, "max": sa.func.max}
    return [totals[measure](value)]


def _zero(catalog: Catalog, field: Field) -> Any:
    """Return nothing in the type of what is summed."""
    value = catalog.entity(field.spec["of"]).field(field.spec.get("value", ""))
    return 0 if value is None or value.type in ("integer", "rating") else Decimal(0)


def find_by(
    connection: Connection, catalog: Catalog, entity: str, field: str, values: Collection[Any]
) -> dict[Any, list[str]]:
    """Return the active records whose field has one of these typed values: value to ids, oldest first.

    A value that no record has is left out.
    """
    table = tables.layout(catalog, entity).table
    column = table.c[field]
    wanted = [one for one in dict.fromkeys(values) if not isinstance(one, str) or "\0" not in one]
    found: dict[Any, list[str]] = defaultdict(list)
    for some in chunks(wanted):
        statement = sa.select(column, table.c.id).where(column.in_(some), table.c.archived_at.is_(None))
        for value, identifier in connection.execute(statement.order_by(table.c.id)):
            found[value].append(identifier)
    return dict(found)


def find_together(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    names: Sequence[str],
    wanted: Collection[tuple[Any, ...]],
) -> dict[tuple[Any, ...], list[str]]:
    """Return the active records whose fields have one of these combinations of typed values, to ids, oldest first.

    None stands for an empty field. One statement for a few hundred combinations; those that no record has are left out.
    """
    table = tables.layout(catalog, entity).table
    columns = [table.c[name] for name in names]
    asked = {one for one in wanted if not any(isinstance(value, str) and "\0" in value for value in one)}
    found: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for some in chunks(list(asked)):
        where: list[sa.ColumnElement[bool]] = [table.c.archived_at.is_(None)]
        for i, column in enumerate(columns):
            values = {one[i] for one in some}
            there = column.in_([value for value in values if value is not None])
            where.append(sa.or_(there, column.is_(None)) if None in values else there)
        # Each field by itself is a little too much: what is together is seen here.
        for identifier, *held in connection.execute(sa.select(table.c.id, *columns).where(*where).order_by(table.c.id)):
            if (values_ := tuple(held)) in asked:
                found[values_].append(identifier)
    return dict(found)


def referring(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    field: str,
    ids: Collection[str],
    *,
    archived_at: datetime | None = None,
) -> list[str]:
    """Return the ids of the records of ``entity`` whose reference ``field`` names one of ``ids``.

    Those that are active, or those that were archived at the moment ``archived_at``.
    """
    table = tables.layout(catalog, entity).table
    state = table.c.archived_at.is_(None) if archived_at is None else table.c.archived_at == archived_at
    found: list[str] = []
    for some in chunks(possible(ids)):
        statement = sa.select(table.c.id).where(table.c[field].in_(some), state)
        found += connection.scalars(statement.order_by(table.c.id))
    return found


def leading(
    connection: Connection,
    catalog: Catalog,
    entity: str,
    way: Sequence[str],
    ids: Collection[str],
    *,
    after: str = "",
    limit: int = 500,
) -> list[str]:
    """Return the next active records of ``entity`` from which a way over references leads to one of ``ids``.

    One statement, whatever the length of the way.

    Args:
        connection: The transaction.
        catalog: The definitions in force.
        entity: Where the way begins.
        way: References, one after the other; with none the records are ``ids`` themselves.
        ids: Where it ends; at most as many as fit one statement.
        after: Id of the last one of the page before.
        limit: How many at most, in the order of their ids.
    """
    steps: list[sa.Table] = []
    here = catalog.entity(entity)
    for step in way:
        steps.append(tables.layout(catalog, here.id).table)
        here = _target(catalog, here, step)
    table = tables.layout(catalog, entity).table
    end: Any = list(possible(ids))
    for step, link in zip(reversed(way), reversed(steps), strict=True):
        end = sa.select(link.c.id).where(link.c[step].in_(end))
    statement = sa.select(table.c.id).where(table.c.id.in_(end), table.c.archived_at.is_(None), table.c.id > after)
    return list(connection.scalars(statement.order_by(table.c.id).limit(limit)))


def active(connection: Connection, catalog: Catalog, entity: str, ids: Collection[str]) -> set[str]:
    """Return those of ``ids`` that are records of ``entity`` and not archived."""
    table = tables.layout(catalog, entity).table
    found: set[str] = set()
    for some in chunks(possible(ids)):
        statement = sa.select(table.c.id).where(table.c.id.in_(some), table.c.archived_at.is_(None))
        found.update(connection.scalars(statement))
    return found

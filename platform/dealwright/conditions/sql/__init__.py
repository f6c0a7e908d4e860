"""Conditions as SQLAlchemy expressions, for SQLite and PostgreSQL alike.

    criteria(...)   a WHERE without joins: row permissions, filters, UPDATE and DELETE
    select(...)     ids of the records that meet a condition, references joined once each
    value(...)      a field, a path over references or a formula, to sort, group or show

Which database it will be is decided only when SQL is written, so none of them asks. On SQLite each connection must
have been through :func:`prepare`. What is the same for all records is worked out first and bound as one value:
the same condition always makes the same statement, and SQLAlchemy's cache holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright.conditions.condition import Condition
from dealwright.conditions.scope import NameFault, Scope
from dealwright.conditions.sql.criteria import Truths
from dealwright.conditions.sql.functions import member
from dealwright.conditions.sql.reach import Frame
from dealwright.conditions.sql.sqlite import prepare
from dealwright.conditions.syntax import Name, Node
from dealwright.errors import QueryError, UnknownFieldError
from dealwright.metadata import names

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog

#: Kinds of value that rows can be sorted and grouped by.
_PLAIN = frozenset({"boolean", "integer", "decimal", "text", "date", "datetime", "time", "duration", "reference"})


def criteria(
    condition: Condition,
    metadata: sa.MetaData,
    table: sa.FromClause,
    catalog: Catalog,
    env: Mapping[str, Any],
) -> sa.ColumnElement[bool]:
    """Return a condition as one WHERE criterion that needs no join.

    Args:
        condition: A checked condition of the entity that ``table`` holds.
        metadata: The tables of the catalog.
        table: The table of the entity, or an alias of it; it must be in the FROM of the statement.
        catalog: The definitions in force.
        env: What is the same for all records: ``now()``, ``today()``, ``user.…``, ``record.…``.
    """
    builder = Truths(metadata, catalog, env, Frame(table, condition.entity))
    return builder.truth(condition.ast, builder.root, True)


def select(
    condition: Condition,
    metadata: sa.MetaData,
    table: sa.FromClause,
    catalog: Catalog,
    env: Mapping[str, Any],
) -> sa.Select[tuple[str]]:
    """Return a SELECT of the ids of the records that meet a condition, with a LEFT JOIN for each reference.

    The arguments are those of :func:`criteria`. A record is never listed twice: only to-one references are joined.
    """
    builder = Truths(metadata, catalog, env, Frame(table, condition.entity), joins=True)
    where = builder.truth(condition.ast, builder.root, True)
    source = builder.source if builder.source is not None else table
    return sa.select(table.c.id).select_from(source).where(where)


def value(
    of: str | Condition,
    metadata: sa.MetaData,
    table: sa.FromClause,
    catalog: Catalog,
    env: Mapping[str, Any],
) -> sa.ColumnElement[Any]:
    """Return a field, a dotted path over references, or the value of a condition or formula, for each record.

    A path becomes a subquery of one value, so that no join is needed.

    Raises:
        UnknownFieldError: If a path leads nowhere.
        QueryError: If it leads to something of many values, which cannot be sorted or grouped.
    """
    if isinstance(of, Condition):
        entity_id, tree = of.entity, of.ast
    else:
        entity_id = _entity(table, catalog)
        tree = catalog.once(("conditions.path", entity_id, of), lambda: _path(of, entity_id, catalog))
    builder = Truths(metadata, catalog, env, Frame(table, entity_id))
    return builder.value(tree, builder.root)


def _entity(table: sa.FromClause, catalog: Catalog) -> str:
    by_table = catalog.once(
        "conditions.tables", lambda: {names.table_name(entity): entity for entity in catalog.entities}
    )
    while isinstance(table, sa.Alias):
        table = table.element
    return by_table[getattr(table, "name", "")]


def _path(path: str, entity_id: str, catalog: Catalog) -> Node:
    scope = Scope(catalog, catalog.entity(entity_id), "formula", names.namespace_of(entity_id))
    try:
        found = scope.resolve(Name(tuple(path.split(".")), at=(0, len(path))))
    except NameFault as fault:
        raise UnknownFieldError(str(fault)) from None
    if found.type.kind not in _PLAIN:
        raise QueryError(f"“{path}” is {found.type.noun}: it cannot be sorted, grouped or compared as one value")
    return found


__all__ = ["criteria", "member", "prepare", "select", "value"]

"""Row rules as SQL criteria: every statement that reads records for somebody carries them."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING, Any

from dealwright.access.rights import path_seen, rights
from dealwright.conditions import sql
from dealwright.errors import UnknownFieldError
from dealwright.metadata import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement, MetaData

    from dealwright.access.rights import EntityGrant
    from dealwright.access.users import User
    from dealwright.metadata.catalog import Catalog


def criteria(
    catalog: Catalog,
    user: User,
    op: str,
    entity_id: str,
    tables: MetaData,
    env: Mapping[str, Any],
    fields: Iterable[str] = (),
) -> list[ColumnElement[bool]] | None:
    """Return what a record must meet for the user to do ``op`` with it; all of the list, none if it is empty.

    Args:
        catalog: The definitions in force.
        user: Who asks.
        op: An operation such as ``read``.
        entity_id: Id of the entity.
        tables: Tables of the catalog.
        env: ``user.…``, ``now()`` and ``today()``.
        fields: Own fields that the request looks at (filter, sort, group, measure). A record on which one of them may
            not be seen is left out, as otherwise its place or its absence would tell the value.

    Returns:
        None if the user may do ``op`` with no record at all.

    Raises:
        UnknownFieldError: If one of ``fields`` may be seen on no record.
    """
    held = [grant for grant in rights(catalog, user, entity_id).grants if op in grant.ops]
    if not held:
        return None
    table = tables.tables[names.table_name(entity_id)]

    def any_of(grants: list[EntityGrant]) -> list[ColumnElement[bool]]:
        if any(grant.rows is None for grant in grants):
            return []
        clauses = [sql.criteria(g.rows, tables, table, catalog, env) for g in grants if g.rows is not None]
        return [reduce(operator.or_, clauses)]

    asked = any_of(held)
    for name in fields:
        showing = [grant for grant in held if name in grant.see]
        if not showing:
            raise UnknownFieldError(f"there is no field “{name}”")
        if showing != held:
            asked += any_of(showing)
    return asked


def first_steps(catalog: Catalog, user: User, entity_id: str, paths: Iterable[str]) -> frozenset[str]:
    """Return the own fields that paths start with, having made sure that the user may follow each to its end.

    Raises:
        UnknownFieldError: If a step does not exist or may not be seen; the answer is the same.
    """
    entity = catalog.entity(entity_id)
    seen = rights(catalog, user, entity_id).seen()
    steps = set()
    for path in paths:
        first, dot, _ = path.partition(".")
        if first not in seen or (dot and not path_seen(catalog, user.roles, entity, path)):
            raise UnknownFieldError(f"there is no field “{path}”")
        steps.add(first)
    return frozenset(steps)

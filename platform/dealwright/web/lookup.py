"""Which records a reference field offers: their name holds what was typed, they may be seen, they fit ``where``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dealwright import access, fields
from dealwright.conditions import sql
from dealwright.errors import NotFoundError, RecordError
from dealwright.metadata import names
from dealwright.records import read
from dealwright.storage import queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Work

#: Most records that are offered at once; typing more narrows them.
MOST = 12


def candidates(work: Work, entity: Entity, path: str, text: str, given: Mapping[str, str]) -> list[dict[str, str]]:
    """Return records to choose from, in the order of their names.

    Args:
        work: The transaction.
        entity: The entity of the record that is being edited.
        path: The reference field, ``lines.product`` for a column of rows.
        text: What was typed; empty offers the first ones.
        given: Fields of the record that is being edited, as they stand in the form; ``where`` reads them as
            ``record.<field>``.

    Raises:
        NotFoundError: If there is no such reference field, or it may not be seen.
    """
    field = _field(work, entity, path)
    target = work.catalog.entity(field.to or "")
    if target.display is None or target.display not in access.rights(work.catalog, work.user, target.id).seen():
        return []
    where = read.allowed(work, target, {target.display})
    condition = fields.wheres(work.catalog, entity.id).get(path)
    if condition is not None:
        table = work.tables.tables[names.table_name(target.id)]
        env = {**work.env, **_record(work, entity, given)}
        where.append(sql.criteria(condition, work.tables, table, work.catalog, env))
    found = queries.page(
        work.connection,
        work.catalog,
        target.id,
        where=where,
        sort=[(target.display, False)],
        fields=frozenset({"id", target.display}),
        size=MOST,
        cursor=None,
        count=False,
        archived=False,
        env=work.env,
        search=text or None,
    )
    return [{"id": str(row["id"]), "title": str(row[target.display] or row["id"])} for row in found.rows]


def _field(work: Work, entity: Entity, path: str) -> Field:
    name, _, column = path.partition(".")
    field = entity.field(name)
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    if field is not None and column:
        field = (field.items or {}).get(column)
    if field is None or name not in seen or not field.to or field.to not in work.catalog.entities:
        raise NotFoundError(f"there is no reference field “{path}”")
    return field


def _record(work: Work, entity: Entity, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of the form as ``record.`` names; one that cannot be read is empty."""
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    data = {}
    for name, text in given.items():
        if text and name in entity.fields and name in seen:
            with suppress(RecordError):
                data[name] = fields.from_text(work.catalog, entity.id, name, text)
    values, _ = fields.read(work.catalog, entity.id, data, new=False)
    return {f"record.{name}": values.get(name) for name in entity.fields}

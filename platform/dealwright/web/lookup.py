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

    from sqlalchemy import ColumnElement

    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work

#: Most records that are offered at once; typing more narrows them. And of these, those that the user changed last.
MOST, RECENT = 12, 4


def candidates(
    work: Work, entity: Entity, path: str, text: str, given: Mapping[str, str], kind: str = ""
) -> list[dict[str, str]]:
    """Return records to choose from: with nothing typed those that the user changed last, then by name.

    Args:
        work: The transaction.
        entity: The entity of the record that is being edited.
        path: The reference field, ``lines.product`` for a column of rows.
        text: What was typed; empty offers the first ones.
        given: Fields of the record that is being edited, as they stand in the form; ``where`` reads them as
            ``record.<field>``.
        kind: Entity that was chosen, for a field that may refer to any.

    Returns:
        ``{"id", "title"}`` of each; those that the user changed last have ``"recent": "1"``.

    Raises:
        NotFoundError: If there is no such reference field, or it may not be seen.
    """
    target = _target(work, entity, path, kind)
    seen = access.rights(work.catalog, work.user, target.id).seen()
    if target.display is None or target.display not in seen:
        return []
    where = read.allowed(work, target, {target.display})
    condition = fields.wheres(work.catalog, entity.id).get(path)
    if condition is not None:
        table = work.tables.tables[names.table_name(target.id)]
        env = {**work.env, **_record(work, entity, given)}
        where.append(sql.criteria(condition, work.tables, table, work.catalog, env))

    def found(more: list[ColumnElement[bool]], sort: tuple[str, bool], size: int) -> list[dict[str, str]]:
        rows = queries.page(
            work.connection,
            work.catalog,
            target.id,
            where=[*where, *more],
            sort=[sort],
            fields=frozenset({"id", str(target.display)}),
            size=size,
            cursor=None,
            count=False,
            archived=False,
            env=work.env,
            search=text or None,
        ).rows
        return [{"id": str(row["id"]), "title": str(row[str(target.display)] or row["id"])} for row in rows]

    recent: list[dict[str, str]] = []
    if not text and work.user.id is not None and {"updated_by", "updated_at"} <= seen:
        mine = work.tables.tables[names.table_name(target.id)].c["updated_by"] == work.user.id
        recent = [{**one, "recent": "1"} for one in found([mine], ("updated_at", True), RECENT)]
    known = {one["id"] for one in recent}
    return [*recent, *(one for one in found([], (target.display, False), MOST) if one["id"] not in known)]


def _target(work: Work, entity: Entity, path: str, kind: str) -> Entity:
    name, _, column = path.partition(".")
    field = entity.field(name)
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    if field is not None and column:
        field = (field.items or {}).get(column)
    missing = NotFoundError(f"there is no reference field “{path}”")
    if field is None or name not in seen:
        raise missing
    if field.type == "any_reference":
        named = field.spec.get("to")
        readable = {one.id: one for one in access.readable(work.catalog, work.user) if not named or one.id in named}
        if kind not in readable:
            raise missing
        return readable[kind]
    if not field.to or field.to not in work.catalog.entities:
        raise missing
    return work.catalog.entity(field.to)


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

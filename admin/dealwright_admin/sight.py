"""Who sees what: what a person may do with an entity, with one record, and which grant of which role says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import request
from flask_admin import BaseView

from dealwright import access, records
from dealwright.access.rights import OPERATIONS
from dealwright.errors import NotFoundError, QueryError
from dealwright.records import Work, sight
from dealwright.storage import accounts
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import words
from dealwright_admin.console import Guarded, exposed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

    from dealwright.access import EntityGrant, User
    from dealwright.metadata.definitions import Entity

#: An id at the end of what is typed: a record's own, or the address of its page.
_ID = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/?\Z")
#: Records that are offered where a name is typed.
_OFFERED = 8


class Sight(Guarded, BaseView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """The page that answers what a person can see."""

    @exposed("/")
    def index_view(self) -> ResponseReturnValue:
        """Answer for a person, an entity and a record, as far as they are named."""
        asked = {name: request.args.get(name, "").strip()[:200] for name in ("person", "entity", "record")}
        catalog = visit.catalog()
        told: dict[str, Any] = {}
        with visit.workspace().database.read() as connection:
            people = accounts.everybody(connection, catalog, limit=10_000)
            account = next((one for one in people if asked["person"] in (one["user"], one["email"])), None)
            subject = access.acting(connection, catalog, account["user"]) if account is not None else None
            if subject is not None:
                work = Work(visit.workspace(), connection, subject, catalog=catalog)
                told = self._told(connection, work, asked)
        page = self.render(
            "dealwright_admin/sight.html",
            asked=asked,
            people=people[:500],
            account=account,
            roles=[(one, words.document(catalog, "role", one)) for one in (subject.roles if subject else ())],
            admin=subject is not None and access.capable(catalog, subject, "admin"),
            entities=sorted((i18n.entity_plural(catalog, one), one.id) for one in catalog.entities.values()),
            ops=[(one, words.operation(one)) for one in OPERATIONS],
            **{"rows": [], "grants": [], "fields": [], "sight": None, "offered": [], **told},
        )
        return str(page), 200

    def _told(self, connection: Connection, work: Work, asked: Mapping[str, str]) -> dict[str, Any]:
        catalog = work.catalog
        entity = catalog.entities.get(asked["entity"])
        if entity is None:
            rows = [_row(one) for one in sight.entities(work)]
            return {"rows": sorted(rows, key=lambda one: str(one["title"]))}
        told: dict[str, Any] = {
            "entity": entity,
            "row": _row(sight.of_entity(work, entity)),
            "grants": [_grant(one) for one in access.rights(catalog, work.user, entity.id).grants],
        }
        found: sight.RecordSight | None = None
        offered: Sequence[tuple[str, str]] = ()
        if asked["record"]:
            reader = Work(visit.workspace(), connection, visit.user(), catalog=catalog)
            match = _ID.search(asked["record"])
            try:
                found = sight.of_record(work, entity.id, match[1]) if match else None
            except NotFoundError:
                told["missing"] = True
            if found is None:
                offered = _offered(reader, entity, asked["record"])
            else:
                told["title"] = records.titles(reader, {entity.id: {found.id}}).get((entity.id, found.id), found.id)
                told["verdicts"] = [_verdict(work, visit.user(), found, name) for name in OPERATIONS]
        return {**told, "sight": found, "offered": offered, "fields": _fields(work, entity, found)}


def _row(one: sight.EntitySight) -> dict[str, Any]:
    """Return an entity as a line: how many records, and each operation as all, some or nothing."""
    cells = []
    for name in OPERATIONS:
        level = "all" if one.rights.unrestricted(name) else "some" if one.rights.allows(name) else ""
        cells.append((level, "; ".join(_called(it) for it in one.rights.grants if name in it.ops)))
    title = i18n.entity_plural(visit.catalog(), one.entity)
    return {"id": one.entity.id, "title": title, "records": one.records, "exact": one.exact, "cells": cells}


def _called(grant: EntityGrant) -> str:
    """Return which grant it is: the role, the how manieth, and through what it holds."""
    title = words.document(visit.catalog(), "role", grant.role)
    said = gettext("%(role)s, grant %(n)s", role=title, n=grant.number + 1)
    if not grant.through:
        return said
    through = gettext("through %(field)s", field=grant.through)
    return f"{said} ({through})"


def _grant(grant: EntityGrant) -> dict[str, Any]:
    return {
        "role": grant.role,
        "called": _called(grant),
        "ops": [words.operation(name) for name in OPERATIONS if name in grant.ops],
        "rows": grant.rows.source if grant.rows is not None else "",
        "others": grant.others,
    }


def _fields(work: Work, entity: Entity, found: sight.RecordSight | None) -> list[dict[str, Any]]:
    """Return each field with what the person may do with it, and which grants say so."""
    grants = access.rights(work.catalog, work.user, entity.id).grants
    filled = {op: sight.writable(entity, new=op == "create") for op in ("create", "update")}
    rows = []
    for name, field in entity.all_fields().items():
        see = [one for one in grants if "read" in one.ops and name in one.see]
        edit = [
            one for one in grants if name in one.edit and any(op in one.ops and name in filled[op] for op in filled)
        ]
        rows.append(
            {
                "id": name,
                "title": i18n.field_text(work.catalog, entity, field) or name,
                "see": "; ".join(map(_called, see)),
                "edit": "; ".join(map(_called, edit)),
                "some": bool(see) and len(see) < sum("read" in one.ops for one in grants),
                "here": ("edit" if name in found.edited else "see" if name in found.seen else "") if found else None,
                "computed": field.type in ("formula", "lookup", "rollup") and not see,
            }
        )
    return rows


def _verdict(work: Work, reader: User, found: sight.RecordSight, name: str) -> dict[str, Any]:
    """Return whether an operation is allowed, with the grants that say so or what they miss."""
    asked = []
    for one in found.ops[name]:
        rows = one.grant.rows
        # What somebody may not see is not told by what it was compared with either.
        shown = rows is not None and access.all_seen(work.catalog, reader, rows)
        leaves = [(leaf["text"], words.value(leaf["value"]) if shown else "", leaf["truth"]) for leaf in one.leaves]
        asked.append(
            {"called": _called(one.grant), "holds": one.holds, "rows": rows.source if rows else "", "leaves": leaves}
        )
    return {"op": words.operation(name), "allowed": found.allows(name), "asked": asked}


def _offered(reader: Work, entity: Entity, text: str) -> Sequence[tuple[str, str]]:
    """Return records whose names contain a text, as who asks may see them."""
    if entity.display is None:
        return []
    try:
        found = records.page(reader, entity.id, search=text, size=_OFFERED)
    except (QueryError, NotFoundError):
        return []
    ids = {str(one["id"]) for one in found.items}
    titles = records.titles(reader, {entity.id: ids})
    return [(one, titles.get((entity.id, one), one)) for one in sorted(ids)]

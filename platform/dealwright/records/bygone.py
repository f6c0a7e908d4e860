"""Data of definitions that are gone, read once more as they were: before they are removed for good."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dealwright import access
from dealwright.errors import ForbiddenError
from dealwright.packs.stored import stored_catalog
from dealwright.records.exports import export
from dealwright.records.work import Work
from dealwright.storage import erasure, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.access import User
    from dealwright.packs.left_behind import Left
    from dealwright.records.workspace import Workspace
    from dealwright.storage import Connection


def lines(workspace: Workspace, connection: Connection, one: Left, user: User) -> Iterator[bytes]:
    """Yield as JSON lines what is left behind of an entity or a field, under the definitions that it was written with.

    Of a field that is gone, all its values, with the ids of their records.

    Raises:
        ForbiddenError: If the user might not have exported it then.
    """
    was = stored_catalog(connection, one.revision)
    if one.field is None:
        work = Work(workspace, connection, user, catalog=was)
        yield from export(work, one.entity, "jsonl", archived=True).chunks
        return
    rights = access.demand(was, user, "export", one.entity)
    if not rights.unrestricted("export") or one.field not in rights.seen():
        raise ForbiddenError(f"you may not export {one.path}")
    layout = tables.layout(was, one.entity)
    part = layout.parts.get(one.field)
    columns = list(part.table.c)[1:] if part is not None else [layout.table.c[key] for key in one.columns]
    for row in erasure.values(connection, columns):
        yield json.dumps(row, ensure_ascii=False, default=str).encode() + b"\n"

"""What packs have left behind: tables and columns of definitions that are not in force any more, with their data.

A definition that goes takes no data with it. What it was is still in the revisions that had it, so nothing has to be
written down for it: its records can be read and exported as they were, it is whole again when it comes back, and
:mod:`dealwright.packs.purge` removes what nobody wants back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dealwright import clock
from dealwright.errors import NotFoundError
from dealwright.metadata.patches import OVERLAY, read
from dealwright.packs.prepare import current
from dealwright.packs.stored import OVERLAY_DOCUMENT, stored_catalog
from dealwright.storage import erasure, retention, revisions, tables

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Connection

#: How long data stay at least after their definition has gone.
DELAY: Final = timedelta(days=30)
#: What may stand behind the name of a field in the name of one of its columns.
_BEHIND: Final = ("", "__currency", "__case", "__digits", "__letters", "__linked")


@dataclass(frozen=True, slots=True)
class Left:
    """An entity or field that is gone and whose data are still there.

    Attributes:
        path: ``entity:med.device``, or ``entity:shop.deal#/properties/med__ward``.
        title: What it was called.
        revision: The last revision in which it was in force.
        gone_at: When it went.
        records: How many records there are, or how many have something in the field.
        held: How many of them must still be kept (``retention`` of the entity).
        reason: The law or contract that asks for that.
        tables: Names of the tables that would go.
        columns: Names of the columns that would go.
    """

    path: str
    title: str
    revision: str
    gone_at: datetime
    records: int
    held: int
    reason: str
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def entity(self) -> str:
        """Id of the entity."""
        return self.path.partition("#")[0].removeprefix("entity:")

    @property
    def field(self) -> str | None:
        """Id of the field; None if it is an entity."""
        return self.path.rpartition("/")[2] if "#" in self.path else None

    @property
    def free_at(self) -> datetime:
        """From when it may be removed for good."""
        return self.gone_at + DELAY

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "path": self.path,
            "title": self.title,
            "revision": self.revision,
            "gone_at": self.gone_at.isoformat(timespec="seconds"),
            "free_at": self.free_at.isoformat(timespec="seconds"),
            "records": self.records,
            "held": self.held,
            "reason": self.reason,
            "tables": list(self.tables),
            "columns": list(self.columns),
        }


def left_behind(connection: Connection, pack: str) -> list[Left]:
    """Return what a pack has left behind, by path; what is not in the database any more is left out.

    Args:
        connection: A transaction.
        pack: Its id, whether it is in force or not; ``c`` for what the admins had added themselves.

    Raises:
        NotFoundError: If no such pack was ever in force.
    """
    before = current(connection)
    if before is None:
        raise NotFoundError("the workspace has no definitions yet; run dealwright init")
    here = before.catalog()
    found: list[Left] = []
    catalogs: dict[str, Catalog] = {}
    for (entity, field), (revision, at) in sorted(_gone(connection, pack, here).items(), key=lambda one: str(one[0])):
        was = catalogs.setdefault(revision, stored_catalog(connection, revision))
        one = _left(connection, was, here, (entity, field), (revision, at))
        if one is not None:
            found.append(one)
    return found


def _gone(connection: Connection, pack: str, here: Catalog) -> Mapping[tuple[str, str | None], tuple[str, datetime]]:
    """Return what is in force no more: (entity, field or None) to its last revision, and when that was followed."""
    own = OVERLAY_DOCUMENT if pack == OVERLAY else f"layer:{pack}"
    stored = revisions.parts(connection, lambda name: name == own or name.startswith(f"{pack}:"))
    defined = {key: set(_defined(pack, documents)) for key, documents in stored.items() if documents}
    if not defined:
        raise NotFoundError(f"the pack “{pack[:40]}” was never in force here; see: pack history")
    last: dict[tuple[str, str | None], tuple[str, datetime | None]] = {}
    for revision, at in revisions.activations(connection):
        for key, (seen, until) in last.items():
            if until is None and key not in defined.get(revision, ()):
                last[key] = (seen, at)
        for key in defined.get(revision, ()):
            last[key] = (revision, None)
    gone = {
        key: (seen, until) for key, (seen, until) in last.items() if until is not None and not _is_there(here, *key)
    }
    # The fields of an entity that is gone go with it.
    return {key: one for key, one in gone.items() if key[1] is None or (key[0], None) not in gone}


def _defined(pack: str, documents: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Yield the entities and fields that the documents of a pack, or the admins' changes, define."""
    if pack == OVERLAY:
        for patch in map(read, documents[OVERLAY_DOCUMENT]):
            if patch.op == "add" and patch.kind == "entity":
                if not patch.steps:
                    yield patch.document[1], None
                elif len(patch.steps) == 2 and patch.steps[0] == "properties":
                    yield patch.document[1], patch.steps[1]
        return
    for one in documents.values():
        if not isinstance(one, Mapping) or one.get("kind") != "entity":
            continue
        entity = one.get("id") or one["extends"]
        if "id" in one:
            yield entity, None
        yield from ((entity, field) for field in one.get("properties", ()))


def _is_there(here: Catalog, entity: str, field: str | None) -> bool:
    there = here.entities.get(entity)
    return there is not None and (field is None or field in there.fields)


def _left(
    connection: Connection,
    was: Catalog,
    here: Catalog,
    key: tuple[str, str | None],
    gone: tuple[str, datetime],
) -> Left | None:
    entity, field = key
    if entity not in was.entities or (field is not None and field not in was.entities[entity].fields):
        return None  # a definition that the fold did not let stand
    layout = tables.layout(was, entity)
    rules = was.entities[entity].document.get("retention")
    now = clock.now()
    columns: list[Any] = []
    names_of: tuple[tuple[str, ...], tuple[str, ...]]
    if field is None:
        wanted = [layout.table, *(one.table for one in layout.parts.values())]
        there = erasure.there(connection, wanted)
        if layout.table not in there:
            return None
        count = erasure.rows(connection, layout.table)
        held = retention.held(connection, layout.table, rules, now)
        title, names_of = was.entities[entity].title, (tuple(one.name for one in there), ())
    else:
        title = was.entities[entity].fields[field].title
        part = layout.parts.get(field)
        if part is not None:
            there = erasure.there(connection, [part.table])
            if not there:
                return None
            count = erasure.rows(connection, part.table)
            names_of = ((part.table.name,), ())
            where = erasure.with_rows(layout.table, part)
        else:
            columns = erasure.columns_there(connection, layout.table, [f"{field}{one}" for one in _BEHIND])
            if not columns:
                return None
            count = erasure.filled(connection, columns[:1])
            names_of = ((), tuple(one.key for one in columns))
            where = erasure.with_value(columns[:1])
        rules = here.entities[entity].document.get("retention") if entity in here.entities else rules
        held = retention.held(connection, layout.table, rules, now, where)
    if not count and erasure.is_bound(connection, layout.table, columns):
        return None  # it was emptied, and cannot be dropped
    path = f"entity:{entity}" if field is None else f"entity:{entity}#/properties/{field}"
    return Left(path, title, *gone, count, held, str((rules or {}).get("reason", "")), *names_of)

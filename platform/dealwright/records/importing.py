"""Imports that somebody begins on a page: a file is taken in, its columns are mapped, looked at, and a worker imports it.

It is the import of the command line (:mod:`dealwright.records.imports`), with the file in the store, how far it has come
in the database, and refused rows in a table: written in the transaction that notes that they are done with, so that a
worker that dies loses and doubles none.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, cast

from dealwright import access, clock, fields
from dealwright.errors import ConflictError, DealwrightError, NotFoundError, RecordError, UnavailableError
from dealwright.fields.messages import locale, speaking
from dealwright.records import imports
from dealwright.records.mapping import comparable
from dealwright.records.tables_in import open_table
from dealwright.records.work import Work
from dealwright.storage import files, queue, records
from dealwright.storage import imports as stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dealwright.access import User
    from dealwright.errors import Problem
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records.imports import Counts, Refused
    from dealwright.records.tables_in import Table
    from dealwright.records.workspace import Workspace
    from dealwright.storage import Connection, Database
    from dealwright.storage.imports import Import

#: Kind of the job that imports a file.
JOB: Final = "import"
#: Rows that a look at a file tries, and values of a column that are shown.
LOOKED: Final = 200
SAMPLES: Final = 3
#: Rows in which texts are looked for that a field does not know, and how many of a column are shown.
SCANNED: Final = 20_000
STRANGERS: Final = 20
#: What a file is attached to while an import needs it.
_HOLDER: Final = "dw_import"
_LEFT_OUT: Final = frozenset(
    {"static", "formula", "rollup", "lookup", "autonumber", "rows", "file", "image", "signature", "any_reference"}
)
_SYSTEM: Final = ("owner", "team", "stage", "pipeline")
_LINKS: Final = frozenset({"reference", "user", "team"})


@dataclass(frozen=True, slots=True)
class Looked:
    """What an import of the first rows of a file would come to; nothing of it was kept.

    Attributes:
        refused: (number, cells, reasons) of each row that would be refused.
        rows: (number, cells, what would become of it) of each row, as :func:`dealwright.records.imports.run` tells it.
    """

    counts: Counts
    refused: list[tuple[int, Sequence[str], str]] = field(default_factory=list)
    rows: list[tuple[int, Sequence[str], str]] = field(default_factory=list)


def take(workspace: Workspace, user: User, entity_id: str, content: IO[bytes], name: str) -> str:
    """Take a file in and return the id of the import that it begins.

    Raises:
        NotFoundError, ForbiddenError: If the user may not import this entity.
        TooLargeError: If the file is too large.
        DefinitionError: If it is no table; nothing is kept.
    """
    with workspace.database.read() as connection:
        work = Work(workspace, connection, user)
        access.demand(work.catalog, user, "import", entity_id)
    kept = files.keep(workspace.folder, cast("BinaryIO", content))
    table = open_table(files.path(workspace.folder, kept.digest), files.clean_name(name))
    with workspace.database.write() as connection:
        file = files.add(connection, kept, name, by=user.id)
        made = stored.draft(
            connection,
            entity_id,
            file.name,
            user.id or "",
            clock.now(),
            file=file.id,
            header=table.header,
            total=table.count,
        )
        files.attach(connection, [file.id], _HOLDER, made)
    return made


def own(work: Work, entity_id: str, identifier: str) -> Import:
    """Return an import that the user began.

    Raises:
        NotFoundError: If there is none, or it is another's.
        ForbiddenError: If the user may not import this entity any more.
    """
    access.demand(work.catalog, work.user, "import", entity_id)
    found = stored.get(work.connection, identifier)
    if found is None or found.entity != entity_id or found.started_by != work.user.id or found.file is None:
        raise NotFoundError(f"there is no import with the id “{identifier[:80]}”")
    return found


def mine(work: Work, entity_id: str) -> list[Import]:
    """Return the imports into an entity that the user began, newest first."""
    access.demand(work.catalog, work.user, "import", entity_id)
    return stored.of(work.connection, entity_id, work.user.id or "")


def table_of(work: Work, one: Import) -> Table:
    """Return the file of an import.

    Raises:
        NotFoundError: If it is not there any more.
    """
    file = files.get(work.connection, one.file or "")
    path = files.path(work.workspace.folder, file.digest)
    if not path.exists():
        raise NotFoundError(f"the file “{one.name}” is not there any more; send it again")
    return open_table(path, file.name)


def samples(table: Table) -> list[list[str]]:
    """Return for each column the first values that are not empty, each once."""
    found: list[list[str]] = [[] for _ in table.header]
    for _, cells in islice(table.rows(), LOOKED):
        for values, cell in zip(found, cells, strict=False):
            text = cell.strip()
            if text and text not in values and len(values) < SAMPLES:
                values.append(text)
    return found


def targets(catalog: Catalog, user: User, entity: Entity) -> list[Field]:
    """Return the fields that a column can fill in this user's name, in the order of the form."""
    held = access.rights(catalog, user, entity.id)
    edited = held.edited("create") | held.edited("update")
    own_fields = [one for one in entity.fields.values() if one.type not in _LEFT_OUT and one.id in edited]
    system = [
        entity.system_fields[name]
        for name in _SYSTEM
        if name in entity.system_fields and (name in edited or name in ("stage", "pipeline"))
    ]
    return [*own_fields, *system]


def keys(entity: Entity) -> list[Field]:
    """Return the fields by which a row can meet a record that is there already."""
    return [one for one in entity.fields.values() if one.spec.get("external_id")]


def together(catalog: Catalog, user: User, entity: Entity, document: Mapping[str, Any]) -> list[Field]:
    """Return the fields, among those that columns of a mapping fill, by which a row can meet a record together with others."""
    filled = {said["to"] if isinstance(said, dict) else said for said in document.get("columns", {}).values() if said}
    seen = access.rights(catalog, user, entity.id).seen()
    return [one for one in targets(catalog, user, entity) if one.id in filled & seen and comparable(one)]


def matches(catalog: Catalog, user: User, one: Field) -> list[Field]:
    """Return the fields of the other entity by which a reference can find a record: its name first."""
    target = catalog.entities.get(one.to or "") if one.type in _LINKS else None
    if target is None:
        return []
    seen = access.rights(catalog, user, target.id).seen()
    texts = [
        other
        for other in target.fields.values()
        if other.id in seen and {column.kind for column in fields.columns(other)} == {"text"}
    ]
    chosen = ("email",) if one.type == "user" else (target.display,)
    texts.sort(key=lambda other: (other.id not in chosen, not other.spec.get("external_id")))
    return [
        other
        for other in texts
        if other.type in ("text", "email", "phone", "autonumber") and other.spec.get("sensitivity") != "secret"
    ]


def guessed(work: Work, entity: Entity, table: Table, known: Iterable[Import] = ()) -> dict[str, Any]:
    """Return the mapping that is most likely meant.

    A mapping of one's own for a file with the same columns comes first. Else a column is what is called like it: by id, or by
    its title in any language. What nothing is like is left out. A reference is found by the field that finds most of the
    texts that the file has for it.

    Args:
        work: The transaction; its user's fields are meant.
        entity: The entity.
        table: The file.
        known: Earlier imports of the user, the newest first.
    """
    for earlier in known:
        if earlier.mapping is not None and set(earlier.header or ()) == set(table.header):
            return dict(earlier.mapping)
    fillable = targets(work.catalog, work.user, entity)
    called = {name: one for one in reversed(fillable) for name in _names(work.catalog, entity, one)}
    columns: dict[str, Any] = {}
    taken: set[str] = set()
    for heading, texts in zip(table.header, samples(table), strict=True):
        one = _called(_plain(heading), called)
        if one is None or one.id in taken:
            columns[heading] = None
            continue
        taken.add(one.id)
        best = best_match(work, one, texts)
        columns[heading] = {"to": one.id, **({"match": best} if best else {})}
    key = next((one.id for one in keys(entity) if one.id in taken), None)
    return {"columns": columns, **({"key": key} if key else {})}


def best_match(work: Work, one: Field, texts: Sequence[str]) -> str:
    """Return the field of the other entity that finds most of some texts, its name where none finds any; empty for none."""
    offered = matches(work.catalog, work.user, one)
    if not offered:
        return ""
    found = {
        other.id: len(records.find_by(work.connection, work.catalog, one.to or "", other.id, sorted(texts)))
        for other in (offered if texts else ())
    }
    return max((other.id for other in offered), key=lambda name: found.get(name, 0))


def strangers(work: Work, entity: Entity, table: Table, document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return by column the texts of a file that its field does not know: no option, no record is called so.

    Looks at the first rows (:data:`SCANNED`) and names a few of each column (:data:`STRANGERS`); texts that the mapping
    replaces are among them.
    """
    wanted: dict[int, tuple[str, Field, str | None, Mapping[str, Any]]] = {}
    for index, heading in enumerate(table.header):
        said = document.get("columns", {}).get(heading)
        field_ = entity.field(said["to"]) if isinstance(said, dict) and isinstance(said.get("to"), str) else None
        if field_ is not None and isinstance(said, dict) and (said.get("match") or field_.options):
            wanted[index] = (heading, field_, said.get("match"), said.get("values") or {})
    texts: dict[int, dict[str, None]] = {index: {} for index in wanted}
    for _, cells in islice(table.rows() if wanted else iter(()), SCANNED):
        for index, held in texts.items():
            if index < len(cells) and (text := cells[index].strip()):
                held[text] = None
    found: dict[str, list[str]] = {}
    for index, (heading, field_, match, values) in wanted.items():
        unknown = _unknown(work, entity, field_, match, list(texts[index]))
        if unknown or values:
            found[heading] = [*values, *(one for one in unknown if one not in values)][:STRANGERS]
    return found


def _unknown(work: Work, entity: Entity, one: Field, match: str | None, texts: list[str]) -> list[str]:
    if match is not None:
        known = records.find_by(work.connection, work.catalog, one.to or "", match, texts[:1000]) if texts else {}
        return [text for text in texts[:1000] if not known.get(text)]
    choices, unknown = {option.id for option in one.options}, []
    for text in texts:
        try:
            read = fields.from_text(work.catalog, entity.id, one.id, text)
        except RecordError:
            read = None
        if not choices.issuperset(read if isinstance(read, list) else [read]):
            unknown.append(text)
    return unknown


def _names(catalog: Catalog, entity: Entity, one: Field) -> set[str]:
    titles = {one.title, one.id}
    for tongue in ("en", *catalog.translations):
        titles.add(catalog.text("entity", entity.id, f"/properties/{one.id}/title", tongue))
    if one.system:
        titles.add({"owner": "负责人", "team": "团队", "stage": "阶段", "pipeline": "流程"}.get(one.id, ""))
    return {plain for title in titles if (plain := _plain(title))}


def _called(heading: str, called: Mapping[str, Field]) -> Field | None:
    if heading in called:
        return called[heading]
    near = difflib.get_close_matches(heading, list(called), 1, 0.86)
    # Of “deal stage” the last word says what it is.
    near += sorted((name for name in called if len(name) > 3 and heading.endswith(name)), key=len, reverse=True)
    return called[near[0]] if near else None


def _plain(text: str) -> str:
    """Return a heading without blanks, marks, stars of required columns and what stands in brackets."""
    bare = re.sub(r"[(（\[【].*?[)）\]】]", "", unicodedata.normalize("NFKC", text))
    return re.sub(r"[\W_]+", "", bare).casefold()


def look(workspace: Workspace, user: User, one: Import, document: Mapping[str, Any]) -> Looked:
    """Say what an import of the first rows would come to; nothing is kept.

    Raises:
        DefinitionError: If the mapping does not fit.
        NotFoundError, ForbiddenError, UnknownFieldError: As :func:`dealwright.records.imports.run`.
    """
    with workspace.database.read() as connection:
        work = Work(workspace, connection, user)
        table, entity = table_of(work, one), work.catalog.entity(one.entity)
        catalog = work.catalog
    found: list[tuple[int, Sequence[str], str]] = []
    rows: list[tuple[int, Sequence[str], str]] = []

    def refused(_: Connection, rows: Sequence[Refused]) -> None:
        found.extend((number, cells, reasons(catalog, entity, problems)) for number, cells, problems in rows)

    counts = imports.run(
        workspace, user, one.entity, table, document, dry=True, most=LOOKED, refused=refused, told=rows.extend
    )
    return Looked(counts, found, rows)


def reasons(catalog: Catalog, entity: Entity, problems: Sequence[Problem]) -> str:
    """Return what is wrong with a row in one line, each fault with the label of its field, in the language spoken."""
    told = []
    for one in problems:
        named = entity.field(one.pointer.removeprefix("/").partition("/")[0])
        label = named.title if named is not None else ""
        if named is not None and not named.system:
            label = catalog.text("entity", entity.id, f"/properties/{named.id}/title", locale()) or label
        told.append(f"{label}: {one.message}" if label else one.message)
    return "; ".join(told)


def set_out(workspace: Workspace, user: User, one: Import, document: Mapping[str, Any]) -> None:
    """Let a worker import the file.

    Raises:
        DefinitionError: If the mapping does not fit.
        ConflictError: If it runs already, or another import of the same file and mapping does.
        NotFoundError, ForbiddenError, UnknownFieldError: As :func:`dealwright.records.imports.run`.
    """
    with workspace.database.write() as connection:
        work = Work(workspace, connection, user)
        table = table_of(work, one)
        imports.checked(work, one.entity, table, document)
        digest = imports.digest_of(table, document, one.entity)
        if stored.other(connection, digest, one.id):
            raise ConflictError("an import of this very file and mapping is running; wait for its end")
        if not stored.set_out(connection, one.id, digest, document, clock.now()):
            raise ConflictError("this import runs already, or is done")
        queue.enqueue(connection, JOB, {"id": one.id, "locale": locale()}, lane=f"import {one.entity}")


def stop(work: Work, one: Import) -> None:
    """Let a running import end after the rows that it is at; what it has done stays."""
    stored.turn(work.connection, one.id, "running", "stopping", clock.now())


class _StoppedError(Exception):
    """Raised between two batches of an import that somebody stopped."""


def carry_out(workspace: Workspace, arguments: Mapping[str, Any]) -> None:
    """Do the job: import the file in the name of who began it, with the rights that he has now.

    A second run goes on where the first one broke off; after its end it does nothing.
    """
    with workspace.database.read() as connection:
        one = stored.get(connection, arguments["id"])
        if one is None or one.state not in ("running", "stopping"):
            return
        catalog = workspace.catalog(connection)
        user = access.acting(connection, catalog, one.started_by or "")
    try:
        if user is None:
            raise NotFoundError("whoever began this import cannot sign in any more")
        with speaking(str(arguments.get("locale") or user.locale or catalog.settings.get("locale", "en"))):
            _import(workspace, user, one)
    except UnavailableError:
        raise
    except _StoppedError:
        with workspace.database.write() as connection:
            stored.turn(connection, one.id, "stopping", "stopped", clock.now())
    except DealwrightError as error:
        told = "; ".join(problem.message for problem in error.problems) or error.detail
        with workspace.database.write() as connection:
            for state in ("running", "stopping"):
                stored.turn(connection, one.id, state, "failed", clock.now(), told)


def _import(workspace: Workspace, user: User, one: Import) -> None:
    with workspace.database.write() as connection:
        work = Work(workspace, connection, user)
        table, entity = table_of(work, one), work.catalog.entity(one.entity)
        catalog = work.catalog
        stored.forget(connection, one.id, one.position)

    def refused(connection: Connection, rows: Sequence[Refused]) -> None:
        stored.refuse(
            connection,
            one.id,
            ((number, cells, reasons(catalog, entity, problems)) for number, cells, problems in rows),
        )

    def report(_: Counts) -> None:
        with workspace.database.read() as connection:
            now = stored.get(connection, one.id)
        if now is not None and now.state == "stopping" and now.counts.get("rows") != now.total:
            raise _StoppedError

    imports.run(workspace, user, one.entity, table, one.mapping, report=report, refused=refused)


def job(workspace: Workspace) -> Any:
    """Return the kind of job that imports files of a workspace."""

    def run(_: Database, arguments: Mapping[str, Any]) -> None:
        carry_out(workspace, arguments)

    return run


def rejects(work: Work, one: Import, *, limit: int | None = None) -> list[tuple[int, list[str], str]]:
    """Return the rows that an import refused: number, cells, reasons."""
    return stored.refused(work.connection, one.id, limit=limit)

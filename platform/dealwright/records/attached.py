"""Files of records: uploaded first, named by a record in a save, and read by whoever may see the field that names them.

What a record holds of a file (name, size, type) is what the store found out, never what the client says.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from dealwright import fields
from dealwright.errors import DealwrightError, NotFoundError, Problem
from dealwright.records.read import fetch
from dealwright.storage import checklists, files

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from dealwright.access import User
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.records.workspace import Workspace

#: Types of field whose value is a file, or a list of files.
TYPES = frozenset({"file", "image", "signature"})
PICTURES = files.PICTURES
#: Others that show a file of a record to a user; each is asked, until one does.
SHOWN_BY: list[Callable[[Work, files.StoredFile], bool]] = []
#: The same for files of records that the user may not read by themselves, but as part of something else.
SHOWN_IN: list[Callable[[Work, files.StoredFile], bool]] = []


def upload(
    workspace: Workspace, user: User, content: IO[bytes], name: str, *, largest: int = files.LARGEST
) -> dict[str, Any]:
    """Take a file in; a record can name it in the next save. One that no record names is removed after a day.

    Args:
        workspace: Where.
        user: Whose file it is until a record names it.
        content: Read to its end.
        name: As the sender calls it.
        largest: Bytes taken at most.

    Returns:
        ``{"id", "name", "size", "type"}``, the value of a file field.

    Raises:
        TooLargeError: If it is larger than ``largest``; nothing is kept.
    """
    kept = files.keep(workspace.folder, cast("BinaryIO", content), largest=largest)
    with workspace.database.write() as connection:
        return files.value(files.add(connection, kept, name, by=user.id))


def waiting(work: Work, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return files that the user has uploaded and no record has named yet, by id. One statement."""
    known = files.many(work.connection, ids)
    mine = {one.id: one for one in known.values() if one.record is None and one.created_by == work.user.id}
    return {identifier: files.value(one) for identifier, one in mine.items() if work.user.id is not None}


def check(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Replace what the clients say of files by what is known of them; refuse files that are not theirs. One statement."""
    held = [(draft, field) for draft in drafts for field in _holding(work, entity) if field.id in draft.changed]
    ids = {one["id"] for draft, field in held for _, one in _files(field, draft.env.get(field.id))}
    if not ids:
        return
    known = files.many(work.connection, ids)
    for draft, field in held:
        refused = [
            pointer
            for pointer, one in _files(field, draft.env.get(field.id))
            if (stored := known.get(one["id"])) is None or not _own(stored, draft, work.user)
        ]
        text = "there is no such file, or it belongs to another record; upload it again"
        draft.problems += [Problem(pointer, "no-such-file", text) for pointer in refused]
        if not refused and draft.env.get(field.id) is not None:
            told = fields.shown(work.catalog, entity.id, draft.env, only=frozenset({field.id}))[field.id]
            before = {**(draft.before or {}), field.id: draft.env[field.id]}  # rows that are new have ids by now
            read, problems = fields.read(
                work.catalog, entity.id, {field.id: _known(field, told, known)}, new=False, before=before
            )
            draft.problems += problems
            if not problems:
                draft.put(field.id, read[field.id])


def attach(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Note that the records name their files from now on: a statement for each record that names any."""
    for field in _holding(work, entity):
        for draft in drafts:
            if field.id in draft.changed:
                ids = [one["id"] for _, one in _files(field, draft.env.get(field.id))]
                if ids:
                    files.attach(work.connection, ids, entity.id, draft.id)


def opened(work: Work, file_id: str) -> tuple[files.StoredFile, Path]:
    """Return a file that the user may read, and where its content lies.

    Raises:
        NotFoundError: If there is none, or no record shows it to the user: the answer is the same.
    """
    missing = NotFoundError(f"there is no file with the id “{file_id[:80]}”")
    stored = files.many(work.connection, [file_id]).get(file_id)
    if stored is None:
        raise missing
    if stored.entity is None or stored.record is None:
        if stored.created_by != work.user.id or work.user.id is None:
            raise missing
    else:
        try:
            record = fetch(work, stored.entity, stored.record)
        except DealwrightError:
            if any(shows(work, stored) for shows in SHOWN_IN):
                return stored, files.path(work.workspace.folder, stored.digest)
            raise missing from None
        in_a_field = file_id in set(_shown(work.catalog.entity(stored.entity), record))
        # Or it shows that something of a stage is done, to whoever may see the stage.
        in_a_stage = "stage" in record and checklists.names_file(work.connection, *_place(stored))
        if not in_a_field and not in_a_stage and not any(shows(work, stored) for shows in SHOWN_BY):
            raise missing
    return stored, files.path(work.workspace.folder, stored.digest)


def _place(stored: files.StoredFile) -> tuple[str, str, str]:
    return str(stored.entity), str(stored.record), stored.id


def _shown(entity: Entity, record: Mapping[str, Any]) -> Iterator[str]:
    for field in entity.fields.values():
        yield from (one["id"] for _, one in _files(field, record.get(field.id)))


def _holding(work: Work, entity: Entity) -> tuple[Field, ...]:
    """Return the fields that hold files, and the ``rows`` fields whose rows do; found once per catalog."""
    return work.catalog.once(
        ("records.attached", entity.id),
        lambda: tuple(
            field
            for field in entity.fields.values()
            if field.type in TYPES or any(one.type in TYPES for one in (field.items or {}).values())
        ),
    )


def _files(field: Field, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (pointer, file) of each file that the value of a field names, those in its rows included."""
    if value is None:
        return
    if field.type in TYPES:
        many = isinstance(value, list)
        for index, one in enumerate(_listed(value)):
            yield f"/{field.id}/{index}" if many else f"/{field.id}", one
    for index, row in enumerate(value if field.items is not None else ()):
        for inner in (field.items or {}).values():
            for pointer, one in _files(inner, row.get(inner.id)):
                yield f"/{field.id}/{index}{pointer}", one


def _known(field: Field, value: Any, known: Mapping[str, files.StoredFile]) -> Any:
    """Return a value in API JSON with what is known of each file in the place of what was said of it."""
    if value is None:
        return None
    if field.type in TYPES:
        told = [files.value(known[one["id"]]) for one in _listed(value)]
        return told if isinstance(value, list) else told[0]
    inner = {one.id: one for one in (field.items or {}).values() if one.type in TYPES}
    return [{**row, **{name: _known(one, row.get(name), known) for name, one in inner.items()}} for row in value]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _own(stored: files.StoredFile, draft: Draft, user: User) -> bool:
    if stored.record is not None:
        return stored.record == draft.id
    return stored.created_by == user.id

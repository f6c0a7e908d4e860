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
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from dealwright.access import User
    from dealwright.metadata.definitions import Entity
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work
    from dealwright.records.workspace import Workspace

#: Types of field whose value is a file, or a list of files.
TYPES = frozenset({"file", "image", "signature"})
PICTURES = files.PICTURES


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
    named = [field for field in entity.fields.values() if field.type in TYPES]
    held = [(draft, f) for draft in drafts for f in named if f.id in draft.changed and draft.env.get(f.id) is not None]
    if not held:
        return
    ids = {one["id"] for draft, field in held for one in _listed(draft.env[field.id])}
    known = files.many(work.connection, ids)
    for draft, field in held:
        given = draft.env[field.id]
        told = []
        for index, one in enumerate(_listed(given)):
            stored = known.get(one["id"])
            if stored is None or not _own(stored, draft, work.user):
                pointer = f"/{field.id}/{index}" if isinstance(given, list) else f"/{field.id}"
                text = "there is no such file, or it belongs to another record; upload it again"
                draft.problems.append(Problem(pointer, "no-such-file", text))
            else:
                told.append(files.value(stored))
        if len(told) == len(_listed(given)):
            value = told if isinstance(given, list) else told[0]
            read, problems = fields.read(work.catalog, entity.id, {field.id: value}, new=False)
            draft.problems += problems
            if not problems:
                draft.put(field.id, read[field.id])


def attach(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Note that the records name their files from now on: a statement for each record that names any."""
    for field in entity.fields.values():
        if field.type in TYPES:
            for draft in drafts:
                if field.id in draft.changed and draft.env.get(field.id) is not None:
                    ids = [one["id"] for one in _listed(draft.env[field.id])]
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
            raise missing from None
        in_a_field = file_id in set(_shown(work.catalog.entity(stored.entity), record))
        # Or it shows that something of a stage is done, to whoever may see the stage.
        if not in_a_field and not ("stage" in record and checklists.names_file(work.connection, *_place(stored))):
            raise missing
    return stored, files.path(work.workspace.folder, stored.digest)


def _place(stored: files.StoredFile) -> tuple[str, str, str]:
    return str(stored.entity), str(stored.record), stored.id


def _shown(entity: Entity, record: Mapping[str, Any]) -> Iterator[str]:
    for field in entity.fields.values():
        if field.type in TYPES and record.get(field.id):
            yield from (one["id"] for one in _listed(record[field.id]))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _own(stored: files.StoredFile, draft: Draft, user: User) -> bool:
    if stored.record is not None:
        return stored.record == draft.id
    return stored.created_by == user.id

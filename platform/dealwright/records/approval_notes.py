"""What is said and shown beside the decisions of an approval: comments and files, by those who have to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealwright import clock
from dealwright.approvals.texts import ended, say
from dealwright.errors import ConflictError, DealwrightError, NotFoundError, Problem, RecordError
from dealwright.records import approval_course, approval_notices, approval_views, attached, read
from dealwright.storage import approval_notes as stored
from dealwright.storage import approvals, files

if TYPE_CHECKING:
    from dealwright.records.work import Work
    from dealwright.storage.files import StoredFile

#: Notes of one approval, and characters of one.
MOST: Final = 200
LONGEST: Final = 5000


def add(work: Work, identifier: str, *, text: str | None = None, file: str | None = None) -> str:
    """Say something about an open approval, or show a file; return the id of the note. The others are told.

    Args:
        work: The transaction, in the name of who asked for it, or is or was asked.
        identifier: Id of the approval.
        text: What is said.
        file: Id of a file that the person has uploaded and no record names yet.

    Raises:
        NotFoundError: If there is no such approval, or the person has nothing to do with it.
        ConflictError: If it has ended, or has ``MOST`` notes.
        RecordError: If there is nothing in it, too much, or no such file.
    """
    row, approval, course = approval_course.locked(work, identifier)
    if not approval_views.has_to_do(work, row) or not _sees(work, row.entity, row.record):
        raise NotFoundError(f"there is no approval with the id “{identifier[:80]}”")
    if row.state != "open":
        raise ConflictError(ended(row.state) + say("on-the-record"))
    if stored.count(work.connection, identifier) >= MOST:
        raise ConflictError(say("too-many-notes", count=MOST))
    said = (text or "").strip()
    problems = []
    if not said and not file:
        problems.append(Problem("/text", "required", say("nothing-there")))
    if len(said) > LONGEST:
        problems.append(Problem("/text", "too-long", say("too-long", count=len(said), most=LONGEST)))
    if file and file not in attached.waiting(work, [file]):
        problems.append(Problem("/file", "no-such-file", say("no-such-file")))
    if problems:
        raise RecordError("nothing was added", problems)
    if file:
        files.attach(work.connection, [file], row.entity, row.record)
    note = {"id": clock.new_id(), "approval": identifier, "user": work.user.id, "at": work.now}
    stored.add(work.connection, {**note, "text": said or None, "file": file or None})
    others = [one for one in (row.requester, *(seat.user for seat in course.asked())) if one and one != work.user.id]
    approval_notices.noted(work, approval, row, course, others)
    return str(note["id"])


def shows(work: Work, file: StoredFile) -> bool:
    """Tell whether an approval of the record that a file belongs to shows it to the user."""
    rows = approvals.rows(work.connection, [str(file.record)])
    found = stored.naming(work.connection, file.id, [one.id for one in rows])
    if found is None:
        return False
    try:
        view = approval_views.one(work, found)
    except NotFoundError:
        return False
    return any(one["file"] is not None and one["file"]["id"] == file.id for one in view["notes"])


def _sees(work: Work, entity: str, record: str) -> bool:
    try:
        read.fetch(work, entity, record)
    except DealwrightError:
        return False
    return True


attached.SHOWN_BY.append(shows)

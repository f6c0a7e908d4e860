"""Who is away, from when to when, and who decides approvals meanwhile. Everybody sets the own; administrators, all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright import access, clock
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, Problem, RecordError
from dealwright.storage import approvals as stored
from dealwright.storage import audit, people

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.records.work import Work

#: Absences that have not ended, of one person.
MOST: Final = 50


def absences(work: Work, user: str | None = None) -> list[dict[str, Any]]:
    """Return the absences of a user (None: the caller's own) that have not ended, the earliest first.

    Raises:
        ForbiddenError: If they are another's, and the caller is no administrator.
    """
    found = stored.absences(work.connection, _whose(work, user), work.now)
    return [{key: one[key] for key in ("id", "user", "delegate", "entity", "since", "until")} for one in found]


def be_away(
    work: Work, since: datetime, until: datetime, delegate: str, *, entity: str | None = None, user: str | None = None
) -> str:
    """Note that somebody is away and who decides meanwhile; return the id.

    Steps that begin while somebody is away are asked of the delegate; who is asked already stays asked.

    Args:
        work: The transaction.
        since: The first moment.
        until: The first moment no more.
        delegate: Who decides meanwhile; only where that person may read the record.
        entity: For records of this entity only.
        user: Who is away; None for the caller.

    Raises:
        ForbiddenError: If it is another, and the caller is no administrator.
        RecordError: With everything that cannot be used.
        ConflictError: If the person has noted ``MOST`` absences already.
    """
    whose = _whose(work, user)
    problems = []
    if until <= since:
        problems.append(Problem("/until", "out-of-order", "the end lies after the beginning"))
    elif until <= work.now:
        problems.append(Problem("/until", "past", "this is over already; give an end that is still to come"))
    if delegate == whose:
        problems.append(Problem("/delegate", "same-person", "somebody else decides meanwhile; choose another person"))
    elif delegate not in people.of_ids(work.connection, work.catalog, [delegate]):
        text = "there is nobody with this id who can sign in; choose somebody else"
        problems.append(Problem("/delegate", "no-such-record", text))
    if entity is not None and not access.rights(work.catalog, work.user, entity).grants:
        problems.append(Problem("/entity", "no-such-entity", f"there is no entity “{entity[:81]}”"))
    if problems:
        raise RecordError("the absence was not noted", problems)
    if len(stored.absences(work.connection, whose, work.now)) >= MOST:
        raise ConflictError(f"{MOST} absences are noted already; end one of them first")
    row = {
        "id": clock.new_id(),
        "user": whose,
        "delegate": delegate,
        "entity": entity,
        "since": since,
        "until": until,
        "created_at": work.now,
        "created_by": work.user.id,
    }
    stored.add_absence(work.connection, row)
    told = {"delegate": delegate, "entity": entity, "since": since.isoformat(), "until": until.isoformat()}
    _audit(work, "absence.noted", whose, told)
    return str(row["id"])


def be_back(work: Work, identifier: str) -> None:
    """End an absence now, as the person who is away, or an administrator.

    Raises:
        NotFoundError: If there is none that the caller may end.
    """
    row = stored.absence_of(work.connection, identifier)
    mine = row is not None and (row["user"] == work.user.id or access.capable(work.catalog, work.user, "admin"))
    if row is None or not mine or not stored.end_absence(work.connection, identifier, row["user"], work.now):
        raise NotFoundError(f"there is no absence with the id “{identifier[:80]}”")
    _audit(work, "absence.ended", row["user"], {"absence": identifier})


def _whose(work: Work, user: str | None) -> str:
    if work.user.id is None:
        raise ForbiddenError("only somebody who is signed in can be away")
    if user is None or user == work.user.id:
        return work.user.id
    if not access.capable(work.catalog, work.user, "admin"):
        raise ForbiddenError("only an administrator speaks for others; leave user out for yourself")
    if user not in people.of_ids(work.connection, work.catalog, [user]):
        text = "there is nobody with this id who can sign in"
        raise RecordError("there is no such person", [Problem("/user", "no-such-record", text)])
    return user


def _audit(work: Work, action: str, whose: str, data: dict[str, Any]) -> None:
    audit.append(
        work.connection,
        action=action,
        actor=work.user.id,
        at=work.now,
        subject=f"base.user:{whose}",
        data=data,
        address=work.address,
    )

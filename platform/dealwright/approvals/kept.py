"""Courses as rows and back: what is stored of an approval, and what a step forward changes of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dealwright.approvals.course import Course, Place, Seat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from dealwright.storage.approvals import Stored

#: Columns of a seat that are the course's own; the others tell of the decision.
_SEAT = ("number", "place", "chair", "user", "why", "behalf", "state", "counted")


def course(row: Stored) -> Course:
    """Return the course of a stored approval."""
    return Course(
        requester=row.requester,
        places=tuple(Place(**one) for one in row.places),
        seats=tuple(Seat(**{name: one[name] for name in _SEAT}) for one in row.seats),
        state=row.state,
        turn=row.turn,
    )


def places(course: Course) -> list[dict[str, Any]]:
    """Return the places as JSON."""
    return [asdict(one) for one in course.places]


def new_seats(identifier: str, before: Course | None, after: Course, now: datetime) -> list[dict[str, Any]]:
    """Return the rows of seats that there were none of before."""
    known = 0 if before is None else len(before.seats)
    return [
        {"approval": identifier, **{name: getattr(one, name) for name in _SEAT}, **_decision(one, now, {})}
        | {"asked_at": now}
        for one in after.seats[known:]
    ]


def changed_seats(
    identifier: str,
    before: Course,
    after: Course,
    stored: Sequence[Mapping[str, Any]],
    now: datetime,
    decided: Mapping[int, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return what changed of seats that were there.

    Args:
        identifier: Id of the approval.
        before: The course as it was.
        after: As it is now.
        stored: The rows of the seats as they were: what a decision said stays when the step is sent back.
        now: The present moment.
        decided: Seat number to ``comment``, ``address``, ``digest`` of the decision that was just made.
    """
    rows = []
    for old, new, row in zip(before.seats, after.seats, stored, strict=False):
        if (old.state, old.counted) == (new.state, new.counted):
            continue
        if new.state == "left":
            told = {name: row[name] for name in ("decided_at", "comment", "address", "digest")}
        else:
            told = _decision(new, now, decided.get(new.number, {}))
        rows.append({"approval": identifier, "number": new.number, "state": new.state, "counted": new.counted, **told})
    return rows


def _decision(seat: Seat, now: datetime, told: Mapping[str, Any]) -> dict[str, Any]:
    decided = seat.state in ("approved", "rejected")
    return {
        "decided_at": now if decided else None,
        "comment": told.get("comment"),
        "address": told.get("address"),
        "digest": told.get("digest"),
    }

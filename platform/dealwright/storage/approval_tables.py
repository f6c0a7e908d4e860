"""The tables of approvals: what is asked, of whom, who stands in for whom; a part of ``system``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Integer, Text

from dealwright.conditions.sql.types import Id, Json, UtcDateTime
from dealwright.storage.partial_index import where


def within(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table, sa.Table, sa.Table, sa.Table]:
    """Return ``dw_approval``, its seats, links and notes, and ``dw_absence`` as tables of ``metadata``."""
    approval = sa.Table(
        "dw_approval",
        metadata,
        Column("id", Id, primary_key=True),
        Column("approval", Text, nullable=False, comment="id of the definition"),
        Column("revision", Text, nullable=False, comment="whose definition it finishes on"),
        Column("entity", Text, nullable=False),
        Column("record", Id, nullable=False),
        Column("requester", Id, nullable=True, comment="empty: the platform itself"),
        Column("asked_at", UtcDateTime, nullable=False),
        Column("comment", Text, nullable=True, comment="of who asked"),
        Column("state", Text, nullable=False, comment="open, approved, rejected, recalled or returned"),
        Column("turn", Integer, nullable=False, comment="counts up each time it begins anew"),
        Column("places", Json, nullable=False, comment="the steps on their way"),
        Column("facts", Json, nullable=False, comment="what the record was when it was asked for, API JSON"),
        Column("digest", Text, nullable=False, comment="SHA-256 of the values that it is about"),
        Column("ended_at", UtcDateTime, nullable=True),
        Column("event", Id, nullable=True, comment="what asked for it, if a rule or a trigger did"),
    )
    sa.Index("ix_dw_approval_record", approval.c.record, approval.c.approval)
    sa.Index("ix_dw_approval_requester", approval.c.requester, approval.c.asked_at)
    sa.Index(
        "ux_dw_approval_open",
        approval.c.record,
        approval.c.approval,
        unique=True,
        **where(approval.c.state == sa.literal_column("'open'")),
    )
    approval_seat = sa.Table(
        "dw_approval_seat",
        metadata,
        Column("approval", Id, primary_key=True, comment="id of the row in dw_approval"),
        Column("number", Integer, primary_key=True),
        Column("place", Integer, nullable=False),
        Column("chair", Integer, nullable=False, comment="seats of one chair stand for each other"),
        Column("user", Id, nullable=False),
        Column("behalf", Id, nullable=True, comment="who should have decided"),
        Column("why", Text, nullable=False),
        Column("state", Text, nullable=False, comment="asked, approved, rejected or left"),
        Column("counted", Boolean, nullable=False, comment="an approval of an earlier step that counts here too"),
        Column("asked_at", UtcDateTime, nullable=False),
        Column("decided_at", UtcDateTime, nullable=True),
        Column("comment", Text, nullable=True),
        Column("address", Text, nullable=True, comment="where the decision came from"),
        Column("digest", Text, nullable=True, comment="SHA-256 of the record as it was decided on"),
    )
    sa.Index(
        "ix_dw_approval_seat_asked",
        approval_seat.c.user,
        approval_seat.c.approval,
        **where(approval_seat.c.state == sa.literal_column("'asked'")),
    )
    approval_link = sa.Table(
        "dw_approval_link",
        metadata,
        Column("digest", Text, primary_key=True, comment="SHA-256 of the secret, which stands in the mail alone"),
        Column("approval", Id, nullable=False, comment="id of the row in dw_approval"),
        Column("seat", Integer, nullable=False, comment="whose decision it is: number of the seat"),
        Column("user", Id, nullable=False),
        Column("made_at", UtcDateTime, nullable=False),
        Column("expires_at", UtcDateTime, nullable=False),
        Column("used_at", UtcDateTime, nullable=True),
        Column("verdict", Text, nullable=True, comment="approved or rejected, by this link"),
    )
    sa.Index("ix_dw_approval_link_expires", approval_link.c.expires_at)
    approval_note = sa.Table(
        "dw_approval_note",
        metadata,
        Column("id", Id, primary_key=True),
        Column("approval", Id, nullable=False, comment="id of the row in dw_approval"),
        Column("user", Id, nullable=False),
        Column("at", UtcDateTime, nullable=False),
        Column("text", Text, nullable=True),
        Column("file", Id, nullable=True),
    )
    sa.Index("ix_dw_approval_note", approval_note.c.approval, approval_note.c.at)
    absence = sa.Table(
        "dw_absence",
        metadata,
        Column("id", Id, primary_key=True),
        Column("user", Id, nullable=False, comment="who is away"),
        Column("delegate", Id, nullable=False, comment="who decides meanwhile"),
        Column("entity", Text, nullable=True, comment="for records of this one only; empty for all"),
        Column("since", UtcDateTime, nullable=False),
        Column("until", UtcDateTime, nullable=False, comment="no longer then"),
        Column("created_at", UtcDateTime, nullable=False),
        Column("created_by", Id, nullable=True),
    )
    sa.Index("ix_dw_absence_user", absence.c.user, absence.c.until)
    return approval, approval_seat, approval_link, approval_note, absence

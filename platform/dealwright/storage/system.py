"""The platform's own tables, all named ``dw_…``. Records live elsewhere (``tables``).

    dw_workspace ── dw_revision ── dw_document         what is in force, and every state that ever was
    dw_proposal, dw_plan                               changes of the admins not yet in force, and what they would do
    dw_event, dw_decision, dw_firing                   what happened, what rules made of it, what they did once
    dw_visit, dw_checklist                             stages that records were in, what was done in them
    dw_score                                           what scores of records come to now, by factor
    dw_suggestion, dw_enrolment                        what rules suggest; sequences that run for records
    dw_rule_spent                                      actions that rules asked for within an hour
    dw_snapshot, dw_result                             reports as they were at certain times; what dear ones found
    dw_outbox, dw_timer, dw_worker                     what is still to do outside a save, and who does it
    dw_clock                                           SLA clocks and deadlines of records, running and ended
    dw_sequence, dw_idempotency                        numbers, repeated requests
    dw_import, dw_import_reject                        imports of files, and the rows that they refused
    dw_account, dw_user_role, dw_session, dw_token     who may sign in; no entity, so no grant ever shows them
    dw_attempt, dw_device                              failed sign-ins; browsers that somebody signed in from
    dw_approval, dw_approval_seat, dw_absence          who agrees to what, and who stands in for whom
    dw_approval_link, dw_approval_note                 links to decide by mail; what was said and shown beside decisions
    dw_pack_release, dw_publisher_key                  releases of packs that were in force, and whose word is trusted
    dw_key                                             by what is signed that strangers bring back
    dw_follow, dw_told                                 who wants to hear of a record, and how far they were told
    dw_audit, dw_file                                  what administrators did; uploaded files

They change by migrations (``migrations/versions``) only; a test holds both to the same shape. Ids of records, users and
events are text and carry no foreign key: these rows are history and outlive what they tell of.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Integer, Text

from dealwright.conditions.sql.types import Id, Json, Scaled, UtcDateTime
from dealwright.storage import (
    account_tables,
    approval_tables,
    draft_tables,
    follow_tables,
    import_tables,
    plan_tables,
    release_tables,
    result_table,
    snapshot_table,
    view_tables,
)
from dealwright.storage.partial_index import where

metadata = sa.MetaData()

#: Counts up by itself on both databases. SQLite does that for a column of type INTEGER only.
Counter = sa.BigInteger().with_variant(Integer(), "sqlite")


workspace = sa.Table(
    "dw_workspace",
    metadata,
    Column(
        "id", Integer, sa.CheckConstraint("id = 1", name="ck_dw_workspace_one"), primary_key=True, comment="always 1"
    ),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revision", Text, nullable=True, comment="the one in force; empty before the first"),
    Column("held", Boolean, nullable=False, comment="deliveries and timers stand still, as after a restore"),
    Column("settings", Json, nullable=False, comment="zone, locale, currency and the like; no secrets"),
    Column("rules_off", Json, nullable=True, comment="rule to when, why and by whom it was switched off"),
)

document = sa.Table(
    "dw_document",
    metadata,
    Column("digest", Text, primary_key=True, comment="SHA-256 of the canonical JSON"),
    Column("body", Text, nullable=False, comment="JSON, keys in their order"),
)

revision = sa.Table(
    "dw_revision",
    metadata,
    Column("id", Text, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Id, nullable=True),
    Column("reason", Text, nullable=False),
    Column("packs", Json, nullable=False, comment="pack id to version"),
    Column("documents", Json, nullable=False, comment="list of [name, digest of a dw_document]"),
)

activation = sa.Table(
    "dw_activation",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("revision", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Id, nullable=True),
    Column("reason", Text, nullable=False),
)

release, publisher_key = release_tables.within(metadata)
proposal, plan = plan_tables.within(metadata)
draft, draft_change = draft_tables.within(metadata)
follow, told = follow_tables.within(metadata)
snapshot = snapshot_table.within(metadata)
result = result_table.within(metadata)
list_view = view_tables.within(metadata)

event = sa.Table(
    "dw_event",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True, comment="order of writing"),
    Column("id", Id, nullable=False),
    Column("type", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("record", Id, nullable=True),
    Column("version", Integer, nullable=True, comment="of the record, after the event"),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Id, nullable=True),
    Column("data", Json, nullable=False),
    Column("changes", Json, nullable=False, comment="field to [before, after], API JSON"),
    Column("cause", Id, nullable=True, comment="the event that led here through a rule"),
    Column("depth", Integer, nullable=False),
    Column("tx", sa.BigInteger, nullable=False, comment="PostgreSQL transaction that wrote it; 0 on SQLite"),
)
sa.Index("ux_dw_event_id", event.c.id, unique=True)
sa.Index("ix_dw_event_record", event.c.record, event.c.seq)
sa.Index("ix_dw_event_at", event.c.at)
# Events that are no save, which rules count: a save writes nothing into it.
sa.Index("ix_dw_event_sent", event.c.record, event.c.type, event.c.at, **where(event.c.version.is_(None)))

decision = sa.Table(
    "dw_decision",
    metadata,
    Column("id", Id, primary_key=True),
    Column("event", Id, nullable=False),
    Column("rule", Text, nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("record", Id, nullable=True),
    Column("fired", Boolean, nullable=False),
    Column("mode", Text, nullable=False, comment="live or shadow"),
    Column("at", UtcDateTime, nullable=False),
    Column("revision", Text, nullable=False),
    Column("facts", Json, nullable=False, comment="what the conditions read, API JSON"),
    Column("truth", Json, nullable=False, comment="true or false for each leaf, in order"),
    Column("window", Text, nullable=True, comment="see dw_firing; empty for a rule that fires each time"),
    Column("result", Json, nullable=True, comment="what its actions did; null if nothing"),
)
sa.Index("ix_dw_decision_record", decision.c.record, decision.c.id)
sa.Index("ix_dw_decision_rule", decision.c.rule, decision.c.id)

firing = sa.Table(
    "dw_firing",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("rule_version", Text, primary_key=True),
    Column("record", Id, primary_key=True),
    Column("window", Text, primary_key=True, comment="what “once per” counts: a day, a visit of a stage ..."),
    Column("decision", Id, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

visit = sa.Table(
    "dw_visit",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True, comment="order of writing"),
    Column("entity", Text, nullable=False),
    Column("record", Id, nullable=False),
    Column("pipeline", Text, nullable=False),
    Column("pipeline_version", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("came_from", Text, nullable=True, comment="stage before; empty for the first"),
    Column("went_to", Text, nullable=True, comment="stage after; empty while it lasts"),
    Column("entered_at", UtcDateTime, nullable=False),
    Column("left_at", UtcDateTime, nullable=True, comment="empty while it lasts"),
    Column("entered_by", Id, nullable=True),
    Column("left_by", Id, nullable=True),
    Column("reason", Text, nullable=True, comment="why it was entered, in the words of who moved it"),
    Column("seconds", sa.BigInteger, nullable=True, comment="how long it lasted; empty while it lasts"),
    Column("way", Text, nullable=True, comment="stages up to this one, joined by >"),
)
sa.Index(
    "ux_dw_visit_open",
    visit.c.record,
    visit.c.entity,
    unique=True,
    **where(visit.c.left_at.is_(sa.null())),
)
sa.Index("ix_dw_visit_record", visit.c.record, visit.c.seq)
sa.Index("ix_dw_visit_stage", visit.c.entity, visit.c.stage, visit.c.entered_at)

checklist = sa.Table(
    "dw_checklist",
    metadata,
    Column("record", Id, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("pipeline", Text, primary_key=True),
    Column("stage", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("done_at", UtcDateTime, nullable=True, comment="empty for one that is not done, or no more"),
    Column("done_by", Id, nullable=True),
    Column("note", Text, nullable=True),
    Column("file", Id, nullable=True, comment="the dw_file that shows it"),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", Id, nullable=True),
)

score = sa.Table(
    "dw_score",
    metadata,
    Column("record", Id, primary_key=True),
    Column("score", Text, primary_key=True),
    Column("entity", Text, nullable=False),
    Column("version", Text, nullable=False, comment="of the score that it was worked out by"),
    Column("value", Scaled(4), nullable=True, comment="empty: it does not stand, and reason says why"),
    Column("tier", Text, nullable=True),
    Column("coverage", Scaled(2), nullable=False, comment="weight of the inputs with a value, in percent"),
    Column("reason", Text, nullable=False),
    Column("shares", Json, nullable=False, comment="for each input its fact, points, weight and share"),
    Column("at", UtcDateTime, nullable=False, comment="when it last changed"),
)

outbox = sa.Table(
    "dw_outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, comment="idempotency key for the receiver"),
    Column("channel", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", Text, nullable=False, comment="pending, sent, dead or skipped"),
    Column("attempts", Integer, nullable=False, comment="how often it has been claimed"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False, comment="not before; while claimed, when the claim runs out"),
    Column("done_at", UtcDateTime, nullable=True),
    Column("last_error", Text, nullable=True),
    Column("event", Id, nullable=True),
    Column("rule", Text, nullable=True),
    Column("entity", Text, nullable=True),
    Column("record", Id, nullable=True),
)
sa.Index("ux_dw_outbox_key", outbox.c.key, unique=True)
sa.Index("ix_dw_outbox_due", outbox.c.next_at, **where(outbox.c.state == sa.literal_column("'pending'")))
sa.Index("ix_dw_outbox_dead", outbox.c.id, **where(outbox.c.state == sa.literal_column("'dead'")))

timer = sa.Table(
    "dw_timer",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity", Text, nullable=False),
    Column("record", Id, nullable=False),
    Column("name", Text, nullable=False, comment="what it is for, unique for the record while it is pending"),
    Column("due_at", UtcDateTime, nullable=False),
    Column("state", Text, nullable=False, comment="pending, fired or cancelled"),
    Column("generation", Integer, nullable=False, comment="counts up each time it is set anew or moved"),
    Column("data", Json, nullable=False),
)
sa.Index(
    "ux_dw_timer_pending",
    timer.c.record,
    timer.c.name,
    unique=True,
    **where(timer.c.state == sa.literal_column("'pending'")),
)
sa.Index("ix_dw_timer_due", timer.c.due_at, **where(timer.c.state == sa.literal_column("'pending'")))

clock = sa.Table(
    "dw_clock",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False, comment="sla or deadline"),
    Column("policy", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("record", Id, nullable=False),
    Column("revision", Text, nullable=False, comment="whose calendar it runs by"),
    Column("calendar", Text, nullable=True, comment="empty: time that passes"),
    Column("state", Text, nullable=False, comment="running, paused, met or cancelled"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("total", sa.BigInteger, nullable=False, comment="milliseconds"),
    Column("spent", sa.BigInteger, nullable=False, comment="milliseconds passed at since"),
    Column("since", UtcDateTime, nullable=False),
    Column("steps", Json, nullable=False, comment="still to come: [step, moment]"),
    Column("pauses", Json, nullable=False, comment="[from, to]"),
    Column("base", Text, nullable=False, comment="what a deadline was counted from"),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("breached_at", UtcDateTime, nullable=True),
    Column("late", sa.BigInteger, nullable=True, comment="milliseconds by which it was met too late"),
    Column("assumed", Json, nullable=False, comment="years counted through without known holidays"),
)
sa.Index("ux_dw_clock_open", clock.c.record, clock.c.policy, unique=True, **where(clock.c.ended_at.is_(None)))
sa.Index("ix_dw_clock_record", clock.c.record, clock.c.started_at)
sa.Index("ix_dw_clock_policy", clock.c.policy, clock.c.id, **where(clock.c.ended_at.is_(None)))

worker = sa.Table(
    "dw_worker",
    metadata,
    Column("id", Text, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, comment="its last heartbeat"),
    Column("host", Text, nullable=False),
    Column("version", Text, nullable=False),
)

sequence = sa.Table(
    "dw_sequence",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", sa.BigInteger, nullable=False, comment="the last number taken"),
)

idempotency = sa.Table(
    "dw_idempotency",
    metadata,
    Column("scope", Text, primary_key=True, comment="whose key it is, and for which operation"),
    Column("key", Text, primary_key=True),
    Column("digest", Text, nullable=False, comment="SHA-256 of the request"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("status", Integer, nullable=True, comment="HTTP status of the answer; empty while it is being worked out"),
    Column("answer", Json, nullable=True),
)
sa.Index("ix_dw_idempotency_started_at", idempotency.c.started_at)

key = sa.Table(
    "dw_key",
    metadata,
    Column("name", Text, primary_key=True, comment="what it signs"),
    Column("secret", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
)

imports, import_reject = import_tables.within(metadata)

account, attempt, device, user_role, session, token = account_tables.within(metadata)

audit = sa.Table(
    "dw_audit",
    metadata,
    Column("seq", sa.BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=True),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", Text, nullable=False, comment="JSON, as the digest covers it"),
    Column("previous", Text, nullable=False, comment="digest of the entry before; empty for the first"),
    Column("digest", Text, nullable=False, comment="SHA-256 over this entry and the digest before"),
)

file = sa.Table(
    "dw_file",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False, comment="SHA-256 of the content, and its name on disk"),
    Column("name", Text, nullable=False, comment="as shown and downloaded; never a path"),
    Column("size", sa.BigInteger, nullable=False),
    Column("type", Text, nullable=False, comment="media type, by content"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Id, nullable=True),
    Column("entity", Text, nullable=True, comment="the record it is attached to; empty until it is saved with one"),
    Column("record", Id, nullable=True),
)
sa.Index("ix_dw_file_digest", file.c.digest)
sa.Index("ix_dw_file_record", file.c.record)

approval, approval_seat, approval_link, approval_note, absence = approval_tables.within(metadata)

suggestion = sa.Table(
    "dw_suggestion",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity", Text, nullable=False),
    Column("record", Id, nullable=False),
    Column("rule", Text, nullable=False),
    Column("action", Integer, nullable=False, comment="place of the action in its rule"),
    Column("decision", Id, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("message", Text, nullable=False, comment="id of the document with the texts; empty: they are here"),
    Column("title", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed", Json, nullable=False, comment="what stands for each placeholder of the texts"),
    Column("reads", Json, nullable=False, comment="names that it tells of; who may not see one does not see it"),
    Column("does", Json, nullable=True, comment="what accepting does; empty for nothing"),
    Column("until", UtcDateTime, nullable=True, comment="how long it stands"),
    Column("state", Text, nullable=False, comment="open, accepted, dismissed or expired"),
    Column("decided_at", UtcDateTime, nullable=True),
    Column("decided_by", Id, nullable=True),
    Column("because", Text, nullable=True, comment="why it was dismissed"),
    Column("made", Id, nullable=True, comment="the record that accepting created"),
)
sa.Index("ix_dw_suggestion_record", suggestion.c.record, suggestion.c.made_at)
sa.Index(
    "ux_dw_suggestion_open",
    suggestion.c.record,
    suggestion.c.rule,
    suggestion.c.action,
    unique=True,
    **where(suggestion.c.state == sa.literal_column("'open'")),
)

enrolment = sa.Table(
    "dw_enrolment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("sequence", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("record", Id, nullable=False),
    Column("revision", Text, nullable=False, comment="whose delays and calendar it runs by"),
    Column("state", Text, nullable=False, comment="running, finished or stopped"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("left", Json, nullable=False, comment="steps still to come: [step, moment]"),
    Column("done", Json, nullable=False, comment="steps whose moment came: [step, moment]"),
    Column("reads", Json, nullable=False, comment="names that what started it looked at"),
    Column("rule", Text, nullable=True, comment="what started it"),
    Column("ended_at", UtcDateTime, nullable=True),
    Column("why", Text, nullable=True, comment="why it stopped: condition, rule, restart, archived or gone"),
)
sa.Index("ix_dw_enrolment_record", enrolment.c.record, enrolment.c.started_at)
sa.Index(
    "ux_dw_enrolment_running",
    enrolment.c.record,
    enrolment.c.sequence,
    unique=True,
    **where(enrolment.c.ended_at.is_(None)),
)

rule_spent = sa.Table(
    "dw_rule_spent",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True, comment="when it began"),
    Column("process", Id, primary_key=True),
    Column("actions", sa.BigInteger, nullable=False, comment="asked for in this hour, as far as it was written"),
)

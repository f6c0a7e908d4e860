"""The tables that every workspace starts with (``dealwright.storage.system``)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dealwright import clock
from dealwright.conditions.sql.types import Id, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them, with the one row of the workspace."""
    op.create_table(
        "dw_account",
        sa.Column("user", Id(), nullable=False, comment="id of the base.user record"),
        sa.Column("email", sa.Text(), nullable=False, comment="folded: the same address is written in one way"),
        sa.Column("password", sa.Text(), nullable=True, comment="Argon2id hash; empty: cannot sign in by password"),
        sa.Column("state", sa.Text(), nullable=False, comment="active or disabled"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="wrong passwords since the last right one"),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("password_at", UtcDateTime(), nullable=True, comment="when the password was set"),
        sa.Column("signed_in_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user"),
    )
    op.create_index("ux_dw_account_email", "dw_account", ["email"], unique=True)
    op.create_table(
        "dw_activation",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", Id(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "dw_audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False, comment="JSON, as the digest covers it"),
        sa.Column("previous", sa.Text(), nullable=False, comment="digest of the entry before; empty for the first"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 over this entry and the digest before"),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "dw_decision",
        sa.Column("id", Id(), nullable=False),
        sa.Column("event", Id(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=True),
        sa.Column("fired", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False, comment="live or shadow"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("facts", Json(), nullable=False, comment="what the conditions read, API JSON"),
        sa.Column("truth", Json(), nullable=False, comment="true or false for each leaf, in order"),
        sa.Column("window", sa.Text(), nullable=True, comment="see dw_firing; empty for a rule that fires each time"),
        sa.Column("result", Json(), nullable=True, comment="what its actions did; null if nothing"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_decision_record", "dw_decision", ["record", "id"], unique=False)
    op.create_index("ix_dw_decision_rule", "dw_decision", ["rule", "id"], unique=False)
    op.create_table(
        "dw_document",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the canonical JSON"),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON, keys in their order"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "dw_event",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="order of writing",
        ),
        sa.Column("id", Id(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True, comment="of the record, after the event"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", Id(), nullable=True),
        sa.Column("data", Json(), nullable=False),
        sa.Column("changes", Json(), nullable=False, comment="field to [before, after], API JSON"),
        sa.Column("cause", Id(), nullable=True, comment="the event that led here through a rule"),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("tx", sa.BigInteger(), nullable=False, comment="PostgreSQL transaction that wrote it; 0 on SQLite"),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_dw_event_at", "dw_event", ["at"], unique=False)
    op.create_index("ix_dw_event_record", "dw_event", ["record", "seq"], unique=False)
    op.create_index("ux_dw_event_id", "dw_event", ["id"], unique=True)
    op.create_table(
        "dw_file",
        sa.Column("id", Id(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the content, and its name on disk"),
        sa.Column("name", sa.Text(), nullable=False, comment="as shown and downloaded; never a path"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False, comment="media type, by content"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id(), nullable=True),
        sa.Column(
            "entity", sa.Text(), nullable=True, comment="the record it is attached to; empty until it is saved with one"
        ),
        sa.Column("record", Id(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_file_digest", "dw_file", ["digest"], unique=False)
    op.create_index("ix_dw_file_record", "dw_file", ["record"], unique=False)
    op.create_table(
        "dw_firing",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column("window", sa.Text(), nullable=False, comment="what “once per” counts: a day, a visit of a stage ..."),
        sa.Column("decision", Id(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "rule_version", "record", "window"),
    )
    op.create_table(
        "dw_idempotency",
        sa.Column("scope", sa.Text(), nullable=False, comment="whose key it is, and for which operation"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the request"),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column(
            "status",
            sa.Integer(),
            nullable=True,
            comment="HTTP status of the answer; empty while it is being worked out",
        ),
        sa.Column("answer", Json(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    op.create_index("ix_dw_idempotency_started_at", "dw_idempotency", ["started_at"], unique=False)
    op.create_table(
        "dw_import",
        sa.Column("id", Id(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the file and the mapping"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="running, done or failed"),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="rows of the file that are done with"),
        sa.Column("counts", Json(), nullable=False, comment="created, updated, unchanged, rejected"),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("started_by", Id(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_import_digest", "dw_import", ["digest"], unique=False)
    op.create_table(
        "dw_outbox",
        sa.Column("id", Id(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="idempotency key for the receiver"),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="pending, sent, dead or skipped"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often it has been claimed"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column(
            "next_at", UtcDateTime(), nullable=False, comment="not before; while claimed, when the claim runs out"
        ),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("event", Id(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("record", Id(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_dw_outbox_dead",
        "dw_outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_dw_outbox_due",
        "dw_outbox",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ux_dw_outbox_key", "dw_outbox", ["key"], unique=True)
    op.create_table(
        "dw_revision",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", Id(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("packs", Json(), nullable=False, comment="pack id to version"),
        sa.Column("documents", Json(), nullable=False, comment="list of [name, digest of a dw_document]"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dw_sequence",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False, comment="the last number taken"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "dw_session",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the secret in the cookie"),
        sa.Column("user", Id(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_dw_session_user", "dw_session", ["user"], unique=False)
    op.create_table(
        "dw_timer",
        sa.Column("id", Id(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("record", Id(), nullable=False),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="what it is for, unique for the record while it is pending"
        ),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="pending, fired or cancelled"),
        sa.Column("generation", sa.Integer(), nullable=False, comment="counts up each time it is set anew or moved"),
        sa.Column("data", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_dw_timer_due",
        "dw_timer",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ux_dw_timer_pending",
        "dw_timer",
        ["record", "name"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "dw_token",
        sa.Column("id", Id(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("user", Id(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("roles", Json(), nullable=True, comment="roles it is limited to; empty: all of its user"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True, comment="to the minute"),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_dw_token_user", "dw_token", ["user"], unique=False)
    op.create_index("ux_dw_token_digest", "dw_token", ["digest"], unique=True)
    op.create_table(
        "dw_user_role",
        sa.Column("user", Id(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user", "role"),
    )
    op.create_table(
        "dw_worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False, comment="its last heartbeat"),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "dw_workspace",
        sa.Column("id", sa.Integer(), nullable=False, comment="always 1"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=True, comment="the one in force; empty before the first"),
        sa.Column(
            "held", sa.Boolean(), nullable=False, comment="deliveries and timers stand still, as after a restore"
        ),
        sa.Column("settings", Json(), nullable=False, comment="zone, locale, currency and the like; no secrets"),
        sa.PrimaryKeyConstraint("id"),
    )

    workspace = sa.Table(
        "dw_workspace",
        sa.MetaData(),
        sa.Column("id", sa.Integer),
        sa.Column("created_at", UtcDateTime),
        sa.Column("held", sa.Boolean),
        sa.Column("settings", Json),
    )
    op.get_bind().execute(
        workspace.insert().values({"id": 1, "created_at": clock.now(), "held": False, "settings": {}})
    )

"""The tables of who may sign in, and from where; a part of ``system``."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Text

from dealwright.conditions.sql.types import Id, Json, UtcDateTime


def within(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table, sa.Table, sa.Table, sa.Table, sa.Table]:
    """Return accounts, attempts, devices, roles of users, sessions and tokens as tables of ``metadata``."""
    account = sa.Table(
        "dw_account",
        metadata,
        Column("user", Id, primary_key=True, comment="id of the base.user record"),
        Column("email", Text, nullable=False, comment="folded: the same address is written in one way"),
        Column("password", Text, nullable=True, comment="Argon2id hash; empty: cannot sign in by password"),
        Column("state", Text, nullable=False, comment="active or disabled"),
        Column("password_at", UtcDateTime, nullable=True, comment="when the password was set"),
        Column("signed_in_at", UtcDateTime, nullable=True),
    )
    sa.Index("ux_dw_account_email", account.c.email, unique=True)
    attempt = sa.Table(
        "dw_attempt",
        metadata,
        Column("key", Text, primary_key=True, comment="whose attempts: kind and digest, or kind and network"),
        Column("clear_at", UtcDateTime, nullable=False, comment="when the last failure will be forgiven"),
        Column("free_at", UtcDateTime, nullable=False, comment="no attempt is looked at before"),
    )
    sa.Index("ix_dw_attempt_clear_at", attempt.c.clear_at)
    device = sa.Table(
        "dw_device",
        metadata,
        Column("digest", Text, primary_key=True, comment="SHA-256 of the secret in the browser's cookie"),
        Column("user", Id, primary_key=True, comment="who signed in from there"),
        Column("seen_at", UtcDateTime, nullable=False, comment="when last"),
    )
    sa.Index("ix_dw_device_seen_at", device.c.seen_at)
    user_role = sa.Table(
        "dw_user_role",
        metadata,
        Column("user", Id, primary_key=True),
        Column("role", Text, primary_key=True),
    )
    session = sa.Table(
        "dw_session",
        metadata,
        Column("digest", Text, primary_key=True, comment="SHA-256 of the secret in the cookie"),
        Column("user", Id, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("seen_at", UtcDateTime, nullable=False),
        Column("expires_at", UtcDateTime, nullable=False),
        Column("address", Text, nullable=False),
        Column("agent", Text, nullable=False),
    )
    sa.Index("ix_dw_session_user", session.c.user)
    token = sa.Table(
        "dw_token",
        metadata,
        Column("id", Id, primary_key=True),
        Column("digest", Text, nullable=False, comment="SHA-256 of the token"),
        Column("user", Id, nullable=False),
        Column("title", Text, nullable=False),
        Column("roles", Json, nullable=True, comment="roles it is limited to; empty: all of its user"),
        Column("created_at", UtcDateTime, nullable=False),
        Column("expires_at", UtcDateTime, nullable=True),
        Column("used_at", UtcDateTime, nullable=True, comment="to the minute"),
        Column("revoked_at", UtcDateTime, nullable=True),
    )
    sa.Index("ux_dw_token_digest", token.c.digest, unique=True)
    sa.Index("ix_dw_token_user", token.c.user)
    return account, attempt, device, user_role, session, token

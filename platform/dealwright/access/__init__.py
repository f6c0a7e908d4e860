"""Users, roles, rights, sign-in. Default deny: what no role grants is refused."""

from __future__ import annotations

from dealwright.access.asking import all_seen, asked
from dealwright.access.rights import (
    ALWAYS_SEEN,
    EntityGrant,
    Rights,
    capable,
    demand,
    inputs_seen,
    path_seen,
    readable,
    rights,
    rights_of,
)
from dealwright.access.rows import criteria, first_steps
from dealwright.access.sign_in import (
    Bearer,
    acting,
    bearer,
    digest,
    folded,
    hashed,
    new_token,
    note_use,
    session_user,
    session_users,
    sign_in,
    sign_out,
    touch,
)
from dealwright.access.users import ADMIN_ROLE, User, operator, platform_itself

__all__ = [
    "ADMIN_ROLE",
    "ALWAYS_SEEN",
    "Bearer",
    "EntityGrant",
    "Rights",
    "User",
    "acting",
    "all_seen",
    "asked",
    "bearer",
    "capable",
    "criteria",
    "demand",
    "digest",
    "first_steps",
    "folded",
    "hashed",
    "inputs_seen",
    "new_token",
    "note_use",
    "operator",
    "path_seen",
    "platform_itself",
    "readable",
    "rights",
    "rights_of",
    "session_user",
    "session_users",
    "sign_in",
    "sign_out",
    "touch",
]

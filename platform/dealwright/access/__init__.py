"""Users, roles, rights, sign-in. Default deny: what no role grants is refused."""

from __future__ import annotations

from dealwright.access.rights import EntityGrant, Rights, capable, demand, path_seen, readable, rights, rights_of
from dealwright.access.rows import criteria, first_steps
from dealwright.access.users import ADMIN_ROLE, User, operator

__all__ = [
    "ADMIN_ROLE",
    "EntityGrant",
    "Rights",
    "User",
    "capable",
    "criteria",
    "demand",
    "first_steps",
    "operator",
    "path_seen",
    "readable",
    "rights",
    "rights_of",
]

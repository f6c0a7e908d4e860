"""Users: a ``base.user`` record with an account to sign in by, and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, clock
from dealwright.errors import Problem, RecordError
from dealwright.records.road import save_one
from dealwright.records.work import Change, Work
from dealwright.storage import accounts, audit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.records.workspace import Workspace


def add_user(
    workspace: Workspace,
    email: str,
    name: str,
    password: str | None,
    roles: Sequence[str],
    *,
    by: access.User | None = None,
    data: Mapping[str, Any] | None = None,
    hashed: str | None = None,
) -> str:
    """Make a ``base.user`` record with an account and roles; return its id.

    Args:
        workspace: Where.
        email: What the account is known by.
        name: Name of the record.
        password: What the person signs in with; None for one who cannot by password, or where it is ``hashed`` already.
        roles: Ids of roles.
        by: In whose name; the operator if nobody is named.
        data: Other fields of the record.
        hashed: What ``access.hashed`` made of the password.

    Raises:
        RecordError: If a role does not exist, the password is no good, or the record is not valid.
        ConflictError: If the address has an account already.
    """
    address = access.folded(email)
    if password is not None:
        hashed = access.hashed(password, address, name)
    with workspace.database.write() as connection:
        work = Work(workspace, connection, by or access.operator())
        unknown = [role for role in roles if role not in work.catalog.roles]
        if unknown:
            choices = ", ".join(sorted(work.catalog.roles))
            text = f"there is no role “{unknown[0]}”; there are {choices}"
            raise RecordError("the user was not added", [Problem("/roles", "no-such-role", text)])
        saved = save_one(work, "base.user", Change({"name": name, "email": address, **(data or {})}))
        accounts.put(connection, saved.id, address, hashed, clock.now())
        accounts.set_roles(connection, saved.id, roles)
        audit.append(
            connection,
            action="user.added",
            actor=work.user.id,
            at=clock.now(),
            subject=f"user:{saved.id}",
            data={"roles": sorted(roles), "by": work.user.by},
        )
    return saved.id

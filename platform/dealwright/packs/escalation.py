"""Nobody gives by a pack what he does not have himself.

Who installs a pack puts its roles at the disposal of others, and its rules act for everybody. So what they may do with
records that are there already, he must be allowed to do; and every capability of the roles, he must have. What the
pack itself brings is nobody's yet. (The rule of Kubernetes for roles, kubernetes.io/docs/reference/access-authn-authz/rbac,
“Privilege escalation prevention and bootstrapping”.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from dealwright.errors import ForbiddenError, Problem
from dealwright.metadata.names import namespace_of
from dealwright.packs import permissions

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Grant, Role
    from dealwright.packs.source import PackSource

_LEVELS: Final = {"none": 0, "see": 1, "edit": 2}


def demand(before: Catalog | None, after: Catalog, packs: Iterable[PackSource], roles: Collection[str]) -> None:
    """Refuse packs that would give more than the one who installs them has.

    Args:
        before: The definitions in force; None in a workspace that has none yet, in which nobody has anything.
        after: Those that would be.
        packs: The packs that are new or changed.
        roles: Roles of the one who installs them.

    Raises:
        ForbiddenError: With each power that he has not.
    """
    if before is None:
        return
    found = [problem for one in packs for problem in problems(before, after, one, roles)]
    if found:
        message = "a pack cannot give what you do not have; let somebody install it who has all of this"
        raise ForbiddenError(message, found)


def problems(before: Catalog, after: Catalog, pack: PackSource, roles: Collection[str]) -> list[Problem]:
    """Return each power that a pack's roles or rules have and ``roles`` have not."""
    own = [before.roles[one] for one in sorted(roles) if one in before.roles]
    found: list[Problem] = []
    for role in after.roles.values():
        if role.layer == pack.id:
            found += _of_role(before, own, role)
    for use in permissions.used(after, pack.id, pack.layer.namespace):
        if use.sort == "entities" and use.name in before.entities and not _may(own, use.name, use.op):
            message = f"the rules of {pack.id} {use}, and you may not do so with every one of them"
            found.append(Problem(use.pointer, "not-yours", message, use.source))
    return found


def _of_role(before: Catalog, own: list[Role], role: Role) -> Iterator[Problem]:
    source = f"role:{role.id}"
    for name in sorted(role.capabilities):
        if not any(name in one.capabilities for one in own):
            yield Problem("/capabilities", "not-yours", f"it gives the capability “{name}”, which you have not", source)
    for index, grant in enumerate(role.grants):
        for entity in before.entities:
            if not _names(grant, entity):
                continue
            missing = [
                op for op in sorted(grant.ops) if not any(_at_least(one, grant, op, entity) for one in _all(own))
            ]
            if missing:
                message = f"it lets people {' and '.join(missing)} records of {entity}, more than you may"
                yield Problem(f"/grants/{index}", "not-yours", message, source)


def _all(roles: list[Role]) -> list[Grant]:
    return [grant for one in roles for grant in one.grants]


def _names(grant: Grant, entity: str) -> bool:
    return grant.entity in ("*", entity, f"{namespace_of(entity)}.*")


def _at_least(own: Grant, other: Grant, op: str, entity: str) -> bool:
    """Tell whether one grant lets people do at least what another one does, with the same rows and fields, or more."""
    if not _names(own, entity) or op not in own.ops or own.rows not in (None, other.rows):
        return False
    named = {*own.fields, *other.fields, "*"}
    return all(_level(own, name) >= _level(other, name) for name in named)


def _level(grant: Grant, name: str) -> int:
    fields = grant.fields or {"*": "edit"}
    return _LEVELS[fields.get(name, fields.get("*", "none"))]


def _may(own: list[Role], entity: str, op: str) -> bool:
    return any(_names(one, entity) and op in one.ops and one.rows is None for one in _all(own))

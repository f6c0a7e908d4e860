"""Who asks: a person, an API token of a person, or the operator at the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The role that may do everything; the base definitions ship it.
ADMIN_ROLE = "base.admin"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, with all that rights and conditions need to know.

    Attributes:
        id: Id of the ``base.user`` record; None for the operator at the command line, who is no record.
        roles: Ids of the roles in force for this request, sorted: a token may carry fewer than its user has.
        facts: Typed fields of the ``base.user`` record; conditions read them as ``user.<field>``.
        by: How the user came: ``session``, ``token``, ``link`` (from a mail), ``intake`` (a stranger at a
            public form), ``operator`` or ``rule``.
        token: Id of the API token, if the request carries one.
        stale: Whether it is time to note that the token is in use.
    """

    id: str | None
    email: str
    name: str
    roles: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    by: str = "session"
    token: str | None = None
    stale: bool = False

    @property
    def team(self) -> str | None:
        """Id of the user's team, or None."""
        return self.facts.get("team")

    @property
    def locale(self) -> str | None:
        """The user's own locale such as ``zh-CN``; None means the workspace's."""
        return self.facts.get("locale")

    def env(self) -> dict[str, Any]:
        """Return what conditions know of the user, under the keys ``user.…``."""
        known = {f"user.{name}": value for name, value in self.facts.items()}
        known["user.id"] = self.id
        known["user.email"] = self.email
        known["user.name"] = self.name
        known["user.roles"] = list(self.roles)
        return known


def operator(name: str = "operator") -> User:
    """Return the user as whom the command line acts: every right, and named so in the audit log."""
    return User(id=None, email="", name=name, roles=(ADMIN_ROLE,), by="operator")


def platform_itself() -> User:
    """Return the user in whose name the platform acts when time passes: timers that are due, outcomes that arrive."""
    return User(id=None, email="", name="dealwright", roles=(), by="platform")

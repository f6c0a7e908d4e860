"""Who may decide a step, and why: from what the definition says to people who can sign in and see the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import conditions
from dealwright.access import rights_of
from dealwright.approvals.course import Candidate
from dealwright.metadata.names import namespace_of
from dealwright.storage import approvals as stored
from dealwright.storage import people

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from dealwright.conditions import Condition
    from dealwright.metadata.approvals import Approval, Approvers, Step
    from dealwright.metadata.catalog import Catalog
    from dealwright.storage import Connection
    from dealwright.storage.people import Person

#: Somebody away may name somebody who is away too; after so many the last one is asked.
_LONGEST_CHAIN = 5


class People:
    """Finds the approvers of one record's approval.

    Args:
        connection: The transaction.
        catalog: Whose definition it runs on.
        approval: The definition.
        env: The record as conditions read it, with the paths of :func:`paths` loaded.
        requester: Who asked; None for the platform.
        now: The present moment, for absences.
        present: The catalog in force: how users are stored and what they may see are as they are now. None: ``catalog``.

    Attributes:
        left_out: Who was found and left out at the last :meth:`ask`, and why: for those who ask how it was routed.
    """

    def __init__(
        self,
        connection: Connection,
        catalog: Catalog,
        approval: Approval,
        env: Mapping[str, Any],
        requester: str | None,
        now: datetime,
        present: Catalog | None = None,
    ) -> None:
        self._connection, self._catalog, self._approval = connection, catalog, approval
        self._env, self._requester, self._now = env, requester, now
        self._present = present or catalog
        self._known: dict[str, Person | None] = {}
        self.left_out: list[tuple[str, str]] = []

    def ask(self, step: Step, before: tuple[str, ...]) -> Sequence[Candidate]:
        """Return who may decide ``step``; ``before`` are those who approved the stretch before."""
        self.left_out = []
        found: dict[str, str] = {}
        for entry in step.approvers:
            for user in self._of(entry, before):
                found.setdefault(user, _why(entry))
        return [one for one in self._standing_in(found) if self.may(one.user)]

    def managers(self, users: Iterable[str]) -> Mapping[str, str]:
        """Return the manager of each user who has one that may decide."""
        above = people.managers(self._connection, self._present, set(users))
        self._load(above.values())
        return {user: to for user, to in above.items() if self.may(to)}

    def _of(self, entry: Approvers, before: tuple[str, ...]) -> Iterable[str]:
        match entry.way:
            case "role":
                return self._of_role(entry)
            case "user":
                return [entry.value]
            case "field":
                return self._named(self._value(entry.value))
            case "where":
                return self._where(entry.value)
            case _:
                of = {"owner": [self._env.get("owner")], "requester": [self._requester], "previous": before}
                below = [one for one in of[entry.value] if isinstance(one, str)]
                return people.managers(self._connection, self._present, below).values()

    def _of_role(self, entry: Approvers) -> list[str]:
        users = people.with_role(self._connection, entry.value)
        if entry.scope is None:
            return users
        self._load(users)
        wanted, own = self._value(entry.scope), entry.scope.rpartition(".")[2]
        if wanted is None:
            return []
        return [one for one in users if (known := self._known[one]) is not None and known.facts.get(own) == wanted]

    def _value(self, path: str) -> Any:
        namespace = namespace_of(self._approval.id)
        return conditions.of(self._catalog, self._approval.entity, path, "value", namespace=namespace).evaluate(
            self._env
        )

    def _named(self, value: Any) -> list[str]:
        """Return the users that a value of the record names: a user, several, or those of a team."""
        listed = value if isinstance(value, list | tuple) else [value]
        found: list[str] = []
        for one in listed:
            if isinstance(one, str):
                team = people.in_team(self._connection, self._present, one)
                found += team or [one]
        return found

    def _where(self, source: str) -> list[str]:
        condition = self._condition(source)
        everybody = people.everybody(self._connection)
        self._load(everybody)
        mine = {name: self._env.get(name[7:]) for name in condition.names if name.startswith("record.")}
        return [
            one
            for one in everybody
            if (known := self._known[one]) is not None and condition.evaluate({**known.facts, **mine}) is True
        ]

    def _condition(self, source: str) -> Condition:
        return conditions.of(
            self._catalog,
            "base.user",
            source,
            "where",
            namespace=namespace_of(self._approval.id),
            record=self._approval.entity,
        )

    def _standing_in(self, found: Mapping[str, str]) -> list[Candidate]:
        """Put those who stand in for the absent in their place."""
        now = {user: user for user in found}
        for _ in range(_LONGEST_CHAIN):
            away = stored.standing_in(self._connection, set(now.values()), self._approval.entity, self._now)
            if not away:
                break
            now = {user: away.get(who, who) for user, who in now.items()}
        self._load(now.values())
        return [Candidate(who, found[user], None if who == user else user) for user, who in now.items()]

    def may(self, user: str) -> bool:
        """Tell whether somebody can sign in and read the record; who decides must know on what."""
        self._load([user])
        known = self._known[user]
        if known is None:
            self.left_out.append((user, "cannot sign in"))
            return False
        held = rights_of(self._present, known.roles, self._approval.entity)
        own = {f"user.{name}": value for name, value in known.facts.items()}
        if not held.matching("read", {**self._env, **own, "user.id": user, "user.roles": list(known.roles)}):
            self.left_out.append((user, "may not read the record"))
            return False
        return True

    def _load(self, users: Iterable[str]) -> None:
        new = {one for one in users if one not in self._known}
        if new:
            found = people.of_ids(self._connection, self._present, new)
            self._known.update((one, found.get(one)) for one in new)


def _why(entry: Approvers) -> str:
    scope = f" in the record's {entry.scope}" if entry.scope else ""
    return f"{entry.way} {entry.value}{scope}"


def paths(catalog: Catalog, approval: Approval) -> frozenset[str]:
    """Return the names that an approval reads of its record: conditions, paths to approvers, scopes."""
    namespace = namespace_of(approval.id)
    names: set[str] = {"owner"}
    sources = [(approval.when, "gate")]
    for step in approval.steps.values():
        sources.append((step.when, "gate"))
        for entry in step.approvers:
            sources.append((entry.value if entry.way == "field" else entry.scope, "value"))
            if entry.way == "where":
                condition = conditions.of(
                    catalog, "base.user", entry.value, "where", namespace=namespace, record=approval.entity
                )
                names |= {name[7:] for name in condition.names if name.startswith("record.")}
    for source, use in sources:
        if source is not None:
            names |= conditions.of(catalog, approval.entity, source, use, namespace=namespace).names
    return frozenset(names)

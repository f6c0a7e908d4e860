"""A record on its way through one save."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dealwright.errors import Problem, RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.actions import MoveStage
    from dealwright.errors import DealwrightError
    from dealwright.events import Event
    from dealwright.metadata.definitions import Entity
    from dealwright.rules import Decision
    from dealwright.scoring import Outcome


@dataclass(slots=True)
class Draft:
    """A record on its way through one save: what was asked, what it is now, what has followed from it.

    Attributes:
        before: The stored typed record; None for a new one.
        asked: API JSON that the caller sent.
        env: The record as it will be, with all that conditions read (see ``docs/conditions.md``).
        changed: Own and system fields whose value differs from ``before``.
        since: Fields changed since the last event of this save.
        rule: Id of the rule that asked for this record or change; None for a person.
        cause: Id of the event that led here through a rule; None for a first cause.
        error: Why the record cannot be saved; nothing of it is written then.
        hidden: Fields that the person who asks may not see; what is wrong with one is told without its name.
        reason: Why a record is moved, in the words of who moves it; told by the event.
        locked: Fields that an open approval locks (``*`` for all) to the approval's title; see ``locks``.
        scores: What scores came to that were worked out in this save, by their ids.
        moves: Moves that rules ask for, each with its decision and the index of its action.
        outcomes: Decision id → what its actions could not do, and why; stored with the decision.
        op: The operation that the user's grants must allow; empty for create or update, as ``new`` says.
    """

    entity: Entity
    id: str
    new: bool
    asked: Mapping[str, Any]
    expected: int | None = None
    before: Mapping[str, Any] | None = None
    env: dict[str, Any] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    since: set[str] = field(default_factory=set)
    started: dict[str, Any] = field(default_factory=dict)
    rule: str | None = None
    cause: str | None = None
    depth: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    error: DealwrightError | None = None
    events: list[Event] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    hidden: frozenset[str] = frozenset()
    op: str = ""
    reason: str = ""
    locked: Mapping[str, str] = field(default_factory=dict)
    scores: dict[str, Outcome] = field(default_factory=dict)
    moves: list[tuple[MoveStage, Decision, int]] = field(default_factory=list)
    outcomes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """The version after the save."""
        return 1 if self.before is None else int(self.before["version"]) + bool(self.changed)

    def put(self, name: str, value: Any) -> None:
        """Set a field; one that gets its own value again is not changed."""
        if self.env.get(name) != value:
            self.started.setdefault(name, self.env.get(name))
            self.env[name] = value
            self.changed.add(name)
            self.since.add(name)

    def put_all(self, values: Mapping[str, Any]) -> None:
        """Set fields, as :meth:`put` does one."""
        env = self.env
        different = [name for name, value in values.items() if env.get(name) != value]
        for name in different:
            self.started.setdefault(name, env.get(name))
            env[name] = values[name]
        self.changed.update(different)
        self.since.update(different)

    def refuse(self) -> None:
        """Turn the problems found so far into the error of this record."""
        self.problems, self.warnings = self._told(self.problems), self._told(self.warnings)
        if self.problems and self.error is None:
            self.error = RecordError(f"the {self.entity.title} was not saved", self.problems)

    def _told(self, problems: list[Problem]) -> list[Problem]:
        """Return problems as the person may hear them; those with hidden fields become one."""
        told = [p if p.code == "unknown-field" or not self._is_hidden(p) else _HIDDEN for p in problems]
        return list(dict.fromkeys(told)) if self.hidden else told

    def _is_hidden(self, problem: Problem) -> bool:
        return problem.pointer[1:].partition("/")[0] in self.hidden


_HIDDEN = Problem("", "hidden-field", "a field that you may not see does not fit; ask an administrator")

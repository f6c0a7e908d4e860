"""When a clock starts, stops or pauses: a condition that comes to hold, or an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dealwright import conditions
from dealwright.metadata.names import namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dealwright.conditions import Condition
    from dealwright.events import Event
    from dealwright.metadata.catalog import Catalog

#: Types of fields whose value comes from other records.
_ELSEWHERE: Final = frozenset({"rollup", "lookup"})


@dataclass(frozen=True, slots=True)
class When:
    """A condition over the record, or an event with a condition of its own.

    Attributes:
        event: Type of the event; None for a condition alone.
        condition: What must hold; None for always.
    """

    event: str | None
    condition: Condition | None

    @property
    def names(self) -> frozenset[str]:
        """The names of an environment that it reads."""
        return self.condition.names if self.condition is not None else frozenset()

    def holds(self, env: Mapping[str, Any]) -> bool:
        """Tell whether the condition holds; whether there was an event is not looked at."""
        return self.condition is None or self.condition.evaluate(env) is True

    def happens(self, env: Mapping[str, Any], happened: Iterable[Event]) -> bool:
        """Tell whether the condition holds now, or whether one of these events is the one waited for."""
        if self.event is not None and not any(one.type == self.event for one in happened):
            return False
        return self.holds(env)

    def begins(self, env: Mapping[str, Any], before: Mapping[str, Any] | None, happened: Iterable[Event]) -> bool:
        """Tell whether the condition holds since this change (``before``: the environment before it), or the event came.

        Of a condition that looks over a reference which was changed nobody knows whether it held before: it begins.
        """
        if self.event is not None or not self.holds(env):
            return self.happens(env, happened)
        if before is None or self.condition is None:
            return True
        moved = {name for name in before.keys() & env.keys() if before[name] != env[name]}
        if any(path.partition(".")[0] in moved for path in self.condition.paths):
            return True
        return not self.holds(before)


def read(catalog: Catalog, identifier: str, entity: str, written: Any) -> When:
    """Return what a text (a condition) or ``{"event", "if"}`` says.

    Raises:
        ConditionError: If the condition is not valid.
    """
    event, source = (None, written) if isinstance(written, str) else (written["event"], written.get("if"))
    if source is None:
        return When(event, None)
    return When(event, conditions.of(catalog, entity, source, "clock", namespace=namespace_of(identifier)))


def looks_elsewhere(catalog: Catalog, condition: Condition) -> bool:
    """Tell whether a condition reads other records, whose changes nobody tells of: then each save is looked at."""
    fields = [catalog.entity(condition.entity).field(name) for name in condition.fields]
    kept = any(one is not None and (one.type in _ELSEWHERE or one.id == "last_activity_at") for one in fields)
    return kept or bool(condition.paths)

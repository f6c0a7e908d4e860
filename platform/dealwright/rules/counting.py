"""Events that are counted: ``count`` of a rule's ``on``.

    {"count": {"event": "engagement.opened", "where": "event.asset == 'demo'", "at_least": 3, "within": "P90D"}}
    {"count": {"event": "quote.opened", "at_least": {"param": "opens"}, "since": "stage"}}

The rule is woken by an event that meets ``where``; the event itself counts. How many there are is asked of the log, and
becomes a comparison before the rule's condition (``guard``). From the first number that is enough on, each further
event finds enough too: ``once_per`` says how often the rule fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dealwright import conditions, events
from dealwright.errors import ConditionError, Problem
from dealwright.metadata import names
from dealwright.rules import guard, spans

if TYPE_CHECKING:
    from dealwright.calendars import Calendar
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Rule
    from dealwright.rules.spans import Span


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted for a rule.

    Attributes:
        key: The name under which the number is known in the environment.
        event: Type of the events.
        at_least: From which number on the rule is woken.
        parameter: The parameter that says so, such as ``param.opens``; None for a constant.
        within: How far back events count; None: since the record entered its stage.
        where: What an event must meet to be counted; None for all.
    """

    key: str
    event: str
    at_least: int
    parameter: str | None
    within: Span | None
    where: Condition | None
    zone: ZoneInfo
    calendar: Calendar | None = field(default=None, compare=False)

    def start(self, env: Mapping[str, Any], now: datetime) -> datetime | None:
        """Return from when on events of a record count, that moment included; None if none does."""
        if self.within is not None:
            return self.within.back().later(now, self.zone, self.calendar)
        entered = env.get("stage_entered_at")
        return entered if isinstance(entered, datetime) else None

    def takes(self, data: Mapping[str, Any]) -> bool:
        """Tell whether an event with this data is counted."""
        if self.where is None:
            return True
        return self.where.evaluate({f"event.{key}": value for key, value in data.items()}) is True


def read(catalog: Catalog, rule: Rule) -> Counted | None:
    """Return what is counted for ``rule``; None if nothing is, or :func:`problems` says why not."""
    if rule.trigger.kind != "count":
        return None
    spec, own = rule.trigger.spec, names.namespace_of(rule.id)
    within = spans.read(catalog, rule.id, spec["within"]) if "within" in spec else None
    number, parameter = _number(catalog, own, spec.get("at_least"))
    calendar = spans.calendar_of(catalog, within) if within is not None else None
    if number is None or ("within" in spec and (within is None or (within.workdays and calendar is None))):
        return None
    where = spec.get("where")
    return Counted(
        key=f"{guard.COUNT}{rule.id}",
        event=str(spec.get("event")),
        at_least=number,
        parameter=parameter,
        within=within,
        where=conditions.of(catalog, rule.entity, where, "rule", namespace=own) if where else None,
        zone=ZoneInfo(catalog.settings.get("zone", "UTC")),
        calendar=calendar,
    )


def _number(catalog: Catalog, own: str, written: Any) -> tuple[int | None, str | None]:
    if isinstance(written, int):
        return written, None
    name = str(written.get("param")) if isinstance(written, Mapping) else ""
    parameter = catalog.parameter(name, own)
    value = parameter.value if parameter is not None else None
    whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return (value, f"param.{name}") if whole else (None, None)


def problems(catalog: Catalog, rule: Rule) -> list[Problem]:
    """Return what is wrong with a ``count``; that its condition is valid is looked at with all conditions."""
    spec, own = rule.trigger.spec, names.namespace_of(rule.id)
    found = []
    kind = str(spec.get("event"))
    if kind.startswith(("record.", "timer.")) or not events.is_type(kind):
        text = f"“{kind}” is not counted; count events that are sent, or those of approvals, SLAs, deadlines and scores"
        found.append(Problem("/on/count/event", "event-not-counted", text))
    written = spec.get("at_least")
    parameter = catalog.parameter(str(written.get("param")), own) if isinstance(written, Mapping) else None
    if parameter is not None and _number(catalog, own, written)[0] is None:
        text = f"the parameter is {parameter.value}; events are counted in whole numbers from 1"
        found.append(Problem("/on/count/at_least", "not-a-number", text))
    if "within" in spec:
        found += spans.problems(catalog, rule.id, spec["within"], "/on/count/within", forward=True)
    entity = catalog.entities.get(rule.entity)
    if spec.get("since") == "stage" and entity is not None and not entity.pipelines:
        text = f"“{rule.entity}” has no pipeline, so there is no stage since when; say within what time"
        found.append(Problem("/on/count/since", "no-pipeline", text))
    found += _where_problems(catalog, rule)
    return found


def _where_problems(catalog: Catalog, rule: Rule) -> list[Problem]:
    where = rule.trigger.spec.get("where")
    if not where or rule.entity not in catalog.entities:
        return []
    try:
        condition = conditions.of(catalog, rule.entity, where, "rule", namespace=names.namespace_of(rule.id))
    except ConditionError:
        return []  # conditions.problems tells of it
    others = sorted(name for name in condition.names if not name.startswith("event."))
    if not others:
        return []
    text = f"“where” looks at events of the past and knows only what they say: event.…; put {others[0]} into “if”"
    return [Problem("/on/count/where", "not-of-the-event", text)]

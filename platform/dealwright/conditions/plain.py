"""Conditions without a catalog: about values whose fields are given as documents. For tests, scripts and plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from dealwright import clock
from dealwright.conditions import types
from dealwright.conditions.condition import Condition, of
from dealwright.conditions.constants import READERS
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.definitions import Entity, Field, Option
from dealwright.metadata.system import system_fields

_ENTITY = "plain.record"


@dataclass(frozen=True, slots=True)
class Plain:
    """A condition about plain values."""

    condition: Condition
    kinds: Mapping[str, str]

    def evaluate(
        self, values: Mapping[str, Any], *, now: datetime | None = None, user: Mapping[str, Any] | None = None
    ) -> Any:
        """Return what the condition says of some values.

        Args:
            values: Field to value: typed, or as in API JSON ("12.50", "2026-11-23"). What is missing is empty. Fields
                of records referred to stand under dotted names, or in an object under the reference.
            now: The present moment; the clock's if left out. ``today()`` is its day in its own zone.
            user: What ``user.`` means: ``id``, ``team``, ``roles`` ...

        Raises:
            ValueError: If ``now`` has no zone, or a value cannot be read as its field's type.
        """
        moment = now or clock.now()
        if moment.tzinfo is None:
            raise ValueError("now needs a zone")
        env = _flat(values)
        env = {name: self._typed(name, value) for name, value in env.items()}
        env |= {f"user.{name}": value for name, value in (user or {}).items()}
        env |= {"now()": moment.astimezone(UTC), "today()": moment.date()}
        return self.condition.evaluate(env)

    def _typed(self, name: str, value: Any) -> Any:
        read = _READ.get(self.kinds.get(name, ""))
        if value in (None, "") or read is None:
            return None if value == "" else value
        try:
            return read(value)
        except (ValueError, ArithmeticError, TypeError):
            raise ValueError(f"“{name}” is {value!r}, which is not {types.Type(self.kinds[name]).noun}") from None


def compile(source: str, fields: Mapping[str, Mapping[str, Any]], kind: str = "filter") -> Plain:  # noqa: A001
    """Return a condition about values with these fields.

    Args:
        source: The text.
        fields: Name to field document, such as ``{"amount": {"field": "money"}}``. A dotted name is a field of a record
            referred to: ``{"account": {"field": "reference"}, "account.region": {"field": "text"}}``.
        kind: What it is for: filter, field, check, formula, gate, rule, value, permission, where or default.

    Raises:
        ConditionError: If the text is wrong.

    Example:
        >>> over = compile("amount > 1000 && level != null", {"amount": {"field": "money"}, "level": {"field": "text"}})
        >>> over.evaluate({"amount": "1000.01", "level": "gold"}), over.evaluate({"amount": "1000.01"})
        (True, False)
    """
    entities: dict[str, dict[str, Field]] = {_ENTITY: {}}
    for name in sorted(fields, key=lambda one: one.count(".")):
        *path, last = name.split(".")
        here = ".".join([_ENTITY, *path])
        target = f"{_ENTITY}.{name}" if any(other.startswith(f"{name}.") for other in fields) else None
        entities.setdefault(here, {})[last] = _field(last, fields[name], target)
    catalog = Catalog(
        revision="plain",
        documents={},
        entities={
            name: Entity(name, name, name, own, {k: v for k, v in _SYSTEM.items() if k not in own})
            for name, own in entities.items()
        },
        rules={},
        roles={},
        pipelines={},
        parameters={},
        packs={},
        settings={},
    )
    condition = of(catalog, _ENTITY, source, kind)
    kinds = {
        ".".join([*name.removeprefix(_ENTITY).strip(".").split("."), field.id]).strip("."): types.of(
            field, catalog, name
        ).kind
        for name, own in entities.items()
        for field in own.values()
    }
    return Plain(condition, kinds)


_SYSTEM = system_fields(None)


def _field(name: str, document: Mapping[str, Any], target: str | None) -> Field:
    items = (document.get("items") or {}).get("properties")
    return Field(
        name,
        str(document["field"]),
        str(document.get("title", name)),
        spec=document,
        options=tuple(Option(str(one["id"]), str(one.get("title", one["id"]))) for one in document.get("options", ())),
        to=target or document.get("to"),
        items={key: _field(key, one, None) for key, one in items.items()} if items is not None else None,
    )


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with those of records referred to under dotted names; such a record is its ``id``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat[name] = value
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": one for inner, one in _flat(value).items()}
            if "id" in value:
                flat[name] = value["id"]
    return flat


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else READERS["datetime"](value)
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError("not a moment with a zone")
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _read(kind: str, known: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        found = value if isinstance(value, known) else READERS[kind](value)
        if found is None:
            raise ValueError(kind)
        return found

    return read


_READ: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "decimal": lambda value: Decimal(str(value)),
    "date": _read("date", date),
    "datetime": _moment,
    "time": _read("time", time),
    "duration": _read("duration", timedelta),
}

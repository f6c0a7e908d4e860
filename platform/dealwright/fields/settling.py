"""Settling a record: what follows from its values, and whether they may stand together.

In this order, on the record as it will be: formulas; what is hidden loses its value; and again, until nothing changes.
Then what is required, read-only, set once or not offered; then the entity's checks. Every problem is found, not only
the first. Nothing here asks the clock or the database: all that is read is in ``env``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dealwright.errors import Problem
from dealwright.fields.computed import fitted
from dealwright.fields.filling import defaults, defaults_of
from dealwright.fields.messages import locale, message
from dealwright.fields.money import currency_key
from dealwright.fields.plan import Computed, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dealwright.fields.plan import Plan
    from dealwright.metadata.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling a record came to.

    Attributes:
        changes: Typed values that differ from those in ``env``: stored formulas, values emptied because their field is
            hidden, rows with either. Rows that have changed come as a whole list.
        problems: Why the record may not be saved.
        warnings: What its author should be told; it may be saved all the same.
        hidden: Fields that are hidden now.
    """

    changes: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    hidden: frozenset[str] = frozenset()


def settle(catalog: Catalog, entity_id: str, env: Mapping[str, Any], *, changed: Collection[str], new: bool) -> Settled:
    """Settle a record; pure, and the same again when its result is settled once more.

    Args:
        catalog: The definitions in force.
        entity_id: The record's entity.
        env: The record as it will be, with all that :func:`needs` names, ``old.`` values for a stored record among it.
        changed: Fields that the caller asked to change. Only these are judged read-only, set once, or not offered; a
            rule's own change is not among them.
        new: Whether the record is being made. Then read-only is judged on a record that has only its defaults.

    Returns:
        Changes, problems and warnings. Messages are in the language of ``messages.speaking``.
    """
    here = plan(catalog, entity_id)
    work = _Work(here, dict(env))
    work.complete_rows(catalog, entity_id)
    hidden = work.work_out()
    before = _before(catalog, entity_id, here, work.env, new) if changed else None
    work.judge(here, work.env, hidden, "", before, changed, new)
    for name, part in here.parts.items():
        if name not in hidden:
            work.judge_rows(name, part, before, name in changed, new)
    work.check(catalog, entity_id, hidden)
    return Settled(work.changes, tuple(work.problems), tuple(work.warnings), hidden)


def formulas(catalog: Catalog, entity_id: str, env: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored formulas of a record, and its rows with theirs, as they are now; nothing else is looked at.

    A value that does not fit its type is empty. ``env`` as for :func:`settle`.
    """
    here = plan(catalog, entity_id)
    work = _Work(here, dict(env))
    work._formulas()
    names = [one.id if isinstance(one, Computed) else one for one in here.order]
    return {name: work.env.get(name) for name in (*names, *here.parts)}


def _before(catalog: Catalog, entity_id: str, here: Plan, env: Mapping[str, Any], new: bool) -> dict[str, Any]:
    """Return the env of the record before the change, as far as it is looked at."""
    if not here.old:
        return {}
    if not new:
        return {**env, **{name: env.get(f"old.{name}") for name in here.old}}
    blank = {**env, **dict.fromkeys(here.fields)}
    return {**blank, **defaults(catalog, entity_id, blank)} if here.readonly else blank


@dataclass(slots=True)
class _Work:
    """One settling: the env as far as it is worked out, and what was found."""

    plan: Plan
    env: dict[str, Any]
    changes: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    overflown: set[str] = field(default_factory=set)

    def put(self, name: str, value: Any) -> None:
        """Set a value of the record; one that it has already is no change."""
        if self.env.get(name) != value or name not in self.env:
            self.env[name] = value
            self.changes[name] = value

    def complete_rows(self, catalog: Catalog, entity_id: str) -> None:
        """Give rows the keys that the client left out: empty, or the default in a row that is new."""
        for name, part in self.plan.parts.items():
            rows = self.env.get(name)
            if not rows or all(part.kinds.keys() <= row.keys() for row in rows):
                continue
            known = {row.get("id") for row in self.env.get(f"old.{name}") or ()}
            fill = defaults_of(catalog, entity_id).rows[name].fill
            outside = {**self.env, **{f"parent.{key}": value for key, value in self.env.items()}}
            self.put(name, [_completed(row, part, None if row.get("id") in known else fill, outside) for row in rows])

    def work_out(self) -> frozenset[str]:
        """Work out formulas and empty what is hidden, until nothing changes; return the hidden fields.

        Each further round has emptied a value for good, so there are at most as many rounds as fields that can hide.
        """
        here = self.plan
        while True:
            self._formulas()
            hidden = frozenset(name for name, shown in here.visible if not shown.evaluate(self.env))
            full = [name for name in hidden if name in here.kinds and not _empty(here, name, self.env)]
            if not full:
                return hidden
            for name in full:
                self.put(name, here.kinds[name].empty())
                if currency_key(name) in self.env:
                    self.put(currency_key(name), None)

    def _formulas(self) -> None:
        for one in self.plan.order:
            if isinstance(one, Computed):
                value = self._value(one, self.env, f"/{one.id}")
                if one.stored:
                    self.put(one.id, value)
                else:
                    self.env[one.id] = value
            else:
                self._rows(one, self.plan.parts[one])
        for name, part in self.plan.parts.items():
            if part.visible and name not in self.plan.order:
                self._rows(name, part)

    def _value(self, one: Computed, env: Mapping[str, Any], pointer: str) -> Any:
        try:
            return fitted(one.result, one.condition.evaluate(env))
        except OverflowError:
            if pointer not in self.overflown:
                self.overflown.add(pointer)
                self.problems.append(Problem(pointer, "out-of-range", message("out-of-range")))
            return None

    def _rows(self, name: str, part: Plan) -> None:
        """Work out the formulas of each row and empty what is hidden in it."""
        rows: Sequence[Mapping[str, Any]] = self.env.get(name) or ()
        outside = self.outside(part)
        settled = [self._row({**outside, **row}, row, part, f"/{name}/{i}") for i, row in enumerate(rows)]
        if any(new is not old for new, old in zip(settled, rows, strict=True)):
            self.put(name, settled)

    def outside(self, part: Plan) -> dict[str, Any]:
        """Return what conditions of a row see beside the row."""
        return {name: self.env.get(name.removeprefix("parent.")) for name in part.outside}

    def _row(self, env: dict[str, Any], row: Mapping[str, Any], part: Plan, pointer: str) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        while True:
            for one in part.order:
                if isinstance(one, Computed):
                    env[one.id] = self._value(one, env, f"{pointer}/{one.id}")
                    if env[one.id] != row.get(one.id) or one.id not in row:
                        found[one.id] = env[one.id]
            hidden = [name for name, shown in part.visible if not shown.evaluate(env)]
            full = [name for name in hidden if name in part.kinds and not _empty(part, name, env)]
            if not full:
                return {**row, **found} if found else row
            for name in full:
                env[name] = found[name] = part.kinds[name].empty()
                if currency_key(name) in env:
                    env[currency_key(name)] = found[currency_key(name)] = None

    def judge(
        self,
        part: Plan,
        env: Mapping[str, Any],
        hidden: frozenset[str],
        pointer: str,
        before: Mapping[str, Any] | None,
        changed: Collection[str],
        new: bool,
    ) -> None:
        """Find what is required and empty, and what was changed and may not be."""

        def say(name: str, code: str, **values: Any) -> None:
            self.problems.append(Problem(f"{pointer}/{name}", code, message(code, **values)))

        for name, when in part.required:
            if name not in hidden and _missing(env.get(name)) and (when is None or when.evaluate(env)):
                say(name, "required")
        if before is None:
            return
        touched = {name for name in changed if name in part.fields}
        touched |= {name.removesuffix("__currency") for name in changed if name.endswith("__currency")}
        for name, when in part.readonly:
            if name in touched and name not in hidden and when.evaluate(before) and _differs(part, name, before, env):
                say(name, "read-only")
        for name in part.immutable:
            if name in touched and not new and not _empty(part, name, before) and _differs(part, name, before, env):
                say(name, "immutable")
        for name, offer in part.offers.items():
            if name in touched and name not in hidden:
                for option in _chosen(env.get(name)) - _chosen(before.get(name)):
                    when = offer.when.get(option)
                    if option in offer.hidden or (when is not None and not when.evaluate(env)):
                        say(name, "option-not-offered", found=option)

    def judge_rows(self, name: str, part: Plan, before: Mapping[str, Any] | None, changed: bool, new: bool) -> None:
        """Judge each row like a record; a row that was there before is compared with itself."""
        if not (part.required or (changed and (part.readonly or part.immutable or part.offers))):
            return
        outside = self.outside(part)
        old = {row.get("id"): row for row in (before or {}).get(name) or ()} if not new else {}
        for index, row in enumerate(self.env.get(name) or ()):
            env = {**outside, **row}
            hidden = frozenset(one for one, shown in part.visible if not shown.evaluate(env))
            was = old.get(row.get("id"))
            then = {**outside, **(was or dict.fromkeys(part.fields))} if changed else None
            self.judge(part, env, hidden, f"/{name}/{index}", then, part.fields, was is None)

    def check(self, catalog: Catalog, entity_id: str, hidden: frozenset[str]) -> None:
        """Ask the entity's checks; one that stands at a hidden field is not asked. Its code is its id."""
        for check, condition in self.plan.checks:
            if check.at not in hidden and condition.evaluate(self.env):
                text = catalog.text("entity", entity_id, f"/checks/{check.id}/message", locale()) or check.message
                found = Problem(f"/{check.at}" if check.at else "", check.id, text)
                (self.warnings if check.level == "warning" else self.problems).append(found)


def _completed(
    row: Mapping[str, Any], part: Plan, fill: Callable[..., dict[str, Any]] | None, env: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a row with every key; ``fill`` gives the defaults of one that is new, for keys that were not sent."""
    full = {name: kind.empty() for name, kind in part.kinds.items()}
    outside = {name: value for name, value in env.items() if name not in part.fields}
    filled = fill({**outside, **row}) if fill is not None else {}
    return {**full, **filled, **row}


def _empty(here: Plan, name: str, env: Mapping[str, Any]) -> bool:
    value = env.get(name)
    return value is None or value == here.kinds[name].empty()


def _missing(value: Any) -> bool:
    """Tell whether a required field is not filled: a text of white space fills nothing, false and 0 do."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == [] or value == {}


def _differs(here: Plan, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    old, new, kind = before.get(name), after.get(name), here.kinds[name]
    pair = currency_key(name)
    return before.get(pair) != after.get(pair) or not kind.same(
        kind.empty() if old is None else old, kind.empty() if new is None else new
    )


def _chosen(value: Any) -> frozenset[str]:
    """Return the options that a value holds; of a checklist those that are done."""
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, dict):
        return frozenset(option for option, done in value.items() if done)
    return frozenset(value or ())

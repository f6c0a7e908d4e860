"""The conditions of a form: what they say now, and the same conditions for the browser to ask while somebody types.

The browser gets the checked tree of a condition, never its source, and only where the user may read every field it
names: a condition over a secret would tell the secret. What it works out is a convenience; the save decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dealwright import access, conditions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.access import User
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

#: Keyword of a field → how its condition is used.
_KEYWORDS = {"visible": "visible_when", "required": "required_when"}


@dataclass(frozen=True, slots=True)
class State:
    """What holds of a field at this moment."""

    visible: bool = True
    required: bool = False
    readonly: bool = False


@dataclass(slots=True)
class Live:
    """Conditions for the browser, as one JSON block of the page.

    Attributes:
        fields: Field → ``visible``, ``required``, ``formula`` and ``options`` as trees, with ``result``, the type of
            a formula's value.
        rows: Field of type ``rows`` → the same for its columns.
        names: Env keys that all of them read.
        reload: References whose change makes the server draw the form again, because a condition reads beyond them.
    """

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    reload: set[str] = field(default_factory=set)


def states(
    catalog: Catalog, entity: Entity, env: Mapping[str, Any], saved: Mapping[str, Any] | None
) -> dict[str, State]:
    """Return what holds of each own field of the record in ``env``.

    A hidden field counts as empty for the others, so this runs until nothing more is hidden; it ends, because a field
    that is hidden stays so.

    Args:
        catalog: Where the entity is from.
        entity: The entity.
        env: The record as it stands in the form, with all that its conditions read.
        saved: The record as it is stored; None for a new one. ``readonly_when`` and ``immutable`` look at this.
    """
    now = dict(env)
    hidden: set[str] = set()
    while True:
        more = {
            name
            for name, one in entity.fields.items()
            if name not in hidden
            and (condition := _of(catalog, entity, one, "visible_when")) is not None
            and condition.evaluate(now) is not True
        }
        if not more:
            break
        hidden |= more
        now.update(dict.fromkeys(more))
    found = {}
    for name, one in entity.fields.items():
        required = one.required or _holds(catalog, entity, one, "required_when", now)
        fixed = saved is not None and (
            _holds(catalog, entity, one, "readonly_when", saved)
            or (bool(one.spec.get("immutable")) and saved.get(name) not in (None, "", []))
        )
        found[name] = State(name not in hidden, required and name not in hidden, fixed)
    return found


def _holds(catalog: Catalog, entity: Entity, one: Field, keyword: str, env: Mapping[str, Any]) -> bool:
    condition = _of(catalog, entity, one, keyword)
    return condition is not None and condition.evaluate(env) is True


def _of(catalog: Catalog, entity: Entity, one: Field, keyword: str) -> Condition | None:
    source = one.spec.get(keyword)
    return conditions.of(catalog, entity.id, source, "field") if source else None


def live(catalog: Catalog, user: User, entity: Entity) -> Live:
    """Return the conditions of an entity's form that this user may know; made once per catalog and set of roles."""
    return catalog.once(("web.live", entity.id, user.roles), lambda: _live(catalog, user, entity))


def _live(catalog: Catalog, user: User, entity: Entity) -> Live:
    seen = access.rights(catalog, user, entity.id).seen()
    made = Live()

    def take(condition: Condition, into: dict[str, Any], key: str) -> None:
        """Put the tree of a record's condition under ``key``, if the user may see all that it reads."""
        paths = (
            p.partition(".")[0] in seen and access.path_seen(catalog, user.roles, entity, p) for p in condition.paths
        )
        if condition.fields <= seen and all(paths):
            into[key] = condition.json()
            made.names.update(condition.names)
            made.reload.update(path.partition(".")[0] for path in condition.paths)

    def take_in_row(condition: Condition, into: dict[str, Any], key: str) -> None:
        """Put the tree of a row's condition under ``key``; what it reads over references only the server knows."""
        outside = {name[7:] for name in condition.names if name.startswith("parent.")}
        if outside <= seen and not condition.paths:
            into[key] = condition.json()
            made.names.update(outside | {n for n in condition.names if n.startswith("user.") or n.endswith("()")})

    for name, one in entity.fields.items():
        if name not in seen:
            continue
        own = _trees(one, lambda source, use: conditions.of(catalog, entity.id, source, use), take)
        if own:
            made.fields[name] = own
        if one.items is not None:
            columns = {
                column.id: trees
                for column in one.items.values()
                if (trees := _trees(column, _within(catalog, entity, name), take_in_row))
            }
            if columns:
                made.rows[name] = columns
    return made


def _within(catalog: Catalog, entity: Entity, rows: str) -> Callable[[str, str], Condition]:
    return lambda source, use: conditions.of(catalog, entity.id, source, use, rows=rows)


def _trees(
    one: Field, read: Callable[[str, str], Condition], take: Callable[[Condition, dict[str, Any], str], None]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, keyword in _KEYWORDS.items():
        if one.spec.get(keyword):
            take(read(one.spec[keyword], "field"), found, key)
    if one.type == "formula":
        take(read(one.spec["formula"], "formula"), found, "formula")
        if "formula" in found:
            found["result"] = one.spec.get("result", "text")
    offered: dict[str, Any] = {}
    for option, source in (one.spec.get("options_when") or {}).items():
        take(read(source, "field"), offered, option)
    if offered:
        found["options"] = offered
    return found

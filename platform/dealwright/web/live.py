"""The conditions of a form: what they say now, and the same conditions for the browser to ask while somebody types.

The browser gets the checked tree of a condition, never its source, and only where the user may read every field it
names: a condition over a secret would tell the secret. What it works out is a convenience; the save decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dealwright import access, conditions, fields
from dealwright.fields.plan import Computed, plan
from dealwright.web import layout
from dealwright.web.display import summed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dealwright.access import User
    from dealwright.conditions import Condition
    from dealwright.fields.plan import Plan
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.metadata.views import View


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
        sections: Section of the view → the tree of its condition.
        sums: Field of type ``rows`` → column → ``formula`` of its sum as a tree, with ``result``.
        names: Env keys that all of them read.
        reload: References whose change makes the server draw the form again, because a condition reads beyond them.
    """

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)
    sums: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    reload: set[str] = field(default_factory=set)


def states(
    catalog: Catalog, entity: Entity, env: Mapping[str, Any], saved: Mapping[str, Any] | None
) -> dict[str, State]:
    """Return what holds of each own field of the record in ``env``, as a save would judge it.

    Args:
        catalog: Where the entity is from.
        entity: The entity.
        env: The record as it stands in the form, with all that its conditions read.
        saved: The env of the record as it is stored, which read-only conditions look at; None for a new one.
    """
    here = plan(catalog, entity.id)
    hidden = fields.settle(catalog, entity.id, env, changed=(), new=saved is None).hidden
    now = {**env, **dict.fromkeys(hidden)}
    required = {name for name, condition in here.required if condition is None or condition.evaluate(now) is True}
    fixed = {
        name for name, condition in here.readonly if condition.evaluate(_before(catalog, entity, env, saved)) is True
    }
    if saved is not None:
        fixed |= {name for name in here.immutable if saved.get(name) not in (None, "", [])}
    return {
        name: State(name not in hidden, name in required and name not in hidden, name in fixed)
        for name in entity.fields
    }


def _before(
    catalog: Catalog, entity: Entity, env: Mapping[str, Any], saved: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """Return what read-only conditions look at: the stored record, or a new one that has only its defaults."""
    if saved is not None:
        return saved
    blank = {**env, **dict.fromkeys(entity.fields)}
    return {**blank, **fields.defaults(catalog, entity.id, blank)}


def live(catalog: Catalog, user: User, entity: Entity, view: View | None = None) -> Live:
    """Return the conditions of an entity's form that this user may know; made once per catalog, view and set of roles."""
    key = ("web.live", entity.id, user.roles, view.id if view is not None else "")
    return catalog.once(key, lambda: _live(catalog, user, entity, view))


def _live(catalog: Catalog, user: User, entity: Entity, view: View | None) -> Live:
    seen = access.rights(catalog, user, entity.id).seen()
    made = Live()

    def known(condition: Condition) -> bool:
        """Tell whether the user may see all that a record's condition reads, and note what that is."""
        paths = (
            p.partition(".")[0] in seen and access.path_seen(catalog, user.roles, entity, p) for p in condition.paths
        )
        if not (condition.fields <= seen and all(paths)):
            return False
        made.names.update(condition.names)
        made.reload.update(path.partition(".")[0] for path in condition.paths)
        return True

    def known_in_row(condition: Condition) -> bool:
        """Tell the same of a row's condition; what it reads over references only the server knows."""
        outside = {name[7:] for name in condition.names if name.startswith("parent.")}
        if condition.paths or not outside <= seen:
            return False
        made.names.update(
            outside | {name for name in condition.names if name.startswith("user.") or name.endswith("()")}
        )
        return True

    here = plan(catalog, entity.id)
    made.fields = {name: trees for name, trees in _trees(here, known).items() if name in seen}
    made.rows = {
        name: trees for name, part in here.parts.items() if name in seen and (trees := _trees(part, known_in_row))
    }
    for name, one in entity.fields.items():
        if one.items is not None and name in seen:
            made.sums[name] = {
                column: {
                    "formula": conditions.of(catalog, entity.id, f"{name}.sum(l, l.{column})", "formula").json(),
                    "result": one.items[column].spec.get("result") or one.items[column].type,
                }
                for column in summed(one)
            }
    made.sections = {
        name: condition.json() for name, condition in layout.sections_when(catalog, view).items() if known(condition)
    }
    return made


def _trees(here: Plan, known: Callable[[Condition], bool]) -> dict[str, dict[str, Any]]:
    """Return the conditions of a plan by field, as far as they may be known."""
    found: dict[str, dict[str, Any]] = {}

    def put(name: str, key: str, condition: Condition | None) -> None:
        if condition is not None and known(condition):
            found.setdefault(name, {})[key] = condition.json()

    for name, visible in here.visible:
        put(name, "visible", visible)
    for name, required in here.required:
        put(name, "required", required)
    for one in here.order:
        if isinstance(one, Computed):
            put(one.id, "formula", one.condition)
            if "formula" in found.get(one.id, {}):
                found[one.id]["result"] = one.result.type
    for name, offer in here.offers.items():
        offered = {option: condition.json() for option, condition in offer.when.items() if known(condition)}
        if offered:
            found.setdefault(name, {})["options"] = offered
    return found

"""Conditions that people ask with: checked as if what the person may not see did not exist.

The checker knows every field, so its messages would tell of denied ones: that “margin” is money and cannot be compared
with a text is more than its name. So whatever is wrong with a condition, a name that may not be seen is the first fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright import conditions
from dealwright.access.rights import all_rows_see, path_seen, rights
from dealwright.conditions.parser import parse
from dealwright.conditions.syntax import ROOTS, Each, Name, walk
from dealwright.errors import ConditionError, UnknownFieldError
from dealwright.metadata.system import VIRTUAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.access.users import User
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity

#: First words of names that lead to fields of the record itself.
_OWN = frozenset({"old", "parent", "record"})


def asked(catalog: Catalog, user: User, entity_id: str, source: str, use: str) -> Condition:
    """Return a condition that the user may ask.

    Args:
        catalog: The definitions in force.
        user: Who asks.
        entity_id: The entity whose fields it names.
        source: The text.
        use: What it is for, such as ``filter``.

    Raises:
        UnknownFieldError: If it names a field that does not exist or may not be seen, whatever else is wrong.
        ConditionError: If it is wrong in another way.
    """
    try:
        found = conditions.of(catalog, entity_id, source, use)
    except ConditionError as error:
        name = _first_unseen(catalog, user, entity_id, source) if error.reason != "syntax" else None
        if name is None and error.reason != "unknown-field":
            raise
        raise _unknown(name or source[error.start : error.end]) from None
    if not all_seen(catalog, user, found):
        raise _unknown(_first_unseen(catalog, user, entity_id, source) or source)
    return found


def _unknown(name: str) -> UnknownFieldError:
    return UnknownFieldError(f"there is no field “{name}”")


def all_seen(catalog: Catalog, user: User, found: Condition) -> bool:
    """Tell whether the user may see everything that a checked condition reads."""
    entity = catalog.entity(found.entity)
    seen = rights(catalog, user, entity.id).seen()
    for of, field in found.reads:
        name = field.partition(".")[0]
        if of == "base.user" and f"user.{name}" in found.names:
            continue  # what is known of the one who asks
        if not (name in seen if of == entity.id else all_rows_see(catalog, user.roles, of, {name})):
            return False
    return all(path_seen(catalog, user.roles, entity, path) for path in found.paths)


def _first_unseen(catalog: Catalog, user: User, entity_id: str, source: str) -> str | None:
    """Return the first name in the text that does not exist or may not be seen; None if there is none."""
    try:
        tree = parse(source)
    except ConditionError:
        return None
    entity = catalog.entity(entity_id)
    lists = {part.var: part.over.path for part in walk(tree) if isinstance(part, Each)}
    named = sorted((part for part in walk(tree) if isinstance(part, Name)), key=lambda part: part.at)
    for part in named:
        if not _seen(catalog, user, entity, part.path, lists):
            return source[part.at[0] : part.at[1]]
    return None


def _seen(
    catalog: Catalog, user: User, entity: Entity, path: tuple[str, ...], lists: Mapping[str, tuple[str, ...]]
) -> bool:
    if path[0] in lists:
        return _seen_in_list(catalog, user, entity, path[1:], lists[path[0]])
    if path[0] in ROOTS and len(path) > 1:
        return path[0] not in _OWN or _seen(catalog, user, entity, path[1:], {})
    first = path[0].removesuffix("__currency")
    field = entity.field(first)
    if path[0] in VIRTUAL and field is None:
        return True
    if field is None or first not in rights(catalog, user, entity.id).seen():
        return False
    rest = path[:-1] if path[-1] == "id" else path
    return len(rest) < 2 or not field.to or path_seen(catalog, user.roles, entity, ".".join(rest))


def _seen_in_list(catalog: Catalog, user: User, entity: Entity, path: tuple[str, ...], over: tuple[str, ...]) -> bool:
    """Tell whether a field of one of a list's rows, or of a record that it names, may be seen."""
    field = entity.field(over[0])
    if field is None or not path:
        return True  # the list itself is a name of its own
    if field.items is not None:
        return path[0] in field.items or path == ("id",)
    target = catalog.entities.get(field.to or "")
    if target is None or path == ("id",):
        return True
    return target.field(path[0]) is not None and all_rows_see(catalog, user.roles, target.id, {path[0]})

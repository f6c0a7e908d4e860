"""What the visual builder of conditions works with: names that can be asked for, a condition as rows, and rows as text.

The condition stays text everywhere. The element ``<dw-conditions>`` (``ui/src/builder.js``) asks an address that answers with
:func:`answer`: for the rows of a text (``source``), for the text of rows (``tree``), or for the names behind a reference
(``of``). Reading and writing are those of :mod:`dealwright.conditions.rows`; the script knows nothing of the language.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, jsonify, request, url_for

from dealwright import access, conditions
from dealwright.conditions import rows, types
from dealwright.conditions.scope import CLOCK, USES, NameFault, Scope
from dealwright.conditions.syntax import Name
from dealwright.errors import ConditionError, DealwrightError, Problem, RecordError
from dealwright.metadata.names import namespace_of
from dealwright.metadata.system import VIRTUAL
from dealwright.web import i18n, sentences, visit
from dealwright.web.columns import offered
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.access import User
    from dealwright.conditions.types import Type
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

#: Longest JSON of rows that is read.
_LONGEST: Final = 40_000
#: Names over references that are offered: one more step each.
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the condition of one place may use.

    Attributes:
        catalog: The definitions, in force or drafted.
        entity: Id of the entity that it is about; one that is not known has no names.
        use: A key of :data:`~dealwright.conditions.scope.USES`.
        namespace: Of the document in which it stands, for parameters; that of the entity when empty.
        rows: The ``rows`` field whose rows it is about.
        record: For ``where``: the entity of the record being edited.
        user: Who may see only some of them; None for who defines things, to whom all are shown.
        first: Fields that are offered first, where not all are.
    """

    catalog: Catalog
    entity: str
    use: str
    namespace: str = ""
    rows: str | None = None
    record: str | None = None
    user: User | None = None
    first: tuple[Field, ...] | None = None

    def kind(self, path: str) -> str | None:
        """Return how rows ask for what a path names; None for what means nothing here, or may not be seen."""
        if path == rows.ROLES:
            return "role" if self.user is None else None
        known = self.type(path)
        return None if known is None else rows.kind(known)

    def type(self, path: str) -> Type | None:
        """Return the type of what a path names, or None."""
        try:
            if self.user is not None:
                return access.asked(self.catalog, self.user, self.entity, path, "formula").type
            about = self.catalog.entity(self.entity)
            space = self.namespace or namespace_of(self.entity)
            scope = Scope(self.catalog, about, self.use, space, self.rows, self.record)
            return scope.resolve(Name(tuple(path.split(".")))).type
        except (NameFault, DealwrightError):
            return None

    def _checked(self, source: str, use: str) -> conditions.Condition:
        if self.user is not None:
            return access.asked(self.catalog, self.user, self.entity, source, use)
        return conditions.of(
            self.catalog, self.entity, source, use, namespace=self.namespace or None, rows=self.rows, record=self.record
        )

    def problem(self, source: str) -> str:
        """Return what is wrong with a text; empty for nothing."""
        try:
            if source:
                self._checked(source, self.use)
        except DealwrightError as error:
            return sentences.told(error.detail if not isinstance(error, ConditionError) else error.message)
        return ""

    # What is offered ------------------------------------------------------------------------------------------

    def level(self, path: str) -> list[dict[str, Any]]:
        """Return the names that can follow a path; those that can begin one for an empty path."""
        if self.entity not in self.catalog.entities:
            return []
        if not path:
            return [*self._own(), *self._beside()]
        if path in ("old", "parent", "record"):
            about = self.record if path == "record" else self.entity
            return list(self._fields(path, self.catalog.entities.get(str(about)), None))
        if path == rows.ROLES:
            return list(self._user())
        known = self.type(path)
        if known is None or path.count(".") >= _DEEPEST:
            return []
        if known.kind == "object":
            return [_name(f"{path}.{one}", one, "text") for one in types.MEMBERS.get(known.field or "", ())]
        return list(self._fields(path, self.catalog.entities.get(known.entity or ""), None))

    def _own(self) -> Iterator[dict[str, Any]]:
        entity = self.catalog.entities[self.entity]
        if self.rows is not None:
            items = (entity.fields[self.rows].items or {}) if self.rows in entity.fields else {}
            for one in items.values():
                yield from self._told(one.id, i18n.field_text(self.catalog, entity, one), one, entity)
            return
        yield from self._fields("", entity, self.first)

    def _fields(self, path: str, entity: Entity | None, only: tuple[Field, ...] | None) -> Iterator[dict[str, Any]]:
        if entity is None:
            return
        before = f"{path}." if path else ""
        seen = None if self.user is None else access.rights(self.catalog, self.user, entity.id).seen()
        listed = only or tuple(entity.all_fields().values())
        own = [one for one in listed if not one.system] + [one for one in listed if one.system]
        for one in own:
            if (seen is not None and one.id not in seen) or (one.system and one.id == "pipeline"):
                continue
            yield from self._told(f"{before}{one.id}", i18n.field_text(self.catalog, entity, one), one, entity)
        if self.user is None and path in ("", "parent"):
            for one in VIRTUAL.values():
                yield from self._told(f"{before}{one.id}", i18n.field_text(self.catalog, entity, one), one, entity)

    def _told(self, path: str, title: str, one: Field, entity: Entity) -> Iterator[dict[str, Any]]:
        """Yield a field, if a condition can ask for it here or for something behind it."""
        known = self.type(path)
        kind = None if known is None else rows.kind(known)
        if known is None or kind is None:
            return
        told = _name(path, title, kind)
        if kind in ("choice", "choices") and one.options:
            told["options"] = [[o.id, i18n.option_title(self.catalog, entity, one, o)] for o in one.options]
        if known.kind == "reference":
            told["leads"] = path.count(".") < _DEEPEST
            told["person"] = known.entity == "base.user"
            if self.user is not None and "." not in path:
                told["lookup"] = url_for("web.lookup", entity_id=self.entity, path=path)
        if known.kind == "object" and known.field in types.MEMBERS:
            told["leads"] = True
        yield told

    def _beside(self) -> Iterator[dict[str, Any]]:
        """Yield what a path can begin with besides fields, by the place where the condition stands."""
        if self.user is not None:
            return
        roots = USES[self.use].roots
        roles = [[one, self._titled("role", one)] for one in self.catalog.roles]
        yield {**_name(rows.ROLES, gettext("Who looks at it"), "role"), "options": roles, "leads": True}
        said = {"old": gettext("Before the change"), "record": gettext("The record"), "parent": gettext("Of the whole")}
        for root, title in said.items():
            if root in roots and (root != "record" or self.record) and (root != "parent" or self.rows):
                yield {**_name(root, title, None), "leads": True}
        for (kind, identifier), document in self.catalog.documents.items():
            if kind not in ("approval", "sla") or document.get("entity") != self.entity:
                continue
            own = namespace_of(self.entity)
            root = "approvals" if kind == "approval" else "sla"
            name = f"{root}.{identifier.removeprefix(f'{own}.').replace('.', '__')}"
            title = self._titled(kind, identifier)
            for member in (("outcome",) if kind == "approval" else CLOCK) if root in roots else ():
                known = self.kind(f"{name}.{member}")
                if known is not None:
                    yield _name(f"{name}.{member}", f"{title} · {member}", known)

    def _titled(self, kind: str, identifier: str) -> str:
        document = self.catalog.documents.get((kind, identifier), {})
        return i18n.text(self.catalog, kind, identifier, "/title", str(document.get("title") or identifier))

    def _user(self) -> Iterator[dict[str, Any]]:
        entity = self.catalog.entities.get("base.user")
        for one in types.user_names(self.catalog):
            kind, field = self.kind(f"user.{one}"), entity.field(one) if entity is not None else None
            title = i18n.field_text(self.catalog, entity, field) if entity is not None and field is not None else one
            if kind is not None:
                yield _name(f"user.{one}", title, kind)

    def parameters(self) -> list[dict[str, Any]]:
        """Return the parameters that a value can be, as names."""
        if self.user is not None:
            return []
        own, found = self.namespace or namespace_of(self.entity), []
        for one in self.catalog.parameters.values():
            space, _, name = one.id.partition(".")
            known = rows.kind(types.of_parameter(one.type, one.value))
            title = self._titled("parameter", one.id)
            found.append(_name(f"param.{name}" if space == own else f"param.{space}__{name}", title, known))
        return found


def _name(path: str, title: str, kind: str | None) -> dict[str, Any]:
    return {"id": path, "title": title, "kind": kind, "ops": list(rows.OPERATIONS.get(kind or "", ()))}


def register(pages: Blueprint) -> None:
    """Add the address to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/conditions", "conditions", filters)


def filters(entity_id: str) -> ResponseReturnValue:
    """Answer about the filter of a list or board; of names there are those that may be seen."""
    with visit.reading() as work:
        access.demand(work.catalog, work.user, "read", entity_id)
        entity = work.catalog.entity(entity_id)
        display = entity.field(entity.display) if entity.display else None
        first = (*([display] if display is not None else []), *offered(work, entity))
        return jsonify(answer(Names(work.catalog, entity_id, "filter", user=work.user, first=first), request.args))


def answer(names: Names, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return what the builder asks for, to be sent as JSON.

    Args:
        names: What can be named in the place where the condition stands.
        asked: One of these.
            ``source``: a text. ``{"tree", "names": {path: [name, …]}, "parameters": […]}``; where it cannot be read ``tree``
            is null and ``problem`` says why. A name is ``{"id", "title", "kind", "ops", "leads"?, "options"?, "lookup"?}``.
            ``tree``: JSON of rows. ``{"source", "problem"}``; ``source`` is null where a part of it is a text that cannot be read.
            ``of``: a path. ``{"names": {path: […]}}``.

    Raises:
        RecordError: If ``tree`` is no tree.
    """
    if "of" in asked:
        return {"names": {asked["of"]: names.level(asked["of"])}}
    if "tree" in asked:
        try:
            source = rows.written(_tree(asked["tree"]), names.kind)
        except ConditionError as error:
            return {"source": None, "problem": sentences.told(error.message)}
        return {"source": source, "problem": names.problem(source)}
    told: dict[str, Any] = {"names": {"": names.level("")}, "parameters": names.parameters()}
    try:
        found = rows.read(asked.get("source", ""), names.kind)
    except ConditionError as error:
        return {**told, "tree": None, "problem": sentences.told(error.message)}
    for path in _paths(found):
        told["names"].setdefault(path, names.level(path))
    return {**told, "tree": found, "problem": names.problem(asked.get("source", ""))}


def _paths(part: Mapping[str, Any]) -> Iterator[str]:
    """Yield each path that leads to a name of a tree, so that it can be shown as chosen step by step."""
    for one in part.get("parts", ()):
        yield from _paths(one)
    steps = str(part.get("field", "")).split(".")
    if steps[0] not in ("approvals", "sla"):
        yield from (".".join(steps[:number]) for number in range(1, len(steps)))


def _tree(given: str) -> dict[str, Any]:
    try:
        tree = json.loads(given) if len(given) <= _LONGEST else None
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict) or "join" not in tree or not _sound(tree, 0):
        raise RecordError("the call cannot be used", [Problem("/tree", "wrong-type", "a tree of rows is expected")])
    return tree


def _sound(part: object, depth: int) -> bool:
    """Tell whether something has the shape of a part of a tree."""
    if not isinstance(part, dict) or depth > 20:
        return False
    if "join" in part:
        return isinstance(part.get("parts"), list) and all(_sound(one, depth + 1) for one in part["parts"])
    value = part.get("value", "")
    texts = value if isinstance(value, list) else [value]
    return all(
        isinstance(one, str) for one in (*texts, part.get("field", ""), part.get("op", ""), part.get("text", ""))
    )

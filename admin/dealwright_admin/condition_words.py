"""A condition as people say it: “Amount is at least 100000 and Status is Open”. Text that cannot be read stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealwright.conditions.parser import parse
from dealwright.conditions.syntax import Call, Each, Literal, Name
from dealwright.conditions.text import text as canonical_text
from dealwright.errors import ConditionError
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright_admin import words

if TYPE_CHECKING:
    from dealwright.conditions.syntax import Node
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

#: How strongly operators bind, for brackets.
_POWER: Final = {"?:": 1, "||": 2, "&&": 3, "!": 4}
#: Roots before which the record's own fields stand.
_OWN: Final = ("old", "record")


def said(catalog: Catalog, entity: str, source: str, namespace: str, *, stands_for: str = "") -> str:
    """Return a condition or a value in words.

    Args:
        catalog: Whose titles are told.
        entity: About whose records it is.
        source: The text.
        namespace: Namespace of its document, for parameters.
        stands_for: The field that a value is for, whose options are then told by their titles.
    """
    try:
        tree = parse(source)
    except ConditionError:
        return source
    return _Words(catalog, catalog.entities.get(entity), namespace).of(tree, of=stands_for)


class _Words:
    def __init__(self, catalog: Catalog, entity: Entity | None, namespace: str) -> None:
        self.catalog = catalog
        self.entity = entity
        self.namespace = namespace

    def of(self, node: Node, power: int = 0, of: str = "") -> str:
        """Return a node in words; in brackets where it binds less than what stands around it."""
        match node:
            case Literal():
                return self._constant(node, self._field((of,)) if of else None)
            case Name():
                return self._name(node.path)
            case Each():
                return canonical_text(node)
            case Call(op="&&" | "||" as op, args=args):
                joint = gettext(" and ") if op == "&&" else gettext(" or ")
                text = joint.join(self.of(one, _POWER[op] + 1) for one in args)
                return f"({text})" if power > _POWER[op] else text
            case Call(op="!", args=(inner,)):
                return gettext("not %(condition)s", condition=self.of(inner, _POWER["!"] + 1))
            case Call(op="?:", args=(asked, yes, no)):
                text = gettext(
                    "%(yes)s if %(condition)s, else %(no)s",
                    yes=self.of(yes, 2, of), condition=self.of(asked, 2), no=self.of(no, 1, of),
                )  # fmt: skip
                return f"({text})" if power > 1 else text
            case Call(op="today()"):
                return gettext("today")
            case Call(op="now()"):
                return gettext("the present moment")
            case Call(op="coalesce()", args=args):
                return gettext(", else ").join(self.of(one, 5, of) for one in args)
            case Call(op="changed()", args=(inner,)):
                return gettext("%(field)s has changed", field=self.of(inner))
            case Call(op="==" | "!=" | "<" | "<=" | ">" | ">=" | "in", args=(left, right)):
                return self._compared(node, left, right)
            case Call(op="+" | "-" | "*" | "/" as op, args=args):
                return f" {op} ".join(self.of(one, 9) for one in args)
            case _:
                return canonical_text(node)

    def _compared(self, node: Call, left: Node, right: Node) -> str:
        op, field = node.op, self._field(left.path) if isinstance(left, Name) else None
        if isinstance(right, Literal) and right.value is None and op in ("==", "!="):
            shown = self.of(left, 5)
            return gettext("%(a)s is empty", a=shown) if op == "==" else gettext("%(a)s is filled", a=shown)
        a = self.of(left, 5)
        if isinstance(right, Literal):
            b = self._constant(right, field)
        elif isinstance(right, Call) and right.op == "list":
            some = [self._constant(one, field) if isinstance(one, Literal) else self.of(one) for one in right.args]
            return gettext("%(a)s is one of %(b)s", a=a, b=gettext(" or ").join(some))
        else:
            b = self.of(right, 5)
        match op:
            case "==":
                return gettext("%(a)s is %(b)s", a=a, b=b)
            case "!=":
                return gettext("%(a)s is not %(b)s", a=a, b=b)
            case "<":
                return gettext("%(a)s is less than %(b)s", a=a, b=b)
            case "<=":
                return gettext("%(a)s is at most %(b)s", a=a, b=b)
            case ">":
                return gettext("%(a)s is more than %(b)s", a=a, b=b)
            case ">=":
                return gettext("%(a)s is at least %(b)s", a=a, b=b)
            case _:
                return gettext("%(a)s is one of %(b)s", a=a, b=b)

    def _constant(self, node: Literal, field: Field | None) -> str:
        if node.value is None:
            return gettext("empty")
        if isinstance(node.value, bool):
            return gettext("yes") if node.value else gettext("no")
        if isinstance(node.value, str):
            option = next((one for one in field.options if one.id == node.value), None) if field is not None else None
            if option is not None and field is not None and self.entity is not None:
                return i18n.option_title(self.catalog, self.entity, field, option)
            return f"“{node.value}”"
        return canonical_text(node)

    def _name(self, path: tuple[str, ...]) -> str:
        root, *rest = path
        if root == "param" and rest:
            known = self.catalog.parameter(rest[0], self.namespace)
            if known is not None:
                return f"{known.value} ({words.document(self.catalog, 'parameter', known.id)})"
        if root == "old" and rest:
            return gettext("%(field)s before", field=self._name(tuple(rest)))
        if root == "record" and rest:
            return gettext("the record itself") if rest == ["id"] else self._name(tuple(rest))
        if root == "event" and rest:
            return gettext("“%(name)s” of the event", name=".".join(rest))
        if root == "user":
            return gettext("who does it") if rest in ([], ["id"]) else ".".join(path)
        return self._titles(path)

    def _titles(self, path: tuple[str, ...]) -> str:
        """Return the titles of a path over references: “Account · Region”."""
        entity, found = self.entity, []
        for step in path:
            field = entity.field(step) if entity is not None else None
            if entity is None or field is None:
                return ".".join(path)
            found.append(i18n.field_text(self.catalog, entity, field))
            entity = self.catalog.entities.get(field.to) if isinstance(field.to, str) else None
        return " · ".join(found)

    def _field(self, path: tuple[str, ...]) -> Field | None:
        """Return the field of the record itself that a name means."""
        steps = path[1:] if path[0] in _OWN else path
        return self.entity.field(steps[0]) if self.entity is not None and len(steps) == 1 else None

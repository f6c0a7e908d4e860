"""A condition under new names of fields, or new ids of options: only those change, and not a character besides."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from dealwright.conditions.parser import parse
from dealwright.conditions.syntax import Call, Literal, Name, walk
from dealwright.errors import ConditionError

if TYPE_CHECKING:
    from dealwright.conditions.syntax import Node

#: Roots before which a field of the record itself stands.
_OF_RECORD: Final = ("record", "old")
#: Operators that hold a choice against constants.
_COMPARING: Final = frozenset({"==", "!=", "in"})


def renamed(source: str, names: Mapping[str, str]) -> str:
    """Return a condition or expression with fields of the record under their new names.

    Args:
        source: The text; one that cannot be read comes back as it is.
        names: Old name to new name, of fields of the entity that the condition is about.
    """
    text = unicodedata.normalize("NFC", source)
    try:
        found = {node.at: node for node in walk(parse(text)) if isinstance(node, Name)}
    except ConditionError:
        return source
    changed = False
    for (start, end), node in sorted(found.items(), reverse=True):
        place = 1 if node.path[0] in _OF_RECORD and len(node.path) > 1 else 0
        old = node.path[place]
        if old not in names:
            continue
        before = start if place == 0 else text.find(node.path[0], start, end) + len(node.path[0])
        at = text.find(old, before, end)
        if at >= 0:
            text, changed = text[:at] + names[old] + text[at + len(old) :], True
    return text if changed else source


def revalued(source: str, fields: Mapping[str, Mapping[str, str]], own: Mapping[str, str] | None = None) -> str:
    """Return a condition or expression with the new ids of options that fields of the record are compared with.

    Args:
        source: The text; one that cannot be read comes back as it is.
        fields: Field to old id to new id, of fields of the entity that the condition is about.
        own: Old id to new id of the field that the expression is the value of: a constant that it may come to follows.
    """
    text = unicodedata.normalize("NFC", source)
    try:
        tree = parse(text)
    except ConditionError:
        return source
    found: dict[tuple[int, int], str] = {}
    for node in walk(tree):
        if not isinstance(node, Call) or node.op not in _COMPARING:
            continue
        ids = next((fields[name] for one in node.args if (name := _field(one)) in fields), None)
        if ids is None:
            continue
        beside = [
            one for arg in node.args for one in (arg.args if isinstance(arg, Call) and arg.op == "list" else (arg,))
        ]
        found |= {one.at: ids[one.value] for one in beside if isinstance(one, Literal) and one.value in ids}
    if own is not None:
        found |= {one.at: own[one.value] for one in _results(tree) if one.value in own}
    for (start, end), now in sorted(found.items(), reverse=True):
        text = f"{text[:start]}{text[start]}{now}{text[start]}{text[end:]}"
    return text if found else source


def _field(node: Node) -> str:
    """Return the field of the record that a node is; empty if it is none."""
    if not isinstance(node, Name):
        return ""
    within = node.path[1:] if node.path[0] in _OF_RECORD and len(node.path) > 1 else node.path
    return within[0] if len(within) == 1 else ""


def _results(node: Node) -> Iterator[Literal]:
    """Yield the constants that an expression may come to."""
    if isinstance(node, Literal):
        yield node
    elif isinstance(node, Call) and node.op in ("?:", "list"):
        for one in node.args[1:] if node.op == "?:" else node.args:
            yield from _results(one)

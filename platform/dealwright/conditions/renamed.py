"""A condition under new names of fields: only the names change, and not a character besides."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

from dealwright.conditions.parser import parse
from dealwright.conditions.syntax import Name, walk
from dealwright.errors import ConditionError

#: Roots before which a field of the record itself stands.
_OF_RECORD: Final = ("record", "old")


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

"""Names of parameters outside the pack whose they are: what a document says, said so that any document may say it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

#: A text in quotes, which names nothing, or a parameter of the document's own pack. A quote without an end is none.
_PARAMETER: Final = re.compile(
    r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|\bparam\.([a-z][a-z0-9]*(?:_[a-z0-9]+)*)(?!\w|__)"
)
#: The same in a text for people, in which an apostrophe is no quote.
_PLACED: Final = re.compile(r"\{param\.([a-z][a-z0-9]*(?:_[a-z0-9]+)*)\}")
_TEXTS: Final = frozenset({"title", "body", "reason", "description"})


def qualified(part: Any, namespace: str) -> Any:
    """Return a part of a document in which parameters of its own namespace bear the name of the namespace.

    Example:
        >>> qualified({"if": "days_in_stage > param.red_days", "for": {"param": "stall", "unit": "day"}}, "sales")
        {'if': 'days_in_stage > param.sales__red_days', 'for': {'param': 'sales__stall', 'unit': 'day'}}
    """
    match part:
        case str():
            return _PARAMETER.sub(lambda found: found[1] or f"param.{namespace}__{found[2]}", part)
        case Mapping():
            made = {
                key: _PLACED.sub(rf"{{param.{namespace}__\1}}", value)
                if key in _TEXTS and isinstance(value, str)
                else qualified(value, namespace)
                for key, value in part.items()
            }
            if isinstance(name := part.get("param"), str) and "__" not in name:
                made["param"] = f"{namespace}__{name}"
            return made
        case list() | tuple():
            return [qualified(one, namespace) for one in part]
        case _:
            return part

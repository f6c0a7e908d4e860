"""JSON Pointers (RFC 6901), and paths, in which an element of a keyed list is named by its id.

    pointer   /stages/1/title
    path      pipeline:sales.standard#/stages/needs/title

A pointer says where something stands in one file; a path names it in every layer and every release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any


def pointer(steps: Iterable[str | int]) -> str:
    """Return the JSON Pointer of the steps; empty for none."""
    return _pointer(tuple(steps))


@lru_cache(maxsize=1 << 15)  # the same attributes stand in hundreds of documents
def _pointer(steps: tuple[str | int, ...]) -> str:
    names = [str(step) for step in steps]
    text = "/".join(names)
    if "~" not in text and text.count("/") < len(names):
        return f"/{text}"  # as nearly always: nothing to be escaped
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in names)


def steps(text: str) -> tuple[str, ...]:
    """Return the steps of a JSON Pointer."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def path(kind: str, identifier: str, named: Iterable[str]) -> str:
    """Return the path of a part of a document, such as ``entity:sales.lead#/properties/name/title``."""
    return f"{kind}:{identifier}#{pointer(named)}"


def named(document: Any, text: str) -> tuple[str, ...]:
    """Return the steps of a pointer into ``document`` with the index of a keyed element replaced by its id."""
    found: list[str] = []
    here = document
    for step in steps(text):
        name = step
        if isinstance(here, Mapping):
            here = here.get(step)
        elif isinstance(here, list | tuple) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
            if isinstance(here, Mapping) and isinstance(here.get("id"), str):
                name = here["id"]
        else:
            here = None
        found.append(name)
    return tuple(found)

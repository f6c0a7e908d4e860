"""What the admins' patches must say so that a document becomes another one: the inverse of laying them over it.

Whoever edits works on a document as it stands, whole; here that becomes the smallest patches. A document of the admins'
own is one patch. In another's document each attribute that differs is set, and each element of the admins' own
(``c__…``) is added whole. What a pack says cannot be taken away from above, so what is missing is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dealwright.metadata import canonical, merge, names, schemas
from dealwright.metadata.patches import OVERLAY
from dealwright.metadata.pointers import path

#: Path, operation and value of a patch.
Edit = tuple[str, str, Any]


def between(kind: str, identifier: str, below: Mapping[str, Any] | None, document: Mapping[str, Any]) -> list[Edit]:
    """Return the patches that make ``document`` of what the packs say.

    Args:
        kind: Of the document.
        identifier: Its id.
        below: The document without any change of the admins; None for one of their own.
        document: As it shall be, with the id of each element of a keyed list.
    """
    if names.namespace_of(identifier) == OVERLAY or below is None:
        return [(path(kind, identifier, ()), "add", canonical.plain(document))]
    part = schemas.definition(kind)
    was = {leaf.path: leaf for leaf in merge.leaves(kind, part, below)}
    return [*_own(kind, identifier, document), *_set(kind, identifier, was, document)]


def is_own(identifier: str, at: tuple[str, ...] = ()) -> bool:
    """Tell whether a place of a document is of the admins' own."""
    return names.namespace_of(identifier) == OVERLAY or any(step.startswith(f"{OVERLAY}__") for step in at)


def value_at(document: Any, at: tuple[str, ...]) -> Any:
    """Return what stands at a place of a document, elements of lists named by id; None where nothing does."""
    for step in at:
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list | tuple):
            document = next((one for one in document if isinstance(one, Mapping) and one.get("id") == step), None)
        else:
            return None
    return document


def _own(kind: str, identifier: str, document: Mapping[str, Any]) -> Iterator[Edit]:
    """Yield what adds each outermost element of the admins' own."""
    seen: set[tuple[str, ...]] = set()
    for leaf in merge.leaves(kind, schemas.definition(kind), document):
        depth = next((i for i, step in enumerate(leaf.path) if step.startswith(f"{OVERLAY}__")), None)
        if depth is not None and (at := leaf.path[: depth + 1]) not in seen:
            seen.add(at)
            yield path(kind, identifier, at), "add", canonical.plain(value_at(document, at))


def _set(
    kind: str, identifier: str, was: Mapping[merge.Steps, merge.Leaf], document: Mapping[str, Any]
) -> Iterator[Edit]:
    for leaf in merge.leaves(kind, schemas.definition(kind), document):
        if is_own(identifier, leaf.path):
            continue
        value, before = leaf.value, was.get(leaf.path)
        if leaf.merge == "union":
            there = {canonical.text(one) for one in before.value} if before is not None else set()
            value = [one for one in value if canonical.text(one) not in there]
            if not value:
                continue
        elif before is not None and canonical.text(before.value) == canonical.text(value):
            continue
        yield path(kind, identifier, leaf.path), "set", canonical.plain(value)

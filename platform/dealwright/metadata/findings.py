"""Collecting problems of effective documents, each at the place in the file where an author can mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dealwright.errors import Problem
from dealwright.metadata.pointers import pointer
from dealwright.metadata.schemas import near

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.metadata.fold import Folded

COMPUTED = frozenset({"formula", "rollup", "lookup", "autonumber", "static"})
#: Field types that point at one record of a known entity, so that a path can go on over them.
SINGLE_LINKS = frozenset({"reference", "user", "team"})


@dataclass
class Findings:
    """The problems of one catalog while they are being found."""

    catalog: Catalog
    folded: Folded
    problems: list[Problem] = field(default_factory=list)

    def say(self, key: tuple[str, str], at: Iterable[str | int], code: str, message: str) -> None:
        """Add a problem; ``at`` are the steps in the effective document, elements of keyed lists by id."""
        source, where = self.folded.place(*key, pointer(at))
        self.problems.append(Problem(where, code, message, source))

    def known(
        self, key: tuple[str, str], at: Iterable[str | int], name: str, among: Collection[str], what: str
    ) -> bool:
        """Tell whether ``name`` is one of ``among``; if not, say that there is no such ``what``."""
        if name in among:
            return True
        self.say(key, at, "unknown-name", f"there is no {what} “{name}”{near(name, among)}")
        return False

    def entity(self, key: tuple[str, str], at: Iterable[str | int], name: str) -> Entity | None:
        """Return the entity with this id; if there is none, say so."""
        return self.catalog.entities[name] if self.known(key, at, name, self.catalog.entities, "entity") else None

    def field(self, key: tuple[str, str], at: Iterable[str | int], entity: Entity, name: str) -> Field | None:
        """Return the own or system field of an entity; if there is none, say so."""
        fields = entity.all_fields()
        return fields[name] if self.known(key, at, name, fields, f"field of {entity.id}") else None

    def end_of_path(self, key: tuple[str, str], at: tuple[str | int, ...], entity: Entity, path: str) -> Field | None:
        """Return the field at the end of a dotted path over references; if a step leads nowhere, say so."""
        here: Entity | None = entity
        found: Field | None = None
        for i, step in enumerate(path.split(".")):
            if here is None:
                so_far = ".".join(path.split(".")[:i])
                self.say(
                    key, at, "not-a-reference", f"“{so_far}” is no reference, so nothing lies behind it in “{path}”"
                )
                return None
            found = self.field(key, at, here, step)
            if found is None:
                return None
            here = self.catalog.entities.get(found.to or "") if found.type in SINGLE_LINKS else None
        return found


def parameters_in(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield place and name of every ``{"param": name}`` in a part of a document; keyed elements by id."""
    if isinstance(value, Mapping):
        if isinstance(value.get("param"), str):
            yield (*at, "param"), value["param"]
            return
        for key, one in value.items():
            yield from parameters_in(one, (*at, key))
    elif isinstance(value, list | tuple):
        for i, one in enumerate(value):
            name = one.get("id") if isinstance(one, Mapping) else None
            yield from parameters_in(one, (*at, name if isinstance(name, str) else i))

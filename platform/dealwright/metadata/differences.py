"""What differs between two catalogs: what a plan shows, and what storage has to make.

Documents are compared as they are in force, attribute by attribute, elements of lists by their ids; so a field that
only moved in the form differs in ``order`` and in nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from dealwright.metadata import canonical, merge, schemas
from dealwright.metadata.pointers import path

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

#: Keywords of a field that decide what its column, or table, is.
_COLUMN_KEYWORDS: Final = ("field", "scale", "currency", "result", "multiple", "to")


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute that is new, gone or different; None where it is not there.

    Attributes:
        path: Such as ``entity:sales.lead#/properties/name/maxLength``.
    """

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that both catalogs have and that differs.

    Attributes:
        keywords: The keywords that differ, by name; for ``rows`` also ``items``.
    """

    before: Field
    after: Field
    keywords: frozenset[str]

    @property
    def alters_column(self) -> bool:
        """Whether the column of the field, if it has one, cannot stay as it is."""
        return any(one in self.keywords for one in _COLUMN_KEYWORDS)


@dataclass(frozen=True, slots=True)
class EntityChange:
    """An entity that both catalogs have and that differs. Fields are its own, by id; system fields are not among them.

    Attributes:
        gains_pipeline: Whether its records are in a pipeline now and were not before.
    """

    before: Entity
    after: Entity
    added: Mapping[str, Field]
    removed: Mapping[str, Field]
    changed: Mapping[str, FieldChange]
    gains_pipeline: bool


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document of any kind that is new, gone or different, with its attributes if it is different."""

    kind: str
    id: str
    change: Literal["added", "removed", "changed"]
    attributes: tuple[AttributeChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Diff:
    """The way from one catalog to another.

    Attributes:
        added, removed: Whole entities, by id.
        changed: Entities that both have and that differ, by id.
        documents: Every document that differs, of every kind, sorted by kind and id.
    """

    added: Mapping[str, Entity]
    removed: Mapping[str, Entity]
    changed: Mapping[str, EntityChange]
    documents: tuple[DocumentChange, ...]

    def __bool__(self) -> bool:
        return bool(self.documents) or bool(self.changed)


def diff(old: Catalog | None, new: Catalog) -> Diff:
    """Return what differs; ``old`` is None for a workspace that has nothing yet."""
    before = old.entities if old is not None else {}
    both = [one for one in new.entities if one in before]
    changes = {one: _entity(before[one], new.entities[one]) for one in both}
    return Diff(
        added={one: entity for one, entity in new.entities.items() if one not in before},
        removed={one: entity for one, entity in before.items() if one not in new.entities},
        changed={one: change for one, change in changes.items() if change is not None},
        documents=tuple(_documents(old, new)),
    )


def _entity(before: Entity, after: Entity) -> EntityChange | None:
    changed = {
        name: FieldChange(before.fields[name], field, keywords)
        for name, field in after.fields.items()
        if name in before.fields and (keywords := _keywords(before.fields[name], field))
    }
    gains = bool(after.pipelines) and not before.pipelines
    same = before.document == after.document or canonical.text(before.document) == canonical.text(after.document)
    if same and not changed and before.system_fields == after.system_fields:
        return None
    return EntityChange(
        before=before,
        after=after,
        added={name: field for name, field in after.fields.items() if name not in before.fields},
        removed={name: field for name, field in before.fields.items() if name not in after.fields},
        changed=changed,
        gains_pipeline=gains,
    )


def _keywords(before: Field, after: Field) -> frozenset[str]:
    """Return the keywords that differ; ``required`` and the options of a shared set count as such."""
    found: set[str] = set()
    if before.spec != after.spec:  # values that are equal are written alike; of others it is looked at how
        names = {*before.spec, *after.spec}
        found = {one for one in names if canonical.text(before.spec.get(one)) != canonical.text(after.spec.get(one))}
    if before.required != after.required:
        found.add("required")
    if before.options != after.options:
        found.add("options")
    return frozenset(found)


def _documents(old: Catalog | None, new: Catalog) -> Iterator[DocumentChange]:
    before = old.documents if old is not None else {}
    for key in sorted({*before, *new.documents}):
        if key not in new.documents:
            yield DocumentChange(*key, "removed")
        elif key not in before:
            yield DocumentChange(*key, "added")
        elif before[key] != new.documents[key]:
            attributes = tuple(_attributes(key, before[key], new.documents[key]))
            if attributes:
                yield DocumentChange(*key, "changed", attributes)


def _attributes(key: tuple[str, str], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[AttributeChange]:
    part = schemas.definition(key[0])
    old, new = ({leaf.path: leaf.value for leaf in merge.leaves(key[0], part, one)} for one in (before, after))
    for at in sorted({*old, *new}):
        if old.get(at) != new.get(at) and canonical.text(old.get(at)) != canonical.text(new.get(at)):
            yield AttributeChange(path(*key, at), old.get(at), new.get(at))

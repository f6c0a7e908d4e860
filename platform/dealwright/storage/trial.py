"""Definitions that are not in force yet, read from the tables of those that are: what these have no column for is empty.

A plan plays the past again under a catalog whose columns nobody has made. There such a column is NULL, as it will be on
every record once it is made, and rows and links of a new field are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from dealwright.metadata.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Under what a catalog keeps which columns its tables do not have: entity to fields.
ABSENT: Final = "storage.absent"


class Absent(sa.Column[Any]):
    """A column that the table in the database does not have."""

    inherit_cache = True


@compiles(Absent)
def _nothing(element: Absent, compiler: Any, **options: Any) -> str:
    if (note := options.get("add_to_result_map")) is not None:
        note(element.name, element.name, (element, element.name, element.key), element.type)
    return "NULL"


def of(catalog: Catalog, there: Catalog) -> Catalog:
    """Return a catalog with the same definitions whose records are read from the tables of ``there``.

    Nothing can be written by it.
    """
    absent = {
        name: frozenset(entity.fields) - frozenset(there.entities[name].fields if name in there.entities else ())
        for name, entity in catalog.entities.items()
    }
    found = {name: fields for name, fields in absent.items() if fields}
    if not found:
        return catalog
    made = Catalog(
        revision=catalog.revision,
        documents=catalog.documents,
        entities=catalog.entities,
        rules=catalog.rules,
        roles=catalog.roles,
        pipelines=catalog.pipelines,
        parameters=catalog.parameters,
        packs=catalog.packs,
        settings=catalog.settings,
        translations=catalog.translations,
        provenance=catalog.provenance,
        versions=catalog.versions,
    )
    made.once(ABSENT, lambda: found)
    return made


def absent(catalog: Catalog, entity: str) -> frozenset[str]:
    """Return the fields of an entity that its table has no column for; none of a catalog that is in force."""
    found: Mapping[str, frozenset[str]] = catalog.once(ABSENT, dict)
    return found.get(entity, frozenset())

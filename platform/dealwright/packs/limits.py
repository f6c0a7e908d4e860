"""How much one entity may grow by all packs together, so that no pack can flood a form, a table or an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealwright.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dealwright.metadata.catalog import Catalog

#: Fields of an entity. SQLite takes 2,000 columns in a table, PostgreSQL at most 1,600 (sqlite.org/limits.html,
#: postgresql.org/docs/current/limits.html); a form of more than 300 fields is no form.
FIELDS: Final = 300
#: Options of one field or set. Longer lists are records of an entity, which can be searched.
OPTIONS: Final = 500
#: Indexes that an entity asks for; each makes every save slower.
INDEXES: Final = 10


def problems(catalog: Catalog) -> Iterator[Problem]:
    """Yield each entity or set of options that has more than it may."""
    for entity in catalog.entities.values():
        source = f"entity:{entity.id}"
        if len(entity.fields) > FIELDS:
            message = f"{entity.id} has {len(entity.fields):,} fields; at most {FIELDS} are taken: make parts of it"
            yield Problem("/properties", "too-many", message, source)
        for one in entity.fields.values():
            if len(one.spec.get("options", ())) > OPTIONS:
                message = f"{entity.id}.{one.id} has {len(one.options):,} options; at most {OPTIONS} are taken: make them records"
                yield Problem(f"/properties/{one.id}/options", "too-many", message, source)
        if len(entity.indexes) > INDEXES:
            message = f"{entity.id} asks for {len(entity.indexes)} indexes; at most {INDEXES} are kept"
            yield Problem("/indexes", "too-many", message, source)
    for (kind, identifier), document in catalog.documents.items():
        if kind == "option_set" and len(document.get("options", ())) > OPTIONS:
            message = (
                f"{identifier} has {len(document['options']):,} options; at most {OPTIONS} are taken: make them records"
            )
            yield Problem("/options", "too-many", message, f"option_set:{identifier}")

"""The catalog in force, to be read: entities, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext

from dealwright.web import i18n, visit
from dealwright_admin.console import Listing, Row

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Entities(Listing):
    """Kinds of records, as they are in force; a draft changes them."""

    #: Where in a draft one of them is changed.
    drafted = "entities"
    column_list = ("title", "id", "layer", "fields", "pipelines")
    column_labels = {
        "title": lazy_gettext("Title"),
        "id": lazy_gettext("Id"),
        "layer": lazy_gettext("From"),
        "fields": lazy_gettext("Fields"),
        "pipelines": lazy_gettext("Pipelines"),
        "document": lazy_gettext("Document"),
    }
    searched = ("title", "id")
    sorted_by = ("title", "id", "layer")

    def rows(self, connection: Connection) -> list[Row]:
        """Return every entity of the catalog."""
        catalog = visit.catalog()
        return [
            {
                "id": one.id,
                "title": i18n.entity_title(catalog, one),
                "layer": one.layer,
                "fields": len(one.fields),
                "pipelines": list(one.pipelines),
                "document": one.document,
            }
            for one in catalog.entities.values()
        ]


class Rules(Listing):
    """What the platform does by itself."""

    column_list = ("title", "id", "entity", "trigger", "condition", "mode", "layer")
    column_labels = {
        "title": lazy_gettext("Title"),
        "id": lazy_gettext("Id"),
        "entity": lazy_gettext("Entity"),
        "trigger": lazy_gettext("On"),
        "condition": lazy_gettext("If"),
        "mode": lazy_gettext("Mode"),
        "layer": lazy_gettext("From"),
        "document": lazy_gettext("Document"),
    }
    searched = ("title", "id", "entity", "condition")
    sorted_by = ("title", "id", "entity", "mode")

    def rows(self, connection: Connection) -> list[Row]:
        """Return every rule of the catalog."""
        catalog = visit.catalog()
        return [
            {
                "id": one.id,
                "title": i18n.text(catalog, "rule", one.id, "/title", one.title),
                "entity": one.entity,
                "trigger": one.trigger.kind,
                "condition": one.condition or "",
                "mode": one.mode,
                "layer": one.layer,
                "document": one.document,
            }
            for one in catalog.rules.values()
        ]

"""Activities about records: which of them the reader may see, and how they are joined with what they are about.

A figure of activities counts only those ``base.activity`` records that its reader may read, with every field that it
looks at: their criteria come with the ground (``Ground.others``), as those of the records do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from dealwright.storage import tables

if TYPE_CHECKING:
    from dealwright.insights.ground import Ground

#: The entity whose records are touches: a call, a visit, a mail.
ACTIVITY: Final = "base.activity"


def table(at: Ground) -> sa.Table:
    """Return the table of activities."""
    return tables.layout(at.catalog, ACTIVITY).table


def link(at: Ground) -> sa.ColumnElement[bool]:
    """Return whether an activity is about a record of the entity."""
    return table(at).c.about__linked == sa.literal(f"{at.report.entity}:", sa.Text()).concat(at.table.c.id)


def seen(at: Ground) -> list[sa.ColumnElement[bool]]:
    """Return what an activity must meet to count: it has taken place, and the reader may see it."""
    told = table(at)
    now = sa.bindparam(None, at.now, type_=told.c.at.type)
    return [told.c.archived_at.is_(None), told.c.at <= now, *at.others.get(ACTIVITY, ())]


def kinds(at: Ground) -> list[str]:
    """Return the kinds of activity, in their order."""
    field = at.catalog.entity(ACTIVITY).fields["kind"]
    return [one.id for one in field.options]


def about(at: Ground) -> sa.ColumnElement[Any]:
    """Return the id of the record of the entity that an activity is about; empty for one about another."""
    linked, prefix = table(at).c.about__linked, f"{at.report.entity}:"
    start = sa.literal_column(str(len(prefix) + 1), sa.Integer())
    ours = sa.func.substr(linked, 1, len(prefix)) == prefix
    return sa.case((ours, sa.type_coerce(sa.func.substr(linked, start), at.table.c.id.type)))

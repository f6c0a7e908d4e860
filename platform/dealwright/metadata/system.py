"""The fields that the platform keeps on every record (design §13)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from dealwright.metadata.definitions import Field, Option

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES = (
    Option("open", "Open", "blue"),
    Option("won", "Won", "green"),
    Option("lost", "Lost", "red"),
    Option("archived", "Archived", "gray"),
)

_ALWAYS = (
    Field("id", "text", "Id", system=True),
    Field("version", "integer", "Version", system=True),
    Field("created_at", "datetime", "Created", system=True),
    Field("created_by", "user", "Created by", to="base.user", system=True),
    Field("updated_at", "datetime", "Updated", system=True),
    Field("updated_by", "user", "Updated by", to="base.user", system=True),
    Field("owner", "user", "Owner", to="base.user", system=True),
    Field("team", "team", "Team", to="base.team", system=True),
    Field("archived_at", "datetime", "Archived", system=True),
    Field("last_activity_at", "datetime", "Last activity", system=True),
)
_IN_A_PIPELINE = (
    Field("pipeline", "text", "Pipeline", system=True),
    Field("pipeline_version", "integer", "Pipeline version", system=True),
    Field("stage", "select", "Stage", system=True),
    Field("stage_entered_at", "datetime", "Stage entered", system=True),
    Field("status", "select", "Status", options=STATUSES, system=True),
)
#: Known in conditions only; worked out from the others when they are asked for.
VIRTUAL: Mapping[str, Field] = MappingProxyType(
    {
        "days_in_stage": Field("days_in_stage", "integer", "Days in stage", system=True),
        "days_since_activity": Field("days_since_activity", "integer", "Days since activity", system=True),
        "is_new": Field("is_new", "boolean", "Is new", system=True),
    }
)
#: System fields that a person or rule may set by a save; the rest only the platform sets.
ASSIGNABLE = frozenset({"owner", "team"})


def system_fields(stages: tuple[Option, ...] | None) -> Mapping[str, Field]:
    """Return the system fields of an entity by id.

    Args:
        stages: The stages of all its pipelines as options of ``stage``; None for an entity without a pipeline.
    """
    fields = list(_ALWAYS)
    if stages is not None:
        for one in _IN_A_PIPELINE:
            fields.append(
                Field("stage", "select", one.title, options=stages, system=True) if one.id == "stage" else one
            )
    return MappingProxyType({one.id: one for one in fields})

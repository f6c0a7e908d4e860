"""What is in flight: records in pipelines, and which of them a new version has to take along; clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from dealwright.storage import tables
from dealwright.storage.system import clock

if TYPE_CHECKING:
    from collections.abc import Collection

    from dealwright.metadata.catalog import Catalog
    from dealwright.storage.database import Connection


@dataclass(frozen=True, slots=True)
class Group:
    """How many records of an entity are in one stage of one version of a pipeline, archived ones too."""

    entity: str
    pipeline: str
    version: int
    stage: str
    count: int


def groups(connection: Connection, catalog: Catalog, entity: str) -> list[Group]:
    """Return where the records of an entity are; one statement that looks at each of them."""
    table = tables.layout(catalog, entity).table
    keys = (table.c.pipeline, table.c.pipeline_version, table.c.stage)
    statement = sa.select(*keys, sa.func.count()).where(table.c.pipeline.is_not(None)).group_by(*keys).order_by(*keys)
    return [Group(entity, *row) for row in connection.execute(statement)]


def outside(connection: Connection, catalog: Catalog, entity: str, after: str, limit: int) -> list[str]:
    """Return ids of records that are in no pipeline yet, in order, those after ``after``."""
    table = tables.layout(catalog, entity).table
    where = table.c.id > after, table.c.pipeline.is_(None)
    return list(connection.scalars(sa.select(table.c.id).where(*where).order_by(table.c.id).limit(limit)))


def behind(
    connection: Connection, catalog: Catalog, pipeline: str, stages: Collection[str], after: str, limit: int
) -> list[str]:
    """Return ids of records of a pipeline that are not in its present version, or in none of its ``stages``.

    In order, those after ``after``.
    """
    there = catalog.pipelines[pipeline]
    table = tables.layout(catalog, there.entity).table
    other = sa.or_(table.c.pipeline_version != there.version, table.c.stage.not_in(list(stages)))
    where = table.c.id > after, table.c.pipeline == pipeline, other
    return list(connection.scalars(sa.select(table.c.id).where(*where).order_by(table.c.id).limit(limit)))


def clocks(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many clocks have not ended, by kind (``sla`` or ``deadline``) and policy."""
    keys = (clock.c.kind, clock.c.policy)
    statement = sa.select(*keys, sa.func.count()).where(clock.c.ended_at.is_(None)).group_by(*keys).order_by(*keys)
    return {(row[0], row[1]): row[2] for row in connection.execute(statement)}

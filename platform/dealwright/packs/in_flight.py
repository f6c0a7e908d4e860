"""What new definitions mean for records that are on their way: refused where they would have nowhere to go on.

A version that is replaced stays readable, so that its records finish on it; or the new one takes them along
(``in_flight: migrate``). Either way each stage in which a record is must be somewhere: in a version that is kept, in the
new one, or in its ``stage_map``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dealwright import conditions
from dealwright.errors import ConditionError, DefinitionError, Problem
from dealwright.metadata import names, pipelines
from dealwright.packs import courses
from dealwright.storage import in_flight

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Pipeline
    from dealwright.storage import Connection
    from dealwright.storage.in_flight import Group


def kept(old: Catalog | None, new: Catalog) -> list[Mapping[str, Any]]:
    """Return the versions that must stay readable when ``new`` follows ``old``: all that ever were and are not now."""
    if old is None:
        return []
    found = {(one.id, one.version): one for one in (*old.versions.values(), *old.pipelines.values())}
    return [
        pipelines.kept(one, old.translations)
        for (identifier, version), one in sorted(found.items(), key=lambda item: item[0])
        if identifier not in new.pipelines or new.pipelines[identifier].version != version
    ]


def check(connection: Connection, old: Catalog | None, new: Catalog) -> None:
    """Look whether every record in a pipeline can go on under the new definitions.

    Counts records only of entities whose pipelines, or fields that kept versions read, have changed.

    Raises:
        DefinitionError: With every stage that has records and leads nowhere, and how many they are; or every step of an
            approval.
    """
    if old is None:
        return
    found: list[Problem] = []
    for entity in old.entities.values():
        if entity.pipelines and entity.id in new.entities and _touched(old, new, entity.id):
            for group in in_flight.groups(connection, old, entity.id):
                found += _problems(new, group)
    if found:
        raise DefinitionError("records are on their way in these pipelines; nothing was changed", found)
    if open_ones := courses.problems(connection, old, new):
        raise DefinitionError("approvals are on their way in these steps; nothing was changed", open_ones)


def _touched(old: Catalog, new: Catalog, entity: str) -> bool:
    def said(catalog: Catalog) -> list[Any]:
        routes = [one.document for one in catalog.pipelines.values() if one.entity == entity]
        return [routes, catalog.entities[entity].document, sorted(map(str, catalog.versions))]

    return said(old) != said(new)


def _problems(new: Catalog, group: Group) -> Iterator[Problem]:
    there = new.pipelines.get(group.pipeline)
    source = f"pipeline:{group.pipeline}"
    if there is not None and (there.version == group.version or there.in_flight == "migrate"):
        if there.goes_on(group.stage) is None:
            message = (
                f"{group.count} records are in the stage “{group.stage}” of version {group.version}, which version "
                f"{there.version} has not; name its successor in stage_map"
            )
            if there.version != group.version:
                message += ", or let them finish on their version (in_flight)"
            yield Problem("/stage_map", "unmapped-stage", message, source)
        return
    stays = new.versions.get((group.pipeline, group.version))
    if stays is not None and (fault := _fault(new, stays)) is not None:
        message = (
            f"{group.count} records finish in version {group.version}, which does not fit the new definitions: {fault}; "
            "migrate them (in_flight), or keep what it reads"
        )
        yield Problem("/in_flight", "version-does-not-fit", message, source)


def _fault(new: Catalog, pipeline: Pipeline) -> str | None:
    """Return what is wrong with a kept version under the new definitions, or None."""
    own = names.namespace_of(pipeline.id)
    for stage in pipeline.stages.values():
        for gate in (*stage.enter, *stage.exit):
            try:
                conditions.of(new, pipeline.entity, gate.require, "gate", namespace=own)
            except ConditionError as error:
                return error.detail
    return None

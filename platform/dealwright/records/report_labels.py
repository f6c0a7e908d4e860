"""What people call the keys of a report, in the language of the request: stages, options, names of records, periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import fields
from dealwright.fields import messages
from dealwright.fields.computed import valued
from dealwright.insights import adherence, periods
from dealwright.metadata import reports
from dealwright.records import read
from dealwright.storage import visits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.insights import Head, Row, Table
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.metadata.reports import Report
    from dealwright.records.work import Work

#: Between the stages of a way.
ARROW = " → "


def title(work: Work, kind: str, identifier: str, own: str) -> str:
    """Return the title of a report or dashboard."""
    return work.catalog.text(kind, identifier, "/title", messages.locale()) or own


def description(work: Work, kind: str, identifier: str) -> str:
    """Return what a report or dashboard is for; empty if it does not say."""
    return work.catalog.text(kind, identifier, "/description", messages.locale())


def written(work: Work, entity_id: str, path: str, value: Any) -> Any:
    """Return the value of a field at the end of a path as API JSON."""
    return fields.shown_path(work.catalog, entity_id, path, value)


class Labels:
    """The keys of a report's rows, as API JSON and for people."""

    def __init__(self, work: Work, report: Report, table: Table) -> None:
        self._work, self._report, self._table = work, report, table
        self._ends = {head.id: _end(work, report.entity, head.path) for head in table.heads if head.kind == "field"}
        self._titles: dict[tuple[str, str], str] = {}

    def load(self, rows: Sequence[Row]) -> None:
        """Read the names of the records that keys are: one statement for each entity."""
        wanted: dict[str, set[str]] = {}
        for place, head in enumerate(self._table.heads):
            if head.kind == "record":
                wanted.setdefault(self._report.entity, set()).update(row.key[place] for row in rows)
            end = self._ends.get(head.id)
            if end is not None and end[1].to is not None and end[1].type in ("reference", "user", "team"):
                found = {row.key[place] for row in rows if isinstance(row.key[place], str)}
                wanted.setdefault(end[1].to, set()).update(found)
        self._titles = read.titles(self._work, wanted)

    def key(self, row: Row) -> list[Any]:
        """Return the key of a row as API JSON."""
        return [self._key(head, one) for head, one in zip(self._table.heads, row.key, strict=True)]

    def _key(self, head: Head, value: Any) -> Any:
        if value is None:
            return None
        if head.kind == "field" and head.path is not None:
            return written(self._work, self._report.entity, head.path, value)
        if head.kind == "period" and head.unit is not None:
            return periods.named(self._table.starts[head.id][value], head.unit)
        return value

    def place(self, row: Row) -> list[tuple[bool, Any]]:
        """Return what rows are sorted by: the labels of fields, the order of all else; empty keys come last."""
        found: list[tuple[bool, Any]] = []
        for head, value, label in zip(self._table.heads, row.key, self.labels(row), strict=True):
            found.append((value is None, "" if value is None else label if head.kind == "field" else value))
        return found

    def labels(self, row: Row) -> list[str]:
        """Return the key of a row for people; empty for an empty key."""
        return [self._label(head, one) for head, one in zip(self._table.heads, row.key, strict=True)]

    def _label(self, head: Head, value: Any) -> str:
        if value is None:
            return ""
        locale = messages.locale()
        if head.kind == "stage":
            return self._stage(value)
        if head.kind == "record":
            return self._titles.get((self._report.entity, value), str(value))
        if head.kind == "pipeline":
            return self._work.catalog.text("pipeline", value, "/title", locale) or str(value)
        if head.kind == "action":
            return self._action(value)
        if head.kind == "path":
            return ARROW.join(self._stage(one) for one in value.split(visits.JOINT))
        if head.kind == "band":
            at = f"/tenure/groups/{value}/title"
            return self._work.catalog.text("report", self._report.id, at, locale) or value
        if head.kind == "field" and (end := self._ends.get(head.id)) is not None:
            return self._of_field(*end, head, value)
        return str(self._key(head, value))

    def _action(self, value: str) -> str:
        """Return what an action is called: an item of a checklist, a field, a kind of activity, a stage of touches."""
        kind, _, rest = value.partition(":")
        stage, _, name = rest.partition(":")
        catalog, locale = self._work.catalog, messages.locale()
        if kind == "touch":
            return self._stage(stage)
        if kind == "kind":
            return catalog.text("entity", "base.activity", f"/properties/kind/options/{stage}/title", locale) or stage
        if kind == "field":
            field = catalog.entity(self._report.entity).field(name)
            own = catalog.text("entity", self._report.entity, f"/properties/{name}/title", locale)
            return own or (field.title if field is not None else name)
        for one in adherence.family(catalog, self._report):
            if found := catalog.stage_text(one, f"/stages/{stage}/checklist/{name}/title", locale):
                return found
        return name

    def _stage(self, stage: str) -> str:
        pipeline = reports.pipeline_of(self._work.catalog, self._report)
        if pipeline is None:
            return stage
        at, catalog = f"/stages/{stage}/title", self._work.catalog
        family = (pipeline, *(one for one in catalog.pipelines.values() if one.family == pipeline.family))
        return next((text for one in family if (text := catalog.stage_text(one, at, messages.locale()))), stage)

    def _of_field(self, entity: Entity, field: Field, head: Head, value: Any) -> str:
        if field.id == "stage" and field.system:
            return self._stage(value)
        if field.type == "select":
            option = next((one for one in field.options if one.id == value), None)
            shared = field.spec.get("option_set")
            kind, owner, root = (
                ("option_set", str(shared), "") if shared else ("entity", entity.id, f"/properties/{field.id}")
            )
            text = self._work.catalog.text(kind, owner, f"{root}/options/{value}/title", messages.locale())
            return text or (option.title if option is not None else str(value))
        if field.to is not None:
            return self._titles.get((field.to, value), str(value))
        shown = self._key(head, value)
        return ("✓" if shown else "✗") if isinstance(shown, bool) else str(shown)


def pointed(work: Work, entity_id: str, path: str | None) -> str | None:
    """Return the entity that the field at the end of a path refers to; None for one that refers to none."""
    end = _end(work, entity_id, path)
    return end[1].to if end is not None else None


def _end(work: Work, entity_id: str, path: str | None) -> tuple[Entity, Field] | None:
    """Return the field at the end of a path, and the entity that it is of."""
    here: Entity | None = work.catalog.entity(entity_id)
    steps = (path or "").split(".")
    for step in steps[:-1]:
        field = here.field(step) if here is not None else None
        here = work.catalog.entities.get(field.to or "") if field is not None else None
    found = here.field(steps[-1]) if here is not None else None
    if here is None or found is None:
        return None
    return here, valued(found, here.all_fields(), work.catalog)

"""Items of a checklist as a move looks at them: what each is called, and which required ones are not done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dealwright.errors import Problem
from dealwright.fields import messages
from dealwright.records.texts import say
from dealwright.storage import checklists

if TYPE_CHECKING:
    from dealwright.metadata.definitions import Item, Pipeline, Stage
    from dealwright.records.work import Work


def title(work: Work, pipeline: Pipeline, stage: Stage, item: Item) -> str:
    """Return what an item is called in the language that is spoken."""
    at = f"/stages/{stage.id}/checklist/{item.id}/title"
    return work.catalog.stage_text(pipeline, at, messages.locale()) or item.title


def undone(work: Work, entity_id: str, record_id: str, pipeline: Pipeline, stage: Stage | None) -> list[Problem]:
    """Return a problem for each required item of a stage that is not done; no statement where there is none."""
    required = [item for item in stage.checklist if item.required] if stage is not None else []
    if stage is None or not required:
        return []
    known = checklists.of(work.connection, entity_id, record_id, pipeline.family)
    found = []
    for item in required:
        tick = known.get((stage.id, item.id))
        if tick is None or tick.done_at is None:
            name = title(work, pipeline, stage, item)
            found.append(Problem(f"/checklist/{item.id}", "item-undone", lacks(item, name), label=name, item=item.id))
    return found


def lacks(item: Item, name: str) -> str:
    """Return what is to be done about an item that is not done."""
    if item.needs == "file" and item.document_type is not None:
        return say("item-without-document", item=name, document=item.document_type)
    return say({"file": "item-without-file", "note": "item-without-note"}.get(item.needs, "item-undone"), item=name)

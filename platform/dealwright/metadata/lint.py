"""What works and should be looked at: pipelines that ask for nothing, stages that nobody answers for or that lead nowhere.

None of it keeps definitions from being put in force. The codes never change.

    pipeline-without-gates   no stage asks for anything: no gate, no required field, no required item
    stage-without-owner      no role answers for the records in an open stage
    stage-without-exit       an open stage can be left forwards without anything that was asked for
    stage-without-way-out    a record cannot be given up from an open stage: no lost or archived follows
    unreachable-stage        no way leads to a stage from the start
    dead-end                 no way leads from an open stage to any end
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dealwright.errors import Problem

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Pipeline, Stage


def warnings(catalog: Catalog) -> list[Problem]:
    """Return what should be looked at; ``source`` of each is ``pipeline:<id>``, pointers lead into the document.

    A variant is looked at by the pipeline that it extends: of its own stages only the inserted ones.
    """
    return [
        Problem(at, code, message, f"pipeline:{pipeline.id}")
        for pipeline in catalog.pipelines.values()
        for at, code, message in _of(pipeline, catalog.pipelines.get(pipeline.extends or ""))
    ]


def _of(pipeline: Pipeline, parent: Pipeline | None) -> Iterator[tuple[str, str, str]]:
    asks = any(_asks(stage) or stage.enter for stage in pipeline.stages.values())
    if not asks:
        yield "/stages", "pipeline-without-gates", "no stage asks for anything; say what it takes to go on"
    reached = _reached(pipeline, pipeline.start)
    for index, stage in enumerate(pipeline.stages.values()):
        if parent is not None and stage.id in parent.stages:
            continue
        at = f"/stages/{index}"
        if stage.id not in reached:
            message = (
                f"no way leads from “{pipeline.start}” to “{stage.id}”; name it in the next of a stage, or remove it"
            )
            yield at, "unreachable-stage", message
        if stage.outcome is None:
            yield from _open(pipeline, stage, at, asks)


def _open(pipeline: Pipeline, stage: Stage, at: str, asks: bool) -> Iterator[tuple[str, str, str]]:
    following = [pipeline.stages[one] for one in _following(pipeline, stage)]
    if stage.owner is None:
        yield at, "stage-without-owner", f"nobody answers for records in “{stage.id}”; name a role as its owner"
    order = list(pipeline.stages)
    onward = [one for one in following if not one.leads_out and order.index(one.id) > order.index(stage.id)]
    if asks and onward and not _asks(stage) and not all(one.enter for one in onward):
        message = f"“{stage.id}” can be left without anything; say what it takes: a gate, a required field, an item"
        yield at, "stage-without-exit", message
    if not any(one.outcome for one in map(pipeline.stages.__getitem__, _reached(pipeline, stage.id))):
        yield at, "dead-end", f"no way leads from “{stage.id}” to an end; name stages in its next"
    elif not any(one.leads_out for one in following):
        message = f"a record cannot be given up in “{stage.id}”; let a stage with the outcome lost or archived follow"
        yield at, "stage-without-way-out", message


def _asks(stage: Stage) -> bool:
    return bool(stage.exit or stage.required or any(item.required for item in stage.checklist))


def _following(pipeline: Pipeline, stage: Stage) -> Iterable[str]:
    if stage.next is None:
        return [one for one in pipeline.stages if one != stage.id]
    return [one for one in stage.next if one in pipeline.stages]


def _reached(pipeline: Pipeline, start: str) -> set[str]:
    """Return the stages to which a way leads, the first one among them."""
    found: set[str] = set()
    waiting = [start] if start in pipeline.stages else []
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_following(pipeline, pipeline.stages[name]))
    return found

"""What a draft would have done: rules and gates over the events of the past, scores over the records there are.

The draft stands beside what is in force; both are asked about the same moments, on records as they were then, under the
clock of then. Nothing is written, sent, or given an id: the same question gives the same answer, byte for byte. Only
records that the user may read are asked, and of each only what he may see in full.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dealwright import conditions, rules
from dealwright.errors import QueryError
from dealwright.metadata import scores as defined
from dealwright.metadata.names import namespace_of
from dealwright.records import approval_simulation, drafting, needs, passage, replay, rule_simulation, score_simulation
from dealwright.records.tally import Tally, batches
from dealwright.records.work import Work
from dealwright.rules.plain import plain
from dealwright.storage import trial as tried

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.records.replay import Moment
    from dealwright.records.tally import Progress
    from dealwright.rules.ruleset import Prepared


_BACK: Final = re.compile(r"P([0-9]{1,5})([DW])\Z")


def beginning(text: str, now: datetime, name: str = "since") -> datetime:
    """Return the moment that ``P90D``, ``P12W`` (before now) or an RFC 3339 moment means; ``name`` is for the error.

    Raises:
        QueryError: If it is neither, or lies ahead.
    """
    if match := _BACK.match(text):
        return now - timedelta(days=int(match[1]) * (7 if match[2] == "W" else 1))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment > now:
        raise QueryError(
            f"{name} is “{text[:80]}”; write a duration such as P90D, or a moment that has passed, with a zone"
        )
    return moment


def simulate(
    work: Work, documents: Sequence[Mapping[str, Any]], since: datetime, *, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """Return what draft documents would have done since a moment, beside what is in force.

    Args:
        work: The transaction; only read.
        documents: Whole documents of the kinds rule, score, pipeline, approval and parameter.
        since: Where the past begins.
        progress: Called with the number of records of each batch.

    Returns:
        ``{"rules": [...], "scores": [...], "pipelines": [...], "approvals": [...]}``, one item for each definition that
        decides otherwise than in force, with counts, up to ten examples of each kind of difference, and ``digest`` of the
        whole trace.

        A rule: ``woken``, ``newly`` (fires now, did not), ``no_longer``, ``changed`` (does something else), ``same``;
        ``read_as_now`` names what was read as it is today. A score: ``score_simulation.compared``. A
        pipeline: ``moves``, ``newly`` refused, ``no_longer`` refused. An approval: ``approval_simulation.compared``.

    Raises:
        DefinitionError: If the drafts are not valid, or are of a kind whose past cannot be played again.
    """
    return compared(work, drafting.drafted(work, documents), since, progress=progress)


def compared(work: Work, draft: Catalog, since: datetime, *, progress: Progress = lambda _: None) -> dict[str, Any]:
    """Return what another catalog would have decided otherwise since a moment; as :func:`simulate`.

    Fields that no table has a column for yet are empty, as they will be on every record.
    """
    draft = tried.of(draft, work.catalog)
    trial = Work(work.workspace, work.connection, work.user, catalog=draft)
    found: dict[str, Any] = {"rules": [], "scores": [], "pipelines": [], "approvals": []}
    old, new = rules.of(work.catalog).by_id, rules.of(draft).by_id
    for identifier in sorted(old.keys() | new.keys()):
        before, after = old.get(identifier), new.get(identifier)
        if before is None or after is None or before.version != after.version or _reads_other(before, after):
            found["rules"].append(rule_simulation.compared(work, trial, before, after, since, progress))
    for identifier in sorted(defined.of(draft).keys() | defined.of(work.catalog).keys()):
        one, two = score_simulation.score_of(work.catalog, identifier), score_simulation.score_of(draft, identifier)
        if two is not None and (one is None or one.version != two.version):
            found["scores"].append(score_simulation.compared(trial, one, two, since, progress))
    for identifier, pipeline in sorted(draft.pipelines.items()):
        known = work.catalog.pipelines.get(identifier)
        if known is not None and known.document != pipeline.document:
            found["pipelines"].append(_pipeline(work, trial, identifier, since, progress))
    each = partial(batches, progress=progress)
    found["approvals"] = approval_simulation.compared(work, trial, since, Tally, each)
    return found


def _reads_other(before: Prepared, after: Prepared) -> bool:
    """Tell whether conditions of the same text have other parameters in them."""
    if before.condition is None or after.condition is None:
        return False
    return before.condition.ast != after.condition.ast


def _pipeline(work: Work, trial: Work, identifier: str, since: datetime, progress: Progress) -> dict[str, Any]:
    """Ask the gates of a pipeline and of its draft about every move of the past, on the record as it was then."""
    pipelines = (work.catalog.pipelines[identifier], trial.catalog.pipelines[identifier])
    entity = trial.catalog.entity(pipelines[1].entity)
    gates = [g for one in pipelines for s in one.stages.values() for g in (*s.enter, *s.exit)]
    names = {name for g in gates for name in _gate_names(trial, entity, identifier, g.require)}
    names |= {name for one in pipelines for stage in one.stages.values() for name in stage.required}
    read = frozenset(names | {"stage", "pipeline"})
    wanted = needs.sorted_out(entity, read)
    tally = Tally()
    for batch in batches(trial, entity, since, frozenset({"record.moved"}), read, progress):
        for moment in replay.moments(trial, entity, batch, since, wanted):
            stages = moment.event.changes.get("stage")
            if moment.event.type != "record.moved" or stages is None or moment.after.get("pipeline") != identifier:
                continue
            unmet = [
                _unmet(side, entity, pipeline, moment, stages)
                for side, pipeline in zip((work, trial), pipelines, strict=True)
            ]
            told = {"record": moment.event.record, "event": moment.event.id, "at": plain(moment.event.at),
                    "from": stages[0], "to": stages[1], "before": unmet[0], "after": unmet[1]}  # fmt: skip
            tally.add("moves", told, shown=False)
            if unmet[1] and not unmet[0]:
                tally.add("newly", told)
            elif unmet[0] and not unmet[1]:
                tally.add("no_longer", told)
    told = tally.told("moves", "newly", "no_longer")
    return {"pipeline": identifier, "title": pipelines[1].title, **told, "read_as_now": replay.read_as_now(read)}


def _gate_names(trial: Work, entity: Entity, pipeline: str, source: str) -> frozenset[str]:
    found = conditions.of(trial.catalog, entity.id, source, "gate", namespace=namespace_of(pipeline))
    return frozenset(name for name in found.names | found.paths if not name.startswith("approvals."))


def _unmet(work: Work, entity: Entity, pipeline: Any, moment: Moment, stages: tuple[Any, Any]) -> list[str]:
    here, there = pipeline.stages.get(stages[0]), pipeline.stages.get(stages[1])
    if there is None:
        return [f"there is no stage {stages[1]}"]
    env, why = {**moment.env, "stage": stages[0]}, str(moment.event.data.get("reason") or "")
    return sorted({problem.message for problem in passage.unmet(work, entity, pipeline, env, here, there, reason=why)})

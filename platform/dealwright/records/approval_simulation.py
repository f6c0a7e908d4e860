"""What a draft of an approval would have asked of the records of the past: which need it, which steps, and who decides.

Records are looked at as they are today, and so are people; the owner of each stands for who asks. Nothing is asked,
written or sent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from dealwright import approvals, conditions
from dealwright import events as kinds
from dealwright.approvals import Course, progress
from dealwright.fields import messages
from dealwright.metadata.names import namespace_of
from dealwright.records import approval_course, approval_facts, needs
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from dealwright.approvals import Approval
    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work

    Batches = Callable[[Work, Entity, datetime, frozenset[str], frozenset[str]], Iterator[list[str]]]

#: Records for which people are looked up: a few statements each.
PEOPLE: Final = 500


class Tally(Protocol):
    """Counts of differences, with examples and a digest of all."""

    def add(self, kind: str, found: Mapping[str, Any], *, shown: bool = True) -> None:
        """Count one."""

    def told(self, *kinds: str) -> dict[str, Any]:
        """Return the counts."""


@dataclass(slots=True)
class _Steps:
    """How often each step would have been asked, and how often nobody would have been found."""

    asked: Counter[str] = field(default_factory=Counter)
    nobody: Counter[str] = field(default_factory=Counter)
    looked_up: int = 0


def compared(
    work: Work,
    trial: Work,
    since: datetime,
    tally: Callable[[], Tally],
    batches: Batches,
) -> list[dict[str, Any]]:
    """Return for each approval that is other in the draft what it would have asked of the records touched since.

    Args:
        work: The transaction, with what is in force.
        trial: The same, with the draft.
        since: Records with an event since then are looked at.
        tally: Makes an empty tally.
        batches: Yields ids of such records, as far as the user may see all that is read of them.

    Returns:
        ``approval``, ``title``; ``records``, ``needed``, ``newly`` (needed now, not before), ``no_longer``, ``changed``
        (by other steps), ``same``; ``steps``: each with ``asked`` and ``nobody``, how often; ``people_of``: for how many
        records people were looked up; ``examples`` and ``digest``.
    """
    old, new = approvals.of(work.catalog), approvals.of(trial.catalog)
    return [
        _one(work, trial, old.get(name), one, since, tally(), batches)
        for name, one in new.items()
        if name not in old or old[name] != one or _read(work, old[name]) != _read(trial, one)
    ]


def _read(work: Work, approval: Approval) -> list[Any]:
    """Return the conditions of an approval as they are read: those of the same text may have other parameters in them."""
    sources = [approval.when, *(one.when for one in approval.steps.values())]
    namespace = namespace_of(approval.id)
    return [
        conditions.of(work.catalog, approval.entity, one, "gate", namespace=namespace).ast if one is not None else None
        for one in sources
    ]


def _one(
    work: Work,
    trial: Work,
    old: Approval | None,
    new: Approval,
    since: datetime,
    tally: Tally,
    batches: Batches,
) -> dict[str, Any]:
    entity = trial.catalog.entity(new.entity)
    read = approval_facts.read_by(trial.catalog, new, entity, trial.catalog)
    if old is not None and old.entity == new.entity:
        read |= approval_facts.read_by(work.catalog, old, entity, trial.catalog)
    wanted, steps = needs.sorted_out(entity, read), _Steps()
    seen = frozenset(approvals.paths(trial.catalog, new))
    for batch in batches(trial, entity, since, kinds.RECORD_TYPES, seen):
        rows = stored.get(trial.connection, trial.catalog, entity.id, batch)
        there = [one for one in sorted(rows) if rows[one].get("archived_at") is None]
        envs = [{**rows[one], **trial.env, "is_new": False} for one in there]
        needs.load(trial, entity, wanted, envs)
        for env in envs:
            needs.derive(wanted, env)
            _compare(tally, _needed(work, old, env), _needed(trial, new, env), env)
            _ask(trial, new, env, steps)
    told = tally.told("records", "needed", "newly", "no_longer", "changed", "same")
    return {
        "approval": new.id,
        "title": new.title,
        **told,
        "steps": [
            {
                "step": one.id,
                "title": trial.catalog.text("approval", new.id, f"/steps/{one.id}/title", messages.locale())
                or one.title,
                "asked": steps.asked[one.id],
                "nobody": steps.nobody[one.id],
            }
            for one in new.steps.values()
        ],
        "people_of": steps.looked_up,
    }


def _needed(work: Work, approval: Approval | None, env: Mapping[str, Any]) -> list[str] | None:
    """Return the steps that a record needs; None if it needs no approval at all."""
    if approval is None or not approval_course.holds(work, approval, approval.when, env):
        return None
    return approval_course.needed(work, approval, env)


def _compare(tally: Tally, before: Sequence[str] | None, after: Sequence[str] | None, env: Mapping[str, Any]) -> None:
    told = {"record": env["id"], "before": before, "after": after}
    tally.add("records", told, shown=False)
    if after is not None:
        tally.add("needed", told, shown=False)
    if after is not None and before is None:
        tally.add("newly", told)
    elif before is not None and after is None:
        tally.add("no_longer", told)
    elif before is not None:
        tally.add("same" if before == after else "changed", told, shown=before != after)


def _ask(trial: Work, approval: Approval, env: Mapping[str, Any], steps: _Steps) -> None:
    """Count the steps that a record needs, and those for which nobody would be found."""
    wanted = _needed(trial, approval, env)
    if wanted is None:
        return
    steps.asked.update(wanted)
    if steps.looked_up >= PEOPLE:
        return
    steps.looked_up += 1
    requester = env.get("owner")
    people = approvals.People(trial.connection, trial.catalog, approval, env, requester, trial.now)
    before: tuple[str, ...] = ()
    for stretch in approval.stretches():
        found: list[str] = []
        for step in stretch:
            if step.id in wanted:
                fit = progress.able(approval, Course(requester, ()), people.ask(step, before))
                found += [one.user for one in fit]
                if not fit:
                    steps.nobody[step.id] += 1
        before = tuple(found) or before

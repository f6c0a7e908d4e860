"""What conditions of an entity read beyond its own columns, worked out once per catalog and set of roles.

One save evaluates many conditions: field conditions, checks, gates, rules, action values, row permissions. What they
read over references is collected here, so that a save loads it in one statement per reference, whatever their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dealwright import conditions, fields, rules, scoring, sla
from dealwright.access import rights_of
from dealwright.errors import ConditionError
from dealwright.metadata.names import namespace_of
from dealwright.records import clock_facts, outcomes
from dealwright.rules import sequences
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Gate
    from dealwright.records.work import Work

#: First steps of a name that is no field of the record.
_ROOTS = ("user.", "event.", "param.", "parent.", "count:")


@dataclass(frozen=True, slots=True)
class Needs:
    """What to load into the env of a record of one entity.

    Attributes:
        paths: Dotted paths over references, such as ``account.region``.
        rollups: Own fields that are worked out from other records.
        old: Names after ``old.`` that conditions read.
        records: Names after ``record.`` that action values read; each is also an own field or in ``paths``.
        rows: ``rows`` fields, with the paths over references of their rows, such as ``product.price``. Their values
            are put into the rows themselves, under the path.
        hops: First steps of ``paths``, and ``rows`` fields: when one changes, its paths are loaded again.
        approvals: Names such as ``approvals.discount.outcome``.
        clocks: Names such as ``sla.first_response.breached``.
    """

    paths: frozenset[str]
    rollups: frozenset[str]
    old: frozenset[str]
    records: frozenset[str]
    rows: Mapping[str, frozenset[str]]
    hops: frozenset[str]
    approvals: frozenset[str]
    clocks: frozenset[str]


def needs(catalog: Catalog, entity: Entity, roles: tuple[str, ...]) -> Needs:
    """Return what a save or a check of a record of this entity by somebody with these roles has to load."""
    return catalog.once(("records.needs", entity.id, roles), lambda: _work_out(catalog, entity, roles))


def _work_out(catalog: Catalog, entity: Entity, roles: tuple[str, ...]) -> Needs:
    names = for_formulas(catalog, entity) | set(rights_of(catalog, roles, entity.id).needs)
    compiled = rules.of(catalog)
    for rule in compiled.by_id.values():
        if rule.rule.entity == entity.id:
            names |= rule.needs()
    names |= sla.of(catalog).needs(entity.id) | sequences.needs(catalog, entity.id)
    earlier = [one for one in catalog.versions.values() if one.entity == entity.id]
    for pipeline in (*(catalog.pipelines[one] for one in entity.pipelines), *earlier):
        own = namespace_of(pipeline.id)
        if pipeline.applies_when is not None and pipeline not in earlier:
            condition = conditions.of(catalog, entity.id, pipeline.applies_when, "field", namespace=own)
            names |= condition.names | condition.paths
        if pipeline.teams is not None:
            names.add("team.name")
        for stage in pipeline.stages.values():
            for gate in (*stage.enter, *stage.exit):
                names |= _of_gate(catalog, entity, gate, own)
    for score in scoring.of(catalog, entity.id):
        names |= score.names
    return sorted_out(entity, names)


def for_formulas(catalog: Catalog, entity: Entity) -> set[str]:
    """Return the names that settling a record of this entity reads; of rows ``lines.product.price``."""
    inside = fields.row_needs(catalog, entity.id)
    return set(fields.needs(catalog, entity.id)) | {
        f"{name}.{path}" for name, paths in inside.items() for path in paths
    }


def _of_gate(catalog: Catalog, entity: Entity, gate: Gate, namespace: str) -> frozenset[str]:
    try:
        condition = conditions.of(catalog, entity.id, gate.require, "gate", namespace=namespace)
    except ConditionError:
        return frozenset()  # of a version that nobody finishes on: an installation looks at the others
    return condition.names | condition.paths


def sorted_out(entity: Entity, names: Iterable[str]) -> Needs:
    """Return the names of conditions, sorted by how they are loaded."""
    paths: set[str] = set()
    rollups: set[str] = set()
    old: set[str] = set()
    records: set[str] = set()
    rows: dict[str, set[str]] = {}
    outcome: set[str] = set()
    clocks: set[str] = set()
    for name in names:
        if name.startswith("old."):
            old.add(name[4:])
        elif name.startswith("approvals."):
            outcome.add(name)
        elif name.startswith("sla."):
            clocks.add(name)
        elif not name.startswith(_ROOTS):
            own = name.removeprefix("record.")
            if own != name:
                records.add(own)
            first, dot, rest = own.partition(".")
            if dot and (listed := entity.fields.get(first)) is not None and listed.items is not None:
                rows.setdefault(first, set()).add(rest)
            elif dot:
                paths.add(own)
            elif (field := entity.fields.get(own)) is not None and field.type == "rollup":
                rollups.add(own)
    return Needs(
        frozenset(paths),
        frozenset(rollups),
        frozenset(old),
        frozenset(records),
        {name: frozenset(inner) for name, inner in rows.items()},
        frozenset(path.partition(".")[0] for path in paths) | frozenset(rows),
        frozenset(outcome),
        frozenset(clocks),
    )


def load(work: Work, entity: Entity, wanted: Needs, envs: Sequence[dict[str, Any]]) -> None:
    """Fill the paths and rollups that are wanted into the envs, with one statement per reference and rollup field.

    The rows of ``rows`` fields are given the values at the end of their own paths. What approvals came to is one more, and
    how clocks stand.
    """
    lists = lists_of(work.catalog, entity, wanted.paths) if envs else {}
    paths = wanted.paths.difference(lists) | {one.rpartition(".")[0] for one in lists if one.count(".") > 1}
    if paths and envs:
        reached = stored.paths(work.connection, work.catalog, entity.id, envs, paths, env=work.env)
        for env, values in zip(envs, reached, strict=True):
            env.update(values)
    for path, target in lists.items():
        reference, _, name = path.rpartition(".")
        named = {env[reference] for env in envs if env.get(reference) is not None}
        members = stored.get(work.connection, work.catalog, target, named)
        for env in envs:
            env[path] = members.get(env.get(reference) or "", {}).get(name)
    for name, inside in wanted.rows.items():
        rows = [row for env in envs for row in env.get(name) or ()]
        if rows:
            found_in = stored.paths(work.connection, work.catalog, entity.id, rows, inside, inside=name, env=work.env)
            for row, values in zip(rows, found_in, strict=True):
                row.update(values)
    if wanted.rollups and envs:
        ids = [env["id"] for env in envs if env.get("id") is not None]
        found = stored.rollups(work.connection, work.catalog, entity.id, ids, sorted(wanted.rollups), work.env)
        for env in envs:
            env.update(found.get(str(env.get("id")), {}))
    if wanted.approvals and envs:
        outcomes.load(work, entity, wanted.approvals, envs)
    if wanted.clocks and envs:
        clock_facts.load(work, entity, wanted.clocks, envs)


def lists_of(catalog: Catalog, entity: Entity, paths: frozenset[str]) -> Mapping[str, str]:
    """Return those of the paths that end at ``rows`` of another record, with its entity: rights to parts ask them."""
    return catalog.once(("records.lists", entity.id, paths), lambda: dict(_lists_of(catalog, entity, paths)))


def _lists_of(catalog: Catalog, entity: Entity, paths: frozenset[str]) -> Iterator[tuple[str, str]]:
    for path in sorted(paths):
        here: Entity | None = entity
        *steps, last = path.split(".")
        for step in steps:
            field = here.field(step) if here is not None else None
            here = catalog.entities.get(field.to or "") if field is not None else None
        if here is not None and last in here.fields and here.fields[last].items is not None:
            yield path, here.id


def derive(wanted: Needs, env: dict[str, Any]) -> None:
    """Fill what follows from the env itself: days in the stage, days since the last activity, ``record.`` names."""
    now: datetime = env["now()"]
    for name, since in (("days_in_stage", "stage_entered_at"), ("days_since_activity", "last_activity_at")):
        moment = env.get(since)
        env[name] = (now - moment).days if isinstance(moment, datetime) else None
    for name in wanted.records:
        env[f"record.{name}"] = env.get(name)


def remember(wanted: Needs, env: dict[str, Any], before: Mapping[str, Any] | None) -> None:
    """Fill ``old.`` names from the record before the change; they are empty for a new one."""
    for name in wanted.old:
        env[f"old.{name}"] = before.get(name) if before is not None else None

"""The checks of a save that look at values: the input itself, the record as a whole, and other records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dealwright import access, fields
from dealwright.errors import Problem
from dealwright.records import judge, needs, pipelines
from dealwright.storage import queries
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records.draft import Draft
    from dealwright.records.work import Work

#: Types whose value is the id, or ids, of other records.
_LINKS = frozenset({"reference", "references", "user", "team", "any_reference"})


def read(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Turn what was asked into typed values in the env, with defaults for a new record."""
    readable = work.catalog.once(
        ("records.readable", entity.id),
        lambda: tuple(
            frozenset(name for name in entity.all_fields() if judge.readable(entity, name, new=new))
            for new in (False, True)
        ),
    )
    placed = judge.ON_CREATE - entity.fields.keys()  # without stages a field of its own may have such a name
    for draft in drafts:
        known = readable[draft.new]
        own = {name: value for name, value in draft.asked.items() if name in known}
        values, problems = fields.read(work.catalog, entity.id, own, new=draft.new, before=draft.before)
        draft.problems += problems
        if draft.new:
            _begin(work, draft)
        draft.put_all({name: value for name, value in values.items() if name not in placed})
        if draft.new:
            _fill(work, entity, draft)


def _begin(work: Work, draft: Draft) -> None:
    """Give a new record what the platform knows of it."""
    draft.put("owner", work.user.id)
    draft.put("team", work.user.team)
    draft.env.update(
        created_at=work.now, updated_at=work.now, created_by=work.user.id, updated_by=work.user.id, version=1
    )


def _fill(work: Work, entity: Entity, draft: Draft) -> None:
    """Give a new record its place in the pipeline, and defaults where nothing was asked; they may build on what was."""
    if entity.pipelines:
        pipelines.begin(work, entity, draft)
    for name, value in fields.defaults(work.catalog, entity.id, draft.env).items():
        if name.partition("__currency")[0] not in draft.asked:
            draft.put(name, value)


def settle(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Work out formulas, visibility and what is required; run the entity's checks on the record as it will be."""
    for draft in drafts:
        if draft.error is None:
            settle_one(work, entity, draft, draft.changed)


def settle_one(
    work: Work, entity: Entity, draft: Draft, changed: Collection[str], *, asked: Collection[str] | None = None
) -> None:
    """Settle one draft after these fields changed.

    Args:
        work: The transaction.
        entity: The entity of the draft.
        draft: What was asked is in its env.
        changed: Fields whose value is another now: references among them prefill other fields.
        asked: Fields that a person asked for, to be held against what is read-only; None for ``changed``.
    """
    for name, value in fields.prefill(work.catalog, entity.id, draft.env, changed).items():
        rows = name in entity.fields and entity.fields[name].items is not None
        if rows or name not in draft.asked:
            draft.put(name, value)
    by_person = frozenset(changed if asked is None else asked)
    settled = fields.settle(work.catalog, entity.id, draft.env, changed=by_person, new=draft.new)
    for name, value in settled.changes.items():
        draft.put(name, value)
    # A field whose input could not be read has said what is wrong with it; that it is empty follows from that.
    told = {problem.pointer for problem in draft.problems}
    draft.problems += [problem for problem in settled.problems if problem.pointer not in told]
    # What was found among other records stays: settling again looks at this one only.
    draft.warnings = [*settled.warnings, *(one for one in draft.warnings if one.code == "duplicate")]


def others(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Check against other records: what is referred to exists and may be seen; what must be unique is."""
    live = [draft for draft in drafts if draft.error is None]
    _references(work, entity, live)
    _offered(work, entity, live)
    held = [d for d in live if d.new or _touches_unique(entity, d.changed)]
    if not held or not (entity.unique or entity.duplicates):
        return
    named = {rule.id: rule.fields for rule in entity.unique} | {rule.id: rule.match for rule in entity.duplicates}
    blocking = {rule.id for rule in entity.unique} | {r.id for r in entity.duplicates if r.action == "block"}
    for clash in stored.clashes(work.connection, work.catalog, entity.id, [draft.env for draft in held]):
        draft, names = held[clash.index], named[clash.rule]
        titles = " and ".join(f.title if (f := entity.field(name)) else name for name in names)
        text = f"another {entity.title} has the same {titles}; open that one, or change this"
        code = "not-unique" if clash.kind == "unique" else "duplicate"
        (draft.problems if clash.rule in blocking else draft.warnings).append(Problem(f"/{names[0]}", code, text))


def _touches_unique(entity: Entity, changed: Collection[str]) -> bool:
    named = {name for rule in entity.unique for name in rule.fields}
    named |= {name for rule in entity.duplicates for name in rule.match}
    return not named.isdisjoint(changed)


def _references(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Find every record that the changed references name: one statement, and one more where rows are restricted."""
    links: list[tuple[Draft, str, str, str, str]] = []
    linking = work.catalog.once(("records.links", entity.id), lambda: tuple(_linking(entity)))
    for draft in drafts:
        for field in linking:
            if field.id in draft.changed:
                links += [(draft, field.id, *link) for link in _links(field, draft.env.get(field.id), f"/{field.id}")]
    if not links:
        return
    wanted: dict[str, set[str]] = {}
    for _, _, target, identifier, _ in links:
        if target in work.catalog.entities:
            wanted.setdefault(target, set()).add(identifier)
    found = {target: set(ids) for target, ids in stored.exists(work.connection, wanted).items()}
    for target, ids in wanted.items():
        restricted = not access.rights(work.catalog, work.user, target).unrestricted("read")
        if restricted and (ids := found.get(target, set())):
            found[target] = visible(work, target, ids)
    for draft, name, target, identifier, pointer in links:
        assigned = name in ("owner", "team") and (
            work.user.by == "intake" or identifier in (work.user.id, work.user.team)
        )
        own = (
            draft.rule is not None or assigned
        )  # of an intake its document says whose its records are, never a stranger
        if identifier not in found.get(target, set()) and not (own and identifier in wanted.get(target, set())):
            title = work.catalog.entities[target].title if target in work.catalog.entities else target
            text = f"there is no {title} with the id “{identifier[:80]}”; choose one that exists"
            draft.problems.append(Problem(pointer, "no-such-record", text))


def _offered(work: Work, entity: Entity, drafts: Sequence[Draft]) -> None:
    """Hold changed references against the ``where`` of their field: one statement for each such field."""
    for name, condition in fields.wheres(work.catalog, entity.id).items():
        outer, _, inner = name.partition(".")
        field = (entity.fields[outer].items or {})[inner] if inner else entity.fields[outer]
        told = {(draft.id, problem.pointer) for draft in drafts for problem in draft.problems}
        chosen = [
            (draft, one, pointer)
            for draft in drafts
            if outer in draft.changed and draft.rule is None
            for one, pointer in _chosen(draft.env.get(outer), inner, f"/{outer}")
            if (draft.id, pointer) not in told
        ]
        if not chosen or field.to is None or field.to not in work.catalog.entities:
            continue
        target = work.catalog.entities[field.to]
        rows = stored.get(work.connection, work.catalog, target.id, {one for _, one, _ in chosen})
        envs = {identifier: {**row, **work.env} for identifier, row in rows.items()}
        read = (one for one in condition.names if not one.startswith("record."))
        needs.load(work, target, needs.sorted_out(target, read), list(envs.values()))
        for draft, one, pointer in chosen:
            mine = {key: draft.env.get(key[7:]) for key in condition.names if key.startswith("record.")}
            if one in envs and condition.evaluate({**envs[one], **mine}) is not True:
                text = f"this {target.title} cannot be chosen for {field.title} here; choose one that is offered"
                draft.problems.append(Problem(pointer, "not-offered", text))


def _chosen(value: Any, inner: str, pointer: str) -> list[tuple[str, str]]:
    """Return (id, pointer) of each record that a field names; ``inner`` is the field of a row."""
    if value is None:
        return []
    if inner:
        return [found for i, row in enumerate(value) for found in _chosen(row.get(inner), "", f"{pointer}/{i}/{inner}")]
    return [(one, f"{pointer}/{i}") for i, one in enumerate(value)] if isinstance(value, list) else [(value, pointer)]


def _linking(entity: Entity) -> Iterator[Field]:
    """Yield the fields whose values name records, and rows that hold such fields."""
    for field in entity.all_fields().values():
        if field.type in _LINKS or any(one.type in _LINKS for one in (field.items or {}).values()):
            yield field


def _links(field: Field, value: Any, pointer: str) -> list[tuple[str, str, str]]:
    """Return (entity, id, pointer) for every record that a value names, those inside rows included."""
    if value is None or (field.type not in _LINKS and field.items is None):
        return []
    if field.items is not None:
        return [
            link
            for i, row in enumerate(value)
            for one in field.items.values()
            for link in _links(one, row.get(one.id), f"{pointer}/{i}/{one.id}")
        ]
    if field.type == "any_reference":
        return [(value["entity"], value["id"], pointer)]
    if field.type == "references":
        return [(field.to or "", one, f"{pointer}/{i}") for i, one in enumerate(value)]
    return [(field.to or "", value, pointer)]


def visible(work: Work, entity_id: str, ids: Collection[str]) -> set[str]:
    """Return those of the ids whose records the user may read: one statement."""
    where = access.criteria(work.catalog, work.user, "read", entity_id, work.tables, work.env)
    if where is None:
        return set()
    return queries.ids(work.connection, work.catalog, entity_id, ids, where)


def shown(work: Work, draft: Draft) -> Mapping[str, Any]:
    """Return the saved record in API JSON, as far as the user may see it."""
    entity = draft.entity
    held = access.rights(work.catalog, work.user, entity.id)
    draft.env["version"] = draft.version
    later = fields.computed_on_read(work.catalog, entity.id)
    if later:
        needs.load(work, entity, needs.sorted_out(entity, later), [draft.env])
    fields.compute_on_read(work.catalog, entity.id, draft.env)
    seen = held.seen() if held.uniform and held.unrestricted("read") else held.seen_on(draft.env)
    return fields.shown(work.catalog, entity.id, draft.env, only=seen)

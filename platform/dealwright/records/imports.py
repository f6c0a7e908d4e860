"""Importing a file: every row through every check and rule, in batches, and nothing lost between two of them.

Each batch is one transaction, which also notes how far the import has come; an import that was cut off goes on where it
stopped when the same file is imported again with the same mapping. A row that is refused goes, as it was, into the
file of rejects with its number and the reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from dealwright import access, clock, fields
from dealwright.actions.plain import plain
from dealwright.errors import DealwrightError, Problem, RecordError, UnavailableError, UnknownFieldError
from dealwright.fields.messages import locale
from dealwright.records import mapping as mappings
from dealwright.records import moves, road
from dealwright.records.look import visible
from dealwright.records.rejects import Rejects
from dealwright.records.texts import called, say
from dealwright.records.work import Change, Saved, Work
from dealwright.storage import audit
from dealwright.storage import imports as progress
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from dealwright.access import User
    from dealwright.metadata.definitions import Entity
    from dealwright.records.mapping import Column, FileMapping
    from dealwright.records.tables_in import Table
    from dealwright.records.workspace import Workspace
    from dealwright.storage import Connection

#: Rows in one transaction.
BATCH = 500
#: Code of a row that could be about several records.
AMBIGUOUS = "ambiguous"
#: A row that was refused: its number, its cells, and what is wrong with it.
Refused: TypeAlias = tuple[int, Sequence[str], Sequence[Problem]]


@dataclass(slots=True)
class Counts:
    """What became of the rows of a file so far."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the counts as plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class _Row:
    """A row on its way: its number, its cells, and what it asks for or why it cannot."""

    number: int
    cells: Sequence[str]
    data: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    id: str | None = None
    became: str = "same"

    def told(self) -> tuple[int, Sequence[str], str]:
        """Return number, cells, and what became of it, as :func:`run` tells it."""
        refused = self.problems[0].code if self.problems else ""
        return self.number, self.cells, self.became if not refused else AMBIGUOUS if refused == AMBIGUOUS else "refused"


class _DryRunError(Exception):
    """Raised to roll back a batch of a dry run."""


def run(
    workspace: Workspace,
    user: User,
    entity_id: str,
    table: Table,
    given: Mapping[str, Any] | None = None,
    *,
    rejects: Path | None = None,
    key: str | None = None,
    rules: bool = True,
    dry: bool = False,
    most: int | None = None,
    report: Callable[[Counts], None] = lambda counts: None,
    refused: Callable[[Connection, Sequence[Refused]], None] = lambda connection, rows: None,
    told: Callable[[Sequence[tuple[int, Sequence[str], str]]], None] = lambda rows: None,
) -> Counts:
    """Import a file.

    Args:
        workspace: Where.
        user: In whose name; the grant must allow ``import``, and create or update as the rows need.
        entity_id: Id of the entity.
        table: The file.
        given: The mapping document; None: columns are named like fields.
        rejects: Where refused rows go; None writes no file.
        key: The external id to find existing records by, in place of the mapping's.
        rules: Whether rules are asked. False is noted in the audit log.
        dry: Do everything but commit.
        most: Rows that are looked at; None for all. Only with ``dry``.
        report: Called after each batch.
        refused: Called with the refused rows of each batch, in the transaction that notes how far the import has come.
        told: Called with each batch: number, cells, and what became of the row: ``new``, ``changed``, ``same``, ``ambiguous``
            (it could be about several records) or ``refused``.

    Returns:
        What became of the rows, those of an earlier, interrupted run included.

    Raises:
        DefinitionError: If the mapping does not fit.
        NotFoundError, ForbiddenError: If the user may not import this entity.
        UnknownFieldError: If the mapping looks records up by a field that the user may not see.
    """
    document = given
    if most is not None and not dry:
        raise ValueError("a part of a file is only looked at, never imported")
    if key is not None and (document is None or isinstance(document, Mapping)):
        document = {**(document or {"columns": {n: {"to": n} for n in table.header}}), "key": key}
    with workspace.database.read() as connection:
        work = Work(workspace, connection, user)
        mapping = checked(work, entity_id, table, document)
    digest = digest_of(table, document, entity_id, rules=rules)
    counts, done = _begin(workspace, user, entity_id, table, digest, rules=rules, dry=dry)
    writer = Rejects(rejects, table.header, done)
    taken: dict[Any, int] = {}
    rows = islice(_remaining(work, entity_id, mapping, table, done, taken), most)
    with writer:
        while batch := list(islice(rows, BATCH)):
            _batch(
                workspace, user, entity_id, mapping, table, batch, taken, counts, writer, refused, digest, rules, dry
            )
            told([row.told() for row in batch])
            report(counts)
    if not dry:
        with workspace.database.write() as connection:
            progress.finish(connection, digest, clock.now())
    return counts


def checked(work: Work, entity_id: str, table: Table, document: Any) -> FileMapping:
    """Return the mapping of a file, read.

    Raises:
        DefinitionError, NotFoundError, ForbiddenError, UnknownFieldError: As :func:`run`.
    """
    access.demand(work.catalog, work.user, "import", entity_id)
    mapping = mappings.read(work.catalog, work.catalog.entity(entity_id), table.header, document)
    _demand_seen(work, work.catalog.entity(entity_id), mapping)
    return mapping


def _demand_seen(work: Work, entity: Entity, mapping: FileMapping) -> None:
    """Refuse to look records up by a field that the user may not see: the answers would tell its values."""
    for name in mapping.together:
        if name not in access.rights(work.catalog, work.user, entity.id).seen():
            raise UnknownFieldError(f"{entity.id} has no field “{name}”")
    for column in mapping.columns.values():
        if column.match is not None:
            target = entity.all_fields()[column.to].to or ""
            if column.match not in access.rights(work.catalog, work.user, target).seen():
                raise UnknownFieldError(f"{target} has no field “{column.match}”")


def digest_of(table: Table, document: Any, entity_id: str, *, rules: bool = True) -> str:
    """Return the name of an import: a SHA-256 of all that its outcome depends on."""
    text = json.dumps([table.digest, document, entity_id, rules], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _begin(
    workspace: Workspace, user: User, entity_id: str, table: Table, digest: str, *, rules: bool, dry: bool
) -> tuple[Counts, int]:
    if dry:
        return Counts(), 0
    with workspace.database.write() as connection:
        begun = progress.begin(connection, digest, entity_id, table.name, user.id, clock.now())
        if begun.position == 0:
            audit.append(
                connection,
                action="import.started",
                actor=user.id,
                at=clock.now(),
                data={"entity": entity_id, "file": table.name, "digest": table.digest, "rules": rules, "by": user.by},
            )
        return Counts(**dict[str, Any](begun.counts)), begun.position


def _batch(
    workspace: Workspace,
    user: User,
    entity_id: str,
    mapping: FileMapping,
    table: Table,
    batch: list[_Row],
    taken: dict[Any, int],
    counts: Counts,
    writer: Rejects,
    refused: Callable[[Connection, Sequence[Refused]], None],
    digest: str,
    rules: bool,
    dry: bool,
) -> None:
    after = Counts(**{**counts.as_json(), "reasons": dict(counts.reasons)})
    try:
        with workspace.database.write() as connection:
            work = Work(workspace, connection, user, rules=rules, bulk=True)
            entity = work.catalog.entity(entity_id)
            _read(work, entity, mapping, table, batch, taken)
            _look_on(work, entity, [row for row in batch if row.problems])
            _save(work, entity, batch, after, skips=mapping.existing == "skip")
            for row in batch:
                if row.problems:
                    after.rejected += 1
                    code = row.problems[0].code
                    after.reasons[code] = after.reasons.get(code, 0) + 1
            after.rows += len(batch)
            # Before the commit: after a crash in between, rows beyond the noted position are cut off again.
            told = [(row.number, row.cells, row.problems) for row in batch if row.problems]
            writer.add(told)
            refused(connection, told)
            if dry:
                raise _DryRunError
            progress.advance(connection, digest, batch[-1].number, after.as_json(), clock.now())
    except _DryRunError:
        pass
    for name in Counts.__slots__:
        setattr(counts, name, getattr(after, name))


def _remaining(
    work: Work, entity_id: str, mapping: FileMapping, table: Table, done: int, taken: dict[Any, int]
) -> Iterator[_Row]:
    """Yield the rows after the first ``done``; of those before, note the keys, so that none is taken twice."""
    entity = work.catalog.entity(entity_id)
    for number, cells in table.rows():
        row = _Row(number, cells)
        if number > done:
            yield row
            continue
        if mapping.together:
            taken.setdefault(_said(mapping, table, [row])[0], number)
        for name, column in mapping.columns.items():
            if column.to == mapping.key:
                _convert(work, entity, column, _texts([row], table.header.index(name), column))
                taken.setdefault(row.data.get(column.to), number)


def _read(
    work: Work, entity: Entity, mapping: FileMapping, table: Table, batch: list[_Row], taken: dict[Any, int]
) -> None:
    """Turn cells into data: texts to values, names to references, keys to existing records."""
    index = {name: i for i, name in enumerate(table.header)}
    constants = {name: plain(condition.evaluate(work.env)) for name, condition in mapping.constants.items()}
    for row in batch:
        row.data.update(constants)
        if len(row.cells) > len(table.header):
            text = say("row-too-wide", cells=len(row.cells), columns=len(table.header))
            row.problems.append(Problem("", "too-many-cells", text))
    # Columns that make records come last, and make none for a row that is refused already.
    for name, column in sorted(mapping.columns.items(), key=lambda one: one[1].create):
        texts = _texts(batch, index[name], column)
        if column.match is not None:
            _match(work, entity, column, texts)
        else:
            _convert(work, entity, column, texts)
    if mapping.key is not None:
        _find(work, entity, mapping.key, batch, taken)
    elif mapping.together:
        _find_together(work, entity, mapping, table, batch, taken)


def _said(mapping: FileMapping, table: Table, batch: Sequence[_Row]) -> list[tuple[str | None, ...]]:
    """Return for each row what its cells say of the fields that find a record together; a constant says nothing."""
    parts = [
        [text for _, text in _texts(batch, table.header.index(name), replace(column, create=False))]
        for name, column in mapping.columns.items()
        if column.to in mapping.together
    ]
    return list(zip(*parts, strict=True)) if parts else [() for _ in batch]


def _find_together(
    work: Work, entity: Entity, mapping: FileMapping, table: Table, batch: Sequence[_Row], taken: dict[Any, int]
) -> None:
    """Find the records that rows are about by several fields, among those that the user may read; two statements.

    Several that are alike make a row ambiguous; a row that says the same as an earlier one of the file is refused.
    """
    names = mapping.together
    wanted: dict[int, tuple[Any, ...]] = {}
    for row, said in zip(batch, _said(mapping, table, batch), strict=True):
        if any(problem.pointer.removeprefix("/") in names for problem in row.problems):
            continue
        typed = fields.typed(work.catalog, entity.id, {name: row.data.get(name) for name in names})
        values = tuple(typed[name] for name in names)
        if all(value is None for value in values):
            row.problems.append(Problem(f"/{names[0]}", "required", say("row-without-key", key=", ".join(names))))
        elif said in taken:
            text = say("row-key-twice", value=" · ".join(filter(None, said)), row=taken[said])
            row.problems.append(Problem(f"/{names[0]}", "key-twice", text))
        else:
            taken[said] = row.number
            wanted[row.number] = values
    found = (
        stored.find_together(work.connection, work.catalog, entity.id, names, set(wanted.values())) if wanted else {}
    )
    if not access.rights(work.catalog, work.user, entity.id).unrestricted("read"):
        may = visible(work, entity.id, {one for ids in found.values() for one in ids})
        found = {values: [one for one in ids if one in may] for values, ids in found.items()}
    for row in batch:
        ids = found.get(wanted[row.number], []) if row.number in wanted else []
        if len(ids) > 1:
            titles = [
                work.catalog.text("entity", entity.id, f"/properties/{name}/title", locale()) or name for name in names
            ]
            text = say("row-meets-several", count=len(ids), fields=", ".join(titles))
            row.problems.append(Problem(f"/{names[0]}", AMBIGUOUS, text))
        elif ids:
            row.id = ids[0]


def _texts(batch: Sequence[_Row], index: int, column: Column) -> list[tuple[_Row, str | None]]:
    """Return what stands in one column of the rows, as the mapping says; None for nothing."""
    some = [row for row in batch if not row.problems] if column.create else batch
    said, default = column.values, column.default or None
    found: list[tuple[_Row, str | None]] = []
    for row in some:
        text = row.cells[index].strip() if index < len(row.cells) else ""
        found.append((row, (said.get(text, text) if said else text) or default))
    return found


def _convert(work: Work, entity: Entity, column: Column, texts: Sequence[tuple[_Row, str | None]]) -> None:
    seen: dict[str | None, Any] = {None: None}
    for different in {text for _, text in texts if text is not None}:
        try:
            seen[different] = fields.from_text(work.catalog, entity.id, column.to, different)
        except RecordError as error:
            seen[different] = error
    for row, text in texts:
        value = seen[text]
        if isinstance(value, RecordError):
            row.problems += value.problems
        else:
            row.data[column.to] = value


def _match(work: Work, entity: Entity, column: Column, texts: Sequence[tuple[_Row, str | None]]) -> None:
    """Find the records that a column names, one statement for the batch; make missing ones if the mapping says so."""
    target = entity.all_fields()[column.to].to or ""
    wanted = sorted({text for _, text in texts if text is not None})
    found = stored.find_by(work.connection, work.catalog, target, column.match or "", wanted) if wanted else {}
    if not access.rights(work.catalog, work.user, target).unrestricted("read"):
        may = visible(work, target, {one for ids in found.values() for one in ids})
        found = {text: [one for one in ids if one in may] for text, ids in found.items()}
    missing = [text for text in wanted if not found.get(text)]
    refused: dict[str, str] = {}
    if column.create and missing:
        made = road.save_many(work, target, [Change({column.match or "": text}) for text in missing])
        for name, one in zip(missing, made, strict=True):
            if isinstance(one, Saved):
                found[name] = [one.id]
            else:
                refused[name] = "; and it was not made: " + ("; ".join(map(str, one.problems)) or one.detail)
    title = called(work.catalog, work.catalog.entity(target)) if locale() != "en" else work.catalog.entity(target).title
    for row, text in texts:
        ids = found.get(text, []) if text is not None else []
        if text is None or len(ids) == 1:
            row.data[column.to] = ids[0] if ids else None
        elif ids:
            message = say("row-refers-to-several", count=len(ids), title=title, field=column.match, text=text)
            row.problems.append(Problem(f"/{column.to}", AMBIGUOUS, message))
        else:
            more = refused.get(text or "", "")
            message = say("row-refers-to-none", title=title, field=column.match, text=text, more=more)
            row.problems.append(Problem(f"/{column.to}", "no-such-record", message))


def _find(work: Work, entity: Entity, key: str, batch: Sequence[_Row], taken: dict[Any, int]) -> None:
    """Find the records that the rows are about, and refuse a key that stands in two rows of the file."""
    keys = sorted({row.data[key] for row in batch if row.data.get(key) is not None})
    found = stored.find_by(work.connection, work.catalog, entity.id, key, keys) if keys else {}
    for row in batch:
        value = row.data.get(key)
        if value is None:
            row.problems.append(Problem(f"/{key}", "required", say("row-without-key", key=key)))
        elif value in taken:
            text = say("row-key-twice", value=value, row=taken[value])
            row.problems.append(Problem(f"/{key}", "key-twice", text))
        else:
            taken[value] = row.number
            ids = found.get(value, [])
            row.id = ids[0] if ids else None


def _look_on(work: Work, entity: Entity, refused: Sequence[_Row]) -> None:
    """Find what else is wrong with rows that are refused already, so that they are mended in one go."""
    drafts = [road.draft_of(entity, Change(row.data, row.id)) for row in refused]
    road.check(work, entity, drafts, lock=False)
    for row, draft in zip(refused, drafts, strict=True):
        said = {problem.pointer for problem in row.problems}
        row.problems += [problem for problem in draft.problems if problem.pointer not in said]


def _save(work: Work, entity: Entity, batch: Sequence[_Row], counts: Counts, *, skips: bool) -> None:
    good = [row for row in batch if not row.problems and not (skips and row.id is not None)]
    counts.unchanged += sum(not row.problems and row.id is not None for row in batch) if skips else 0
    stages = _stages(work, entity, [row for row in good if row.id is not None])
    staying = [row for row in good if row.number not in stages]
    results = road.save_many(work, entity.id, [Change(row.data, row.id) for row in staying]) if staying else []
    ended = {row.number: result for row, result in zip(staying, results, strict=True)}
    for row in good:
        result = ended[row.number] if row.number in ended else _move(work, entity, row, *stages[row.number])
        if isinstance(result, DealwrightError):
            row.problems += result.problems or (Problem("", result.code, result.detail),)
        elif result.created:
            counts.created += 1
            row.became = "new"
        elif result.unchanged:
            counts.unchanged += 1
        else:
            counts.updated += 1
            row.became = "changed"


def _move(work: Work, entity: Entity, row: _Row, pipeline: str | None, stage: str | None) -> Saved | DealwrightError:
    """Move a record and set its fields on the way: both, or neither."""
    try:
        with work.connection.begin_nested():
            return moves.move_one(work, entity.id, row.id or "", stage, pipeline=pipeline, data=row.data)
    except UnavailableError:
        raise
    except DealwrightError as error:
        return error


def _stages(work: Work, entity: Entity, rows: Sequence[_Row]) -> dict[int, tuple[str | None, str | None]]:
    """Take pipeline and stage out of what existing records are to get: a save does not change them, a move does."""
    named = [row for row in rows if "stage" in row.data or "pipeline" in row.data]
    if not named or not entity.pipelines:
        return {}
    now = stored.get(work.connection, work.catalog, entity.id, [row.id for row in named if row.id is not None])
    moved: dict[int, tuple[str | None, str | None]] = {}
    for row in named:
        wanted = row.data.pop("pipeline", None), row.data.pop("stage", None)
        if row.id not in now:
            continue
        there = now[row.id]["pipeline"], now[row.id]["stage"]
        other = tuple(None if one == two else one for one, two in zip(wanted, there, strict=True))
        if any(other):
            # Into another pipeline the stage is said even if it has the same name.
            moved[row.number] = (other[0], wanted[1] if other[0] else other[1])
    return moved

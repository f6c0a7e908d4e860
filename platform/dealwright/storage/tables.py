"""The tables of a catalog's entities, made in memory; ``schema`` brings the database to them.

    sales__deal                 a column for each field, ``extra``, and shadow columns for comparing texts
    sales__deal__lines          the rows of a ``rows`` field: id, parent, position, a column for each field of a row
    sales__deal__contacts       the links of a ``references`` field: record, target, position

Columns are named as the fields, so that a report written in SQL can be read. Fields whose value is worked out when it
is read (rollup, lookup, formulas over the present moment) have none. Indexes are always made by themselves, never as
``Column(index=True)``: what a plan compares must have one form.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dealwright import conditions, fields
from dealwright.conditions import sql
from dealwright.conditions.sql.types import ClockTime, Id, Json, Milliseconds, Scaled, UtcDateTime
from dealwright.metadata import names
from dealwright.storage import trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

#: System fields that say who it was. Like the log they may name somebody who is gone: no foreign key, which would cost
#: every save two look-ups more.
_TOLD = frozenset({"created_by", "updated_by"})
#: System fields that are never empty.
_ALWAYS = frozenset({"id", "version", "created_at", "updated_at"})
#: Makes a value comparable, mostly a text; None if nothing of it is left.
Comparable = Callable[[Any], str | None]
#: Field types whose column holds the id of one record.
REFERENCES = frozenset({"reference", "user", "team"})


@dataclass(frozen=True, slots=True)
class Part:
    """The table of a ``rows`` or ``references`` field.

    Attributes:
        owner: Name of the column with the id of the record: ``parent`` or ``record``.
        names: Keys of a row that have a column, ``id`` first; empty for links.
    """

    field: str
    table: sa.Table
    owner: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Values that may stand on one active record only (unique), or that make two suspicious (duplicates).

    Attributes:
        kind: ``unique`` or ``duplicate``.
        columns: Fields, or their shadow columns, that are equal on records that clash.
        when: Which records count; None means those that are not archived.
        index: Name of the index that holds it.
    """

    id: str
    kind: str
    columns: tuple[str, ...]
    when: Condition | None
    index: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How the records of one entity are stored.

    Attributes:
        names: Keys of a typed record that have a column, in the order of the columns.
        filled: Keys whose column is never null, with what stands there for an empty value.
        columns: The same keys, to look one up.
        shadows: Field id to the columns that hold its value made comparable, with the function that makes it so.
        compared: The same the other way round: shadow column to field id and function.
        parts: ``rows`` and ``references`` fields by id.
        rules: What must be unique, and what is suspicious.
    """

    entity: Entity
    table: sa.Table
    names: tuple[str, ...]
    columns: frozenset[str]
    filled: Mapping[str, Any]
    shadows: Mapping[str, tuple[tuple[str, Comparable], ...]]
    compared: Mapping[str, tuple[str, Comparable]]
    parts: Mapping[str, Part]
    rules: tuple[Rule, ...]


def of(catalog: Catalog) -> sa.MetaData:
    """Return the tables of every entity of the catalog, as statements need them: without foreign keys and indexes.

    Made once per catalog, in half the time that :func:`whole` takes; a server waits for it after each new revision.
    """
    metadata: sa.MetaData = catalog.once("storage.tables", lambda: _make(catalog, catalog.entities, whole=False))
    return metadata


def whole(catalog: Catalog, entities: frozenset[str] | None = None) -> sa.MetaData:
    """Return tables as they are in the database, with foreign keys and indexes.

    Args:
        catalog: The definitions.
        entities: Of which entities; None for all. Tables that those refer to come with them.
    """

    def make() -> sa.MetaData:
        wanted = catalog.entities.keys() if entities is None else _with_targets(catalog, entities)
        return _make(catalog, wanted, whole=True)

    metadata: sa.MetaData = catalog.once(("storage.tables.whole", entities), make)
    return metadata


def _with_targets(catalog: Catalog, entities: Iterable[str]) -> frozenset[str]:
    """Return entities and those that their fields refer to; all of them where an index has a condition of its own."""
    wanted = set(entities)
    for entity in entities:
        if any(rule.when for rule in catalog.entities[entity].unique):
            return frozenset(catalog.entities)
        for field in catalog.entities[entity].all_fields().values():
            targets = (one.to for one in (field, *(field.items or {}).values()))
            wanted.update(to for to in targets if to is not None and to in catalog.entities)
    return frozenset(wanted)


def comparable(entity: Entity, column: str) -> tuple[str, Comparable] | None:
    """Return of which field a shadow column holds the value, and what makes it comparable; None for other columns."""
    found = ((field, make) for field, pairs in _shadows(entity).items() for name, make in pairs if name == column)
    return next(found, None)


def index_names(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield (table, index) for every index that the tables of the catalog have; makes no table."""
    for entity in catalog.entities.values():
        table = names.table_name(entity.id)
        yield from ((table, _index_name(table, columns)) for columns in _indexed(entity))
        yield from ((table, _index_name(table, (field, "id"))) for field in _linking(entity))
        yield from ((table, rule.index) for rule in _rules(catalog, entity))
        for field in entity.fields.values():
            part = names.part_table_name(entity.id, field.id)
            if field.items is not None:
                yield part, _index_name(part, ("parent", "position"))
            elif field.type == "references":
                yield part, _index_name(part, ("target",))


def layout(catalog: Catalog, entity: str) -> Layout:
    """Return how an entity's records are stored.

    Raises:
        NotFoundError: If the catalog has no such entity.
    """
    made: Layout = catalog.once(("storage.layout", entity), lambda: _layout(catalog, catalog.entity(entity)))
    return made


def folded(text: str) -> str | None:
    """Return a text in which capitals do not matter."""
    return unicodedata.normalize("NFC", text.casefold()) or None


def digits(text: str) -> str | None:
    """Return the digits of a text, as ASCII; None if it has none."""
    return "".join(str(unicodedata.digit(one)) for one in text if one.isdigit()) or None


def letters(text: str) -> str | None:
    """Return the letters and digits of a text, in which capitals do not matter; None if it has none."""
    return folded("".join(one for one in text if one.isalnum()))


def linked(about: Mapping[str, str]) -> str:
    """Return what an any_reference points at as one text, so that the records about a record can be found."""
    return f"{about['entity']}:{about['id']}"


#: What ``normalise`` of a duplicates rule says; ``ignore_case`` of a unique rule is ``case``.
NORMALISE: Mapping[str, Comparable] = MappingProxyType({"case": folded, "digits": digits, "letters": letters})


def _make(catalog: Catalog, entities: Iterable[str], *, whole: bool) -> sa.MetaData:
    metadata = sa.MetaData()
    for entity in entities:
        _entity_table(catalog, metadata, catalog.entities[entity], keys=whole)
    for entity in entities if whole else ():
        table = metadata.tables[names.table_name(entity)]
        for columns in _indexed(catalog.entities[entity]):
            _index(table, columns)
        for field in _linking(catalog.entities[entity]):
            sa.Index(_index_name(table.name, (field, "id")), sql.member(table.c[field], "id"))
        for rule in _rules(catalog, catalog.entities[entity]):
            _rule_index(catalog, metadata, table, rule)
    return metadata


def _entity_table(catalog: Catalog, metadata: sa.MetaData, entity: Entity, *, keys: bool) -> None:
    name = names.table_name(entity.id)
    info = {"entity": entity.id}
    shadows = [
        sa.Column(names.sql_name(column), sa.Text, key=column)
        for pairs in _shadows(entity).values()
        for column, _ in pairs
    ]
    absent = trial.absent(catalog, entity.id)
    own = _columns(catalog, name, entity.all_fields().values(), keys=keys, absent=absent)
    sa.Table(name, metadata, *own, sa.Column("extra", Json), *shadows, info=info)
    for field in entity.fields.values():
        part = names.part_table_name(entity.id, field.id)
        if field.items is not None:
            sa.Table(
                part,
                metadata,
                sa.Column("id", Id, primary_key=True),
                sa.Column("parent", Id, *_link(keys, part, "parent", name, "CASCADE"), nullable=False),
                sa.Column("position", sa.Integer, nullable=False),
                *_columns(catalog, part, field.items.values(), keys=keys),
                info=info,
            )
            if keys:
                _index(metadata.tables[part], ("parent", "position"))
        elif field.type == "references":
            known = keys and field.to is not None and field.to in catalog.entities
            sa.Table(
                part,
                metadata,
                sa.Column("record", Id, *_link(keys, part, "record", name, "CASCADE"), primary_key=True),
                sa.Column(
                    "target",
                    Id,
                    *_link(known, part, "target", names.table_name(field.to or ""), "CASCADE"),
                    primary_key=True,
                ),
                sa.Column("position", sa.Integer, nullable=False),
                info=info,
            )
            if keys:
                _index(metadata.tables[part], ("target",))


def _columns(
    catalog: Catalog, table: str, those: Iterable[Field], *, keys: bool, absent: frozenset[str] = frozenset()
) -> Iterator[sa.Column[Any]]:
    for field in those:
        for column in fields.columns(field):
            refers = keys and field.type in REFERENCES and field.to in catalog.entities and field.id not in _TOLD
            kind: type[sa.Column[Any]] = trial.Absent if field.id in absent else sa.Column
            yield kind(
                names.sql_name(column.name),
                _type(column),
                *_link(refers, table, column.name, names.table_name(field.to or "")),
                key=column.name,
                primary_key=field.system and field.id == "id",
                nullable=column.nullable and not (field.system and field.id in _ALWAYS),
                server_default=_default(column.default),
            )


def key_name(table: str, column: str) -> str:
    """Return the name of the foreign key of a column."""
    return names.sql_name(f"fk_{table}_{column}")


def _link(
    wanted: bool, table: str, column: str, target: str, on_delete: str | None = None
) -> tuple[sa.ForeignKey, ...]:
    """Return a foreign key, if it is ``wanted``, that is checked at the commit: within a transaction the order of writing is free.

    What ``on_delete`` of a reference says is done by ``records.purge``, so that changing it changes no table.
    """
    if not wanted:
        return ()
    name = key_name(table, column)
    return (sa.ForeignKey(f"{target}.id", name=name, ondelete=on_delete, deferrable=True, initially="DEFERRED"),)


def _type(column: fields.Column) -> sa.types.TypeEngine[Any]:
    if column.kind == "decimal":
        return Scaled(column.scale if column.scale is not None else 4)
    return _TYPES[column.kind]()


_TYPES: Mapping[str, Callable[[], sa.types.TypeEngine[Any]]] = {
    "text": sa.Text,
    "id": Id,
    "integer": sa.Integer,
    "bigint": sa.BigInteger,
    "boolean": sa.Boolean,
    "date": sa.Date,
    "datetime": UtcDateTime,
    "time": ClockTime,
    "duration": Milliseconds,
    "json": Json,
}


def _default(value: object) -> sa.ColumnElement[Any] | None:
    """Return what a column that is never null holds for records from before it; both databases know these words."""
    if value is None:
        return None
    if isinstance(value, bool):
        return sa.true() if value else sa.false()
    return sa.literal(value)


def _shadows(entity: Entity) -> dict[str, tuple[tuple[str, Comparable], ...]]:
    wanted: dict[str, dict[str, Comparable]] = {}
    for ids, how in _compared(entity):
        for field_id in ids:
            field = entity.field(field_id)
            if how in NORMALISE and field is not None and _is_text(field):
                wanted.setdefault(field_id, {})[f"{field_id}__{how}"] = NORMALISE[how]
    if (about := _about(entity)) is not None and about.type == "any_reference":
        wanted.setdefault(about.id, {})[f"{about.id}__linked"] = linked
    return {field_id: tuple(columns.items()) for field_id, columns in wanted.items()}


def _about(entity: Entity) -> Field | None:
    return entity.field(entity.interaction.about) if entity.interaction is not None else None


def _compared(entity: Entity) -> Iterator[tuple[tuple[str, ...], str]]:
    for unique in entity.unique:
        yield unique.fields, "case" if unique.ignore_case else "none"
    for duplicates in entity.duplicates:
        yield duplicates.match, duplicates.normalise


def _is_text(field: Field) -> bool:
    columns = fields.columns(field)
    return len(columns) == 1 and columns[0].kind == "text"


def _layout(catalog: Catalog, entity: Entity) -> Layout:
    metadata = of(catalog)
    table = metadata.tables[names.table_name(entity.id)]
    columns = [column for field in entity.all_fields().values() for column in fields.columns(field)]
    parts: dict[str, Part] = {}
    absent = trial.absent(catalog, entity.id)
    for field in entity.fields.values():
        if field.id in absent:
            continue
        if field.items is not None:
            inner = [column.name for one in field.items.values() for column in fields.columns(one)]
            part = metadata.tables[names.part_table_name(entity.id, field.id)]
            parts[field.id] = Part(field.id, part, "parent", ("id", *inner))
        elif field.type == "references":
            part = metadata.tables[names.part_table_name(entity.id, field.id)]
            parts[field.id] = Part(field.id, part, "record")
    keys = (*(column.name for column in columns), "extra")
    shadows = _shadows(entity)
    return Layout(
        entity=entity,
        table=table,
        names=keys,
        columns=frozenset(keys),
        filled=MappingProxyType({column.name: column.default for column in columns if not column.nullable}),
        shadows=MappingProxyType(shadows),
        compared=MappingProxyType(
            {column: (field_id, make) for field_id, pairs in shadows.items() for column, make in pairs}
        ),
        parts=MappingProxyType(parts),
        rules=tuple(_rules(catalog, entity)),
    )


def _rules(catalog: Catalog, entity: Entity) -> Iterator[Rule]:
    shadows = _shadows(entity)
    table = names.table_name(entity.id)

    def column(field_id: str, how: str) -> str:
        name = f"{field_id}__{how}"
        return name if any(name == one for one, _ in shadows.get(field_id, ())) else field_id

    for unique in entity.unique:
        how = "case" if unique.ignore_case else "none"
        columns = tuple(column(field_id, how) for field_id in unique.fields)
        when = conditions.of(catalog, entity.id, unique.when, "filter") if unique.when else None
        # The name says all that the index is, so that a changed rule is another index.
        mark = _digest(f"{columns} {when.text() if when else ''}")[:6]
        yield Rule(unique.id, "unique", columns, when, names.sql_name(f"ux_{table}_{unique.id}_{mark}"))
    for duplicates in entity.duplicates:
        columns = tuple(column(field_id, duplicates.normalise) for field_id in duplicates.match)
        mark = _digest(str(columns))[:6]
        yield Rule(duplicates.id, "duplicate", columns, None, names.sql_name(f"ix_{table}_{duplicates.id}_{mark}"))


def _rule_index(catalog: Catalog, metadata: sa.MetaData, table: sa.Table, rule: Rule) -> None:
    if rule.when is None:
        where: sa.ColumnElement[bool] = table.c.archived_at.is_(None)
    else:
        where = sql.criteria(rule.when, metadata, table, catalog, {})
    sa.Index(
        rule.index,
        *(table.c[name] for name in rule.columns),
        unique=rule.kind == "unique",
        sqlite_where=where,
        postgresql_where=where,
    )


def _indexed(entity: Entity) -> list[tuple[str, ...]]:
    """Return what has an index for lists: creation, owner, team, stage, each reference, and what the entity asks for."""
    # A batch is created at one moment: the id beside it saves sorting all of them for a page of a list.
    wanted: dict[tuple[str, ...], None] = {("created_at", "id"): None, ("owner",): None, ("team",): None}
    if entity.pipelines:
        wanted[_board(entity)] = None
    for field in entity.fields.values():
        if field.type in REFERENCES or field.spec.get("indexed"):
            for column in fields.columns(field)[:1]:
                wanted[column.name,] = None
    for columns in entity.indexes:
        wanted[columns] = None
    there = {column.name for field in entity.all_fields().values() for column in fields.columns(field)} | {"extra"}
    return [columns for columns in wanted if there.issuperset(columns)]


def _board(entity: Entity) -> tuple[str, ...]:
    """Return the index of a board: its lanes, largest amount first, and their counts and sums, without a look at the rows."""
    money = (
        one.id for one in entity.fields.values() if one.type == "money" and one.spec.get("currency") != "per_record"
    )
    first = next(money, None)
    return ("stage",) if first is None else ("stage", first, "archived_at", "pipeline")


def _linking(entity: Entity) -> list[str]:
    """Return the any_references: a record's page asks what is about it, such as its tasks, by the id they point at."""
    return [field.id for field in entity.fields.values() if field.type == "any_reference"]


def _index_name(table: str, columns: Sequence[str]) -> str:
    return names.sql_name(f"ix_{table}_{'_'.join(columns)}")


def _index(table: sa.Table, columns: Sequence[str]) -> None:
    """Make an index in the order in which lists are read: empty is smaller than everything.

    That is SQLite's own order. PostgreSQL has to be told, or it cannot read a sorted page from the index; what
    SQLAlchemy takes as an operator class is written behind the column as it stands.
    """
    sa.Index(
        _index_name(table.name, columns),
        *(table.c[name] for name in columns),
        postgresql_ops={name: "NULLS FIRST" for name in columns if table.c[name].nullable},
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

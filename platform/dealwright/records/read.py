"""Reading records: one, a page, groups, a search; each statement carries the row rules of who asks."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dealwright import access, fields
from dealwright.actions.plain import plain
from dealwright.conditions import sql
from dealwright.errors import ConditionError, NotFoundError, Problem, QueryError
from dealwright.fields.money import CURRENCY
from dealwright.metadata import names
from dealwright.records import needs
from dealwright.storage import queries
from dealwright.storage import records as stored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement

    from dealwright.conditions import Condition
    from dealwright.metadata.definitions import Entity
    from dealwright.records.work import Work

#: Most records on one page.
LARGEST_PAGE = 200
_NONE: frozenset[str] = frozenset()
EMPTY: Mapping[str, Any] = MappingProxyType({})
MEASURES = frozenset({"count", "sum", "avg", "min", "max"})


@dataclass(frozen=True, slots=True)
class Page:
    """Records in order, and how to get the next ones.

    Attributes:
        items: Records in API JSON, as far as each may be seen.
        next_cursor: Opaque text that asks for what follows; None at the end.
        count: How many records meet the filter, or None if it was not asked for.
        count_is_exact: False where counting stopped at 10,000.
    """

    items: Sequence[Mapping[str, Any]]
    next_cursor: str | None
    count: int | None
    count_is_exact: bool


def fetch(work: Work, entity_id: str, record_id: str, *, archived: bool = True) -> Mapping[str, Any]:
    """Return one record in API JSON, as far as the user may see it.

    Raises:
        NotFoundError: If there is none, or the user may not read it.
    """
    access.demand(work.catalog, work.user, "read", entity_id)
    found = _rows(work, work.catalog.entity(entity_id), [record_id])
    row = found.get(record_id)
    if row is None or (row.get("archived_at") is not None and not archived):
        raise missing(work, entity_id, record_id)
    return row


def fetch_many(work: Work, entity_id: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return those of the records that exist and may be read, in API JSON by id."""
    access.demand(work.catalog, work.user, "read", entity_id)
    return _rows(work, work.catalog.entity(entity_id), ids)


def sighted(
    work: Work,
    entity_id: str,
    ids: Collection[str],
    users: Sequence[access.User],
    before: Mapping[str, Mapping[str, Any]] = EMPTY,
) -> list[set[str]]:
    """Return for each user those of the ids whose records exist and that he may read; archived ones count.

    The records are read once for all of them, and rules of rows are asked in memory.

    Args:
        work: The transaction.
        entity_id: Id of the entity.
        ids: Ids of records.
        users: Who asks.
        before: Id → what its fields held before they changed, API JSON. Who might read the record as it was is among
            those who may.
    """
    return [set(one) for one in seen_by(work, entity_id, ids, users, before)]


def seen_by(
    work: Work,
    entity_id: str,
    ids: Collection[str],
    users: Sequence[access.User],
    before: Mapping[str, Mapping[str, Any]] = EMPTY,
) -> list[dict[str, frozenset[str]]]:
    """Return for each user the records that :func:`sighted` finds, each with the fields that he may see of it."""
    held = {user.roles: access.rights(work.catalog, user, entity_id) for user in users}
    found: list[dict[str, frozenset[str]]] = [{} for _ in users]
    if not any(one.allows("read") for one in held.values()):
        return found
    entity = work.catalog.entity(entity_id)
    rows = stored.get(work.connection, work.catalog, entity_id, list(ids)).values()
    envs: list[dict[str, Any]] = [{**row, **work.env} for row in rows]
    asked = frozenset().union(*(one.needs for one in held.values()))
    envs += _as_before(work, entity_id, envs, before, asked) if before else []
    if asked:
        _fill(work, entity, asked, envs)
    for user, mine in zip(users, found, strict=True):
        for env in envs:
            if matching := held[user.roles].matching("read", {**env, **user.env()}):
                mine[env["id"]] = mine.get(env["id"], _NONE).union(*(grant.see for grant in matching))
    return found


def _as_before(
    work: Work,
    entity_id: str,
    envs: Sequence[dict[str, Any]],
    before: Mapping[str, Mapping[str, Any]],
    asked: frozenset[str],
) -> list[dict[str, Any]]:
    """Return records as they were, as far as rules of rows look at what has changed."""
    looked_at = {name.partition(".")[0] for name in asked}
    found = []
    for env in envs:
        touched = {name: value for name, value in before.get(env["id"], EMPTY).items() if name in looked_at}
        if touched:
            found.append({**env, **fields.typed(work.catalog, entity_id, touched)})
    return found


def among(work: Work, entity_id: str, ids: Collection[str], where: Sequence[ColumnElement[bool]]) -> set[str]:
    """Return those of the ids whose records meet criteria of :func:`access.criteria`; archived ones count."""
    return queries.ids(work.connection, work.catalog, entity_id, ids, where)


def missing(work: Work, entity_id: str, record_id: str) -> NotFoundError:
    """Return the error for a record that does not exist or may not be read."""
    return NotFoundError(f"there is no {work.catalog.entity(entity_id).title} with the id “{record_id[:80]}”")


def _rows(work: Work, entity: Entity, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    held = access.rights(work.catalog, work.user, entity.id)
    rows = stored.get(work.connection, work.catalog, entity.id, ids)
    envs = [{**row, **work.env} for row in rows.values()]
    complete(work, entity, held, envs)
    return {
        env["id"]: fields.shown(work.catalog, entity.id, env, only=seen) for env in envs if (seen := held.seen_on(env))
    }


def complete(work: Work, entity: Entity, held: access.Rights, envs: Sequence[dict[str, Any]]) -> None:
    """Load what row rules and computed fields of these records read beyond their own columns."""
    _fill(work, entity, held.needs, envs)


def _fill(work: Work, entity: Entity, names: frozenset[str], envs: Sequence[dict[str, Any]]) -> None:
    wanted = needs.sorted_out(entity, names | fields.computed_on_read(work.catalog, entity.id))
    needs.load(work, entity, wanted, envs)
    for env in envs:
        needs.derive(wanted, env)
        fields.compute_on_read(work.catalog, entity.id, env)


def page(
    work: Work,
    entity_id: str,
    *,
    filter: str | None = None,  # noqa: A002 - the word of the API
    sort: str | None = None,
    only: Sequence[str] | None = None,
    size: int = 50,
    cursor: str | None = None,
    count: bool = False,
    archived: bool = False,
    search: str | None = None,
    texts: bool = False,
    op: str = "read",
) -> Page:
    """Return a page of the records that the user may read.

    Args:
        work: The transaction.
        entity_id: Id of the entity.
        filter: Condition that a record must meet.
        sort: Fields or dotted paths with commas between; ``-`` before one turns it round. None: the newest first.
        only: Fields or dotted paths to return; None for all that may be seen.
        size: Records on the page, 1 to 200.
        cursor: ``next_cursor`` of the page before, with the same sort.
        count: Whether to count all that meet the filter.
        archived: Whether archived records are among them.
        search: Text that the display field must contain.
        texts: Whether the text may stand in a field that is ``searchable`` instead.
        op: An operation that the user must be allowed with each record, beside reading it.

    Raises:
        QueryError: If the filter, sort, size or cursor cannot be used.
        UnknownFieldError: If one of them names a field that does not exist or may not be seen.
    """
    held = access.demand(work.catalog, work.user, "read", entity_id)
    entity = work.catalog.entity(entity_id)
    if not 1 <= size <= LARGEST_PAGE:
        raise QueryError(f"page_size is {size}, it may be 1 to {LARGEST_PAGE}", [])
    keys = sort_keys(sort if sort is not None else newest_first(work, entity_id))
    condition = filter_condition(work, entity, filter)
    looked_at = {path for path, _ in keys}
    if condition is not None:
        looked_at |= condition.fields | condition.paths
    if search and entity.display:
        looked_at.add(entity.display)
    shown_paths = [name for name in only or () if "." in name]
    where = allowed(work, entity, looked_at | set(shown_paths), op_fields=looked_at)
    if op != "read":
        where += allowed(work, entity, (), op=op)
    if condition is not None:
        where.append(_clause(work, entity, condition))
    found = queries.page(
        work.connection,
        work.catalog,
        entity_id,
        where=where,
        sort=keys,
        fields=_columns(work, entity, held, only),
        size=size,
        cursor=cursor,
        count=count,
        archived=archived,
        env=work.env,
        search=search,
        search_in=searchable(work, entity) if search and texts else (),
    )
    envs = [{**row, **work.env} for row in found.rows]
    if only is None or not held.alike or _some_computed(entity, only):
        complete(work, entity, held, envs)
    if shown_paths:
        needs.load(work, entity, needs.sorted_out(entity, shown_paths), envs)
    items = [_shown(work, entity, held, env, only, shown_paths) for env in envs]
    return Page(items, found.next_cursor, found.count, found.count_is_exact)


def _columns(work: Work, entity: Entity, held: access.Rights, only: Sequence[str] | None) -> frozenset[str] | None:
    """Return the columns to read: those asked for, what they are worked out from, what row rules look at; None for all."""
    if only is None:
        return None
    wanted = {name.partition(".")[0] for name in only} | {"id", "version"}
    if _some_computed(entity, wanted):
        wanted |= {name.partition(".")[0] for name in fields.computed_on_read(work.catalog, entity.id)}
    if not held.alike:
        wanted |= {name.partition(".")[0] for name in held.needs}
    return frozenset(name for name in wanted if entity.field(name) is not None)


def _some_computed(entity: Entity, names: Iterable[str]) -> bool:
    """Tell whether one of these fields has no column, or virtual ones: it is worked out when it is read."""
    own = (name.partition(".")[0] for name in names)
    return any(
        entity.field(name) is None or (name in entity.fields and not fields.columns(entity.fields[name]))
        for name in own
    )


def _shown(
    work: Work,
    entity: Entity,
    held: access.Rights,
    env: Mapping[str, Any],
    only: Sequence[str] | None,
    paths: Sequence[str],
) -> Mapping[str, Any]:
    shown = seen = held.seen() if held.alike else held.seen_on(env)
    if only is not None:
        seen &= frozenset(only) | access.ALWAYS_SEEN
    item = dict(fields.shown(work.catalog, entity.id, env, only=seen))
    for path in paths:
        if path.partition(".")[0] not in shown:
            continue  # on another record the first step may be seen, on this one it may not
        item[path] = fields.shown_path(work.catalog, entity.id, path, env.get(path))
    return item


def allowed(
    work: Work, entity: Entity, paths: Iterable[str], *, op: str = "read", op_fields: Iterable[str] | None = None
) -> list[ColumnElement[bool]]:
    """Return the row criteria for a request that looks at these fields and paths.

    Raises:
        UnknownFieldError: If one of them may not be seen.
    """
    access.first_steps(work.catalog, work.user, entity.id, paths)
    steps = access.first_steps(work.catalog, work.user, entity.id, paths if op_fields is None else op_fields)
    where = access.criteria(work.catalog, work.user, op, entity.id, work.tables, work.env, steps)
    if where is None:
        raise NotFoundError(f"there is no entity “{entity.id}”")
    return where


def _clause(work: Work, entity: Entity, condition: Condition) -> ColumnElement[bool]:
    table = work.tables.tables[names.table_name(entity.id)]
    return sql.criteria(condition, work.tables, table, work.catalog, work.env)


def filter_condition(work: Work, entity: Entity, source: str | None) -> Condition | None:
    """Return the checked filter of a request, or None for no filter.

    Raises:
        UnknownFieldError: If it names a field that does not exist; the text is that of a field that may not be seen.
        QueryError: If it is wrong in another way; ``problems`` tells where.
    """
    if source is None or not source.strip():
        return None
    try:
        return access.asked(work.catalog, work.user, entity.id, source, "filter")
    except ConditionError as error:
        problem = Problem("/filter", error.reason, f"{error.message} (characters {error.start + 1} to {error.end})")
        raise QueryError("the filter cannot be used", [problem]) from None


def newest_first(work: Work, entity_id: str) -> str:
    """Return the order of a list for which none was asked: ids rise with time, where the moment may not be seen."""
    return "-created_at" if "created_at" in access.rights(work.catalog, work.user, entity_id).seen() else "-id"


def sort_keys(sort: str) -> list[tuple[str, bool]]:
    """Return ``(path, descending)`` for each part of a ``sort`` parameter, at most five.

    Raises:
        QueryError: If there are more, or one is empty or stands twice.
    """
    parts = [part.strip() for part in sort.split(",")] if sort.strip() else []
    keys = [(part.lstrip("-"), part.startswith("-")) for part in parts]
    if len(keys) > 5 or any(not path for path, _ in keys) or len({path for path, _ in keys}) < len(keys):
        raise QueryError(
            f"sort is “{sort[:80]}”; name up to five different fields with commas between, - turns one round"
        )
    return keys


def aggregate(
    work: Work,
    entity_id: str,
    *,
    group: Sequence[str] = (),
    measures: Sequence[tuple[str, str | None]] = (("count", None),),
    filter: str | None = None,  # noqa: A002 - the word of the API
    currency: str | None = None,
    on: date | None = None,
    search: str | None = None,
    texts: bool = False,
) -> list[dict[str, Any]]:
    """Return counts and sums of the records that the user may read, by group.

    Args:
        work: The transaction.
        entity_id: Id of the entity.
        group: Up to three fields or dotted paths.
        measures: ``(operation, field)`` such as ``("sum", "amount")``; the field is None for ``count``.
        filter: Condition that a record must meet.
        currency: Into which amounts with a currency of their own are converted; None for the workspace's.
        on: The day whose rates are taken; None for today.
        search: Text that the display field must contain.
        texts: Whether the text may stand in a field that is ``searchable`` instead.

    Returns:
        For each group its ``key`` (path to value), ``count`` and ``operation:field`` for each measure, API JSON. Where
        a rate is missing the measure is null, and ``problems`` of the group says which: ``missing-rate``.

    Raises:
        QueryError, UnknownFieldError: As :func:`page`.
    """
    access.demand(work.catalog, work.user, "read", entity_id)
    entity = work.catalog.entity(entity_id)
    if len(group) > 3 or len(measures) > 10:
        raise QueryError("group by at most three fields and ask for at most ten measures")
    for operation, path in measures:
        if operation not in MEASURES or (path is None) != (operation == "count"):
            raise QueryError(f"“{operation}:{path or ''}” is no measure; use count, or sum, avg, min, max with a field")
    if currency is not None and not CURRENCY.match(currency):
        raise QueryError(f"“{currency[:20]}” is no currency; use a code of three capital letters such as CNY")
    condition = filter_condition(work, entity, filter)
    looked_at = set(group) | {path for _, path in measures if path is not None}
    if condition is not None:
        looked_at |= condition.fields | condition.paths
    if search and entity.display:
        looked_at.add(entity.display)
    where = allowed(work, entity, looked_at)
    if condition is not None:
        where.append(_clause(work, entity, condition))
    found = queries.aggregate(
        work.connection,
        work.catalog,
        entity_id,
        where=where,
        group=list(group),
        measures=list(measures),
        env=work.env,
        currency=currency,
        on=on,
        search=search,
        search_in=searchable(work, entity) if search and texts else (),
    )
    return [_group(work, entity, row) for row in found]


def _group(work: Work, entity: Entity, row: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "key": {path: fields.shown_path(work.catalog, entity.id, path, value) for path, value in row["key"].items()}
    }
    for name, value in row.items():
        operation, colon, path = name.partition(":")
        if name == "count":
            shown[name] = value
        elif name == "problems":
            shown[name] = [{"pointer": one.pointer, "code": one.code, "message": one.message} for one in value]
        elif colon and operation in ("min", "max", "sum"):
            shown[name] = fields.shown_path(work.catalog, entity.id, path, value)
        elif colon:
            shown[name] = plain(value)
    return shown


def search(work: Work, text: str, *, limit: int = 20) -> list[dict[str, Any]]:
    """Return records of any entity whose name or ``searchable`` fields contain the text, as far as the user may see both.

    Raises:
        QueryError: If the text is empty or longer than 200 characters.
    """
    wanted = text.strip()
    if not wanted or len(wanted) > 200:
        raise QueryError("q is the text to look for, 1 to 200 characters")
    places = []
    for entity in access.readable(work.catalog, work.user):
        if entity.display and entity.display in access.rights(work.catalog, work.user, entity.id).seen():
            where = access.criteria(work.catalog, work.user, "read", entity.id, work.tables, work.env, [entity.display])
            places.append((entity.id, where or [], searchable(work, entity)))
    found = queries.search(work.connection, work.catalog, places, wanted, limit)
    return [{"entity": hit.entity, "id": hit.id, "title": hit.title, "match": wanted} for hit in found]


def searchable(work: Work, entity: Entity) -> tuple[str, ...]:
    """Return the fields of texts that a search of this user looks into besides the name.

    One that he sees on some records only is left out: where it was found would tell what stands in the others.
    """
    declared: tuple[str, ...] = work.catalog.once(
        ("records.searchable", entity.id),
        lambda: tuple(
            one.id
            for one in entity.fields.values()
            if one.spec.get("searchable") and one.id != entity.display and one.spec.get("sensitivity") != "secret"
        ),
    )
    grants = (
        [one for one in access.rights(work.catalog, work.user, entity.id).grants if "read" in one.ops]
        if declared
        else ()
    )
    return tuple(name for name in declared if all(name in one.see for one in grants))


def titles(work: Work, wanted: Mapping[str, Collection[str]]) -> dict[tuple[str, str], str]:
    """Return the names of records for people, by (entity, id): one statement an entity; unreadable ones are left out."""
    found: dict[tuple[str, str], str] = {}
    for entity_id, ids in wanted.items():
        entity = work.catalog.entities.get(entity_id)
        if entity is None or not ids or entity.display is None:
            continue
        if entity.display not in access.rights(work.catalog, work.user, entity_id).seen():
            continue
        where = access.criteria(work.catalog, work.user, "read", entity_id, work.tables, work.env, [entity.display])
        if where is not None:
            for record_id, title in queries.displays(work.connection, work.catalog, entity_id, ids, where).items():
                found[entity_id, record_id] = title
    return found

"""The list of an entity's records: columns, search, filter, order, pages. And the look-up behind a reference."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, jsonify, render_template, request, url_for

from dealwright import access, conditions, records
from dealwright.errors import ConditionError, NotFoundError, QueryError, UnknownFieldError
from dealwright.web import i18n, notices, visit
from dealwright.web.display import Display, Reader, display
from dealwright.web.forms import linked
from dealwright.web.i18n import gettext
from dealwright.web.links import links
from dealwright.web.lookup import candidates

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Page, Work

#: Records on one page of a list, and what else can be chosen.
SIZE = 50
SIZES = (25, 50, 100, 200)
#: Columns of a list, beside the name.
_COLUMNS = 7
#: Types that say too little, or too much, in a cell.
_NOT_IN_A_CELL = frozenset({"static", "rows", "json", "code", "long_text", "rich_text", "signature", "image", "file"})
_SORTABLE = frozenset(
    {
        *("text", "email", "phone", "url", "integer", "decimal", "percent", "money", "boolean", "date", "datetime"),
        *("time", "duration", "select", "rating", "autonumber", "formula"),
    }
)
_AT_THE_RIGHT = frozenset({"integer", "decimal", "percent", "money", "rating"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its field, its label, and how its head sorts (None where it cannot).

    Attributes:
        order: ``ascending`` or ``descending`` where the list is sorted by it, else None.
        phone: Whether a card on a phone shows it.
    """

    field: Field
    title: str
    sort_url: str | None
    order: str | None
    right: bool
    phone: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One record: where its page is, its name, its cells."""

    id: str
    url: str
    name: str
    cells: tuple[Display, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a filter cannot be used, with the wrong part of it apart."""

    message: str
    before: str = ""
    part: str = ""
    after: str = ""


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/records/<entity_id>", "records", listing)
    pages.add_url_rule("/lookup/<entity_id>/<path>", "lookup", lookup)


def listing(entity_id: str) -> ResponseReturnValue:
    """Show a page of the records that the user may read."""
    with visit.reading() as work:
        access.demand(work.catalog, work.user, "read", entity_id)
        entity = work.catalog.entity(entity_id)
        query = {key: request.args.get(key, "").strip() for key in ("q", "filter", "sort", "cursor")}
        query["sort"] = query["sort"] or records.newest_first(work, entity_id)
        chosen = request.args.get("size", "")
        query["size"] = chosen if chosen in map(str, SIZES) and chosen != str(SIZE) else ""
        columns = _columns(work, entity, query)
        found, wrong = _page(work, entity, query, columns)
        page = render_template(
            "records/rows.html" if visit.wants_part() else "records/list.html",
            entity=entity,
            plural=i18n.entity_plural(work.catalog, entity),
            title=i18n.entity_title(work.catalog, entity),
            name_title=_name_title(work.catalog, entity),
            columns=columns,
            rows=_rows(work, entity, found, columns) if found else (),
            count=found.count if found else None,
            count_is_exact=found.count_is_exact if found else True,
            next_url=_url(entity, {**query, "cursor": found.next_cursor}) if found and found.next_cursor else None,
            first_url=_url(entity, {**query, "cursor": ""}) if query["cursor"] else None,
            clear_url=_url(entity, {}),
            sizes=[(n, _url(entity, {**query, "cursor": "", "size": "" if n == SIZE else n})) for n in SIZES],
            size=int(query["size"] or SIZE),
            query=query,
            wrong=wrong,
            may_create=access.rights(work.catalog, work.user, entity.id).allows("create"),
            searchable=entity.display is not None,
            notice=notices.notice(),
        )
    return page, 200 if wrong is None else 422, {"Vary": "HX-Request-Type"}


def _page(
    work: Work, entity: Entity, query: Mapping[str, str], columns: tuple[Column, ...]
) -> tuple[Page | None, Wrong | None]:
    only = [column.field.id for column in columns] + ([entity.display] if entity.display else [])
    try:
        found = records.page(
            work,
            entity.id,
            filter=query["filter"] or None,
            sort=query["sort"],
            only=only,
            size=int(query["size"] or SIZE),
            cursor=query["cursor"] or None,
            count=not query["cursor"],
            search=query["q"] or None,
        )
    except QueryError as error:
        seen = access.rights(work.catalog, work.user, entity.id).seen()
        return None, _wrong(work.catalog, entity, query["filter"], error, seen)
    return found, None


def _wrong(catalog: Catalog, entity: Entity, source: str, error: QueryError, seen: Collection[str]) -> Wrong:
    """Return what to say about a query, and the wrong part of the filter where there is one.

    A field that may not be seen must look like one that does not exist, so its place is found by its name alone.
    """
    message = "; ".join(problem.message for problem in error.problems) or error.detail
    start = end = -1
    if isinstance(error, UnknownFieldError):
        named = re.search(r"“(.+)”", error.detail)
        if named:
            message = _unknown(named[1], entity, seen)
        start = source.find(named[1]) if named else -1
        end = start + len(named[1]) if named else -1
    else:
        try:
            conditions.of(catalog, entity.id, source, "filter")
        except ConditionError as where:
            start, end = where.start, where.end
    if start < 0:
        return Wrong(message)
    # What is missing at the end is shown as a blank.
    return Wrong(message, source[:start], source[start:end] or " ", source[end:])


def _unknown(name: str, entity: Entity, seen: Collection[str]) -> str:
    """Return what to say of a field that does not exist or may not be seen; a hint names only what may be."""
    near = difflib.get_close_matches(name, [one for one in entity.all_fields() if one in seen], 1, 0.7)
    message = gettext("There is no field “%(name)s” here.", name=name)
    if not near:
        return message
    hint = gettext("Did you mean “%(name)s”?", name=near[0])
    return f"{message} {hint}"


def _columns(work: Work, entity: Entity, query: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns: stage and status, then the entity's first fields, then the owner."""
    seen = access.rights(work.catalog, work.user, entity.id).seen()
    own = [
        one
        for one in entity.fields.values()
        if one.type not in _NOT_IN_A_CELL and one.id != entity.display and one.spec.get("sensitivity") != "secret"
    ]
    # What is always filled or indexed matters most; the rest follows in the order of the form.
    money = next((one.id for one in own if one.type == "money"), None)
    own.sort(key=lambda one: not (one.required or bool(one.spec.get("indexed")) or one.id == money))
    first = [entity.system_fields["stage"]] if "stage" in entity.system_fields else []
    chosen = [one for one in (*first, *own) if one.id in seen][: _COLUMNS - 1]
    chosen += [one for one in (entity.system_fields["owner"],) if one.id in seen]
    places = {name: i for i, name in enumerate(entity.fields)}
    chosen.sort(key=lambda one: (one.id == "owner", places.get(one.id, -1)))
    link = next((one.id for one in chosen if one.type == "reference"), None)
    phone = {"stage", link, money}
    return tuple(_column(work.catalog, entity, one, query, one.id in phone) for one in chosen)


def _column(catalog: Catalog, entity: Entity, one: Field, query: Mapping[str, str], phone: bool) -> Column:
    order = {one.id: "ascending", f"-{one.id}": "descending"}.get(query["sort"])
    turned = f"-{one.id}" if order == "ascending" else one.id
    stored = not (one.type == "formula" and conditions.of(catalog, entity.id, one.spec["formula"], "formula").volatile)
    url = _url(entity, {**query, "cursor": "", "sort": turned}) if one.type in _SORTABLE and stored else None
    right = one.type in _AT_THE_RIGHT or one.spec.get("result") in _AT_THE_RIGHT
    return Column(one, i18n.field_text(catalog, entity, one), url, order, right, phone)


def _url(entity: Entity, query: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in query.items() if value and not (key == "sort" and value == "-created_at")}
    address = url_for("web.records", entity_id=entity.id)
    return f"{address}?{urlencode(kept)}" if kept else address


def _name_title(catalog: Catalog, entity: Entity) -> str:
    shown = entity.field(entity.display) if entity.display else None
    return i18n.field_text(catalog, entity, shown) if shown else i18n.entity_title(catalog, entity)


def _rows(work: Work, entity: Entity, found: Page, columns: tuple[Column, ...]) -> tuple[Row, ...]:
    reader = Reader(work.catalog, entity, links(work, [linked(entity, item) for item in found.items]), short=True)
    return tuple(
        Row(
            str(item["id"]),
            url_for("web.record", entity_id=entity.id, record_id=item["id"]),
            str(item.get(entity.display or "id") or item["id"]),
            tuple(display(reader, column.field, item.get(column.field.id)) for column in columns),
        )
        for item in found.items
    )


def lookup(entity_id: str, path: str) -> ResponseReturnValue:
    """Answer a reference field with records to choose from: ``{"items": [{"id", "title"}]}``."""
    with visit.reading() as work:
        if not access.rights(work.catalog, work.user, entity_id).grants:
            raise NotFoundError(f"there is no entity “{entity_id}”")
        entity = work.catalog.entity(entity_id)
        given = {key[7:]: value for key, value in request.args.items() if key.startswith("record.")}
        return jsonify(items=candidates(work, entity, path, request.args.get("q", "").strip()[:200], given))

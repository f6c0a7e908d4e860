"""The list of an entity's records: columns, search, filter, order, groups, pages. And the look-up behind a reference."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from dealwright import access, records
from dealwright.errors import NotFoundError, QueryError
from dealwright.web import board, i18n, layout, notices, queries, visit
from dealwright.web.board import Asked
from dealwright.web.columns import Column, columns, offered
from dealwright.web.display import Display, Reader, display
from dealwright.web.forms import linked
from dealwright.web.links import addresses, links
from dealwright.web.lookup import candidates
from dealwright.web.wrong import Wrong, wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.metadata.views import View
    from dealwright.records import Page, Work
    from dealwright.web.queries import Query

#: Records on one page of a list, and what else can be chosen.
SIZE = 50
SIZES = (25, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Row:
    """One record: where its page is, its name, its cells."""

    id: str
    url: str
    name: str
    cells: tuple[Display, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Records that have one value in common, the first of them as rows; ``more`` leads to all."""

    title: str
    hue: str
    count: int
    total: str
    rows: tuple[Row, ...]
    more: str


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/records/<entity_id>", "records", listing)
    pages.add_url_rule("/records/<entity_id>/export", "export", export)
    pages.add_url_rule("/lookup/<entity_id>/<path>", "lookup", lookup)


def listing(entity_id: str) -> ResponseReturnValue:
    """Show a page of the records that the user may read."""
    with visit.reading() as work:
        held = access.demand(work.catalog, work.user, "read", entity_id)
        entity = work.catalog.entity(entity_id)
        query = queries.asked(work, entity, "list")
        view = layout.chosen(work.catalog, work.user, entity)
        sort = query["sort"] or _first_sort(view, held) or records.newest_first(work, entity_id)
        size = int(query["size"]) if query["size"] in map(str, SIZES) else SIZE
        chosen = query["columns"].split(",") if query["columns"] else view.columns if view is not None else ()
        shown = columns(work, entity, chosen, sort, query.address)
        groupings = board.groupings(work, entity)
        by = next((one for one in groupings if one.field.id == query["group"]), None)
        found: Page | None = None
        groups: tuple[Group, ...] = ()
        fault: Wrong | None = None
        try:
            if by is None:
                found = _page(work, entity, query, sort, size, shown)
            else:
                groups = _groups(work, entity, query, by, shown)
        except QueryError as error:
            fault = wrong(work.catalog, entity, query["filter"], error, held.seen())
        page = render_template(
            "records/rows.html" if visit.wants_part() else "records/list.html",
            entity=entity,
            plural=i18n.entity_plural(work.catalog, entity),
            title=i18n.entity_title(work.catalog, entity),
            name_title=_name_title(work.catalog, entity),
            columns=shown,
            offered=[(one.id, i18n.field_text(work.catalog, entity, one)) for one in offered(work, entity)],
            rows=_rows(work, entity, found.items, shown) if found else (),
            groups=groups,
            groupings=groupings,
            count=found.count if found else None,
            count_is_exact=found.count_is_exact if found else True,
            next_url=query.address({"cursor": found.next_cursor}) if found and found.next_cursor else None,
            first_url=query.address({"cursor": ""}) if query["cursor"] else None,
            clear_url=url_for("web.records", entity_id=entity_id),
            sizes=[(n, query.address({"cursor": "", "size": "" if n == SIZE else n})) for n in SIZES],
            size=size,
            query=query,
            mine=f'owner == "{work.user.id}"' if "owner" in held.seen() else "",
            wrong=fault,
            may_create=held.allows("create"),
            may_edit=held.allows("update"),
            may_delete=held.allows("delete"),
            may_export=held.allows("export"),
            may_import=held.allows("import"),
            settable=_settable(work, entity),
            searchable=entity.display is not None,
            in_texts=bool(records.searchable(work, entity)),
            notice=notices.notice(),
            undo=notices.undo(entity_id),
        )
    return page, 200 if fault is None else 422, {"Vary": "HX-Request-Type"}


def _first_sort(view: View | None, held: access.Rights) -> str:
    """Return the order that a view begins with; empty where there is none, or the reader may not see its field."""
    return view.sort if view is not None and view.sort.removeprefix("-") in held.seen() else ""


def _page(work: Work, entity: Entity, query: Query, sort: str, size: int, shown: tuple[Column, ...]) -> Page:
    return records.page(
        work,
        entity.id,
        filter=query["filter"] or None,
        sort=sort,
        only=_only(entity, shown),
        size=size,
        cursor=query["cursor"] or None,
        count=not query["cursor"],
        search=query["q"] or None,
        texts=True,
    )


def _only(entity: Entity, shown: Iterable[Column]) -> list[str]:
    return [column.field.id for column in shown] + ([entity.display] if entity.display else [])


def _groups(
    work: Work, entity: Entity, query: Query, by: board.Grouping, shown: tuple[Column, ...]
) -> tuple[Group, ...]:
    """Return the records by the values of a field: what a board shows beside each other, under each other."""
    asked = Asked(query["q"], query["filter"], query["sort"], query.address, all_states=True)
    counted = board.totals(work, entity, by, asked)
    only = _only(entity, shown)
    ways = [one for one in board.keys(work, entity, by, counted) if counted.get(one[0], (0, ""))[0]]
    read = [board.read(work, entity, by, asked, key, only=only) for key, *_ in ways]
    rows = iter(
        _rows(work, entity, [item for page in read for item in page.items], shown)
    )  # what they name is read once
    found = []
    for (key, title, hue, _), page in zip(ways, read, strict=True):
        condition = board.condition(entity, by, asked, key)
        more = query.address({"group": "", "filter": condition}) if page.next_cursor else ""
        found.append(Group(title, hue, *counted[key], tuple(islice(rows, len(page.items))), more))
    return tuple(found)


def _settable(work: Work, entity: Entity) -> list[tuple[str, str]]:
    """Return the fields that can be set on many records at once: (id, label)."""
    edited = access.rights(work.catalog, work.user, entity.id).edited("update")
    assigned = [entity.system_fields[name] for name in ("owner", "team")]
    left_out = {"rows", "file", "image", "signature", "static", "formula", "rollup", "lookup", "autonumber"}
    return [
        (one.id, i18n.field_text(work.catalog, entity, one))
        for one in (*assigned, *entity.fields.values())
        if one.id in edited and one.type not in left_out and one.id != entity.display and not one.spec.get("immutable")
    ]


def _name_title(catalog: Catalog, entity: Entity) -> str:
    shown = entity.field(entity.display) if entity.display else None
    return i18n.field_text(catalog, entity, shown) if shown else i18n.entity_title(catalog, entity)


def _rows(work: Work, entity: Entity, items: Iterable[Mapping[str, Any]], shown: tuple[Column, ...]) -> tuple[Row, ...]:
    reader = Reader(work.catalog, entity, links(work, [linked(entity, item) for item in items]), short=True)
    place = addresses(entity.id)
    known: dict[tuple[str, str], Display] = {}

    def cell(field: Field, value: Any) -> Display:
        """Return a cell; the same stage or owner is worked out once for the page, and drawn once."""
        if not isinstance(value, str):
            return display(reader, field, value)
        if (field.id, value) not in known:
            known[field.id, value] = display(reader, field, value)
        return known[field.id, value]

    return tuple(
        Row(
            str(item["id"]),
            f"{place}{item['id']}",
            str(item.get(entity.display or "id") or item["id"]),
            tuple(cell(column.field, item.get(column.field.id)) for column in shown),
        )
        for item in items
    )


def export(entity_id: str) -> ResponseReturnValue:
    """Give the records that meet the filter as a file: ``format`` is csv, xlsx or jsonl."""
    kind = request.args.get("format", "xlsx")
    with visit.reading() as work:
        made = records.export(work, entity_id, kind, filter=request.args.get("filter") or None)
        response = Response(made.chunks, mimetype=made.type)
    response.headers["Content-Disposition"] = f'attachment; filename="{entity_id}.{kind}"'
    return response


def lookup(entity_id: str, path: str) -> ResponseReturnValue:
    """Answer a reference field with records to choose from: ``{"items": [{"id", "title"}]}``."""
    with visit.reading() as work:
        if not access.rights(work.catalog, work.user, entity_id).grants:
            raise NotFoundError(f"there is no entity “{entity_id}”")
        entity = work.catalog.entity(entity_id)
        given = {key[7:]: value for key, value in request.args.items() if key.startswith("record.")}
        text, kind = request.args.get("q", "").strip()[:200], request.args.get("kind", "")
        return jsonify(items=candidates(work, entity, path, text, given, kind))

"""A value of a record as a person reads it: what kind of thing to draw, and its text in the language of the request.

Numbers, money and moments are formatted here and nowhere in the browser, so that a page and its parts agree. What
comes from data is text: only Markdown becomes HTML, and that is cleaned.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from babel.dates import format_date as babel_date
from babel.numbers import format_currency, format_decimal
from flask import url_for
from flask_babel import format_date, format_datetime, format_time, get_locale
from markupsafe import Markup

from dealwright.fields.computed import valued
from dealwright.fields.messages import sized
from dealwright.metadata.names import BASE
from dealwright.records import PICTURES
from dealwright.web import i18n
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from markdown_it import MarkdownIt

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

_TAGS = {
    *("a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
#: Long texts in a list are cut here.
CELL = 120


@dataclass(frozen=True, slots=True)
class Item:
    """One of several things: an option, a linked record, a tick of a checklist, a file.

    Attributes:
        away: Whether ``href`` leads to another site.
        note: What is said behind the text, such as the size of a file.
        picture: Whether ``href`` is a picture to show.
        person: Whether it is a user, who is shown with a face.
    """

    text: str
    hue: str | None = None
    href: str | None = None
    on: bool = False
    away: bool = False
    note: str = ""
    picture: bool = False
    person: bool = False


@dataclass(frozen=True, slots=True)
class Display:
    """A value ready to be drawn by the macro ``shown``.

    Attributes:
        kind: ``empty``, ``text``, ``number``, ``moment``, ``pills``, ``links``, ``checks``, ``colour``, ``code``,
            ``html``, ``files`` or ``rows``.
        exact: The moment as RFC 3339, for ``moment``.
        html: Cleaned HTML, for ``html``.
        sums: For ``rows``: under each column its sum, or None.
    """

    kind: str
    text: str = ""
    exact: str = ""
    items: tuple[Item, ...] = ()
    html: Markup | None = None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Display, ...], ...] = ()
    sums: tuple[Display | None, ...] = ()


EMPTY = Display("empty")


@dataclass(frozen=True, slots=True)
class Reader:
    """What a value needs beside itself: the catalog, the entity, titles of linked records.

    Attributes:
        titles: (entity, id) → (title, address or None) of every linked record on the page.
        short: Whether long texts are cut, as in a list.
        within: Id of the ``rows`` field whose columns are read; empty for the record itself.
        files: Ids of the files that can be opened; of others only the name is shown.
    """

    catalog: Catalog
    entity: Entity
    titles: Mapping[tuple[str, str], tuple[str, str | None]]
    short: bool = False
    within: str = ""
    files: frozenset[str] = frozenset()

    def link(self, entity_id: str, identifier: str) -> Item:
        """Return a linked record; of one that the reader may not see, only that there is one."""
        title, href = self.titles.get((entity_id, identifier), (gettext("not visible to you"), None))
        person = entity_id == f"{BASE}.user" and href is not None
        return Item(title, href=href, person=person)

    def cut(self, value: str) -> str:
        """Return the text, cut in a list."""
        flat = " ".join(value.split()) if self.short else value
        return f"{flat[: CELL - 1]}…" if self.short and len(flat) > CELL else flat


def display(reader: Reader, field: Field, value: Any) -> Display:
    """Return how to draw the API value of a field.

    Args:
        reader: What the value needs beside itself.
        field: The field.
        value: API JSON; None, an empty text or list is shown as empty.
    """
    if field.type == "static":
        return Display("html", html=markdown(i18n.field_text(reader.catalog, reader.entity, field, "text")))
    if value is None or value == "" or value == [] or value == {}:
        return EMPTY
    if field.spec.get("sensitivity") == "secret":
        return Display("text", "••••••")
    if field.system and field.id == "pipeline" and value in reader.catalog.pipelines:
        return Display("text", i18n.pipeline_title(reader.catalog, reader.catalog.pipelines[value]))
    shown = field
    if field.type in ("formula", "lookup", "rollup"):
        siblings = (reader.entity.fields[reader.within].items or {}) if reader.within else reader.entity.all_fields()
        shown = valued(field, siblings, reader.catalog)
    return _DISPLAYS.get(shown.type, _text)(reader, shown, value)


def _text(reader: Reader, field: Field, value: Any) -> Display:
    return Display("text", reader.cut(str(value)))


def _number(reader: Reader, field: Field, value: Any) -> Display:
    return Display("number", number(value))


def number(value: Any) -> str:
    """Return a number with the separators of the language; what is no number stays as it is."""
    return _number_in(str(value), str(get_locale()))


@lru_cache(8192)
def _number_in(value: str, locale: str) -> str:
    """Return the number in a language. Kept: lists show the same ones again, and Babel takes 60 µs for each."""
    try:
        exact = Decimal(value)
    except InvalidOperation:
        return value
    return str(format_decimal(exact, locale=locale, decimal_quantization=False))


@lru_cache(8192)
def _amount_in(value: str, currency: str, locale: str) -> str:
    return str(format_currency(Decimal(value), currency, locale=locale)).replace("CN¥", "¥")


@lru_cache(4096)
def _day_in(value: str, locale: str) -> str:
    return str(babel_date(date.fromisoformat(value), "medium", locale=locale))


def _percent(reader: Reader, field: Field, value: Any) -> Display:
    try:
        exact = Decimal(str(value)).normalize()
    except InvalidOperation:
        return _text(reader, field, value)
    return Display("number", f"{number(format(exact, 'f'))} %")


def _money(reader: Reader, field: Field, value: Any) -> Display:
    amount, currency = (value.get("amount"), value.get("currency")) if isinstance(value, dict) else (value, None)
    own = str(field.spec.get("currency", "workspace"))
    code = currency or (own if len(own) == 3 else reader.catalog.settings.get("currency", "CNY"))
    if amount is None:
        return EMPTY
    try:
        return Display("number", _amount_in(str(amount), str(code), str(get_locale())))
    except InvalidOperation:
        return _text(reader, field, amount)


def _boolean(reader: Reader, field: Field, value: Any) -> Display:
    return Display("pills", items=(Item(gettext("yes"), "green") if value else Item(gettext("no"), "gray"),))


def _date(reader: Reader, field: Field, value: Any) -> Display:
    try:
        return Display("moment", _day_in(str(value), str(get_locale())), exact=str(value))
    except ValueError:
        return _text(reader, field, value)


def _datetime(reader: Reader, field: Field, value: Any) -> Display:
    try:
        return Display("moment", moment(str(value)), exact=str(value))
    except ValueError:
        return _text(reader, field, value)


def moment(value: str) -> str:
    """Return an RFC 3339 moment as day and time in the reader's zone.

    Raises:
        ValueError: If it is none.
    """
    # The short form of the day and no seconds: a list of changes is read by the minute.
    local = datetime.fromisoformat(value).astimezone(i18n.zone())
    return f"{format_date(local.date(), 'medium')} {format_datetime(local, 'HH:mm', rebase=False)}"


def _time(reader: Reader, field: Field, value: Any) -> Display:
    try:
        return Display("moment", format_time(time.fromisoformat(str(value)), "short", rebase=False), exact=str(value))
    except ValueError:
        return _text(reader, field, value)


def _options(reader: Reader, field: Field, value: Any) -> Display:
    known = {option.id: option for option in field.options}
    items = []
    for one in value if isinstance(value, list) else [value]:
        option = known.get(str(one))
        title = i18n.option_title(reader.catalog, reader.entity, field, option, reader.within) if option else str(one)
        items.append(Item(title, option.hue if option else None))
    return Display("pills", items=tuple(items))


def _tags(reader: Reader, field: Field, value: Any) -> Display:
    return Display("pills", items=tuple(Item(str(one)) for one in value))


def _checklist(reader: Reader, field: Field, value: Any) -> Display:
    titles = [(o.id, i18n.option_title(reader.catalog, reader.entity, field, o, reader.within)) for o in field.options]
    done = sum(bool(value.get(identifier)) for identifier, _ in titles)
    if reader.short:
        return Display("number", f"{done}/{len(titles)}")
    return Display("checks", items=tuple(Item(title, on=bool(value.get(one))) for one, title in titles))


def _rating(reader: Reader, field: Field, value: Any) -> Display:
    return Display("number", f"{value}/{field.spec.get('maximum', 5)}")


def _links(reader: Reader, field: Field, value: Any) -> Display:
    if field.type == "any_reference":
        return Display("links", items=(reader.link(str(value["entity"]), str(value["id"])),))
    targets = value if isinstance(value, list) else [value]
    return Display("links", items=tuple(reader.link(field.to or "", str(one)) for one in targets))


def _url(reader: Reader, field: Field, value: Any) -> Display:
    safe = re.match(r"https?://", str(value), re.IGNORECASE)
    return Display("links", items=(Item(reader.cut(str(value)), href=str(value) if safe else None, away=True),))


def _email(reader: Reader, field: Field, value: Any) -> Display:
    return Display("links", items=(Item(str(value), href=f"mailto:{value}"),))


def _phone(reader: Reader, field: Field, value: Any) -> Display:
    digits = re.sub(r"[^\d+]", "", str(value))
    return Display("links", items=(Item(str(value), href=f"tel:{digits}" if digits else None),))


def _colour(reader: Reader, field: Field, value: Any) -> Display:
    return Display("colour", str(value)) if _COLOUR.match(str(value)) else _text(reader, field, value)


def _code(reader: Reader, field: Field, value: Any) -> Display:
    return _text(reader, field, value) if reader.short else Display("code", str(value))


def _json(reader: Reader, field: Field, value: Any) -> Display:
    written = json.dumps(value, ensure_ascii=False, indent=None if reader.short else 2)
    return Display("text", reader.cut(written)) if reader.short else Display("code", written)


def _rich_text(reader: Reader, field: Field, value: Any) -> Display:
    return _text(reader, field, value) if reader.short else Display("html", html=markdown(str(value)))


@cache
def _markdown_it() -> MarkdownIt:
    from markdown_it import MarkdownIt  # sixty modules that a server need not have before it answers

    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


def markdown(source: str) -> Markup:
    """Return Markdown as HTML that cannot run, load or submit anything."""
    import nh3

    cleaned = nh3.clean(
        _markdown_it().render(source),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(cleaned)  # noqa: S704 - nh3 has cleaned it


def _address(reader: Reader, field: Field, value: Any) -> Display:
    # China writes from the large to the small, Europe from the small to the large.
    parts = ["country", "region", "city", "street", "postcode"]
    order = parts if i18n.tag() == "zh-CN" else ["street", "postcode", "city", "region", "country"]
    return Display("text", ", ".join(str(value[part]) for part in order if value.get(part)))


def _geolocation(reader: Reader, field: Field, value: Any) -> Display:
    return Display("number", f"{value.get('lat')}, {value.get('lon')}")


def _file(reader: Reader, field: Field, value: Any) -> Display:
    return Display(
        "files", items=tuple(_one_file(reader, one) for one in (value if isinstance(value, list) else [value]))
    )


def _one_file(reader: Reader, value: Mapping[str, Any]) -> Item:
    identifier, size = str(value.get("id", "")), value.get("size")
    opens = identifier in reader.files
    return Item(
        str(value.get("name", "")),
        href=url_for("web.file", identifier=identifier) if opens else None,
        note=sized(size) if isinstance(size, int) else "",
        picture=opens and value.get("type") in PICTURES,
    )


def _rows(reader: Reader, field: Field, value: Any) -> Display:
    if reader.short:
        return Display("number", str(len(value)))
    inner = Reader(reader.catalog, reader.entity, reader.titles, within=field.id)
    columns = [one for one in (field.items or {}).values() if any(one.id in row for row in value)]
    return Display(
        "rows",
        columns=tuple(i18n.field_text(reader.catalog, reader.entity, one, within=field.id) for one in columns),
        rows=tuple(tuple(display(inner, one, row.get(one.id)) for one in columns) for row in value),
        sums=tuple(one for one, column in _summed(reader, field, value) if column in columns),
    )


def sums(reader: Reader, field: Field, value: Any) -> tuple[Display | None, ...]:
    """Return what stands under each column of a ``rows`` field: its sum, or None; empty where no column is added up."""
    found = tuple(one for one, _ in _summed(reader, field, value if isinstance(value, list) else ()))
    return found if any(one is not None for one in found) else ()


def summed(field: Field) -> list[str]:
    """Return the columns of a ``rows`` field that are added up: what is worked out, else amounts."""
    columns = list((field.items or {}).values())
    worked = [
        one.id for one in columns if one.type == "formula" and one.spec.get("result") in ("money", "decimal", "integer")
    ]
    return worked or [one.id for one in columns if one.type == "money" and one.spec.get("currency") != "per_record"]


def _summed(reader: Reader, field: Field, value: Any) -> Iterator[tuple[Display | None, Field]]:
    inner, chosen = Reader(reader.catalog, reader.entity, reader.titles, within=field.id), summed(field)
    for one in (field.items or {}).values():
        total = Decimal(0)
        for row in value:
            with suppress(InvalidOperation):
                total += Decimal(str(row.get(one.id) or 0)) if one.id in chosen else 0
        yield (display(inner, one, str(total)) if one.id in chosen else None), one


_DISPLAYS: Mapping[str, Callable[[Reader, Field, Any], Display]] = {
    "address": _address,
    "any_reference": _links,
    "boolean": _boolean,
    "checklist": _checklist,
    "code": _code,
    "colour": _colour,
    "date": _date,
    "datetime": _datetime,
    "decimal": _number,
    "email": _email,
    "file": _file,
    "geolocation": _geolocation,
    "image": _file,
    "integer": _number,
    "json": _json,
    "money": _money,
    "multi_select": _options,
    "percent": _percent,
    "phone": _phone,
    "rating": _rating,
    "reference": _links,
    "references": _links,
    "rich_text": _rich_text,
    "rows": _rows,
    "select": _options,
    "signature": _file,
    "tags": _tags,
    "team": _links,
    "time": _time,
    "url": _url,
    "user": _links,
}

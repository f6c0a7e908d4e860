"""From the inputs of a posted form to API JSON, ready for a save.

What cannot be read is passed on as it was typed, so that the save names it at its place.

An input that is not there was not shown: it says nothing about its field. A ticked box that is not there cannot be
told from one that is not ticked, so every such control begins with an empty input of the same name.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from dealwright import fields, records
from dealwright.errors import RecordError
from dealwright.web import i18n

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from werkzeug.datastructures import MultiDict

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field

#: Types with several ticked values of one name.
SEVERAL = frozenset({"multi_select", "checklist", "references"})
#: Types whose value is made of several inputs, and their names after the dot.
PARTS = {
    "address": ("country", "region", "city", "street", "postcode"),
    "geolocation": ("lat", "lon"),
    "any_reference": ("entity", "id"),
}
#: Types that point at records, chosen by name.
NAMED = frozenset({"reference", "user", "team"})
_NUMBERS = frozenset({"integer", "decimal", "percent", "money", "rating"})
#: Both languages of the pages write 1,234.50, so a comma before three digits is no question here.
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?\Z")
#: Least and most that a page sends of one row's token; JavaScript makes new ones.
_WHOLE = re.compile(r"[+-]?\d{1,18}\Z")
#: Stands for the token in the empty row that scripts copy.
BLANK = "__line__"
_SPAN = re.compile(
    r"(?:(\d{1,5})(?:w|weeks?|周|星期))?(?:(\d{1,5})(?:d|days?|天|日))?"
    r"(?:(\d{1,5})(?:h|hours?|小时|时))?(?:(\d{1,5})(?:m|min|minutes?|分钟|分))?"
)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")


@dataclass(frozen=True, slots=True)
class Named:
    """A record that was typed by name, without choosing it: to be looked up by its exact name.

    Attributes:
        pointer: Where the id belongs in the data, as steps.
        entity: Entity of the record.
        title: What was typed.
    """

    pointer: tuple[str | int, ...]
    entity: str
    title: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A posted form, read.

    Attributes:
        data: API JSON of the fields that the form had.
        named: Records that still have to be looked up by name.
        lines: For each ``rows`` field the tokens of its rows, in the order of ``data``.
    """

    data: dict[str, Any]
    named: tuple[Named, ...]
    lines: dict[str, tuple[str, ...]]


def posted(catalog: Catalog, entity: Entity, form: MultiDict[str, str], editable: Collection[str]) -> Posted:
    """Read a form.

    Args:
        catalog: Where the entity is from.
        entity: The entity.
        form: The inputs as they came.
        editable: Fields that the form has inputs for; any other input is left unread.
    """
    data: dict[str, Any] = {}
    named: list[Named] = []
    lines: dict[str, tuple[str, ...]] = {}
    for field in entity.all_fields().values():
        if field.id not in editable:
            continue
        if field.type == "rows":
            if field.id in form:
                data[field.id], lines[field.id] = _rows(catalog, entity, field, form, named)
        elif _kept(field, field.id, form):
            continue
        elif _sent(field, field.id, form):
            data[field.id] = _value(catalog, entity, field, field.id, form)
            named += _named(field, field.id, (field.id,), form)
    return Posted(data, tuple(named), lines)


def _sent(field: Field, name: str, form: MultiDict[str, str]) -> bool:
    parts = PARTS.get(field.type)
    return any(f"{name}.{part}" in form for part in parts) if parts else name in form


def _kept(field: Field, name: str, form: MultiDict[str, str]) -> bool:
    """Tell whether a secret was left as it is: its value is never sent to a page, so an empty input means that."""
    return field.spec.get("sensitivity") == "secret" and not form.get(name)


def _rows(
    catalog: Catalog, entity: Entity, rows: Field, form: MultiDict[str, str], named: list[Named]
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    columns = (rows.items or {}).values()
    found: list[dict[str, Any]] = []
    tokens: list[str] = []
    for token in _tokens(rows.id, form):
        prefix = f"{rows.id}.{token}"
        row = {
            one.id: _value(catalog, entity, one, f"{prefix}.{one.id}", form)
            for one in columns
            if _sent(one, f"{prefix}.{one.id}", form)
        }
        identifier = form.get(f"{prefix}.id") or None
        typed = [pending for one in columns for pending in _named(one, f"{prefix}.{one.id}", (one.id,), form)]
        if identifier is None and not typed and all(value in (None, "", [], False) for value in row.values()):
            continue  # a new row in which nothing was typed is no row
        named += [Named((rows.id, len(found), *one.pointer), one.entity, one.title) for one in typed]
        found.append({"id": identifier, **row} if identifier else row)
        tokens.append(token)
    return found, tuple(tokens)


def _tokens(rows: str, form: Iterable[str]) -> list[str]:
    """Return the tokens of the rows in the order in which they stand on the page."""
    start = f"{rows}."
    tokens = (name[len(start) :].partition(".")[0] for name in form if name.startswith(start))
    return [token for token in dict.fromkeys(tokens) if _TOKEN.match(token) and token != BLANK]


def _named(field: Field, name: str, pointer: tuple[str | int, ...], form: MultiDict[str, str]) -> list[Named]:
    title = form.get(f"{name}.title", "").strip()
    if field.type in NAMED and field.to and title and not form.get(name):
        return [Named(pointer, field.to, title)]
    return []


def _value(catalog: Catalog, entity: Entity, field: Field, name: str, form: MultiDict[str, str]) -> Any:
    """Return one field's API JSON; of files the ids alone, which :mod:`dealwright.web.uploads` looks up."""
    if field.type in records.FILE_TYPES:
        return [one for one in form.getlist(name) if one]
    if field.type in SEVERAL:
        chosen = [one for one in form.getlist(name) if one]
        return {one: True for one in chosen} if field.type == "checklist" else chosen
    if field.type in PARTS:
        return _of_parts(field, name, form)
    if field.type == "boolean":
        return form.getlist(name)[-1] == "true"
    text = form.getlist(name)[-1].strip()
    if field.type == "tags":
        return [one for part in re.split(r"[,，、]", text) if (one := part.strip())]
    if not text:
        return None
    if field.type in ("long_text", "rich_text", "code"):
        return form.getlist(name)[-1].replace("\r\n", "\n")
    if field.type == "datetime":
        return moment(text)
    if field.type == "duration":
        text = span(text)
    if field.type in _NUMBERS:
        text = unicodedata.normalize("NFKC", text).replace(" ", "")
        text = text.replace(",", "") if _GROUPED.match(text) else text
    if field.type == "money" and f"{name}.currency" in form:
        return {"amount": text, "currency": form[f"{name}.currency"]}
    if "." in name:
        return int(text) if field.type in ("integer", "rating") and _WHOLE.match(text) else text
    try:
        return fields.from_text(catalog, entity.id, field.id, text)
    except RecordError:
        return text


def _of_parts(field: Field, name: str, form: MultiDict[str, str]) -> Any:
    parts = {part: form.get(f"{name}.{part}", "").strip() for part in PARTS[field.type]}
    filled = {part: text for part, text in parts.items() if text}
    if field.type == "geolocation":
        return {part: coordinate(text) for part, text in filled.items()} or None
    return filled or None


def coordinate(text: str) -> Any:
    """Return half of a place, as it was typed; what is no number as it is, for the save to refuse."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def moment(text: str) -> str:
    """Return a local day and time, as the browser sends it, as RFC 3339 in UTC; any other text as it is."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    if local.tzinfo is None:
        local = local.replace(tzinfo=i18n.zone())
    return local.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(text: str) -> str:
    """Return a length of time as people write it (1d 2h 30m, 1天2小时30分) in ISO 8601; any other text as it is."""
    flat = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()
    found = _SPAN.fullmatch(flat)
    if not flat or found is None:
        return text
    weeks, days, hours, minutes = (int(one) if one else None for one in found.groups())
    date_part = "".join(f"{n}{unit}" for n, unit in ((weeks, "W"), (days, "D")) if n is not None)
    time_part = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n is not None)
    return f"P{date_part}{'T' if time_part else ''}{time_part}"


def _people(text: str) -> str:
    """Return an ISO 8601 length of time as people write it, where it has no other parts than they do."""
    found = re.fullmatch(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    units = ("周", "天", "小时", "分") if i18n.tag() == "zh-CN" else ("w", "d", "h", "m")
    parts = [f"{n}{unit}" for n, unit in zip(found.groups(), units, strict=True) if n] if found else []
    return " ".join(parts) or text


def typed(field: Field, value: Any) -> str:
    """Return the text that stands in the input for an API value; a moment in the reader's zone."""
    if value is None or field.spec.get("sensitivity") == "secret":
        return ""
    match field.type:
        case "boolean":
            return "true" if value else "false"
        case "datetime":
            try:
                local = datetime.fromisoformat(str(value)).astimezone(i18n.zone())
            except ValueError:
                return str(value)
            return local.strftime("%Y-%m-%dT%H:%M:%S")
        case "duration":
            return _people(str(value))
        case "tags":
            return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        case "money":
            return str(value.get("amount") or "") if isinstance(value, dict) else str(value)
        case "json":
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        case _:
            return str(value)

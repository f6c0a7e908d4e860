"""Records as files: csv and xlsx for spreadsheets, jsonl and ``exact`` csv for machines.

A text that a spreadsheet would read as a formula gets an apostrophe in front (OWASP, "CSV Injection"), unless the export
is exact: that one comes back through ``import`` just as it was.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright import access, fields
from dealwright.errors import QueryError
from dealwright.records import read

if TYPE_CHECKING:
    from dealwright.records.work import Work

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: First characters after which a spreadsheet works out a formula; the full-width ones count in East Asian locales.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Export:
    """A file in the making: its media type, and its content in pieces."""

    type: str
    chunks: Iterator[bytes]


def export(
    work: Work,
    entity_id: str,
    kind: str,
    *,
    filter: str | None = None,  # noqa: A002
    exact: bool = False,
    archived: bool = False,
) -> Export:
    """Return the records that the user may read and that meet ``filter``, oldest first; archived ones if they are wanted.

    Pages of 200 are read as they are needed, within the transaction of ``work``; all of it is in memory for xlsx only.

    Raises:
        QueryError: If ``kind`` is none of csv, xlsx, jsonl.
        ForbiddenError: If the user may not export this entity.
    """
    if kind not in _TYPES:
        raise QueryError(f"format is “{kind[:20]}”; it may be {', '.join(_TYPES)}")
    access.demand(work.catalog, work.user, "export", entity_id)
    seen = access.rights(work.catalog, work.user, entity_id).seen()
    entity = work.catalog.entity(entity_id)
    names = [name for name in entity.all_fields() if name in seen and _flat(entity.all_fields()[name].type)]
    rows = _rows(work, entity_id, filter, archived=archived)
    if kind == "jsonl":
        chunks = (json.dumps(row, ensure_ascii=False, default=dict).encode() + b"\n" for row in rows)
        return Export(_TYPES[kind], iter(list(chunks)))
    table = ([_cell(work, entity_id, name, row.get(name), exact=exact) for name in names] for row in rows)
    if kind == "csv":
        return Export(_TYPES[kind], iter(list(_csv(names, table, exact=exact))))
    return Export(_TYPES[kind], iter([_xlsx(names, table)]))


def sheet(kind: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Export:
    """Return a table of texts that are no records as a file, csv or xlsx, safe for spreadsheets.

    Raises:
        QueryError: If ``kind`` is neither.
    """
    if kind not in ("csv", "xlsx"):
        raise QueryError(f"format is “{kind[:20]}”; it may be csv or xlsx")
    table = ([_safe(text) for text in row] for row in rows)
    if kind == "csv":
        return Export(_TYPES[kind], iter(list(_csv(names, table, exact=False))))
    return Export(_TYPES[kind], iter([_xlsx(names, table)]))


def _flat(kind: str) -> bool:
    """Tell whether a field has a place in a table: a list of rows has none, ``static`` has no value."""
    return kind not in ("rows", "static")


def _rows(work: Work, entity_id: str, condition: str | None, *, archived: bool) -> Iterator[Mapping[str, Any]]:
    cursor: str | None = None
    while True:
        page = read.page(
            work,
            entity_id,
            filter=condition,
            sort="id",
            size=read.LARGEST_PAGE,
            cursor=cursor,
            op="export",
            archived=archived,
        )
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _cell(work: Work, entity_id: str, name: str, value: Any, *, exact: bool) -> str:
    text = fields.to_text(work.catalog, entity_id, name, value)
    return text if exact else _safe(text)


def _safe(text: str) -> str:
    return text if not text.startswith(_FORMULA) or _number(text) else f"'{text}"


def _number(text: str) -> bool:
    """Tell whether a text that starts with a sign is just a number."""
    return text[1:].replace(".", "", 1).isdigit() and text[1:].isascii()


def _csv(names: Sequence[str], table: Iterator[list[str]], *, exact: bool) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    # The mark makes spreadsheets read UTF-8; machines are spared it.
    yield b"" if exact else "\ufeff".encode()
    writer.writerow(names)
    for row in table:
        writer.writerow(row)
        if buffer.tell() > 65_536:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _xlsx(names: Sequence[str], table: Iterator[list[str]]) -> bytes:
    # Takes a tenth of a second to import, which only an export of this kind has to pay.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("records")
    sheet.append(list(names))
    for row in table:
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()

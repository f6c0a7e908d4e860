"""Tables in files: csv and xlsx, read row by row as text."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from dealwright.errors import DefinitionError, Problem, TooLargeError

#: Cells of one row; more is a broken file.
_MOST_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class Table:
    """A file with a header and rows. ``digest`` names its content; ``count`` is how many rows it has."""

    name: str
    digest: str
    header: Sequence[str]
    path: Path
    encoding: str
    count: int

    def rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield ``(row number in the file, cells)``; the header is row 1. Empty rows are passed over.

        Empty cells beyond the header are left out: spreadsheets save them where a column was once used.
        """
        for number, cells in enumerate(_cells(self.path, self.encoding), start=1):
            if number > 1 and _filled(cells):
                while len(cells) > len(self.header) and not cells[-1].strip():
                    cells.pop()
                yield number, cells


def open_table(path: Path, name: str | None = None) -> Table:
    """Open a csv or xlsx file; ``name`` is what it is called, where the path does not say so.

    Text is UTF-8 (with or without a mark) or, failing that, GB 18030, which spreadsheets in China write.

    Raises:
        DefinitionError: If it is neither, or its header is empty or names a column twice.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    name = name or path.name
    encoding = "" if name.lower().endswith(".xlsx") else _encoding(path)
    rows = _cells(path, encoding)
    header = [cell.strip() for cell in next(rows, [])]
    while header and not header[-1]:
        header.pop()
    problems = []
    if not header:
        problems.append(Problem("", "no-header", "the first row names the columns; it is empty", name))
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        problems.append(Problem("", "column-twice", f"columns named twice: {', '.join(twice)}", name))
    if problems:
        raise DefinitionError(f"{name} cannot be read as a table", problems)
    count = sum(1 for cells in rows if _filled(cells))
    return Table(name, digest.hexdigest(), header, path, encoding, count)


def _filled(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def _encoding(path: Path) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    text = "the text is neither UTF-8 nor GB 18030; save the file as “CSV UTF-8”"
    raise DefinitionError(f"{path.name} cannot be read", [Problem("", "bad-encoding", text, path.name)])


def _cells(path: Path, encoding: str) -> Iterator[list[str]]:
    if not encoding:
        yield from _sheet(path)
        return
    with path.open(encoding=encoding, newline="") as file:
        try:
            for cells in csv.reader(file, strict=True):
                _bounded(path, cells)
                yield cells
        except csv.Error as error:
            text = f"the text is no CSV: {error}"
            raise DefinitionError(f"{path.name} cannot be read", [Problem("", "bad-csv", text, path.name)]) from None


def _sheet(path: Path) -> Iterator[list[str]]:
    """Yield the rows of the first sheet. Formulas give their last value; openpyxl reads XML through defusedxml."""
    # Takes a tenth of a second to import, which only a file of this kind has to pay.
    from openpyxl import load_workbook

    with path.open("rb") as file:  # by its path the library would ask for the ending of the name
        try:
            book = load_workbook(file, read_only=True, data_only=True)
        except Exception as error:
            text = f"it is no xlsx file: {error}"
            raise DefinitionError(f"{path.name} cannot be read", [Problem("", "bad-xlsx", text, path.name)]) from None
        try:
            for cells in book.worksheets[0].iter_rows():
                _bounded(path, cells)
                yield [_text(cell.value, cell.number_format or "") for cell in cells]
        finally:
            book.close()


def _bounded(path: Path, cells: Sequence[Any]) -> None:
    if len(cells) > _MOST_COLUMNS:
        raise TooLargeError(f"{path.name} has a row with {len(cells)} cells, at most {_MOST_COLUMNS} are taken")


def _text(value: Any, shown: str) -> str:
    """Return a cell as the text that a person would have typed.

    A spreadsheet keeps a day as its first moment, and 15 % as the number 0.15: ``shown``, the format of the cell, tells
    what the person sees.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{_digits(value * 100)}%" if "%" in shown else _digits(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{_digits(value.total_seconds())}S"
    return str(value)


def _digits(value: float) -> str:
    """Return a number without exponent in the 15 digits that spreadsheets show of one: 0.1 + 0.2 is 0.3 there."""
    return str(value) if isinstance(value, int) else format(Decimal(f"{value:.15g}"), "f")

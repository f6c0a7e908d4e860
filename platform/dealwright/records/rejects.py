"""The file of the rows that an import refused: each as it was, with its number and every reason."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dealwright.errors import Problem


class Rejects:
    """The file of refused rows: the columns of the import, then ``_row`` and ``_reason``.

    Args:
        path: Where; None writes nothing.
        header: The columns of the import.
        done: Row up to which an earlier run has come: its rejects are kept, later ones were never committed.
    """

    def __init__(self, path: Path | None, header: Sequence[str], done: int) -> None:
        self.path, self.header = path, header
        kept = list(_kept(path, done)) if path is not None and done else []
        self._file = path.open("w", encoding="utf-8", newline="") if path is not None else None
        self._writer = csv.writer(self._file) if self._file is not None else None
        if self._writer is not None:
            self._writer.writerow([*header, "_row", "_reason"])
            self._writer.writerows(kept)

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, refused: Iterable[tuple[int, Sequence[str], Sequence[Problem]]]) -> None:
        """Write rows, each with its number and what is wrong with it, and put them on the disk."""
        if self._writer is None or self._file is None:
            return
        for number, cells, problems in refused:
            missing = [""] * (len(self.header) - len(cells))
            reason = "; ".join(f"{problem.pointer[1:] or 'row'}: {problem.message}" for problem in problems)
            self._writer.writerow([*cells, *missing, number, reason])
        self._file.flush()


def _kept(path: Path, done: int) -> Iterator[list[str]]:
    """Yield the rejects of an earlier run up to the row that its last commit has noted."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for cells in rows:
            if len(cells) >= 2 and cells[-2].isdigit() and int(cells[-2]) <= done:
                yield cells

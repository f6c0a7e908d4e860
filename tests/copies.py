"""Databases made once for a whole run, of which each test gets a copy of its own: quicker than making another."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from postgres import Postgres


@contextmanager
def copied(request: pytest.FixtureRequest, template: Path | str, folder: Path) -> Iterator[str]:
    """Yield the address of a copy: of a SQLite file if ``template`` is a path, else of the PostgreSQL database of that name."""
    if not isinstance(template, str):
        shutil.copy(template, folder / "copy.db")
        yield f"sqlite:///{folder / 'copy.db'}"
        return
    server: Postgres = request.getfixturevalue("pg")
    name = server.create(template=template)
    yield server.url(name)
    server.drop(name)

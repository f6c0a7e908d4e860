"""Whether a request left a trace: every table of a database, summed up in one number each."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from dealwright.storage import Database

#: Written by refusals on purpose.
_EXPECTED = frozenset({"dw_attempt", "dw_audit"})
#: Columns that say when a key was last used.
_NOTES = {
    "dw_session": {"seen_at"},
    "dw_token": {"used_at"},
}


def traces(database: Database) -> dict[str, str]:
    """Return a digest of the rows of each table, read without the platform."""
    found = {}
    with database.read() as connection:
        for table in sa.inspect(connection).get_table_names():
            if table in _EXPECTED:
                continue
            rows = connection.execute(sa.text(f'SELECT * FROM "{table}"')).mappings()
            left_out = _NOTES.get(table, set())
            texts = sorted(repr([(key, value) for key, value in row.items() if key not in left_out]) for row in rows)
            found[table] = sha256("\n".join(texts).encode()).hexdigest()
    return found

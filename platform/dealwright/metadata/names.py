"""Ids of documents and fields, and the names of the tables they become.

    sales.opportunity          id of a document: namespace, dot, name
    med__dept                  field that the pack with namespace ``med`` adds to another pack's entity
    c.visit_note, c__note      component and field that an admin adds
    sales__opportunity         table of an entity
    sales__opportunity__lines  table of a ``rows`` field, or of the links of a ``references`` field

``__`` is never part of a name that an author writes, so a table or a field of one can never meet another's. Ids never
change; a rename is an alias in ``moves.json``.
"""

from __future__ import annotations

import hashlib
import re

#: One part of an id (design §13). ``__`` is refused apart, for a clearer message.
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
#: The namespace of the definitions that every workspace starts with.
BASE = "base"
#: Whom a notification can name instead of users and teams: every active user.
EVERYBODY = "everybody"
#: The namespace of what a workspace's own admins add.
CUSTOM = "c"
#: PostgreSQL cuts a longer name of a table, column or index, silently.
LONGEST_SQL_NAME = 63


def is_name(text: str) -> bool:
    """Tell whether ``text`` may be one part of an id."""
    return NAME.match(text) is not None and "__" not in text


def is_id(text: str) -> bool:
    """Tell whether ``text`` is an id of a document: two names with a dot between."""
    namespace, dot, name = text.partition(".")
    return dot == "." and is_name(namespace) and is_name(name)


def is_field(text: str) -> bool:
    """Tell whether ``text`` may be a field: a name, or namespace, ``__`` and a name."""
    namespace, bar, name = text.partition("__")
    return is_name(text) if not bar else is_name(namespace) and is_name(name)


def namespace_of(identifier: str) -> str:
    """Return the namespace of a document's id: ``sales`` of ``sales.opportunity``."""
    return identifier.partition(".")[0]


def table_name(entity: str) -> str:
    """Return the table of an entity: ``sales__opportunity`` for ``sales.opportunity``."""
    return sql_name(entity.replace(".", "__"))


def part_table_name(entity: str, field: str) -> str:
    """Return the table of a ``rows`` or ``references`` field of an entity."""
    return sql_name(f"{entity.replace('.', '__')}__{field}")


def sql_name(name: str) -> str:
    """Return ``name`` if every database takes it, else its beginning and a digest of the whole."""
    if len(name) <= LONGEST_SQL_NAME:
        return name
    return f"{name[: LONGEST_SQL_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"

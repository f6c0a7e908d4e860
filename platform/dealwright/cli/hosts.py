"""Which workspaces one server serves, and under which names: the file of ``serve --workspaces``.

{"workspaces": [
  {"hosts": ["acme.example.com", "crm.acme.example"], "database": "sqlite:////srv/acme/workspace.db"},
  {"hosts": ["beta.example.com"], "database": "postgresql://crm@db/crm?schema=beta"}
]}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright.errors import DefinitionError, Problem
from dealwright.metadata import strict
from dealwright.storage import Database

if TYPE_CHECKING:
    from pathlib import Path

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")


@dataclass(frozen=True, slots=True)
class Served:
    """One workspace: the names under which it is served, and the address of its database."""

    hosts: tuple[str, ...]
    database: str


def read(file: Path) -> list[Served]:
    """Return the workspaces that a file names.

    Raises:
        DefinitionError: With everything that is wrong: no JSON, other keys, a name that is none or stands twice, a
            database that is none or stands twice.
    """
    content = strict.read(file)
    source = str(file)
    if not (isinstance(content, dict) and content.keys() == {"workspaces"} and isinstance(content["workspaces"], list)):
        text = 'expected {"workspaces": [{"hosts": ["crm.example.com"], "database": "sqlite:///…"}, …]}'
        raise _refused([Problem("", "wrong-form", text, source)])
    problems: list[Problem] = []
    found: list[Served] = []
    seen: dict[str, str] = {}
    for i, one in enumerate(content["workspaces"]):
        where = f"/workspaces/{i}"
        if not isinstance(one, dict) or one.keys() != {"hosts", "database"} or not isinstance(one["hosts"], list):
            problems.append(Problem(where, "wrong-form", "expected “hosts”, a list of names, and “database”", source))
            continue
        for place, kind, text in _faults(one):
            problems.append(Problem(f"{where}{place}", kind, text, source))
        for place, key in _keys(one):
            if key in seen:
                text = f"this stands at {seen[key]} already; each name and each database belongs to one workspace"
                problems.append(Problem(f"{where}{place}", "stands-twice", text, source))
            seen.setdefault(key, f"{where}{place}")
        found.append(Served(tuple(map(str, one["hosts"])), str(one["database"])))
    if not found and not problems:
        problems.append(Problem("/workspaces", "empty", "name at least one workspace", source))
    if problems:
        raise _refused(problems)
    return found


def _refused(problems: list[Problem]) -> DefinitionError:
    return DefinitionError("the file of workspaces cannot be used", problems)


def _faults(one: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = []
    if not one["hosts"]:
        found.append(("/hosts", "empty", "name at least one host"))
    for i, host in enumerate(one["hosts"]):
        if not isinstance(host, str) or not _HOST.match(host):
            text = "write the name of a host in small letters, without a port, such as crm.example.com (or xn--…)"
            found.append((f"/hosts/{i}", "no-host", text))
    try:
        Database(str(one["database"]))
    except ValueError as error:
        found.append(("/database", "no-database", str(error)))
    return found


def _keys(one: dict[str, Any]) -> list[tuple[str, str]]:
    hosts = [(f"/hosts/{i}", f"host {host}") for i, host in enumerate(one["hosts"])]
    return [*hosts, ("/database", f"database {one['database']}")]

"""What should be looked at in the packs of a workspace, now that time has passed since they came in.

    parked-change       a change of the admins that does not hold, and why
    stale-override      a pack sets a value of another one that has changed since
    deprecated          something is used that will be gone
    old-facts           facts of law that were last checked more than a year ago
    missing-year        a calendar that ends before next month does
    not-signed          an archive in force that nobody whom you trust has signed
    newer-release       a release that could be installed and is later than the one in force

The codes never change. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from dealwright import clock
from dealwright.errors import Problem
from dealwright.metadata.fold import fold
from dealwright.packs import ranges, search, trust
from dealwright.packs.lint.facts import YEAR
from dealwright.packs.source import read
from dealwright.packs.stored import state
from dealwright.storage import releases, revisions

if TYPE_CHECKING:
    from dealwright.metadata.fold import Folded
    from dealwright.metadata.layers import Layer
    from dealwright.storage import Connection

#: How long before the end of a year the next one should be there. China announces its holidays in November.
_AHEAD = timedelta(days=31)


def findings(connection: Connection) -> list[Problem]:
    """Return what should be looked at.

    Raises:
        NotFoundError: If the workspace has no definitions yet.
    """
    layers = state(connection, revisions.active(connection)).layers
    folded = fold(layers)
    found = list(_parked(layers, folded))
    found += [one for one in folded.warnings if one.code == "stale-override"]
    found += _deprecated(layers)
    for layer in layers:
        found += _facts(layer)
        found += _newer(layer)
    found += _years(folded.documents)
    found += _signatures(connection, layers)
    return found


def _parked(layers: Iterable[Layer], folded: Folded) -> Iterator[Problem]:
    for layer in layers:
        for one in layer.patches:
            standing = folded.standings[one.id]
            if standing.state != "active":
                message = f"this change is {standing.state}{f': {standing.why}' if standing.why else ''}; reset it, or keep it"
                yield Problem("", "parked-change", message, one.path)


def _deprecated(layers: Iterable[Layer]) -> Iterator[Problem]:
    layers = list(layers)
    old = {
        one.document["id"]: (layer.id, one.document["deprecated"])
        for layer in layers
        for one in layer.documents
        if "deprecated" in one.document and "id" in one.document
    }
    if not old:
        return
    for layer in layers:
        for one in layer.documents:
            for name in sorted(set(_texts(one.document)) & old.keys()):
                owner, said = old[name]
                if owner != layer.id:
                    instead = said.get("replaced_by") or said.get("description") or "something else"
                    message = f"“{name}” of {owner} is out of use since {said['since']}; use {instead}"
                    yield Problem("", "deprecated", message, one.source)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _texts(value)


def _facts(layer: Layer) -> Iterator[Problem]:
    day = layer.manifest.get("facts_as_of")
    if day is None:
        return
    age = (clock.now().date() - date.fromisoformat(day)).days
    if age > YEAR:
        message = f"its facts were last checked on {day}, {age} days ago; look for a later release"
        yield Problem("/facts_as_of", "old-facts", message, layer.id)


def _newer(layer: Layer) -> Iterator[Problem]:
    folder = search.find().get(layer.id)
    if folder is None:
        return
    there = read(folder.resolve())
    if there.version > ranges.version(layer.version):
        message = f"{there.layer.version} could be installed, and {layer.version} is in force"
        yield Problem("", "newer-release", message, layer.id)


def _years(documents: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[Problem]:
    now = clock.now()
    for (kind, identifier), document in sorted(documents.items()):
        years = document.get("years", {}) if kind == "calendar" else {}
        for year in sorted({now.year, (now + _AHEAD).year}) if years else ():
            if str(year) not in years:
                message = f"it knows no holidays of {year}; install a later release, or add the year"
                yield Problem("/years", "missing-year", message, f"calendar:{identifier}")


def _signatures(connection: Connection, layers: Iterable[Layer]) -> Iterator[Problem]:
    latest = {(one.pack, one.version): one for one in releases.all_of(connection)}
    trusted = releases.keys(connection)
    for layer in layers:
        one = latest.get((layer.id, layer.version))
        if one is not None and one.origin == "archive" and not trust.is_trusted(one, trusted):
            whose = f"signed by {one.publisher} with a key that is not trusted here" if one.key else "signed by nobody"
            yield Problem("", "not-signed", f"{one.version} is {whose}", layer.id)

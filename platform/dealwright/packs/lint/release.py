"""What a release owes to those who have the one before: deprecations, a version, a word in the change log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from dealwright.errors import Problem
from dealwright.metadata import strict
from dealwright.packs import ranges
from dealwright.packs.compare import compare

if TYPE_CHECKING:
    from dealwright.packs.lint.about import About
    from dealwright.packs.source import PackSource

#: The path of a whole field.
_FIELD: Final = re.compile(r"entity:[a-z0-9_.]+#/properties/[a-z0-9_]+\Z")


def alone(about: About) -> Iterator[Problem]:
    """Yield what can be said of a release without the one before."""
    version = about.source.layer.version
    file = about.source.folder / "CHANGELOG.json"
    entries = strict.read(file, about.file("CHANGELOG.json")) if file.is_file() else []
    known = [one for one in entries if isinstance(one, Mapping) and one.get("version") == version]
    if not any(one.get("changes") for one in known):
        message = f"it says nothing of {version}; say what is other for those who have the release before"
        yield Problem("", "P012", message, about.file("CHANGELOG.json"))
    for one in about.source.layer.documents:
        gone = one.document.get("deprecated", {}).get("remove_in")
        if gone is not None and ranges.version(version) >= ranges.version(gone):
            message = f"it was to be gone in {gone}, and this is {version}; remove it, or name a later version"
            yield Problem("/deprecated/remove_in", "P013", message, one.source)


def look(about: About, before: PackSource) -> Iterator[Problem]:
    """Yield what a release should have said or done otherwise, in the eyes of those who have the one before."""
    found = compare(before, about.source)
    manifest = about.file("pack.json")
    if not found.suffices:
        worst = next(one for one in found.changes if one.bump == found.bump)
        message = f"{found.after} follows {found.before}; it must be {found.least} at least: {worst.path} ({worst.why})"
        yield Problem("/version", "P011", message, manifest)
    elif found.changes and ranges.version(found.after) == ranges.version(found.before):
        yield Problem("/version", "P011", f"something differs, and the version is still {found.after}", manifest)
    outdated = {
        f"{one.document['kind']}:{one.document['id']}"
        for one in before.layer.documents
        if "deprecated" in one.document and "id" in one.document
    }
    outdated |= {
        f"entity:{one.document.get('id') or one.document['extends']}#/properties/{name}"
        for one in before.layer.documents
        if one.document["kind"] == "entity"
        for name, spec in one.document.get("properties", {}).items()
        if "deprecated" in spec
    }
    outdated |= {one["from"] for one in about.source.layer.moves if "from" in one}  # it is there under another name
    for change in found.changes:
        path = change.path.removesuffix("#")
        is_part = "#" in path and not _FIELD.search(path)
        if change.sort == "removed" and not is_part and not path.startswith(("pack", "i18n")) and path not in outdated:
            message = (
                f"{path} is gone, and {found.before} did not say that it would be; keep it one release as deprecated"
            )
            yield Problem("", "P010", message, manifest)

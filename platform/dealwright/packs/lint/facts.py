"""Numbers of law: each with its fact, each fact with its source, and looked at within the year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

from dealwright import clock
from dealwright.errors import Problem

if TYPE_CHECKING:
    from dealwright.packs.lint.about import About

#: Days after which facts should have been checked again.
YEAR: Final = 366


def look(about: About) -> Iterator[Problem]:
    """Yield numbers of law without a fact or a reason, facts without a place to read them, and facts that have grown old."""
    legal = False
    for one in about.source.layer.documents:
        document = one.document
        if document["kind"] == "deadline" and "id" in document and "fact" not in document:
            yield Problem("", "P060", "a deadline is a number of law; name the fact that it comes from", one.source)
        elif document["kind"] == "entity" and "reason" not in document.get("retention", {"reason": ""}):
            message = "how long records are kept is asked for by somebody; name the law or the contract as reason"
            yield Problem("/retention", "P060", message, one.source)
        elif document["kind"] == "fact" and document.get("class") == "regulatory":
            legal = True
            if not {"article", "url"} & document["source"].keys():
                message = "a fact of law says where it stands: an article, or an address"
                yield Problem(f"{_index(one.source)}/source", "P060", message, _file(one.source))
    manifest = about.source.manifest
    if "facts_as_of" not in manifest:
        if legal:
            message = "it has facts of law; say in facts_as_of when they were last checked"
            yield Problem("", "P061", message, about.file("pack.json"))
        return
    age = (clock.now().date() - date.fromisoformat(manifest["facts_as_of"])).days
    if age > YEAR:
        message = f"its facts were last checked {age} days ago; check them again, and say when"
        yield Problem("/facts_as_of", "P061", message, about.file("pack.json"))


def _file(source: str) -> str:
    """Return the file of an item of a list, of whose source its place is a part: ``facts.json/3``."""
    return source.rpartition("/")[0] if source.rpartition("/")[2].isdigit() else source


def _index(source: str) -> str:
    return f"/{source.rpartition('/')[2]}" if source.rpartition("/")[2].isdigit() else ""

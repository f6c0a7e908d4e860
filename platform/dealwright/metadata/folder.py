"""The documents of a folder: one a file in the folder of its kind, lists in ``parameters.json`` and ``facts.json``.

entities/opportunity.json      the entity <namespace>.opportunity
extend/<pack>/account.json     what is added to <namespace of that pack>.account
parameters.json facts.json     a list of each
i18n/<locale>.json             path to text
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dealwright.errors import DefinitionError, Problem
from dealwright.metadata import schemas, strict
from dealwright.metadata.layers import SourcedDocument
from dealwright.metadata.pointers import pointer

#: Folder to the kind of the documents in it.
FOLDERS: Final[Mapping[str, str]] = {
    "approvals": "approval",
    "calendars": "calendar",
    "dashboards": "dashboard",
    "deadlines": "deadline",
    "entities": "entity",
    "intakes": "intake",
    "messages": "message",
    "option_sets": "option_set",
    "pipelines": "pipeline",
    "reports": "report",
    "roles": "role",
    "rules": "rule",
    "scores": "score",
    "sequences": "sequence",
    "sla": "sla",
    "views": "view",
}
#: File that holds a list to the kind of its items.
LISTS: Final[Mapping[str, str]] = {"parameters.json": "parameter", "facts.json": "fact"}

Translations = dict[str, dict[str, str]]


def read_folder(folder: Path, namespace: str, shown: str = "") -> tuple[tuple[SourcedDocument, ...], Translations]:
    """Return the documents and translations of a folder; other files in it are not looked at.

    Args:
        folder: The base, or a pack.
        namespace: Of its documents.
        shown: What sources are called after: ``<shown>/entities/deal.json``; without it ``entities/deal.json``.

    Raises:
        DefinitionError: With every file that cannot be read, and every name that does not fit.
    """
    found: list[SourcedDocument] = []
    problems: list[Problem] = []

    def read(file: Path) -> Any:
        source = f"{shown}/{file.relative_to(folder).as_posix()}".lstrip("/")
        try:
            return source, strict.read(file, source)
        except DefinitionError as error:
            problems.extend(error.problems)
            return source, None

    for name, kind in LISTS.items():
        if (folder / name).is_file():
            source, items = read(folder / name)
            if isinstance(items, list):
                found.extend(_item(one, kind, namespace, f"{source}", i, problems) for i, one in enumerate(items))
            elif items is not None:
                problems.append(Problem("", "wrong-type", f"{name} holds a list of {kind}s", source))
    for name, kind in FOLDERS.items():
        for file in sorted((folder / name).glob("*.json")):
            source, document = read(file)
            if document is not None:
                problems.extend(_misnamed(document, kind, "id", file, source))
                found.append(SourcedDocument(document, source))
    for file in sorted((folder / "extend").glob("*/*.json")):
        source, document = read(file)
        if document is not None:
            problems.extend(_misnamed(document, None, "extends", file, source))
            found.append(SourcedDocument(document, source))
    translations: Translations = {}
    for file in sorted((folder / "i18n").glob("*.json")):
        source, texts = read(file)
        if isinstance(texts, dict) and all(isinstance(one, str) for one in texts.values()):
            translations[file.stem] = texts
        elif texts is not None:
            problems.append(Problem("", "wrong-type", "a file of translations is an object of path to text", source))
    if problems:
        raise DefinitionError(f"{shown or folder.name} cannot be read", problems)
    return tuple(found), translations


def _item(one: Any, kind: str, namespace: str, source: str, index: int, problems: list[Problem]) -> SourcedDocument:
    """Return an item of a list as a document of its own: with its kind and the namespace before its id."""
    if not isinstance(one, dict):
        problems.append(Problem(f"/{index}", "wrong-type", f"expected an object that is a {kind}", source))
        return SourcedDocument({}, source)
    identifier = one.get("id")
    if isinstance(identifier, str) and "." not in identifier:
        identifier = f"{namespace}.{identifier}"
    return SourcedDocument({**one, "kind": one.get("kind", kind), "id": identifier}, f"{source}{pointer([index])}")


def _misnamed(document: Any, kind: str | None, key: str, file: Path, source: str) -> list[Problem]:
    if not isinstance(document, Mapping):
        return []  # its schema says so
    found = []
    if kind is not None and document.get("kind") in schemas.KINDS and document["kind"] != kind:
        message = (
            f"this folder holds documents of the kind {kind}, and this is one of the kind {document['kind']}; move it"
        )
        found.append(Problem("/kind", "wrong-folder", message, source))
    identifier = document.get(key)
    if isinstance(identifier, str) and identifier.partition(".")[2] != file.stem:
        message = f"“{identifier}” belongs into a file {identifier.partition('.')[2]}.json; rename the file or the id"
        found.append(Problem(f"/{key}", "wrong-file-name", message, source))
    return found

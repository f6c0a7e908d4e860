"""What is wrong with a draft, by the checks of ``dealwright check``, at the thing that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dealwright.metadata import canonical
from dealwright.metadata.pointers import named, path, steps
from dealwright.web import sentences
from dealwright_admin import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dealwright.errors import Problem
    from dealwright.packs.drafts import Opened

_OVERLAY = "overlay/"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One problem.

    Attributes:
        label: The thing that it is about: ``Opportunity · Cost centre``.
        pointer: Where in the document, for who wants to know exactly.
        kind, id, at: The same as names of the definitions; empty for what is in a pack's file.
        href: Where it is mended; empty where nothing edits it.
    """

    label: str
    message: str
    code: str
    pointer: str
    kind: str = ""
    id: str = ""
    at: tuple[str, ...] = ()
    href: str = ""


def told(draft: Opened) -> list[Wrong]:
    """Return everything that is wrong with a draft; it cannot be published as long as there is anything."""
    return [_wrong(draft, one) for one in draft.examined.problems]


def looked(draft: Opened) -> list[Wrong]:
    """Return what should be looked at, of what the draft changes."""
    mine = {one.path.partition("#")[0] for one in draft.changes}
    return [one for each in draft.examined.warnings if (one := _wrong(draft, each)) and f"{one.kind}:{one.id}" in mine]


def worth_a_look(draft: Opened, kind: str, identifier: str) -> list[Wrong]:
    """Return what should be looked at in one document, whether the draft changes it or not."""
    found = [_wrong(draft, each) for each in draft.examined.warnings]
    return [one for one in found if (one.kind, one.id) == (kind, identifier)]


def at(wrong: Sequence[Wrong], kind: str, identifier: str, place: Sequence[str] = ()) -> list[Wrong]:
    """Return the problems at a place and within it."""
    return [one for one in wrong if (one.kind, one.id) == (kind, identifier) and one.at[: len(place)] == tuple(place)]


def _wrong(draft: Opened, one: Problem) -> Wrong:
    kind, identifier, place = _located(draft, one)
    if not kind:
        return Wrong(one.source, sentences.told(one.message), one.code, f"{one.source}{one.pointer}")
    about = words.document(draft.catalog, kind, identifier)
    what = words.place(draft.catalog, kind, identifier, place)
    return Wrong(
        f"{about} · {what}" if what else about,
        sentences.told(one.message),
        one.code,
        path(kind, identifier, place),
        kind,
        identifier,
        place,
        words.href(draft, kind, identifier, place),
    )


def _located(draft: Opened, one: Problem) -> tuple[str, str, tuple[str, ...]]:
    """Return kind, id and place of what a problem is about; empty where it is in a pack's file."""
    overlaid = one.source.startswith(_OVERLAY)
    head, _, inner = one.source.removeprefix(_OVERLAY).partition("#")
    kind, colon, identifier = head.partition(":")
    if not colon:
        return "", "", ()
    outer = steps(inner)
    pointer = one.pointer
    if overlaid and (pointer == "/value" or pointer.startswith("/value/")):
        pointer = pointer.removeprefix("/value")
    whole = _patched(draft, head, inner) if overlaid else draft.examined.folded.documents.get((kind, identifier), {})
    return kind, identifier, (*outer, *named(canonical.plain(whole), pointer))


def _patched(draft: Opened, head: str, inner: str) -> Any:
    where = f"{head}#{inner}"
    found = next((one.value for one in draft.patches if one.path == where and one.op == "add"), None)
    return found if isinstance(found, Mapping) else {}

"""The questions of an upgrade in words: what the pack said, what it says, what we say, and what can be answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dealwright.metadata.pointers import steps
from dealwright.packs.questions import KEEP, TAKE, Answer
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright_admin import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.datastructures import MultiDict

    from dealwright.metadata.catalog import Catalog


def told(catalog: Catalog, items: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return each question as the page shows it.

    Args:
        catalog: Whose titles are told.
        items: As the plan keeps them (``packs.questions``).
        names: Id of a user to the name, for who changed it.
    """
    found = []
    for one in items:
        kind, _, identifier = one["path"].partition("#")[0].partition(":")
        at = steps(one["path"].partition("#")[2])
        found.append(
            {
                **one,
                "kind": words.kind(kind),
                "about": words.document(catalog, kind, identifier),
                "what": words.place(catalog, kind, identifier, at),
                "said": _said(one),
                "saw": words.value(one.get("saw")),
                "theirs": "" if one["action"] == "CONFLICT" else words.value(one.get("theirs")),
                "ours": words.value(one.get("ours")),
                "changed_by": names.get(str(one.get("by")), ""),
                "choices": [(choice, _choice(catalog, one, choice)) for choice in one["choices"]],
                "answer": one.get("answer", ""),
                "note": one.get("note", ""),
            }
        )
    return found


def read(form: MultiDict[str, str], items: Sequence[Mapping[str, Any]]) -> dict[str, Answer]:
    """Return the answers of a form; ``all`` answers in one go what has no answer yet."""
    everything = form.get("all", "")
    found = {}
    for one in items:
        choice = form.get(f"answer.{one['id']}", "") or (everything if everything in one["choices"] else "")
        if choice in one["choices"]:
            found[one["id"]] = Answer(choice, form.get(f"note.{one['id']}", "").strip()[:1000])
    return found


def _said(one: Mapping[str, Any]) -> str:
    """Return in a sentence what has happened to a change."""
    said = {
        "REVIEW": gettext(
            "The pack says something else than when this was changed. Yours stands unless you take theirs."
        ),
        "TIGHTENED": gettext("The pack is stricter by now, and the stricter word stands."),
        "PARKED": gettext("What this is about is gone. It can wait and comes back with it."),
        "BLOCKED": gettext("This does not fit any more and cannot stay."),
        "CONFLICT": gettext("Two packs that do not build on one another say different things. Whose word stands?"),
        "CONVERGED": gettext("The pack says the same by now, so yours is not needed any more."),
        "MOVED": gettext("This has another name now; your change follows."),
    }
    return said.get(one["action"], str(one["action"]))


def _choice(catalog: Catalog, one: Mapping[str, Any], choice: str) -> str:
    if one["action"] == "CONFLICT":
        pack = catalog.packs.get(choice)
        name = i18n.pack_title(pack) if pack is not None else choice
        return f"{name}: {words.value(one['theirs'].get(choice))}"
    if choice == KEEP:
        waits = one["action"] in ("TIGHTENED", "PARKED")
        return gettext("Let mine wait") if waits else gettext("Keep mine")
    if choice == TAKE:
        return gettext("Take theirs") if one["action"] in ("REVIEW", "MOVED") else gettext("Let mine go")
    return choice

"""Own copies of what a pack defines: they go their own way, and remember of what they are one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright.errors import NotFoundError
from dealwright.metadata import canonical
from dealwright.metadata.names import BASE, CUSTOM, namespace_of
from dealwright.metadata.scopes import qualified
from dealwright.web.i18n import gettext
from dealwright_admin.entities import free

if TYPE_CHECKING:
    from collections.abc import Collection

    from dealwright.packs.drafts import Opened

#: What is of the pack's document alone.
_LEFT: Final = frozenset({"sealed", "deprecated", "$schema", "derived_from"})


def copied(draft: Opened, kind: str, original: str, taken: Collection[str]) -> dict[str, Any]:
    """Return an own copy of a document of a pack, as it stands in the draft.

    Parameters of the pack are named as those of another pack in it, so that it means what the original means.

    Raises:
        NotFoundError: If no pack defines such a document.
    """
    document = draft.document(kind, original)
    layer = draft.examined.folded.owners.get((kind, original), "")
    version = next((one.version for one in draft.before.layers if one.id == layer), "")
    if not version and layer != BASE:
        raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=original[:80]))
    name = free(original.partition(".")[2], taken, kind, f"{CUSTOM}.")
    origin = {"id": original, "sha256": canonical.digest(draft.below.documents[(kind, original)])}
    return {
        **_own(qualified({key: value for key, value in document.items() if key not in _LEFT}, namespace_of(original))),
        "id": f"{CUSTOM}.{name}",
        "title": gettext("%(title)s (copy)", title=document["title"]),
        "derived_from": origin | ({"version": version} if version else {}),
    }


def _own(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with plain ids: what the admins had added to a pack's is simply of the copy."""
    prefix = f"{CUSTOM}__"
    found: set[str] = set()

    def gather(part: Any) -> None:
        if isinstance(part, list):
            found.update(
                str(one["id"]) for one in part if isinstance(one, dict) and str(one.get("id", "")).startswith(prefix)
            )
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            gather(inner)

    def plain(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: plain(value) for key, value in part.items()}
        if isinstance(part, list):
            return [plain(one) for one in part]
        return part.removeprefix(prefix) if isinstance(part, str) and part in found else part

    gather(document)
    made: dict[str, Any] = plain(document)
    return made

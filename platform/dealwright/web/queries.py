"""What a list or board was asked for: the texts of its address, or those of a saved view.

An address that says anything of its own is taken as it stands; one with a ``view`` alone shows what was saved. So a
filter that somebody cleared stays cleared, and a page can say that it differs from its view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import request, url_for

from dealwright import records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work
    from dealwright.storage.list_views import ListView

#: What a saved view keeps; ``q`` and ``cursor`` are of the moment.
KEPT = ("filter", "sort", "columns", "group", "size", "by", "pipeline", "shape")
_ASKED = ("q", "cursor", *KEPT)


@dataclass(frozen=True, slots=True)
class Query:
    """See the module.

    Attributes:
        texts: Name → text, none of them empty.
        views: The saved views that the reader has of this list.
        view: The one that is open, or None.
    """

    entity: str
    texts: Mapping[str, str]
    views: Sequence[ListView]
    view: ListView | None

    def __getitem__(self, name: str) -> str:
        """Return the text of a name; empty if it was not asked for."""
        return self.texts.get(name, "")

    @property
    def differs(self) -> bool:
        """Whether the open view would show something else."""
        return self.view is not None and self.kept() != dict(self.view.query)

    def kept(self) -> dict[str, str]:
        """Return what a view of this would keep."""
        return {name: self.texts[name] for name in KEPT if name in self.texts}

    def address(self, changes: Mapping[str, Any], endpoint: str = "web.records") -> str:
        """Return the address of the same list, with some texts changed; an empty one takes a text out."""
        texts = {**self.texts, **changes}
        kept = {name: str(text) for name, text in texts.items() if text and name != "shape"}
        if self.view is not None and "view" not in changes:
            kept["view"] = self.view.id
            if not any(name in kept for name in _ASKED):
                kept["filter"] = ""
        where = url_for(endpoint, entity_id=self.entity)
        return f"{where}?{urlencode(kept)}" if kept else where


def asked(work: Work, entity: Entity, shape: str) -> Query:
    """Return what this request asks for; ``shape`` is ``list`` or ``board``."""
    views = records.list_views(work, entity.id)
    view = next((one for one in views if one.id == request.args.get("view")), None)
    if view is not None and not any(name in request.args for name in _ASKED):
        texts = dict(view.query)
    else:
        given = {name: request.args.get(name, "").strip() for name in _ASKED}
        given["columns"] = ",".join(request.args.getlist("columns"))  # a box for each of them
        texts = {name: text for name, text in given.items() if text}
    if shape == "board":
        texts["shape"] = shape
    else:
        texts.pop("shape", None)
    return Query(entity.id, texts, views, view)

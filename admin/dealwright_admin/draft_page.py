"""What all pages of a draft share: which draft it is, what is wrong with it, and writing into it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import request, url_for
from flask_admin import BaseView

from dealwright import clock, packs
from dealwright.errors import ConflictError
from dealwright.packs import drafts
from dealwright.storage import audit
from dealwright.web import notices, visit
from dealwright_admin import problems
from dealwright_admin.console import Guarded
from dealwright_admin.parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from dealwright.packs.drafts import Opened


class DraftPage(Guarded, BaseView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """A page of a draft; it is not in the menu, as there may be many drafts."""

    #: Which part of a draft is shown, for the navigation within it.
    part = ""

    def __init__(self, endpoint: str) -> None:
        self._default_view = ""  # what the menu would lead to
        super().__init__(name="", endpoint=f"admin_{endpoint}", url="drafts")

    def is_visible(self) -> bool:
        """Tell that the menu does not list it."""
        return False

    def _run_view(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run the view; a script that saved while somebody typed is told a conflict where the checks stand."""
        try:
            return super()._run_view(function, *args, **kwargs)
        except ConflictError as error:
            if not autosaved():
                raise
            return str(self.render("dealwright_admin/clash.html", error=error)), error.status

    def shown(self, template: str, draft: Opened, **values: Any) -> str:
        """Return a page of a draft."""
        wrong = problems.told(draft)
        return str(
            self.render(
                f"dealwright_admin/{template}",
                opened=draft,
                draft=draft.draft,
                part=self.part,
                parts=PARTS,
                problems=wrong,
                conflicts=drafts.conflicts(draft) if draft.draft.state == "open" else [],
                notice=notices.notice(),
                **values,
            )
        )


def opened(identifier: str) -> Opened:
    """Return a draft, as it is now.

    Raises:
        NotFoundError: If there is none.
    """
    with visit.workspace().database.read() as connection:
        return drafts.opened(connection, identifier)


@contextmanager
def writing(identifier: str) -> Iterator[tuple[Connection, Opened]]:
    """Open a transaction in which a draft is changed.

    Raises:
        NotFoundError: If there is no such draft.
        ConflictError: If it is not open any more.
    """
    with visit.workspace().database.write() as connection:
        draft = drafts.opened(connection, identifier)
        drafts.demand_open(draft)
        yield connection, draft


def noted(connection: Connection, action: str, draft: str, data: dict[str, Any]) -> None:
    """Write what was done with a draft into the audit log."""
    audit.append(
        connection,
        action=action,
        actor=visit.user().id,
        at=clock.now(),
        subject=f"draft:{draft}",
        data={**data, "by": visit.user().by},
        address=visit.address(),
    )


def autosaved() -> bool:
    """Tell whether a script posts while somebody types, and wants only to know what is wrong now."""
    return visit.wants_part()


def seen() -> str | None:
    """Return what the document was like when the form that is posted was drawn; None where the form does not say."""
    return request.form.get("seen") or None


def address(endpoint: str, **values: Any) -> str:
    """Return the address of a page of the draft that this request is about."""
    arguments = {**(request.view_args or {}), **values}
    wanted = {"draft": arguments.pop("draft"), **values}
    return url_for(endpoint, **wanted)


__all__ = ["DraftPage", "address", "autosaved", "noted", "opened", "packs", "seen", "writing"]

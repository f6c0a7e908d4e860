"""Mounting the console, and what all its views share: who may enter, and how a view is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import redirect, request, url_for
from flask_admin import expose as flask_admin_expose
from flask_admin.model import BaseModelView
from wtforms import Form

from dealwright import access, records
from dealwright.errors import ForbiddenError, NotFoundError
from dealwright.metadata.names import BASE
from dealwright.web import display, i18n, visit
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from datetime import datetime

    from flask.typing import ResponseReturnValue
    from sqlalchemy import Connection

#: Who has this capability may see and do everything in the console.
CAPABILITY = "admin"
#: Most rows that a list of the console looks at, newest first; older ones are found by the record's own page.
MOST = 1000

_USER = f"{BASE}.user"

Row = Mapping[str, Any]
View = TypeVar("View", bound=Callable[..., Any])


def exposed(address: str, methods: Sequence[str] = ("GET",)) -> Callable[[View], View]:
    """Mark a method as the view of an address below that of its class."""
    return cast("Callable[[View], View]", flask_admin_expose(address, methods=methods))


class Guarded:
    """A view that only administrators may enter. Comes before Flask-Admin's class among the bases."""

    def _handle_view(self, name: str, **kwargs: Any) -> ResponseReturnValue | None:
        """Let an administrator in; anybody else is refused, a forged post too."""
        answer = visit.begin()
        if answer is not None:
            return answer
        if not access.capable(visit.catalog(), visit.user(), CAPABILITY):
            raise ForbiddenError(gettext("Only administrators may enter the console."))
        return None

    def _run_view(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run the view. Flask-Admin 2.2.1 would run it again on any ``TypeError`` and hide where that came from."""
        return function(self, *args, **kwargs)

    def is_accessible(self) -> bool:
        """Tell that the view may be listed in the menu: whoever sees the menu is an administrator."""
        return True


class Listing(Guarded, BaseModelView):  # type: ignore[misc]  # flask_admin has no types for mypy
    """A list of rows that a function of the platform gives, newest first, with one page for each.

    A subclass says ``column_list``, ``column_labels``, and gives the rows. Rows are mappings; nothing is written
    through Flask-Admin's own forms.
    """

    can_create = can_edit = can_delete = False
    can_view_details = True
    list_template = "dealwright_admin/list.html"
    details_template = "dealwright_admin/details.html"
    page_size = 50
    simple_list_pager = True
    #: Columns that the search looks in; empty for no search.
    searched: Sequence[str] = ()
    #: Columns that the list can be sorted by.
    sorted_by: Sequence[str] = ()
    #: What a row is known by.
    key = "id"

    def __init__(self, name: str, endpoint: str) -> None:
        super().__init__(dict, name=name, endpoint=f"admin_{endpoint}", url=endpoint)

    def rows(self, connection: Connection) -> list[Row]:
        """Return every row of the list."""
        raise NotImplementedError

    def row(self, connection: Connection, identifier: str) -> Row | None:
        """Return one row for its page; by default the one of the list."""
        return next((one for one in self.rows(connection) if str(one[self.key]) == identifier), None)

    def get_pk_value(self, model: Row) -> str:
        """Return what the row is known by."""
        return str(model[self.key])

    def scaffold_list_columns(self) -> list[str]:
        """Return the columns."""
        return list(self.column_list)

    def scaffold_sortable_columns(self) -> dict[str, str]:
        """Return the columns that the list can be sorted by."""
        return {name: name for name in self.sorted_by}

    def init_search(self) -> bool:
        """Tell whether there is a search."""
        return bool(self.searched)

    def scaffold_form(self) -> type[Form]:
        """Return an empty form: nothing is written through Flask-Admin."""
        return cast("type[Form]", Form)

    def scaffold_list_form(self, widget: Any = None, validators: Any = None) -> type[Form]:
        """Return an empty form."""
        return cast("type[Form]", Form)

    def _get_field_value(self, model: Row, name: str) -> Any:
        return model.get(name)

    def get_list(
        self,
        page: int | None,
        sort_field: str | None,
        sort_desc: bool | None,
        search: str | None,
        filters: Any,
        page_size: int | None = None,
    ) -> tuple[int, list[Row]]:
        """Return how many rows match, and those of the page."""
        with visit.workspace().database.read() as connection:
            found = self.rows(connection)
        if search:
            wanted = search.casefold()
            found = [one for one in found if any(wanted in str(one.get(n) or "").casefold() for n in self.searched)]
        if sort_field:
            found.sort(key=lambda one: (one.get(sort_field) is None, str(one.get(sort_field))), reverse=bool(sort_desc))
        size = page_size or self.page_size
        start = (page or 0) * size
        return len(found), self._named(found[start : start + size])

    def get_one(self, id: str) -> Row:  # noqa: A002 - Flask-Admin's name
        """Return the row of a page.

        Raises:
            NotFoundError: If there is none.
        """
        with visit.workspace().database.read() as connection:
            found = self.row(connection, id)
        if found is None:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=id[:80]))
        return self._named([found])[0]

    def _named(self, rows: list[Row]) -> list[Row]:
        """Add to each row, as ``shown_as``, what people call the records, users and definitions that it holds ids of."""
        catalog, wanted = visit.catalog(), dict[str, set[str]]()
        for row in rows:
            for entity, identifier in ((row.get("entity"), row.get("record")), (_USER, row.get("actor"))):
                if entity and identifier:
                    wanted.setdefault(str(entity), set()).add(str(identifier))
        titles: Mapping[tuple[str, str], str] = {}
        if wanted:
            with visit.reading() as work:
                titles = records.titles(work, wanted)
        named: list[Row] = []
        for row in rows:
            told = {
                "record": titles.get((str(row.get("entity")), str(row.get("record")))),
                "actor": titles.get((_USER, str(row.get("actor")))),
                "by": titles.get((_USER, str(row.get("actor")))),
                "entity": _called(catalog.entities.get(str(row.get("entity"))), "entity"),
                "rule": _called(catalog.rules.get(str(row.get("rule"))), "rule"),
            }
            if isinstance(row.get("roles"), list | tuple):
                roles = [_called(catalog.roles.get(one), "role") or one for one in row["roles"]]
                told["roles"] = ", ".join(roles)
            named.append({**row, "shown_as": {name: title for name, title in told.items() if title}})
        return named

    def back(self) -> ResponseReturnValue:
        """Lead to the list, and say that it is done."""
        return redirect(url_for(f"{self.endpoint}.index_view", notice="done"), 303)


def _called(definition: Any, kind: str) -> str | None:
    if definition is None:
        return None
    return i18n.text(visit.catalog(), kind, definition.id, "/title", definition.title)


def word(value: str) -> str:
    """Return a state, a mode or a kind of trigger in the language of the page; any other word as it is."""
    words = {
        **{"active": gettext("active"), "disabled": gettext("disabled"), "live": gettext("live")},
        **{"shadow": gettext("shadow"), "draft": gettext("draft"), "pending": gettext("pending")},
        **{"sent": gettext("sent"), "dead": gettext("given up"), "skipped": gettext("skipped")},
        **{"record": gettext("record"), "stage": gettext("stage"), "event": gettext("event")},
        **{"waiting": gettext("waiting"), "running": gettext("running"), "done": gettext("done")},
        **{"schedule": gettext("schedule"), "idle": gettext("idle"), "count": gettext("count")},
    }
    return words.get(value, value)


def pretty(document: Mapping[str, Any]) -> str:
    """Return a document as JSON that a person can read."""
    return json.dumps(document, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    """Return what JSON does not know as what it does: read-only mappings as objects, the rest as text."""
    return (
        dict(value)
        if isinstance(value, Mapping)
        else list(value)
        if isinstance(value, tuple | frozenset)
        else str(value)
    )


def local_moment(moment: datetime) -> str:
    """Return a moment as day and time in the reader's zone."""
    return display.moment(moment.isoformat())


def posted_ids() -> list[str]:
    """Return the rows that a post names."""
    return [one for one in request.form.getlist("rowid") if one]

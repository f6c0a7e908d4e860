"""Saved views of lists and boards: everybody keeps the own, and may let everyone use one who may read the entity.

A view is what stands in the address of a list, under a name. It gives nobody a right: its filter is asked in the name of
whoever opens it, so that a field that he may not see is unknown to him there too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dealwright import access, clock
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, Problem, RecordError
from dealwright.fields.messages import message
from dealwright.storage import list_views as stored
from dealwright.storage.list_views import ListView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.records.work import Work

AUDIENCES: Final = ("private", "everyone")
#: Views of one entity that one person may keep; longest title; longest text of a query.
MOST, TITLE, QUERY = 50, 80, 4000


def list_views(work: Work, entity_id: str) -> list[ListView]:
    """Return the saved views of an entity that the user has, by title.

    Raises:
        NotFoundError, ForbiddenError: If the user may not read the entity.
    """
    access.demand(work.catalog, work.user, "read", entity_id)
    return stored.of(work.connection, entity_id, work.user.id or "")


def keep_list_view(
    work: Work,
    entity_id: str,
    title: str,
    query: Mapping[str, str],
    *,
    audience: str = "private",
    id: str | None = None,  # noqa: A002 - the word of the interface
) -> ListView:
    """Save a view, or change one of the user's own.

    Args:
        work: The transaction.
        entity_id: Id of the entity.
        title: What it is called.
        query: Names and texts, as in the address of a list.
        audience: ``private``, or ``everyone`` who may read the entity.
        id: The view to change; None saves a new one.

    Raises:
        NotFoundError: If there is no such view, or it is another's.
        RecordError: If it cannot be kept like that.
        ConflictError: If the user has ``MOST`` views of the entity already.
        ForbiddenError: If nobody is signed in, as on the command line.
    """
    owner = work.user.id
    if owner is None:
        raise ForbiddenError("views are saved by somebody who is signed in; sign in as a user")
    known = {one.id: one for one in list_views(work, entity_id) if one.owner == owner}
    if id is not None and id not in known:
        raise _missing(id)
    if id is None and len(known) >= MOST:
        raise ConflictError(f"{MOST} views of this list are saved already; remove one of them first")
    named = " ".join(title.split())
    problems = []
    if not named:
        problems.append(Problem("/title", "required", message("required")))
    if len(named) > TITLE:
        problems.append(Problem("/title", "too-long", message("too-long", length=len(named), limit=TITLE)))
    if audience not in AUDIENCES:
        text = f"audience is “{audience[:40]}”; it may be private or everyone"
        problems.append(Problem("/audience", "no-such-option", text))
    if any(len(text) > QUERY for text in query.values()):
        problems.append(Problem("/query", "too-long", message("too-long", length=QUERY + 1, limit=QUERY)))
    if problems:
        raise RecordError("the view was not saved", problems)
    view = ListView(id or clock.new_id(), entity_id, owner, named, audience, dict(query), work.now)
    stored.put(work.connection, view)
    return view


def remove_list_view(work: Work, entity_id: str, identifier: str) -> None:
    """Remove one of the user's own views; an administrator removes any that is for everyone.

    Raises:
        NotFoundError: If there is no such view, or it is another's.
    """
    known = {one.id: one for one in list_views(work, entity_id)}
    one = known.get(identifier)
    if one is None or (one.owner != work.user.id and not access.capable(work.catalog, work.user, "admin")):
        raise _missing(identifier)
    stored.remove(work.connection, identifier)


def _missing(identifier: str) -> NotFoundError:
    return NotFoundError(f"there is no saved view with the id “{identifier[:80]}”")

"""Many records of a list at once: setting one field, or archiving. Each is checked as if it came alone.

What is refused leaves the others alone, and the page names every record that stayed as it was, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for

from dealwright import access, records
from dealwright.errors import DealwrightError, NotFoundError, QueryError
from dealwright.web import i18n, refusals, visit
from dealwright.web.drafts import resolve
from dealwright.web.forms import Sheet, control
from dealwright.web.i18n import gettext
from dealwright.web.posted import Posted, posted
from dealwright.web.targets import local

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue

    from dealwright.errors import Problem
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Work

#: Records that one page can choose.
MOST = 200


@dataclass(frozen=True, slots=True)
class Stayed:
    """A record that stayed as it was, and why."""

    name: str
    url: str
    reasons: tuple[str, ...]


def register(pages: Blueprint) -> None:
    """Add the page to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/bulk", "bulk", change, methods=["POST"])


def change(entity_id: str) -> ResponseReturnValue:
    """Do something with the records that were chosen (``ids``).

    ``do`` is ``ask`` (show the input of ``field``), ``set`` (write what was given) or ``archive``.
    """
    doing, ids = request.form.get("do", ""), list(dict.fromkeys(request.form.getlist("ids")))[:MOST]
    if doing not in ("ask", "set", "archive") or not ids:
        raise QueryError("choose records of the list, and what to do with them")
    back = local(request.form.get("next"), url_for("web.records", entity_id=entity_id))
    with visit.reading() as work:
        access.demand(work.catalog, work.user, "delete" if doing == "archive" else "update", entity_id)
        entity = work.catalog.entity(entity_id)
        if doing != "archive":
            field = _field(work, entity, request.form.get("field", ""))
            given = posted(work.catalog, entity, request.form, {field.id}) if doing == "set" else Posted({}, (), {})
            problems, typed = resolve(work, given)
            if doing == "ask" or problems:
                return _page(work, entity, ids, back, field, given.data, problems, typed), 422 if problems else 200
    if doing == "archive":
        return _done(entity, ids, back, {"delete": ids}, "archived")
    value = given.data.get(field.id)
    changes = [{"id": one, field.id: value} for one in ids]
    return _done(entity, ids, back, {"update": changes}, "saved", field)


def _field(work: Work, entity: Entity, name: str) -> Field:
    """Return a field that the user may set on many records.

    Raises:
        NotFoundError: If there is none of that name.
    """
    field = entity.field(name)
    if field is None or name not in access.rights(work.catalog, work.user, entity.id).edited("update"):
        raise NotFoundError(f"there is no field “{name[:80]}” to set")
    return field


def _done(
    entity: Entity, ids: Sequence[str], back: str, asked: Mapping[str, Any], notice: str, field: Field | None = None
) -> ResponseReturnValue:
    with visit.writing() as work:
        results = records.bulk(work, entity.id, asked)
    refused = {one: result for one, result in zip(ids, results, strict=True) if isinstance(result, DealwrightError)}
    if not refused:
        joined = "&" if "?" in back else "?"
        return redirect(f"{back}{joined}notice={notice}", 303)
    with visit.reading() as work:
        names = records.titles(work, {entity.id: list(refused)})
        stayed = [_stayed(entity, one, names.get((entity.id, one), one), error) for one, error in refused.items()]
        page = _page(work, entity, list(refused), back, field, {}, (), {}, stayed=stayed, done=len(ids) - len(refused))
    return page, 422


def _stayed(entity: Entity, identifier: str, name: str, error: DealwrightError) -> Stayed:
    address = url_for("web.record", entity_id=entity.id, record_id=identifier)
    return Stayed(name, address, tuple(refusals.problems(error)) or (refusals.told(error),))


def _page(
    work: Work,
    entity: Entity,
    ids: Sequence[str],
    back: str,
    field: Field | None,
    data: Mapping[str, Any],
    problems: Sequence[Problem],
    typed: Mapping[str, str],
    *,
    stayed: Sequence[Stayed] = (),
    done: int = 0,
) -> str:
    sheet = Sheet(work.catalog, work.user, entity, data, {}, {}, new=False, problems=problems, typed=typed)
    return render_template(
        "records/bulk.html",
        entity=entity,
        plural=i18n.entity_plural(work.catalog, entity),
        ids=ids,
        back=back,
        chosen=field,
        label=i18n.field_text(work.catalog, entity, field) if field is not None else gettext("Archive"),
        control=control(sheet, field) if field is not None else None,
        stayed=stayed,
        done=done,
    )

"""Making a record that a form refers to, in a dialog over that form: what a new one must have, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, render_template, request, url_for

from dealwright import access, records
from dealwright.errors import ConflictError, DealwrightError, RecordError
from dealwright.fields.messages import speaking
from dealwright.metadata.views import Place, View
from dealwright.records import FILE_TYPES
from dealwright.web import i18n, visit
from dealwright.web.display import markdown
from dealwright.web.drafts import look, resolve
from dealwright.web.forms import Sheet, editable, form, linked
from dealwright.web.links import links
from dealwright.web.posted import Posted, posted
from dealwright.web.values import block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue

    from dealwright.errors import Problem
    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work

#: Of the ids of inputs: the form under the dialog has its own.
PREFIX = "q"


def register(pages: Blueprint) -> None:
    """Add the addresses to the blueprint."""
    pages.add_url_rule("/quick/<entity_id>", "quick", quick, methods=["GET", "POST"])
    pages.add_url_rule("/markdown", "markdown", preview, methods=["POST"])


def preview() -> ResponseReturnValue:
    """Answer Markdown (``text``) with the HTML that a page would show of it."""
    return str(markdown(request.form.get("text", "")[:100_000]))


def quick(entity_id: str) -> ResponseReturnValue:
    """Show the short form of a new record (``name`` is what was typed for it), or make the record.

    Returns:
        The form as a part of a page, again with 422 if it was refused; 201 with ``{"id", "title"}`` when it is there.
    """
    with visit.reading() as work, speaking(i18n.tag()):
        access.demand(work.catalog, work.user, "create", entity_id)
        entity = work.catalog.entity(entity_id)
        if request.method == "GET":
            begun = {entity.display: request.args.get("name", "")[:200]} if entity.display else {}
            return _part(work, entity, Posted(begun, (), {}))
        inputs = editable(work.catalog, work.user, entity, new=True)
        sent = posted(work.catalog, entity, request.form, inputs)
        problems, unknown = resolve(work, sent)
        if problems:
            return _part(work, entity, sent, problems, unknown), 422
    try:
        with speaking(i18n.tag()):
            saved = records.save(visit.workspace(), visit.user(), entity_id, sent.data, address=visit.address())
    except (RecordError, ConflictError) as error:
        with visit.reading() as work, speaking(i18n.tag()):
            refusal = None if isinstance(error, RecordError) else error
            return _part(work, entity, sent, error.problems, refusal=refusal), error.status
    title = saved.record.get(entity.display or "") or saved.id
    return jsonify(id=saved.id, title=str(title)), 201


def _part(
    work: Work,
    entity: Entity,
    sent: Posted,
    problems: Sequence[Problem] = (),
    typed: Mapping[str, str] | None = None,
    refusal: DealwrightError | None = None,
) -> str:
    found = look(work, entity, sent.data, None)
    sheet = Sheet(
        catalog=work.catalog,
        user=work.user,
        entity=entity,
        record=found.record,
        states=found.states,
        titles=links(work, [linked(entity, found.record)]),
        new=True,
        problems=problems,
        typed=typed or {},
        tokens=sent.lines,
        view=_short(entity, problems),
        prefix=PREFIX,
    )
    drawn = form(sheet)
    inputs = editable(work.catalog, work.user, entity, new=True)
    live: dict[str, Any] = {**block(work.catalog, entity, drawn.live, found, inputs), "reload": []}
    return render_template(
        "records/quick.html",
        entity=entity,
        title=i18n.entity_title(work.catalog, entity),
        form=drawn,
        live=live,
        refusal=refusal,
        action=url_for("web.quick", entity_id=entity.id),
    )


def _short(entity: Entity, problems: Sequence[Problem]) -> View:
    """Return the view of the short form: the name, what is required, and what something was wrong with."""
    wrong = {one.pointer.removeprefix("/").partition("/")[0] for one in problems}
    chosen = [
        one.id
        for one in entity.fields.values()
        if one.id == entity.display or one.id in wrong or (one.required and "default" not in one.spec)
    ]
    chosen = [one for one in chosen if entity.fields[one].type not in FILE_TYPES]
    chosen.sort(key=lambda one: one != entity.display)
    places = {one: Place(None, "full" if one == entity.display else None, "both", i) for i, one in enumerate(chosen)}
    return View("", "", entity.id, None, frozenset(), (), (), places, True, (), "", {})

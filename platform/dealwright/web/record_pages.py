"""One record: its page, its form, moving it, archiving it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from dealwright import access, records
from dealwright.errors import ConflictError, DealwrightError, GateUnmetError, RecordError, StaleVersionError
from dealwright.fields.messages import speaking
from dealwright.records import following
from dealwright.web import (
    about,
    approval_cards,
    clocks,
    factors,
    i18n,
    layout,
    merging,
    notices,
    repeated,
    sequence_cards,
    spaces,
    story,
    suggestion_cards,
    uploads,
    visit,
)
from dealwright.web.display import Reader, display
from dealwright.web.drafts import look, resolve
from dealwright.web.forms import Sheet, editable, form, held_files, linked
from dealwright.web.links import links
from dealwright.web.posted import Posted, posted
from dealwright.web.values import block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from werkzeug.wrappers import Response as BaseResponse

    from dealwright.errors import Problem
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.records import Saved, Work
    from dealwright.web.controls import Form
    from dealwright.web.display import Display

#: Name of the button that asks for the form again, without saving: a reference was chosen, a line is wanted.
AGAIN = "_again"
_NOTHING = Posted({}, (), {})


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/new", "new", new, methods=["GET", "POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>", "record", record)
    pages.add_url_rule("/records/<entity_id>/<record_id>/edit", "edit", edit, methods=["GET", "POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>/move", "move", move, methods=["POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>/archive", "archive", archive, methods=["POST"])
    pages.add_url_rule("/records/<entity_id>/<record_id>/restore", "restore", restore, methods=["POST"])


def new(entity_id: str) -> ResponseReturnValue:
    """Show the form of a new record, or make the record."""
    return _form(entity_id, None)


def edit(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Show the form of a record, or save it."""
    return _form(entity_id, record_id)


def _form(entity_id: str, record_id: str | None) -> ResponseReturnValue:
    with visit.reading() as work:
        access.demand(work.catalog, work.user, "create" if record_id is None else "update", entity_id)
        entity = work.catalog.entity(entity_id)
        if request.method == "GET":
            with speaking(i18n.tag()):
                return _page(work, entity, record_id, _NOTHING), 200
        inputs = editable(work.catalog, work.user, entity, new=record_id is None)
    with speaking(i18n.tag()):
        arrived, refused = uploads.came(entity, inputs)
    with visit.reading() as work:
        sent = posted(work.catalog, entity, request.form, inputs)
        sent = replace(sent, data=merging.chosen(sent.data, request.form))
        with speaking(i18n.tag()):
            sent, missing = uploads.named(work, entity, record_id, sent, arrived)
            problems, unknown = resolve(work, sent)
            problems += refused + missing
            if AGAIN in request.form:
                told = refused + missing
                return _page(
                    work, entity, record_id, sent, problems=told, typed=unknown, extra=request.form[AGAIN]
                ), 200
            if problems:
                # Look for every other fault too, so that one more press of the button is enough.
                return _page(work, entity, record_id, sent, problems=problems, typed=unknown, judge=True), 422
    return _save(entity, record_id, sent)


def previewed(work: Work, entity_id: str, whose: str, *, stage: str = "") -> str:
    """Return the form of a new record as the user of ``work`` would meet it under its catalog; nothing is ever saved.

    What is posted to it is judged as a save would judge it.

    Args:
        work: A reading transaction, of definitions that need not be in force.
        entity_id: Of which entity.
        whose: Who would meet it, in words.
        stage: Laid out as in this stage; as a new record begins when empty.

    Raises:
        ForbiddenError, NotFoundError: If that user may make no such record.
    """
    access.demand(work.catalog, work.user, "create", entity_id)
    entity = work.catalog.entity(entity_id)
    if request.method == "GET":
        return _page(work, entity, None, _NOTHING, preview=whose, stage=stage)
    inputs = editable(work.catalog, work.user, entity, new=True)
    sent = posted(work.catalog, entity, request.form, inputs)
    return _page(work, entity, None, sent, judge=AGAIN not in request.form, preview=whose, stage=stage)


def _save(entity: Entity, record_id: str | None, sent: Posted) -> ResponseReturnValue:
    """Save what was sent, outside of the reading transaction, and answer with the way on or the form again."""
    version = _seen() if record_id is not None else None
    try:
        with speaking(i18n.tag()):
            saved = repeated.save(entity.id, sent.data, id=record_id, version=version)
    except RecordError as error:
        return _again(entity, record_id, sent, error, problems=error.problems)
    except StaleVersionError as error:
        return _again(entity, record_id, sent, error, seen=version)
    except ConflictError as error:
        return _again(entity, record_id, sent, error)
    return _onward(entity, saved)


def _seen() -> int | None:
    """Return the version that a form was drawn from. Until both sides were shown, it goes on saying that one."""
    seen = request.form.get("version", "")
    return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else None


def _again(
    entity: Entity,
    record_id: str | None,
    sent: Posted,
    error: DealwrightError,
    *,
    problems: Sequence[Problem] = (),
    seen: int | None = None,
) -> ResponseReturnValue:
    with visit.reading() as work, speaking(i18n.tag()):
        refusal = None if problems or seen is not None else error
        clash = None
        if seen is not None and record_id is not None:
            clash = merging.merged(work, entity, record_id, sent.data, seen)
            sent = replace(sent, data=clash.data)
        page = _page(work, entity, record_id, sent, problems=problems, clash=clash, refusal=refusal)
    return page, error.status


def _onward(entity: Entity, saved: Saved) -> BaseResponse:
    """Lead to the record, by the way that the browser asked: htmx follows a header, a plain post a redirect."""
    notice = "created" if saved.created else "unchanged" if saved.unchanged else "saved"
    return _to(url_for("web.record", entity_id=entity.id, record_id=saved.id, notice=notice))


def _to(address: str) -> BaseResponse:
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": address})
    return redirect(address, 303)


def _page(
    work: Work,
    entity: Entity,
    record_id: str | None,
    sent: Posted,
    *,
    problems: Sequence[Problem] = (),
    typed: Mapping[str, str] | None = None,
    extra: str = "",
    judge: bool = False,
    clash: merging.Merged | None = None,
    refusal: DealwrightError | None = None,
    preview: str = "",
    stage: str = "",
) -> str:
    """Draw the form with what was sent.

    Args:
        work: A reading transaction.
        entity: The entity.
        record_id: The record; None for a new one.
        sent: What was sent; nothing for the first look.
        problems: What is wrong with it.
        typed: Names of records that were not found, by input name.
        extra: A ``rows`` field that gets one more line.
        judge: Whether to add what a save would say to ``problems``.
        clash: What somebody else saved meanwhile.
        refusal: Why the record as a whole was refused.
        preview: Who would meet it, where it is only looked at.
        stage: Laid out as in this stage; as the record says when empty.
    """
    found = look(work, entity, sent.data, record_id)
    theirs = clash.theirs if clash is not None else {}
    if judge:
        places = {problem.pointer for problem in problems}
        problems = [*problems, *(problem for problem in found.problems if problem.pointer not in places)]
    view = layout.chosen(work.catalog, work.user, entity, stage or found.env.get("stage"))
    if when := layout.sections_when(work.catalog, view):
        env = dict(found.env)
        records.fill(work, entity, env, when)
        found = replace(found, env=env)
    sheet = Sheet(
        catalog=work.catalog,
        user=work.user,
        entity=entity,
        record=found.record,
        states=found.states,
        titles=links(work, [linked(entity, found.record), linked(entity, theirs)]),
        new=record_id is None,
        version=found.version if clash is not None else _seen() or found.version,
        problems=problems,
        warnings=found.warnings if problems or judge else (),
        typed=typed or {},
        tokens=sent.lines,
        extra=frozenset({extra} if extra in entity.fields else ()),
        theirs=theirs,
        view=view,
        holds={name: condition.evaluate(found.env) is True for name, condition in when.items()},
    )
    drawn = form(sheet)
    title = i18n.entity_title(work.catalog, entity)
    return render_template(
        "records/form_part.html" if visit.wants_part() else "records/form.html",
        entity=entity,
        title=title,
        plural=i18n.entity_plural(work.catalog, entity),
        name=found.record.get(entity.display or "") or title,
        form=drawn,
        live=block(
            work.catalog, entity, drawn.live, found, editable(work.catalog, work.user, entity, new=record_id is None)
        ),
        record_id=record_id,
        tab=_tab(drawn),
        fold=request.method == "GET",
        refusal=refusal,
        clash=clash is not None,
        taken=_labels(work, entity, clash.taken if clash is not None else ()),
        drafts=f"{work.user.id}:{request.path}",
        action=request.full_path.rstrip("?") if preview else request.path,
        preview=preview,
        back=url_for("web.record", entity_id=entity.id, record_id=record_id)
        if record_id
        else url_for("web.records", entity_id=entity.id),
    )


def _tab(drawn: Form) -> str:
    """Return the tab that is open: the first with something wrong, else the one that was, else the first."""
    ids = [one for one, _ in drawn.tabs]
    wrong = {one.tab for one in drawn.sections if one.wrong}
    asked = request.form.get("_tab", "")
    return next((one for one in ids if one in wrong), asked if asked in ids else (ids or [""])[0])


def _labels(work: Work, entity: Entity, names: Sequence[str]) -> list[str]:
    found = [entity.field(name) for name in names]
    return [i18n.field_text(work.catalog, entity, one) for one in found if one is not None]


def record(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Show a record: its fields, what happened to it, what was decided about it."""
    return _record_page(entity_id, record_id, None), 200


def _record_page(entity_id: str, record_id: str, refusal: DealwrightError | None) -> str:
    with visit.reading() as work, speaking(i18n.tag()):
        held = access.demand(work.catalog, work.user, "read", entity_id)
        entity = work.catalog.entity(entity_id)
        shown = records.fetch(work, entity_id, record_id)
        told = story.story(work, entity, record_id)
        titles = links(work, [linked(entity, shown), *told.linked])
        reader = Reader(work.catalog, entity, titles, files=held_files(entity, shown))
        return render_template(
            "records/record.html",
            entity=entity,
            record=shown,
            title=i18n.entity_title(work.catalog, entity),
            plural=i18n.entity_plural(work.catalog, entity),
            name=shown.get(entity.display or "") or shown["id"],
            sections=(sections := _sections(work, reader, shown)),
            tabs=[
                one
                for one in layout.tabs(work.catalog, layout.chosen(work.catalog, work.user, entity, shown.get("stage")))
                if any(section.tab == one[0] for section in sections)
            ],
            facts=_facts(reader, shown),
            headline=_headline(reader, shown),
            hue=entity.document.get("hue") or "violet",
            path=story.path(work, entity, shown) if "stage" in shown else None,
            checklist=[
                one for one in records.checklist(work, entity_id, record_id) if one["stage"] == shown.get("stage")
            ],
            scores=factors.panels(work, reader, record_id),
            events=sorted(
                (*story.happenings(reader, told), *about.said(work, entity, record_id)),
                key=lambda one: one.exact,
                reverse=True,
            ),
            related=about.related(work, entity, record_id),
            tasks=about.tasks(work, entity, record_id),
            may_visit=access.rights(work.catalog, work.user, about.ACTIVITY).allows("create"),
            may_comment=access.rights(work.catalog, work.user, about.COMMENT).allows("create"),
            may_task=access.rights(work.catalog, work.user, about.TASK).allows("create"),
            decisions=story.judgements(reader, told),
            clocks=clocks.running(work, entity_id, record_id),
            sequences=sequence_cards.cards(work, entity_id, record_id),
            startable=sequence_cards.startable(work, entity_id, record_id, shown),
            suggestions=suggestion_cards.cards(work, entity, record_id),
            approvals=approval_cards.panel(work, entity_id, record_id),
            archived=shown.get("archived_at") is not None,
            may_edit=held.allows("update") and shown.get("archived_at") is None,
            may_move=held.allows("move") and shown.get("archived_at") is None,
            may_delete=held.allows("delete"),
            space=spaces.offered(work, entity, shown),
            hears=following.listening(work, record_id),
            hearing=work.user.id,
            refusal=refusal,
            refused=story.refused(work.catalog, entity, refusal) if refusal else (),
            warnings=_warnings(work, entity, record_id) if request.args.get("notice") in ("saved", "created") else (),
            notice=notices.notice(),
            list_url=url_for("web.records", entity_id=entity.id),
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a record's page: (label, value, span) of each field; a field without a span has its own width."""

    title: str
    description: str
    tab: str
    folded: bool
    rows: tuple[tuple[str, Display, str], ...]


def _sections(work: Work, reader: Reader, shown: Mapping[str, Any]) -> list[Part]:
    """Return the fields that may be seen under their headings, as the view says or as they say themselves."""
    entity = reader.entity
    view = layout.chosen(work.catalog, work.user, entity, shown.get("stage"))
    held = records.holding(work, entity, str(shown["id"]), layout.sections_when(work.catalog, view))
    found = []
    fields = [
        one for one in entity.fields.values() if _is_shown(entity, one, shown) and not work.catalog.is_off(one.id)
    ]
    if view is not None:
        assigned = (one for one in entity.system_fields.values() if one.id in view.places and one.id in shown)
        fields = [one for one in (*fields, *assigned) if view.shows(one.id, "record")]
    for one in layout.laid(work.catalog, entity, view, fields):
        if not held.get(one.id, True):
            continue
        rows = []
        for field in one.fields:
            value = display(reader, field, shown[field.id])
            wide = "wide" if value.kind in ("rows", "html", "code", "files") else ""
            rows.append((i18n.field_text(reader.catalog, entity, field), value, layout.width(view, field) or wide))
        found.append(Part(one.title, one.description, one.tab, one.folded, tuple(rows)))
    return found


def _is_shown(entity: Entity, one: Field, shown: Mapping[str, Any]) -> bool:
    # A field that stands under a condition and holds nothing is most likely hidden; the name is the heading.
    hidden = one.spec.get("visible_when") and shown.get(one.id) in (None, "", [], {})
    return one.id in shown and one.type != "static" and not hidden and one.id != entity.display


def _headline(reader: Reader, shown: Mapping[str, Any]) -> list[Any]:
    """Return what stands under the name: the first linked record, the first amount, the owner."""
    fields = [one for one in reader.entity.fields.values() if shown.get(one.id) is not None]
    chosen = [next((one for one in fields if one.type == kind), None) for kind in ("reference", "money")]
    if shown.get("owner") is not None:
        chosen.append(reader.entity.system_fields["owner"])
    return [display(reader, one, shown[one.id]) for one in chosen if one is not None]


def _warnings(work: Work, entity: Entity, record_id: str) -> list[str]:
    """Return what is suspicious about a record that was just saved; nothing for who may not change it."""
    try:
        found = records.check(work, entity.id, {}, record_id=record_id)
    except DealwrightError:
        return []
    return [problem.message for problem in found.warnings]


def _facts(reader: Reader, shown: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what the platform keeps on the record, for the side of the page."""
    names = (
        *(["pipeline"] if len(reader.entity.pipelines) > 1 else []),
        "owner",
        "team",
        "status",
        "stage_entered_at",
        "last_activity_at",
        "created_at",
        "updated_at",
        "archived_at",
    )
    found = []
    for name in names:
        one = reader.entity.system_fields.get(name)
        if one is not None and shown.get(name) is not None:
            found.append((i18n.field_text(reader.catalog, reader.entity, one), display(reader, one, shown[name])))
    return found


def shown_again(entity_id: str, record_id: str, refusal: DealwrightError) -> ResponseReturnValue:
    """Show a record with the reason why something about it was refused."""
    return _record_page(entity_id, record_id, refusal), refusal.status


def onward(entity_id: str, record_id: str) -> BaseResponse:
    """Lead back to a record of which something was saved."""
    return _to(url_for("web.record", entity_id=entity_id, record_id=record_id, notice="saved"))


def move(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Move a record to another stage, or say on its page what is still missing."""
    to = request.form.get("to", "")
    try:
        with speaking(i18n.tag()):
            records.move(visit.workspace(), visit.user(), entity_id, record_id, to, address=visit.address())
    except (GateUnmetError, RecordError, ConflictError) as error:
        return _record_page(entity_id, record_id, error), error.status
    return _to(url_for("web.record", entity_id=entity_id, record_id=record_id, notice="moved"))


def archive(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Archive a record; it leaves the lists and can be brought back."""
    try:
        with visit.writing() as work:
            records.archive(work, entity_id, record_id)
    except ConflictError as error:
        return _record_page(entity_id, record_id, error), error.status
    return _to(url_for("web.records", entity_id=entity_id, notice="archived", undo=record_id))


def restore(entity_id: str, record_id: str) -> ResponseReturnValue:
    """Bring an archived record back to the lists."""
    try:
        with visit.writing() as work:
            records.restore(work, entity_id, record_id)
    except ConflictError as error:
        return _record_page(entity_id, record_id, error), error.status
    return _to(url_for("web.record", entity_id=entity_id, record_id=record_id, notice="restored"))

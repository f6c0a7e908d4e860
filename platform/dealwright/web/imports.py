"""The pages of an import: choose a file, say which column is what, look at what would be refused, watch it run."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from dealwright import access
from dealwright.errors import ConflictError, DealwrightError, DefinitionError, TooLargeError
from dealwright.fields.messages import speaking
from dealwright.records import importing
from dealwright.records.mapping import MOST_TOGETHER
from dealwright.web import i18n, refusals, visit
from dealwright.web.display import moment
from dealwright.web.i18n import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.metadata.definitions import Entity
    from dealwright.records import Work
    from dealwright.records.tables_in import Table
    from dealwright.storage.imports import Import

#: Refused rows that a page shows; the file has all.
SHOWN = 50
#: Choice of the page in place of a key: fields that are chosen beside it.
TOGETHER = "+"


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """One column of the file: values of it, and what was chosen for it.

    Attributes:
        matches: Fields by which the record of a reference can be found, as (id, label).
        strange: Texts that the field does not know, each with what it is read as.
        options: What they can be read as, as (id, label); empty where that is typed.
    """

    heading: str
    samples: tuple[str, ...]
    to: str
    match: str
    create: bool
    matches: tuple[tuple[str, str], ...]
    strange: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]


def register(pages: Blueprint) -> None:
    """Add the pages to the blueprint."""
    pages.add_url_rule("/records/<entity_id>/import", "imports", begin, methods=["GET", "POST"])
    pages.add_url_rule("/records/<entity_id>/import/<identifier>", "import", one, methods=["GET", "POST"])
    pages.add_url_rule("/records/<entity_id>/import/<identifier>/rejects", "rejects", rejects)


def begin(entity_id: str) -> ResponseReturnValue:
    """Show where a file is chosen, and earlier imports; take a file in and lead to its columns."""
    fault = ""
    if request.method == "POST":
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            fault = gettext("Choose a file first.")
        else:
            try:
                made = importing.take(visit.workspace(), visit.user(), entity_id, sent.stream, sent.filename)
                return redirect(url_for("web.import", entity_id=entity_id, identifier=made), 303)
            except (DefinitionError, TooLargeError) as error:
                fault = _told(error)
    with visit.reading() as work:
        earlier = importing.mine(work, entity_id)
        entity = work.catalog.entity(entity_id)
        page = _render(
            "import/begin.html",
            work,
            entity,
            fault=fault,
            earlier=[(each, moment(each.started_at.isoformat()), *_state(each)) for each in earlier],
            fields=[
                (i18n.field_text(work.catalog, entity, each), each.required)
                for each in importing.targets(work.catalog, work.user, entity)
            ],
        )
    return page, 422 if fault else 200


def one(entity_id: str, identifier: str) -> ResponseReturnValue:
    """Show an import where it stands; ``do`` looks at it, starts it, stops it."""
    doing = request.form.get("do", "") if request.method == "POST" else ""
    if doing == "stop":
        with visit.writing() as work:
            importing.stop(work, importing.own(work, entity_id, identifier))
        return redirect(url_for("web.import", entity_id=entity_id, identifier=identifier), 303)
    with visit.reading() as work:
        found = importing.own(work, entity_id, identifier)
        here = work.catalog.entity(entity_id)
        if found.state not in ("draft", "stopped", "failed") or (found.state != "draft" and not doing):
            return _running(work, here, found)
        table = importing.table_of(work, found)
        document = (
            _document(work, here, table)
            if doing
            else importing.guessed(work, here, table, importing.mine(work, entity_id))
        )
    looked, fault = None, ""
    with speaking(i18n.tag()):
        try:
            if doing == "start":
                importing.set_out(visit.workspace(), visit.user(), found, document)
                return redirect(url_for("web.import", entity_id=entity_id, identifier=identifier), 303)
            looked = importing.look(visit.workspace(), visit.user(), found, document)
        except (DefinitionError, ConflictError) as error:
            fault = _told(error)
    with visit.reading() as work:
        here = work.catalog.entity(entity_id)
        page = _render(
            "import/map.html",
            work,
            here,
            one=found,
            fault=fault,
            looked=looked,
            all_rows=looked is not None and looked.counts.rows >= (found.total or 0),
            shown=SHOWN,
            columns=_choices(work, here, table, document),
            targets=[
                (each.id, i18n.field_text(work.catalog, here, each), each.required)
                for each in importing.targets(work.catalog, work.user, here)
            ],
            keys=[(each.id, i18n.field_text(work.catalog, here, each)) for each in importing.keys(here)],
            together=[
                (each.id, i18n.field_text(work.catalog, here, each))
                for each in importing.together(work.catalog, work.user, here, document)
            ],
            key=document.get("key") or request.form.get("key", ""),
            outcomes=_outcomes(),
            existing=document.get("existing", "update"),
            missing=_missing(work, here, document),
        )
    return page, 422 if fault else 200


def _choices(work: Work, entity: Entity, table: Table, document: Mapping[str, Any]) -> list[ColumnChoice]:
    found = []
    by_id = {each.id: each for each in importing.targets(work.catalog, work.user, entity)}
    strange = importing.strangers(work, entity, table, document)
    for heading, texts in zip(table.header, importing.samples(table), strict=True):
        said = document.get("columns", {}).get(heading) or {}
        said = {"to": said} if isinstance(said, str) else said
        field = by_id.get(str(said.get("to")))
        target = work.catalog.entities.get(field.to or "") if field is not None else None
        offered = importing.matches(work.catalog, work.user, field) if field is not None else []
        options = field.options if field is not None and not said.get("match") else ()
        values = said.get("values") or {}
        found.append(
            ColumnChoice(
                heading,
                tuple(texts),
                field.id if field is not None else "",
                str(said.get("match") or ""),
                bool(said.get("create")),
                tuple((each.id, i18n.field_text(work.catalog, target, each)) for each in offered) if target else (),
                tuple((text, str(values.get(text) or "")) for text in strange.get(heading, ())),
                tuple((one.id, i18n.option_title(work.catalog, entity, field, one)) for one in options)
                if field is not None
                else (),
            )
        )
    return found


def _outcomes() -> dict[str, tuple[str, str]]:
    """Return what becomes of a row, and its hue."""
    return {
        "new": (gettext("new"), "green"),
        "changed": (gettext("changed"), "blue"),
        "same": (gettext("as they are"), "gray"),
        "ambiguous": (gettext("could be several"), "amber"),
        "refused": (gettext("refused"), "red"),
    }


def _missing(work: Work, entity: Entity, document: Mapping[str, Any]) -> list[str]:
    """Return the labels of required fields that no column fills: every new record would be refused."""
    filled = {said["to"] for said in document.get("columns", {}).values() if isinstance(said, dict)}
    return [
        i18n.field_text(work.catalog, entity, each)
        for each in importing.targets(work.catalog, work.user, entity)
        if each.required and "default" not in each.spec and each.id not in filled
    ]


def _document(work: Work, entity: Entity, table: Table) -> dict[str, Any]:
    """Return the mapping that was chosen; a reference that was just chosen is found by what finds most."""
    columns: dict[str, Any] = {}
    for index, (heading, samples) in enumerate(zip(table.header, importing.samples(table), strict=True)):
        to = request.form.get(f"to.{index}", "")
        if not to:
            columns[heading] = None
            continue
        said: dict[str, Any] = {"to": to}
        match, same = request.form.get(f"match.{index}", ""), request.form.get(f"was.{index}") == to
        field = entity.field(to)
        if not same:
            match = importing.best_match(work, field, samples) if field is not None else ""
        if match:
            said["match"] = match
            if same and request.form.get(f"create.{index}"):
                said["create"] = True
        read = {
            text: value
            for text, value in zip(
                request.form.getlist(f"text.{index}"), request.form.getlist(f"value.{index}"), strict=False
            )
            if value
        }
        if same and read:
            said["values"] = read
        columns[heading] = said
    document: dict[str, Any] = {"columns": columns}
    key: str | list[str] = request.form.get("key", "")
    if key == TOGETHER:
        filled = {said["to"] for said in columns.values() if said}
        key = [name for name in dict.fromkeys(request.form.getlist("together")) if name in filled][:MOST_TOGETHER]
    if key:
        document["key"] = key
        if request.form.get("existing") == "skip":
            document["existing"] = "skip"
    return document


def _running(work: Work, entity: Entity, found: Import) -> ResponseReturnValue:
    rows = importing.rejects(work, found, limit=SHOWN)
    done = int(found.counts.get("rows", 0))
    state, hue = _state(found)
    return (
        _render(
            "import/run_part.html" if visit.wants_part() else "import/run.html",
            work,
            entity,
            one=found,
            state=state,
            hue=hue,
            done=done,
            total=max(found.total or 0, done, 1),
            goes_on=found.state in ("running", "stopping"),
            counts=found.counts,
            refused=rows,
        ),
        200,
        {"Vary": "HX-Request-Type"},
    )


def _state(found: Import) -> tuple[str, str]:
    """Return what a state is called, and its hue."""
    waits = found.state == "running" and not found.counts
    told = {
        "draft": (gettext("not started"), "gray"),
        "running": (gettext("waiting") if waits else gettext("running"), "blue"),
        "stopping": (gettext("stopping"), "amber"),
        "stopped": (gettext("stopped"), "amber"),
        "done": (gettext("done"), "green"),
        "failed": (gettext("failed"), "red"),
    }
    return told[found.state]


def rejects(entity_id: str, identifier: str) -> ResponseReturnValue:
    """Give the refused rows as CSV: as they were, with their numbers and every reason."""
    with visit.reading() as work:
        found = importing.own(work, entity_id, identifier)
        rows = importing.rejects(work, found)
    written = io.StringIO()
    writer = csv.writer(written)
    header = list(found.header or ())
    writer.writerow([*header, "_row", "_reason"])
    for number, cells, reason in rows:
        writer.writerow([*cells, *[""] * (len(header) - len(cells)), number, reason])
    # With a mark, so that spreadsheets read Chinese in it; an import takes it as well.
    response = Response(written.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="rejects-{found.id}.csv"'
    return response


def _render(template: str, work: Work, entity: Entity, **values: Any) -> str:
    access.demand(work.catalog, work.user, "import", entity.id)
    plural = i18n.entity_plural(work.catalog, entity)
    return render_template(template, entity=entity, plural=plural, **values)


def _told(error: DealwrightError) -> str:
    """Return what is wrong with a file or a mapping, in the language of the page."""
    texts = {
        "no-header": gettext("The first row must name the columns; it is empty."),
        "column-twice": gettext("Two columns have the same name; rename one in the file."),
        "bad-encoding": gettext("The text can not be read. Save the file as “CSV UTF-8” and send it again."),
        "bad-csv": gettext("This is no proper CSV: a quote or a line is broken. Save it anew from a spreadsheet."),
        "bad-xlsx": gettext("This is no Excel file (.xlsx). Save it anew and send it again."),
        "filled-twice": gettext("Two columns fill the same field; leave out all but one."),
        "no-key": gettext("No column fills the field by which records are found again; choose one for it."),
    }
    told = [texts.get(problem.code, problem.message) for problem in error.problems]
    known = [text for text in dict.fromkeys(told) if text in texts.values()]
    return " ".join(known) or (
        refusals.told(error) if not error.problems else " ".join(refusals.problems(error)) or refusals.told(error)
    )

"""SLA policies of a draft: when clocks start, stop and stand, how long there is, who is told, and when it would be due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for

from dealwright import calendars, clock, records
from dealwright.errors import DealwrightError
from dealwright.events import RECORD_TYPES
from dealwright.metadata.names import CUSTOM, namespace_of
from dealwright.packs import drafts, edits
from dealwright.storage import clocks as stored
from dealwright.web import i18n, visit
from dealwright.web.clocks import Running, running
from dealwright.web.i18n import gettext
from dealwright_admin import copying, due, entities, fields, problems, sla_form, words
from dealwright_admin.console import exposed, local_moment
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts
from dealwright_admin.parameters import unit

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened

#: Running clocks that are shown, and records that the trial offers.
_SHOWN: Final = 8
_OFFERED: Final = 30


class Slas(DraftPage):
    """SLA policies of a draft."""

    part = "slas"

    @exposed("/<draft>/slas/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the policies; make a new one, or an own copy of a pack's."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        with visit.workspace().database.read() as connection:
            counts = stored.running(connection, "sla")
        rows = [_row(found, name, counts.get(name, (0, 0))) for name in found.ids("sla")]
        return self.shown("slas.html", found, rows=rows, entities=entities.choices(found)), 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        with writing(draft) as (connection, found):
            taken = set(found.ids("sla"))
            if original := form.get("copy"):
                document = copying.copied(found, "sla", original, taken)
            elif (title or chinese) and form.get("entity") in found.catalog.entities:
                name = f"{CUSTOM}.{entities.free(title, taken, 'sla', f'{CUSTOM}.')}"
                document = sla_form.begun(name, title or chinese, form["entity"])
            else:
                return redirect(url_for("admin_draft_slas.index_view", draft=draft), 303)
            texts: Texts = {("title",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "sla", document["id"], document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_slas.sla_view", draft=draft, sla=document["id"]), 303)

    @exposed("/<draft>/slas/<sla>/", methods=("GET", "POST"))
    def sla_view(self, draft: str, sla: str) -> ResponseReturnValue:
        """Show a policy, or let it be as the form says; a script posts it while somebody types."""
        if request.method == "GET":
            return self._page(opened(draft), sla, "sla.html"), 200
        with writing(draft) as (connection, found):
            document = sla_form.read(request.form, found.document("sla", sla), own=edits.is_own(sla))
            texts: Texts = {}
            if "title.zh-CN" in request.form and request.form.get("title", "").strip():
                texts[("title",)] = {LOCALE: request.form["title.zh-CN"].strip()}
            found = drafts.write(connection, found, "sla", sla, document, texts, by=visit.user().id, seen=seen())
        if autosaved():
            return self._page(found, sla, "sla_part.html"), 200
        return redirect(url_for("admin_draft_slas.sla_view", draft=draft, sla=sla), 303)

    @exposed("/<draft>/slas/<sla>/due/")
    def due_view(self, draft: str, sla: str) -> ResponseReturnValue:
        """Show when a clock of the policy as it is drafted would be due, from a moment or from the making of a record."""
        found = opened(draft)
        document = found.document("sla", sla)
        told, refusal = None, None
        clocks: tuple[Running, ...] = ()
        if ("sla", sla) not in found.catalog.documents or problems.at(problems.told(found), "sla", sla):
            refusal = gettext("Mend the problems first.")
        else:
            try:
                start = due.start_of(request.args.get("from", ""), clock.now())
                entity, record = str(document["entity"]), request.args.get("record", "")
                if record:
                    with visit.reading() as work:
                        start = datetime.fromisoformat(str(records.fetch(work, entity, record)["created_at"]))
                        clocks = running(work, entity, record)
                target = calendars.said(found.catalog, document["target"], namespace_of(sla))
                shares = [sla_form.percent(one["at"]) for one in document.get("escalate", ())]
                told = due.counted(found.catalog, document.get("calendar"), start, target, shares)
            except (DealwrightError, ValueError) as error:
                refusal = str(error)
        return self.shown("due.html", found, told=told, refusal=refusal, clocks=clocks), 200

    @exposed("/<draft>/slas/<sla>/reset/", methods=("POST",))
    def reset_view(self, draft: str, sla: str) -> ResponseReturnValue:
        """Let an attribute of a pack's policy, or all of it, be as the pack says; one of the admins' own goes."""
        at = tuple(one for one in request.form.get("attribute", "").split("/") if one)
        with writing(draft) as (connection, found):
            found.document("sla", sla)
            drafts.take_back(connection, found, "sla", sla, at, by=visit.user().id)
        if edits.is_own(sla) and not at:
            return redirect(url_for("admin_draft_slas.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_slas.sla_view", draft=draft, sla=sla), 303)

    def _page(self, found: Opened, sla: str, template: str) -> str:
        document = found.document("sla", sla)
        catalog, own, entity = found.catalog, edits.is_own(sla), str(document["entity"])
        wrong = problems.at(problems.told(found), "sla", sla)
        errors: dict[str, list[str]] = {}
        for one in wrong:
            errors.setdefault("/".join(one.at), []).append(one.message)
            if len(one.at) > 1:
                errors.setdefault(one.at[0], []).append(one.message)
        with visit.workspace().database.read() as connection:
            count, over = stored.running(connection, "sla").get(sla, (0, 0))
            first = stored.next_due(connection, sla, limit=_SHOWN) if count else []
        with visit.reading() as work:
            live = entity in work.catalog.entities
            titles = records.titles(work, {entity: {one.record for one in first}}) if first and live else {}
            offered = records.page(work, entity, size=_OFFERED).items if live else []
            display = (work.catalog.entity(entity).display if live else None) or "id"
        return self.shown(
            template,
            found,
            sla=sla,
            document=document,
            own=own,
            owner=entities.owner(found, sla, "sla"),
            entity_title=words.document(catalog, "entity", entity),
            title_zh=found.text("sla", sla, ("title",), LOCALE),
            whens={key: sla_form.when(document, key) for key in sla_form.WHENS},
            events=_events(found),
            target=sla_form.target(document),
            parameters=_parameters(found, sla),
            units=_units(),
            calendars=[(name, words.document(catalog, "calendar", name)) for name in found.ids("calendar")],
            messages=[(name, words.document(catalog, "message", name)) for name in found.ids("message")],
            tells=sla_form.tells(),
            ladder=sla_form.ladder(document),
            names=fields.names(found, entity),
            count=count,
            over=over,
            first=[
                {"id": one.record, "title": titles.get((entity, one.record), one.record),
                 "due": local_moment(one.due_at), "state": one.state, "over": one.breached_at is not None}
                for one in first
            ],
            offered=[(str(one["id"]), str(one.get(display) or one["id"])) for one in offered],
            changed={"/".join(one.steps) for one in found.changed("sla", sla)},
            now=f"{clock.now().astimezone(i18n.zone()):%Y-%m-%dT%H:%M}",
            errors=errors,
            mine=wrong,
            seen=drafts.digest(found, "sla", sla),
        )  # fmt: skip


def _row(found: Opened, name: str, counts: tuple[int, int]) -> dict[str, Any]:
    document = found.document("sla", name)
    return {
        "id": name,
        "title": str(document["title"]) if edits.is_own(name) else words.document(found.catalog, "sla", name),
        "entity": words.document(found.catalog, "entity", str(document.get("entity", ""))),
        "target": target_words(found, name, document),
        "calendar": words.document(found.catalog, "calendar", document["calendar"]) if "calendar" in document else "",
        "owner": entities.owner(found, name, "sla"),
        "own": edits.is_own(name),
        "changed": f"sla:{name}" in found.touched,
        "count": counts[0],
        "over": counts[1],
    }


def target_words(found: Opened, name: str, document: Mapping[str, Any]) -> str:
    """Return how much time a policy gives, in words."""
    said = sla_form.target(document)
    if said["way"] == "param":
        parameter = found.catalog.parameter(said["param"], namespace_of(name))
        return f"{parameter.value if parameter is not None else '?'} {unit(said['unit'])}"
    if said["way"] == "fixed":
        return f"{said['number']} {dict(_units()).get(said['unit'], said['unit'])}"
    return said["text"]


def _units() -> list[tuple[str, str]]:
    return [
        ("H", gettext("hours")), ("M", gettext("minutes")), ("WD", gettext("working days")), ("D", gettext("days")),
        ("W", gettext("weeks")),
    ]  # fmt: skip


def _parameters(found: Opened, sla: str) -> list[tuple[str, str]]:
    """Return the parameters that can be a target, by the name that the policy calls them by."""
    space = namespace_of(sla)
    listed = []
    for one in found.catalog.parameters.values():
        own, _, name = one.id.partition(".")
        if one.type in ("integer", "decimal"):
            said = name if own == space else f"{own}__{name}"
            listed.append((said, f"{words.document(found.catalog, 'parameter', one.id)} ({one.value})"))
    return listed


def _events(found: Opened) -> list[str]:
    """Return types of event that can be named: those of records, and whatever a document of the catalog waits for."""
    parts = [
        document[key]
        for (kind, _), document in found.catalog.documents.items()
        if kind == "sla"
        for key in sla_form.WHENS
        if key in document
    ]
    said = {str(one["event"]) for one in parts if isinstance(one, Mapping) and "event" in one}
    return sorted({*RECORD_TYPES, *said})

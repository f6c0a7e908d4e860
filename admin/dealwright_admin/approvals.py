"""Approvals of a draft: designed as cards in the order in which people decide, and tried on a record as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for

from dealwright import records
from dealwright.errors import DealwrightError
from dealwright.fields.messages import speaking
from dealwright.metadata.names import CUSTOM
from dealwright.packs import drafts, edits
from dealwright.records import approval_trial
from dealwright.storage import accounts
from dealwright.storage import trial as tried
from dealwright.web import approval_cards, i18n, sentences, visit
from dealwright.web.i18n import gettext
from dealwright_admin import copying, entities, fields, problems, steps, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened

#: Records that the trial offers, and people that can be named.
_OFFERED, _PEOPLE = 30, 300


class Approvals(DraftPage):
    """Approvals of a draft."""

    part = "approvals"

    @exposed("/<draft>/approvals/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the approvals; make a new one, or an own copy of a pack's."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        catalog = found.catalog
        rows = [
            {
                "id": name,
                "title": str(document["title"]) if edits.is_own(name) else words.document(catalog, "approval", name),
                "entity": words.document(catalog, "entity", str(document["entity"])),
                "steps": [_step_title(catalog, name, step["id"], step["title"]) for step in document.get("steps", ())],
                "owner": entities.owner(found, name, "approval"),
                "own": edits.is_own(name),
                "changed": f"approval:{name}" in found.touched,
            }
            for name, document in ((name, found.document("approval", name)) for name in found.ids("approval"))
        ]
        page = self.shown("approvals.html", found, rows=rows, entities=entities.choices(found))
        return page, 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        with writing(draft) as (connection, found):
            taken = set(found.ids("approval"))
            if original := form.get("copy"):
                document = copying.copied(found, "approval", original, taken)
            elif (title or chinese) and form.get("entity") in found.catalog.entities:
                document = {
                    "kind": "approval",
                    "id": f"{CUSTOM}.{entities.free(title, taken, 'approval', f'{CUSTOM}.')}",
                    "lang": 1,
                    "title": title or chinese,
                    "entity": form["entity"],
                    "steps": [
                        {"id": "first", "title": gettext("Step %(n)s", n=1), "approvers": [{"manager_of": "owner"}]}
                    ],
                    "rules": {"lock": "record"},
                }
            else:
                return redirect(url_for("admin_draft_approvals.index_view", draft=draft), 303)
            texts: Texts = {("title",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "approval", document["id"], document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_approvals.approval_view", draft=draft, approval=document["id"]), 303)

    @exposed("/<draft>/approvals/<approval>/", methods=("GET", "POST"))
    def approval_view(self, draft: str, approval: str) -> ResponseReturnValue:
        """Show an approval as cards, or let it be as the form says; a script posts it while somebody types."""
        if request.method == "GET":
            return self._page(opened(draft), approval, "approval.html"), 200
        own = edits.is_own(approval)
        doing = request.form.get("do", "")
        with writing(draft) as (connection, found):
            document = steps.read(request.form, found.document("approval", approval), own=own)
            if doing:
                steps.done(document, doing, own=own)
            texts = _texts(request.form, document)
            found = drafts.write(
                connection, found, "approval", approval, document, texts, by=visit.user().id, seen=seen()
            )
        if autosaved():
            return self._page(found, approval, "verdict.html"), 200
        anchor = _anchor(document, doing)
        return redirect(
            url_for("admin_draft_approvals.approval_view", draft=draft, approval=approval, open=anchor, _anchor=anchor),
            303,
        )

    def _page(self, found: Opened, approval: str, template: str) -> str:
        document = found.document("approval", approval)
        catalog, entity = found.catalog, found.catalog.entities.get(str(document["entity"]))
        own = edits.is_own(approval)
        wrong = problems.at(problems.told(found), "approval", approval)
        errors: dict[str, list[str]] = {}
        for one in wrong:
            errors.setdefault("/".join(one.at), []).append(one.message)
        listed = document.get("steps", [])
        cards = [steps.shown(one, i, listed[i - 1] if i else None) for i, one in enumerate(listed)]
        with visit.workspace().database.read() as connection:
            everybody = accounts.everybody(connection, visit.catalog(), limit=_PEOPLE)
        people = {one["user"]: one["name"] or one["email"] for one in everybody}
        choices = steps.choices(catalog, entity, people)
        labels = {value: label for _, some in choices for value, label in some}
        start = steps.start_of(document)
        return self.shown(
            template,
            found,
            approval=approval,
            document=document,
            own=own,
            owner=entities.owner(found, approval, "approval"),
            entity_title=words.document(catalog, "entity", str(document["entity"])),
            cards=[{**one, "sentence": sentence(one, labels)} for one in cards],
            choices=choices,
            errors=errors,
            start=start,
            starts=_starts(found, document),
            field_choices=[(one.id, i18n.field_text(catalog, entity, one)) for one in entity.fields.values()]
            if entity is not None
            else [],
            calendars=[
                (name, words.document(catalog, "calendar", name))
                for kind, name in catalog.documents
                if kind == "calendar"
            ],
            units=_units(),
            texts={
                "title": found.text("approval", approval, ("title",), LOCALE),
                **{
                    one["id"]: found.text("approval", approval, ("steps", one["id"], "title"), LOCALE) for one in listed
                },
            },
            names=fields.names(found, str(document["entity"])),
            opened_step=request.args.get("open", ""),
            mine=wrong,
            seen=drafts.digest(found, "approval", approval),
            offered=_offered(found, str(document["entity"])),
        )

    @exposed("/<draft>/approvals/<approval>/trial/")
    def trial_view(self, draft: str, approval: str) -> ResponseReturnValue:
        """Show who would approve a record now, by the approval as it is drafted; nothing is asked."""
        found = opened(draft)
        document = found.document("approval", approval)
        refusal, told = None, None
        try:
            with visit.reading() as work, speaking(i18n.tag()):
                trial = records.Work(
                    visit.workspace(), work.connection, visit.user(), catalog=tried.of(found.catalog, work.catalog)
                )
                told = approval_trial.simulated(trial, approval, request.args.get("record", ""))
                told["steps"] = [approval_cards.foreseen(found.catalog, one) for one in told["steps"]]
        except DealwrightError as error:
            refusal = sentences.told(error.detail)
        page = self.shown("trial.html", found, told=told, refusal=refusal, approval=approval, document=document)
        return page, 200

    @exposed("/<draft>/approvals/<approval>/reset/", methods=("POST",))
    def reset_view(self, draft: str, approval: str) -> ResponseReturnValue:
        """Let a pack's approval be as the pack says; one of the admins' own goes."""
        with writing(draft) as (connection, found):
            found.document("approval", approval)
            drafts.take_back(connection, found, "approval", approval, by=visit.user().id)
        if edits.is_own(approval):
            return redirect(url_for("admin_draft_approvals.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_approvals.approval_view", draft=draft, approval=approval), 303)


def sentence(card: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Return a step in a sentence: who decides, how many, by when."""
    names = [
        gettext("people who meet a condition")
        if one["choice"] == "where:"
        else labels.get(one["choice"], one["choice"])
        for one in card["who"]
    ]
    need = {
        "all": gettext("all of them"),
        "count": gettext("%(n)s of them", n=card["need_number"]),
        "percent": gettext("%(n)s %% of them", n=card["need_number"]),
    }.get(card["need_kind"], gettext("any one of them"))
    said = f"{', '.join(names)} · {need}"
    return said


def _units() -> list[tuple[str, str]]:
    return [
        ("WD", gettext("working days")), ("D", gettext("days")), ("H", gettext("hours")),
        ("M", gettext("minutes")), ("W", gettext("weeks")),
    ]  # fmt: skip


def _starts(draft: Opened, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what can start an approval of this entity."""
    found = [
        ("", gettext("When people or rules ask for it")),
        ("created", gettext("When a record is made")),
        ("saved", gettext("When a record is made or changed")),
    ]
    for pipeline in draft.catalog.pipelines.values():
        if pipeline.entity == document["entity"]:
            for one in pipeline.stages.values():
                title = i18n.stage_title(draft.catalog, pipeline, one)
                found.append((f"entered:{one.id}", gettext("When it comes to the stage “%(title)s”", title=title)))
    return list(dict(found).items())


def _texts(form: Mapping[str, str], document: Mapping[str, Any]) -> Texts:
    """Return the texts of a form in the other language."""
    found: Texts = {}
    if "title.zh-CN" in form and form.get("title", "").strip():
        found[("title",)] = {LOCALE: form["title.zh-CN"].strip()}
    for token in request.form.getlist("step"):
        identifier = form.get(f"{token}.id", "")
        there = any(one["id"] == identifier for one in document["steps"])
        if there and f"{token}.title.zh-CN" in form and form.get(f"{token}.title", "").strip():
            found["steps", identifier, "title"] = {LOCALE: form[f"{token}.title.zh-CN"].strip()}
    return found


def _anchor(document: Mapping[str, Any], doing: str) -> str:
    what, _, which = doing.partition(":")
    listed = document["steps"]
    if what == "add" and which.isdigit():
        return f"{listed[min(int(which), len(listed) - 1)]['id']}"
    return which if any(one["id"] == which for one in listed) else ""


def _step_title(catalog: Any, approval: str, step: str, fallback: str) -> str:
    return i18n.text(catalog, "approval", approval, f"/steps/{step}/title", fallback)


def _offered(draft: Opened, entity: str) -> list[tuple[str, str]]:
    """Return the latest records on which the approval can be tried."""
    if entity not in visit.catalog().entities:
        return []
    with visit.reading() as work:
        found = records.page(work, entity, size=_OFFERED).items
        display = work.catalog.entity(entity).display or "id"
        return [(str(one["id"]), str(one.get(display) or one["id"])) for one in found]

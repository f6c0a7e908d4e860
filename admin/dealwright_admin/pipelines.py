"""Pipelines of a draft: stages in their order, the ways between them, what it takes to go on, and the records in each."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for

from dealwright.metadata.names import CUSTOM
from dealwright.packs import drafts, edits
from dealwright.storage import in_flight
from dealwright.web import i18n, visit
from dealwright_admin import entities, fields, problems, stages, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened

_DAYS = re.compile(r"P(\d+)D\Z")


class Pipelines(DraftPage):
    """Pipelines of a draft."""

    part = "pipelines"

    @exposed("/<draft>/pipelines/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the pipelines; make a new one."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        rows = [_row(found, name) for name in found.ids("pipeline")]
        return self.shown("pipelines.html", found, rows=rows, entities=entities.choices(found)), 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        with writing(draft) as (connection, found):
            if not (title or chinese) or form.get("entity") not in found.catalog.entities:
                return redirect(url_for("admin_draft_pipelines.index_view", draft=draft), 303)
            name = f"{CUSTOM}.{entities.free(title, set(found.ids('pipeline')), 'pipeline', f'{CUSTOM}.')}"
            document = stages.begun(name, title or chinese, form["entity"])
            texts: Texts = {("title",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "pipeline", name, document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_pipelines.pipeline_view", draft=draft, pipeline=name), 303)

    @exposed("/<draft>/pipelines/<pipeline>/", methods=("GET", "POST"))
    def pipeline_view(self, draft: str, pipeline: str) -> ResponseReturnValue:
        """Show a pipeline as cards, or let it be as the form says; a script posts it while somebody types."""
        if request.method == "GET":
            return self._page(opened(draft), pipeline, "pipeline.html"), 200
        own = edits.is_own(pipeline)
        doing = request.form.get("do", "")
        with writing(draft) as (connection, found):
            document = stages.read(request.form, found.document("pipeline", pipeline), own=own)
            if doing and own:
                stages.done(document, doing)
            if own:
                document["version"] = _version(found, pipeline, document)
            texts = _texts(request.form, document)
            found = drafts.write(
                connection, found, "pipeline", pipeline, document, texts, by=visit.user().id, seen=seen()
            )
        if autosaved():
            return self._page(found, pipeline, "verdict.html"), 200
        which = doing.partition(":")[2]
        if doing.startswith("add:"):
            which = document["stages"][min(int(which), len(document["stages"]) - 1)]["id"]
        here = url_for("admin_draft_pipelines.pipeline_view", draft=draft, pipeline=pipeline, open=which, _anchor=which)
        return redirect(here, 303)

    def _page(self, found: Opened, pipeline: str, template: str) -> str:
        document = found.document("pipeline", pipeline)
        catalog, entity = found.catalog, found.catalog.entities.get(str(document["entity"]))
        own = edits.is_own(pipeline)
        wrong = problems.at(problems.told(found), "pipeline", pipeline)
        errors: dict[str, list[str]] = {}
        for one in wrong:
            errors.setdefault("/".join(one.at), []).append(one.message)
        counts = _counts(str(document["entity"]), pipeline)
        listed = document.get("stages", [])
        there = {one["id"] for one in listed}
        below = {one["id"]: one for one in found.below.documents.get(("pipeline", pipeline), {}).get("stages", ())}
        cards = [
            {
                **one,
                "records": counts.get(one["id"], 0),
                "own": own or str(one["id"]).startswith(f"{CUSTOM}__"),
                "days": _days(one.get("red_after")),
                "below": below.get(one["id"], {}),
                "zh": found.text("pipeline", pipeline, ("stages", one["id"], "title"), LOCALE),
            }
            for one in listed
        ]
        return self.shown(
            template,
            found,
            pipeline=pipeline,
            document=document,
            own=own,
            owner=entities.owner(found, pipeline, "pipeline"),
            entity_title=words.document(catalog, "entity", str(document["entity"])),
            cards=cards,
            errors=errors,
            # Stages that are gone and in which records still are: each needs another to go on in.
            lost=[(name, n) for name, n in sorted(counts.items()) if name not in there],
            mapped=document.get("stage_map", {}),
            title_zh=found.text("pipeline", pipeline, ("title",), LOCALE),
            field_choices=[(one.id, i18n.field_text(catalog, entity, one)) for one in entity.fields.values()]
            if entity is not None
            else [],
            names=fields.names(found, str(document["entity"])),
            hues=entities.HUES,
            opened_stage=request.args.get("open", ""),
            mine=wrong,
            seen=drafts.digest(found, "pipeline", pipeline),
        )

    @exposed("/<draft>/pipelines/<pipeline>/reset/", methods=("POST",))
    def reset_view(self, draft: str, pipeline: str) -> ResponseReturnValue:
        """Let a pack's pipeline be as the pack says; one of the admins' own goes."""
        with writing(draft) as (connection, found):
            found.document("pipeline", pipeline)
            drafts.take_back(connection, found, "pipeline", pipeline, by=visit.user().id)
        if edits.is_own(pipeline):
            return redirect(url_for("admin_draft_pipelines.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_pipelines.pipeline_view", draft=draft, pipeline=pipeline), 303)


def _row(found: Opened, name: str) -> dict[str, Any]:
    document = found.document("pipeline", name)
    return {
        "id": name,
        "title": str(document["title"]) if edits.is_own(name) else words.document(found.catalog, "pipeline", name),
        "entity": words.document(found.catalog, "entity", str(document.get("entity", ""))),
        "stages": [
            (
                i18n.text(found.catalog, "pipeline", name, f"/stages/{one['id']}/title", one["title"]),
                one.get("hue", "gray"),
            )
            for one in document.get("stages", ())
        ],
        "variant": "extends" in document,
        "owner": entities.owner(found, name, "pipeline"),
        "own": edits.is_own(name),
        "changed": f"pipeline:{name}" in found.touched,
    }


def _version(found: Opened, pipeline: str, document: Mapping[str, Any]) -> int:
    """Return the version of an own pipeline: one more than that in force, where it says something else."""
    live = found.live.documents.get(("pipeline", pipeline))
    if live is None:
        return 1
    there = int(live.get("version", 1))
    same = entities.same({**document, "version": there}, live)
    return there if same else there + 1


def _counts(entity: str, pipeline: str) -> Counter[str]:
    """Return how many records are in each stage of a pipeline now."""
    live = visit.catalog()
    found: Counter[str] = Counter()
    if entity in live.entities and live.entities[entity].pipelines:
        with visit.workspace().database.read() as connection:
            for one in in_flight.groups(connection, live, entity):
                if one.pipeline == pipeline:
                    found[one.stage] += one.count
    return found


def _days(value: Any) -> str | None:
    """Return a number of days; None where it says more than one number."""
    if value is None:
        return ""
    match = _DAYS.match(value) if isinstance(value, str) else None
    return match[1] if match else None


def _texts(form: Mapping[str, str], document: Mapping[str, Any]) -> Texts:
    found: Texts = {}
    if "title.zh-CN" in form and form.get("title", "").strip():
        found[("title",)] = {LOCALE: form["title.zh-CN"].strip()}
    there = {one["id"] for one in document["stages"]}
    for token in request.form.getlist("stage"):
        identifier = form.get(f"{token}.id", "")
        if identifier in there and f"{token}.title.zh-CN" in form and form.get(f"{token}.title", "").strip():
            found["stages", identifier, "title"] = {LOCALE: form[f"{token}.title.zh-CN"].strip()}
    return found

"""Scores of a draft: factors, weights, scales and tiers, with what they come to on the records there are."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for

from dealwright import records
from dealwright.errors import DealwrightError
from dealwright.metadata.names import CUSTOM, namespace_of
from dealwright.packs import drafts, edits
from dealwright.records import score_trial
from dealwright.storage import trial
from dealwright.web import charts, i18n, sentences, visit
from dealwright.web.i18n import gettext
from dealwright_admin import (
    condition_words,
    copying,
    entities,
    fields,
    parameters,
    problems,
    score_parts,
    words,
)  # fmt: skip
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened


class Scores(DraftPage):
    """Scores of a draft."""

    part = "scores"

    @exposed("/<draft>/scores/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the scores; make a new one, or an own copy of a pack's."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        rows = [_row(found, name) for name in found.ids("score")]
        return self.shown("scores.html", found, rows=rows, entities=entities.choices(found)), 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        with writing(draft) as (connection, found):
            taken = set(found.ids("score"))
            if original := form.get("copy"):
                document = copying.copied(found, "score", original, taken)
                for key in ("into", "tier_into"):  # two scores never share a field
                    document.pop(key, None)
            elif (title or chinese) and form.get("entity") in found.catalog.entities:
                name = f"{CUSTOM}.{entities.free(title, taken, 'score', f'{CUSTOM}.')}"
                document = score_parts.begun(name, title or chinese, form["entity"])
            else:
                return redirect(url_for("admin_draft_scores.index_view", draft=draft), 303)
            texts: Texts = {("title",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "score", document["id"], document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_scores.score_view", draft=draft, score=document["id"]), 303)

    @exposed("/<draft>/scores/<score>/", methods=("GET", "POST"))
    def score_view(self, draft: str, score: str) -> ResponseReturnValue:
        """Show a score, or let it be as the form says; a script posts it while somebody types."""
        if request.method == "GET":
            return self._page(opened(draft), score, "score.html"), 200
        own, doing = edits.is_own(score), request.form.get("do", "")
        with writing(draft) as (connection, found):
            by = visit.user().id
            document = score_parts.read(request.form, found.document("score", score), own=own)
            if doing:
                score_parts.done(document, doing, own=own)
            texts = _texts(request.form, document)
            found = drafts.write(connection, found, "score", score, document, texts, by=by, seen=seen())
            for name in parameters.named(found, document):
                if f"p-{name}" in request.form:
                    found = parameters.written(connection, found, name, request.form[f"p-{name}"].strip())
        if autosaved():
            return self._page(found, score, "verdict.html"), 200
        which = document["inputs"][-1]["id"] if doing.startswith("add:") else doing.partition(":")[2]
        which = which or request.form.get("open", "")
        here = url_for(
            "admin_draft_scores.score_view", draft=draft, score=score, open=which or None, _anchor=which or None
        )
        return redirect(here, 303)

    def _page(self, found: Opened, score: str, template: str) -> str:
        document = found.document("score", score)
        catalog, own, entity = found.catalog, edits.is_own(score), str(document.get("entity", ""))
        told = problems.told(found)
        wrong = problems.at(told, "score", score)
        named = parameters.named(found, document)
        errors: dict[str, list[str]] = {}
        for one in wrong:
            errors.setdefault("/".join(one.at), []).append(one.message)
        return self.shown(
            template,
            found,
            score=score,
            document=document,
            own=own,
            owner=entities.owner(found, score, "score"),
            entity=entity,
            entity_title=words.document(catalog, "entity", entity),
            title_zh=found.text("score", score, ("title",), LOCALE),
            cards=_cards(found, score, document, own=own),
            lines={one: parameters.line(found, one, [], told) for one in named},
            tiers=document.get("tiers", ()),
            shown=score_parts.shown,
            scales=_scales(),
            numbers=_fields(found, entity, ("integer", "decimal", "percent")),
            choices=_fields(found, entity, ("text", "select")),
            errors=errors,
            names=fields.names(found, entity, namespace_of(score)),
            hues=entities.HUES,
            opened_card=request.args.get("open", ""),
            mine=wrong,
            seen=drafts.digest(found, "score", score),
            counted=url_for("admin_draft_scores.distribution_view", draft=found.draft.id, score=score),
        )

    @exposed("/<draft>/scores/<score>/distribution/")
    def distribution_view(self, draft: str, score: str) -> ResponseReturnValue:
        """Show how the records there are would be spread over the score, beside what is in force."""
        found = opened(draft)
        found.document("score", score)
        refusal, told, picture = None, None, ""
        try:
            with visit.reading() as work:
                drafted = records.Work(
                    visit.workspace(), work.connection, visit.user(), catalog=trial.of(found.catalog, work.catalog)
                )
                told = score_trial.distribution(work, drafted, score)
        except DealwrightError as error:
            refusal = sentences.every(error)
        if told is not None:
            picture = _picture(words.document(found.catalog, "score", score), told)
        page = self.shown("distribution.html", found, told=told, refusal=refusal, picture=picture, score=score)
        return page, 200

    @exposed("/<draft>/scores/<score>/reset/", methods=("POST",))
    def reset_view(self, draft: str, score: str) -> ResponseReturnValue:
        """Let a pack's score be as the pack says; one of the admins' own goes."""
        with writing(draft) as (connection, found):
            found.document("score", score)
            drafts.take_back(connection, found, "score", score, by=visit.user().id)
        if edits.is_own(score):
            return redirect(url_for("admin_draft_scores.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_scores.score_view", draft=draft, score=score), 303)


def _picture(title: str, told: Mapping[str, Any]) -> Any:
    bars = [
        charts.Bar(f"{one['from']:.0f}–{one['to']:.0f}", one["after"], str(one["after"]), ghost=one["before"])
        for one in told["bars"]
    ]
    described = gettext("Records by score: bars as drafted, outlines as in force; every figure stands in the table.")
    return charts.histogram(title, described, bars)


def _row(found: Opened, name: str) -> dict[str, Any]:
    document = found.document("score", name)
    return {
        "id": name,
        "title": str(document["title"]) if edits.is_own(name) else words.document(found.catalog, "score", name),
        "entity": words.document(found.catalog, "entity", str(document.get("entity", ""))),
        "factors": len(document.get("inputs", ())),
        "tiers": [(str(one.get("title", "")), one.get("hue", "gray")) for one in document.get("tiers", ())],
        "owner": entities.owner(found, name, "score"),
        "own": edits.is_own(name),
        "changed": f"score:{name}" in found.touched,
    }


def _cards(found: Opened, score: str, document: Mapping[str, Any], *, own: bool) -> list[dict[str, Any]]:
    """Return the factors as their cards show them: each with its share of all weights, in percent."""
    catalog, namespace, entity = found.catalog, namespace_of(score), str(document.get("entity", ""))
    listed = document.get("inputs", ())
    weights = [_weight(found, namespace, one.get("weight")) for one in listed]
    whole = sum(weights)
    cards = []
    for index, one in enumerate(listed):
        kind, lines = score_parts.scale_of(one)
        parameter = _parameter(namespace, one.get("weight"))
        cards.append(
            {
                **one,
                "index": index,
                "own": own or str(one["id"]).startswith(f"{CUSTOM}__"),
                "zh": found.text("score", score, ("inputs", str(one["id"]), "title"), LOCALE),
                "name": i18n.text(
                    catalog, "score", score, f"/inputs/{one['id']}/title", str(one.get("title", one["id"]))
                ),
                "said": condition_words.said(catalog, entity, str(one.get("value", "")), namespace),
                "scale_kind": kind,
                "scale_lines": lines,
                "weight_shown": score_parts.shown(one.get("weight", "")),
                "parameter": parameter,
                "share": round(100 * weights[index] / whole) if whole else 0,
            }
        )
    return cards


def _parameter(namespace: str, given: Any) -> str:
    """Return the id of the parameter that a number is; empty where it is one of the document."""
    if not isinstance(given, dict):
        return ""
    name = str(given.get("param", ""))
    return name.replace("__", ".", 1) if "__" in name else f"{namespace}.{name}"


def _weight(found: Opened, namespace: str, given: Any) -> Decimal:
    if name := _parameter(namespace, given):
        known = found.catalog.parameters.get(name)
        given = known.value if known is not None else 0
    try:
        return max(Decimal(str(given)), Decimal(0))
    except InvalidOperation:
        return Decimal(0)


def _fields(found: Opened, entity: str, types: Collection[str]) -> list[tuple[str, str]]:
    """Return own fields of these types, which could receive a score or its tier."""
    about = found.catalog.entities.get(entity)
    if about is None:
        return []
    return [(one.id, i18n.field_text(found.catalog, about, one)) for one in about.fields.values() if one.type in types]


def _scales() -> list[tuple[str, str]]:
    return [
        ("truth", gettext("a condition: all or nothing")), ("steps", gettext("steps: points from a value on")),
        ("linear", gettext("in proportion between two values")), ("half_life", gettext("by age: half after a time")),
        ("age", gettext("by age in days: steps")), ("map", gettext("points for each choice")),
    ]  # fmt: skip


def _texts(form: Mapping[str, str], document: Mapping[str, Any]) -> Texts:
    found: Texts = {}
    if "title.zh-CN" in form and form.get("title", "").strip():
        found[("title",)] = {LOCALE: form["title.zh-CN"].strip()}
    there = {one["id"] for one in document["inputs"]}
    for token in request.form.getlist("factor"):
        identifier = form.get(f"{token}.id", "")
        if identifier in there and f"{token}.title.zh-CN" in form and form.get(f"{token}.title", "").strip():
            found["inputs", identifier, "title"] = {LOCALE: form[f"{token}.title.zh-CN"].strip()}
    return found

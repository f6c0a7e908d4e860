"""Rules of a draft: which there are and what they do, each as a sentence whose parts can be changed, and tried."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for

from dealwright import records
from dealwright.errors import DealwrightError
from dealwright.fields.messages import speaking
from dealwright.metadata.names import CUSTOM, namespace_of
from dealwright.packs import drafts, edits
from dealwright.records import rule_trial
from dealwright.storage import decisions, trial
from dealwright.web import display, i18n, sentences, visit
from dealwright.web.story import reasons
from dealwright_admin import (
    copying,
    entities,
    fields,
    parameters,
    problems,
    publishing,
    rule_parts,
    rule_words,
    tables,
    words,
)
from dealwright_admin.console import exposed, local_moment
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened
    from dealwright_admin.inputs import Input

#: Records that a rule can be tried on, and those of its newest decisions that its use is counted among.
_OFFERED, _AMONG = 30, 200


class Rules(DraftPage):
    """Rules of a draft."""

    part = "rules"

    @exposed("/<draft>/rules/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the rules; make a new one or an own copy, or switch one on or off."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        names = found.ids("rule")
        with visit.reading() as work:
            used = decisions.acted(work.connection, names, among=_AMONG)
            stopped = {one["rule"]: one["why"] for one in records.rules_off(work) if one["in_force"]}
        rows = [_row(found, name, used.get(name), stopped.get(name)) for name in names]
        if wanted := request.args.get("q", "").casefold():
            rows = [one for one in rows if wanted in f"{one['title']} {one['id']} {one['when']} {one['if']}".casefold()]
        rows.sort(key=lambda one: (one["entity"].startswith("base."), one["noun"], one["title"]))
        page = self.shown(
            "rules.html",
            found,
            rows=rows,
            wanted=request.args.get("q", ""),
            total=len(names),
            entities=entities.choices(found),
            triggers=[(one, rule_words.trigger(one)) for one in rule_parts.triggers()],
            actions=[(one, rule_words.action(one)) for one in rule_parts.doings()],
            among=_AMONG,
            tables=tables.offered(found),
        )
        return page, 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        here = redirect(url_for("admin_draft_rules.index_view", draft=draft), 303)
        with writing(draft) as (connection, found):
            by, taken = visit.user().id, set(found.ids("rule"))
            if name := form.get("switch"):
                document = found.document("rule", name)
                mode = "draft" if document.get("mode", "live") != "draft" else "live"
                drafts.write(connection, found, "rule", name, {**document, "mode": mode}, by=by)
                return redirect(url_for("admin_draft_rules.index_view", draft=draft, _anchor=name), 303)
            if original := form.get("copy"):
                document = copying.copied(found, "rule", original, taken)
                # The copy takes its place: both would act.
                off = {**found.document("rule", original), "mode": "draft"}
                found = drafts.write(connection, found, "rule", original, off, by=by)
            elif (title or chinese) and form.get("entity") in found.catalog.entities:
                kind, do = form.get("on", "record"), form.get("do", "notify")
                if kind not in rule_parts.triggers() or do not in rule_parts.doings():
                    return here
                name = f"{CUSTOM}.{entities.free(title, taken, 'rule', f'{CUSTOM}.')}"
                document = rule_parts.begun(name, title or chinese, form["entity"], kind, do)
            else:
                return here
            texts: Texts = {("title",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "rule", document["id"], document, texts, by=by)
        return redirect(url_for("admin_draft_rules.rule_view", draft=draft, rule=document["id"]), 303)

    @exposed("/<draft>/rules/<rule>/", methods=("GET", "POST"))
    def rule_view(self, draft: str, rule: str) -> ResponseReturnValue:
        """Show a rule, or let it be as the form says; a script posts it while somebody types."""
        if request.method == "GET":
            return self._page(opened(draft), rule, "rule.html"), 200
        own, doing = edits.is_own(rule), request.form.get("do", "")
        with writing(draft) as (connection, found):
            by = visit.user().id
            document = rule_parts.read(request.form, found.document("rule", rule), found.catalog, own=own)
            if doing and own:
                rule_parts.done(document, doing)
            texts: Texts = {}
            if "title.zh-CN" in request.form and request.form.get("title", "").strip():
                texts[("title",)] = {LOCALE: request.form["title.zh-CN"].strip()}
            found = drafts.write(connection, found, "rule", rule, document, texts, by=by, seen=seen())
            for name in parameters.named(found, document):
                if f"p-{name}" in request.form:
                    found = parameters.written(connection, found, name, request.form[f"p-{name}"].strip())
        if autosaved():
            return self._page(found, rule, "verdict.html"), 200
        open_at = doing.partition(":")[2] if doing else request.form.get("open", "")
        anchor = f"then-{open_at}" if open_at else None
        here = url_for("admin_draft_rules.rule_view", draft=draft, rule=rule, open=open_at or None, _anchor=anchor)
        return redirect(here, 303)

    def _page(self, found: Opened, rule: str, template: str) -> str:
        document = found.document("rule", rule)
        catalog, own = found.catalog, edits.is_own(rule)
        told = problems.told(found)
        wrong = problems.at(told, "rule", rule)
        entity, namespace = str(document.get("entity", "")), namespace_of(rule)
        cards = [
            {
                "index": index,
                "do": one.get("do", ""),
                "said": rule_words.then(catalog, document, one),
                "inputs": _wronged(rule_parts.action_inputs(catalog, document, index, one), wrong),
            }
            for index, one in enumerate(document.get("then", ()))
        ]
        kind = next(iter(document.get("on", {})), "")
        when = rule_words.when(catalog, document)
        asked = rule_words.condition(catalog, entity, document.get("if"), namespace)
        return self.shown(
            template,
            found,
            rule=rule,
            document=document,
            own=own,
            owner=entities.owner(found, rule, "rule"),
            entity=entity,
            entity_title=words.document(catalog, "entity", entity),
            title_zh=found.text("rule", rule, ("title",), LOCALE),
            kind=kind,
            when=when,
            asked=asked,
            story=[when, asked, *(card["said"] for card in cards)],
            on=_wronged(rule_parts.trigger_inputs(catalog, document), wrong),
            cards=cards,
            triggers=[(one, rule_words.trigger(one)) for one in rule_parts.triggers()],
            actions=[(one, rule_words.action(one)) for one in rule_parts.doings()],
            onces=[(one, rule_words.once(one)) for one in rule_parts.rule_schema()["properties"]["once_per"]["enum"]],
            units=rule_words.units(),
            lines=[parameters.line(found, name, [], told) for name in parameters.named(found, document)],
            errors=_errors(wrong),
            names=fields.names(found, entity, namespace),
            opened_card=request.args.get("open", ""),
            mine=wrong,
            looked=problems.worth_a_look(found, "rule", rule),
            seen=drafts.digest(found, "rule", rule),
            offered=_offered(entity),
            in_force=rule in visit.catalog().rules,
        )

    @exposed("/<draft>/rules/<rule>/reset/", methods=("POST",))
    def reset_view(self, draft: str, rule: str) -> ResponseReturnValue:
        """Let a pack's rule be as the pack says; one of the admins' own goes."""
        with writing(draft) as (connection, found):
            found.document("rule", rule)
            drafts.take_back(connection, found, "rule", rule, by=visit.user().id)
        if edits.is_own(rule):
            return redirect(url_for("admin_draft_rules.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_rules.rule_view", draft=draft, rule=rule), 303)

    @exposed("/<draft>/rules/<rule>/trial/")
    def trial_view(self, draft: str, rule: str) -> ResponseReturnValue:
        """Show on which records the rule would act now, what it would have done, or why not on one; nothing is done."""
        found = opened(draft)
        found.document("rule", rule)
        what, since = request.args.get("what", "now"), request.args.get("since", "P90D")
        refusal, told = None, None
        try:
            with visit.reading() as work, speaking(i18n.tag()):
                drafted = records.Work(
                    visit.workspace(), work.connection, visit.user(), catalog=trial.of(found.catalog, work.catalog)
                )
                if what == "past":
                    told = _past(work, drafted, rule, since if since in publishing.PERIODS else "P90D")
                elif what == "one":
                    told = _asked(drafted, rule, request.args.get("record", ""))
                else:
                    told = rule_trial.at_hand(drafted, rule)
        except DealwrightError as error:
            refusal = sentences.every(error)
        entity = str(found.document("rule", rule).get("entity", ""))
        page = self.shown("rule_trial.html", found, told=told, refusal=refusal, what=what, rule=rule, entity=entity)
        return page, 200


def _past(work: records.Work, drafted: records.Work, rule: str, since: str) -> dict[str, Any]:
    told = rule_trial.over(work, drafted, rule, records.beginning(since, work.now))
    some = [(kind, one) for kind in ("newly", "no_longer", "changed") for one in told["examples"].get(kind, ())]
    entity = drafted.catalog.rules[rule].entity
    titles = records.titles(work, {entity: {str(one["record"]) for _, one in some}}) if some else {}
    examples = []
    for kind, one in some:
        title = titles.get((entity, str(one["record"])), one["record"])
        examples.append({"kind": kind, "id": one["record"], "at": display.moment(str(one["at"])), "title": title})
    return {**told, "period": publishing.period(since), "examples": examples}


def _asked(drafted: records.Work, rule: str, record: str) -> dict[str, Any]:
    told = rule_trial.asked(drafted, rule, record)
    entity = drafted.catalog.entity(drafted.catalog.rules[rule].entity)
    reader = display.Reader(drafted.catalog, entity, {}, short=True)
    return {"holds": told["holds"], "reasons": reasons(reader, told["tree"])}


def _row(found: Opened, name: str, used: tuple[int, int, Any] | None, stopped: str | None) -> dict[str, Any]:
    document = found.document("rule", name)
    catalog, entity = found.catalog, str(document.get("entity", ""))
    mode = str(document.get("mode", "live"))
    return {
        "id": name,
        "title": str(document["title"]) if edits.is_own(name) else words.document(catalog, "rule", name),
        "entity": entity,
        "noun": words.document(catalog, "entity", entity),
        "when": rule_words.when(catalog, document),
        "if": rule_words.condition(catalog, entity, document.get("if"), namespace_of(name))
        if document.get("if")
        else "",
        "then": [rule_words.then(catalog, document, one) for one in document.get("then", ())],
        "mode": mode,
        "stopped": stopped if mode != "draft" else None,
        "fired": used[0] if used else 0,
        "asked": used[1] if used else 0,
        "at": local_moment(used[2]) if used and used[2] else "",
        "owner": entities.owner(found, name, "rule"),
        "own": edits.is_own(name),
        "changed": f"rule:{name}" in found.touched,
    }


def _wronged(shown: list[Input], wrong: list[problems.Wrong]) -> list[Input]:
    """Return inputs with what is wrong with each."""
    return [
        replace(one, errors=[w.message for w in wrong if f"{'/'.join(w.at)}/".startswith(f"{one.at}/")])
        for one in shown
    ]


def _errors(wrong: list[problems.Wrong]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in wrong:
        found.setdefault("/".join(one.at), []).append(one.message)
    return found


def _offered(entity: str) -> list[tuple[str, str]]:
    """Return the latest records on which a rule can be tried."""
    if entity not in visit.catalog().entities:
        return []
    with visit.reading() as work:
        found = records.page(work, entity, size=_OFFERED).items
        display = work.catalog.entity(entity).display or "id"
        return [(str(one["id"]), str(one.get(display) or one["id"])) for one in found]

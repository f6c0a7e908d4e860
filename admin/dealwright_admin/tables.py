"""Decision tables: rules that set one field, and the branches of one rule, as lines of conditions and what follows from each."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for

from dealwright.conditions.parser import parse
from dealwright.conditions.syntax import Call
from dealwright.errors import ConditionError, NotFoundError
from dealwright.metadata.names import CUSTOM, namespace_of
from dealwright.metadata.scopes import qualified
from dealwright.packs import drafts, edits
from dealwright.rules.actions import source_of
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import (
    condition_words,
    copying,
    entities,
    fields,
    inputs,
    parameters,
    problems,
    rule_parts,
    rule_words,
    words,
)  # fmt: skip
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, writing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask.typing import ResponseReturnValue
    from werkzeug.datastructures import MultiDict

    from dealwright.packs.drafts import Opened

#: Codes of what the checks say of rules against each other.
_TOLD: Final = frozenset({"tier-gap", "tier-overlap", "two-writers", "never-true"})

#: Condition and value of a line; the condition of the last is empty: it holds for all others.
Branch = tuple[str, str]


class Tables(DraftPage):
    """Decision tables of a draft."""

    part = "rules"

    @exposed("/<draft>/tables/<entity>/<field>/", methods=("GET", "POST"))
    def table_view(self, draft: str, entity: str, field: str) -> ResponseReturnValue:
        """Show what decides a field as a table, or let it be as the form says; a script posts it while somebody types."""
        if request.method == "GET":
            return self._page(opened(draft), entity, field, "table.html"), 200
        doing = request.form.get("do", "")
        with writing(draft) as (connection, found):
            by = visit.user().id
            for rule in _rules(found, entity, field):
                document = found.document("rule", rule)
                if edits.is_own(rule):
                    changed = read(request.form, rule, document)
                    if doing == f"branch:{rule}":
                        changed = {**changed, "then": [_with_branch(changed)]}
                    found = drafts.write(connection, found, "rule", rule, changed, by=by)
                for name in parameters.named(found, document):
                    if f"p-{name}" in request.form:
                        found = parameters.written(connection, found, name, request.form[f"p-{name}"].strip())
            if doing == "copy":
                for rule in _rules(found, entity, field):
                    if not edits.is_own(rule) and found.document("rule", rule).get("mode") != "draft":
                        copy = copying.copied(found, "rule", rule, set(found.ids("rule")))
                        off = {**found.document("rule", rule), "mode": "draft"}
                        found = drafts.write(connection, found, "rule", rule, off, by=by)
                        found = drafts.write(connection, found, "rule", copy["id"], copy, by=by)
            elif doing == "add":
                made = _added(found, entity, field)
                found = drafts.write(connection, found, "rule", made["id"], made, by=by)
        if autosaved():
            return self._page(found, entity, field, "verdict.html"), 200
        return redirect(url_for("admin_draft_tables.table_view", draft=draft, entity=entity, field=field), 303)

    def _page(self, found: Opened, entity: str, field: str, template: str) -> str:
        catalog, about = found.catalog, found.catalog.entities.get(entity)
        spec = about.field(field) if about is not None else None
        named = _rules(found, entity, field)
        if about is None or spec is None or not named:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=f"{entity} {field}"[:80]))
        told = problems.told(found)
        groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for rule in named:
            document = found.document("rule", rule)
            groups[rule_words.when(catalog, document)] += _lines(found, rule, document)
        numbers = dict.fromkeys(
            name for rule in named for name in parameters.named(found, found.document("rule", rule))
        )
        looked = [one for rule in named for one in problems.worth_a_look(found, "rule", rule) if one.code in _TOLD]
        return self.shown(
            template,
            found,
            entity=entity,
            field=field,
            title=i18n.field_text(catalog, about, spec),
            entity_title=words.document(catalog, "entity", entity),
            groups=groups,
            looked=list(dict.fromkeys(one.message for one in looked)),
            lines=[parameters.line(found, name, [], told) for name in numbers],
            choices=rule_parts.values(catalog, about, field),
            packs=any(not edits.is_own(rule) and found.document("rule", rule).get("mode") != "draft" for rule in named),
            names=fields.names(found, entity, CUSTOM),
            mine=[one for rule in named for one in problems.at(told, "rule", rule)],
        )


def offered(found: Opened) -> list[dict[str, str]]:
    """Return the tables that there are: fields that more than one line decides."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for rule in found.ids("rule"):
        document = found.document("rule", rule)
        field = _decides(document)
        if field:
            counts[str(document.get("entity", "")), field] += len(branches(document))
    tables = []
    for (entity, field), count in sorted(counts.items()):
        about = found.catalog.entities.get(entity)
        spec = about.field(field) if about is not None else None
        if count > 1 and about is not None and spec is not None:
            noun, title = words.document(found.catalog, "entity", entity), i18n.field_text(found.catalog, about, spec)
            tables.append({"entity": entity, "field": field, "title": f"{noun} · {title}", "count": str(count)})
    return tables


def _decides(document: Mapping[str, Any]) -> str:
    """Return the field that a rule does nothing but set; empty for any other rule."""
    then = document.get("then", ())
    return str(then[0].get("field", "")) if len(then) == 1 and then[0].get("do") == "set_field" else ""


def _rules(found: Opened, entity: str, field: str) -> list[str]:
    """Return the rules that set a field of an entity and do nothing else, in the order in which they act."""
    some = [
        (int(document.get("priority", 500)), name)
        for name in found.ids("rule")
        if (document := found.document("rule", name)).get("entity") == entity and _decides(document) == field
        and str(document.get("priority", 500)).isdigit()
    ]  # fmt: skip
    return [name for _, name in sorted(some)]


def branches(document: Mapping[str, Any]) -> list[Branch]:
    """Return the branches of what a rule sets: ``a ? 'x' : b ? 'y' : 'z'`` has three; a plain value is one."""
    source = source_of(document["then"][0].get("value"))
    try:
        node = whole = parse(source)
        found, start = list[Branch](), 0
        while isinstance(node, Call) and node.op == "?:":
            asked, yes, no = node.args
            mark, colon = source.index("?", asked.at[1]), source.index(":", yes.at[1])
            found.append((source[start:mark].strip(), source[mark + 1 : colon].strip()))
            node, start = no, colon + 1
        found.append(("", source[start:].strip() if found else source))
        for text in (one for branch in found for one in branch if one):
            parse(text)  # brackets around a whole choice are no part of a branch: then it is told as one value
        return found if parse(joined(found)) == whole else [("", source)]
    except (ConditionError, ValueError):
        return [("", source)]


def joined(some: Sequence[Branch]) -> str:
    """Return the value that says some branches."""
    *first, (_, otherwise) = some
    return "".join(f"{asked} ? {value} : " for asked, value in first) + otherwise


def read(form: MultiDict[str, str], rule: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an own rule as its lines of the form say; what was not changed stays as it was written."""
    made = dict(document)
    if f"{rule}.if" in form and inputs.plain(form[f"{rule}.if"]) != str(document.get("if", "")).strip():
        made.pop("if", None)
        if text := inputs.plain(form[f"{rule}.if"]):
            made["if"] = text
    was = branches(document)
    values = [inputs.plain(one) for one in form.getlist(f"{rule}.value")]
    asked = [inputs.plain(one) for one in form.getlist(f"{rule}.asked")]
    if values and len(values) == len(asked) + 1:
        kept = [(one, value) for one, value in zip(asked, values, strict=False) if one] + [("", values[-1])]
        if kept != [(inputs.plain(one), inputs.plain(value)) for one, value in was]:
            made["then"] = [{**document["then"][0], "value": joined(kept)}]
    return made


def _with_branch(document: Mapping[str, Any]) -> dict[str, Any]:
    *first, last = branches(document)
    return {**document["then"][0], "value": joined([*first, ("false", last[1]), last])}


def _added(found: Opened, entity: str, field: str) -> dict[str, Any]:
    """Return another rule of the table, which begins as the first one begins and holds for nothing yet."""
    first = found.document("rule", _rules(found, entity, field)[0])
    namespace = namespace_of(str(first["id"]))
    name = f"{CUSTOM}.{entities.free(f'{field}_line', set(found.ids('rule')), 'rule', f'{CUSTOM}.')}"
    on = first["on"] if namespace == CUSTOM else qualified(first["on"], namespace)
    return {
        "kind": "rule", "id": name, "lang": 1, "title": gettext("Another line"), "entity": entity, "on": on,
        "if": "false", "then": [{"do": "set_field", "field": field, "value": None}],
        "once_per": first.get("once_per", "always"), "priority": first.get("priority", 500), "mode": "live",
    }  # fmt: skip


def _lines(found: Opened, rule: str, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of a rule: one for each branch."""
    catalog, entity, namespace = found.catalog, str(document["entity"]), namespace_of(rule)
    field, some = _decides(document), branches(document)

    def said(source: str) -> str:
        return condition_words.said(catalog, entity, source, namespace)

    return [
        {
            "rule": rule,
            "own": edits.is_own(rule),
            "title": str(document["title"]) if edits.is_own(rule) else words.document(catalog, "rule", rule),
            "mode": str(document.get("mode", "live")),
            "if": str(document.get("if", "")),
            "if_said": said(str(document["if"])) if document.get("if") else "",
            "asked": asked,
            "asked_said": said(asked) if asked else (gettext("otherwise") if index else ""),
            "value": value,
            "value_said": condition_words.said(catalog, entity, value, namespace, stands_for=field),
            "first": index == 0,
            "last": index == len(some) - 1,
            "several": len(some) > 1,
        }
        for index, (asked, value) in enumerate(some)
    ]

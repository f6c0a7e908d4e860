"""Definitions, their attributes, and changes of them, in words of the page's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from dealwright.metadata import canonical
from dealwright.metadata.definitions import title_of
from dealwright.metadata.pointers import steps
from dealwright.web import i18n
from dealwright.web.i18n import gettext
from dealwright_admin import field_types, keywords

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.packs.drafts import Opened
    from dealwright.storage.drafts import Change

#: Longest value that is shown in a line.
_LONG = 90
#: Lists whose elements have a title of their own.
_KEYED = frozenset(
    ("properties", "steps", "options", "stages", "checks", "checklist", "enter", "exit", "inputs", "segments")
)


@dataclass(frozen=True, slots=True)
class Told:
    """A change in words.

    Attributes:
        about: The document that it is about, ``kind`` what that is, ``href`` where it is edited.
        title: What is changed in it.
        before, after: From what to what; empty where that says nothing.
        hue: Green for what is new, amber for what is other, red for what goes.
    """

    path: str
    op: str
    about: str
    kind: str
    href: str
    title: str
    before: str = ""
    after: str = ""
    hue: str = "amber"


def kind(name: str) -> str:
    """Return what a kind of document is called."""
    words = {
        **{"entity": gettext("Entity"), "approval": gettext("Approval"), "rule": gettext("Rule")},
        **{"role": gettext("Role"), "pipeline": gettext("Pipeline"), "score": gettext("Score")},
        **{"sla": gettext("SLA"), "deadline": gettext("Deadline"), "calendar": gettext("Calendar")},
        **{"message": gettext("Message"), "sequence": gettext("Sequence"), "report": gettext("Report")},
        **{"dashboard": gettext("Dashboard"), "option_set": gettext("Option set"), "view": gettext("View")},
        **{"parameter": gettext("Parameter"), "fact": gettext("Fact"), "pack": gettext("Pack")},
    }
    return words.get(name, name)


def operation(name: str) -> str:
    """Return an operation in words."""
    said = {
        **{"read": gettext("See"), "create": gettext("Make"), "update": gettext("Edit")},
        **{"delete": gettext("Archive"), "move": gettext("Move on"), "export": gettext("Export")},
        **{"import": gettext("Import"), "share": gettext("Share with others")},
    }
    return said.get(name, name)


def hue(name: str) -> str:
    """Return what a colour of the design is called."""
    words = {
        **{"gray": gettext("grey"), "blue": gettext("blue"), "violet": gettext("violet"), "pink": gettext("pink")},
        **{"red": gettext("red"), "orange": gettext("orange"), "amber": gettext("amber"), "green": gettext("green")},
        "teal": gettext("teal"),
    }
    return words.get(name, name)


def document(catalog: Catalog, of: str, identifier: str) -> str:
    """Return what a document is called."""
    found = catalog.documents.get((of, identifier))
    given = found.get("title") if found is not None else None
    fallback = str(given) if isinstance(given, str) else title_of(identifier.rpartition(".")[2])
    return i18n.text(catalog, of, identifier, "/title", fallback) if found is not None else fallback


def place(catalog: Catalog, of: str, identifier: str, at: Sequence[str]) -> str:
    """Return what an attribute of a document is called: ``Amount · Title``; empty for the whole document."""
    words: list[str] = []
    here: list[str] = []
    outer = ""
    for step in at:
        here.append(step)
        if of == "view" and outer == "fields" and (entity := _laid_out(catalog, identifier)) is not None:
            field = entity.all_fields().get(step)
            words.append(i18n.field_text(catalog, entity, field) if field is not None else step)
        elif outer in _KEYED or (of == "view" and outer in ("tabs", "sections")):
            at_title = "".join(f"/{one}" for one in (*here, "title"))
            words.append(i18n.text(catalog, of, identifier, at_title, "") or title_of(step.removeprefix("c__")))
        elif step not in ("properties", "tabs", "sections", "fields", "steps", "options", "stages", "items"):
            words.append(keywords.label(step))
        outer = step
    return " · ".join(words)


def _laid_out(catalog: Catalog, identifier: str) -> Entity | None:
    """Return the entity that a view lays out; None where the view is wrong."""
    document = catalog.documents.get(("view", identifier), {})
    return catalog.entities.get(str(document.get("entity")))


def value(given: Any) -> str:
    """Return a value of a definition as a person reads it."""
    match given:
        case None | "":
            text = ""
        case bool():
            text = gettext("yes") if given else gettext("no")
        case str():
            text = given
        case Mapping():
            text = str(given.get("title") or given.get("id") or canonical.text(given))
        case list() | tuple():
            text = ", ".join(value(one) for one in given)
        case _:
            text = str(given)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def changes(draft: Opened) -> list[Told]:
    """Return the changes of a draft in words, those of one document together."""
    told = [_change(draft, one) for one in draft.changes]
    return sorted(told, key=lambda one: (one.kind, one.about, one.path))


def _change(draft: Opened, one: Change) -> Told:
    of, _, identifier = one.path.partition("#")[0].partition(":")
    at = steps(one.path.partition("#")[2])
    catalog = draft.catalog
    saw = _loaded(one.saw)
    now = one.patch.get("value") if one.patch is not None else None
    about = document(catalog, of, identifier)
    if one.op == "add" and not at:
        about = str((now if isinstance(now, Mapping) else saw or {}).get("title") or about)
    told = {"path": one.path, "op": one.op, "about": about, "kind": of, "href": href(draft, of, identifier, at)}
    if one.patch is None:
        what = place(catalog, of, identifier, at)
        if one.op == "add":
            name = value(saw) or what
            return Told(**told, title=gettext("%(name)s is retired", name=name), hue="red")
        return Told(**told, title=gettext("%(name)s: back to the pack", name=what), before=_shown(one.op, saw))
    if one.op == "add" and saw is None:
        return Told(**told, title=_new(of, at, now), hue="green")
    what = place(catalog, of, identifier, at)
    if one.op == "add":
        return Told(**told, title=gettext("%(name)s is changed", name=what or about), after=_differing(saw, now))
    if one.op == "translate":
        what = gettext("%(name)s in other languages", name=what)
    return Told(**told, title=what, before=_shown(one.op, saw), after=_shown(one.op, now))


def _new(of: str, at: Sequence[str], now: Any) -> str:
    name = value(now)
    if not at:
        return gettext("New: %(kind)s “%(name)s”", kind=kind(of), name=name)
    if of == "entity" and at[0] == "properties" and len(at) == 2 and isinstance(now, Mapping):
        title = str(now.get("title") or title_of(at[-1].removeprefix("c__")))
        type_title = field_types.title(str(now.get("field")))
        return gettext("New field “%(name)s” (%(type)s)", name=title, type=type_title)
    return gettext("New: “%(name)s”", name=name)


def _differing(was: Any, now: Any) -> str:
    """Name the attributes in which two documents differ."""
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        return value(now)
    names = [key for key in dict.fromkeys((*was, *now)) if canonical.text(was.get(key)) != canonical.text(now.get(key))]
    return ", ".join(keywords.label(name) for name in names)


def _shown(op: str, given: Any) -> str:
    if op == "translate" and isinstance(given, Mapping):
        return ", ".join(str(one) for one in given.values())
    return value(given)


def _loaded(text: str | None) -> Any:
    import json

    return json.loads(text) if text is not None else None


def href(draft: Opened, of: str, identifier: str, at: Sequence[str] = ()) -> str:
    """Return where a part of a document is edited in a draft; empty where nothing edits it yet."""
    key = draft.draft.id
    if of == "entity" and identifier in draft.catalog.entities:
        if len(at) > 1 and at[0] == "properties":
            return url_for("admin_draft_fields.field_view", draft=key, entity=identifier, field=at[1])
        return url_for("admin_draft_entities.entity_view", draft=key, entity=identifier)
    if of == "approval":
        return url_for("admin_draft_approvals.approval_view", draft=key, approval=identifier)
    if of == "rule":
        return url_for("admin_draft_rules.rule_view", draft=key, rule=identifier)
    if of == "score":
        return url_for("admin_draft_scores.score_view", draft=key, score=identifier)
    if of == "pipeline":
        return url_for("admin_draft_pipelines.pipeline_view", draft=key, pipeline=identifier)
    if of == "view":
        return url_for("admin_draft_views.one_view", draft=key, view=identifier)
    if of == "role":
        return url_for("admin_draft_roles.role_view", draft=key, role=identifier)
    if of == "message":
        return url_for("admin_draft_messages.message_view", draft=key, message=identifier)
    if of == "sla":
        return url_for("admin_draft_slas.sla_view", draft=key, sla=identifier)
    if of == "calendar":
        return url_for("admin_draft_calendars.calendar_view", draft=key, calendar=identifier)
    if of == "parameter":
        space = identifier.partition(".")[0]
        return url_for("admin_draft_parameters.pack_view", draft=key, pack=space, _anchor=identifier)
    return ""

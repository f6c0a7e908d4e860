"""Views of a draft: where fields stand on forms, pages and lists, for whom, and how each would be met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for

from dealwright import access
from dealwright.metadata import views as metadata_views
from dealwright.metadata.names import CUSTOM, namespace_of
from dealwright.packs import drafts, edits
from dealwright.web import i18n, layout, visit
from dealwright.web.forms import WIDE
from dealwright_admin import copying, entities, fields, placing, problems, view_form, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.metadata.definitions import Entity
    from dealwright.metadata.views import View
    from dealwright.packs.drafts import Opened


class Views(DraftPage):
    """Views of a draft."""

    part = "views"

    @exposed("/<draft>/views/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the views of each entity; make a new one, or an own copy of one for a role or a stage."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        rows = [_row(found, name) for name in found.ids("view")]
        rows.sort(key=lambda one: (one["entity_title"], not one["own"], one["title"]))
        page = self.shown("views.html", found, rows=rows, entities=entities.choices(found), roles=_roles(found))
        return page, 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        role, stage = form.get("role", ""), form.get("stage", "")
        with writing(draft) as (connection, found):
            taken = set(found.ids("view"))
            texts: entities.Texts = {}
            if original := form.get("copy"):
                document = copying.copied(found, "view", original, taken) if not edits.is_own(original) else {}
                document = document or _again(found, original, taken)
                texts = _translated(found, original, document)
                document |= {"title": title} if title else {}
            else:
                entity = found.catalog.entities.get(form.get("entity", ""))
                if entity is None or not (title or chinese):
                    return redirect(url_for("admin_draft_views.index_view", draft=draft), 303)
                name = f"{CUSTOM}.{entities.free(title, taken, 'view', f'{CUSTOM}.')}"
                now = metadata_views.chosen(found.catalog, entity.id, [role] if role else (), stage or None)
                document, texts = view_form.begun(found, entity, name, title or chinese, now)
            document |= {"roles": [role]} if role in found.catalog.roles else {}
            document |= {"stages": [stage]} if stage else {}
            if title and chinese:
                texts[("title",)] = {LOCALE: chinese}
            drafts.write(connection, found, "view", document["id"], document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_views.one_view", draft=draft, view=document["id"]), 303)

    @exposed("/<draft>/views/<view>/", methods=("GET", "POST"))
    def one_view(self, draft: str, view: str) -> ResponseReturnValue:
        """Show a view as it stands, or let it be as the form says; a script posts it while somebody works on it."""
        if request.method == "GET":
            return self._page(opened(draft), view, "view.html"), 200
        own, doing = edits.is_own(view), request.form.get("do", "")
        anchor = ""
        with writing(draft) as (connection, found):
            document = found.document("view", view)
            entity = found.catalog.entities.get(str(document["entity"]))
            stood = placing.sheets(document, placing.fields_of(entity) if entity is not None else [])
            document = view_form.read(request.form, document)
            laid = placing.posted(request.form)
            if doing:
                anchor = placing.done(document, laid, doing, own=own)
            below = {} if own else found.below.documents.get(("view", view), {})
            placing.placed(document, laid, below, stood, own=own)
            texts = view_form.texts(request.form, document)
            found = drafts.write(connection, found, "view", view, document, texts, by=visit.user().id, seen=seen())
        if autosaved():
            return self._page(found, view, "verdict.html"), 200
        here = url_for("admin_draft_views.one_view", draft=draft, view=view, open=anchor, _anchor=f"at-{anchor}")
        return redirect(here if anchor else here.partition("?")[0], 303)

    def _page(self, found: Opened, view: str, template: str) -> str:
        document = found.document("view", view)
        catalog, entity = found.catalog, found.catalog.entities.get(str(document["entity"]))
        own = edits.is_own(view)
        wrong = problems.at(problems.told(found), "view", view)
        errors: dict[str, list[str]] = {}
        for one in wrong:
            errors.setdefault("/".join(one.at), []).append(one.message)
        known = placing.fields_of(entity) if entity is not None else []
        laid = placing.sheets(document, known)
        blocks = {str(one["id"]): one for one in document.get("sections", ())}
        titles = _titles(found, view, document)
        roles = _roles(found)
        creating = [one for one in roles if "create" in _ops(found, one[0], document)]
        return self.shown(
            template,
            found,
            view=view,
            document=document,
            own=own,
            entity=str(document["entity"]),
            entity_title=words.document(catalog, "entity", str(document["entity"])),
            owner=entities.owner(found, view, "view"),
            space=namespace_of(view),
            laid=laid,
            tabs={str(one["id"]): one for one in document.get("tabs", ())},
            sections=blocks,
            targets=_targets(laid, titles),
            titles=titles,
            cards={
                name: _card(found, entity, document, name, own)
                for sheet in laid
                for part in sheet.parts
                for name in part.fields
            },
            texts={
                f"{key}/{one['id']}/{name}": found.text("view", view, (key, one["id"], name), LOCALE)
                for key in ("tabs", "sections")
                for one in document.get(key, ())
                for name in ("title", "description")
            },
            title_zh=found.text("view", view, ("title",), LOCALE),
            roles=roles,
            creating=creating,
            stages=view_form.stages(found, entity) if entity is not None else [],
            columns=view_form.columns(found, entity) if entity is not None else [],
            sorts=view_form.sorts(found, entity) if entity is not None else [],
            met=_met(found, view, document),
            errors=errors,
            names=fields.names(found, str(document["entity"])),
            opened_part=request.args.get("open", ""),
            mine=wrong,
            seen=drafts.digest(found, "view", view),
        )

    @exposed("/<draft>/views/<view>/reset/", methods=("POST",))
    def reset_view(self, draft: str, view: str) -> ResponseReturnValue:
        """Let a pack's view be as the pack says; one of the admins' own goes."""
        with writing(draft) as (connection, found):
            found.document("view", view)
            drafts.take_back(connection, found, "view", view, by=visit.user().id)
        if edits.is_own(view):
            return redirect(url_for("admin_draft_views.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_views.one_view", draft=draft, view=view), 303)


def _row(found: Opened, name: str) -> dict[str, Any]:
    document, catalog = found.document("view", name), found.catalog
    entity = catalog.entities.get(str(document.get("entity")))
    staged = dict(view_form.stages(found, entity)) if entity is not None else {}
    return {
        "id": name,
        "title": str(document["title"]) if edits.is_own(name) else words.document(catalog, "view", name),
        "entity_title": words.document(catalog, "entity", str(document.get("entity", ""))),
        "roles": None
        if "roles" not in document
        else [words.document(catalog, "role", one) for one in document["roles"]],
        "stages": [staged.get(one, one) for one in document.get("stages", ())],
        "tabs": len(document.get("tabs", ())),
        "sections": len(document.get("sections", ())),
        "placed": len(document.get("fields", {})),
        "listed": bool(document.get("list")),
        "owner": entities.owner(found, name, "view"),
        "own": edits.is_own(name),
        "changed": f"view:{name}" in found.touched,
    }


def _roles(found: Opened) -> list[tuple[str, str]]:
    return sorted(
        ((one, words.document(found.catalog, "role", one)) for one in found.catalog.roles), key=lambda one: one[1]
    )


def _ops(found: Opened, role: str, document: Mapping[str, Any]) -> frozenset[str]:
    grants = access.rights_of(found.catalog, (role,), str(document["entity"])).grants
    return frozenset().union(*(one.ops for one in grants))


def _again(found: Opened, original: str, taken: set[str]) -> dict[str, Any]:
    """Return another own view that begins like one of the admins' own."""
    document = found.document("view", original)
    name = f"{CUSTOM}.{entities.free(original.partition('.')[2], taken, 'view', f'{CUSTOM}.')}"
    return {**document, "id": name, "title": i18n.gettext("%(title)s (copy)", title=document["title"])}


def _translated(found: Opened, original: str, document: Mapping[str, Any]) -> entities.Texts:
    """Return the texts of a view in the other language, for a copy of it."""
    return {
        at: {LOCALE: text}
        for key in ("tabs", "sections")
        for one in document.get(key, ())
        for name in ("title", "description")
        if (text := found.text("view", original, at := (key, str(one["id"]), name), LOCALE))
    }


def _titles(found: Opened, view: str, document: Mapping[str, Any]) -> dict[str, str]:
    """Return what the view, its tabs and its sections are called in the language of the reader, as ``tabs/<id>``."""
    chinese = i18n.tag() == LOCALE

    def said(at: tuple[str, ...], title: str) -> str:
        return (found.text("view", view, (*at, "title"), LOCALE) if chinese else "") or title

    return {
        "": said((), str(document["title"])),
        **{
            f"{key}/{one['id']}": said((key, str(one["id"])), str(one.get("title", "")))
            for key in ("tabs", "sections")
            for one in document.get(key, ())
        },
    }


def _targets(laid: list[placing.Sheet], titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the sections that a field can go to, in words."""
    found, number = [], 0
    for sheet in laid[:-1]:
        tab = titles.get(f"tabs/{sheet.id}", "")
        for part in sheet.parts:
            number += 1
            title = titles.get(f"sections/{part.id}") or i18n.gettext("Section %(n)s", n=number)
            found.append((part.id, f"{tab} · {title}" if tab else title))
    return [*found, (placing.OUT, i18n.gettext("Not shown"))]


def _card(found: Opened, entity: Entity | None, document: Mapping[str, Any], name: str, own: bool) -> dict[str, Any]:
    """Return what is shown of a field: its title, its place, and how wide it is by itself."""
    field = entity.all_fields().get(name) if entity is not None else None
    place = document.get("fields", {}).get(name, {})
    width = str(field.spec.get("width") or "") if field is not None else ""
    wide = field is not None and field.type in WIDE
    return {
        "title": i18n.field_text(found.catalog, entity, field) if entity is not None and field is not None else name,
        "required": field is not None and field.required,
        "width": place.get("width", ""),
        "show": place.get("show", "both"),
        "natural": layout.SPANS.get(width, "c12" if wide else "c6"),
        "new": name not in document.get("fields", {}),
    }


def _met(found: Opened, view: str, document: Mapping[str, Any]) -> list[str]:
    """Return the roles that meet just this view, of those that may read such records."""
    stages = list(document.get("stages", ())) or [None]
    met = []
    for role, title in _roles(found):
        if "read" not in _ops(found, role, document):
            continue
        chosen: list[View | None] = [
            metadata_views.chosen(found.catalog, str(document["entity"]), [role], one) for one in stages
        ]
        if any(one is not None and one.id == view for one in chosen):
            met.append(title)
    return met

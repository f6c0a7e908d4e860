"""Fields of an entity in a draft: a new one by its type, its settings while somebody types, retired and reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for

from dealwright.errors import NotFoundError
from dealwright.metadata.names import CUSTOM
from dealwright.packs import drafts, edits
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import entities, field_types, problems, settings, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened


class Fields(DraftPage):
    """Fields of an entity."""

    part = "entities"

    @exposed("/<draft>/entities/<entity>/fields/add/", methods=("GET", "POST"))
    def add_view(self, draft: str, entity: str) -> ResponseReturnValue:
        """Show the types of fields, or add a field of one."""
        if request.method == "POST":
            return self._added(draft, entity)
        found = opened(draft)
        found.document("entity", entity)
        page = self.shown(
            "field_add.html",
            found,
            entity=entity,
            title=words.document(found.catalog, "entity", entity),
            groups=field_types.groups(),
        )
        return page, 200

    def _added(self, draft: str, entity: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        type_name = form.get("type", "")
        if not (title or chinese) or type_name not in settings.field_schema()["properties"]["field"]["enum"]:
            return redirect(url_for("admin_draft_fields.add_view", draft=draft, entity=entity), 303)
        with writing(draft) as (connection, found):
            document = found.document("entity", entity)
            prefix = "" if edits.is_own(entity) else f"{CUSTOM}__"
            name = prefix + entities.free(title, document["properties"], "field", prefix)
            document["properties"][name] = {"field": type_name, "title": title or chinese, **_begun(type_name, entity)}
            texts: Texts = {("properties", name, "title"): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "entity", entity, document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_fields.field_view", draft=draft, entity=entity, field=name), 303)

    @exposed("/<draft>/entities/<entity>/fields/<field>/", methods=("GET", "POST"))
    def field_view(self, draft: str, entity: str, field: str) -> ResponseReturnValue:
        """Show the settings of a field, or let them be others; a script posts them while somebody types."""
        if request.method == "POST":
            with writing(draft) as (connection, found):
                document = found.document("entity", entity)
                spec = _spec(document, field)
                own = edits.is_own(entity, (field,))
                shown = settings.groups(found, entity, field, spec, {}, own=own)
                document["properties"][field] = _titled(settings.read(request.form, spec, shown), request.form)
                _demanded(document, field, request.form)
                texts = _texts(field, request.form)
                found = drafts.write(
                    connection, found, "entity", entity, document, texts, by=visit.user().id, seen=seen()
                )
            if not autosaved():
                return redirect(url_for("admin_draft_entities.entity_view", draft=draft, entity=entity), 303)
        else:
            found = opened(draft)
        page = self._page(found, entity, field, "verdict.html" if request.method == "POST" else "field.html")
        return page, 200

    def _page(self, found: Opened, entity: str, field: str, template: str) -> str:
        document = found.document("entity", entity)
        spec = _spec(document, field)
        own = edits.is_own(entity, (field,))
        wrong = problems.at(problems.told(found), "entity", entity, ("properties", field))
        errors: dict[str, list[str]] = {}
        for one in wrong:
            errors.setdefault(one.at[2] if len(one.at) > 2 else "", []).append(one.message)
        known = found.below.documents.get(("entity", entity), {})
        return self.shown(
            template,
            found,
            entity=entity,
            field=field,
            spec=spec,
            own=own,
            own_entity=edits.is_own(entity),
            fixed=_in_force(found, entity, field),
            owner="" if own else entities.owner(found, entity),
            title=words.document(found.catalog, "entity", entity),
            name=str(spec.get("title") or field),
            type=next((one for _, some in field_types.groups() for one in some if one.id == spec["field"]), None),
            groups=settings.groups(found, entity, field, spec, errors, own=own),
            errors=errors,
            required=field in document.get("required", ()),
            required_below=field in known.get("required", ()),
            texts={
                key: found.text("entity", entity, ("properties", field, key), LOCALE)
                for key in ("title", "description")
            },
            changed={
                one.steps[2] for one in found.changed("entity", entity, ("properties", field)) if len(one.steps) > 2
            },
            users=entities.users_of(found.catalog, entity, field),
            names=names(found, entity),
            sections=sorted({str(one["section"]) for one in document["properties"].values() if one.get("section")}),
            columns=[(one, field_types.title(one)) for one in settings.COLUMNS],
            hues=entities.HUES,
            mine=wrong,
            words=words,
            seen=drafts.digest(found, "entity", entity),
        )

    @exposed("/<draft>/entities/<entity>/fields/<field>/retire/", methods=("POST",))
    def retire_view(self, draft: str, entity: str, field: str) -> ResponseReturnValue:
        """Take a field of the admins' own away, whose values stay; hide one of a pack, or show it again."""
        with writing(draft) as (connection, found):
            document = found.document("entity", entity)
            spec = _spec(document, field)
            if edits.is_own(entity, (field,)):
                document["properties"].pop(field)
                document["required"] = [one for one in document.get("required", ()) if one != field]
                drafts.write(connection, found, "entity", entity, document, by=visit.user().id)
            elif spec.get("visible_when") == "false":
                where = ("properties", field, "visible_when")
                drafts.take_back(connection, found, "entity", entity, where, by=visit.user().id)
            else:
                spec["visible_when"] = "false"
                drafts.write(connection, found, "entity", entity, document, by=visit.user().id)
        return redirect(url_for("admin_draft_entities.entity_view", draft=draft, entity=entity), 303)

    @exposed("/<draft>/entities/<entity>/fields/<field>/reset/", methods=("POST",))
    def reset_view(self, draft: str, entity: str, field: str) -> ResponseReturnValue:
        """Let a pack's field, or one attribute of it, be what the pack says."""
        attribute = request.form.get("attribute", "")
        with writing(draft) as (connection, found):
            _spec(found.document("entity", entity), field)
            at = ("properties", field, *([attribute] if attribute else []))
            drafts.take_back(connection, found, "entity", entity, at, by=visit.user().id)
        if edits.is_own(entity, (field,)) and not attribute:
            return redirect(url_for("admin_draft_entities.entity_view", draft=draft, entity=entity), 303)
        return redirect(url_for("admin_draft_fields.field_view", draft=draft, entity=entity, field=field), 303)


def names(draft: Opened, entity: str, namespace: str = "") -> list[dict[str, str]]:
    """Return what a condition about an entity can name: its fields, what they lead to, parameters, the user.

    Args:
        draft: The draft that the document is in.
        entity: About whose records it is.
        namespace: That of the document, whose own parameters bear no prefix; that of the entity when empty.
    """
    catalog = draft.catalog
    about = catalog.entities.get(entity)
    if about is None:
        return []
    found = []
    for one in about.all_fields().values():
        title = i18n.field_text(catalog, about, one)
        found.append({"name": one.id, "title": title, "type": field_types.title(one.type)})
        to = catalog.entities.get(one.to) if isinstance(one.to, str) else None
        if to is not None and one.type in ("reference", "user", "team"):
            found += [
                {
                    "name": f"{one.id}.{inner.id}",
                    "title": f"{title} · {i18n.field_text(catalog, to, inner)}",
                    "type": field_types.title(inner.type),
                }
                for inner in to.fields.values()
            ]
    for parameter in catalog.parameters.values():
        whose, _, name = parameter.id.partition(".")
        own = whose == (namespace or about.id.partition(".")[0])
        found.append(
            {
                "name": f"param.{name}" if own else f"param.{whose}__{name}",
                "title": words.document(catalog, "parameter", parameter.id),
                "type": words.kind("parameter"),
            }
        )
    return [*found, {"name": "user.id", "title": gettext("who looks at it"), "type": field_types.title("user")}]


def _spec(document: Mapping[str, Any], field: str) -> dict[str, Any]:
    found = document.get("properties", {}).get(field)
    if not isinstance(found, dict):
        raise NotFoundError(gettext("There is no field “%(name)s” here.", name=field[:80]))
    return found


def _begun(type_name: str, entity: str) -> dict[str, Any]:
    """Return what a new field of a type begins with, where the type cannot be without."""
    found: dict[str, dict[str, Any]] = {
        **{
            key: {"options": [{"id": "one", "title": gettext("First choice")}]}
            for key in ("select", "multi_select", "checklist")
        },
        "reference": {"to": entity},
        "references": {"to": entity},
        "any_reference": {"to": [entity]},
        "formula": {"formula": "0", "result": "decimal"},
        "rollup": {"of": entity, "via": "", "measure": "count"},
        "lookup": {"via": "owner", "value": "name"},
        "autonumber": {"format": "{yyyy}-{seq:5}"},
        "static": {"text": gettext("Write what people should know.")},
        "rows": {"items": {"properties": {"item": {"field": "text", "title": gettext("Item")}}}},
    }
    return dict(found.get(type_name, {}))


def _titled(spec: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """Give a field the texts of a form."""
    if title := (form.get("title", "").strip() or form.get(f"title.{LOCALE}", "").strip()):
        spec["title"] = title[:200]
    if "description" in form:
        spec.pop("description", None)
        spec |= {"description": text} if (text := form["description"].strip()) else {}
    return spec


def _texts(field: str, form: Mapping[str, str]) -> Texts:
    return {
        ("properties", field, key): {LOCALE: form[f"{key}.{LOCALE}"].strip()}
        for key in ("title", "description")
        if f"{key}.{LOCALE}" in form and form.get(key, "").strip()
    }


def _demanded(document: dict[str, Any], field: str, form: Mapping[str, str]) -> None:
    """Let a field be required or not, as a form says."""
    if "required.shown" not in form:
        return
    there, wanted = list(document.get("required", ())), form.get("required") == "1"
    if wanted and field not in there:
        document["required"] = [*there, field]
    elif not wanted:
        document["required"] = [one for one in there if one != field]


def _in_force(draft: Opened, entity: str, field: str) -> bool:
    return field in draft.live.documents.get(("entity", entity), {}).get("properties", {})

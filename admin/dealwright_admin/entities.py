"""Entities of a draft: which there are, what uses them, a new one, and the fields of one."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for

from dealwright import conditions
from dealwright.errors import NotFoundError
from dealwright.metadata import canonical
from dealwright.metadata.names import BASE, CUSTOM, namespace_of
from dealwright.packs import drafts, edits, retired
from dealwright.web import assets, i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import field_types, problems, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, writing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity
    from dealwright.packs.drafts import Opened

HUES: Final = ("gray", "blue", "violet", "pink", "red", "orange", "amber", "green", "teal")
#: The language whose texts stand beside the document's own.
LOCALE: Final = "zh-CN"

#: Place in a document to locale to text.
Texts = dict[tuple[str, ...], dict[str, str]]


class Entities(DraftPage):
    """Entities of a draft."""

    part = "entities"

    @exposed("/<draft>/entities/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the entities; make a new one."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        rows = [_row(found, one) for one in _shown(found.catalog)]
        return self.shown("entities.html", found, rows=rows, hues=HUES, icons=assets.icons()), 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        named = title or chinese
        with writing(draft) as (connection, found):
            if not named:
                return redirect(url_for("admin_draft_entities.index_view", draft=draft), 303)
            identifier = f"{CUSTOM}.{free(title, set(found.ids('entity')), 'entity', f'{CUSTOM}.')}"
            document: dict[str, Any] = {
                "kind": "entity",
                "id": identifier,
                "lang": 1,
                "title": named,
                "plural": form.get("plural", "").strip()[:200] or named,
                "display": "name",
                "icon": "briefcase",
                "hue": form.get("hue") if form.get("hue") in HUES else "blue",
                "properties": {"name": {"field": "text", "title": gettext("Name"), "maxLength": 200}},
                "required": ["name"],
            }
            texts: Texts = {("title",): {LOCALE: chinese}, ("plural",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "entity", identifier, document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_entities.entity_view", draft=draft, entity=identifier), 303)

    @exposed("/<draft>/entities/<entity>/", methods=("GET", "POST"))
    def entity_view(self, draft: str, entity: str) -> ResponseReturnValue:
        """Show an entity with its fields, or let its texts be others."""
        if request.method == "POST":
            with writing(draft) as (connection, found):
                document = _entity(found, entity)
                texts = _changed(document, request.form)
                found = drafts.write(connection, found, "entity", entity, document, texts, by=visit.user().id)
            if not autosaved():
                return redirect(url_for("admin_draft_entities.entity_view", draft=draft, entity=entity), 303)
            return self.shown("verdict.html", found, mine=problems.at(problems.told(found), "entity", entity)), 200
        found = opened(draft)
        document = _entity(found, entity)
        used = uses(found.catalog, entity)
        fields = [_field(found, entity, document, name, used) for name in ordered(document)]
        with visit.workspace().database.read() as connection:
            gone = retired.fields(connection, entity, set(document["properties"]))
        page = self.shown(
            "entity.html",
            found,
            entity=entity,
            document=document,
            title=words.document(found.catalog, "entity", entity),
            own=edits.is_own(entity),
            owner=owner(found, entity),
            fields=fields,
            retired=[{**one, "type_title": field_types.title(one["spec"]["field"])} for one in gone],
            texts={key: found.text("entity", entity, (key,), LOCALE) for key in ("title", "plural")},
            changed={one.steps[0] for one in found.changed("entity", entity) if len(one.steps) == 1},
            hues=HUES,
            icons=assets.icons(),
            roles=[(one, words.document(found.catalog, "role", one)) for one in found.catalog.roles],
            mine=problems.at(problems.told(found), "entity", entity),
        )
        return page, 200

    @exposed("/<draft>/entities/<entity>/reset/", methods=("POST",))
    def reset_view(self, draft: str, entity: str) -> ResponseReturnValue:
        """Let an attribute of the entity, or all of it, be what its pack says; one of the admins' own goes."""
        at = tuple(one for one in (request.form.get("attribute", ""),) if one)
        with writing(draft) as (connection, found):
            _entity(found, entity)
            drafts.take_back(connection, found, "entity", entity, at, by=visit.user().id)
        if edits.is_own(entity) and not at:
            return redirect(url_for("admin_draft_entities.index_view", draft=draft), 303)
        return redirect(url_for("admin_draft_entities.entity_view", draft=draft, entity=entity), 303)

    @exposed("/<draft>/entities/<entity>/restore/", methods=("POST",))
    def restore_view(self, draft: str, entity: str) -> ResponseReturnValue:
        """Bring a field back that was retired, with the values that records still have."""
        name = request.form.get("field", "")
        with writing(draft) as (connection, found):
            document = _entity(found, entity)
            gone = retired.fields(connection, entity, set(document["properties"]))
            spec = next((one["spec"] for one in gone if one["id"] == name), None)
            if spec is None:
                raise NotFoundError(gettext("There is no retired field of this name."))
            document["properties"][name] = spec
            drafts.write(connection, found, "entity", entity, document, by=visit.user().id)
        return redirect(url_for("admin_draft_fields.field_view", draft=draft, entity=entity, field=name), 303)


def free(title: str, taken: Collection[str], otherwise: str, prefix: str = "") -> str:
    """Return a name for a title that nothing has yet: ``cost_centre``, ``cost_centre_2``.

    A title without Latin letters gives ``otherwise``, as names are in Latin letters.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", plain)).strip("_")[:32].strip("_")
    name = name if name and name[0].isalpha() else f"{otherwise}_{name}".strip("_")
    number, found = 1, name
    while f"{prefix}{found}" in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def ordered(document: Mapping[str, Any]) -> list[str]:
    """Return the fields of an entity in the order of its form."""
    places = {name: index for index, name in enumerate(document["properties"], 1)}
    return sorted(
        document["properties"],
        key=lambda name: (document["properties"][name].get("order", _later(name, places[name])), places[name]),
    )


def _later(name: str, place: int) -> int:
    return 20_000 if "__" in name else 10 * place


def owner(draft: Opened, entity: str, kind: str = "entity") -> str:
    """Return what the pack that defines a document is called; empty for one of the admins' own."""
    layer = draft.examined.folded.owners.get((kind, entity), CUSTOM)
    pack = draft.catalog.packs.get(layer)
    if layer == CUSTOM:
        return ""
    return i18n.pack_title(pack) if pack is not None else gettext("the platform")


def uses(catalog: Catalog, entity: str) -> dict[str, Counter[str]]:
    """Return for each field of an entity how many documents of each kind read or name it."""
    found: dict[str, set[tuple[str, str]]] = {}
    for (about, field), places in conditions.uses(catalog).items():
        if about == entity:
            found.setdefault(field.partition(".")[0], set()).update((one.kind, one.id) for one in places)
    return {name: Counter(kind for kind, _ in documents) for name, documents in found.items()}


def users_of(catalog: Catalog, entity: str, field: str) -> list[tuple[str, str, str]]:
    """Return the documents that read a field: kind, id, title."""
    found = {
        (one.kind, one.id)
        for (about, name), places in conditions.uses(catalog).items()
        if about == entity and name.partition(".")[0] == field
        for one in places
    }
    return [(kind, identifier, words.document(catalog, kind, identifier)) for kind, identifier in sorted(found)]


def _about(catalog: Catalog, entity: str) -> Counter[str]:
    """Return how many documents of each kind are about an entity or point to it."""
    found: Counter[str] = Counter()
    for (kind, identifier), document in catalog.documents.items():
        if kind == "entity":
            points = any(spec.get("to") == entity for spec in document.get("properties", {}).values())
            found[kind] += int(points and identifier != entity)
        elif kind != "parameter" and document.get("entity") == entity:
            found[kind] += 1
    return +found


def used(counts: Mapping[str, int]) -> str:
    """Return counts in words: “3 rules, 2 reports”."""
    said = {
        "rule": lambda n: gettext("%(n)s rules", n=n) if n != 1 else gettext("1 rule"),
        "approval": lambda n: gettext("%(n)s approvals", n=n) if n != 1 else gettext("1 approval"),
        "report": lambda n: gettext("%(n)s reports", n=n) if n != 1 else gettext("1 report"),
        "pipeline": lambda n: gettext("%(n)s pipelines", n=n) if n != 1 else gettext("1 pipeline"),
        "entity": lambda n: gettext("%(n)s entities", n=n) if n != 1 else gettext("1 entity"),
        "role": lambda n: gettext("%(n)s roles", n=n) if n != 1 else gettext("1 role"),
        "score": lambda n: gettext("%(n)s scores", n=n) if n != 1 else gettext("1 score"),
        "view": lambda n: gettext("%(n)s views", n=n) if n != 1 else gettext("1 view"),
    }
    parts = [said[kind](count) for kind, count in counts.items() if kind in said and count]
    others = sum(count for kind, count in counts.items() if kind not in said)
    if others:
        parts.append(gettext("%(n)s others", n=others))
    return ", ".join(parts)


def _shown(catalog: Catalog) -> list[Entity]:
    """Return the entities: the admins' own, those of packs, then the platform's."""
    ranks = {CUSTOM: 0, BASE: 2}
    return sorted(
        catalog.entities.values(),
        key=lambda one: (ranks.get(namespace_of(one.id), 1), i18n.entity_title(catalog, one)),
    )


def _row(draft: Opened, one: Entity) -> dict[str, Any]:
    changed = {change.path.partition("#")[0] for change in draft.changes}
    return {
        "id": one.id,
        "title": i18n.entity_title(draft.catalog, one),
        "hue": str(one.document.get("hue") or "gray"),
        "owner": owner(draft, one.id),
        "own": edits.is_own(one.id),
        "fields": len(one.fields),
        "added": sum(1 for name in one.fields if edits.is_own("", (name,))),
        "used": used(_about(draft.catalog, one.id)),
        "changed": f"entity:{one.id}" in changed,
    }


def _entity(draft: Opened, entity: str) -> dict[str, Any]:
    document = draft.document("entity", entity)
    document.setdefault("properties", {})
    return document


def _field(
    draft: Opened, entity: str, document: Mapping[str, Any], name: str, used_in: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    spec = document["properties"][name]
    mine = [one for one in draft.changes if one.path.startswith(f"entity:{entity}#/properties/{name}")]
    fallback = str(spec.get("title") or name.removeprefix(f"{CUSTOM}__").replace("_", " ").capitalize())
    whose = draft.examined.folded.provenance.get((("entity", entity), ("properties", name, "field")), (CUSTOM,))
    pack = draft.catalog.packs.get(whose[0])
    return {
        "id": name,
        "title": i18n.text(draft.catalog, "entity", entity, f"/properties/{name}/title", fallback),
        "type": spec.get("field", ""),
        "type_title": field_types.title(str(spec.get("field", ""))),
        "icon": field_types.icon(str(spec.get("field", ""))),
        "required": name in document.get("required", ()),
        "conditional": any(key in spec for key in ("visible_when", "required_when", "readonly_when")),
        "hidden": str(spec.get("visible_when", "")).strip() == "false",
        "section": str(spec.get("section") or ""),
        "own": edits.is_own(entity, (name,)),
        "owner": "" if whose[0] == CUSTOM else (i18n.pack_title(pack) if pack is not None else gettext("the platform")),
        "used": used(used_in.get(name, {})),
        "changed": bool(mine),
        "new": any(one.op == "add" and one.saw is None for one in mine),
    }


def _changed(document: dict[str, Any], form: Mapping[str, str]) -> Texts:
    """Let a document have the texts and looks of a form; return the texts in the other language."""
    for key in ("title", "plural", "description", "icon", "hue"):
        given = form.get(key, "").strip()
        if given and (key != "hue" or given in HUES):
            document[key] = given
        elif key == "description":
            document.pop(key, None)
    return {
        (key,): {LOCALE: form[f"{key}.{LOCALE}"].strip()} for key in ("title", "plural") if f"{key}.{LOCALE}" in form
    }


def choices(draft: Opened) -> list[tuple[str, str]]:
    """Return the entities that something can be made for, those of packs and the admins' own first."""
    catalog = draft.catalog
    found = [(one.id, i18n.entity_title(catalog, one)) for one in catalog.entities.values() if one.part_of is None]
    return sorted(found, key=lambda one: (one[0].startswith(f"{BASE}."), one[1]))


def same(one: Any, other: Any) -> bool:
    """Tell whether two parts of documents say the same."""
    return canonical.text(one) == canonical.text(other)

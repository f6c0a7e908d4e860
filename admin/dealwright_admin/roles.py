"""Roles of a draft: who may do what with the records of which entity, as a matrix beside another role's, and own roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for

from dealwright.errors import NotFoundError
from dealwright.metadata import canonical
from dealwright.metadata.names import CUSTOM, namespace_of
from dealwright.packs import drafts, edits
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import entities, problems, role_differences, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, seen, writing
from dealwright_admin.entities import LOCALE, Texts

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from werkzeug.datastructures import MultiDict

    from dealwright.packs.drafts import Opened

OPS: Final = ("read", "create", "update", "delete", "move", "export", "import", "share")


class Roles(DraftPage):
    """Roles of a draft."""

    part = "roles"

    @exposed("/<draft>/roles/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the roles; make a new one, or an own copy of a pack's."""
        if request.method == "POST":
            return self._made(draft)
        found = opened(draft)
        rows = [
            {
                "id": name,
                "title": _title(found, name),
                "description": i18n.text(
                    found.catalog,
                    "role",
                    name,
                    "/description",
                    str(found.document("role", name).get("description", "")),
                ),
                "owner": entities.owner(found, name, "role"),
                "own": edits.is_own(name),
                "changed": f"role:{name}" in found.touched,
            }
            for name in found.ids("role")
        ]
        return self.shown("drafted_roles.html", found, rows=rows), 200

    def _made(self, draft: str) -> ResponseReturnValue:
        form = request.form
        title, chinese = (form.get(name, "").strip()[:200] for name in ("title", "chinese"))
        with writing(draft) as (connection, found):
            original = form.get("copy", "")
            if not (title or chinese or original):
                return redirect(url_for("admin_draft_roles.index_view", draft=draft), 303)
            stem = title or original.partition(".")[2]
            name = f"{CUSTOM}.{entities.free(stem, set(found.ids('role')), 'role', f'{CUSTOM}.')}"
            document: dict[str, Any] = {"kind": "role", "id": name, "lang": 1, "title": title or chinese, "grants": []}
            if original:
                document = _copied(found, original, name)
            texts: Texts = {("title",): {LOCALE: chinese}} if title and chinese else {}
            drafts.write(connection, found, "role", name, document, texts, by=visit.user().id)
        return redirect(url_for("admin_draft_roles.role_view", draft=draft, role=name), 303)

    @exposed("/<draft>/roles/<role>/", methods=("GET", "POST"))
    def role_view(self, draft: str, role: str) -> ResponseReturnValue:
        """Show what a role may do, beside another one; let an own role be as the form says."""
        if request.method == "GET":
            return self._page(opened(draft), role, "drafted_role.html"), 200
        with writing(draft) as (connection, found):
            document = found.document("role", role)
            if title := request.form.get("title", "").strip():
                document["title"] = title[:200]
            if edits.is_own(role):
                document["grants"] = read(request.form)
                document["capabilities"] = request.form.get("capabilities", "").split()
            zh = request.form.get("title.zh-CN")
            texts: Texts = {("title",): {LOCALE: zh.strip()}} if zh is not None else {}
            found = drafts.write(connection, found, "role", role, document, texts, by=visit.user().id, seen=seen())
        if autosaved():
            return self._page(found, role, "verdict.html"), 200
        return redirect(url_for("admin_draft_roles.role_view", draft=draft, role=role), 303)

    def _page(self, found: Opened, role: str, template: str) -> str:
        document = found.document("role", role)
        other = request.args.get("beside", "")
        beside = found.document("role", other) if other in found.ids("role") else None
        wrong = problems.at(problems.told(found), "role", role)
        return self.shown(
            template,
            found,
            role=role,
            document=document,
            own=edits.is_own(role),
            owner=entities.owner(found, role, "role"),
            matrix=_matrix(found, document, beside),
            differences=role_differences.between(found.catalog, role, other) if beside is not None else [],
            ops=[(one, words.operation(one)) for one in OPS],
            beside=other if beside is not None else "",
            beside_title=_title(found, other) if beside is not None else "",
            others=[(one, _title(found, one)) for one in found.ids("role") if one != role],
            grants=[{**one, "lines": _lines(one.get("fields", {}))} for one in document.get("grants", ())],
            covered=_covered(found),
            title_zh=found.text("role", role, ("title",), LOCALE),
            mine=wrong,
            seen=drafts.digest(found, "role", role),
        )

    @exposed("/<draft>/roles/<role>/reset/", methods=("POST",))
    def reset_view(self, draft: str, role: str) -> ResponseReturnValue:
        """Let a pack's role be as the pack says; one of the admins' own goes."""
        with writing(draft) as (connection, found):
            found.document("role", role)
            drafts.take_back(connection, found, "role", role, by=visit.user().id)
        return redirect(url_for("admin_draft_roles.index_view", draft=draft), 303)


def read(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """Return the grants of a form; a row without an operation is none."""
    found = []
    for row in form.getlist("grant"):
        ops = [one for one in OPS if one in form.getlist(f"{row}.ops")]
        entity = form.get(f"{row}.entity", "")
        if not ops or not entity:
            continue
        grant: dict[str, Any] = {"entity": entity, "ops": ops}
        if rows := form.get(f"{row}.rows", "").strip():
            grant["rows"] = rows
        pairs = [line.partition("=") for line in form.get(f"{row}.fields", "").splitlines() if "=" in line]
        if fields := {left.strip(): right.strip() for left, _, right in pairs if left.strip()}:
            grant["fields"] = fields
        found.append(grant)
    return found


def _lines(fields: Mapping[str, str]) -> str:
    return "\n".join(f"{name} = {level}" for name, level in fields.items())


def _matrix(found: Opened, document: Mapping[str, Any], beside: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return for each entity what a role may do with its records, and what another may: all, some, or nothing."""
    rows = []
    for one in found.catalog.entities.values():
        mine = _allowed(document, one.id)
        theirs = _allowed(beside, one.id) if beside is not None else {}
        if mine or theirs:
            rows.append(
                {
                    "title": i18n.entity_title(found.catalog, one),
                    "cells": [(mine.get(name, ""), theirs.get(name, "")) for name in OPS],
                    "limited": _limited(document, one.id),
                }
            )
    return sorted(rows, key=lambda row: str(row["title"]))


def _allowed(document: Mapping[str, Any], entity: str) -> dict[str, str]:
    """Return operation to ``all`` records or ``some``, those that meet a condition."""
    found: dict[str, str] = {}
    for grant in document.get("grants", ()):
        if grant["entity"] in ("*", entity, f"{namespace_of(entity)}.*"):
            for name in grant["ops"]:
                if found.get(name) != "all":
                    found[name] = "some" if grant.get("rows") else "all"
    return found


def _limited(document: Mapping[str, Any], entity: str) -> list[str]:
    """Return the fields that a role does not see, of the grants to this entity."""
    return sorted(
        {
            name
            for grant in document.get("grants", ())
            if grant["entity"] == entity
            for name, level in grant.get("fields", {}).items()
            if level == "none"
        }
    )


def _covered(found: Opened) -> list[tuple[str, str]]:
    """Return what a grant can be to: everything, all of a pack, or one entity."""
    packs = {one.namespace: i18n.pack_title(one) for one in found.catalog.packs.values()}
    wide: Sequence[tuple[str, str]] = [
        (f"{name}.*", gettext("All of %(pack)s", pack=title)) for name, title in packs.items()
    ]
    return [*((one.id, i18n.entity_title(found.catalog, one)) for one in found.catalog.entities.values()), *wide]


def _title(found: Opened, name: str) -> str:
    return (
        str(found.document("role", name)["title"])
        if edits.is_own(name)
        else words.document(found.catalog, "role", name)
    )


def _copied(found: Opened, original: str, name: str) -> dict[str, Any]:
    document = found.document("role", original)
    below = found.below.documents.get(("role", original))
    if below is None:
        raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=original[:80]))
    layer = found.below.owners["role", original]
    version = next((one.version for one in found.before.layers if one.id == layer), "0")
    origin = {"id": original, "version": version, "sha256": canonical.digest(below)}
    kept = {key: value for key, value in document.items() if key not in ("sealed", "deprecated", "$schema")}
    capabilities = [one for one in kept.get("capabilities", ()) if one != "admin"]
    title = gettext("%(title)s (copy)", title=kept["title"])
    return {**kept, "id": name, "title": title, "capabilities": capabilities, "derived_from": origin}

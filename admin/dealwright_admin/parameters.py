"""Parameters of a draft: every number that a pack leaves to the admins, with its range, what uses it, and the way back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flask import redirect, request, url_for

from dealwright.errors import NotFoundError
from dealwright.metadata import canonical
from dealwright.metadata.names import namespace_of
from dealwright.packs import drafts
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import effects, problems, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, writing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.typing import ResponseReturnValue

    from dealwright.packs.drafts import Opened


#: How a document names a parameter: in a condition, or where a constant may stand.
_NAMED: Final = re.compile(r'param\.([a-z][a-z0-9_]*)|"param":"([a-z][a-z0-9_]*)"')
#: Kind, id, title and address of a document that uses a parameter.
Used = tuple[str, str, str, str]


class Parameters(DraftPage):
    """Parameters of a draft: a page for each pack, and a search over all."""

    part = "parameters"

    @exposed("/<draft>/parameters/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the packs that leave something to the admins, or what a search finds; take the values of a form."""
        if request.method == "POST":
            return self._posted(draft, url_for("admin_draft_parameters.index_view", draft=draft))
        found = opened(draft)
        wanted = request.args.get("q", "").strip()
        groups = _groups(found)
        if wanted:
            groups = [{**one, "lines": _matching(one["lines"], wanted)} for one in groups]
            groups = [one for one in groups if one["lines"]]
        return self.shown("parameters.html", found, groups=groups, wanted=wanted), 200

    @exposed("/<draft>/parameters/<pack>/", methods=("GET", "POST"))
    def pack_view(self, draft: str, pack: str) -> ResponseReturnValue:
        """Show the parameters of a pack, or let them have the values of a form; a script posts it while somebody types."""
        here = url_for("admin_draft_parameters.pack_view", draft=draft, pack=pack)
        if request.method == "POST":
            return self._posted(draft, here)
        found = opened(draft)
        groups = _groups(found)
        group = next((one for one in groups if one["space"] == pack), None)
        if group is None:
            raise NotFoundError(gettext("There is nothing with the id “%(id)s”.", id=pack[:80]))
        wanted = request.args.get("q", "").strip()
        lines = _matching(group["lines"], wanted) if wanted else group["lines"]
        page = self.shown(
            "parameters_pack.html",
            found,
            group=group,
            groups=groups,
            lines=lines,
            wanted=wanted,
            here=here,
            words=words,
        )
        return page, 200

    def _posted(self, draft: str, here: str) -> ResponseReturnValue:
        with writing(draft) as (connection, found):
            for name in found.ids("parameter"):
                if f"p-{name}" in request.form:
                    found = written(connection, found, name, request.form[f"p-{name}"].strip())
        if not autosaved():
            return redirect(here, 303)
        wrong = problems.told(found)
        mine = [one for one in wrong if one.kind == "parameter" and f"p-{one.id}" in request.form]
        return self.shown("verdict.html", found, mine=mine), 200

    @exposed("/<draft>/parameters/effect/")
    def effect_view(self, draft: str) -> ResponseReturnValue:
        """Show for how many records the draft would decide otherwise now."""
        found = opened(draft)
        decisions = [] if found.examined.problems else effects.now(found)
        return self.shown("effect_now.html", found, decisions=decisions), 200

    @exposed("/<draft>/parameters/reset/", methods=("POST",))
    def reset_view(self, draft: str) -> ResponseReturnValue:
        """Let a parameter be what its pack says."""
        name = request.form.get("name", "")
        with writing(draft) as (connection, found):
            found.document("parameter", name)
            drafts.take_back(connection, found, "parameter", name, by=visit.user().id)
        here = url_for("admin_draft_parameters.pack_view", draft=draft, pack=namespace_of(name), _anchor=name)
        return redirect(here, 303)


def _matching(lines: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Return the lines in which a text stands: in the title, the id, the description or what uses it."""
    text = wanted.casefold()
    return [
        one
        for one in lines
        if any(text in str(part).casefold() for part in (one["title"], one["id"], one["description"]))
        or any(text in title.casefold() for _, _, title, _ in one["used"])
    ]


def written(connection: Any, found: Opened, name: str, text: str) -> Opened:
    """Let a parameter have what was typed, where that is something else; return the draft as it is then."""
    document = found.document("parameter", name)
    value = _typed(document["type"], text)
    # The form holds every parameter: one that says in a text what it is ("200") was not touched by coming back as a number.
    if value is None or _plain(value) == _plain(document.get("default")):
        return found
    return drafts.write(connection, found, "parameter", name, {**document, "default": value}, by=visit.user().id)


def _typed(kind: str, text: str) -> Any:
    """Return a value as JSON has it for a type; what does not fit is told by the check, with what stands there."""
    if not text:
        return None
    if kind == "boolean":
        return text == "true"
    if kind in ("integer", "percent", "decimal", "money"):
        plain = text.replace(",", "").replace("，", "")
        try:
            return int(plain)
        except ValueError:
            return plain
    return text


def _groups(found: Opened) -> list[dict[str, Any]]:
    """Return the parameters by pack, each as its line shows it."""
    packs = {pack.namespace: i18n.pack_title(pack) for pack in found.catalog.packs.values()}
    wrong = problems.told(found)
    used = users(found)
    groups: dict[str, list[dict[str, Any]]] = {}
    for name in found.ids("parameter"):
        groups.setdefault(namespace_of(name), []).append(line(found, name, used.get(name, []), wrong))
    return [
        {
            "space": space,
            "title": packs.get(space, space),
            "lines": lines,
            "changed": sum(1 for one in lines if one["changed"]),
            "wrong": sum(1 for one in lines if one["errors"]),
        }
        for space, lines in groups.items()
    ]


def named(found: Opened, document: Mapping[str, Any]) -> list[str]:
    """Return the parameters that a document names, by their ids."""
    namespace = namespace_of(str(document["id"]))
    said = {one[0] or one[1] for one in _NAMED.findall(canonical.text(document))}
    full = {name.replace("__", ".", 1) if "__" in name else f"{namespace}.{name}" for name in said}
    return [one for one in found.ids("parameter") if one in full]


def line(found: Opened, name: str, used: list[Used], wrong: list[problems.Wrong]) -> dict[str, Any]:
    """Return a parameter as its line shows it."""
    document = found.document("parameter", name)
    below = found.below.documents.get(("parameter", name), {})
    description = i18n.text(found.catalog, "parameter", name, "/description", str(document.get("description", "")))
    return {
        "id": name,
        "title": words.document(found.catalog, "parameter", name),
        "description": description,
        "type": document["type"],
        "value": _plain(document.get("default")),
        "default": _plain(below.get("default")),
        "changed": bool(found.changed("parameter", name)),
        "range": _range(document),
        "unit": unit(str(document.get("unit", ""))),
        "options": [
            (
                str(one["id"]),
                i18n.text(found.catalog, "parameter", name, f"/options/{one['id']}/title", str(one["title"])),
            )
            for one in document.get("options", ())
        ],
        "used": used,
        "source": str(document.get("source", "")),
        "local": document.get("scope") == "environment",
        "errors": [one.message for one in problems.at(wrong, "parameter", name)],
    }


def _plain(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else "" if value is None else str(value)


def _range(document: Any) -> str:
    least, most = document.get("minimum"), document.get("maximum")
    if least is not None and most is not None:
        return gettext("%(least)s to %(most)s", least=least, most=most)
    if least is not None:
        return gettext("at least %(n)s", n=least)
    return gettext("at most %(n)s", n=most) if most is not None else ""


def unit(word: str) -> str:
    """Return a unit of a parameter in words."""
    said = {
        **{"day": gettext("days"), "hour": gettext("hours"), "minute": gettext("minutes"), "week": gettext("weeks")},
        **{"working_day": gettext("working days"), "month": gettext("months"), "percent": "%"},
    }
    return said.get(word, word)


def users(found: Opened) -> dict[str, list[Used]]:
    """Return for each parameter what names it: kind, id, title, and where that is edited."""
    catalog = found.catalog
    told: dict[str, list[Used]] = {}
    for (kind, identifier), document in catalog.documents.items():
        if kind == "parameter":
            continue
        space = namespace_of(identifier)
        for said in {one[0] or one[1] for one in _NAMED.findall(canonical.text(document))}:
            own, bar, name = said.partition("__")
            parameter = f"{own}.{name}" if bar else f"{space}.{said}"
            if parameter in catalog.parameters:
                title = words.document(catalog, kind, identifier)
                told.setdefault(parameter, []).append((kind, identifier, title, words.href(found, kind, identifier)))
    return told

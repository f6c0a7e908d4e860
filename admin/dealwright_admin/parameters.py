"""Parameters of a draft: every number that a pack leaves to the admins, with its range, what uses it, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for

from dealwright.metadata import canonical
from dealwright.metadata.names import namespace_of
from dealwright.packs import drafts
from dealwright.web import i18n, visit
from dealwright.web.i18n import gettext
from dealwright_admin import problems, words
from dealwright_admin.console import exposed
from dealwright_admin.draft_page import DraftPage, autosaved, opened, writing

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.drafts import Opened


class Parameters(DraftPage):
    """Parameters of all packs in a draft."""

    part = "parameters"

    @exposed("/<draft>/parameters/", methods=("GET", "POST"))
    def index_view(self, draft: str) -> ResponseReturnValue:
        """Show the parameters, or let them have the values of a form; a script posts it while somebody types."""
        if request.method == "POST":
            with writing(draft) as (connection, found):
                for name in found.ids("parameter"):
                    if f"p-{name}" in request.form:
                        found = _written(connection, found, name, request.form[f"p-{name}"].strip())
            if not autosaved():
                return redirect(url_for("admin_draft_parameters.index_view", draft=draft), 303)
            return self.shown("verdict.html", found), 200
        found = opened(draft)
        return self.shown("parameters.html", found, groups=_groups(found)), 200

    @exposed("/<draft>/parameters/reset/", methods=("POST",))
    def reset_view(self, draft: str) -> ResponseReturnValue:
        """Let a parameter be what its pack says."""
        name = request.form.get("name", "")
        with writing(draft) as (connection, found):
            found.document("parameter", name)
            drafts.take_back(connection, found, "parameter", name, by=visit.user().id)
        return redirect(url_for("admin_draft_parameters.index_view", draft=draft, _anchor=name), 303)


def _written(connection: Any, found: Opened, name: str, text: str) -> Opened:
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
    catalog = found.catalog
    packs = {pack.namespace: i18n.pack_title(pack) for pack in catalog.packs.values()}
    wrong = problems.told(found)
    used = _users(catalog)
    groups: dict[str, list[dict[str, Any]]] = {}
    for name in found.ids("parameter"):
        groups.setdefault(namespace_of(name), []).append(_line(found, name, used.get(name, []), wrong))
    return [{"title": packs.get(namespace, namespace), "lines": lines} for namespace, lines in groups.items()]


def _line(found: Opened, name: str, used: list[str], wrong: list[problems.Wrong]) -> dict[str, Any]:
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
        "options": [(str(one["id"]), str(one["title"])) for one in document.get("options", ())],
        "used": used,
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


def _users(catalog: Catalog) -> dict[str, list[str]]:
    """Return for each parameter what names it, in words."""
    found: dict[str, list[str]] = {}
    for (kind, identifier), document in catalog.documents.items():
        if kind == "parameter":
            continue
        text = canonical.text(document)
        namespace = namespace_of(identifier)
        for parameter in catalog.parameters:
            own, _, name = parameter.partition(".")
            said = name if own == namespace else f"{own}__{name}"
            if f"param.{said}" in text or f'"param":"{said}"' in text:
                found.setdefault(parameter, []).append(
                    f"{words.kind(kind)} {words.document(catalog, kind, identifier)}"
                )
    return found

"""What a view says besides where fields stand, as the inputs of a form and back; and views that begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.views import NOT_IN_A_CELL, SORTABLE
from dealwright.web import i18n, layout
from dealwright.web.i18n import gettext
from dealwright_admin import placing
from dealwright_admin.entities import LOCALE, Texts, free

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.datastructures import MultiDict

    from dealwright.metadata.definitions import Entity
    from dealwright.metadata.views import View
    from dealwright.packs.drafts import Opened

#: Longest title, and longest sentence under a heading.
_TITLE, _SENTENCE = 200, 2000
WIDTHS: Final = ("third", "half", "two_thirds", "full")


def read(form: MultiDict[str, str], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a view as a form says it shall be, without where fields stand; what the form does not show stays."""
    made = dict(document)
    if title := (form.get("title", "").strip() or form.get(f"title.{LOCALE}", "").strip()):
        made["title"] = title[:_TITLE]
    for key in ("roles", "stages"):
        if f"{key}.shown" in form:
            chosen = list(dict.fromkeys(one for one in form.getlist(key) if one))
            # An empty list is for nobody, which no box says: it stays what it is.
            _put(made, key, chosen or ([] if made.get(key) == [] else None))
    if "others.shown" in form:
        _put(made, "others", "hidden" if form.get("others") == "hidden" else None)
    made["tabs"] = [_titled(form, "t", one) for one in document.get("tabs", ())]
    made["sections"] = [_section(form, one) for one in document.get("sections", ())]
    made["fields"] = {name: _place(form, name, one) for name, one in document.get("fields", {}).items()}
    for name in form.getlist("fresh"):
        made["fields"].setdefault(name, _place(form, name, {}))
    if "column.shown" in form:
        _put(made, "list", _list(form, document.get("list", {})))
    return made


def _titled(form: Mapping[str, str], of: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tab or section with the title of the form; a tab always has one."""
    made, key = dict(one), f"{of}.{one['id']}.title"
    if key in form:
        title = form[key].strip() or form.get(f"{key}.{LOCALE}", "").strip()
        if title or of == "s":
            _put(made, "title", title[:_TITLE] or None)
    return made


def _section(form: Mapping[str, str], one: Mapping[str, Any]) -> dict[str, Any]:
    made, token = _titled(form, "s", one), f"s.{one['id']}"
    if f"{token}.description" in form:
        _put(made, "description", form[f"{token}.description"].strip()[:_SENTENCE] or None)
    if f"{token}.columns" in form:
        columns = form[f"{token}.columns"]
        _put(made, "columns", int(columns) if columns in ("1", "2", "3") else None)
    if f"{token}.folded.shown" in form:
        _put(made, "folded", True if form.get(f"{token}.folded") == "1" else None, was=one.get("folded"))
    if f"{token}.visible_when" in form:
        _put(made, "visible_when", form[f"{token}.visible_when"].strip() or None)
    return made


def _place(form: Mapping[str, str], name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(one)
    if f"f.{name}.width" in form:
        width = form[f"f.{name}.width"]
        _put(made, "width", width if width in WIDTHS else None)
    if (show := form.get(f"f.{name}.show", "")) in ("both", "form", "record"):
        _put(made, "show", show if show != "both" else None, was=one.get("show"))
    return made


def _list(form: MultiDict[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(before)
    _put(made, "columns", list(dict.fromkeys(one for one in form.getlist("column") if one)) or None)
    sort = form.get("sort", "")
    _put(made, "sort", ("-" if form.get("sort.way") == "down" else "") + sort if sort else None)
    return made


def _put(made: dict[str, Any], key: str, value: Any, *, was: Any = None) -> None:
    """Set or take out; where a pack says something, the usual must be said as such, as its word cannot be taken away."""
    if value is None and was is not None:
        usual = {"folded": False, "show": "both"}
        made[key] = usual[key]
    elif value is None:
        made.pop(key, None)
    else:
        made[key] = value


def texts(form: Mapping[str, str], document: Mapping[str, Any]) -> Texts:
    """Return the texts in the other language, by place."""
    found: Texts = {}
    if f"title.{LOCALE}" in form and form.get("title", "").strip():
        found[("title",)] = {LOCALE: form[f"title.{LOCALE}"].strip()}
    for key, token, names in (("tabs", "t", ("title",)), ("sections", "s", ("title", "description"))):
        for one in document.get(key, ()):
            for name in names:
                given = form.get(f"{token}.{one['id']}.{name}.{LOCALE}")
                if given is not None and one.get(name):
                    found[key, one["id"], name] = {LOCALE: given.strip()}
    return found


def begun(draft: Opened, entity: Entity, name: str, title: str, view: View | None) -> tuple[dict[str, Any], Texts]:
    """Return a new view and its texts: the page as it is drawn now, by a view or by the headings that fields name."""
    known = [entity.all_fields()[one] for one in placing.fields_of(entity)]
    made: dict[str, Any] = {"kind": "view", "id": name, "lang": 1, "title": title, "entity": entity.id}
    found: Texts = {}
    if view is not None:
        kept = {
            key: value
            for key, value in view.document.items()
            if key in ("tabs", "sections", "fields", "others", "list")
        }
        origin = ("view", view.id)
        found = {
            at: {LOCALE: text}
            for key in ("tabs", "sections")
            for one in kept.get(key, ())
            for name_ in ("title", "description")
            if (text := draft.text(*origin, at := (key, one["id"], name_), LOCALE))
        }
        return {**made, **kept}, found
    sections, taken = [], set[str]()
    places: dict[str, Any] = {}
    for laid in layout.laid(draft.catalog, entity, None, known):
        first = laid.fields[0]
        heading = gettext("Assignment") if first.system else str(first.spec.get("section") or "")
        section: dict[str, Any] = {"id": free(heading or "main", taken, "section")}
        taken.add(section["id"])
        sections.append(section | ({"title": heading} if heading else {}))
        if heading and (text := draft.text("entity", entity.id, ("properties", first.id, "section"), LOCALE)):
            found["sections", section["id"], "title"] = {LOCALE: text}
        for one in laid.fields:
            places[one.id] = {"under": section["id"], "order": 10 * (len(places) + 1)}
    return {**made, "sections": sections, "fields": places}, found


def columns(draft: Opened, entity: Entity) -> list[tuple[str, str]]:
    """Return the fields that can be a column of the list."""
    return [
        (one.id, i18n.field_text(draft.catalog, entity, one))
        for one in entity.all_fields().values()
        if one.type not in NOT_IN_A_CELL and one.id != entity.display and one.spec.get("sensitivity") != "secret"
    ]


def sorts(draft: Opened, entity: Entity) -> list[tuple[str, str]]:
    """Return the fields by which the list can be ordered."""
    return [
        (one.id, i18n.field_text(draft.catalog, entity, one))
        for one in entity.all_fields().values()
        if one.type in SORTABLE
    ]


def stages(draft: Opened, entity: Entity) -> Sequence[tuple[str, str]]:
    """Return the stages of an entity; none where it is in no pipeline."""
    field = entity.all_fields().get("stage")
    if field is None:
        return []
    return [(one.id, i18n.option_title(draft.catalog, entity, field, one)) for one in field.options]

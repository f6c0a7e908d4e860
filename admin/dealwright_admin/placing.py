"""A view as the inputs of a form, and back: tabs, sections in them, fields in those, all in the order in which they stand.

The form names what it shows by inputs ``at`` in their order: ``tab:<id>``, ``section:<id>``, ``field:<name>``; what follows
a section stands in it. Two sections are none of the view: :data:`REST`, fields without a place of their own, and :data:`OUT`,
those that are not shown. In a pack's view only what is moved gets another ``order``, so that an upgrade finds the rest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dealwright.metadata.names import CUSTOM
from dealwright.metadata.system import ASSIGNABLE
from dealwright.web.i18n import gettext
from dealwright_admin.entities import free

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from dealwright.metadata.definitions import Entity

REST: Final = "*rest"
OUT: Final = "*out"
#: Order of what has none: behind all that has one.
_LAST: Final = 1_000_000


@dataclass(slots=True)
class Part:
    """A section with the names of its fields; ``id`` may be :data:`REST` or :data:`OUT`."""

    id: str
    fields: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Sheet:
    """A tab with its sections; ``id`` is empty for what stands on none."""

    id: str
    parts: list[Part] = field(default_factory=list)


def fields_of(entity: Entity) -> list[str]:
    """Return the fields that can have a place: the entity's own, and those of the platform that people set."""
    return [one.id for one in entity.all_fields().values() if not one.system or one.id in ASSIGNABLE]


def sheets(document: Mapping[str, Any], known: Sequence[str]) -> list[Sheet]:
    """Return how a view stands now; the last sheet holds :data:`REST` and :data:`OUT`.

    Args:
        document: As it is drafted; it may be wrong.
        known: Every field that can have a place, in the order of the entity.
    """
    tabs = [str(one["id"]) for one in _in_order(document.get("tabs", ()))] or [""]
    made = {one: Sheet(one) for one in tabs}
    parts: dict[str, Part] = {}
    for one in _in_order(document.get("sections", ())):
        parts[one["id"]] = Part(str(one["id"]))
        made.get(str(one.get("tab")), made[tabs[0]]).parts.append(parts[one["id"]])
    places = document.get("fields", {})
    rest, out = Part(REST), Part(OUT)
    hidden = document.get("others") == "hidden"
    names = [*known, *(name for name in places if name not in known)]
    for name in sorted(names, key=lambda one: places[one].get("order", _LAST) if one in places else _LAST + 1):
        place = places.get(name)
        if (place is None and hidden) or (place is not None and place.get("show") == "none"):
            out.fields.append(name)
        else:
            parts.get(str(place.get("under")) if place is not None else "", rest).fields.append(name)
    return [*made.values(), Sheet("*", [rest, out])]


def _in_order(elements: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    placed = [(one.get("order", 10 * place), place, one) for place, one in enumerate(elements, 1) if "id" in one]
    return [one for _, _, one in sorted(placed, key=lambda one: one[:2])]


def posted(form: MultiDict[str, str]) -> list[Sheet]:
    """Return how a form says that the view shall stand."""
    made = [Sheet("")]
    for item in form.getlist("at"):
        what, _, which = item.partition(":")
        if what == "tab":
            made.append(Sheet(which))
        elif what == "section":
            made[-1].parts.append(Part(which))
        elif what == "field" and made[-1].parts:
            made[-1].parts[-1].fields.append(which)
    made = [one for one in made if one.parts or one.id not in ("", "*")]
    if not made or made[-1].id != "*":
        made.append(Sheet("*", [Part(REST), Part(OUT)]))
    parts = {part.id: part for sheet in made for part in sheet.parts}
    for part in list(parts.values()):
        for name in list(part.fields):
            wanted = form.get(f"f.{name}.to", part.id)
            if wanted != part.id and wanted in parts:
                part.fields.remove(name)
                parts[wanted].fields.append(name)
    return made


def done(document: dict[str, Any], laid: list[Sheet], doing: str, *, own: bool) -> str:
    """Do what a button asks for: ``add:tab``, ``add:section:<tab>``, ``up|down|gone:<what>:<id>``; return what to show then."""
    what, _, rest = doing.partition(":")
    of, _, which = rest.partition(":")
    prefix = "" if own else f"{CUSTOM}__"
    sheets_ = [one for one in laid if one.id != "*"]
    if what == "add" and of == "tab":
        return _more_tabs(document, laid, prefix)
    if what == "add" and of == "section":
        name = prefix + free("section", _ids(document, "sections"), "section", prefix)
        document["sections"] = [*document.get("sections", ()), {"id": name, "title": gettext("New section")}]
        sheet = next((one for one in sheets_ if one.id == which), sheets_[-1] if sheets_ else None)
        if sheet is None:
            laid.insert(0, sheet := Sheet(""))
        sheet.parts.append(Part(name))
        return name
    if what in ("up", "down", "out") and of == "field":
        _field(laid, which, what)
    elif what in ("up", "down") and of == "section":
        _section(sheets_, which, 1 if what == "down" else -1)
    elif what in ("up", "down") and of == "tab":
        here = next((i for i, one in enumerate(sheets_) if one.id == which), None)
        other = -1 if here is None else here + (1 if what == "down" else -1)
        if here is not None and 0 <= other < len(sheets_):
            laid[here], laid[other] = laid[other], laid[here]
    elif what == "gone" and (own or which.startswith(prefix)):
        _gone(document, laid, of, which)
    return which


def _ids(document: Mapping[str, Any], key: str) -> set[str]:
    return {str(one.get("id")) for one in document.get(key, ())}


def _more_tabs(document: dict[str, Any], laid: list[Sheet], prefix: str) -> str:
    """Add a tab; where there was none, what stands on the page so far becomes the first of two."""
    name = ""
    titles = [gettext("New tab")] if document.get("tabs") else [gettext("General"), gettext("New tab")]
    for title in titles:
        name = prefix + free("tab", _ids(document, "tabs"), "tab", prefix)
        document["tabs"] = [*document.get("tabs", ()), {"id": name, "title": title}]
        bare = next((one for one in laid if not one.id), None)
        if bare is not None and len(titles) > 1:
            bare.id = name
        else:
            laid.insert(len(laid) - (1 if laid and laid[-1].id == "*" else 0), Sheet(name))
    return name


def _field(laid: list[Sheet], name: str, way: str) -> None:
    parts = [part for sheet in laid for part in sheet.parts]
    here = next((one for one in parts if name in one.fields), None)
    if here is None:
        return
    at, place = here.fields.index(name), parts.index(here)
    if way == "out":
        here.fields.remove(name)
        next(one for one in parts if one.id == OUT).fields.append(name)
    elif way == "up" and at:
        here.fields[at - 1], here.fields[at] = name, here.fields[at - 1]
    elif way == "down" and at + 1 < len(here.fields):
        here.fields[at + 1], here.fields[at] = name, here.fields[at + 1]
    elif way == "up" and place:
        here.fields.remove(name)
        parts[place - 1].fields.append(name)
    elif way == "down" and place + 1 < len(parts) and parts[place + 1].id not in (REST, OUT):
        here.fields.remove(name)
        parts[place + 1].fields.insert(0, name)


def _section(sheets_: Sequence[Sheet], name: str, way: int) -> None:
    """Move a section within its tab, or on to the next tab."""
    for number, sheet in enumerate(sheets_):
        at = next((i for i, one in enumerate(sheet.parts) if one.id == name), None)
        if at is None:
            continue
        part = sheet.parts[at]
        if 0 <= at + way < len(sheet.parts):
            sheet.parts[at], sheet.parts[at + way] = sheet.parts[at + way], part
        elif 0 <= number + way < len(sheets_):
            sheet.parts.remove(part)
            other = sheets_[number + way].parts
            other.insert(0 if way > 0 else len(other), part)
        return


def _gone(document: dict[str, Any], laid: list[Sheet], of: str, which: str) -> None:
    """Take a tab or a section away; sections go on to the tab beside it, fields have no place any more."""
    if of == "tab":
        here = next((one for one in laid if one.id == which), None)
        others = [one for one in laid if one.id not in (which, "*")]
        if here is None or (not others and not document.get("tabs")):
            return
        document["tabs"] = [one for one in document.get("tabs", ()) if one["id"] != which]
        if others:
            before = laid.index(here) - 1
            (laid[before] if before >= 0 else others[0]).parts.extend(here.parts)
            laid.remove(here)
        else:
            here.id = ""
    elif of == "section":
        document["sections"] = [one for one in document.get("sections", ()) if one["id"] != which]
        for sheet in laid:
            for part in [one for one in sheet.parts if one.id == which]:
                sheet.parts.remove(part)
                next(one for one in laid[-1].parts if one.id == REST).fields.extend(part.fields)


def placed(
    document: dict[str, Any], laid: Sequence[Sheet], below: Mapping[str, Any], stood: Sequence[Sheet], *, own: bool
) -> None:
    """Let a view stand as it is laid.

    Args:
        document: The view; its tabs and sections are those that are laid, with all that they say.
        laid: As of :func:`posted`.
        below: What the pack says of the view; empty for one of the admins' own.
        stood: As it stood before: where nothing was moved, no number changes.
        own: Whether it is one.
    """
    listed = [one for one in laid if one.id != "*"]
    tabs = [one.id for one in listed if one.id]
    document["tabs"] = _arranged(document.get("tabs", ()), tabs, own=own)
    order = [part.id for sheet in listed for part in sheet.parts]
    tab_of = {part.id: sheet.id for sheet in listed for part in sheet.parts}
    first = tabs[0] if tabs else ""
    sections = []
    for one in _arranged(document.get("sections", ()), order, own=own):
        wanted = tab_of.get(one["id"], "")
        one = dict(one)
        if wanted and one.get("tab", first) != wanted:
            one["tab"] = wanted
        elif not wanted and (own or str(one["id"]).startswith(f"{CUSTOM}__")):
            one.pop("tab", None)
        sections.append(one)
    document["sections"] = sections
    _fields(document, laid, below, {part.id: part.fields for sheet in stood for part in sheet.parts}, own=own)
    for key in ("tabs", "sections", "fields"):
        if not document[key]:
            document.pop(key)


def _arranged(elements: Sequence[Mapping[str, Any]], order: Sequence[str], *, own: bool) -> list[dict[str, Any]]:
    """Return elements in an order: by their place in an own view, by numbers in a pack's."""
    known = {str(one["id"]): dict(one) for one in elements}
    wanted = [name for name in order if name in known] + [name for name in known if name not in order]
    if own:
        for one in known.values():
            one.pop("order", None)
        return [known[name] for name in wanted]
    now = {str(one["id"]): one.get("order", 10 * place) for place, one in enumerate(elements, 1)}
    if [str(one["id"]) for one in _in_order(elements)] != wanted:
        for name, number in ranked(wanted, now).items():
            if number != now[name]:
                known[name]["order"] = number
    return list(known.values())


def _fields(
    document: dict[str, Any],
    laid: Sequence[Sheet],
    below: Mapping[str, Any],
    stood: Mapping[str, Sequence[str]],
    *,
    own: bool,
) -> None:
    before: dict[str, dict[str, Any]] = {name: dict(one) for name, one in document.get("fields", {}).items()}
    theirs, hidden = below.get("fields", {}), document.get("others") == "hidden"
    parts = [part for sheet in laid for part in sheet.parts]
    where = {name: part.id for part in parts for name in part.fields}
    made: dict[str, dict[str, Any]] = {name: one for name, one in before.items() if name not in where}
    for name, part in where.items():
        place = before.get(name, {})
        if part == OUT:
            if name in theirs or not hidden or place.get("show") == "none":
                made[name] = {**place, "show": "none"}
        elif part == REST and "under" in place:
            if name in theirs:  # its section is gone: where it stood before
                made[name] = dict(theirs[name])
        elif part == REST:
            if place:
                made[name] = place
        else:
            if place.get("show") == "none":
                # A pack's word that it is not shown is not taken away, only said anew.
                place = {**place, "show": "both"} if theirs.get(name, {}).get("show") else _without(place, "show")
            made[name] = {**place, "under": part}
    listed = [part for part in parts if part.id not in (REST, OUT)]
    if own:
        for number, name in enumerate((name for part in listed for name in part.fields), 1):
            made[name]["order"] = 10 * number
    for block in listed if not own else ():
        if block.fields != list(stood.get(block.id, ())):
            now = {name: before.get(name, {}).get("order", _LAST) for name in block.fields}
            made |= {name: {**made[name], "order": number} for name, number in ranked(block.fields, now).items()}
    names = [*before, *(name for name in made if name not in before)]
    document["fields"] = {name: made[name] for name in names if name in made}


def _without(one: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != key}


def ranked(wanted: Sequence[str], now: Mapping[str, int]) -> dict[str, int]:
    """Return rising numbers for names in an order, other than they have now for as few as can be.

    Those on a longest rising run keep theirs (patience sorting); the others are put between them, and all are numbered anew
    only where there is no room.
    """
    kept = _longest([now[name] for name in wanted])
    found: dict[str, int] = {}
    waiting: list[str] = []
    last: int | None = None
    for place, name in enumerate(wanted):
        if place not in kept:
            waiting.append(name)
            continue
        low = last if last is not None else now[name] - 10 * (len(waiting) + 1)
        step = (now[name] - low) // (len(waiting) + 1)
        if waiting and step < 1:
            return {one: 10 * number for number, one in enumerate(wanted, 1)}
        found |= {one: low + step * number for number, one in enumerate(waiting, 1)}
        found[name] = last = now[name]
        waiting = []
    last = last or 0
    if last + 10 * len(waiting) > _LAST:
        return {one: 10 * number for number, one in enumerate(wanted, 1)}
    return found | {one: last + 10 * number for number, one in enumerate(waiting, 1)}


def _longest(numbers: Sequence[int]) -> set[int]:
    """Return the places of a longest strictly rising run; what has no number of its own is on none."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        if number >= _LAST:
            before.append(-1)
            continue
        at = bisect_left(ends, number)
        ends[at : at + 1] = [number]
        places[at : at + 1] = [place]
        before.append(places[at - 1] if at else -1)
    found = set()
    here = places[-1] if places else -1
    while here >= 0:
        found.add(here)
        here = before[here]
    return found

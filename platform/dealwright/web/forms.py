"""From an entity to the form of one of its records: what to ask, what stands there, what is wrong with it.

Nothing here touches the database. A form is made of the record as API JSON (as it is stored, or as somebody typed it),
what holds of each field (:mod:`dealwright.web.live`), the user's rights and the problems of the last attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING, Any

from flask import url_for

from dealwright import access, fields, records
from dealwright.fields.file import File, called
from dealwright.fields.messages import message, sized
from dealwright.metadata.system import ASSIGNABLE
from dealwright.storage import files
from dealwright.web import i18n, layout
from dealwright.web.controls import Choice, Clash, Complaint, Control, Files, Form, Held, Line, Part, Section
from dealwright.web.display import Reader, display, sums
from dealwright.web.i18n import gettext
from dealwright.web.live import State, live
from dealwright.web.posted import BLANK, NAMED, PARTS, typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dealwright.access import User
    from dealwright.errors import Problem
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field
    from dealwright.metadata.views import View

#: Types with several inputs under one label.
_FILES = records.FILE_TYPES
_GROUPED = frozenset({"multi_select", "checklist", "rating", "rows", "references", "pipeline", *PARTS, *_FILES})
#: Types that only show a value.
_OUTPUT = frozenset({"formula", "rollup", "lookup", "autonumber"})
#: Of these, those that a new record cannot have yet.
_LATER = frozenset({"rollup", "lookup", "autonumber"})
#: Shown on a new record although nobody types them: worked out from what is typed, or a text of the form.
_ALWAYS = frozenset({"formula", "static"})
WIDE = frozenset(
    {
        "long_text",
        "rich_text",
        "code",
        "json",
        "rows",
        "static",
        "address",
        "checklist",
        "multi_select",
        "references",
        "pipeline",
    }
)
#: Offered where each record has its own currency, after the workspace's.
_CURRENCIES = ("CNY", "USD", "EUR", "GBP", "JPY", "HKD", "SGD", "CHF", "AUD", "CAD")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a form is made of.

    Attributes:
        record: API JSON that stands in the inputs: as stored, or as it was typed.
        states: What holds of each field.
        titles: (entity, id) → (title, address) of the records that are linked.
        new: Whether it is to become a new record.
        version: The version that the form shows.
        problems, warnings: Of the last attempt.
        typed: Names that were typed for references but not found, by input name.
        tokens: For each ``rows`` field the tokens of its rows, as they were posted.
        extra: ``rows`` fields that get one more empty row, asked for without a script.
        theirs: The record as somebody else has saved it meanwhile; empty without a clash.
        view: How it is laid out; None: each field under the heading that it names.
        holds: Section of the view → whether its condition holds now; those without one are not in it.
        prefix: Of the ids of its inputs.
    """

    catalog: Catalog
    user: User
    entity: Entity
    record: Mapping[str, Any]
    states: Mapping[str, State]
    titles: Mapping[tuple[str, str], tuple[str, str | None]]
    new: bool
    version: int | None = None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    typed: Mapping[str, str] = attribute(default_factory=dict)
    tokens: Mapping[str, Sequence[str]] = attribute(default_factory=dict)
    extra: frozenset[str] = frozenset()
    theirs: Mapping[str, Any] = attribute(default_factory=dict)
    view: View | None = None
    holds: Mapping[str, bool] = attribute(default_factory=dict)
    prefix: str = "f"


def editable(catalog: Catalog, user: User, entity: Entity, *, new: bool) -> frozenset[str]:
    """Return the fields that a form of this user has inputs for; the pipeline only where a new record has a choice."""
    edited = access.rights(catalog, user, entity.id).edited("create" if new else "update")
    own = {name for name, one in entity.fields.items() if one.type not in _OUTPUT and one.type != "static"}
    chosen = {"pipeline"} if new and len(entity.pipelines) > 1 else frozenset()
    return frozenset(edited & (own | ASSIGNABLE | chosen))


def form(sheet: Sheet) -> Form:
    """Return the form, its fields in the order of the entity, under the headings that they name."""
    return _Maker(sheet).form()


def control(sheet: Sheet, field: Field) -> Control:
    """Return the control of one field alone, for a page that asks for nothing else."""
    return _Maker(sheet).control(field)


def cell(sheet: Sheet, rows: Field, token: str, column: Field) -> Control:
    """Return the control of a cell of a new row, for a page that asks for one row alone."""
    return _Maker(sheet).control(column, rows, token, {})


def linked(entity: Entity, record: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the ids of the records that a record names, by entity; those inside its rows too."""
    found: dict[str, set[str]] = {}
    for one in entity.all_fields().values():
        _collect(one, record.get(one.id), found)
    return found


def held_files(entity: Entity, record: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of the files that a record holds now: only these can be opened."""
    values = [record.get(one.id) for one in entity.fields.values() if one.type in _FILES]
    files_ = (file for value in values for file in (value if isinstance(value, list) else (value,)))
    return frozenset(str(file.get("id")) for file in files_ if isinstance(file, Mapping))


def _collect(one: Field, value: Any, found: dict[str, set[str]]) -> None:
    if value is None:
        return
    if one.items is not None:
        for row in value if isinstance(value, list) else ():
            for column in one.items.values():
                _collect(column, row.get(column.id), found)
    elif one.type == "any_reference":
        if isinstance(value, Mapping) and value.get("entity") and value.get("id"):
            found.setdefault(str(value["entity"]), set()).add(str(value["id"]))
    elif one.to and one.type in (*NAMED, "references"):
        ids = value if isinstance(value, list) else [value]
        found.setdefault(one.to, set()).update(str(identifier) for identifier in ids if identifier)


class _Maker:
    """Makes one form; holds what all its controls share."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.catalog, self.entity = sheet.catalog, sheet.entity
        self.editable = editable(sheet.catalog, sheet.user, sheet.entity, new=sheet.new)
        self.seen = access.rights(sheet.catalog, sheet.user, sheet.entity.id).seen()
        self.errors: dict[str, list[str]] = {}
        for problem in sheet.problems:
            self.errors.setdefault(problem.pointer, []).append(problem.message)

    def form(self) -> Form:
        view = self.sheet.view
        sections = tuple(
            Section(
                title=one.title,
                controls=tuple(self.control(field) for field in one.fields),
                id=one.id,
                description=one.description,
                tab=one.tab,
                folded=one.folded,
                holds=self.sheet.holds.get(one.id, True),
            )
            for one in layout.laid(self.catalog, self.entity, view, self._shown())
        )
        used = {one.tab for one in sections}
        return Form(
            sections=sections,
            live=live(self.catalog, self.sheet.user, self.entity, view),
            tabs=tuple(one for one in layout.tabs(self.catalog, view) if one[0] in used),
            version=self.sheet.version,
            complaints=tuple(self._complaints()),
            warnings=tuple(problem.message for problem in self.sheet.warnings),
            clashes=tuple(self._clashes()),
        )

    def _shown(self) -> Iterable[Field]:
        view = self.sheet.view
        if "pipeline" in self.editable:
            yield self.entity.system_fields["pipeline"]
        places = {name: (i + 1) * 10 for i, name in enumerate(self.entity.fields)}
        for one in sorted(self.entity.fields.values(), key=lambda f: f.spec.get("order", places[f.id])):
            if view is not None and not view.shows(one.id, "form"):
                continue
            secret = one.spec.get("sensitivity") == "secret"
            # What rules and other records fill in says nothing on a record that is not there yet.
            later = one.type in _LATER or (one.type not in _ALWAYS and one.id not in self.editable)
            empty = self.sheet.record.get(one.id) in (None, "", [], {})
            if self.catalog.is_off(one.id):
                continue
            if (one.id in self.seen or (secret and one.id in self.editable)) and not (
                self.sheet.new and later and empty
            ):
                yield one
        for one in self.entity.system_fields.values():
            if one.id in self.editable & ASSIGNABLE and (view is None or view.shows(one.id, "form")):
                yield one

    def control(
        self, one: Field, within: Field | None = None, token: str = "", row: Mapping[str, Any] | None = None
    ) -> Control:
        """Return the control of a field, or of a cell where ``within`` is its ``rows`` field and ``row`` its row."""
        record = self.sheet.record if row is None else row
        value = record.get(one.id)
        name = one.id if within is None else f"{within.id}.{token}.{one.id}"
        state = self.sheet.states.get(one.id, State()) if within is None else State(required=one.required)
        allowed = one.id in self.editable if within is None else within.id in self.editable
        # Files come and go with the record itself; a row only shows what it holds.
        output = one.type in _OUTPUT or not allowed or state.readonly or (within is not None and one.type in _FILES)
        reader = self._reader(within.id if within else "")
        inside = within.id if within else ""
        pointer = f"/{one.id}" if within is None else f"/{within.id}/{self._index(within, token)}/{one.id}"
        kind = "pipeline" if one.system and one.id == "pipeline" else one.type
        return Control(
            id=one.id,
            name=name,
            type=kind,
            template=fields.TYPES[one.type].template,
            title=i18n.field_text(self.catalog, self.entity, one, within=inside),
            help=i18n.field_text(self.catalog, self.entity, one, "description", inside),
            placeholder=i18n.field_text(self.catalog, self.entity, one, "placeholder", inside),
            span=(within is None and layout.width(self.sheet.view, one))
            or layout.SPANS.get(str(one.spec.get("width")), "c12" if kind in WIDE else "c6"),
            text=typed(one, value),
            values=_values(one, value),
            options=self._options(one, value, inside),
            required=state.required and not output,
            visible=state.visible,
            output=output and one.type != "static",
            grouped=kind in _GROUPED and not output,
            errors=tuple(self._errors_at(pointer, deep=one.type != "rows")),
            shown=display(reader, one, value),
            secret=one.spec.get("sensitivity") == "secret",
            always=one.required,
            cell=within is not None,
            maximum_length=_length(one),
            lookup=url_for("web.lookup", entity_id=self.entity.id, path=name_path(one, within))
            if one.to or one.type == "any_reference"
            else "",
            needs=self._needs(name_path(one, within)),
            reference_title=self._title(one, value, name),
            items=self._items(one, value),
            parts=self._parts(one, value, name),
            lines=self._lines(one, value) if one.items is not None and allowed else (),
            blank=self._line(one, BLANK, {}) if one.items is not None and allowed else (),
            files=self._files(one, value) if one.type in _FILES and not output else None,
            create=self._create(one),
            sums=sums(reader, one, value) if one.items is not None else (),
            prefix=self.sheet.prefix,
            **_currency(self.catalog, one, value),
        )

    def _reader(self, within: str = "") -> Reader:
        return Reader(
            self.catalog,
            self.entity,
            self.sheet.titles,
            within=within,
            files=held_files(self.entity, self.sheet.record),
        )

    def _index(self, rows: Field, token: str) -> int | str:
        tokens = list(self.sheet.tokens.get(rows.id, ()))
        return tokens.index(token) if token in tokens else token

    def _errors_at(self, pointer: str, *, deep: bool) -> Iterable[str]:
        """Yield the messages at a pointer; with ``deep`` also those inside a value that has no controls of its own."""
        for place, messages in self.errors.items():
            if place == pointer or (deep and place.startswith(f"{pointer}/")):
                yield from messages

    def _lines(self, rows: Field, value: Any) -> tuple[Line, ...]:
        given = [row for row in value or [] if isinstance(row, Mapping)]
        tokens = self.sheet.tokens.get(rows.id) or [str(i) for i in range(len(given))]
        lines = [
            Line(str(row.get("id") or ""), f"{rows.id}.{token}", self._line(rows, token, row))
            for token, row in zip(tokens, given, strict=True)
        ]
        if rows.id in self.sheet.extra:
            token = f"new{len(lines)}"
            lines.append(Line("", f"{rows.id}.{token}", self._line(rows, token, {})))
        return tuple(lines)

    def _line(self, rows: Field, token: str, row: Mapping[str, Any]) -> tuple[Control, ...]:
        return tuple(self.control(one, rows, token, row) for one in (rows.items or {}).values())

    def _options(self, one: Field, value: Any, within: str) -> tuple[Choice, ...]:
        if one.system and one.id == "pipeline":
            return tuple(self._pipelines())
        if one.type == "rating":
            return tuple(Choice(str(i), str(i)) for i in range(1, int(one.spec.get("maximum") or 5) + 1))
        held = {str(v) for v in (value if isinstance(value, list | dict) else [value])}
        return tuple(
            Choice(option.id, i18n.option_title(self.catalog, self.entity, one, option, within))
            for option in one.options
            if not option.hidden or option.id in held
        )

    def _pipelines(self) -> Iterable[Choice]:
        """Yield the pipelines to choose from, each with the stages that lead to its end."""
        for one in records.offered(self.catalog, self.entity):
            stages = [s for s in one.stages.values() if s.outcome not in ("lost", "archived")]
            titles = [i18n.stage_title(self.catalog, one, stage) for stage in stages]
            yield Choice(one.id, i18n.pipeline_title(self.catalog, one), " → ".join(titles))

    def _needs(self, path: str) -> str:
        condition = fields.wheres(self.catalog, self.entity.id).get(path)
        found = (
            sorted(name[7:] for name in condition.names if name.startswith("record.")) if condition is not None else []
        )
        return " ".join(name for name in found if name in self.seen)

    def _title(self, one: Field, value: Any, name: str) -> str:
        if name in self.sheet.typed:
            return self.sheet.typed[name]
        if one.type == "any_reference" and isinstance(value, Mapping) and value.get("id"):
            return self._reader().link(str(value.get("entity")), str(value["id"])).text
        return self._reader().link(one.to, str(value)).text if isinstance(one.to, str) and value else ""

    def _create(self, one: Field) -> str:
        """Return where a record that this field could refer to is made, while the form stays as it is."""
        if one.type not in ("reference", "references") or self.sheet.prefix != "f":
            return ""
        target = self.catalog.entities.get(one.to or "")
        held = access.rights(self.catalog, self.sheet.user, one.to or "") if target is not None else None
        if target is None or held is None or target.display not in held.edited("create") or target.single:
            return ""
        return url_for("web.quick", entity_id=target.id)

    def _items(self, one: Field, value: Any) -> tuple[Choice, ...]:
        if one.type != "references" or not isinstance(value, list) or not one.to:
            return ()
        return tuple(Choice(str(v), self._reader().link(one.to, str(v)).text) for v in value)

    def _parts(self, one: Field, value: Any, name: str) -> tuple[Part, ...]:
        if one.type not in PARTS:
            return ()
        held = value if isinstance(value, Mapping) else {}
        titles = {
            "country": gettext("Country"),
            "region": gettext("Region"),
            "city": gettext("City"),
            "street": gettext("Street"),
            "postcode": gettext("Postcode"),
            "lat": gettext("Latitude"),
            "lon": gettext("Longitude"),
            "entity": gettext("Kind of record"),
            "id": gettext("Id"),
        }
        kinds = self._kinds(one) if one.type == "any_reference" else ()
        return tuple(
            Part(f"{name}.{part}", titles[part], str(held.get(part) or ""), kinds if part == "entity" else ())
            for part in PARTS[one.type]
        )

    def _files(self, one: Field, value: Any) -> Files:
        shown = () if one.spec.get("sensitivity") == "secret" else value if isinstance(value, list) else (value,)
        kind = fields.TYPES[one.type]
        accept = kind.accepts(one) if isinstance(kind, File) else ()
        limit = min(int(one.spec.get("max_size") or files.LARGEST), files.LARGEST)
        most, kinds = sized(limit, limit=True), [called(name) for name in accept]
        hint = gettext("up to %(size)s", size=most)
        return Files(
            held=tuple(_held(file) for file in shown if isinstance(file, Mapping)),
            url=url_for("web.upload", entity_id=self.entity.id, field_id=one.id),
            accept=",".join(accept),
            limit=limit,
            hint=f"{', '.join(kinds)} · {hint}" if kinds else hint,
            too_large=message("too-large", length="{length}", limit=most),
            wrong_type=message("wrong-file-type", found="“{found}”", choices=kinds),
            multiple=bool(one.spec.get("multiple")),
        )

    def _kinds(self, one: Field) -> tuple[Choice, ...]:
        named = one.spec.get("to")
        return tuple(
            Choice(entity.id, i18n.entity_title(self.catalog, entity))
            for entity in access.readable(self.catalog, self.sheet.user)
            if not named or entity.id in named
        )

    def _complaints(self) -> Iterable[Complaint]:
        """Yield every problem in the order of the form; those of the record as a whole first."""
        order = {one.id: place for place, one in enumerate(self._shown())}
        for problem in sorted(self.sheet.problems, key=lambda one: order.get(_first(one.pointer), -1)):
            name, *inside = problem.pointer.removeprefix("/").split("/")
            one = self.entity.field(name)
            if one is None or name not in self.editable:
                yield Complaint(problem.message)
                continue
            title, target = i18n.field_text(self.catalog, self.entity, one), name
            if one.items is not None and len(inside) >= 2 and inside[0].isdigit():
                place, column = int(inside[0]), one.items.get(inside[1])
                held = list(self.sheet.tokens.get(name, ()))
                target = f"{name}-{held[place] if place < len(held) else place}-{inside[1]}"
                title = f"{title} {place + 1}"
                if column is not None:
                    title += f", {i18n.field_text(self.catalog, self.entity, column, within=name)}"
            yield Complaint(problem.message, title, f"{self.sheet.prefix}-{target}")

    def _clashes(self) -> Iterable[Clash]:
        reader = self._reader()
        for name, theirs in self.sheet.theirs.items():
            one = self.entity.field(name)
            if one is not None and name in self.editable:
                title = i18n.field_text(self.catalog, self.entity, one)
                yield Clash(
                    one.id, title, display(reader, one, self.sheet.record.get(name)), display(reader, one, theirs)
                )


def _held(value: Mapping[str, Any]) -> Held:
    """Return what a form or page shows of a file."""
    return Held(
        id=str(value.get("id", "")),
        name=str(value.get("name", "")),
        size=sized(int(value.get("size") or 0)),
        href=url_for("web.file", identifier=value.get("id", "")),
        picture=value.get("type") in records.PICTURES,
    )


def _first(pointer: str) -> str:
    return pointer.removeprefix("/").partition("/")[0]


def name_path(one: Field, within: Field | None) -> str:
    """Return how a look-up names the field whose records it searches: ``account``, or ``lines.product`` in rows."""
    return one.id if within is None else f"{within.id}.{one.id}"


def _values(one: Field, value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(str(key) for key, done in value.items() if done)
    return tuple(map(str, value)) if isinstance(value, list) and one.items is None else ()


def _length(one: Field) -> int | None:
    given = one.spec.get("maxLength")
    return given if isinstance(given, int) else None


def _currency(catalog: Catalog, one: Field, value: Any) -> dict[str, Any]:
    if one.type != "money":
        return {}
    own = str(one.spec.get("currency") or catalog.settings.get("currency", "CNY"))
    if own != "per_record":
        return {"currency": own}
    home = str(catalog.settings.get("currency", "CNY"))
    held = str(value.get("currency") or home) if isinstance(value, Mapping) else home
    return {"currency": held, "currencies": tuple(dict.fromkeys((home, *_CURRENCIES, held)))}

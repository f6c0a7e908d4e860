"""A generated form as data: sections of controls, each with what its template draws. Pure; made by ``forms``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dealwright.web.display import EMPTY, Display

if TYPE_CHECKING:
    from dealwright.web.live import Live


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a control; ``note`` says more of it where it is chosen from a list of few."""

    id: str
    title: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the inputs of a control that needs several, such as the city of an address."""

    name: str
    title: str
    text: str = ""
    options: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A file that a control holds.

    Attributes:
        size: For people, such as ``1.3 MB``.
        picture: Whether a small picture of it can be shown.
    """

    id: str
    name: str
    size: str
    href: str
    picture: bool


@dataclass(frozen=True, slots=True)
class Files:
    """What a control for files needs.

    Attributes:
        held: Files that are there.
        url: Where a script sends a file to.
        accept: Media types that are taken, with commas; empty for any.
        limit: Most bytes of one file.
        hint: What is taken, for people.
        too_large, wrong_type: What the field says of a file that it does not take; ``{length}`` and ``{found}`` in them
            are filled by the script, which knows the file before it is sent.
        multiple: Whether it holds several.
    """

    held: tuple[Held, ...]
    url: str
    accept: str
    limit: int
    hint: str
    too_large: str
    wrong_type: str
    multiple: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a ``rows`` control: its id (empty for a new one), the start of its inputs' names, its cells."""

    id: str
    prefix: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Control:
    """One field on a form.

    Attributes:
        id: The field's id.
        name: Name of its input: the id, or ``lines.0.qty`` inside rows.
        type: Name of the field type.
        template: Name of the template in ``fields/``, without its ending.
        span: Class that says how wide it is.
        text: What stands in the input: what was typed, else the stored value as text.
        values: What is ticked, for a control with several choices.
        output: Whether it only shows a value: computed, or not to be changed by this user or now.
        grouped: Whether it is a group of inputs under one label.
        secret: Whether its value is never shown; an empty input leaves it as it is.
        always: Whether it is required whatever else the record says.
        cell: Whether it stands in a row, where the head of the column is its label.
        errors: What is wrong with the value, in the language of the request.
        currency: Currency of a money control; ``currencies`` is not empty where it can be chosen.
        lookup: Where the records to choose from are searched.
        needs: Fields of the form that decide which records are offered, with blanks between.
        reference_title: Name of the record that is chosen.
        items: The records that are chosen, for ``references``.
        parts: Inputs of an address, a place, a reference to any entity.
        lines: Rows that are there.
        blank: Cells of a new row.
        files: What a control for files needs.
        create: Where a record that is missing is made in place; empty where the user may make none.
        sums: For ``rows``: under each column its sum, or None; empty where nothing is added up.
        prefix: Of the ids of inputs: two forms on one page have different ones.
    """

    id: str
    name: str
    type: str
    template: str
    title: str
    help: str = ""
    placeholder: str = ""
    span: str = "c6"
    text: str = ""
    values: tuple[str, ...] = ()
    options: tuple[Choice, ...] = ()
    required: bool = False
    visible: bool = True
    output: bool = False
    grouped: bool = False
    errors: tuple[str, ...] = ()
    shown: Display = EMPTY
    secret: bool = False
    always: bool = False
    cell: bool = False
    maximum_length: int | None = None
    currency: str = ""
    currencies: tuple[str, ...] = ()
    lookup: str = ""
    needs: str = ""
    reference_title: str = ""
    items: tuple[Choice, ...] = ()
    parts: tuple[Part, ...] = ()
    lines: tuple[Line, ...] = ()
    blank: tuple[Control, ...] = ()
    files: Files | None = None
    create: str = ""
    sums: tuple[Display | None, ...] = ()
    prefix: str = "f"

    @property
    def wrong(self) -> bool:
        """Whether something is wrong with its value, or with a cell of its rows."""
        return bool(self.errors) or any(cell.errors for line in self.lines for cell in line.controls)

    @property
    def html_id(self) -> str:
        """Id of the input, unique on the page."""
        return f"{self.prefix}-{self.name.replace('.', '-')}"


@dataclass(frozen=True, slots=True)
class Section:
    """Controls under one heading; without a title, those that name no section.

    Attributes:
        id: Id in the view that lays it out; empty where no view does.
        tab: Id of its tab; empty without tabs.
        folded: Whether it begins folded; one with something wrong in it never does.
        holds: Whether its condition holds.
    """

    title: str
    controls: tuple[Control, ...]
    id: str = ""
    description: str = ""
    tab: str = ""
    folded: bool = False
    holds: bool = True

    @property
    def visible(self) -> bool:
        """Whether it is shown: its condition holds, or something in it needs attention, and any of its controls is."""
        return (self.holds or self.wrong) and any(control.visible for control in self.controls)

    @property
    def wrong(self) -> bool:
        """Whether something in it needs attention."""
        return any(control.wrong for control in self.controls)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One line of the summary over a form: what is wrong, and the input to jump to (None for the whole record)."""

    text: str
    title: str = ""
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that somebody else changed meanwhile: what was typed here, and what the record says now."""

    id: str
    title: str
    mine: Display
    theirs: Display


@dataclass(frozen=True, slots=True)
class Form:
    """A form ready to be drawn.

    Attributes:
        version: The version of the record that the form shows; None for a new record.
        complaints: Every problem of the last attempt, in the order of the form.
        warnings: What is suspicious but may be saved.
        clashes: What somebody else changed meanwhile.
        tabs: (id, label) of each tab on which something stands; empty for one page.
        live: Conditions that the browser works out while somebody types.
    """

    sections: tuple[Section, ...]
    live: Live
    version: int | None = None
    complaints: tuple[Complaint, ...] = ()
    warnings: tuple[str, ...] = ()
    clashes: tuple[Clash, ...] = ()
    tabs: tuple[tuple[str, str], ...] = ()

    @property
    def with_files(self) -> bool:
        """Whether files may come along with it."""
        return any(one.files is not None for section in self.sections for one in section.controls)

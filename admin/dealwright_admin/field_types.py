"""The types of fields as somebody chooses one: in groups, each with a picture and a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from dealwright import plugins
from dealwright.web.i18n import gettext


@dataclass(frozen=True, slots=True)
class Type:
    """One type.

    Attributes:
        icon: Name of a picture of the sprite.
    """

    id: str
    title: str
    help: str
    icon: str


def groups() -> list[tuple[str, list[Type]]]:
    """Return every type in groups, the common ones first."""
    found = [
        (
            gettext("Texts"),
            [
                Type("text", gettext("Text"), gettext("One line"), "type"),
                Type("long_text", gettext("Long text"), gettext("Several lines"), "text-initial"),
                Type("rich_text", gettext("Formatted text"), gettext("Headings, lists, links"), "pilcrow"),
                Type("email", gettext("E-mail"), gettext("An address that is checked"), "at-sign"),
                Type("phone", gettext("Phone"), gettext("A number that can be called"), "phone"),
                Type("url", gettext("Web address"), gettext("A link"), "link"),
                Type("code", gettext("Code"), gettext("Text of a program or a number plate"), "code"),
                Type("colour", gettext("Colour"), gettext("Chosen from a palette"), "palette"),
            ],
        ),
        (
            gettext("Numbers"),
            [
                Type("integer", gettext("Whole number"), gettext("Counts"), "hash"),
                Type("decimal", gettext("Decimal"), gettext("Exact, with places you choose"), "decimals-arrow-right"),
                Type("money", gettext("Money"), gettext("An amount in a currency"), "coins"),
                Type("percent", gettext("Percent"), gettext("15 means 15 %"), "percent"),
                Type("rating", gettext("Rating"), gettext("Stars"), "star"),
                Type("boolean", gettext("Yes or no"), gettext("A switch"), "toggle-left"),
            ],
        ),
        (
            gettext("Time"),
            [
                Type("date", gettext("Date"), gettext("A day"), "calendar"),
                Type("datetime", gettext("Date and time"), gettext("A moment, in each reader's zone"), "clock"),
                Type("time", gettext("Time of day"), gettext("Such as 09:30"), "timer"),
                Type("duration", gettext("Duration"), gettext("Days and hours"), "hourglass"),
            ],
        ),
        (
            gettext("Choices"),
            [
                Type("select", gettext("One choice"), gettext("Of a list that you write"), "circle-dot"),
                Type("multi_select", gettext("Several choices"), gettext("Of a list that you write"), "list-checks"),
                Type("checklist", gettext("Checklist"), gettext("Each ticked when it is done"), "square-check"),
                Type("tags", gettext("Tags"), gettext("Free words"), "tag"),
            ],
        ),
        (
            gettext("People and records"),
            [
                Type("reference", gettext("Reference"), gettext("To one record of another entity"), "arrow-up-right"),
                Type("references", gettext("References"), gettext("To several records"), "waypoints"),
                Type(
                    "any_reference",
                    gettext("Any reference"),
                    gettext("To a record of one of several entities"),
                    "split",
                ),
                Type("user", gettext("Person"), gettext("Somebody who signs in here"), "user"),
                Type("team", gettext("Team"), gettext("One of the teams"), "users"),
                Type("rows", gettext("Table"), gettext("Lines with columns, within the record"), "table-2"),
            ],
        ),
        (
            gettext("Files and places"),
            [
                Type("file", gettext("File"), gettext("Checked by what is in it"), "paperclip"),
                Type("image", gettext("Picture"), gettext("Shown in the record"), "image"),
                Type("signature", gettext("Signature"), gettext("Drawn with a finger"), "signature"),
                Type("address", gettext("Address"), gettext("Street, city, country"), "building"),
                Type("geolocation", gettext("Position"), gettext("Latitude and longitude"), "map-pin"),
            ],
        ),
        (
            gettext("Worked out"),
            [
                Type("formula", gettext("Formula"), gettext("From other fields of the record"), "square-function"),
                Type("rollup", gettext("Roll-up"), gettext("Count or sum of linked records"), "sigma"),
                Type("lookup", gettext("Look-up"), gettext("A value of a linked record"), "scan-search"),
                Type("autonumber", gettext("Number of its own"), gettext("Counted by the platform"), "list-ordered"),
                Type("static", gettext("Note in the form"), gettext("A text that everybody reads"), "message-square"),
                Type("json", gettext("JSON"), gettext("Data of other systems"), "braces"),
            ],
        ),
    ]
    added = [Type(one.name, one.name, gettext("From a plugin"), "package") for one in plugins.installed().field_types()]
    return [*found, (gettext("From plugins"), added)] if added else found


def title(identifier: str) -> str:
    """Return what a type is called."""
    return next((one.title for _, some in groups() for one in some if one.id == identifier), identifier)


def icon(identifier: str) -> str:
    """Return the picture of a type."""
    return next((one.icon for _, some in groups() for one in some if one.id == identifier), "type")

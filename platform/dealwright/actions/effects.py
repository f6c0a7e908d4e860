"""What an action asks for, as plain data: ``records`` carries it out in the transaction of the save."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SetField:
    """Give a field of the record itself a value (API JSON); it is checked like a person's."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """Make a record of another entity from API JSON, through every check and rule."""

    entity: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send something out of the database after the commit.

    Attributes:
        channel: Which plugin delivers it, such as ``webhook``.
        target: Where to, in the channel's own words: for a webhook the name of a configured address.
        payload: JSON object that is sent.
    """

    channel: str
    target: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestApproval:
    """Ask for an approval of the record itself, unless it is asked for, or agreed to as the record is, already."""

    approval: str


Effect = SetField | CreateRecord | Deliver | RequestApproval

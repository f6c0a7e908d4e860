"""What an action asks for, as plain data: ``records`` carries it out in the transaction of the save."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SetField:
    """Give a field of the record itself a value (API JSON); it is checked like a person's."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class MoveStage:
    """Move the record itself to a stage of its pipeline, through every gate; ``reason`` says why, in words."""

    to: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """Archive the record itself, with its parts."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How many records of an action one person gets on one day.

    Attributes:
        person: Id of the user.
        at_most: So many; one more stands for all others of the day.
        rest: API JSON of that one.
    """

    person: str
    at_most: int
    rest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CreateRecord:
    """Make a record of another entity from API JSON, through every check and rule; not more of them than ``bound`` says."""

    entity: str
    data: Mapping[str, Any]
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """Change another record by API JSON, through every check and rule."""

    entity: str
    record: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tell:
    """Say something to people, each in his own language.

    Attributes:
        to: Ids of users and teams; a team is its active members.
        addresses: E-mail addresses of people who do not work here.
        message: Id of the message document with the text; empty where ``title`` and ``body`` are the text.
        title: Short text with placeholders.
        body: Longer text with placeholders; it may be empty.
        values: What stands for each placeholder: text between the braces → value.
        channels: How it reaches them: ``in_app`` for a notification, or channels that plugins deliver.
    """

    to: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    message: str = ""
    title: str = ""
    body: str = ""
    values: Mapping[str, Any] | None = None
    channels: tuple[str, ...] = ("in_app",)


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


@dataclass(frozen=True, slots=True)
class StartSla:
    """Start the clock of an SLA policy on a record of the policy's entity."""

    policy: str
    record: str


@dataclass(frozen=True, slots=True)
class StopSla:
    """End the open clock of an SLA policy on a record, in time or late."""

    policy: str
    record: str


@dataclass(frozen=True, slots=True)
class StartSequence:
    """Let the steps of a sequence follow for a record of its entity."""

    sequence: str
    record: str


@dataclass(frozen=True, slots=True)
class AdvanceSequence:
    """Do the next step of a running sequence now."""

    sequence: str
    record: str


@dataclass(frozen=True, slots=True)
class StopSequence:
    """End a running sequence; what is still to come does not come."""

    sequence: str
    record: str


@dataclass(frozen=True, slots=True)
class Suggest:
    """Offer people a next best action about the record itself, which one of them accepts or dismisses.

    Attributes:
        message: Id of the message document with the text (its body is the reason); empty where the texts are here.
        title: What to do, with placeholders.
        reason: Why, with placeholders.
        values: What stands for each placeholder.
        does: What accepting does: ``{"do": "update", "data"}``, ``{"do": "create", "entity", "data"}`` or
            ``{"do": "move", "to"}``; None for nothing but that it was accepted.
        until: How long it stands; None for as long as nobody decides.
    """

    message: str
    title: str
    reason: str
    values: Mapping[str, Any]
    does: Mapping[str, Any] | None
    until: datetime | None


#: What is asked of a running sequence, or of one that is to run.
OfSequence = StartSequence | AdvanceSequence | StopSequence

Effect = (
    SetField
    | MoveStage
    | Archive
    | CreateRecord
    | UpdateRecord
    | Tell
    | Deliver
    | RequestApproval
    | StartSla
    | StopSla
    | StartSequence
    | AdvanceSequence
    | StopSequence
    | Suggest
)

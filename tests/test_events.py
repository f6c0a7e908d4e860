from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealwright import events
from dealwright.events import Event

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "is_type", "is_sendable"),
    [
        pytest.param("record.updated", True, False, id="the platform's own"),
        pytest.param("record.painted", False, False, id="the family record is closed"),
        pytest.param("sla.breached", True, False, id="another family of the platform"),
        pytest.param("engagement.opened", True, True, id="sent by anybody"),
        pytest.param("med.certificate_renewed", True, True, id="sent by a pack"),
        pytest.param("opened", False, False, id="one name"),
        pytest.param("a.b.c", False, False, id="three names"),
        pytest.param("Engagement.opened", False, False, id="a capital letter"),
        pytest.param("a__b.c", False, False, id="a double underscore"),
        pytest.param("", False, False, id="nothing"),
    ],
)
def test_a_type_is_a_family_and_what_happened(text, is_type, is_sendable):
    assert (events.is_type(text), events.is_sendable(text)) == (is_type, is_sendable)


def test_an_event_with_a_wrong_type_or_a_naive_moment_cannot_be_made():
    with pytest.raises(ValueError, match=r"“record.painted” is not the type of an event"):
        Event("e1", "record.painted", "sales.deal", "d1", 1, NOW)
    with pytest.raises(ValueError, match="zone"):
        Event("e1", "record.created", "sales.deal", "d1", 1, NOW.replace(tzinfo=None))


def test_an_event_never_changes():
    event = Event("e1", "record.created", "sales.deal", "d1", 1, NOW)
    with pytest.raises(AttributeError):
        event.depth = 1
    with pytest.raises(TypeError):
        event.data["x"] = 1

from __future__ import annotations

import pytest

import deals
from dealwright.rules import trigger

SAVED = {"record": {"events": ["created", "updated"], "fields": ["amount"]}}


@pytest.mark.parametrize(
    ("on", "kind", "changes", "woken"),
    [
        pytest.param({"record": {"events": ["created"]}}, "record.created", {}, True, id="created"),
        pytest.param({"record": {"events": ["created"]}}, "record.updated", {}, False, id="updated, not created"),
        pytest.param(SAVED, "record.updated", {"amount": (None, "1")}, True, id="the field changed"),
        pytest.param(SAVED, "record.updated", {"name": (None, "x")}, False, id="another field changed"),
        pytest.param(SAVED, "record.created", {"name": (None, "x")}, True, id="fields do not hold back a creation"),
        pytest.param(
            {"record": {"events": ["updated"], "fields": ["stage"]}},
            "record.moved",
            {"stage": ("needs", "won")},
            True,
            id="a move is an update",
        ),
        pytest.param({"record": {"events": ["deleted"]}}, "record.deleted", {}, True, id="deleted"),
        pytest.param({"record": {"events": ["restored"]}}, "record.restored", {}, True, id="restored"),
        pytest.param({"stage": {"entered": "won"}}, "record.moved", {"stage": ("needs", "won")}, True, id="entered"),
        pytest.param(
            {"stage": {"entered": ["won", "proposal"]}},
            "record.moved",
            {"stage": ("won", "needs")},
            False,
            id="entered another",
        ),
        pytest.param(
            {"stage": {"entered": "needs"}}, "record.created", {"stage": (None, "needs")}, True, id="the first stage"
        ),
        pytest.param({"stage": {"left": "needs"}}, "record.moved", {"stage": ("needs", "won")}, True, id="left"),
        pytest.param({"stage": {"left": "won"}}, "record.moved", {"stage": ("needs", "won")}, False, id="left another"),
        pytest.param(
            {"stage": {"left": "needs"}}, "record.updated", {"stage": ("needs", "won")}, False, id="only moves leave"
        ),
        pytest.param({"event": {"type": "engagement.opened"}}, "engagement.opened", {}, True, id="a sent event"),
        pytest.param({"event": {"type": "engagement.opened"}}, "engagement.closed", {}, False, id="another event"),
    ],
)
def test_a_rule_is_woken_by_what_its_on_says(on, kind, changes, woken):
    made = trigger.read(deals.rule("r", on=on))
    assert made.is_woken_by(deals.event(kind, changes=changes)) is woken


@pytest.mark.parametrize(
    ("on", "pointer", "code", "part"),
    [
        pytest.param(
            {"record": {"events": ["updated"], "fields": ["amount", "spent"]}},
            "/on/record/fields/1",
            "field-never-changes",
            "“spent” is a rollup field",
            id="a roll-up never changes by a save",
        ),
        pytest.param(
            {"event": {"type": "sla.breached"}},
            "/on/event/type",
            "event-not-sendable",
            "“sla.breached” is raised by the platform",
            id="an event of the platform",
        ),
        pytest.param(
            {"sometime": {}}, "/on/sometime", "unknown-trigger", "use one of record, stage, event", id="no trigger"
        ),
    ],
)
def test_an_on_that_can_never_wake_its_rule_is_a_problem(on, pointer, code, part):
    rule = deals.rule("r", on=on)
    (problem,) = trigger.problems(deals.workspace(), rule)
    assert (problem.pointer, problem.code) == (pointer, code)
    assert part in problem.message
    assert trigger.problems(deals.workspace(), deals.rule("r", on=SAVED)) == []


REACHED = {"sla": {"policy": "sales.first", "event": "reached", "percent": 80}}


@pytest.mark.parametrize(
    ("on", "kind", "data", "woken"),
    [
        (REACHED, "sla.reached", {"policy": "sales.first", "percent": 80}, True),
        (REACHED, "sla.reached", {"policy": "sales.first", "percent": 50}, False),
        (REACHED, "sla.reached", {"policy": "sales.other", "percent": 80}, False),
        (REACHED, "sla.breached", {"policy": "sales.first", "percent": 80}, False),
        ({"sla": {}}, "sla.paused", {"policy": "sales.first"}, True),
        ({"deadline": {"event": "opened"}}, "deadline.opened", {"deadline": "sales.licence"}, True),
        ({"deadline": {"deadline": "sales.licence"}}, "deadline.missed", {"deadline": "sales.other"}, False),
        ({"approval": {"approval": "sales.discount"}}, "approval.sent_back", {"approval": "sales.discount"}, True),
        ({"approval": {"event": "approved"}}, "approval.rejected", {"approval": "sales.discount"}, False),
    ],
)
def test_a_rule_hears_what_the_platform_tells_of_a_clock_or_an_approval(on, kind, data, woken):
    made = trigger.read(deals.rule("r", on=on))
    assert made.is_woken_by(deals.event(kind, data=data)) is woken

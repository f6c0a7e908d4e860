"""What is wrong with an SLA policy is said at its place, every fault at once."""

from __future__ import annotations

import pytest

from dealwright import conditions, rules, sla
from dealwright.metadata import load, references, schemas
from dealwright.metadata.fold import fold
from dealwright.metadata.layers import Layer, SourcedDocument
from ticketing import HOURS, SOLVE, TICKET
from worlds import documents

STEP = {"id": "a", "at": "50%"}


def found(**change):
    layers = [load.base(), layer(TICKET, HOURS, {**SOLVE, **change}, *documents())]
    folded = fold(layers)
    catalog = load.assembled(folded, layers, {})
    groups = (sla.problems, rules.problems, conditions.problems)
    listed = [*references.problems(catalog, folded, layers), *(one for group in groups for one in group(catalog))]
    return sorted({(one.pointer, one.code) for one in listed})


def layer(*some):
    return Layer("t", "t", tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in some))


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({}, []),
        ({"calendar": "t.nothing"}, [("/calendar", "unknown-name")]),
        ({"start": "statuss == \"open\""}, [("/start", "unknown-field")]),
        ({"start": {"event": "sla.breached"}}, [("/start/event", "event-not-sendable")]),
        ({"start": {"event": "c.called", "if": "event.loud == true"}}, []),
        ({"stop": "days_since_activity > 3"}, [("/stop", "time-passes")]),
        ({"stop": "owner == user.id"}, [("/stop", "not-allowed")]),
        ({"pause": {"event": "c.held"}}, [("/pause", "missing-resume")]),
        ({"resume": {"event": "c.held"}}, [("/resume", "wrong-place")]),
        ({"target": "PT0M"}, [("/target", "too-small")]),
        ({"target": {"param": "nothing", "unit": "hour"}}, [("/target", "unknown-name")]),
        ({"escalate": [{**STEP, "to": "owner"}, {**STEP, "id": "b", "to": "owner"}]}, [("/escalate/1/at", "twice")]),
        ({"escalate": [{**STEP, "to": "subject"}]}, [("/escalate/0/to", "value-misfit")]),
        ({"escalate": [{**STEP, "to": "ownr"}]}, [("/escalate/0/to", "unknown-field")]),
        (
            {"escalate": [{**STEP, "then": [{"do": "assign", "to": "owner"}, {"do": "set_field", "field": "x", "value": 1}]}]},
            [("/escalate/0/then/1/field", "unknown-name")],
        ),
        (
            {"escalate": [{**STEP, "then": [{"do": "set_field", "field": "status", "value": "'closed'"}]}]},
            [("/escalate/0/then/0/value", "unknown-option")],
        ),
    ],
)  # fmt: skip
def test_a_fault_of_a_policy_has_its_place_and_its_code(change, problems):
    assert found(**change) == problems


def test_an_action_of_a_ladder_is_held_against_the_schema_of_rules():
    step = {**STEP, "then": [{"do": "set_field", "fild": "status", "value": 1}]}
    listed = [(one.pointer, one.code) for one in schemas.check({**SOLVE, "escalate": [step]})]
    assert ("/escalate/0/then/0/fild", "unknown-key") in listed


def test_the_conditions_of_a_clock_are_among_the_uses_of_a_field():
    catalog = load.catalog([load.base(), layer(TICKET, HOURS, SOLVE, *documents())])
    places = {(one.kind, one.pointer) for one in conditions.uses(catalog)["t.ticket", "status"]}
    assert {("sla", "/start"), ("sla", "/stop"), ("sla", "/pause")} <= places

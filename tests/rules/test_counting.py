"""What a rule counts: which events, since when, and the comparison that its decision keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest

import deals
from dealwright import rules
from dealwright.rules import counting
from dealwright.rules.decide import decide

OPENED = {"event": "engagement.opened", "at_least": 3, "within": "P90D"}


def counted(**more):
    return deals.rule("r", 'stage == "needs"', on={"count": {**OPENED, "where": 'event.asset == "demo"', **more}})


@pytest.mark.parametrize(("number", "fired"), [(0, False), (2, False), (3, True), (4, True)])
@pytest.mark.parametrize("matcher", ["python", "durable"])
def test_the_number_is_compared_before_the_condition_and_kept_as_a_fact(number, fired, matcher):
    catalog = deals.with_rules([counted()])
    event = deals.event("engagement.opened", data={"asset": "demo"}, version=None)
    env = {"stage": "needs", "count:sales.r": number}
    (decision,) = decide(catalog, [(event, env)], matcher)
    assert decision.fired is fired
    assert decision.facts == {"event.count": number, "stage": "needs"}
    told = rules.explain(catalog, decision)
    if not fired:
        assert told["sentence"] == f"did not fire, because event.count >= 3 is false (event.count is {number})"
    assert told["tree"]["text"] == 'event.count >= 3 && stage == "needs"'


def test_an_event_that_is_not_counted_wakes_nothing():
    catalog = deals.with_rules([counted()])
    assert decide(catalog, [(deals.event("engagement.opened", data={"asset": "quote"}), {})]) == []
    assert decide(catalog, [(deals.event("engagement.closed", data={"asset": "demo"}), {})]) == []


def test_events_count_from_so_far_back_or_since_the_stage_was_entered():
    within, since = (
        counting.read(deals.workspace(), deals.rule("r", on={"count": spec}))
        for spec in (OPENED, {"event": "quote.opened", "at_least": {"param": "days"}, "since": "stage"})
    )
    assert within.start({}, deals.NOW) == deals.NOW - timedelta(days=90)
    assert since.start({"stage_entered_at": deals.NOW}, deals.NOW) == deals.NOW
    assert since.start({}, deals.NOW) is None
    assert (since.at_least, since.parameter) == (7, "param.days")


@pytest.mark.parametrize(
    ("spec", "pointer", "code"),
    [
        ({"event": "record.updated"}, "/on/count/event", "event-not-counted"),
        ({"event": "timer.due"}, "/on/count/event", "event-not-counted"),
        ({"at_least": {"param": "large"}}, "/on/count/at_least", "not-a-number"),
        ({"within": "P0WD"}, "/on/count/within", "not-a-duration"),
        ({"where": "amount > 3"}, "/on/count/where", "not-of-the-event"),
    ],
)
def test_what_cannot_be_counted_is_a_problem(spec, pointer, code):
    found = counting.problems(deals.workspace(), deals.rule("r", on={"count": {**OPENED, **spec}}))
    assert [(one.pointer, one.code) for one in found] == [(pointer, code)]


def test_there_is_no_stage_since_when_without_a_pipeline():
    spec = {"event": "engagement.opened", "at_least": 3, "since": "stage"}
    rule = deals.rule("r", on={"count": spec}, entity="sales.account")
    assert [one.code for one in counting.problems(deals.workspace(), rule)] == ["no-pipeline"]

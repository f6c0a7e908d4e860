"""Approvals that nobody could decide are told of when they are put in force in a workspace with people."""

from __future__ import annotations

from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.packs import deciders
from worlds import documents, opened, person

STEPS = [
    {"id": "nobody", "title": "Nobody", "approvers": [{"role": "t.guest"}]},
    {"id": "three", "title": "Three", "approvers": [{"role": "t.rep"}], "need": {"count": 3}},
    {"id": "two", "title": "Two", "approvers": [{"role": "t.rep"}], "need": {"count": 2}},
    {"id": "never", "title": "Never", "approvers": [{"manager_of": "owner"}], "when": "1 > 2"},
    {"id": "sometimes", "title": "Sometimes", "approvers": [{"field": "owner"}], "when": "amount > 2"},
]
CROWD = {"kind": "approval", "id": "t.crowd", "lang": 1, "title": "Crowd", "entity": "t.deal", "steps": STEPS}


def told(workspace, crowd=CROWD, **settings):
    sourced = tuple(SourcedDocument(one) for one in documents(crowd))
    catalog = load.catalog([load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))], settings)
    with workspace.database.read() as connection:
        found = deciders.warnings(connection, catalog)
    return [(one.source, one.pointer, one.code) for one in found if one.source == "approval:t.crowd"]


def test_steps_without_people_with_too_few_and_with_a_condition_that_never_holds_are_told_of(database):
    workspace = opened(database)
    assert told(workspace) == [("approval:t.crowd", "/steps/3/when", "dead-step")]  # nobody can sign in yet
    person(workspace, "Ada", ["t.rep"])
    person(workspace, "Bo", ["t.rep"])
    assert told(workspace) == [
        ("approval:t.crowd", "/steps/0/approvers", "step-without-people"),
        ("approval:t.crowd", "/steps/1/need", "quorum-above-people"),
        ("approval:t.crowd", "/steps/3/when", "dead-step"),
    ]
    mails = {**CROWD, "email": "decide", "steps": STEPS[4:]}
    assert told(workspace, mails) == [("approval:t.crowd", "/email", "mail-without-address")]
    assert told(workspace, mails, address="https://crm.example.com") == []

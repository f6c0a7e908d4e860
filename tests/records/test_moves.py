"""Stages change by a move, and a refused one says everything that is missing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealwright import access, clock, records
from dealwright.errors import ConflictError, GateUnmetError, QueryError, RecordError
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Work
from dealwright.storage import Database
from worlds import documents, in_force, made, person, rows_of

OPERATOR = access.operator()


@pytest.fixture
def deal(workspace):
    return records.save(workspace, OPERATOR, "t.deal", {"name": "x"}).id


def test_a_refused_move_lists_every_gate_with_its_field(workspace, deal):
    with pytest.raises(GateUnmetError) as error:
        records.move(workspace, OPERATOR, "t.deal", deal, "offer")
    assert [(p.pointer, p.code) for p in error.value.problems] == [("/account", "required"), ("/amount", "gate-unmet")]
    assert rows_of(workspace.database, "t__deal")[0]["stage"] == "open"


def test_a_move_may_bring_what_its_gates_ask_for(workspace, deal):
    account = made(workspace, "t.account", name="Acme")
    with clock.frozen(datetime(2030, 1, 2, tzinfo=UTC)):
        saved = records.move(workspace, OPERATOR, "t.deal", deal, "offer", data={"account": account, "amount": "9"})
    assert (saved.record["stage"], saved.record["status"], saved.version) == ("offer", "open", 2)
    assert saved.record["stage_entered_at"] == "2030-01-02T00:00:00Z"


def test_a_stage_that_does_not_follow_is_refused(workspace, deal):
    with pytest.raises(ConflictError, match="does not follow"):
        records.move(workspace, OPERATOR, "t.deal", deal, "won")


def test_a_stage_that_is_not_there_is_refused_with_the_choices(workspace, deal):
    with pytest.raises(QueryError, match="open, offer, won, lost"):
        records.move(workspace, OPERATOR, "t.deal", deal, "nowhere")


def test_a_deal_can_be_lost_without_the_gates_of_the_way_forward(workspace, deal):
    saved = records.move(workspace, OPERATOR, "t.deal", deal, "lost")
    assert (saved.record["stage"], saved.record["status"]) == ("lost", "lost")


def test_a_save_cannot_change_the_stage(workspace, deal):
    with pytest.raises(RecordError) as error:
        records.save(workspace, OPERATOR, "t.deal", {"stage": "won"}, id=deal)
    assert [(p.pointer, p.code) for p in error.value.problems] == [("/stage", "read-only")]


def test_a_new_record_may_start_in_a_later_stage(workspace):
    saved = records.save(workspace, OPERATOR, "t.deal", {"name": "old one", "stage": "won"})
    assert (saved.record["stage"], saved.record["status"]) == ("won", "won")


def test_a_move_is_told_as_one(workspace, deal):
    records.move(workspace, OPERATOR, "t.deal", deal, "lost")
    with workspace.database.read() as connection:
        newest = records.history(Work(workspace, connection, OPERATOR), "t.deal", deal)[0]
    assert newest["type"] == "record.moved"
    assert newest["changes"]["stage"] == ["open", "lost"]


def test_what_is_missing_can_be_asked_before(workspace, deal):
    with workspace.database.read() as connection:
        found = records.gates(Work(workspace, connection, OPERATOR), "t.deal", deal)
    assert [(one["to"], [p.pointer for p in one["unmet"]]) for one in found] == [
        ("offer", ["/account", "/amount"]),
        ("lost", []),
    ]


def test_moving_needs_the_right_to_move(workspace, deal):
    viewer = person(workspace, "Vic", ["t.viewer"])
    with pytest.raises(Exception, match="may not move"):
        records.move(workspace, viewer, "t.deal", deal, "lost")


def test_a_gate_of_another_pack_s_pipeline_reads_the_parameters_of_its_own_pack(sqlite_url, tmp_path):
    own = {
        "kind": "pipeline", "id": "u.second", "lang": 1, "title": "Second", "entity": "t.deal", "version": 1, "start": "a",
        "stages": [
            {"id": "a", "title": "A", "next": ["b"],
             "exit": [{"id": "big", "require": "amount >= param.least", "message": "Too small", "fields": ["amount"]}]},
            {"id": "b", "title": "B", "next": []},
        ],
    }  # fmt: skip
    limit = {"kind": "parameter", "id": "u.least", "type": "integer", "title": "Least", "default": 100}
    sourced = [SourcedDocument(one, one["id"]) for one in documents()]
    layers = [
        load.base(),
        Layer("t", "t", tuple(sourced), {}, frozenset({"base"})),
        Layer("u", "u", (SourcedDocument(own, "own"), SourcedDocument(limit, "limit")), {}, frozenset({"t"})),
    ]
    with Database(sqlite_url) as database:
        workspace = in_force(database, layers, tmp_path)
        deal = records.save(workspace, OPERATOR, "t.deal", {"name": "x", "pipeline": "u.second", "amount": "99"})
        with pytest.raises(GateUnmetError):
            records.move(workspace, OPERATOR, "t.deal", deal.id, "b")
        assert records.move(workspace, OPERATOR, "t.deal", deal.id, "b", data={"amount": "100"}).record["stage"] == "b"

"""The one road of a change: what is written, what is refused, what follows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealwright import access, clock, records
from dealwright.errors import ConflictError, ForbiddenError, NotFoundError, RecordError, StaleVersionError
from dealwright.records import Change, Work
from worlds import counts, made, opened, person, rows_of, team

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def rep(workspace):
    return person(workspace, "Ada", ["t.rep"], team=team(workspace, "East"))


def problems(error):
    return {(problem.pointer, problem.code) for problem in error.value.problems}


def test_a_new_record_has_its_formulas_its_stage_and_its_owner(workspace, rep):
    with clock.frozen(NOON):
        saved = records.save(workspace, rep, "t.deal", {"name": "Pumps", "amount": "1000", "win": "40"})
    assert saved.created
    assert saved.version == 1
    # 1000 × 40 / 100 = 400; the rule for B fires from 30 to below 70
    expected = {"weighted": "400.00", "tier": "B", "stage": "open", "status": "open", "owner": rep.id}
    assert {key: saved.record[key] for key in expected} == expected
    assert saved.record["created_at"] == "2026-11-23T12:00:00Z"


def test_every_problem_is_told_at_once_with_its_place(workspace, rep):
    data = {"amount": "-1", "win": "140", "nmae": "x", "discount": 20, "lines": [{"qty": 0}]}
    with pytest.raises(RecordError) as error:
        records.save(workspace, rep, "t.deal", data)
    assert problems(error) == {
        ("/nmae", "unknown-field"),
        ("/name", "required"),
        ("/amount", "below-minimum"),
        ("/win", "above-maximum"),
        ("/reason", "required"),
        ("/lines/0/what", "required"),
        ("/lines/0/qty", "below-minimum"),
    }


def test_a_refused_record_leaves_no_trace(workspace, rep):
    tables = ["t__deal", "t__deal__lines", "dw_event", "dw_decision", "dw_outbox", "dw_firing"]
    before = counts(workspace.database, tables)
    with pytest.raises(RecordError):
        records.save(workspace, rep, "t.deal", {"name": "x", "opens_on": "2026-02-02", "closes_on": "2026-02-01"})
    assert counts(workspace.database, tables) == before


def test_a_check_points_at_the_field_it_names(workspace, rep):
    with pytest.raises(RecordError) as error:
        records.save(workspace, rep, "t.deal", {"name": "x", "opens_on": "2026-02-02", "closes_on": "2026-02-01"})
    assert [(p.pointer, p.message) for p in error.value.problems] == [("/closes_on", "Closes before it opens")]


def test_a_field_that_is_hidden_is_emptied_and_not_asked_for(workspace, rep):
    saved = records.save(workspace, rep, "t.deal", {"name": "x", "discount": "20", "reason": "volume"})
    after = records.save(workspace, rep, "t.deal", {"discount": "10"}, id=saved.id)
    assert after.record["reason"] is None


def test_a_change_raises_the_version_and_a_stale_one_is_refused(workspace, rep):
    saved = records.save(workspace, rep, "t.deal", {"name": "x"})
    changed = records.save(workspace, rep, "t.deal", {"name": "y"}, id=saved.id, version=1)
    assert changed.version == 2
    with pytest.raises(StaleVersionError):
        records.save(workspace, rep, "t.deal", {"name": "z"}, id=saved.id, version=1)


def test_saving_the_same_values_changes_nothing(workspace, rep):
    saved = records.save(workspace, rep, "t.deal", {"name": "x", "amount": "5"})
    before = counts(workspace.database, ["dw_event", "dw_decision"])
    again = records.save(workspace, rep, "t.deal", {"name": "x", "amount": "5.00"}, id=saved.id)
    assert again.unchanged
    assert again.version == 1
    assert counts(workspace.database, ["dw_event", "dw_decision"]) == before


def test_a_rule_changes_the_record_in_the_same_save_and_history_tells_which(workspace, rep):
    saved = records.save(workspace, rep, "t.deal", {"name": "x", "win": "80"})
    assert saved.version == 1
    with workspace.database.read() as connection:
        told = records.history(Work(workspace, connection, rep), "t.deal", saved.id)
    assert [(one["type"], one["rule"]) for one in told] == [("record.updated", "t.tier_a"), ("record.created", None)]
    assert told[0]["changes"] == {"tier": [None, "A"]}
    assert told[0]["cause"] == told[1]["id"]


def test_the_changes_of_its_events_add_up_to_the_record(workspace, rep):
    account = made(workspace, "t.account", name="Acme", region="east")
    saved = records.save(workspace, rep, "t.deal", {"name": "x", "win": "80", "account": account})
    records.save(
        workspace, rep, "t.deal", {"win": "30", "amount": "10", "lines": [{"what": "a", "qty": 2}]}, id=saved.id
    )
    with workspace.database.read() as connection:
        work = Work(workspace, connection, access.operator())
        told = records.history(work, "t.deal", saved.id)
        row = records.fetch(work, "t.deal", saved.id)
    folded = {}
    for event in reversed(told):
        for name, (before, after) in event["changes"].items():
            assert folded.get(name) == before
            folded[name] = after
    assert folded.items() <= dict(row).items()
    untold = {name for name, value in row.items() if value is not None} - folded.keys()
    computed = {"account_region"}
    assert untold == {"id", "version", "created_at", "created_by", "updated_at", "updated_by", *computed}


def test_a_rule_makes_a_task_and_a_delivery_once_per_record(workspace, rep):
    account = made(workspace, "t.account", name="Acme", region="east")
    data = {"name": "Pumps", "win": "90", "amount": "100000", "account": account}
    with clock.frozen(NOON):
        saved = records.save(workspace, rep, "t.deal", data)
    (task,) = rows_of(workspace.database, "base__task")
    assert task["title"] == "Visit Pumps of Acme"
    assert task["assignee"] == rep.id
    (delivery,) = rows_of(workspace.database, "dw_outbox")
    assert delivery["channel"], delivery["target"] == ("webhook", "erp")
    records.save(workspace, rep, "t.deal", {"win": "40"}, id=saved.id)
    records.save(workspace, rep, "t.deal", {"win": "95"}, id=saved.id)
    assert counts(workspace.database, ["base__task", "dw_outbox"]) == {"base__task": 1, "dw_outbox": 1}


def test_why_a_rule_fired_and_why_another_did_not_are_stored(workspace, rep):
    saved = records.save(workspace, rep, "t.deal", {"name": "x", "win": "80"})
    with workspace.database.read() as connection:
        found = records.decided(Work(workspace, connection, rep), "t.deal", saved.id)
    by_rule = {one["rule"]: one for one in found}
    assert by_rule["t.tier_a"]["fired"] is True
    assert by_rule["t.tier_a"]["facts"] == {"win": "80"}
    assert by_rule["t.tier_b"]["fired"] is False
    assert "win < 70 is false" in by_rule["t.tier_b"]["sentence"]


def test_rules_that_chase_each_other_are_stopped_and_named(database, tmp_path):
    def rule(number):
        return {
            "kind": "rule", "id": f"t.chase_{number}", "lang": 1, "title": "Chase", "entity": "t.deal",
            "on": {"record": {"events": ["updated"], "fields": ["opened"]}},
            "then": [{"do": "set_field", "field": "opened", "value": "coalesce(opened, 0) + 1"}],
            "if": f"opened == {number}",
        }  # fmt: skip

    workspace = opened(database, *(rule(number) for number in range(1, 12)), folder=tmp_path)
    saved = records.save(workspace, access.operator(), "t.deal", {"name": "x"})
    with pytest.raises(ConflictError) as error:
        records.save(workspace, access.operator(), "t.deal", {"opened": 1}, id=saved.id)
    assert error.value.code == "rule-loop"
    assert "t.chase_8" in error.value.detail
    assert rows_of(database, "t__deal")[0]["opened"] is None


def test_a_rule_that_breaks_the_record_is_named_and_nothing_is_saved(database, tmp_path):
    bad = {
        "kind": "rule", "id": "t.bad", "lang": 1, "title": "Bad", "entity": "t.deal",
        "on": {"record": {"events": ["created"]}},
        "then": [{"do": "set_field", "field": "win", "value": "amount"}],
    }  # fmt: skip
    workspace = opened(database, bad, folder=tmp_path)
    with pytest.raises(RecordError) as error:
        records.save(workspace, access.operator(), "t.deal", {"name": "x", "amount": "500"})
    assert "rule t.bad" in error.value.detail
    assert problems(error) == {("/win", "above-maximum")}
    assert counts(database, ["t__deal", "dw_event"]) == {"t__deal": 0, "dw_event": 0}


def test_a_reference_to_nothing_is_refused(workspace, rep):
    with pytest.raises(RecordError) as error:
        records.save(workspace, rep, "t.deal", {"name": "x", "account": clock.new_id()})
    assert problems(error) == {("/account", "no-such-record")}


def test_a_value_that_must_be_unique_is_refused_with_its_field(workspace, rep):
    records.save(workspace, access.operator(), "t.account", {"name": "Acme"})
    with pytest.raises(RecordError) as error:
        records.save(workspace, access.operator(), "t.account", {"name": "Acme"})
    assert problems(error) == {("/name", "not-unique")}


def test_system_fields_cannot_be_set_by_a_request(workspace, rep):
    asked = {"id": clock.new_id(), "version": 9, "created_by": rep.id, "status": "won", "stage_entered_at": None}
    with pytest.raises(RecordError) as error:
        records.save(workspace, rep, "t.deal", {"name": "x", **asked})
    assert problems(error) == {(f"/{name}", "read-only") for name in asked}


def test_somebody_without_a_grant_finds_nothing_to_change(workspace, rep):
    saved = records.save(workspace, rep, "t.deal", {"name": "x"})
    guest = person(workspace, "Guest", ["t.guest"])
    with pytest.raises(NotFoundError):
        records.save(workspace, guest, "t.deal", {"name": "y"}, id=saved.id)


def test_somebody_who_sees_but_may_not_change_is_told_so(workspace, rep):
    saved = records.save(workspace, rep, "t.deal", {"name": "x"})
    viewer = person(workspace, "Vic", ["t.viewer"])
    with pytest.raises(ForbiddenError):
        records.save(workspace, viewer, "t.deal", {"name": "y"}, id=saved.id)


def test_a_denied_field_is_unknown_and_one_to_see_only_is_read_only(workspace, rep):
    with pytest.raises(RecordError) as error:
        records.save(workspace, rep, "t.deal", {"name": "x", "margin": "5", "tier": "A"})
    assert problems(error) == {("/margin", "unknown-field"), ("/tier", "read-only")}


def test_a_batch_saves_the_good_and_names_the_bad(workspace, rep):
    with workspace.database.write() as connection:
        work = Work(workspace, connection, rep)
        results = records.save_many(work, "t.deal", [Change({"name": "a"}), Change({}), Change({"name": "c"})])
    assert [getattr(one, "version", None) for one in results] == [1, None, 1]
    assert results[1].problems[0].pointer == "/name"
    assert counts(workspace.database, ["t__deal"]) == {"t__deal": 2}


def test_two_of_a_batch_with_the_same_unique_value_do_not_both_pass(workspace):
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        results = records.save_many(work, "t.account", [Change({"name": "a"}), Change({"name": "a"})])
    assert sum(isinstance(one, records.Saved) for one in results) <= 1


def test_rows_are_kept_in_order_with_their_sums(workspace, rep):
    lines = [{"what": "b", "qty": 2, "price": "10.50"}, {"what": "a", "qty": 1, "price": "4"}]
    saved = records.save(workspace, rep, "t.deal", {"name": "x", "lines": lines})
    # 2 × 10.50 + 1 × 4 = 25
    assert saved.record["total"] == "25.00"
    assert [line["what"] for line in saved.record["lines"]] == ["b", "a"]


def test_a_reference_must_be_one_that_its_field_offers(database, tmp_path):
    picky = {
        "kind": "entity", "id": "t.visit", "lang": 1, "title": "Visit", "plural": "Visits",
        "properties": {
            "account": {"field": "reference", "to": "t.account", "title": "Account"},
            "deal": {"field": "reference", "to": "t.deal", "title": "Deal", "where": "account == record.account"},
        },
    }  # fmt: skip
    workspace = opened(database, picky, folder=tmp_path)
    acme, other = made(workspace, "t.account", name="Acme"), made(workspace, "t.account", name="Other")
    deal = made(workspace, "t.deal", name="x", account=acme)
    assert records.save(workspace, access.operator(), "t.visit", {"account": acme, "deal": deal}).created
    with pytest.raises(RecordError) as error:
        records.save(workspace, access.operator(), "t.visit", {"account": other, "deal": deal})
    assert problems(error) == {("/deal", "not-offered")}

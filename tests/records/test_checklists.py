"""Checklists of stages: ticked with what shows it, asked for on the way out, told by the history."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from dealwright import access, clock, records
from dealwright.errors import ConflictError, ForbiddenError, GateUnmetError, NotFoundError, RecordError
from dealwright.records import Work
from worlds import PIPELINE, ROLES, opened, person, rows_of

OPERATOR = access.operator()
NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)
ITEMS = [
    {"id": "acceptance", "title": "Customer acceptance record", "needs": "file", "document_type": "acceptance record",
     "required": True},
    {"id": "risks", "title": "Risks", "needs": "note", "required": True},
    {"id": "call", "title": "Call them"},
]  # fmt: skip
LISTED = {
    **PIPELINE,
    "stages": [{**PIPELINE["stages"][0], "exit": [], "required": [], "checklist": ITEMS}, *PIPELINE["stages"][1:]],
}
RULE = {
    "kind": "rule", "id": "t.accepted", "lang": 1, "title": "Accepted", "entity": "t.deal",
    "on": {"event": {"type": "checklist.done"}}, "if": "event.item == \"acceptance\"",
    "then": [{"do": "set_field", "field": "tier", "value": "'A'"}],
}  # fmt: skip
#: Sees names only, so no stage.
NAMES = {"kind": "role", "id": "t.names", "lang": 1, "title": "Names", "grants": [
    {"entity": "t.deal", "ops": ["read", "update"], "fields": {"name": "edit"}}]}  # fmt: skip


@pytest.fixture
def world(database, tmp_path):
    return opened(database, LISTED, RULE, NAMES, folder=tmp_path)


@pytest.fixture
def deal(world):
    return records.save(world, OPERATOR, "t.deal", {"name": "x"}).id


def tick(world, user, deal, *items):
    with world.database.write() as connection:
        return records.tick(Work(world, connection, user), "t.deal", deal, list(items))


def listed(world, user, deal):
    with world.database.read() as connection:
        return records.checklist(Work(world, connection, user), "t.deal", deal)


def upload(world, user):
    return records.upload(world, user, io.BytesIO(b"%PDF-1.7 accepted"), "signed.pdf")["id"]


def test_the_customer_acceptance_record_must_be_uploaded_before_the_stage_is_left(world, deal):
    tick(world, OPERATOR, deal, {"id": "risks", "note": "none"})
    with pytest.raises(GateUnmetError) as error:
        records.move(world, OPERATOR, "t.deal", deal, "offer")
    assert [one.as_json() for one in error.value.problems] == [
        {
            "pointer": "/checklist/acceptance", "code": "item-undone", "item": "acceptance", "label": "Customer acceptance record",
            "message": "“Customer acceptance record” needs a document of the type acceptance record; upload it.",
        }
    ]  # fmt: skip
    tick(world, OPERATOR, deal, {"id": "acceptance", "file": upload(world, OPERATOR)})
    assert records.move(world, OPERATOR, "t.deal", deal, "offer").record["stage"] == "offer"


def test_a_deal_can_be_given_up_with_an_open_checklist(world, deal):
    assert records.move(world, OPERATOR, "t.deal", deal, "lost").record["status"] == "lost"


def test_a_tick_says_who_did_it_when_and_what_shows_it(world, deal):
    rep = person(world, "Rae", ["t.rep"])
    mine = records.save(world, rep, "t.deal", {"name": "mine"}).id
    file = upload(world, rep)
    with clock.frozen(NOON):
        found = tick(world, rep, mine, {"id": "acceptance", "file": file, "note": "signed"}, {"id": "call"})
    first, risks, call = found
    assert (first["done"], first["done_at"], first["done_by"], first["note"]) == (True, NOON, rep.id, "signed")
    assert (first["file"]["id"], first["file"]["type"]) == (file, "application/pdf")
    assert (risks["done"], risks["required"], risks["needs"], call["done"]) == (False, True, "note", True)
    assert rows_of(world.database, "t__deal")[0]["version"] == 1


def test_what_is_done_can_be_taken_back_and_its_evidence_stays(world, deal):
    tick(world, OPERATOR, deal, {"id": "risks", "note": "price"})
    (_, risks, _) = tick(world, OPERATOR, deal, {"id": "risks", "done": False})
    assert (risks["done"], risks["done_at"], risks["note"]) == (False, None, "price")
    assert tick(world, OPERATOR, deal, {"id": "risks"})[1]["done"] is True


def test_an_item_without_what_it_needs_is_refused_and_nothing_of_the_call_is_written(world, deal):
    with pytest.raises(RecordError) as error:
        tick(world, OPERATOR, deal, {"id": "call"}, {"id": "acceptance"}, {"id": "risks", "note": " "}, {"id": "sing"},
             {"id": "call", "done": "yes", "why": 1}, 7)  # fmt: skip
    assert [(p.pointer, p.code) for p in error.value.problems] == [
        ("/items/1/file", "required"), ("/items/2/note", "required"), ("/items/3/id", "no-such-item"),
        ("/items/4/why", "unknown-key"), ("/items/4/done", "wrong-type"), ("/items/5", "wrong-type"),
    ]  # fmt: skip
    assert rows_of(world.database, "dw_checklist") == []


def test_a_file_that_somebody_else_uploaded_shows_nothing(world, deal):
    file = upload(world, person(world, "Rae", ["t.rep"]))
    with pytest.raises(RecordError, match="no such file"):
        tick(world, OPERATOR, deal, {"id": "acceptance", "file": file})


def test_the_evidence_is_read_by_whoever_may_see_the_stage(world, deal):
    file = upload(world, OPERATOR)
    tick(world, OPERATOR, deal, {"id": "acceptance", "file": file})
    viewer, names, guest = (
        person(world, n, [f"t.{r}"]) for n, r in (("Vic", "viewer"), ("Ned", "names"), ("Gus", "guest"))
    )
    with world.database.read() as connection:
        assert records.opened(Work(world, connection, viewer), file)[0].name == "signed.pdf"
        for user in (names, guest):
            with pytest.raises(NotFoundError):
                records.opened(Work(world, connection, user), file)


def test_history_and_rules_hear_of_a_tick(world, deal):
    tick(world, OPERATOR, deal, {"id": "acceptance", "file": upload(world, OPERATOR)})
    tick(world, OPERATOR, deal, {"id": "acceptance"})  # done already: nothing happens
    with world.database.read() as connection:
        told = records.history(Work(world, connection, OPERATOR), "t.deal", deal)
    assert [one["type"] for one in told] == ["record.updated", "checklist.done", "record.created"]
    assert (told[1]["data"]["stage"], told[1]["data"]["item"]) == ("open", "acceptance")
    assert rows_of(world.database, "t__deal")[0]["tier"] == "A"


def test_who_may_not_see_the_record_or_its_stage_sees_no_checklist_and_ticks_nothing(world, deal):
    names, guest, viewer = (
        person(world, n, [f"t.{r}"]) for n, r in (("Ned", "names"), ("Gus", "guest"), ("Vic", "viewer"))
    )
    rep = person(world, "Rae", ["t.rep"])
    tick(world, OPERATOR, deal, {"id": "call"})
    assert listed(world, names, deal) == []
    assert [one["done"] for one in listed(world, viewer, deal)] == [False, False, True]
    with world.database.read() as connection:
        told = records.history(Work(world, connection, names), "t.deal", deal)
        assert records.gates(Work(world, connection, names), "t.deal", deal) == []
    assert "checklist.done" not in {one["type"] for one in told}
    for user, refusal in (
        (names, ForbiddenError),
        (viewer, ForbiddenError),
        (guest, NotFoundError),
        (rep, NotFoundError),
    ):
        with pytest.raises(refusal):
            tick(world, user, deal, {"id": "call", "done": False})
    for user in (guest, rep):
        with pytest.raises((NotFoundError, ForbiddenError)):
            listed(world, user, deal)
    assert len(rows_of(world.database, "dw_checklist")) == 1


def test_what_was_done_stays_when_the_record_goes_on_and_comes_back(world, deal):
    tick(world, OPERATOR, deal, {"id": "risks", "note": "n"}, {"id": "acceptance", "file": upload(world, OPERATOR)})
    records.move(world, OPERATOR, "t.deal", deal, "offer")
    assert [one["done"] for one in listed(world, OPERATOR, deal)] == [True, True, False]
    tick(world, OPERATOR, deal, {"id": "call", "stage": "open"})
    records.move(world, OPERATOR, "t.deal", deal, "open")
    assert records.move(world, OPERATOR, "t.deal", deal, "offer").record["stage"] == "offer"


def test_an_archived_record_takes_no_tick_and_a_purged_one_takes_its_checklist_along(world, deal):
    tick(world, OPERATOR, deal, {"id": "call"})
    with world.database.write() as connection:
        records.archive(Work(world, connection, OPERATOR), "t.deal", deal)
    with pytest.raises(ConflictError, match="archived"):
        tick(world, OPERATOR, deal, {"id": "call", "done": False})
    with world.database.write() as connection:
        records.purge(Work(world, connection, OPERATOR), "t.deal", deal)
    assert rows_of(world.database, "dw_checklist") == rows_of(world.database, "dw_visit") == []


def test_the_roles_of_the_world_are_those_these_tests_think_of():
    assert {one["id"] for one in ROLES} == {"t.rep", "t.viewer", "t.guest"}

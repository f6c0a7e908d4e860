"""What rules do beside setting fields: they move, archive, change other records and tell people; each once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealwright import access, clock, records
from dealwright.errors import RecordError
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Change, Work, approving, save_many, save_one
from dealwright.storage import decisions, outbox
from worlds import ACCOUNT, DEAL, documents, in_force, made, opened, person, rows_of, team

OPERATOR = access.operator()
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def rule(name, *then, event=None, **more):
    on = {"event": {"type": event}} if event else {"record": {"events": ["created", "updated"], "fields": ["win"]}}
    return {
        "kind": "rule", "id": f"t.{name}", "lang": 1, "title": name.title(), "entity": "t.deal", "on": on,
        "then": list(then), **more,
    }  # fmt: skip


def with_a_contact():
    properties = {
        **DEAL["properties"],
        "contact_email": {"field": "email", "title": "Contact"},
        "boss": {"field": "reference", "to": "t.account", "on_delete": "set_null", "title": "Boss"},
    }
    return {**DEAL, "properties": properties}


MESSAGE = {
    "kind": "message", "id": "t.hello", "lang": 1, "title": "{name} is sold", "channels": ["in_app", "email"],
    "body": "**{name}** of {account.name} for {amount}",
}  # fmt: skip
OFFER = {"do": "move_stage", "to": "offer", "reason": "{name} is likely"}
RULES = [
    rule("likely", {"do": "set_field", "field": "opened", "value": 7}, OFFER, **{"if": "win >= 90"}),
    rule("after_offer", {"do": "set_field", "field": "code", "value": "'offered'"}) | {"on": {"stage": {"entered": "offer"}}},
    rule("jump", {"do": "move_stage", "to": "won"}, event="test.jump"),
    rule("raise", {"do": "update_record", "record": "account",
                   "values": {"credit": "amount * 2", "code": "name"}}, event="test.raise"),
    rule("spoil", {"do": "update_record", "record": "account", "values": {"name": "null"}}, event="test.spoil"),
    rule("drop", {"do": "archive"}, event="test.drop"),
    rule("say", {"do": "send_message", "to": "owner", "message": "t.hello"}, event="test.say"),
    rule("say_team", {"do": "notify", "to": "team", "title": "Look at {name} {{now}}"}, event="test.team"),
    rule("say_out", {"do": "send_message", "to": "contact_email", "message": "t.hello"}, event="test.out"),
    {**rule("drop_account", {"do": "archive"}, event="test.drop"), "entity": "t.account"},
]  # fmt: skip


@pytest.fixture
def world(database, tmp_path):
    return opened(database, ACCOUNT, with_a_contact(), MESSAGE, *RULES, folder=tmp_path)


def deal(world, **data):
    return made(world, "t.deal", **{"name": "Big", **data})


def send(world, kind, record, entity="t.deal"):
    with world.database.write() as connection:
        records.send(Work(world, connection, OPERATOR), kind, entity, record, {})


def row(world, table, record):
    return next(one for one in rows_of(world.database, table) if one["id"] == record)


def outcomes(world, rule_id):
    with world.database.read() as connection:
        return [(one["result"] or {}).get("outcomes") for one in decisions.of(connection, rule_id, fired=True)]


def sent(world):
    with world.database.read() as connection:
        return outbox.latest(connection)


def test_a_rule_moves_a_record_in_the_save_that_woke_it(world):
    account = made(world, "t.account", name="Acme")
    record = deal(world, account=account, amount="10")
    saved = records.save(world, OPERATOR, "t.deal", {"win": "95"}, id=record)
    shown = saved.record
    assert (shown["stage"], shown["opened"], shown["code"], saved.version) == ("offer", 7, "offered", 2)
    told = [one for one in rows_of(world.database, "dw_event") if one["type"] == "record.moved"]
    assert len(told) == 1
    with world.database.read() as connection:
        visits = records.visited(Work(world, connection, OPERATOR), "t.deal", record)
    assert [one["stage"] for one in visits] == ["offer", "open"]
    assert visits[0]["reason"] == "Big is likely"


def test_a_new_record_is_moved_too(world):
    account = made(world, "t.account", name="Acme")
    saved = records.save(world, OPERATOR, "t.deal", {"name": "x", "account": account, "amount": "1", "win": "90"})
    assert (saved.record["stage"], saved.version) == ("offer", 1)


def test_a_gate_that_is_not_met_leaves_the_record_where_it_is_and_the_decision_says_why(world):
    record = deal(world)
    saved = records.save(world, OPERATOR, "t.deal", {"win": "95"}, id=record)
    assert (saved.record["stage"], saved.record["opened"]) == ("open", 7)
    (found,) = outcomes(world, "t.likely")
    (one,) = found
    assert (one["action"], one["do"], one["to"], one["code"]) == (1, "move_stage", "offer", "gate-unmet")
    assert [(p["pointer"], p["code"]) for p in one["problems"]] == [("/account", "required"), ("/amount", "gate-unmet")]
    with world.database.read() as connection:
        work = Work(world, connection, OPERATOR)
        told = next(d for d in records.decided(work, "t.deal", record) if d["rule"] == "t.likely" and d["fired"])
    assert told["outcomes"] == found


def test_who_may_not_see_a_field_does_not_hear_where_a_gate_of_it_stands(world):
    viewer = person(world, "Vic", ["t.viewer"])
    record = deal(world)
    records.save(world, OPERATOR, "t.deal", {"win": "95"}, id=record)
    send(world, "test.jump", record)
    with world.database.read() as connection:
        told = records.decided(Work(world, connection, viewer), "t.deal", record)
    assert [(one["rule"], one["outcomes"]) for one in told] == [
        ("t.jump", [{"action": 0, "do": "move_stage", "to": "won", "code": "does-not-follow", "from": "open"}])
    ]


def test_a_stage_that_does_not_follow_is_an_outcome(world):
    record = deal(world)
    send(world, "test.jump", record)
    assert row(world, "t__deal", record)["stage"] == "open"
    assert outcomes(world, "t.jump") == [
        [{"action": 0, "do": "move_stage", "to": "won", "code": "does-not-follow", "from": "open"}]
    ]


def test_a_rule_changes_a_record_that_this_one_refers_to(world):
    account = made(world, "t.account", name="Acme")
    record = deal(world, account=account, amount="10")
    send(world, "test.raise", record)
    found = row(world, "t__account", account)
    assert (found["code"], found["version"]) == ("Big", 2)
    told = [one for one in rows_of(world.database, "dw_event") if one["record"] == account]
    assert [one["type"] for one in told] == ["record.created", "record.updated"]


def test_two_records_that_change_the_same_one_do_so_one_after_the_other(world):
    account = made(world, "t.account", name="Acme")
    more = rule("rename", {"do": "update_record", "record": "account", "values": {"code": "name"}})
    opened_again = opened_in(world, more)
    with opened_again.database.write() as connection:
        work = Work(opened_again, connection, OPERATOR)
        changes = [Change({"name": name, "account": account, "win": "1"}) for name in ("a", "b", "c")]
        save_many(work, "t.deal", changes)
    found = row(world, "t__account", account)
    assert (found["code"], found["version"]) == ("c", 4)


def opened_in(world, *more, texts=None):
    """Put the world with more documents in force in the same database."""
    found = documents(ACCOUNT, with_a_contact(), MESSAGE, *RULES, *more)
    sourced = tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in found)
    return in_force(
        world.database, [load.base(), Layer("t", "t", sourced, texts or {}, frozenset({"base"}))], world.folder
    )


def test_without_a_record_to_change_nothing_happens(world):
    send(world, "test.raise", deal(world))
    assert outcomes(world, "t.raise") == [None]


def test_a_record_that_is_archived_by_now_is_an_outcome(world):
    account = made(world, "t.account", name="Acme")
    record = deal(world, account=account)
    with world.database.write() as connection:
        connection.exec_driver_sql("UPDATE t__account SET archived_at = updated_at")
    send(world, "test.raise", record)
    assert outcomes(world, "t.raise") == [
        [{"action": 0, "do": "update_record", "code": "gone", "entity": "t.account", "record": account}]
    ]


def test_a_rule_that_makes_another_record_invalid_is_named_and_nothing_is_saved(world):
    record = deal(world, account=made(world, "t.account", name="Acme"))
    with pytest.raises(RecordError, match=r"rule t\.spoil made the Account invalid"):
        send(world, "test.spoil", record)
    assert outcomes(world, "t.spoil") == []


def test_a_rule_archives_a_record(world):
    record = deal(world)
    with clock.frozen(NOON):
        send(world, "test.drop", record)
    assert row(world, "t__deal", record)["archived_at"] is not None
    told = [one for one in rows_of(world.database, "dw_event") if one["type"] == "record.deleted"]
    assert [one["record"] for one in told] == [record]


def test_a_record_that_others_hold_stays_and_the_decision_says_so(world):
    account = made(world, "t.account", name="Acme")
    deal(world, account=account)
    send(world, "test.drop", account, "t.account")
    assert row(world, "t__account", account)["archived_at"] is None
    ((one,),) = outcomes(world, "t.drop_account")
    assert (one["do"], one["code"]) == ("archive", "held")
    assert one["message"].startswith("1 Deals refer to this Account by Account")


def test_a_message_reaches_a_person_in_his_language_by_each_channel(world):
    ann = person(world, "Ann", [], email="ann@example.com", locale="zh-CN")
    account = made(world, "t.account", name="*Acme*")
    record = deal(world, account=account, amount="10.50", owner=ann.id, name="A_B")
    world = opened_in(world, texts={"zh-CN": {"message:t.hello#/title": "{name} 已成交"}})
    send(world, "test.say", record)
    (notice,) = rows_of(world.database, "base__notification")
    assert (notice["user"], notice["title"]) == (ann.id, "A_B 已成交")
    assert notice["body"] == "**A_B** of *Acme* for 10.5"
    (mail,) = sent(world)
    assert (mail["channel"], mail["target"], mail["rule"]) == ("email", "ann@example.com", "t.say")
    assert mail["payload"]["markdown"] == r"**A\_B** of \*Acme\* for 10\.5"
    assert (mail["payload"]["locale"], mail["payload"]["user"]) == ("zh-CN", ann.id)


def test_who_has_no_address_is_told_in_app_and_the_decision_says_so(world):
    bob = person(world, "Bob", [])
    send(world, "test.say", deal(world, owner=bob.id))
    assert [one["user"] for one in rows_of(world.database, "base__notification")] == [bob.id]
    assert sent(world) == []
    ((one,),) = outcomes(world, "t.say")
    assert (one["do"], one["code"], one["to"], one["channel"]) == ("send_message", "no-address", bob.id, "email")


def test_a_team_is_its_active_members(world):
    east = team(world, "East")
    ann, bob, _ = (person(world, name, [], team=group) for name, group in (("Ann", east), ("Bob", east), ("Cy", None)))
    records.save(world, OPERATOR, "base.user", {"active": False}, id=bob.id)
    send(world, "test.team", deal(world, team=east))
    told = rows_of(world.database, "base__notification")
    assert [(one["user"], one["title"]) for one in told] == [(ann.id, "Look at Big {now}")]


def test_news_for_everybody_reach_every_active_user_once(world):
    ann, bob = person(world, "Ann", []), person(world, "Bob", [])
    records.save(world, OPERATOR, "base.user", {"active": False}, id=bob.id)
    again = opened_in(
        world, rule("news", {"do": "notify", "to": "'everybody'", "title": "Won: {name}"}, event="test.news")
    )
    send(again, "test.news", deal(again))
    assert [(one["user"], one["title"]) for one in rows_of(world.database, "base__notification")] == [
        (ann.id, "Won: Big")
    ]


def test_a_message_to_an_address_goes_by_email_alone(world):
    send(world, "test.out", deal(world, contact_email="x@example.com"))
    (mail,) = sent(world)
    assert (mail["target"], "user" in mail["payload"]) == ("x@example.com", False)
    assert rows_of(world.database, "base__notification") == []


def test_a_long_name_stops_no_save(world):
    ann = person(world, "Ann", [])
    long = {**MESSAGE, "title": "x" * 190 + " {name}", "channels": ["in_app"]}
    again = opened_in(world, long)
    send(again, "test.say", deal(again, owner=ann.id, name="n" * 80))
    (notice,) = rows_of(world.database, "base__notification")
    assert len(notice["title"]) == 200


LOCK = {
    "kind": "approval", "id": "t.discount", "lang": 1, "title": "Discount", "entity": "t.deal",
    "steps": [{"id": "boss", "title": "Boss", "approvers": [{"role": "base.admin"}]}], "rules": {"lock": "record"},
}  # fmt: skip


def test_a_record_that_an_approval_locks_is_neither_moved_nor_archived_and_the_decisions_say_so(world):
    again = opened_in(world, LOCK)
    person(again, "Mia", ["base.admin"])
    ann = person(again, "Ann", ["t.rep"])
    with again.database.write() as connection:
        work = Work(again, connection, ann)
        record = save_one(work, "t.deal", Change({"name": "Big"})).id
        approving.request(work, "t.discount", "t.deal", record)
        for kind in ("test.jump", "test.drop"):
            records.send(work, kind, "t.deal", record, {})
    assert row(again, "t__deal", record)["archived_at"] is None
    assert [outcomes(again, name)[0][0]["code"] for name in ("t.jump", "t.drop")] == ["locked", "locked"]

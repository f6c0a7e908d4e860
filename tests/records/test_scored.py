"""Scores in a save: before rules, again after rules, in the event, with the share of each factor under field rights."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dealwright import access, clock, records
from dealwright.errors import NotFoundError, RecordError
from dealwright.records import Change, Work, agenda
from scored import HEAT, HOT, SCORED, WORLD, changes, fetched, told
from worlds import ROLES, counts, made, opened, person, rows_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon():
    with clock.frozen(NOON):
        yield


@pytest.fixture
def world(database):
    return opened(database, *WORLD)


@pytest.fixture
def account(world):
    return made(world, "t.account", name="Kestrel", credit="400")


def save(workspace, record=None, user=None, **data):
    return records.save(workspace, user or access.operator(), "t.deal", data, id=record)


def test_a_new_record_has_its_score_and_tier_in_the_event_that_makes_it(world, account):
    deal = save(world, name="Pumps", account=account, win="80", amount="10")
    assert deal.record["heat"] == "65"  # 2/4 · 40 + 1/4 · 80 + 1/4 · 100
    assert deal.record["class"] == "B"
    assert deal.version == 1
    told = {"heat": [None, "65"], "boosted": [None, "130"], "class": [None, "B"]}
    assert [one for one in changes(world, deal.id) if one[1]] == [("record.created", told)]


def test_what_is_worked_out_from_a_score_follows_it(world, account):
    deal = save(world, name="Pumps", account=account, win="80", amount="10")
    assert deal.record["boosted"] == "130"
    assert save(world, deal.id, win="0").record["boosted"] == "90"


def test_a_change_of_an_input_changes_the_score_in_the_same_version_and_event(world, account):
    deal = save(world, name="Pumps", account=account, win="80", amount="10").id
    assert save(world, deal, win="100").version == 2
    assert changes(world, deal)[-1] == (
        "record.updated", {"heat": ["65", "70"], "boosted": ["130", "140"]},
    )  # fmt: skip
    assert fetched(world, deal)["class"] == "B"  # 70 has not passed the bound by the margin of 5


def test_a_change_that_is_no_input_leaves_score_and_history_alone(world, account):
    deal = save(world, name="Pumps", account=account, win="80", amount="10").id
    save(world, deal, name="Pumps and valves")
    assert changes(world, deal)[-1] == ("record.updated", {})
    assert save(world, deal, name="Pumps and valves").unchanged


def test_rules_on_the_tier_wake(world, account):
    before = counts(world.database, ["base__task"])
    save(world, name="Pumps", account=made(world, "t.account", name="Rich", credit="1000"), win="100", amount="10")
    assert counts(world.database, ["base__task"])["base__task"] == before["base__task"] + 1


def test_points_that_a_rule_adds_move_the_tier_just_at_its_bound(database):
    deal = copy.deepcopy(SCORED)
    deal["properties"]["points"] = {"field": "decimal", "scale": 2, "minimum": 0, "maximum": 100, "title": "Points"}
    level = {
        "kind": "score", "id": "t.level", "lang": 1, "title": "Level", "entity": "t.deal", "into": "heat",
        "tier_into": "class", "tiers": HEAT["tiers"],
        "inputs": [{"id": "points", "title": "Points", "value": "points", "weight": 1,
                    "scale": {"linear": {"from": 0, "to": 100}}}],
    }  # fmt: skip
    adds = [
        {"kind": "rule", "id": f"t.adds_{name}", "lang": 1, "title": name, "entity": "t.deal",
         "on": {"event": {"type": f"engagement.{name}"}},
         "then": [{"do": "add_score", "field": "points", "points": points}]}
        for name, points in (("one", "0.01"), ("two", "0.02"), ("less", "-0.01"))
    ]  # fmt: skip
    cold = {**HOT, "id": "t.cold", "if": 'class == "C"', "then": [{"do": "create_task", "title": "Let {name} go"}]}
    world = opened(database, deal, level, *adds, HOT, cold)

    def heard(start: str, name: str) -> tuple[str, str, set[str]]:
        """Return score and tier after a rule has added points, and what rules that wait for the tier did of it."""
        record = save(world, name="Pumps", points=start).id
        before = {row["id"] for row in rows_of(database, "base__task")}
        with database.write() as connection:
            work = Work(world, connection, access.operator())
            records.send(work, f"engagement.{name}", "t.deal", record, {})
        found = fetched(world, record)
        return (
            found["heat"],
            found["class"],
            {row["title"] for row in rows_of(database, "base__task") if row["id"] not in before},
        )

    assert heard("69.98", "one") == ("69.99", "B", set())
    assert heard("69.98", "two") == ("70", "A", {"Call Pumps"})
    assert heard("70", "less") == ("69.99", "B", set())
    assert heard("29.98", "one") == ("29.99", "C", set())  # it was C before
    assert heard("29.98", "two") == ("30", "B", set())
    assert heard("30", "less") == ("29.99", "C", {"Let Pumps go"})


def test_what_a_rule_changes_is_scored_again_and_the_tier_before_the_save_is_the_one_to_leave(database):
    rule = {
        "kind": "rule", "id": "t.sure", "lang": 1, "title": "Sure", "entity": "t.deal",
        "on": {"record": {"events": ["updated"], "fields": ["name"]}}, "if": "name == \"Sure\"",
        "then": [{"do": "set_field", "field": "win", "value": "90"}],
    }  # fmt: skip
    world = opened(database, *WORLD, rule)
    account = made(world, "t.account", name="Kestrel", credit="400")
    deal = save(world, name="Pumps", account=account, win="20", amount="10").id
    assert save(world, deal, name="Sure").record["heat"] == "67.5"
    assert [found for _, found in changes(world, deal) if found][1:] == [
        {"heat": ["50", "67.5"], "boosted": ["100", "135"]}
    ]
    [score] = told(world, deal)
    assert (score["value"], score["shares"][1]["fact"]) == ("67.50", "90")


def test_without_enough_inputs_there_is_no_score_and_the_reason_is_told(world):
    deal = save(world, name="Pumps", amount="10").id
    assert (fetched(world, deal)["heat"], fetched(world, deal)["class"]) == (None, None)
    [score] = told(world, deal)
    assert (score["value"], score["reason"], score["coverage"]) == (None, "coverage", "25.00")
    assert score["missing"] == ["credit", "win"]


def test_the_shares_of_a_record_add_up_and_say_what_the_next_tier_needs(world, account):
    [score] = told(world, save(world, name="Pumps", account=account, amount="10").id)
    assert score["value"] == "60.00"  # 2/3 · 40 + 1/3 · 100
    assert [
        (one["id"], one["fact"], one["points"], one["weight"], one["counted"], one["share"]) for one in score["shares"]
    ] == [
        ("credit", "400", "40.00", "50.00", "66.67", "26.67"),
        ("win", None, None, "25.00", "0", "0.00"),
        ("sized", True, "100.00", "25.00", "33.33", "33.33"),
    ]
    assert (score["tier"], score["tier_title"]) == ("B", "Warm")
    assert score["next_tier"] == {"id": "A", "from": "75", "missing": "15"}
    assert (score["coverage"], score["missing"], score["hidden"]) == ("75.00", ["win"], 0)


def test_nobody_sets_the_fields_of_a_score(world, account):
    with pytest.raises(RecordError) as refused:
        save(world, name="Pumps", heat="99", **{"class": "A"})
    assert [(one.pointer, one.code) for one in refused.value.problems] == [
        ("/heat", "read-only"),
        ("/class", "read-only"),
    ]


def test_a_score_is_denied_where_an_input_is_and_shares_only_where_it_is_published(database):
    see_all = {"kind": "role", "id": "t.all", "lang": 1, "title": "All", "grants": [
        {"entity": "t.deal", "ops": ["read"]}, {"entity": "t.account", "ops": ["read"]}]}  # fmt: skip
    world = opened(database, *WORLD, *ROLES, see_all)
    account = made(world, "t.account", name="Kestrel", credit="400")
    ada, max_ = person(world, "Ada", ["t.rep"]), person(world, "Max", ["t.all"])
    deal = save(world, name="Pumps", account=account, win="80", amount="10", owner=ada.id).id
    assert told(world, deal, ada) == []  # the credit of an account is denied to a rep
    with world.database.read() as connection:
        seen = records.fetch(Work(world, connection, ada), "t.deal", deal)
    assert {"heat", "class", "boosted"}.isdisjoint(seen)
    assert len(told(world, deal, max_)[0]["shares"]) == 3


def test_of_a_published_score_shares_of_denied_inputs_stay_hidden(database):
    world = opened(database, *WORLD, {**HEAT, "publish": True}, *ROLES)
    account = made(world, "t.account", name="Kestrel", credit="400")
    ada = person(world, "Ada", ["t.rep"])
    deal = save(world, name="Pumps", account=account, win="80", amount="10", owner=ada.id).id
    [score] = told(world, deal, ada)
    assert (score["value"], score["tier"]) == ("65.00", "B")
    assert [one["id"] for one in score["shares"]] == ["win", "sized"]
    assert (score["hidden"], score["coverage"], score["missing"]) == (1, None, None)


def test_weights_of_a_segment_follow_the_record_and_are_hidden_with_what_it_asks(database):
    rich = {"id": "rich", "title": "Much credit", "when": "account.credit >= 500", "weights": {"win": 5}}
    score = {**HEAT, "publish": True, "inputs": HEAT["inputs"][1:], "segments": [rich]}
    world = opened(database, *WORLD, score, *ROLES)
    account = made(world, "t.account", name="Kestrel", credit="400")
    ada = person(world, "Ada", ["t.rep"])
    deal = save(world, name="Pumps", account=account, win="80", amount="10", owner=ada.id).id
    assert told(world, deal)[0]["value"] == "90.00"  # 1/2 · 80 + 1/2 · 100
    richer = made(world, "t.account", name="Merlin", credit="500")
    save(world, deal, account=richer)
    [found] = told(world, deal)
    assert found["value"] == "83.33"  # 5/6 · 80 + 1/6 · 100
    assert [(one["id"], one.get("segment_title")) for one in found["shares"]] == [
        ("win", "Much credit"),
        ("sized", None),
    ]
    # A rep may see both inputs, and not the credit: the weights would tell it.
    [found] = told(world, deal, ada)
    assert (found["value"], found["shares"], found["hidden"]) == ("83.33", [], 2)


def test_the_score_that_says_so_orders_what_waits_to_be_worked_on(database):
    other = {
        **HEAT, "id": "t.early", "into": "other", "tier_into": None, "tiers": [], "hysteresis": 0,
        "inputs": [{"id": "win", "value": "win", "weight": 1, "scale": {"linear": {"from": 100, "to": 0}}}],
    }  # fmt: skip
    other = {name: value for name, value in other.items() if value is not None}
    deal_ = copy.deepcopy(WORLD[0])
    deal_["properties"]["other"] = {"field": "decimal", "scale": 2, "title": "Other"}
    heat = {**HEAT, "todo": "first", "when": 'status == "open"', "min_coverage": 0}
    world = opened(database, deal_, *WORLD[1:3], heat, other)
    ada = person(world, "Ada", ["base.admin"])
    ids = {win: save(world, name=f"Deal {win}", win=win, amount="1", owner=ada.id).id for win in ("20", "90", "50")}
    save(world, name="Nobody's", win="100", amount="1")
    with world.database.read() as connection:
        work = Work(world, connection, access.operator())
        [(score, waiting)] = agenda.queues(work, [str(ada.id)])
        assert (score.id, [one["id"] for one in waiting]) == ("t.heat", [ids["90"], ids["50"], ids["20"]])
        # By its id the other score would come first.
        chosen, value = agenda.score_of(work, "t.deal", waiting[0]) or (None, None)
        assert (chosen, value) == (score, Decimal("95"))
        assert agenda.queues(work, []) == []


def test_scores_of_a_record_that_may_not_be_seen_are_not_found(database):
    world = opened(database, *WORLD, *ROLES)
    deal = made(world, "t.deal", name="Pumps")
    with pytest.raises(NotFoundError):
        told(world, deal, person(world, "Bo", ["t.rep"]))


def test_a_record_that_does_not_meet_when_keeps_its_score(database):
    world = opened(database, *WORLD, {**HEAT, "when": 'status == "open"'})
    account = made(world, "t.account", name="Kestrel", credit="400")
    deal = save(world, name="Pumps", account=account, win="80", amount="10").id
    records.move(world, access.operator(), "t.deal", deal, "lost")
    save(world, deal, win="0")
    assert fetched(world, deal)["heat"] == "65"


def test_a_check_that_reads_a_score_refuses_what_makes_it_so(database):
    strict = copy.deepcopy(SCORED)
    strict["checks"].append({"id": "cool", "error_when": "heat > 90", "at": "win", "message": "Too hot"})
    world = opened(database, *WORLD, strict)
    account = made(world, "t.account", name="Kestrel", credit="1000")
    with pytest.raises(RecordError) as refused:
        save(world, name="Pumps", account=account, win="100", amount="10")
    assert [(one.pointer, one.code) for one in refused.value.problems] == [("/win", "cool")]
    assert counts(world.database, ["t__deal", "dw_score"]) == {"t__deal": 0, "dw_score": 0}


def test_in_a_batch_each_record_has_its_own(world, account):
    with world.database.write() as connection:
        work = Work(world, connection, access.operator())
        changes = [Change({"name": f"D{n}", "account": account, "win": str(n * 10), "amount": "1"}) for n in range(5)]
        saved = records.save_many(work, "t.deal", changes)
    assert [fetched(world, one.id)["heat"] for one in saved] == ["45", "47.5", "50", "52.5", "55"]
    assert counts(world.database, ["dw_score"]) == {"dw_score": 5}


def test_a_score_without_fields_changes_no_record_and_keeps_its_tier(database):
    apart = {**HEAT, "id": "t.apart"}
    del apart["into"], apart["tier_into"]
    world = opened(database, *WORLD, apart)
    account = made(world, "t.account", name="Kestrel", credit="900")
    deal = save(world, name="Pumps", account=account, win="100", amount="10").id
    save(world, deal, win="0")  # 70 stays in A
    assert {(row["score"], row["tier"]) for row in rows_of(world.database, "dw_score")} == {
        ("t.apart", "A"),
        ("t.heat", "A"),
    }
    save(world, deal, amount="0")
    assert {row["tier"] for row in rows_of(world.database, "dw_score")} == {"B"}


def test_a_purged_record_takes_its_scores_along(world, account):
    deal = save(world, name="Pumps", account=account).id
    with world.database.write() as connection:
        records.purge(Work(world, connection, access.operator()), "t.deal", deal)
    assert counts(world.database, ["dw_score"]) == {"dw_score": 0}

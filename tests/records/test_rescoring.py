"""Scores worked out anew where no save does it: inputs elsewhere, days that pass, revisions; in batches that go on."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

import pytest

from dealwright import access, clock, packs, records
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Change, Work, rescoring
from dealwright.storage import revisions, schema, timers
from passing import pass_until
from scored import HEAT, SCORED, W_WIN, WORLD, changes, fetched, told
from worlds import counts, documents, made, opened, rows_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def small(monkeypatch):
    """Batches of two records."""
    monkeypatch.setattr(rescoring, "BATCH", 2)


def save(workspace, entity="t.deal", record=None, at=NOON, **data):
    with clock.frozen(at):
        return records.save(workspace, access.operator(), entity, data, id=record).id


def deals(workspace, account, count, **data):
    """Return the ids of deals of an account, in the order of their ids."""
    values = {"account": account, "win": "20", "amount": "10", **data}
    with clock.frozen(NOON), workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        saved = records.save_many(work, "t.deal", [Change({**values, "name": f"D{n}"}) for n in range(count)])
    return [one.id for one in saved]


def follow_up(workspace, *more):
    """Put other definitions in force as an installation does, and leave its timer behind."""
    sourced = tuple(SourcedDocument(one, f"{one['kind']}:{one['id']}") for one in documents(*more))
    layers = [load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))]
    catalog = load.catalog(layers, {"currency": "EUR"})
    with clock.frozen(NOON), workspace.database.write() as connection:
        before = workspace.catalog(connection)
        schema.plan(before, catalog).apply(connection)
        packs.store(connection, catalog, layers, reason="test", by=None, at=clock.now())
        revisions.activate(connection, catalog.revision, reason="test", by=None, at=clock.now())
        told = {"before": before.revision}
        name = f"revision:{catalog.revision}"
        timers.put(connection, [timers.Timer("", catalog.revision, name, clock.now(), told)])


def heats(workspace, ids):
    return [fetched(workspace, one)["heat"] for one in ids]


def test_a_change_of_the_account_moves_the_scores_of_its_deals_and_of_no_others(database, small):
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel", credit="400")
    merlin = save(world, "t.account", name="Merlin", credit="400")
    mine, others = deals(world, kestrel, 5), deals(world, merlin, 1)
    assert heats(world, mine + others) == ["50"] * 6
    save(world, "t.account", kestrel, credit="1000", at=NOON + DAY)
    assert heats(world, mine) == ["50"] * 5  # noted, not yet done
    pass_until(world, NOON + DAY)
    assert heats(world, mine) == ["80"] * 5
    assert heats(world, others) == ["50"]
    assert [row["state"] for row in rows_of(database, "dw_timer")] == ["fired"] * 3  # two, two, one


def test_the_change_is_told_as_one_of_the_platform_with_the_tier_that_rules_wake_on(database):
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel", credit="400")
    [deal] = deals(world, kestrel, 1)
    tasks = counts(database, ["base__task"])["base__task"]
    save(world, "t.account", kestrel, credit="1000")
    pass_until(world, NOON)
    assert changes(world, deal)[-1] == (
        "record.updated", {"heat": ["50", "80"], "boosted": ["100", "160"], "class": ["B", "A"]},
    )  # fmt: skip
    assert counts(database, ["base__task"])["base__task"] == tasks + 1
    assert told(world, deal)[0]["shares"][0]["fact"] == "1000"


def test_a_change_that_is_no_input_leaves_no_timer(database):
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel", credit="400")
    save(world, "t.account", kestrel, name="Kestrel Ltd", region="east")
    assert rows_of(database, "dw_timer") == []


def test_what_is_the_same_is_neither_written_nor_told(database):
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel", credit="1000")
    [deal] = deals(world, kestrel, 1)
    before = rows_of(database, "dw_score"), changes(world, deal), fetched(world, deal)
    with clock.frozen(NOON + DAY), database.write() as connection:
        work = Work(world, connection, access.platform_itself())
        rescoring.rescore(work, work.catalog.entity("t.deal"), [deal])
    assert (rows_of(database, "dw_score"), changes(world, deal), fetched(world, deal)) == before


def test_a_share_that_changes_without_the_score_is_kept_without_an_event(database):
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel", credit="1000")
    [deal] = deals(world, kestrel, 1)
    before = changes(world, deal)
    save(world, "t.account", kestrel, credit="2000")  # above the end of the scale
    pass_until(world, NOON)
    assert changes(world, deal) == before
    assert told(world, deal)[0]["shares"][0]["fact"] == "2000"


def test_what_a_roll_up_adds_up_moves_the_score_over_the_account(database):
    volume = {**HEAT, "inputs": [
        {"id": "volume", "value": "account.volume", "weight": 1, "scale": {"linear": {"from": 0, "to": 100}}}]}  # fmt: skip
    world = opened(database, *WORLD, volume)
    kestrel = save(world, "t.account", name="Kestrel")
    first, second = deals(world, kestrel, 2)
    pass_until(world, NOON)
    assert heats(world, [first, second]) == ["20", "20"]
    save(world, record=first, amount="50")
    pass_until(world, NOON)
    assert heats(world, [first, second]) == ["60", "60"]
    merlin = save(world, "t.account", name="Merlin")
    save(world, record=first, account=merlin)
    pass_until(world, NOON)
    assert heats(world, [first, second]) == ["50", "10"]
    with clock.frozen(NOON), database.write() as connection:
        records.archive(Work(world, connection, access.operator()), "t.deal", first)
    save(world, record=second, account=merlin)
    pass_until(world, NOON)
    assert heats(world, [second]) == ["10"]


def test_the_last_activity_moves_a_score_that_reads_it_though_no_save_does(database):
    recent = {**HEAT, "inputs": [
        {"id": "recent", "value": "last_activity_at", "weight": 1, "scale": {"recency": {"half_life": "P10D"}}}]}  # fmt: skip
    world = opened(database, *WORLD, recent)
    deal = save(world, name="Pumps")
    assert heats(world, [deal]) == [None]
    with clock.frozen(NOON):
        made(
            world,
            "base.activity",
            kind="call",
            about={"entity": "t.deal", "id": deal},
            at=(NOON - 10 * DAY).isoformat(),
        )
    pass_until(world, NOON)
    assert heats(world, [deal]) == ["50"]


def test_scores_that_change_with_the_days_are_brought_up_to_date_each_night(database, small):
    aged = copy.deepcopy(HEAT)
    aged["inputs"] = [{"id": "opened", "value": "opens_on", "weight": 1, "scale": {"linear": {"from": 0, "to": 1}}}]
    aged["inputs"][0]["scale"] = {"recency": {"steps": [[0, 100], [2, 40], [4, 0]]}}
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel")
    ids = deals(world, kestrel, 3, opens_on="2026-11-23")
    follow_up(world, *WORLD, aged)
    pass_until(world, NOON)
    assert heats(world, ids) == ["100"] * 3
    pass_until(world, NOON + DAY)
    assert heats(world, ids) == ["100"] * 3
    pass_until(world, NOON + 3 * DAY)
    assert heats(world, ids) == ["40"] * 3
    pass_until(world, NOON + 10 * DAY)
    assert heats(world, ids) == ["0"] * 3
    told_of = [found["heat"] for _, found in changes(world, ids[0]) if "heat" in found]
    assert told_of == [[None, "60"], ["60", "100"], ["100", "40"], ["40", "0"]]  # a quiet night tells nothing


def test_another_weight_scores_every_record_anew_in_batches(database, small):
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel", credit="400")
    ids = deals(world, kestrel, 5)
    follow_up(world, *WORLD, {**W_WIN, "default": 5})
    pass_until(world, NOON)
    assert heats(world, ids) == ["35"] * 5  # 2/8 · 40 + 5/8 · 20 + 1/8 · 100
    assert {row["version"] for row in rows_of(database, "dw_score")} != set()


def test_a_new_title_scores_nothing_anew(database):
    world = opened(database, *WORLD)
    deals(world, save(world, "t.account", name="Kestrel"), 1)
    follow_up(world, *WORLD, {**HEAT, "title": "Warmth"})
    pass_until(world, NOON)
    assert [row["name"].partition(":")[0] for row in rows_of(database, "dw_timer")] == ["revision"]


def test_a_score_that_is_no_more_leaves_no_rows(database):
    world = opened(database, *WORLD)
    deals(world, save(world, "t.account", name="Kestrel", credit="1"), 3)
    plain = [one for one in documents(*WORLD) if one["id"] != "t.heat"]
    sourced = tuple(SourcedDocument(one, one["id"]) for one in plain)
    layers = [load.base(), Layer("t", "t", sourced, {}, frozenset({"base"}))]
    catalog = load.catalog(layers, {"currency": "EUR"})
    with clock.frozen(NOON), database.write() as connection:
        before = world.catalog(connection)
        packs.store(connection, catalog, layers, reason="test", by=None, at=clock.now())
        revisions.activate(connection, catalog.revision, reason="test", by=None, at=clock.now())
        name = f"revision:{catalog.revision}"
        timers.put(connection, [timers.Timer("", catalog.revision, name, NOON, {"before": before.revision})])
    pass_until(world, NOON)
    assert counts(database, ["dw_score"]) == {"dw_score": 0}


def test_a_batch_that_was_cut_off_is_done_once_when_it_is_taken_again(database, small, monkeypatch):
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel", credit="400")
    ids = deals(world, kestrel, 5)
    save(world, "t.account", kestrel, credit="1000")
    real, left = rescoring.rescore, [1]

    def dies(work, entity, some):
        real(work, entity, some)
        if not left.pop():
            raise KeyboardInterrupt
        left.append(0)

    monkeypatch.setattr(rescoring, "rescore", dies)
    with pytest.raises(KeyboardInterrupt):
        pass_until(world, NOON)
    assert heats(world, ids) == ["80", "80", "50", "50", "50"]
    monkeypatch.setattr(rescoring, "rescore", real)
    pass_until(world, NOON)
    assert heats(world, ids) == ["80"] * 5
    assert [len([1 for _, found in changes(world, one) if "heat" in found]) for one in ids] == [2] * 5


def test_a_record_that_a_rule_would_break_keeps_its_score_and_the_others_are_written(database, caplog):
    broken = {
        "kind": "rule", "id": "t.broken", "lang": 1, "title": "Broken", "entity": "t.deal",
        "on": {"record": {"events": ["updated"], "fields": ["class"]}}, "if": "name == \"D1\"",
        "then": [{"do": "set_field", "field": "discount", "value": "50"}],
    }  # fmt: skip
    world = opened(database, *WORLD, broken)
    kestrel = save(world, "t.account", name="Kestrel", credit="400")
    ids = deals(world, kestrel, 3)
    save(world, "t.account", kestrel, credit="1000")
    pass_until(world, NOON)
    assert heats(world, ids) == ["80", "50", "80"]
    assert f"the scores of t.deal {ids[1]} cannot be written" in caplog.text


def test_what_is_wrong_with_a_record_already_does_not_keep_it_from_its_score(database):
    world = opened(database, *WORLD)
    kestrel = save(world, "t.account", name="Kestrel", credit="400")
    [deal] = deals(world, kestrel, 1)
    strict = {**SCORED, "required": ["name", "closes_on"]}
    follow_up(world, *WORLD, strict)
    save(world, "t.account", kestrel, credit="1000")
    pass_until(world, NOON)
    assert heats(world, [deal]) == ["80"]

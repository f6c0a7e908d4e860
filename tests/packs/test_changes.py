"""Planning a change of the definitions, applying just that, and going back: on a real database of either kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from dealwright import packs, rules
from dealwright.errors import ConflictError, DefinitionError, NotFoundError, StalePlanError
from dealwright.packs import Wanted, overlay
from dealwright.storage import Database, proposals, revisions, tables

from .shop import BIG, DAYS, DEAL, DEFAULT, REPORT, TITLE, active, catalog, changed, lines, pack, propose, saved


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def test_a_change_is_proposed_planned_applied_and_explained(shop: Database) -> None:
    propose(shop, {"path": TITLE, "value": "Customer"}, by="u1", reason="As we say")
    assert catalog(shop).entities["shop.deal"].fields["name"].title == "Name"
    plan = packs.plan(shop, Wanted(proposals=True))
    assert (plan.risk, lines(plan)) == ("safe", [("SET", TITLE), ("MODIFY", TITLE)])
    assert active(shop) == plan.before
    done = packs.apply(shop, plan.id, plan.fingerprint, by="u1", reason="wording")
    assert done.revision == plan.revision == active(shop)
    assert catalog(shop).entities["shop.deal"].fields["name"].title == "Customer"
    with shop.read() as connection:
        assert proposals.listed(connection) == []
        told = packs.explain(connection, TITLE)
        assert packs.history(connection)[0]["reason"] == "wording"
    assert (told["value"], told["layer"], told["merge"]) == ("Customer", "c", "last")
    assert [(word["layer"], word["value"], word["stands"]) for word in told["said"]] == [("shop", "Name", False)]
    change = told["change"]
    assert (change["state"], change["by"], change["reason"]) == ("active", "u1", "As we say")
    assert change["base"] == {"value": "Name", "layer": "shop", "version": "1.0.0"}


def test_an_own_field_gets_a_column_and_an_own_rule_works(shop: Database) -> None:
    rule = {
        **BIG,
        "id": "c.small",
        "if": "amount < 10",
        "then": [{"do": "set_field", "field": "c__note", "value": "'small'"}],
    }
    propose(
        shop,
        {"path": "entity:shop.deal#/properties/c__note", "op": "add", "value": {"field": "text", "title": "Note"}},
        {"path": "rule:c.small#", "op": "add", "value": rule},
    )
    plan = packs.plan(shop, Wanted(proposals=True))
    assert ("STORAGE", "table:shop__deal") in lines(plan)
    packs.apply(shop, plan.id)
    saved(shop, name="x", amount="5")
    table = tables.layout(catalog(shop), "shop.deal").table
    with shop.read() as connection:
        assert connection.scalar(sa.select(table.c.c__note)) == "small"


def test_a10_a_plan_is_refused_once_something_else_is_there(shop: Database) -> None:
    propose(shop, {"path": TITLE, "value": "One"})
    first, again = (packs.plan(shop, Wanted(proposals=True)) for _ in range(2))
    assert first.id == again.id
    with pytest.raises(StalePlanError, match="fingerprint"):
        packs.apply(shop, first.id, "sha256:other")
    packs.install(shop, [pack(version="1.0.1")])
    before = active(shop)
    with pytest.raises(StalePlanError, match="other definitions"):
        packs.apply(shop, first.id)
    third = packs.plan(shop, Wanted(proposals=True))
    propose(shop, {"path": TITLE, "value": "Two"})
    with pytest.raises(StalePlanError, match="proposal"):
        packs.apply(shop, third.id)
    assert active(shop) == before
    fourth = packs.plan(shop, Wanted(proposals=True))
    packs.apply(shop, fourth.id)
    with pytest.raises(ConflictError, match="was applied"):
        packs.apply(shop, fourth.id)
    with pytest.raises(NotFoundError):
        packs.apply(shop, "pl_nothing")


def test_a_change_that_does_not_fit_is_not_even_proposed(shop: Database) -> None:
    for change, code in (
        ({"path": "deadline:shop.report#/days", "value": 10}, "weakens"),
        ({"path": "rule:shop.big#/if", "value": "amount > 5"}, "protected"),
        ({"path": "entity:shop.deal#/properties/nme/title", "value": "x"}, "unknown-path"),
        (
            {"path": "rule:c.x#", "op": "add", "value": {**BIG, "id": "c.x", "if": "amuont > 1"}},
            "unknown-field",
        ),
    ):
        with pytest.raises(DefinitionError) as error:
            propose(shop, change)
        assert code in [one.code for one in error.value.problems], error.value.problems
    with shop.read() as connection:
        assert overlay.listed(connection) == []


def test_an_upgrade_says_of_each_change_what_becomes_of_it(shop: Database) -> None:
    changed(
        shop,
        (TITLE, "Customer"),
        (DEFAULT, 10),
        ("deadline:shop.report#/days", 5),
        ("entity:shop.deal#/properties/amount/title", "Value"),
        ("entity:shop.deal#/properties/dept/title", "Ward"),
        ("rule:shop.big#/title", "Large"),
    )
    fields = {
        "name": {"field": "text", "title": "Name", "maxLength": 200},
        "amount": {"field": "money", "title": "Value"},
        "department": {"field": "text", "title": "Department"},
    }
    later = {**BIG, "then": [{"do": "set_field", "field": "department", "value": "'large'"}], "id": "shop.large"}
    renamed = {
        "since": "2.0.0",
        "from": "entity:shop.deal#/properties/dept",
        "to": "entity:shop.deal#/properties/department",
    }
    saved(shop, name="x", dept="north")
    new = pack(
        {**DEAL, "properties": fields}, {**DAYS, "default": 5}, {**REPORT, "days": 3}, later,
        version="2.0.0", moves=(renamed,),
    )  # fmt: skip
    plan = packs.plan(shop, Wanted(packs=[new]))
    said = {(one.action, one.path) for one in plan.lines}
    assert {
        ("UPGRADE", "pack:shop"),
        ("KEPT", TITLE),
        ("REVIEW", DEFAULT),
        ("TIGHTENED", "deadline:shop.report#/days"),
        ("CONVERGED", "entity:shop.deal#/properties/amount/title"),
        ("MOVED", "entity:shop.deal#/properties/dept/title"),
        ("KEPT", "entity:shop.deal#/properties/department/title"),
        ("PARKED", "rule:shop.big#/title"),
    } <= said
    assert plan.risk == "review"  # a field that only has another name takes nothing away
    packs.apply(shop, plan.id)
    now = catalog(shop)
    assert now.parameters["shop.days"].value == 10
    assert now.documents["deadline", "shop.report"]["days"] == 3
    assert now.entities["shop.deal"].fields["department"].title == "Ward"
    table = tables.layout(now, "shop.deal").table
    with shop.read() as connection:
        assert connection.scalar(sa.select(table.c.department)) == "north"
        states = {one.patch.path: one.state for one in overlay.listed(connection)}
    assert states["rule:shop.big#/title"] == "parked"
    assert states["deadline:shop.report#/days"] == "superseded"
    # What was to be looked at has been: the next plan says so no more.
    again = packs.plan(
        shop, Wanted(packs=[pack(*(one.document for one in new.layer.documents), version="2.0.1", moves=(renamed,))])
    )
    assert ("KEPT", DEFAULT) in lines(again)
    assert not lines(again, "REVIEW", "MOVED")


def test_a12_going_back_takes_the_names_of_before_and_keeps_data_and_later_changes(shop: Database) -> None:
    before = active(shop)
    saved(shop, name="x", dept="north")
    fields = {**DEAL["properties"], "region": {"field": "text", "title": "Region"}}
    fields["department"] = fields.pop("dept")
    move = {
        "since": "2.0.0",
        "from": "entity:shop.deal#/properties/dept",
        "to": "entity:shop.deal#/properties/department",
    }
    rule = {**BIG, "then": [{"do": "set_field", "field": "department", "value": "'large'"}]}
    packs.install(shop, [pack({**DEAL, "properties": fields}, DAYS, REPORT, rule, version="2.0.0", moves=(move,))])
    changed(shop, (TITLE, "Customer"))
    saved(shop, name="y", department="south", region="east")
    done = packs.rollback(shop, before)
    assert done.revision == before == active(shop)
    table = tables.layout(catalog(shop), "shop.deal").table
    with shop.read() as connection:
        assert sorted(connection.scalars(sa.select(table.c.dept))) == ["north", "south"]
        assert [one.path for one in proposals.listed(connection)] == [TITLE]
        assert packs.history(connection)[0]["revision"] == before
    packs.rollback(shop)
    table = tables.layout(catalog(shop), "shop.deal").table
    with shop.read() as connection:
        assert sorted(connection.scalars(sa.select(table.c.department))) == ["north", "south"]
        assert sorted(filter(None, connection.scalars(sa.select(table.c.region)))) == ["east"]
    with pytest.raises(NotFoundError, match="never in force"):
        packs.rollback(shop, "0000")


def test_going_back_from_a_change_of_the_admins_undoes_the_change(shop: Database) -> None:
    changed(shop, (TITLE, "Customer"))
    packs.rollback(shop)
    with shop.read() as connection:
        assert (overlay.listed(connection), proposals.listed(connection)) == ([], [])
    assert catalog(shop).entities["shop.deal"].fields["name"].title == "Name"


def test_a_change_is_taken_back_by_a_plan_and_a_proposal_at_once(shop: Database) -> None:
    changed(shop, (TITLE, "Customer"))
    with shop.write() as connection:
        assert overlay.reset(connection, "entity:shop.deal#/properties/name") == [TITLE]
        assert [one.taken_back for one in overlay.listed(connection)] == [True]
    plan = packs.plan(shop, Wanted(proposals=True))
    assert ("RESET", TITLE) in lines(plan)
    packs.apply(shop, plan.id)
    assert catalog(shop).entities["shop.deal"].fields["name"].title == "Name"
    propose(shop, {"path": TITLE, "value": "Other"})
    with shop.write() as connection:
        assert overlay.reset(connection, TITLE) == []
        with pytest.raises(NotFoundError):
            overlay.reset(connection, TITLE)


def test_what_the_admins_changed_is_carried_to_another_workspace(shop: Database) -> None:
    changed(shop, (TITLE, "Customer"))
    changed(shop, (DEFAULT, 10))
    with shop.read() as connection:
        content = overlay.exported(connection)
        only = overlay.exported(connection, ["parameter:shop.days#"])
    assert [one["path"] for one in content["changes"]] == [TITLE, DEFAULT]
    assert [one["path"] for one in only["changes"]] == [DEFAULT]
    with shop.write() as connection:
        assert overlay.imported(connection, content) == []
    packs.rollback(shop)
    with shop.write() as connection:
        assert [one.path for one in overlay.imported(connection, content)] == [DEFAULT]
        with pytest.raises(DefinitionError):
            overlay.imported(connection, {"format": 1, "changes": [{"path": "x"}]})


def test_a_copy_of_a_rule_goes_its_own_way_and_tells_when_its_original_changes(shop: Database) -> None:
    with shop.write() as connection:
        changes = overlay.clone(connection, "rule", "shop.big", "big")
        changes[0]["value"]["if"] = "amount > 500"
        overlay.propose(connection, changes)
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    now = catalog(shop)
    assert (now.rules["c.big"].document["if"], now.documents["rule", "shop.big"]["mode"]) == ("amount > 500", "draft")
    assert now.documents["rule", "c.big"]["derived_from"]["version"] == "1.0.0"
    assert not lines(packs.plan(shop, Wanted(packs=[pack(version="1.0.1")])), "CLONE")
    other = pack(DEAL, DAYS, REPORT, {**BIG, "if": "amount > 2000"}, version="1.1.0")
    assert ("CLONE", "rule:c.big") in lines(packs.plan(shop, Wanted(packs=[other])))


def test_records_that_a_stricter_limit_leaves_outside_stop_the_plan(shop: Database) -> None:
    for name in ("short", "x" * 90):
        saved(shop, name=name)
    short = {**DEAL["properties"]["name"], "maxLength": 80}
    new = pack({**DEAL, "properties": {**DEAL["properties"], "name": short}}, DAYS, REPORT, BIG, version="1.1.0")
    plan = packs.plan(shop, Wanted(packs=[new]))
    (line,) = [one for one in plan.lines if one.action == "DATA"]
    assert (line.path, line.count, line.risk) == ("entity:shop.deal#/properties/name/maxLength", 1, "blocked")
    with pytest.raises(ConflictError, match="blocked"):
        packs.apply(shop, plan.id)
    with pytest.raises(DefinitionError, match="is a problem"):
        packs.install(shop, [new])


def test_a_pack_goes_and_comes_back_with_its_data_and_what_was_changed_of_it(shop: Database) -> None:
    extra = pack(
        {"kind": "entity", "extends": "shop.deal", "properties": {"med__ward": {"field": "text", "title": "Ward"}}},
        name="med", requires={"shop": "*"},
    )  # fmt: skip
    packs.install(shop, [extra])
    changed(shop, ("entity:shop.deal#/properties/med__ward/title", "Unit"))
    saved(shop, name="x", med__ward="7b")
    plan = packs.plan(shop, Wanted(without=["shop"]))
    assert plan.risk == "blocked"
    assert any(one.action == "PROBLEM" and "requires the pack “shop”" in one.detail for one in plan.lines)
    gone = packs.plan(shop, Wanted(without=["med"]))
    assert gone.risk == "destructive"
    assert ("PARKED", "entity:shop.deal#/properties/med__ward/title") in lines(gone)
    assert ("REMOVE", "entity:shop.deal#/properties/med__ward") in lines(gone)
    packs.apply(shop, gone.id)
    assert "med__ward" not in catalog(shop).entities["shop.deal"].fields
    packs.install(shop, [extra])
    now = catalog(shop)
    assert now.entities["shop.deal"].fields["med__ward"].title == "Unit"
    with shop.read() as connection:
        assert connection.scalar(sa.select(tables.layout(now, "shop.deal").table.c.med__ward)) == "7b"


def test_an_earlier_version_is_refused_unless_it_is_wanted_and_never_past_a_conversion(shop: Database) -> None:
    packs.install(shop, [pack(version="1.1.0")])
    with pytest.raises(DefinitionError, match="is a problem") as error:
        packs.install(shop, [pack(version="1.0.0")])
    assert [one.code for one in error.value.problems] == ["downgrade"]
    assert ("DOWNGRADE", "pack:shop") in lines(packs.plan(shop, Wanted(packs=[pack()], downgrade=True)))
    packs.install(shop, [pack(version="1.2.0", data_version=2)])
    plan = packs.plan(shop, Wanted(packs=[pack(version="1.1.0")], downgrade=True))
    assert plan.risk == "blocked"


def test_a_disabled_pack_stops_to_work_and_goes_on_again(shop: Database) -> None:
    packs.switch(shop, "shop", on=False, reason="it sends too much")
    assert catalog(shop).rules == {}
    with shop.read() as connection:
        found = packs.status(connection)
    assert found["packs"] == [{"id": "shop", "version": "1.0.0", "disabled": True}]
    packs.install(shop, [pack(version="1.0.1")])
    assert catalog(shop).rules == {}
    packs.switch(shop, "shop", on=True)
    assert set(catalog(shop).rules) == {"shop.big"}
    with pytest.raises(NotFoundError):
        packs.switch(shop, "nothing", on=False)


def test_the_fold_of_a_stored_revision_is_that_of_its_plan(shop: Database) -> None:
    changed(shop, (TITLE, "Customer"))
    with shop.read() as connection:
        revision = revisions.active(connection)
        assert packs.stored_catalog(connection, revision).revision == revision
    same = packs.plan(shop, Wanted())
    assert (same.unchanged, same.risk) == (True, "safe")


def test_a_workspace_written_out_and_put_in_force_again_is_the_same(shop: Database, tmp_path: Path) -> None:
    changed(shop, (TITLE, "Customer"))
    with shop.read() as connection:
        names = packs.whole.pull(connection, tmp_path / "one")
        packs.whole.pull(connection, tmp_path / "two")
        wanted = packs.whole.wanted(connection, tmp_path / "one")
    assert names[0] == "overlay/entity.json"
    assert [(tmp_path / "one" / one).read_bytes() for one in names] == [
        (tmp_path / "two" / one).read_bytes() for one in names
    ]
    plan = packs.plan(shop, wanted)
    assert (plan.unchanged, lines(plan)) == (True, [("KEPT", TITLE)])
    (tmp_path / "one" / "overlay" / "entity.json").unlink()
    with shop.read() as connection:
        without = packs.plan(shop, packs.whole.wanted(connection, tmp_path / "one"))
    assert ("RESET", TITLE) in lines(without)
    (tmp_path / "two" / "workspace.json").unlink()
    with shop.read() as connection, pytest.raises(DefinitionError, match="no workspace"):
        packs.whole.pull(connection, tmp_path / "two")

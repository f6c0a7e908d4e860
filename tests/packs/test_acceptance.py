"""What the layers promise to whoever runs industry packs beside changes of his own (A6 to A15), on real tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dealwright import access, packs, rules
from dealwright.errors import DefinitionError
from dealwright.metadata import load
from dealwright.metadata.settings import DEFAULTS
from dealwright.packs import Wanted, overlay
from dealwright.packs.examine import examine
from dealwright.records import Work, Workspace, add_user, approving
from dealwright.storage import Database, revisions, tables

from .shop import BIG, DAYS, DEAL, DEFAULT, REPORT, active, catalog, changed, lines, pack, propose, saved

SALE: dict[str, Any] = {
    "kind": "pipeline", "id": "shop.sale", "title": "Sale", "entity": "shop.deal", "version": 1, "start": "open",
    "stages": [
        {"id": "open", "title": "Open", "probability": 20},
        {"id": "demo", "title": "Demo", "probability": 40},
        {"id": "won", "title": "Won", "outcome": "won"},
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def relabelled(name: str, title: str) -> packs.PackSource:
    override = {"kind": "entity", "extends": "shop.deal", "overrides": [{"path": "#/title", "value": title}]}
    return pack(override, name=name, requires={"shop": "*"})


def test_a6_both_industry_packs_fold_together_without_a_conflict() -> None:
    sources = {
        one.id: one for one in (packs.read(packs.find()[name]) for name in ("medical_devices_cn", "fmcg_channels"))
    }
    packs.with_required(sources)
    found = examine(sources.values(), DEFAULTS)
    assert [str(one) for one in found.problems] == []
    namespaces = {one.partition(".")[0] for one in found.catalog.entities}
    assert {source.layer.namespace for source in sources.values() if source.layer.documents} & namespaces
    # Both industries sell in one workspace: each by the way of its own, and neither changes the way of the other.
    routes = {one.id: one for one in found.catalog.pipelines.values() if one.entity == "sales.opportunity"}
    assert {"sales.standard", "med.hospital"} <= set(routes)
    assert "qualification" in routes["med.hospital"].stages
    assert "qualification" not in routes["sales.standard"].stages
    assert any(name.startswith("fmcg__") for name in found.catalog.entities["sales.opportunity"].fields)
    assert any(name.startswith("med__") for name in found.catalog.entities["sales.opportunity"].fields)


def test_a7_two_packs_that_relabel_one_entity_stop_the_plan_until_a_word_is_recorded(shop: Database) -> None:
    packs.install(shop, [relabelled("fmcg", "Channel deal")])
    med = relabelled("med", "Case")
    plan = packs.plan(shop, Wanted(packs=[med]))
    assert (plan.risk, plan.revision) == ("blocked", None)
    (line,) = [one for one in plan.lines if one.action == "PROBLEM"]
    assert 'fmcg says "Channel deal", med says "Case"' in line.detail
    word = packs.overlay.read(
        {"format": 1, "changes": [{"path": "entity:shop.deal#/title", "op": "resolve", "value": "med"}]}
    )
    settled = packs.plan(shop, Wanted(packs=[med], overlay=word))
    assert settled.risk == "safe", [str(one) for one in settled.lines]
    packs.apply(shop, settled.id)
    assert catalog(shop).entities["shop.deal"].title == "Case"


@pytest.mark.parametrize("way", ["a change", "an import", "a later pack", "a whole overlay"])
def test_a8_nobody_weakens_a_legal_deadline(shop: Database, way: str) -> None:
    weaker = {"path": "deadline:shop.report#/days", "op": "set", "value": 30}
    override = {"kind": "deadline", "extends": "shop.report", "overrides": [{"path": "#/days", "value": 30}]}
    before = catalog(shop).revision
    if way == "a whole overlay":
        plan = packs.plan(shop, Wanted(overlay=overlay.read({"format": 1, "changes": [weaker]})))
        assert plan.risk == "blocked"
        return
    with pytest.raises(DefinitionError) as error:
        if way == "a change":
            propose(shop, weaker)
        elif way == "an import":
            with shop.write() as connection:
                overlay.imported(connection, {"format": 1, "changes": [weaker]})
        else:
            packs.install(shop, [pack(override, name="med", requires={"shop": "*"})])
    assert [one.code for one in error.value.problems] == ["weakens"]
    assert catalog(shop).revision == before


def test_a9_a_stricter_deadline_stands_until_the_pack_is_stricter_still(shop: Database) -> None:
    changed(shop, ("deadline:shop.report#/days", 5))
    assert catalog(shop).documents["deadline", "shop.report"]["days"] == 5
    packs.install(shop, [pack(DEAL, DAYS, {**REPORT, "days": 3}, BIG, SALE, version="1.1.0")])
    assert catalog(shop).documents["deadline", "shop.report"]["days"] == 3
    packs.install(shop, [pack(DEAL, DAYS, {**REPORT, "days": 6}, BIG, SALE, version="1.2.0")])
    assert catalog(shop).documents["deadline", "shop.report"]["days"] == 5


def test_a13_a_renamed_field_keeps_its_data_and_own_rules_read_it_on(shop: Database) -> None:
    own = {
        **BIG,
        "id": "c.north",
        "if": 'dept == "north"',
        "then": [{"do": "set_field", "field": "dept", "value": "'NORTH'"}],
    }
    propose(shop, {"path": "rule:c.north#", "op": "add", "value": own})
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    saved(shop, name="one", dept="south")
    fields = {("department" if name == "dept" else name): spec for name, spec in DEAL["properties"].items()}
    move = {
        "since": "2.0.0",
        "from": "entity:shop.deal#/properties/dept",
        "to": "entity:shop.deal#/properties/department",
    }
    rule = {**BIG, "then": [{"do": "set_field", "field": "department", "value": "'large'"}]}
    new = pack({**DEAL, "properties": fields}, DAYS, REPORT, rule, SALE, version="2.0.0", moves=(move,))
    plan = packs.plan(shop, Wanted(packs=[new]))
    assert ("MOVED", "rule:c.north#") in lines(plan)
    assert plan.risk != "blocked", [str(one) for one in plan.lines if one.risk == "blocked"]
    packs.apply(shop, plan.id)
    assert catalog(shop).rules["c.north"].document["if"] == 'department == "north"'
    saved(shop, name="two", department="north")
    table = tables.layout(catalog(shop), "shop.deal").table
    with shop.read() as connection:
        assert sorted(connection.scalars(sa.select(table.c.department))) == ["NORTH", "south"]


def test_a14_a_stage_with_records_goes_only_with_a_successor(shop: Database) -> None:
    packs.install(shop, [pack(DEAL, DAYS, REPORT, BIG, SALE, version="1.0.1")])
    saved(shop, name="one")

    def without(**more: Any) -> Mapping[str, Any]:
        stages = [{**one, "id": "needs"} if one["id"] == "open" else one for one in SALE["stages"]]
        return {**SALE, "version": 2, "start": "needs", "stages": stages, "in_flight": "migrate", **more}

    blocked = packs.plan(shop, Wanted(packs=[pack(DEAL, DAYS, REPORT, BIG, without(), version="1.1.0")]))
    assert blocked.risk == "blocked"
    (line,) = [one for one in blocked.lines if one.action == "IN_FLIGHT"]
    assert "1 records are in the stage “open”" in line.detail
    mapped = packs.plan(
        shop, Wanted(packs=[pack(DEAL, DAYS, REPORT, BIG, without(stage_map={"open": "needs"}), version="1.1.0")])
    )
    assert mapped.risk != "blocked", [str(one) for one in mapped.lines if one.risk == "blocked"]
    packs.apply(shop, mapped.id)
    assert catalog(shop).pipelines["shop.sale"].version == 2


def test_a_plan_tells_how_many_open_approvals_a_changed_flow_meets_and_what_becomes_of_them(shop: Database) -> None:
    flow: dict[str, Any] = {
        "kind": "approval", "id": "shop.consent", "title": "Consent", "entity": "shop.deal",
        "steps": [{"id": "boss", "title": "Boss", "approvers": [{"role": "base.admin"}]}],
    }  # fmt: skip
    packs.install(shop, [pack(DEAL, DAYS, REPORT, BIG, flow, version="1.0.1")])
    workspace = Workspace(shop, Path("files"))
    add_user(workspace, "ada@example.com", "Ada", None, [access.ADMIN_ROLE])
    for name in ("one", "two"):
        record = saved(shop, name=name)
        with shop.write() as connection:
            approving.request(Work(workspace, connection, access.operator()), "shop.consent", "shop.deal", record)

    def planned(**more: Any) -> list[tuple[str, int | None, str]]:
        second = {"id": "law", "title": "Law", "approvers": [{"role": "base.admin"}]}
        later = {**flow, "steps": [*flow["steps"], second], **more}
        plan = packs.plan(shop, Wanted(packs=[pack(DEAL, DAYS, REPORT, BIG, later, version="1.1.0")]))
        assert plan.risk == "review"
        return [(one.path, one.count, one.detail[:25]) for one in plan.lines if one.action == "IN_FLIGHT"]

    assert planned() == [("approval:shop.consent", 2, "2 are open and finish on ")]
    assert planned(in_flight="migrate") == [("approval:shop.consent", 2, "2 are open and go on unde")]


def test_a11_a_crash_between_the_tables_and_the_swap_leaves_the_revision_before_in_force(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = active(shop)
    more = {**DEAL, "properties": {**DEAL["properties"], "region": {"field": "text", "title": "Region"}}}
    plan = packs.plan(shop, Wanted(packs=[pack(more, DAYS, REPORT, BIG, version="1.1.0")]))

    def dies(*args: Any, **named: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(revisions, "activate", dies)
    with pytest.raises(KeyboardInterrupt):
        packs.apply(shop, plan.id)
    monkeypatch.undo()
    assert active(shop) == before
    assert saved(shop, name="goes on")
    monkeypatch.setattr(rules, "prove", rules.matcher_status)
    packs.apply(shop, plan.id)
    assert saved(shop, name="with the new field", region="north")


def test_a15_an_approval_in_flight_finishes_on_its_old_definition(shop: Database) -> None:
    boss = {"id": "boss", "title": "Boss", "approvers": [{"role": "base.admin"}]}
    flow: dict[str, Any] = {
        "kind": "approval", "id": "shop.consent", "title": "Consent", "entity": "shop.deal", "steps": [boss],
    }  # fmt: skip
    packs.install(shop, [pack(DEAL, DAYS, REPORT, BIG, flow, version="1.0.1")])
    workspace = Workspace(shop, Path("files"))
    ada = add_user(workspace, "ada@example.com", "Ada", None, [access.ADMIN_ROLE])
    ada_acts = access.User(str(ada), "ada@example.com", "Ada", (access.ADMIN_ROLE,))

    def asked(name: str) -> str:
        record = saved(shop, name=name)
        with shop.write() as connection:
            work = Work(workspace, connection, access.operator())
            return str(approving.request(work, "shop.consent", "shop.deal", record))

    def approved(identifier: str) -> str:
        with shop.write() as connection:
            return str(approving.decide(Work(workspace, connection, ada_acts), identifier, "approved").state)

    old = asked("one")
    bob = str(add_user(workspace, "bob@example.com", "Bob", None, []))  # nobody agrees twice, so it takes another one
    later = {**flow, "steps": [boss, {"id": "law", "title": "Law", "approvers": [{"user": bob}]}]}
    packs.install(shop, [pack(DEAL, DAYS, REPORT, BIG, later, version="1.1.0")])
    new = asked("two")
    assert (approved(old), approved(new)) == ("approved", "open")


def test_a22_another_language_changes_no_decision(shop: Database) -> None:
    with shop.read() as connection:
        layers, settings = packs.stored_layers(connection, active(shop))
    english, chinese = (load.catalog(layers, {**settings, "locale": one}) for one in ("en", "zh-CN"))
    assert english.revision != chinese.revision
    versions = [{name: one.version for name, one in rules.of(catalog).by_id.items()} for catalog in (english, chinese)]
    assert versions[0] == versions[1] != {}


def test_a_mandatory_change_waits_for_the_word_of_an_admin_who_has_set_something_else(shop: Database) -> None:
    changed(shop, (DEFAULT, 10))
    urgent = {"since": "1.1.0", "kind": "mandatory", "path": DEFAULT, "reason": "Order 54, article 16"}
    new = pack(DEAL, {**DAYS, "default": 5}, REPORT, BIG, version="1.1.0", moves=(urgent,))
    blocked = packs.plan(shop, Wanted(packs=[new], proposals=True))
    (line,) = [one for one in blocked.lines if one.action == "REVIEW"]
    assert (blocked.risk, line.risk, line.path) == ("blocked", "blocked", DEFAULT)
    assert "mandatory (Order 54, article 16): reset yours, or set it anew and say why" in line.detail
    propose(shop, {"path": DEFAULT, "value": 10}, reason="Our regulator has agreed to ten days")
    kept = packs.plan(shop, Wanted(packs=[new], proposals=True))
    assert kept.risk != "blocked"
    packs.apply(shop, kept.id)
    assert catalog(shop).parameters["shop.days"].value == 10
    with shop.read() as connection:
        (one,) = overlay.listed(connection)
    assert one.patch.reason == "Our regulator has agreed to ten days"
    again = {"since": "1.2.0", "kind": "mandatory", "path": DEFAULT, "reason": "Order 60"}
    later = pack(DEAL, {**DAYS, "default": 4}, REPORT, BIG, version="1.2.0", moves=(urgent, again))
    with shop.write() as connection:
        overlay.reset(connection, DEFAULT)
    packs.apply(shop, packs.plan(shop, Wanted(packs=[later], proposals=True)).id)
    assert catalog(shop).parameters["shop.days"].value == 4

"""Variants of a pipeline: for an industry, a team or a share of the records; stricter than the pipeline, never looser."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from dealwright import access, clock, records
from dealwright.errors import DefinitionError, GateUnmetError
from dealwright.fields.messages import speaking
from dealwright.metadata import load
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.records import Work, pipelines
from worlds import DEAL, PIPELINE, documents, in_force, opened, person, rows_of, team

OPERATOR = access.operator()
#: The way of a hospital: a check of the papers, then the access of the product, before anything is offered.
HOSPITAL = {
    "kind": "pipeline", "id": "med.hospital", "extends": "t.sale", "lang": 1, "title": "Hospital sale",
    "applies_when": "account.region == \"east\" && med__grade != null", "stage_map": {},
    "insert": [
        {"id": "papers", "title": "Qualification check", "after": "open", "probability": 30, "required": ["med__files"]},
        {"id": "access", "title": "Hospital access", "before": "won",
         "exit": [{"id": "listed", "require": "med__listed", "message": "Enter the listing price first",
                   "fields": ["med__listed"]}]},
    ],
    "tighten": [
        {"id": "open", "required": ["med__sponsor"], "checklist": [{"id": "letter", "title": "Letter", "required": True}]},
        {"id": "won", "enter": [{"id": "installed", "require": "med__files", "message": "Install it", "fields": ["med__files"]}]},
    ],
}  # fmt: skip
FIELDS = {
    "kind": "entity", "extends": "t.deal", "properties": {
        "med__grade": {"field": "text", "title": "Grade"}, "med__files": {"field": "boolean", "title": "Files approved"},
        "med__listed": {"field": "boolean", "title": "Listed"}, "med__sponsor": {"field": "text", "title": "Clinical sponsor"}},
}  # fmt: skip
TEXTS = {"zh-CN": {"pipeline:med.hospital#/stages/papers/title": "资质审查"}}
OWN = {"zh-CN": {"pipeline:t.sale#/stages/open/title": "需求确认"}}


def layers(*variants, texts=TEXTS, base=()):
    sourced = tuple(SourcedDocument(one, f"t/{one['id']}") for one in documents(*base))
    med = tuple(SourcedDocument(one, f"med/{one.get('id', 'extend')}") for one in variants)
    return [
        load.base(),
        Layer("t", "t", sourced, OWN, frozenset({"base"})),
        Layer("med", "med", med, texts, frozenset({"t"})),
    ]


@pytest.fixture
def world(database, tmp_path):
    return in_force(database, layers(FIELDS, HOSPITAL), tmp_path)


def save(world, data, deal=None):
    return records.save(world, OPERATOR, "t.deal", data, id=deal).record


@pytest.fixture
def clinic(world):
    with world.database.write() as connection:
        change = records.Change({"name": "Clinic", "region": "east"})
        return records.save_one(Work(world, connection, OPERATOR), "t.account", change).id


def place(world, deal, user=OPERATOR):
    with world.database.read() as connection:
        return records.place(Work(world, connection, user), "t.deal", deal)


def test_the_hospital_variant_has_the_stages_of_the_sale_with_its_own_on_the_way():
    catalog = load.catalog(layers(FIELDS, HOSPITAL))
    variant, sale = catalog.pipelines["med.hospital"], catalog.pipelines["t.sale"]
    assert list(variant.stages) == ["open", "papers", "offer", "access", "won", "lost"]
    assert {one.id: one.next for one in variant.stages.values()} == {
        "open": ("papers", "lost"), "papers": ("offer", "open", "lost"), "offer": ("open", "access", "lost"),
        "access": ("won", "offer", "lost"), "won": (), "lost": (),
    }  # fmt: skip
    assert (variant.version, variant.entity, variant.family) == (1001, "t.deal", "t.sale")
    assert [gate.id for gate in variant.stages["open"].exit] == ["sized"]
    assert variant.stages["open"].required == ("account", "med__sponsor")
    assert (sale.stages["open"].required, sale.stages["open"].next) == (("account",), ("offer", "lost"))
    assert catalog.text("pipeline", "med.hospital", "/stages/papers/title", "zh-CN") == "资质审查"
    assert catalog.text("pipeline", "med.hospital", "/stages/open/title", "zh-CN") == "需求确认"


def test_a_deal_with_a_hospital_takes_the_way_of_hospitals_and_others_that_of_the_sale(world, clinic):
    deal = save(world, {"name": "ward", "account": clinic, "med__grade": "3A", "amount": "5"})
    assert (deal["pipeline"], deal["pipeline_version"], deal["stage"]) == ("med.hospital", 1001, "open")
    assert save(world, {"name": "shop", "account": clinic})["pipeline"] == "t.sale"
    with speaking("zh-CN"), pytest.raises(GateUnmetError) as error:
        records.move(world, OPERATOR, "t.deal", deal["id"], "papers")
    assert [(p.pointer, p.item) for p in error.value.problems] == [
        ("/med__sponsor", ""),
        ("/checklist/letter", "letter"),
    ]
    with world.database.write() as connection:
        records.tick(Work(world, connection, OPERATOR), "t.deal", deal["id"], [{"id": "letter"}])
    for to, data in (("papers", {"med__sponsor": "Dr Li"}), ("offer", {"med__files": True}), ("access", {})):
        records.move(world, OPERATOR, "t.deal", deal["id"], to, data=data)
    with pytest.raises(GateUnmetError) as error:
        records.move(world, OPERATOR, "t.deal", deal["id"], "won", data={"closes_on": "2030-01-01"})
    assert [p.message for p in error.value.problems] == ["Enter the listing price first"]
    won = records.move(
        world, OPERATOR, "t.deal", deal["id"], "won", data={"closes_on": "2030-01-01", "med__listed": True}
    )
    assert won.record["status"] == "won"


def test_a_record_goes_over_when_the_condition_comes_to_hold_and_back_when_its_stage_is_there(world, clinic):
    deal = save(world, {"name": "ward", "account": clinic, "amount": "5", "med__sponsor": "Dr Li"})
    moved = save(world, {"med__grade": "3A"}, deal["id"])
    assert (moved["pipeline"], moved["stage_entered_at"]) == ("med.hospital", deal["stage_entered_at"])
    with world.database.read() as connection:
        work = Work(world, connection, OPERATOR)
        newest, visits = records.history(work, "t.deal", deal["id"])[0], records.visited(work, "t.deal", deal["id"])
    assert (newest["type"], newest["changes"]["pipeline"]) == ("record.updated", ["t.sale", "med.hospital"])
    assert [(one["stage"], one["pipeline"]) for one in visits] == [("open", "med.hospital")]
    with world.database.write() as connection:
        records.tick(Work(world, connection, OPERATOR), "t.deal", deal["id"], [{"id": "letter"}])
    records.move(world, OPERATOR, "t.deal", deal["id"], "papers")
    assert save(world, {"med__grade": None}, deal["id"])["pipeline"] == "med.hospital"  # the sale has no such stage
    gone_on = records.move(world, OPERATOR, "t.deal", deal["id"], "offer", data={"med__files": True}).record
    assert (gone_on["stage"], gone_on["pipeline"]) == ("offer", "med.hospital")
    assert save(world, {"med__grade": "3A"}, deal["id"])["pipeline"] == "med.hospital"
    assert save(world, {"med__grade": None}, deal["id"])["pipeline"] == "t.sale"


def test_it_is_told_which_variant_a_record_is_in_and_why(world, clinic):
    deal = save(world, {"name": "ward", "account": clinic, "med__grade": "3A"})["id"]
    assert place(world, deal) == {
        "id": "med.hospital", "title": "Hospital sale", "version": 1001, "extends": "t.sale",
        "variants": [{"id": "med.hospital", "title": "Hospital sale", "applies": True, "audience": True}],
    }  # fmt: skip
    other = save(world, {"name": "shop"})["id"]
    assert place(world, other)["variants"][0]["applies"] is False
    assert place(world, deal, person(world, "Vic", ["t.viewer"])) is None  # he sees the name and the stage alone


def test_shares_are_arms_that_never_change_and_do_not_meet(database, tmp_path):
    def arm(name, share, **more):
        return {"kind": "pipeline", "id": f"t.{name}", "extends": "t.sale", "lang": 1, "title": name, "audience": {"share": share},
                "insert": [{"id": "trial", "title": "Trial", "after": "open"}], **more}  # fmt: skip

    world = opened(database, arm("arm_a", 30), arm("arm_b", "20.5"), folder=tmp_path)
    with clock.frozen(clock.now()), database.write() as connection:
        changes = [records.Change({"name": f"d{n}"}) for n in range(400)]
        records.save_many(Work(world, connection, OPERATOR), "t.deal", changes)
    rows = {row["id"]: row["pipeline"] for row in rows_of(database, "t__deal")}
    share = {one: pipelines.point("t.sale", one) for one in rows}
    expected = {
        one: "t.arm_a" if at < 30 else "t.arm_b" if at < Decimal("50.5") else "t.sale" for one, at in share.items()
    }
    assert rows == expected
    found = Counter(rows.values())
    assert 80 < found["t.arm_a"] < 160  # 120 of 400 are to be expected; far off once in a million
    closed = load.catalog_of(documents(arm("arm_a", 30, intake="closed"), arm("arm_b", "20.5")), with_base=True)
    kept = [one for one in rows if pipelines.addresses(closed, closed.pipelines["t.arm_b"], {"id": one})]
    assert sorted(kept) == sorted(one for one, arm_ in rows.items() if arm_ == "t.arm_b")


def test_a_variant_for_a_team_keeps_its_records_when_they_change_hands(database, tmp_path):
    lab = {"kind": "pipeline", "id": "t.lab", "extends": "t.sale", "lang": 1, "title": "Lab", "audience": {"teams": ["East"]},
           "tighten": [{"id": "open", "required": ["win"]}]}  # fmt: skip
    world = opened(database, lab, folder=tmp_path)
    east, west = team(world, "East"), team(world, "West")
    mine = save(world, {"name": "e", "team": east})
    assert (mine["pipeline"], save(world, {"name": "w", "team": west})["pipeline"]) == ("t.lab", "t.sale")
    assert save(world, {"team": west, "name": "e2"}, mine["id"])["pipeline"] == "t.lab"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"tighten": [{"id": "open", "exit": [{"id": "sized", "require": "true", "message": "x"}]}]}, "weakens", "be changed"),
        ({"tighten": [{"id": "open", "next": ["offer", "won"]}]}, "weakens", "won cannot follow open in the pipeline"),
        ({"insert": [{"id": "x", "title": "X", "after": "open", "next": ["won"]}]}, "weakens", "open a way past"),
        ({"insert": [{"id": "x", "title": "X", "after": "open", "outcome": "won"}]}, "weakens", "an end cannot be inserted"),
        ({"insert": [{"id": "x", "title": "X"}]}, "no-anchor", "needs an anchor"),
        ({"insert": [{"id": "offer", "title": "X", "after": "open"}]}, "twice", "there is a stage “offer” already"),
        ({"insert": [{"id": "x", "title": "X", "after": "offr"}]}, "unknown-name", "did you mean “offer”"),
        ({"insert": [{"id": "x", "title": "X", "after": "open", "colour": "red"}]}, "unknown-key", "“colour” is not known here"),
        ({"tighten": [{"id": "open", "probability": 1}]}, "unknown-key", "“probability” is not known here"),
        ({"extends": "t.sail"}, "unknown-name", "did you mean “t.sale”"),
        ({"intake": "default"}, "not-a-choice", "a variant is no default"),
        ({"audience": {"share": 100.5}}, "too-large", "100.5 is greater than 100"),
    ],
)  # fmt: skip
def test_a_variant_that_loosens_or_names_nothing_is_refused(change, code, said):
    own = {"kind": "pipeline", "id": "t.lab", "extends": "t.sale", "lang": 1, "title": "Lab"}
    with pytest.raises(DefinitionError) as error:
        load.catalog_of(documents({**own, **change}), with_base=True)
    (problem,) = error.value.problems
    assert problem.code == code
    assert said in problem.message


def test_an_item_of_a_checklist_can_only_become_required_and_a_pipeline_is_no_variant():
    listed = [{"id": "call", "title": "Call", "required": True}, {"id": "mail", "title": "Mail"}]
    sale = {**PIPELINE, "stages": [{**PIPELINE["stages"][0], "checklist": listed}, *PIPELINE["stages"][1:]]}
    own = {"kind": "pipeline", "id": "t.lab", "extends": "t.sale", "lang": 1, "title": "Lab"}
    more = {**own, "tighten": [{"id": "open", "checklist": [{"id": "mail", "title": "Mail", "required": True}]}]}
    catalog = load.catalog_of(documents(sale, more), with_base=True)
    assert [item.required for item in catalog.pipelines["t.lab"].stages["open"].checklist] == [True, True]
    for wrong in ({"required": False}, {"needs": "note"}):
        less = {**own, "tighten": [{"id": "open", "checklist": [{"id": "call", "title": "Call", **wrong}]}]}
        with pytest.raises(DefinitionError, match="can only become required"):
            load.catalog_of(documents(sale, less), with_base=True)
    with pytest.raises(DefinitionError, match="only a variant has “insert”"):
        load.catalog_of(documents({**sale, "insert": [{"id": "x", "title": "X", "after": "open"}]}), with_base=True)
    assert DEAL["id"] == sale["entity"]


def test_a_rule_that_makes_a_condition_hold_takes_the_record_over(database, tmp_path):
    lab = {"kind": "pipeline", "id": "t.lab", "extends": "t.sale", "lang": 1, "title": "Lab", "applies_when": "tier == \"A\"",
           "tighten": [{"id": "open", "required": ["closes_on"]}]}  # fmt: skip
    world = opened(database, lab, folder=tmp_path)
    assert save(world, {"name": "x", "win": "80"})["pipeline"] == "t.lab"  # the rule t.tier_a gives it the tier

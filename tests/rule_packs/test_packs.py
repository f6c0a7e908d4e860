"""What the shipped packs say holds together, and means what their pages promise.

Bounds are worked out by hand from the parameters: tier A from 70, tier B from 30, a reason for discounts above 15.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dealwright import conditions, packs
from dealwright.access import rights_of
from dealwright.metadata import views
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.patterns import compiled
from dealwright.resources import shipped

NAMES = ["calendar_cn", "compliance_core", "fmcg_channels", "medical_devices_cn", "sales_pipeline"]
SETTINGS = {"zone": "Asia/Shanghai", "locale": "en", "currency": "CNY"}
DEAL = "sales.opportunity"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    found = packs.find()
    return packs.catalog([packs.read(found[name]) for name in NAMES], SETTINGS)


def holds(catalog: Catalog, source: str, use: str, env: dict[str, Any], entity: str = DEAL) -> Any:
    now = {"now()": datetime(2026, 11, 23, 1, 0, tzinfo=UTC), "today()": date(2026, 11, 23)}
    return conditions.of(catalog, entity, source, use, namespace=entity.partition(".")[0]).evaluate({**now, **env})


def document(catalog: Catalog, kind: str, identifier: str) -> Any:
    return catalog.documents[(kind, identifier)]


def test_the_shipped_packs_have_no_problem() -> None:
    assert [str(problem) for problem in packs.check([shipped("rule_packs")])] == []


def test_the_order_in_which_packs_are_given_changes_nothing() -> None:
    found = packs.find()
    sources = [packs.read(found[name]) for name in NAMES]
    assert len({packs.catalog(order, SETTINGS).revision for order in [*itertools.permutations(sources)][::48]}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_says_what_it_is_and_what_has_changed(name: str) -> None:
    folder = packs.find()[name]
    manifest = json.loads((folder / "pack.json").read_text(encoding="utf-8"))
    changes = json.loads((folder / "CHANGELOG.json").read_text(encoding="utf-8"))
    assert manifest["id"] == name
    assert changes[0]["version"] == manifest["version"]
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {manifest['title']['en']}\n")


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_s_page_names_each_of_its_parameters(name: str) -> None:
    folder = packs.find()[name]
    file = folder / "parameters.json"
    page = (folder / "README.md").read_text(encoding="utf-8")
    named = [one["id"] for one in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []
    assert [one for one in named if f"`{one}`" not in page] == []


@pytest.mark.parametrize("name", NAMES)
def test_each_live_rule_is_met_by_a_test_of_its_pack(name: str) -> None:
    folder: Path = packs.find()[name]
    tested = "".join(file.read_text(encoding="utf-8") for file in sorted((folder / "tests").glob("*.json")))
    rules = [json.loads(file.read_text(encoding="utf-8")) for file in sorted((folder / "rules").glob("*.json"))]
    assert rules or name == "calendar_cn", "only a pack of calendars has no rules"
    for rule in rules:
        effects = {str(a.get("message") or a.get("field")) for a in rule["then"]}
        assert rule["mode"] != "live" or rule["id"] in tested or any(f'"{one}"' in tested for one in effects), rule[
            "id"
        ]


@pytest.mark.parametrize(
    ("probability", "tier"),
    [
        ("100", "A"),
        ("70", "A"),
        ("69.9999", "B"),
        ("69.5", "B"),
        ("30", "B"),
        ("29.9999", "C"),
        ("0", "C"),
        (None, None),
    ],
)
def test_exactly_one_rule_gives_the_tier(catalog: Catalog, probability: str | None, tier: str | None) -> None:
    env = {"win_probability": None if probability is None else Decimal(probability)}
    fired = [
        name
        for name in ("A", "B", "C")
        if holds(catalog, str(document(catalog, "rule", f"sales.tier_{name.lower()}")["if"]), "rule", env)
    ]
    assert fired == ([tier] if tier else [])


@pytest.mark.parametrize(("discount", "asked"), [(None, False), ("15", False), ("15.0001", True), ("100", True)])
def test_a_discount_above_15_percent_asks_for_its_reason(catalog: Catalog, discount: str | None, asked: bool) -> None:
    reason = catalog.entity(DEAL).fields["discount_reason"].spec
    env = {"discount": None if discount is None else Decimal(discount)}
    assert holds(catalog, reason["visible_when"], "field", env) is asked
    assert holds(catalog, reason["required_when"], "field", env) is asked


def test_the_views_of_the_sales_pack_place_each_field_that_a_pack_brings(catalog: Catalog) -> None:
    laid = {
        one: views.chosen(catalog, f"sales.{one}", ()) for one in ("opportunity", "account", "lead", "contact", "quote")
    }
    for name, view in laid.items():
        assert view is not None, name
        assert set(catalog.entity(f"sales.{name}").fields) - set(view.places) == set(), name


def test_the_form_of_an_opportunity_begins_with_the_deal_and_has_the_money_in_one_row(catalog: Catalog) -> None:
    view = views.chosen(catalog, DEAL, ["sales.rep"])
    assert view is not None
    assert [one.id for one in view.tabs] == ["deal", "solution", "contract"]
    assert [one.id for one in view.blocks if one.tab == "deal"] == ["deal", "value", "need", "med__hospital"]
    fields = [one.id for one in view.arranged(catalog.entity(DEAL).fields.values()) if view.shows(one.id, "form")]
    assert fields[:4] == ["name", "account", "contact", "product"]
    money = fields[fields.index("amount") :][:3]
    assert money == ["amount", "win_probability", "expected_close"]
    assert {view.places[one].section for one in money} == {"value"}
    assert {"tier", "heat", "touchpoint", "demo_views", "quote_options"}.isdisjoint(fields), (
        "rules and counts fill these in"
    )


@pytest.mark.parametrize(
    ("env", "shown"),
    [
        ({}, False),
        ({"account": "a", "account.sector": "software"}, False),
        ({"account": "a", "account.sector": "medical"}, True),
        ({"account": "a", "account.sector": "services", "account.med__grade": "3a"}, True),
        ({"account": "a"}, True),
        ({"account": "a", "account.sector": "software", "med__device_class": "iii"}, True),
    ],
)
def test_a_deal_asks_about_devices_where_its_account_may_be_a_hospital(
    catalog: Catalog, env: dict[str, Any], shown: bool
) -> None:
    view = views.chosen(catalog, DEAL, ())
    assert view is not None
    section = next(one for one in view.blocks if one.id == "med__hospital")
    assert holds(catalog, str(section.visible_when), "field", env) is shown


def test_the_pipeline_has_six_stages_and_its_ends(catalog: Catalog) -> None:
    stages = catalog.pipelines["sales.standard"].stages
    assert list(stages) == ["lead", "needs", "solution", "negotiation", "closing", "won", "growth", "lost", "archived"]
    assert {name: stage.outcome for name, stage in stages.items() if stage.outcome} == {
        "won": "won",
        "growth": "won",
        "lost": "lost",
        "archived": "archived",
    }


def test_each_open_stage_can_be_left_for_good(catalog: Catalog) -> None:
    for stage in catalog.pipelines["sales.standard"].stages.values():
        if stage.outcome is None:
            assert {"lost", "archived"} <= set(stage.next or ()), stage.id


@pytest.mark.parametrize(
    ("stage", "gate", "met", "unmet"),
    [
        ("lead", "interest", {"interest": True}, {"interest": False}),
        ("needs", "bant", {"bant_complete": True}, {"bant_complete": False}),
        ("solution", "demo_or_case", {"demo_on": date(2026, 11, 1)}, {}),
        ("solution", "demo_or_case", {"case_reference": "Ward 3"}, {}),
        ("negotiation", "two_options", {"quote_options": 2}, {"quote_options": 1}),
        ("negotiation", "two_options", {"quote_options": 3}, {}),
        ("won", "contract", {"contract_signed_on": date(2026, 11, 1)}, {}),
        ("won", "down_payment", {"down_payment_on": date(2026, 11, 1)}, {}),
    ],
)
def test_a_gate_opens_on_what_it_asks_for_and_on_nothing_less(
    catalog: Catalog, stage: str, gate: str, met: dict[str, Any], unmet: dict[str, Any]
) -> None:
    here = catalog.pipelines["sales.standard"].stages[stage]
    require = next(one.require for one in (*here.enter, *here.exit) if one.id == gate)
    assert holds(catalog, require, "gate", met) is True
    assert holds(catalog, require, "gate", unmet) is False


@pytest.mark.parametrize("missing", ["budget", "authority", "need", "timeline"])
def test_need_is_confirmed_only_by_all_four(catalog: Catalog, missing: str) -> None:
    env = {"budget": Decimal(1), "authority": "x", "need": "y", "timeline": date(2027, 1, 31)}
    formula = catalog.entity(DEAL).fields["bant_complete"].spec["formula"]
    assert holds(catalog, formula, "formula", env) is True
    assert holds(catalog, formula, "formula", {**env, missing: None}) is False


@pytest.mark.parametrize(
    ("closed", "fires"),
    [(None, True), (date(2026, 11, 23), True), (date(2026, 10, 24), True), (date(2026, 10, 23), False)],
)
def test_only_a_fresh_deal_is_handed_over(catalog: Catalog, closed: date | None, fires: bool) -> None:
    assert holds(catalog, document(catalog, "rule", "sales.handover")["if"], "rule", {"closed_on": closed}) is fires


def test_a_total_is_the_sum_of_its_lines(catalog: Catalog) -> None:
    lines = [{"qty": 2, "price": Decimal("550.00")}, {"qty": 3, "price": Decimal("55.50")}]
    formula = catalog.entity(DEAL).fields["total"].spec["formula"]
    assert holds(catalog, formula, "formula", {"lines": lines}) == Decimal("1266.50")


def test_an_opportunity_is_stalled_after_more_than_seven_days(catalog: Catalog) -> None:
    formula = catalog.entity(DEAL).fields["stalled"].spec["formula"]
    exactly = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
    assert holds(catalog, formula, "formula", {"status": "open", "last_activity_at": exactly}) is False
    longer = exactly.replace(hour=0)
    assert holds(catalog, formula, "formula", {"status": "open", "last_activity_at": longer}) is True
    assert holds(catalog, formula, "formula", {"status": "won", "last_activity_at": longer}) is False
    assert holds(catalog, formula, "formula", {"status": "open", "created_at": longer}) is True


@pytest.mark.parametrize(
    ("before", "now", "fires"),
    [(1000, 850, True), (1000, 851, False), (1000, 0, True), (0, 0, False), (None, 5, False), (100, 120, False)],
)
def test_a21_a_fall_of_15_percent_or_more_warns(catalog: Catalog, before: int | None, now: int, fires: bool) -> None:
    source = document(catalog, "rule", "fmcg.order_fall")["if"]
    env = {"quantity": now, "quantity_before": before}
    assert holds(catalog, source, "rule", env, "fmcg.dealer_month") is fires


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("国械注准20243120123", True),
        ("粤械注准20232140456", True),
        ("国械注进20183771234", True),
        ("粤穗械备20210123", True),
        ("国械备20200001", True),
        ("国械注准20241120123", False),  # class I has no registration
        ("粤械注准2023214045", False),  # one digit short
        ("国械注准202431201234", False),  # one digit too many
    ],
)
def test_a_certificate_s_number_has_the_form_of_the_law(catalog: Catalog, number: str, valid: bool) -> None:
    pattern = catalog.entity("med.certificate").fields["number"].spec["pattern"]
    assert (compiled(pattern).search(number) is not None) is valid


def test_renewal_is_due_six_months_before_the_end(catalog: Catalog) -> None:
    formula = catalog.entity("med.certificate").fields["renew_by"].spec["formula"]
    env = {"valid_to": date(2029, 8, 31)}
    assert holds(catalog, formula, "formula", env, "med.certificate") == date(2029, 2, 28)


def test_industries_add_to_the_sales_pack_without_touching_it(catalog: Catalog) -> None:
    packs_of = {"comp": "compliance_core", "fmcg": "fmcg_channels", "med": "medical_devices_cn"}
    added = {
        (name.partition("__")[0], field.layer)
        for entity in (DEAL, "sales.account", "sales.contact", "base.user")
        for name, field in catalog.entity(entity).fields.items()
        if "__" in name
    }
    assert added == set(packs_of.items())
    own = {field.layer for name, field in catalog.entity(DEAL).fields.items() if "__" not in name}
    assert own == {"sales_pipeline"}


def test_what_people_see_is_there_in_chinese(catalog: Catalog) -> None:
    assert catalog.text("entity", DEAL, "/properties/amount/title", "zh-CN") == "金额"
    assert catalog.text("pipeline", "sales.standard", "/stages/needs/title", "zh-CN") == "需求确认"
    assert catalog.text("entity", DEAL, "/properties/lines/items/properties/qty/title", "zh-CN") == "数量"
    assert catalog.text("entity", DEAL, "/properties/med__department/title", "zh-CN") == "科室"


def test_a_representative_sees_everything_but_the_margin_and_leaves_the_tier_to_the_rules(catalog: Catalog) -> None:
    rep = rights_of(catalog, ("sales.rep",), DEAL)
    assert set(catalog.entity(DEAL).all_fields()) - rep.seen() == {"margin"}
    assert {"tier", "opportunity_id", "demo_views"} & rep.edited("update") == set()
    assert not rep.allows("delete")
    assert rights_of(catalog, ("sales.manager",), DEAL).seen() == set(catalog.entity(DEAL).all_fields())


def test_a_quality_reviewer_reads_opportunities_without_their_money(catalog: Catalog) -> None:
    reviewer = rights_of(catalog, ("med.quality_reviewer",), DEAL)
    assert reviewer.seen() & {"amount", "weighted", "total", "lines", "discount", "margin", "budget"} == set()
    assert {"name", "med__device_class"} <= reviewer.seen()
    assert not reviewer.allows("update")


@pytest.mark.parametrize(
    ("owner", "manager", "team", "parent", "allowed"),
    [
        ("me", None, None, None, True),
        ("li", "me", "south", None, True),
        ("li", "other", "mine", None, True),
        ("li", "other", "below", "mine", True),
        ("li", "other", "south", "sales", False),
    ],
)
def test_a_manager_works_on_the_own_team_those_below_and_whoever_reports_to_him(
    catalog: Catalog, owner: str, manager: str | None, team: str | None, parent: str | None, allowed: bool
) -> None:
    rights = rights_of(catalog, ("sales.manager",), DEAL)
    record = {"owner": owner, "owner.manager": manager, "team": team, "team.parent": parent}
    assert bool(rights.matching("read", {**record, "user.id": "me", "user.team": "mine"})) is allowed
    # Without a team of one's own, records without a team are not shared.
    alone = {**record, "team": None, "team.parent": None, "user.id": "me", "user.team": None}
    assert bool(rights.matching("read", alone)) is ("me" in (owner, manager))

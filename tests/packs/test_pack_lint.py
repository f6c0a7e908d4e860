"""Each code of ``pack lint`` is found where it should be, explained on its page, and left out only with a reason."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dealwright import clock, packs
from dealwright.cli import main
from dealwright.packs.lint.codes import CODES, FIRM
from shop_pack import CLERK, LARGE, LOOK, MAY, SHOP, THING, pack

DOCS = Path(__file__).parents[2] / "docs" / "lint.md"
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


def rule(**more: Any) -> dict[str, Any]:
    return {**LARGE, **more}


def rewritten(field: str, value: str, **more: Any) -> dict[str, Any]:
    return rule(**{"then": [{"do": "set_field", "field": field, "value": value}], "if": "amount > 1", **more})


EXTENDS: dict[str, Any] = {
    "kind": "entity",
    "extends": "sales.account",
    "properties": {"shop__size": {"field": "integer", "title": "Size"}},
}
NEEDS: dict[str, Any] = {"requires": {"sales_pipeline": "*"}}
DEADLINE: dict[str, Any] = {
    "kind": "deadline", "id": "shop.pay", "title": "Pay", "entity": "shop.thing",
    "from": "sold", "met_when": "amount == 0", "days": 7, "unit": "calendar_day",
}  # fmt: skip
SOLD: dict[str, Any] = {**THING, "properties": {**THING["properties"], "sold": {"field": "date", "title": "Sold"}}}
FACT: dict[str, Any] = {"id": "pay", "value": 7, "class": "regulatory", "source": {"title": "A law", "article": "2"}}
PIPELINE: dict[str, Any] = {
    "kind": "pipeline", "id": "shop.way", "title": "Way", "entity": "shop.thing", "version": 1, "start": "new",
    "stages": [
        {"id": "new", "title": "New", "owner": "shop.clerk", "required": ["amount"], "next": ["won", "lost"]},
        {"id": "odd", "title": "Odd", "owner": "shop.clerk", "required": ["amount"], "next": ["won", "lost"]},
        {"id": "won", "title": "Won", "outcome": "won", "next": []},
        {"id": "lost", "title": "Lost", "outcome": "lost", "next": []},
    ],
}  # fmt: skip


HEAD: dict[str, Any] = {"id": "head", "title": "Head", "approvers": [{"role": "shop.clerk"}]}
SALE: dict[str, Any] = {
    "kind": "approval", "id": "shop.sale", "title": "Sale", "entity": "shop.thing",
    "steps": [HEAD, {**HEAD, "id": "law", "when": "1 > 2"}],
}  # fmt: skip


def piped(*changes: dict[str, Any]) -> dict[str, Any]:
    stages = [{**one, **more} for one, more in zip(PIPELINE["stages"], [*changes, {}, {}, {}, {}], strict=False)]
    return {"pipelines/way.json": {**PIPELINE, "stages": stages}}


#: Asks each row a dozen questions.
MANY = " && ".join(f"lines.exists(l, l.qty > {i} && l.qty != {i} + 1 && l.qty * 2 > {i})" for i in range(12))
#: What is other than in a pack with nothing to be looked at, of files and of the manifest; and code, file and place.
FOUND: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, str]]] = [
    ("P000", {"entities/thing.json": {**THING, "hue": "mud"}}, {}, ("entities/thing.json", "/hue")),
    ("P001", {"rules/large.json": rule(**{"if": "amuont > 1"})}, {}, ("rules/large.json", "/if")),
    ("P001", {}, {"requires": {"nowhere": "*"}}, ("pack.json", "/requires/nowhere")),
    ("P002", {"messages/look.json": {**LOOK, "id": "store.look"}}, {}, ("messages/look.json", "/id")),
    ("P002", {"a": None}, {"ns": "core"}, ("pack.json", "/ns")),
    ("P012", {"CHANGELOG.json": []}, {}, ("CHANGELOG.json", "")),
    (
        "P013",
        {"messages/look.json": {**LOOK, "deprecated": {"since": "1.0.0", "remove_in": "1.2.0"}}},
        {},
        ("messages/look.json", "/deprecated/remove_in"),
    ),
    (
        "P020",
        {"i18n/de.json": {"entity:shop.thing#/title": "Ding"}},
        {"locales": ["en", "de"], "title": {"en": "Shop", "de": "Laden"}},
        ("i18n/de.json", ""),
    ),
    (
        "P021",
        {"i18n/en.json": {"message:shop.look#/title": "Look at {amount}"}},
        {},
        ("i18n/en.json", ""),
    ),
    ("P022", {"i18n/de.json": {}}, {}, ("i18n/de.json", "")),
    (
        "P030",
        {"entities/thing.json": {**THING, "properties": {**THING["properties"], "name": {"field": "text", "pattern": r"(a)\1"}}}},
        {},
        ("entities/thing.json", "/properties/name/pattern"),
    ),
    ("P031", {"rules/large.json": rule(**{"if": "(" * 200 + "amount > 1" + ")" * 200})}, {}, ("rules/large.json", "/if")),
    (
        "P032",
        {"roles/clerk.json": {**CLERK, "grants": [{"entity": "shop.thing", "ops": ["read"], "rows": "!(amount > 1)"}]}},
        {},
        ("roles/clerk.json", "/grants/0/rows"),
    ),
    ("P040", {}, {"permissions": {**MAY, "connections": ["erp"]}}, ("pack.json", "/permissions")),
    ("P040", {}, {"permissions": {**MAY, "entities": {}}}, ("rules/large.json", "/then/0")),
    (
        "P051",
        {
            "rules/one.json": rewritten("amount", "amount + 1", id="shop.one"),
            "rules/two.json": rewritten("amount", "amount + 2", id="shop.two"),
        },
        {},
        ("rules/one.json", "/then"),
    ),
    ("P060", {"entities/thing.json": SOLD, "deadlines/pay.json": DEADLINE}, {}, ("deadlines/pay.json", "")),
    (
        "P060",
        {"entities/thing.json": SOLD, "deadlines/pay.json": {**DEADLINE, "days": 9, "fact": "pay"},
         "facts.json": [{**FACT, "unit": "calendar_day"}]},
        {"facts_as_of": "2026-11-01"},
        ("deadlines/pay.json", "/days"),
    ),
    ("P060", {"entities/thing.json": {**THING, "retention": {"keep": "P5Y"}}}, {}, ("entities/thing.json", "/retention")),
    (
        "P031",
        {"entities/thing.json": {**THING, "properties": {**THING["properties"], "lines": {
            "field": "rows", "title": "Lines", "items": {"properties": {"qty": {"field": "integer", "title": "Qty"}}},
         }}},
         "rules/large.json": rule(**{"if": MANY})},
        {},
        ("rules/large.json", "/if"),
    ),
    ("P060", {"facts.json": [{**FACT, "source": {"title": "A law"}}]}, {"facts_as_of": "2026-11-01"}, ("facts.json", "/0/source")),
    ("P061", {"facts.json": [FACT]}, {}, ("pack.json", "")),
    ("P061", {"facts.json": [FACT]}, {"facts_as_of": "2025-11-01"}, ("pack.json", "/facts_as_of")),
    (
        "P070",
        {"extend/sales_pipeline/account.json": {**EXTENDS, "required": ["shop__size"]}},
        NEEDS,
        ("extend/sales_pipeline/account.json", "/required/0"),
    ),
    (
        "P080",
        {"extend/sales_pipeline/account.json": {**EXTENDS, "overrides": [{"path": "#/title", "value": "Customer"}]}},
        NEEDS,
        ("extend/sales_pipeline/account.json", "/overrides/0"),
    ),
    (
        "P081",
        {
            "extend/sales_pipeline/account.json": {
                **EXTENDS, "overrides": [{"path": "#/title", "value": "Customer", "was": "Client"}],
            }
        },
        NEEDS,
        ("extend/sales_pipeline/account.json", "/overrides/0/was"),
    ),
    ("P090", piped(), {}, ("pipelines/way.json", "/stages/1")),
    ("P090", {"rules/large.json": rule(**{"if": "amount > 5 && amount < 4"})}, {}, ("rules/large.json", "/if")),
    ("P090", {"approvals/sale.json": SALE}, {}, ("approvals/sale.json", "/steps/1/when")),
    ("P091", piped({"next": ["odd", "won", "lost"]}, {"owner": None}), {}, ("pipelines/way.json", "/stages/1")),
    ("P100", {"demo/a.json": {"shop.thing": [{"name": "ann@gmail.com"}]}}, {}, ("demo/a.json", "/shop.thing/0/name")),
    ("P101", {"tests/large.json": None}, {}, ("", "")),
    (
        "P101",
        {"tests/large.json": [{**SHOP["tests/large.json"][0], "skip": {"reason": "later", "until": "2027-06-01"}}]},
        {},
        ("tests/large.json", "/0/skip"),
    ),
    ("P110", {"lint.json": [{"code": "P091", "path": "rules/large.json", "reason": "meant"}]}, {}, ("lint.json", "/0")),
    ("P110", {"lint.json": [{"code": "P001", "path": "rules/large.json", "reason": "meant"}]}, {}, ("lint.json", "/0")),
    ("P110", {"lint.json": [{"code": "P040", "path": "pack.json", "reason": " "}]}, {}, ("lint.json", "/0")),
]  # fmt: skip


def written(place: Path, files: dict[str, Any], head: dict[str, Any]) -> Path:
    content = {name: cleaned(one) for name, one in {**SHOP, **files}.items() if one is not None}
    if head.get("ns") == "core":
        content = {}
    return pack(place, content, **{"permissions": MAY, **head})


def cleaned(node: Any) -> Any:
    """Return a document without keys that are None."""
    if isinstance(node, dict):
        return {key: cleaned(one) for key, one in node.items() if one is not None}
    return [cleaned(one) for one in node] if isinstance(node, list) else node


@pytest.mark.parametrize(("code", "files", "head", "at"), FOUND, ids=[f"{one[0]}-{i}" for i, one in enumerate(FOUND)])
def test_what_should_be_looked_at_is_found(
    tmp_path: Path, code: str, files: dict[str, Any], head: dict[str, Any], at: tuple[str, str]
) -> None:
    with clock.frozen(NOW):
        found = packs.lint.run(written(tmp_path, files, head)).findings
    places = [(one.code, one.source.removeprefix("shop").removeprefix("/"), one.pointer) for one in found]
    assert (code, *at) in places, places


def test_a_pack_with_nothing_to_be_looked_at_has_no_findings(tmp_path: Path) -> None:
    assert packs.lint.run(pack(tmp_path)).findings == ()


@pytest.mark.parametrize("name", [name for name in packs.find() if name != "calendar_cn"] + ["calendar_cn"])
def test_a_shipped_pack_has_nothing_to_be_looked_at(name: str) -> None:
    with clock.frozen(NOW):
        found = packs.lint.run(packs.find()[name])
    assert [f"{one.code} {one}" for one in found.findings] == []
    assert all(len(reason) > 20 for _, reason in found.suppressed)


def test_a_pack_that_was_just_begun_has_nothing_to_be_looked_at(tmp_path: Path) -> None:
    packs.scaffold.begin(tmp_path / "stationery", "supply")
    assert [f"{one.code} {one}" for one in packs.lint.run(tmp_path / "stationery").findings] == []


def test_a_release_is_held_against_the_one_before(tmp_path: Path) -> None:
    before = packs.read(pack(tmp_path / "a"))
    less = {name: one for name, one in SHOP.items() if name != "roles/clerk.json"}
    less["CHANGELOG.json"] = [{"version": "1.2.1", "changes": [{"type": "fix", "description": "Less"}]}]
    after = pack(tmp_path / "b", less, permissions={**MAY, "grants_roles": []}, version="1.2.1")
    found = packs.lint.run(after, before=before).findings
    assert [(one.code, one.pointer) for one in found] == [("P010", ""), ("P011", "/version")]
    assert "it must be 2.0.0 at least" in found[1].message
    old = {**SHOP, "roles/clerk.json": {**CLERK, "deprecated": {"since": "1.2.0"}}}
    warned = packs.read(pack(tmp_path / "c", old, permissions=MAY))
    assert [one.code for one in packs.lint.run(after, before=warned).findings] == ["P011"]
    same = packs.lint.run(pack(tmp_path / "a"), before=before)
    assert same.findings == ()


def test_rules_of_two_packs_that_set_one_field_are_found(tmp_path: Path) -> None:
    store = {
        "entities/box.json": {**THING, "id": "store.box"},
        "rules/a.json": rewritten("name", "'a'", id="store.a", entity="store.box"),
    }
    pack(tmp_path, store, id="store", ns="store")
    files = {**SHOP, "rules/large.json": rewritten("name", "'b'", entity="store.box")}
    may = {**MAY, "entities": {"store.box": ["read", "update"]}}
    folder = pack(tmp_path, files, permissions=may, requires={"store": "*"})
    assert "P050" in [one.code for one in packs.lint.run(folder).findings]


def test_what_another_pack_has_deprecated_is_found(tmp_path: Path) -> None:
    old = {
        **LOOK,
        "id": "store.look",
        "title": "Look",
        "deprecated": {"since": "1.0.0", "replaced_by": "message:store.see"},
    }
    pack(tmp_path, {"messages/look.json": old}, id="store", ns="store")
    files = {**SHOP, "rules/large.json": rule(then=[{"do": "create_task", "message": "store.look"}])}
    folder = pack(tmp_path, files, permissions=MAY, requires={"store": "*"})
    found = packs.lint.run(folder).findings
    assert [(one.code, one.pointer) for one in found] == [("P082", "/then/0/message")]
    assert "use message:store.see" in found[0].message


def test_a_field_and_a_parameter_that_another_pack_has_deprecated_are_found_in_expressions(tmp_path: Path) -> None:
    spot = {
        "kind": "entity", "id": "store.spot", "title": "Spot", "display": "name",
        "properties": {
            "name": {"field": "text", "title": "Name"},
            "zone": {"field": "text", "title": "Zone", "deprecated": {"since": "1.1.0", "replaced_by": "region"}},
        },
    }  # fmt: skip
    days = {"id": "days", "type": "integer", "title": "Days", "default": 7, "deprecated": {"since": "1.1.0"}}
    pack(tmp_path, {"entities/spot.json": spot, "parameters.json": [days]}, id="store", ns="store")
    at = {"field": "reference", "to": "store.spot", "title": "At"}
    thing = {**THING, "properties": {**THING["properties"], "at": at}}
    asked = rule(**{"if": 'at.zone == "a" && amount > param.store__days'})
    files = {**SHOP, "entities/thing.json": thing, "rules/large.json": asked}
    may = {**MAY, "entities": {**MAY["entities"], "store.spot": ["read"]}}
    found = packs.lint.run(pack(tmp_path, files, permissions=may, requires={"store": "*"})).findings
    assert [(one.code, one.pointer, one.message) for one in found] == [
        ("P082", "/if", "“zone” of store.spot is out of use since 1.1.0; use region"),
        ("P082", "/if", "“param.store__days” is out of use since 1.1.0; use something else"),
    ]


def test_a_field_goes_once_it_was_deprecated_or_has_another_name(tmp_path: Path) -> None:
    fields = {**THING["properties"], "old": {"field": "text", "title": "Old"}}
    without = pack(tmp_path / "b", {**SHOP, "CHANGELOG.json": []}, permissions=MAY, version="2.0.0")

    def codes(spec: dict[str, Any], *moves: dict[str, Any]) -> set[str]:
        before = {**SHOP, "entities/thing.json": {**THING, "properties": {**fields, "old": {**fields["old"], **spec}}}}
        place = tmp_path / f"{len(spec)}{len(moves)}"
        (without / "moves.json").write_text(json.dumps(moves), encoding="utf-8")
        found = packs.lint.run(without, before=packs.read(pack(place, before, permissions=MAY))).findings
        return {one.code for one in found}

    assert "P010" in codes({})
    assert "P010" not in codes({"deprecated": {"since": "1.2.0"}})
    move = {"since": "2.0.0", "from": "entity:shop.thing#/properties/old", "to": "entity:shop.thing#/properties/name"}
    assert "P010" not in codes({}, move)


def test_a_finding_is_left_out_with_its_reason(tmp_path: Path) -> None:
    entry = {"code": "P012", "path": "CHANGELOG.json", "reason": "It is written at the end"}
    found = packs.lint.run(pack(tmp_path, {**SHOP, "CHANGELOG.json": [], "lint.json": [entry]}, permissions=MAY))
    assert found.findings == ()
    assert [(one.code, reason) for one, reason in found.suppressed] == [("P012", "It is written at the end")]


def test_the_command_prints_codes_and_ends_with_1(tmp_path: Path) -> None:
    folder = str(pack(tmp_path, {**SHOP, "CHANGELOG.json": []}, permissions=MAY))
    done = CliRunner().invoke(main, ["pack", "lint", folder])
    assert (done.exit_code, done.output.splitlines()[-1]) == (1, "1 finding")
    assert done.output.startswith("P012 shop/CHANGELOG.json/: it says nothing of 1.2.0")
    told = json.loads(CliRunner().invoke(main, ["pack", "lint", folder, "--json"]).output)
    assert [one["code"] for one in told["findings"]] == ["P012"]


def test_each_code_is_found_by_a_test_and_explained_on_its_page() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert re.findall(r"^\| `(P\d{3})` \|", page, re.MULTILINE) == list(CODES)
    shown = set(re.findall(r"\"(P\d{3})\"", Path(__file__).read_text(encoding="utf-8")))
    assert shown == set(CODES)
    said = re.search(r"(`P\d{3}`(?:, `P\d{3}`)* and `P\d{3}`) cannot be left out", page)
    assert said is not None and set(re.findall(r"P\d{3}", said[1])) == FIRM

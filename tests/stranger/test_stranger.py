"""A stranger's pack, without a line of Python: tables, interface, forms and decisions while the server goes on running."""

from __future__ import annotations

import csv
import io
import os
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import apiary
from apiary import Site
from dealwright import fields
from served import Visitor, dealwright

# The server is a real one, and so is each command: a process of its own.
pytestmark = pytest.mark.slow

HIVES = "/api/v1/records/bee.hive"
#: The smallest picture there is: one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000020001e221bc33"
    "0000000049454e44ae426082"
)
#: A value of each field that can be sent, in the form in which it comes back.
SENT: dict[str, Any] = {
    "note": "Two\nlines", "story": "*Old* queen", "script": "print(1)", "contact": "bee@example.com", "phone": "+49 3641 1234",
    "site": "https://example.com/h", "paint": "#00ff00", "frames": 11, "weight": "31.25", "moisture": "17.5", "value": "480.00",
    "price": {"amount": "19.90", "currency": "EUR"}, "healthy": True, "built": "2024-05-01", "seen": "2026-03-01T08:30:00Z",
    "feeding": "09:30", "rest": "P1DT2H", "grade": "b", "region": "south", "plants": ["linden", "heath"],
    "spring": {"clean": True, "weigh": False}, "words": ["calm", "蜂"], "temper": 6, "reading": {"kg": [31, 30], "ok": True},
    "place": {"country": "DE", "city": "Jena"}, "spot": {"lat": 50.93, "lon": 11.59},
    "visits": 0,
}  # fmt: skip
#: A condition about each type of field that the record above, and no other, meets.
MEETING = [
    'name == "Linden 1"', 'tag == "H-1"', 'note.contains("lines")', 'story.startsWith("*Old")', 'script == "print(1)"',
    'contact == "bee@example.com"', 'phone.contains("3641")', 'site.startsWith("https")', 'paint == "#00ff00"', "frames == 11",
    "weight == 31.25", "moisture > 17.4 && moisture <= 17.5", "value == 480", "price == 19.90", 'healthy && tag != null',
    'built == date("2024-05-01")', 'seen == datetime("2026-03-01T08:30:00Z")', 'rest == duration("26h")',
    'grade == "b"', 'region == "south" && tag != null', '"heath" in plants', '"蜂" in words', "temper == 6",
    'yard.name == "South field" && tag != null', 'mother != null', "size(sisters) == 1", "crew.name == \"Bees\"",
    'keeper.name == "root"', "harvests.exists(h, h.kilos > 8)", "income == 100", 'region_of_yard == "south" && tag != null',
    'number != null && tag == "H-1"',
    'stage == "winter" && tag == "H-1"', "yard.hives == 2 && tag != null", 'user.id == keeper',
]  # fmt: skip


def made(site: Site, entity: str, **data: Any) -> str:
    answer = site.admin.ask("POST", f"/api/v1/records/{entity}", data)
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


@pytest.fixture(scope="package")
def hive(site: Site) -> dict[str, Any]:
    """A hive with a value in every field, as the server answered its creation; with it come a yard and a mother."""
    yard = made(site, "bee.yard", name="South field", region="south")
    mother = made(site, "bee.hive", name="Mother", yard=yard, built="2020-01-01")
    crew = made(site, "base.team", name="Bees")
    data = {
        **SENT, "name": "Linden 1", "tag": "H-1", "yard": yard, "mother": mother, "sisters": [mother],
        "about": {"entity": "bee.yard", "id": yard}, "keeper": site.admin.ask("GET", "/api/v1/me").json["id"], "crew": crew,
        "harvests": [{"day": "2026-06-01", "kilos": "8.5", "each": "10.00"},
                     {"day": "2026-07-01", "kilos": "1.5", "each": "10.00"}],
        "permit": site.admin.upload("permit.pdf", b"%PDF-1.7\n%%EOF\n"), "photo": [site.admin.upload("hive.png", PNG)],
        "signed": site.admin.upload("ida.png", PNG), "lock": "4711",
    }  # fmt: skip
    answer = site.admin.ask("POST", HIVES, data)
    assert answer.status == 201, answer.text
    read = site.admin.ask("GET", answer.headers["Location"])
    assert {name: read.json[name] for name in data if name not in ("lock", "harvests")} == {
        name: value for name, value in data.items() if name not in ("lock", "harvests")
    }
    return dict(read.json)


def test_the_pack_has_a_field_of_every_type() -> None:
    assert {one["field"] for one in apiary.HIVE["properties"].values()} == set(fields.TYPES)


def test_the_pack_came_while_the_server_ran(site: Site, hive: dict[str, Any]) -> None:
    assert site.before == 404
    os.kill(site.process, 0)  # the same process still serves
    assert site.admin.ask("GET", HIVES).status == 200


def test_computed_fields_have_their_values(hive: dict[str, Any], site: Site) -> None:
    assert [one["sum"] for one in hive["harvests"]] == ["85.00", "15.00"]
    assert hive["income"] == "100.00"
    assert hive["region_of_yard"] == "south"
    assert re.fullmatch("HIVE-[0-9]{4}", hive["number"])
    assert re.fullmatch(r"P\d+D", hive["age"])
    assert hive["lock"] == {"set": True}
    assert (hive["stage"], hive["status"], hive["daughters"]) == ("winter", "open", 0)
    mother = site.admin.ask("GET", f"{HIVES}/{hive['mother']}").json
    assert (mother["daughters"], mother["region"]) == (1, "south")  # its region was filled from its yard
    assert site.admin.ask("GET", f"/api/v1/records/bee.yard/{hive['yard']}").json["hives"] == 2


def test_a_condition_about_each_field_finds_its_record(site: Site, hive: dict[str, Any]) -> None:
    found = {}
    for condition in MEETING:
        answer = site.admin.ask(
            "GET", HIVES, query={"filter": f'({condition}) && yard.region == "south"', "count": "1"}
        )
        found[condition] = [one["name"] for one in answer.json.get("items", [{"name": answer.text}])]
    assert {condition: names for condition, names in found.items() if names != ["Linden 1"]} == {}


def test_what_does_not_fit_is_refused_with_every_fault(site: Site, hive: dict[str, Any]) -> None:
    faulty = {
        "name": "x", "tag": "4", "frames": 25, "weight": "0.07", "grade": "a", "healthy": False, "plants": ["oak"], "rest": "P1M",
        "harvests": [{"kilos": "-1"}],
        "number": "HIVE-9999", "queen": 1, "built": "2199-01-01",
    }  # fmt: skip
    answer = site.admin.ask("POST", HIVES, faulty)
    assert (answer.status, answer.json["code"]) == (422, "record-invalid")
    assert sorted((one["pointer"], one["code"]) for one in answer.json["errors"]) == [
        ("/built", "not_ahead"),
        ("/frames", "above-maximum"),
        ("/grade", "option-not-offered"),
        ("/harvests/0/day", "required"),
        ("/harvests/0/kilos", "below-minimum"),
        ("/illness", "required"),
        ("/name", "too-short"),
        ("/number", "read-only"),
        ("/plants", "no-such-option"),
        ("/queen", "unknown-field"),
        ("/rest", "not-a-duration"),
        ("/tag", "pattern"),
        ("/weight", "not-a-multiple"),
    ]


def test_an_update_keeps_the_keywords_that_guard_a_value(site: Site, hive: dict[str, Any]) -> None:
    place = f"{HIVES}/{hive['id']}"
    answer = site.admin.ask("PATCH", place, {"tag": "H-2", "visits": 3}, headers={"If-Match": f'"{hive["version"]}"'})
    assert {one["pointer"]: one["code"] for one in answer.json["errors"]} == {
        "/tag": "immutable",
        "/visits": "read-only",
    }
    stale = site.admin.ask("PATCH", place, {"note": "x"}, headers={"If-Match": '"99"'})
    assert (stale.status, stale.json["code"]) == (412, "stale-version")
    twice = site.admin.ask("POST", HIVES, {"name": "LINDEN 1", "yard": hive["yard"]})
    assert (twice.status, twice.json["errors"][0]["code"]) == (422, "not-unique")
    damp = site.admin.ask("PATCH", place, {"moisture": "21"})
    assert (damp.status, damp.json["_warnings"][0]["code"]) == (200, "damp")
    again = site.admin.ask("PATCH", place, {"moisture": "17.5"})
    assert (again.status, "_warnings" in again.json) == (200, False)


def test_an_upsert_finds_the_hive_by_its_tag(site: Site, hive: dict[str, Any]) -> None:
    answer = site.admin.ask("PUT", f"{HIVES}/by/tag/H-1", {"words": ["calm", "蜂"]})
    assert (answer.status, answer.json["id"]) == (200, hive["id"])


def test_figures_are_summed_by_group(site: Site, hive: dict[str, Any]) -> None:
    query = {"group": "yard.region,grade", "measure": "count,sum:weight,max:value", "filter": 'tag == "H-1"'}
    answer = site.admin.ask("GET", f"{HIVES}/aggregate", query=query)
    assert answer.json["groups"] == [
        {"key": {"yard.region": "south", "grade": "b"}, "count": 1, "sum:weight": "31.25", "max:value": "480.00"}
    ]


def test_every_row_and_column_can_be_exported(site: Site, hive: dict[str, Any]) -> None:
    answer = site.admin.ask("GET", f"{HIVES}/export", query={"format": "csv", "filter": 'tag == "H-1"'})
    (row,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert set(row) >= set(SENT)
    assert (row["name"], row["weight"], row["built"], row["grade"]) == ("Linden 1", "31.25", "2024-05-01", "b")
    assert "4711" not in answer.text


def test_rules_act_and_keep_their_reasons(site: Site) -> None:
    yard = made(site, "bee.yard", name="North wood", region="north")
    weak = site.admin.ask("POST", HIVES, {"name": "Weak", "frames": 11, "yard": yard}).json
    strong = site.admin.ask("PATCH", f"{HIVES}/{weak['id']}", {"frames": 12}).json
    assert (weak["grade"], strong["grade"], strong["version"]) == (None, "a", weak["version"] + 1)
    decisions = site.admin.ask("GET", f"{HIVES}/{weak['id']}/decisions").json["items"]
    fired = {one["fired"]: one for one in decisions if one["rule"] == "bee.strong"}
    assert "frames is 11" in str(fired[False])
    explained = site.admin.ask("GET", f"/api/v1/decisions/{fired[True]['decision']}").json
    assert "frames" in explained["sentence"]
    told = dealwright(site.home, "explain", fired[False]["decision"], url=site.url)
    assert (told.returncode, "no  frames >= param.strong_from" in told.stdout) == (0, True), told.stdout


def test_an_event_from_outside_wakes_its_rule(site: Site) -> None:
    hive = made(site, "bee.hive", name="Visited")
    for by in ("keeper", "guest", "keeper"):
        event = {"type": "yard.visited", "entity": "bee.hive", "record": hive, "data": {"by": by}}
        assert site.admin.ask("POST", "/api/v1/events", event).status == 202
    assert site.admin.ask("GET", f"{HIVES}/{hive}").json["visits"] == 2


def test_the_season_has_its_gates_and_its_task(site: Site) -> None:
    yard = made(site, "bee.yard", name="Pine wood", region="north")
    hive = made(site, "bee.hive", name="Pine 1", yard=yard)
    held = site.admin.ask("POST", f"{HIVES}/{hive}/move", {"to": "flow"})
    assert (held.status, held.json["code"]) == (409, "gate-unmet")
    assert [one["message"] for one in held.json["errors"]] == ["Weigh it first"]
    moved = site.admin.ask("POST", f"{HIVES}/{hive}/move", {"to": "flow", "data": {"weight": "30"}})
    assert (moved.status, moved.json["stage"]) == (200, "flow")
    tasks = site.admin.ask("GET", "/api/v1/records/base.task").json["items"]
    assert [one["title"] for one in tasks if one["about"]["id"] == hive] == ["Extract honey of Pine 1"]


def test_the_schema_of_its_records_is_plain_json_schema(site: Site, hive: dict[str, Any]) -> None:
    schema = site.admin.ask("GET", "/api/v1/metadata/entity/bee.hive/schema").json
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) >= set(apiary.HIVE["properties"]) - {"hint"}
    validator = Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors({"name": "Linden 9", **SENT})] == []
    assert list(validator.iter_errors({"name": "x", "frames": 25}))


def test_the_description_of_the_interface_names_it(site: Site) -> None:
    described = site.admin.ask("GET", "/api/v1/openapi.json").json
    assert described["openapi"].startswith("3.1")
    assert any("bee.hive" in path for path in described["paths"])
    assert "bee.hive" in str(described["components"]["schemas"].keys())


@pytest.fixture(scope="package")
def browser(site: Site) -> Visitor:
    """The keeper, signed in as a person does."""
    visitor = Visitor(site.address)
    assert visitor.sign_in(apiary.KEEPER, apiary.PASSWORD).status == 200
    return visitor


def test_the_form_asks_for_every_field_the_keeper_may_set_and_takes_a_post(site: Site, browser: Visitor) -> None:
    page = browser.ask("GET", "/records/bee.hive/new")
    assert page.status == 200
    # What a new record cannot have yet is not asked; the script is not for keepers, who only see the value.
    later = {"rollup", "lookup", "autonumber", "file", "image", "signature", "static"}
    asked = [
        one["title"]
        for name, one in apiary.HIVE["properties"].items()
        if one["field"] not in later and name not in ("script", "value")
    ]
    assert [title for title in asked if not re.search(rf">\s*{title}\b", page.text)] == []
    assert "Smoke <strong>before</strong> you open it" in page.text
    assert "Script of the scale" not in page.text
    refused = browser.send("/records/bee.hive/new", {"name": "x", "frames": "99"})
    assert refused.status == 422
    posted = {"name": "Heath 7", "frames": "14", "weight": "20.05", "healthy": "true", "harvests.new0.day": "2026-07-01",
              "harvests.new0.kilos": "2", "harvests.new0.each": "5", "harvests": ""}  # fmt: skip
    taken = browser.send("/records/bee.hive/new", posted)
    assert taken.status == 200, taken.text[:3000]
    found = site.admin.ask("GET", HIVES, query={"filter": 'name == "Heath 7"'}).json["items"]
    assert [(one["frames"], one["grade"], one["weight"], one["income"]) for one in found] == [
        (14, "a", "20.05", "10.00")
    ]


def test_a_record_page_shows_every_field_that_says_something_and_what_rules_decided(
    browser: Visitor, hive: dict[str, Any], site: Site
) -> None:
    page = browser.ask("GET", f"/records/bee.hive/{hive['id']}")
    assert page.status == 200
    # The name is the heading; a healthy hive has no illness to tell of.
    titles = [
        one["title"]
        for name, one in apiary.HIVE["properties"].items()
        if one["field"] != "static" and name not in ("script", "name", "illness")
    ]
    assert [title for title in titles if title not in page.text] == []
    assert "4711" not in page.text
    assert "Script of the scale" not in page.text


def test_its_role_holds_in_the_list_and_on_one_record(site: Site, browser: Visitor) -> None:
    sick = made(site, "bee.hive", name="Sick one", healthy=False, illness="Mites")
    assert browser.ask("GET", f"/records/bee.hive/{sick}").status == 404
    assert "Sick one" not in browser.ask("GET", "/records/bee.hive").text
    token = dealwright(site.home, "user", "token", apiary.KEEPER, url=site.url).stdout.strip()
    keeper = Visitor(site.address, token)
    assert keeper.ask("GET", f"{HIVES}/{sick}").status == 404
    denied = keeper.ask("POST", HIVES, {"name": "Mine", "value": "1"})
    assert [(one["pointer"], one["code"]) for one in denied.json["errors"]] == [("/value", "read-only")]
    unknown = keeper.ask("GET", HIVES, query={"filter": 'script == "1"'})
    assert (unknown.status, unknown.json["code"]) == (400, "unknown-field")


def test_its_chinese_texts_are_on_the_pages(site: Site) -> None:
    visitor = Visitor(site.address, language="zh-CN")
    assert visitor.sign_in(apiary.KEEPER, apiary.PASSWORD).status == 200
    page = visitor.ask("GET", "/records/bee.hive/new").text
    assert [text for text in ("蜂箱", "名称", "含水率") if text not in page] == []

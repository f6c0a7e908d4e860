"""Scores and decision tables in a browser without scripts: written, counted on the records there are, and read back unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import forms
from dealwright.metadata import canonical
from dealwright.packs import drafts, whole
from dealwright.records import Workspace
from dealwright_admin import tables
from designs import begun, drafted, published
from pages import Person, deal, text

if TYPE_CHECKING:
    from dealwright.packs.drafts import Opened

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
#: A score with every scale, in the ways in which a file may write its numbers.
ODD: dict[str, Any] = {
    "kind": "score", "id": "c.odd", "lang": 1, "title": "Odd", "entity": "t.deal", "min_coverage": "0.50", "hysteresis": 5,
    "when": "name != null", "decimals": 0,
    "inputs": [
        {"id": "a", "title": "A", "value": "budget", "weight": "1.50",
         "scale": {"steps": [[0, 10], ["2.5", {"param": "t__patience"}]]}},
        {"id": "b", "title": "B", "value": "least", "weight": {"param": "t__patience"}, "scale": {"linear": {"from": 10, "to": 0}}},
        {"id": "c", "title": "C", "value": "created_at", "weight": 1, "scale": {"recency": {"half_life": "P4W"}}},
        {"id": "d", "title": "D", "value": "created_at", "weight": 1, "scale": {"recency": {"steps": [[0, 100], [90, 0]]}}},
        {"id": "e", "title": "E", "value": "big", "weight": 0},
    ],
    "tiers": [{"id": "A", "title": "A", "from": "70.5", "hue": "green"},
              {"id": "B", "title": "B", "from": {"param": "t__patience"}}],
}  # fmt: skip


def written(workspace: Workspace, draft: str, document: dict[str, Any]) -> Opened:
    with workspace.database.write() as connection:
        found = drafted(connection, draft)
        return drafts.write(connection, found, document["kind"], document["id"], document, by=None)


def document(workspace: Workspace, draft: str, kind: str, identifier: str) -> dict[str, Any]:
    with workspace.database.read() as connection:
        return drafted(connection, draft).document(kind, identifier)


def test_a_score_that_is_opened_and_saved_again_is_equal_to_the_byte(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin)
    assert written(workspace, draft, ODD).examined.problems == ()
    page = admin.get(f"{draft}scores/c.odd/").text
    assert admin.post(f"{draft}scores/c.odd/", forms.sent(page), **PART).status_code == 200
    assert canonical.text(document(workspace, draft, "score", "c.odd")) == canonical.text(ODD)


def test_the_weight_of_a_packs_score_is_changed_and_the_records_move(admin: Person, workspace: Workspace) -> None:
    for name, budget, least in (("Lamp", "0", 10), ("Robot", "10000", 0), ("Crane", "10000", 10)):
        deal(workspace, name=name, budget=budget, least=least)
    draft = begun(admin, "Least counts more")
    here = f"{draft}scores/t.warmth/"
    page = admin.get(here)
    assert "50 % of the weight" in text(page) and "This score belongs to" in text(page)
    before = text(admin.get(f"{here}distribution/"))
    # Budget 2, least 1, big 1, which a rule sets above 1000: Lamp 25, Robot 75, Crane 100.
    assert "0 of 3 records have another score" in before and "Hot" not in before
    assert "hot 2 2" in before and "warm 1 1" in before
    typed = forms.sent(page.text) | {
        "f0.weight": ["0"],
        "f1.weight": ["4"],
        "f0.value": ["least"],
        "f2.scale": ["steps"],
    }
    assert "No problems" in text(admin.post(here, typed, **PART))
    drafted_score = document(workspace, draft, "score", "t.warmth")
    assert [one["weight"] for one in drafted_score["inputs"]] == [0, 4, 1]
    assert drafted_score["inputs"][0]["value"] == "budget" and "scale" not in drafted_score["inputs"][2]
    # Now least 4 of 5 and big 1: Lamp 80, Robot 20, Crane 100.
    after = text(admin.get(f"{here}distribution/"))
    assert "2 of 3 records have another score" in after and "2 another tier" in after
    assert "20–25 0 1" in after and "75–80 1 0" in after and "80–85 0 1" in after
    published(admin, draft)
    with workspace.database.read() as connection:
        pulled = whole.files(connection)["overlay/score.json"]["changes"]
    assert {(one["path"], one["value"]) for one in pulled} == {
        ("score:t.warmth#/inputs/budget/weight", 0), ("score:t.warmth#/inputs/least/weight", 4),
    }  # fmt: skip


def test_a_score_of_ones_own_gets_factors_scales_and_tiers(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin)
    made = str(admin.post(f"{draft}scores/", {"title": "Fit", "chinese": "匹配度", "entity": "t.deal"}).location)
    assert made.endswith("/scores/c.fit/")
    admin.post(made, {**forms.sent(admin.get(made).text), "do": ["add:"]})
    typed = forms.sent(admin.get(made).text) | {"f1.title": ["Budget"], "f1.value": ["budget"], "f1.scale": ["linear"]}
    admin.post(made, typed)
    typed = forms.sent(admin.get(made).text) | {
        "f1.lines": ["from = 100\r\nto = param.t__patience"],
        "f1.weight": ["2.5"],
    }
    typed["t.title"], typed["t.from"] = ["Best", "B", "C"], ["90", "30", "0"]
    admin.post(made, typed)
    found = document(workspace, draft, "score", "c.fit")
    assert found["inputs"][1] == {
        "id": "factor", "title": "Budget", "value": "budget", "weight": "2.5",
        "scale": {"linear": {"from": 100, "to": {"param": "t__patience"}}},
    }  # fmt: skip
    assert found["tiers"][0] == {"id": "A", "title": "Best", "from": 90, "hue": "green"}
    copied = str(admin.post(f"{draft}scores/", {"copy": "t.warmth"}).location)
    assert admin.post(f"{copied}reset/", {}).status_code == 303
    assert "warmth (copy)" not in text(admin.get(f"{draft}scores/")).lower()


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (
            "budget >= 100 ? 'a' : budget >= 10 ? 'b' : 'c'",
            [("budget >= 100", "'a'"), ("budget >= 10", "'b'"), ("", "'c'")],
        ),
        ("least", [("", "least")]),
        ("(budget > 1 ? 2 : 3)", [("", "(budget > 1 ? 2 : 3)")]),
        ("budget > (least > 1 ? 2 : 3) ? 1 : 0", [("budget > (least > 1 ? 2 : 3)", "1"), ("", "0")]),
    ],
)
def test_a_choice_between_values_is_lines_and_lines_are_the_choice(value: str, lines: list[tuple[str, str]]) -> None:
    rule = {"then": [{"do": "set_field", "field": "least", "value": value}]}
    assert tables.branches(rule) == lines
    assert tables.joined(lines) == value


def test_what_decides_a_field_is_a_table_in_which_gaps_are_told(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin, "Sorting")
    common = {"kind": "rule", "lang": 1, "entity": "t.deal", "on": {"record": {"events": ["created", "updated"]}}}
    small = {**common, "id": "c.small", "title": "Small", "if": "budget < 100",
             "then": [{"do": "set_field", "field": "least", "value": 1}]}  # fmt: skip
    large = {**common, "id": "c.large", "title": "Large", "if": "budget >= 200",
             "then": [{"do": "set_field", "field": "least", "value": 2}]}  # fmt: skip
    cases = {**common, "id": "c.cases", "title": "Cases", "then": [
        {"do": "set_field", "field": "name", "value": "budget > 5 ? 'big' : 'small'"}]}  # fmt: skip
    for one in (small, large, cases):
        written(workspace, draft, one)
    assert "Decision tables Deal · Least 2 Deal · Name 2" in text(admin.get(f"{draft}rules/"))
    here = f"{draft}tables/t.deal/least/"
    page = admin.get(here)
    assert "between 100 and 200" in text(page)
    before = {one: canonical.text(document(workspace, draft, "rule", one)) for one in ("c.small", "c.large")}
    admin.post(here, forms.sent(page.text), **PART)
    assert {one: canonical.text(document(workspace, draft, "rule", one)) for one in before} == before
    admin.post(here, forms.sent(page.text) | {"c.large.if": ["budget >= 100"]})
    assert "between 100 and 200" not in text(admin.get(here))
    admin.post(here, {**forms.sent(admin.get(here).text), "do": ["add"]})
    assert document(workspace, draft, "rule", "c.least_line")["if"] == "false"
    there = f"{draft}tables/t.deal/name/"
    admin.post(there, {**forms.sent(admin.get(there).text), "do": ["branch:c.cases"]})
    asked = forms.sent(admin.get(there).text)
    assert asked["c.cases.asked"] == ["budget > 5", "false"]
    admin.post(
        there,
        asked | {"c.cases.asked": ["budget > 5", "budget > 1"], "c.cases.value": ["'big'", "'middle'", "'small'"]},
    )
    made = document(workspace, draft, "rule", "c.cases")["then"][0]["value"]
    assert made == "budget > 5 ? 'big' : budget > 1 ? 'middle' : 'small'"
    assert admin.get(f"{draft}tables/t.deal/nothing/").status_code == 404

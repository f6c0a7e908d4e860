"""An upgrade asks of each change of the admins that it meets, and comes in force with the answers and not before."""

from __future__ import annotations

from typing import Any

import pytest

from dealwright import packs, rules
from dealwright.errors import ConflictError
from dealwright.packs import Wanted, overlay
from dealwright.packs.questions import Answer, Review, read
from dealwright.storage import Database, plans

from .shop import BIG, DAYS, DEAL, DEFAULT, REPORT, TITLE, active, catalog, changed, pack, propose
from .test_acceptance import relabelled

LEGAL = "deadline:shop.report#/days"
RULE = "rule:shop.big#/title"
AMOUNT = "entity:shop.deal#/properties/amount/title"
NAME = {**DEAL["properties"]["name"], "title": "Client"}
AMOUNTS = {**DEAL["properties"]["amount"], "title": "Value"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The matcher in C is tried in a process of its own, which takes a second and touches no database."""
    monkeypatch.setattr(rules, "prove", rules.matcher_status)


def later(**more: Any) -> packs.PackSource:
    """Return the shop's next version: two other titles, other days, a stricter deadline, a rule that is gone."""
    deal = {**DEAL, "properties": {**DEAL["properties"], "name": NAME, "amount": AMOUNTS}}
    return pack(deal, {**DAYS, "default": 5}, {**REPORT, "days": 3}, version="2.0.0", **more)


def asked(database: Database, source: packs.PackSource, answers: dict[str, Answer] | None = None) -> packs.Plan:
    return packs.plan(database, Wanted(packs=[source]), by="u1", review=Review(answers or {}, {"pack": source.id}))


def items(plan: packs.Plan) -> dict[str, dict[str, Any]]:
    assert plan.review is not None
    return {one["path"]: one for one in plan.review["items"]}


def test_an_upgrade_waits_for_an_answer_to_each_change_that_it_meets(shop: Database) -> None:
    changed(shop, (TITLE, "Customer"), (DEFAULT, 10), (LEGAL, 5), (RULE, "Large"), (AMOUNT, "Value"))
    before = active(shop)
    plan = asked(shop, later())
    found = items(plan)
    assert {path: one["action"] for path, one in found.items()} == {
        TITLE: "REVIEW", DEFAULT: "REVIEW", LEGAL: "TIGHTENED", RULE: "PARKED", AMOUNT: "CONVERGED",
    }  # fmt: skip
    first = found[DEFAULT]
    assert (first["saw"], first["theirs"], first["ours"], first["whose"]) == (7, 5, 10, "shop")
    assert [one["path"] for one in found.values() if one["open"]] == [LEGAL, TITLE, DEFAULT, RULE]
    with pytest.raises(ConflictError, match=r"4 questions of .* have no answer yet") as error:
        packs.apply(shop, plan.id)
    assert {one.source for one in error.value.problems} == {LEGAL, TITLE, DEFAULT, RULE}
    assert active(shop) == before
    said = {
        TITLE: Answer("take"), DEFAULT: Answer("keep", "Our cycle is longer"), LEGAL: Answer("take"),
        RULE: Answer("keep"), AMOUNT: Answer("take"),
    }  # fmt: skip
    ready = asked(shop, later(), {found[path]["id"]: one for path, one in said.items()})
    assert not any(one["open"] for one in items(ready).values())
    assert {found[path]["id"]: one for path, one in said.items()} == read(list(items(ready).values()))
    packs.apply(shop, ready.id, ready.fingerprint, by="u1", reason="upgrade")
    now = catalog(shop)
    assert now.entities["shop.deal"].fields["name"].title == "Client"
    assert now.parameters["shop.days"].value == 10
    with shop.read() as connection:
        kept = {one.patch.path: one for one in overlay.listed(connection)}
        stored = plans.get(connection, ready.id)
    assert {path: one.state for path, one in kept.items()} == {DEFAULT: "active", RULE: "parked"}
    assert (kept[DEFAULT].patch.reason, kept[DEFAULT].patch.by) == ("Our cycle is longer", "u1")
    assert stored.body["review"]["origin"] == {"pack": "shop"}
    # What has been answered is not asked again.
    again = later().layer.documents
    assert items(asked(shop, pack(*(one.document for one in again), version="2.0.1"))) == {}


def test_a_change_that_a_pack_calls_mandatory_is_kept_with_a_note_only(shop: Database) -> None:
    changed(shop, (DEFAULT, 10))
    urgent = {"since": "2.0.0", "kind": "mandatory", "path": DEFAULT, "reason": "Order 54, article 16"}
    new = later(moves=(urgent,))
    (one,) = items(asked(shop, new)).values()
    assert (one["why"], one["noted"], one["open"]) == ("Order 54, article 16", True, True)
    silent = asked(shop, new, {one["id"]: Answer("keep")})
    assert silent.risk == "blocked" and items(silent)[DEFAULT]["open"]
    with pytest.raises(ConflictError):
        packs.apply(shop, silent.id)
    noted = asked(shop, new, {one["id"]: Answer("keep", "Our regulator has agreed")})
    assert noted.risk != "blocked"
    packs.apply(shop, noted.id)
    assert catalog(shop).parameters["shop.days"].value == 10


def test_what_fits_no_more_has_to_go_before_an_upgrade_and_says_so_first(shop: Database) -> None:
    rule = {**BIG, "id": "c.north", "if": "dept == 'north'"}
    propose(shop, {"path": "rule:c.north#", "op": "add", "value": rule}, {"path": TITLE, "value": "Customer"})
    packs.apply(shop, packs.plan(shop, Wanted(proposals=True)).id)
    fields = {name: one for name, one in DEAL["properties"].items() if name != "dept"}
    new = pack({**DEAL, "properties": fields}, DAYS, REPORT, version="2.0.0")
    blocked = packs.plan(shop, Wanted(packs=[new]))
    assert blocked.revision is None
    plan = asked(shop, new)
    (one,) = items(plan).values()
    assert (one["action"], one["path"], one["choices"], one["open"]) == ("BLOCKED", "rule:c.north#", ["take"], True)
    assert "dept" in one["why"] and plan.revision is not None
    with pytest.raises(ConflictError, match="no answer yet"):
        packs.apply(shop, plan.id)
    ready = asked(shop, new, {one["id"]: Answer("take")})
    packs.apply(shop, ready.id)
    assert (
        "c.north" not in catalog(shop).rules and catalog(shop).entities["shop.deal"].fields["name"].title == "Customer"
    )


def test_where_two_packs_disagree_the_admins_say_whose_word_stands(shop: Database) -> None:
    packs.install(shop, [relabelled("fmcg", "Channel deal")])
    med = relabelled("med", "Case")
    plan = asked(shop, med)
    (one,) = items(plan).values()
    assert (one["action"], one["path"]) == ("CONFLICT", "entity:shop.deal#/title")
    assert one["theirs"] == {"fmcg": "Channel deal", "med": "Case"} and one["choices"] == ["fmcg", "med"]
    with pytest.raises(ConflictError, match="no answer yet"):
        packs.apply(shop, plan.id)
    packs.apply(shop, asked(shop, med, {one["id"]: Answer("med", "We sell to hospitals")}).id)
    assert catalog(shop).entities["shop.deal"].title == "Case"

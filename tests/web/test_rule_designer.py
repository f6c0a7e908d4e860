"""An administrator reads, writes and tries rules in a browser without scripts, and loses nothing that a file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.datastructures import MultiDict

import forms
from dealwright import packs
from dealwright.metadata import canonical, strict
from dealwright.packs import drafts, whole
from dealwright.records import Workspace
from dealwright.resources import shipped
from dealwright_admin import rule_parts
from designs import begun, drafted, published
from pages import Person, deal, text

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from dealwright.metadata.catalog import Catalog
    from dealwright.packs.drafts import Opened

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
#: One rule that says everything a trigger or an action can say in ways that a page could spoil.
ODD: dict[str, Any] = {
    "kind": "rule", "id": "c.odd", "lang": 1, "title": "Odd", "entity": "t.deal", "description": "Two\nlines",
    "on": {"after": {"field": "created_at", "offset": {"param": "t__patience", "unit": "day"}, "at": "09:00"}},
    "if": "budget > 1.50 &&\n  name != \"a\\\"b\"",
    "then": [
        {"do": "set_field", "field": "big", "value": True},
        {"do": "set_field", "field": "thing", "value": None},
        {"do": "set_field", "field": "budget", "value": {"param": "t__free_up_to"}},
        {"do": "set_field", "field": "least", "value": 7},
        {"do": "create_task", "title": "Look at {name}", "body": "First\n\nSecond", "due": "P1DT4H", "assignee": "owner"},
        {"do": "suggest", "title": "Less", "reason": "{param.t__patience}", "values": {"least": 7, "name": "'x'"}, "due": "P9D"},
    ],
    "once_per": "always", "priority": 12, "mode": "shadow",
}  # fmt: skip


def written(workspace: Workspace, draft: str, document: dict[str, Any]) -> Opened:
    """Write a document into a draft as a file would say it."""
    with workspace.database.write() as connection:
        found = drafted(connection, draft)
        return drafts.write(connection, found, document["kind"], document["id"], document, by=None)


def document(workspace: Workspace, draft: str, rule: str) -> dict[str, Any]:
    with workspace.database.read() as connection:
        return drafted(connection, draft).document("rule", rule)


def test_a_rule_that_is_opened_and_saved_again_is_equal_to_the_byte(admin: Person, workspace: Workspace) -> None:
    draft = begun(admin)
    found = written(workspace, draft, ODD)
    assert found.examined.problems == ()
    page = admin.get(f"{draft}rules/c.odd/").text
    assert admin.post(f"{draft}rules/c.odd/", forms.sent(page), **PART).status_code == 200
    assert canonical.text(document(workspace, draft, "c.odd")) == canonical.text(ODD)


@pytest.mark.parametrize("pack", ["sales_pipeline", "fmcg_channels", "medical_devices_cn", "compliance_core"])
def test_no_shipped_rule_is_changed_by_being_drawn_and_read_back(pack: str, app: Flask, workspace: Workspace) -> None:
    with workspace.database.read() as connection:
        catalog = workspace.catalog(connection)
    with app.test_request_context():
        _drawn_and_read(pack, catalog)


def _drawn_and_read(pack: str, catalog: Catalog) -> None:
    for file in sorted((shipped("rule_packs") / pack / "rules").glob("*.json")):
        rule = strict.read(file)
        form: MultiDict[str, str] = MultiDict({"title": rule["title"], "if": rule.get("if", "").replace("\n", "\r\n")})
        cards = [rule_parts.action_inputs(catalog, rule, i, one) for i, one in enumerate(rule["then"])]
        for one in [*rule_parts.trigger_inputs(catalog, rule), *(each for card in cards for each in card)]:
            _type(form, one)
        form.setlist("card", [str(i) for i in range(len(cards))])
        read = rule_parts.read(form, rule, catalog, own=True)
        assert canonical.text(read) == canonical.text(rule), file.name


def _type(form: MultiDict[str, str], one: Any) -> None:
    """Send an input as it was drawn."""
    match one.kind:
        case "picks":
            form.setlist(one.name, one.value)
            form[f"{one.name}.shown"] = "1"
        case "span":
            form[one.name], form[f"{one.name}.unit"] = one.value
        case "values":
            form[f"{one.name}.shown"] = "1"
            form.setlist(f"{one.name}.name", [name for name, _ in one.value])
            form.setlist(f"{one.name}.value", [value for _, value in one.value])
        case _:
            form[one.name] = one.value


def test_a_rule_is_written_tried_published_sets_off_is_pulled_and_read_from_files(
    admin: Person, workspace: Workspace, tmp_path: Path
) -> None:
    deal(workspace, name="Lamp", budget="50")
    robot = deal(workspace, name="Robot", budget="900000")
    draft = begun(admin, "Big deals")
    new = {"title": "Huge deals", "chinese": "超大商机", "entity": "t.deal", "on": "record", "do": "create_task"}
    rule = str(admin.post(f"{draft}rules/", new).location)
    assert rule.endswith("/rules/c.huge_deals/")
    page = admin.get(rule)
    assert "When a record of “Deal” is made or is changed" in text(
        page
    ) and "Make a task “Have a look at this”" in text(page)
    typed = forms.sent(page.text) | {"if": ["buget > 500000"]}
    assert "did you mean “budget”?" in text(admin.post(rule, typed, **PART))
    typed |= {"if": ["budget > 500000 && name != null"], "on.fields": ["budget"]}
    said = text(admin.post(rule, {**typed, "a0.title": ["Look at {name}"], "a0.due": ["2"]}, **PART))
    assert "No problems" in said and "If Budget is more than 500000 and Name is filled" in said
    assert "and “Budget” has changed" in said and "Make a task “Look at {name}” for Owner, due within 2 days" in said
    # Another action is of the kind that is chosen; what both have in common stays.
    assert admin.post(rule, {"do": "add:1", **forms.sent(admin.get(rule).text)}).status_code == 303
    more = forms.sent(admin.get(rule).text) | {"a1.do": ["notify"]}
    admin.post(rule, more)
    admin.post(rule, forms.sent(admin.get(rule).text) | {"a1.to": ["owner"]})
    assert document(workspace, draft, "c.huge_deals")["then"] == [
        {"do": "create_task", "assignee": "owner", "title": "Look at {name}", "due": "P2D"},
        {"do": "notify", "to": "owner", "title": "Have a look at this"},
    ]
    # What it would do: now, in the past, and on one record.
    tried = text(admin.get(f"{rule}trial/?what=now"))
    assert "Holds for 1 of 2 records" in tried and "Robot" in tried
    past = text(admin.get(f"{rule}trial/?what=past&since=P7D"))
    assert "it would have acted 1 times" in past and "1 newly" in past and "Robot" in past
    one = text(admin.get(f"{rule}trial/?what=one&record={robot.id}"))
    assert "The condition holds for this record now" in one and "budget > 500000" in one
    published(admin, draft, "Nobody overlooks them any more")
    with workspace.database.read() as connection:
        pulled = whole.files(connection)["overlay/rule.json"]["changes"]
    (added,) = [one for one in pulled if one["path"] == "rule:c.huge_deals#"]
    assert added["value"]["on"] == {"record": {"events": ["created", "updated"], "fields": ["budget"]}}
    deal(workspace, name="Crane", budget="700000")
    again = begun(admin, "Again")
    assert "Acted last on" in text(admin.get(f"{again}rules/?q=huge"))
    # And the other way: what is changed in files stands on the page.
    with workspace.database.read() as connection:
        whole.pull(connection, tmp_path / "all")
    file = tmp_path / "all" / "overlay" / "rule.json"
    file.write_text(file.read_text("utf-8").replace("budget > 500000", "budget > 800000"), "utf-8")
    with workspace.database.read() as connection:
        wanted = whole.wanted(connection, tmp_path / "all")
    packs.apply(workspace.database, packs.plan(workspace.database, wanted).id)
    assert "If Budget is more than 800000" in text(admin.get(f"{again}rules/c.huge_deals/"))


def test_a_packs_rule_is_switched_off_and_its_numbers_set_and_a_copy_takes_its_place(
    admin: Person, workspace: Workspace
) -> None:
    draft = begun(admin)
    page = admin.get(f"{draft}rules/t.big/")
    assert "This rule belongs to Fields for tests of the pages" in text(page)
    forged = {
        **forms.sent(page.text),
        "mode": "shadow",
        "if": "true",
        "once_per": "day",
        "card": "0",
        "a0.value": "false",
    }
    admin.post(f"{draft}rules/t.big/", forged)
    changed = document(workspace, draft, "t.big")
    assert (changed["mode"], changed["if"], changed["then"][0]["value"]) == ("shadow", "budget > 1000 && !big", "true")
    assert admin.post(f"{draft}rules/t.big/reset/", {}).status_code == 303
    assert "mode" not in document(workspace, draft, "t.big")
    admin.post(f"{draft}rules/", {"switch": "t.big"})
    assert document(workspace, draft, "t.big")["mode"] == "draft"
    admin.post(f"{draft}rules/", {"switch": "t.big"})
    copied = str(admin.post(f"{draft}rules/", {"copy": "t.big"}).location)
    with workspace.database.read() as connection:
        found = drafted(connection, draft)
        mine = found.document("rule", copied.rstrip("/").rpartition("/")[2])
        assert (mine["derived_from"]["id"], found.document("rule", "t.big")["mode"]) == ("t.big", "draft")
        assert found.examined.problems == ()
    assert admin.post(f"{copied}reset/", {}).status_code == 303
    assert mine["id"] not in text(admin.get(f"{draft}rules/"))

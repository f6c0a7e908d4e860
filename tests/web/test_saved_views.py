"""Lists as somebody likes to look at them: saved views, columns, groups, the visual filter, many records at once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dealwright import access
from dealwright.records import Work, Workspace, fetch
from pages import Person, deal, text, thing


def names(page: str) -> list[str]:
    return re.findall(r'<a class="ttl" href="[^"]+">([^<]+)</a>', page)


def stored(workspace: Workspace, entity: str, identifier: str) -> dict[str, Any]:
    with workspace.database.read() as connection:
        return dict(fetch(Work(workspace, connection, access.operator()), entity, identifier))


def heads(page: str) -> list[str]:
    row = page[page.index("<thead>") : page.index("</thead>")]
    return [re.sub(r"<[^>]+>", "", one).strip() for one in re.findall(r"<th[^>]*>(.*?)</th>", row, re.DOTALL)]


def test_a_view_keeps_what_a_list_shows_and_is_changed_and_removed_by_its_owner(
    admin: Person, clerk: Person, workspace: Workspace
) -> None:
    thing(workspace, name="cheap", amount="5", size="s")
    thing(workspace, name="dear", amount="5000", size="l")
    address = "/records/t.thing?filter=amount+>+100&sort=-amount&columns=amount,size"
    saved = admin.post("/records/t.thing/views", {"title": " Dear  ones ", "address": address, "do": "new"})
    opened = admin.get(saved.location).text
    assert names(opened) == ["dear"] and heads(opened) == ["", "Name", "Amount", "Size"]
    assert '<a href="/records/t.thing?view=' in opened and ">Dear ones</a>" in opened
    identifier = re.search(r"view=([^&]+)", saved.location)
    assert identifier is not None
    # A filter that is cleared stays cleared, and the page knows that it differs from the view.
    cleared = admin.get(f"/records/t.thing?view={identifier[1]}&filter=").text
    assert names(cleared) == ["dear", "cheap"] and "changed" in cleared
    # Nobody else has it until it is for everyone; then others use it and only its owner changes it.
    assert "Dear ones" not in clerk.get("/records/t.thing").text
    shared = {"title": "Dear ones", "address": address, "do": "update", "id": identifier[1], "audience": "everyone"}
    assert admin.post("/records/t.thing/views", shared).status_code == 303
    assert names(clerk.get(f"/records/t.thing?view={identifier[1]}").text) == ["dear"]
    for doing in ("update", "remove"):
        refused = clerk.post("/records/t.thing/views", {**shared, "do": doing})
        assert refused.status_code == 404
    admin.post("/records/t.thing/views", {"do": "remove", "id": identifier[1]})
    assert "Dear ones" not in admin.get("/records/t.thing").text


def test_a_shared_view_over_a_field_that_somebody_may_not_see_tells_him_nothing(
    admin: Person, clerk: Person, workspace: Workspace
) -> None:
    thing(workspace, name="One", hidden_cost="77.77")
    address = "/records/t.thing?filter=hidden_cost+>+1&columns=hidden_cost,amount"
    form = {"title": "Cost", "address": address, "do": "new", "audience": "everyone"}
    location = admin.post("/records/t.thing/views", form).location
    assert names(admin.get(location).text) == ["One"]
    answer = clerk.get(location)
    assert answer.status_code == 422 and "There is no field “hidden_cost” here." in text(answer)
    assert "Hidden cost" not in answer.text


@pytest.mark.parametrize("form", [{"title": ""}, {"title": "x" * 81}])
def test_a_view_without_a_usable_name_is_not_saved(admin: Person, form: dict[str, str]) -> None:
    assert admin.post("/records/t.thing/views", {"do": "new", **form}).status_code == 422


def test_columns_are_chosen_by_boxes_and_what_may_not_be_seen_is_none(clerk: Person, workspace: Workspace) -> None:
    thing(workspace, name="One", hidden_cost="77.77", amount="3")
    page = clerk.get("/records/t.thing?columns=day&columns=hidden_cost&columns=amount&columns=nonsense").text
    assert heads(page)[-2:] == ["Day", "Amount"] and "77.77" not in page and "Hidden cost" not in page


def test_a_list_in_groups_counts_and_sums_each_and_leads_to_all_of_it(admin: Person, workspace: Workspace) -> None:
    for i in range(22):
        thing(workspace, name=f"S{i:02}", size="s", amount="10")
    thing(workspace, name="Large", size="l", amount="1000")
    thing(workspace, name="Neither")
    page = admin.get("/records/t.thing?group=size&filter=name != 'x'").text
    groups = [text_of(one) for one in re.findall(r'<tr class="group">(.*?)</tr>', page, re.DOTALL)]
    assert groups == ["Small 22 ¥220", "Large 1 ¥1K", "Not set 1"]
    more = re.search(r'<tr class="group-more">.*?href="([^"]+)"', page, re.DOTALL)
    assert more is not None
    assert len(names(admin.get(more[1].replace("&amp;", "&")).text)) == 22


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_filter_offers_no_field_that_may_not_be_seen(clerk: Person) -> None:
    answer = clerk.get("/records/t.thing/conditions?source=hidden_cost > 1 %26%26 amount > 2").json
    offered = {one["id"] for one in answer["names"][""]}
    assert {"name", "amount", "size", "owner"} <= offered and "hidden_cost" not in offered
    denied, seen = answer["tree"]["parts"]
    assert denied == {"text": "hidden_cost > 1", "why": "names"} and answer["problem"]
    assert seen == {"field": "amount", "op": ">", "value": "2"}
    # A field that may not be seen answers as one that is not there.
    unknown = clerk.get("/records/t.thing/conditions?source=nothing_cost > 1 %26%26 amount > 2").json
    assert unknown["tree"]["parts"][0]["why"] == "names" and unknown["names"] == answer["names"]
    assert unknown["problem"] == answer["problem"].replace("hidden", "nothing")


def test_many_records_are_set_each_with_its_own_checks_and_those_that_stay_are_named(
    admin: Person, workspace: Workspace
) -> None:
    rich, poor = thing(workspace, name="Rich", amount="5000"), thing(workspace, name="Poor", amount="5")
    ids = {"ids": [rich.id, poor.id], "next": "/records/t.thing?sort=name"}
    asked = admin.post("/records/t.thing/bulk", {"do": "ask", "field": "size", **ids})
    assert asked.status_code == 200 and "Set for 2 records" in text(asked) and 'name="size"' in asked.text
    part = admin.post("/records/t.thing/bulk", {"do": "set", "field": "size", "size": "x", **ids})
    assert part.status_code == 422 and "Changed: 1. As they were: 1. Poor :" in text(part)
    assert (stored(workspace, "t.thing", rich.id)["size"], stored(workspace, "t.thing", poor.id)["size"]) == ("x", None)
    whole = admin.post("/records/t.thing/bulk", {"do": "set", "field": "size", "size": "l", **ids})
    assert whole.location == "/records/t.thing?sort=name&notice=saved"
    helped = admin.post("/records/t.thing/bulk", {"do": "set", "field": "owner", "owner.title": "Carl Neu", **ids})
    assert helped.status_code == 303
    archived = admin.post("/records/t.thing/bulk", {"do": "archive", **ids})
    assert archived.status_code == 303
    assert stored(workspace, "t.thing", poor.id)["archived_at"] is not None


def test_who_may_not_change_records_cannot_change_many(clerk: Person, workspace: Workspace) -> None:
    one = deal(workspace, name="Kept")
    assert clerk.post("/records/t.deal/bulk", {"do": "archive", "ids": one.id}).status_code == 403
    assert (
        clerk.post("/records/t.deal/bulk", {"do": "set", "field": "name", "ids": one.id, "name": "X"}).status_code
        == 403
    )
    two = thing(workspace, name="Two")
    refused = clerk.post(
        "/records/t.thing/bulk", {"do": "set", "field": "hidden_cost", "hidden_cost": "1", "ids": two.id}
    )
    assert refused.status_code == 404
    assert clerk.post("/records/t.thing/bulk", {"do": "set"}).status_code == 400


def test_a_list_is_exported_under_the_rights_of_who_asks(admin: Person, clerk: Person, workspace: Workspace) -> None:
    thing(workspace, name="Lamp", amount="5")
    thing(workspace, name="Chair", amount="500")
    answer = admin.get("/records/t.thing/export?format=csv&filter=amount > 100")
    assert answer.status_code == 200 and "Chair" in answer.text and "Lamp" not in answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    assert clerk.get("/records/t.thing/export?format=csv").status_code == 403

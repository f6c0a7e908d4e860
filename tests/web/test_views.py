"""Forms, records and lists that a view lays out, over HTTP."""

from __future__ import annotations

import re
from typing import Any

from dealwright import access
from dealwright.records import Workspace, save
from pages import Person, text, thing

NEW = "/records/t.plan/new"


def plan(workspace: Workspace, **data: Any) -> str:
    return save(workspace, access.operator(), "t.plan", {"name": "A plan", **data}).id


def opened(page: str) -> str:
    """Which tab of a page is open."""
    found = re.search(r'name="_tab" value="(\w+)" checked', page)
    assert found is not None
    return found[1]


def section(page: str, name: str) -> str:
    """What stands in a section of a form, its own mark included."""
    found = re.search(rf'<(section|details) class="sec"(?: open)? data-section="{name}".*?</\1>', page, re.DOTALL)
    assert found is not None, name
    return found[0]


def fields_of(part: str) -> list[str]:
    return re.findall(r'class="field (\w+)[^"]*" data-field="(\w+)"', part)  # type: ignore[return-value]


def test_a_form_stands_as_its_view_says(admin: Person) -> None:
    page = admin.get(NEW).text
    assert fields_of(section(page, "what")) == [("c8", "name"), ("c4", "budget"), ("c4", "thing")]
    assert fields_of(section(page, "who")) == [("c6", "contact"), ("c6", "remark")]
    assert "Somebody will ask." in section(page, "large")
    assert " hidden>" in section(page, "large").partition("\n")[0]
    assert section(page, "rest").startswith("<details")
    assert 'data-field="owner"' in section(page, "rest")
    # On the page of a record alone; of no section, so behind the others; the first tab is open.
    assert 'data-field="inside"' not in page
    assert page.index('data-field="due"') > page.index('data-section="large"')
    assert opened(page) == "main"


def test_a_refused_save_opens_the_tab_with_the_fault_and_what_the_condition_lets_be_seen(admin: Person) -> None:
    answer = admin.post(NEW, {"name": "Large", "budget": "6000", "_tab": "main"})
    assert answer.status_code == 422
    assert opened(answer.text) == "people"
    assert "needs attention" in text(answer)
    assert " hidden>" not in section(answer.text, "large").partition("\n")[0]
    assert " open" in section(answer.text, "rest").partition(">")[0], "what somebody works on is not folded away"


def test_a_section_may_ask_what_lies_behind_a_reference(admin: Person, workspace: Workspace) -> None:
    active = thing(workspace, name="Active", active=True).id
    answer = admin.post(NEW, {"name": "Small", "thing": active, "_again": "1", "_tab": "people"})
    assert " hidden>" not in section(answer.text, "large").partition("\n")[0]
    assert opened(answer.text) == "people"


def test_the_page_of_a_record_stands_as_its_view_says(admin: Person, workspace: Workspace) -> None:
    small = admin.get(f"/records/t.plan/{plan(workspace, budget='5', why='because', inside='a note')}")
    assert "a note" in text(small)
    assert "because" not in small.text.partition('class="rail"')[0]
    large = admin.get(f"/records/t.plan/{plan(workspace, budget='5000', why='because')}")
    assert "because" in large.text.partition('class="rail"')[0]
    assert opened(large.text) == "main"


def test_what_is_hidden_keeps_its_value(admin: Person, workspace: Workspace) -> None:
    one = plan(workspace, budget="5000", why="because")
    answer = admin.post(f"/records/t.plan/{one}/edit", {"name": "A plan", "budget": "5", "version": "1"})
    assert answer.status_code == 303
    assert "because" in admin.get(f"/records/t.plan/{one}/edit").text


def test_a_view_for_a_role_holds_for_who_has_it_and_shows_nobody_more(clerk: Person, workspace: Workspace) -> None:
    page = clerk.get(NEW).text
    assert re.findall(r'data-field="(\w+)"', page) == ["name", "due"]
    assert "tabset" not in page
    for day in ("2026-12-02", "2026-12-01"):
        plan(workspace, name=f"Until {day}", budget="4444", due=day)
    listed = clerk.get("/records/t.plan").text
    assert re.findall(r'<a class="ttl" href="[^"]+">([^<]+)</a>', listed) == ["Until 2026-12-01", "Until 2026-12-02"]
    assert "4,444" not in listed
    assert "budget" not in listed


def test_a_list_begins_with_the_columns_and_the_order_of_its_view(admin: Person, workspace: Workspace) -> None:
    for name, budget in (("Low", "1"), ("High", "9")):
        plan(workspace, name=name, budget=budget)
    page = admin.get("/records/t.plan").text
    assert re.findall(r'<a class="ttl" href="[^"]+">([^<]+)</a>', page) == ["High", "Low"]
    assert len(re.findall(r'<th scope="col"(?: class="r")?(?: aria-sort="descending")?><a', page)) == 2
    assert 'aria-sort="descending"' in page

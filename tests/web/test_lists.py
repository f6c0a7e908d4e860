from __future__ import annotations

import re

import pytest

from dealwright import access
from dealwright.records import Change, Work, Workspace, save_many
from pages import Person, deal, text, thing


def names(page: str) -> list[str]:
    return re.findall(r'<a class="ttl" href="[^"]+">([^<]+)</a>', page)


def test_an_empty_list_says_what_to_do(admin: Person, clerk: Person) -> None:
    assert "No Deals yet" in text(admin.get("/records/t.deal"))
    assert "/records/t.deal/new" in admin.get("/records/t.deal").text
    assert "/records/t.deal/new" not in clerk.get("/records/t.deal").text


def test_the_newest_record_comes_first_and_a_click_sorts(admin: Person, workspace: Workspace) -> None:
    for name, amount in (("B", "2"), ("A", "10"), ("C", "1")):
        thing(workspace, name=name, amount=amount)
    assert names(admin.get("/records/t.thing").text) == ["C", "A", "B"]
    assert names(admin.get("/records/t.thing?sort=amount").text) == ["C", "B", "A"]
    page = admin.get("/records/t.thing?sort=-amount").text
    assert names(page) == ["A", "B", "C"]
    assert 'aria-sort="descending"' in page
    assert "/records/t.thing?sort=amount" in page


def test_the_search_looks_into_names_and_keeps_what_was_typed(admin: Person, workspace: Workspace) -> None:
    thing(workspace, name="Blue lamp")
    thing(workspace, name="Red lamp")
    page = admin.get("/records/t.thing?q=blue").text
    assert names(page) == ["Blue lamp"]
    assert 'value="blue"' in page
    assert "Nothing matches" in admin.get("/records/t.thing?q=green").text


def test_a_filter_is_a_condition(admin: Person, workspace: Workspace) -> None:
    thing(workspace, name="cheap", amount="5")
    thing(workspace, name="dear", amount="5000")
    assert names(admin.get("/records/t.thing?filter=amount > 100").text) == ["dear"]


@pytest.mark.parametrize(
    ("source", "marked", "said"),
    [
        ("amuont > 100", "amuont", "There is no field “amuont” here. Did you mean “amount”?"),
        ("amount >", "&gt;", ""),
        ('size == "q"', "&#34;q&#34;", ""),
    ],
)
def test_a_wrong_filter_shows_where_it_is_wrong(admin: Person, source: str, marked: str, said: str) -> None:
    answer = admin.client.get("/records/t.thing", query_string={"filter": source})
    assert answer.status_code == 422
    assert f"<mark>{marked}</mark>" in answer.text
    assert said in answer.text


def test_a_filter_over_a_field_that_may_not_be_seen_answers_like_one_over_nothing(clerk: Person) -> None:
    def answer(name: str) -> str:
        page = clerk.client.get("/records/t.thing", query_string={"filter": f"{name} > 1"}).text
        return re.sub(r'name="csrf-token" content="\w+"|value="\w{64}"|data-since="\d+"', "", page).replace(
            name, "NAME"
        )

    assert answer("hidden_cost") == answer("no_such_one")


def test_pages_follow_by_cursor_and_lead_back_to_the_first(admin: Person, workspace: Workspace) -> None:
    for i in range(52):
        thing(workspace, name=f"T{i:02}")
    first = admin.get("/records/t.thing?sort=name").text
    assert len(names(first)) == 50
    assert "52 records" in first
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    second = admin.get(following[1].replace("&amp;", "&")).text
    assert names(second) == ["T50", "T51"]
    assert "First page" in second and 'rel="next"' not in second


def test_htmx_gets_the_rows_alone(admin: Person, workspace: Workspace) -> None:
    deal(workspace)
    part = admin.get("/records/t.deal", **{"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert part.strip().startswith('<section id="rows"')
    assert "<html" not in part


@pytest.mark.parametrize("address", ["/records/t.nothing", "/records/base.currency_rate", "/records/x"])
def test_an_entity_that_is_not_there_and_one_that_may_not_be_seen_answer_alike(clerk: Person, address: str) -> None:
    answer = clerk.get(address)
    assert answer.status_code == 404
    assert "there is no entity" in text(answer)


def test_the_columns_never_show_a_field_that_may_not_be_seen(clerk: Person, workspace: Workspace) -> None:
    thing(workspace, hidden_cost="77.77")
    assert "Hidden cost" not in clerk.get("/records/t.thing").text
    assert "77.77" not in clerk.get("/records/t.thing").text


def test_the_list_is_in_the_language_that_was_chosen(admin: Person, workspace: Workspace) -> None:
    thing(workspace, name="X", size="s")
    admin.post("/language", {"tag": "zh-CN", "next": "/records/t.thing"})
    page = admin.get("/records/t.thing").text
    assert '<html lang="zh-CN"' in page
    assert "物品" in page and "名称" in page and "新建" in page


def test_a_reference_offers_records_whose_name_holds_what_was_typed(admin: Person, workspace: Workspace) -> None:
    blue = thing(workspace, name="Blue lamp")
    thing(workspace, name="Red lamp")
    items = admin.get("/lookup/t.thing/other?q=blue").json["items"]
    assert items == [{"id": blue.id, "title": "Blue lamp"}]
    assert len(admin.get("/lookup/t.thing/other?q=").json["items"]) == 2


def test_a_reference_offers_only_what_its_condition_allows(admin: Person, workspace: Workspace) -> None:
    thing(workspace, name="Few", count=2)
    many = thing(workspace, name="Many", count=9)
    assert [one["id"] for one in admin.get("/lookup/t.deal/thing").json["items"]] == [many.id]


@pytest.mark.parametrize("path", ["name", "no_such", "lines.qty", "lines.no", "hidden_cost"])
def test_what_is_no_reference_field_offers_nothing(clerk: Person, path: str) -> None:
    assert clerk.get(f"/lookup/t.thing/{path}").status_code == 404


def test_a_page_holds_as_many_records_as_was_chosen_and_keeps_the_choice(admin: Person, workspace: Workspace) -> None:
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        save_many(work, "t.thing", [Change({"name": f"Thing {i}"}) for i in range(60)])
    rows = re.compile(r'<tr id="r-')
    assert len(rows.findall(admin.get("/records/t.thing").text)) == 50
    page = admin.get("/records/t.thing?size=25").text
    assert len(rows.findall(page)) == 25
    onward = re.search(r'href="([^"]+)" rel="next"', page)
    assert onward is not None and "size=25" in onward[1]
    assert len(rows.findall(admin.get("/records/t.thing?size=100").text)) == 60
    assert len(rows.findall(admin.get("/records/t.thing?size=1000000").text)) == 50

"""Generated forms over HTTP, as a browser without scripts sends them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask

from dealwright import access
from dealwright.records import Work, Workspace, fetch, page, save
from pages import Person, text, thing, token

#: What somebody types into every input, and what the record holds then.
TYPED: dict[str, tuple[dict[str, Any], Any]] = {
    "email": ({"email": "li@example.com"}, "li@example.com"),
    "phone": ({"phone": "+86 10 1234 5678"}, "+86 10 1234 5678"),
    "url": ({"url": "https://example.com/a"}, "https://example.com/a"),
    "colour": ({"colour": "#1a2b3c"}, "#1a2b3c"),
    "note": ({"note": "one\r\ntwo"}, "one\ntwo"),
    "story": ({"story": "**bold**"}, "**bold**"),
    "source": ({"source": "a\r\n  b"}, "a\n  b"),
    "amount": ({"amount": "1,234.50"}, "1234.50"),
    "amount in full width": ({"amount": "１２３４．５"}, "1234.50"),
    "price": ({"price": "12.5", "price.currency": "EUR"}, {"amount": "12.50", "currency": "EUR"}),
    "no price": ({"price": "", "price.currency": "EUR"}, None),
    "count": ({"count": "12"}, 12),
    "ratio": ({"ratio": "0.125"}, "0.125"),
    "discount": ({"discount": "7.5"}, "7.5"),
    "stars": ({"stars": ["", "4"]}, 4),
    "active": ({"active": ["", "true"]}, True),
    "not active": ({"active": ""}, False),
    "size": ({"size": "l"}, "l"),
    "kinds": ({"kinds": ["", "a", "b"]}, ["a", "b"]),
    "no kinds": ({"kinds": ""}, []),
    "steps": ({"steps": ["", "two"]}, {"two": True}),
    "tags": ({"tags": "red，blue, green"}, ["red", "blue", "green"]),
    "day": ({"day": "2026-11-23"}, "2026-11-23"),
    "moment": ({"moment": "2026-11-23T17:30:00"}, "2026-11-23T09:30:00Z"),
    "clock": ({"clock": "09:30"}, "09:30"),
    "span": ({"span": "P1DT2H"}, "P1DT2H"),
    "any": ({"any.entity": "", "any.id": ""}, None),
    "place": ({"place.country": "", "place.city": "Wuhan", "place.street": "X"}, {"city": "Wuhan", "street": "X"}),
    "raw": ({"raw": '{"a": [1, 2]}'}, {"a": [1, 2]}),
}


def stored(workspace: Workspace, identifier: str) -> dict[str, Any]:
    with workspace.database.read() as connection:
        return dict(fetch(Work(workspace, connection, access.operator()), "t.thing", identifier))


def created(answer: Any) -> str:
    assert answer.status_code == 303, text(answer)
    return str(answer.location).split("/")[-1].partition("?")[0]


@pytest.mark.parametrize("case", TYPED)
def test_what_is_typed_into_an_input_is_what_the_record_holds(admin: Person, workspace: Workspace, case: str) -> None:
    typed, held = TYPED[case]
    field = next(iter(typed)).partition(".")[0]
    made = created(admin.post("/records/t.thing/new", {"name": "X", **typed}))
    found = stored(workspace, made)[field]
    if case == "steps":
        found = {key: done for key, done in found.items() if done}
    assert found == held or (held == [] and found is None)


@pytest.mark.parametrize("case", TYPED)
def test_the_form_shows_a_record_so_that_saving_it_untouched_changes_nothing(
    admin: Person, workspace: Workspace, case: str
) -> None:
    typed, _ = TYPED[case]
    made = created(admin.post("/records/t.thing/new", {"name": "X", **typed}))
    before = stored(workspace, made)
    inputs = posted_by_browser(admin.get(f"/records/t.thing/{made}/edit").text)
    answer = admin.client.post(f"/records/t.thing/{made}/edit", data=inputs)
    assert answer.location == f"/records/t.thing/{made}?notice=unchanged"
    assert stored(workspace, made) == before


def posted_by_browser(page: str) -> dict[str, list[str]]:
    """Return what a browser would send for a form that nobody touched (HTML, 4.10.21.4)."""
    form = page[page.index('<form id="record-form"') :]
    form = re.sub(r"<template>.*?</template>", "", form[: form.index("</form>")], flags=re.DOTALL)
    sent: dict[str, list[str]] = {}

    def attribute(tag: str, name: str) -> str | None:
        found = re.search(rf'\s{name}="([^"]*)"', tag)
        return found[1].replace("&#34;", '"').replace("&amp;", "&").replace("&#39;", "'") if found else None

    for match in re.finditer(
        r"<input[^>]*>|<textarea[^>]*>(.*?)</textarea>|<select[^>]*>(.*?)</select>", form, flags=re.DOTALL
    ):
        tag = match[0][: match[0].index(">") + 1]
        name, kind = attribute(tag, "name"), attribute(tag, "type")
        if name is None or re.search(r"\sdisabled", tag):
            continue
        if match[0].startswith("<input"):
            if kind in ("checkbox", "radio") and " checked" not in tag:
                continue
            sent.setdefault(name, []).append(attribute(tag, "value") or "")
        elif match[0].startswith("<textarea"):
            written = match[1].removeprefix("\n").replace("&#34;", '"').replace("&amp;", "&")
            sent.setdefault(name, []).append(written.replace("\n", "\r\n"))
        else:
            chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', match[2])
            sent.setdefault(name, []).append((chosen[1] or chosen[2]) if chosen else "")
    return sent


def test_every_field_that_may_be_written_has_an_input(admin: Person) -> None:
    page = admin.get("/records/t.thing/new").text
    inputs = posted_by_browser(page)
    for name in ("name", "email", "amount", "price.currency", "kinds", "steps", "lines", "place.city", "spot.lat"):
        assert name in inputs, name
    assert 'data-field="twice"' in page and 'name="twice"' not in page
    assert "Read <strong>this</strong> first" in page


def test_a_refused_form_says_everything_at_once_keeps_what_was_typed_and_jumps_to_it(admin: Person) -> None:
    answer = admin.post(
        "/records/t.thing/new",
        {"name": "", "count": "many", "discount": "20", "reason": "", "email": "no", "note": "kept"},
    )
    assert answer.status_code == 422
    said = text(answer)
    assert "Not saved: 4 places need your attention." in said
    for name in ("name", "count", "email", "reason"):
        assert f'href="#f-{name}"' in answer.text
        assert f'id="f-{name}-error"' in answer.text
    assert 'value="many"' in answer.text
    assert ">\nkept</textarea>" in answer.text


def test_a_fault_inside_a_row_stands_at_its_cell(admin: Person) -> None:
    lines = {"lines": "", "lines.7.item": "Lamp", "lines.7.qty": "2", "lines.n1.item": "Bulb", "lines.n1.qty": "0"}
    answer = admin.post("/records/t.thing/new", {"name": "X", **lines})
    assert answer.status_code == 422
    assert 'id="f-lines-n1-qty-error"' in answer.text
    assert '<a href="#f-lines-n1-qty">Lines 2, Quantity</a>' in answer.text
    assert re.search(r'name="lines.7.item"[^>]* value="Lamp"', answer.text)


def test_rows_are_saved_in_the_order_of_the_page_and_empty_ones_left_out(admin: Person, workspace: Workspace) -> None:
    lines = {"lines": "", "lines.b.item": "Second", "lines.b.qty": "1", "lines.a.item": "Third", "lines.a.qty": "3"}
    empty = {"lines.c.item": "", "lines.c.qty": "", "lines.c.id": ""}
    made = created(admin.post("/records/t.thing/new", {"name": "X", **lines, **empty}))
    rows = stored(workspace, made)["lines"]
    assert [(row["item"], row["qty"]) for row in rows] == [("Second", 1), ("Third", 3)]


def test_a_removed_row_is_gone_and_a_kept_one_keeps_its_id(admin: Person, workspace: Workspace) -> None:
    kept, removed = {"item": "Kept", "qty": 1}, {"item": "Removed", "qty": 1}
    made = thing(workspace, lines=[kept, removed])
    first = stored(workspace, made.id)["lines"][0]["id"]
    data = {"name": "X", "lines": "", "lines.0.id": first, "lines.0.item": "Kept", "lines.0.qty": "5"}
    admin.post(f"/records/t.thing/{made.id}/edit", data)
    assert [(row["id"], row["qty"]) for row in stored(workspace, made.id)["lines"]] == [(first, 5)]


def test_without_a_script_a_line_is_asked_of_the_server_and_nothing_is_saved(
    admin: Person, workspace: Workspace
) -> None:
    answer = admin.post("/records/t.thing/new", {"name": "Draft", "lines": "", "_again": "lines"})
    assert answer.status_code == 200
    assert 'name="lines.new0.item"' in answer.text
    assert 'value="Draft"' in answer.text
    with workspace.database.read() as connection:
        assert page(Work(workspace, connection, access.operator()), "t.thing").items == []


def test_a_hidden_field_is_not_asked_and_a_shown_one_is(admin: Person) -> None:
    small = admin.post("/records/t.thing/new", {"name": "X", "discount": "10", "_again": "1"}).text
    large = admin.post("/records/t.thing/new", {"name": "X", "discount": "20", "_again": "1"}).text
    assert re.search(r'data-field="reason"[^>]*hidden', small)
    assert not re.search(r'data-field="reason"[^>]*hidden', large)
    assert re.search(r'<textarea[^>]*name="reason"[^>]*disabled', small)


def test_a_condition_over_a_reference_is_asked_of_the_server(admin: Person, workspace: Workspace) -> None:
    other = thing(workspace, name="Busy", active=True)
    answer = admin.post("/records/t.thing/new", {"name": "X", "other": other.id, "_again": "1"})
    assert not re.search(r'data-field="far_note"[^>]*hidden', answer.text)
    assert "other" in live(answer.text)["reload"]


def live(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" data-live>(.*?)</script>', page, flags=re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_browser_gets_no_condition_over_a_field_that_may_not_be_seen(admin: Person, clerk: Person) -> None:
    assert "flagged" in live(admin.get("/records/t.thing/new").text)["fields"]
    page = clerk.get("/records/t.thing/new").text
    assert "hidden_cost" not in page and "Hidden cost" not in page
    assert "flagged" not in live(page)["fields"]
    assert "reason" in live(page)["fields"]


def test_a_field_that_may_only_be_seen_has_no_input(clerk: Person, workspace: Workspace) -> None:
    made = thing(workspace, phone="+86 10 1111 2222")
    page = clerk.get(f"/records/t.thing/{made.id}/edit").text
    assert "+86 10 1111 2222" in page and 'name="phone"' not in page
    clerk.post(f"/records/t.thing/{made.id}/edit", {"name": "X", "phone": "+86 10 9999 9999", "hidden_cost": "1"})
    assert stored(workspace, made.id)["phone"] == "+86 10 1111 2222"
    assert stored(workspace, made.id)["hidden_cost"] is None


def test_a_secret_is_never_sent_to_the_page_and_an_empty_input_keeps_it(admin: Person, workspace: Workspace) -> None:
    made = thing(workspace, password="hunter2")
    page = admin.get(f"/records/t.thing/{made.id}/edit").text
    assert "hunter2" not in page and 'type="password"' in page
    admin.post(f"/records/t.thing/{made.id}/edit", {"name": "Y", "password": ""})
    assert stored(workspace, made.id)["password"] == {"set": True}


def test_a_reference_typed_by_name_is_found_without_a_script(admin: Person, workspace: Workspace) -> None:
    other = thing(workspace, name="Blue lamp")
    made = created(admin.post("/records/t.thing/new", {"name": "X", "other": "", "other.title": "Blue lamp"}))
    assert stored(workspace, made)["other"] == other.id
    answer = admin.post("/records/t.thing/new", {"name": "X", "other": "", "other.title": "Blu"})
    assert answer.status_code == 422
    assert "There is no record called “Blu”" in text(answer)
    assert 'value="Blu"' in answer.text


def test_a_record_that_somebody_else_saved_meanwhile_shows_both_and_loses_nothing(
    admin: Person, workspace: Workspace
) -> None:
    made = thing(workspace, name="Old", note="old")
    save(workspace, access.operator(), "t.thing", {"name": "Theirs"}, id=made.id)
    data = {"name": "Mine", "note": "mine too", "version": "1"}
    answer = admin.post(f"/records/t.thing/{made.id}/edit", data)
    assert answer.status_code == 412
    said = text(answer)
    assert "Somebody else has saved this record meanwhile" in said
    assert "Name Mine Theirs" in said
    assert 'name="version" value="2"' in answer.text
    assert stored(workspace, made.id)["name"] == "Theirs"
    again = admin.post(f"/records/t.thing/{made.id}/edit", {**data, "version": "2"})
    assert again.status_code == 303
    assert stored(workspace, made.id)["name"] == "Mine"


def test_a_merge_asks_only_where_both_changed_something_and_takes_over_the_rest(
    admin: Person, workspace: Workspace
) -> None:
    made = thing(workspace, name="Old", note="old", amount="10.50", tags=["red"])
    save(workspace, access.operator(), "t.thing", {"name": "Theirs", "amount": "99", "tags": ["blue"]}, id=made.id)
    # The name differs on both sides; the amount is as it was shown, the tags are theirs already; the note is mine alone.
    data = {"name": "Mine", "note": "mine", "amount": "10.5", "tags": "blue", "version": "1"}
    answer = admin.post(f"/records/t.thing/{made.id}/edit", data)
    assert answer.status_code == 412
    said = text(answer)
    assert "Taken over, as you had not touched it: Amount." in said and "Name Mine Theirs" in said
    assert answer.text.count('value="theirs"') == 1 and 'name="_keep.name"' in answer.text
    # What is posted then is the merged form: theirs in the amount, and the choice for the name.
    merged = {"name": "Mine", "note": "mine", "amount": "99.00", "tags": "blue", "version": "2", "_keep.name": "theirs"}
    assert admin.post(f"/records/t.thing/{made.id}/edit", merged).status_code == 303
    now = stored(workspace, made.id)
    assert (now["name"], now["note"], now["amount"], now["tags"]) == ("Theirs", "mine", "99.00", ["blue"])


def test_a_form_whose_session_has_run_out_leads_back_to_itself(app: Flask, workspace: Workspace) -> None:
    made = thing(workspace)
    stranger = Person(app)
    answer = stranger.post(f"/records/t.thing/{made.id}/edit", {"name": "Typed"}, **{"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/sign-in?next=/records/t.thing/{made.id}/edit"


def test_htmx_gets_the_form_alone_and_is_led_on_by_a_header(admin: Person) -> None:
    refused = admin.post("/records/t.thing/new", {"name": ""}, **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert refused.status_code == 422
    assert refused.text.strip().startswith('<form id="record-form"')
    saved = admin.post("/records/t.thing/new", {"name": "X"}, **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert saved.status_code == 204
    assert saved.headers["HX-Redirect"].startswith("/records/t.thing/")


def test_a_check_of_the_entity_stands_at_its_field(admin: Person) -> None:
    answer = admin.post("/records/t.thing/new", {"name": "evil"})
    assert "Evil is no name; choose another" in text(answer)
    assert 'id="f-name-error"' in answer.text


def test_faults_are_told_in_the_language_of_the_page(admin: Person) -> None:
    admin.post("/language", {"tag": "zh-CN"})
    answer = admin.post("/records/t.thing/new", {"name": "", "discount": "200"})
    assert "未保存：有 2 处需要处理。" in text(answer)
    assert "此处必填，请填写。" in text(answer)


@pytest.mark.parametrize(
    "evil",
    [
        '"><script>alert(1)</script>',
        "<img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "{{7919*7919}}",
        "</textarea>",
    ],
)
def test_what_is_typed_stays_text(admin: Person, evil: str) -> None:
    made = created(
        admin.post("/records/t.thing/new", {"name": evil[:40], "note": evil, "story": f"[x]({evil})", "source": evil})
    )
    for address in (f"/records/t.thing/{made}", f"/records/t.thing/{made}/edit", "/records/t.thing"):
        page = admin.get(address).text
        assert "<script>alert" not in page and "<img src" not in page and 'href="javascript' not in page
        assert "62710561" not in page


def test_a_post_that_is_no_form_of_ours_is_a_plain_refusal(admin: Person) -> None:
    weird = {
        "lines.0.qty": "1",
        "lines.__line__.qty": "2",
        "id": "x",
        "created_at": "x",
        "owner": "nobody",
        "name": "X",
    }
    answer = admin.post("/records/t.thing/new", weird)
    assert answer.status_code == 422
    assert token(answer)


def test_a_field_that_is_fixed_now_shows_its_value_and_has_no_input(admin: Person, workspace: Workspace) -> None:
    made = thing(workspace, fixed="first")
    page = admin.get(f"/records/t.thing/{made.id}/edit").text
    assert 'data-field="fixed"' in page and 'name="fixed"' not in page
    assert 'name="fixed"' in admin.get("/records/t.thing/new").text

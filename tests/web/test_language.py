from __future__ import annotations

import pytest
from flask import Flask, g

from dealwright.web import i18n
from pages import Person


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-SG", "zh-CN"),
        ("zh-Hans-CN", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("de-DE,fr;q=0.5", "en"),
        ("en-GB", "en"),
        ("xx-invalid-☃", "en"),
        ("", "en"),
    ],
)
def test_the_browser_is_answered_in_its_language_where_there_is_one(app: Flask, asked: str, answered: str) -> None:
    with app.test_request_context(headers={"Accept-Language": asked}):
        assert i18n.tag() == answered


def test_the_choice_in_the_cookie_comes_before_the_browser(admin: Person) -> None:
    admin.post("/language", {"tag": "zh-CN", "next": "/records/t.thing"})
    assert '<html lang="zh-CN"' in admin.get("/records/t.thing", **{"Accept-Language": "en"}).text
    admin.post("/language", {"tag": "en"})
    assert '<html lang="en"' in admin.get("/records/t.thing", **{"Accept-Language": "zh-CN"}).text


@pytest.mark.parametrize("tag", ["zh-TW", "../../etc", "", "xx", "zh_Hans_CN"])
def test_a_language_that_is_not_there_is_not_remembered(admin: Person, tag: str) -> None:
    assert "dw_locale" not in str(admin.post("/language", {"tag": tag}).headers)


def test_a_cookie_that_was_tampered_with_is_passed_over(admin: Person) -> None:
    admin.client.set_cookie("dw_locale", "xx_not")
    assert admin.get("/records/t.thing").status_code == 200


def test_the_switch_leads_back_to_the_page_and_nowhere_else(admin: Person) -> None:
    assert admin.post("/language", {"tag": "en", "next": "/records/t.deal?q=x"}).location == "/records/t.deal?q=x"
    assert admin.post("/language", {"tag": "en", "next": "//evil.example"}).location == "/"


def test_moments_are_typed_and_shown_in_the_workspaces_zone(app: Flask) -> None:
    from dealwright.web.posted import moment

    with app.test_request_context():
        g.user = None
        with app.extensions["dealwright"].database.read() as connection:
            g.catalog = app.extensions["dealwright"].catalog(connection)
        assert i18n.zone().key == "Asia/Shanghai"
        assert moment("2026-11-23T09:30") == "2026-11-23T01:30:00.000Z"
        assert moment("tomorrow") == "tomorrow"

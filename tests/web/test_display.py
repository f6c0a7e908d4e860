"""What a person reads for a value, in both languages. The values are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dealwright import packs
from dealwright.web import display, factors
from dealwright.web.display import Display, Reader
from pages import PACK

if TYPE_CHECKING:
    from flask import Flask

    from dealwright.metadata.catalog import Catalog


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return packs.catalog([packs.read(PACK)], {"zone": "Asia/Shanghai", "locale": "en", "currency": "CNY"})


def shown(app: Flask, catalog: Catalog, name: str, value: Any, language: str = "en", *, short: bool = False) -> Display:
    with app.test_request_context(headers={"Accept-Language": language}):
        from flask import g

        g.catalog, g.user = catalog, None
        entity = catalog.entity("t.thing")
        field = entity.field(name)
        assert field is not None
        return display.display(Reader(catalog, entity, {}, short=short), field, value)


@pytest.mark.parametrize(
    ("name", "value", "english", "chinese"),
    [
        ("amount", "1234.50", "¥1,234.50", "¥1,234.50"),
        ("price", {"amount": "5.00", "currency": "EUR"}, "€5.00", "€5.00"),
        ("discount", "7.50", "7.5 %", "7.5 %"),
        ("discount", "100", "100 %", "100 %"),
        ("count", 12345, "12,345", "12,345"),
        ("ratio", "0.125", "0.125", "0.125"),
        ("day", "2026-11-23", "Nov 23, 2026", "2026年11月23日"),
        ("moment", "2026-11-23T17:30:00Z", "Nov 24, 2026 01:30", "2026年11月24日 01:30"),
        ("stars", 4, "4/5", "4/5"),
        ("span", "P1DT2H", "P1DT2H", "P1DT2H"),
        ("twice", "2469.00", "¥2,469.00", "¥2,469.00"),
        ("followers", 3, "3", "3"),
        ("spot", {"lat": "30.5", "lon": "114.3"}, "30.5, 114.3", "30.5, 114.3"),
        ("place", {"city": "Wuhan", "street": "Main 1"}, "Main 1, Wuhan", "Wuhan, Main 1"),
    ],
)
def test_a_value_is_written_in_the_language_of_the_page(
    app: Flask, catalog: Catalog, name: str, value: Any, english: str, chinese: str
) -> None:
    def plain(text: str) -> str:
        return text.replace("\xa0", " ").replace("\u202f", " ")

    assert plain(shown(app, catalog, name, value).text) == english
    assert plain(shown(app, catalog, name, value, "zh-CN").text) == chinese


def test_an_input_of_a_score_over_a_reference_reads_as_the_field_where_its_path_ends(
    app: Flask, catalog: Catalog
) -> None:
    size = next(iter(catalog.entity("t.thing").fields["size"].spec["options"]))
    with app.test_request_context(headers={"Accept-Language": "en"}):
        from flask import g

        g.catalog, g.user = catalog, None
        reader = Reader(catalog, catalog.entity("t.deal"), {})
        assert factors.fact(reader, "thing.size", size["id"]).items[0].text == size["title"]
        assert factors.fact(reader, "thing.count", 12345).text == "12,345"
        assert factors.fact(reader, "thing.nothing", "x").text == "x"
        assert factors.fact(reader, "name == null", True).text


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_an_empty_value_is_empty_whatever_its_type(app: Flask, catalog: Catalog, value: Any) -> None:
    for name in catalog.entity("t.thing").fields:
        if name not in ("hint", "active"):
            assert shown(app, catalog, name, value).kind == "empty"


def test_options_bring_their_label_and_their_hue(app: Flask, catalog: Catalog) -> None:
    item = shown(app, catalog, "size", "s").items[0]
    assert (item.text, item.hue) == ("Small", "blue")
    assert shown(app, catalog, "size", "s", "zh-CN").items[0].text == "小"
    assert shown(app, catalog, "size", "gone").items[0].text == "gone"


@pytest.mark.parametrize(
    ("address", "led_to"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTP://example.com", "HTTP://example.com"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        (" https://example.com", None),
        ("//example.com", None),
    ],
)
def test_only_web_addresses_become_links(app: Flask, catalog: Catalog, address: str, led_to: str | None) -> None:
    assert shown(app, catalog, "url", address).items[0].href == led_to


@pytest.mark.parametrize(
    ("source", "kept", "gone"),
    [
        ("**bold** and *it*", "<strong>bold</strong> and <em>it</em>", ""),
        ("[x](https://example.com)", 'href="https://example.com"', ""),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))", "href"),
        ("<script>alert(1)</script>", "&lt;script&gt;", "<script>"),
        ("<img src=x onerror=alert(1)>", "&lt;img", "<img"),
        ("![x](https://evil.example/p.png)", "", "<img"),
        ("<a href='https://x' onclick='y'>z</a>", "&lt;a", "<a"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>", ""),
        ('<svg><style onload="x">', "", "<svg"),
    ],
)
def test_markdown_becomes_html_that_can_do_nothing(source: str, kept: str, gone: str) -> None:
    html = str(display.markdown(source))
    assert kept in html
    assert not gone or gone not in html


def test_a_colour_is_drawn_only_if_it_is_one(app: Flask, catalog: Catalog) -> None:
    assert shown(app, catalog, "colour", "#1a2b3c").kind == "colour"
    assert shown(app, catalog, "colour", 'red" onload="x').kind == "text"


def test_a_secret_shows_that_there_is_one_and_nothing_of_it(app: Flask, catalog: Catalog) -> None:
    assert shown(app, catalog, "password", {"set": True}).text == "••••••"


def test_long_text_is_cut_in_a_list_only(app: Flask, catalog: Catalog) -> None:
    long = "word " * 100
    assert len(shown(app, catalog, "note", long, short=True).text) == display.CELL
    assert shown(app, catalog, "note", long).text == long

"""Hostile names: each place of a request that becomes an identifier or a keyword, with each payload."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from dealwright.metadata.names import is_id
from security.payloads import MARK, PAYLOADS
from security.traces import traces
from sent import statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from security.site import Site

_D = "/api/v1/records/t.deal"
#: What may answer a hostile name; never 5xx, never 200.
REFUSALS = {400, 404, 409, 413, 415, 422}


def _in_query(address: str) -> Callable[[Site, str], Any]:
    return lambda site, text: site.ask("root", "GET", address + quote(text, safe=""))


def _in_body(method: str, address: str, body: Callable[[Site, str], Any]) -> Callable[[Site, str], Any]:
    return lambda site, text: site.ask("root", method, address.format(**site.names), body(site, text))


#: Every place, by name.
PLACES: dict[str, Callable[[Site, str], Any]] = {
    "sort": _in_query(f"{_D}?sort="),
    "second sort": _in_query(f"{_D}?sort=name,"),
    "fields": _in_query(f"{_D}?fields="),
    "path in fields": _in_query(f"{_D}?fields=account."),
    "cursor": _in_query(f"{_D}?cursor="),
    "filter": _in_query(f"{_D}?filter="),
    "name in filter": lambda site, text: site.ask("root", "GET", f"{_D}?filter=" + quote(text + " == 1", safe="")),
    "function in filter": lambda site, text: site.ask("root", "GET", f"{_D}?filter=" + quote(text + "(name)", safe="")),
    "unit in filter": lambda site, text: site.ask(
        "root", "GET", f"{_D}?filter=" + quote(f"closes_on > today() + {text}(1)", safe="")
    ),
    "duration in filter": lambda site, text: site.ask(
        "root", "GET", f"{_D}?filter=" + quote(f"now() - created_at > duration({json.dumps(text)})", safe="")
    ),
    "group": _in_query(f"{_D}/aggregate?group="),
    "measure": _in_query(f"{_D}/aggregate?measure="),
    "measured field": _in_query(f"{_D}/aggregate?measure=sum:"),
    "format": _in_query(f"{_D}/export?format="),
    "page_size": _in_query(f"{_D}?page_size="),
    "count": _in_query(f"{_D}?count="),
    "parameter": lambda site, text: site.ask("root", "GET", f"{_D}?{quote(text, safe='')}=1"),
    "entity": _in_query("/api/v1/records/"),
    "entity of a page": _in_query("/records/"),
    "record": _in_query(f"{_D}/"),
    "kind": _in_query("/api/v1/metadata/"),
    "document": _in_query("/api/v1/metadata/entity/"),
    "lookup": _in_query("/lookup/t.deal/"),
    "upsert field": lambda site, text: site.ask("root", "PUT", f"{_D}/by/{quote(text, safe='')}/v", {"name": "x"}),
    "field of a record": _in_body("POST", _D, lambda site, text: {"name": "x", text: "y"}),
    "field of a change": _in_body("PATCH", f"{_D}/{{deal}}", lambda site, text: {text: "y"}),
    "field of rows": _in_body(
        "POST", _D, lambda site, text: {"name": "x", "lines": [{"what": "w", "qty": 1, text: 1}]}
    ),
    "option": _in_body("POST", _D, lambda site, text: {"name": "x", "tier": text}),
    "stage": _in_body("POST", f"{_D}/{{deal}}/move", lambda site, text: {"to": text}),
    "reference": _in_body("POST", _D, lambda site, text: {"name": "x", "account": text}),
    "type of an event": _in_body(
        "POST", "/api/v1/events", lambda site, text: {"type": text, "entity": "t.deal", "record": site.names["deal"]}
    ),
    "entity of an event": _in_body(
        "POST", "/api/v1/events", lambda site, text: {"type": "a.b", "entity": text, "record": site.names["deal"]}
    ),
    "kind of a condition": _in_body(
        "POST", "/api/v1/conditions/check", lambda site, text: {"entity": "t.deal", "kind": text, "source": "win > 1"}
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_hostile_name_is_refused_and_never_becomes_part_of_a_statement(shared_site, place):
    site, ask = shared_site, PLACES[place]
    before = traces(site.workspace.database)
    taken = []
    with statements() as told:
        for text in PAYLOADS:
            if place == "type of an event" and is_id(text):
                continue  # two plain words with a dot between are a type, whatever they look like
            response = ask(site, text)
            if response.status_code not in REFUSALS:
                taken.append((text[:60], response.status, response.text[:200]))
            elif response.mimetype == "application/problem+json":
                assert response.json["code"], text
                assert len(response.text) < 20_000
    assert taken == []
    assert [one for one in told if MARK in one] == []
    assert traces(site.workspace.database) == before


def test_a_value_with_a_hostile_text_is_kept_as_it_is(shared_site):
    """The positive control: as values the same texts are taken, bound, and come back letter by letter."""
    site = shared_site
    with statements() as told:
        for text in PAYLOADS:
            if any(ord(c) < 32 for c in text) or len(text) > 80 or text != text.strip():
                continue
            response = site.ask("root", "POST", _D, {"name": text})
            assert response.status_code == 201, (text, response.text)
            assert response.json["name"] == text
            address = f"{_D}?fields=name&filter=" + quote(f"name == {json.dumps(text, ensure_ascii=False)}", safe="")
            assert [one["name"] for one in site.ask("root", "GET", address).json["items"]] == [text]
    assert [one for one in told if MARK in one] == []


def test_a_name_put_into_a_statement_is_found(shared_site):
    """The positive control of the log: text made of data is seen in it."""
    with statements() as told, shared_site.workspace.database.read() as connection:
        connection.exec_driver_sql(f"SELECT '{MARK}'")
    assert [one for one in told if MARK in one] != []

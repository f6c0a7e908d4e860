"""Pages are read by key: nothing twice, nothing lost, in one order on both databases."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealwright import conditions
from dealwright.conditions import sql
from dealwright.errors import QueryError, UnknownFieldError
from dealwright.storage import queries, records, tables
from dealwright.storage.records import Change

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DEAL = "sales.deal"


def pages(database, catalog, sort, *, size, where=(), between=None, **options):
    """Return the rows of all pages in order; ``between`` is called after each."""
    found, cursor = [], None
    while True:
        with database.read() as connection:
            page = queries.page(
                connection, catalog, DEAL, where=where, sort=sort, size=size, cursor=cursor, env={}, **options
            )
        found += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return found
        if between is not None:
            between()


def write(database, catalog, rows):
    whole = [{"version": 1, "created_at": NOON, "updated_at": NOON, **row} for row in rows]
    with database.write() as connection:
        records.insert(connection, catalog, DEAL, whole)


def in_order(rows, sort):
    """Sort in Python: empty is smaller than everything; the id goes the way of the last key."""
    result = sorted(rows, key=lambda row: row["id"], reverse=bool(sort) and sort[-1][1])
    for name, descending in reversed(sort):
        result.sort(key=lambda row: (row.get(name) is not None, row.get(name) or 0), reverse=descending)
    return result


values = {
    "amount": st.none() | st.sampled_from([Decimal("-1.5"), Decimal("0.0001"), Decimal(2), Decimal(10)]),
    "count": st.none() | st.integers(-2, 2),
    "close": st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 4)),
    "seen_at": st.none() | st.sampled_from([NOON, NOON + timedelta(milliseconds=1), NOON - timedelta(days=400)]),
    "effort": st.none() | st.sampled_from([timedelta(hours=1), timedelta(days=2)]),
    "won": st.booleans(),
}
rows_of = st.lists(st.fixed_dictionaries(values), min_size=0, max_size=14)
sorts = st.lists(st.tuples(st.sampled_from(sorted(values)), st.booleans()), max_size=3, unique_by=lambda key: key[0])
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True
)


def emptied(database, catalog):
    with database.write() as connection:
        connection.execute(sa.delete(tables.of(catalog).tables["sales__deal"]))


@quick
@given(rows=rows_of, sort=sorts, size=st.integers(1, 5))
def test_pages_together_are_the_whole_list_in_order(crm, catalog, rows, sort, size):
    emptied(crm, catalog)
    rows = [{"id": f"d{n:02d}", **row} for n, row in enumerate(rows)]
    write(crm, catalog, rows)
    found = pages(crm, catalog, sort, size=size)
    assert [row["id"] for row in found] == [row["id"] for row in in_order(rows, sort)]


@quick
@given(rows=rows_of, sort=sorts, size=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_records_that_come_and_go_between_pages_disturb_no_other(crm, catalog, rows, sort, size, seed):
    emptied(crm, catalog)
    rows = [{"id": f"d{n:02d}", **row} for n, row in enumerate(rows)]
    write(crm, catalog, rows)
    chance, gone, added = random.Random(seed), set(), []

    def come_and_go():
        template = chance.choice(rows)
        added.append({**template, "id": f"n{len(added):02d}"})
        write(crm, catalog, added[-1:])
        victim = chance.choice(rows)["id"]
        gone.add(victim)
        with crm.write() as connection:
            connection.execute(sa.delete(tables.of(catalog).tables["sales__deal"]).where(sa.column("id") == victim))

    seen = [row["id"] for row in pages(crm, catalog, sort, size=size, between=come_and_go)]
    assert len(seen) == len(set(seen))
    assert {row["id"] for row in rows} - gone <= set(seen)
    throughout = [row["id"] for row in in_order(rows, sort) if row["id"] not in gone]
    assert [one for one in seen if one in set(throughout)] == throughout


def test_a_page_can_be_sorted_by_a_path_and_by_a_rollup(crm, catalog, put):
    south, north = put("sales.account", name="South"), put("sales.account", name="North")
    for n, account in enumerate([south, north, None, south, north]):
        put(DEAL, name=str(n), account=account)
    found = pages(crm, catalog, [("account.name", True), ("name", False)], size=2)
    assert [row["name"] for row in found] == ["0", "3", "1", "4", "2"]


def test_a_page_reads_the_fields_asked_for_and_no_others(crm, catalog, put):
    put(DEAL, name="x", price=Decimal(2), price__currency="EUR", lines=[{"id": "l", "sku": "A"}])
    (row,) = pages(crm, catalog, [], size=5, fields={"price", "lines"})
    assert row == {
        "id": "deal-0001",
        "version": 1,
        "price": Decimal("2.0000"),
        "price__currency": "EUR",
        "lines": [{"id": "l", "sku": "A", "qty": None, "price": None}],
    }


def test_criteria_and_archived_records_are_left_out(crm, catalog, put):
    put(DEAL, name="a", amount=Decimal(5))
    put(DEAL, name="b", amount=Decimal(15))
    put(DEAL, name="c", amount=Decimal(25), archived_at=NOON)
    condition = conditions.of(catalog, DEAL, "amount > 10", "filter")
    metadata = tables.of(catalog)
    where = [sql.criteria(condition, metadata, metadata.tables["sales__deal"], catalog, {})]
    assert [row["name"] for row in pages(crm, catalog, [], size=5, where=where)] == ["b"]
    assert [row["name"] for row in pages(crm, catalog, [], size=5, where=where, archived=True)] == ["b", "c"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("größe", ["Größe 1"]), ("100%", ["100% sure"]), ("_", ["a_b"]), ("\0x", ["Maxx"]), ("", None), ("中", ["中文"])],
)
def test_the_display_field_is_searched_for_the_text_as_it_stands(crm, catalog, put, text, found):
    names = ["Größe 1", "100% sure", "a_b", "Maxx", "中文", "acb"]
    for name in names:
        put(DEAL, name=name)
    rows = pages(crm, catalog, [("name", False)], size=50, search=text)
    assert [row["name"] for row in rows] == (sorted(names) if found is None else found)


def test_counts_are_exact_up_to_a_limit_and_beyond_if_asked(crm, catalog, monkeypatch):
    write(crm, catalog, [{"id": f"d{n:03d}"} for n in range(30)])

    def count(**options):
        with crm.read() as connection:
            page = queries.page(connection, catalog, DEAL, where=(), sort=[], env={}, size=10, **options)
        return page.count, page.count_is_exact

    assert count() == (None, True)
    assert count(count=True) == (30, True)
    monkeypatch.setattr(queries, "COUNTED", 29)
    assert count(count=True) == (29, False)
    assert count(count="exact") == (30, True)


def forged(cursor, change):
    parts = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    return base64.urlsafe_b64encode(json.dumps(change(parts)).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda parts: parts[:-1], id="a key is missing"),
        pytest.param(lambda parts: ["000000000000", *parts[1:]], id="of another sort"),
        pytest.param(lambda parts: [parts[0], "NaN", *parts[2:]], id="no number"),
        pytest.param(lambda parts: [parts[0], "1e400", *parts[2:]], id="too large a number"),
        pytest.param(lambda parts: [parts[0], 5, *parts[2:]], id="a number as a number"),
        pytest.param(lambda parts: [parts[0], parts[1], True, parts[3]], id="a boolean for an integer"),
        pytest.param(lambda parts: [parts[0], parts[1], 2**63, parts[3]], id="too large an integer"),
        pytest.param(lambda parts: [*parts[:3], "a\0b"], id="a NUL"),
        pytest.param(lambda parts: [*parts[:3], "\ud800"], id="a lone surrogate"),
        pytest.param(lambda parts: {"a": 1}, id="an object"),
        pytest.param(lambda parts: [parts[0], ["x"], {}, []], id="lists for values"),
    ],
)
def test_a_forged_cursor_is_refused_and_never_reaches_the_database(crm, catalog, put, change):
    for n in range(3):
        put(DEAL, name=str(n), amount=Decimal(n), count=n)
    sort = [("amount", False), ("count", False)]
    with crm.read() as connection:
        cursor = queries.page(connection, catalog, DEAL, where=(), sort=sort, env={}, size=1).next_cursor
        with pytest.raises(QueryError):
            queries.page(connection, catalog, DEAL, where=(), sort=sort, env={}, size=1, cursor=forged(cursor, change))


@pytest.mark.parametrize("cursor", ["", "!!", "bm8", "é", "A" * 30_000, "W1tbW1tb" * 200])
def test_rubbish_is_no_cursor(crm, catalog, cursor):
    with crm.read() as connection, pytest.raises(QueryError):
        queries.page(connection, catalog, DEAL, where=(), sort=[], env={}, cursor=cursor)


@pytest.mark.parametrize("path", ["nothing", "lines", "contacts", "account.nothing", "nothing.name", "name.x"])
def test_what_is_no_field_with_one_value_cannot_be_sorted_by(crm, catalog, path):
    with crm.read() as connection, pytest.raises((UnknownFieldError, QueryError)):
        queries.page(connection, catalog, DEAL, where=(), sort=[(path, False)], env={})


def test_groups_have_exact_sums_and_averages(crm, catalog, put):
    north, south = put("sales.account", name="N", region="north"), put("sales.account", name="S", region="south")
    put(DEAL, name="a", account=north, amount=Decimal("0.1"), weight=Decimal("1.25"), count=1)
    put(DEAL, name="b", account=north, amount=Decimal("0.2"), weight=Decimal("2.50"), count=2)
    put(DEAL, name="c", account=south, amount=None)
    put(DEAL, name="d", amount=Decimal(7), archived_at=NOON)
    put(DEAL, name="e", amount=Decimal("0.3"), close=date(2026, 5, 1))
    measures = [("count", None), ("sum", "amount"), ("avg", "weight"), ("max", "close"), ("sum", "count")]
    with crm.read() as connection:
        groups = queries.aggregate(
            connection, catalog, DEAL, where=(), group=["account.region"], measures=measures, env={}
        )
        whole = queries.aggregate(connection, catalog, DEAL, where=(), group=[], measures=measures[:2], env={})
    names = ("count", "sum:amount", "avg:weight", "max:close", "sum:count")
    assert [(one["key"]["account.region"], *(one[name] for name in names)) for one in groups] == [
        (None, 1, Decimal("0.3"), None, date(2026, 5, 1), None),
        ("north", 2, Decimal("0.3"), Decimal("1.875"), None, 3),
        ("south", 1, None, None, None, None),
    ]
    assert whole == [{"key": {}, "count": 4, "sum:amount": Decimal("0.6")}]


def test_too_many_groups_are_refused(crm, catalog, monkeypatch):
    monkeypatch.setattr(queries, "MOST_GROUPS", 2)
    write(crm, catalog, [{"id": f"d{n}", "count": n} for n in range(3)])
    with crm.read() as connection, pytest.raises(QueryError):
        queries.aggregate(connection, catalog, DEAL, where=(), group=["count"], measures=[("count", None)], env={})


def test_a_search_finds_records_of_several_entities_in_one_statement(crm, catalog, put):
    put("sales.account", name="Bolt & Co")
    put("sales.account", name="Nuts", archived_at=NOON)
    first, second = put(DEAL, name="bolts"), put(DEAL, name="More BOLTS")
    put(DEAL, name="nuts")
    places = [("base.team", (), ()), ("sales.account", (), ()), (DEAL, (), ())]
    seen = []
    sa.event.listen(crm._reading, "before_cursor_execute", lambda *args: seen.append(args[2]))
    with crm.read() as connection:
        hits = queries.search(connection, catalog, places, "bolt", 10)
        few = queries.search(connection, catalog, places, "bolt", 2)
        assert queries.search(connection, catalog, [], "bolt", 2) == []
    assert [(hit.entity, hit.title) for hit in hits] == [
        ("sales.account", "Bolt & Co"),
        (DEAL, "More BOLTS"),
        (DEAL, "bolts"),
    ]
    assert [hit.id for hit in hits[1:]] == [second, first]
    assert few == hits[:2]
    assert len(seen) == 2 + (crm.dialect == "sqlite")


def test_names_and_ids_are_filtered_by_criteria(crm, catalog, put):
    one, two, three = put(DEAL, name="a"), put(DEAL, name="b"), put(DEAL)
    table = tables.of(catalog).tables["sales__deal"]
    where = [table.c.name.is_distinct_from("b")]
    with crm.read() as connection:
        assert queries.ids(connection, catalog, DEAL, [one, two, "no"], where) == {one}
        assert queries.displays(connection, catalog, DEAL, [one, two, three, "no"], where) == {one: "a", three: three}


def test_the_same_page_asked_twice_is_compiled_once(crm, catalog, put):
    for n in range(4):
        put(DEAL, name=str(n), amount=Decimal(n))
    texts = set()
    sa.event.listen(crm._reading, "before_cursor_execute", lambda *args: texts.add(args[2]))
    pages(crm, catalog, [("amount", True)], size=1)
    first_and_following = {text for text in texts if "FROM sales__deal " in text.replace("\n", " ")}
    assert len(first_and_following) == 2


def test_an_update_between_pages_does_not_repeat_a_record_that_stays_in_place(crm, catalog, put):
    ids = [put(DEAL, name=str(n), count=n) for n in range(4)]

    def touch():
        with crm.write() as connection:
            row = records.get(connection, catalog, DEAL, [ids[3]])[ids[3]]
            records.update(connection, catalog, DEAL, [Change(ids[3], row["version"], {"name": "again"})])

    assert [row["id"] for row in pages(crm, catalog, [("count", False)], size=1, between=touch)] == ids

"""Reading under row and field rules: what each person sees is worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from dealwright import access, clock, conditions, records
from dealwright.conditions import sql
from dealwright.errors import ForbiddenError, NotFoundError, QueryError, UnknownFieldError
from dealwright.records import Change, Work
from dealwright.storage import tables
from worlds import made, opened, person, team


@pytest.fixture
def world(workspace):
    """Three deals: Ada's (50), Bo's in Ada's team (70), Cy's in another team (90)."""
    east, west = team(workspace, "East"), team(workspace, "West")
    people = {
        "ada": person(workspace, "Ada", ["t.rep"], team=east),
        "bo": person(workspace, "Bo", ["t.rep"], team=east),
        "cy": person(workspace, "Cy", ["t.rep"], team=west),
        "vic": person(workspace, "Vic", ["t.viewer"]),
    }
    account = made(workspace, "t.account", name="Acme", region="east", credit="900")
    deals = {}
    for name, amount in (("ada", "50"), ("bo", "70"), ("cy", "90")):
        data = {"name": f"Deal of {name}", "amount": amount, "account": account}
        deals[name] = records.save(workspace, people[name], "t.deal", data).id
        records.save(workspace, access.operator(), "t.deal", {"margin": amount}, id=deals[name])
    return workspace, people, deals


def seen(workspace, user, **query):
    with workspace.database.read() as connection:
        return records.page(Work(workspace, connection, user), "t.deal", sort="name", **query)


def test_a_rep_sees_own_deals_and_those_of_the_team(world):
    workspace, people, _ = world
    assert [one["name"] for one in seen(workspace, people["ada"]).items] == ["Deal of ada", "Deal of bo"]
    assert [one["name"] for one in seen(workspace, people["cy"]).items] == ["Deal of cy"]


def test_counts_are_of_what_may_be_seen(world):
    workspace, people, _ = world
    assert seen(workspace, people["ada"], count=True).count == 2


def test_a_denied_field_and_what_is_worked_out_from_it_are_not_there(world):
    workspace, people, _ = world
    item = seen(workspace, people["ada"]).items[0]
    assert "margin" not in item
    assert "share" not in item  # margin / amount
    assert item["amount"] == "50.00"


@pytest.mark.parametrize("name", ["margin", "share", "no_such_field", "account.credit", "account.no_such_field"])
def test_a_denied_field_answers_like_one_that_does_not_exist(world, name):
    workspace, people, _ = world
    query = {"filter": f"{name} > 10"}
    with pytest.raises(UnknownFieldError) as error:
        seen(workspace, people["ada"], **query)
    assert error.value.detail == f"there is no field “{name}”"
    with (
        pytest.raises(UnknownFieldError) as error,
        workspace.database.read() as connection,
    ):
        records.page(Work(workspace, connection, people["ada"]), "t.deal", sort=name)
    assert error.value.detail == f"there is no field “{name}”"


def test_grants_add_up_per_record_and_not_across_records(world):
    workspace, people, deals = world
    records.save(workspace, access.operator(), "t.deal", {"owner": people["vic"].id}, id=deals["cy"])
    items = {one["name"]: one for one in seen(workspace, people["vic"]).items}
    assert set(items) == {"Deal of ada", "Deal of bo", "Deal of cy"}
    assert set(items["Deal of ada"]) == {"id", "version", "name", "stage"}
    assert items["Deal of cy"]["amount"] == "90.00"


def test_a_filter_on_a_field_leaves_out_records_on_which_it_may_not_be_seen(world):
    workspace, people, deals = world
    records.save(workspace, access.operator(), "t.deal", {"owner": people["vic"].id}, id=deals["cy"])
    assert [one["name"] for one in seen(workspace, people["vic"], filter="amount > 10").items] == ["Deal of cy"]
    with workspace.database.read() as connection:
        work = Work(workspace, connection, people["vic"])
        assert records.aggregate(work, "t.deal", measures=[("sum", "amount")]) == [
            {"key": {}, "count": 1, "sum:amount": "90.00"}
        ]


def test_sums_are_of_what_may_be_seen(world):
    workspace, people, _ = world
    with workspace.database.read() as connection:
        found = records.aggregate(
            Work(workspace, connection, people["ada"]), "t.deal", group=["stage"], measures=[("sum", "amount")]
        )
    # Ada sees her 50 and Bo's 70
    assert found == [{"key": {"stage": "open"}, "count": 2, "sum:amount": "120.00"}]


def test_another_team_s_deal_is_not_found(world):
    workspace, people, deals = world
    with workspace.database.read() as connection, pytest.raises(NotFoundError):
        records.fetch(Work(workspace, connection, people["ada"]), "t.deal", deals["cy"])
    with workspace.database.read() as connection, pytest.raises(NotFoundError):
        records.history(Work(workspace, connection, people["ada"]), "t.deal", deals["cy"])


def test_history_never_shows_a_denied_field(world):
    workspace, people, deals = world
    with workspace.database.read() as connection:
        told = records.history(Work(workspace, connection, people["ada"]), "t.deal", deals["ada"])
    assert all({"margin", "share"}.isdisjoint(one["changes"]) for one in told)


def test_search_finds_only_what_may_be_seen(world):
    workspace, people, deals = world
    with workspace.database.read() as connection:
        found = records.search(Work(workspace, connection, people["cy"]), "deal of")
    assert [one["id"] for one in found] == [deals["cy"]]


def test_export_needs_its_own_right_and_leaves_denied_fields_out(world):
    workspace, people, _ = world
    with workspace.database.read() as connection:
        made_ = records.export(Work(workspace, connection, people["ada"]), "t.deal", "csv", exact=True)
        header = b"".join(made_.chunks).decode().splitlines()[0].split(",")
    assert {"name", "amount"} <= set(header)
    assert {"margin", "share"}.isdisjoint(header)
    with workspace.database.read() as connection, pytest.raises(ForbiddenError):
        records.export(Work(workspace, connection, people["vic"]), "t.deal", "csv")


def test_an_export_for_spreadsheets_holds_no_formula_and_an_exact_one_holds_the_text(workspace):
    made(workspace, "t.account", name='=HYPERLINK("x")')

    def exported(exact):
        with workspace.database.read() as connection:
            work = Work(workspace, connection, access.operator())
            return b"".join(records.export(work, "t.account", "csv", exact=exact).chunks).decode()

    assert "\"'=HYPERLINK" in exported(False)
    assert '"=HYPERLINK' in exported(True)


def test_pages_follow_each_other_without_gap(world):
    workspace, people, _ = world
    first = seen(workspace, people["ada"], size=1)
    second = seen(workspace, people["ada"], size=1, cursor=first.next_cursor)
    assert [first.items[0]["name"], second.items[0]["name"]] == ["Deal of ada", "Deal of bo"]
    assert second.next_cursor is None


def test_a_cursor_of_another_sort_is_refused(world):
    workspace, people, _ = world
    first = seen(workspace, people["ada"], size=1)
    with workspace.database.read() as connection, pytest.raises(QueryError):
        records.page(Work(workspace, connection, people["ada"]), "t.deal", sort="amount", cursor=first.next_cursor)


def test_a_path_shows_the_other_record_s_field(world):
    workspace, people, _ = world
    item = seen(workspace, people["ada"], only=["name", "account.region"]).items[0]
    assert item["account.region"] == "east"


def test_rollups_count_the_records_that_point_here(world):
    workspace, _, _ = world
    with workspace.database.read() as connection:
        (account,) = records.page(Work(workspace, connection, access.operator()), "t.account").items
    # 50 + 70 + 90
    assert (account["deals"], account["volume"]) == (3, "210.00")


def test_a_rollup_over_records_that_are_not_all_seen_is_denied(world):
    workspace, people, _ = world
    with workspace.database.read() as connection:
        (account,) = records.page(Work(workspace, connection, people["ada"]), "t.account").items
    assert {"deals", "volume", "credit"}.isdisjoint(account)


NOTE = {
    "kind": "entity", "id": "t.note", "lang": 1, "title": "Note", "plural": "Notes", "display": "text", "part_of": "deal",
    "properties": {
        "deal": {"field": "reference", "to": "t.deal", "on_delete": "cascade", "title": "Deal"},
        "text": {"field": "text", "title": "Text"},
        "number": {"field": "autonumber", "title": "Number", "format": "N-{yyyy}-{seq:3}", "reset": "year"},
    },
    "required": ["deal"],
}  # fmt: skip


def test_the_rights_to_parts_follow_the_whole(database, tmp_path):
    workspace = opened(database, NOTE, folder=tmp_path)
    ada, cy = person(workspace, "Ada", ["t.rep"]), person(workspace, "Cy", ["t.rep"])
    deal = records.save(workspace, ada, "t.deal", {"name": "x"}).id
    note = records.save(workspace, ada, "t.note", {"deal": deal, "text": "hello"})
    with workspace.database.read() as connection:
        assert len(records.page(Work(workspace, connection, ada), "t.note").items) == 1
        assert records.page(Work(workspace, connection, cy), "t.note").items == []
    with pytest.raises(NotFoundError):
        records.save(workspace, cy, "t.note", {"text": "y"}, id=note.id)
    with pytest.raises(ForbiddenError):
        records.save(workspace, cy, "t.note", {"deal": deal, "text": "y"})


def test_parts_are_archived_with_the_whole(database, tmp_path):
    workspace = opened(database, NOTE, folder=tmp_path)
    deal = made(workspace, "t.deal", name="x")
    note = made(workspace, "t.note", deal=deal)
    with workspace.database.write() as connection:
        work = Work(workspace, connection, access.operator())
        records.archive(work, "t.deal", deal)
        assert records.fetch(work, "t.note", note)["archived_at"] is not None


def test_numbers_are_given_in_order_without_gaps(database, tmp_path):
    workspace = opened(database, NOTE, folder=tmp_path)
    deal = made(workspace, "t.deal", name="x")

    def number(at):
        with clock.frozen(at), workspace.database.write() as connection:
            work = Work(workspace, connection, access.operator())
            results = records.save_many(work, "t.note", [Change({"deal": deal}), Change({}), Change({"deal": deal})])
            ids = [one.id for one in results if isinstance(one, records.Saved)]
            return [records.fetch(work, "t.note", one)["number"] for one in ids]

    assert number(datetime(2026, 5, 1, tzinfo=UTC)) == ["N-2026-001", "N-2026-002"]
    assert number(datetime(2026, 6, 1, tzinfo=UTC)) == ["N-2026-003", "N-2026-004"]
    assert number(datetime(2027, 1, 1, tzinfo=UTC)) == ["N-2027-001", "N-2027-002"]


def test_a_grant_for_some_fields_of_the_whole_shows_none_of_its_parts(database, tmp_path):
    workspace = opened(database, NOTE, folder=tmp_path)
    deal = made(workspace, "t.deal", name="x")
    made(workspace, "t.note", deal=deal, text="secret")
    viewer = person(workspace, "Vic", ["t.viewer"])
    with workspace.database.read() as connection:
        assert len(records.page(Work(workspace, connection, viewer), "t.deal", sort="id").items) == 1
        assert records.page(Work(workspace, connection, viewer), "t.note", sort="id").items == []


def test_what_is_about_a_record_is_found_by_an_index(workspace):
    """A record's page asks for its tasks, comments and activities; nothing of that may read the whole table."""
    with workspace.database.write() as connection:
        catalog = workspace.catalog(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # a small table is read whole
        for entity in ("base.task", "base.comment", "base.activity"):
            table = tables.layout(catalog, entity).table
            condition = conditions.of(catalog, entity, 'about.entity == "t.deal" && about.id == "01900000"', "filter")
            where = sql.criteria(condition, tables.of(catalog), table, catalog, {})
            asked = sa.select(table.c.id).where(where)
            text = str(asked.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
            explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            plan = str(connection.exec_driver_sql(f"{explain} {text}".replace("%", "%%")).all())
            assert f"ix_{table.name}_about_id" in plan, plan

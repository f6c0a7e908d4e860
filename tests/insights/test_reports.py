"""What a reader gets: only what may be seen, the very records behind each figure, files, errors."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from openpyxl import load_workbook

from dealwright import access, clock
from dealwright.errors import ForbiddenError, NotFoundError, QueryError, UnknownFieldError
from dealwright.records import Work, reports
from dealwright.records.reports import Asked
from insights.generated import NOW, REPORTS, asked, figures


@pytest.mark.parametrize("name", [one["id"].partition(".")[2] for one in REPORTS])
def test_the_records_behind_each_figure_are_just_as_many_as_it_says(deals, name):
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        work = Work(deals.workspace, connection, access.operator())
        made = reports.make(work, f"t.{name}", Asked())
        said = reports.shown(work, made)
        counted = [one["id"] for one in said["columns"] if one["counted"]]
        assert counted
        for row in said["rows"][:6]:
            for column in counted:
                found = reports.behind(work, made, json.dumps(row["key"]), column, size=1000)
                assert len(found["items"]) == row["figures"][column], (row, column)
                assert len({one["id"] for one in found["items"]}) == len(found["items"])


def test_the_records_behind_a_figure_are_the_right_ones(deals):
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        work = Work(deals.workspace, connection, access.operator())
        made = reports.make(work, "t.rates", Asked())
        found = reports.behind(work, made, '["A"]', "won", size=1000)["items"]
        right = {one.id for one in deals.deals if one.tier == "A" and one.status == "won"}
        assert {one["id"] for one in found} == right
        first = reports.behind(work, made, '["A"]', "won", size=3)
        second = reports.behind(work, made, '["A"]', "won", cursor=first["next_cursor"], size=1000)
        assert [one["id"] for one in (*first["items"], *second["items"])] == sorted(right)
        assert second["next_cursor"] is None


def test_each_figure_counts_only_what_its_reader_may_see(deals):
    team = {one.id for one in deals.deals if one.team is not None}
    assert 0 < len(team) < len(deals.deals)
    assert figures(deals, "all", "Ada")[()]["count"] == len(team)
    won = sum(one.status == "won" for one in deals.deals if one.id in team)
    assert sum(row["won"] for row in figures(deals, "rates", "Ada").values()) == won
    for name, column in (("funnel", "entered"), ("stay", "open"), ("ways", "count"), ("lost", "count")):
        whole = sum(row[column] for row in figures(deals, name).values())
        own = sum(row[column] for row in figures(deals, name, "Ada").values())
        assert 0 < own < whole


def test_a_field_that_is_seen_on_own_records_only_is_counted_on_those_only(deals):
    # Vic sees names and stages of all deals, and everything of the own ones.
    own = [one for one in deals.deals if one.owner == deals.people["Vic"].id]
    counts = figures(deals, "counts", "Vic")
    assert sum(row["count"] for row in counts.values()) == len(own)
    assert figures(deals, "margins", "Vic")[()]["sum:margin"] == sum(one.margin for one in own)


def test_a_report_of_what_may_not_be_seen_is_none_that_exists(deals):
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        for who, name in (("Ada", "margins"), ("Gus", "all"), ("Ada", "no_such")):
            work = Work(deals.workspace, connection, deals.people[who])
            with pytest.raises(NotFoundError) as refused:
                reports.make(work, f"t.{name}", Asked())
            assert refused.value.detail == f"there is no report “t.{name}”"
        work = Work(deals.workspace, connection, deals.people["Ada"])
        listed = {one["id"] for one in reports.listed(work)}
        assert "t.rates" in listed
        assert "t.margins" not in listed
        assert reports.listed(Work(deals.workspace, connection, deals.people["Gus"])) == []


def test_a_reader_s_filter_is_under_the_same_rules(deals):
    found = figures(deals, "all", filter='tier == "A" && account.region == "east"')[()]["count"]
    assert found == sum(one.tier == "A" and one.region == "east" for one in deals.deals)
    with pytest.raises(UnknownFieldError):
        figures(deals, "all", "Ada", filter="margin > 3")
    with pytest.raises(QueryError):
        figures(deals, "all", filter="tier >")


def test_a_reader_chooses_the_time(deals):
    _, said = asked(deals, "rates", since=date(2026, 1, 1), until=date(2026, 6, 30), compare="previous")
    assert (said["since"], said["until"]) == ("2026-01-01", "2026-06-30")
    assert said["compared_with"] == {"since": "2025-07-04", "until": "2025-12-31"}
    inside = [one for one in deals.deals if one.entered.year == 2026 and one.entered.month < 7]
    assert sum(row["figures"]["won"] for row in said["rows"]) == sum(one.status == "won" for one in inside)
    with pytest.raises(QueryError, match="earlier day"):
        asked(deals, "rates", since=date(2026, 2, 1), until=date(2026, 1, 1))
    with pytest.raises(QueryError, match="compare"):
        asked(deals, "rates", compare="never")


def test_keys_have_labels_for_people(deals):
    _, said = asked(deals, "vital")
    assert all(row["labels"][0].startswith("Account ") for row in said["rows"])
    _, said = asked(deals, "ways")
    assert any(row["labels"] == ["Lead → Needs → Offer → Won"] for row in said["rows"])
    _, said = asked(deals, "sums")
    assert {row["labels"][0] for row in said["rows"]} == {"East", "West"}
    assert said["rows"][0]["key"][1] in {row["labels"][1] for row in said["rows"]}
    assert json.dumps(said["rows"][0]["figures"])


def test_a_report_is_a_file_for_who_may_export(deals):
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        work = Work(deals.workspace, connection, deals.people["Ada"])
        made = reports.make(work, "t.rates", Asked())
        text = b"".join(reports.export(work, made, "csv").chunks).decode("utf-8-sig")
        assert text.splitlines()[0] == "tier,won,lost,closed,win_rate,low,high,mark"
        assert len(text.splitlines()) == 1 + len(made.table.rows)
        book = load_workbook(io.BytesIO(b"".join(reports.export(work, made, "xlsx").chunks)))
        assert [one.value for one in book.active[1]][:2] == ["tier", "won"]
        with pytest.raises(QueryError, match="csv or xlsx"):
            reports.export(work, made, "pdf")
        viewer = Work(deals.workspace, connection, deals.people["Vic"])
        with pytest.raises(ForbiddenError):
            reports.export(viewer, reports.make(viewer, "t.all", Asked()), "csv")


def test_what_counts_no_records_has_no_list(deals):
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        work = Work(deals.workspace, connection, access.operator())
        made = reports.make(work, "t.rates", Asked())
        with pytest.raises(QueryError, match="counts no records; expected one of won, lost, closed"):
            reports.behind(work, made, '["A"]', "win_rate")
        with pytest.raises(QueryError, match="JSON list"):
            reports.behind(work, made, "A", "won")
        with pytest.raises(NotFoundError):
            reports.behind(work, made, '["Z"]', "won")


def test_a_dashboard_shows_the_reports_that_may_be_read(deals):
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        work = Work(deals.workspace, connection, deals.people["Ada"])
        assert [one["id"] for one in reports.dashboards(work)] == ["t.stages"]
        found = reports.dashboard(work, "t.stages")
        (tile,) = reports.readable(work, found["reports"], Asked())
        assert (tile["report"], tile["width"]) == ("t.by_stage", "half")
        with pytest.raises(NotFoundError):
            reports.dashboard(Work(deals.workspace, connection, deals.people["Gus"]), "t.stages")

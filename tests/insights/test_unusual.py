"""One list of what is out of the ordinary: what each report has found by itself, and nothing that its reader may not see."""

from __future__ import annotations

import json
from datetime import date

from dealwright import access, clock
from dealwright.records import Work, reports, unusual
from dealwright.records.reports import Asked
from insights.generated import NOW, REPORTS


def gathered(deals, who=None):
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        work = Work(deals.workspace, connection, access.operator() if who is None else deals.people[who])
        return unusual.gathered(work), {
            one["id"].partition(".")[2]: reports.shown(work, reports.make(work, one["id"], Asked()))
            for one in REPORTS
            if who is None
        }


def test_everything_that_a_report_calls_unusual_is_in_the_list_once_with_its_row_and_why(deals):
    found, said = gathered(deals)
    wanted = set()
    for name, one in said.items():
        for row in one["rows"]:
            words = {row["figures"].get("verdict"), row["figures"].get("mark")}
            words &= {"high", "low", "falling", "rising", "below_threshold", "faster", "slower"}
            words |= {(row.get("benchmark") or {}).get("verdict")} & {"above", "below"}
            if one["calculate"] in ("anomalies", "trend", "cycle_time", "conversion", "dwell"):
                wanted |= {(f"t.{name}", json.dumps(row["key"]), word) for word in words}
    assert {(one.report, json.dumps(one.key), one.kind) for one in found} == wanted
    assert len(found) == len(wanted)
    assert ("t.funnel", '["offer"]', "below_threshold") in wanted
    days = [one.day for one in found]
    assert days == sorted(days, reverse=True)
    # A trend by quarters judges the last whole one; a funnel is of today.
    assert {one.day for one in found if one.report == "t.funnel"} == {date(2026, 11, 23)}
    assert {one.day for one in found if one.report == "t.heading"} <= {date(2026, 9, 30)}
    below = next(one for one in found if one.report == "t.funnel")
    assert below.written()["figures"]["threshold"] == "99.00"
    assert (below.labels, below.counted) == (["Offer"], "entered")


def test_nobody_is_told_of_what_a_report_would_not_show(deals):
    assert gathered(deals, "Gus")[0] == []
    assert all(one.report != "t.margins" for one in gathered(deals, "Ada")[0])
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        work = Work(deals.workspace, connection, deals.people["Ada"])
        own = reports.shown(work, reports.make(work, "t.funnel", Asked()))
    told = [one for one in gathered(deals, "Ada")[0] if one.report == "t.funnel"]
    assert [one.figures for one in told] == [
        row["figures"] for row in own["rows"] if row["figures"]["mark"] == "below_threshold"
    ]

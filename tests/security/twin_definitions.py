"""Scores and reports of the twin worlds: over what may be seen everywhere, on some records, and nowhere."""

from __future__ import annotations

from typing import Any

#: A score that reads a denied field, and one that does not.
SCORES = (
    {"kind": "score", "id": "t.hidden", "lang": 1, "title": "Wzsecretscore", "entity": "t.deal",
     "inputs": [{"id": "margin", "value": "margin", "weight": 1, "scale": {"linear": {"from": 0, "to": 100000000}}},
                {"id": "win", "value": "win", "weight": 1, "scale": {"linear": {"from": 0, "to": 100}}}],
     "into": "heat", "tier_into": "rank",
     "tiers": [{"id": "A", "title": "A", "from": 30}, {"id": "B", "title": "B", "from": 0}]},
    {"kind": "score", "id": "t.open", "lang": 1, "title": "Open score", "entity": "t.deal",
     "inputs": [{"id": "win", "value": "win", "weight": 1, "scale": {"linear": {"from": 0, "to": 100}}},
                {"id": "sized", "value": "amount > 0", "weight": 1}]},
)  # fmt: skip


def _report(name: str, calculate: str, **more: Any) -> dict[str, Any]:
    whole = {"kind": "report", "id": f"t.{name}", "lang": 1, "title": name, "entity": "t.deal"}
    return {**whole, "calculate": calculate, **more}


#: One of every calculation, over what may be seen everywhere, on some records, and nowhere.
REPORTS = (
    _report("r_names", "totals", group=["name"]),
    _report("r_sums", "totals", measure="sum:amount", group=["stage", "account.region"]),
    _report("r_wins", "totals", measure="avg:win", group=["tier"], filter="amount > 100"),
    _report("r_size", "pareto", measure="sum:amount", group=["account"]),
    _report("r_board", "leaderboard", measure="sum:amount", group=["owner"]),
    _report("r_rates", "win_rate", group=["discount"]),
    _report("r_cycle", "cycle_time", start="opens_on", end="closes_on"),
    _report("r_funnel", "conversion"),
    _report("r_through", "conversion", view="period", group=["account.region"]),
    _report("r_stay", "dwell"),
    _report("r_lost", "losses"),
    _report("r_expected", "forecast", measure="sum:amount", group=["account.region"]),
    _report("r_ahead", "health", measure="sum:amount"),
    _report("r_months", "seasons", period={"of": "closes_on", "unit": "year", "last": 2}),
    _report("r_odd", "anomalies", period={"of": "opens_on", "unit": "month", "last": 12}),
    _report("r_ways", "paths"),
    _report("r_done", "adherence", by="record"),
    _report("r_ticked", "effect", by="item"),
    _report("r_arms", "arms"),
    _report("r_touched", "effect", by="touch"),
    _report("r_effort", "effort", group=["stage"]),
    _report("r_moved", "allocation", group=["stage"], period={"unit": "quarter", "last": 2}),
    _report("r_margins", "totals", measure="sum:margin"),
    _report("r_shares", "totals", measure="sum:share"),
    _report("r_guarded", "totals", group=["guarded"]),
    _report("r_credit", "totals", group=["account.credit"]),
    _report("r_dear", "totals", filter="margin > 7301950"),
    _report("r_friends", "totals", filter="friends.exists(f, f.credit > 7301950)"),
)
#: Those of them that look at what may be seen nowhere: activities too, which the role does not name.
UNSEEN = ("r_touched", "r_effort", "r_moved", "r_margins", "r_shares", "r_guarded", "r_credit", "r_dear", "r_friends")

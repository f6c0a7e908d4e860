"""A rule tried before it is in force: on the records there are, over the past, on one record; and how often rules have acted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import access, clock
from dealwright.errors import NotFoundError, QueryError
from dealwright.metadata.scopes import qualified
from dealwright.records import Work, rule_trial
from dealwright.storage import decisions
from worlds import made, opened, person

if TYPE_CHECKING:
    pass

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(name: str, condition: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "rule", "id": f"t.{name}", "lang": 1, "title": name.title(), "entity": "t.deal", "if": condition,
        "on": {"record": {"events": ["created", "updated"], "fields": ["amount"]}}, "once_per": "always",
        "then": [{"do": "create_task", "title": name}], **more,
    }  # fmt: skip


BIG = rule("big", "amount > 100")
GREW = rule("grew", "amount > old.amount")
SECRET = rule("secret", "margin > 0")
IDLE = rule("idle", "amount > 0", on={"idle": {"of": "last_activity_at", "for": "P7D"}})
MONTHS = rule("months", "amount > 0", on={"idle": {"of": "last_activity_at", "for": "P1M"}})
RUN = rule("run", "amount > 0", on={"schedule": {"every": "day", "at": "09:00", "filter": 'name != "Lift"'}})


def test_a_rule_is_tried_on_what_is_there_on_the_past_and_on_one_record_within_the_rights_of_who_asks(
    database: Any,
) -> None:
    with clock.frozen(NOON):
        workspace = opened(database, BIG, GREW, SECRET, IDLE, MONTHS, RUN)
        rep = person(workspace, "Rey", ["t.rep"])
        lift = made(workspace, "t.deal", name="Lift", amount="500", owner=rep.id)
        made(workspace, "t.deal", name="Lamp", amount="50")
    with clock.frozen(NOON + 9 * DAY), database.read() as connection:
        work = Work(workspace, connection, access.operator())
        found = rule_trial.at_hand(work, "t.big")
        assert (found["count"], found["of"], found["items"]) == (1, 2, [(lift, "Lift")])
        # Nine days without an activity: longer than seven, not than a month; a run looks at what its filter lets through.
        assert [rule_trial.at_hand(work, f"t.{one}")["count"] for one in ("idle", "months", "run")] == [2, 0, 1]
        with pytest.raises(QueryError):
            rule_trial.at_hand(work, "t.grew")  # what was before is not asked of records as they are
        past = rule_trial.over(work, work, "t.big", NOON - DAY)
        assert (past["woken"], past["fires"], past["same"]) == (2, 1, 1)
        assert rule_trial.asked(work, "t.big", lift)["holds"] is True
        theirs = Work(workspace, connection, rep)
        assert rule_trial.at_hand(theirs, "t.big")["of"] == 1 and rule_trial.asked(theirs, "t.big", lift)["holds"]
        for name in ("t.secret", "t.nothing"):
            with pytest.raises((NotFoundError, QueryError)):
                rule_trial.at_hand(theirs, name)
            with pytest.raises(NotFoundError):
                rule_trial.asked(theirs, name, lift)
        acted = decisions.acted(connection, ["t.big", "t.secret", "t.none"])
        assert acted["t.big"] == (1, 2, NOON) and "t.none" not in acted


def test_a_parameter_is_named_as_that_of_another_pack_wherever_it_is_no_text() -> None:
    assert qualified({"if": 'a > param.x && b == "param.x" && param.med__y', "due": {"param": "x"}}, "t") == {
        "if": 'a > param.t__x && b == "param.x" && param.med__y', "due": {"param": "t__x"},
    }  # fmt: skip
    assert qualified({"title": "It's {param.x} o'clock"}, "t") == {"title": "It's {param.t__x} o'clock"}

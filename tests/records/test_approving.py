"""Approvals of records, in real transactions on both databases: who is asked, who hears of it, what stays of it."""

from __future__ import annotations

import copy
import threading
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import clock
from dealwright.errors import ConflictError, ForbiddenError, GateUnmetError, NotFoundError, RecordError
from dealwright.fields import messages
from dealwright.records import Change, Work, approving, move_one, save_one
from dealwright.storage import accounts
from dealwright.storage import approvals as stored
from offices import DISCOUNT, NOON, Office
from passing import pass_until
from worlds import PIPELINE, made

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.access import User


@pytest.fixture
def office(database, tmp_path) -> Office:
    return Office(database, tmp_path)


def test_an_approval_goes_from_the_manager_to_finance_and_ends_approved(office):
    deal = office.deal()
    one = office.asked(deal)
    assert (office.waiting(office.mia), office.waiting(office.fay)) == ([one], [])
    assert office.decide(office.mia, one) == "open"
    assert (office.waiting(office.mia), office.waiting(office.fay)) == ([], [one])
    assert office.decide(office.fay, one, comment="fine") == "open"  # two of finance are needed
    assert office.decide(office.finn, one) == "approved"
    row = office.row(one)
    assert (row.state, row.ended_at, row.record, row.requester) == ("approved", NOON, deal, office.ann.id)
    seat = next(s for s in row.seats if s["user"] == office.fay.id)
    assert (seat["state"], seat["comment"], seat["address"], seat["decided_at"]) == (
        "approved",
        "fine",
        "203.0.113.7",
        NOON,
    )
    assert seat["digest"] == row.digest
    assert office.told() == ["requested", "decided", "decided", "decided", "approved"]


def test_whoever_is_asked_is_told_in_the_own_language_and_who_asked_hears_the_end(office):
    one = office.asked(office.deal())
    assert office.notices(office.mia) == ["Please decide: Discount for Lift"]
    office.decide(office.mia, one)
    assert office.notices(office.fay) == ["请审批：Lift的折扣审批"]
    office.decide(office.finn, one, "rejected", comment="too much")  # two of two can be reached no more
    assert office.notices(office.ann) == ["Rejected: Discount for Lift"]


def test_a_step_whose_condition_does_not_hold_is_passed_over(office):
    one = office.asked(office.deal(amount="999"))
    assert office.decide(office.mia, one) == "approved"
    assert [(p["step"], p["state"], p["reason"]) for p in office.row(one).places][1] == ("finance", "skipped", "when")


def test_what_is_not_needed_or_asked_for_already_is_refused(office):
    with pytest.raises(ConflictError, match="is not needed"):
        office.asked(office.deal(discount="5"))
    deal = office.deal()
    office.asked(deal)
    with pytest.raises(ConflictError, match="asked for already"):
        office.asked(deal)


def test_only_who_may_change_the_record_asks_and_who_may_not_see_it_hears_nothing(office):
    deal = office.deal()
    with pytest.raises(ForbiddenError):
        office.asked(deal, office.fay)
    with pytest.raises(NotFoundError):
        office.asked(deal, office.guest)
    viewer = office.person("Vi", ["t.viewer"])  # who may change records of her own, and sees the names of others
    with pytest.raises(ForbiddenError, match="may not change this record"):
        office.asked(deal, viewer)
    one = office.asked(deal)
    with pytest.raises(NotFoundError):
        office.decide(office.guest, one)
    with pytest.raises(NotFoundError):
        office.decide(office.fay, one)  # her turn has not come; she has nothing to do with it yet
    assert office.told() == ["requested"]


def test_a_rejection_wants_a_reason(office):
    one = office.asked(office.deal())
    with pytest.raises(RecordError) as refused:
        office.decide(office.mia, one, "rejected", comment="  ")
    assert [(p.pointer, p.code) for p in refused.value.problems] == [("/comment", "required")]
    assert office.decide(office.mia, one, "rejected", comment="no margin left") == "rejected"


def test_nothing_is_decided_twice(office):
    one = office.asked(office.deal())
    office.decide(office.mia, one)
    with pytest.raises(ConflictError, match="decided this already"):
        office.decide(office.mia, one)
    office.decide(office.fay, one)
    office.decide(office.finn, one)
    with pytest.raises(ConflictError, match="has ended"):
        office.decide(office.fay, one)


def test_somebody_away_is_stood_in_for_and_both_names_are_kept(office):
    stand = {
        "id": clock.new_id(), "user": office.mia.id, "delegate": office.finn.id, "entity": "t.deal",
        "since": NOON - timedelta(days=1), "until": NOON + timedelta(days=1), "created_at": NOON, "created_by": office.mia.id,
    }  # fmt: skip
    office.act(office.mia, lambda work: stored.add_absence(work.connection, stand))
    one = office.asked(office.deal(amount="10"))
    assert (office.waiting(office.mia), office.waiting(office.finn)) == ([], [one])
    office.decide(office.finn, one)
    (seat,) = office.row(one).seats
    assert (seat["user"], seat["behalf"], seat["state"]) == (office.finn.id, office.mia.id, "approved")


def test_it_is_handed_over_sent_back_and_taken_back(office):
    one = office.asked(office.deal())
    office.act(office.mia, lambda work: approving.hand_over(work, one, to=office.finn.id, comment="on holiday"))
    assert office.waiting(office.finn) == [one]
    office.decide(office.finn, one)
    assert office.waiting(office.finn) == []  # what he approved counts in finance too
    assert office.waiting(office.fay) == [one]
    office.act(office.fay, lambda work: approving.give_back(work, one, to="manager", comment="look again"))
    assert office.waiting(office.mia) == [one]
    with pytest.raises(ForbiddenError):
        office.act(office.fay, lambda work: approving.recall(work, one))
    office.act(office.ann, lambda work: approving.recall(work, one))
    assert office.row(one).state == "recalled"
    assert office.told() == ["requested", "handed_over", "decided", "sent_back", "recalled"]


def test_who_may_see_the_record_no_longer_decides_no_longer(office):
    one = office.asked(office.deal())
    office.decide(office.mia, one)
    with office.workspace.database.write() as connection:
        accounts.set_roles(connection, office.fay.id, ["t.guest"])
    with pytest.raises(ForbiddenError, match="may not see this record any more"):
        office.decide(office.fay, one)
    with pytest.raises(ForbiddenError, match="may not see this record any more"):
        office.act(office.fay, lambda work: approving.hand_over(work, one, to=office.mia.id))
    assert [s["state"] for s in office.row(one).seats if s["user"] == office.fay.id] == ["asked"]


def test_who_decides_and_who_changes_the_record_at_once_never_wait_for_each_other(office):
    """Ten times at once: the change begins the approval anew, and the decision comes before it or after it."""
    deal = office.deal()
    office.asked(deal)
    for turn in range(10):
        start, failed = threading.Barrier(2), []

        def at_once(what: Callable[[Work], Any], start: threading.Barrier = start, failed: list[Any] = failed) -> None:
            start.wait()
            try:
                office.act(office.mia, what)
            except (ConflictError, NotFoundError) as error:
                failed.append(error)  # decided before it began anew: then it is finance's turn

        change = Change({"discount": str(20 + turn), "reason": "big"}, deal)
        with office.workspace.database.read() as connection:
            (one,) = (row.id for row in stored.rows(connection, [deal], state="open"))
        change_it = partial(save_one, entity_id="t.deal", change=change)
        doings = (change_it, partial(approving.decide, identifier=one, verdict="approved"))
        threads = [threading.Thread(target=at_once, args=(what,)) for what in doings]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert office.row(one).turn == turn + 2
    assert office.row(one).state == "open"


def test_nobody_is_asked_who_may_not_see_the_record(office):
    one = office.asked(office.deal())
    with pytest.raises(RecordError, match="nobody was asked"):
        office.act(office.mia, lambda work: approving.hand_over(work, one, to=office.guest.id))


def test_what_is_locked_cannot_be_changed_by_a_person_a_rule_or_an_archive(office):
    deal = office.deal()
    one = office.asked(deal)

    def change(user: User, **data: Any) -> Any:
        return office.act(user, lambda work: save_one(work, "t.deal", Change(data, deal)))

    with pytest.raises(RecordError) as refused:
        change(office.ann, discount="30", reason="friend", name="Lift 2")
    assert [(p.pointer, p.code) for p in refused.value.problems] == [("/discount", "locked")]
    with messages.speaking("zh-CN"), pytest.raises(RecordError) as refused:
        change(office.ann, discount="30", reason="friend")
    assert [p.message for p in refused.value.problems] == ["“折扣审批”审批期间不能修改，请等待审批结果或先撤回。"]
    change(office.ann, name="Lift 2")  # only what the approval is about is locked
    office.decide(office.mia, one, "rejected", comment="no")
    assert change(office.ann, discount="30", reason="friend").version == 3


def test_a_change_by_who_may_unlock_begins_it_anew(office):
    deal = office.deal()
    one = office.asked(deal)
    office.decide(office.mia, one)
    office.act(office.mia, lambda work: save_one(work, "t.deal", Change({"discount": "14"}, deal)))
    row = office.row(one)
    assert (row.state, row.turn, row.facts["discount"]) == ("open", 2, "14")
    assert office.waiting(office.mia) == [one]
    assert "restarted" in office.told()


def test_an_approval_that_is_needed_no_longer_ends(office):
    deal = office.deal()
    one = office.asked(deal)
    office.act(office.mia, lambda work: save_one(work, "t.deal", Change({"discount": "1"}, deal)))
    assert (office.row(one).state, office.waiting(office.mia)) == ("recalled", [])


def test_two_who_decide_at_the_same_moment_decide_once_each_and_close_it_once(office):
    """Twenty times: fay and finn approve at once; both are needed, so exactly one of them closes it."""
    for turn in range(20):
        one = office.asked(office.deal(code=f"c{turn}"))
        office.decide(office.mia, one)
        start, told = threading.Barrier(2), []

        def vote(user: User, one: str = one, start: threading.Barrier = start, told: list[Any] = told) -> None:
            start.wait()
            told.append(office.decide(user, one))

        threads = [threading.Thread(target=vote, args=(user,)) for user in (office.fay, office.finn)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == ["approved", "open"]
    assert office.told().count("approved") == 20


GATED = copy.deepcopy(PIPELINE)
GATED["stages"][0]["exit"].append(
    {
        "id": "agreed",
        "require": 'discount <= 5 || approvals.discount.outcome == "approved"',
        "message": "Have the discount approved",
    }
)


def test_a_gate_can_ask_for_an_approval_of_the_values_as_they_are(database, tmp_path):
    office = Office(database, tmp_path, GATED)
    account = made(office.workspace, "t.account", name="Acme")
    deal = office.deal(account=account)

    def move() -> Any:
        return office.act(office.ann, lambda work: move_one(work, "t.deal", deal, "offer"))

    with pytest.raises(GateUnmetError) as refused:
        move()
    assert [p.message for p in refused.value.problems] == ["Have the discount approved"]
    one = office.asked(deal)
    for user in (office.mia, office.fay, office.finn):
        office.decide(user, one)
    office.act(office.ann, lambda work: save_one(work, "t.deal", Change({"amount": "4000"}, deal)))
    with pytest.raises(GateUnmetError):
        move()  # approved for 5,000, not for 4,000
    office.act(office.ann, lambda work: save_one(work, "t.deal", Change({"amount": "5000"}, deal)))
    assert move().record["stage"] == "offer"


TIMED = {
    **DISCOUNT, "id": "t.timed", "when": "discount > 5",
    "steps": [{"id": "finance", "title": "Finance", "approvers": [{"role": "t.finance"}], "need": "all",
               "due": "P2D", "remind": "P1D", "on_timeout": "escalate"}],
    "rules": {},
}  # fmt: skip


def test_a_step_reminds_and_asks_the_managers_of_those_who_have_not_answered_in_time(database, tmp_path):
    office = Office(database, tmp_path, TIMED)
    with clock.frozen(NOON):
        for user in (office.fay, office.finn):
            office.act(
                office.mia, lambda work, u=user: save_one(work, "base.user", Change({"manager": office.mia.id}, u.id))
            )
    one = office.act(office.ann, lambda work: approving.request(work, "t.timed", "t.deal", office_deal(work)))
    office.decide(office.fay, one)
    day = timedelta(days=1)
    pass_until(office.workspace, NOON + day - timedelta(milliseconds=1))
    assert office.notices(office.finn) == ["Please decide: Discount for Lift"]
    pass_until(office.workspace, NOON + day)
    assert office.notices(office.finn)[1:] == ["Still waiting for you: Discount for Lift"]
    assert office.notices(office.fay) == ["请审批：Lift的Discount"]  # she has decided
    pass_until(office.workspace, NOON + 2 * day - timedelta(milliseconds=1))
    assert office.waiting(office.mia) == []
    pass_until(office.workspace, NOON + 2 * day)
    assert office.waiting(office.mia) == [one]
    assert office.decide(office.mia, one) == "approved"
    count = len(office.notices(office.finn))
    pass_until(office.workspace, NOON + 9 * day)
    assert len(office.notices(office.finn)) == count  # nothing is due after the end


def office_deal(work: Work) -> str:
    return save_one(work, "t.deal", Change({"name": "Lift", "discount": "12", "amount": "5000"})).id

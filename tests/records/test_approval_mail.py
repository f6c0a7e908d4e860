"""Approvals by mail: a link of one's own, made when the mail goes out, good once, and each way in which it is no good."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

import worlds
from dealwright import clock
from dealwright.errors import RecordError
from dealwright.jobs import Pace
from dealwright.jobs.deliveries import Deliveries
from dealwright.plugins import Plugins, implements
from dealwright.records import Change, approval_links, approving, save_one
from dealwright.storage import Database, accounts, outbox, system
from offices import DISCOUNT, NOON, Office

if TYPE_CHECKING:
    from collections.abc import Callable

    from dealwright.access import User
    from dealwright.plugins import Delivery
    from dealwright.records.approval_links import Opened

MAILS = {**DISCOUNT, "email": "decide", "rules": {"restart_on": ["discount", "amount"]}}


class Post(Office):
    """The office, with a postman who keeps what he is handed."""

    def __init__(self, database: Any, folder: Any, approval: Any = MAILS) -> None:
        super().__init__(database, folder, approval)
        self.letters: list[Delivery] = []

    @implements
    def deliver(self, channel: str, delivery: Delivery) -> str | None:
        self.letters.append(delivery)
        return "ok"

    def delivered(self) -> list[Delivery]:
        """Let a worker send what lies in the outbox; return what goes out."""
        plugins = Plugins()
        plugins.add("post", self)
        known = len(self.letters)
        with clock.frozen(NOON):
            worker = Deliveries(self.workspace.database, plugins, Pace(poll=0.01))
            while worker.look():
                pass
            assert worker.stop(20)
        return sorted(self.letters[known:], key=lambda one: one.target)

    def secret(self, to: User) -> str:
        """Return the secret of the link in the newest mail to somebody."""
        self.delivered()
        text = next(one.payload["text"] for one in reversed(self.letters) if one.target == to.email)
        return re.findall(r"https://crm\.example\.com/approvals/mail/(\S+)", text)[0]

    def open(self, secret: str, *, later: timedelta = timedelta()) -> Opened:
        with clock.frozen(NOON + later), self.workspace.database.read() as connection:
            return approval_links.opened(self.workspace, connection, secret)

    def press(self, secret: str, verdict: str = "approved", comment: str | None = None) -> str:
        with clock.frozen(NOON), self.workspace.database.write() as connection:
            return approval_links.decide(
                self.workspace, connection, secret, verdict, comment=comment, address="198.51.100.9"
            ).state


@pytest.fixture
def post(database, tmp_path, monkeypatch) -> Callable[..., Post]:
    monkeypatch.setattr(worlds, "SETTINGS", {**worlds.SETTINGS, "address": "https://crm.example.com"})
    return lambda *approval: Post(database, tmp_path, *approval)


def test_who_is_asked_decides_by_the_link_of_the_mail_and_only_once(post):
    office = post()
    one = office.act(office.ann, lambda work: approving.request(
        work, "t.discount", "t.deal", save_one(work, "t.deal", Change({"name": "Lift", "discount": "12", "amount": "5000"})).id,
        comment="The *customer* waits"))  # fmt: skip
    (mail,) = office.delivered()
    assert (mail.channel, mail.target, mail.payload["subject"]) == (
        "email", office.mia.email, "Please decide: Discount for Lift")  # fmt: skip
    assert "Step: Manager" in mail.payload["text"]
    assert "Comment: The *customer* waits" in mail.payload["text"]
    assert r"The \*customer\* waits" in mail.payload["markdown"]
    assert "12" not in mail.payload["text"].replace(office.secret(office.mia), "")  # what it is about stays on the page
    secret = office.secret(office.mia)
    with office.workspace.database.read() as connection:
        kept = [
            *connection.execute(sa.select(system.outbox.c.payload)),
            *connection.execute(sa.select(system.approval_link)),
        ]
    assert secret not in str(kept)

    for _ in range(2):  # whoever opens it, and however often, decides nothing
        found = office.open(secret)
        assert (found.state, found.step, found.view["id"]) == ("open", "manager", one)
    assert office.row(one).state == "open"
    assert office.press(secret) == "open"
    assert (office.open(secret).state, office.open(secret).link.verdict) == ("used", "approved")
    assert office.press(secret, "rejected", "no") == "used"
    (seat,) = [s for s in office.row(one).seats if s["user"] == office.mia.id]
    assert (seat["state"], seat["address"]) == ("approved", "198.51.100.9")

    chinese, english = sorted(office.delivered(), key=lambda one: one.payload["locale"], reverse=True)
    assert (chinese.target, chinese.payload["subject"]) == (office.fay.email, "请审批：Lift的折扣审批")
    assert "步骤：Finance" in chinese.payload["text"]
    assert english.target == office.finn.email


def test_a_rejection_without_a_reason_leaves_the_link_good(post):
    office = post()
    deal = office.deal()
    office.asked(deal)
    secret = office.secret(office.mia)
    with pytest.raises(RecordError):
        office.press(secret, "rejected")
    assert office.open(secret).state == "open"
    assert office.press(secret, "rejected", "no margin") == "open"
    told = [one.payload["text"] for one in office.delivered()]
    assert told == [f"Rejected: Discount for Lift\n\nOpen: https://crm.example.com/records/t.deal/{deal}"]


def test_a_link_that_is_no_good_says_why(post):
    office = post()
    one = office.asked(office.deal())
    mia = office.secret(office.mia)
    assert office.open("0" * 43).state == "unknown"
    assert office.open(mia, later=timedelta(days=7) - timedelta(milliseconds=1)).state == "open"
    assert office.open(mia, later=timedelta(days=7)).state == "expired"

    office.act(office.mia, lambda work: approving.hand_over(work, one, to=office.finn.id))
    assert office.open(mia).state == "elsewhere"
    assert office.press(mia) == "elsewhere"
    finn = office.secret(office.finn)
    with office.workspace.database.write() as connection:
        accounts.set_state(connection, office.finn.id, "disabled")
    assert (office.open(finn).state, office.press(finn)) == ("disabled", "disabled")
    with office.workspace.database.write() as connection:
        accounts.set_state(connection, office.finn.id, "active")
        accounts.set_roles(connection, office.finn.id, ["t.guest"])
    assert (office.open(finn).state, office.press(finn)) == ("unseen", "unseen")
    with office.workspace.database.write() as connection:
        accounts.set_roles(connection, office.finn.id, ["t.finance"])

    office.act(office.finn, lambda work: approving.add(work, one, who=office.fay.id, where="before"))
    assert office.open(finn).state == "waiting"
    office.decide(office.fay, one)
    assert office.open(finn).state == "open"
    row = office.row(one)
    office.act(office.mia, lambda work: save_one(work, "t.deal", Change({"discount": "14"}, row.record)))
    assert office.open(finn).state == "restarted"
    again = office.secret(office.mia)
    office.decide(office.mia, one)
    assert office.open(again).state == "decided"
    fay = office.secret(office.fay)
    office.act(office.ann, lambda work: approving.recall(work, one))
    assert (office.open(fay).state, office.press(fay)) == ("ended", "ended")
    assert office.row(one).state == "recalled"


def test_without_a_wish_for_mails_none_is_written(database, tmp_path):
    office = Post(database, tmp_path, DISCOUNT)
    office.asked(office.deal())
    with database.read() as connection:
        assert outbox.counts(connection) == {}


def test_without_an_address_a_mail_asks_to_sign_in(sqlite_url, tmp_path):
    with Database(sqlite_url) as database:
        office = Post(database, tmp_path)
        office.asked(office.deal())
        (mail,) = office.delivered()
        assert mail.payload["text"].endswith("Sign in and open your approvals to decide.")
        assert "decide" not in mail.payload

"""Open pages learn that something changed which they show and their reader may see, and nothing else."""

from __future__ import annotations

import json
import socket

import pytest

from dealwright import access, clock
from dealwright.records import save
from dealwright.web import pulse
from security.site import CANARY
from sent import statements


@pytest.fixture
def ask(site, monkeypatch):
    """What ``GET /changes`` says to somebody about names, since a moment; the log is read each time."""
    monkeypatch.setattr("dealwright.web.changes.BEAT", 0.0)

    def asked(who: str, of: str, since: int) -> dict:
        response = site.ask(who, "GET", f"/changes?of={of}&since={since}")
        assert response.status_code == 200, response.text
        return response.json

    return asked


def deal(site, who: str, **data: str) -> str:
    return save(site.workspace, site.people[who], "t.deal", {"name": f"{CANARY} of {who}", **data}).id


def test_a_page_is_told_of_what_its_reader_may_see_and_of_nothing_else(site, ask):
    known = site.names["deal"]
    others = deal(site, "bo")
    # The first one to ask begins the reading; whoever comes with an older moment looks for himself.
    first = ask("ada", f"t.deal,{known}", 1)
    assert first["of"] is None
    begun = first["at"]
    assert ask("ada", f"t.deal,{known}", begun)["of"] == []

    save(site.workspace, site.people["bo"], "t.deal", {"name": "Hidden", "amount": "5"}, id=others)
    assert ask("ada", f"t.deal,{known},{others}", begun)["of"] == []
    assert ask("gus", f"t.deal,{known},{others}", begun)["of"] == []
    assert ask("bo", f"t.deal,{known},{others}", begun)["of"] == sorted(["t.deal", others])

    save(site.workspace, site.people["ada"], "t.deal", {"amount": "7"}, id=known)
    told = ask("ada", f"t.deal,{known}", begun)
    assert (told["of"], told["at"] > begun) == (sorted(["t.deal", known]), True)
    assert ask("ada", known, told["at"])["of"] == []
    # A record that names another touches both: the account's page lists its deals.
    account = site.names["account"]
    save(site.workspace, site.people["ada"], "t.deal", {"account": None}, id=known)
    assert ask("root", account, told["at"])["of"] == [account]
    assert ask("bo", account, told["at"])["of"] == []

    # Names that are none are passed over, and a stranger is sent to the sign-in.
    assert ask("ada", "t.deal'--,../x,*", begun)["of"] == []
    assert site.ask("nobody", "GET", "/changes?of=t.deal&since=1").status_code == 303


def test_who_loses_sight_of_a_record_is_told_and_who_never_had_it_is_not(site, ask):
    taken = deal(site, "ada")
    begun = ask("ada", "t.deal", 1)["at"]
    save(site.workspace, access.operator(), "t.deal", {"amount": "9"}, id=taken)
    with statements() as few:
        ask("ada", taken, begun)
    save(site.workspace, access.operator(), "t.deal", {"owner": site.people["bo"].id, "team": None}, id=taken)
    with statements() as more:
        told = ask("ada", f"t.deal,{taken}", begun)
    assert told["of"] == sorted(["t.deal", taken]), "it is hers no longer, and stands on her list until she is told"
    assert len(more) <= len(few), "no statement more, though a rule of rows looks at the owner"
    assert ask("gus", f"t.deal,{taken}", begun)["of"] == []

    save(site.workspace, access.operator(), "t.deal", {"amount": "10"}, id=taken)
    assert ask("ada", f"t.deal,{taken}", told["at"])["of"] == [], "what happens to it then is no news to her"
    assert ask("bo", f"t.deal,{taken}", told["at"])["of"] == sorted(["t.deal", taken])


def test_the_bell_counts_own_notifications_only(site):
    about = {"entity": "t.deal", "id": site.names["deal"]}
    for who in ("root", "root", "ada"):
        data = {"user": site.people[who].id, "owner": site.people[who].id, "title": f"For {who}", "about": about}
        save(site.workspace, access.operator(), "base.notification", data)
    assert site.ask("root", "GET", "/notifications/unread").json["newest"] == "For root"
    assert site.ask("gus", "GET", "/notifications/unread").json == {"unread": 0, "newest": ""}


def test_one_look_at_the_log_tells_every_connection_under_its_own_rights(site):
    here = pulse.Pulse(lambda: site.workspace)
    here.begin()
    ends = {}
    for who, chunked in (("ada", True), ("bo", False), ("revoked", True)):
        mine, theirs = socket.socketpair()
        mine.setblocking(False)
        theirs.settimeout(5)
        ends[who] = theirs
        held = pulse.Held(mine, frozenset({"t.deal"}), site.visitors[who].session, chunked, clock.elapsed() + 60)
        here._held.add(held)
        here._selector.register(mine, 1, held)
    save(site.workspace, site.people["ada"], "t.deal", {"amount": "8"}, id=site.names["deal"])
    here.beat()
    said = ends["ada"].recv(1000).decode()
    length, _, rest = said.partition("\r\n")
    assert int(length, 16) == len(rest.encode()) - 2
    fields = dict(line.split(": ", 1) for line in rest.strip().splitlines())
    assert json.loads(fields["data"]) in [{"of": ["t.deal"], "spread": 25 * n} for n in (2, 4)]
    assert int(fields["id"]) == here.since(0)[0]
    assert ends["revoked"].recv(10) == b""  # let go without a word
    ends["bo"].setblocking(False)
    with pytest.raises(BlockingIOError):
        ends["bo"].recv(10)
    # Nothing new: nothing is said, and the log is read in one statement or two, however many wait.
    here.beat()
    here.close()
    assert ends["bo"].recv(10) == b""
    for one in ends.values():
        one.close()

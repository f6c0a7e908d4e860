"""Followers of a record hear of comments, moves and changes: what they may see at that moment, and not what they did."""

from __future__ import annotations

import pytest

from dealwright import access, records
from dealwright.errors import NotFoundError, RecordError
from dealwright.records import Work, following, save
from sent import statements
from worlds import made, person, rows_of, team


@pytest.fixture
def people(workspace):
    east = team(workspace, "East")
    return {
        "ada": person(workspace, "Ada", ["t.rep"], team=east),
        "bo": person(workspace, "Bo", ["t.rep"], team=east, locale="zh-CN"),
        "cy": person(workspace, "Cy", ["t.rep"], team=team(workspace, "West")),
        "root": person(workspace, "Root", ["base.admin"]),
        "max": person(workspace, "Max", ["base.admin"]),
        "east": east,
    }


def follow(workspace, user, deal, *fields):
    with workspace.database.write() as connection:
        following.follow(Work(workspace, connection, user), "t.deal", deal, list(fields) or None)


def told(workspace, user):
    return [
        (one["title"], one["body"] or "")
        for one in rows_of(workspace.database, "base__notification")
        if one["owner"] == user.id
    ]


def test_followers_hear_once_of_what_others_did_in_their_language_and_under_their_rights(workspace, people):
    ada, bo, cy, root = (people[name] for name in ("ada", "bo", "cy", "root"))
    deal = save(workspace, ada, "t.deal", {"name": "Pumps", "amount": "5", "team": people["east"], "account": None}).id
    assert following.tell(workspace) == 0, "the first time nothing is told: news begin now"
    for user in (ada, bo, root):
        follow(workspace, user, deal)
    with pytest.raises(NotFoundError):
        follow(workspace, cy, deal)
    with pytest.raises(RecordError):
        follow(workspace, bo, deal, "margin")

    save(workspace, root, "t.deal", {"amount": "7", "margin": "3"}, id=deal)
    save(workspace, root, "t.deal", {"amount": "9"}, id=deal)
    assert following.tell(workspace) == 2
    assert following.tell(workspace) == 0, "once"
    assert told(workspace, ada) == [("Root: Pumps", "Amount: 5.00 → 7.00\nAmount: 7.00 → 9.00")]
    assert told(workspace, bo)[0][0] == "Root: Pumps"
    assert told(workspace, root) == [], "nobody hears of what he did himself"

    account = made(workspace, "t.account", name="Acme", region="east")
    save(workspace, ada, "t.deal", {"account": account}, id=deal)
    records.move(workspace, ada, "t.deal", deal, "offer")
    following.tell(workspace)
    title, body = told(workspace, root)[0]
    assert title == "Ada: Pumps"
    assert set(body.split("\n")) >= {"Stage: Open → Offer", "Account has changed"}
    assert "阶段: Open → Offer" in told(workspace, bo)[-1][1]
    with workspace.database.write() as connection:
        records.comment(Work(workspace, connection, people["max"]), "t.deal", deal, "Call them\nsoon")
    assert following.tell(workspace) == 1
    assert told(workspace, root)[-1] == ("Max: Pumps", "Call them soon")
    assert "Call them" not in str(told(workspace, bo)), "he may not read comments of others"

    # Who has lost sight hears nothing, also of what happened before he lost it.
    save(workspace, root, "t.deal", {"amount": "11"}, id=deal)
    save(workspace, root, "t.deal", {"team": people["cy"].team, "owner": cy.id}, id=deal)
    before = len(told(workspace, ada))
    following.tell(workspace)
    assert len(told(workspace, ada)) == before
    with workspace.database.write() as connection:
        following.unfollow(Work(workspace, connection, ada), "t.deal", deal)
        with pytest.raises(NotFoundError):
            following.unfollow(Work(workspace, connection, ada), "t.deal", deal)


def test_owner_and_creator_are_named_and_hear_nothing_until_they_follow_the_fields_they_choose(workspace, people):
    ada, root = people["ada"], people["root"]
    deal = save(workspace, root, "t.deal", {"name": "Beds", "owner": ada.id, "team": people["east"]}).id
    following.tell(workspace)
    with workspace.database.read() as connection:
        work = Work(workspace, connection, root)
        assert [(one.user, one.why, one.told) for one in following.followers(work, "t.deal", deal)] == [
            (ada.id, "owner", False), (root.id, "creator", False),
        ]  # fmt: skip
    save(workspace, root, "t.deal", {"amount": "1"}, id=deal)
    assert following.tell(workspace) == 0
    follow(workspace, ada, deal, "amount")
    save(workspace, root, "t.deal", {"discount": "3"}, id=deal)
    assert following.tell(workspace) == 0, "she chose the amount"
    save(workspace, root, "t.deal", {"amount": "2"}, id=deal)
    assert following.tell(workspace) == 1


def test_following_costs_a_save_nothing_and_telling_as_many_statements_whatever_there_is_to_tell(workspace, people):
    ada, root = people["ada"], people["root"]
    deals = [
        save(workspace, root, "t.deal", {"name": f"D{i}", "owner": ada.id, "team": people["east"]}).id for i in range(6)
    ]
    following.tell(workspace)
    with statements() as unfollowed:
        save(workspace, root, "t.deal", {"amount": "1"}, id=deals[0])
    for deal in deals:
        follow(workspace, ada, deal)
    with statements() as followed:
        save(workspace, root, "t.deal", {"amount": "2"}, id=deals[0])
    assert len(followed) == len(unfollowed)
    following.tell(workspace)
    counted = []
    for n in (1, 6):
        for deal in deals[:n]:
            save(workspace, root, "t.deal", {"amount": str(10 + n)}, id=deal)
        with statements() as sent:
            assert following.tell(workspace) == n
        counted.append(len(sent))
    assert counted[0] == counted[1]
    with workspace.database.write() as connection:
        records.purge(Work(workspace, connection, access.operator()), "t.deal", deals[0])
    assert len(rows_of(workspace.database, "dw_follow")) == 5

"""Two roads to the same figures: what is asked quickly where it can be, and what is asked of whole lives and each record.

Each law is held by three readers: one who sees all, one who sees a team's deals, one who sees some fields of own deals only.
"""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from dealwright import access, clock
from dealwright.insights import courses
from dealwright.records import Work, reports
from dealwright.records.reports import Asked
from dealwright.storage import visits
from dealwright.storage.system import visit
from dealwright.storage.visits import JOINT
from insights.generated import NOW

#: A filter that every deal meets: its reader is one more who does not see all, as far as statements go.
ALL = 'name != ""'
OF_WAYS = ("funnel", "funnel_by_tier", "expected", "weekly")
OF_VISITS = ("stay", "slow", "ahead", "odd_stages", "through", "funnel")
READERS = (None, "Ada", "Vic")


class UndoneError(Exception):
    """What was written in a transaction is taken back."""


@contextmanager
def changed(deals, *statements):
    """A connection on which some deals are archived and some histories are others, until the end."""
    table = sa.table("t__deal", sa.column("id"), sa.column("archived_at", visit.c.entered_at.type))
    ids = sorted(one.id for one in deals.deals)
    archived = sa.update(table).where(table.c.id.in_(ids[::7])).values(archived_at=NOW)
    with pytest.raises(UndoneError), clock.frozen(NOW), deals.workspace.database.write() as connection:
        for one in (archived, *statements):
            connection.execute(one)
        yield connection
        raise UndoneError


def found(deals, connection, name, who, **asked):
    user = access.operator() if who is None else deals.people[who]
    work = Work(deals.workspace, connection, user)
    made = reports.make(work, f"t.{name}", Asked(**asked))
    said = reports.shown(work, made)
    return {tuple(row["key"]): row["figures"] for row in said["rows"]}, said["total"]


def elsewhere(deals):
    """Some deals began in a pipeline that is another."""
    begun = [one.id for one in deals.deals if len(one.visits) > 2][::5]
    first = sa.select(sa.func.min(visit.c.seq)).where(visit.c.record.in_(begun)).group_by(visit.c.record)
    return sa.update(visit).where(visit.c.seq.in_(first)).values(pipeline="t.other")


def test_lives_are_told_by_ways_as_by_all_visits(deals, monkeypatch):
    with changed(deals) as connection:
        for name in OF_WAYS:
            for who in READERS:
                by_ways = found(deals, connection, name, who)
                with monkeypatch.context() as patch:
                    patch.setattr(courses, "taken", lambda *_: None)
                    assert found(deals, connection, name, who) == by_ways, (name, who)
                assert by_ways[0]


def test_ways_are_not_asked_where_they_do_not_tell_all(deals):
    """A deal that came from another pipeline, and one whose way got too long, are counted by their visits."""
    with changed(deals) as connection:
        straight = [found(deals, connection, name, None) for name in OF_WAYS]
        assert courses.taken(_ground(deals, connection), []) is not None
    with changed(deals, elsewhere(deals)) as connection:
        assert courses.taken(_ground(deals, connection), []) is None
        assert [found(deals, connection, name, None) for name in OF_WAYS] != straight
        entered = {key[0]: row["entered"] for key, row in found(deals, connection, "funnel", None)[0].items()}
        counted = sa.select(visit.c.stage, sa.func.count(sa.distinct(visit.c.record))).where(
            visit.c.pipeline != "t.other", visit.c.record.not_in([one.id for one in sorted(deals.deals, key=_id)][::7])
        )
        stages = {one: number for one, number in connection.execute(counted.group_by(visit.c.stage))}
        assert entered == {stage: stages[stage] for stage in entered}
    long = JOINT.join(["lead", "needs"] * 200)
    lasting = sa.select(sa.func.max(visit.c.seq)).where(visit.c.left_at.is_(None))
    with changed(
        deals, sa.update(visit).where(visit.c.seq == lasting.scalar_subquery()).values(way=long)
    ) as connection:
        assert not visits.tells_all(long)
        assert [found(deals, connection, name, None) for name in OF_WAYS] == straight


def _id(one):
    return one.id


def _ground(deals, connection):
    return reports.make(Work(deals.workspace, connection, access.operator()), "t.funnel", Asked()).ground


def test_who_sees_all_gets_the_figures_of_who_looks_each_record_up(deals):
    for more in ((), (elsewhere(deals),)):
        with changed(deals, *more) as connection:
            for name in OF_VISITS:
                for who in READERS:
                    one = found(deals, connection, name, who)
                    assert found(deals, connection, name, who, filter=ALL) == one, (name, who)
                    assert one[0]


def test_archived_deals_are_in_no_figure_and_each_list_is_as_long_as_its_figure(deals):
    with changed(deals) as connection:
        work = Work(deals.workspace, connection, access.operator())
        for name in ("funnel", "stay", "odd_stages"):
            made = reports.make(work, f"t.{name}", Asked())
            for row in made.table.rows:
                for column in made.table.columns:
                    if column.counted:
                        ids = connection.execute(made.table.records(row, column.id)).all()
                        assert len(ids) == row.figures[column.id], (name, row, column)
        before = found(deals, connection, "stay", None)[0]
    with deals.workspace.database.read() as connection, clock.frozen(NOW):
        after = found(deals, connection, "stay", None)[0]
    assert all(before[key]["closed"] < after[key]["closed"] for key in after)

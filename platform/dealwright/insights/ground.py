"""What a calculation stands on: the records it may count, and the few expressions that all calculations are made of.

Every statement starts from the entity's table under the criteria of who asks, so no figure counts what its reader may
not see. A calculation makes one subquery, *told*, with a row for each case: the id of its record, its keys, and a 0 or 1
for each figure that counts. Adding up over it gives the figures, choosing from it the records behind them: both read the
same cases, so a list behind a figure is as long as the figure says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from dealwright.conditions.sql.sqlite import Either
from dealwright.errors import QueryError
from dealwright.insights import periods
from dealwright.insights.periods import Between
from dealwright.insights.table import Head
from dealwright.metadata import reports
from dealwright.storage import queries, tables
from dealwright.storage.database import PLANNED_ANEW
from dealwright.storage.system import visit

if TYPE_CHECKING:
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Pipeline
    from dealwright.metadata.reports import Group, Report
    from dealwright.storage.database import Connection
    from dealwright.storage.tables import Layout

#: Rows that one statement may give before the question is refused as too fine.
MOST_ROWS: Final = 20_000
SECONDS_IN_HOUR: Final = 3600
#: Given how to ask the database, gives the rows: those that it finds now, or what it found at an earlier look.
RowsOf = Callable[[Callable[[], Sequence[Any]]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the cases: what it is, and its expression over the entity's table."""

    head: Head
    value: sa.ColumnElement[Any]
    starts: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """See the module.

    Attributes:
        where: What a record must meet to be counted: row rules, the filter of the report, that of the reader.
        env: ``user.…``, ``now()`` and ``today()``.
        others: What records of another entity must meet to be looked at beside, by the entity: activities (``touches``).
        between: The time that it is about; None for all of it.
        zone: The workspace's: where days begin.
        rows_of: Where the rows of statements come from; the database itself when None.
    """

    connection: Connection
    catalog: Catalog
    report: Report
    where: Sequence[sa.ColumnElement[bool]]
    env: Mapping[str, Any]
    now: datetime
    zone: ZoneInfo
    others: Mapping[str, Sequence[sa.ColumnElement[bool]]] = field(default_factory=dict)
    between: Between | None = None
    rows_of: RowsOf | None = None

    @property
    def layout(self) -> Layout:
        """How the entity's records are stored."""
        return tables.layout(self.catalog, self.report.entity)

    @property
    def table(self) -> sa.Table:
        """The entity's table."""
        return self.layout.table

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline whose stages are followed."""
        found = reports.pipeline_of(self.catalog, self.report)
        assert found is not None  # noqa: S101 - the check of the definitions has made sure
        return found

    @property
    def today(self) -> date:
        """The present day of the workspace."""
        return self.now.astimezone(self.zone).date()

    @property
    def criteria(self) -> list[sa.ColumnElement[bool]]:
        """What a record must meet, archived ones left out."""
        return [self.table.c.archived_at.is_(None), *self.where]

    def moved(self, between: Between | None) -> Ground:
        """Return the same ground for another time."""
        return replace(self, between=between)

    def whole_periods(self) -> tuple[Ground, Between, list[date]]:
        """Return the ground of the periods that are over, their time, and the first day of each; the running one is left out.

        Only for reports with a ``period``, as the check of the definitions makes sure of.
        """
        period = self.report.period
        assert period is not None  # noqa: S101 - see above
        asked = self.between or periods.last(period.unit, period.last, self.today)
        until = min(asked.until, periods.start(self.today, period.unit))
        over = Between(asked.since, max(until, asked.since), period.unit)
        least = periods.later(asked.since, "day", 1)
        return self.moved(over), over, periods.starts(replace(over, until=max(until, least)), period.unit)

    def value(self, path: str) -> sa.ColumnElement[Any]:
        """Return a field or path as an expression over the entity's table."""
        return queries.expression(self.catalog, self.layout, path, self.env)

    def rows(self, statement: sa.Select[Any]) -> Sequence[Any]:
        """Return what a statement finds.

        Raises:
            QueryError: If there are more than :data:`MOST_ROWS` rows.
        """
        return few(self.found(statement.limit(MOST_ROWS + 1)))

    def found(self, statement: sa.Select[Any]) -> Sequence[Any]:
        """Return all rows that a statement finds, or found before."""

        def ask() -> Sequence[Any]:
            return self.connection.execute(statement, execution_options=PLANNED_ANEW).all()

        return ask() if self.rows_of is None else self.rows_of(ask)

    # Time ------------------------------------------------------------------------------------------------------------

    def moment(self, day: date) -> datetime:
        """Return when a day begins in the workspace."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def bound(self, column: sa.ColumnElement[Any], day: date) -> sa.ColumnElement[Any]:
        """Return a day as what a date or moment is compared with."""
        if isinstance(column.type, sa.Date):
            return sa.literal(day, column.type)
        return sa.literal(self.moment(day), column.type)

    def within(self, column: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
        """Return the criteria under which a date or moment lies in the time that it is about; none for all time."""
        if self.between is None:
            return []
        return [column >= self.bound(column, self.between.since), column < self.bound(column, self.between.until)]

    def bucket(
        self, column: sa.ColumnElement[Any], starts: Sequence[date], low: int = 0, high: int | None = None
    ) -> sa.ColumnElement[Any]:
        """Return the number of the period that a date or moment lies in, found by halves: right in any zone."""
        high = len(starts) if high is None else high
        if high - low <= 1:
            return sa.literal_column(str(low), sa.Integer())
        middle = (low + high) // 2
        first = self.bucket(column, starts, low, middle)
        second = self.bucket(column, starts, middle, high)
        return sa.case((column < self.bound(column, starts[middle]), first), else_=second)

    def span(self, column: sa.ColumnElement[Any], criteria: Sequence[sa.ColumnElement[bool]]) -> Between | None:
        """Return the days from the first to the last value of a date or moment; None if there is none. One statement."""
        (found,) = self.found(sa.select(sa.func.min(column), sa.func.max(column)).where(*criteria))
        if found[0] is None:
            return None
        first, last = (one if not isinstance(one, datetime) else one.astimezone(self.zone).date() for one in found)
        return Between(first, periods.later(last, "day", 1))

    # Keys ------------------------------------------------------------------------------------------------------------

    def grouped(self, timed: str | None = None) -> list[Key]:
        """Return a key for each group of the report.

        Args:
            timed: The path that says when a record counts: a group by it needs no look at the first and last day.

        Raises:
            QueryError: If a group by time would have too many periods.
        """
        return [self._key(one, timed) for one in self.report.group]

    def _key(self, group: Group, timed: str | None) -> Key:
        column = self.value(group.path)
        if group.unit is None:
            return Key(Head(group.text, "field", group.path), column)
        whole = self.between if group.path == timed and self.between is not None else None
        whole = whole or self.span(column, self.criteria) or Between(self.today, periods.later(self.today, "day", 1))
        starts = periods.starts(whole, group.unit)
        if len(starts) > periods.MOST:
            raise QueryError(
                f"the time by {group.unit} has more than {periods.MOST} parts; choose less time or longer parts"
            )
        number = sa.case((column.is_not(None), self.bucket(column, starts)))
        return Key(Head(group.text, "period", group.path, group.unit), number, tuple(starts))

    # Stages ----------------------------------------------------------------------------------------------------------

    @property
    def family(self) -> list[str]:
        """Ids of the pipeline and its variants."""
        own = self.pipeline.family
        return sorted(one.id for one in self.catalog.pipelines.values() if one.family == own)

    def visits(
        self,
        *criteria: sa.ColumnElement[bool],
        stages: Sequence[str] | None = None,
        beside: bool = True,
        ranged: bool | None = None,
    ) -> tuple[sa.FromClause, list[sa.ColumnElement[bool]]]:
        """Return visits of the records that may be counted, and the criteria for both.

        Args:
            criteria: What a visit must meet beside.
            stages: Those that visits are looked at of; None for all.
            beside: Whether the statement looks at fields of the record. One that does not, of a reader who sees every
                record, need not look up the record of each visit: it leaves out those of archived records. Visits
                go with their record where it is removed for good, so there are no others.
            ranged: See :meth:`followed`; where there is a time, unless told otherwise.
        """
        ranged = self.between is not None if ranged is None else ranged
        # SQLite asks in this order: what most visits do not meet comes first, and what is dear to ask last.
        criteria = (*criteria, *self.followed(stages, ranged=ranged))
        if beside or self.where:
            joined = visit.join(self.table, self.table.c.id == visit.c.record)
            return joined, [*criteria, *self.criteria]
        archived = sa.select(self.table.c.id).where(self.table.c.archived_at.is_not(None))
        its_own = archived.where(self.table.c.id == visit.c.record).correlate(visit)
        # SQLite keeps the few in memory and looks each visit up among them; PostgreSQL does that for short lists only,
        # and joins with what is not there whatever its length.
        left_out = Either(visit.c.record.not_in(archived), ~its_own.exists())
        return visit, [*criteria, left_out]

    def followed(self, stages: Sequence[str] | None = None, *, ranged: bool = False) -> list[sa.ColumnElement[bool]]:
        """Return which visits are followed: those of the entity in the pipeline or a variant of it.

        Args:
            stages: Those that visits are looked at of; None for all.
            ranged: Whether the time says when a visit began, so that an index leads to those that did. Otherwise SQLite is
                kept from looking them up by entity and stage: that is nearly all of them, in an order in which each is
                read from another page of the file. Measured on a million visits: half the time.
        """
        entity, stage = (one if ranged else unindexed(one) for one in (visit.c.entity, visit.c.stage))
        inside = [] if stages is None else [stage.in_(stages)]
        return [*inside, visit.c.pipeline.in_(self.family), entity == self.report.entity]

    def told(self, ask: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Return rows that Python has put together from what a statement finds, or has found before."""
        return ask() if self.rows_of is None else self.rows_of(ask)


def few(found: Sequence[Any]) -> Sequence[Any]:
    """Return rows that are no more than a report may have.

    Raises:
        QueryError: If there are more than :data:`MOST_ROWS`.
    """
    if len(found) > MOST_ROWS:
        raise QueryError(f"the report has more than {MOST_ROWS} rows; group by something coarser")
    return found


def unindexed(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column that SQLite uses no index for: a plus before it changes nothing else (SQLite docs, *Query Planning*)."""
    plus = UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)
    return Either(sa.type_coerce(plus, column.type), column)


def seconds(moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a date or moment as whole seconds since 1970 in UTC; a date begins at midnight in UTC."""
    on_sqlite = sa.cast(sa.func.strftime("%s", moment), sa.BigInteger())
    # Of the two functions of PostgreSQL the one that gives a float: extract() gives a decimal, which takes twice as long.
    # A float holds the microseconds of some hundred years, so that it is cut at the same second.
    other = sa.cast(sa.func.floor(sa.func.date_part("epoch", moment)), sa.BigInteger())
    return Either(sa.type_coerce(on_sqlite, sa.BigInteger()), sa.type_coerce(other, sa.BigInteger()))


def flag(*criteria: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """Return 1 where all criteria hold, else 0."""
    return sa.case((sa.and_(sa.true(), *criteria), sa.literal_column("1")), else_=sa.literal_column("0"))


def total(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the sum of whole numbers as one; PostgreSQL would make a decimal of it."""
    return sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger())


def same(column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
    """Return whether a key is this value, which may be empty."""
    return column.is_(None) if value is None else column == sa.literal(value, column.type)


def chosen(
    told: sa.Subquery, names: Sequence[str], key: Sequence[Any], *criteria: sa.ColumnElement[bool]
) -> sa.Select[tuple[str]]:
    """Return the ids of the records of the cases with this key that meet the criteria."""
    equal = [same(told.c[name], value) for name, value in zip(names, key, strict=True)]
    return sa.select(told.c.record).where(*equal, *criteria).distinct()


def behind(at: Ground, records: sa.Select[tuple[str]], after: str | None, size: int) -> list[str]:
    """Return ids of the records behind a figure, in their order, those after ``after``; one statement."""
    those = records.subquery("those")
    statement = sa.select(those.c.record).order_by(those.c.record).limit(size)
    if after is not None:
        statement = statement.where(those.c.record > after)
    return list(at.connection.scalars(statement, execution_options=PLANNED_ANEW))

"""Results of dear reports, kept: what their statements found is looked up for a while instead of being asked again.

Over hundreds of thousands of records some statements take seconds however they are written. What such a report's
statements found is kept under a digest of everything that it hangs on beside the records: the version, the revision, the report,
what was asked, and its criteria as SQL with their values, so the row and field rules of who asks. Two readers share a result
only where the database would have been asked the very same. Figures are worked out from the kept rows by the same code,
so they equal those of the moment that the answer states as ``as_of``; the list of records behind a figure is of now.

A worker works results anew that somebody has looked at since (:func:`renew`); ``fresh`` asks the database at once. A
crash leaves a result as it was before, with its own ``as_of``.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from dealwright import __version__, access, clock, insights
from dealwright.errors import DealwrightError, UnavailableError
from dealwright.records.work import Work
from dealwright.storage import results
from dealwright.storage.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dealwright.insights import Ground
    from dealwright.records.workspace import Workspace

    Ask = Callable[[], Sequence[Any]]
    Make = Callable[[Work, str, Mapping[str, Any]], tuple[str, "Mark"]]

_log = logging.getLogger(__name__)

#: Statements of a report that take so many seconds together are kept.
SLOW: Final = 0.5
#: An entity with fewer records has no dear reports: what took long there was something else.
MANY: Final = 20_000
#: The oldest result that is shown.
OLDEST: Final = timedelta(days=1)
#: How old a result is at least before it is worked out anew, and how many times the seconds that this takes: keeping
#: results fresh takes a twentieth of a processor for each at most.
REST: Final = timedelta(minutes=5)
_TIMES: Final = 20
#: How long one round of a worker may take.
ROUND: Final = timedelta(minutes=4)


class Mark:
    """Where the rows of a report's statements come from: from a kept result, or from the database, and are noted.

    Attributes:
        at: The moment of a kept result; None where the database is asked.
        seconds: What the statements took.
    """

    def __init__(self, kept: Result | None) -> None:
        self.at = kept.at if kept is not None else None
        self._kept = [[_read(row) for row in rows] for rows in kept.found] if kept is not None else None
        self._asked = 0
        self._noted: list[Sequence[Any]] = []
        self.seconds = 0.0

    def __call__(self, ask: Ask) -> Sequence[Any]:
        """Return the rows of the next statement."""
        place, self._asked = self._asked, self._asked + 1
        if self._kept is not None:
            return self._kept[place]
        begun = clock.elapsed()
        rows = ask()
        self.seconds += clock.elapsed() - begun
        self._noted.append(rows)
        return rows

    def written(self) -> list[list[list[Any]]]:
        """Return the rows that the database gave as JSON, statement by statement."""
        return [[[_written(one) for one in row] for row in rows] for rows in self._noted]


def _written(value: Any) -> Any:
    """Return a value of a row as JSON that says its type."""
    match value:
        case Decimal():
            return {"n": str(value)}
        case datetime():
            return {"m": value.isoformat()}
        case date():
            return {"d": value.isoformat()}
        case dict() | list():
            return {"j": value}
        case _:
            return value


def _read(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_value(one) if isinstance(one, dict) else one for one in row)


def _value(written: Mapping[str, Any]) -> Any:
    ((kind, text),) = written.items()
    if kind == "j":
        return text
    if kind == "n":
        return Decimal(text)
    return datetime.fromisoformat(text) if kind == "m" else date.fromisoformat(text)


def key(work: Work, at: Ground, asked: Mapping[str, Any]) -> str:
    """Return the digest of all that a result hangs on beside the records.

    Days and moments in the statement come from the definitions, from what is asked and from the user, which stand in the
    digest themselves, and from the present moment, which does not: a result is one of its own moment, which is stated.
    """
    text, parameters = insights.question(at)
    facts = [one for name, one in work.env.items() if name.startswith("user.")]
    held = sorted(parameters.items())
    values = [(name, repr(one)) for name, one in held if not isinstance(one, date) or one in facts]
    own = work.user.id if at.report.forecast is not None else None  # it looks back on snapshots, which are one user's
    whole = [__version__, work.catalog.revision, at.report.id, own, sorted(asked.items()), text, values]
    return hashlib.sha256(json.dumps(whole, default=str).encode()).hexdigest()


def mark(work: Work, digest: str, *, fresh: bool) -> Mark:
    """Return where the rows of a report come from: a kept result that is not too old, unless it must be fresh."""
    found = None if fresh else results.one(work.connection, digest)
    return Mark(found if found is not None and work.now - found.at <= OLDEST else None)


def note(work: Work, at: Ground, digest: str, asked: Mapping[str, Any], used: Mark) -> None:
    """Keep what a dear report has found, or note that somebody has looked; nothing in a transaction that writes."""
    if not work.workspace.database.only_reads(work.connection):
        return
    if used.at is not None:
        found = results.one(work.connection, digest)
        if found is not None and (found.asked_at <= found.at or work.now - found.asked_at > REST):
            with work.workspace.database.write() as connection:
                results.looked(connection, digest, max(work.now, found.at + timedelta(microseconds=1)))
        return
    if used.seconds < SLOW or not insights.more_than(at, MANY):
        return
    one = Result(digest, at.report.id, work.user.id, dict(asked), work.now, work.now, used.seconds, used.written())
    with work.workspace.database.write() as connection:
        results.put(connection, one)


def renew(workspace: Workspace, make: Make) -> int:
    """Work results anew that somebody has looked at since they were worked out; return how many.

    Each in a transaction of its own that only reads, under the rights that its reader has now; a result whose reader has
    other rights than before, or may not read the report any more, goes. What is left after :data:`ROUND` waits.
    """
    begun, number = clock.elapsed(), 0
    with workspace.database.read() as connection:
        waiting = results.wanted(connection, clock.now() - REST)
    for one in waiting:
        if clock.elapsed() - begun > ROUND.total_seconds():
            break
        if clock.now() - one.at < timedelta(seconds=_TIMES * one.seconds):
            continue
        number += _renewed(workspace, make, one)
    return number


def _renewed(workspace: Workspace, make: Make, one: Result) -> bool:
    digest, used, now = "", None, clock.now()
    try:
        with workspace.database.read() as connection:
            catalog = workspace.catalog(connection)
            reader = access.acting(connection, catalog, one.user or "")
            if reader is not None:
                work = Work(workspace, connection, reader, catalog=catalog)
                now = work.now
                digest, used = make(work, one.report, one.asked)
    except UnavailableError:
        raise
    except DealwrightError as error:
        _log.info("a kept result of %s goes: %s", one.report, error)
    with workspace.database.write() as connection:
        if used is None or digest != one.key:
            results.drop(connection, one.key)
            return False
        results.put(connection, Result(digest, one.report, one.user, one.asked, now, now, used.seconds, used.written()))
    return True

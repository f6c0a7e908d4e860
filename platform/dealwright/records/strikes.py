"""What counts against rules: failures in this process, and actions above their budget within an hour.

A failing rule undoes the transaction it fails in, so nothing can be counted there; the numbers live in memory, for a
workspace and a process, and cost no statement. Actions are told to the other processes a part of what is left of the budget
at a time (``storage.spent``): the nearer a rule comes to its budget the smaller the parts, at the end each action by itself.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from dealwright import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A rule that has failed so often within the time is switched off.
FAILURES: Final = 10
WITHIN: Final = timedelta(hours=1)
#: In how many parts a process tells of what is left of a budget: of what is less than a part it says nothing.
PARTS: Final = 20


class Strikes:
    """The failures and actions of rules in one process; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, deque[datetime]] = defaultdict(deque)
        self._spent: dict[str, int] = defaultdict(int)
        self._untold: dict[str, int] = defaultdict(int)
        self._left: dict[str, int] = {}
        #: What this process is known by among those that count.
        self.process = clock.new_id()
        self._hour: datetime | None = None
        self._out: dict[str, str] = {}

    def failed(self, rule: str, now: datetime) -> None:
        """Note that what a rule asked for could not be done."""
        with self._lock:
            failures = self._failures[rule]
            failures.append(now)
            while failures and failures[0] <= now - WITHIN:
                failures.popleft()
            if len(failures) >= FAILURES:
                self._out[rule] = f"it failed {len(failures)} times within an hour"

    def spent(self, rule: str, actions: int, now: datetime, budget: int) -> int:
        """Note how many actions a rule asked for; return how many are to be told to other processes, mostly none."""
        hour = hour_of(now)
        with self._lock:
            if self._hour != hour:
                self._spent.clear()
                self._untold.clear()
                self._left.clear()
                self._hour = hour
            self._spent[rule] += actions
            self._untold[rule] += actions
            if self._spent[rule] > budget:
                self._over(rule, budget, self._spent[rule])
            if self._untold[rule] < max(self._left.get(rule, budget) // PARTS, 1):
                return 0
            return self._untold.pop(rule)

    def known(self, rule: str, budget: int, total: int) -> None:
        """Note how many actions a rule has asked for in all processes together, as far as they have told."""
        with self._lock:
            self._left[rule] = max(budget - total, 0)
            if total > budget:
                self._over(rule, budget, total)

    def _over(self, rule: str, budget: int, total: int) -> None:
        self._out[rule] = f"it asked for {total} actions within an hour; its budget is {budget}"

    def out(self) -> Mapping[str, str]:
        """Return the rules that are to be switched off, and why. Nearly always there is none: no lock is taken."""
        return dict(self._out) if self._out else {}

    def forget(self, rule: str) -> None:
        """Begin to count anew for a rule that is switched off, or on again."""
        with self._lock:
            self._out.pop(rule, None)
            self._failures.pop(rule, None)
            self._spent.pop(rule, None)
            self._untold.pop(rule, None)
            self._left.pop(rule, None)


def hour_of(now: datetime) -> datetime:
    """Return the hour of the clock that a moment lies in: a budget is for one."""
    return now.replace(minute=0, second=0, microsecond=0)

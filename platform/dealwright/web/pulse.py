"""What has changed, for pages that are open: one reader of the log in each process, however many pages look.

    log ──(one small statement a second, while anybody looks)──> what was touched lately, in memory
        ──> for each session that has a page open on it: may he see one of these records? ──> "something of these changed"

A page is told *that* something changed which it shows and its reader may see or
could until then, never what: it then asks for itself again,
under the rights of every request. Whoever has lost his session is told nothing and let go. Nothing that is told depends on
records or fields that its reader may not see: no numbers of events, no counts, only moments of the clock.

Pages wait in one of two ways (``docs/decisions/050-live-changes.md``): on a connection that the web server has handed over,
which costs neither a thread nor a place in the server's loop; or by asking again now and then.
"""

from __future__ import annotations

import json
import logging
import re
import selectors
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dealwright import access, clock
from dealwright import events as kinds
from dealwright.records import Work, read
from dealwright.storage import events

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dealwright.records import Workspace

#: Key of a WSGI environment: a function that a request calls to keep its connection. Absent where a server cannot.
HOLD: Final = "dealwright.hold"
#: Seconds between two looks at the log, and between two signs of life on a connection.
BEAT, ALIVE = 1.0, 25.0
#: Seconds after which a connection ends and the page comes again: until then a lost right costs at most silence.
LIFE: Final = 900.0
#: Connections that a process holds, and those of one session; who comes later asks now and then instead.
MOST, MOST_OF_ONE = 4000, 20
#: What is remembered for pages that come back, and what is read at one look.
_REMEMBERED, _AT_ONCE = 5000, 2000
#: A look rests at least this many times as long as telling took, so that it never takes more than a fifth of a core.
_REST: Final = 4
#: Milliseconds of delay for each page that is told, so that they do not all come at once.
_APART, _LONGEST_SPREAD = 25, 15_000
#: Characters of a value before a change that is remembered.
_SHORT = 64
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}\Z|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Touch:
    """Something happened to a record.

    Attributes:
        at: When this process learned of it, in milliseconds since 1970.
        about: Ids of other records that fields named before or after the change → those fields.
        new: Whether the record was made.
        was: What the changed fields held before, as far as it is short.
    """

    at: int
    entity: str
    record: str
    about: Mapping[str, frozenset[str]]
    new: bool
    was: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Held:
    """A connection on which a page waits.

    Attributes:
        names: What it shows: ids of entities and of records.
        secret: Of the session, which is asked again before anything is told.
        chunked: Whether the answer is sent in chunks (HTTP/1.1).
        ends: When it is let go, in seconds of :func:`clock.elapsed`.
    """

    socket: socket.socket
    names: frozenset[str]
    secret: str
    chunked: bool
    ends: float
    spoke: float = field(default_factory=clock.elapsed)


def watched(text: str) -> frozenset[str]:
    """Return the names in a list with commas between: ids of entities and records; what can be neither is left out."""
    return frozenset(name for name in text.split(",")[:80] if _NAME.match(name))


class Pulse:
    """See the module. One for each application; safe for threads."""

    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        self._workspace = workspace
        self._mark: events.Mark | None = None
        self._touches: deque[Touch] = deque(maxlen=_REMEMBERED)
        self._from = self._until = 0
        self._read_at = float("-inf")
        self._held: set[Held] = set()
        self._selector = selectors.DefaultSelector()
        self._thread: threading.Thread | None = None
        self._lock, self._reading = threading.Lock(), threading.Lock()

    def begin(self) -> None:
        """Begin to follow the log, if nobody has: from now on a page can say since when it wants to know."""
        if self._mark is None:
            self.look()

    def look(self, at_least: float = 0.0) -> list[Touch]:
        """Read what was added to the log; return it.

        Args:
            at_least: Seconds that must lie between two looks; sooner, nothing is read.
        """
        with self._reading:
            if clock.elapsed() - self._read_at < at_least:
                return []
            with self._workspace().database.read() as connection:
                if self._mark is None:
                    self._mark, found = events.mark(connection), None
                else:
                    self._mark, found = events.touched(connection, self._mark, _AT_ONCE)
            self._read_at = clock.elapsed()
            self._until = max(self._until + 1, _now())
            if found is None:  # from the beginning, or after more than can be told
                self._from = self._until
                self._touches.clear()
                return []
            new = [
                Touch(self._until, entity, record, _about(changes), kind == kinds.CREATED, _was(changes))
                for entity, record, kind, changes in found
            ]
            with self._lock:
                if len(self._touches) + len(new) > _REMEMBERED:
                    self._from = (
                        self._touches[min(len(new), len(self._touches)) - 1].at if self._touches else self._until
                    )
                self._touches.extend(new)
            return new

    def since(self, moment: int) -> tuple[int, list[Touch] | None]:
        """Return the moment until which this process knows the log, and what was touched after ``moment``.

        The latter is None where that is further back than is remembered, here or in the process that gave the moment.
        """
        with self._lock:
            if moment < self._from:
                return self._until, None
            return self._until, [one for one in self._touches if one.at > moment]

    def hold(self, socket: socket.socket, names: frozenset[str], secret: str, *, chunked: bool) -> None:
        """Take a connection over, until its reader goes away or its life ends."""
        one = Held(socket, names, secret, chunked, clock.elapsed() + LIFE)
        with self._lock:
            self._held.add(one)
            self._selector.register(socket, selectors.EVENT_READ, one)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
                self._thread.start()

    def room(self, secret: str) -> bool:
        """Tell whether one more connection of a session can be held."""
        with self._lock:
            return len(self._held) < MOST and sum(one.secret == secret for one in self._held) < MOST_OF_ONE

    def spread(self) -> int:
        """Return within how many milliseconds pages that are told should come: by the order of how many are open at all."""
        return min((1 << len(self._held).bit_length()) * _APART, _LONGEST_SPREAD)

    def beat(self) -> None:
        """Look at the log and tell those who wait."""
        new = self.look()
        with self._lock:
            waiting = list(self._held)
        touched = {one.entity for one in new} | {one.record for one in new} | {i for one in new for i in one.about}
        sessions: dict[str, list[Held]] = {}
        for one in waiting:
            if not touched.isdisjoint(one.names):
                sessions.setdefault(one.secret, []).append(one)
        if sessions:
            self._tell(sessions, new)

    def _tell(self, sessions: Mapping[str, Sequence[Held]], new: Sequence[Touch]) -> None:
        """Tell those who may know; a handful of statements, however many they are."""
        workspace = self._workspace()
        with workspace.database.read() as connection:
            catalog = workspace.catalog(connection)
            users = access.session_users(connection, catalog, sessions)
            work = Work(workspace, connection, access.platform_itself(), catalog=catalog)
            wanted = {secret: frozenset().union(*(one.names for one in sessions[secret])) for secret in users}
            of = dict(zip(users, told(work, new, [(users[one], wanted[one]) for one in users]), strict=True))
        spread = self.spread()
        for secret, some in sessions.items():
            for one in some:
                if secret not in users:
                    self._let_go(one)  # his session is over
                elif mine := of[secret] & one.names:
                    self._say(one, message(self._until, mine, spread))

    def _say(self, one: Held, text: str) -> None:
        data = text.encode()
        try:
            framed = b"%x\r\n%s\r\n" % (len(data), data) if one.chunked else data
            if one.socket.send(framed) == len(framed):
                one.spoke = clock.elapsed()
                return
        except OSError:
            pass  # gone, or so slow that its buffer is full
        self._let_go(one)

    def _let_go(self, one: Held) -> None:
        with self._lock:
            if one in self._held:
                self._held.discard(one)
                self._selector.unregister(one.socket)
                one.socket.close()

    def _run(self) -> None:
        next_beat = clock.elapsed()
        while True:
            for key, _ in self._selector.select(max(0.0, next_beat - clock.elapsed())):
                self._let_go(key.data)  # it says something only when it goes away
            begun = clock.elapsed()
            if begun < next_beat:
                continue
            try:
                self.beat()
            except Exception:  # pages that wait are worth less than the thread they wait for
                _log.exception("open pages could not be told of changes; trying again")
            now = clock.elapsed()
            next_beat = now + max(BEAT, _REST * (now - begun))
            with self._lock:
                waiting = list(self._held)
                if not waiting:
                    self._thread = None
                    return
            for one in waiting:
                if now >= one.ends:
                    self._let_go(one)
                elif now - one.spoke >= ALIVE:
                    self._say(one, ":\n\n")

    def close(self) -> None:
        """Let every page go: the server ends."""
        with self._lock:
            waiting = list(self._held)
        for one in waiting:
            self._let_go(one)


def told(
    work: Work, touches: Iterable[Touch], asking: Sequence[tuple[access.User, frozenset[str]]]
) -> list[frozenset[str]]:
    """Return for each user of which of his names something was touched that he may see, or could until then.

    Each record is read once for all users, and rules of rows are asked in memory: of the record as it is, and as it was.
    """
    every: frozenset[str] = frozenset().union(*(names for _, names in asking))
    by_entity: dict[str, list[Touch]] = {}
    for one in touches:
        if one.entity in every or one.record in every or not every.isdisjoint(one.about):
            by_entity.setdefault(one.entity, []).append(one)
    found: list[set[str]] = [set() for _ in asking]
    users = [user for user, _ in asking]
    for entity, some in by_entity.items():
        before: dict[str, dict[str, Any]] = {}
        for one in some:  # the first value counts: what stood between two changes of one save was seen by nobody
            before[one.record] = {**one.was, **before.get(one.record, {})}
        for record in {one.record for one in some if one.new}:
            del before[record]
        # Who has lost sight of a record is told too: else it would stay on his list, as if it were still his.
        sights = read.sighted(work, entity, {one.record for one in some}, users, before)
        for (user, names), sight, mine in zip(asking, sights, found, strict=True):
            shown = access.rights(work.catalog, user, entity).seen() if sight else frozenset()
            for one in some:
                if one.record in sight:
                    mine |= names & {entity, one.record}
                    mine |= {
                        each for each, fields in one.about.items() if each in names and not fields.isdisjoint(shown)
                    }
    return [frozenset(one) for one in found]


def message(at: int, names: Iterable[str], spread: int) -> str:
    """Return what is sent on a connection: something of these changed."""
    return f"id: {at}\ndata: {json.dumps({'of': sorted(names), 'spread': spread})}\n\n"


def _about(changes: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, change in changes.items():
        for value in change:
            identifier = value.get("id") if isinstance(value, dict) else value
            if isinstance(identifier, str) and len(identifier) == 36 and _ID.match(identifier):
                found.setdefault(identifier, set()).add(name)
    return {identifier: frozenset(fields) for identifier, fields in found.items()}


def _was(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what rules of rows may look at of a record as it was: what is long is kept by nobody, and looked at by none."""
    held = {name: change[0] for name, change in changes.items() if len(change) == 2}
    return {
        name: value
        for name, value in held.items()
        if value is None or isinstance(value, (bool, int)) or (isinstance(value, str) and len(value) <= _SHORT)
    }


def _now() -> int:
    return int(clock.now().timestamp() * 1000)

"""Deliveries: takes messages from the outbox and hands each to the plugin of its channel.

A message goes out at least once and always under the same key. What fails is tried again after a pause that grows
fourfold, a little different for each message so that a receiver that comes back is not met by all of them at once;
after ``Pace.attempts`` tries, or at once where trying again is vain, it is dead and waits for a person.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING

from dealwright import clock
from dealwright.errors import DealwrightError, DeliveryError
from dealwright.plugins import Delivery
from dealwright.records import approval_links
from dealwright.storage import outbox

if TYPE_CHECKING:
    from datetime import datetime

    from dealwright.jobs.pace import Pace
    from dealwright.plugins import Plugins
    from dealwright.storage import Database
    from dealwright.storage.outbox import Delivery as Message

_log = logging.getLogger(__name__)

#: Part of a pause by which two messages differ.
_SPREAD = 0.2
#: Characters of an error that are kept.
_LONGEST_ERROR = 2000


class Deliveries:
    """Delivers the messages of one workspace with a few threads. Several workers may do so at once."""

    def __init__(self, database: Database, plugins: Plugins, pace: Pace) -> None:
        self._database, self._plugins, self._pace = database, plugins, pace
        self._lease = timedelta(seconds=pace.lease)
        self._threads = ThreadPoolExecutor(pace.deliveries, thread_name_prefix="delivery")
        self._changed = threading.Condition()
        self._on_their_way: Counter[str] = Counter()

    def look(self) -> bool:
        """Take what is due and begin to deliver it; return whether there was anything. Waits while all are busy.

        Raises:
            UnavailableError: If the database cannot be asked now.
        """
        with self._changed:
            busy = dict(self._on_their_way)
            free = self._pace.deliveries - sum(busy.values())
            if free == 0:
                self._changed.wait(self._pace.poll)
                return True
        with self._database.read() as connection:
            if not outbox.due(connection, clock.now()):
                return False
        full = [target for target, count in busy.items() if count >= self._pace.per_target]
        with self._database.write() as connection:
            taken = outbox.claim(
                connection, clock.now(), limit=min(free, self._pace.per_target), lease=self._lease, without=full
            )
        with self._changed:
            self._on_their_way.update(message.target for message in taken)
        for message in taken:
            self._threads.submit(copy_context().run, self._deliver, message)  # in the time of the look
        return bool(taken)

    def stop(self, seconds: float) -> bool:
        """Wait so long for what is on its way; return whether all of it is done. The rest goes out after its lease."""
        end = clock.elapsed() + seconds
        with self._changed:
            done = self._changed.wait_for(lambda: not +self._on_their_way, max(end - clock.elapsed(), 0))
        self._threads.shutdown(wait=done, cancel_futures=True)
        return done

    def _deliver(self, message: Message) -> None:
        try:
            try:
                self._hand_over(message)
            except DealwrightError as error:
                self._note_failure(message, error)
            else:
                with self._database.write() as connection:
                    outbox.sent(connection, [message.id], clock.now())
        except Exception:
            # Most often the database: the lease runs out and the message goes out again.
            _log.exception("the outcome of message %s could not be noted", message.id)
        finally:
            with self._changed:
                self._on_their_way[message.target] -= 1
                self._on_their_way += Counter()  # drops what is at zero
                self._changed.notify_all()

    def _hand_over(self, message: Message) -> None:
        delivery = Delivery(
            id=message.id,
            key=message.key,
            channel=message.channel,
            target=message.target,
            payload=approval_links.minted(self._database, message.key, message.payload),
            at=message.created_at,
            attempt=message.attempts,
        )
        receipt = self._plugins.deliver(delivery)
        if receipt is None:
            raise DeliveryError(
                f"no plugin on this worker delivers {message.channel!r}; install one and replay the message"
            )
        _log.info("delivered %s by %s: %s", message.id, message.channel, receipt)

    def _note_failure(self, message: Message, error: DealwrightError) -> None:
        permanent = isinstance(error, DeliveryError) and error.permanent
        given_up = permanent or message.attempts >= self._pace.attempts
        detail = error.detail[:_LONGEST_ERROR]
        with self._database.write() as connection:
            if given_up:
                outbox.dead(connection, message.id, detail, clock.now())
            else:
                outbox.failed(connection, message.id, detail, next_try(message, error, self._pace))
        level, end = (logging.ERROR, "and is dead") if given_up else (logging.WARNING, "and is tried again")
        _log.log(level, "message %s failed in attempt %d %s: %s", message.id, message.attempts, end, detail)


def next_try(message: Message, error: DealwrightError, pace: Pace) -> datetime:
    """Return when a message that just failed may go out again.

    With the usual pace: 10 s, 40 s, 3 min, 11 min, 43 min, 3 h, 6 h, each up to a fifth less; never before the moment
    that the receiver asked for.
    """
    wait = min(pace.first_wait * 4.0 ** (message.attempts - 1), pace.longest_wait)
    wait *= 1 - _SPREAD * zlib.crc32(f"{message.id} {message.attempts}".encode()) / 0xFFFF_FFFF
    asked = error.retry_after if isinstance(error, DeliveryError) else None
    return clock.after(max(wait, asked or 0))

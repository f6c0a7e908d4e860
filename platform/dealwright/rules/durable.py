"""The driver of the C library ``durable_rules``, behind a fence: a pure function from codes to chains.

The library (2.0.28, last changed in 2020) kills or hangs the process, or answers wrongly, on much that it accepts:
division, joins, text, missing fields, many rules, states that are not deleted. What this module asks of it is what it
does right: compare small integers, in conjunctions, in a state that lives for one fact. ``docs/rules.md`` lists the
traps and which rule of this fence closes each.

Nothing else may import the library. Its ``Host``, threads, timers, callbacks, events, joins, ``update_state`` and
stored states are never used.
"""

from __future__ import annotations

import hashlib
import json
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from dealwright.rules.pattern import GUARD, MAX_CHAINS, MAX_MEASURES, Chain, measures

try:
    import durable_rules_engine
except ImportError:  # Python 3.13 and later need a patched build; the Python matcher serves there
    durable_rules_engine = None

_library: Any = durable_rules_engine

_OPERATORS: Final = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
#: Names that the library gives a meaning of its own, and the one that primes a new handle.
_RESERVED: Final = ("id", "sid", "$s", "~probe")
_PROBE: Final = "~probe"
_SID: Final = "s"


class DurableError(RuntimeError):
    """The library is absent, refused a shard, or answered what cannot be; the Python matcher must serve."""


def available() -> bool:
    """Tell whether the C library can be imported here."""
    return _library is not None


@cache
def fingerprint() -> str:
    """Return the SHA-256 of the library as it lies here; empty if it is absent."""
    file = getattr(durable_rules_engine, "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


class Shard:
    """One set of at most 56 chains in the library, with its own handle and lock.

    The handle is given back when the object is closed or collected.

    Raises:
        ValueError: If the chains break a limit of the fence.
        DurableError: If the library is absent or refuses them.
    """

    def __init__(self, chains: Sequence[Chain]) -> None:
        self.measures = measures(chains)
        text = ruleset(chains)
        # All values are integers, so one format string writes the fact: four times as fast as json.dumps.
        pairs = ",".join(f'"{name}":%d' for name in self.measures)
        self._fact = f'{{"{GUARD}":1,{pairs},"sid":"{_SID}","id":1}}'
        self._names = frozenset(chain.name for chain in chains)
        self._lock = threading.Lock()
        if _library is None:
            raise DurableError("the C library durable_rules_engine is not installed")
        try:
            self._handle: int = _library.create_ruleset("r", text)
        except _library.error as error:
            raise DurableError(f"the C library refused a shard: {error}") from error
        self._finalizer = weakref.finalize(self, _library.delete_ruleset, self._handle)
        self._prime()

    def _prime(self) -> None:
        """Run one action to its end: ``delete_state`` frees a pointer that only a first action sets (2.0.28)."""
        try:
            state = _library.assert_fact(self._handle, f'{{"{_PROBE}":1,"sid":"{_SID}","id":1}}')[1]
            started = _library.start_action_for_state(self._handle, state)
            if not started or _library.complete_and_start_action(self._handle, state):
                raise DurableError("the probe rule of a new shard did not fire exactly once")
            _library.delete_state(self._handle, _SID)
        except _library.error as error:
            raise DurableError(f"the C library failed on the probe of a new shard: {error}") from error

    def matches(self, codes: Mapping[str, int]) -> list[str]:
        """Return the names of the chains that hold, in no particular order.

        Args:
            codes: The code of every measure in :attr:`measures`; others are not looked at.

        Raises:
            DurableError: If the library fails, or answers more than the shard has chains. The state is gone all the
                same: the next call starts afresh.
        """
        fact = self._fact % tuple([codes[name] for name in self.measures])
        names: list[str] = []
        # One match is several calls into the library: the lock keeps another thread's fact out of our state.
        with self._lock:
            handle = self._handle
            try:
                state = _library.assert_fact(handle, fact)[1]
                started = _library.start_action_for_state(handle, state)
                match = started[1] if started else None
                while match:
                    name = match[2 : match.index('"', 2)]
                    names.append(name)
                    if len(names) > MAX_CHAINS or name not in self._names:
                        raise DurableError(f"the C library answered {name!r}, match {len(names)} of one fact")
                    match = _library.complete_and_start_action(handle, state)
            except _library.error as error:
                raise DurableError(f"the C library failed on a fact: {error}") from error
            finally:
                # A state that stays behind would silence its sid for a minute and hold half a megabyte. There is none
                # to delete, and an error to hear of it, only if the fact was not taken at all.
                with suppress(_library.error):
                    _library.delete_state(handle, _SID)
        return names

    def close(self) -> None:
        """Give the handle back. Calling it again does nothing."""
        with self._lock:
            self._finalizer()


def ruleset(chains: Sequence[Chain]) -> str:
    """Return the JSON text that the library is given for ``chains``.

    Raises:
        ValueError: If there are too many chains or measures, a name is used twice, or the names of two measures have
            the same hash, by which alone the library compares names.
    """
    used = measures(chains)
    if not 1 <= len(chains) <= MAX_CHAINS or len(used) > MAX_MEASURES:
        raise ValueError(
            f"a shard has {len(chains)} chains and {len(used)} measures; expected 1 to {MAX_CHAINS} "
            f"and at most {MAX_MEASURES}"
        )
    if len({chain.name for chain in chains}) != len(chains):
        raise ValueError("two chains of a shard have the same name")
    hashes: dict[int, str] = {}
    for name in (*_RESERVED, GUARD, *used):
        if hashes.setdefault(_hash(name), name) != name:
            raise ValueError(f"the C library cannot tell {name!r} from {hashes[_hash(name)]!r}")
    rules: dict[str, Any] = {chain.name: {"all": [{"m": {"$and": _tests(chain)}}]} for chain in chains}
    rules[_PROBE] = {"all": [{"p": {_PROBE: 1}}]}
    return json.dumps(rules)


def _tests(chain: Chain) -> list[dict[str, Any]]:
    tests: list[dict[str, Any]] = [{GUARD: 1}]
    for test in chain.tests:
        pair = {test.measure: test.code}
        tests.append(pair if test.op == "==" else {_OPERATORS[test.op]: pair})
    return tests


def _hash(text: str) -> int:
    """Return FNV-1a of 32 bits as the C code works it out: bytes above 127 are sign-extended (rete.c, 2.0.28)."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) & 0xFFFFFFFF
    return value

"""What the operator lets this process reach."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PORTS = frozenset({80, 443, 8443})
"""Ports that may be asked when nothing else is set."""

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read; the rest is left unread."""

_PORT = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be reached, and for how long.

    Attributes:
        allow: Pairs of host (as written in the address, lower case) and port that are reached whatever their range,
            port or scheme: intranet servers and tests.
        ports: Ports that any other host may be asked on.
        plain_http: Whether ``http://`` is allowed; without it only ``https://``.
        connect_seconds: Longest wait for one connection.
        total_seconds: Longest time from the first byte sent to the last byte read.
        max_answer: Bytes of the answer that are read.
    """

    allow: frozenset[tuple[str, int]] = frozenset()
    ports: frozenset[int] = PORTS
    plain_http: bool = False
    connect_seconds: float = 5.0
    total_seconds: float = 20.0
    max_answer: int = MAX_ANSWER


def policy_from(environment: Mapping[str, str]) -> Policy:
    """Return the policy that the operator has set.

    ``DEALWRIGHT_EGRESS_ALLOW`` is a list of ``host:port`` separated by commas, ``DEALWRIGHT_EGRESS_PORTS`` a list of
    ports that replaces :data:`PORTS`, ``DEALWRIGHT_EGRESS_HTTP=1`` allows ``http://``.

    Raises:
        ValueError: If one of them cannot be read.
    """
    allow = set()
    for entry in _entries(environment.get("DEALWRIGHT_EGRESS_ALLOW", "")):
        host, _, port = entry.rpartition(":")
        if not host or not _PORT.fullmatch(port):
            raise ValueError(f"DEALWRIGHT_EGRESS_ALLOW has {entry!r}; write host:port, such as crm.intra:8080")
        allow.add((host.strip("[]").lower(), int(port)))
    ports = _entries(environment.get("DEALWRIGHT_EGRESS_PORTS", ""))
    for port in ports:
        if not _PORT.fullmatch(port):
            raise ValueError(f"DEALWRIGHT_EGRESS_PORTS has {port!r}; write numbers from 1 to 65535")
    return Policy(
        allow=frozenset(allow),
        ports=frozenset(map(int, ports)) or PORTS,
        plain_http=environment.get("DEALWRIGHT_EGRESS_HTTP", "") == "1",
    )


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


@cache
def policy() -> Policy:
    """Return the policy of this process, read from its environment once."""
    return policy_from(os.environ)

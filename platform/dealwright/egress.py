"""Outgoing connections: the one place of the platform that opens them.

An address in a rule, a pack or a setting is written by somebody; asking for it from inside a company's network is
asking with that network's rights (server-side request forgery). So a connection is opened only to

    1. an address written in the one plain way: no user name, no zone, no octal, hexadecimal, short or full-width form;
    2. a port of ``Policy.ports``;
    3. a host of which *every* address lies in a global unicast range, after IPv4 inside IPv6 is unfolded;
    4. exactly the address that was checked: a second look-up could answer otherwise (DNS rebinding).

Redirects are never followed, proxies of the environment are not used, certificates are always verified, and what the
other side answers is bounded in time and size. ``Policy.allow`` names the exceptions: intranet servers and tests.
"""

from __future__ import annotations

import http.client
import io
import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dealwright import clock
from dealwright.errors import AddressRefusedError, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping

PORTS = frozenset({80, 443, 8443})
"""Ports that may be asked when nothing else is set."""

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read; the rest is left unread."""

_MAX_URL = 2048

# IANA IPv4 Special-Purpose Address Registry: whatever is not globally reachable, multicast and class E. Python's
# ``is_global`` is not asked: it changed between releases, and a list that stands here can be read and tested.
_CLOSED_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches the own machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; 100.100.100.200 serves metadata at Alibaba Cloud
        "127.0.0.0/8",
        "168.63.129.16/32",  # a public address that serves the machine's secrets at Azure
        "169.254.0.0/16",  # link-local; 169.254.169.254 serves metadata at most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # 192.0.0.192 serves metadata at Oracle Cloud
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only 2000::/3 is handed out as global unicast (RFC 4291 §2.4 and the IANA registry); these parts of it are not.
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments: Teredo 2001::/32 carries an IPv4 address, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_DOTTED = re.compile(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NETLOC = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\[\]:@%]+)(:(?P<port>.*))?")


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said.

    Attributes:
        status: HTTP status; redirects (3xx) come back as they are.
        headers: Names in lower case; of a repeated header the last one.
        body: At most ``Policy.max_answer`` bytes, as sent: never unpacked.
        cut: Whether there was more.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """An address that is written properly and may be looked up.

    Attributes:
        scheme: ``http`` or ``https``.
        host: Name or literal address, without brackets, lower case.
        port: 1 to 65535.
        path: Path and query, beginning with ``/``.
        excepted: Whether the policy names this host and port, so that its ranges are not asked.
    """

    scheme: str
    host: str
    port: int
    path: str
    excepted: bool


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


def read(url: str, using: Policy | None = None) -> Target:
    """Return what ``url`` points at, if it is written plainly and its scheme and port may be used.

    Nothing is looked up or opened.

    Raises:
        AddressRefusedError: With the reason and what to write instead.
    """
    using = using or policy()
    if len(url) > _MAX_URL or not all("!" <= sign <= "~" for sign in url) or "\\" in url:
        raise AddressRefusedError(
            f"the address {url[:80]!r} is longer than {_MAX_URL} characters or holds spaces, backslashes or characters "
            "outside ASCII; write international names as xn--… and percent-encode the path"
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressRefusedError(f"{url!r} is not an address; write https://host/path") from None
    if parts.scheme not in ("http", "https"):
        raise AddressRefusedError(f"the address {url!r} does not begin with https://; no other kind is asked")
    found = _NETLOC.fullmatch(parts.netloc)
    if found is None:
        raise AddressRefusedError(
            f"the address {url!r} has a user name, a zone or a broken host; write https://host/path"
        )
    host = _host(found["host"], url)
    if found["port"] is None:
        port = 443 if parts.scheme == "https" else 80
    elif _PORT.fullmatch(found["port"]) and int(found["port"]) < 65536:
        port = int(found["port"])
    else:
        raise AddressRefusedError(f"the address {url!r} has the port {found['port']!r}; write a number from 1 to 65535")
    excepted = (host, port) in using.allow
    if not excepted and port not in using.ports:
        raise AddressRefusedError(
            f"port {port} of {url!r} is not asked, only {', '.join(map(str, sorted(using.ports)))}; "
            "the operator can add it with DEALWRIGHT_EGRESS_PORTS or DEALWRIGHT_EGRESS_ALLOW"
        )
    if parts.scheme == "http" and not (excepted or using.plain_http):
        raise AddressRefusedError(
            f"{url!r} is not encrypted; use https://, or let the operator allow it (DEALWRIGHT_EGRESS_HTTP=1)"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path, excepted)


def _host(written: str, url: str) -> str:
    """Return the host in lower case; refuse every spelling that some library reads as another address."""
    if written.startswith("["):
        try:
            return str(IPv6Address(written[1:-1]))
        except ValueError:
            raise AddressRefusedError(f"{written} in {url!r} is not an IPv6 address") from None
    labels = written.split(".")
    if _DOTTED.fullmatch(written) and all(int(label) < 256 for label in labels):
        return written
    # A host whose last part is a number is an IPv4 address in a disguise (WHATWG URL, "ends in a number checker").
    if _NUMBER.fullmatch(labels[-1]) or len(written) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise AddressRefusedError(
            f"{written!r} in {url!r} is neither a host name nor an IPv4 address of four plain decimal numbers"
        )
    return written.lower()


def may_reach(address: str) -> bool:
    """Return whether a literal IP address lies in a range that anybody on the internet may ask.

    IPv4 inside IPv6 (mapped ``::ffff:0:0/96``, NAT64 ``64:ff9b::/96``, RFC 4291 and 6052) is judged as the IPv4
    address that it reaches. Everything that carries an address in another way (6to4, Teredo, ISATAP, compatible) and
    every zone is refused.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return False
        inside = found.ipv4_mapped or (IPv4Address(int(found) & 0xFFFF_FFFF) if found in _NAT64 else None)
        if inside is None:
            isatap = (int(found) >> 32) & 0xFCFF_FFFF == 0x5EFE
            return found in _OPEN_V6 and not isatap and not any(found in net for net in _CLOSED_V6)
        found = inside
    return not any(found in net for net in _CLOSED_V4)


def _addresses(target: Target) -> list[str]:
    """Look the host up once and return its addresses, all of them checked.

    Raises:
        AddressRefusedError: If one of them may not be reached; a host that points both outside and inside is a trap.
        DeliveryError: If the name is not known now.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise DeliveryError(f"{target.host} is not known: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    closed = [] if target.excepted else [address for address in addresses if not may_reach(address)]
    if closed:
        raise AddressRefusedError(
            f"{target.host} is {closed[0]}, an address inside a network or of a special range, which is not asked; "
            f"the operator can allow it with DEALWRIGHT_EGRESS_ALLOW={target.host}:{target.port}"
        )
    return addresses


class _TimedReader(io.RawIOBase):
    """Reads a socket until one moment for everything: a byte now and then does not keep it open."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        left = self._until - clock.elapsed()
        if left <= 0:
            raise TimeoutError("the time for the answer is over")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _TimedSocket:
    """The three things that :mod:`http.client` asks of a socket, each until one moment."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(max(self._until - clock.elapsed(), 0.001))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._until))

    def close(self) -> None:
        self._sock.close()


def connect(target: Target, using: Policy | None = None) -> socket.socket:
    """Open a connection to ``target`` on an address that was checked, with verified TLS for ``https``.

    Raises:
        AddressRefusedError: If an address of the host may not be reached.
        DeliveryError: If nobody answers there, or the certificate is not valid for the host.
    """
    using = using or policy()
    error: OSError | None = None
    for address in _addresses(target)[:3]:
        try:
            sock = socket.create_connection((address, target.port), timeout=using.connect_seconds)
        except OSError as failure:
            error = failure
            continue
        if target.scheme == "http":
            return sock
        try:
            return ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)
        except OSError as failure:
            sock.close()
            raise DeliveryError(f"no safe connection to {target.host}: {failure}") from failure
    raise DeliveryError(f"{target.host}:{target.port} does not answer: {error}")


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    using: Policy | None = None,
) -> Answer:
    """Send one request and return the answer, whatever its status. Redirects are not followed.

    Args:
        method: ``GET`` or ``POST``.
        url: Where to; see :func:`read`.
        headers: Sent beside ``Host``, ``Content-Length`` and ``Accept-Encoding: identity``, which are set here.
        body: Sent as it is.
        using: The policy; that of the process when None.

    Raises:
        AddressRefusedError: If the address may not be asked; trying again does not help.
        DeliveryError: If the other side cannot be reached or does not speak HTTP in time.
    """
    if method not in ("GET", "POST"):
        raise ValueError(f"egress sends GET and POST, not {method}")
    using = using or policy()
    target = read(url, using)
    sock = connect(target, using)
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = _TimedSocket(sock, clock.elapsed() + using.total_seconds)
    try:
        connection.request(
            method,
            target.path,
            body or None,
            {**(headers or {}), "Host": _shown(target), "Accept-Encoding": "identity"},
        )
        answer = connection.getresponse()
        content = answer.read(using.max_answer + 1)
        return Answer(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.getheaders()},
            body=content[: using.max_answer],
            cut=len(content) > using.max_answer,
        )
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryError(f"{target.host} gave no proper answer: {type(error).__name__} {error}".rstrip()) from error
    finally:
        connection.close()
        sock.close()


def _shown(target: Target) -> str:
    """Return the Host header: brackets around IPv6, the port where it is not the scheme's own."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == {"http": 80, "https": 443}[target.scheme] else f"{host}:{target.port}"

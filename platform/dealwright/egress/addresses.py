"""How an address must be written, and into which ranges it may point. Nothing is looked up or opened here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from dealwright.egress.allowed import Policy, policy
from dealwright.errors import AddressRefusedError

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

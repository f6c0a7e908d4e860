r"""Where a redirect may lead: only to a page of this server.

Browsers read addresses in more ways than one: ``//evil``, ``/\evil``, ``https:evil`` and tabs inside all lead away.
So an address is taken only if it is a plain path of ours, and rebuilt, not repaired.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

#: A path that starts with one slash, made of the characters that RFC 3986 §3.3 and §3.4 allow and a few more.
_PLAIN = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?\-]*\Z")


def local(address: str | None, otherwise: str) -> str:
    """Return ``address`` if it is a path on this server, else ``otherwise``."""
    if not address or len(address) > 2000 or not _PLAIN.match(address):
        return otherwise
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else otherwise

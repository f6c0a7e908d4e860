"""One way to write a document down, so that equal documents have equal digests.

Keys are sorted and decimals are strings: JSON that went through a database, which may do both, still has the digest it
had as a file. (In the manner of RFC 8785; numbers differ, because exact decimals are no IEEE doubles.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """Return a document as what :mod:`json` writes: dicts, lists, and decimals as strings.

    A float comes only from a document that was built in Python; it is taken for the decimal that it is written as.
    """
    match value:
        case Mapping():
            return {key: plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case Decimal():
            return format(value, "f")
        case float():
            return format(Decimal(repr(value)), "f")
        case _:
            return value


def text(value: Any) -> str:
    """Return the canonical JSON of a document or a part of one."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(text(value).encode("utf-8")).hexdigest()

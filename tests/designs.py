"""What tests of designers share: a draft is begun, looked into and published, as an administrator does in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dealwright.packs.drafts import Opened, opened
from pages import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pages import Person

#: Headers of a post that a script makes while somebody types.
SCRIPT: Final = {"HX-Request": "true", "HX-Request-Type": "partial"}


def begun(admin: Person, title: str = "Settings") -> str:
    """Begin a draft and return its address."""
    answer = admin.post("/admin/drafts/begin/", {"title": title})
    assert answer.status_code == 303
    return str(answer.location)


def drafted(connection: Connection, draft: str) -> Opened:
    """Return the draft at an address."""
    return opened(connection, draft.rstrip("/").rpartition("/")[2])


def published(admin: Person, draft: str, reason: str = "It is asked for") -> str:
    """Plan and publish a draft; return the address that follows."""
    assert admin.post(f"{draft}plan/", {}).status_code == 303
    page = admin.get(f"{draft}publish/").text
    found = {name: value for name, value in re.findall(r'name="(plan|fingerprint)" value="([^"]+)"', page)}
    answer = admin.post(f"{draft}publish/", {**found, "reason": reason})
    assert answer.status_code == 303, text(answer)
    return str(answer.location)

"""What a page says about the request before it: named in the address, so that nothing need be stored between the two.

Only names are in the address, never texts: nobody can make a page of ours say what he likes by sending a link.
"""

from __future__ import annotations

import re

from flask import request, url_for

from dealwright.web.i18n import gettext


def notice() -> str:
    """Return the text for the ``notice`` in the address, or an empty one."""
    texts = {
        "saved": gettext("Saved"),
        "created": gettext("Created"),
        "moved": gettext("Moved"),
        "archived": gettext("Archived"),
        "unchanged": gettext("Nothing was changed"),
        "done": gettext("Done"),
        "restored": gettext("Restored"),
        "published": gettext("Published: everybody meets it now"),
        "rolled_back": gettext("Put in force again"),
    }
    return texts.get(request.args.get("notice", ""), "")


_ID = re.compile(r"[0-9A-Za-z-]{1,64}\Z")


def undo(entity_id: str) -> str:
    """Return where a post takes back what the notice tells of; empty where nothing can be taken back."""
    record_id = request.args.get("undo", "")
    if request.args.get("notice") != "archived" or not _ID.match(record_id):
        return ""
    return url_for("web.restore", entity_id=entity_id, record_id=record_id)

"""What a page says about the request before it: named in the address, so that nothing need be stored between the two.

Only names are in the address, never texts: nobody can make a page of ours say what he likes by sending a link.
"""

from __future__ import annotations

from flask import request

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
    }
    return texts.get(request.args.get("notice", ""), "")

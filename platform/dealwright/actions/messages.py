"""Message documents filled with a record's values: placeholders only, no logic.

``{name}`` and ``{account.name}`` stand for fields of the record that the decision is about; ``{{`` and ``}}`` for the
braces themselves. What a placeholder brings is text: it is never read for placeholders again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dealwright.actions.plain import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}\s]{1,120})\}")


def placeholders(text: str) -> frozenset[str]:
    """Return the fields and dotted paths that a message text names."""
    return frozenset(m[1] for m in _PLACEHOLDER.finditer(text) if m[1])


def filled(text: str, env: Mapping[str, Any]) -> str:
    """Return the text with each placeholder replaced by the record's value; an empty value gives nothing."""

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        value = plain(env.get(match[1]))
        return "" if value is None else str(value)

    return _PLACEHOLDER.sub(one, text)


def message(catalog: Catalog, message_id: str, part: str, locale: str | None = None) -> str:
    """Return the ``title`` or ``body`` of a message in a locale, placeholders still in place; empty if it has none."""
    document = catalog.documents.get(("message", message_id))
    if document is None or part not in document:
        return ""
    return str(catalog.text("message", message_id, f"/{part}", locale or catalog.settings.get("locale", "en")))

"""Message documents filled with values of a record: placeholders only, no logic.

``{name}``, ``{account.name}`` or any other expression in braces stands for its value on the record that the decision is
about. What a placeholder brings is text: it is never read for placeholders again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Return the text with each placeholder replaced by its value; an empty value gives nothing."""

    def one(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return "" if value is None else str(value)

    return _PLACEHOLDER.sub(one, text)


def message(catalog: Catalog, message_id: str, part: str, locale: str | None = None) -> str:
    """Return the ``title`` or ``body`` of a message in a locale, placeholders still in place; empty if it has none."""
    document = catalog.documents.get(("message", message_id))
    if document is None or part not in document:
        return ""
    return str(catalog.text("message", message_id, f"/{part}", locale or catalog.settings.get("locale", "en")))

"""Message documents filled with values of a record: placeholders only, no logic.

``{name}``, ``{account.name}`` or any other expression in braces stands for its value on the record that the decision is
about; ``{{`` and ``}}`` are braces. What a placeholder brings is text: it is never read for placeholders again, and in
Markdown its signs mean themselves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dealwright.metadata.catalog import Catalog

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]+)\}")
#: Signs that can mean something in Markdown or HTML (CommonMark 0.31, 2.4: each may be escaped).
_SIGNS = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_BREAKS = re.compile(r"[\r\n\t\v\f\x85\u2028\u2029]+")


def filled(text: str, values: Mapping[str, Any], *, markdown: bool = False) -> str:
    r"""Return the text with each placeholder replaced by its value; an empty value gives nothing.

    Args:
        text: With placeholders.
        values: What stands for each, by the text between the braces.
        markdown: Whether the text is Markdown: then a value is escaped, and stands in one line.

    Example:
        >>> filled("{{{name}}} of {city}", {"name": "*Acme*"})
        '{*Acme*} of '
        >>> filled("**{name}**", {"name": "*Acme*"}, markdown=True)
        '**\\*Acme\\***'
    """

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        value = values.get(match[1])
        if value is None:
            return ""
        return _SIGNS.sub(r"\\\1", _BREAKS.sub(" ", str(value))) if markdown else str(value)

    return _PLACEHOLDER.sub(one, text)


def message(catalog: Catalog, message_id: str, part: str, locale: str | None = None) -> str:
    """Return the ``title`` or ``body`` of a message in a locale, placeholders still in place; empty if it has none."""
    document = catalog.documents.get(("message", message_id))
    if document is None or part not in document:
        return ""
    return str(catalog.text("message", message_id, f"/{part}", locale or catalog.settings.get("locale", "en")))

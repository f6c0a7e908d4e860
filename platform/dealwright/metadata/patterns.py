"""Regular expressions of documents: RE2 syntax, because its matching takes time linear in the text.

Python's own matcher takes exponential time on patterns such as ``^(a+)+$``, so it never sees one that a document brings.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dealwright.errors import DealwrightError


class PatternError(DealwrightError):
    """A pattern is not RE2, or RE2 is not installed."""

    code, status, title = "pattern-invalid", 422, "The pattern is not valid"


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """Return the compiled pattern; its ``search(text)`` gives a match or None, as JSON Schema's ``pattern`` wants.

    Raises:
        PatternError: If it is no RE2 pattern (look-around and back references are none), or RE2 is not installed.
    """
    try:
        import re2
    except ImportError:
        raise PatternError(
            "patterns need the package google-re2, which is not installed; run: pip install google-re2"
        ) from None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise PatternError(
            f"“{pattern}” is no RE2 pattern ({reason}); RE2 has no look-around and no back references"
        ) from None

"""Time that passes in a test, as ``dealwright pack test`` lets it pass."""

from __future__ import annotations

from dealwright.records.passing import pass_until

__all__ = ["pass_until"]

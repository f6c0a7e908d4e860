"""What documents name must exist."""

from __future__ import annotations

from dealwright.errors import Problem
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.fold import Folded


def problems(catalog: Catalog, folded: Folded) -> list[Problem]:
    """Return every name that leads nowhere."""
    return []

"""Conditions: one language for visibility, checks, formulas, gates, filters, permissions and rules.

A closed subset of CEL, stored as its source text, checked against the catalog, and evaluated alike in Python, in the
browser, on SQLite and on PostgreSQL (``docs/conditions.md``). ``dealwright.conditions.sql`` is imported apart: only
storage and what filters records need SQLAlchemy.
"""

from __future__ import annotations

from dealwright.conditions.condition import Condition, of
from dealwright.conditions.plain import compile  # noqa: A004 - the field's word
from dealwright.conditions.reached import through
from dealwright.conditions.uses import Use, places, problems, reads, uses

__all__ = ["Condition", "Use", "compile", "of", "places", "problems", "reads", "through", "uses"]

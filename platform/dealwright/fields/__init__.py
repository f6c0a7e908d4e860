"""Field types, and the checking of a record against its entity.

A field type is one class (``field_type.FieldType``); its family is one module: ``text``, ``number``, ``moment``,
``choice``, ``place``, ``file``, ``link``, ``rows``, ``computed``, ``data``. What a record goes through:

    API JSON ── read ──> typed values ── defaults, prefill, settle ──> a record that may be stored ── shown ──> API JSON

``docs/fields.md`` tells which values each type takes and lists every code of a refusal.
"""

from __future__ import annotations

from dealwright.fields import messages
from dealwright.fields.cells import from_text, to_text
from dealwright.fields.columns import columns
from dealwright.fields.defined import problems
from dealwright.fields.faults import refuse, refuse_value
from dealwright.fields.field_type import Column, FieldType
from dealwright.fields.filling import defaults, prefill, wheres
from dealwright.fields.json_schema import record_schema
from dealwright.fields.needs import compute_on_read, computed_on_read, needs, row_needs
from dealwright.fields.reading import read
from dealwright.fields.registry import TYPES
from dealwright.fields.settling import Settled, formulas, settle
from dealwright.fields.showing import changed, shown, shown_path
from dealwright.fields.typed import typed

__all__ = [
    "TYPES",
    "Column",
    "FieldType",
    "Settled",
    "changed",
    "columns",
    "compute_on_read",
    "computed_on_read",
    "defaults",
    "formulas",
    "from_text",
    "messages",
    "needs",
    "prefill",
    "problems",
    "read",
    "record_schema",
    "refuse",
    "refuse_value",
    "row_needs",
    "settle",
    "shown",
    "shown_path",
    "to_text",
    "typed",
    "wheres",
]

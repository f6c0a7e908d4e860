"""Which columns each type has."""

from __future__ import annotations

import pytest

from dealwright import fields
from dealwright.fields import Column

OPTIONS = [{"id": "a", "title": "A"}]


@pytest.mark.parametrize(
    ("spec", "columns"),
    [
        ({"field": "text"}, [Column("f", "text")]),
        ({"field": "select", "options": OPTIONS}, [Column("f", "text")]),
        ({"field": "integer"}, [Column("f", "bigint")]),
        ({"field": "rating"}, [Column("f", "integer")]),
        ({"field": "decimal"}, [Column("f", "decimal", 4)]),
        ({"field": "decimal", "scale": 0}, [Column("f", "decimal", 0)]),
        ({"field": "percent"}, [Column("f", "decimal", 4)]),
        ({"field": "money"}, [Column("f", "decimal", 4)]),
        ({"field": "money", "currency": "per_record"}, [Column("f", "decimal", 4), Column("f__currency", "text")]),
        ({"field": "boolean"}, [Column("f", "boolean", nullable=False, default=False)]),
        ({"field": "date"}, [Column("f", "date")]),
        ({"field": "datetime"}, [Column("f", "datetime")]),
        ({"field": "time"}, [Column("f", "time")]),
        ({"field": "duration"}, [Column("f", "duration")]),
        ({"field": "tags"}, [Column("f", "json")]),
        ({"field": "address"}, [Column("f", "json")]),
        ({"field": "file"}, [Column("f", "json")]),
        ({"field": "reference", "to": "s.account"}, [Column("f", "id")]),
        ({"field": "any_reference"}, [Column("f", "json")]),
        ({"field": "autonumber", "format": "{seq}"}, [Column("f", "text")]),
        ({"field": "references", "to": "s.account"}, []),
        ({"field": "rows", "items": {"properties": {"n": {"field": "integer"}}}}, []),
        ({"field": "static", "text": "Hello"}, []),
        ({"field": "formula", "result": "money", "formula": "1 + 1"}, [Column("f", "decimal", 4)]),
        ({"field": "formula", "result": "date", "formula": "today()"}, []),
        ({"field": "formula", "result": "boolean", "formula": "now( ) > created_at"}, []),
        ({"field": "formula", "result": "text", "formula": '"today()"'}, [Column("f", "text")]),
    ],
    ids=lambda case: repr(case)[:60],
)
def test_a_type_has_these_columns(made, spec, columns):
    assert list(fields.columns(made({"f": spec}).entity("s.deal").fields["f"])) == columns


def test_id_and_version_are_never_empty(made):
    system = made({"f": {"field": "text"}}).entity("s.deal").system_fields
    assert fields.columns(system["id"]) == (Column("id", "id", nullable=False),)
    assert fields.columns(system["version"]) == (Column("version", "bigint", nullable=False, default=1),)


@pytest.mark.parametrize(
    "source", ["today() > starts", "starts > today ()", '"a" == "b" || now() > created_at', "starts != null"]
)
def test_a_formula_without_a_column_is_one_whose_condition_is_volatile(made, source):
    from dealwright import conditions

    catalog = made({"starts": {"field": "date"}, "f": {"field": "formula", "result": "boolean", "formula": source}})
    condition = conditions.of(catalog, "s.deal", source, "formula")
    assert (fields.columns(catalog.entity("s.deal").fields["f"]) == ()) is condition.volatile

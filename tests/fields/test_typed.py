"""What history tells of a record is read back to just the values that the record had, whatever the type of its fields."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from dealwright import fields
from fields.test_values import TAKEN


def test_values_come_back_from_what_history_tells_of_them(made: Any) -> None:
    wanted = {
        f"f{place}": (spec, json.loads(written, parse_float=Decimal)) for place, (spec, written, _) in enumerate(TAKEN)
    }
    others = {
        "number": {"field": "autonumber", "format": "D-{seq:4}"},
        "hint": {"field": "static", "text": "Look"},
        "twice": {"field": "formula", "result": "money", "formula": "paid * 2"},
        "paid": {"field": "money", "currency": "per_record"},
        "lines": {"field": "rows", "items": {"properties": {
            "qty": {"field": "integer"}, "price": {"field": "money"}, "on": {"field": "date"},
            "sum": {"field": "formula", "result": "money", "formula": "qty * price"}}}},
        "parts": {"field": "rollup", "of": "s.deal", "via": "whole", "measure": "count"},
        "whole": {"field": "reference", "to": "s.deal"},
        "region": {"field": "lookup", "via": "whole", "value": "number"},
    }  # fmt: skip
    catalog = made({name: spec for name, (spec, _) in wanted.items()} | others)
    asked = {name: value for name, (_, value) in wanted.items()}
    asked |= {
        "paid": {"amount": "12.50", "currency": "EUR"},
        "lines": [{"qty": 2, "price": "1.50", "on": "2026-11-23"}],
        "whole": "0199",
    }
    values, problems = fields.read(catalog, "s.deal", asked, new=True)
    assert problems == []
    values |= {"number": "D-0007", "twice": Decimal("25.00")}
    told = json.loads(json.dumps(fields.shown(catalog, "s.deal", values)))
    found = fields.typed(catalog, "s.deal", {name: told[name] for name in told if name in values or name == "paid"})
    lines = found.pop("lines"), values.pop("lines")
    assert found == {name: values[name] for name in found}
    assert {name for name, value in values.items() if value not in (None, [])} <= found.keys()
    assert [(one["qty"], one["price"], one["on"]) for one in lines[0]] == [
        (one["qty"], one["price"], one["on"]) for one in lines[1]
    ]

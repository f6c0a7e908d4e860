"""Defaults, what a reference brings along, and which records a reference may choose from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dealwright import fields

TODAY = {"today()": date(2026, 11, 23)}


def test_a_default_fills_what_has_no_value(made):
    catalog = made(
        {
            "a": {"field": "money", "default": "5.50"},
            "b": {"field": "integer", "default": 7},
            "c": {"field": "date", "default": {"expr": "today()"}},
            "d": {"field": "boolean"},
            "e": {"field": "references", "to": "s.account"},
            "f": {"field": "text"},
            "g": {"field": "boolean", "default": True},
        }
    )
    assert fields.defaults(catalog, "s.deal", {"b": 1, "f": None, **TODAY}) == {
        "a": Decimal("5.50"),
        "c": date(2026, 11, 23),
        "d": False,
        "e": [],
        "g": True,
    }


def test_a_list_that_a_default_makes_is_a_new_one_each_time(made):
    catalog = made({"e": {"field": "references", "to": "s.account"}})
    first = fields.defaults(catalog, "s.deal", {})
    assert first["e"] is not fields.defaults(catalog, "s.deal", {})["e"]


def test_an_expression_sees_the_defaults_before_it(made):
    catalog = made({"a": {"field": "integer", "default": 2}, "b": {"field": "decimal", "default": {"expr": "a * 3"}}})
    assert fields.defaults(catalog, "s.deal", {}) == {"a": 2, "b": Decimal(6)}


def test_a_default_may_be_a_parameter(made):
    parameter = {"kind": "parameter", "id": "s.share", "type": "percent", "title": "Share", "default": "12.5"}
    catalog = made({"p": {"field": "percent", "default": {"param": "share"}}}, documents=[parameter])
    assert fields.defaults(catalog, "s.deal", {}) == {"p": Decimal("12.5")}


def test_a_default_with_its_own_currency_fills_both_entries(made):
    money = {"field": "money", "currency": "per_record", "default": {"amount": "1", "currency": "EUR"}}
    assert fields.defaults(made({"m": money}), "s.deal", {}) == {"m": Decimal(1), "m__currency": "EUR"}


class TestPrefill:
    @pytest.fixture
    def catalog(self, made):
        return made(
            {
                "account": {"field": "reference", "to": "s.account", "prefill": {"region": "account.region"}},
                "region": {"field": "text"},
                "lines": {
                    "field": "rows",
                    "items": {
                        "properties": {
                            "product": {
                                "field": "reference",
                                "to": "s.product",
                                "prefill": {"price": "product.price"},
                                "prefill_when": "always",
                            },
                            "price": {"field": "money"},
                        }
                    },
                },
            }
        )

    ENV = {"account": "a", "account.region": "East"}

    def test_an_empty_field_is_filled_from_the_reference_that_was_chosen(self, catalog):
        assert fields.prefill(catalog, "s.deal", self.ENV, {"account"}) == {"region": "East"}

    def test_a_field_with_a_value_is_left_alone(self, catalog):
        assert fields.prefill(catalog, "s.deal", {**self.ENV, "region": "West"}, {"account"}) == {}

    def test_a_field_that_was_changed_itself_is_left_alone(self, catalog):
        assert fields.prefill(catalog, "s.deal", {**self.ENV, "region": None}, {"account", "region"}) == {}

    def test_nothing_is_filled_when_the_reference_did_not_change(self, catalog):
        assert fields.prefill(catalog, "s.deal", self.ENV, {"region"}) == {}

    def test_always_replaces_a_value(self, made):
        spec = {
            "field": "reference",
            "to": "s.account",
            "prefill": {"region": "account.region"},
            "prefill_when": "always",
        }
        catalog = made({"account": spec, "region": {"field": "text"}})
        assert fields.prefill(catalog, "s.deal", {**self.ENV, "region": "West"}, {"account"}) == {"region": "East"}

    def test_rows_are_filled_one_by_one(self, catalog):
        old = [{"id": "1", "product": "p", "price": Decimal(1)}, {"id": "2", "product": "p", "price": Decimal(1)}]
        rows = [
            {"id": "1", "product": "p", "price": Decimal(9), "product.price": Decimal(5)},  # price changed, not product
            {"id": "2", "product": "q", "price": Decimal(1), "product.price": Decimal(6)},  # product changed
            {"id": "3", "product": "q", "product.price": Decimal(6)},  # new, no price sent
            {"id": "4", "product": "q", "price": Decimal(7), "product.price": Decimal(6)},  # new, price sent
        ]
        filled = fields.prefill(catalog, "s.deal", {"lines": rows, "old.lines": old}, {"lines"})
        assert [row["price"] for row in filled["lines"]] == [Decimal(9), Decimal(6), Decimal(6), Decimal(7)]


def test_the_choice_of_a_reference_is_a_condition_over_its_target(made):
    catalog = made(
        {
            "region": {"field": "text"},
            "account": {"field": "reference", "to": "s.account", "where": "region == record.region"},
        }
    )
    found = fields.wheres(catalog, "s.deal")
    assert list(found) == ["account"]
    assert found["account"].evaluate({"region": "East", "record.region": "East"}) is True
    assert found["account"].evaluate({"region": "East", "record.region": "West"}) is False

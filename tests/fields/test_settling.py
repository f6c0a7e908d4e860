"""What follows from a record's values, and whether they may stand together. All figures are worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from dealwright import fields
from dealwright.fields import messages

NOW = {"now()": datetime(2026, 11, 23, 9, tzinfo=UTC), "today()": date(2026, 11, 23), "user.id": "u1"}


@pytest.fixture
def settled(made):
    """Settle a record of an entity with these fields; returns the outcome."""

    def settle(
        properties: dict[str, Any],
        values: dict[str, Any],
        *,
        changed: Any = None,
        old: dict[str, Any] | None = None,
        **document: Any,
    ) -> fields.Settled:
        catalog = made(properties, **document)
        before = {f"old.{name}": value for name, value in (old or {}).items()}
        blank = dict.fromkeys(catalog.entity("s.deal").fields)
        env = {**blank, **NOW, **(old or {}), **values, **before, "is_new": old is None}
        touched = values if changed is None else changed
        return fields.settle(catalog, "s.deal", env, changed=frozenset(touched), new=old is None)

    return settle


def codes(outcome: fields.Settled) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in outcome.problems]


class TestFormulas:
    def test_formulas_are_worked_out_in_the_order_in_which_they_read_one_another(self, settled):
        properties = {
            "gross": {"field": "formula", "result": "money", "formula": "net + tax"},
            "tax": {"field": "formula", "result": "money", "formula": "net * 0.19"},
            "net": {"field": "money"},
        }
        outcome = settled(properties, {"net": Decimal("100.00")})
        assert outcome.changes == {"tax": Decimal("19.0000"), "gross": Decimal("119.0000")}

    def test_a_result_is_rounded_half_up_to_its_scale(self, settled):
        properties = {"a": {"field": "decimal"}, "half": {"field": "formula", "result": "money", "formula": "a / 8"}}
        # 0.0004 / 8 = 0.00005, which is 0.0001 with four places.
        assert settled(properties, {"a": Decimal("0.0004")}).changes["half"] == Decimal("0.0001")

    def test_arithmetic_on_an_empty_value_is_empty(self, settled):
        properties = {"a": {"field": "integer"}, "b": {"field": "formula", "result": "integer", "formula": "a + 1"}}
        assert settled(properties, {"a": None}).changes.get("b") is None

    def test_a_result_that_no_column_holds_is_a_problem(self, settled):
        properties = {"a": {"field": "money"}, "b": {"field": "formula", "result": "money", "formula": "a * 1000"}}
        outcome = settled(properties, {"a": Decimal(10) ** 13})
        assert codes(outcome) == [("/b", "out-of-range")]

    def test_a_formula_over_today_is_seen_by_conditions_and_never_stored(self, settled):
        properties = {
            "since": {"field": "date"},
            "late": {"field": "formula", "result": "boolean", "formula": "since < today()"},
            "why": {"field": "text", "required_when": "late"},
        }
        outcome = settled(properties, {"since": date(2026, 11, 22)})
        assert outcome.changes == {}
        assert codes(outcome) == [("/why", "required")]

    def test_what_is_worked_out_on_reading_comes_from_formulas_and_lookups(self, made):
        catalog = made(
            {
                "account": {"field": "reference", "to": "s.account"},
                "region": {"field": "lookup", "via": "account", "value": "region"},
                "late": {"field": "formula", "result": "boolean", "formula": "account.founded < today()"},
            }
        )
        assert fields.computed_on_read(catalog, "s.deal") == {"account.region", "account.founded", "today()"}
        env = {"account.region": "East", "account.founded": date(2026, 11, 24), **NOW}
        fields.compute_on_read(catalog, "s.deal", env)
        assert (env["region"], env["late"]) == ("East", False)

    def test_a_lookup_in_rows_comes_from_what_was_loaded_for_the_row(self, made):
        items = {
            "properties": {
                "product": {"field": "reference", "to": "s.product"},
                "listed": {"field": "lookup", "via": "product", "value": "price"},
            }
        }
        catalog = made({"lines": {"field": "rows", "items": items}})
        assert fields.row_needs(catalog, "s.deal") == {"lines": {"product.price"}}
        env = {"lines": [{"id": "1", "product": "p", "product.price": Decimal(3)}]}
        fields.compute_on_read(catalog, "s.deal", env)
        shown = fields.shown(catalog, "s.deal", env)
        assert shown == {"lines": [{"id": "1", "product": "p", "listed": "3.00"}]}


class TestVisibility:
    REASON = {
        "discount": {"field": "percent"},
        "reason": {"field": "text", "visible_when": "discount > 15", "required_when": "discount > 15"},
    }

    def test_a_hidden_field_loses_its_value_and_is_not_required(self, settled):
        properties = {**self.REASON, "note": {"field": "text", "visible_when": "discount > 50"}}
        outcome = settled(properties, {"discount": Decimal(5), "reason": "friend", "note": None}, required=["note"])
        assert outcome.changes == {"reason": None}
        assert outcome.problems == ()
        assert outcome.hidden == {"reason", "note"}

    def test_a_visible_field_is_required_when_its_condition_holds(self, settled):
        assert codes(settled(self.REASON, {"discount": Decimal(16)})) == [("/reason", "required")]

    def test_emptying_one_field_may_hide_the_next(self, settled):
        properties = {
            "c": {"field": "text", "visible_when": "b != null"},
            "b": {"field": "text", "visible_when": 'a == "yes"'},
            "a": {"field": "text"},
            "d": {"field": "text", "visible_when": 'c == "x"'},
        }
        outcome = settled(properties, {"a": "no", "b": "B", "c": "x", "d": "D"})
        assert outcome.changes == {"b": None, "c": None, "d": None}

    def test_formulas_are_worked_out_again_after_a_value_was_emptied(self, settled):
        properties = {
            "kind": {"field": "text"},
            "extra": {"field": "money", "visible_when": 'kind == "big"'},
            "sum": {"field": "formula", "result": "money", "formula": "coalesce(extra, 0.0) + 1"},
        }
        outcome = settled(properties, {"kind": "small", "extra": Decimal(5)})
        assert outcome.changes == {"sum": Decimal(1), "extra": None}

    def test_hidden_rows_and_booleans_become_empty_and_false(self, settled):
        properties = {
            "kind": {"field": "text"},
            "flag": {"field": "boolean", "visible_when": 'kind == "x"'},
            "lines": {
                "field": "rows",
                "visible_when": 'kind == "x"',
                "items": {"properties": {"n": {"field": "integer"}}},
            },
        }
        outcome = settled(properties, {"flag": True, "lines": [{"id": "r", "n": 1}]})
        assert outcome.changes == {"flag": False, "lines": []}

    def test_settling_what_was_settled_changes_nothing(self, made):
        catalog = made({**self.REASON, "x": {"field": "formula", "result": "money", "formula": "discount * 2"}})
        env = {**NOW, "discount": Decimal(5), "reason": "friend", "x": None, "is_new": True}
        first = fields.settle(catalog, "s.deal", env, changed=(), new=True)
        again = fields.settle(catalog, "s.deal", {**env, **first.changes}, changed=(), new=True)
        assert first.changes == {"reason": None, "x": Decimal(10)}
        assert again.changes == {}


class TestRequired:
    @pytest.mark.parametrize("empty", [None, "", "  \u3000"])
    def test_white_space_does_not_fill_a_required_text(self, settled, empty):
        assert codes(settled({"name": {"field": "text"}}, {"name": empty}, required=["name"])) == [
            ("/name", "required")
        ]

    def test_zero_and_false_are_values(self, settled):
        properties = {"n": {"field": "integer"}, "b": {"field": "boolean"}}
        assert settled(properties, {"n": 0, "b": False}, required=["n", "b"]).problems == ()

    def test_rows_are_required_one_by_one(self, settled):
        items = {"properties": {"n": {"field": "integer"}}, "required": ["n"]}
        outcome = settled({"lines": {"field": "rows", "items": items}}, {"lines": [{"id": "1", "n": 1}, {"id": "2"}]})
        assert codes(outcome) == [("/lines/1/n", "required")]


class TestReadOnly:
    LOCKED = {"locked": {"field": "boolean"}, "price": {"field": "money", "readonly_when": "locked"}}

    def test_read_only_is_judged_on_the_record_before_the_change(self, settled):
        unlocking = settled(
            self.LOCKED, {"locked": False, "price": Decimal(2)}, old={"locked": True, "price": Decimal(1)}
        )
        locking = settled(
            self.LOCKED, {"locked": True, "price": Decimal(2)}, old={"locked": False, "price": Decimal(1)}
        )
        assert codes(unlocking) == [("/price", "read-only")]
        assert codes(locking) == []

    def test_a_read_only_field_may_be_sent_with_the_value_it_has(self, settled):
        same = settled(self.LOCKED, {"price": Decimal("1.0000")}, old={"locked": True, "price": Decimal(1)})
        assert codes(same) == []

    def test_a_rule_s_change_is_not_judged_read_only(self, settled):
        old = {"locked": True, "price": Decimal(1)}
        assert codes(settled(self.LOCKED, {"price": Decimal(2)}, changed=(), old=old)) == []

    def test_a_field_that_is_always_read_only_keeps_its_default_in_a_new_record(self, settled):
        properties = {"state": {"field": "text", "default": "draft", "readonly_when": "true"}}
        assert codes(settled(properties, {"state": "draft"})) == []
        assert codes(settled(properties, {"state": "done"})) == [("/state", "read-only")]

    def test_a_field_that_is_set_once_is_free_until_it_has_a_value(self, settled):
        properties = {"code": {"field": "text", "immutable": True}}
        assert codes(settled(properties, {"code": "A"}, old={"code": None})) == []
        assert codes(settled(properties, {"code": "B"}, old={"code": "A"})) == [("/code", "immutable")]
        assert codes(settled(properties, {"code": "B"})) == []

    def test_the_currency_alone_may_not_change_either(self, settled):
        properties = {"fee": {"field": "money", "currency": "per_record", "immutable": True}}
        old = {"fee": Decimal(1), "fee__currency": "EUR"}
        new = {"fee": Decimal(1), "fee__currency": "USD"}
        assert codes(settled(properties, new, changed=["fee__currency"], old=old)) == [("/fee", "immutable")]

    def test_a_row_is_compared_with_itself(self, settled):
        items = {"properties": {"code": {"field": "text", "immutable": True}}}
        old = {"lines": [{"id": "1", "code": "A"}, {"id": "2", "code": "B"}]}
        lines = [{"id": "2", "code": "B"}, {"id": "1", "code": "C"}, {"id": "3", "code": "D"}]
        outcome = settled({"lines": {"field": "rows", "items": items}}, {"lines": lines}, old=old)
        assert codes(outcome) == [("/lines/1/code", "immutable")]


class TestOffers:
    TIER = {
        "amount": {"field": "money"},
        "tier": {
            "field": "select",
            "options": [
                {"id": "std", "title": "S"},
                {"id": "gold", "title": "G"},
                {"id": "old", "title": "O", "hidden": True},
            ],
            "options_when": {"gold": "amount > 100"},
        },
    }

    @pytest.mark.parametrize(
        ("tier", "amount", "refused"),
        [("std", 1, False), ("gold", 101, False), ("gold", 100, True), ("old", 1, True)],
    )
    def test_an_option_is_offered_when_its_condition_holds_and_it_is_not_hidden(self, settled, tier, amount, refused):
        outcome = settled(self.TIER, {"tier": tier, "amount": Decimal(amount)})
        assert codes(outcome) == ([("/tier", "option-not-offered")] if refused else [])

    def test_an_option_that_a_record_has_stays(self, settled):
        old = {"tier": "old", "amount": Decimal(1)}
        assert codes(settled(self.TIER, {"tier": "old", "amount": Decimal(2)}, old=old)) == []


class TestChecks:
    CHECKS = [
        {"id": "order", "error_when": "ends < starts", "at": "ends", "message": "It ends before it starts"},
        {"id": "back", "error_when": "ends < old.ends", "message": "It may not move back"},
    ]
    DATES = {"starts": {"field": "date"}, "ends": {"field": "date"}}

    def test_a_check_is_a_problem_with_its_own_id_as_code(self, settled):
        values = {"starts": date(2026, 2, 1), "ends": date(2026, 1, 1)}
        outcome = settled(self.DATES, values, checks=self.CHECKS)
        assert codes(outcome) == [("/ends", "order")]
        assert outcome.problems[0].message == "It ends before it starts"

    def test_a_check_on_an_empty_value_finds_nothing(self, settled):
        assert settled(self.DATES, {"ends": date(2026, 1, 1)}, checks=self.CHECKS).problems == ()

    def test_a_check_sees_the_value_before_the_change(self, settled):
        outcome = settled(self.DATES, {"ends": date(2026, 1, 1)}, old={"ends": date(2026, 1, 2)}, checks=self.CHECKS)
        assert codes(outcome) == [("", "back")]

    def test_a_warning_refuses_nothing(self, settled):
        checks = [{"id": "big", "error_when": "n > 5", "message": "Rather big", "level": "warning"}]
        outcome = settled({"n": {"field": "integer"}}, {"n": 6}, checks=checks)
        assert outcome.problems == ()
        assert [(one.code, one.message) for one in outcome.warnings] == [("big", "Rather big")]

    def test_a_check_at_a_hidden_field_is_not_asked(self, settled):
        properties = {"a": {"field": "integer"}, "b": {"field": "integer", "visible_when": "a > 1"}}
        checks = [{"id": "x", "error_when": "a < 5", "at": "b", "message": "No"}]
        assert settled(properties, {"a": 1}, checks=checks).problems == ()
        assert codes(settled(properties, {"a": 2}, checks=checks)) == [("/b", "x")]


class TestRows:
    LINES = {
        "discount": {"field": "percent"},
        "lines": {
            "field": "rows",
            "items": {
                "properties": {
                    "qty": {"field": "integer", "default": 1},
                    "price": {"field": "money"},
                    "amount": {
                        "field": "formula",
                        "result": "money",
                        "formula": "qty * price * (100 - parent.discount) / 100",
                    },
                    "why": {"field": "text", "visible_when": "qty > 10", "required_when": "parent.discount > 20"},
                }
            },
        },
        "total": {"field": "formula", "result": "money", "formula": "lines.sum(l, l.amount)"},
    }

    def test_rows_are_worked_out_before_the_sums_over_them(self, settled):
        lines = [{"id": "1", "qty": 2, "price": Decimal("10.00")}, {"id": "2", "qty": 1, "price": Decimal("0.50")}]
        outcome = settled(self.LINES, {"discount": Decimal(10), "lines": lines})
        # 2 × 10 × 0.9 = 18; 1 × 0.5 × 0.9 = 0.45; together 18.45
        assert [row["amount"] for row in outcome.changes["lines"]] == [Decimal(18), Decimal("0.45")]
        assert outcome.changes["total"] == Decimal("18.45")

    def test_a_new_row_gets_its_defaults_and_an_old_one_is_emptied_where_nothing_was_sent(self, settled):
        old = {"lines": [{"id": "1", "qty": 5, "price": None, "why": None, "amount": None}]}
        outcome = settled(self.LINES, {"lines": [{"id": "1"}, {"id": "2"}, {"id": "3", "qty": None}]}, old=old)
        assert [row["qty"] for row in outcome.changes["lines"]] == [None, 1, None]

    def test_visibility_and_requirements_hold_row_by_row(self, settled):
        lines = [{"id": "1", "qty": 1, "why": "gone"}, {"id": "2", "qty": 11}]
        outcome = settled(self.LINES, {"discount": Decimal(25), "lines": lines})
        assert outcome.changes["lines"][0]["why"] is None
        assert codes(outcome) == [("/lines/1/why", "required")]

    def test_rows_that_do_not_change_are_not_returned(self, settled):
        row = {"id": "1", "qty": 1, "price": Decimal(1), "why": None, "amount": Decimal("1.0000")}
        outcome = settled(self.LINES, {"discount": Decimal(0), "lines": [row], "total": Decimal(1)})
        assert outcome.changes == {}


def test_everything_wrong_is_found_at_once(settled):
    properties = {
        "name": {"field": "text"},
        "code": {"field": "text", "immutable": True},
        "n": {"field": "integer"},
    }
    checks = [{"id": "big", "error_when": "n > 5", "at": "n", "message": "Too big"}]
    old = {"name": "x", "code": "A", "n": 1}
    outcome = settled(properties, {"name": None, "code": "B", "n": 6}, old=old, required=["name"], checks=checks)
    assert codes(outcome) == [("/name", "required"), ("/code", "immutable"), ("/n", "big")]


def test_what_settling_needs_is_named(made):
    catalog = made(
        {
            "account": {"field": "reference", "to": "s.account", "prefill": {"region": "account.region"}},
            "region": {"field": "text", "visible_when": "account.name != null", "readonly_when": "n > 1"},
            "n": {"field": "integer"},
            "lines": {
                "field": "rows",
                "items": {
                    "properties": {
                        "product": {"field": "reference", "to": "s.product", "prefill": {"price": "product.price"}},
                        "price": {"field": "money", "visible_when": 'parent.account.region == "E"'},
                    }
                },
            },
            "any": {"field": "formula", "result": "boolean", "formula": 'lines.exists(l, l.product.name == "x")'},
        }
    )
    needed = fields.needs(catalog, "s.deal")
    assert {"account.name", "account.region", "old.region", "old.n", "old.lines", "n"} <= needed
    assert not any(name.startswith("lines.") for name in needed)
    assert fields.row_needs(catalog, "s.deal") == {"lines": {"product.price", "product.name"}}


def test_messages_come_in_the_language_that_is_spoken(settled):
    with messages.speaking("zh-CN"):
        outcome = settled({"name": {"field": "text"}}, {"name": None}, required=["name"])
    assert outcome.problems[0].message == "此处必填，请填写。"

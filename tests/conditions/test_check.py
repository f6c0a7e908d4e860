"""Names and types against the catalog: what is refused, where, and with which advice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions import sources
from conditions.world import DEAL, catalog
from dealwright.conditions import of
from dealwright.conditions.scope import USES
from dealwright.conditions.types import Type
from dealwright.conditions.types import of as of_field
from dealwright.errors import ConditionError, NotFoundError
from dealwright.metadata.catalog import Catalog
from dealwright.metadata.definitions import Entity, Field
from dealwright.metadata.system import system_fields


def condition(source, use="filter", **more):
    return of(catalog(), DEAL, source, use, **more)


def refused(source, use="filter", **more) -> ConditionError:
    with pytest.raises(ConditionError) as caught:
        condition(source, use, **more)
    return caught.value


@pytest.mark.parametrize(
    ("source", "reason", "message", "marked"),
    [
        ("stagee == 'won'", "unknown-field", "“sales.deal” has no field “stagee”; did you mean “stage”?", "stagee"),
        (
            "account.regoin == 'East'",
            "unknown-field",
            "“sales.account” has no field “regoin”; did you mean “region”?",
            "account.regoin",
        ),
        (
            "user.regoin == 'East'",
            "unknown-field",
            "“user” has no field “regoin”; did you mean “region”?",
            "user.regoin",
        ),
        (
            "lines.exists(l, l.quty > 3)",
            "unknown-field",
            "a row of “lines” has no field “quty”; did you mean “qty”?",
            "l.quty",
        ),
        ("name.x == 3", "unknown-field", "“name” is a text; it has no fields", "name.x"),
        ("user == 'u1'", "unknown-field", "write a name after “user.”", "user"),
        (
            "user.team.name == 'x'",
            "unknown-field",
            "“user.team” has no fields here; only one name may follow “user.”",
            "user.team.name",
        ),
        ("place.town == 'x'", "unknown-field", "“place” has no field “town”", "place.town"),
        (
            "qty > param.stall_day",
            "unknown-parameter",
            "there is no parameter “stall_day”; did you mean “stall_days”?",
            "param.stall_day",
        ),
        ("stage == 'wonn'", "no-such-option", "“wonn” is not one of lead, won, lost; did you mean “won”?", "'wonn'"),
        (
            "account.region in ['East', 'Est']",
            "no-such-option",
            "“Est” is not one of East, West, North; did you mean “East”?",
            "'Est'",
        ),
        ("'hott' in tags", "no-such-option", "“hott” is not one of hot, cold, vip; did you mean “hot”?", "'hott'"),
        (
            "hasRole('sales.rap')",
            "no-such-option",
            "there is no role “sales.rap”; did you mean “sales.rep”?",
            "'sales.rap'",
        ),
        ("amount > 'x'", "wrong-type", "cannot compare a number with a text", "amount > 'x'"),
        (
            "amount > '5'",
            "wrong-type",
            "cannot compare a number with a text; write 5 without quotation marks",
            "amount > '5'",
        ),
        (
            "closes > '2026-01-31'",
            "wrong-type",
            'cannot compare a date with a text; write date("2026-01-31")',
            "closes > '2026-01-31'",
        ),
        (
            "closes > now()",
            "wrong-type",
            "cannot compare a date with a moment; a moment has a time of day and a zone, a date has none",
            "closes > now()",
        ),
        ("wait > 3", "wrong-type", "cannot compare a duration with a whole number; write days(3)", "wait > 3"),
        (
            "closes + 3 > today()",
            "wrong-type",
            "“+” does not work on a date and a whole number; write days(3)",
            "closes + 3",
        ),
        ("closes + duration('36h') > today()", "wrong-type", "a date moves by whole days only", "duration('36h')"),
        (
            "name > 'b'",
            "wrong-type",
            "“>” cannot order a text: the order of texts differs from database to database",
            "name",
        ),
        (
            "account == owner",
            "wrong-type",
            "a reference to sales.account is never a reference to base.user",
            "account == owner",
        ),
        ("active == null", "never-empty", "a yes/no value is never empty; compare it with false", "active == null"),
        ("null == null", "wrong-type", "both sides are null", "null == null"),
        ("tags == 'vip'", "wrong-type", "“==” cannot compare a set of choices; use “in” or blank()", "tags"),
        ("qty in tags", "wrong-type", "the right side holds texts, this is a whole number", "qty"),
        ("qty in rank", "wrong-type", "the right side of “in” must be a list or a field of several choices", "rank"),
        ("qty in [rank]", "wrong-type", "a list holds constants only", "rank"),
        ("qty in [1, 'a']", "wrong-type", "the constants of a list must be of one type", "[1, 'a']"),
        ("amount == 0.00001", "too-precise", "0.00001 has 5 decimal places, “amount” has at most 4", "0.00001"),
        ("amount", "not-a-condition", "a condition is needed here, this is a number", "amount"),
        (
            "tags && active",
            "not-a-condition",
            "a condition is needed here, this is a set of choices; write !blank(tags) for “is not empty”",
            "tags",
        ),
        ("len(name) > 3", "unknown-function", "there is no function “len”; did you mean “size”?", "len(name)"),
        (
            "if(active, qty, rank) > 3",
            "unknown-function",
            "there is no function “if”; write condition ? value : other value",
            "if(active, qty, rank)",
        ),
        ("blank()", "wrong-count", "blank() takes 1 value(s), not 0: blank(name)", "blank()"),
        ("lower(qty) == 'a'", "wrong-type", "lower() needs a text, this is a whole number: lower(name)", "qty"),
        ("year(seen) == 2026", "wrong-type", "year() needs a date, this is a moment: year(close_date)", "seen"),
        ("date(name) == closes", "wrong-type", 'date() needs a constant such as date("2026-11-23")', "name"),
        (
            "date('2026-02-30') == closes",
            "wrong-type",
            'date() needs a constant such as date("2026-11-23")',
            "'2026-02-30'",
        ),
        ("round(amount, qty) > 1", "wrong-type", "round() needs a constant from 0 to 8 as its second value", "qty"),
        ("name.exists(l, true)", "wrong-type", "“name” is no list of rows", "name"),
        ("lines.sum(l, l.label) > 3", "wrong-type", "sum() does not work on a text", "l.label"),
        (
            "lines.exists(qty, qty.qty > 3)",
            "name-taken",
            "“qty” is already the name of something; choose another",
            "lines.exists(qty, qty.qty > 3)",
        ),
        ("lines.exists(l, l == 'x')", "wrong-type", "“l” is a whole row; name a field of it, such as l.id", "l"),
        (
            "account.parent.parent.parent.parent.parent.parent.rank > 1",
            "too-deep",
            "a path goes over at most 5 references",
            None,
        ),
    ],
)
def test_a_refusal_says_what_is_wrong_and_points_at_it(source, reason, message, marked):
    error = refused(source)
    assert (error.reason, error.message) == (reason, message)
    assert source[error.start : error.end] == (marked or source.partition(" ")[0])


def test_everything_wrong_is_told_at_once():
    error = refused("stagee == 'won' && foo > 1 && stage == 'wonn'")
    assert [one.reason for one in (error, *error.others)] == ["unknown-field", "unknown-field", "no-such-option"]


@pytest.mark.parametrize(
    ("source", "use", "allowed"),
    [
        ("old.amount > 3", {"check", "rule", "value"}, None),
        ("changed(stage)", {"check", "rule", "value"}, None),
        ("event.kind == 'call'", {"clock", "rule", "value"}, None),
        ("approvals.legal.outcome == 'approved'", {"gate", "score", "rule", "value"}, None),
        ("is_new", set(USES) - {"filter", "permission", "where"}, None),
        ("record.name == 'x'", {"where", "value"}, None),
        ("days_in_stage > 3", set(USES), None),
        ("user.team != null", set(USES), None),
    ],
)
def test_each_use_knows_its_own_names(source, use, allowed):
    known = set()
    for one in USES:
        try:
            condition(source, one)
        except ConditionError as error:
            assert error.reason == "not-allowed"
        else:
            known.add(one)
    assert known == use


def test_parent_is_known_in_rows_only():
    assert condition("parent.amount > price", "field", rows="lines").names == {"parent.amount", "price"}
    assert refused("parent.amount > 3", "field").reason == "not-allowed"


def test_an_unknown_use_is_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="“sieve” is no use of conditions"):
        condition("active", "sieve")


def test_an_unknown_entity_is_not_found():
    with pytest.raises(NotFoundError):
        of(catalog(), "sales.nothing", "true", "filter")


# What a condition tells about itself ------------------------------------------------------------------------------


def test_names_are_the_keys_of_the_environment():
    one = condition(
        "home == 'East' && days_in_stage > 3 && hasRole('sales.rep') && lines.exists(l, l.qty > rank)", "gate"
    )
    assert one.names == {"account.region", "stage_entered_at", "now()", "user.roles", "lines", "rank"}
    assert one.fields == {"account", "stage_entered_at", "lines", "rank"}
    assert one.paths == {"account.region"}
    assert one.volatile


def test_a_lookup_is_read_over_its_path():
    assert condition("home == 'East'").ast == condition("home == 'East'").ast
    assert condition("home == 'East'").names == condition("account.region == 'East'").names


def test_the_id_of_a_record_referred_to_is_the_reference():
    assert condition("account.id == 'a1'").names == {"account"}


def test_record_is_the_record_itself_in_an_action():
    assert condition("record.account.owner", "value").names == {"account.owner"}


def test_record_is_the_one_being_edited_in_a_choice_of_references():
    one = of(catalog(), "sales.account", "region == record.level && owner == record.owner", "where", record=DEAL)
    assert one.names == {"region", "record.level", "owner", "record.owner"}


def test_what_was_read_is_told_by_entity_and_field():
    one = condition("home == 'East' && lines.exists(l, l.product.rank > 1) && owner.region != null")
    assert one.reads == {
        (DEAL, "home"),
        (DEAL, "account"),
        ("sales.account", "region"),
        (DEAL, "lines"),
        (DEAL, "lines.product"),
        ("sales.account", "rank"),
        (DEAL, "owner"),
        ("base.user", "region"),
    }
    assert one.paths == {"account.region", "owner.region", "lines.product.rank"}


@pytest.mark.parametrize(
    ("source", "kind", "scale"),
    [
        ("qty * 2", "integer", 0),
        ("qty + amount", "decimal", 4),
        ("amount * rate", "decimal", 8),
        ("qty / rank", "decimal", 6),
        ("round(amount, 2)", "decimal", 2),
        ("lines.sum(l, l.qty)", "integer", 0),
        ("lines.avg(l, l.qty)", "decimal", 6),
        ("now() - seen", "duration", 0),
        ("closes + days(1)", "date", 0),
        ("name + code", "text", 0),
        ("active ? amount : 1", "decimal", 4),
        ("account", "reference", 0),
        ("tags", "set", 0),
        ("param.floor", "decimal", 4),
    ],
)
def test_a_formula_has_the_type_of_its_value(source, kind, scale):
    found = condition(source, "formula").type
    assert (found.kind, found.scale) == (kind, scale)


def test_a_condition_is_compiled_once():
    assert condition("active") is condition("active")


def test_a_parameter_is_its_value_and_keeps_its_name():
    one = condition("qty > param.stall_days")
    assert one.evaluate({"qty": 8})
    assert not one.evaluate({"qty": 7})
    assert one.text() == "qty > param.stall_days"
    assert one.json()["args"][1] == {"lit": "7", "t": "integer"}


# Permissions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "team == user.team",
        "!(team != user.team)",
        "active || user.team == team",
        "(active ? team : team) == user.team || team == user.team",
        "user.team != null || team == user.team",
        "(team == user.team) == active",
        "active ? team == user.team : false",
    ],
)
def test_a_permission_may_not_take_two_empty_values_for_equal(source):
    error = refused(source, "permission")
    assert error.reason == "unsafe-empty"
    assert "add user.team != null &&" in error.message


@pytest.mark.parametrize(
    "source",
    [
        "owner == user.id",
        "owner == user.id || team == user.team && user.team != null",
        "team != null && (active || team == user.team)",
        "!(user.team == null || team != user.team)",
        "!blank(user.team) && team == user.team",
        "user.team != null ? team == user.team : false",
        "team != user.team",
    ],
)
def test_a_guarded_permission_passes(source):
    condition(source, "permission")


def test_a_negated_comparison_of_what_may_be_empty_warns():
    assert condition("!(rank > 3)", "permission").warnings == (
        "an empty “rank” counts as not (rank > 3); write <= to leave it out",
    )
    assert condition("!(rank > 3)", "filter").warnings == ()
    assert condition("!active", "gate").warnings == ()


# Circles and nonsense ---------------------------------------------------------------------------------------------


def field(identifier, kind, **spec):
    return Field(identifier, kind, identifier, spec=spec, to=spec.get("to"))


def circle():
    fields = [
        field("self", "reference", to="t.thing"),
        field("a", "lookup", via="self", value="b"),
        field("b", "lookup", via="self", value="a"),
        field("c", "rollup", of="t.thing", via="self", measure="max", value="d"),
        field("d", "rollup", of="t.thing", via="self", measure="max", value="c"),
        field("e", "lookup", via="self", value="f"),
        field("f", "lookup", via="self", value="g"),
        field("g", "integer"),
    ]
    own = {one.id: one for one in fields}
    entity = Entity("t.thing", "T", "T", own, system_fields(None))
    empty = {"documents": {}, "rules": {}, "roles": {}, "pipelines": {}, "parameters": {}, "packs": {}, "settings": {}}
    return Catalog(revision="circle", entities={entity.id: entity}, **empty)


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_what_is_worked_out_in_a_circle_has_no_value(name):
    with pytest.raises(ConditionError) as caught:
        of(circle(), "t.thing", f"{name} == 3", "filter")
    assert caught.value.reason in ("wrong-type", "too-deep")


def test_a_lookup_of_a_lookup_is_one_path():
    assert of(circle(), "t.thing", "e == 3", "filter").names == {"self.self.g"}
    assert of_field(circle().entities["t.thing"].fields["e"], circle(), "t.thing").kind == "integer"


TOKENS = [
    *(
        "amount",
        "qty",
        "name",
        "active",
        "account",
        "account.region",
        "lines",
        "tags",
        "closes",
        "seen",
        "stage",
        "null",
    ),
    *(
        "&&",
        "||",
        "!",
        "==",
        "!=",
        "<",
        "in",
        "+",
        "-",
        "*",
        "/",
        "(",
        ")",
        "?",
        ":",
        ",",
        "[",
        "]",
        "1",
        "0.5",
        '"won"',
    ),
    *("lines.exists(l, ", "lines.sum(l, ", "l.qty", "now()", "days(", "blank(", "coalesce(", "user.id", "is_new", "l"),
    *("changed(", "event.x", "size(", "round(", "addMonths(", "partners.all(p, ", "p.rank", "true", 'duration("1h")'),
]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=14).map(" ".join), st.sampled_from(sorted(USES)))
def test_whatever_is_written_is_checked_or_refused_with_a_place(source, use):
    try:
        checked = condition(source, use)
    except ConditionError as error:
        for one in (error, *error.others):
            assert 0 <= one.start < one.end <= len(source)
    else:
        # What was checked can be evaluated, also where everything is empty.
        result = checked.evaluate({})
        assert not USES[use].condition or type(result) is bool


# Laws -------------------------------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(sources.conditions)
def test_the_canonical_text_checks_to_the_same_tree(source):
    one = condition(source)
    assert condition(one.text()).ast == one.ast


@settings(max_examples=100)
@given(sources.values)
def test_every_node_of_a_checked_value_has_a_type(source):
    def check(node):
        assert isinstance(node.type, Type)
        assert node.type.kind != "unknown"
        for child in getattr(node, "args", ()):
            check(child)

    check(condition(source, "formula").ast)

"""Source text to tree: what is read, what is refused, and that every refusal points at a place in the text."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions import sources
from dealwright.conditions.parser import MAX_DEPTH, MAX_LENGTH, MAX_LIST, MAX_NODES, parse
from dealwright.conditions.syntax import Call, Each, Literal, Name, walk
from dealwright.conditions.text import text
from dealwright.errors import ConditionError


def refused(source: str) -> ConditionError:
    with pytest.raises(ConditionError) as caught:
        parse(source)
    return caught.value


def test_and_binds_closer_than_or():
    tree = parse("a || b && c")
    assert isinstance(tree, Call)
    assert tree.op == "||"
    assert [text(arg) for arg in tree.args] == ["a", "b && c"]


def test_a_long_conjunction_is_one_node():
    tree = parse(" && ".join(f"q == {i}" for i in range(90)))
    assert isinstance(tree, Call)
    assert len(tree.args) == 90


def test_brackets_of_an_operator_that_may_be_regrouped_are_dropped():
    assert parse("a && (b && c)") == parse("(a && b) && c") == parse("a && b && c")


def test_brackets_around_a_sum_on_the_right_stay():
    assert text(parse("day + (a + b)")) == "day + (a + b)"


def test_a_minus_before_a_number_is_part_of_it():
    tree = parse("-0.10")
    assert isinstance(tree, Literal)
    assert tree.value == Decimal("-0.10")


def test_a_subtraction_is_not_a_negative_number():
    assert text(parse("a-1")) == "a - 1"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        pytest.param('"a\\"b"', 'a"b', id="quotation mark"),
        pytest.param("'it\\'s'", "it's", id="single quotes"),
        pytest.param(r'"\n\t\\\u5f20"', "\n\t\\张", id="escapes"),
        pytest.param('"e\u0301"', "é", id="composed to NFC"),
    ],
)
def test_texts_are_read_with_their_escapes(source, value):
    tree = parse(source)
    assert isinstance(tree, Literal)
    assert tree.value == value


def test_names_may_be_of_any_script_and_are_composed():
    assert parse("客户等级.e\u0301tat") == Name(("客户等级", "état"))


def test_a_name_in_backticks_may_be_a_word_of_the_language():
    assert parse("`in` == `true`") == Call("==", (Name(("in",)), Name(("true",))))


def test_a_question_to_rows_binds_its_variable():
    tree = parse("lines.sum(l, l.qty * 2)")
    assert isinstance(tree, Each)
    assert (tree.kind, tree.var, text(tree.body)) == ("sum", "l", "l.qty * 2")


@pytest.mark.parametrize(
    ("source", "message", "marked"),
    [
        ("amount = 3", "use == to compare", "="),
        ("a & b", "use && for “and”", "&"),
        ("a and b", "use && for “and”", "and"),
        ("a OR b", "use || for “OR”", "OR"),
        ("not a", "use ! for “not”", "not"),
        ("a <> b", "use != for “is not”", "<>"),
        ("a => b", "use >=", "=>"),
        ("a is null", "use == to compare, and == null for “is empty”", "is"),
        ("a % 2 == 0", "there is no “%”: 15 % is written 15", "%"),
        ("金额 >= 3 （", "full-width “（”: type ( instead", "（"),
        ("name == “张三”", 'full-width “““: type " instead'.replace("“““", "““”"), "“"),
        ("amount > ３", "full-width “３”: type 3 instead", "３"),
        ("1 < a < 3", "comparisons cannot be chained; join them with &&", "<"),
        ("a == 'open", "the text is not closed: add “'” at its end", "'"),
        ("(a", "expected “)”, but the text ends", "a"),
        ("a &&", "expected a value at the end", "&"),
        ("", "the condition is empty", ""),
        ("   ", "the condition is empty", " "),
        ("a b", "unexpected “b”", "b"),
        ("3.x", "only records have fields", "x"),
        ("f().x", "only records have fields", "x"),
        ("a.3", "expected a field name after “.”", "3"),
        ("(a || b).exists(l, l)", "write rows.exists(row, condition), such as lines.exists(l, …)", "exists"),
        ("9223372036854775808", "a whole number is smaller than 2^63 (9223372036854775808)", "9223372036854775808"),
        (r'"\q"', "unknown escape “\\q”; write \\\\ for one backslash", "\\q"),
        (r'"\ud800"', "the text holds a character that cannot be stored", r'"\ud800"'),
    ],
)
def test_a_refusal_says_what_to_write_and_points_at_it(source, message, marked):
    error = refused(source)
    assert error.message == message
    assert source[error.start : error.end] == marked


def test_the_text_is_shown_with_a_mark_under_the_wrong_part():
    assert refused("amount = 3").shown() == "use == to compare\n  amount = 3\n         ^"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param("a" * (MAX_LENGTH + 1), "too-long", id="characters"),
        pytest.param(" || ".join(["a"] * MAX_NODES), "too-long", id="terms"),
        pytest.param("(" * 100 + "a" + ")" * 100, "too-deep", id="brackets"),
        pytest.param("(" * 3999, "too-deep", id="open brackets"),
        pytest.param("-" * 3990 + "a", "too-deep", id="minus signs"),
        pytest.param("!" * 3990 + "a", "too-deep", id="not signs"),
        pytest.param(" - ".join(["a"] * 100), "too-deep", id="chain"),
        pytest.param("a in [" + ",".join(["1"] * (MAX_LIST + 1)) + "]", "too-long", id="list"),
        pytest.param("0." + "1" * 40, "too-long", id="digits"),
    ],
)
def test_every_limit_refuses(source, reason):
    assert refused(source).reason == reason


def test_what_lies_at_the_limits_is_read():
    deep = MAX_DEPTH - 2
    assert parse("(" * deep + "a" + ")" * deep) == Name(("a",))
    assert len(list(walk(parse(" || ".join(["a"] * (MAX_NODES // 2)))))) == MAX_NODES // 2 + 1


@settings(max_examples=400)
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                *(
                    "a",
                    ".",
                    "(",
                    ")",
                    "&&",
                    "||",
                    "!",
                    "-",
                    "lines",
                    "exists",
                    ",",
                    "in",
                    "[",
                    "]",
                    "?",
                    ":",
                    "1",
                    "0.5",
                ),
                *('"x"', "==", "<", "null", "`a b`", " ", "（", "\\", "'", "sum", "\ud800", "\0", "=", "true"),
            ]
        ),
        max_size=30,
    ).map("".join)
)
def test_whatever_is_typed_is_read_or_refused_with_a_place_in_the_text(source):
    try:
        tree = parse(source)
    except ConditionError as error:
        assert 0 <= error.start < error.end <= max(len(source), 1)
    else:
        assert parse(text(tree)) == tree


@settings(max_examples=400)
@given(sources.conditions | sources.values)
def test_the_canonical_text_reads_back_to_the_same_tree(source):
    tree = parse(source)
    again = text(tree)
    assert parse(again) == tree
    assert text(parse(again)) == again


@settings(max_examples=100)
@given(sources.conditions)
def test_each_node_has_a_span_within_its_parents(source):
    def check(node):
        start, end = node.at
        assert 0 <= start < end <= len(source)
        for child in getattr(node, "args", ()) or ([node.over, node.body] if isinstance(node, Each) else ()):
            assert start <= child.at[0] < child.at[1] <= end
            check(child)

    check(parse(source))

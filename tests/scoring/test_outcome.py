"""What a score comes to: worked out by hand, held to its laws, and against another computation."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.heat import compiled, one, worked_out

#: Each example compiles definitions of its own.
few = settings(max_examples=25, deadline=None)

THREE = compiled(one("x", "a", 2), one("y", "b", 1), one("z", "c", 1), min_coverage="0.5")
values = st.decimals("-50", "150", places=4) | st.none()
there = st.decimals("0", "100", places=4)


def shares(outcome):
    return {one.id: one.share for one in outcome.shares}


def test_a_score_is_the_weighted_mean_of_the_points():
    found = worked_out(THREE, a="80", b="40", c="20")
    assert found.value == Decimal("55.00")  # 2/4 · 80 + 1/4 · 40 + 1/4 · 20
    assert shares(found) == {"x": Decimal("40.00"), "y": Decimal("10.00"), "z": Decimal("5.00")}
    assert (found.coverage, found.reason) == (Decimal("100.00"), "")
    assert [one.fact for one in found.shares] == ["80", "40", "20"]


def test_the_weight_of_what_is_missing_goes_to_the_others_and_is_shown():
    found = worked_out(THREE, a="80", b=None, c="20")
    assert found.value == Decimal("60.00")  # 2/3 · 80 + 1/3 · 20
    assert [one.weight for one in found.shares] == [Decimal("50.00"), Decimal("25.00"), Decimal("25.00")]
    assert [one.counted for one in found.shares] == [Decimal("66.67"), Decimal(0), Decimal("33.33")]
    assert [one.missing for one in found.shares] == [False, True, False]
    assert shares(found) == {"x": Decimal("53.33"), "y": Decimal("0.00"), "z": Decimal("6.67")}
    assert found.coverage == Decimal("75.00")


def test_below_the_least_coverage_there_is_no_score_and_the_reason_is_told():
    found = worked_out(THREE, a=None, b="100", c=None)
    assert (found.value, found.tier, found.reason, found.coverage) == (None, None, "coverage", Decimal("25.00"))
    assert worked_out(THREE, a="10", b=None, c=None).value == Decimal("10.00")  # just half is enough
    assert worked_out(THREE, a=None, b=None, c=None).reason == "no-inputs"


def test_a_score_is_rounded_once_at_the_end_and_half_up():
    thirds = compiled(one("x", "a"), one("y", "b"), one("z", "c"), decimals=0)
    # 0.5 / 3 three times: rounded each by itself it would be 0, together it is 0.5 and rounds up.
    assert worked_out(thirds, a="0.5", b="0.5", c="0.5").value == 1
    assert worked_out(compiled(one("x", "a")), a="33.335").value == Decimal("33.34")


def test_another_range_gives_the_lowest_score_for_no_points():
    score = compiled(one("x", "a"), one("y", "b", 3), range=[-10, 10])
    assert worked_out(score, a="0", b="0").value == Decimal("-10.00")
    assert worked_out(score, a="100", b="0").value == Decimal("-5.00")
    assert shares(worked_out(score, a="100", b="0")) == {"x": Decimal("2.50"), "y": Decimal("-7.50")}


def test_the_first_segment_that_a_record_is_in_gives_the_weights_that_it_names():
    of_x = {"id": "of_x", "when": 'kind == "x"', "weights": {"x": 1, "y": "0.5"}}
    done = {"id": "done", "when": "done", "weights": {"z": 0}}
    score = compiled(one("x", "a", 2), one("y", "b", 1), one("z", "c", 1), segments=[of_x, done], min_coverage="0.5")
    assert worked_out(score, a="80", b="40", c="20", kind="y", done=False).value == Decimal("55.00")
    # 1/2.5 · 80 + 0.5/2.5 · 40 + 1/2.5 · 20; that the second segment holds too changes nothing.
    found = worked_out(score, a="80", b="40", c="20", kind="x", done=True)
    assert (found.value, shares(found)["y"]) == (Decimal("48.00"), Decimal("8.00"))
    assert [(one.weight, one.segment) for one in found.shares] == [
        (Decimal("40.00"), "of_x"), (Decimal("20.00"), "of_x"), (Decimal("40.00"), None)]  # fmt: skip
    # 2/3 · 80 + 1/3 · 40: an input without weight gives nothing and is not missed.
    found = worked_out(score, a="80", b="40", c=None, kind=None, done=True)
    assert (found.value, found.coverage) == (Decimal("66.67"), Decimal("100.00"))
    assert worked_out(score, a=None, b="40", c="20", kind="x", done=False).coverage == Decimal("60.00")


def test_of_a_secret_only_that_there_is_one_is_kept():
    found = worked_out(compiled(one("s", "secret"), one("x", "a")), secret="12", a=None)
    assert [one.fact for one in found.shares] == [{"set": True}, None]


@given(values, values, values)
def test_shares_add_up_to_the_score_and_what_is_missing_has_none(a, b, c):
    found = worked_out(THREE, a=a, b=b, c=c)
    assert sum(shares(found).values()) == (found.value or 0)
    assert all(one.share == 0 and one.counted == 0 for one in found.shares if one.missing)


@given(there, there, there, st.decimals("0", "50", places=4), st.sampled_from("abc"))
def test_more_of_a_factor_is_never_a_lower_score(a, b, c, more, which):
    low = {"a": a, "b": b, "c": c}
    high = {**low, which: low[which] + more}
    before, after = worked_out(THREE, **low), worked_out(THREE, **high)
    assert before.value is not None and after.value is not None
    assert after.value >= before.value


@few
@given(values, values)
def test_a_missing_factor_counts_as_if_it_did_not_exist(a, b):
    whole = compiled(one("x", "a", 2), one("y", "b", 3), one("z", "c", 5))
    without = compiled(one("x", "a", 2), one("y", "b", 3))
    assert worked_out(whole, a=a, b=b, c=None).value == worked_out(without, a=a, b=b).value


@few
@given(values, values, values, st.permutations([one("x", "a", 2), one("y", "b", 3), one("z", "c", 5)]))
def test_the_order_of_the_inputs_does_not_matter(a, b, c, inputs):
    first = worked_out(compiled(one("x", "a", 2), one("y", "b", 3), one("z", "c", 5)), a=a, b=b, c=c)
    other = worked_out(compiled(*inputs), a=a, b=b, c=c)
    assert (first.value, first.coverage, shares(first)) == (other.value, other.coverage, shares(other))


@few
@given(values, values, values, st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 4))
def test_another_computation_comes_to_the_same(a, b, c, wa, wb, wc, places):
    """In decimals of 60 places, multiplied out, where the platform divides fractions."""
    score = compiled(one("x", "a", wa), one("y", "b", wb), one("z", "c", wc), decimals=places)
    found = worked_out(score, a=a, b=b, c=c)
    with localcontext() as context:
        context.prec = 60
        pairs = [(w, min(Decimal(100), max(Decimal(0), v))) for w, v in ((wa, a), (wb, b), (wc, c)) if v is not None]
        weight = sum(w for w, _ in pairs)
        if not weight:
            assert found.value is None
            return
        total, unit = sum(w * v for w, v in pairs), Decimal(1).scaleb(-places)
        quotient = (total / weight).quantize(unit, rounding=ROUND_FLOOR)
        # What is left over decides about the last digit: at least half a unit rounds up.
        expected = quotient + unit if 2 * (total - quotient * weight) >= unit * weight else quotient
    assert found.value == expected == expected.quantize(unit, rounding=ROUND_HALF_UP)

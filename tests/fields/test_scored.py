"""What is wrong with a score beyond its form: every fault is found when it is published, and says what to do."""

from __future__ import annotations

import copy

import pytest

from dealwright import conditions, fields
from dealwright.errors import DefinitionError
from dealwright.metadata import load
from scored import HEAT, HOT, SCORED, W_WIN, WORLD
from worlds import ACCOUNT, PIPELINE


def faults(*more):
    """Return the faults of the small world with its score, as references and as fields find them."""
    found = {(one["kind"], one["id"]): one for one in (*WORLD, PIPELINE, *more)}
    try:
        catalog = load.catalog_of(found.values(), with_base=True)
    except DefinitionError as error:
        return [(one.pointer, one.code) for one in error.problems]
    return [(one.pointer, one.code) for one in fields.problems(catalog)]


def heat(**more):
    return {**HEAT, **more}


def with_input(**one):
    return heat(inputs=[{"id": "x", "weight": 1, **one}])


def test_the_good_one_has_none():
    assert faults() == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(with_input(value="win"), "scale-does-not-fit", id="a number without a scale"),
        pytest.param(
            with_input(value="win > 1", scale={"linear": {"from": 0, "to": 1}}), "scale-does-not-fit", id="no number"
        ),
        pytest.param(
            with_input(value="win", scale={"recency": {"half_life": "P1D"}}), "scale-does-not-fit", id="no moment"
        ),
        pytest.param(with_input(value="amount", scale={"map": {"a": 1}}), "scale-does-not-fit", id="no choice"),
    ],
)
def test_a_value_must_fit_its_scale(document, expected):
    assert faults(document) == [("/inputs/0/scale", expected)]


def test_an_option_that_the_field_does_not_have_is_found():
    document = with_input(value="account.region", scale={"map": {"east": 50, "nort": 100}})
    assert faults(document) == [("/inputs/0/scale/map/nort", "unknown-name")]


def test_two_scores_into_one_field_are_refused():
    assert faults(heat(id="t.other")) == [
        ("/into", "field-taken"), ("/tier_into", "field-taken"),
    ]  # fmt: skip


def test_a_rule_that_sets_what_a_score_sets_is_refused():
    setting = {**HOT, "id": "t.cheat", "then": [{"do": "set_field", "field": "heat", "value": 1}]}
    making = {**HOT, "id": "t.make", "then": [{"do": "create_record", "entity": "t.deal", "values": {"class": "'A'"}}]}
    assert faults(setting) == [("/then/0/field", "cannot-be-set")]
    assert faults(making) == [("/then/0/values/class", "cannot-be-set")]


def test_a_tier_that_the_field_has_no_option_for_is_refused():
    tiers = [*HEAT["tiers"], {"id": "S", "title": "Super", "from": 90}]
    assert faults(heat(tiers=tiers)) == [("/tiers/3", "unknown-name")]


def test_a_required_field_cannot_receive_a_score():
    strict = {**SCORED, "required": ["name", "heat"]}
    assert faults(strict) == [("/into", "cannot-be-required")]


def test_a_field_must_keep_every_place_and_every_value_of_the_score():
    assert faults(heat(decimals=4)) == [("/decimals", "too-many-decimals")]
    assert faults(heat(range=[0, 1000])) == []
    narrow = copy.deepcopy(SCORED)
    narrow["properties"]["heat"]["maximum"] = 100
    assert faults(narrow) == []
    assert faults(narrow, heat(range=[0, 1000])) == [("/into", "out-of-range")]


def test_a_score_that_would_feed_itself_is_refused_over_formulas_and_over_other_records():
    own = with_input(value="boosted", scale={"linear": {"from": 0, "to": 200}})
    assert faults(own) == [("/inputs", "circular")]
    account = copy.deepcopy(ACCOUNT)
    account["properties"]["warmth"] = {
        "field": "rollup", "of": "t.deal", "via": "account", "measure": "avg", "value": "heat", "title": "Warmth",
    }  # fmt: skip
    over = with_input(value="account.warmth", scale={"linear": {"from": 0, "to": 100}})
    assert faults(account, over) == [("/inputs", "circular")]
    assert faults(account) == []


def test_weights_of_parameters_are_looked_at_as_they_are_in_force():
    assert faults({**W_WIN, "default": -1}) == [("/inputs/1/weight", "negative-weight")]


def test_a_segment_names_inputs_gives_one_of_them_weight_and_is_judged_by_its_condition():
    def segment(when="win > 50", **weights):
        return heat(segments=[{"id": "s", "when": when, "weights": weights}])

    assert faults(segment(win=3)) == []
    assert faults(segment(wim=3)) == [("/segments/0/weights/wim", "unknown-name")]
    assert faults(segment(win=-1)) == [("/segments/0/weights/win", "negative-weight")]
    assert faults(segment(credit=0, win=0, sized=0)) == [("/segments/0/weights", "no-weight")]
    catalog = load.catalog_of([*WORLD[:-2], PIPELINE, segment("wim > 50", win=3)], with_base=True)
    assert [one.pointer for one in conditions.problems(catalog)] == ["/segments/0/when"]
    assert faults(segment("boosted > 50", win=3)) == [("/inputs", "circular")]

"""The C library and Python decide alike, whatever the condition and the record.

``Condition.evaluate`` is the reference; it is itself compared with SQL and the browser in ``tests/conditions``.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import deals
from dealwright import rules
from dealwright.rules import ruleset
from dealwright.rules.durable_matcher import DurableMatcher
from dealwright.rules.pattern import MAX_TESTS, MAX_VARIANTS

RULES, ENVS = 12, 40
EVALUATIONS = 20_000
SIZES = st.sampled_from([1, 2, 7, 56])


SOURCES = st.lists(deals.conditions(), min_size=RULES, max_size=RULES)


def group(sources, priorities=None):
    made = [
        deals.rule(f"r{place}", source, priority=priorities[place] if priorities else 500)
        for place, source in enumerate(sources)
    ]
    return ruleset.of(deals.with_rules(made)).group("sales.deal", "record.updated")


def expected(made, env):
    return frozenset(one.rule.id for one in made if one.condition.evaluate(env) is True)


def compare(sources, seed, size):
    made = group(sources)
    matcher = DurableMatcher(made, size=size)
    for env in deals.envs(seed, ENVS):
        found, wanted = matcher.matches(env), expected(made, env)
        assert found == wanted, [
            next(one.rule.condition for one in made if one.rule.id == name) for name in found ^ wanted
        ]
    matcher.close()


@pytest.mark.slow
@settings(max_examples=EVALUATIONS // (RULES * ENVS) + 1, deadline=None, suppress_health_check=list(HealthCheck))
@given(SOURCES, st.integers(0, 2**32), SIZES)
def test_the_library_and_python_agree_on_20_000_evaluations(sources, seed, size):
    compare(sources, seed, size)


@pytest.mark.nightly
@settings(max_examples=1_000_000 // (RULES * ENVS) + 1, deadline=None, suppress_health_check=list(HealthCheck))
@given(SOURCES, st.integers(0, 2**32), SIZES)
def test_the_library_and_python_agree_on_a_million_evaluations(sources, seed, size):
    compare(sources, seed, size)


FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(SOURCES, st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_order_of_rules_and_of_facts_changes_nothing(sources, seed, chance):
    shuffled = list(enumerate(sources))
    chance.shuffle(shuffled)
    priorities = [place for place, _ in sorted(enumerate(shuffled), key=lambda pair: pair[1][0])]
    first, second = DurableMatcher(group(sources)), DurableMatcher(group(sources, priorities))
    for env in deals.envs(seed, 10):
        names = list(env)
        chance.shuffle(names)
        assert first.matches(env) == second.matches({name: env[name] for name in names})


@FEW
@given(SOURCES, st.integers(0, 2**32))
def test_a_shard_of_one_chain_and_a_full_one_agree_and_so_does_asking_twice(sources, seed):
    made = group(sources)
    matchers = [DurableMatcher(made, size=size) for size in (1, 56)]
    facts = deals.envs(seed, 10)
    answers = [[matcher.matches(env) for env in facts] for matcher in (*matchers, *matchers)]
    assert answers[0] == answers[1] == answers[2] == answers[3]


@FEW
@given(SOURCES)
def test_chains_stay_within_the_limits(sources):
    compiled = DurableMatcher(group(sources)).compiled
    per_rule = [chain.rule() for chain in compiled.chains]
    assert all(per_rule.count(place) <= MAX_VARIANTS for place in range(RULES))
    assert all(len(chain.tests) <= MAX_TESTS for chain in compiled.chains)
    assert {test.measure for chain in compiled.chains for test in chain.tests} <= set(compiled.measures)


_FRESH = """
import json, sys
import deals
from dealwright.rules import ruleset
from dealwright.rules.durable_matcher import DurableMatcher
given = json.load(sys.stdin)
made = [deals.rule(f"r{place}", source) for place, source in enumerate(given["sources"])]
matcher = DurableMatcher(ruleset.of(deals.with_rules(made)).group("sales.deal", "record.updated"))
print(json.dumps([sorted(matcher.matches(env)) for env in deals.envs(given["seed"], 200)]))
"""


def test_a_warm_process_and_a_fresh_one_agree():
    chance = random.Random(20261123)
    pool = ["amount >= 1000", "!(amount < 0.3) || vip", 'tier != "A" && qty > 2', "close < today()", "name == null"]
    sources = [f"({chance.choice(pool)}) && !({chance.choice(pool)})" for _ in range(RULES)] + pool
    warm = DurableMatcher(group(sources))
    for env in deals.envs(1, 2000):
        warm.matches(env)
    done = subprocess.run(
        [sys.executable, "-c", _FRESH],
        input=json.dumps({"sources": sources, "seed": 7}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[1],
    )
    assert json.loads(done.stdout) == [sorted(warm.matches(env)) for env in deals.envs(7, 200)]


@FEW
@given(SOURCES, st.integers(0, 2**32))
def test_decisions_are_the_same_whichever_matcher_is_asked(sources, seed):
    catalog = deals.with_rules(deals.rule(f"r{place}", source) for place, source in enumerate(sources))
    happened = [(deals.event(id=f"e{place}"), env) for place, env in enumerate(deals.envs(seed, 10))]
    by_python = rules.decide(catalog, happened, "python")
    by_library = rules.decide(catalog, happened, "durable")
    told = [
        [(one.event, one.rule, one.fired, one.truth, one.facts) for one in made] for made in (by_python, by_library)
    ]
    assert told[0] == told[1]
    assert len(by_python) == 10 * RULES

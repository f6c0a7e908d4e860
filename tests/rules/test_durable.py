"""The driver of the C library: right answers inside the fence, and nothing gets outside it.

Expected answers are worked out by ``pattern.holds``, three lines of Python.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dealwright.rules import durable, pattern
from dealwright.rules.durable import DurableError, Shard
from dealwright.rules.pattern import MAX_CHAINS, MAX_MEASURES, MAX_TESTS, OPERATORS, Chain, Test

Test.__test__ = False  # a dataclass, not a class of tests

MEASURES = [f"t{place}" for place in range(6)]
TESTS = st.builds(Test, st.sampled_from(MEASURES), st.sampled_from(OPERATORS), st.integers(0, 6))
CONJUNCTIONS = st.lists(st.lists(TESTS, min_size=1, max_size=5), min_size=1, max_size=MAX_CHAINS)
CODES = st.fixed_dictionaries({name: st.integers(0, 7) for name in MEASURES})


def chains(conjunctions):
    return [Chain(f"{place}#0", tuple(tests)) for place, tests in enumerate(conjunctions)]


def expected(made, codes):
    return sorted(chain.name for chain in made if pattern.holds(chain, codes))


@settings(max_examples=60, deadline=None)
@given(CONJUNCTIONS, st.lists(CODES, min_size=1, max_size=10))
def test_a_shard_answers_the_chains_that_hold_each_once(conjunctions, facts):
    made = chains(conjunctions)
    shard = Shard(made)
    for codes in facts:
        assert sorted(shard.matches(codes)) == expected(made, codes)
    shard.close()


def test_a_fact_leaves_nothing_behind_for_the_next():
    made = chains([[Test("t0", "==", 1)], [Test("t0", "==", 2)]])
    shard = Shard(made)
    assert [shard.matches({"t0": code}) for code in (1, 2, 0, 1, 1)] == [["0#0"], ["1#0"], [], ["0#0"], ["0#0"]]


def test_a_full_shard_in_which_everything_holds_answers_everything():
    made = chains([[Test("t0", ">=", 0), Test("t1", "!=", place)] for place in range(MAX_CHAINS)])
    assert sorted(Shard(made).matches({"t0": 3, "t1": 1000})) == sorted(chain.name for chain in made)


def test_the_longest_chain_is_compared_to_its_last_test():
    tests = tuple(Test(f"t{place}", ">=", 1) for place in range(MAX_TESTS))
    shard = Shard([Chain("0#0", tests)])
    codes = {test.measure: 1 for test in tests}
    assert shard.matches(codes) == ["0#0"]
    for name in codes:
        assert shard.matches({**codes, name: 0}) == []


def test_codes_keep_their_order_up_to_the_greatest():
    top = pattern.MAX_CODE
    shard = Shard(chains([[Test("t0", "<", top)], [Test("t0", "==", top)], [Test("t0", ">=", top - 1)]]))
    assert sorted(shard.matches({"t0": top})) == ["1#0", "2#0"]
    assert sorted(shard.matches({"t0": top - 1})) == ["0#0", "2#0"]


def test_threads_that_share_a_shard_get_their_own_answers():
    made = chains([[Test("t0", "==", place)] for place in range(50)])
    shard, wrong = Shard(made), []

    def ask(seed):
        rng = random.Random(seed)
        for _ in range(500):
            code = rng.randrange(60)
            if shard.matches({"t0": code}) != expected(made, {"t0": code}):
                wrong.append(code)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


_WORK = """
import resource
from dealwright.rules.durable import Shard
from dealwright.rules.pattern import Chain, Test

chains = [Chain(f"{n}#0", (Test("t0", ">", n), Test("t1", "!=", n % 7))) for n in range(40)]
shard = Shard(chains)

def work():
    for turn in range(20_000):
        shard.matches({"t0": turn % 50, "t1": turn % 9})
    for _ in range(100):
        Shard(chains).close()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

print(work(), work())
"""


def test_memory_stays_flat_over_20_000_facts_and_100_shards():
    # In a process of its own: what is measured is the greatest size that it ever had, in KB.
    done = subprocess.run([sys.executable, "-c", _WORK], capture_output=True, text=True, check=True, timeout=120)
    first, second = map(int, done.stdout.split())
    assert second - first < 1024, f"{second - first} KB more"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda: Test("amount", "==", 1), id="a name of an author"),
        pytest.param(lambda: Test("sid", "==", 1), id="a name of the library"),
        pytest.param(lambda: Test("$s", "==", 1), id="the state of the library"),
        pytest.param(lambda: Test("t0", "$mt", 1), id="a regular expression"),
        pytest.param(lambda: Test("t0", "$div", 1), id="a division"),
        pytest.param(lambda: Test("t0", "$nex", 1), id="a missing field"),
        pytest.param(lambda: Test("t0", "==", "x"), id="text"),
        pytest.param(lambda: Test("t0", "==", True), id="a truth value"),
        pytest.param(lambda: Test("t0", "==", 0.5), id="a float"),
        pytest.param(lambda: Test("t0", "==", None), id="null"),
        pytest.param(lambda: Test("t0", "==", {"$m": "t1"}), id="another field"),
        pytest.param(lambda: Test("t0", "==", {"first": "t1"}), id="a join"),
        pytest.param(lambda: Test("t0", "==", -1), id="a negative code"),
        pytest.param(lambda: Test("t0", "==", 2**53), id="a code that is too large"),
        pytest.param(lambda: Chain("hot", (Test("t0", "==", 1),)), id="a rule's own name"),
        pytest.param(lambda: Chain("0#0", ()), id="an empty conjunction"),
        pytest.param(lambda: Chain("0#0", (Test("t0", "==", 1),) * (MAX_TESTS + 1)), id="too many tests"),
        pytest.param(lambda: Shard([]), id="an empty shard"),
        pytest.param(lambda: Shard(chains([[Test("t0", "==", 1)]] * (MAX_CHAINS + 1))), id="too many chains"),
        pytest.param(lambda: Shard([Chain("0#0", (Test("t0", "==", 1),))] * 2), id="a name twice"),
        pytest.param(
            lambda: Shard(
                chains([[Test(f"t{20 * row + place}", "==", 1) for place in range(20)] for row in range(11)])
            ),
            id="too many measures",
        ),
    ],
)
def test_the_fence_refuses_what_kills_or_fools_the_library(wrong):
    with pytest.raises(ValueError, match=r"expected|not|name|code|tests|chains"):
        wrong()


def test_every_chain_begins_with_the_guard_that_only_our_facts_meet():
    # The library keeps a hidden fact of its own state beside ours; nothing but the guard is sure to keep it out.
    text = json.loads(durable.ruleset(chains([[Test("t0", "!=", 1)], [Test("t1", "<", 2), Test("t0", "==", 3)]])))
    begins = [text[name]["all"][0]["m"]["$and"][0] for name in ("0#0", "1#0")]
    assert begins == [{"k": 1}, {"k": 1}]


def test_names_that_the_library_cannot_tell_apart_are_refused(monkeypatch):
    # FNV-1a of 32 bits: "costarring" and "liquid" have the same; generated names are checked the same way.
    assert durable._hash("costarring") == durable._hash("liquid") == 0x5E4DAA9D
    monkeypatch.setattr(durable, "_hash", lambda name: name.replace("t1", "t0"))
    with pytest.raises(ValueError, match="cannot tell 't1' from 't0'"):
        durable.ruleset(chains([[Test("t0", "==", 1), Test("t1", "==", 1)]]))


def test_chains_are_cut_into_shards_within_the_limits():
    many = chains([[Test(f"t{place}", "==", 1)] for place in range(MAX_MEASURES * 2)])
    assert [len(one) for one in pattern.shards(many)] == [56] * 7 + [8]
    wide = chains([[Test(f"t{24 * row + place}", "==", 1) for place in range(24)] for row in range(20)])
    assert [len(one) for one in pattern.shards(wide)] == [8, 8, 4]
    assert [len(one) for one in pattern.shards(many[:3], size=1)] == [1, 1, 1]
    with pytest.raises(ValueError, match="1 to 56"):
        pattern.shards(many, size=57)


def test_a_failure_of_the_library_is_told_and_the_next_fact_starts_afresh(monkeypatch):
    shard = Shard(chains([[Test("t0", "==", 1)]]))

    class Broken:
        error = durable._library.error
        assert_fact = durable._library.assert_fact
        delete_state = durable._library.delete_state

        @staticmethod
        def start_action_for_state(handle, state):
            raise durable._library.error("broken")

    with monkeypatch.context() as patch:
        patch.setattr(durable, "_library", Broken)
        with pytest.raises(DurableError, match="failed on a fact"):
            shard.matches({"t0": 1})
    assert shard.matches({"t0": 1}) == ["0#0"]


def test_without_the_library_a_shard_says_so(monkeypatch):
    monkeypatch.setattr(durable, "_library", None)
    assert not durable.available()
    with pytest.raises(DurableError, match="not installed"):
        Shard(chains([[Test("t0", "==", 1)]]))

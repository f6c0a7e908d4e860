"""Which matcher serves: the library after a trial that it passed, Python in every other case."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest

import deals
from dealwright import rules
from dealwright.rules import canary, durable, durable_matcher, matcher, pattern, ruleset, trial
from dealwright.rules.canary import CanaryError
from dealwright.rules.compile import compiled
from dealwright.rules.durable import DurableError

ENV = {"amount": Decimal(1000), "qty": 3}


@pytest.fixture(autouse=True)
def nothing_tried_yet(monkeypatch):
    monkeypatch.setattr(matcher, "_proven", {})


def catalog():
    return deals.with_rules([deals.rule("a", "amount >= 1000"), deals.rule("b", "!(qty > 2)")])


def fired(of):
    return [one.rule for one in rules.decide(of, [(deals.event(), ENV)]) if one.fired]


def test_python_serves_until_the_library_has_been_tried():
    one = catalog()
    assert rules.matcher_status(one).serves == "python"
    assert "not been tried" in rules.matcher_status(one).reason
    assert fired(one) == ["sales.a"]


def test_the_library_serves_after_a_trial_in_a_process_of_its_own():
    one = catalog()
    status = rules.prove(one)
    assert status == rules.matcher_status(one)
    assert (status.serves, status.facts > 50) == ("durable", True)
    assert fired(one) == ["sales.a"]
    assert rules.prove(one) is status


def test_what_was_right_in_this_process_is_not_tried_again_for_the_next_revision(monkeypatch):
    tried = []
    honest = canary.matches
    monkeypatch.setattr(canary, "matches", lambda shards, *rest: tried.append(len(shards)) or honest(shards, *rest))
    first = rules.prove(catalog())
    again = rules.prove(catalog())
    assert (again.serves, again.facts, tried) == ("durable", first.facts, [len(rules.shards(catalog()))])
    changed = deals.with_rules([deals.rule("a", "amount >= 1001"), deals.rule("b", "!(qty > 2)")])
    assert rules.prove(changed).serves == "durable"
    assert rules.shards(changed) == rules.shards(catalog()), "the constant is no part of what the library sees"
    wider = deals.with_rules([deals.rule("a", "amount >= 1000 && amount < 5000"), deals.rule("b", "!(qty > 2)")])
    assert rules.prove(wider).serves == "durable"
    assert len(tried) == 2


def test_a_library_that_was_retired_is_tried_again_on_everything(monkeypatch):
    one = catalog()
    rules.prove(one)
    monkeypatch.setattr(durable.Shard, "matches", lambda shard, codes: ["1#0"])
    fired(one)
    monkeypatch.setattr(canary, "matches", lambda *rest: (_ for _ in ()).throw(CanaryError("still broken")))
    assert rules.prove(catalog()).serves == "python"


def test_rules_without_conditions_need_no_trial():
    assert rules.prove(deals.with_rules([deals.rule("r")])).serves == "durable"
    assert rules.prove(deals.with_rules([])).facts == 0


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        pytest.param("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended with -11", id="it crashes"),
        pytest.param("while True: pass", "had not answered after", id="it hangs"),
        pytest.param("raise SystemExit('no such module')", "ended with 1: no such module", id="it cannot be loaded"),
        pytest.param("print('hello')", "something else than matches", id="it answers nonsense"),
        pytest.param("print('{\"matches\": [[[]]]}')", "answered", id="it answers less than was asked"),
    ],
)
def test_a_canary_that_fails_leaves_the_rules_to_python(monkeypatch, program, reason):
    run = subprocess.run

    def other(command, **options):
        return run([sys.executable, "-c", program], **options)

    monkeypatch.setattr(subprocess, "run", other)
    one = catalog()
    status = rules.prove(one, timeout=1)
    assert status.serves == "python"
    assert reason in status.reason
    assert fired(one) == ["sales.a"]


def test_one_wrong_answer_of_the_canary_leaves_the_rules_to_python(monkeypatch):
    honest = canary.matches

    def lying(shards, facts, timeout):
        answers = honest(shards, facts, timeout)
        answers[0][-1] ^= {"0#0"}
        return answers

    monkeypatch.setattr(canary, "matches", lying)
    status = rules.prove(catalog())
    assert status.serves == "python"
    assert "answered wrongly" in status.reason


def test_a_library_that_decides_otherwise_than_python_is_retired_and_python_is_right(monkeypatch, caplog):
    one = catalog()
    rules.prove(one)
    monkeypatch.setattr(durable.Shard, "matches", lambda shard, codes: ["1#0"])
    assert fired(one) == ["sales.a"]
    status = rules.matcher_status(one)
    assert status.serves == "python"
    assert "decided otherwise than Python about sales.a, sales.b" in status.reason
    assert "retired" in caplog.text
    assert rules.prove(one) is status


def test_a_library_that_fails_is_retired_and_python_decides(monkeypatch):
    one = catalog()
    rules.prove(one)

    def failing(shard, codes):
        raise DurableError("broken")

    monkeypatch.setattr(durable.Shard, "matches", failing)
    assert fired(one) == ["sales.a"]
    assert "failed on an event record.updated about sales.deal: broken" in rules.matcher_status(one).reason
    with pytest.raises(DurableError):
        rules.decide(one, [(deals.event(), ENV)], "durable")


def test_without_the_library_python_serves_and_status_says_so(monkeypatch):
    monkeypatch.setattr(durable, "_library", None)
    one = catalog()
    assert rules.prove(one) == rules.matcher_status(one)
    assert "not installed" in rules.matcher_status(one).reason
    assert fired(one) == ["sales.a"]


def test_statuses_of_old_revisions_are_forgotten(monkeypatch):
    monkeypatch.setattr(matcher, "_KEPT", 2)
    monkeypatch.setattr(matcher, "_statuses", {})
    made = [deals.with_rules([]) for _ in range(3)]
    for one in made:
        rules.prove(one)
    assert [rules.matcher_status(one).facts for one in made] == [0, 0, 0]
    assert [rules.matcher_status(one).serves for one in made] == ["python", "durable", "durable"]


def test_the_trial_meets_every_chain_and_crosses_every_border():
    sources = ["amount >= 1000 && amount < 5000", 'tier != "A" || qty == null', "!(close > today()) && qty <= 2"]
    made = [deals.rule(f"r{place}", source) for place, source in enumerate(sources)]
    group = compiled(ruleset.of(deals.with_rules(made)).group("sales.deal", "record.updated"))
    tried = trial.facts(group.chains, group.measures)
    for chain in group.chains:
        assert {pattern.holds(chain, codes) for codes in tried} == {True, False}
        for test in chain.tests:
            others = pattern.Chain(chain.name, tuple(one for one in chain.tests if one != test) or chain.tests)
            assert any(pattern.holds(others, codes) for codes in tried)
    for codes in tried:
        assert all(code in group.measures[name].codes() for name, code in codes.items())


def test_the_canary_answers_what_the_library_answers():
    made = [deals.rule("r", "amount >= 1000")]
    group = compiled(ruleset.of(deals.with_rules(made)).group("sales.deal", "record.updated"))
    (shard,) = pattern.shards(group.chains)
    assert canary.matches([shard], [[{"t0": 1}, {"t0": 2}]], 20) == [[set(), {"0#0"}]]
    with pytest.raises(CanaryError, match="KeyError"):
        canary.matches([shard], [[{}]], 20)


def test_the_matcher_of_a_group_is_made_once_a_catalog():
    one = catalog()
    group = ruleset.of(one).group("sales.deal", "record.updated")
    assert durable_matcher.of(one, "sales.deal", "record.updated", group) is durable_matcher.of(
        one, "sales.deal", "record.updated", group
    )

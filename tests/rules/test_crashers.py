"""What kills or fools the C library, given to the compiler instead: a right answer, in a process that lives.

Each probe runs in a process of its own, because what it guards against ends the process or never returns. ``docs/rules.md``
lists the traps; what the condition language cannot even say (joins, regular expressions, counts, batches) is refused by
the fence in ``test_durable.py``.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

_FRAME = """
import sys
from datetime import timedelta
from decimal import Decimal
import deals
from dealwright.rules import ruleset
from dealwright.rules.durable_matcher import DurableMatcher

def matcher(*sources):
    made = [deals.rule(f"r{place}", source) for place, source in enumerate(sources)]
    return DurableMatcher(ruleset.of(deals.with_rules(made)).group("sales.deal", "record.updated"))

def fired(env, *sources):
    return sorted(int(name.removeprefix("sales.r")) for name in matcher(*sources).matches(env))

"""


@pytest.mark.parametrize(
    "probe",
    [
        pytest.param(
            """
            assert fired({"amount": Decimal(1), "budget": Decimal(0)}, "amount / budget > 1", "!(amount / budget > 1)") == [1]
            """,
            id="division by zero in the data",
        ),
        pytest.param(
            """
            least = {"qty": -2**63}
            assert fired(least, "qty / -1 > 0", "-qty > 0", "abs(qty) == qty", "qty < -9223372036854775807") == [0, 1, 3]
            """,
            id="the least integer divided by minus one",
        ),
        pytest.param(
            """
            assert fired({"tier": None}, "tier == old.tier", "tier != old.tier") == [0]
            assert fired({"tier": "A"}, "tier == old.tier", "tier != old.tier") == [1]
            """,
            id="fields of two facts compared where one is empty",
        ),
        pytest.param(
            """
            env = {"amount": Decimal(5), "budget": Decimal(9), "qty": 3, "ratio": Decimal(4)}
            both = "amount > budget && qty > ratio"
            assert fired(env, both, "qty > ratio && amount > budget", f"!({both})", "amount < budget && qty < ratio") == [2, 3]
            """,
            id="two comparisons between fields, the last of them false",
        ),
        pytest.param(
            """
            assert fired({"id": "s", "buyer": "u1", "user.id": "u1"}, 'id == "s"', "buyer == user.id", 'id == "1"') == [0, 1]
            """,
            id="the names id and sid belong to the library",
        ),
        pytest.param("assert fired({}, 'name == null', 'name != null') == [0]", id="nothing at all"),
        pytest.param(
            """
            one = matcher("qty >= 0")
            assert all(one.matches({"qty": turn}) for turn in range(3000))
            """,
            id="more facts than the library has states",
        ),
        pytest.param(
            """
            junk = [matcher(*[f"qty == {n}" for n in range(20)]) for _ in range(20)]
            for one in junk:
                one.close()
            filth = [b"A" * n for n in range(100, 60000, 37)]
            del filth
            one = matcher("qty == 1")
            assert not any(one.matches({"qty": 2}) for _ in range(500))
            """,
            id="states deleted in which nothing ever fired",
        ),
        pytest.param(
            """
            import threading
            one, wrong = matcher("qty == 1", "qty != 1"), []
            def ask(qty):
                for _ in range(300):
                    if one.matches({"qty": qty}) != {"sales.r0" if qty == 1 else "sales.r1"}:
                        wrong.append(qty)
            threads = [threading.Thread(target=ask, args=(n % 2,)) for n in range(8)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            assert not wrong
            """,
            id="states deleted while other threads run",
        ),
        pytest.param(
            """
            assert fired({"tier": "A"}, *['tier == "A"'] * 600) == list(range(600))
            """,
            id="600 rules end on the same condition",
        ),
        pytest.param(
            """
            names = ["name", "amount", "budget", "ratio", "qty", "tier", "close", "seen", "wait", "account", "buyer"]
            sources = [f"{a} == null && {b} != null" for a in names for b in names]
            wanted = [n for n, s in enumerate(sources) if s.endswith("qty != null") and not s.startswith("qty")]
            assert fired({"qty": 1}, *sources) == wanted
            """,
            id="more than 100 fields that must be missing",
        ),
        pytest.param(
            """
            sources = [f"qty == {n}" for n in range(1000)]
            assert fired({"qty": 777}, *sources) == [777]
            assert fired({"qty": 5}, *[f"qty >= {n}" for n in range(1000)]) == list(range(6))
            """,
            id="a thousand different tests under one node",
        ),
        pytest.param(
            """
            wild = "(" * 2000
            assert fired({"name": wild}, f'name == "{wild}"', 'name.contains("((")', 'name == "("') == [0, 1]
            assert fired({"event.kind": 5}, 'event.kind == "5"', 'event.kind == 5') == [1]
            """,
            id="what would be a regular expression, and a number where text is expected",
        ),
        pytest.param(
            """
            env = {"amount": Decimal(1)}
            assert fired(env, "amount < budget * 0.85", "!(amount < budget * 0.85)") == [1]
            """,
            id="arithmetic with a missing operand",
        ),
        pytest.param(
            """
            sources = ['name == "5"', 'event.count == 5', 'event.count == "5"', "event.count == true", "vip"]
            assert fired({"name": "", "event.count": "5"}, *sources) == [2]
            assert fired({"name": "5", "event.count": True, "vip": 1}, *sources) == [0, 3]
            """,
            id="text, numbers and truth values are not mixed up",
        ),
        pytest.param(
            """
            one = matcher("amount == null")
            assert len(one.compiled.chains) == 1
            assert fired({}, "amount == null", "!(amount != null)", "!(amount >= 1)") == [0, 1, 2]
            """,
            id="a missing field is seen once, and not on the library's own fact",
        ),
        pytest.param(
            """
            assert fired({"qty": 1, "tier": "A", "vip": True}, 'qty == 1 || tier == "A" || vip', "vip || !vip") == [0, 1]
            """,
            id="several true parts of a disjunction",
        ),
        pytest.param(
            """
            assert fired({"qty": 1}, *["qty == 1"] * 5) == [0, 1, 2, 3, 4]
            one = matcher("qty == 1")
            assert [len(one.matches({"qty": 1})) for _ in range(5)] == [1, 1, 1, 1, 1]
            """,
            id="every rule hears of every event, the same one again too",
        ),
        pytest.param(
            """
            long = "x" * 65536
            assert fired({"name": ""}, f'name == "{long[:3000]}"', 'name == ""') == [1]
            assert fired({"name": long}, 'name == ""', 'name != ""') == [1]
            assert fired({"name": "ab"}, 'name == "ab!"', 'name == "ab"', 'name == "AB"') == [1]
            """,
            id="long texts, and texts that begin alike",
        ),
        pytest.param(
            """
            assert fired({"qty": 2**63 - 1}, "qty == 9223372036854775807", "qty < 9223372036854775807") == [0]
            assert fired({"qty": 2**53 + 1}, "qty == 9007199254740993", "qty == 9007199254740992") == [0]
            assert fired({"amount": Decimal("0.1"), "budget": Decimal("0.2")}, "amount + budget == 0.3") == [0]
            assert fired({"amount": Decimal("1E-4")}, "amount == 0.0001", "amount == 0") == [0]
            assert fired({"ratio": Decimal("1E+16"), "qty": 5}, "ratio > 9999999999999999", "qty == 5.0") == [0, 1]
            """,
            id="numbers of every size and scale",
        ),
        pytest.param(
            """
            assert fired({"tier": None}, 'tier != "A"', 'tier == "A"', "tier == null", 'tier in ["A"]') == [0, 2]
            """,
            id="empty is different from every constant",
        ),
        pytest.param(
            """
            env = {"event.costarring": 1}
            assert fired(env, "event.liquid == 1", "event.costarring == 1", "event.liquid == null") == [1, 2]
            """,
            id="names with the same hash",
        ),
        pytest.param(
            """
            long = " && ".join(f"qty != {n}" for n in range(60))
            env = {"qty": 60, "tier": "A"}
            assert fired(env, long, f"!({long})", f'({long}) && tier == "A"', f'({long}) && tier == "B"') == [0, 2]
            assert fired({"qty": 59}, long, f"!({long})") == [1]
            """,
            id="more tests in one conjunction than a chain may have",
        ),
        pytest.param(
            """
            deep = "(" + " || ".join(f"(qty == {n} && amount == {n})" for n in range(6)) + ")"
            large = " && ".join([deep] * 1 + [f"(qty > {n} || tier == null)" for n in range(20)])
            env = {"qty": 3, "amount": Decimal(3)}
            assert fired(env, large, deep, f"!({large})", f"!({deep})") == [0, 1]
            assert fired({"qty": 25, "amount": Decimal(3)}, large, f"!({large})", f"!({deep})") == [1, 2]
            """,
            id="a normal form of a million conjunctions",
        ),
    ],
)
def test_the_compiler_answers_rightly_where_the_library_would_not(probe):
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", _FRAME + textwrap.dedent(probe)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr[-2000:]

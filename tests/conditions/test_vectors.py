"""Cases that Python and the browser share: a condition, an environment in API JSON, and the value it must have.

``tests/data/expr_vectors.json`` is for whoever writes another back end; each case was worked out by hand. Fields are
those of ``conditions.world``.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from conditions.test_agreement import browsed, plain
from conditions.world import DEAL, catalog
from dealwright.conditions import of
from dealwright.conditions.constants import READERS
from dealwright.conditions.functions import FUNCTIONS
from dealwright.conditions.syntax import Call, Each, Name, walk

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "expr_vectors.json").read_text(encoding="utf-8"))
KINDS = {
    "integer": int,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
    "duration": lambda text: timedelta(seconds=float(text[:-1])) if text[0] != "P" else iso(text),
}


def iso(text):
    """A duration of API JSON."""
    return READERS["duration"](text.removeprefix("P").replace("T", "").lower())


def typed(name, value, kinds):
    if value is None:
        return None
    if isinstance(value, list):
        return [typed_row(name, one, kinds) if isinstance(one, dict) else one for one in value]
    return KINDS.get(kinds.get(name, ""), lambda one: one)(value)


def typed_row(name, row, kinds):
    return {key: typed(f"{name}.{key}", one, kinds) for key, one in row.items()}


def kinds_of(condition):
    """The kind of each key that the condition reads; of a row's under the list's name."""
    lists = {part.var: part.over.key for part in walk(condition.ast) if isinstance(part, Each)}
    kinds = {"now()": "datetime", "today()": "date"}
    for part in walk(condition.ast):
        if isinstance(part, Name):
            kinds[f"{lists[part.root]}.{part.key}" if part.root in lists else part.key] = part.type.kind
        if isinstance(part, Call) and part.op == "changed()":
            kinds[f"old.{part.args[0].key}"] = part.args[0].type.kind
    return kinds


def result(vector, kind):
    wanted = vector["value"]
    return wanted if wanted is None or not isinstance(wanted, str) else plain(KINDS.get(kind, str)(wanted))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["source"])
def test_a_shared_case_holds_in_python_and_in_the_browser(vector, interpreter):
    condition = of(catalog(), DEAL, vector["source"], vector["use"])
    kinds = kinds_of(condition)
    env = {name: typed(name, value, kinds) for name, value in vector["env"].items()}
    wanted = result(vector, condition.type.kind)
    assert plain(condition.evaluate(env)) == wanted
    interpreter.ask({"envs": [vector["env"]]})
    assert [browsed(one) for one in interpreter.values(condition.json())] == [wanted]


def test_every_function_and_operator_has_a_shared_case():
    used = set()
    for vector in VECTORS:
        for part in walk(of(catalog(), DEAL, vector["source"], vector["use"]).ast):
            used |= {part.op} if isinstance(part, Call) else {part.kind} if isinstance(part, Each) else set()
    folded = {f"{name}()" for name, one in FUNCTIONS.items() if one.constant}
    wanted = {f"{name}()" for name in FUNCTIONS} - folded
    wanted |= {"&&", "||", "!", "?:", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "neg", "member()"}
    wanted |= {"exists", "all", "sum", "avg", "min", "max", "count"}
    assert wanted <= used
    for name in folded:
        assert any(name.removesuffix("()") + "(" in vector["source"] for vector in VECTORS), name


def test_the_documentation_names_every_function():
    page = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text(encoding="utf-8")
    missing = [name for name in FUNCTIONS if f"`{name}(" not in page and f".{name}(" not in page]
    assert missing == []

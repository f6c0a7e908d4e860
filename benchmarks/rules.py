"""How many rules are asked in a second: by the platform's two matchers, end to end through a save, and by zen-engine.

    python -m benchmarks.rules [--quick] [--rules N ...] [--seconds 3] [--json FILE]

The rules ask a record of 30 fields, three of them each (two numbers and a choice), and about one in twelve holds. All
programs get the same records and the same rules; that they find the same rules is part of the run. zen-engine
(https://github.com/gorules/zen, Rust) gets them as one decision table that collects, which is its fastest form; it finds
rules and gives no reasons. ``decide`` of the platform gives the truth of every comparison, and what the record was. What
counts is processor time of this process, so that other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from dealwright import access, clock, events, records, rules  # noqa: E402
from dealwright.rules import durable, durable_matcher, python_matcher  # noqa: E402
from dealwright.storage import Database, migrations  # noqa: E402
from worlds import opened  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: 20 whole numbers from 0 to 99 and 10 choices of 4.
NUMBERS: Final = [f"n{place}" for place in range(20)]
CHOICES: Final = [f"c{place}" for place in range(10)]
OPTIONS: Final = ("a", "b", "c", "d")
SIZES: Final = (10, 50, 200, 1000)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run of seconds; its figures say little")
    parser.add_argument("--rules", type=int, nargs="+", help=f"numbers of rules ({', '.join(map(str, SIZES))})")
    parser.add_argument("--json", type=Path, help="where the figures are written as JSON")
    parser.add_argument(
        "--seconds", type=float, help="of the processor, for each program and size (3; 0.2 with --quick)"
    )
    asked = parser.parse_args(arguments)
    seconds = asked.seconds or (0.2 if asked.quick else 3.0)
    found = {str(size): measured(size, seconds) for size in asked.rules or ((10,) if asked.quick else SIZES)}
    for size, figures in found.items():
        print(f"{size} rules: " + ", ".join(f"{name} {value}" for name, value in figures.items()))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def measured(size: int, seconds: float) -> dict[str, Any]:
    """Return records per second of the processor of each program on ``size`` rules; None for a program that is not installed."""
    drawn = random.Random(7)
    terms = [_terms(drawn) for _ in range(size)]
    rows = [_row(drawn) for _ in range(200)]
    with tempfile.TemporaryDirectory() as folder, Database(f"sqlite:///{folder}/bench.db") as database:
        migrations.upgrade(database)
        workspace = opened(database, _entity(), *map(_rule, range(size), terms), folder=Path(folder))
        with database.read() as connection:
            catalog = workspace.catalog(connection)
        group = rules.of(catalog).group("t.asked", events.CREATED)
        truth = [_held_by_python(group, row) for row in rows]
        figures: dict[str, Any] = {"held": sum(map(len, truth))}
        figures["Python matcher, /s"] = rate(seconds, rows, lambda row: _held_by_python(group, row))
        figures["C matcher, /s"] = None
        if durable.available():
            matcher = durable_matcher.DurableMatcher(group)
            _same(truth, [set(matcher.matches(row)) for row in rows], "the C matcher")
            figures["C matcher, /s"] = rate(seconds, rows, matcher.matches)
            matcher.close()
        told = [(_event(number), row) for number, row in enumerate(rows)]
        figures["decide, /s"] = rate(seconds, told, lambda one: rules.decide(catalog, [one], matcher="python"))
        figures["saves, /s"] = rate(
            seconds, rows, lambda row: records.save(workspace, access.operator(), "t.asked", row)
        )
    figures["zen-engine, /s"] = None
    zen = _zen(terms)
    if zen is not None:
        _same(truth, [{f"t.r{place}" for place in zen(row)} for row in rows], "zen-engine")
        figures["zen-engine, /s"] = rate(seconds, rows, zen)
    return figures


def rate(seconds: float, things: Sequence[Any], do: Callable[[Any], object]) -> int:
    """Return how many things are done in a second of the processor, going through them for so many of its seconds."""
    do(things[0])
    begun, done = time.process_time(), 0
    while time.process_time() - begun < seconds:
        do(things[done % len(things)])
        done += 1
    return round(done / (time.process_time() - begun))


def _terms(drawn: random.Random) -> tuple[tuple[str, int], tuple[str, int], tuple[str, str]]:
    """Return what a rule asks: a number that is at least, another that is below, a choice."""
    first, second = drawn.sample(NUMBERS, 2)
    return (
        (first, drawn.randrange(20, 60)),
        (second, drawn.randrange(40, 80)),
        (drawn.choice(CHOICES), drawn.choice(OPTIONS)),
    )


def _row(drawn: random.Random) -> dict[str, Any]:
    return {**{name: drawn.randrange(100) for name in NUMBERS}, **{name: drawn.choice(OPTIONS) for name in CHOICES}}


def _entity() -> dict[str, Any]:
    options = [{"id": one, "title": one.upper()} for one in OPTIONS]
    fields: dict[str, Any] = {name: {"field": "integer", "title": name} for name in NUMBERS}
    fields |= {name: {"field": "select", "title": name, "options": options} for name in CHOICES}
    return {"kind": "entity", "id": "t.asked", "lang": 1, "title": "Asked", "properties": fields}


def _rule(place: int, terms: tuple[Any, ...]) -> dict[str, Any]:
    (low, least), (high, most), (choice, option) = terms
    return {
        "kind": "rule", "id": f"t.r{place}", "lang": 1, "title": f"R{place}", "entity": "t.asked", "mode": "shadow",
        "on": {"record": {"events": ["created"]}},
        "if": f"{low} >= {least} && {high} < {most} && {choice} == \"{option}\"",
        "then": [{"do": "set_field", "field": "n0", "value": 1}],
    }  # fmt: skip


def _event(number: int) -> events.Event:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return events.Event(clock.new_id(), events.CREATED, "t.asked", f"record-{number}", 1, now)


def _held_by_python(group: Sequence[Any], row: Mapping[str, Any]) -> set[str]:
    answers = python_matcher.answers(group, row)
    return {one.rule.id for one, answer in zip(group, answers, strict=True) if answer.holds}


def _zen(terms: Sequence[tuple[Any, ...]]) -> Callable[[Mapping[str, Any]], list[int]] | None:
    """Return what finds the numbers of the rules that hold by zen-engine; None where it is not installed."""
    try:
        from zen import ZenEngine
    except ImportError:
        return None
    columns = [{"id": name, "name": name, "field": name} for name in (*NUMBERS, *CHOICES)]
    blank = {name: "" for name in (*NUMBERS, *CHOICES)}
    lines = [
        {**blank, "_id": str(place), low: f">= {least}", high: f"< {most}", choice: f"'{option}'", "rule": str(place)}
        for place, ((low, least), (high, most), (choice, option)) in enumerate(terms)
    ]
    outputs = [{"id": "rule", "name": "rule", "field": "rule"}]
    table = {"hitPolicy": "collect", "inputs": columns, "outputs": outputs, "rules": lines}
    where = {"x": 0, "y": 0}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": where},
        {"id": "table", "type": "decisionTableNode", "name": "table", "position": where, "content": table},
        {"id": "out", "type": "outputNode", "name": "out", "position": where},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
        {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
    ]
    engine = ZenEngine()  # it must live as long as its decisions
    decision = engine.create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def held(row: Mapping[str, Any]) -> list[int]:
        return [int(one["rule"]) for one in decision.evaluate(dict(row))["result"]]

    held.engine = engine  # type: ignore[attr-defined]
    return held


def _same(truth: Sequence[set[str]], found: Sequence[set[str]], who: str) -> None:
    if list(truth) != list(found):
        raise SystemExit(f"{who} finds other rules than the Python matcher: the figures would compare nothing")


if __name__ == "__main__":
    sys.exit(main())

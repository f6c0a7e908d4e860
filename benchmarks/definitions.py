"""What definitions cost at the size of a large company: 200 entities of 50 fields, 1,000 rules, in 40 packs.

    python -m benchmarks.definitions [--entities N] [--rounds N] [--json FILE]

Prints one JSON object, in seconds of the processor, each the best of the rounds: the fold alone, a check of all packs, a
plan for one changed title (as a server makes it, which has the catalog in force, and as a command does) and one for an
upgrade of a pack, and applying it, on a new SQLite file; and ``pack test`` of a pack of a hundred tests. Aims: fold below
1, plan and check below 3, the tests below 10.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dealwright import pack_tests, packs, rules
from dealwright.metadata.fold import fold
from dealwright.metadata.layers import Layer, SourcedDocument
from dealwright.metadata.settings import DEFAULTS
from dealwright.packs import Wanted
from dealwright.packs.examine import examine
from dealwright.packs.source import PackSource
from dealwright.storage import Database, migrations, revisions

PACKS: Final = 40
FIELDS: Final = 50
RULES: Final = 1000
AIMS: Final = {"fold": 1.0, "check": 3.0, "plan a change": 3.0, "plan an upgrade": 3.0, "100 tests": 10.0}
_TYPES: Final = ("text", "money", "integer", "date", "boolean", "percent")


def pack(number: int, entities: int, version: str = "1.0.0") -> PackSource:
    """Return a pack with its share of entities and rules; each but the first builds on the one before it."""
    name = f"p{number}"
    documents: list[dict[str, Any]] = []
    for at in range(entities):
        properties: dict[str, Any] = {
            f"f{i}": {"field": _TYPES[i % len(_TYPES)], "title": f"Field {i} of {version}"} for i in range(FIELDS - 1)
        }
        properties["size"] = {"field": "formula", "result": "integer", "formula": "f2 * 2", "title": "Size"}
        documents.append({"kind": "entity", "id": f"{name}.e{at}", "title": f"Entity {at}", "properties": properties})
    for at in range(RULES // PACKS):
        documents.append(
            {
                "kind": "rule", "id": f"{name}.r{at}", "title": f"Rule {at}", "entity": f"{name}.e{at % entities}",
                "on": {"record": {"events": ["created", "updated"]}}, "if": f"f2 > {at} && f0 != null && !f4",
                "then": [{"do": "set_field", "field": "f0", "value": f"'r{at}'"}],
            }
        )  # fmt: skip
    requires = {f"p{number - 1}": "*"} if number else {}
    if number:
        documents.append(
            {
                "kind": "entity", "extends": f"p{number - 1}.e0",
                "properties": {f"{name}__more": {"field": "text", "title": "More"}},
                "overrides": [{"path": "#/title", "value": f"Entity of {name}"}],
            }
        )  # fmt: skip
    head = {
        "format": 1,
        "id": name,
        "ns": name,
        "version": version,
        "title": name,
        "platform": "*",
        "requires": requires,
    }
    sourced = tuple(SourcedDocument(one, f"{name}/{_place(one)}") for one in documents)
    return PackSource(Layer(name, name, sourced, {}, frozenset(requires), version, head, name), Path("nowhere") / name)


def _place(document: dict[str, Any]) -> str:
    namespace, _, name = str(document.get("id") or document["extends"]).partition(".")
    return f"extend/{namespace}/{name}.json" if "extends" in document else f"{document['kind']}s/{name}.json"


def tested(folder: Path) -> Path:
    """Return a new pack as ``pack init`` begins one, with a hundred tests that do something."""
    packs.scaffold.begin(folder)
    (file,) = (folder / "tests").glob("*.json")
    known = json.loads(file.read_text(encoding="utf-8"))
    acting = [one for one in known if "when" in one]
    more = [{**acting[i % len(acting)], "test": f"the same again ({i})"} for i in range(100 - len(known))]
    file.write_text(json.dumps([*known, *more]), encoding="utf-8")
    return folder


def best(act: Callable[[], object], rounds: int) -> float:
    """Return the least time of some rounds, in seconds of the processor: other work on the machine does not count."""
    took = []
    for _ in range(rounds):
        since = time.process_time()
        act()
        took.append(time.process_time() - since)
    return round(min(took), 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.definitions")
    parser.add_argument("--entities", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    asked = parser.parse_args()
    gc.set_threshold(20_000)  # as the command line of the platform sets it
    rules.prove = rules.matcher_status  # type: ignore[assignment]  # the trial of the C library is not what is measured
    sources = [pack(number, max(asked.entities // PACKS, 1)) for number in range(PACKS)]
    layers = packs.layers_of(sources)
    found: dict[str, Any] = {"entities": asked.entities, "fields": FIELDS, "rules": RULES, "packs": PACKS}
    found["fold"] = best(lambda: fold(layers), asked.rounds)
    found["check"] = best(lambda: examine(sources, DEFAULTS), asked.rounds)
    with tempfile.TemporaryDirectory() as folder, Database(f"sqlite:///{folder}/bench.db") as database:
        migrations.upgrade(database)
        found["install"] = best(lambda: packs.install(database, sources), 1)
        with database.write() as connection:
            packs.overlay.propose(connection, [{"path": "entity:p0.e1#/title", "value": "Mine"}])
        found["plan a change"] = best(lambda: packs.plan(database, Wanted(proposals=True)), asked.rounds)
        with database.read() as connection:
            known = packs.stored_catalog(connection, revisions.active(connection))
        found["plan a change in a server"] = best(
            lambda: packs.plan(database, Wanted(proposals=True), known=known), asked.rounds
        )
        later = pack(7, max(asked.entities // PACKS, 1), "1.1.0")
        found["plan an upgrade"] = best(lambda: packs.plan(database, Wanted(packs=[later])), asked.rounds)
        plan = packs.plan(database, Wanted(packs=[later]))
        found["apply"] = best(lambda: packs.apply(database, plan.id), 1)
    with tempfile.TemporaryDirectory() as folder:
        hundred = tested(Path(folder) / "hundred")
        found["100 tests"] = best(lambda: pack_tests.run(hundred), 1)
    found["missed"] = [name for name, aim in AIMS.items() if found[name] >= aim]
    print(json.dumps(found, indent=1))
    if asked.json is not None:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

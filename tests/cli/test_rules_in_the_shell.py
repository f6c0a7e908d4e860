"""Rules and sequences from a terminal: why not, what a draft would have done, what runs for a record."""

from __future__ import annotations

import json

import apiary

CARE = {
    "kind": "sequence", "id": "bee.care", "lang": 1, "title": "Care", "entity": "bee.hive",
    "steps": [{"id": "look", "title": "Look in", "after": "P3D", "then": [{"do": "set_field", "field": "visits", "value": 1}]},
              {"id": "feed", "after": "P7D", "then": [{"do": "set_field", "field": "visits", "value": 2}]}],
}  # fmt: skip


def hives(site) -> dict[str, str]:
    """Import a strong hive and a weak one; return their ids by name."""
    file = site.home / "hives.csv"
    file.write_text("name,frames\nLinden,14\nOak,3\n", encoding="utf-8")
    site("import", "bee.hive", file)
    lines = site("export", "bee.hive", "--format", "jsonl").out.splitlines()
    return {one["name"]: one["id"] for one in map(json.loads, lines)}


def test_why_a_rule_did_not_act_is_told_of_now_and_of_then_and_a_draft_is_tried(site) -> None:
    oak = hives(site)["Oak"]
    told = site("explain", "--rule", "bee.strong", "--record", oak, "--at", "P0D")
    assert "did not fire, because frames >= param.strong_from is false (frames is 3" in told.out
    assert "then: the condition did not hold" in told.out
    long_ago = site("explain", "--rule", "bee.strong", "--record", oak, "--at", "P9D")
    assert "was not in force at that time" in long_ago.out
    assert "the rule was not there then" in long_ago.out
    never = site("explain", "--rule", "bee.visited", "--record", oak, "--json").json
    assert (never["reason"], never["on"]) == ("never-woken", "event")
    draft = site.home / "draft.json"
    draft.write_text(json.dumps({**apiary.RULES["strong"], "if": "frames >= 2"}), encoding="utf-8")
    said = site("simulate", draft, "--since", "P1D")
    assert "rule bee.strong: woken 2, newly fired 1, no longer fired 0, changed 0, same 1" in said.out
    assert site("simulate", draft, "--since", "P1D", "--json").json["rules"][0]["newly"] == 1


def test_a_sequence_is_started_listed_advanced_and_ended(site) -> None:
    pack = site.home / "apiary"
    (pack / "sequences").mkdir()
    (pack / "sequences" / "care.json").write_text(json.dumps(CARE), encoding="utf-8")
    manifest = {**apiary.MANIFEST, "version": "1.1.0"}
    (pack / "pack.json").write_text(json.dumps(manifest), encoding="utf-8")
    site("pack", "install", pack)
    oak = hives(site)["Oak"]
    assert site("sequence", "list").out == "bee.care: 0 running, 0 finished, 0 stopped\n"
    started = site("sequence", "start", "bee.care", "--record", oak, "--json").json
    assert (started["state"], [step["done"] for step in started["steps"]]) == ("running", [False, False])
    assert "runs for this Hive already" in site("sequence", "start", "bee.care", "--record", oak, expect=1).err
    assert "done" in site("sequence", "advance", "bee.care", "--record", oak).out
    assert "bee.care: stopped (person)" in site("sequence", "stop", "bee.care", "--record", oak).out
    assert "does not run for this Hive" in site("sequence", "stop", "bee.care", "--record", oak, expect=1).err
    assert "there is no sequence “bee.cre”" in site("sequence", "start", "bee.cre", "--record", oak, expect=1).err
    lines = site("sequence", "list", "--entity", "bee.hive", "--record", oak).out.splitlines()
    assert (lines[0], len(lines)) == ("bee.care: stopped (person)", 2)
    assert site("sequence", "list", "--json").json[0]["stopped"] == 1
    site("sequence", "list", "--record", oak, expect=2)

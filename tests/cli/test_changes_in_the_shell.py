"""Changing what is in force from a terminal: propose, plan, apply, explain, back, away, and as files for git."""

from __future__ import annotations

import json

TITLE = "entity:bee.yard#/properties/name/title"


def test_a_change_goes_the_whole_way_and_back(site) -> None:
    assert "proposed" in site("pack", "overlay", "set", TITLE, "Place", "--reason", "As we say").out
    assert f"proposed   {TITLE} set" in site("pack", "overlay", "list").out
    planned = site("pack", "plan", "--out", "plan.json", "--since", "P1D")
    assert f"SET        {TITLE}" in planned.out
    assert "no decision of the past would be another one" in planned.out
    plan = json.loads((site.home / "plan.json").read_text(encoding="utf-8"))
    done = site("pack", "apply", "plan.json", "--reason", "wording", "--json").json
    assert done["revision"] == plan["to"]
    assert "was applied" in site("pack", "apply", plan["plan"], expect=1).err
    told = site("explain", TITLE).out
    assert f'{TITLE} = "Place"  <- c (last)' in told
    assert "active change set" in told
    assert "As we say" in told
    assert site("pack", "explain", TITLE, "--json").json["said"][0]["value"] == "Name"
    assert site("pack", "status", "--json").json["changes"] == {"active": 1}
    assert "wording" in site("pack", "history").out
    changes = site("pack", "overlay", "export").out
    site("pack", "rollback")
    (site.home / "overlay.json").write_text(changes, encoding="utf-8")
    assert "1 proposed" in site("pack", "overlay", "import", "overlay.json").out
    assert "withdrawn" in site("pack", "overlay", "reset", TITLE).out
    assert "nothing is changed" in site("pack", "overlay", "list").out
    assert "nothing is changed at" in site("pack", "overlay", "reset", TITLE, expect=1).err


def test_what_does_not_fit_is_refused_with_exit_code_1(site) -> None:
    said = site("pack", "overlay", "set", "entity:bee.yard#/properties/name/maxLength", "400", expect=1)
    assert "may only become stricter" in said.err
    assert "there is no entity “bee.yrd”" in site("explain", "entity:bee.yrd#/title", expect=1).err
    (site.home / "no_plan.json").write_text("[]", encoding="utf-8")
    assert "is no plan" in site("pack", "apply", "no_plan.json", expect=1).err
    assert "blocked" in site("pack", "plan", "--without", "nothing", expect=1).out


def test_a_pack_is_stopped_taken_away_and_brought_back(site) -> None:
    assert "is in force" in site("pack", "disable", "apiary").out
    assert "apiary 1.0.0  disabled" in site("pack", "status").out
    site("pack", "enable", "apiary")
    (site.home / "yards.csv").write_text("name\nSouth\n", encoding="utf-8")
    site("import", "bee.yard", "yards.csv")
    asked = site("pack", "uninstall", "apiary", expect=1)
    assert "UNINSTALL  pack:apiary" in asked.err
    assert "--yes" in asked.err
    site("pack", "uninstall", "apiary", "--yes")
    assert site("pack", "status", "--json").json["packs"] == []
    left = site("pack", "purge", "apiary", "--export", "honey", "--json", expect=1).json
    assert "entity:bee.yard" in {one["path"] for one in left["left"]}
    assert {one["code"] for one in left["problems"]} == {"too-early"}
    assert (site.home / "honey" / "bee.yard.jsonl").is_file()
    refused = site("pack", "purge", "apiary", "--records", left["records"], expect=1).err
    assert "30 days later" in refused
    assert "see: pack purge apiary" in site("pack", "purge", "apiary", "entity:bee.nothing", expect=1).err
    site("pack", "upgrade", "./apiary", "--yes")
    assert site("pack", "status", "--json").json["packs"][0]["id"] == "apiary"


def test_changes_become_a_pack_whose_tests_are_run_before_it_is_in_force(site) -> None:
    note = {"field": "text", "title": "Note"}
    site("pack", "overlay", "set", "entity:bee.yard#/properties/c__note", json.dumps(note), "--op", "add")
    planned = site("pack", "plan", "--tests", "all", "--json").json
    site("pack", "apply", planned["plan"])
    made = site("pack", "export", "--as-pack", "our_bees", "--ns", "our", "--json").json
    assert "our_bees/moves.json" in made["files"]
    assert "no problems" in site("check", "our_bees").out
    test = {
        "test": "a yard has a note",
        "when": [{"create": "bee.yard", "record": {"id": "a", "name": "South", "our__note": "sunny"}}],
        "expect": [{"field": {"id": "a", "our__note": "rainy"}}],
    }
    tests = site.home / "our_bees" / "tests"
    tests.mkdir()
    (tests / "note.json").write_text(json.dumps([test]), encoding="utf-8")
    assert "“a yard has a note” fails" in site("pack", "upgrade", "./our_bees", "--yes", expect=1).out
    assert "tests fail" in site("pack", "install", "./our_bees", expect=1).err
    test["expect"] = [{"field": {"id": "a", "our__note": "sunny"}}]
    (tests / "note.json").write_text(json.dumps([test]), encoding="utf-8")
    said = site("pack", "plan", "./our_bees").out
    assert "MOVED      entity:bee.yard#/properties/c__note" in said
    assert "TEST       pack:our_bees  1 of 1 tests pass" in said
    site("pack", "upgrade", "./our_bees", "--yes")
    assert "nothing is changed" in site("pack", "overlay", "list").out


def test_a_workspace_is_kept_as_files(site) -> None:
    assert "workspace.json" in site("metadata", "pull", "kept", "--json").json["files"]
    assert "nothing would change" in site("metadata", "plan", "kept").out
    entity = site.home / "kept" / "packs" / "apiary" / "entities" / "yard.json"
    document = json.loads(entity.read_text(encoding="utf-8"))
    document["properties"]["name"]["title"] = "Place"
    entity.write_text(json.dumps(document), encoding="utf-8")
    assert f"MODIFY     {TITLE}" in site("metadata", "plan", "kept").out
    site("metadata", "apply", "kept", "--yes")
    assert '= "Place"' in site("explain", TITLE).out

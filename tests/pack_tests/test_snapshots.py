"""Golden and i18n tests of packs, and tests together with what is in force in a workspace."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from dealwright import pack_tests, packs
from dealwright.cli import main
from dealwright.metadata.patches import Patch
from dealwright.packs.enact import enact
from dealwright.packs.prepare import prepare
from dealwright.storage import Database
from shop_pack import LARGE, MAY, SHOP, THING, pack

if TYPE_CHECKING:
    from pathlib import Path

GOLDEN: dict[str, Any] = {"test": "as reviewed", "kind": "golden", "of": ["entity:shop.*", "rule:shop.large"]}
CHINESE: dict[str, Any] = {"test": "in Chinese", "kind": "i18n", "locales": ["zh-CN"]}


def run(place: Path, *tests: dict[str, Any], **files: Any) -> dict[str, list[str]]:
    """Return why each test fails."""
    named = {f"{name.replace('__', '/')}.json": one for name, one in files.items()}
    folder = pack(place, {**SHOP, **named, "tests/large.json": list(tests)}, permissions=MAY)
    return {one.name: list(one.because) for one in pack_tests.run(folder).results}


def test_a_golden_test_holds_until_a_definition_is_other_than_it_was_reviewed(tmp_path: Path) -> None:
    assert "nothing to compare with" in run(tmp_path / "a", GOLDEN)["as reviewed"][0]
    written = pack_tests.generate(tmp_path / "a" / "shop")
    assert [one.name for one in written] == ["large.json"]
    assert pack_tests.generate(tmp_path / "a" / "shop") == []
    reviewed = json.loads(written[0].read_text())[0]
    assert list(reviewed["is"]) == ["entity:shop.thing", "rule:shop.large"]
    assert run(tmp_path / "b", reviewed) == {"as reviewed": []}
    thing = {**THING, "properties": {"name": {"field": "text", "title": "Name", "maxLength": 41}}}
    found = run(tmp_path / "c", reviewed, entities__thing=thing, rules__large={**LARGE, "if": "name == 'x'"})
    assert "entity:shop.thing#/properties/name/maxLength is 41, expected 40" in found["as reviewed"]
    assert 'entity:shop.thing#/properties/amount/title is not there, expected "Amount"' in found["as reviewed"]
    assert 'rule:shop.large#/if is "name == \'x\'", expected "amount > 100"' in found["as reviewed"]
    unknown = run(tmp_path / "d", {**GOLDEN, "of": ["rule:shop.lrge"], "is": {}})
    assert "fits no document" in unknown["as reviewed"][0]


def test_an_i18n_test_holds_when_every_text_is_there_with_its_placeholders(tmp_path: Path) -> None:
    texts = {
        "entity:shop.thing#/title": "东西",
        "entity:shop.thing#/properties/name/title": "名称",
        "entity:shop.thing#/properties/amount/title": "金额",
        "rule:shop.large#/title": "大",
        "role:shop.clerk#/title": "文员",
        "message:shop.look#/title": "看看 {name}",
    }
    assert run(tmp_path / "a", CHINESE, **{"i18n__zh-CN": texts}) == {"in Chinese": []}
    other = {**texts, "message:shop.look#/title": "看看"}
    del other["role:shop.clerk#/title"]
    assert set(run(tmp_path / "b", CHINESE, **{"i18n__zh-CN": other})["in Chinese"]) == {
        "role:shop.clerk#/title is not there in zh-CN: “Clerk”",
        "message:shop.look#/title has other placeholders in zh-CN: “看看”",
    }


def test_a_pack_is_tested_with_what_is_in_force_in_a_workspace(tmp_path: Path, sqlite_url: str) -> None:
    other = {
        "kind": "entity", "extends": "shop.thing",
        "properties": {"more__size": {"field": "integer", "title": "Size"}},
        "checks": [{"id": "more__named", "error_when": "name == 'Chair'", "message": "No chairs"}],
    }  # fmt: skip
    shop = pack(tmp_path)
    more = pack(tmp_path, {"extend/shop/thing.json": other}, id="more", ns="more", requires={"shop": "*"})
    with Database(sqlite_url) as database:
        packs.install(database, [packs.read(shop), packs.read(more)])
    made: dict[str, Any] = {
        "test": "a chair can be entered", "when": [{"create": "shop.thing", "record": {"id": "a", "name": "Chair"}}],
        "expect": [{"record": {"entity": "shop.thing", "count": 1}}],
    }  # fmt: skip
    (shop / "tests" / "large.json").write_text(json.dumps([made]))
    alone = CliRunner().invoke(main, ["pack", "test", str(shop)])
    assert alone.exit_code == 0, alone.output
    together = CliRunner().invoke(main, ["pack", "test", str(shop), "--against", sqlite_url])
    assert together.exit_code == 1
    assert "No chairs" in together.output


def test_a_pack_is_tested_with_what_the_admins_of_a_workspace_have_changed(tmp_path: Path, sqlite_url: str) -> None:
    shorter = Patch("entity:shop.thing#/properties/name/maxLength", "set", 3)
    more = {"parameters.json": [{"id": "least", "type": "integer", "title": "Least", "default": 5}]}
    rule = {**LARGE, "if": "amount > param.least", "then": [{"do": "set_field", "field": "name", "value": "'big'"}]}
    shop = pack(tmp_path, {**SHOP, **more, "rules/large.json": rule}, permissions=MAY)
    with Database(sqlite_url) as database, database.read() as connection:
        prepared = prepare(connection, packs.Wanted(packs=[packs.read(shop)], overlay=[shorter]))
    with Database(sqlite_url) as database:
        enact(database, prepared, by=None, reason="test")
    made: dict[str, Any] = {
        "test": "a chair can be entered", "uses": {"params": {"least": 7}},
        "when": [{"create": "shop.thing", "record": {"id": "a", "name": "Chair", "amount": "7"}}],
        "expect": [{"field": {"id": "a", "name": "Chair"}}],
    }  # fmt: skip
    (shop / "tests" / "large.json").write_text(json.dumps([made]))
    assert CliRunner().invoke(main, ["pack", "test", str(shop)]).exit_code == 0
    together = CliRunner().invoke(main, ["pack", "test", str(shop), "--against", sqlite_url])
    assert together.exit_code == 1
    assert "the step was refused" in together.output

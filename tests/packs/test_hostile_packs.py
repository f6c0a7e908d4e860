"""What a pack of somebody who means harm, or takes no care, may try: a test for each attack, named by its number.

The numbers are those of the table in ``docs/security.md``. Where an attack has tests of its own elsewhere, one case stands
here for all of them.
"""

from __future__ import annotations

import json
import socket
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from dealwright import pack_tests, packs
from dealwright.errors import DefinitionError
from dealwright.metadata import patterns, strict
from dealwright.packs import archive, limits
from dealwright.storage import Database, audit
from shop_pack import CLERK, LARGE, LOOK, MAY, SHOP, THING, pack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    with Database(sqlite_url) as opened:
        yield opened


def codes(folder: Path) -> set[str]:
    return {one.code for one in packs.check([folder])}


def of(place: Path, **files: Any) -> Path:
    """Write the shop with other documents: ``rules__large`` stands for ``rules/large.json``."""
    named = {f"{name.replace('__', '/')}.json": one for name, one in files.items()}
    return pack(place, {**SHOP, **named}, permissions=MAY)


def zipped(path: Path, name: str, content: bytes, mode: int = stat.S_IFREG | 0o644) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        file.writestr(entry, content)
    return path


def refused(path: Path) -> set[str]:
    with pytest.raises(DefinitionError) as caught, archive.unpacked(path):
        pass
    return {one.code for one in caught.value.problems}


def test_01_a_path_out_of_the_archive_and_a_link_write_nothing(tmp_path: Path) -> None:
    assert refused(zipped(tmp_path / "a.zip", "../../out.json", b"{}")) == {"bad-file-name"}
    assert refused(zipped(tmp_path / "b.zip", "a.json", b"/etc/passwd", stat.S_IFLNK | 0o777)) == {"symbolic-link"}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.zip", "b.zip"]


def test_02_a_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    assert refused(zipped(tmp_path / "a.zip", "a.json", b"[" * 900_000)) == {"too-large"}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 2_000 + "]" * 2_000,
        '{"id": 1, "id": 2}',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5_000 + "}",
        '{"a": "\\ud800"}',
        '{"a": "safe\u202eexe"}',
        b'\xff\xfe{"a": 1}',
    ],
    ids=["depth", "twice", "nan", "infinite", "digits", "surrogate", "direction", "encoding"],
)
def test_03_a16_hostile_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(DefinitionError):
        strict.read(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))


def test_04_a16_a_reference_to_elsewhere_is_refused_and_opens_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", opened)
    monkeypatch.setattr(socket.socket, "connect", opened)
    away = {"$ref": "http://127.0.0.1:9/schema.json"}
    thing = {**THING, "properties": {**THING["properties"], "more": away}}
    assert "unknown-key" in codes(of(tmp_path, entities__thing=thing))


def test_05_a16_a_pattern_takes_time_linear_in_the_text(tmp_path: Path) -> None:
    assert patterns.compiled(r"^(a+)+$").search("a" * 100_000 + "!") is None  # Python's own would take for ever
    name = {"field": "text", "title": "Name", "pattern": r"^(a)\1$"}
    thing = {**THING, "properties": {**THING["properties"], "name": name}}
    assert codes(of(tmp_path, entities__thing=thing)) == {"pattern-invalid"}


@pytest.mark.parametrize(
    "source",
    [
        "(" * 500 + "amount > 1" + ")" * 500,
        " && ".join(["amount > 1"] * 3_000),
        "__import__('os') == 1",
        "name.__class__ == 1",
    ],
    ids=["deep", "long", "call", "attribute"],
)
def test_06_an_expression_can_neither_grow_nor_reach_python(tmp_path: Path, source: str) -> None:
    assert codes(of(tmp_path, rules__large={**LARGE, "if": source}))


def test_07_rules_that_chase_each_other_are_found_and_nothing_runs_every_minute(tmp_path: Path) -> None:
    def chasing(name: str, by: int) -> dict[str, Any]:
        then = [{"do": "set_field", "field": "amount", "value": f"amount + {by}"}]
        return {**LARGE, "id": f"shop.{name}", "then": then}

    folder = of(tmp_path / "a", rules__large=chasing("large", 1), rules__small=chasing("small", 2))
    assert "P051" in {one.code for one in packs.lint.run(folder).findings}
    minute = {**LARGE, "on": {"schedule": {"cron": "* * * * *"}}}
    assert codes(of(tmp_path / "b", rules__large=minute))


def test_08_a_role_cannot_make_its_holder_an_administrator(tmp_path: Path) -> None:
    role = {**CLERK, "capabilities": ["admin"], "grants": [{"entity": "*", "ops": ["read"]}]}
    assert codes(of(tmp_path, roles__clerk=role)) == {"reserved-power"}


def test_09_a_pack_uses_what_it_declares_and_loosens_nothing(tmp_path: Path) -> None:
    pay = {**LARGE, "then": [{"do": "set_field", "field": "name", "value": "owner.phone"}]}
    assert codes(of(tmp_path / "a", rules__large=pay)) == {"not-permitted"}
    looser = {
        "kind": "entity",
        "extends": "base.task",
        "overrides": [{"path": "#/properties/title/maxLength", "value": 9999}],
    }
    assert codes(of(tmp_path / "b", extend__base__task=looser)) == {"weakens"}


@pytest.mark.parametrize("name", ["a; DROP TABLE dw_account", 'a"b', "a'--", "A", "select.from", "a" * 41, "a__b"])
def test_10_a_name_cannot_become_a_statement(tmp_path: Path, name: str) -> None:
    thing = {**THING, "properties": {**THING["properties"], name: {"field": "text"}}}
    assert codes(of(tmp_path, entities__thing=thing))


@pytest.mark.parametrize("text", ["{name.__class__}", "{0}", "{name!r}", "{name:>9}", "{owner.nothing}"])
def test_12_a_placeholder_is_a_field_and_no_template(tmp_path: Path, text: str) -> None:
    assert codes(of(tmp_path, messages__look={**LOOK, "title": text}))


def test_13_a_text_adds_no_header_and_a_file_no_formula(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="U\\+000D"):
        strict.read(json.dumps({"title": "Hi\r\nBcc: eve@example.org"}).encode())


@pytest.mark.parametrize("to", ["http://169.254.169.254/latest", "https://evil.example", "//evil.example", "erp/../x"])
def test_14_a_webhook_names_a_connection_and_no_address(tmp_path: Path, to: str) -> None:
    call = {**LARGE, "then": [{"do": "call_webhook", "to": to, "values": {"name": "name"}}]}
    folder = pack(tmp_path, {**SHOP, "rules/large.json": call}, permissions={**MAY, "connections": []})
    found = packs.check([folder])
    assert [one.pointer for one in found if one.pointer.startswith("/then/0")]


def test_15_what_a_release_leaves_out_keeps_its_data(database: Database, tmp_path: Path) -> None:
    packs.install(database, [packs.read(pack(tmp_path / "a"))])
    less = {**THING, "properties": {"name": THING["properties"]["name"]}}
    small = {"entities/thing.json": less}
    packs.install(database, [packs.read(pack(tmp_path / "b", small, version="2.0.0"))])
    with database.read() as connection:
        assert "amount" in {one["name"] for one in sa.inspect(connection).get_columns("shop__thing")}


def test_16_a_step_that_an_approval_loses_is_shown(tmp_path: Path) -> None:
    step = {"id": "head", "title": "Head", "approvers": [{"role": "shop.clerk"}]}
    sale = {
        "kind": "approval",
        "id": "shop.sale",
        "title": "Sale",
        "entity": "shop.thing",
        "steps": [step, {**step, "id": "law"}],
    }
    before = packs.read(of(tmp_path / "a", approvals__sale=sale))
    after = packs.read(of(tmp_path / "b", approvals__sale={**sale, "steps": [step]}))
    found = packs.compare(before, after).changes
    assert [(one.path, one.sort, one.bump) for one in found] == [("approval:shop.sale#/steps/law", "removed", "major")]


def test_18_tests_and_sample_data_never_come_into_force(database: Database, tmp_path: Path) -> None:
    sample = {"demo/things.json": {"shop.thing": [{"name": "Sample"}]}}
    packs.install(database, [packs.read(pack(tmp_path, {**SHOP, **sample}, permissions=MAY))])
    with database.read() as connection:
        stored = connection.execute(sa.text("SELECT body FROM dw_document")).scalars().all()
        assert connection.execute(sa.text("SELECT COUNT(*) FROM shop__thing")).scalar_one() == 0
    assert not any("Sample" in one or "a thing is there" in one for one in stored)


def test_19_what_is_personal_stays_so(tmp_path: Path) -> None:
    pack(tmp_path, {"entities/one.json": {
        "kind": "entity", "id": "store.one", "title": "One",
        "properties": {"number": {"field": "text", "sensitivity": "secret"}},
    }}, id="store", ns="store")  # fmt: skip
    bare = {
        "kind": "entity",
        "extends": "store.one",
        "overrides": [{"path": "#/properties/number/sensitivity", "value": "personal"}],
    }
    folder = pack(tmp_path, {"extend/store/one.json": bare}, requires={"store": "*"})
    assert codes(folder) == {"weakens"}


def test_20_packs_together_cannot_flood_an_entity(tmp_path: Path) -> None:
    fields = {f"shop__f{i}": {"field": "text"} for i in range(limits.FIELDS)}
    many = {"kind": "entity", "extends": "base.task", "properties": fields}
    assert codes(of(tmp_path / "a", extend__base__task=many)) == {"too-many"}
    options = {f"o{i}": {"id": f"o{i}", "title": "O"} for i in range(limits.OPTIONS + 1)}
    choice = {"field": "select", "options": list(options.values())}
    thing = {**THING, "properties": {**THING["properties"], "choice": choice}}
    assert codes(of(tmp_path / "b", entities__thing=thing))


def test_21_tests_that_always_pass_prove_nothing(tmp_path: Path) -> None:
    empty = of(tmp_path / "a", tests__large=[{"test": "all is well", "expect": []}])
    with pytest.raises(DefinitionError, match="it expects nothing"):
        pack_tests.run(empty)
    report = pack_tests.run(of(tmp_path / "b"))
    assert report.passed == 1
    assert {one.code for one in report.coverage.holes()} >= {"T001", "T002"}


def test_22_what_a_pack_says_cannot_forge_the_log(database: Database, tmp_path: Path) -> None:
    forged = 'x", "action": "user.created\n{"seq": 1}'
    packs.install(database, [packs.read(pack(tmp_path))], reason=forged)
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT action, data FROM dw_audit")).all()
        assert audit.verify(connection) is None
    assert [one.action for one in rows] == ["revision.activated"]
    assert json.loads(rows[0].data)["reason"] == forged

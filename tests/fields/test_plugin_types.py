"""A type of field of a plugin is a field like any other: table, API, form, filter, import, messages in both languages."""

from __future__ import annotations

import pytest

import credit_code_plugin
from dealwright import access, fields, plugins, records
from dealwright.errors import RecordError
from dealwright.fields import messages, registry
from dealwright.metadata import schemas
from dealwright.plugins import Plugins, implements
from dealwright.records import Work, imports
from dealwright.records.tables_in import open_table
from security import site as sites
from worlds import made, opened, rows_of

#: The code of a real company, as it is printed in its annual report, and one with two digits changed round.
GOOD, WRONG = "91350100M000100Y43", "91350100M000100Y34"
ORGANISATION = {
    "kind": "entity", "id": "t.organisation", "lang": 1, "title": "Organisation", "plural": "Organisations", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name"},
        "code": {"field": "cn__credit_code", "title": "Credit code", "unique": True, "placeholder": "18 characters"},
        "branches": {"field": "rows", "title": "Branches", "items": {"properties": {
            "code": {"field": "cn__credit_code", "title": "Credit code"}}}},
    },
}  # fmt: skip


def forget():
    """Forget what was read of types of field, so that it is read anew."""
    for cached in (schemas.schema, schemas.checker, schemas._whole, schemas.fingerprint):
        cached.cache_clear()
    registry.TYPES.__dict__.pop("_known", None)


@pytest.fixture
def plugin(monkeypatch):
    found = Plugins()
    found.add("credit_code", credit_code_plugin)
    monkeypatch.setattr(plugins, "installed", lambda: found)
    forget()
    yield found
    monkeypatch.undo()
    forget()


@pytest.fixture
def world(plugin, database, tmp_path):
    return opened(database, ORGANISATION, folder=tmp_path)


def listed(world, **asked):
    with world.database.read() as connection:
        return records.page(Work(world, connection, access.operator()), "t.organisation", **asked).items


def test_its_value_is_read_kept_and_found(world):
    made(world, "t.organisation", name="A", code=GOOD.lower(), branches=[{"code": GOOD}])
    assert [row["code"] for row in rows_of(world.database, "t__organisation")] == [GOOD]
    assert [row["code"] for row in rows_of(world.database, "t__organisation__branches")] == [GOOD]
    for question in (
        f"code == '{GOOD}'",
        "code.startsWith('9135')",
        "branches.exists(b, b.code.contains('M0'))",
        "code != null",
    ):
        assert [one["name"] for one in listed(world, filter=question)] == ["A"]
    assert listed(world, filter="code == null", sort="code") == []


def test_a_wrong_value_is_refused_in_the_words_of_the_plugin(world):
    with pytest.raises(RecordError) as error:
        made(world, "t.organisation", name="A", code=WRONG, branches=[{"code": 5}])
    assert {(one.pointer, one.code) for one in error.value.problems} == {
        ("/code", "not-a-credit-code"), ("/branches/0/code", "not-a-credit-code")}  # fmt: skip
    with messages.speaking("zh-CN"), pytest.raises(RecordError) as error:
        made(world, "t.organisation", code=WRONG)
    assert error.value.problems[0].message == f"“{WRONG}”不是统一社会信用代码，请核对这 18 位字符。"


def test_api_form_and_schema_know_it(world):
    site = sites.opened(world)
    api = "/api/v1/records/t.organisation"
    assert site.ask("root", "POST", api, {"name": "A", "code": GOOD}).status_code == 201
    refused = site.ask("root", "POST", api, {"name": "B", "code": WRONG})
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "not-a-credit-code")
    assert site.ask("root", "POST", api, {"name": "C", "code": GOOD}).status_code in (409, 422)  # it is unique
    schema = site.ask("root", "GET", "/api/v1/metadata/entity/t.organisation/schema").json
    assert "[0-9A-HJ-NP-RTUWXYa-hj-np-rtuwxy]{18}" in str(schema["properties"]["code"])
    page = site.ask("root", "GET", "/records/t.organisation/new").get_data(as_text=True)
    assert 'name="code"' in page
    assert "18 characters" in page
    form = {"name": "D", "code": "9111 0000 1000 0144-0M".replace("-", "")}
    answer = site.ask("root", "POST", "/records/t.organisation/new", form=form)
    again = answer.get_data(as_text=True)
    assert (answer.status_code, "check its 18 characters" in again) in ((302, False), (303, False), (422, True))
    assert GOOD in site.ask("root", "GET", "/records/t.organisation").get_data(as_text=True)


def test_an_import_takes_it_as_people_write_it(world, tmp_path):
    file = tmp_path / "organisations.csv"
    file.write_text(f"name,code\nA,{GOOD[:8]} {GOOD[8:]}\nB,{WRONG}\n", encoding="utf-8")
    counts = imports.run(world, access.operator(), "t.organisation", open_table(file))
    assert (counts.created, counts.rejected, counts.reasons) == (1, 1, {"not-a-credit-code": 1})
    assert [one["code"] for one in listed(world)] == [GOOD]


def test_documents_may_give_it_the_keywords_of_the_type_it_is_like(plugin):
    def problems(**more):
        field = {"field": "cn__credit_code", "title": "Code", **more}
        return {(one.pointer, one.code) for one in schemas.check({**ORGANISATION, "properties": {"code": field}})}

    assert problems(external_id=True, placeholder="x") == set()
    assert {pointer for pointer, _ in problems(options=[{"id": "a", "title": "A"}])} == {"/properties/code/options"}


def test_without_the_plugin_its_type_is_unknown():
    assert {one.pointer for one in schemas.check(ORGANISATION)} >= {"/properties/code/field"}
    assert "cn__credit_code" not in fields.TYPES


class Clumsy:
    """Adds types that do not fit."""

    @implements
    def field_types(self):
        unnamed, odd = credit_code_plugin.CreditCode(), credit_code_plugin.CreditCode()
        unnamed.name, odd.name = "text", "cn__odd"
        odd.condition = None
        return [unnamed, odd, credit_code_plugin.CreditCode(), credit_code_plugin.CreditCode()]


def test_types_that_do_not_fit_are_left_out_and_told_of():
    found = Plugins()
    found.add("clumsy", Clumsy())
    assert [one.name for one in found.field_types()] == ["cn__credit_code"]
    assert [fault.plugin for fault in found.faults] == ["clumsy"] * 3
    assert "needs a name such as cn__credit_code" in found.faults[0].reason

"""What is wrong with the definition of a field, beyond what schemas and cross references say."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from dealwright import fields


def found(catalog):
    return [(problem.source, problem.pointer, problem.code) for problem in fields.problems(catalog)]


def test_sound_fields_have_no_problems(made):
    catalog = made(
        {
            "a": {"field": "money", "default": "1.50"},
            "b": {"field": "formula", "result": "integer", "formula": "a / 3"},
            "c": {"field": "date", "default": {"expr": "today()"}},
            "d": {"field": "formula", "result": "boolean", "formula": "c < today()"},
        }
    )
    assert fields.problems(catalog) == []


@pytest.mark.parametrize(
    ("properties", "pointer", "code"),
    [
        pytest.param(
            {"a": {"field": "integer", "default": "1"}}, "/properties/a/default", "default-invalid", id="type"
        ),
        pytest.param(
            {"a": {"field": "integer", "default": 1, "minimum": 2}},
            "/properties/a/default",
            "default-invalid",
            id="limit",
        ),
        pytest.param(
            {"l": {"field": "rows", "items": {"properties": {"a": {"field": "date", "default": "x"}}}}},
            "/properties/l/items/properties/a/default",
            "default-invalid",
            id="in rows",
        ),
        pytest.param(
            {
                "a": {"field": "reference", "to": "s.account", "prefill": {"b": "a.name"}},
                "b": {"field": "formula", "result": "text", "formula": '"x"'},
            },
            "/properties/a/prefill/b",
            "no-such-target",
            id="prefill of a formula",
        ),
        pytest.param(
            {
                "l": {
                    "field": "rows",
                    "items": {
                        "properties": {
                            "d": {"field": "date"},
                            "a": {"field": "formula", "result": "boolean", "formula": "d < today()"},
                        }
                    },
                }
            },
            "/properties/l/items/properties/a/formula",
            "moment-in-rows",
            id="today in rows",
        ),
        pytest.param({"a": {"field": "rating", "maximum": 500}}, "/properties/a/maximum", "bad-keyword", id="stars"),
        pytest.param(
            {"a": {"field": "formula", "result": "date", "formula": "1 + 1"}},
            "/properties/a/result",
            "formula-type",
            id="type of a formula",
        ),
        pytest.param(
            {
                "a": {"field": "formula", "result": "integer", "formula": "b + 1"},
                "b": {"field": "formula", "result": "integer", "formula": "a + 1"},
            },
            "/properties/a/formula",
            "formula-cycle",
            id="circle",
        ),
        pytest.param(
            {
                "a": {"field": "formula", "result": "boolean", "formula": "created_at < now()"},
                "b": {"field": "formula", "result": "boolean", "formula": "!a"},
            },
            "/properties/b/formula",
            "formula-goes-stale",
            id="stale",
        ),
    ],
)
def test_a_fault_is_found_at_its_place(made, properties, pointer, code):
    assert found(made(properties)) == [("entity:s.deal", pointer, code)]


def test_a_type_that_does_not_exist_is_found(made):
    catalog = made({"a": {"field": "text"}})
    entity = catalog.entity("s.deal")
    strange = replace(entity, fields=MappingProxyType({"a": replace(entity.fields["a"], type="hologram")}))
    broken = type(catalog)(
        revision="x",
        documents={},
        entities={"s.deal": strange},
        rules={},
        roles={},
        pipelines={},
        parameters={},
        packs={},
        settings={},
    )
    assert found(broken) == [("entity:s.deal", "/properties/a/field", "unknown-type")]


def test_formulas_that_need_each_other_are_settled_all_the_same_and_end(made):
    catalog = made(
        {
            "a": {"field": "formula", "result": "integer", "formula": "b + 1"},
            "b": {"field": "formula", "result": "integer", "formula": "a + 1"},
        }
    )
    env = {"a": None, "b": None, "is_new": True}
    assert fields.settle(catalog, "s.deal", env, changed=(), new=True).changes == {}

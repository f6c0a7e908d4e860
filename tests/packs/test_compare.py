"""What differs between two releases, and which version the later one must have at least."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from dealwright import packs
from dealwright.cli import main
from dealwright.packs.compare import next_version
from shop_pack import CLERK, LARGE, LOOK, MAY, SHOP, THING, pack

if TYPE_CHECKING:
    from pathlib import Path


def thing(**fields: Any) -> dict[str, Any]:
    return {"entities/thing.json": {**THING, "properties": {**THING["properties"], **fields}}}


NAME = THING["properties"]["name"]
#: What becomes other (None: the file is gone), and path, sort and bump of the one difference.
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, str, str]]] = [
    ("a new field", thing(size={"field": "integer"}), {}, ("entity:shop.thing#/properties/size", "added", "minor")),
    (
        "a field that is gone",
        {"entities/thing.json": {**THING, "properties": {"name": NAME}}},
        {},
        ("entity:shop.thing#/properties/amount", "removed", "major"),
    ),
    (
        "another type",
        thing(amount={"field": "decimal", "title": "Amount"}),
        {},
        ("entity:shop.thing#/properties/amount/field", "changed", "major"),
    ),
    (
        "a stricter limit",
        thing(name={**NAME, "maxLength": 20}),
        {},
        ("entity:shop.thing#/properties/name/maxLength", "changed", "major"),
    ),
    (
        "a looser limit",
        thing(name={**NAME, "maxLength": 80}),
        {},
        ("entity:shop.thing#/properties/name/maxLength", "changed", "minor"),
    ),
    (
        "a limit that is new",
        thing(amount={"field": "money", "title": "Amount", "minimum": 0}),
        {},
        ("entity:shop.thing#/properties/amount/minimum", "added", "major"),
    ),
    (
        "a limit that is gone",
        thing(name={"field": "text", "title": "Name"}),
        {},
        ("entity:shop.thing#/properties/name/maxLength", "removed", "minor"),
    ),
    (
        "a title",
        thing(name={**NAME, "title": "Its name"}),
        {},
        ("entity:shop.thing#/properties/name/title", "changed", "patch"),
    ),
    (
        "a field that must be filled",
        {"entities/thing.json": {**THING, "required": ["name"]}},
        {},
        ("entity:shop.thing#/required", "added", "major"),
    ),
    (
        "another condition",
        {"rules/large.json": {**LARGE, "if": "amount > 99"}},
        {},
        ("rule:shop.large#/if", "changed", "patch"),
    ),
    (
        "other actions",
        {"rules/large.json": {**LARGE, "then": [{"do": "set_field", "field": "name", "value": "'x'"}]}},
        {},
        ("rule:shop.large#/then", "changed", "minor"),
    ),
    ("a document that is gone", {"roles/clerk.json": None}, {}, ("role:shop.clerk#", "removed", "major")),
    (
        "a document that is new",
        {"messages/more.json": {**LOOK, "id": "shop.more"}},
        {},
        ("message:shop.more#", "added", "minor"),
    ),
    (
        "a role that may do more",
        {"roles/clerk.json": {**CLERK, "grants": [{"entity": "shop.thing", "ops": ["read", "delete"]}]}},
        {},
        ("role:shop.clerk#/grants", "changed", "minor"),
    ),
    (
        "a permission",
        {},
        {"permissions": {**MAY, "connections": ["erp"]}},
        ("pack#/permissions", "added", "major"),
    ),
    ("a permission less", {}, {"permissions": {**MAY, "entities": {}}}, ("pack#/permissions", "removed", "patch")),
    ("a translation", {"i18n/de.json": {"message:shop.look#/title": "Sieh"}}, {}, ("i18n/de", "changed", "patch")),
    ("another platform", {}, {"platform": ">=0.1"}, ("pack#/platform", "changed", "minor")),
    ("a test", {"tests/more.json": [{"test": "more"}]}, {}, ("", "", "")),
]  # fmt: skip


@pytest.mark.parametrize(("files", "head", "wanted"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_a_difference_asks_for_its_bump(
    tmp_path: Path, files: dict[str, Any], head: dict[str, Any], wanted: tuple[str, str, str]
) -> None:
    content = {name: one for name, one in {**SHOP, **files}.items() if one is not None}
    before = packs.read(pack(tmp_path / "a"))
    after = packs.read(pack(tmp_path / "b", content, **{"permissions": MAY, **head}))
    found = packs.compare(before, after)
    assert [(one.path, one.sort, one.bump) for one in found.changes] == ([wanted] if wanted[0] else [])


@pytest.mark.parametrize(
    ("version", "bump", "wanted"),
    [
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "", "1.2.3"),
        ("0.2.3", "major", "0.3.0"),
        ("0.2.3", "minor", "0.2.4"),
        ("0.2.3", "patch", "0.2.4"),
    ],
)
def test_the_next_version_follows_semver_with_every_minor_breaking_before_1_0(
    version: str, bump: str, wanted: str
) -> None:
    assert next_version(version, bump) == wanted


def test_order_and_form_are_no_difference(tmp_path: Path) -> None:
    fields = dict(reversed(THING["properties"].items()))
    numbered = {name: {**one, "order": 10 * i} for i, (name, one) in enumerate(fields.items(), 1)}
    first = packs.read(
        pack(tmp_path / "a", {"entities/thing.json": {**THING, "properties": dict(reversed(numbered.items()))}})
    )
    second = packs.read(
        pack(tmp_path / "b", {"entities/thing.json": json.dumps({**THING, "properties": numbered}, indent=8)})
    )
    assert packs.compare(first, second).changes == ()


def test_the_command_says_what_differs_and_whether_the_version_suffices(tmp_path: Path) -> None:
    def said(*words: object, expect: int) -> str:
        done = CliRunner().invoke(main, [str(one) for one in words])
        assert done.exit_code == expect, done.output
        return done.output

    archive = packs.archive.build(pack(tmp_path / "a"), tmp_path).path
    other = {name: one for name, one in SHOP.items() if name != "roles/clerk.json"}
    folder = pack(tmp_path / "b", other, version="1.3.0", permissions=MAY)
    text = said("pack", "diff", archive, folder, expect=1)
    assert "major  removed  role:shop.clerk#  (others may use it)" in text
    assert "1.2.0 → 1.3.0: major changes, so 2.0.0 or later" in text
    told = json.loads(said("pack", "diff", archive, folder, "--json", expect=1))
    assert (told["bump"], told["least"], told["ok"]) == ("major", "2.0.0", False)
    assert "nothing differs" in said("pack", "diff", archive, archive, expect=0)

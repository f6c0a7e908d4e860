from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from dealwright import clock, packs
from dealwright.errors import DefinitionError
from dealwright.packs import contents, order

THING: dict[str, Any] = {
    "kind": "entity",
    "id": "shop.thing",
    "title": "Thing",
    "properties": {"name": {"field": "text"}},
}


def manifest(name: str = "shop_pack", namespace: str = "shop", **more: Any) -> dict[str, Any]:
    base = {"format": 1, "id": name, "ns": namespace, "version": "1.2.0", "title": "A pack", "platform": ">=0.1 <1"}
    return {**base, **more}


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8"
        )
    return folder


def pack(place: Path, files: dict[str, Any] | None = None, **more: Any) -> Path:
    """Write the pack ``shop_pack``, or another, with an entity ``thing`` unless ``files`` says otherwise."""
    head = manifest(**more)
    content = {"entities/thing.json": {**THING, "id": f"{head['ns']}.thing"}} if files is None else files
    return write(place / head["id"], {"pack.json": head, **content})


def said(path: Path) -> list[str]:
    return [str(one) for one in packs.check([path])]


def test_a_pack_without_faults_has_none(tmp_path: Path) -> None:
    assert said(pack(tmp_path)) == []


def test_every_file_of_the_format_is_taken(tmp_path: Path) -> None:
    files = {
        "README.md": "# A pack",
        "LICENSE": "Apache-2.0",
        "CHANGELOG.json": [{"version": "1.2.0", "changes": []}],
        "moves.json": [],
        "lint.json": [],
        "parameters.json": [{"id": "days", "type": "integer", "title": "Days", "default": 7}],
        "facts.json": [{"id": "law", "value": 7, "source": {"title": "A law"}}],
        "entities/thing.json": THING,
        "i18n/zh-CN.json": {"entity:shop.thing#/title": "东西", "parameter:shop.days#/title": "天数"},
        "tests/thing.json": [{"test": "x"}],
        "tests/upgrade/from-1.1.0/thing.json": {
            "test": "x",
            "from": {"version": "1.1.0"},
            "plan": [{"action": "UPGRADE", "path": "pack:shop_pack"}],
        },
        "seed/things.json": {"shop.thing": []},
        "demo/things.json": {"shop.thing": []},
        "docs/guide/start.md": "Start",
        "assets/logo.png": "",
    }
    folder = pack(tmp_path, files)
    assert said(folder) == []
    catalog = packs.catalog([packs.read(folder)])
    assert catalog.parameters["shop.days"].value == 7
    assert catalog.text("parameter", "shop.days", "/title", "zh-CN") == "天数"
    assert catalog.packs["shop_pack"].version == "1.2.0"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param(
            "entities/thing.py", "“entities” holds files that end in .json; a pack holds no code; remove it", id="code"
        ),
        pytest.param("setup.py", "is no file of a pack", id="code at the top"),
        pytest.param(
            "entitys/thing.json",
            "there is no folder “entitys” in a pack; did you mean “entities”?",
            id="a folder misspelt",
        ),
        pytest.param(
            "experiments/lead.json",
            "there is no folder “experiments” in a pack",
            id="a kind that this version does not know",
        ),
        pytest.param("entities/old/thing.json", "move the files up", id="a folder in a folder"),
        pytest.param("extend/opportunity.json", "extend/<pack>/<name>.json", id="an extension beside its folder"),
        pytest.param("assets/logo.svg", "“assets” holds files that end in .png; remove it", id="an SVG"),
        pytest.param("Readme.md", "is no file of a pack; did you mean “README.md”?", id="a file misspelt"),
        pytest.param(".env", "a file's name is letters, digits, . _ and -", id="a hidden file"),
        pytest.param("entities/con.json", "a file's name is letters, digits", id="a device of Windows"),
        pytest.param("entities/Thing.json", "differs only in case from", id="names that differ in case"),
    ],
)
def test_what_is_no_part_of_a_pack_is_refused_by_name(tmp_path: Path, name: str, message: str) -> None:
    folder = write(pack(tmp_path), {name: "{}"})
    if name == "entities/Thing.json" and len(list((folder / "entities").iterdir())) == 1:
        pytest.skip("NOT TESTED: this file system knows no case")
    assert [message in one for one in said(folder)] == [True]


def test_a_symbolic_link_is_refused_and_not_followed(tmp_path: Path) -> None:
    folder = pack(tmp_path)
    (tmp_path / "secret.json").write_text("{}")
    (folder / "entities" / "secret.json").symlink_to(tmp_path / "secret.json")
    (folder / "docs").symlink_to(tmp_path)
    assert said(folder) == [
        "shop_pack/docs/: is a symbolic link; put the file itself there",
        "shop_pack/entities/secret.json/: is a symbolic link; put the file itself there",
    ]


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    folder = write(pack(tmp_path), {"docs/large.md": "x" * 1_000_001})
    assert said(folder) == ["shop_pack/docs/large.md/: has 1,000,001 bytes; at most 1,000,000 are taken"]


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MAX_FILES", 3)
    folder = write(pack(tmp_path), {"docs/a.md": "", "docs/b.md": ""})
    assert said(folder) == ["shop_pack/: the pack has more than 3 files and folders; split it"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"id": "other"},
            "/id: the pack “other” lies in a folder “shop_pack”; rename one of them",
            id="the folder's name",
        ),
        pytest.param({"version": "1.2"}, "/version: “1.2”: a version is three numbers, such as 1.4.0", id="a version"),
        pytest.param({"platform": ">=9"}, "/platform: it needs dealwright >=9, and this is", id="a later platform"),
        pytest.param({"platform": "latest"}, "/platform: “latest” in “latest” is no range", id="no range"),
        pytest.param(
            {"requires": {"sales_pipelin": "^0.1"}},
            "/requires/sales_pipelin: it requires the pack “sales_pipelin” ^0.1",
            id="a missing pack",
        ),
        pytest.param(
            {"requires": {"sales_pipeline": "^9"}},
            "/requires/sales_pipeline: it requires sales_pipeline ^9, and",
            id="another version",
        ),
        pytest.param({"format": 2}, "/format: 2 is not a choice; expected 1", id="another format"),
        pytest.param(
            {"licence": "MIT"}, "/licence: “licence” is not known here; did you mean “license”?", id="an unknown key"
        ),
        pytest.param({"title": {"english": "A"}}, "a locale is a language and a region", id="a locale"),
    ],
)
def test_a_manifest_is_held_to_its_schema_and_to_what_is_there(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    folder = write(tmp_path / "shop_pack", {"pack.json": {**manifest(), **change}, "entities/thing.json": THING})
    found = said(folder)
    assert len(found) == 1
    assert found[0].startswith("shop_pack/pack.json")
    assert message in found[0]


def test_a_folder_without_a_manifest_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"no pack\.json"):
        packs.read(tmp_path)
    assert said(tmp_path / "nowhere") == [f"{tmp_path}/nowhere/: there is no pack here: no pack.json"]


def test_faults_of_every_sort_come_in_one_go(tmp_path: Path) -> None:
    bad = {
        **THING,
        "properties": {
            "name": {"field": "text", "maxlength": 5},
            "other": {"field": "reference", "to": "shop.thin"},
            "when": {"field": "date", "visible_when": "nme == null"},
        },
    }
    rule = {
        "kind": "rule",
        "id": "shop.r",
        "title": "R",
        "entity": "shop.thing",
        "on": {"record": {"events": ["created"]}},
        "then": [{"do": "set_field", "field": "nam", "value": "'x'"}],
    }
    folder = pack(
        tmp_path,
        {
            "entities/thing.json": bad,
            "rules/r.json": rule,
            "messages/m.json": '{"kind": "message", "id": "shop.m"}',
            "i18n/zh-CN.json": {"entity:shop.thing#/titel": "东西"},
        },
    )
    found = [(one.source.removeprefix("shop_pack/"), one.pointer) for one in packs.check([folder])]
    assert found == [
        ("entities/thing.json", "/properties/name/maxlength"),
        ("entities/thing.json", "/properties/other/to"),
        ("entities/thing.json", "/properties/when/visible_when"),
        ("i18n/zh-CN.json", "/entity:shop.thing#~1titel"),
        ("messages/m.json", ""),
        ("rules/r.json", "/then/0/field"),
    ]


def test_what_only_follows_from_a_fault_of_form_is_left_for_the_next_round(tmp_path: Path) -> None:
    thing = {**THING, "properties": {"name": {"field": "txt"}}}
    rule = {
        "kind": "rule",
        "id": "shop.r",
        "title": "R",
        "entity": "shop.thing",
        "on": {"record": {"events": ["created"]}},
        "then": [{"do": "set_field", "field": "name", "value": "'x'"}],
    }
    found = said(pack(tmp_path, {"entities/thing.json": thing, "rules/r.json": rule}))
    assert found == ["shop_pack/entities/thing.json/properties/name/field: “txt” is not a choice; did you mean “text”?"]


@pytest.mark.parametrize(
    ("name", "document", "message"),
    [
        pytest.param(
            "rules/thing.json", THING, "/kind: this folder holds documents of the kind rule", id="the wrong folder"
        ),
        pytest.param(
            "entities/other.json", THING, "/id: “shop.thing” belongs into a file thing.json", id="the wrong name"
        ),
        pytest.param("parameters.json", {"id": "a"}, "/: parameters.json holds a list of parameters", id="no list"),
        pytest.param("parameters.json", [1], "/0: expected an object that is a parameter", id="no object"),
        pytest.param("i18n/en.json", {"a": 1}, "/: a file of translations is an object of path to text", id="no text"),
        pytest.param("moves.json", {}, "/: expected a list in this file", id="moves that are no list"),
        pytest.param(
            "tests/a.json", '{"a": 1, "a": 2}', "/a: the key “a” stands here twice", id="a key twice in a test"
        ),
    ],
)
def test_a_file_must_be_what_its_place_says(tmp_path: Path, name: str, document: Any, message: str) -> None:
    found = said(pack(tmp_path, {name: document}))
    assert [one for one in found if message in one and one.startswith(f"shop_pack/{name}")], found


def test_problems_in_a_list_of_parameters_name_the_item(tmp_path: Path) -> None:
    items = [
        {"id": "a", "type": "integer", "title": "A", "default": 1},
        {"id": "b", "type": "integer", "title": "B", "default": "x"},
    ]
    assert said(pack(tmp_path, {"parameters.json": items, "entities/thing.json": THING})) == [
        "shop_pack/parameters.json/1/default: the default “x” does not fit; expected a value of the type integer"
    ]


def test_one_file_of_a_pack_is_looked_at_with_its_pack(tmp_path: Path) -> None:
    folder = pack(
        tmp_path,
        {"entities/thing.json": {**THING, "display": "nam"}, "messages/m.json": {"kind": "message", "id": "shop.m"}},
    )
    assert [one.pointer for one in packs.check([folder / "entities" / "thing.json"])] == ["/display"]


def test_a_single_file_is_held_against_its_schema(tmp_path: Path) -> None:
    file = write(tmp_path, {"thing.json": {**THING, "titel": "x"}}) / "thing.json"
    assert [one.pointer for one in packs.check([file])] == ["/titel"]


def test_packs_come_after_those_they_require_and_else_by_id(tmp_path: Path) -> None:
    b = packs.read(pack(tmp_path, name="b_pack", namespace="b", requires={"z_pack": "^1"}))
    z = packs.read(pack(tmp_path, name="z_pack", namespace="z"))
    a = packs.read(pack(tmp_path, name="a_pack", namespace="a", after=["b_pack", "absent"]))
    for sources in ([a, b, z], [z, b, a], [b, a, z]):
        assert [one.id for one in order.ordered(sources)] == ["z_pack", "b_pack", "a_pack"]
        assert order.problems(sources) == []


def test_packs_that_require_one_another_are_refused(tmp_path: Path) -> None:
    a = packs.read(pack(tmp_path, name="a_pack", namespace="a", requires={"b_pack": "*"}))
    b = packs.read(pack(tmp_path, name="b_pack", namespace="b", requires={"a_pack": "*"}))
    assert [one.message for one in order.problems([a, b])] == [
        "a_pack requires b_pack requires a_pack; one of them must stand alone"
    ]


def test_two_packs_with_one_namespace_or_a_declared_conflict_are_refused(tmp_path: Path) -> None:
    a = packs.read(pack(tmp_path, name="a_pack", namespace="a"))
    b = packs.read(pack(tmp_path, name="b_pack", namespace="a", conflicts={"a_pack": "<2"}))
    assert [one.pointer for one in order.problems([a, b])] == ["/ns", "/conflicts/a_pack"]


def test_a_required_pack_is_found_beside_the_one_that_needs_it(tmp_path: Path) -> None:
    pack(tmp_path, name="below", namespace="low")
    extension = {"kind": "entity", "extends": "low.thing", "properties": {"up__x": {"field": "text"}}}
    folder = pack(
        tmp_path, {"extend/below/thing.json": extension}, name="above", namespace="up", requires={"below": "^1"}
    )
    assert said(folder) == []
    assert packs.find([tmp_path])["below"] == tmp_path / "below"


def test_a_given_place_wins_over_a_shipped_pack(tmp_path: Path) -> None:
    folder = pack(tmp_path, name="sales_pipeline", namespace="sales")
    assert packs.find([tmp_path])["sales_pipeline"] == folder
    assert packs.find()["sales_pipeline"] != folder


def test_an_installed_distribution_offers_its_pack_by_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path / "acme_packs", name="acme", namespace="acme")
    write(
        tmp_path / "acme-1.0.dist-info",
        {
            "METADATA": "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n",
            "entry_points.txt": "[dealwright.packs]\nacme = acme_packs\n",
        },
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert packs.find()["acme"] == tmp_path / "acme_packs" / "acme"


def test_a_pack_of_a_distribution_that_pip_installed_is_found_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel is what a build back end makes of a project with a folder of packs and one line of entry points."""
    content = {
        "acme_packs/acme/pack.json": json.dumps(manifest("acme", "acme")),
        "acme_packs/acme/entities/thing.json": json.dumps({**THING, "id": "acme.thing"}),
        "acme_packs-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-packs\nVersion: 1.0\n",
        "acme_packs-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "acme_packs-1.0.dist-info/entry_points.txt": "[dealwright.packs]\nacme = acme_packs\n",
    }
    record = "".join(f"{name},,\n" for name in [*content, "acme_packs-1.0.dist-info/RECORD"])
    wheel = tmp_path / "acme_packs-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**content, "acme_packs-1.0.dist-info/RECORD": record}.items():
            archive.writestr(name, text)
    target = tmp_path / "site"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        "--target",
        str(target),
        str(wheel),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(target)
    folder = packs.find()["acme"]
    assert folder == target / "acme_packs" / "acme"
    source = packs.read(folder)
    assert packs.check([folder]) == []
    assert packs.releases.of_folder(source).origin == "distribution"
    assert "acme.thing" in packs.catalog([source]).entities


def test_a_catalog_is_refused_with_every_problem(tmp_path: Path) -> None:
    folder = pack(tmp_path, {"entities/thing.json": {**THING, "display": "nam", "tree": "x"}})
    with pytest.raises(DefinitionError) as caught:
        packs.catalog([packs.read(folder)])
    assert [one.pointer for one in caught.value.problems] == ["/display", "/tree"]


@pytest.mark.parametrize("name", ["sales_pipeline", "medical_devices_cn", "fmcg_channels"])
def test_a_shipped_pack_is_without_faults(name: str) -> None:
    assert said(packs.find()[name]) == []


def test_the_shipped_packs_go_together() -> None:
    sources = [packs.read(folder) for folder in packs.find().values()]
    assert set(packs.catalog(sources).packs) >= {"base", "fmcg_channels", "medical_devices_cn", "sales_pipeline"}


def test_an_extension_lies_in_the_folder_of_the_pack_it_extends(tmp_path: Path) -> None:
    pack(tmp_path, name="below", namespace="low")
    extension = {"kind": "entity", "extends": "low.thing", "properties": {"up__x": {"field": "text"}}}
    folder = pack(
        tmp_path, {"extend/base/thing.json": extension}, name="above", namespace="up", requires={"below": "^1"}
    )
    assert said(folder) == [
        "above/extend/base/thing.json/extends: “low.thing” belongs to the pack below; move the file to extend/below/thing.json"
    ]


def test_a_required_pack_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    write(pack(tmp_path, name="below", namespace="low"), {"code.py": ""})
    folder = pack(tmp_path, name="above", namespace="up", requires={"below": "^1"})
    assert [one.source for one in packs.check([tmp_path])] == ["below/code.py"]
    assert [one.source for one in packs.check([folder])] == ["below/code.py"]


def test_two_packs_of_one_name_are_refused(tmp_path: Path) -> None:
    found = packs.check([pack(tmp_path / "a"), pack(tmp_path / "b")])
    assert [(one.pointer, one.code) for one in found] == [("/id", "twice")]


def test_a_whole_workspace_of_packs_is_checked_in_a_second(tmp_path: Path) -> None:
    """Thirty entities of forty fields: the size of a large customer."""
    fields = {
        f"f{i}": {"field": "text", "title": f"Field {i}", "maxLength": 100, "visible_when": "f0 != null"}
        for i in range(40)
    }
    files = {
        f"entities/e{i}.json": {"kind": "entity", "id": f"shop.e{i}", "title": "E", "properties": fields}
        for i in range(30)
    }
    folder = pack(tmp_path, files)
    start = clock.elapsed()
    assert said(folder) == []
    assert clock.elapsed() - start < 10


#: Options of a field that get another id.
VALUES = {"since": "1.0.0", "kind": "value_map", "path": "entity:shop.thing#/properties/a", "map": {"a": "b"}}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        pytest.param("x", "/0: expected an object with since, from and to", id="no object"),
        pytest.param({"since": "1.0.0", "from": "entity:shop.thing#/properties/a"}, "/0: “to” is missing", id="no to"),
        pytest.param(
            {"kind": "stage_map"},
            "/0/kind: an entry renames (no kind), accepts, is mandatory or is a value_map for ids of options; stages that go",
            id="another kind",
        ),
        pytest.param(
            {"since": "x", "from": "entity:shop.thing#/properties/a", "to": "entity:shop.thing#/properties/b"},
            "/0/since: “x” is no version",
            id="no version",
        ),
        pytest.param(
            {"since": "1.0.0", "from": "entity:shop.thing", "to": "entity:other.thing"},
            "/0/to: “entity:other.thing” is of another pack",
            id="an entity of another pack",
        ),
        pytest.param(
            {"since": "1.0.0", "from": "pipeline:shop.way", "to": "pipeline:shop.path"},
            "/0/from: a pipeline keeps its id",
            id="a pipeline",
        ),
        pytest.param(
            {"since": "1.0.0", "from": "entity:shop.thing", "to": "rule:shop.thing"},
            "/0/to: a document becomes one of the same kind",
            id="another kind of document",
        ),
        pytest.param(
            {"since": "1.0.0", "from": "shop.thing", "to": "entity:shop.thing"},
            "/0/from: a document is written like",
            id="no path",
        ),
        pytest.param(
            {"since": "1.0.0", "from": "entity:shop.thing#/properties/a", "to": "entity:shop.other#/properties/a"},
            "/0/to: a field stays in its entity",
            id="another entity",
        ),
        pytest.param(
            {**VALUES, "path": "entity:shop.thing"}, "/0/path: a field with options is written", id="no field"
        ),
        pytest.param({**VALUES, "map": {}}, "/0/map: expected an object: old id", id="no option"),
        pytest.param(
            {**VALUES, "map": {"a": "b c"}}, "/0/map/a: an id of an option has letters", id="no id of an option"
        ),
        pytest.param({**VALUES, "map": {"a": "c", "b": "c"}}, "/0/map/b: “c” is the new id of two", id="two in one"),
        pytest.param({**VALUES, "map": {"a": "b", "b": "c"}}, "/0/map/a: “b” is an old id here too", id="a chain"),
        pytest.param({**VALUES, "mpa": {}}, "/0/mpa: “mpa” is not known here", id="an unknown key of a map of values"),
        pytest.param({"kind": "value_map", "since": "1.0.0"}, "/0: “map” is missing", id="a map of values without one"),
    ],
)
def test_what_moves_cannot_say_is_refused_with_its_place(tmp_path: Path, entry: Any, message: str) -> None:
    folder = pack(tmp_path, {"entities/thing.json": THING, "moves.json": [entry]})
    assert any(f"shop_pack/moves.json{message}" in one for one in said(folder)), said(folder)


def test_a_pack_is_read_with_what_it_renames(tmp_path: Path) -> None:
    entry = {
        "since": "1.1.0",
        "from": "entity:shop.thing#/properties/label",
        "to": "entity:shop.thing#/properties/name",
    }
    folder = pack(tmp_path, {"entities/thing.json": THING, "moves.json": [entry]})
    assert packs.read(folder).layer.moves == (entry,)

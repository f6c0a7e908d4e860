"""A pack as a stranger writes it: an apiary with hives of every field type, a season, three rules, a role, Chinese texts.

``written`` puts the documents into a folder, ``opened`` installs them while a server runs. Nothing here knows more of
dealwright than its pages say.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from served import Visitor, dealwright, serving

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ADMIN, KEEPER, PASSWORD = "root@example.com", "ida@example.com", "seven hives in a row"

MANIFEST = {
    "format": 1, "id": "apiary", "ns": "bee", "version": "1.0.0",
    "title": {"en": "Apiary", "zh-CN": "养蜂场"}, "platform": ">=0.1 <1", "locales": ["en", "zh-CN"],
    "permissions": {"entities": {"bee.*": ["read", "create", "update"], "base.task": ["create"]}, "grants_roles": ["bee.keeper"]},
}  # fmt: skip
YARD = {
    "kind": "entity", "id": "bee.yard", "lang": 1, "title": "Yard", "plural": "Yards", "display": "name",
    "properties": {
        "name": {"field": "text", "title": "Name", "maxLength": 40},
        "region": {"field": "select", "title": "Region", "option_set": "bee.region"},
        "hives": {"field": "rollup", "of": "bee.hive", "via": "yard", "measure": "count", "title": "Hives"},
        "honey": {"field": "rollup", "of": "bee.hive", "via": "yard", "measure": "sum", "value": "weight",
                  "filter": "healthy == true", "title": "Honey"},
    },
    "required": ["name"], "unique": [["name"]],
}  # fmt: skip
HIVE = {
    "kind": "entity", "id": "bee.hive", "lang": 1, "title": "Hive", "plural": "Hives", "display": "name",
    "icon": "box", "hue": "amber", "description": "One colony of bees",
    "properties": {
        "name": {"field": "text", "title": "Name", "minLength": 2, "maxLength": 40, "placeholder": "Linden 4", "width": "half"},
        "tag": {"field": "text", "title": "Tag", "external_id": True, "pattern": "^H-[0-9]+$", "immutable": True},
        "note": {"field": "long_text", "title": "Note", "maxLength": 2000},
        "story": {"field": "rich_text", "title": "Story", "section": "Texts"},
        "script": {"field": "code", "title": "Script of the scale", "language": "python", "section": "Texts"},
        "contact": {"field": "email", "title": "Contact", "sensitivity": "personal", "section": "Texts"},
        "phone": {"field": "phone", "title": "Phone", "section": "Texts"},
        "site": {"field": "url", "title": "Site", "section": "Texts"},
        "paint": {"field": "colour", "title": "Paint", "default": "#ffcc00", "section": "Texts"},
        "frames": {"field": "integer", "title": "Frames", "minimum": 1, "maximum": {"param": "most_frames"}, "default": 10},
        "weight": {"field": "decimal", "title": "Weight", "scale": 2, "exclusiveMinimum": 0, "multipleOf": "0.05"},
        "moisture": {"field": "percent", "title": "Moisture", "minimum": 0, "maximum": 100},
        "value": {"field": "money", "title": "Value", "minimum": 0, "indexed": True},
        "price": {"field": "money", "title": "Price", "currency": "per_record"},
        "healthy": {"field": "boolean", "title": "Healthy", "default": True},
        "illness": {"field": "text", "title": "Illness", "visible_when": "healthy == false", "required_when": "healthy == false"},
        "built": {"field": "date", "title": "Built", "default": {"expr": "today()"}},
        "seen": {"field": "datetime", "title": "Seen"},
        "feeding": {"field": "time", "title": "Feeding"},
        "rest": {"field": "duration", "title": "Rest"},
        "grade": {"field": "select", "title": "Grade", "options": [
            {"id": "a", "title": "Good", "hue": "green"}, {"id": "b", "title": "Fair"},
            {"id": "z", "title": "Gone", "hidden": True}],
            "options_when": {"a": "healthy"}},
        "region": {"field": "select", "title": "Region", "option_set": "bee.region", "indexed": True},
        "plants": {"field": "multi_select", "title": "Plants", "maxItems": 2, "options": [
            {"id": "linden", "title": "Linden"}, {"id": "rape", "title": "Rape"}, {"id": "heath", "title": "Heath"}]},
        "spring": {"field": "checklist", "title": "Spring work", "options": [
            {"id": "clean", "title": "Clean"}, {"id": "weigh", "title": "Weigh"}]},
        "words": {"field": "tags", "title": "Words", "maxItems": 5},
        "temper": {"field": "rating", "title": "Temper", "maximum": 7},
        "reading": {"field": "json", "title": "Reading"},
        "place": {"field": "address", "title": "Place"},
        "spot": {"field": "geolocation", "title": "Spot"},
        "permit": {"field": "file", "title": "Permit", "accept": ["application/pdf"], "max_size": 1000000},
        "photo": {"field": "image", "title": "Photo", "multiple": True},
        "signed": {"field": "signature", "title": "Signed"},
        "yard": {"field": "reference", "to": "bee.yard", "title": "Yard", "on_delete": "restrict",
                 "prefill": {"region": "yard.region"}},
        "mother": {"field": "reference", "to": "bee.hive", "title": "Mother", "where": "yard == record.yard"},
        "sisters": {"field": "references", "to": "bee.hive", "title": "Sisters", "maxItems": 10},
        "about": {"field": "any_reference", "to": ["bee.yard", "bee.hive"], "title": "About"},
        "keeper": {"field": "user", "title": "Keeper"},
        "crew": {"field": "team", "title": "Crew"},
        "harvests": {"field": "rows", "title": "Harvests", "maxItems": 20, "items": {
            "properties": {
                "day": {"field": "date", "title": "Day"},
                "kilos": {"field": "decimal", "scale": 1, "minimum": 0, "title": "Kilos"},
                "each": {"field": "money", "title": "Each"},
                "sum": {"field": "formula", "result": "money", "formula": "kilos * each", "title": "Sum"}},
            "required": ["day", "kilos"]}},
        "income": {"field": "formula", "result": "money", "formula": "harvests.sum(h, h.kilos * h.each)", "title": "Income"},
        "age": {"field": "formula", "result": "duration", "formula": "today() - built", "title": "Age"},
        "region_of_yard": {"field": "lookup", "via": "yard", "value": "region", "title": "Region of the yard"},
        "daughters": {"field": "rollup", "of": "bee.hive", "via": "mother", "measure": "count", "publish": True,
                      "title": "Daughters"},
        "number": {"field": "autonumber", "format": "HIVE-{seq:4}", "title": "Number"},
        "visits": {"field": "integer", "title": "Visits", "readonly_when": "grade == \"b\""},
        "lock": {"field": "text", "title": "Lock", "sensitivity": "secret"},
        "hint": {"field": "static", "title": "Hint", "text": "Smoke **before** you open it"},
    },
    "required": ["name"],
    "checks": [
        {"id": "not_ahead", "error_when": "built > today()", "at": "built", "message": "A hive is not built in the future"},
        {"id": "damp", "error_when": "moisture > 20", "at": "moisture", "message": "The honey may ferment", "level": "warning"}],
    "unique": [{"id": "by_name", "fields": ["yard", "name"], "ignore_case": True}],
    "indexes": [["yard", "built"]],
}  # fmt: skip
SEASON = {
    "kind": "pipeline", "id": "bee.season", "lang": 1, "title": "Season", "entity": "bee.hive", "version": 1, "start": "winter",
    "stages": [
        {"id": "winter", "title": "Winter", "probability": 10, "next": ["flow"],
         "exit": [{"id": "weighed", "require": "weight != null", "message": "Weigh it first", "fields": ["weight"]}]},
        {"id": "flow", "title": "Flow", "probability": 60, "next": ["harvested", "winter"]},
        {"id": "harvested", "title": "Harvested", "outcome": "won"}],
}  # fmt: skip
RULES = {
    "strong": {
        "kind": "rule", "id": "bee.strong", "lang": 1, "title": "Strong colony", "entity": "bee.hive",
        "on": {"record": {"events": ["created", "updated"], "fields": ["frames"]}},
        "if": "frames >= param.strong_from && healthy", "then": [{"do": "set_field", "field": "grade", "value": "'a'"}]},
    "visited": {
        "kind": "rule", "id": "bee.visited", "lang": 1, "title": "Count visits", "entity": "bee.hive",
        "on": {"event": {"type": "yard.visited"}}, "if": "event.by == \"keeper\"",
        "then": [{"do": "set_field", "field": "visits", "value": "coalesce(visits, 0) + 1"}]},
    "extract": {
        "kind": "rule", "id": "bee.extract", "lang": 1, "title": "Extract the honey", "entity": "bee.hive",
        "on": {"stage": {"entered": "flow"}}, "if": "yard.region == \"north\"",
        "then": [{"do": "create_task", "message": "bee.extract", "assignee": "keeper", "due": "P14D"}], "once_per": "stage_visit"},
}  # fmt: skip
OTHERS = {
    "option_sets/region.json": {
        "kind": "option_set", "id": "bee.region", "title": "Region",
        "options": [{"id": "north", "title": "North", "hue": "blue"}, {"id": "south", "title": "South"}]},
    "messages/extract.json": {
        "kind": "message", "id": "bee.extract", "title": "Extract honey of {name}", "body": "It stands in {yard.name}."},
    "roles/keeper.json": {
        "kind": "role", "id": "bee.keeper", "lang": 1, "title": "Keeper", "grants": [
            {"entity": "bee.hive", "ops": ["read", "create", "update", "move", "export", "import"],
             "rows": "healthy || keeper == user.id", "fields": {"*": "edit", "value": "see", "script": "none"}},
            {"entity": "bee.yard", "ops": ["read"]},
            {"entity": "base.user", "ops": ["read"]}, {"entity": "base.team", "ops": ["read"]}]},
    "parameters.json": [
        {"id": "most_frames", "type": "integer", "title": "Most frames", "default": 24, "minimum": 1, "maximum": 60},
        {"id": "strong_from", "type": "integer", "title": "Strong from", "default": 12, "unit": "frame"}],
    "i18n/zh-CN.json": {
        "entity:bee.hive#/title": "蜂箱", "entity:bee.hive#/properties/name/title": "名称",
        "entity:bee.hive#/properties/moisture/title": "含水率", "rule:bee.strong#/title": "强群",
        "pipeline:bee.season#/stages/winter/title": "越冬"},
}  # fmt: skip
DOCUMENTS: dict[str, Any] = {
    "pack.json": MANIFEST,
    "entities/yard.json": YARD,
    "entities/hive.json": HIVE,
    "pipelines/season.json": SEASON,
    **{f"rules/{name}.json": rule for name, rule in RULES.items()},
    **OTHERS,
}


def written(folder: Path) -> Path:
    """Write the pack into ``folder/apiary`` and return that."""
    pack = folder / "apiary"
    for name, document in DOCUMENTS.items():
        file = pack / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    return pack


@dataclass(frozen=True)
class Site:
    """A served workspace into which the pack was installed while the server ran.

    Attributes:
        home: Folder of the person at the command line; the pack lies in ``apiary``.
        url: Address of the database.
        address: Address of the server.
        process: Id of the server's process.
        admin: A program with every right.
        before: What the server said of hives before the pack came.
    """

    home: Path
    url: str
    address: str
    process: int
    admin: Visitor
    before: int


@contextmanager
def opened(home: Path, url: str) -> Iterator[Site]:
    """Make a workspace, serve it, and then install the pack and a keeper from the command line."""

    def run(*arguments: object, given: str = "") -> str:
        done = dealwright(home, *arguments, url=url, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run("init", "--admin", ADMIN, "--password-stdin", "--zone", "Asia/Shanghai", given=PASSWORD)
    token = run("user", "token", ADMIN)
    with serving(home, url) as (address, process):
        admin = Visitor(address, token)
        before = admin.ask("GET", "/api/v1/records/bee.hive").status
        run("pack", "install", written(home))
        run("user", "add", KEEPER, "--name", "Ida", "--role", "bee.keeper", "--password-stdin", given=PASSWORD)
        yield Site(home, url, address, process, admin, before)


#: File, the place in it that is spoiled, and what is put there: one fault in each file.
FAULTS: tuple[tuple[str, str, Any], ...] = (
    ("pack.json", "/requires", {"nowhere": "^1.0"}),
    ("entities/yard.json", "/properties/honey/filter", "helthy == true"),
    ("entities/hive.json", "/properties/income/formula", "harvests.sum(h, h.kilos * h.eech)"),
    ("pipelines/season.json", "/start", "autumn"),
    ("rules/strong.json", "/if", "frames >= param.strongest"),
    ("rules/visited.json", "/then/0/field", "visitz"),
    ("rules/extract.json", "/because", "It is time"),
    ("option_sets/region.json", "/options/1/id", "north"),
    ("roles/keeper.json", "/grants/1/entity", "bee.yards"),
    ("messages/extract.json", "/channels", "in_app"),
    ("parameters.json", "/0/default", 61),
    ("i18n/zh-CN.json", "/entity:bee.hive#~1properties~1nme~1title", "名"),
)


def spoil(pack: Path, faults: Iterable[tuple[str, str, Any]] = FAULTS) -> None:
    """Put faults into the files of a written pack."""
    for file, pointer, value in faults:
        place = pack / file
        document = json.loads(place.read_text(encoding="utf-8"))
        *outer, last = [step.replace("~1", "/") for step in pointer[1:].split("/")]
        here = document
        for step in outer:
            here = here[int(step)] if isinstance(here, list) else here[step]
        here[last] = value
        place.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

"""What a pack may do: what it declares; nothing over people; and nothing that its installer may not do himself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dealwright import packs
from dealwright.errors import ConflictError, DealwrightError, ForbiddenError
from dealwright.metadata.settings import DEFAULTS
from dealwright.packs import escalation, permissions
from dealwright.packs.examine import examine
from shop_pack import CLERK, LARGE, LOOK, MAY, THING, pack

if TYPE_CHECKING:
    from pathlib import Path

    from dealwright.storage import Database


def codes(folder: Path) -> list[tuple[str, str, str]]:
    return [(one.source.removeprefix("shop/"), one.pointer, one.code) for one in packs.check([folder])]


def shop(place: Path, *actions: dict[str, Any], may: dict[str, Any] | None = None, **rule: Any) -> Path:
    """Write a pack whose rule does ``actions``, with a task if there are none."""
    files = {
        "entities/thing.json": THING,
        "messages/look.json": LOOK,
        "messages/mail.json": {"kind": "message", "id": "shop.mail", "title": "A", "channels": ["email"]},
        "rules/large.json": {**LARGE, **({"then": list(actions)} if actions else {}), **rule},
    }
    return pack(place, files, **({"permissions": may} if may is not None else {}))


#: An action, and what a manifest must say for it.
USES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"do": "create_task", "message": "shop.look"}, {"entities": {"base.task": ["create"]}}),
    ({"do": "notify", "to": "owner", "message": "shop.look"}, {"notify": ["in_app"]}),
    ({"do": "send_message", "to": "owner", "message": "shop.mail"}, {"notify": ["email"]}),
    ({"do": "call_webhook", "to": "erp", "values": {"name": "name"}}, {"connections": ["erp"]}),
    (
        {"do": "create_record", "entity": "base.activity", "values": {"subject": "name"}},
        {"entities": {"base.activity": ["create"]}},
    ),
    ({"do": "set_field", "field": "name", "value": "owner.phone"}, {"entities": {"base.user": ["read"]}}),
    ({"do": "set_field", "field": "name", "value": "'own'"}, {}),
]


@pytest.mark.parametrize(("action", "may"), USES, ids=[one["do"] for one, _ in USES])
def test_what_a_rule_uses_is_declared_or_refused(tmp_path: Path, action: dict[str, Any], may: dict[str, Any]) -> None:
    wanted = [("rules/large.json", "/then/0", "not-permitted")] if may else []
    assert codes(shop(tmp_path / "a", action, may={})) == wanted
    assert codes(shop(tmp_path / "b", action, may=may)) == []
    assert codes(shop(tmp_path / "c", action)) == []  # a folder that nobody released yet; lint tells of it


def test_a_rule_about_another_packs_records_declares_that_it_reads_them(tmp_path: Path) -> None:
    files = {
        "rules/large.json": {
            **LARGE, "entity": "sales.opportunity", "if": "account.name == 'Acme'", "then": [{"do": "archive"}],
        },
    }  # fmt: skip
    may = {"entities": {"sales.opportunity": ["read", "delete"]}}
    more = {"requires": {"sales_pipeline": "*"}}
    found = packs.check([pack(tmp_path / "a", files, permissions=may, **more)])
    assert [(one.pointer, one.code) for one in found] == [("/if", "not-permitted")]
    assert "read records of sales.account" in found[0].message
    may = {"entities": {"sales.*": ["read", "delete"]}}
    assert packs.check([pack(tmp_path / "b", files, permissions=may, **more)]) == []


def test_a_role_is_declared(tmp_path: Path) -> None:
    files = {"entities/thing.json": THING, "roles/clerk.json": CLERK}
    assert [one[2] for one in codes(pack(tmp_path / "a", files, permissions={}))] == ["not-permitted"]
    assert codes(pack(tmp_path / "b", files, permissions={"grants_roles": ["shop.clerk"]})) == []


@pytest.mark.parametrize(
    ("role", "at"),
    [
        ({"capabilities": ["admin"]}, "/capabilities"),
        ({"grants": [{"entity": "*", "ops": ["read"]}]}, "/grants/0/entity"),
        ({"grants": [{"entity": "base.user", "ops": ["read", "update"]}]}, "/grants/0/ops"),
        ({"grants": [{"entity": "base.team", "ops": ["create"]}]}, "/grants/0/ops"),
        ({"grants": [{"entity": "base.*", "ops": ["delete"]}]}, "/grants/0/ops"),
        ({"grants": [{"entity": "base.user", "ops": ["update"], "rows": "id == user.id || true"}]}, "/grants/0/ops"),
    ],
)
def test_no_role_of_a_pack_has_power_over_people_or_over_everything(
    tmp_path: Path, role: dict[str, Any], at: str
) -> None:
    files = {"entities/thing.json": THING, "roles/clerk.json": {**CLERK, **role}}
    assert codes(pack(tmp_path, files, permissions=MAY)) == [("roles/clerk.json", at, "reserved-power")]


def test_a_role_may_let_people_change_themselves_and_read_others(tmp_path: Path) -> None:
    grants = [
        {"entity": "base.user", "ops": ["update"], "rows": "id == user.id"},
        {"entity": "base.user", "ops": ["read"]},
    ]
    files = {"entities/thing.json": THING, "roles/clerk.json": {**CLERK, "grants": grants}}
    assert codes(pack(tmp_path, files, permissions=MAY)) == []


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        ({"do": "create_record", "entity": "base.user", "values": {"name": "name"}}, {}),
        ({"do": "update_record", "record": "owner", "values": {"name": "'x'"}}, {}),
        ({"do": "update_record", "record": "owner.manager", "values": {"team": "team"}}, {}),
        ({"do": "set_field", "field": "manager", "value": "id"}, {"entity": "base.user", "if": "true"}),
        ({"do": "archive"}, {"entity": "base.team", "if": "true"}),
    ],
)
def test_no_rule_of_a_pack_changes_who_people_are(tmp_path: Path, action: dict[str, Any], rule: dict[str, Any]) -> None:
    may = {"entities": {"base.*": ["read", "create", "update", "delete"]}}
    assert codes(shop(tmp_path, action, may=may, **rule)) == [("rules/large.json", "/then/0", "reserved-power")]


def test_a_rule_may_set_what_its_pack_itself_added_to_people(tmp_path: Path) -> None:
    field = {"kind": "entity", "extends": "base.user", "properties": {"shop__seen": {"field": "boolean"}}}
    action = {"do": "set_field", "field": "shop__seen", "value": "true"}
    folder = shop(
        tmp_path, action, may={"entities": {"base.user": ["read", "update"]}}, entity="base.user", **{"if": "true"}
    )
    (folder / "extend" / "base").mkdir(parents=True)
    (folder / "extend" / "base" / "user.json").write_text(json.dumps(field))
    assert codes(folder) == []


def test_an_upgrade_that_asks_for_more_is_agreed_to_again(tmp_path: Path) -> None:
    before = packs.read(pack(tmp_path / "a"))
    wider = {**MAY, "entities": {"base.*": ["create"]}, "connections": ["erp?"]}
    after = packs.read(pack(tmp_path / "b", permissions=wider))
    permissions.demand_agreed([before], [before])
    permissions.demand_agreed([], [after])  # a first installation is agreed to by asking for it
    permissions.demand_agreed([after], [before])
    with pytest.raises(ConflictError) as refused:
        permissions.demand_agreed([before], [after])
    assert [one.message for one in refused.value.problems] == [
        "it may now create records of base.*, which 1.2.0 may not",
        "it may now call the connection erp, which 1.2.0 may not",
    ]


# Who installs it ------------------------------------------------------------------------------------------------------

STORE: dict[str, Any] = {**THING, "id": "store.box"}


@pytest.fixture
def powers(tmp_path: Path) -> Any:
    """Return what keeps somebody with a role of ``grants`` from installing a pack with ``files``."""

    def found(grants: list[dict[str, Any]], files: dict[str, Any], capabilities: tuple[str, ...] = ()) -> list[str]:
        boss = {"kind": "role", "id": "store.boss", "title": "Boss", "grants": grants, "capabilities": [*capabilities]}
        base = {"entities/box.json": STORE, "roles/boss.json": boss}
        store = packs.read(pack(tmp_path / "s", base, id="store", ns="store"))
        extra = packs.read(pack(tmp_path / "e", files, requires={"store": "*"}))
        before = examine([store], DEFAULTS)
        after = examine([store, extra], DEFAULTS)
        assert (before.problems, after.problems) == ((), ())
        try:
            escalation.demand(before.catalog, after.catalog, [extra], ["store.boss"])
        except ForbiddenError as error:
            return [one.message for one in error.problems]
        return []

    return found


def clerk(*grants: dict[str, Any], capabilities: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "entities/thing.json": THING,
        "roles/clerk.json": {**CLERK, "grants": [*CLERK["grants"], *grants], "capabilities": [*capabilities]},
    }


ALL_BOXES = {"entity": "store.box", "ops": ["read", "update"]}
OWN_BOXES = {**ALL_BOXES, "rows": "owner == user.id"}
SEEN_BOXES = {**ALL_BOXES, "fields": {"*": "see"}}


@pytest.mark.parametrize(
    ("has", "gives", "refused"),
    [
        (ALL_BOXES, ALL_BOXES, False),
        (ALL_BOXES, OWN_BOXES, False),
        (ALL_BOXES, SEEN_BOXES, False),
        (OWN_BOXES, OWN_BOXES, False),
        (OWN_BOXES, ALL_BOXES, True),
        (SEEN_BOXES, ALL_BOXES, True),
        (ALL_BOXES, {**ALL_BOXES, "ops": ["read", "delete"]}, True),
        ({"entity": "store.*", "ops": ["read", "update", "delete"]}, {**ALL_BOXES, "ops": ["delete"]}, False),
        ({**ALL_BOXES, "fields": {"*": "edit", "amount": "none"}}, SEEN_BOXES, True),
        ({**ALL_BOXES, "fields": {"*": "edit", "amount": "none"}}, {**SEEN_BOXES, "fields": {"name": "see"}}, False),
    ],
)
def test_a_role_gives_nobody_more_than_the_one_who_installs_it_has(
    powers: Any, has: dict[str, Any], gives: dict[str, Any], refused: bool
) -> None:
    assert bool(powers([has], clerk(gives))) is refused


def test_a_capability_is_given_only_by_who_has_it(powers: Any) -> None:
    assert powers([], clerk(capabilities=("export",))) == ["it gives the capability “export”, which you have not"]
    assert powers([], clerk(capabilities=("export",)), ("export",)) == []


def test_rules_act_on_records_that_are_there_only_as_the_one_who_installs_them_may(powers: Any) -> None:
    files = {
        "entities/thing.json": THING,
        "rules/large.json": {
            **LARGE,
            "entity": "store.box",
            "then": [{"do": "set_field", "field": "name", "value": "'x'"}],
        },
    }
    assert powers([ALL_BOXES], files) == []
    assert powers([OWN_BOXES], files) == [
        "the rules of shop read records of store.box, and you may not do so with every one of them",
        "the rules of shop update records of store.box, and you may not do so with every one of them",
    ]


def test_a18_who_lacks_what_a_pack_gives_cannot_install_it_and_nothing_is_changed(
    database: Database, tmp_path: Path
) -> None:
    boss = {"kind": "role", "id": "store.boss", "title": "Boss", "grants": [OWN_BOXES], "capabilities": ["export"]}
    base = {"entities/box.json": STORE, "roles/boss.json": boss}
    first = packs.install(database, [packs.read(pack(tmp_path / "s", base, id="store", ns="store"))])
    extra = packs.read(pack(tmp_path / "e", clerk(ALL_BOXES), requires={"store": "*"}))
    made = packs.plan(database, packs.Wanted(packs=[extra]), roles=["store.boss"])
    assert [(one.path, one.risk) for one in made.lines if one.risk == "blocked"] == [
        ("role:shop.clerk#/grants/1", "blocked")
    ]
    with pytest.raises(DealwrightError):
        packs.apply(database, made.id, made.fingerprint)
    # Nor if somebody else, who might have done it, has planned it for him.
    of_others = packs.plan(database, packs.Wanted(packs=[extra]))
    with pytest.raises(ForbiddenError, match="cannot give what you do not have"):
        packs.apply(database, of_others.id, of_others.fingerprint, roles=["store.boss"])
    assert packs.install(database).revision == first.revision
    own = packs.read(pack(tmp_path / "o", clerk(OWN_BOXES), requires={"store": "*"}))
    made = packs.plan(database, packs.Wanted(packs=[own]), roles=["store.boss"])
    assert "shop" in packs.apply(database, made.id, made.fingerprint, roles=["store.boss"]).packs


def test_what_a_pack_brings_is_nobodys_yet(powers: Any) -> None:
    assert powers([], {"entities/thing.json": THING, "roles/clerk.json": CLERK}) == []

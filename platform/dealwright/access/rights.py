"""What roles allow: entity × operation × fields × rows. No grant means nothing.

Several grants of a user add up *per record*: a field may be seen on a record if a grant that matches this very record
shows it. A grant for all rows with two fields and one for own rows with all fields therefore never add up to all rows
with all fields.

A computed field is denied where an input of it is denied, because a value worked out from a secret tells it. The
author of the field may say ``"publish": true`` to lift that. So are the fields that receive a score or its tier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dealwright import conditions
from dealwright.errors import ConditionError, ForbiddenError, NotFoundError
from dealwright.fields.plan import namespace
from dealwright.metadata import intakes, scores
from dealwright.metadata.names import namespace_of
from dealwright.metadata.system import VIRTUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dealwright.access.users import User
    from dealwright.conditions import Condition
    from dealwright.metadata.catalog import Catalog
    from dealwright.metadata.definitions import Entity, Field, Grant
    from dealwright.metadata.scores import Score

#: Every operation that a grant can name.
OPERATIONS = ("read", "create", "update", "delete", "export", "import", "move", "share")
#: Types whose value is worked out from others.
_COMPUTED = frozenset({"formula", "lookup", "rollup"})
#: Shown to whoever may read the record at all: without them it could not be named or changed.
ALWAYS_SEEN = frozenset({"id", "version"})


@dataclass(frozen=True, slots=True)
class EntityGrant:
    """One grant, worked out for one entity.

    Attributes:
        rows: What a record must meet, or None for every record.
        see: Fields that may be read on a record that meets ``rows``, editable ones included.
        edit: Fields that may be written on such a record.
        others: What the grant says of fields that it does not name: ``edit``, ``see`` or ``none``.
        role: The role that gives it, and ``number`` the how manieth of its grants it is, from 0.
        through: The reference to the whole whose grant it is, where no grant names the parts.
    """

    ops: frozenset[str]
    rows: Condition | None
    see: frozenset[str]
    edit: frozenset[str]
    others: str
    role: str = ""
    number: int = 0
    through: str = ""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a set of roles may do to one entity. Made once per catalog, roles and entity.

    Attributes:
        uniform: Whether every grant shows and lets edit the same fields, so that nothing depends on the record.
        alike: Whether every grant that lets read shows the same fields.
        needs: Env keys that the row conditions read (own fields, dotted paths, ``user.…``).
    """

    entity: str
    grants: tuple[EntityGrant, ...]
    uniform: bool
    alike: bool
    needs: frozenset[str]

    def allows(self, op: str) -> bool:
        """Tell whether any record at all may be the object of ``op``."""
        return any(op in grant.ops for grant in self.grants)

    def seen(self) -> frozenset[str]:
        """Return the fields that may be seen on some record."""
        return frozenset().union(*(grant.see for grant in self.grants if "read" in grant.ops))

    def edited(self, op: str) -> frozenset[str]:
        """Return the fields that ``op`` (create or update) may write on some record."""
        return frozenset().union(*(grant.edit for grant in self.grants if op in grant.ops))

    def matching(self, op: str, env: Mapping[str, Any]) -> tuple[EntityGrant, ...]:
        """Return the grants that allow ``op`` on the record described by ``env``."""
        return tuple(g for g in self.grants if op in g.ops and (g.rows is None or g.rows.evaluate(env) is True))

    def seen_on(self, env: Mapping[str, Any]) -> frozenset[str]:
        """Return the fields that may be seen on the record described by ``env``; empty if it may not be read."""
        return frozenset().union(*(grant.see for grant in self.matching("read", env)))

    def unrestricted(self, op: str) -> bool:
        """Tell whether ``op`` is allowed on every record."""
        return any(op in grant.ops and grant.rows is None for grant in self.grants)


def rights(catalog: Catalog, user: User, entity_id: str) -> Rights:
    """Return what the user may do to an entity; the empty rights if nothing, also when there is no such entity."""
    return rights_of(catalog, user.roles, entity_id)


def rights_of(catalog: Catalog, roles: tuple[str, ...], entity_id: str) -> Rights:
    """Return what a set of roles may do to an entity, worked out once per catalog."""
    return catalog.once(("access.rights", roles, entity_id), lambda: _work_out(catalog, roles, entity_id))


def demand(catalog: Catalog, user: User, op: str, entity_id: str) -> Rights:
    """Return the rights of the user if they allow ``op`` on some record of the entity.

    Raises:
        NotFoundError: If there is no such entity, or the user may do nothing with it: the answer is the same.
        ForbiddenError: If the user may do something else with it, but not ``op``.
    """
    found = rights(catalog, user, entity_id)
    if not found.grants:
        raise NotFoundError(f"there is no entity “{entity_id}”")
    if not found.allows(op):
        raise ForbiddenError(f"you may not {op} records of “{entity_id}”; ask an administrator for a role that can")
    return found


def readable(catalog: Catalog, user: User) -> tuple[Entity, ...]:
    """Return the entities of which the user may read records, in the order of the catalog."""
    return tuple(e for e in catalog.entities.values() if rights(catalog, user, e.id).allows("read"))


def capable(catalog: Catalog, user: User, capability: str) -> bool:
    """Tell whether a role of the user carries a capability such as ``admin`` or ``approve``."""
    return any(capability in catalog.roles[role].capabilities for role in user.roles if role in catalog.roles)


def _work_out(catalog: Catalog, roles: tuple[str, ...], entity_id: str) -> Rights:
    entity = catalog.entities.get(entity_id)
    found: list[EntityGrant] = []
    if entity is not None:
        for role_id in roles:
            role = catalog.roles.get(role_id) or intakes.role(catalog, role_id)
            for number, grant in enumerate(role.grants if role else ()):
                if _covers(grant.entity, entity_id):
                    found.append(_grant(catalog, roles, entity, grant, role_id, number))
        if entity.part_of is not None and not found:
            found = _of_the_whole(catalog, roles, entity)
        if catalog.off:
            found = [_resting(catalog, entity, grant) for grant in found]
    needs = frozenset().union(*(g.rows.names | g.rows.paths for g in found if g.rows is not None))
    uniform = len({(g.see, g.edit) for g in found if "read" in g.ops}) <= 1
    alike = len({g.see for g in found if "read" in g.ops}) <= 1
    return Rights(entity_id, tuple(found), uniform, alike, needs)


def _resting(catalog: Catalog, entity: Entity, grant: EntityGrant) -> EntityGrant:
    """Return what a grant allows while packs are disabled: what is theirs is read and exported, and not changed."""
    if catalog.is_off(entity.id):
        return replace(grant, ops=grant.ops & {"read", "export"}, edit=frozenset())
    return replace(grant, edit=frozenset(name for name in grant.edit if not catalog.is_off(name)))


#: What one must be allowed to do with the whole to do this with a part of it.
_WITH_PARTS = {
    "read": "read",
    "create": "update",
    "update": "update",
    "move": "update",
    "delete": "update",
    "export": "export",
    "import": "import",
    "share": "share",
}


def _of_the_whole(catalog: Catalog, roles: tuple[str, ...], entity: Entity) -> list[EntityGrant]:
    """Return what the rights to the whole allow with its parts, where no grant names the parts themselves.

    A grant that shows only some fields of the whole shows none of its parts, and one that lets only some be changed
    lets none of them be changed: the parts are fields that it does not name.
    """
    reference = entity.fields[str(entity.part_of)]
    found = []
    names = frozenset(entity.all_fields())
    see = names - _tainted(catalog, roles, entity, names)
    for grant in rights_of(catalog, roles, str(reference.to)).grants:
        if grant.others == "none":
            continue
        changes = grant.others == "edit"
        ops = frozenset(
            op for op, needed in _WITH_PARTS.items() if needed in grant.ops and (changes or needed != "update")
        )
        rows = None
        if grant.rows is not None:
            source = conditions.through(reference.id, grant.rows)
            whose = grant.rows.entity.partition(".")[0]
            try:
                rows = conditions.of(catalog, entity.id, source, "permission", namespace=whose)
            except ConditionError:
                # It asks more of the whole than can be reached from here: then the parts need their own grant.
                continue
        edit = see if changes else frozenset()
        found.append(replace(grant, ops=ops, rows=rows, see=see, edit=edit, through=reference.id))
    return found


def _covers(pattern: str, entity_id: str) -> bool:
    return pattern == "*" or pattern == entity_id or (pattern.endswith(".*") and entity_id.startswith(pattern[:-1]))


def _grant(
    catalog: Catalog, roles: tuple[str, ...], entity: Entity, grant: Grant, role: str, number: int
) -> EntityGrant:
    namespace = role.partition(".")[0]
    levels = grant.fields or {"*": "edit"}
    otherwise = levels.get("*", "none")
    level = {name: levels.get(name, otherwise) for name in entity.all_fields()}
    see = {name for name, one in level.items() if one in ("see", "edit")} | ALWAYS_SEEN
    see -= _tainted(catalog, roles, entity, see)
    scored = scores.filled(catalog, entity.id)
    edit = {name for name, one in level.items() if one == "edit" and name in see and name not in scored}
    rows = conditions.of(catalog, entity.id, grant.rows, "permission", namespace=namespace) if grant.rows else None
    return EntityGrant(grant.ops, rows, frozenset(see), frozenset(edit), otherwise, role, number)


def _tainted(catalog: Catalog, roles: tuple[str, ...], entity: Entity, see: Iterable[str]) -> set[str]:
    """Return the computed fields that would tell a denied input; to a fixpoint, as formulas build on formulas."""
    seen = set(see)
    tainted: set[str] = set()
    while True:
        more = {
            name
            for name in seen - tainted
            if (field := entity.fields.get(name)) is not None
            and not field.spec.get("publish")
            and not _inputs_seen(catalog, roles, entity, field, (seen - tainted).issuperset)
        }
        if not more:
            return tainted
        tainted |= more


def _inputs_seen(
    catalog: Catalog, roles: tuple[str, ...], entity: Entity, field: Field, sees: Callable[[Iterable[str]], bool]
) -> bool:
    """Tell whether everything that a computed field is worked out from may be seen; ``sees`` knows the own fields."""
    if field.type == "formula":
        own = namespace(field.id, entity.id)
        formula = conditions.of(catalog, entity.id, field.spec["formula"], "formula", namespace=own)
        return sees(formula.fields) and _others_seen(catalog, roles, formula)
    if field.type == "lookup":
        return sees({field.spec["via"]}) and path_seen(
            catalog, roles, entity, f"{field.spec['via']}.{field.spec['value']}"
        )
    if field.type == "rollup":
        read = {field.spec["via"], *([field.spec["value"]] if field.spec.get("value") else [])}
        if field.spec.get("filter"):
            own = namespace(field.id, entity.id)
            condition = conditions.of(catalog, field.spec["of"], field.spec["filter"], "filter", namespace=own)
            read |= condition.fields
            if not _others_seen(catalog, roles, condition):
                return False
        return all_rows_see(catalog, roles, field.spec["of"], read)
    score = scores.filled(catalog, entity.id).get(field.id)
    if score is not None and not score.publish:
        inputs = all(_input_seen(catalog, roles, score, one.value, sees) for one in score.inputs)
        return inputs and _segments_seen(catalog, roles, score, sees)
    return True


def inputs_seen(catalog: Catalog, roles: tuple[str, ...], score: Score, seen: Iterable[str]) -> frozenset[str]:
    """Return the inputs of a score all of whose fields may be seen, on a record of which ``seen`` may be.

    None where what its segments ask may not be seen: each weight tells in which of them the record is.
    """
    sees = frozenset(seen).issuperset
    if not _segments_seen(catalog, roles, score, sees):
        return frozenset()
    return frozenset(one.id for one in score.inputs if _input_seen(catalog, roles, score, one.value, sees))


def _segments_seen(
    catalog: Catalog, roles: tuple[str, ...], score: Score, sees: Callable[[Iterable[str]], bool]
) -> bool:
    return all(_input_seen(catalog, roles, score, one.when, sees, "filter") for one in score.segments)


def _input_seen(
    catalog: Catalog,
    roles: tuple[str, ...],
    score: Score,
    source: str,
    sees: Callable[[Iterable[str]], bool],
    use: str = "score",
) -> bool:
    value = conditions.of(catalog, score.entity, source, use, namespace=namespace_of(score.id))
    return sees(value.fields.difference(VIRTUAL)) and _others_seen(catalog, roles, value)


def _others_seen(catalog: Catalog, roles: tuple[str, ...], condition: Condition) -> bool:
    """Tell whether what a condition reads over references, lists of them too, may be seen on every record."""
    entity = catalog.entity(condition.entity)
    return all(path_seen(catalog, roles, entity, path) for path in condition.paths) and all(
        of == entity.id
        or (of == "base.user" and f"user.{name}" in condition.names)
        or all_rows_see(catalog, roles, of, {name.partition(".")[0]})
        for of, name in condition.reads
    )


def path_seen(catalog: Catalog, roles: tuple[str, ...], entity: Entity, path: str) -> bool:
    """Tell whether every step of a dotted path after its first may be read, on every record it can lead to."""
    here: Entity | None = entity
    inside: Mapping[str, Field] | None = None
    for i, step in enumerate(path.split(".")):
        field = inside.get(step) if inside is not None else here.field(step) if here is not None else None
        if field is None:
            return False
        # A row belongs to the record: who sees the list sees its rows.
        if i and inside is None and here is not None and not all_rows_see(catalog, roles, here.id, {step}):
            return False
        here, inside = catalog.entities.get(field.to) if field.to else None, field.items
    return True


def all_rows_see(catalog: Catalog, roles: tuple[str, ...], entity_id: str, fields: Iterable[str]) -> bool:
    """Tell whether grants for *every* row show these fields, and for computed ones what they are worked out from.

    The grants are read as they are written, not through :func:`rights_of`, because two entities may look at each other;
    that fields do not, the check of the definitions has made sure of.
    """
    return all(_all_rows_see_one(catalog, roles, entity_id, name) for name in fields)


def _all_rows_see_one(catalog: Catalog, roles: tuple[str, ...], entity_id: str, name: str) -> bool:
    if name in ALWAYS_SEEN:
        return any(True for _ in _unrestricted(catalog, roles, entity_id))
    if not any(
        levels.get(name, levels.get("*", "none")) != "none" for levels in _unrestricted(catalog, roles, entity_id)
    ):
        return False
    entity = catalog.entities.get(entity_id)
    field = entity.fields.get(name) if entity is not None else None
    if entity is None or field is None or field.spec.get("publish"):
        return True
    if field.type not in _COMPUTED and name not in scores.filled(catalog, entity_id):
        return True
    return _inputs_seen(catalog, roles, entity, field, lambda names: all_rows_see(catalog, roles, entity_id, names))


def _unrestricted(catalog: Catalog, roles: tuple[str, ...], entity_id: str) -> Iterator[Mapping[str, str]]:
    """Yield the levels of the fields in each grant to read every row of an entity."""
    for role_id in roles:
        role = catalog.roles.get(role_id)
        for grant in role.grants if role else ():
            if grant.rows is None and "read" in grant.ops and _covers(grant.entity, entity_id):
                yield grant.fields or {"*": "edit"}
